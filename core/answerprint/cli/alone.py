"""A job by itself: it says which process it is, and ends when somebody asks for that in its files.

Whoever started it may be gone a moment later, and who wants it to end may sit at another machine,
or on Windows, where no signal reaches it.

  python -m answerprint.cli.alone JOBS/JOB run job.json --json
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from answerprint import cli, documents
from answerprint.cli.context import Output
from answerprint.errors import TakeError
from answerprint.note import Files
from answerprint_server import alive

LOOK_SECONDS = 0.5


def main() -> int:
    place, *words = sys.argv[1:]
    files = Files(Path(place).parent, Path(place).name)
    try:
        with suppress(psutil.Error):  # whoever started us has seen us as well
            files.note_process(os.getpid(), alive.born(os.getpid()))
    except OSError as error:
        Output(json=True).error(documents.unwritable(files.folder, error))
        return TakeError.exit_code
    ear = _Ear(files.cancel)
    ear.start()
    try:
        return cli.main(words)
    finally:
        ear.close()


def interrupt_main() -> None:
    """End what the main thread does, as a signal from outside would."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:  # Windows breaks no waiting off: it ends when that does
        _thread.interrupt_main()


class _Ear(threading.Thread):
    """Looks now and again whether a file has come, and interrupts the main thread then, once."""

    def __init__(self, file: Path) -> None:
        super().__init__(name="ear", daemon=True)
        self._file = file
        self._closed = threading.Event()

    def run(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with suppress(OSError):  # a share that is away for a moment
                if self._file.exists():
                    interrupt_main()
                    return

    def close(self) -> None:
        self._closed.set()


if __name__ == "__main__":
    sys.exit(main())
