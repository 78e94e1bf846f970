"""One run of the engine's sidecar, from its start to its end, with threads that do all the waiting."""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import Any, BinaryIO, Callable, Dict, Optional, cast

from answerprint_panel import engine, faults
from answerprint_panel.host import HostError

MOST_ANSWER_BYTES = 4 << 20
MOST_LOG_BYTES = 1 << 20
LAST_WORDS_BYTES = 4096
END_SECONDS = 5.0

Arrived = Callable[["Child", str, Dict[str, Any]], None]


class Child:
    """A sidecar process. Nothing here keeps the caller: not its start, not a full pipe, not its end.

    find      says which interpreter, in a thread of this: a share may be slow
    arrived   is told what comes, in order, in a thread of this:
              ("said", document) for each line; ("ended", {"exit", "why", "last"}) at last, or
              ("absent", error document) where it could not be started. `why` is empty, or what it
              said that is no answer; `last` is the last line that it wrote to its log
    """

    def __init__(self, find: Callable[[], engine.Engine], arrived: Arrived) -> None:
        self._find = find
        self._arrived = arrived
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._unwanted = False
        self._lines: queue.Queue[Optional[bytes]] = queue.Queue()
        self._log_from = 0
        self._thread = threading.Thread(target=self._live, name="answerprint engine", daemon=True)
        self.python = ""

    def start(self) -> None:
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Hand over a line, with its end, to be written."""
        self._lines.put(line)

    def end(self) -> None:
        """Close its input: it ends as soon as it has ended its requests."""
        self._unwanted = True
        self._lines.put(None)

    def kill(self) -> None:
        self._unwanted = True
        if self._process is not None:
            self._process.kill()

    def gone_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _live(self) -> None:
        try:
            found = self._find()
            self.python = found.python
            self._process = process = self._begin(found)
        except HostError as error:
            self._arrived(self, "absent", error.as_json())
            return
        except Exception as error:  # noqa: BLE001 - nobody else would hear that this thread is over
            faults.write(error, faults.log_path())
            self._arrived(self, "absent", _unforeseen(error).as_json())
            return
        if self._unwanted:  # said while it was being started
            process.kill()
        writer = threading.Thread(target=self._write_all, args=(process.stdin,), daemon=True)
        writer.start()
        with io.BufferedReader(cast("io.RawIOBase", process.stdout), 1 << 16) as stdout:
            why = self._read_all(stdout)
        if why:
            process.kill()
        code = self._reaped(process)
        self._lines.put(None)  # the writer has nobody to write to
        self._arrived(self, "ended", {"exit": code, "why": why, "last": self._last_words()})

    def _begin(self, found: engine.Engine) -> subprocess.Popen[bytes]:
        with self._log() as log:
            try:
                return subprocess.Popen(
                    found.argv("sidecar"),
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=os.path.expanduser("~"),  # a folder that is there, and is not the show's
                    env=dict(found.environ),
                    # Ctrl-C in the terminal that the host was started from is not meant for it
                    start_new_session=True,
                    creationflags=_NO_WINDOW,
                )
            except OSError as error:
                raise engine.EngineAbsent(
                    f"The engine {found.python} cannot be started: {error.strerror or error}.",
                    remedy=f"Install it again with '{engine.install()}'.",
                ) from error

    def _log(self) -> BinaryIO:
        """Where it says what is no answer. One that has grown is set aside; none is no reason to stop."""
        path = log_path()
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with contextlib.suppress(OSError):  # on Windows another host may have it open
                if os.path.getsize(path) > MOST_LOG_BYTES:
                    os.replace(path, path + ".old")
            log = open(path, "ab")  # noqa: SIM115 - closed by who asked
        except OSError:
            return open(os.devnull, "ab")
        self._log_from = log.tell()
        return log

    def _last_words(self) -> str:
        lines = tail(log_path(), LAST_WORDS_BYTES, self._log_from).strip().splitlines()
        return lines[-1].strip()[:300] if lines else ""

    def _write_all(self, stdin: BinaryIO) -> None:
        # A host may have left SIGPIPE at what ends the program; a thread that blocks it hears an error
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        with contextlib.suppress(OSError):  # it is gone; who reads from it says so
            for line in iter(self._lines.get, None):
                left = memoryview(line)
                while left:
                    left = left[stdin.write(left) :]
        with contextlib.suppress(OSError):
            stdin.close()

    def _read_all(self, stdout: BinaryIO) -> str:
        """Until its end; says why before that, if it says what is no answer."""
        for line in iter(lambda: stdout.readline(MOST_ANSWER_BYTES + 1), b""):
            if len(line) > MOST_ANSWER_BYTES:
                return f"an answer of more than {MOST_ANSWER_BYTES:,} bytes"
            try:
                document = json.loads(line.decode("utf-8"))
            except ValueError:
                document = None
            if not isinstance(document, dict):
                return f"'{line[:60].decode('ascii', 'replace').strip()}'"
            self._arrived(self, "said", document)
        return ""

    @staticmethod
    def _reaped(process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it says nothing any more, and is of no use
            process.kill()
            return process.wait()


def _unforeseen(error: Exception) -> engine.EngineAbsent:
    return engine.EngineAbsent(
        f"The engine cannot be started: {faults.sentence(error)}.",
        remedy=f"Install it again with '{engine.install()}'; if that does not help, copy the diagnostics "
        "for the pipeline team.",
    )


def log_path() -> str:
    return os.path.join(engine.home(), "sidecar.log")


def tail(path: str, most: int, since: int = 0) -> str:
    """The end of a text file; empty where it cannot be read."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - most))
            return file.read(most).decode("utf-8", "replace")
    except OSError:
        return ""


_NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0  # subprocess has the name there alone
