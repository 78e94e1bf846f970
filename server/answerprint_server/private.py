"""Private: a server of some models of a repository for one process, gone when that is done with it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from answerprint.errors import AnswerprintError, ServerAway
from answerprint_server import alive, embedded, state as states
from answerprint_server.state import Running

_PREFIX = "answerprint-models-"
UNSERVED = ("golden", "__pycache__")
_GONE = (
    "The private server is gone: it crashed, or the system ended it, as for want of memory.",
    "Run this again with one task at a time; that with which it ends again has to be corrected.",
)


@contextmanager
def served(models: Iterable[Path]) -> Iterator[Running]:
    """Serve these models' folders, each by its name, on ports of their own.

    A model that cannot be loaded does not keep the others from it; the server's index says why.

    Raises:
        SetupError: this machine lacks what the server needs.
        ServerError: it did not come up; names the log.
        TakeError: its state cannot be written; DiskFull if there is no space.
    """
    _clear_orphans()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        laid = Path(name) / "models"
        for model in models:
            place = laid / model.name
            place.mkdir(parents=True)
            for one in model.iterdir():
                if one.name not in UNSERVED:
                    (place / one.name).symlink_to(one.absolute())
        with embedded.serve(Path(name) / "home", laid) as state:
            try:
                yield state
            finally:
                # nobody else asks it: an end in order would take three seconds
                with suppress(ProcessLookupError):
                    os.kill(state.triton, signal.SIGKILL)


def _clear_orphans() -> None:
    """End what commands that were killed left: a model at work outlives its server."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another command clears it at this moment
            home = folder / "home"
            state = states.read(home) if folder.lstat().st_uid == os.getuid() else None
            if state is not None and not alive.is_same(state.pid, state.born):
                embedded.clear_orphans(home)
                shutil.rmtree(folder)


def said(error: AnswerprintError) -> tuple[str, str]:
    """Problem and remedy of an error; nobody can start a private server that is gone."""
    return _GONE if isinstance(error, ServerAway) else (error.problem, error.remedy)
