"""The sidecar: verbs kept warm for a panel. Nothing a panel sends ends it, nothing holds it up."""

from __future__ import annotations

import base64
import contextlib
import errno
import io
import itertools
import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import Answerprint
from panels import Panel, Said
from samples import own_models, plate as noisy

import answerprint as engine
from answerprint.cli.detach import MOST_ENDED
from answerprint.sidecar import MOST_AT_ONCE, MOST_LINE_BYTES, MOST_UNREAD, Sidecar, Tell
from answerprint.takes import Take
from answerprint_server import alive, embedded


@pytest.fixture
def panel(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    panel = Panel(tmp_path)
    yield panel
    panel.process.kill()
    panel.process.communicate()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[tuple[Panel, str]]:
    """One that lives through many tests, and the server for it."""
    panel = Panel(tmp_path_factory.mktemp("panel"))
    yield panel, address
    assert panel.end() == ([], 0)


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """Something that listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def at(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def test_it_says_first_which_protocol_which_engine_and_which_process(panel: Panel) -> None:
    assert panel.hello == {
        "sidecar": 1, "version": engine.__version__, "pid": panel.process.pid,
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("tasks",),
        ("tasks", "denoise", "--json"),
        ("takes", "nowhere"),
        ("run", "--task", "passthrough"),
        ("run", "--task", "passthrough", "--plate", "plate/noisy.####.exr", "--dry-run"),
        ("tasks", "--nonsense"),
        ("verfy", "takes"),
        ("verify", "plate"),
        ("--nonsense",),
        (),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("plate")
def test_it_answers_what_a_shell_is_answered(
    words: tuple[str, ...], panel: Panel, answerprint: Answerprint
) -> None:
    said = answerprint(*words, "--json")

    assert panel(*words) == (said.documents, said.code)


def test_libraries_that_print_do_not_disturb_the_answers(panel: Panel, plate: Path) -> None:
    file = plate / "noisy.1002.exr"
    blob = bytearray(file.read_bytes())
    blob[500_000:520_000] = bytes(20_000)
    file.write_bytes(blob)

    _, code = panel("compare", plate / "noisy.####.exr", plate / "noisy.####.exr")

    assert code == 3
    assert panel("tasks", "passthrough")[1] == 0
    assert panel.end() == ([], 0)
    assert "Warning: Exception" in (plate.parent / "stderr.log").read_text(encoding="utf-8")


def test_help_ends_a_request_and_not_the_sidecar(panel: Panel) -> None:
    assert panel("tasks", "--help") == ([], 0)
    assert panel("--version") == ([], 0)


BAD = {
    b"": "Invalid JSON",
    b"tasks": "Invalid JSON",
    b'{"id": 3, "argv": ["\xff"]}': "Invalid JSON",
    b"[" * 100_000: "recursion limit",
    b"[1]": "should be an object",
    b'{"argv": ["tasks"]}': "id: missing",
    b'{"id": null, "argv": ["tasks"]}': "id: ",
    b'{"id": true, "argv": ["tasks"]}': "id: ",
    b'{"id": -1, "argv": ["tasks"]}': "id: ",
    b'{"id": "' + b"x" * 65 + b'", "argv": []}': "id: ",
    b'{"id": 3}': "argv or cancel",
    b'{"id": 3, "argv": ["tasks"], "cancel": 1}': "argv or cancel",
    b'{"id": 3, "argv": "tasks"}': "argv: ",
    b'{"id": 3, "argv": ["tasks", 1]}': "argv[1]: ",
    b'{"id": 3, "argv": ["tasks"], "cwd": "/tmp"}': "cwd: unknown field",
    b'{"id": 3, "cancel": 99}': "no request 99 to cancel",
    b'{"id": 3, "argv": ["' + b"x" * MOST_LINE_BYTES + b'"]}': "more than 1,048,576 bytes",
    b"x" * (5 * MOST_LINE_BYTES): "more than 1,048,576 bytes",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: f"{line[:40].decode(errors='replace')}")
def test_a_bad_line_is_answered_and_the_next_one_is_heard(
    line: bytes, lasting: tuple[Panel, str]
) -> None:
    panel, server = lasting
    told = line.startswith(b'{"id": 3') and b"\xff" not in line and len(line) < MOST_LINE_BYTES
    panel.send(line)

    events, code = panel.answer(3 if told else None)

    assert code == 2
    assert [event["error"] for event in events] == ["JobError"]
    assert BAD[line] in events[0]["problem"]
    assert events[0]["remedy"]
    assert panel("tasks", "passthrough", "--server", server)[1] == 0


def test_a_slow_request_does_not_hold_up_a_fast_one(panel: Panel, deaf: socket.socket) -> None:
    panel.ask(7, "tasks", "--server", at(deaf))

    for _ in range(3):
        assert panel("tasks", "passthrough")[1] == 0

    deaf.close()
    events, code = panel.answer(7)
    assert code == 4
    assert events[-1]["error"] in ("ServerAway", "ServerSilent")


def many(path: Path, count: int = 20_000) -> list[str | Path]:
    """Words that make verify say much, for long."""
    return ["verify", *[path.name] * count]


def test_a_cancelled_request_says_so_and_leaves_the_others(panel: Panel, plate: Path) -> None:
    panel.ask(7, *many(plate))
    assert panel.hear()["id"] == 7

    panel.send(b'{"id": 8, "cancel": 7}')

    said = [panel.hear()]
    while said[-1] != {"id": 7, "exit": 130}:
        said.append(panel.hear())
    assert said.count({"id": 8, "event": {"cancelled": 7}}) == 1
    assert said.count({"id": 8, "exit": 0}) == 1
    assert said[-2]["event"]["problem"] == "Interrupted."
    assert len(said) < 20_000
    assert panel("tasks", "passthrough")[1] == 0


@pytest.mark.parametrize("ending", ["its input ends", "SIGTERM", "SIGINT"])
def test_at_its_end_what_runs_is_cancelled_and_answered(
    ending: str, panel: Panel, plate: Path
) -> None:
    panel.ask(7, *many(plate))
    assert panel.hear()["id"] == 7

    if ending.startswith("SIG"):
        panel.process.send_signal(signal.Signals[ending])
    said, code = panel.end()

    assert code == 0
    assert said[-2]["event"]["problem"] == "Interrupted."
    assert said[-1] == {"id": 7, "exit": 130}


def lines(path: Path) -> list[Said]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def gone(pid: int) -> None:
    """Wait until a process that is not ours has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=60)


def test_a_job_goes_on_when_the_panel_and_its_sidecar_are_gone(
    panel: Panel, tmp_path: Path, slow: str
) -> None:
    words = ("--task", "slow", "--plate", noisy(tmp_path, 12), "--name", "t", "--server", slow)

    (said,), code = panel("run", *words)
    assert code == 0
    job = psutil.Process(said["pid"])
    assert os.getsid(job.pid) == job.pid
    assert panel.end()[1] == 0
    assert job.is_running()

    gone(job.pid)
    events = lines(Path(said["events"]))
    assert (events[0]["event"], events[0]["take"]) == ("started", "t/v001")
    assert (events[-1]["event"], events[-1]["state"]) == ("finished", "complete")
    assert Path(said["log"]).read_text(encoding="utf-8") == ""
    assert Take(tmp_path / "takes" / "t" / "v001").state() == "complete"


def test_a_job_that_has_ended_leaves_no_process(panel: Panel, plate: Path) -> None:
    (said,), _ = panel("run", "--task", "passthrough", "--plate", plate / "no.####.exr")

    gone(said["pid"])

    assert lines(Path(said["events"]))[-1]["error"] == "SourceError"
    assert psutil.Process(panel.process.pid).children() == []


def test_a_run_that_takes_a_number_and_runs_nothing_is_answered_itself(
    panel: Panel, plate: Path, home: Path
) -> None:
    before = set(home.glob("jobs/*"))

    (said,), code = panel(
        "run", "--task", "passthrough", "--plate", plate / "noisy.####.exr", "--claim"
    )

    assert (code, said["take"], said["state"]) == (0, "v001", "incomplete")
    assert Path(said["path"]).is_dir() or (plate.parent / said["path"]).is_dir()
    assert set(home.glob("jobs/*")) == before


def test_old_jobs_leave_no_files_and_those_of_others_and_one_that_runs_keep_theirs(
    plate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "own"))
    folder = tmp_path / "own" / "jobs"
    folder.mkdir(parents=True)

    def left(name: str, text: str = "", *, old: bool = True) -> str:
        (folder / name).write_text(text, encoding="utf-8")
        if old:
            os.utime(folder / name, (1.6e9, 1.6e9))
        return name

    def job(number: int, day: int = 20200101) -> str:
        return f"{day}T{number:012d}_abcdef"

    note = {
        "schema": "answerprint.note/v1", "kind": "run", "argv": [], "cwd": "/", "machine": "another",
        "starter": [1, -1.0], "started": "2020-01-01T00:00:00.000Z",
    }  # fmt: skip
    me = os.getpid()
    for number, process in {1: f"{me} {alive.born(me)}", 2: f"{me} -1000.0", 3: "none"}.items():
        for kind in ("jsonl", "log"):
            left(f"{job(number)}.{kind}")
        left(f"{job(number)}.pid", process)
    kept = {f"{job(1)}.{kind}" for kind in ("jsonl", "log", "pid")}
    elsewhere = left(f"{job(4)}.json", json.dumps(note), old=False)  # and it may well run there
    kept |= {elsewhere, left(f"{job(4)}.jsonl", old=False)}
    left(f"{job(5)}.json", json.dumps(note))
    left(f"{job(5)}.jsonl", '{"error": "JobError", "problem": "p", "remedy": "r"}\n', old=False)
    left(f".{job(2)}.json.0f.part")
    kept |= {left(f".{job(6)}.json.0f.part", old=False), left(".others.part"), left("others.json")}
    for number in range(MOST_ENDED):
        left(f"{job(number, 20210101)}.log")
    panel = Panel(tmp_path)

    (said,), _ = panel("run", "--task", "passthrough", "--plate", plate / "no.####.exr")

    gone(said["pid"])
    assert panel.end() == ([], 0)
    mine = Path(said["events"]).stem
    names = {one.name for one in folder.iterdir() if mine not in one.name}
    assert {name for name in names if "20210101" not in name} == kept
    assert len(names) == len(kept) + MOST_ENDED
    assert Path(said["events"]).with_suffix(".pid").read_text().startswith(f"{said['pid']} ")


def test_a_job_with_a_wrong_flag_is_refused_at_once(panel: Panel, home: Path) -> None:
    before = set(home.glob("jobs/*"))

    (said,), code = panel("run", "--task", "passthrough", "--plates", "bg.####.exr")

    assert (code, said["error"]) == (2, "JobError")
    assert set(home.glob("jobs/*")) == before


def test_a_server_is_started_beside_the_sidecar_and_outlives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    models = own_models(tmp_path / "models", ["passthrough"])
    panel = Panel(tmp_path)
    try:
        (said,), code = panel("serve", "--models", models)
        assert (code, said["running"], said["tasks"]) == (0, True, {"passthrough": "ready"})
        assert panel("tasks")[0][0]["task"] == "passthrough"
        assert panel.end()[1] == 0
        state = embedded.running(tmp_path / "home")
        assert state is not None
        assert state.pid == said["pid"]
    finally:
        assert embedded.stop(tmp_path / "home")


def test_a_sidecar_starts_no_other(panel: Panel) -> None:
    (said,), code = panel("sidecar")

    assert code == 2
    assert said["problem"] == "A sidecar starts no other sidecar."


def test_nothing_of_the_key_is_ever_answered(panel: Panel, home: Path) -> None:
    said = json.dumps([panel("doctor"), panel("tasks"), panel("show", home)])

    secret = (home / "keys" / "ed25519.key").read_text(encoding="ascii").strip()
    assert len(secret) > 40
    assert secret not in said
    assert base64.b64decode(secret).hex() not in said


class Conversation:
    """A sidecar in this process, with a verb of the test's own."""

    def __init__(self, verb: Callable[[list[str], Tell, threading.Event], int], **options: Any):
        self.said: queue.SimpleQueue[Said] = queue.SimpleQueue()
        read, write = os.pipe()
        self.asked = os.fdopen(write, "wb", buffering=0)
        sidecar = Sidecar(verb, lambda line: self.said.put(json.loads(line)), **options)
        asked = os.fdopen(read, "rb")
        self.thread = threading.Thread(target=sidecar.serve, args=(asked,), daemon=True)
        self.thread.start()
        assert "sidecar" in self.hear()

    def ask(self, number: int | str, *argv: str) -> None:
        self.send({"id": number, "argv": argv})

    def send(self, request: Said) -> None:
        self.asked.write(json.dumps(request).encode() + b"\n")

    def hear(self) -> Said:
        return self.said.get(timeout=60)

    def end(self) -> None:
        self.asked.close()
        self.thread.join()


def test_so_many_requests_at_once_and_one_more_is_refused_not_queued() -> None:
    go = threading.Event()

    def verb(_words: list[str], _tell: Tell, _interrupted: threading.Event) -> int:
        return int(not go.wait(60))

    talk = Conversation(verb)
    for number in range(MOST_AT_ONCE + 1):
        talk.ask(number, "wait")

    assert talk.hear()["event"]["problem"] == "32 requests are being carried out already."
    assert talk.hear() == {"id": MOST_AT_ONCE, "exit": 2}
    go.set()
    codes = [talk.hear() for _ in range(MOST_AT_ONCE)]
    assert sorted(one["id"] for one in codes) == list(range(MOST_AT_ONCE))
    assert {one["exit"] for one in codes} == {0}
    talk.ask(1, "wait")
    assert talk.hear() == {"id": 1, "exit": 0}
    talk.end()


def test_an_id_in_use_is_refused_and_its_own_answer_still_comes() -> None:
    go = threading.Event()

    def verb(_words: list[str], _tell: Tell, _interrupted: threading.Event) -> int:
        return int(not go.wait(60))

    talk = Conversation(verb)
    for request in ({"argv": ["again"]}, {"argv": ["again"]}, {"cancel": "a"}, {"argv": 1}):
        talk.send({"id": "a", **request})

    for _ in range(3):
        assert talk.hear().keys() == {"id", "event"}
        assert talk.hear() == {"id": None, "exit": 2}
    go.set()
    assert talk.hear() == {"id": "a", "exit": 0}
    talk.end()


def test_a_verb_that_fails_beyond_expectation_is_answered_as_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: seen.append(told.exc_type))

    def verb(_words: list[str], tell: Tell, _interrupted: threading.Event) -> int:
        tell({"level": float("nan")})
        return 0

    talk = Conversation(verb)
    talk.ask(1, "fail")

    assert talk.hear() == {"id": 1, "exit": 70}
    talk.end()
    assert seen == [ValueError]


class _Once(io.RawIOBase):
    """A panel that makes one request, reads nothing, and is gone when no answer fits any more."""

    def __init__(self, begun: threading.Event) -> None:
        self._lines = [b'{"id": 1, "argv": ["talk"]}\n']
        self._begun = begun

    def readline(self, _size: int | None = -1, /) -> bytes:
        return self._lines.pop() if self._lines else self._ended()

    def _ended(self) -> bytes:
        assert self._begun.wait(60)
        return b""


def test_a_panel_that_does_not_read_does_not_keep_the_sidecar_from_ending() -> None:
    read, begun, done = threading.Event(), threading.Event(), threading.Event()

    def verb(_words: list[str], tell: Tell, _interrupted: threading.Event) -> int:
        try:
            for told in itertools.count():
                if told == MOST_UNREAD:
                    begun.set()
                tell({})
        except KeyboardInterrupt:
            done.set()
        return 130

    Sidecar(verb, lambda _line: read.wait(60) or None, patience=0.2).serve(_Once(begun))  # type: ignore[arg-type]

    read.set()
    assert done.wait(60)


def test_a_sidecar_whose_answers_cannot_be_written_cancels_all_and_ends() -> None:
    begun, cancelled = threading.Event(), threading.Event()
    read, write = os.pipe()

    def verb(_words: list[str], tell: Tell, interrupted: threading.Event) -> int:
        with contextlib.suppress(KeyboardInterrupt):
            for told in itertools.count():  # more than waits for who reads
                if told == MOST_UNREAD:
                    begun.set()
                tell({})
        if interrupted.wait(60):
            cancelled.set()
        return 130

    def full(line: str) -> None:
        if "event" in line and begun.wait(60):
            raise OSError(errno.ENOSPC, "No space left on device")

    os.write(write, b'{"id": 1, "argv": ["talk"]}\n')
    sidecar = Sidecar(verb, full, wake=lambda: os.close(write))
    asked = os.fdopen(read, "rb")
    serving = threading.Thread(target=sidecar.serve, args=(asked,), daemon=True)
    serving.start()
    serving.join(60)

    assert not serving.is_alive()
    asked.close()
    assert cancelled.is_set()
    assert "request 1" not in {thread.name for thread in threading.enumerate()}
    assert isinstance(sidecar.failure, OSError)


def test_a_sidecar_on_a_full_disk_says_so_and_ends_while_its_panel_is_silent(
    tmp_path: Path,
) -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            Answerprint.argv("sidecar"),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        code = process.wait(60)
    finally:
        process.kill()
        _, told = process.communicate()

    assert code == 5
    assert "no answer can be written: [Errno 28] No space left on device" in told
    assert "Traceback" not in told
