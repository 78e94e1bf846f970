"""Turn: the right to change a roll-out, one process after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from answerprint import documents, holder
from answerprint.errors import ChangedMeanwhile, DiskFull, SetupError, TakeBusy, TakeError
from answerprint.lease import Lease
from answerprint.rollout import FILE

LOCK = ".change.lock"
SECONDS = 60.0  # that another's change is waited for; one takes a tenth of a second


@contextmanager
def turn(folder: Path) -> Iterator[Lease]:
    """The right to change it, waited for; a dead holder's ends. Leftovers of one are cleared.

    Raises:
        ChangedMeanwhile: another change does not end.
        SetupError: the folder is not there or cannot be written.
    """
    if not folder.is_dir():
        raise SetupError(
            f"The roll-out's folder {folder.as_posix()} is not there.",
            remedy="Mount its disk; or make it, if there never was one: "
            f"mkdir -p {folder.as_posix()}",
        )
    lease = _lease(folder / LOCK)
    try:
        for part in folder.glob(f".{FILE}.*.part"):
            part.unlink(missing_ok=True)
        yield lease
    except DiskFull:  # of the roll-out itself, and said so
        raise
    except TakeBusy as error:  # a holder that slept for long wakes up
        raise _taken_over(folder) from error
    except TakeError as error:
        raise SetupError(
            f"The roll-out's folder {folder.as_posix()} was removed, or its disk is away.",
            remedy="Bring it back, look at 'answerprint models status', then try again.",
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        lease.release()


def _lease(path: Path) -> Lease:
    until = time.monotonic() + SECONDS
    while True:
        lease = _tried(path, until)
        if lease is not None:
            return lease


def _tried(path: Path, until: float) -> Lease | None:
    """None: another holds it still, and there is time to wait."""
    try:
        return Lease.take(path)
    except TakeBusy as error:
        if time.monotonic() < until:
            return None
        held = holder.read(path)
        who = held.said if held else "another process"
        raise ChangedMeanwhile(
            f"{path.parent.as_posix()} has been held by {who} for {SECONDS:.0f} s.",
            remedy="Look at that process, then try again. Nothing was changed.",
        ) from error
    except TakeError as error:
        if isinstance(error.__cause__, OSError):
            raise unwritable(path.parent, error.__cause__) from error
        raise


def _taken_over(folder: Path) -> ChangedMeanwhile:
    return ChangedMeanwhile(
        f"Another process took over {folder.as_posix()}: this one stood still for too long.",
        remedy="Nothing was changed by you. Look at 'answerprint models status', then try again.",
    )


def unwritable(folder: Path, error: OSError) -> SetupError | DiskFull:
    if documents.no_space(error):
        return DiskFull(
            f"No space is left in {folder.as_posix()}; the roll-out is as it was.",
            remedy="Free some space, then try again.",
        )
    return SetupError(
        f"The roll-out's folder {folder.as_posix()} cannot be written: "
        f"{error.strerror or error}. The roll-out is as it was.",
        remedy="It is the pipeline team's; ask them, or check your rights.",
    )
