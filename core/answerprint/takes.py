"""Takes: numbered, finished results that are never overwritten: claimed, committed, found again."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from answerprint import documents, signing
from answerprint.errors import Fix, TakeError, TakeExists
from answerprint.folder import is_folder, unreadable
from answerprint.job import Resolved, wrong
from answerprint.take import NUMBER, PICTURES, Item, Take, spelled, wedge_order

# whoever looks for takes works with them
__all__ = [
    "MANIFEST_SCHEMA",
    "Item",
    "Take",
    "below",
    "check_free",
    "claim",
    "commit",
    "commit_frame",
    "find",
    "following",
    "listed",
    "of_stream",
    "reopen",
]

MANIFEST_SCHEMA = "answerprint.manifest/v1"


def claim(
    stream: Path, *, number: int | None = None, suffix: str = PICTURES, numbers: str = "v001"
) -> Take:
    """Take the next number of a stream (root/show/shot/name), or the one asked for.

    The number belongs to whoever makes its folder; it is never given out again.

    suffix    of its files, one of take.SUFFIXES
    numbers   how 1 is spelled: v001, or v1 as the File Cache does

    Raises:
        TakeExists: the number asked for is taken.
        TakeError: the folder cannot be written.
    """
    try:
        stream.mkdir(parents=True, exist_ok=True)
        folder = _make_number(stream, number, numbers)
        take = Take(folder)
        take.private.mkdir()
        mark = uuid.uuid4().hex
        files = {} if suffix == PICTURES else {"suffix": suffix}
        documents.write(take.private / "claim.json", {"uuid": mark, **_who(), **files})
    except OSError as error:
        raise documents.unwritable(stream, error) from error
    # an NFS reply can be lost after the file was made; only the uuid inside tells
    if take.read("claim")["uuid"] != mark:
        raise TakeError(
            f"Another process wrote its claim into {folder.as_posix()}.",
            remedy="Run the job again; it gets the next number.",
        )
    return take


def check_free(stream: Path, number: int, numbers: str = "v001") -> None:
    """Raises TakeExists: the number is taken, in whichever spelling."""
    taken = next((one for one in _spellings(stream, number) if one.exists()), None)
    if taken is not None:
        free = spelled(following(stream), numbers)
        raise TakeExists(
            f"{taken.name} of {stream.name} exists already.",
            remedy=f"A take is never overwritten. Leave the number out to get {free}.",
            fix=Fix(f"Make {free}", {"out": {"take": None}}),
        )


def following(stream: Path) -> int:
    """The number that the next take of a stream gets, if nobody else takes it before."""
    try:
        return _highest(stream) + 1
    except OSError:  # not there yet
        return 1


def commit_frame(take: Take, frame: int, variation: str = "") -> Path:
    """Give a written part file its final name; from here on the frame is visible and whole."""
    final = take.file(frame, variation)
    part = take.part_file(frame, variation)
    try:
        if variation:  # a take that was removed is not made again, number and all
            final.parent.mkdir(exist_ok=True)
        os.replace(part, final)  # noqa: PTH105 - said as the atomic call it is
        _sync_folder(final.parent)
    except OSError as error:
        raise documents.unwritable(take.folder, error) from error
    return final


def commit(
    take: Take, frames: Mapping[Item, dict[str, str]], signer: signing.Signer, **facts: Any
) -> None:
    """Write the signed manifest: the take is complete and closed.

    `frames`: item -> {"file", "pixels", "statement_id"}; `facts` are kept beside them.
    """
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "take": f"{take.name}/{take.label}",
        "claim": take.read("claim")["uuid"],
        "created": documents.now(),
        **facts,
        "frames": {str(item): frames[item] for item in sorted(frames, key=_item_order)},
    }
    signature = signer.sign(documents.canonical(manifest))
    take.write("manifest", {"manifest": manifest, "signature": signature})
    _sync_folder(take.private)


def find(path: Path) -> Take:
    """The take that a path means: its folder, a frame in it, its .take, or a stream's newest.

    Raises:
        TakeError: there is no take there, or it may not be looked at.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100 - without following links, and without '..'
    for folder in (place, *place.parents[:2]):
        if _is_take(folder):
            return Take(folder)
    for take in listed(place):
        return take
    raise TakeError(
        f"There is no take at {path.as_posix()}.",
        remedy="Give a take's folder (.../v001) or a frame in it; 'answerprint takes' lists them.",
    )


def reopen(take: Take) -> Resolved:
    """The job of a take that was begun.

    Raises:
        TakeError: the take has no readable job.
    """
    try:
        return Resolved.model_validate(take.read("job")["resolved"])
    except (KeyError, TypeError) as error:
        raise TakeError(
            f"{take.folder.as_posix()} holds no job.", remedy="Run the job again as a new take."
        ) from error
    except ValidationError as error:
        raise wrong(error, f"The job in {take.folder.as_posix()}") from error


def _is_take(folder: Path) -> bool:
    """Raises TakeError: it may not be looked at."""
    return bool(NUMBER.fullmatch(folder.name)) and is_folder(folder / ".take")


def of_stream(stream: Path) -> Iterator[Take]:
    """The takes that lie in a stream itself, newest number first; none if it cannot be listed."""
    with suppress(TakeError):
        yield from listed(stream)


def listed(stream: Path) -> Iterator[Take]:
    """The same. Raises TakeError: it cannot be listed, or a folder in it may not be looked at."""
    if not is_folder(stream):
        return
    try:
        folders = [stream / label for _, label in sorted(_numbers(stream), reverse=True)]
    except OSError as error:
        raise unreadable(stream, error) from error
    for folder in folders:
        if _is_take(folder) and not folder.is_symlink():
            yield Take(folder)


def below(
    root: Path,
    *,
    heed: Callable[[], None] = lambda: None,
    failed: Callable[[OSError], None] = lambda _: None,
) -> Iterator[Take]:
    """All takes below a folder, newest claim first, and those of a stream by their numbers.

    The time of a claim says only which streams are newer: a clock may have been wrong.

    heed     is called all the while; what it raises ends the search
    failed   is given why a folder cannot be listed; the others are
    """
    found = []
    for folder, names, _ in os.walk(root, onerror=failed):
        heed()
        if ".take" in names:
            names.remove(".take")
            if NUMBER.fullmatch(os.path.basename(folder)):  # noqa: PTH119 - of every folder there is
                found.append(Take(Path(folder)))
    latest: dict[Path, str] = {}
    ranks = []
    for take in sorted(found, key=lambda take: take.number):
        heed()
        stream, claimed = take.folder.parent, _claimed(take)
        if claimed:  # none is older than one with a lower number
            claimed = latest[stream] = max(claimed, latest.get(stream, ""))
        ranks.append((claimed, stream.as_posix(), take.number, take))
    yield from (rank[-1] for rank in sorted(ranks, key=lambda rank: rank[:-1], reverse=True))


def _claimed(take: Take) -> str:
    try:
        return str(take.read("claim")["created"])
    except (TakeError, KeyError, TypeError):  # died while claiming: listed as the oldest
        return ""


def _make_number(stream: Path, number: int | None, numbers: str) -> Path:
    if number is not None:
        check_free(stream, number, numbers)
    attempt = number or _highest(stream) + 1
    while True:
        folder = stream / spelled(attempt, numbers)
        with suppress(FileExistsError):
            folder.mkdir()
            others = [one for one in _spellings(stream, attempt) if one != folder and one.exists()]
            if not others:
                return folder
            folder.rmdir()  # both may give way: then both get a later one
        if number is not None:
            check_free(stream, number, numbers)
        attempt += 1


def _spellings(stream: Path, number: int) -> list[Path]:
    """The folders that a number may have: a stream holds one of them."""
    return [stream / label for label in dict.fromkeys((spelled(number), spelled(number, "v1")))]


def _item_order(item: Item) -> tuple[int, int]:
    return wedge_order(item.variation) if item.variation else 0, item.frame


def _numbers(stream: Path) -> list[tuple[int, str]]:
    """Number and name of each folder that has one."""
    matches = (NUMBER.fullmatch(entry.name) for entry in stream.iterdir())
    return [(int(match[1]), match[0]) for match in matches if match]


def _highest(stream: Path) -> int:
    return max((number for number, _ in _numbers(stream)), default=0)


def _who() -> dict[str, Any]:
    return {
        "user": getpass.getuser(),
        "machine": socket.gethostname(),
        "pid": os.getpid(),
        "created": documents.now(),
    }


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder; its rename is durable on its own
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
