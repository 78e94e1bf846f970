"""A server that dies comes back at its address, and nothing of the dead one stays behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from samples import AtOnce, own_models, server_here, stand_in

from answerprint import pipeline
from answerprint.errors import ServerError, ServerSilent
from answerprint.triton import Server
from answerprint_server import alive, embedded, launch, ports, repository, state, stubs
from answerprint_server.embedded import Backoff, Running

SLOW = "if (HERE / 'slow').exists():\n    import time\n    time.sleep(10**6)\nmade = image"
LOADS_SLOWLY = """

    def load(self):
        import time
        while (HERE.parents[1] / "slowly").exists():
            time.sleep(0.05)
"""
PIXELS = np.ones((8, 8, 4), np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_models(tmp_path_factory.mktemp("small") / "models", ["passthrough"])


class Supervised:
    """`answerprint serve --json` in a process of its own, for a user of its own."""

    def __init__(self, home: Path, models: Path) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "answerprint.cli", "serve", "--json", "--models", str(models)],
            env={**os.environ, "ANSWERPRINT_HOME": str(home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.hear()["running"]

    @property
    def state(self) -> Running:
        found = embedded.running(self.home)
        assert found
        return found

    def hear(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def until(self, fits: Callable[[Running], bool]) -> Running:
        """Its state, as soon as it is so."""
        while not fits(self.state):
            assert self.process.poll() is None
            time.sleep(0.01)
        return self.state

    def kill_server(self) -> Running:
        before = self.state
        os.kill(before.triton, signal.SIGKILL)
        return before

    def close(self) -> None:
        """End it, not in order: that takes three seconds, and has tests of its own."""
        self.process.kill()
        self.process.wait()
        embedded.clear_orphans(self.home)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def supervised(tmp_path: Path, models: Path) -> Iterator[Supervised]:
    one = Supervised(tmp_path / "own", models)
    yield one
    one.close()


@pytest.fixture
def comes_up_slowly(tmp_path: Path) -> Iterator[Supervised]:
    """A server that, once it has died, loads its model for as long as the test lasts."""
    models = own_models(tmp_path / "models", ["passthrough"])
    program = stand_in(models, "heavy", "made = image") / "model.py"
    with program.open("a", encoding="utf-8") as stream:
        stream.write(LOADS_SLOWLY)
    repository.update(models / "heavy")
    one = Supervised(tmp_path / "own", models)
    (models / "slowly").touch()
    yield one
    one.close()


def regions(found: Running) -> set[str]:
    return {path.name for path in embedded.SHARED_MEMORY.glob(f"{found.prefix}*")}


def processes(found: Running) -> set[int]:
    """The server and its models' processes."""
    words = ((one.pid, one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"]))
    mine = {pid for pid, line in words if any(found.prefix in word for word in line)}
    return {pid for pid in mine if alive.is_running(pid)}


def passes(address: str) -> bool:
    with Server(address) as server:
        answer = server.infer(server.offer("passthrough"), {"pixels": PIXELS}, {}, request_id="it")
    return np.array_equal(answer.images["pixels"], PIXELS)


def gone(found: Running, home: Path) -> bool:
    """Whether no trace of it is left."""
    _, left = psutil.wait_procs([psutil.Process(pid) for pid in processes(found)], timeout=20)
    return not left and not regions(found) and not embedded.state_file(home).exists()


@dataclass(frozen=True)
class Killed:
    """What was seen of a server before it was killed, and after it had come back.

    pixels   what it answered the client that was connected before
    """

    before: Running
    processes: set[int]
    regions: set[str]
    written: bytes
    said: dict[str, Any]
    pixels: Any
    after: Supervised


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Killed]:
    """Of one that was killed once, which tests only look at."""
    one = Supervised(tmp_path_factory.mktemp("killed") / "own", models)
    before = one.state
    held, written = (processes(before), regions(before)), Path(before.log).read_bytes()
    with Server(before.address) as server:
        offer = server.offer("passthrough")
        one.kill_server()
        said = one.hear()
        answer = server.infer(offer, {"pixels": PIXELS}, {}, request_id="the same client")
    yield Killed(before, *held, written, said, answer.images["pixels"], one)
    one.close()


def test_a_server_that_was_killed_is_back_at_its_address(killed: Killed) -> None:
    before, after, said = killed.before, killed.after.state, killed.said

    assert (said["event"], said["address"], said["lost_ports"]) == ("restarted", before.address, [])
    assert np.array_equal(killed.pixels, PIXELS)
    assert after.triton != before.triton
    assert (after.http, after.metrics) == (before.http, before.metrics)


def test_nothing_of_the_dead_server_stays_behind(killed: Killed) -> None:
    assert len(killed.processes) >= 2
    assert killed.regions

    assert not processes(killed.after.state) & killed.processes
    assert not regions(killed.after.state) & killed.regions


def test_the_log_of_the_dead_server_is_kept(killed: Killed) -> None:
    log, kept = Path(killed.before.log), Path(killed.said["log"])

    assert kept.read_bytes().startswith(killed.written)
    assert kept != log
    assert log.stat().st_ino != kept.stat().st_ino


def test_a_log_that_somebody_removed_does_not_keep_the_server_dead(supervised: Supervised) -> None:
    Path(supervised.state.log).unlink()
    supervised.kill_server()
    said = supervised.hear()

    assert (said["event"], said["log"]) == ("restarted", None)
    assert said["log_unkept"] == "No such file or directory"
    supervised.kill_server()
    assert supervised.hear()["log_unkept"] is None


def test_a_proxy_in_the_environment_hides_no_server_of_this_machine(
    killed: Killed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody.getsockname()[1]}")

        assert embedded.is_live(killed.after.state)


def test_status_tells_how_often_and_why(supervised: Supervised) -> None:
    answerprint = AtOnce(supervised.home)
    own = _user(supervised.home)
    for _ in range(2):
        supervised.kill_server()
        supervised.hear()

    told = answerprint("serve", "--status", env=own)
    said = answerprint("serve", "--status", "--json", env=own)

    assert (told.code, said.code) == (0, 0)
    assert said.last["restarts"] == 2
    assert [one["why"] for one in said.last["deaths"]] == ["was killed by SIGKILL"] * 2
    assert "Restarted 2 times" in told.out
    assert told.out.count("was killed by SIGKILL") == 2


def test_a_server_that_is_being_restarted_is_no_running_one(
    comes_up_slowly: Supervised, tmp_path: Path
) -> None:
    home = comes_up_slowly.home
    comes_up_slowly.kill_server()
    comes_up_slowly.until(lambda now: bool(now.deaths))

    said = AtOnce(tmp_path)("serve", "--status", "--json", env=_user(home))

    assert (said.code, said.last["running"], said.last["starting"]) == (1, False, True)
    assert said.last["deaths"]


def test_who_asks_for_a_server_while_it_is_restarted_gets_it(
    supervised: Supervised, tmp_path: Path
) -> None:
    before = supervised.kill_server()

    said = AtOnce(tmp_path)("serve", "--detach", "--json", env=_user(supervised.home))

    assert (said.code, said.last["address"]) == (0, before.address)
    assert said.last["restarts"] == 1


def test_a_port_that_somebody_took_is_left_to_him_and_told(supervised: Supervised) -> None:
    before = supervised.kill_server()
    with taken(before.grpc):
        said = supervised.hear()
        after = supervised.state

        assert said["lost_ports"] == [before.grpc]
        assert said["address"] == after.address != before.address
        assert (after.http, after.metrics) == (before.http, before.metrics)
        assert passes(after.address)


def taken(port: int) -> socket.socket:
    """Somebody who listens there, as soon as he can."""
    while True:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            one.listen()
        except OSError:
            one.close()
        else:
            return one


def test_it_watches_on_when_nobody_reads_what_it_says(supervised: Supervised) -> None:
    assert supervised.process.stdout
    supervised.process.stdout.close()

    for _ in range(2):
        before = supervised.kill_server()
        supervised.until(lambda now, old=before: now.triton != old.triton and embedded.is_live(now))  # type: ignore[misc]

    supervised.process.terminate()
    assert supervised.process.wait() == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_in_order_while_it_waits_to_restart(
    ending: signal.Signals, supervised: Supervised
) -> None:
    supervised.kill_server()
    before = supervised.until(lambda now: bool(now.deaths))

    supervised.process.send_signal(ending)

    assert supervised.process.wait() == 0
    assert gone(before, supervised.home)


def test_stop_ends_it_in_order_while_the_server_comes_up(
    comes_up_slowly: Supervised, tmp_path: Path
) -> None:
    home = comes_up_slowly.home
    before = comes_up_slowly.kill_server()
    after = comes_up_slowly.until(lambda now: now.triton != before.triton)

    said = AtOnce(tmp_path)("serve", "--stop", "--json", env=_user(home))

    assert said.last == {"stopped": True}
    assert comes_up_slowly.process.wait() == 0
    assert gone(after, home)


@pytest.mark.parametrize("first", ["server", "supervisor"])
def test_when_server_and_supervisor_are_killed_the_next_start_cleans_up(
    first: str, supervised: Supervised, models: Path
) -> None:
    before = supervised.state
    left = processes(before)
    pids = [before.triton, before.pid]
    for pid in pids if first == "server" else reversed(pids):
        os.kill(pid, signal.SIGKILL)
    supervised.process.wait()
    assert embedded.running(supervised.home) is None

    with server_here(supervised.home, models) as after:
        assert not processes(before)
        assert not regions(before)
        assert not left & processes(after)
        assert passes(after.address)


def test_a_killed_supervisor_that_was_restarting_leaves_nothing_to_the_next_start(
    supervised: Supervised, models: Path
) -> None:
    before = supervised.kill_server()
    supervised.until(lambda now: now.triton != before.triton)
    supervised.process.kill()
    supervised.process.wait()

    with server_here(supervised.home, models):
        assert not processes(before)
        assert not regions(before)


def test_it_gives_up_a_server_that_dies_again_and_again(tmp_path: Path, models: Path) -> None:
    backoff = Backoff(first=0.01, deaths=3)
    seen: list[int] = []
    with embedded.supervise(tmp_path, models, backoff=backoff) as supervisor:
        first = supervisor.state
        with pytest.raises(ServerError, match="died 3 times in a row") as caught:
            kill_each(supervisor, seen)

    assert seen == [1, 2]
    assert "was killed by SIGKILL" in caught.value.problem
    named = Path(caught.value.remedy.rpartition(" ")[2])
    assert "Started GRPCInferenceService" in named.read_text(encoding="utf-8")
    assert gone(first, tmp_path)


def test_who_gives_a_server_up_says_why_its_log_is_not_there(tmp_path: Path, models: Path) -> None:
    with embedded.supervise(tmp_path, models, backoff=Backoff(deaths=1)) as supervisor:
        Path(supervisor.state.log).unlink()
        with pytest.raises(ServerError, match="died 1 times in a row") as caught:
            kill_each(supervisor, [])

    assert "could not be kept: No such file or directory" in caught.value.remedy


def test_a_server_that_has_recovered_may_die_any_number_of_times(
    tmp_path: Path, models: Path
) -> None:
    backoff = Backoff(first=0.01, deaths=2, settled=0.0)
    seen: list[int] = []
    with embedded.supervise(
        tmp_path, models, backoff=backoff, ending=lambda: len(seen) == 3
    ) as supervisor:
        kill_each(supervisor, seen)

    assert seen == [1, 2, 3]


def kill_each(supervisor: embedded.Supervisor, seen: list[int]) -> None:
    """Kill the server, and each time that it is back; how often it was started goes to `seen`."""
    os.kill(supervisor.state.triton, signal.SIGKILL)
    for restart in supervisor.watch():
        seen.append(restart.state.restarts)
        os.kill(restart.state.triton, signal.SIGKILL)


def test_a_server_that_does_not_come_up_in_time_has_died(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    backoff = Backoff(ready=0.001, first=0.01, deaths=2)

    with (
        pytest.raises(ServerError, match="did not come up"),
        embedded.supervise(tmp_path, models, backoff=backoff),
    ):
        pytest.fail("it cannot have been live so soon")

    assert not embedded.state_file(tmp_path).exists()


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    assert [Backoff().pause(row) for row in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_hung_model_is_replaced_and_its_process_is_ended(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    folder = stand_in(models, "hangs", SLOW)
    with server_here(tmp_path / "home", models) as running, Server(running.address) as server:
        offer, images = server.offer("hangs"), {"pixels": PIXELS}
        server.infer(offer, images, {}, request_id="well")
        before = processes(running)
        (folder / "slow").touch()
        with pytest.raises(ServerSilent):
            server.infer(offer, images, {}, request_id="hung", deadline=1.0)
        (folder / "slow").unlink()
        server.reload("hangs", server.offer("hangs").loading)
        new = processes(running) - before

        assert not stubs.end_superseded(running.prefix)  # a client may wait for it yet
        ended = stubs.end_superseded(running.prefix, after=0.0)

        assert len(ended) == 1
        assert processes(running) == before - set(ended) | new
        server.infer(offer, images, {}, request_id="well again")


@pytest.mark.parametrize(
    "folder", repository.models(repository.models_folder()), ids=lambda folder: folder.name
)
def test_no_model_of_ours_is_ended_at_work_that_a_client_still_waits_for(folder: Path) -> None:
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    # millions: two eyes in 8K, a long scan, the largest volume whose result is one request
    most = {
        "image": 2 * 8192 * 4320 / 1e6,
        "points": 20,
        "volume": 57,
        "heightfield": 8192**2 / 1e6,
    }

    waited = (
        pipeline.TIMES_SLOWER
        * contract["cost"]["seconds_per_megapixel"]
        * most[contract.get("kind", "image")]
    )

    assert waited < stubs.LONGEST_REQUEST


def test_a_clock_that_is_set_makes_no_stranger_of_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux counts a process's begin from the system's, whose time moves when the clock is set."""
    me = os.getpid()
    mine = alive.born(me)
    (tmp_path / str(me)).mkdir()
    for name in ("stat", "status"):
        copied = Path(f"/proc/{me}/{name}").read_bytes()
        (tmp_path / str(me) / name).write_bytes(copied)
    system = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    begin = next(line for line in system if line.startswith("btime"))
    set_back = f"btime {int(begin.split()[1]) - 3600}"
    text = "\n".join(set_back if line == begin else line for line in system)
    (tmp_path / "stat").write_text(text + "\n", encoding="utf-8")
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))

    assert psutil.boot_time() == int(begin.split()[1]) - 3600
    assert alive.is_same(me, mine)
    assert not alive.is_same(me, mine - 5)


def test_of_old_logs_a_few_are_kept_and_of_a_long_one_the_end(tmp_path: Path) -> None:
    log = tmp_path / "triton.log"
    for number in range(launch.KEPT_LOGS + 2):
        log.write_text(f"death {number}", encoding="utf-8")
        launch.keep_log(log)
    log.write_bytes(b"begin" + b"." * launch.MOST_LOG_BYTES + b"end")
    launch.keep_log(log)

    kept = launch.kept_logs(log)
    assert set(tmp_path.iterdir()) == set(kept)
    assert kept[0].stat().st_size == launch.MOST_LOG_BYTES
    assert kept[0].read_bytes().endswith(b"end")
    assert [path.read_text(encoding="utf-8") for path in kept[1:]] == [
        f"death {number}" for number in (6, 5, 4, 3)
    ]


def test_no_client_is_given_the_ports_of_a_server(tmp_path: Path) -> None:
    lowest = int(ports.RANGE.read_text(encoding="ascii").split()[0])

    found = ports.free_ports(100)

    assert len(set(found)) == 100
    assert all(ports.LOWEST <= port < lowest for port in found)


def test_a_state_of_another_version_is_none(tmp_path: Path) -> None:
    file = state.state_file(tmp_path)
    file.parent.mkdir(parents=True)
    for text in ('{"pid": 1}', "[]", '{"deaths": 3}', "", '{"pid": 1, "deaths": [{"at": 1}]}'):
        file.write_text(text, encoding="utf-8")

        assert state.read(tmp_path) is None


PREFIXES = {
    "answerprint_7_0a1e5f_": True,
    "answerprint_7_0a1e5f_x": False,
    "answerprint_8_0a1e5f_": False,
    "answerprint_7_": False,
    "answerprint_": False,
    "": False,
}


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix or "nothing")
def test_only_what_a_supervisor_writes_says_which_processes_may_be_ended(
    prefix: str, tmp_path: Path
) -> None:
    state.state_file(tmp_path).parent.mkdir(parents=True)
    written = Running(
        pid=7, born=1.0, triton=8, http=1, grpc=2, metrics=3, prefix=prefix, log="", models=""
    )
    state.write(tmp_path, written)

    assert state.read(tmp_path) == (written if PREFIXES[prefix] else None)


def _user(home: Path) -> dict[str, str]:
    return {"ANSWERPRINT_HOME": str(home)}
