"""Versions: the takes of one stream, found again from what a node of a script remembers of it.

A project may have moved since: to another system, another disk, another folder. So a stream is
looked for where it was, below the site's root, and beside the script; the claim's uuid tells
whether what lies there is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import row, standing, takes
from answerprint.errors import JobError, TakeError
from answerprint.row import Row
from answerprint.site import Site
from answerprint.take import NUMBER, Take

HIGHEST = 5  # folders above a script
MOST_ROWS = 200  # the newest; a panel reads them from one line
NEAR = 20  # rows before and after each that matters, for a step to the next one


@dataclass(frozen=True)
class Remembered:
    """What is known of a take; each may be missing, and any may be out of date.

    path     a take's folder, a frame in it, or its stream
    root     that its stream was below, in any system's spelling
    stream   show/shot/name below the root
    uuid     of the take's claim
    script   beside which takes may lie
    """

    path: Path | None = None
    root: Path | None = None
    stream: str = ""
    uuid: str = ""
    script: Path | None = None


@dataclass(frozen=True)
class Versions:
    """A stream that was found.

    take   which one was meant; None where it is gone, or none was
    rows   newest first: the newest, and those around the take that was meant, the latest and the
           latest approved; there are `more` than these
    """

    root: Path
    stream: str
    take: str | None
    latest: str | None
    latest_approved: str | None
    rows: list[Row]
    more: int

    def as_json(self) -> dict[str, Any]:
        return {
            "root": self.root.as_posix(),
            "stream": self.stream,
            "take": self.take,
            "latest": self.latest,
            "latest_approved": self.latest_approved,
            "takes": self.rows,
            "more": self.more,
        }


def versions(known: Remembered, site: Site) -> Versions:
    """The stream of a take, with its takes, newest first.

    Raises:
        JobError: nothing to go by, or a stream that is no path below a root.
        TakeError: it is nowhere; says where it was looked for.
    """
    _check(known)
    looked = list(dict.fromkeys(_places(known, site)))
    troubles: list[str] = []
    found = {folder: _listed(folder, troubles) for folder in looked}
    held = {folder: each for folder, each in found.items() if each}
    # who has the very take goes first; without it only where it was said to be is believed
    for folder, each in held.items():
        meant = next((one for one in each if known.uuid and _uuid(one) == known.uuid), None)
        if meant is not None:
            return _of(folder, each, meant, known, site)
    for folder, each in held.items():
        if not known.uuid or folder in _said(known):
            return _of(folder, each, _by_path(each, known), known, site)
    raise _nowhere(known, looked, held, troubles)


def _listed(stream: Path, troubles: list[str]) -> list[Take]:
    """Its takes; where it cannot be listed that is one of the troubles: another place may have it."""
    try:
        return list(takes.listed(stream))
    except TakeError as error:
        troubles.append(error.problem)
        return []


def _check(known: Remembered) -> None:
    parts = Path(known.stream).parts
    if known.stream and (Path(known.stream).is_absolute() or ".." in parts or "\\" in known.stream):
        raise JobError(
            f"'{known.stream}' is no stream: it is a way below a root, like show/shot/name.",
            remedy="Give the root with --root.",
        )
    if known.path is None and not known.stream:
        raise JobError(
            "There is nothing to find a take by.",
            remedy="Give a take's folder, or --stream with --root or --beside.",
        )


def _places(known: Remembered, site: Site) -> Iterator[Path]:
    """Folders that the stream may be, best first."""
    yield from _said(known)
    if known.stream:
        if site.root is not None:
            yield site.root.absolute() / known.stream
        if known.script is not None:
            yield from _around(known.script.absolute(), known)


def _around(script: Path, known: Remembered) -> Iterator[Path]:
    """In the takes beside a script; where the uuid will tell, higher up in its project as well."""
    names = ["takes"]
    if known.root is not None and known.uuid:
        names.append(re.split(r"[\\/]", str(known.root))[-1])
    for folder in script.parents[: HIGHEST if known.uuid else 1]:
        yield from (folder / name / known.stream for name in dict.fromkeys(names) if name)


def _said(known: Remembered) -> Iterator[Path]:
    """Those that what is known names outright."""
    if known.path is not None:
        path = known.path.absolute()
        within = [one.parent for one in (path, *path.parents[:2]) if NUMBER.fullmatch(one.name)]
        yield from within or [path]
    if known.root is not None and known.stream:
        yield known.root.absolute() / known.stream


def _of(
    folder: Path, each: list[Take], meant: Take | None, known: Remembered, site: Site
) -> Versions:
    site.check_allowed(folder, "Takes")
    states = row.states(each)
    reviews = row.standings(states, site)
    facts = row.facts(states, reviews).values()
    latest, approved = standing.latest(facts), standing.latest_approved(facts)
    shown = _shown(each, {latest, approved, meant.number if meant else None})
    rows = row.rows(shown, site, known=states, reviews=reviews)
    root, stream = row.stands_in(each[0], known.stream or rows[0]["stream"])
    return Versions(
        root,
        stream,
        meant.label if meant else None,
        _label(each, latest),
        _label(each, approved),
        rows,
        len(each) - len(rows),
    )


def _shown(each: list[Take], marked: set[int | None]) -> list[Take]:
    """The newest, and those around the marked ones."""
    chosen = set(range(MOST_ROWS))
    for place, take in enumerate(each):
        if take.number in marked:
            chosen |= set(range(place - NEAR, place + NEAR + 1))
    return [take for place, take in enumerate(each) if place in chosen]


def _by_path(each: list[Take], known: Remembered) -> Take | None:
    """The take that the path names by its number; none if a uuid says that it is another one."""
    if known.path is None or known.uuid:
        return None
    names = {one.name for one in (known.path, *known.path.parents[:2])}
    return next((one for one in each if one.label in names), None)


def _uuid(take: Take) -> str:
    try:
        claim = take.read("claim")
    except TakeError:  # its process died while it claimed the number
        return ""
    return str(claim.get("uuid", "")) if isinstance(claim, dict) else ""


def _nowhere(
    known: Remembered, looked: list[Path], held: dict[Path, list[Take]], troubles: list[str]
) -> TakeError:
    name = known.stream or (known.path.as_posix() if known.path else "")
    others = ", ".join(folder.as_posix() for folder in held)
    said = f" {others} has takes of that name, and none of them is this one." if held else ""
    where = ", ".join(folder.as_posix() for folder in looked).replace("\0", "\\0")
    gone = "cannot be looked for everywhere" if troubles else "are not there any more"
    return TakeError(
        " ".join([f"The takes of {name} {gone}.{said}", *troubles]).replace("\0", "\\0"),
        remedy=f"Looked in {where}. Bring the share "
        "back, or have the site's root, or its mappings, say where takes lie now.",
    )


def _label(each: list[Take], number: int | None) -> str | None:
    return next((take.label for take in each if take.number == number), None)
