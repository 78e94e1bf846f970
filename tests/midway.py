"""A run that something happens to midway, and what its take must then be."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import exr, run, signing, takes
from answerprint.interrupt import Interrupt
from answerprint.journal import Event
from answerprint.run import Bounds
from answerprint.signing import Signer
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint.verify import verify

Act = Callable[[Event], object]


def met(
    server: Server,
    take: Take,
    home: Path,
    act: Act = lambda _: None,
    *,
    interrupted: Interrupt | None = None,
    signer: Signer | None = None,
    **bounds: Any,
) -> list[Event]:
    """Run a claimed take, and let `act` see each event as it comes; returns them all."""
    events = []
    for event in run.run(
        takes.reopen(take),
        take,
        server=server,
        signer=signer or signing.own_signer(home),
        trusted=signing.trusted_keys([home / "trust"]),
        bounds=Bounds(**bounds),
        interrupted=interrupted,
    ):
        events.append(event)
        act(event)
    return events


def at_frame(number: int, act: Callable[[], object]) -> Act:
    """What acts once, when so many frames are done."""
    return at("frame", act, number)


def at(kind: str, act: Callable[[], object], number: int = 1) -> Act:
    """What acts once, at the nth event of a kind."""
    seen = itertools.count(1)

    def look(event: Event) -> None:
        if event["event"] == kind and next(seen) == number:
            act()

    return look


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def count(events: list[Event], *kinds: str) -> list[int]:
    """How many events there are of each kind."""
    return [len(of(events, kind)) for kind in kinds]


def differing(take: Take, plate: Path, home: Path) -> list[str]:
    """Frames of a passthrough's take that are not their plate's to the bit, or do not verify."""
    keys = signing.trusted_keys([home / "trust"])
    return [
        file.name
        for file in take.frames().values()
        if not _is_as(file, plate.with_name(f"bg.{file.name.split('.')[-2]}.exr"))
        or {one.verdict.value for one in verify(file, keys)} != {"OK"}
    ]


def _is_as(file: Path, given: Path) -> bool:
    made, before = (exr.read(one).parts[0].channels for one in (file, given))
    return all(np.array_equal(made[name], pixels) for name, pixels in before.items())
