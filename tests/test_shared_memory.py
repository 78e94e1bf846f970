"""Shared memory: images lie in it for a server on this machine, and nothing is left in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from disks import disk
from samples import own_models, own_server, server_here, stand_in

from answerprint import ring
from answerprint.connection import Connection
from answerprint.errors import InferenceError, ServerError, ServerSilent
from answerprint.ring import NotShared, Ring
from answerprint.triton import Answer, Expected, Floats, Server
from answerprint.wire import is_here
from answerprint_server import embedded

WAITS = """
import time
(HERE / "begun").touch()
while not (HERE / "go").exists():
    time.sleep(0.01)
made = image
"""
GROWS = "made = np.repeat(image, 2, axis=0)"
SHRINKS = "made = image[1:]"


@dataclass(frozen=True)
class Tasks:
    """A server with models that wait, and that answer in another size."""

    address: str
    waits: Path

    def begun(self) -> None:
        """Wait until a request has reached the waiting model."""
        while not (self.waits / "begun").exists():
            time.sleep(0.01)
        (self.waits / "begun").unlink()

    def let_go(self) -> None:
        """Let it answer whatever waits, and wait until it has; the next one waits again."""
        (self.waits / "go").touch()
        with Server(self.address, "grpc") as server:
            asked(server, image(), task="waits")
        (self.waits / "go").unlink()
        (self.waits / "begun").unlink()

    def known(self) -> set[str]:
        """The regions that the server has."""
        return known(self.address)

    def held(self) -> set[str]:
        """Those that are files as well; what other servers have is theirs."""
        return there(self.known())


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tasks]:
    folder = tmp_path_factory.mktemp("tasks")
    models = own_models(folder / "models", ["passthrough"])
    waits = stand_in(models, "waits", WAITS)
    stand_in(models, "grows", GROWS)
    stand_in(models, "shrinks", SHRINKS)
    with server_here(folder / "home", models) as state:
        yield Tasks(state.address, waits)


def known(address: str) -> set[str]:
    connection = Connection(address)
    try:
        return {name for name in connection.names() if name.startswith(ring.PREFIX)}
    finally:
        connection.close()


def there(names: set[str]) -> set[str]:
    return {name for name in names if (ring.FOLDER / name).exists()}


def image(height: int = 24, width: int = 32, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def asked(
    server: Server,
    pixels: Floats,
    *,
    task: str = "passthrough",
    deadline: float = 60.0,
    stop: threading.Event | None = None,
) -> Answer:
    """One request for an output of the input's size."""
    height, width, channels = pixels.shape
    return server.infer(
        server.offer(task),
        {"pixels": pixels},
        {},
        request_id="test",
        outputs={"pixels": Expected((height, width, channels))},
        deadline=deadline,
        stop=stop,
    )


def comes_back(server: Server, pixels: Floats) -> bool:
    return np.array_equal(asked(server, pixels).images["pixels"], pixels)


@dataclass
class Notes:
    """A registry that notes what it was told."""

    held: dict[str, int] = field(default_factory=dict)

    def register(self, name: str, size: int) -> None:
        self.held[name] = size

    def unregister(self, name: str) -> bool:
        self.held.pop(name, None)
        return True

    def names(self) -> list[str]:
        return list(self.held)


def test_images_travel_in_shared_memory_and_nothing_is_left_of_it(tasks: Tasks) -> None:
    before = tasks.held()

    with Server(tasks.address) as server:
        assert comes_back(server, image())
        assert server.transport == "shared memory"
        mine = tasks.held() - before
        assert len(mine) == 1

    assert not mine & tasks.known()
    assert not there(mine)


def test_one_slot_serves_frame_after_frame_and_grows_with_them(tasks: Tasks) -> None:
    before = tasks.held()

    with Server(tasks.address) as server:
        server.connect()
        for height in (24, 24, 48, 24, 96):
            assert comes_back(server, image(height))
            assert len(tasks.held() - before) == 1
        slot = tasks.held() - before
        assert (ring.FOLDER / slot.pop()).stat().st_size >= 2 * image(96).nbytes


def test_as_many_slots_as_requests_at_once(tasks: Tasks) -> None:
    before = tasks.held()
    images = [image(seed=seed) for seed in range(24)]

    with Server(tasks.address) as server, ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda one: comes_back(server, one), images))
        assert len(tasks.held() - before) <= 4

    assert not tasks.held() - before


def test_two_clients_at_once_do_not_disturb_each_other(tasks: Tasks) -> None:
    with Server(tasks.address) as one, Server(tasks.address) as other:
        with ThreadPoolExecutor(2) as pool:
            same = [
                pool.submit(comes_back, server, image(seed=seed))
                for seed in range(10)
                for server in (one, other)
            ]
            assert all(future.result() for future in same)
        assert one.transport == other.transport == "shared memory"


def test_over_grpc_where_it_is_asked_for(tasks: Tasks) -> None:
    before = tasks.held()

    with Server(tasks.address, "grpc") as server:
        assert comes_back(server, image())
        assert server.transport == "gRPC: asked for"
        assert tasks.held() == before


def test_over_grpc_where_the_server_has_another_memory(tasks: Tasks, tmp_path: Path) -> None:
    """As with a container or a tunnel behind a port of this machine."""
    with Server(tasks.address, folder=tmp_path) as server:
        assert comes_back(server, image())
        assert server.transport == "gRPC: the server does not see this machine's shared memory"

    assert not list(tmp_path.iterdir())


def test_shared_memory_that_was_asked_for_and_cannot_be_is_an_error(
    tasks: Tasks, tmp_path: Path
) -> None:
    with (
        Server(tasks.address, "shared memory", folder=tmp_path) as server,
        pytest.raises(ServerError, match="in shared memory: the server does not see") as caught,
    ):
        asked(server, image())

    assert caught.value.remedy


def test_another_machine_is_not_tried() -> None:
    with Server("192.0.2.1:8001") as server:  # nobody's, by RFC 5737
        assert server.connect() == "gRPC: 192.0.2.1 is not this machine"


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1:8001", True),
        ("127.8.9.10:8001", True),
        ("localhost:8001", True),
        ("[::1]:8001", True),
        ("192.0.2.1:8001", False),
        ("no such host.invalid:8001", False),
        ("x" * 300 + ":8001", False),
    ],
)
def test_this_machine_is_told_from_others(address: str, here: bool) -> None:
    assert is_here(address) is here


@pytest.mark.parametrize(("task", "height"), [("grows", 48), ("shrinks", 23)])
def test_an_image_of_another_size_comes_as_it_is(tasks: Tasks, task: str, height: int) -> None:
    """Whoever uses it holds it against the contract, however it travelled."""
    with Server(tasks.address) as server:
        assert asked(server, image(), task=task).images["pixels"].shape == (height, 32, 3)
        assert comes_back(server, image())
        assert server.transport == "shared memory"


def test_a_failed_request_gives_its_slot_up(tasks: Tasks) -> None:
    before = tasks.held()

    with Server(tasks.address) as server:
        assert comes_back(server, image())
        first = tasks.held() - before
        wrong = {"pixels": image().astype(np.float64)}
        with pytest.raises(InferenceError):
            server.infer(server.offer("passthrough"), wrong, {}, request_id="test")  # type: ignore[arg-type]
        assert comes_back(server, image())
        assert len(tasks.held() - before) == 1
        assert not there(first)


def test_a_late_answer_cannot_reach_another_frame(tasks: Tasks) -> None:
    """What was given up may still be written by the server: nobody uses that memory again."""
    before = tasks.held()

    with Server(tasks.address) as server:
        with pytest.raises(ServerSilent):
            asked(server, image(seed=1), task="waits", deadline=0.3)
        tasks.begun()
        first = tasks.known() - before
        assert comes_back(server, image(seed=2))
        second = tasks.held() - before
        assert first
        assert second
        assert not first & second
        tasks.let_go()

    with Server(tasks.address) as server:
        server.connect()
        assert not tasks.known() & (first | second)


def test_a_run_that_was_stopped_gives_a_request_up_before_its_deadline(tasks: Tasks) -> None:
    stop = threading.Event()

    with Server(tasks.address) as server, ThreadPoolExecutor(1) as pool:
        future = pool.submit(asked, server, image(), task="waits", deadline=600.0, stop=stop)
        tasks.begun()
        stop.set()
        try:
            with pytest.raises(ServerSilent, match="after the run was to end, and was given up"):
                future.result(timeout=60)
        finally:
            tasks.let_go()
        assert comes_back(server, image())


def test_a_request_that_is_answered_in_time_outlives_the_stop(tasks: Tasks) -> None:
    stop = threading.Event()
    stop.set()

    with Server(tasks.address) as server:
        assert asked(server, image(), stop=stop).images["pixels"].shape == image().shape


CLIENT = """
import sys
import numpy as np
from answerprint.triton import Expected, Server
server = Server(sys.argv[1])
pixels = np.zeros((24, 32, 3), np.float32)
outputs = {"pixels": Expected(pixels.shape)}
server.infer(server.offer(sys.argv[2]), {"pixels": pixels}, {}, request_id="t", outputs=outputs)
"""


@contextmanager
def client(tasks: Tasks, task: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that asks once; killed at the end, if it still runs."""
    with subprocess.Popen([sys.executable, "-c", CLIENT, tasks.address, task]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_a_killed_client_left_goes_with_the_next_one(tasks: Tasks) -> None:
    before = tasks.held()
    with client(tasks, "waits"):
        tasks.begun()
        left = tasks.held() - before
    assert left
    assert left <= tasks.held()
    tasks.let_go()

    with Server(tasks.address) as server:
        assert server.connect() == "shared memory"
        assert not left & tasks.known()
        assert not there(left)


def test_what_a_living_client_uses_stays(tasks: Tasks) -> None:
    before = tasks.held()
    with client(tasks, "waits") as living:
        tasks.begun()
        held = tasks.held() - before

        with Server(tasks.address) as server:
            assert comes_back(server, image())
            assert held <= tasks.held()

        tasks.let_go()
        assert living.wait() == 0


def test_a_client_that_forgets_to_close_leaves_no_file(tasks: Tasks) -> None:
    before = tasks.known()

    with client(tasks, "passthrough") as forgetful:
        assert forgetful.wait() == 0

    left = tasks.known() - before
    assert left, "it did not use shared memory"
    assert not there(left)


FORK = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[2])
from answerprint.ring import Ring
from test_shared_memory import Notes
folder = pathlib.Path(sys.argv[1])
made = Ring(Notes(), folder)
with made.slot(4096) as slot:
    pass
if os.fork() == 0:
    if sys.argv[3] == "close":
        made.close()
    sys.exit(0)
os.wait()
print((folder / slot.name).exists())
"""


@pytest.mark.parametrize("end", ["close", "exit"])
def test_a_forked_process_leaves_its_parents_memory_alone(tmp_path: Path, end: str) -> None:
    tests = str(Path(__file__).parent)
    argv = [sys.executable, "-c", FORK, str(tmp_path), tests, end]

    said = subprocess.run(argv, check=True, capture_output=True, text=True)

    assert said.stdout == "True\n"
    assert not list(tmp_path.iterdir())


def test_a_slot_in_use_goes_when_it_is_let_go(tmp_path: Path) -> None:
    notes = Notes()
    made = Ring(notes, tmp_path)

    with made.slot(4096) as slot:
        made.close()
        assert (tmp_path / slot.name).exists()

    assert not list(tmp_path.iterdir())
    assert not notes.held


def test_a_server_that_was_started_anew_is_told_of_the_slots_again(tmp_path: Path) -> None:
    """No frame fails for it: the requests wait for nothing but the server."""
    models = own_models(tmp_path / "models", ["passthrough"])
    home = tmp_path / "home"
    with own_server(home, models) as state, Server(state.address) as server:
        with ThreadPoolExecutor(3) as pool:
            assert all(pool.map(lambda seed: comes_back(server, image(seed=seed)), range(9)))
            before = known(state.address)
            os.kill(state.triton, signal.SIGKILL)
            while (now := embedded.running(home)) is None or now.triton == state.triton:
                time.sleep(0.05)
            until_answered(server)
            assert all(pool.map(lambda seed: comes_back(server, image(seed=seed)), range(9)))
        assert server.transport == "shared memory"
        assert there(before) == before == known(state.address)


def until_answered(server: Server) -> None:
    while True:
        with suppress(ServerError):
            server.offer("passthrough")
            return
        time.sleep(0.05)


def test_a_full_memory_is_said_and_nothing_stays(small: Path) -> None:
    notes = Notes()
    made = Ring(notes, small)

    with made.slot(1 << 20):
        pass
    with pytest.raises(NotShared, match="too small for the frames"), made.slot(1 << 23):
        pass
    made.close()

    assert not notes.held
    assert not list(small.iterdir())


def test_a_slot_leaves_room_for_the_models_own_copy(small: Path) -> None:
    """A model's process would die of a memory that we have filled to the brim."""
    made = Ring(Notes(), small)

    with pytest.raises(NotShared), made.slot(3 << 20):
        pass
    with made.slot(3 << 19) as slot:
        assert slot.size == (small / slot.name).stat().st_size == 3 << 19
    made.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB, as containers have a small one."""
    with disk(tmp_path / "small", "4m") as folder:
        yield folder


def test_many_rings_at_once_never_take_a_living_slot_for_an_orphan(tmp_path: Path) -> None:
    """Each sweeps at its first slot, while others are making theirs."""
    notes = Notes()

    def make() -> bool:
        made = Ring(notes, tmp_path)
        with made.slot(4096) as slot:
            there = (tmp_path / slot.name).exists()
        made.close()
        return there

    with ThreadPoolExecutor(8) as pool:
        futures: list[Future[bool]] = [pool.submit(make) for _ in range(200)]
        assert all(future.result() for future in futures)
    assert not list(tmp_path.iterdir())
