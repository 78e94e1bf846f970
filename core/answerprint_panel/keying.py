"""Keying: a node's key is found a little at a time, so that a large comp keeps nobody waiting.

Nodes are looked at in slices, on the host's own thread; files in a thread of their own, for a share
may be slow or gone.
"""

from __future__ import annotations

import threading
import time
from typing import (
    Callable,
    Generator,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
)

from answerprint_panel import faults, stamps
from answerprint_panel.host import HostError
from answerprint_panel.stamps import File


class Found(NamedTuple):
    """What decides what a node makes. `whole`: not more than is looked at, and all of it can be told."""

    digest: str
    files: Tuple[File, ...]
    whole: bool


Told = TypeVar("Told")
Looking = Generator[None, None, Found]
Later = Callable[[Callable[[], None], int], None]
Look = Callable[[], Tuple[Looking, Sequence[str]]]  # begun, and the script's views
Then = Callable[[str, Optional[HostError]], None]

SLICE_SECONDS = 0.015
POLL_MILLISECONDS = 20
MOST_TRIES = 3
GONE = (ValueError, RuntimeError)  # what a host's calls raise of a node that was deleted


def at_once(steps: Generator[None, None, Told]) -> Told:
    """What comes of something that is told step by step."""
    found: List[Told] = []

    def to_the_end() -> Iterator[None]:
        found.append((yield from steps))

    for _ in to_the_end():
        pass
    return found[0]


def now(look: Look) -> str:
    """A node's key, all at once."""
    steps, views = look()
    return _key(at_once(steps), views)


def script_part(key: str) -> str:
    """The part of a key that the script alone decides; the rest are its files."""
    return key.partition("-")[0]


def comes_again(key: str) -> bool:
    """Whether another look can find the same key, so that what is rendered under it is used again."""
    return not key.partition("-")[2].startswith(stamps.ONCE)


def _key(found: Found, views: Sequence[str]) -> str:
    files = stamps.of(found.files, views) if found.whole else stamps.once()
    return f"{found.digest}-{files}"


class Keying:
    """One look, in turns.

    look    begins to look at the node; raises HostError where it is gone
    later   runs a callable when the host is at ease, after so many milliseconds
    then    told once: the key and None, or why there is none
    gone    what the host's calls raise of a node that was deleted between two turns
    """

    def __init__(
        self,
        name: str,
        look: Look,
        later: Later,
        then: Then,
        gone: Tuple[Type[BaseException], ...] = GONE,
    ) -> None:
        self._gone = gone
        self._name, self._look, self._later, self._then = name, look, later, then
        self._left = MOST_TRIES
        self._key: List[str] = []
        self._views: Sequence[str] = ()
        self._steps: Looking
        self._thread: threading.Thread

    def start(self) -> None:
        self._later(self._begin, 0)

    def _begin(self) -> None:
        self._left -= 1
        try:
            self._steps, self._views = self._look()
        except HostError as error:
            self._then("", error)
            return
        self._turn()

    def _turn(self) -> None:
        until = time.perf_counter() + SLICE_SECONDS
        try:
            while time.perf_counter() < until:
                next(self._steps)
        except StopIteration as end:
            self._stamp(end.value)
        except self._gone as error:
            self._again(error)
        except Exception as error:  # noqa: BLE001 - whoever waits for it has to be told
            faults.write(error, faults.log_path())
            self._cannot(error)
        else:
            self._later(self._turn, 0)

    def _again(self, error: BaseException) -> None:
        """A node above was taken away between two turns."""
        if self._left > 0:
            self._later(self._begin, 0)
        else:
            self._cannot(error)

    def _cannot(self, error: BaseException) -> None:
        self._then(
            "",
            HostError(
                f"What {self._name} shows cannot be told: {_line(error)}",
                "Look at the nodes above it, then try again.",
            ),
        )

    def _stamp(self, found: Found) -> None:
        def look() -> None:
            self._key.append(_key(found, self._views))

        self._thread = threading.Thread(target=look, name="answerprint files", daemon=True)
        self._thread.start()
        self._poll()

    def _poll(self) -> None:
        if self._thread.is_alive():
            self._later(self._poll, POLL_MILLISECONDS)
        elif self._key:
            self._then(self._key[0], None)
        else:  # the thread failed; Python has printed why
            self._again(RuntimeError("its files cannot be looked at"))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
