"""The embedded server: ready, found again, and gone without a trace."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
import yaml
from command import Answerprint
from samples import AtOnce, add_model, own_models

from answerprint.triton import Server
from answerprint_server import embedded, launch, repository, wheel

COMPOSE = Path(__file__).parents[1] / "server" / "deploy" / "compose.yaml"

TASKS = [
    "denoise",
    "embed",
    "heightfield_upres",
    "matte",
    "passthrough",
    "point_normals",
    "retime",
    "upscale",
    "volume_upres",
]


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with no server running."""
    home = tmp_path / "own"
    monkeypatch.setenv("ANSWERPRINT_HOME", str(home))
    return home


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Flags for a server of two models: all six take five seconds to load."""
    folder = own_models(tmp_path_factory.mktemp("few") / "models", ["passthrough"])
    add_model(folder, "again", lambda program: program)
    return "--models", folder


@pytest.fixture(scope="module")
def detached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, embedded.Running]]:
    """A server with all our models in the background, which tests only look at; its home."""
    folder = tmp_path_factory.mktemp("detached")
    home = folder / "own"
    said = Answerprint(folder)("serve", "--detach", "--json", env={"ANSWERPRINT_HOME": str(home)})
    assert said.code == 0, said
    state = embedded.running(home)
    assert state is not None
    yield home, state
    end_at_once(home)


def end_at_once(home: Path) -> None:
    """Not in order, which takes three seconds: where the end is not what is looked at."""
    state = embedded.running(home)
    assert state is not None
    supervisor = psutil.Process(state.pid)
    supervisor.kill()
    supervisor.wait()
    embedded.clear_orphans(home)


def family(pid: int) -> list[psutil.Process]:
    one = psutil.Process(pid)
    return [one, *one.children(recursive=True)]


def left_behind(state: embedded.Running) -> list[str]:
    return [path.name for path in embedded.SHARED_MEMORY.glob(f"{state.prefix}*")]


def wait_for(state_of: Path) -> embedded.Running:
    while (state := embedded.running(state_of)) is None or not embedded.is_live(state):
        time.sleep(0.05)
    return state


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=20)
    return not alive


def test_a_second_call_finds_the_running_server(
    detached: tuple[Path, embedded.Running], answerprint: Answerprint
) -> None:
    home, state = detached

    said = AtOnce(answerprint.folder)("serve", "--json", env={"ANSWERPRINT_HOME": str(home)})

    assert said.code == 0
    assert said.last["address"] == state.address
    assert said.last["tasks"] == dict.fromkeys(TASKS, "ready")


def test_it_listens_on_loopback_only(detached: tuple[Path, embedded.Running]) -> None:
    _, state = detached
    sockets = psutil.Process(state.triton).net_connections("inet")
    listening = {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}

    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_status_says_so_when_none_runs(own_home: Path, answerprint: Answerprint) -> None:
    said = AtOnce(answerprint.folder)("serve", "--status", "--json")

    assert (said.code, said.last) == (1, {"running": False})


def test_stop_leaves_no_process_no_shared_memory_and_no_state(
    own_home: Path, answerprint: Answerprint, few: tuple[str, Path]
) -> None:
    assert answerprint("serve", "--detach", "--json", *few).code == 0
    state = embedded.running(own_home)
    assert state is not None
    processes = family(state.pid)
    assert len(processes) >= 4  # supervisor, server, a stub for each model
    assert left_behind(state)

    at_once = AtOnce(answerprint.folder)
    assert at_once("serve", "--stop", "--json").last == {"stopped": True}

    assert gone(processes)
    assert not left_behind(state)
    kept = {path.name for path in (own_home / "server").iterdir()}
    assert kept <= {"triton.log", "serve.log"} | {path for path in kept if "backends" in path}


def test_a_signal_ends_it_in_order(
    tmp_path: Path, answerprint: Answerprint, few: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server for each signal, all at once: each takes three seconds to end, and mostly waits."""
    begun = {}
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / ending.name))
        begun[ending] = answerprint.start("serve", *few)
    states = {ending: wait_for(tmp_path / ending.name) for ending in begun}
    processes = {ending: family(process.pid) for ending, process in begun.items()}

    for ending, process in begun.items():
        process.send_signal(ending)

    for ending, process in begun.items():
        assert process.wait() == 0, ending
        assert gone(processes[ending]), ending
        assert not left_behind(states[ending]), ending
        assert embedded.running(tmp_path / ending.name) is None, ending


def test_a_killed_supervisor_takes_the_server_with_it_and_the_next_start_cleans_up(
    own_home: Path, answerprint: Answerprint, few: tuple[str, Path]
) -> None:
    process = answerprint.start("serve", *few)
    state = wait_for(own_home)
    processes = family(process.pid)

    process.kill()
    process.wait()

    assert gone(processes)
    assert embedded.running(own_home) is None
    again = answerprint("serve", "--detach", "--json", *few)
    assert again.code == 0
    assert not left_behind(state)
    end_at_once(own_home)


def test_two_starts_at_once_give_one_server(
    own_home: Path, answerprint: Answerprint, few: tuple[str, Path]
) -> None:
    first, second = answerprint.start("serve", *few), answerprint.start("serve", *few)
    state = wait_for(own_home)

    loser = second if state.pid == first.pid else first

    assert loser.wait() in (0, 4)  # found it running, or found it starting
    assert AtOnce(answerprint.folder)("serve", "--stop").code == 0
    assert (second if loser is first else first).wait() == 0


def test_the_contracts_in_the_configurations_are_the_ones_beside_the_models() -> None:
    """Run `python -m answerprint_server.repository` after changing a model."""
    models = repository.models(repository.models_folder())

    assert [model.name for model in models] == TASKS
    assert all(repository.up_to_date(model) for model in models)


def compose_command(ports: tuple[int, ...]) -> list[str]:
    """The container's own command line, with this machine's places and ports."""
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["triton"]
    words = list(service["command"])
    assert words[0] == "tritonserver"
    assert "../models:/opt/answerprint/models:ro" in service["volumes"]
    places = {"/opt/answerprint/models": repository.models_folder().as_posix()}
    for name, port in zip(("8000", "8001", "8002"), ports, strict=True):
        places[f"port={name}"] = f"port={port}"
    for old, new in places.items():
        words = [word.replace(old, new) for word in words]
    return words[1:]


def test_the_model_repository_starts_from_the_compose_files_command_line(tmp_path: Path) -> None:
    found, ports = wheel.binary(), embedded.free_ports(3)
    extra = [
        f"--backend-directory={wheel.backends(tmp_path)}",
        "--backend-config=python,shm-region-prefix-name=answerprint_compose_",
        "--http-address=127.0.0.1",
        "--grpc-address=127.0.0.1",
        "--metrics-address=127.0.0.1",
    ]
    words = [str(found.program), *compose_command(ports), *extra]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            words, env=found.environment(), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        ready = f"http://127.0.0.1:{ports[0]}/v2/health/ready"
        while not _answers(ready):
            assert process.poll() is None, shlex.join(words)
            time.sleep(0.05)
        with Server(f"127.0.0.1:{ports[1]}") as server:
            offers = server.offers()
    finally:
        process.kill()
        process.wait()
        launch.clear("answerprint_compose_")

    assert [one.name for one in offers if one.contract] == TASKS


def _answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=2).ok)
    except requests.ConnectionError:
        return False


def test_the_compose_file_opens_ports_on_loopback_only() -> None:
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["triton"]

    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
