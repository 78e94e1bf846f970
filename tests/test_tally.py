"""The tally: which failures end a run, and that a closed take is left alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest
from midway import met, of
from samples import carried_out, claimed, plate

from answerprint import signing
from answerprint.errors import (
    AnswerprintError,
    InferenceError,
    ModelDied,
    ServerOutOfMemory,
    SourceError,
)
from answerprint.journal import Journal
from answerprint.limited import LEAST_FRAMES
from answerprint.signing import Signer
from answerprint.takes import Item
from answerprint.tally import MOST_FAILURES_IN_A_ROW, Tally
from answerprint.triton import Server

BROKEN, GOOD = MOST_FAILURES_IN_A_ROW + 5, 3


def test_good_frames_behind_many_broken_ones_are_done(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", BROKEN + GOOD)
    take = claimed(server, tmp_path / "takes", path)
    for number in range(1001, 1001 + BROKEN):
        file = Path(str(path).replace("####", str(number)))
        file.write_bytes(file.read_bytes()[:200])

    events = carried_out(server, take, home)

    assert len(of(events, "failed")) == BROKEN
    assert {event["error"] for event in of(events, "failed")} == {"SourceError"}
    assert sorted(take.frames()) == list(range(1001 + BROKEN, 1001 + BROKEN + GOOD))
    assert events[-1]["state"] == "incomplete"


def failing(tally: Tally, journal: Journal, *errors: AnswerprintError) -> None:
    for number, error in enumerate(errors):
        future: Future[dict[str, Any] | None] = Future()
        future.set_exception(error)
        tally.add(Item(1001 + number), future, journal)


@pytest.mark.parametrize("kind", [InferenceError, ModelDied, ServerOutOfMemory])
def test_a_model_that_fails_on_each_frame_ends_the_run_also_with_broken_frames_between(
    kind: type[AnswerprintError], tmp_path: Path
) -> None:
    journal, tally = Journal(tmp_path / "events.jsonl"), Tally({})
    mixed = [kind("It failed.", remedy="Mend it."), SourceError("Broken.", remedy="Mend it.")]

    failing(tally, journal, *mixed * (MOST_FAILURES_IN_A_ROW - 1))
    before = tally.fatal
    failing(tally, journal, *mixed)

    assert before is None
    assert type(tally.fatal) is kind
    assert f"{MOST_FAILURES_IN_A_ROW} frames in a row failed" in str(tally.fatal)


class Slow(Signer):
    """A key whose signature of a frame takes a while, so that writing is what a run waits for."""

    def sign(self, message: bytes) -> str:
        if b"answerprint.record/" in message:
            Signal().wait(0.1)
        return super().sign(message)


_removed: list[tuple[str, bool]] = []


def _listen(event: str, words: tuple[Any, ...]) -> None:
    if event == "os.remove" and str(words[0]).endswith(".trial.exr.part"):
        private = Path(words[0]).parent
        _removed.append((str(private), (private / "manifest.json").exists()))


@pytest.fixture(scope="module", autouse=True)
def listening() -> Iterator[None]:
    """Python can stop no such ear again: it hears only what this file asks about."""
    sys.addaudithook(_listen)
    yield
    _removed.clear()


def test_what_limits_a_run_is_tried_before_the_take_is_closed(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "takes", plate(tmp_path / "plate", 2 * LEAST_FRAMES))
    own = signing.own_signer(home)

    events = met(server, take, home, signer=Slow(own.key, own.kid), writers=1)

    assert events[-1]["limited"]["by"].startswith("EXR write")
    assert take.state() == "complete"
    assert [closed for folder, closed in _removed if folder == str(take.private)] == [False]
