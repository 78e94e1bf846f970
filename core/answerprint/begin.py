"""Beginning: what a run starts from: its number, its pinned model, its ways of colour, what is kept."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import colour, documents, medium, ocio, record, takes
from answerprint.errors import ModelReplaced, SetupError, SourceError
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.offer import farm_lane
from answerprint.part import Part
from answerprint.site import SPELLED
from answerprint.takes import Item, Take
from answerprint.triton import Offer, Server
from answerprint.write import Place


def claim(resolved: Resolved) -> Take:
    """Take the next number, or the one the job asks for, and leave the job in it.

    Raises:
        TakeExists: the number asked for is taken.
        TakeError: the folder cannot be written.
    """
    stream, suffix = resolved.root / resolved.stream, f".{resolved.result.format}"
    out = resolved.job.out
    take = takes.claim(stream, number=out.take, suffix=suffix, numbers=out.numbers or SPELLED)
    document = resolved.model_dump(mode="json", by_alias=True)
    take.write("job", {"job_id": uuid.uuid4().hex, "resolved": document})
    return take


def items(resolved: Resolved, part: Part | FrameRange | None = None) -> Iterator[Item]:
    """Every work item, frame by frame: all variations of one frame share what was read for it.

    `part`: only of it; None: of all.
    """
    chosen = Part.of(part)
    labels = chosen.labels(list(resolved.variations)) or [""]
    for number in resolved.frame_range if chosen.frames is None else chosen.frames:
        for label in labels:
            yield Item(number, label)


def colour_paths(resolved: Resolved) -> dict[str, colour.Conversion]:
    """'in NAME' and 'out NAME' -> the way between plate and model of each input and output.

    Raises:
        SetupError: the configuration, or a LUT of it, is gone or not what the take was begun with.
    """
    named, found = colour.ends(resolved.contract, resolved.inputs), resolved.colour
    if found is None:
        return dict.fromkeys(named, colour.AS_IT_IS)
    config = ocio.load_again(found.config)
    if config.fingerprint != found.fingerprint.partition("+")[0]:
        raise _other_look(f"The colour configuration {found.config} is another one")
    space = colour.Space(found.space, found.source)
    ways = {name: colour.conversion(config, space, one) for name, one in named.items()}
    luts = [file for way in ways.values() for file in way.files]
    if ocio.fingerprint(config, luts) != found.fingerprint:
        raise _other_look(f"The LUT files of the colour configuration {found.config} are others")
    return ways


def _other_look(problem: str) -> SetupError:
    return SetupError(
        f"{problem} than when the take was begun.",
        remedy="Bring the old configuration back, or run the job again as a new take.",
    )


def pinned(resolved: Resolved, server: Server, *, farm: bool = False) -> Offer:
    """The very model the job was resolved to, or nothing: versions are never mixed in a take.

    `farm`: the same in the farm's lane, where the server has one.

    Raises:
        ModelReplaced: the task has another model now.
        ServerError: any of its kinds.
    """
    offer = server.offer(resolved.job.task, resolved.version)
    if offer.usable().sha256 != resolved.model_sha256:
        raise ModelReplaced(
            f"The model of {resolved.job.task} on {server.address} is not the one this take was "
            "begun with.",
            remedy="Run the job again as a new take, or bring the old model back.",
        )
    return farm_lane(offer, server.offers()) if farm else offer


def facts(take: Take, server: Server) -> dict[str, str]:
    return {
        "job_id": str(take.read("job")["job_id"]),
        "server": server.address.rpartition(":")[0],
        "triton": server.version(),
    }


class Kept(NamedTuple):
    """What stays of an earlier run, for the manifest; and what of it is made again, and why."""

    frames: dict[Item, dict[str, str]]
    notes: tuple[str, ...]


def kept(
    place: Place, trusted: dict[str, Ed25519PublicKey], part: Part | FrameRange | None = None
) -> Kept:
    """Frames of an earlier run that verify; all others are done again. Leftover parts go.

    `part`: only of this, which this process holds; None: of all the take.

    Raises:
        TakeError: what was left cannot be removed.
    """
    take, wanted = place.take, set(items(place.resolved, part))
    _clear(take, wanted)
    files = {item: file for item, file in _lying(take, wanted) if item in wanted}
    with ThreadPoolExecutor(min(4, max(2, os.cpu_count() or 1)), "verify") as pool:
        findings = pool.map(lambda file: _judged(file, trusted), files.values())
        held, again = {}, Counter[str]()
        for item, finding in zip(files, findings, strict=True):
            why = _why_again(finding, item, place)
            if why or finding.record is None:
                again[why] += 1
            else:
                held[item] = entry(take, finding.record)
    return Kept(held, tuple(_note(number, why) for why, number in again.items()))


def _lying(take: Take, wanted: set[Item]) -> Iterator[tuple[Item, Path]]:
    """The frames under their names, in the folders that these items lie in alone."""
    for label in sorted({item.variation for item in wanted}):
        for number, file in take.frames(label).items():
            yield Item(number, label), file


def is_of(made: record.Record, item: Item, place: Place) -> bool:
    """Whether a record is that of this work item of this very job."""
    return (made.job_id, made.frame, made.variation) == (place.facts["job_id"], *item)


def entry(take: Take, made: record.Record) -> dict[str, str]:
    """What a manifest says of a frame with this record."""
    return {
        "file": take.file(made.frame, made.variation).relative_to(take.folder).as_posix(),
        "pixels": made.pixels,
        "statement_id": made.statement_id,
    }


def _clear(take: Take, wanted: set[Item]) -> None:
    """Take away what was left unfinished of these; that of other frames may be in work."""
    names = {take.file(*item).name for item in wanted}
    for part, name in take.part_files().items():
        if name in names:
            try:
                part.unlink(missing_ok=True)
            except OSError as error:
                raise documents.unwritable(take.private, error) from error


def _why_again(finding: record.Finding, item: Item, place: Place) -> str:
    """Why a frame that lies there is not kept; '' where it is."""
    match finding.verdict:
        case record.Verdict.OK:
            right = finding.record is not None and is_of(finding.record, item, place)
            return "" if right else "of another job, or another frame"
        case record.Verdict.UNKNOWN_KEY:
            return f"{finding.why.rstrip('.').lower()}; with the key there they would be kept"
        case record.Verdict.PIXELS_CHANGED:
            return "changed after they were signed, or not readable"
        case record.Verdict.BAD_SIGNATURE:
            return "their record was edited after it was signed"
        case record.Verdict.ABSENT:
            return "without a record"


def _note(number: int, why: str) -> str:
    made = "is" if number == 1 else "are"
    return f"{documents.count(number, 'frame')} {made} made again: {why}"


def _judged(file: Path, trusted: dict[str, Ed25519PublicKey]) -> record.Finding:
    try:
        return record.verify(medium.read(file), trusted)
    except SourceError as error:
        return record.Finding(record.Verdict.PIXELS_CHANGED, error.problem)
