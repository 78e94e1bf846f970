"""The embedded server: ready, found again, and gone without a trace."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command import Answerprint
from samples import AtOnce, add_model, own_models

from answerprint_server import embedded, repository

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
