"""A server that dies, is restarted, or changes its models in mid-job: said once, and no frame is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests
from command import Answerprint
from midway import at, at_frame, count, differing, met, of
from processes import rings
from samples import (
    add_model,
    add_version,
    claimed,
    drowsy,
    ended,
    finish,
    own_models,
    own_server,
    plate,
    stand_in,
    until,
)

from answerprint.errors import ModelReplaced, ServerNotReady
from answerprint.takes import Take
from answerprint.triton import OVER_GRPC, SHARED, Server
from answerprint_server import embedded, repository

COUNT = 10
NAN = "made = np.where(image > 2, np.float32(np.nan), image)"
HANGING = "import time\n(HERE / 'asked').touch()\nwhile (HERE / 'hang').exists():\n    time.sleep(0.05)\nmade = image"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """A supervised server; its task 'slow' naps a tenth of a second over each frame."""
    folder = tmp_path_factory.mktemp("served")
    models = own_models(folder / "models", ["passthrough"])
    add_model(models, "slow", drowsy)
    stand_in(models, "nan", NAN)
    stand_in(models, "hanging", HANGING)
    with own_server(folder / "home", models) as state:
        yield state


@pytest.fixture
def server(served: embedded.Running) -> Iterator[Server]:
    with Server(served.address) as connected:
        yield connected


def now(served: embedded.Running) -> embedded.Running:
    """Its state as it is by now."""
    found = embedded.running(Path(served.log).parents[1])
    assert found
    return found


def end(served: embedded.Running, how: signal.Signals) -> None:
    os.kill(now(served).triton, how)


def ask(served: embedded.Running, task: str, what: str) -> None:
    """Have the server 'load' or 'unload' a model."""
    url = f"http://127.0.0.1:{served.http}/v2/repository/models/{task}/{what}"
    assert requests.post(url, timeout=30).ok


@pytest.fixture
def own(served: embedded.Running, request: pytest.FixtureRequest) -> Iterator[str]:
    """A task like 'slow' that a test may do with as it likes."""
    task = "own"
    models = Path(served.models)
    add_model(models, task, drowsy)
    ask(served, task, "load")
    yield task
    ask(served, task, "unload")
    shutil.rmtree(models / task)


def kill_server(served: embedded.Running) -> None:
    end(served, signal.SIGKILL)


def kill_models_and_server(served: embedded.Running) -> None:
    for one in psutil.Process(now(served).triton).children(recursive=True):
        one.kill()
    kill_server(served)


@pytest.mark.parametrize(
    ("transport", "kill"), [(SHARED, kill_server), (OVER_GRPC, kill_models_and_server)]
)
def test_a_server_that_is_killed_in_mid_job_costs_no_frame_and_is_said_once(
    transport: str, kill: Callable[[embedded.Running], None], served: embedded.Running,
    home: Path, tmp_path: Path,
) -> None:  # fmt: skip
    path = plate(tmp_path / "p", COUNT)
    with Server(served.address, transport) as server:
        take = claimed(server, tmp_path, path, task="slow")
        events = met(server, take, home, at_frame(3, lambda: kill(served)))

    assert count(events, "waiting", "back", "failed") == [1, 1, 0]
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_server_that_is_restarted_in_order_costs_no_frame(
    served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task="slow")

    events = met(server, take, home, at_frame(3, lambda: end(served, signal.SIGTERM)))

    assert count(events, "waiting", "back", "failed") == [1, 1, 0]
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_model_that_is_unloaded_and_loaded_again_is_waited_for(
    own: str, served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task=own)
    unload, load = (
        at_frame(3, lambda: ask(served, own, "unload")),
        at("waiting", lambda: ask(served, own, "load")),
    )

    events = met(server, take, home, lambda event: (unload(event), load(event)))

    assert count(events, "waiting", "back", "failed") == [1, 1, 0]
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_model_that_is_unloaded_for_good_ends_the_run_and_says_so(
    own: str, served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task=own)

    with pytest.raises(ServerNotReady, match=f"Task {own} is on the server and cannot be used"):
        met(server, take, home, at_frame(3, lambda: ask(served, own, "unload")), patience=1.0)

    assert count(take.events(), "waiting", "back") == [1, 0]
    assert take.state() == "incomplete"
    assert 3 <= len(take.frames()) < COUNT
    ask(served, own, "load")
    met(server, take, home)
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_model_that_is_replaced_in_mid_job_makes_no_frame_of_the_take(
    own: str, served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task=own)
    folder = Path(served.models) / own
    shutil.copytree(folder, tmp_path / "old")

    def replace() -> None:
        with (folder / "1" / "model.py").open("a", encoding="utf-8") as program:
            program.write("\n# another one\n")
        repository.update(folder)
        ask(served, own, "load")

    with pytest.raises(ModelReplaced):
        met(server, take, home, at_frame(3, replace))
    kept = take.frames()
    with pytest.raises(ModelReplaced, match="is not the one this take was begun with"):
        met(server, take, home)

    assert take.frames() == kept
    assert 3 <= len(kept) < COUNT
    shutil.copytree(tmp_path / "old", folder, dirs_exist_ok=True)
    ask(served, own, "load")
    met(server, take, home)
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_version_that_appears_beside_the_pinned_one_changes_nothing(
    own: str, served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task=own)

    def add() -> None:
        add_version(Path(served.models), own, "2", "made = image * 2")
        ask(served, own, "load")

    events = met(server, take, home, at_frame(3, add))

    assert server.offer(own).version == "2"
    assert not of(events, "failed")
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_nan_that_a_model_makes_is_said_of_each_frame(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path, plate(tmp_path / "p", 2), task="nan")

    events = met(server, take, home)

    for event in of(events, "frame"):
        assert event["levels"]["pixels out"]["nan"] > 0
        assert [one for one in event["warnings"] if one.endswith("samples became NaN")]
    assert take.state() == "complete"


def begun(answerprint: Answerprint, task: str, path: Path, address: str) -> subprocess.Popen[str]:
    words = ("--task", task, "--plate", path, "--name", "test", "--server", address, "--json")
    return answerprint.start("run", *words)


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """The take that a test's run will be."""
    return Take(tmp_path / "takes" / "test" / "v001")


def test_server_and_client_that_are_both_killed_leave_a_take_that_goes_on(
    take: Take, served: embedded.Running, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    process = begun(answerprint, "slow", plate(tmp_path, COUNT), served.address)
    until(process, "frame", 2)

    before = now(served)
    os.kill(before.triton, signal.SIGKILL)
    process.kill()
    ended(process)
    until_back(served, before)

    assert take.state() == "stalled"
    finish(answerprint, take, home, served.address)


def until_back(served: embedded.Running, before: embedded.Running) -> None:
    while now(served).triton == before.triton or not embedded.is_live(now(served)):
        time.sleep(0.05)


def test_a_run_that_waits_for_its_server_is_cancelled_at_once(
    own: str, take: Take, served: embedded.Running, home: Path, tmp_path: Path,
    answerprint: Answerprint,
) -> None:  # fmt: skip
    process = begun(answerprint, own, plate(tmp_path, COUNT), served.address)
    until(process, "frame", 2)
    slots = rings(process)
    ask(served, own, "unload")
    until(process, "waiting")

    process.send_signal(signal.SIGTERM)
    code, said = ended(process)

    assert (code, said[-1]["problem"]) == (130, "Interrupted.")
    assert count(take.events(), "waiting", "back", "failed") == [1, 0, 0]
    assert take.events()[-1]["state"] == "cancelled"
    assert slots
    assert not [slot for slot in slots if slot.exists()]
    ask(served, own, "load")
    finish(answerprint, take, home, served.address)


def test_a_run_whose_model_hangs_is_cancelled_after_a_grace_and_leaves_the_model_alone(
    take: Take, served: embedded.Running, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """A model that only is slow has others' work in it: who leaves does not load it again."""
    hang = Path(served.models) / "hanging" / "1" / "hang"
    hang.touch()
    process = begun(answerprint, "hanging", plate(tmp_path, 3), served.address)
    until(process, "started")
    asked(hang.with_name("asked"))
    slots = rings(process)

    process.send_signal(signal.SIGINT)
    code, _ = ended(process)
    hang.unlink()

    assert code == 130
    assert slots
    assert not [slot for slot in slots if slot.exists()]
    assert count(take.events(), "retry", "waiting", "reloaded", "failed") == [0, 0, 0, 0]
    assert take.events()[-1]["state"] == "cancelled"
    finish(answerprint, take, home, served.address)


def asked(file: Path) -> None:
    while not file.exists():
        time.sleep(0.02)


def test_of_two_that_resume_a_take_at_once_one_does_it_and_the_other_says_so(
    server: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    path = plate(tmp_path / "p", COUNT)
    take = claimed(server, tmp_path, path, task="slow")
    words = ("run", "--resume", take.folder, "--server", server.address, "--json")

    both = [ended(one) for one in [answerprint.start(*words) for _ in range(2)]]

    (done,) = (said for code, said in both if code == 0)
    (told,) = (said for code, said in both if code == 5)
    assert done[-1]["state"] == "complete"
    assert [one["error"] for one in told] == ["TakeBusy"]
    assert len(of(take.events(), "frame")) == COUNT
    assert not differing(take, path, home)
