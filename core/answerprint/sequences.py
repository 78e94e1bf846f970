"""Judging what lies on disk: any sequence against any other, and a take against its own plate."""

from __future__ import annotations

from collections.abc import Iterator

from answerprint import against, audit, begin, medium, reread, takes
from answerprint.errors import AnswerprintError, JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.judge import Judge, Judged, Rules, Seen
from answerprint.plate import Plate
from answerprint.reread import Reader
from answerprint.sight import Whole
from answerprint.take import Item, Take
from answerprint.verdict import Verdict
from answerprint.vouch import Keys

Told = Iterator[Judged | Verdict]

# whose limits are held where nobody says what made a sequence
USUAL = {"image": "denoise", "points": "points", "volume": "volume", "heightfield": "heightfield"}


def over_sequences(
    rules: Rules, made: Plate, plate: Plate | None, frames: FrameRange | None = None
) -> Told:
    """Judge a sequence, against another of the same layers where there is one.

    frames   only these; None: all that lie there, and those that the plate has or that lie between

    Yields what was found in each frame, and at the end the verdict.

    Raises:
        SourceError: a folder cannot be listed, or there is no file of one of them.
        JobError: they have no frame in common.
    """
    lying = made.on_disk()
    given = plate.on_disk() if plate else None
    wanted = frames or _wanted(made, lying, plate, given)
    common = lying.among(wanted)
    if plate and given and not plate.is_still:
        common = common.among(given)
    if not common:
        raise JobError(
            f"There is no frame to judge: {made} has {lying}"
            f"{f', {plate} has {given}' if plate else ''}{f'; asked for {frames}' if frames else ''}.",
            remedy="Check the paths and the frames.",
        )
    judge = Judge(rules)
    there = []
    for number in lying.among(wanted):
        judged = _frame(judge, made, plate, number, has_plate=number in common)
        there += [judged.key] if judged.pixels else []
        yield judged
    # of the sequence's own frames those beyond the plate are named as well
    there += [str(number) for number in lying if frames is None and number not in wanted]
    yield judge.verdict(Whole(tuple(map(str, wanted)), tuple(there)))


def over_take(
    rules: Rules, take: Take, resolved: Resolved, trusted: Keys, frames: FrameRange | None = None
) -> Told:
    """Judge a take anew, from its files and those of its plate.

    Raises:
        JobError: none of the frames asked for lies there.
    """
    items = [one for one in take.items() if frames is None or one.frame in frames]
    if not items:
        raise JobError(
            f"{take.name} {take.label} has no frame{f' {frames}' if frames else ''} to judge.",
            remedy="'answerprint show' says which frames it has.",
        )
    judge, reader = Judge(rules), Reader(take, resolved, trusted)
    gone = set()
    for judged in audit.look(judge, reader, items):
        gone |= set() if judged.pixels else {judged.key}
        yield judged
    wanted = (one for one in begin.items(resolved) if frames is None or one.frame in frames)
    there = (str(one) for one in items)
    yield judge.verdict(
        Whole(tuple(map(str, wanted)), tuple(key for key in there if key not in gone))
    )


def usual(made: Plate) -> str:
    """The profile that is meant where nobody names one: by what lies there."""
    number = made.on_disk().first
    try:
        return USUAL[against.kind(medium.structure(made.file(number)))]
    except SourceError:  # it is damaged, which is what will be said of it
        return USUAL["image"]


def reopened(take: Take) -> Resolved | None:
    """The job of a take; None where it has none that can be read."""
    try:
        return takes.reopen(take)
    except AnswerprintError:
        return None


def _wanted(
    made: Plate, lying: FrameRange, plate: Plate | None, given: FrameRange | None
) -> FrameRange:
    """The plate's frames; of a sequence alone all from its first to its last."""
    if made.is_still:
        return lying
    if plate is None or plate.is_still or given is None:
        return FrameRange.of(range(lying.first, lying.last + 1))
    return given


def _frame(
    judge: Judge, made: Plate, plate: Plate | None, number: int, *, has_plate: bool
) -> Judged:
    """Judge one frame; one that cannot be read is a finding, and has no pixels."""
    key = str(Item(number))
    try:
        content = reread.read(made.file(number))
        seen = _seen(judge, plate if has_plate else None, number, content)
    except SourceError as error:
        return judge.note("opens", "fail", error.problem, key)
    except Exception as error:  # noqa: BLE001 - it is no pass, and others are judged all the same
        return judge.raised(key, error)
    return judge.frame(key, seen)


def _seen(judge: Judge, plate: Plate | None, number: int, content: medium.Content) -> list[Seen]:
    facts = reread.plain(content)
    if plate is None:
        return list(against.seen(number, content, None, facts))
    try:
        before = reread.read(plate.file(number))
    except SourceError as error:
        words = f"could not judge against the plate: {error.problem}"
        judge.note("plate", "unknown", words, str(Item(number)))
        return list(against.seen(number, content, None, facts))
    return list(against.seen(number, content, before, facts, medium.digest(before)))
