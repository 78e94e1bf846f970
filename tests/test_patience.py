"""Patience: one thread asks a server that is away, all others wait, and it is said once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from answerprint import patience
from answerprint.errors import ModelReplaced, ServerAway, ServerError, ServerNotReady
from answerprint.patience import KEEP_SECONDS, Elsewhere, Patience

AWAY = ServerAway("No server answers.", remedy="Start one.")
REPLACED = ModelReplaced("It is another one.", remedy="Run the job again.")


class Distant:
    """A server that is away for so many looks, or says something else for ever; and what was told."""

    def __init__(self, looks: int, then: ServerError | None = None) -> None:
        self.looks, self.events = 0, list[str]()
        self.stop, self.looked = threading.Event(), threading.Event()
        self._away, self._then = looks, then

    def look(self) -> None:
        self.looks += 1
        self.looked.set()
        if self.looks <= self._away:
            raise AWAY
        if self._then:
            raise self._then

    def tell(self, event: str, **_: Any) -> None:
        self.events.append(event)

    def patience(self, seconds: float, elsewhere: Elsewhere | None = None) -> Patience:
        return Patience(seconds, self.look, self.tell, self.stop, elsewhere)


def test_many_that_meet_a_dead_server_wait_for_one_who_asks() -> None:
    server = Distant(2)
    one = server.patience(60)

    with ThreadPoolExecutor(8) as pool:
        for waiting in [pool.submit(one.wait, AWAY, one.times) for _ in range(8)]:
            waiting.result()

    assert server.looks == 3
    assert server.events == ["waiting", "back"]


def test_who_met_it_before_it_came_back_goes_on_at_once() -> None:
    server = Distant(1)
    one = server.patience(60)
    before = one.times
    one.wait(AWAY, before)

    one.wait(AWAY, before)

    assert server.looks == 2


def test_a_server_that_is_there_after_all_is_no_event() -> None:
    server = Distant(0)

    server.patience(60).wait(AWAY, 0)

    assert (server.looks, server.events) == (1, [])


def test_a_server_that_stays_away_ends_it_for_all_and_for_ever() -> None:
    server = Distant(10**6)
    one = server.patience(0.5)

    with ThreadPoolExecutor(4) as pool:
        for waiting in [pool.submit(one.wait, AWAY, 0) for _ in range(4)]:
            assert waiting.exception() is AWAY
    looks = server.looks
    with pytest.raises(ServerAway):
        one.wait(AWAY, one.times)

    assert server.looks == looks
    assert server.events == ["waiting"]


def test_a_server_that_was_only_started_anew_is_not_left() -> None:
    server, asked = Distant(1), list[float]()

    def elsewhere(_: ServerError, waited: float) -> None:
        asked.append(waited)

    server.patience(60, elsewhere).wait(AWAY, 0)

    assert not asked
    assert server.events == ["waiting", "back"]


def test_a_server_that_stays_away_is_left_for_another_by_one_for_all() -> None:
    server, asked = Distant(10**6), list[float]()

    def elsewhere(_: ServerError, waited: float) -> None:
        asked.append(waited)

    one = server.patience(60, elsewhere)
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(one.wait, AWAY, 0) for _ in range(4)]:
            each.result()

    (waited,) = asked
    assert waited >= KEEP_SECONDS
    assert server.events == ["waiting"]
    assert one.times == 1


def test_where_no_other_goes_on_that_is_said_and_is_what_ends_it() -> None:
    server, nobody = Distant(10**6), ServerAway("Nobody goes on.", remedy="Wait.")

    def elsewhere(*_: object) -> ServerError:
        server.stop.set()
        return nobody

    server.patience(3600, elsewhere).wait(AWAY, 0)
    assert server.events == ["waiting", "waiting"]

    server.stop.clear()
    with pytest.raises(ServerAway, match="Nobody goes on"):
        server.patience(0.5, elsewhere).wait(AWAY, 0)


@pytest.mark.parametrize("error", [AWAY, REPLACED])
def test_whoever_waits_no_longer_leaves_at_once(error: ServerError) -> None:
    server = Distant(0, error)

    server.patience(0, lambda *_: None).wait(AWAY, 0)

    assert server.looks == 1


def test_what_does_not_pass_is_not_waited_for() -> None:
    server = Distant(1, REPLACED)

    with pytest.raises(ModelReplaced):
        server.patience(60).wait(AWAY, 0)

    assert server.looks == 2


def test_a_run_that_is_stopped_waits_no_more_and_nothing_failed() -> None:
    server = Distant(10**6)
    one = server.patience(3600)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(one.wait, AWAY, 0) for _ in range(4)]
        server.looked.wait()
        server.stop.set()

        assert [each.exception() for each in waiting] == [None] * 4

    assert server.events == ["waiting"]


def test_a_run_that_was_stopped_cures_nothing() -> None:
    server = Distant(0)
    server.stop.set()
    cures: list[str] = []

    server.patience(60).mend(AWAY, 0, lambda: cures.append("loaded again"))

    assert not cures


def test_a_cure_is_tried_by_one_for_all() -> None:
    server = Distant(0)
    one, cures = server.patience(60), list[str]()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(one.mend, AWAY, 0, lambda: cures.append("")) for _ in range(4)]:
            each.result()

    assert len(cures) == 1


def test_pauses_double_up_to_ten_seconds_and_differ_between_clients() -> None:
    def some() -> Iterator[float]:
        return itertools.islice(patience.pauses(), 9)

    for pause, due in zip(some(), [0.25, 0.5, 1, 2, 4, 8, 10, 10, 10], strict=True):
        assert 0.75 * due <= pause <= 1.25 * due
    assert list(some()) != list(some())


@pytest.mark.parametrize(
    ("error", "passes"), [(AWAY, True), (ServerNotReady("", remedy=""), True), (REPLACED, False)]
)
def test_another_model_does_not_pass(error: ServerError, passes: bool) -> None:
    assert patience.passes(error) is passes
