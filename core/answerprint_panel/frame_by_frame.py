"""A node on its way to disk, frame by frame, with the host at ease between them."""

from __future__ import annotations

from typing import Callable, List, Optional

from answerprint_panel import faults
from answerprint_panel.host import HostError, Rendering

Step = Callable[[int, int], None]
Done = Callable[[Optional[HostError]], None]
Later = Callable[[Callable[[], None], int], None]

WAIT = 200  # milliseconds until we look again whether the host's own render is over
POLL = 10  # until we look again whether a frame is written


class Work:
    """What a host does for each frame. Every method may raise HostError, which ends it."""

    def busy(self) -> bool:
        """Whether the host does something that none of this may come between."""
        return False

    def begin(self) -> None:
        """Once, before the first frame."""

    def frame(self, frame: int) -> None:
        """Begin a frame; usually it is done as well when this returns."""
        raise NotImplementedError

    def finished(self) -> bool:
        """Whether the frame that was begun is on disk. Raises HostError: it cannot be."""
        return True

    def settle(self, then: Done) -> None:
        """After the last frame: whether they fit together."""
        then(None)

    def broken_off(self, error: HostError, then: Done) -> None:
        """It ends early: what is to become of the frames that were made. `then` is told the error."""
        then(error)

    def end(self) -> None:
        """Once, however it ended, if it was begun."""


class NodeRendering(Rendering):
    """The frames of one node that are not on disk yet.

    work    renders one of them after the other
    later   runs a callable when the host is at ease, after so many milliseconds
    """

    def __init__(
        self,
        node: str,
        frames: List[int],
        missing: List[int],
        work: Work,
        later: Later,
        step: Step,
        done: Done,
    ) -> None:
        self._node = node
        self._missing = missing
        self._count = len(frames)
        self._work = work
        self._later = later
        self._step: Optional[Step] = step
        self._done: Optional[Done] = done
        self._cancelled = False
        self._begun = False
        self._going = False

    def start(self) -> None:
        self._later(self._turn, 0)

    def cancel(self) -> None:
        self._cancelled = True

    def _turn(self) -> None:
        if self._done is None:
            return
        try:
            self._do()
        except HostError as error:
            self._break_off(error)
        except Exception as error:  # noqa: BLE001 - whoever waits for it has to be told
            self._break_off(_fault(self._node, error))

    def _break_off(self, error: HostError) -> None:
        if self._begun:
            self._work.broken_off(error, self._end)
        else:
            self._end(error)

    def _do(self) -> None:
        if self._cancelled:
            left = len(self._missing)
            raise HostError(
                f"Rendering {self._node} was cancelled with {left} of {self._count} frames to go.",
                "Run it again: frames that are rendered already are used.",
            )
        if self._going:
            self._go_on()
        elif not self._missing:
            self._work.settle(self._end)
        elif self._work.busy():
            self._later(self._turn, WAIT)
        else:
            if not self._begun:
                self._begun = True
                self._work.begin()
            self._work.frame(self._missing[0])
            self._going = True
            self._go_on()

    def _go_on(self) -> None:
        if not self._work.finished():
            self._later(self._turn, POLL)
            return
        self._going = False
        del self._missing[0]
        self._tell()
        self._later(self._turn, 0)

    def _tell(self) -> None:
        """Whoever looks on may be gone, or fail; the frames are what counts."""
        try:
            if self._step is not None:
                self._step(self._count - len(self._missing), self._count)
        except Exception as error:  # noqa: BLE001 - theirs, whatever it is
            self._step = None
            faults.write(error, faults.log_path())

    def _end(self, error: Optional[HostError]) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        if self._begun:
            self._work.end()
        done(error)


def _fault(node: str, error: Exception) -> HostError:
    faults.write(error, faults.log_path())
    return HostError(
        f"Rendering {node} stopped: {faults.sentence(error)}",
        "This is a fault in Answerprint: copy the diagnostics for the pipeline team. Run it again: "
        "frames that are rendered already are used.",
    )


def at_once(turn: Callable[[], None], _after: int) -> None:
    """For a terminal, which has no turns; `Loop` keeps it from growing the stack."""
    _LOOP.append(turn)
    if len(_LOOP) > 1:
        return
    try:
        while _LOOP:
            _LOOP[0]()
            del _LOOP[0]
    finally:
        _LOOP.clear()


_LOOP: List[Callable[[], None]] = []
