"""Details: all that the player shows beside one take, read from its folder as it is now."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from answerprint import review
from answerprint.errors import AnswerprintError, JobError, SourceError, TakeError
from answerprint.job import Resolved
from answerprint.lightbox import Asked
from answerprint.plate import Plate
from answerprint.reviewed import Told
from answerprint.take import Take
from answerprint_studio import cards, checks
from answerprint_studio.cards import Card
from answerprint_studio.index import Entry
from answerprint_studio.provenance import Provenance
from answerprint_studio.studio import Studio


class PlateOf(BaseModel):
    path: str
    exists: bool
    first: int | None
    last: int | None


class Other(BaseModel):
    """Another take of the same stream, and this one."""

    id: str
    take: str
    state: str
    state_word: str
    qc: str
    word: str
    newest: bool


class Pixels(BaseModel):
    """[label, of the plate, of the take], as the frames were measured when they were made."""

    rows: list[tuple[str, str, str]]


class Said(BaseModel):
    """One statement. `counts`: whether it is believed and of these pixels; `why`: why not.

    stands   it is the decision that no other took the place of
    """

    id: str
    state: str
    by: str
    created: str
    note: str
    frame: int | None
    variation: str
    drawings: list[dict[str, Any]]
    counts: bool
    stands: bool
    why: str
    tool: str


class Variation(BaseModel):
    label: str
    values: dict[str, bool | int | float | str]
    qc: str
    first: int | None


class Wedge(BaseModel):
    axes: dict[str, list[bool | int | float | str]]


class Detail(Card):
    """`choices`: the variations of a wedge; how many there are is on its card."""

    frames: list[int]
    views: list[str]
    layers: list[str]
    plate: PlateOf | None
    others: list[Other]
    provenance: Provenance
    pixels: Pixels
    reviews: list[Said]
    seen: list[str]
    choices: list[Variation]
    parameters: dict[str, Any]
    wedge: Wedge | None
    resume: str | None
    path: str
    pattern: str


def of(studio: Studio, ident: str) -> Detail:
    """Raises Gone: there is no such take."""
    studio.follower.look_at(studio.entry(ident)["folder"])
    entry = studio.entry(ident)
    take = studio.take(ident)
    stream = studio.index.of_stream(entry["stream"])
    studio.follower.watch(one["folder"] for one in [*stream[:20], entry])
    try:
        resolved = studio.box.resolved(take)
    except (TakeError, JobError):  # its card says what is wrong with it
        resolved = None
    told = review.history(take, studio.trusted())
    frames = sorted({item.frame for item in take.items()})
    card = cards.of(entry, studio.settings.site).model_dump()
    return Detail(
        **card,
        frames=frames,
        views=list(resolved.views) if resolved else [],
        layers=_layers(studio, take, frames, resolved),
        plate=_plate(entry["card"]["plate"]),
        others=[_other(one) for one in stream],
        provenance=studio.verifier.of(entry, take, resolved),
        pixels=Pixels(rows=_pixels(take, resolved)),
        reviews=[said(one) for one in told],
        seen=seen(told),
        choices=_variations(take, resolved),
        parameters=_parameters(resolved),
        wedge=Wedge(axes={name: list(v) for name, v in resolved.axes.items()})
        if resolved and resolved.axes
        else None,
        resume=entry["card"]["resume"],
        path=take.folder.as_posix(),
        pattern=entry["card"]["pattern"],
    )


def said(one: Told) -> Said:
    """Of a file that is no statement there is its name, and why."""
    it = one.statement
    if it is None:
        return Said(
            id="", state="unknown", by="", created="", note=one.file, frame=None, variation="",
            drawings=[], counts=False, stands=False, why=one.why, tool="",
        )  # fmt: skip
    return Said(
        id=it.id,
        state=it.state,
        by=it.who,
        created=it.created,
        note=it.note,
        frame=it.frame,
        variation=it.variation,
        drawings=[drawing.model_dump(mode="json") for drawing in it.drawings],
        counts=one.counts,
        stands=one.stands,
        why=one.why,
        tool=it.tool,
    )


def seen(told: list[Told]) -> list[str]:
    return [one.statement.id for one in told if one.statement]


def _layers(studio: Studio, take: Take, frames: list[int], resolved: Resolved | None) -> list[str]:
    if not frames or resolved is None:
        return []
    variation = next(iter(take.variations()), "")
    numbers = take.numbers(variation) or frames
    view = resolved.views[0] if resolved.views else ""
    try:
        return studio.box.layers(take, Asked(numbers[0], variation=variation, view=view))
    except AnswerprintError:  # the frame itself says so when it is shown
        return []


def _plate(path: str | None) -> PlateOf | None:
    if not path:
        return None
    try:
        numbers = Plate.parse(path).absolute().on_disk().numbers
    except (SourceError, JobError, OSError):
        numbers = ()
    first, last = (min(numbers), max(numbers)) if numbers else (None, None)
    return PlateOf(path=path, exists=bool(numbers), first=first, last=last)


def _other(one: Entry) -> Other:
    return Other(
        id=one["id"],
        take=one["take"],
        state=one["state"],
        state_word=cards.state_word(one),
        qc=one["qc"],
        word=one["card"]["word"],
        newest=one["newest"],
    )


def _pixels(take: Take, resolved: Resolved | None) -> list[tuple[str, str, str]]:
    """What was measured of the frames before and after, all of them together."""
    if resolved is None:
        return []
    sums: dict[str, dict[str, float]] = {}
    outs = [f"{one.name} out" for one in resolved.contract.outputs]
    wanted = [resolved.main, *outs]
    try:
        for event in take.told():
            levels = event.get("levels") if event.get("event") == "frame" else None
            if isinstance(levels, dict):
                for name in wanted:
                    _add(sums, name, levels.get(name))
    except (TakeError, TypeError, ValueError):  # the journal is for those who watch
        return []
    after = next((sums[name] for name in outs if name in sums), None)
    return _table(sums.get(resolved.main), after)


_SUMMED = ("samples", "negative", "above_one", "nan", "inf")


def _add(sums: dict[str, dict[str, float]], name: str, found: Any) -> None:
    if not isinstance(found, dict):
        return
    held = sums.setdefault(name, dict.fromkeys(_SUMMED, 0.0) | {"greatest": float("-inf")})
    for key in _SUMMED:
        held[key] += float(found.get(key) or 0)
    held["greatest"] = max(held["greatest"], float(found.get("greatest") or 0))


def _table(
    before: dict[str, float] | None, after: dict[str, float] | None
) -> list[tuple[str, str, str]]:
    if before is None and after is None:
        return []
    columns = [_column(one) for one in (before, after)]
    labels = ("Highest", "Above 1", "Negative", "NaN, infinite")
    return list(zip(labels, *columns, strict=True))


def _column(one: dict[str, float] | None) -> tuple[str, ...]:
    if one is None:
        return ("", "", "", "")
    lost = f"{one['nan'] + one['inf']:,.0f}"
    return (f"{one['greatest']:.3g}", _share(one, "above_one"), _share(one, "negative"), lost)


def _share(one: dict[str, float], key: str) -> str:
    share = 100 * one[key] / one["samples"] if one["samples"] else 0.0
    return f"{share:.2f} %" if share else "0 %"


def _variations(take: Take, resolved: Resolved | None) -> list[Variation]:
    if resolved is None or not resolved.axes:
        return []
    verdicts = checks.by_variation(take)
    return [
        Variation(
            label=label,
            values=dict(one.values),
            qc=verdicts.get(label, "not judged"),
            first=next(iter(take.numbers(label)), None),
        )
        for label, one in resolved.variations.items()
    ]


def _parameters(resolved: Resolved | None) -> dict[str, Any]:
    """Name -> value; an animated one as words."""
    if resolved is None:
        return {}
    return {
        name: value if isinstance(value, bool | int | float | str) else "animated"
        for name, value in resolved.parameters.items()
    }
