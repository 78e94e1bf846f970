"""A claim: one at a time installs into a place, or removes from it."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
import uuid
from types import TracebackType

from install.environment import MissingError

NAME = "installing"
_MOST_BYTES = 4096
_MOST_TRIES = 5


class Claim:
    """A file that only one can have made, with who that is. Use as a context.

    One that a dead process of this machine has left is taken over. Of another machine's nobody
    here can tell whether it is dead: then the file is named, and a person decides.

    Raises:
        MissingError: somebody else has it. OSError: the place cannot be written.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, NAME)
        self._mark = uuid.uuid4().hex

    def __enter__(self) -> Claim:  # noqa: PYI034 - Python 3.7 has no typing.Self
        for _ in range(_MOST_TRIES):
            os.makedirs(self.folder, exist_ok=True)
            try:
                self._make()
            except FileExistsError:
                self._clear()
            except FileNotFoundError:
                continue  # who went before took the folder away when done
            else:
                return self
        raise self._held({})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if _read(self.path).get("mark") == self._mark:
            os.unlink(self.path)

    def _make(self) -> None:
        words = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "user": _user(),
            "time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "mark": self._mark,
        }
        made = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(made, "w", encoding="ascii") as stream:
            json.dump(words, stream)

    def _clear(self) -> None:
        """Take away what a dead process left. Raises MissingError: it is not dead, or who knows."""
        held = _read(self.path)
        if not held and not os.path.exists(self.path):
            return  # it ended at this moment
        if not _is_stale(held):
            raise self._held(held)
        # two may have seen the same dead one: whoever comes second finds it replaced
        guard = "%s.%s" % (self.path, held["mark"])
        try:
            os.mkdir(guard)
        except FileExistsError:
            return
        try:
            if _read(self.path).get("mark") == held["mark"]:
                os.unlink(self.path)
        finally:
            os.rmdir(guard)

    def _held(self, held: dict[str, object]) -> MissingError:
        who = "{user} on {host}, since {time}".format(**held) if held else "somebody else"
        return MissingError(
            "%s is being changed by %s." % (self.folder, who),
            "Wait until that has ended. If it was broken off, delete %s." % self.path,
        )


def _read(path: str) -> dict[str, object]:
    """What a claim says; nothing if it is not there, not whole yet, or no claim of ours."""
    try:
        with open(path, encoding="ascii") as stream:
            said = json.loads(stream.read(_MOST_BYTES))
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict) or not {"user", "host", "time", "mark"} <= said.keys():
        return {}
    return said if str(said["mark"]).isalnum() else {}


def _is_stale(held: dict[str, object]) -> bool:
    pid = held.get("pid")
    if held.get("host") != socket.gethostname() or not isinstance(pid, int) or pid < 1:
        return False
    return not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there os.kill would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another user's
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "a user without a name"
