"""The panel's end of the sidecar: it keeps nobody waiting, whatever becomes of the engine."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from engines import script, scripted, starts

import answerprint
from answerprint import site
from answerprint_panel import engine
from answerprint_panel.child import MOST_LOG_BYTES, log_path
from answerprint_panel.engine import Engine, EngineAbsent
from answerprint_panel.request import CANCELLED, GONE
from answerprint_panel.sidecar import MOST_REQUEST_BYTES, MOST_SENT, TURN_SECONDS, Sidecar

SECONDS = 60.0
BURST = 10_000
STUBBORN = "import signal; say(HELLO)\nwhile True: signal.pause()"
HOST = """
import signal
from answerprint_panel.sidecar import Sidecar
sidecar = Sidecar()
while sidecar.state != "ready": sidecar.wait(0, 0.02)
"""

Open = Callable[..., Sidecar]


class Ear:
    """What a request is told."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.codes: list[int] = []

    def ask(self, sidecar: Sidecar, *argv: str) -> int:
        return sidecar.ask(list(argv), self.documents.append, self.codes.append)


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Open]:
    """Opens sidecars, of the real engine or of a script, and closes them."""
    opened = []

    def open_one(python: Path | str = sys.executable, **options: Any) -> Sidecar:
        found = Engine(str(python), engine.scrubbed(os.environ))
        opened.append(Sidecar(options.pop("find", lambda: found), **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def lasting() -> Iterator[Sidecar]:
    """One of the real engine that lives through many tests."""
    sidecar = Sidecar(lambda: Engine(sys.executable, engine.scrubbed(os.environ)))
    yield sidecar
    sidecar.close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """A server that listens and never answers: what is asked of it lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def until(sidecar: Sidecar, condition: Callable[[], bool]) -> None:
    """Deliver, turn by turn, until something is so."""
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit, (sidecar.state, sidecar.problem)
        sidecar.wait(0, 0.02)  # there is no such request: it delivers, and does not spin


def is_gone(pid: int) -> bool:
    """Not there, and no zombie either."""
    return not psutil.pid_exists(pid)


def test_a_verb_is_answered_with_its_documents_and_its_exit_code(
    lasting: Sidecar, tmp_path: Path
) -> None:
    sidecar, ear = lasting, Ear()

    number = ear.ask(sidecar, "takes", (tmp_path / "none").as_posix())

    assert sidecar.wait(number, SECONDS) == 5
    assert [one["error"] for one in ear.documents] == ["TakeError"]
    assert ear.codes == [5]
    assert (sidecar.state, sidecar.version) == ("ready", answerprint.__version__)


def test_more_is_asked_than_a_sidecar_does_at_once_and_all_is_answered(
    lasting: Sidecar, tmp_path: Path
) -> None:
    sidecar, ears = lasting, [Ear() for _ in range(4 * MOST_SENT)]

    numbers = [ear.ask(sidecar, "takes", tmp_path.as_posix()) for ear in ears]

    assert {sidecar.wait(number, SECONDS) for number in numbers} == {0}
    assert all(ear.codes == [0] for ear in ears)


def test_callbacks_come_in_the_thread_that_delivers(connect: Open, tmp_path: Path) -> None:
    woken: queue.Queue[int] = queue.Queue()
    sidecar = connect(scripted(tmp_path / "bin"), wake=lambda: woken.put(threading.get_ident()))
    called: list[int] = []

    number = sidecar.ask(["takes"], None, lambda _: called.append(threading.get_ident()))

    assert woken.get(timeout=SECONDS) != threading.get_ident()
    assert called == []
    assert sidecar.wait(number, SECONDS) == 0
    assert called == [threading.get_ident()]


def test_killed_in_the_middle_it_says_so_and_comes_back(
    connect: Open, tmp_path: Path, deaf: str
) -> None:
    sidecar, ear = connect(), Ear()
    number = ear.ask(sidecar, "tasks", "--server", deaf)
    until(sidecar, lambda: sidecar.state == "ready")
    killed = sidecar.pid
    assert killed

    os.kill(killed, signal.SIGKILL)

    assert sidecar.wait(number, SECONDS) == GONE
    assert [one["error"] for one in ear.documents] == ["EngineGone"]
    assert is_gone(killed)
    assert sidecar.wait(sidecar.ask(["takes", str(tmp_path)]), SECONDS) == 0
    assert (sidecar.state, sidecar.problem) == ("ready", None)
    assert sidecar.pid not in {None, killed}


def test_what_is_asked_while_it_is_away_waits_for_the_next(connect: Open, tmp_path: Path) -> None:
    sidecar, ear = connect(), Ear()
    until(sidecar, lambda: sidecar.state == "ready")
    os.kill(sidecar.pid or -1, signal.SIGKILL)
    until(sidecar, lambda: sidecar.state == "restarting")
    assert sidecar.problem
    assert "exit -9" in sidecar.problem["problem"]

    number = ear.ask(sidecar, "takes", str(tmp_path))

    assert sidecar.wait(number, SECONDS) == 0
    assert ear.documents == []


def test_who_calls_a_request_off_hears_no_more_of_it(
    lasting: Sidecar, tmp_path: Path, deaf: str
) -> None:
    sidecar, ear = lasting, Ear()
    number = ear.ask(sidecar, "tasks", "--server", deaf)
    until(sidecar, lambda: sidecar.state == "ready")

    sidecar.cancel(number)

    assert sidecar.wait(number, SECONDS) == CANCELLED
    assert sidecar.wait(sidecar.ask(["takes", str(tmp_path)]), SECONDS) == 0
    assert (ear.documents, ear.codes) == ([], [])


def test_called_off_before_it_was_sent_it_is_never_sent(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", "for line in sys.stdin: say(json.loads(line))")
    sidecar, ear = connect(python), Ear()

    sidecar.cancel(ear.ask(sidecar, "tasks"))

    assert (ear.documents, ear.codes) == ([], [])


def test_an_engine_that_takes_no_note_of_a_cancel_is_ended(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", STUBBORN)
    sidecar, ear = connect(python, patience=0.5), Ear()
    lasting = Ear().ask(sidecar, "status", "--watch")
    other = ear.ask(sidecar, "tasks")
    until(sidecar, lambda: sidecar.state == "ready")

    sidecar.cancel(lasting)

    assert sidecar.wait(other, SECONDS) == GONE
    until(sidecar, lambda: len(starts(python)) > 1)


def test_an_engine_that_never_says_a_word_is_ended(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", "import signal; signal.pause()")
    sidecar = connect(python, patience=0.5)

    assert sidecar.wait(sidecar.ask(["tasks"]), SECONDS) == GONE
    assert sidecar.state == "restarting"
    assert len(starts(python)) >= 3


def test_with_no_engine_everything_is_answered_at_once(connect: Open, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "python"
    sidecar = connect(find=lambda: engine.find({"ANSWERPRINT_ENGINE": str(missing)}))
    ear = Ear()

    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE

    assert sidecar.state == "absent"
    assert ear.documents[0]["error"] == "EngineAbsent"
    assert str(missing) in ear.documents[0]["problem"]
    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE


def test_what_nobody_expected_while_it_is_looked_for_is_said(connect: Open) -> None:
    def find() -> engine.Engine:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    sidecar = connect(find=find)
    ear = Ear()

    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE

    assert sidecar.state == "absent"
    assert "invalid start byte" in ear.documents[0]["problem"]
    assert ear.documents[0]["remedy"]


def test_an_engine_that_is_installed_meanwhile_is_found(connect: Open, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    sidecar = connect(find=lambda: engine.find({"ANSWERPRINT_ENGINE": str(python)}))
    until(sidecar, lambda: sidecar.state == "absent")
    script(tmp_path / "bin", STUBBORN)

    sidecar.retry()

    until(sidecar, lambda: sidecar.state == "ready")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('Welcome to the machine')", "said 'Welcome to the machine'."),
        ("print('{}x' * 3_000_000)", "said an answer of more than 4,194,304 bytes."),
        ("print([1, 2])", "said '[1, 2]'."),
        ("say({**HELLO, 'sidecar': 2})", "it speaks protocol 2, the panel 1."),
        ("say({'hello': 1})", "it speaks protocol None, the panel 1."),
    ],
)
def test_what_is_no_engine_of_ours_is_named_and_not_started_again(
    body: str, said: str, connect: Open, tmp_path: Path
) -> None:
    python = script(tmp_path / "bin", body)
    sidecar, ear = connect(python), Ear()

    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE

    assert sidecar.state == "wrong"
    assert ear.documents[0]["problem"].endswith(said)
    assert python.as_posix() in ear.documents[0]["problem"]
    assert ear.documents[0]["remedy"]
    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE
    assert len(starts(python)) == 1
    sidecar.retry()
    until(sidecar, lambda: len(starts(python)) == 2)


def test_an_engine_that_dies_at_once_keeps_nobody_waiting(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", "sys.exit('No module named answerprint')")
    sidecar, ear = connect(python), Ear()

    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE

    assert sidecar.state == "restarting"
    assert "exit 1" in ear.documents[0]["problem"]
    assert "Its last words: No module named answerprint" in ear.documents[0]["problem"]
    assert len(starts(python)) == 3


def test_an_engine_that_starts_to_talk_nonsense_is_started_again(
    connect: Open, tmp_path: Path
) -> None:
    body = "say(HELLO)\nsys.stdin.readline()\nprint('oops', flush=True)\nsys.stdin.readline()"
    python = script(tmp_path / "bin", body)
    sidecar, ear = connect(python), Ear()

    assert sidecar.wait(ear.ask(sidecar, "tasks"), SECONDS) == GONE

    assert sidecar.problem
    assert "having said 'oops'" in sidecar.problem["problem"]
    until(sidecar, lambda: len(starts(python)) == 2)


def test_answers_to_nothing_that_was_asked_are_kept_for_the_diagnostics(
    connect: Open, tmp_path: Path
) -> None:
    strange: list[dict[str, Any]] = [
        {"id": 99, "event": {}}, {"id": None, "exit": 2}, {"id": [1], "exit": 0}, {},
    ]  # fmt: skip
    body = f"say(HELLO)\nfor one in json.loads({json.dumps(strange)!r}): say(one)\nsys.stdin.read()"
    sidecar = connect(script(tmp_path / "bin", body))

    until(sidecar, lambda: len(sidecar.strays) == 4)

    assert list(sidecar.strays) == strange


def test_a_burst_is_taken_in_turns(connect: Open, tmp_path: Path) -> None:
    body = f"""
say(HELLO)
for line in sys.stdin:
    number = json.loads(line)["id"]
    for n in range({BURST}):
        say({{"id": number, "event": {{"n": n, "said": "x" * 300}}}})
    say({{"id": number, "exit": 0}})
"""
    sidecar, ear, most = connect(script(tmp_path / "bin", body)), Ear(), 0
    ear.ask(sidecar, "jobs", "--watch")
    while not ear.codes:
        before = len(ear.documents)
        sidecar.deliver(0)  # a turn that has no time at all hears one all the same
        most = max(most, len(ear.documents) - before)

    assert [one["n"] for one in ear.documents] == list(range(BURST))
    assert most == 1
    assert TURN_SECONDS < 0.05


def test_a_full_pipe_keeps_nobody(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", STUBBORN)  # it never reads
    sidecar = connect(python)
    until(sidecar, lambda: sidecar.state == "ready")

    for _ in range(MOST_SENT):
        sidecar.ask(["tasks", "x" * (MOST_REQUEST_BYTES - 100)])
    sidecar.close()

    assert is_gone(starts(python)[0])


def test_what_is_too_long_to_be_asked_is_answered_here(connect: Open, tmp_path: Path) -> None:
    sidecar, ear = connect(script(tmp_path / "bin", STUBBORN)), Ear()

    assert sidecar.wait(ear.ask(sidecar, "run", "x" * MOST_REQUEST_BYTES), SECONDS) == GONE

    assert ear.documents[0]["problem"] == (
        "What 'run' is asked has 1,048,607 bytes; the most are 1,048,576."
    )


def test_closing_ends_the_engine_and_what_it_was_asked(connect: Open, deaf: str) -> None:
    sidecar, ear = connect(), Ear()
    ear.ask(sidecar, "tasks", "--server", deaf)
    until(sidecar, lambda: sidecar.state == "ready")
    pid = sidecar.pid
    assert pid

    sidecar.close()

    assert is_gone(pid)
    assert not sidecar.deliver()
    assert (ear.documents, ear.codes) == ([], [])
    assert sidecar.ask(["tasks"])  # too late, and no harm


def test_closing_ends_also_what_does_not_want_to(connect: Open, tmp_path: Path) -> None:
    python = script(tmp_path / "bin", STUBBORN)
    sidecar = connect(python)
    until(sidecar, lambda: sidecar.state == "ready")

    sidecar.close()

    assert is_gone(starts(python)[0])


def test_an_engine_ends_with_its_host(tmp_path: Path) -> None:
    host = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{HOST}print(sidecar.pid, flush=True)\nsignal.pause()",
        ],
        env={**os.environ, "ANSWERPRINT_ENGINE": sys.executable},
        stdout=subprocess.PIPE,
    )
    assert host.stdout
    pid = int(host.stdout.readline())

    host.kill()
    host.communicate()

    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=SECONDS)
    assert is_gone(pid)


def test_a_host_that_a_broken_pipe_would_end_lives_on(tmp_path: Path) -> None:
    """A host's own Python may leave SIGPIPE as it is in C."""
    python = script(tmp_path / "bin", "say(HELLO)\nos.close(0)\nimport signal; signal.pause()")
    host = f"""{HOST}
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
print(sidecar.wait(sidecar.ask(["tasks"]), 0.5))
sidecar.close()
print("lives")
"""

    done = subprocess.run(
        [sys.executable, "-c", host],
        env={**os.environ, "ANSWERPRINT_ENGINE": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "None\nlives\n"), done.stderr


def test_the_engine_is_given_nothing_of_the_hosts_own(
    connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmful = [
        "PYTHONHOME",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "QT_PLUGIN_PATH",
    ]
    for name in [*harmful, "OCIO", "ANSWERPRINT_SERVER"]:
        monkeypatch.setenv(name, "/of/the/host")
    body = """
say(HELLO)
number = json.loads(sys.stdin.readline())["id"]
say({"id": number, "event": {"argv": sys.argv[1:], "environ": dict(os.environ), "at": os.getcwd()}})
sys.stdin.read()
"""
    sidecar, ear = connect(script(tmp_path / "bin", body)), Ear()

    ear.ask(sidecar, "tasks")
    until(sidecar, lambda: bool(ear.documents))

    started = ear.documents[0]
    assert started["argv"] == ["-I", "-m", "answerprint.cli", "sidecar"]
    assert not started["environ"].keys() & set(harmful)
    assert started["environ"]["OCIO"] == started["environ"]["ANSWERPRINT_SERVER"] == "/of/the/host"
    assert started["at"] != str(Path.cwd())


def test_what_it_says_besides_goes_to_a_log_that_does_not_grow_for_ever(
    connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    log = Path(log_path())
    log.parent.mkdir()
    log.write_bytes(b"x" * (MOST_LOG_BYTES + 1))
    body = "print('careful', file=sys.stderr, flush=True)\nsay(HELLO)\nsys.stdin.read()"

    sidecar = connect(script(tmp_path / "bin", body))
    until(sidecar, lambda: sidecar.state == "ready")

    assert log.read_text() == "careful\n"
    assert log.with_name("sidecar.log.old").stat().st_size > MOST_LOG_BYTES


def test_a_home_that_cannot_be_written_to_is_no_reason_not_to_start(
    connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "file" / "home"))

    sidecar = connect(script(tmp_path / "bin", STUBBORN))

    until(sidecar, lambda: sidecar.state == "ready")


def test_the_engine_beside_the_panel_is_found(tmp_path: Path) -> None:
    with pytest.raises(EngineAbsent, match="has no 'engine' folder"):
        engine.find({}, str(tmp_path))
    for folder in (".venv", "engine"):  # a checkout's, and before it that of an installation
        python = script(tmp_path / folder / "bin", STUBBORN)

        assert engine.find({}, str(tmp_path)).python == str(python)


@pytest.mark.parametrize(
    ("named", "why"),
    [("/nowhere/python", "there is no program there"), ("python3", "that is no whole path")],
)
def test_an_engine_that_is_named_wrongly_is_not_replaced_by_another(named: str, why: str) -> None:
    with pytest.raises(EngineAbsent, match=f"ANSWERPRINT_ENGINE names {named}, and {why}"):
        engine.find({"ANSWERPRINT_ENGINE": named})


def test_panel_and_engine_mean_the_same_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.home() == str(site.home())
    monkeypatch.delenv("ANSWERPRINT_HOME")
    assert engine.home() == str(site.home())
    monkeypatch.setenv("XDG_DATA_HOME", "/mnt/homes/me/data")
    assert engine.home() == str(site.home())
