"""A failure costs one frame's time, never a frame: what can pass is waited for, what died is loaded
again, what hangs is recognised, and a frame that fails in itself fails alone.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from midway import met, of
from samples import claimed, noise, own_models, own_server, plate, save, stand_in

from answerprint.errors import ModelDied, ServerError, ServerRefused
from answerprint.patience import Patience
from answerprint.persistence import Persistence
from answerprint.triton import Server
from answerprint.window import Window
from answerprint_server import embedded, launch, ports, wheel

BRIGHT = 9  # a frame as bright as this is trouble

TROUBLES = {
    # kills its process on a bright frame, each time
    "deadly": f"import os, signal\nif image.max() > {BRIGHT}:\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\nmade = image",
    # and this one only as long as the file beside it says so
    "moody": f"import os, signal\nonce = HERE / 'once'\nif image.max() > {BRIGHT} and once.exists():\n"
    "    once.unlink()\n    os.kill(os.getpid(), signal.SIGKILL)\nmade = image",
    "hanging": f"import time\nonce = HERE / 'once'\nif image.max() > {BRIGHT} and once.exists():\n"
    "    once.unlink()\n    time.sleep(10**6)\nmade = image",
    "napping": "import time\ntime.sleep(0.1)\nmade = image",
    "raising": f"if image.max() > {BRIGHT}:\n    raise ValueError('too bright')\nmade = image",
    "wrong": f"made = image[1:] if image.max() > {BRIGHT} else image",
    "nothing": f"made = image[:0] if image.max() > {BRIGHT} else image",
    "hungry": "import resource\nfree = 200 << 20\n"
    f"if image.max() > {BRIGHT}:\n"
    "    used = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
    "    before = resource.getrlimit(resource.RLIMIT_AS)\n"
    "    resource.setrlimit(resource.RLIMIT_AS, (used + free, before[1]))\n"
    "    try:\n        np.ones(10**10)\n"
    "    finally:\n        resource.setrlimit(resource.RLIMIT_AS, before)\n"
    "made = image",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """A server with models that have each their own trouble with bright frames."""
    folder = tmp_path_factory.mktemp("trouble")
    models = own_models(folder / "models", ["passthrough"])
    for task, program in TROUBLES.items():
        stand_in(models, task, program)
    with own_server(folder / "home", models) as state:
        yield state


@pytest.fixture
def server(served: embedded.Running) -> Iterator[Server]:
    with Server(served.address) as connected:
        yield connected


def bright(folder: Path, count: int, *numbers: int) -> Path:
    """A plate of `count` frames of noise; these have a sample that is too bright."""
    path = plate(folder, count)
    for number in numbers:
        channels = noise(number)
        channels["R"][0, 0] = BRIGHT + 1
        save(folder / f"bg.{number}.exr", channels)
    return path


def once(served: embedded.Running, task: str) -> None:
    (Path(served.models) / task / "1" / "once").touch()


def stubs(served: embedded.Running, task: str) -> list[psutil.Process]:
    """The processes of one model."""
    path = (Path(served.models) / task).as_posix()
    return [
        one
        for one in psutil.Process(served.triton).children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE and any(path in word for word in one.cmdline())
    ]


def test_a_model_whose_process_is_killed_is_loaded_again_and_no_frame_is_lost(
    served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    once(served, "moody")
    take = claimed(server, tmp_path, bright(tmp_path / "p", 8, 1004), task="moody")

    events = met(server, take, home)

    assert take.state() == "complete"
    assert len(of(events, "reloaded")) == 1
    assert not of(events, "failed")


def test_a_model_that_was_dead_before_is_loaded_again(
    served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    killed = stubs(served, "raising")
    for one in killed:
        one.kill()
    take = claimed(server, tmp_path, plate(tmp_path / "p", 3), task="raising")

    events = met(server, take, home)

    assert killed
    assert take.state() == "complete"
    assert len(of(events, "reloaded")) == 1


def test_a_frame_that_kills_the_model_each_time_fails_alone(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path, bright(tmp_path / "p", 8, 1004), task="deadly")

    events = met(server, take, home)

    assert [event["frame"] for event in of(events, "failed")] == [1004]
    assert "3 times with this frame" in of(events, "failed")[0]["problem"]
    assert sorted(take.frames()) == [1001, 1002, 1003, 1005, 1006, 1007, 1008]
    assert events[-1]["state"] == "incomplete"


def test_a_model_that_hangs_is_recognised_and_the_frame_is_done_after_all(
    served: embedded.Running, server: Server, home: Path, tmp_path: Path
) -> None:
    once(served, "hanging")
    take = claimed(server, tmp_path, bright(tmp_path / "p", 5, 1002), task="hanging")

    events = met(server, take, home, deadline=2.0)

    assert take.state() == "complete"
    assert of(events, "retry")[0]["error"] == "ModelHangs"
    assert not of(events, "failed")


@pytest.mark.parametrize(
    ("task", "said"),
    [("raising", "too bright"), ("wrong", "was due"), ("nothing", "returned no image")],
)
def test_a_frame_that_the_model_fails_on_is_asked_for_once(
    server: Server, home: Path, tmp_path: Path, task: str, said: str
) -> None:
    take = claimed(server, tmp_path, bright(tmp_path / "p", 4, 1002), task=task)

    events = met(server, take, home)

    assert [event["frame"] for event in of(events, "failed")] == [1002]
    assert said in of(events, "failed")[0]["problem"]
    assert not of(events, "retry")
    assert sorted(take.frames()) == [1001, 1003, 1004]


def test_a_frame_that_is_too_large_for_memory_is_tried_again_and_fails_alone(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path, bright(tmp_path / "p", 4, 1002), task="hungry")

    events = met(server, take, home)

    assert [event["error"] for event in of(events, "failed")] == ["ServerOutOfMemory"]
    assert len(of(events, "retry")) == 2
    assert sorted(take.frames()) == [1001, 1003, 1004]


def test_frames_that_all_fail_alike_end_the_run_once(
    server: Server, home: Path, tmp_path: Path
) -> None:
    numbers = range(1001, 1051)
    take = claimed(server, tmp_path, bright(tmp_path / "p", 50, *numbers), task="raising")

    with pytest.raises(Exception, match="25 frames in a row failed") as caught:
        met(server, take, home)

    assert "too bright" in str(caught.value)
    assert len([one for one in take.events() if one["event"] == "failed"]) < 40


def test_a_queue_that_is_longer_than_the_deadline_is_waited_for(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path, plate(tmp_path / "p", 3), task="napping")
    offer = server.offer("napping")
    image = np.zeros((8, 8, 3), np.float32)

    with ThreadPoolExecutor(30) as others:
        asked = [
            others.submit(server.infer, offer, {"pixels": image}, {}, request_id="other")
            for _ in range(30)
        ]
        events = met(server, take, home, deadline=0.5)
        assert all(one.result().images for one in asked)

    assert take.state() == "complete"
    assert [event["event"] for event in events].count("retry") == 0


@contextmanager
def closed_to_loading(folder: Path, models: Path) -> Iterator[tuple[str, int]]:
    """A server on which nobody may load a model: address and process."""
    folder.mkdir()
    found, http, grpc, metrics = wheel.binary(), *ports.free_ports(3)
    prefix = f"answerprint_{os.getpid()}_c105ed_"
    words = launch.command(
        models.as_posix(), wheel.backends(folder), found.caches, (http, grpc, metrics), prefix
    )
    words = [one for one in words if not one.startswith("--load-model")]
    words = [one.replace("=explicit", "=none") for one in words]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(found.program), *words], env=found.environment(), stdout=log, stderr=log
        )
    try:
        while not launch.is_live(http):
            assert process.poll() is None
        yield f"127.0.0.1:{grpc}", process.pid
    finally:
        process.kill()  # not in order: it would wait ten seconds for the model that is dead
        process.wait()
        launch.clear(prefix)


def test_a_dead_model_that_nobody_may_load_again_is_waited_for_and_then_said(
    home: Path, tmp_path: Path
) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    with (
        closed_to_loading(tmp_path / "server", models) as (address, process),
        Server(address) as server,
    ):
        take = claimed(server, tmp_path, plate(tmp_path / "p", 3))
        for one in psutil.Process(process).children(recursive=True):
            one.kill()

        with pytest.raises(ServerRefused, match="lets nobody load passthrough"):
            met(server, take, home, patience=0.5)

    told = [event["event"] for event in take.events()]
    assert told.count("waiting") == 1
    assert "reloaded" not in told


class Closed(Server):
    """A server on which nobody may load a model."""

    def reload(self, name: str, seen: str) -> None:
        raise ServerRefused(f"It lets nobody load {name}.", remedy="Tell the pipeline team.")


def test_a_model_that_is_dead_at_the_next_server_as_well_is_waited_for_there(address: str) -> None:
    """Else the run would go to and fro, and each frame fail for what is none of its fault."""
    stop, told, left, asked = threading.Event(), list[str](), list[ServerError](), list[int]()

    def tell(event: str, **_: object) -> None:
        told.append(event)

    def once() -> str:
        asked.append(1)
        if len(asked) < 4:
            raise ModelDied("Its process has died.", remedy="Load it again.")
        return "frame"

    with Closed(address) as server:
        patient = Patience(60, lambda: None, tell, stop)
        elsewhere = lambda error, _: left.append(error)  # noqa: E731 - one more server goes on
        offer = server.offer("passthrough")
        one = Persistence(server, offer, Window(1), patient, tell, stop, elsewhere)

        assert one.ask({"frame": 1001}, once) == "frame"

    assert len(left) == 1
    assert told.count("waiting") == 1
