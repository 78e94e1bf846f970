"""A lane for the farm: a single frame does not wait behind the frames of runs of many."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from command import Answerprint
from google.protobuf import text_format
from samples import AtOnce, claimed, own_models, plate, server_here, stand_in
from tritonclient.grpc import model_config_pb2

from answerprint import begin, exr, record, run, signing, takes
from answerprint.errors import NoSuchTask, SourceError
from answerprint.frames import FrameRange
from answerprint.journal import Event
from answerprint.offer import Offer, farm_lane
from answerprint.run import Bounds
from answerprint.takes import Take, reopen
from answerprint.triton import Server
from answerprint_server import embedded, lanes, launch, pbtxt, ports, repository
from answerprint_server.lanes import Plan

STAND_IN = Path(__file__).parents[1] / "server" / "bench" / "standin"

# says which of the two models it is and whether the frame is bright, as it begins with it, and
# in another file when it begins and when it has done
LOGS = """
import time
def say(name, line):
    with (HERE / name).open("a") as log:
        log.write(f"{line}\\n")
say("order.log", f"{HERE.parent.name} {'bright' if image.max() > 5 else 'dark'}")
say("work.log", 1)
time.sleep(0.05)
say("work.log", -1)
made = image
"""
BRIGHT = np.full((8, 8, 3), 9, np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = own_models(tmp_path_factory.mktemp("lanes") / "models", ["passthrough"])
    stand_in(folder, "queue", LOGS)
    return folder


@contextlib.contextmanager
def served(folder: Path, models: Path, plan: Plan) -> Iterator[embedded.Running]:
    """A server with this plan, for a user of its own."""
    beside = folder / "server"
    with lanes.laid(models, beside, plan) as laid, server_here(folder, laid) as state:
        yield state


@pytest.fixture(scope="module")
def laned(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[embedded.Running]:
    with served(tmp_path_factory.mktemp("laned"), models, Plan(farm=True)) as state:
        yield state


@pytest.fixture
def server(laned: embedded.Running) -> Iterator[Server]:
    with Server(laned.address) as connected:
        yield connected


def executed(models: Path) -> list[str]:
    """Every execution so far, in their order: 'queue-farm dark'."""
    log = models / "queue" / "1" / "order.log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def most_at_once(models: Path) -> int:
    """How many executions were in work at the same time, at most, since the file was removed."""
    log = models / "queue" / "1" / "work.log"
    return max(itertools.accumulate(map(int, log.read_text(encoding="utf-8").split())))


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def job(server: Server, folder: Path, count: int) -> Take:
    """A take of a plate of noise; no frame is copied from another."""
    path = plate(folder / "p", count)
    return claimed(server, folder / "out", path, task="queue", reuse=False)


def carried_out(
    server: Server, take: Take, home: Path, frames: FrameRange | None = None, **bounds: Any
) -> list[Event]:
    events = run.run(
        takes.reopen(take),
        take,
        server=server,
        signer=signing.own_signer(home),
        trusted=signing.trusted_keys([home / "trust"]),
        bounds=Bounds(**bounds),
        part=frames,
    )
    return list(events)


def pending(state: embedded.Running) -> int:
    """Requests for the task that wait at the server."""
    said = requests.get(f"http://127.0.0.1:{state.metrics}/metrics", timeout=5).text
    found = re.findall(
        r'^nv_inference_pending_request_count{model="queue.* (\d+)', said, re.MULTILINE
    )
    return sum(map(int, found))


def overtaken_by(
    state: embedded.Running, models: Path, queue: int, takes: list[Take], home: Path, **bounds: Any
) -> int:
    """How many frames of these runs are begun after a single frame was sent, and before it.

    It is sent when so many requests wait at the server.
    """
    with Server(state.address) as server, ThreadPoolExecutor(len(takes)) as pool:
        runs = [pool.submit(carried_out, server, take, home, **bounds) for take in takes]
        until(lambda: pending(state) >= queue)
        resolved = reopen(takes[0])
        before = len(executed(models))
        offer = begin.pinned(resolved, server)
        server.infer(offer, {"pixels": BRIGHT}, {}, request_id="single")
        order = executed(models)[before:]
        assert order.count("queue bright") == 1
        assert not any(one.done() for one in runs)
        for one in runs:
            one.result()
    assert {take.state() for take in takes} == {"complete"}
    return order.index("queue bright")


def test_a_single_frame_goes_before_the_queue_of_the_farm(
    laned: embedded.Running, server: Server, models: Path, home: Path, tmp_path: Path
) -> None:
    takes = [job(server, tmp_path / f"{number}", 25) for number in range(3)]
    (models / "queue" / "1" / "work.log").unlink(missing_ok=True)

    assert overtaken_by(laned, models, 3, takes, home) <= 2

    assert most_at_once(models) == 1  # two models, and one device all the same


def test_without_a_lane_it_waits_for_all_that_came_before(
    models: Path, home: Path, tmp_path: Path
) -> None:
    with served(tmp_path / "home", models, Plan()) as state:
        with Server(state.address) as server:
            takes = [job(server, tmp_path, 60)]

        assert overtaken_by(state, models, 12, takes, home, in_flight=16) >= 10


def test_with_a_lane_it_does_not_however_many_they_are(
    laned: embedded.Running, server: Server, models: Path, home: Path, tmp_path: Path
) -> None:
    takes = [job(server, tmp_path, 60)]

    assert overtaken_by(laned, models, 12, takes, home, in_flight=16) <= 2


@pytest.mark.parametrize(
    ("count", "frames", "used"),
    [(1, None, "queue"), (2, None, "queue-farm"), (2, FrameRange.parse("1002"), "queue-farm")],
    ids=["a single frame", "many", "a part of a shared take"],
)
def test_what_is_asked_of_which_model(
    server: Server, models: Path, home: Path, tmp_path: Path, *,
    count: int, frames: FrameRange | None, used: str,
) -> None:  # fmt: skip
    take, before = job(server, tmp_path, count), len(executed(models))

    carried_out(server, take, home, frames)

    assert {line.split()[0] for line in executed(models)[before:]} == {used}


def test_a_record_is_the_same_whichever_lane_made_it(
    server: Server, home: Path, tmp_path: Path
) -> None:
    alone, many = job(server, tmp_path / "1", 1), job(server, tmp_path / "2", 2)
    carried_out(server, alone, home)
    carried_out(server, many, home)

    one, other = (_record(take, home) for take in (alone, many))

    assert one.model["task"] == "queue"
    assert (one.work, one.model, one.pixels) == (other.work, other.model, other.pixels)
    assert one.server | {"model_seconds": ""} == other.server | {"model_seconds": ""}
    assert "farm" not in other.model_dump_json()


def _record(take: Take, home: Path) -> record.Record:
    keys = signing.trusted_keys([home / "trust"])
    found = record.verify(exr.read(take.file(1001)), keys).record
    assert found is not None
    return found


def test_another_model_in_the_lane_is_not_used(server: Server) -> None:
    offers = {one.name: one for one in server.offers()}
    plain, farm = offers["queue"], offers["queue-farm"]
    assert farm_lane(plain, offers.values()) == farm
    contract = plain.usable()
    other = contract.model_copy(
        update={"model": contract.model.model_copy(update={"version": "2"})}
    )

    for wrong in (
        Offer(farm.name, farm.version, other),
        Offer(farm.name, "2", contract),
        Offer(farm.name, farm.version, None, "it is unavailable."),
    ):
        assert farm_lane(plain, [plain, wrong]) == plain


def test_a_run_goes_on_with_the_task_itself_when_its_lane_is_unloaded(
    models: Path, home: Path, tmp_path: Path
) -> None:
    with (
        served(tmp_path / "home", models, Plan(farm=True)) as state,
        Server(state.address) as server,
        in_work(server, models, home, tmp_path) as (take, running, order),
    ):
        unload = f"http://127.0.0.1:{state.http}/v2/repository/models/queue-farm/unload"
        requests.post(unload, timeout=30).raise_for_status()

        _went_on(take, running.result(), order())


def test_a_run_goes_on_with_the_task_itself_when_the_server_comes_back_without_lanes(
    models: Path, home: Path, tmp_path: Path
) -> None:
    prefix, asked = f"answerprint_{os.getpid()}_0a1e5f_", _ports()
    with lanes.laid(models, tmp_path / "laid", Plan(farm=True)) as laid:
        first = launch.start(laid, tmp_path / "1.log", asked, prefix)
        until(lambda: launch.is_live(asked[0]))
        with (
            Server(f"127.0.0.1:{asked[1]}") as server,
            in_work(server, models, home, tmp_path) as (take, running, order),
        ):
            first.kill()
            first.wait()
            launch.clear(prefix)
            second = launch.start(models, tmp_path / "2.log", asked, prefix)
            try:
                _went_on(take, running.result(), order())
            finally:
                second.kill()
                second.wait()
                launch.clear(prefix)


def _ports() -> tuple[int, int, int]:
    http, grpc, metrics = ports.free_ports(3)
    return http, grpc, metrics


@contextlib.contextmanager
def in_work(
    server: Server, models: Path, home: Path, folder: Path
) -> Iterator[tuple[Take, Future[list[Event]], Callable[[], list[str]]]]:
    """A run of 30 frames of which some are done; its take, its end, and what was executed since."""
    take, before = job(server, folder, 30), len(executed(models))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(carried_out, server, take, home, patience=30)
        until(lambda: len(executed(models)) >= before + 3)
        yield take, running, lambda: executed(models)[before:]


def _went_on(take: Take, events: list[Event], order: list[str]) -> None:
    assert take.state() == "complete"
    assert not [event for event in events if event["event"] == "failed"]
    used = [line.split()[0] for line in order]
    assert used == sorted(used, reverse=True)  # the lane, and then the task itself
    assert set(used) == {"queue", "queue-farm"}


def test_the_command_line_lays_lanes_and_shows_tasks_alone(
    models: Path, answerprint: Answerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "own"))
    serve = ("serve", "--models", models, "--json")
    try:
        ready = answerprint(*serve, "--detach", "--farm-lane", "--instances", "2")
        at_once = AtOnce(tmp_path)
        tasks, doctor = at_once("tasks", "--json"), at_once("doctor", "--json")
        again = at_once(*serve, "--farm-lane", "--instances", "2")
        other = at_once(*serve, "--farm-lane")
        with Server(ready.last["address"]) as server:
            offers = {one.name: one.instances for one in server.offers()}
    finally:
        answerprint("serve", "--stop")

    assert ready.last["tasks"] == {"passthrough": "ready", "queue": "ready"}
    assert ready.last["farm_lane"] is True
    assert [one["task"] for one in tasks.documents] == ["passthrough", "queue"]
    assert "farm" not in doctor.out
    assert "passthrough, queue" in doctor.out
    assert again.last["address"] == ready.last["address"]
    assert (other.code, other.last["error"]) == (4, "ServerError")
    assert offers == dict.fromkeys(["passthrough", "passthrough-farm", "queue", "queue-farm"], 2)
    assert not list((tmp_path / "own" / "server").glob("lanes_*"))


def test_at_once_without_lanes_is_refused(tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("serve", "--at-once", "2", "--json")

    assert (said.code, said.last["error"]) == (2, "JobError")


def test_more_frames_at_once_may_be_allowed(models: Path, tmp_path: Path) -> None:
    with lanes.laid(models, tmp_path, Plan(farm=True, at_once=3)) as laid:
        assert "--rate-limit-resource=device:3" in lanes.arguments(laid)
    assert lanes.arguments(models) == []


def test_a_repository_of_a_process_that_is_gone_is_cleared_away(
    models: Path, tmp_path: Path
) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    gone = tmp_path / f"lanes_{child.pid}_1.00_abcdef"
    lanes.lay(models, gone, Plan(farm=True), place=lambda one, other: other.symlink_to(one))
    with (
        lanes.laid(models, tmp_path, Plan(farm=True)) as mine,
        lanes.laid(models, tmp_path, Plan()) as plain,
    ):
        assert mine.is_dir()
        assert plain == models
        assert not gone.exists()
    assert not mine.exists()
    assert (models / "queue" / "1" / "model.py").is_file()


def test_for_a_container_the_repository_holds_copies(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / "to"), "--models", str(models), "--at-once", "2"]

    assert lanes.main(words) == 0

    assert capsys.readouterr().out.split() == lanes.arguments(tmp_path / "to")
    assert not [path for path in (tmp_path / "to").rglob("*") if path.is_symlink()]
    assert (tmp_path / "to" / "queue-farm" / "1" / "model.py").is_file()
    assert lanes.main(words) == SourceError.exit_code


def test_a_model_with_a_rate_limiter_of_its_own_is_refused_a_lane(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    config = models / "passthrough" / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("count: 1", "count: 1 rate_limiter { priority: 3 }"))

    with (
        pytest.raises(SourceError, match="passthrough has a rate limiter of its own"),
        lanes.laid(models, tmp_path / "laid", Plan(farm=True)),
    ):
        pass
    assert not list((tmp_path / "laid").glob("*"))


LIMITER = 'rate_limiter { resources [ { name: "device" global: true } ] priority: 10 }'

CONFIGS = {
    "none": ('backend: "python"', [0]),
    "a list": ("instance_group [ { kind: KIND_CPU count: 1 } ]", [1]),
    "with a colon": ("instance_group: [ { kind: KIND_CPU }, { count: 2 kind: KIND_GPU } ]", [0, 2]),
    "one by one": ("instance_group { count: 2 }\ninstance_group { gpus: [ 0, 1 ] }", [2, 0]),
    "something inside": (
        'instance_group [ { secondary_devices [ { device_id: 1 } ] profile: "a" count: 4 } ]',
        [4],
    ),
    "in a text": (
        r"""parameters { key: "a" value { string_value: "instance_group [ { \" count: 7 } ]" } }
        instance_group [ { count: 3 } ]  # instance_group [ { count: 9 } ]""",
        [3],
    ),
}


def parsed(config: str) -> Any:
    return text_format.Parse(config, model_config_pb2.ModelConfig())


@pytest.mark.parametrize(("config", "counts"), CONFIGS.values(), ids=CONFIGS)
def test_each_instance_group_gets_its_limiter_and_all_else_stays(
    config: str, counts: list[int]
) -> None:
    before, made = parsed(config), parsed(pbtxt.with_groups(config, LIMITER))
    numbered = parsed(pbtxt.with_groups(config, LIMITER, count=5))

    assert [one.count for one in made.instance_group] == counts
    assert [one.count for one in numbered.instance_group] == [5] * len(counts)
    for one in (*made.instance_group, *numbered.instance_group):
        assert one.rate_limiter.priority == 10
        one.ClearField("rate_limiter")
    if before.instance_group:
        assert made == before
    for one in (before, numbered):
        one.ClearField("instance_group")
    assert numbered == before


def test_a_name_in_a_configuration_does_not_hinder_the_second_model() -> None:
    config = 'name: "queue"\ninput [ { name: "pixels" } ]  # name: "x"\n'

    assert parsed(pbtxt.without(config, "name")) == parsed('input [ { name: "pixels" } ]')
    assert pbtxt.is_ensemble('ensemble_scheduling { step [ { model_name: "a" } ] }')
    assert not pbtxt.is_ensemble('parameters { key: "ensemble_scheduling" }')


def stalls(config: Any) -> bool:
    """Whether Triton may let its requests lie for half a second (facts of Triton, section 3)."""
    batching = config.dynamic_batching
    policed = (
        batching.priority_levels
        or batching.HasField("default_queue_policy")
        or batching.priority_queue_policy
    )
    count = sum(max(1, one.count) for one in config.instance_group) or 1
    return bool(policed) and count == 1


def test_no_model_of_one_instance_has_priorities_or_a_queue_policy(tmp_path: Path) -> None:
    """A lost notification in Triton's queue would cost it 500 ms, time and again."""
    with lanes.laid(repository.models_folder(), tmp_path, Plan(farm=True, instances=1)) as laid:
        folders = [*repository.models(laid), *repository.models(repository.models_folder())]
        configs = [one / "config.pbtxt" for one in (*folders, STAND_IN)]
        found = {path: parsed(path.read_text(encoding="utf-8")) for path in configs}

    assert len(found) == 3 * len(repository.models(repository.models_folder())) + 1
    assert not [path for path, config in found.items() if stalls(config)]
    for bad in ("priority_levels: 2", "default_queue_policy { max_queue_size: 50 }"):
        assert stalls(parsed(f"dynamic_batching {{ {bad} }}"))


def test_a_task_that_is_not_there_is_answered_with_tasks_alone(server: Server) -> None:
    with pytest.raises(NoSuchTask, match="Did you mean 'queue'") as caught:
        server.offer("queue-far")

    assert "queue" in caught.value.remedy
    assert "farm" not in caught.value.problem.replace("queue-far'", "") + caught.value.remedy
