"""The report of a calibration: a table for people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from answerprint.calibration.corruptions import KINDS
from answerprint.calibration.intervals import Share
from answerprint.calibration.tried import ENOUGH, Tried
from answerprint.gate import Gate


@dataclass(frozen=True)
class About:
    """What a report is of.

    command   that makes it again
    made_of   the set, in words
    fit       clean clips that the limits were made of
    """

    profile: str
    digest: str
    command: str
    made_of: str
    fit: int
    broken: dict[str, str]


def markdown(about: About, tried: Tried, gates: dict[str, Gate]) -> str:
    return "\n".join([*_head(about, tried), *_gates(tried, gates), *_kinds(tried), *_makers(tried)])


def _head(about: About, tried: Tried) -> Iterator[str]:
    yield f"# Quality gates of the profile `{about.profile}`, held out"
    yield ""
    yield f"`{about.command}` makes this page, its picture and its limits again."
    yield ""
    yield f"Set: {about.made_of}"
    yield f"Digest of the set: `{about.digest}`."
    yield ""
    yield (
        f"Limits are made of {about.fit} clean clips and tried on {tried.clean.count} other ones, "
        "of other scenes. **Any gate at all cries at "
        f"{tried.clean.hits} of {tried.clean.count} clean clips: {_percent(tried.clean)}.**"
    )
    yield (
        "Shares stand with Wilson's 95 % interval. Clips have eight frames; a longer take gives "
        "the gates more chances to cry."
    )
    for name, why in sorted(about.broken.items()):
        yield f"The gate `{name}` raised on some clips: {why}."
    yield ""
    yield f"![What is caught]({about.profile}.png)"
    yield ""


def _gates(tried: Tried, gates: dict[str, Gate]) -> Iterator[str]:
    yield "## Limits, and false alarms"
    yield ""
    yield from _table(
        ("gate", "over its limit", "limit", "clean clips that it cries at"),
        (
            (
                f"`{name}`",
                gates[name].level if name in gates else "",
                f"{tried.limits[name]:g} {gates[name].unit if name in gates else ''}".strip(),
                f"{share.hits} of {share.count}: {_percent(share)}",
            )
            for name, share in tried.each.items()
        ),
    )


def _kinds(tried: Tried) -> Iterator[str]:
    yield "## What is caught"
    yield ""
    yield (
        "Left out: clips in which a corruption would change nothing that shows (no highlights to "
        "clip, a still that cannot be seen to be frozen)."
    )
    yield ""
    lines = []
    for kind in KINDS:
        if kind.control:
            continue
        least = tried.caught_from(kind)
        for row in (one for one in tried.rows if one.kind is kind):
            said = "none of these" if least is None else kind.at(least)
            lines.append(
                (
                    kind.name,
                    kind.at(row.step),
                    str(row.caught.count),
                    str(row.skipped),
                    _recall(row.caught),
                    f"`{row.best}` {_short(row.share)}" if row.best else "none",
                    said if row.step == kind.steps[0] else "",
                )
            )
    names = ("corruption", "strength", "clips", "left out", "caught", "best gate")
    yield from _table((*names, f"{ENOUGH:.0%} caught from"), lines)
    yield "## Controls"
    yield ""
    yield "What must not be seen: each is harmless."
    yield ""
    controls = [row for row in tried.rows if row.kind.control]
    yield from _table(
        ("control", "clips", "cried at"),
        ((row.kind.name, str(row.caught.count), _recall(row.caught)) for row in controls),
    )


def _makers(tried: Tried) -> Iterator[str]:
    yield "## Who made the clean clips"
    yield ""
    yield from _table(
        ("model", "clips", "cried at"),
        ((name, str(share.count), str(share.hits)) for name, share in tried.makers.items()),
    )


def _table(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"|{'|'.join(names)}|"
    yield f"|{'|'.join('---' for _ in names)}|"
    yield from (f"|{'|'.join(row)}|" for row in rows)
    yield ""


def _percent(share: Share) -> str:
    least, most = share.interval
    return f"{share.value:.1%} ({least:.1%} to {most:.1%})"


def _recall(share: Share) -> str:
    least, most = share.interval
    return f"{_short(share)} ({least:.2f} to {most:.2f})" if share.count else "not tried"


def _short(share: Share) -> str:
    """Two digits; 1.00 and 0.00 only where it is all, or none."""
    if 0 < share.hits < share.count:
        return f"{min(max(share.value, 0.01), 0.99):.2f}"
    return f"{share.value:.2f}" if share.count else ""
