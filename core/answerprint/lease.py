"""A lease: only one process writes a take, or a part of it, and a dead one is noticed.

The holder counts up a heartbeat in `.take/lease.json`. Nobody compares clocks or file times, which
lie between machines: who wants the take watches whether the count moves. The file is made by an
exclusive create. It is taken over under a right that is an exclusive create of its own, named after
the holder that was judged dead: so only one succeeds, and never in the place of a living one.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from answerprint import documents, holder
from answerprint.errors import JobError, TakeBusy, TakeError
from answerprint.holder import BEAT_SECONDS, UNKNOWN, Holder
from answerprint.part import Part


class Lease(AbstractContextManager["Lease"]):
    """Held from `take` until `release`; `lost` is set if another process took it over."""

    def __init__(self, path: Path, me: Holder | None = None) -> None:
        self.path = path
        self.lost = threading.Event()
        self._mine = me or holder.myself()
        self._files = [path]
        self._writing = threading.Lock()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    @classmethod
    def take(cls, path: Path, me: Holder | None = None) -> Lease:
        """Get the lease, taking it over from a holder that is dead or stuck.

        `me`: what its file says; None: this process, and all of the take.

        Raises:
            TakeBusy: another process holds it and is alive.
            TakeError: the lease cannot be written; DiskFull if there is no space.
        """
        lease = cls(path, me)
        while not lease._create(path):
            found = holder.read(path)
            if found is None:  # released between the two looks
                continue
            stale = holder.watch({path: found})
            # who only claims it will hold it or give it back; who says nothing yet, says it soon
            if not stale and found.is_settled:
                raise busy(path.parent.parent, found, _part(found))
            if stale and lease._replace(path, found):
                break
        lease._thread.start()
        return lease

    @property
    def mine(self) -> Holder:
        """What this lease says of its holder now."""
        return self._mine

    def say(self, state: str) -> None:
        """Tell at once what the holder is about: holder.CLAIMING, WRITING or DONE.

        Raises:
            TakeBusy: another process took the lease over.
            TakeError: it cannot be written; DiskFull if there is no space.
        """
        with self._writing:
            self.check()
            try:
                self._write(replace(self._mine, state=state))
            except OSError as error:
                raise documents.unwritable(self.path.parent, error) from error

    def take_over(self, path: Path, stale: Holder) -> bool:
        """Hold another lease as well, in the place of a dead holder; False: somebody was faster.

        It is kept until this one is released: a holder that wakes up finds that it lost it, and
        one that slipped its last beat in makes this one find that.
        """
        with self._writing:
            won = self._replace(path, stale)
            if won:
                self._files.append(path)
        return won

    def release(self) -> None:
        """Give it back. Where that cannot be written, its heartbeat at least has ended."""
        self._released.set()
        self._thread.join()
        for file in reversed(self._files):
            if self._is_mine(file):
                with suppress(OSError):  # what ended the run says it, and better
                    file.unlink(missing_ok=True)

    def check(self) -> None:
        """Look at the file itself, right before something is given its final name.

        Raises:
            TakeBusy: another process took the lease over, or did, finished and released it.
            TakeError: the take's folder is not there any more.
        """
        if not self.path.parent.is_dir():
            raise TakeError(
                f"{self.path.parent.parent.as_posix()} was removed, or its disk is away.",
                remedy="Bring it back and resume the take, or run the job again as a new one.",
            )
        if self.lost.is_set() or not all(map(self._is_mine, self._files)):
            raise TakeBusy(
                f"Another process took over {self.path.parent.parent.as_posix()}.",
                remedy="Let it finish; this one stops.",
            )

    def __exit__(self, *_: object) -> None:
        self.release()

    def _create(self, file: Path) -> bool:
        """Make a file that says it is mine, unless it is there already."""
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error
        try:
            documents.write(file, asdict(self._mine))
        except OSError as error:
            file.unlink(missing_ok=True)
            raise documents.unwritable(file.parent, error) from error
        # an NFS reply can be lost after the file was made; only the uuid inside tells
        return holder.is_of(file, self._mine)

    def _replace(self, file: Path, stale: Holder) -> bool:
        """Put mine in the place of what a dead holder left; of many that try, one succeeds.

        The right to do it is an exclusive create, named after that very holder. Who finds the
        right taken by one that died at it replaces the right first, in the same way.
        """
        right = file.with_name(f".{file.name}.{stale.uuid or 'unknown'}.taking")
        if not self._create(right):
            other = holder.read(right)
            if other is None or not holder.watch({right: other}) or not self._replace(right, other):
                return False
        try:
            if not holder.is_of(file, stale):  # somebody was faster, or the holder woke up
                return False
            documents.write(file, asdict(self._mine))
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error
        finally:
            right.unlink(missing_ok=True)
        return True

    def _is_mine(self, file: Path) -> bool:
        found = holder.read(file)
        return found is not None and found.uuid == self._mine.uuid

    def _beat(self) -> None:
        unread = 0
        while not self._released.wait(BEAT_SECONDS):
            with self._writing:
                found = [holder.read(file) for file in self._files]
                # a share may fail one read; what was read and names another is certain
                unsure = [one for one in found if one in (None, UNKNOWN)]
                others = [one for one in found if one and one.uuid not in ("", self._mine.uuid)]
                unread = unread + 1 if unsure else 0
                if unread > 1 or others:
                    self.lost.set()
                    return
                if unread:
                    continue
                try:
                    self._write(self._mine)
                except OSError:  # a full disk stops the frames, which say so; it is tried again
                    continue

    def _write(self, said: Holder) -> None:
        """Say it in all files of this lease, with the next beat."""
        self._mine = replace(said, beat=self._mine.beat + 1)
        for file in self._files:
            documents.write(file, asdict(self._mine))


def _part(found: Holder) -> Part:
    try:
        return Part.parse(found.frames)
    except JobError:  # all of the take, or nothing that can be read
        return Part()


def busy(folder: Path, found: Holder, part: Part) -> TakeBusy:
    """Our error for a take, or this part of it, that another process holds."""
    words = f"{part.words[:1].upper()}{part.words[1:]} of " if part.words else ""
    what = f"{words}{folder.as_posix()} {'is' if part.is_one else 'are'}"
    return TakeBusy(
        f"{what} being written by {found.said}.",
        remedy="Wait until it ends, or stop it there first.",
    )
