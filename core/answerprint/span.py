"""Span: which frames a job makes, which of the plate they need, and where the plate ends."""

from __future__ import annotations

from dataclasses import dataclass

from answerprint.contract import Contract
from answerprint.documents import count
from answerprint.errors import Fix, JobError, SourceError
from answerprint.frames import MOST_FRAMES, FrameRange
from answerprint.job import Job
from answerprint.plate import MOST_FRAME, Plate, check_frames
from answerprint.timing import Timing, check_inside, sources


@dataclass(frozen=True)
class Span:
    """Frames of the result, frames of the plate that they need, and where the plate ends."""

    result: FrameRange
    needed: FrameRange
    first: int
    last: int
    notes: list[str]

    @classmethod
    def of(cls, job: Job, contract: Contract, main: Plate, *, motion: bool) -> Span:
        """`motion`: the next frame is looked at as well, where a frame of the plate is shown."""
        found = main.on_disk()
        wanted = _wanted(job, found)
        fix = None if main.is_still else _those_there(job, contract, wanted, found)
        notes = [] if job.frames else _holes(found)
        if not contract.cut.between:
            if job.timing is not None:
                raise JobError(
                    f"Task {contract.task} makes no frames between frames.",
                    remedy="Leave --speed and --time out, or use a task such as retime.",
                )
            check_frames(main, wanted, found, fix)
            ends = (found.first, found.last)
            needed = {
                frame
                for number in wanted
                for frame in sources(contract.cut, number, first=ends[0], last=ends[1]).frames
            }
            _check_neighbours(contract, main, FrameRange.of(needed), found, fix)
            return cls(wanted, FrameRange.of(needed), *ends, notes)
        if job.timing is None:
            raise JobError(
                f"Task {contract.task} needs to know the timing.",
                remedy="Give --speed 0.5 for half speed, or --time 1001:1001,1050:1020.",
            )
        check_frames(main, wanted, found, fix)
        result = job.timing.frames(wanted)
        needed_range = check_inside(job.timing, result, wanted)
        if motion:
            following = {frame + 1 for frame in needed_range if frame < wanted.last}
            needed_range = FrameRange.of(following | set(needed_range))
        _check_neighbours(contract, main, needed_range, found, fix)
        said = f"timing: frames {result} of the result show {needed_range} of the plate"
        said += "; timecode and other attributes are those of the frame before"
        notes = [said, *_strange_cuts(job.timing, found)]
        return cls(result, needed_range, wanted.first, wanted.last, notes)


def _wanted(job: Job, found: FrameRange) -> FrameRange:
    """The frames asked for, handles among them.

    Raises:
        JobError: the handles reach beyond what a frame range can spell.
    """
    own = FrameRange.parse(job.frames) if job.frames else found
    wide = own.widened(job.handles) if job.handles else own
    if job.handles and (
        max(-wide.first, wide.last) > MOST_FRAME or len(wide) > max(len(own), MOST_FRAMES)
    ):
        raise JobError(
            f"{count(job.handles, 'frame')} of handles on {own} reach beyond what can be counted.",
            remedy="Ask for fewer.",
            fix=Fix("Leave the handles out", {"handles": 0}),
        )
    return wide


def _those_there(job: Job, contract: Contract, wanted: FrameRange, found: FrameRange) -> Fix | None:
    """What cures it that frames are missing: those asked for that can be made, else the plate's.

    None where none is missing, and where a time curve says which moments are shown.
    """
    if job.timing is not None and job.timing.curve is not None:
        return None
    can = _made_of(contract, wanted, found)
    if can == wanted:
        return None
    no_handles = {"handles": 0} if job.handles else {}
    if no_handles and can == (FrameRange.parse(job.frames) if job.frames else found):
        return Fix("Leave the handles out", no_handles)
    if len(can):
        label = (
            _part(contract, can, wanted.among(found)) or f"the {len(can):,} frames that are there"
        )
    else:
        can = _made_of(contract, found, found)
        label = _part(contract, can, found) or _whole(found)
    if not len(can):
        return None
    return Fix(f"Run {label}", {"frames": str(can), **no_handles}, run=True)


def _part(contract: Contract, can: FrameRange, there: FrameRange) -> str:
    """What a button says of frames that are only some of those that are there; '' of all."""
    if len(can) == 1:
        return f"frame {can}"
    if can == there:
        return ""
    if contract.cut.between:
        return f"the longest stretch, {can.first} to {can.last}"
    return f"the {len(can):,} frames that can be made"


def _whole(found: FrameRange) -> str:
    """What a button says of all that a plate has; of one with holes no first and last."""
    if found.gaps:
        return f"the {len(found):,} frames that the plate has"
    return f"what the plate has: {found.first} to {found.last}"


def _made_of(contract: Contract, wanted: FrameRange, found: FrameRange) -> FrameRange:
    """Which frames of `wanted` can be made: all that the model looks at for them is there."""
    there = wanted.among(found)
    if contract.cut.between:
        return _longest(there)
    looks = ((one, sources(contract.cut, one, first=found.first, last=found.last)) for one in there)
    held = set(found)
    return FrameRange(tuple(one for one, seen in looks if held.issuperset(seen.frames)))


def _longest(frames: FrameRange) -> FrameRange:
    """The longest stretch without a gap: between frames that are not neighbours nothing is made."""
    stretches: list[list[int]] = []
    for number in frames:
        if stretches and stretches[-1][-1] == number - 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    longest: list[int] = max(stretches, key=len) if stretches else []
    return FrameRange(tuple(longest))


def _check_neighbours(
    contract: Contract, main: Plate, needed: FrameRange, found: FrameRange, fix: Fix | None
) -> None:
    """Raises SourceError: a frame is missing that the model sees beside those asked for."""
    missing = sorted(set(needed) - set(found))
    if missing and not main.is_still:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise SourceError(
            f"{main} lacks frame {missing[0]}{more}, which {contract.task} looks at to make the "
            "frames beside it.",
            remedy="Render what is missing, or ask for frames away from it.",
            fix=fix,
        )


def _strange_cuts(timing: Timing, found: FrameRange) -> list[str]:
    cuts = () if timing.cuts == "auto" else timing.cuts
    strange = ", ".join(str(number) for number in cuts if number not in found)
    return [f"timing: a cut at {strange}, which the plate does not have"] if strange else []


def _holes(found: FrameRange) -> list[str]:
    holes = found.gaps
    if not holes:
        return []
    missing = count(sum(last - first + 1 for first, last in holes), "frame")
    where = f"between {found.first} and {found.last}, first {holes[0][0]}"
    return [f"frames: the plate lacks {missing} {where}; they are left out"]
