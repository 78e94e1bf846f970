"""Rows: what a list of takes says of each: what it is, who made it of what, and where it stands."""

from __future__ import annotations

import os
import shlex
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import gated, geometries, header, journal, reviewed, standing, takes
from answerprint.documents import count
from answerprint.errors import AnswerprintError, JobError, SourceError, TakeError
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.plate import Plate
from answerprint.reviewed import Review, Standings
from answerprint.site import Site
from answerprint.standing import Facts
from answerprint.take import PICTURES, Item, Take, spelling

Row = dict[str, Any]
States = dict[Path, tuple[str, dict[str, str]]]  # of a take's folder: its state, and any trouble


@dataclass(frozen=True)
class Wanted:
    """Which takes are wanted; None: whatever it is."""

    plate: Plate | None = None
    task: str | None = None
    stream: str | None = None

    def could_be(self, take: Take, site: Site) -> bool:
        """By its job's document alone: a row costs much more, and thousands may lie there."""
        if self == Wanted():
            return True
        try:
            resolved = take.read("job")["resolved"]
            task, stream = resolved["job"]["task"], str(resolved["stream"])
            paths = [site.spelled(str(one["path"])) for one in resolved["inputs"].values()]
        except (TakeError, KeyError, TypeError, AttributeError):  # all that is known is its place
            task, stream, paths = None, "", []
        return (
            self.task in (None, task)
            and self.stream in (None, stands_in(take, stream)[1])
            and (self.plate is None or any(_is_same(path, self.plate) for path in paths))
        )

    def is_met(self, row: Row) -> bool:
        return (
            self.task in (None, row["task"])
            and self.stream in (None, row["stream"])
            and (self.plate is None or _is_same(row["plate"], self.plate))
        )


def rows(
    found: Iterable[Take],
    site: Site,
    stale: Collection[Path] = (),
    *,
    known: States | None = None,
    reviews: Standings | None = None,
    heed: Callable[[], None] = lambda: None,
) -> list[Row]:
    """A row for each take, in the order given. What is said of one looks at all of its stream.

    stale   lease files that nobody keeps up, as `Take.state` takes them
    known   their `states`, where somebody has looked already; `reviews` likewise
    heed    is called for each; what it raises ends it
    """
    wanted = list(found)
    known = states(wanted, stale, heed) if known is None else known
    reviews = standings(known, site) if reviews is None else reviews
    every = facts(known, reviews)
    streams: dict[Path, list[Facts]] = {}
    for folder, one_of in every.items():
        streams.setdefault(folder.parent, []).append(one_of)
    newest = {stream: standing.latest(facts) for stream, facts in streams.items()}
    made = []
    for one in wanted:
        heed()
        trouble = known[one.folder][1] or (reviews.trouble if one.folder in reviews.of else {})
        review = reviews.of.get(one.folder)
        newest_of = newest[one.folder.parent]
        made.append(_row(one, every[one.folder], trouble, newest_of, site, review))
    return made


def standings(known: States, site: Site) -> Standings:
    """What people decided about those of them that are complete."""
    complete = (Take(folder) for folder, (state, _) in known.items() if state == "complete")
    return reviewed.standings(complete, site)


def facts(known: States, reviews: Standings) -> dict[Path, Facts]:
    """What decides where each of them stands."""
    return {
        folder: Facts(
            Take(folder).number,
            state,
            qc=_judged(Take(folder), state),
            review=_holds(reviews.of.get(folder)),
        )
        for folder, (state, _) in known.items()
    }


def _judged(take: Take, state: str) -> str:
    """Only of a complete take does it decide anything: the others are looked at for their rows."""
    return gated.of(take).word if state == "complete" else standing.NOT_JUDGED


def _holds(review: Review | None) -> str | None:
    return None if review is None or review.void_why else review.state


def states(
    found: Iterable[Take], stale: Collection[Path] = (), heed: Callable[[], None] = lambda: None
) -> States:
    """Of these takes, and of all others in their streams."""
    told: States = {}

    def tell(take: Take) -> None:
        if take.folder not in told:
            heed()
            told[take.folder] = state(take, stale)

    for take in found:
        tell(take)
    for stream in {folder.parent for folder in told}:
        for other in takes.of_stream(stream):
            tell(other)
    return told


def state(take: Take, stale: Collection[Path] = ()) -> tuple[str, dict[str, str]]:
    """Of a take that cannot be read, what is wrong with it: the others are listed all the same."""
    try:
        return take.state(stale), {}
    except TakeError as error:
        return "unreadable", {"problem": error.problem, "remedy": error.remedy}


def resuming(take: Take, state: str) -> str | None:
    """The command that goes on with a take whose process is dead; None for others."""
    path = shlex.quote(take.folder.as_posix())
    return f"answerprint run --resume {path}" if state == "stalled" else None


def stands_in(take: Take, stream: str) -> tuple[Path, str]:
    """(root, stream) of a take by where it lies; `stream`: as its job says it, '' if that is gone.

    One that was moved out of its show and shot stands in the folder of its name alone.
    """
    parts = tuple(part for part in stream.split("/") if part)
    folder = take.folder.absolute().parent
    if not parts or folder.parts[-len(parts) :] != parts:
        parts = (folder.name,)
    above = (*folder.parents, folder)  # of a take that lies in no folder at all: that itself
    return above[len(parts) - 1], "/".join(parts)


def _is_same(path: str | None, wanted: Plate) -> bool:
    """Whether a path is a plate's, however either spells the frame number."""
    try:
        return bool(path) and _key(Plate.parse(str(path))) == _key(wanted)
    except JobError:  # a take of something that is none
        return False


def _key(plate: Plate) -> tuple[str, str, str, bool]:
    folder = os.path.normcase(os.path.normpath(plate.absolute().folder))
    return folder, plate.head, plate.tail, plate.is_still


def _row(
    take: Take,
    facts: Facts,
    trouble: dict[str, str],
    newest: int | None,
    site: Site,
    review: Review | None,
) -> Row:
    try:
        claim = take.read("claim")
    except TakeError:  # its process died while it claimed the number
        claim = {}
    claim = claim if isinstance(claim, dict) else {}
    try:
        resolved = _job(take)
    except AnswerprintError as error:
        resolved, trouble = None, trouble or {"problem": error.problem, "remedy": error.remedy}
    variations = take.variations()
    items = [Item(number, label) for label in ("", *variations) for number in take.numbers(label)]
    word, words = standing.standing(facts, newest, spelling(take.label))
    root, stream = stands_in(take, resolved.stream if resolved else "")
    return {
        "path": take.folder.as_posix(),
        "name": take.name,
        "take": take.label,
        "state": facts.state,
        **gated.of(take).as_json(),
        "frames": _frames(items, variations),
        "user": str(claim.get("user", "unknown")),
        "created": str(claim.get("created", "")),
        "resume": resuming(take, facts.state),
        "uuid": str(claim.get("uuid", "")),
        "root": root.as_posix(),
        "stream": stream,
        **_of_job(resolved, site),
        **_of_files(take, items, variations),
        "seconds": _seconds(take),
        "latest": take.number == newest,
        "approved": facts.is_approved,
        "review": review and review.as_json(),
        "standing": word,
        "word": words,
        **trouble,
    }


def _job(take: Take) -> Resolved | None:
    """None where the take has none yet.

    Raises:
        TakeError, JobError: it is damaged, or of another version of Answerprint.
    """
    if not (take.private / "job.json").is_file():
        return None
    return takes.reopen(take)


def _of_job(resolved: Resolved | None, site: Site) -> Row:
    """What was asked for; all of it None where the job is gone."""
    if resolved is None:
        named = ("task", "title", "model", "model_version", "version", "colour", "node", "plate")
        return {**dict.fromkeys(named), "views": [], "data": False}
    model, is_data = resolved.contract.model, _is_data(resolved)
    return {
        "task": resolved.job.task,
        "title": resolved.contract.title,
        "model": model.name,
        "model_version": model.version,
        "version": resolved.version,
        "colour": resolved.colour.space if resolved.colour and not is_data else None,
        "data": is_data,
        "views": list(resolved.views),
        "node": resolved.job.node,
        "plate": site.spelled(resolved.inputs[resolved.main].path),
    }


def _is_data(resolved: Resolved) -> bool:
    """Whether a take holds numbers and no picture: one that keeps the plate's layers shows those."""
    if resolved.contract.kind != "image":
        return True
    made = [one for one in resolved.contract.outputs if not one.when]
    made = made or list(resolved.contract.outputs)
    return resolved.result.layers == "only" and all(one.encoding == "data" for one in made)


def _of_files(take: Take, items: list[Item], variations: list[str]) -> Row:
    """What lies there; the size is that of the first frame. Of a wedge, `pattern` is the first's."""
    numbers = [item.frame for item in items]
    first = take.file(*items[0]) if items else None
    is_picture = take.suffix == PICTURES
    wide, high = _size(first if is_picture else None)
    return {
        "pattern": Take(take.folder.absolute()).pattern(variations[0] if variations else ""),
        "kind": "image" if is_picture else "geometry",
        "suffix": take.suffix,
        "points": None if is_picture else _points(first),
        "first": min(numbers, default=None),
        "last": max(numbers, default=None),
        "count": len(set(numbers)),
        "width": wide,
        "height": high,
        "variations": len(variations),
    }


def _size(file: Path | None) -> tuple[int | None, int | None]:
    """The resolution, by the file's header alone; None of one that is not there or is damaged."""
    if file is None:
        return None, None
    try:
        window = header.read_header(file).parts[0]["displayWindow"].value
    except SourceError:  # 'verify' says what is wrong with it
        return None, None
    left, top, right, bottom = struct.unpack("<4i", window)
    return right - left + 1, bottom - top + 1


def _points(file: Path | None) -> int | None:
    """How many points it has, as its structure tells; None of one that is damaged, or has none."""
    if file is None:
        return None
    try:
        return geometries.structure(file).count or None
    except SourceError:  # 'verify' says what is wrong with it
        return None


def _seconds(take: Take) -> float | None:
    """How long the run that ended it took; of one that is shared out, the longest part."""
    try:
        ends = [journal.last(file, "finished") for file in take.journals()]
    except TakeError:  # the row's problem says so
        return None
    each = [end["seconds"] for end in ends if end and isinstance(end.get("seconds"), int | float)]
    return max(each, default=None)


def _frames(items: list[Item], variations: list[str]) -> str:
    frames = str(FrameRange.of(item.frame for item in items)) or "no frames"
    return f"{frames} in {count(len(variations), 'variation')}" if variations else frames
