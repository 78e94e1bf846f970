"""Private: a server of some models of a repository for one process, gone when that is done with it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from answerprint.errors import AnswerprintError, ServerAway
from answerprint_server import embedded
from answerprint_server.state import Running

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
    with tempfile.TemporaryDirectory(prefix="answerprint-models-") as name:
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


def said(error: AnswerprintError) -> tuple[str, str]:
    """Problem and remedy of an error; nobody can start a private server that is gone."""
    return _GONE if isinstance(error, ServerAway) else (error.problem, error.remedy)
