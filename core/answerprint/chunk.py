"""Chunks: the part of a take that one process writes, so that a farm may share a take out.

Each chunk has a lease of its own. Who wants one publishes the lease first and then looks at all
others: of two that overlap at least one sees the other, whatever happens in between. The last
one to be done closes the take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from answerprint import begin, holder, takes, vouch
from answerprint.errors import JobError, TakeBusy
from answerprint.frames import FrameRange
from answerprint.holder import CLAIMING, DONE, WRITING, Holder
from answerprint.job import Resolved
from answerprint.lease import Lease, busy
from answerprint.part import Part, labels
from answerprint.take import wedge_order
from answerprint.takes import Item, Take
from answerprint.vouch import Keys
from answerprint.write import Place

Leases = dict[Path, Holder]
Entries = dict[Item, dict[str, str]]
Facts = Callable[[Entries], dict[str, Any]]

CLOSING = "closing.json"
CLOSING_SECONDS = 60.0  # that it waits for another process to close the take


class Chunk(AbstractContextManager["Chunk"]):
    """Held from `open` until it is left.

    frames   those of the part
    left     the items that the last `commit` missed
    """

    def __init__(self, take: Take, part: Part, frames: FrameRange, lease: Lease) -> None:
        self.part, self.frames = part, frames
        self.journal = take.journal_of(part)
        self.left: tuple[Item, ...] = ()
        self._take, self._lease = take, lease
        self._unfinished = take.unfinished()

    @classmethod
    def open(cls, take: Take, resolved: Resolved, part: Part | FrameRange | None) -> Chunk:
        """Hold this part of a take; None: all.

        Raises:
            JobError: the take has no such frames or variations.
            TakeBusy: another process writes some of it and is alive.
            TakeError: the lease cannot be written; DiskFull if there is no space.
        """
        mine = _part(take, resolved, Part.of(part))
        return cls(take, mine, mine.frames or resolved.frame_range, _held(take, mine))

    @property
    def whole(self) -> bool:
        return self.part.is_whole

    def check(self) -> None:
        """Look at the take itself, right before a frame gets its final name.

        Raises:
            TakeBusy: another process took these frames over, or the take is closed.
        """
        self._lease.check()
        if self._take.is_complete:
            raise TakeBusy(
                f"Another process closed {self._take.folder.as_posix()}.",
                remedy="The take is complete; this process stops.",
            )

    def commit(
        self, place: Place, trusted: Keys, done: Entries, facts: Facts | None = None
    ) -> bool:
        """Close the take if this was the last chunk: all its frames are there and ours.

        done    what this process knows of its own frames; of others the header is read
        facts   asked, once it is known that the take is closed, for what its manifest says beside
                the frames; what it writes into the take lies there before the manifest

        False where frames are missing, or another process still writes some: it will close the
        take.

        Raises:
            TakeBusy: another process took these frames over, or does not end closing the take.
            SigningError: all frames are there, some signed with keys that are not trusted.
            TakeError: the manifest cannot be written; DiskFull if there is no space.
        """
        if self._take.is_complete:
            return True
        # said before looking: of two that end at the same moment, the later one sees the other
        self._lease.say(DONE)
        if self._missing(place, done) or self._others_write():
            return self._take.is_complete
        with _closing(self._take) as closing:
            if closing is None:
                return True
            found = vouch.vouched(place, trusted, self._others(place, done))
            entries = done | {
                item: begin.entry(place.take, one.made)
                for item, one in found.items()
                if not one.strangers
            }
            self.left = _lacking(place, entries)
            if self.left:
                vouch.check_keys(place.take, found.values())
                return False
            beside = facts(entries) if facts else {}
            self._lease.check()
            closing.check()
            takes.commit(place.take, entries, place.signer, **beside)
            return True

    def __exit__(self, *_: object) -> None:
        self._lease.release()
        if self._take.is_complete:
            _tidy(self._take, self._unfinished & self._take.unfinished())

    def _others(self, place: Place, done: dict[Item, dict[str, str]]) -> dict[Item, Path]:
        found = place.take.items()
        return {
            item: found[item]
            for item in begin.items(place.resolved)
            if item in found and item not in done
        }

    def _missing(self, place: Place, done: dict[Item, dict[str, str]]) -> bool:
        self.left = _lacking(place, done.keys() | self._others(place, done).keys())
        return bool(self.left)

    def _others_write(self) -> bool:
        """Whether a living process has frames in work; those who only want some wait for nobody."""
        others = {
            file: one
            for file, one in self._take.leases().items()
            if one.uuid != self._lease.mine.uuid and one.state == WRITING
        }
        return bool(others.keys() - holder.watch(others))


def _part(take: Take, resolved: Resolved, asked: Part) -> Part:
    """What was asked for, in its shortest form: what is all of the take names nothing."""
    every = resolved.frame_range
    frames = every if asked.frames is None else asked.frames
    foreign = FrameRange.of(number for number in frames if number not in every)
    if foreign or not frames:
        raise JobError(
            f"{take.name} {take.label} has no frame {foreign}.",
            remedy=f"It was begun for {every}: choose from these.",
        )
    chosen = _variations(take, list(resolved.variations), asked.variations)
    return Part(None if frames == every else frames, chosen)


def _variations(take: Take, held: list[str], asked: FrameRange | None) -> FrameRange | None:
    """None where all are asked for."""
    if asked is None:
        return None
    every = FrameRange.of(map(wedge_order, held))
    foreign = FrameRange.of(number for number in asked if number not in every)
    if foreign or not asked:
        raise JobError(
            f"{take.name} {take.label} has no variation {labels(foreign)}.",
            remedy=f"It has {held[0]} to {held[-1]}." if held else "It is no wedge.",
        )
    return None if asked == every else asked


def _held(take: Take, mine: Part) -> Lease:
    """A lease on this part, once nobody else has one that overlaps."""
    me = holder.myself(str(mine), CLAIMING)
    stuck: Leases = {}
    while True:
        lease = Lease.take(take.lease_of(mine), me)
        try:
            before = _settled(lease, take, mine, stuck)
            if not before:
                lease.say(WRITING)
                return lease
        except BaseException:
            lease.release()
            raise
        lease.release()
        stuck = {file: before[file] for file in holder.watch(before)}
        me = replace(me, beat=lease.mine.beat + 1)  # its place among those who want it stays


def _settled(lease: Lease, take: Take, mine: Part, stuck: Leases) -> Leases:
    """Wait until a published lease is alone; where others come first, who they are.

    Of those who only want the frames the lowest mark comes first, so that one of them gets on.
    The dead, and those found to be stuck, lose what they held.
    """
    while others := _overlapping(lease, take, mine):
        before = {
            file: one
            for file, one in others.items()
            if one.state == CLAIMING and one.uuid < lease.mine.uuid
            if stuck.get(file) != one and not holder.is_dead(one)
        }
        if before:
            return before
        stale = {file for file, one in others.items() if stuck.get(file) == one}
        stale |= holder.watch({file: one for file, one in others.items() if file not in stale})
        for file in stale:
            lease.take_over(file, others[file])
        for file, one in others.items():
            now = holder.read(file)
            if file not in stale and now and now.is_settled and now.uuid == one.uuid:
                raise busy(take.folder, one, mine.common(_of_lease(file, one)))
    return {}


def _overlapping(lease: Lease, take: Take, mine: Part) -> Leases:
    return {
        file: one
        for file, one in take.leases().items()
        if one.uuid != lease.mine.uuid and mine.overlaps(_of_lease(file, one))
    }


def _of_lease(file: Path, one: Holder) -> Part:
    """What a lease is for: as it says, or as its name does while it is being written; else all."""
    said = one.frames or file.name.removeprefix("lease").removesuffix(".json").lstrip(".")
    try:
        return Part.parse(said)
    except JobError:
        return Part()


@contextmanager
def _closing(take: Take) -> Iterator[Lease | None]:
    """The right to close a take, which one has at a time; None once it is closed."""
    deadline = time.monotonic() + CLOSING_SECONDS
    lease = None
    while lease is None and not take.is_complete:
        lease = _right_to_close(take, final=time.monotonic() > deadline)
    if lease is None:
        yield None
        return
    with lease:
        yield None if take.is_complete else lease


def _right_to_close(take: Take, *, final: bool) -> Lease | None:
    """None if another process has it, which was watched for a while; an error if that is final."""
    try:
        return Lease.take(take.private / CLOSING)
    except TakeBusy:
        if final:
            raise
        return None


def _tidy(take: Take, unfinished: Collection[Path]) -> None:
    """Of a complete take, take away what the dead left: leases, and files written aside.

    `unfinished`: lay there when this process began, so that nobody is just writing it.
    """
    closing = take.private / CLOSING
    found = {**take.leases(), closing: holder.read(closing)}
    dead = [file for file, one in found.items() if one is not None and holder.is_dead(one)]
    for file in (*dead, *unfinished):
        with suppress(OSError):  # the take is complete with it as well
            file.unlink(missing_ok=True)


def _lacking(place: Place, items: Collection[Item]) -> tuple[Item, ...]:
    return tuple(item for item in begin.items(place.resolved) if item not in items)
