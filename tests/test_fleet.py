"""A fleet: a run goes to the best server, and on to another of the same model when it is lost."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fleets import Stood, other_port, site, stood, until
from hypothesis import given, settings, strategies
from midway import at, at_frame, count, differing, met, of
from proxy import Proxy
from samples import AtOnce, claimed, plate

from answerprint import ask, backlog, begin, estimate, medium, record, takes, workitem
from answerprint.ask import Asker
from answerprint.course import Course
from answerprint.errors import ModelReplaced, ServerAway, ServerNotReady
from answerprint.estimate import Measure
from answerprint.fleet import Fleet, Post, draining, pick
from answerprint.health import Health
from answerprint.journal import Event
from answerprint.muster import Seen, muster, ranked, why
from answerprint.outcome import Tally
from answerprint.shelf import Shelf
from answerprint.takes import Item, Take
from answerprint.triton import OVER_GRPC, SHARED, Answer, Server

# one frame at the server at a time, and few beyond: when the nth is told, n + 3 at most are in work
SLOW: dict[str, Any] = {"readers": 1, "in_flight": 1, "writers": 1}
COUNT = 6
READY = frozenset({"slow"})


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stood, Stood, Stood]]:
    """Near and far have the same model of 'slow'; the odd one has another of the same version."""
    with stood(tmp_path_factory.mktemp("fleet")) as found:
        yield found


@pytest.fixture
def near(servers: tuple[Stood, Stood, Stood]) -> Stood:
    """The nearest one; tests lose it."""
    servers[0].be_there()
    return servers[0]


@pytest.fixture
def far(servers: tuple[Stood, Stood, Stood]) -> Stood:
    return servers[1]


@pytest.fixture
def odd(servers: tuple[Stood, Stood, Stood]) -> Stood:
    return servers[2]


def begun_at(first: Stood | Proxy, *others: Stood, way: str = "auto") -> Fleet:
    """A fleet that begins at the first, however busy this machine is: the others are drained then."""
    drained = {one.address: "not yet" for one in others}
    servers = [one.address for one in (first, *others)]
    fleet = Fleet(servers, way, draining=lambda: drained, task="slow")
    drained.clear()
    return fleet


def hosts(take: Take, home: Path) -> set[str]:
    """Who made its frames, as their records say; all must be of one version and one model."""
    found = (record.extract(medium.read(file)) for file in take.frames().values())
    made = [one for one in found if one]
    assert len(made) == len(take.frames())
    assert len({(one.model["served_as"], one.model["sha256"]) for one in made}) == 1
    return {one.server["host"] for one in made}


@pytest.mark.parametrize(
    ("way", "how"),
    [(SHARED, signal.SIGKILL), (OVER_GRPC, signal.SIGTERM)],
)
def test_a_run_that_loses_its_server_goes_on_at_another_and_no_frame_is_lost(
    way: str, how: signal.Signals, near: Stood, far: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    with begun_at(near, odd, far, way=way) as fleet:
        take = claimed(fleet, tmp_path, path, task="slow")
        events = met(fleet, take, home, at_frame(1, lambda: near.end(how)), **SLOW)

    assert count(events, "moved", "failed", "back") == [1, 0, 0]
    (moved,) = of(events, "moved")
    assert (moved["from"], moved["to"]) == (near.address, far.address)
    assert events[0]["server"] == "127.0.0.1"
    assert _told(events) == (
        "127.0.0.1, localhost",
        [f"It went on at {far.address}: {moved['why']}"],
    )
    assert take.state() == "complete"
    assert len(take.frames()) == COUNT
    assert not differing(take, path, home)
    assert hosts(take, home) == {"127.0.0.1", "localhost"}


def _told(events: list[Event]) -> tuple[str, list[str]]:
    """The servers that the run's outcome names, and what its list of jobs says of that."""
    tally, course = Tally(), Course()
    for event in events:
        tally.see(event)
        course.take_in(json.dumps(event).encode())
    assert (course.damaged, course.waiting) == (0, None)
    return tally.facts(0)["server"], [note for note in course.notes if "went on" in note]


def test_where_nobody_else_has_the_model_the_lost_server_is_waited_for(
    near: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    with Proxy(near.address) as way, begun_at(way, odd) as fleet:
        lose, find = at_frame(1, way.shut), at("waiting", way.open, 2)
        take = claimed(fleet, tmp_path, path, task="slow")
        events = met(fleet, take, home, lambda event: (lose(event), find(event)), **SLOW)

    assert count(events, "waiting", "back", "moved", "failed") == [2, 1, 0, 0]
    assert odd.address in of(events, "waiting")[1]["problem"]
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_fleet_of_one_is_a_server_like_any_other(
    far: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    with Server(far.address) as server:
        take = claimed(server, tmp_path, plate(tmp_path / "p", 1), task="slow")
    resolved, told = takes.reopen(take), list[str]()

    with begun_at(odd) as fleet:
        post = Post(resolved, fleet, farm=False, use=lambda _: None, tell=lambda *_, **__: None)
        assert post.elsewhere is None
        with pytest.raises(ModelReplaced, match=rf"^The model of slow on {odd.address} is not"):
            met(fleet, take, home, lambda event: told.append(event["event"]))

    assert not told


def test_a_take_that_was_begun_elsewhere_goes_to_the_server_with_its_model(
    far: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    with Server(far.address) as server:
        take = claimed(server, tmp_path, plate(tmp_path / "p", 2), task="slow")

    with begun_at(odd, far) as fleet:
        assert fleet.address == odd.address
        resolved = takes.reopen(take)
        measure = Measure(resolved, tmp_path)
        met(fleet, take, home, measure.see)

    assert take.state() == "complete"
    assert hosts(take, home) == {"localhost"}
    bases = [estimate.of(resolved, one.address, tmp_path).basis for one in (odd, far)]
    assert bases == ["guess", "measured"]


def test_a_version_that_one_server_lacks_is_had_from_another(
    near: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    """As while a new version is being brought to all of them."""
    with begun_at(near, odd) as fleet:
        assert fleet.address == near.address
        take = claimed(fleet, tmp_path, plate(tmp_path / "p", 2), version="2")
        met(fleet, take, home)

    assert fleet.address == odd.address
    assert "has no version 2" in take.events()[0]["notes"][-1]
    assert take.state() == "complete"


class Moving(Fleet):
    """A fleet that goes on elsewhere after the first answer, as when another thread met a loss."""

    def infer(self, *words: Any, **named: Any) -> Answer:
        answer = super().infer(*words, **named)
        if self.address == self.addresses[0]:
            self.move(self.addresses[1])
        return answer


def test_a_frame_of_which_some_is_made_elsewhere_is_asked_for_anew(
    near: Stood, far: Stood, tmp_path: Path
) -> None:
    with Moving([near.address, far.address]) as fleet:
        fleet.move(near.address)  # whichever was picked
        take = claimed(fleet, tmp_path, plate(tmp_path / "p", 1), task="slow")
        resolved = takes.reopen(take)
        offer, colours = begin.pinned(resolved, fleet), begin.colour_paths(resolved)
        asker = Asker(fleet, offer, resolved, colours, tile=4)
        found = workitem.read(resolved, Item(1001, ""), Shelf(workitem.files(resolved, 1001)))
        ask.encode(found, asker)
        wanted = resolved.settings(1001)

        with pytest.raises(ServerAway, match="in the middle of a frame"):
            ask.ask(found, asker, wanted, seed=None, request_id="test")

        answers = ask.ask(found, asker, wanted, seed=None, request_id="test")
        assert answers.served.address == far.address


def test_a_server_with_a_queue_is_passed_by(near: Stood, far: Stood) -> None:
    stop, image = threading.Event(), np.zeros((8, 8, 3), np.float32)
    notes = list[str]()
    with Server(near.address) as server, ThreadPoolExecutor(4) as others:
        offer = server.offer("slow")

        def asking() -> None:
            while not stop.is_set():
                server.infer(offer, {"pixels": image}, {}, request_id="other")

        def passed_by() -> bool:
            picked, note = _picked(near, far)
            notes.append(note)
            return picked == far.address

        asked = [others.submit(asking) for _ in range(4)]
        try:
            until(passed_by)
            until(lambda: (backlog.waiting(near.address) or 0) > 0)
        finally:
            stop.set()
        assert all(one.result() is None for one in asked)

    assert re.search(rf"{near.address} [1-9]\d* requests? there", notes[-1])
    until(lambda: _picked(near, far)[0] == near.address)


def _picked(*servers: Stood) -> tuple[str, str]:
    with Fleet([one.address for one in servers], task="slow") as fleet:
        return fleet.address, fleet.note


def test_a_drained_server_takes_nothing_new_and_a_run_that_is_there_stays(
    near: Stood, far: Stood, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 3)
    said = AtOnce(tmp_path)(
        "run", "--task", "slow", "--plate", path, "--name", "test", "--json",
        env={"ANSWERPRINT_SITE": str(site(tmp_path, [near.address, far.address],
                                          {near.address: "new driver"}))},
    )  # fmt: skip
    drained: dict[str, str] = {}
    with Fleet([near.address, far.address], draining=lambda: drained, task="slow") as fleet:
        fleet.move(near.address)  # whichever was picked
        take = claimed(fleet, tmp_path, path, task="slow")
        met(fleet, take, home, at_frame(1, lambda: drained.update({near.address: "new driver"})))

    assert said.code == 0
    assert said.documents[0]["server"] == "localhost"
    assert f"{near.address} draining: new driver" in " ".join(said.documents[0]["notes"])
    assert fleet.address == near.address
    assert hosts(take, home) == {"127.0.0.1"}


def test_a_run_goes_on_at_no_server_that_is_drained_or_has_another_model(
    near: Stood, far: Stood, odd: Stood, home: Path, tmp_path: Path
) -> None:
    with Proxy(near.address) as way:
        servers, drained = [way.address, odd.address, far.address], {far.address: "new driver"}
        with Fleet(servers, draining=lambda: drained, task="slow") as fleet:
            fleet.move(way.address)  # whichever was picked
            take = claimed(fleet, tmp_path, plate(tmp_path / "p", COUNT), task="slow")
            with pytest.raises(ServerAway) as caught:
                met(fleet, take, home, at_frame(1, way.shut), patience=0.5, **SLOW)

    assert f"{way.address}: No server answers" in caught.value.problem
    assert f"{odd.address}: The model of slow on" in caught.value.problem
    assert "not the one this take was begun with" in caught.value.problem
    assert f"{far.address}: draining: new driver" in caught.value.problem
    assert count(take.events(), "moved") == [0]
    assert hosts(take, home) == {"127.0.0.1"}


def test_a_server_that_is_slow_is_better_than_none(far: Stood) -> None:
    (one,) = muster([far.address], seconds=0.0)

    assert one.health.state == "connected"


def test_where_none_answers_the_error_names_them_all(tmp_path: Path) -> None:
    first, second = (f"127.0.0.1:{other_port()}" for _ in range(2))
    file = site(tmp_path, [first, second])

    said = AtOnce(tmp_path)(
        "run", "--task", "slow", "--plate", plate(tmp_path / "p", 1), "--json",
        env={"ANSWERPRINT_SITE": str(file)},
    )  # fmt: skip

    assert (said.code, said.last["error"]) == (4, "ServerAway")
    assert f"{first}: away: No server answers at {first}" in said.last["problem"]
    assert f"{second}: away" in said.last["problem"]

    checks = AtOnce(tmp_path)("doctor", "--json", env={"ANSWERPRINT_SITE": str(file)}).documents
    failed = [one["check"] for one in checks if not one["good"]]
    assert failed == [first, second, "server"]


def test_doctor_lists_every_server_and_status_means_the_one_that_is_picked(
    near: Stood, far: Stood, tmp_path: Path
) -> None:
    nobody = f"127.0.0.1:{other_port()}"
    file = site(tmp_path, [nobody, near.address, far.address], {near.address: "new driver"})
    env = {"ANSWERPRINT_SITE": str(file)}

    said = AtOnce(tmp_path)("doctor", "--json", env=env)
    status = AtOnce(tmp_path)("status", "--json", env=env)
    alone = AtOnce(tmp_path)("status", "--json", env={**env, "ANSWERPRINT_SERVER": near.address})

    listed = {one["server"]: one for one in said.documents if "server" in one}
    assert [listed[one]["state"] for one in listed] == ["away", "connected", "connected"]
    assert [one["good"] for one in listed.values()] == [False, True, True]
    assert [one["picked"] for one in listed.values()] == [False, False, True]
    assert listed[near.address]["draining"] == "new driver"
    assert {one["check"]: one["good"] for one in said.documents}["round trip"]
    assert status.last["server"]["address"] == far.address
    assert alone.last["server"]["address"] == near.address


def seen(address: str, busy: int | None = 0, ms: float = 1.0, **facts: Any) -> Seen:
    health = Health(facts.pop("state", "connected"), ms, busy, ready=facts.pop("ready", READY))
    return Seen(address, health, **facts)


def test_health_comes_first_then_draining_then_the_queue_then_nearness() -> None:
    found = [
        seen("lost", state="away"),
        seen("drained", draining="new driver"),
        seen("busy", 3),
        seen("queued", waiting=2),
        seen("distant", ms=900.0),
        seen("second", ms=2.0),
        seen("third"),
    ]

    order = [one.address for one in ranked(found)]

    assert order == ["second", "third", "distant", "queued", "busy"]
    assert pick(found).address == "second"
    assert why(found, "second") == (
        "second 0 requests there; lost away; drained draining: new driver; busy 3 requests there; "
        "queued 2 requests there; distant 0 requests there; third 0 requests there"
    )
    assert not why(found[4:], "distant")


def test_a_server_without_the_task_is_passed_by_unless_none_has_it() -> None:
    found = [seen("bare", ready=frozenset()), seen("full")]

    assert pick(found, "slow").address == "full"
    assert pick(found, "unknown").address == "bare"


def test_a_fleet_of_which_all_is_drained_takes_no_job() -> None:
    with pytest.raises(ServerNotReady, match=r"one: draining: new driver; two: away\.$"):
        pick([seen("one", draining="new driver"), seen("two", state="away")])


def test_a_rollout_that_is_broken_drains_as_the_last_good_one_and_stops_nobody(
    tmp_path: Path,
) -> None:
    folder, home = tmp_path / "rollout", tmp_path / "home"
    site(tmp_path, [], {"one:8001": "new driver", "two:8001": ""})
    assert draining(folder, home) == {"one:8001": "new driver"}

    (folder / "rollout.toml").write_text("servers = 1", encoding="utf-8")

    assert draining(folder, home) == {"one:8001": "new driver"}
    assert draining(folder, tmp_path / "another") == {}
    assert draining(tmp_path / "nothing", home) == draining(None, home) == {}


def test_a_page_of_metrics_is_counted_over_all_models() -> None:
    page = (
        f"# TYPE {backlog.PENDING} gauge\n"
        f'{backlog.PENDING}{{model="denoise",version="1"}} 3.000000\n'
        f'{backlog.PENDING}{{model="matte",version="1"}} 1\n'
        'nv_inference_count{model="matte",version="1"} 9\n'
    )

    assert backlog.counted(page) == 4
    assert backlog.counted("nv_inference_count 9\n") is None
    assert backlog.counted(f"{backlog.PENDING} 1e308\n" * 2) == 0


@settings(max_examples=50, deadline=None)
@given(strategies.lists(strategies.text().map(lambda text: f"{backlog.PENDING} {text}")))
def test_whatever_a_page_holds_is_a_number_or_nothing(lines: list[str]) -> None:
    found = backlog.counted("\n".join(lines))

    assert found is None or found >= 0
