"""The engine's own interpreter: where it is, and what it is started with. Nothing of the host's."""

from __future__ import annotations

import os
import sys
from typing import Dict, List, Mapping, NamedTuple, Optional

from answerprint_panel.host import HostError

# What a host sets for its own Python, libraries and Qt; in another interpreter it does harm.
HOSTS_OWN = ("PYTHON", "LD_", "DYLD_", "QT_", "__PYVENV_LAUNCHER__")

# realpath: the version that this panel is of, also after `current` points to another. The
# interpreter itself is taken as it is found, for its environment lies beside the link.
HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


class EngineAbsent(HostError):  # noqa: N818 - as the engine's tree of errors names its own
    """There is none, or it cannot be started."""


class Engine(NamedTuple):
    """An interpreter that has the engine, and the environment for it."""

    python: str
    environ: Mapping[str, str]

    def argv(self, *words: str) -> List[str]:
        """-I: neither the current folder, nor PYTHONPATH, nor the user's own packages."""
        return [self.python, "-I", "-m", "answerprint.cli", *words]


def install() -> str:
    """The command that installs the engine again, for the host that this runs in."""
    return f"python3 -m install {'houdini' if 'answerprint_houdini' in sys.modules else 'nuke'}"


def find(environ: Optional[Mapping[str, str]] = None, base: str = HERE) -> Engine:
    """The interpreter that ANSWERPRINT_ENGINE names, else the one that is installed beside us.

    base    the folder that holds core/, nuke/ and, where it is installed, engine/

    Raises:
        EngineAbsent: there is none; says where one was looked for.
    """
    known = os.environ if environ is None else environ
    named = known.get("ANSWERPRINT_ENGINE")
    python = _named(named) if named else _installed(base)
    return Engine(python, scrubbed(known))


def scrubbed(environ: Mapping[str, str]) -> Dict[str, str]:
    """The environment without what the host has set for itself."""
    return {name: value for name, value in environ.items() if not name.startswith(HOSTS_OWN)}


def home(environ: Optional[Mapping[str, str]] = None) -> str:
    """The user's own folder, the one that the engine uses (answerprint.site.home)."""
    known = os.environ if environ is None else environ
    named = known.get("ANSWERPRINT_HOME")
    if named:
        return named
    user = os.path.expanduser("~")
    if sys.platform == "win32":
        where = known.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local")
    elif sys.platform == "darwin":
        where = os.path.join(user, "Library", "Application Support")
    else:
        where = known.get("XDG_DATA_HOME", "").strip() or os.path.join(user, ".local", "share")
    return os.path.join(where, "answerprint")


def _named(python: str) -> str:
    if os.path.isabs(python) and _can_run(python):
        return python
    why = "there is no program there" if os.path.isabs(python) else "that is no whole path"
    raise EngineAbsent(
        f"ANSWERPRINT_ENGINE names {_slashes(python)}, and {why}.",
        remedy="Have it name the Python that Answerprint is installed in, or unset it.",
    )


def _installed(base: str) -> str:
    for folder in ("engine", ".venv"):
        python = os.path.join(base, folder, *_IN_ENVIRONMENT)
        if _can_run(python):
            return python
    raise EngineAbsent(
        f"Answerprint's engine is not installed here: {_slashes(base)} has no 'engine' folder "
        "with a Python.",
        remedy=f"Run '{install()}' from Answerprint's folder, or have ANSWERPRINT_ENGINE name the "
        "Python that it is installed in.",
    )


_IN_ENVIRONMENT = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")


def _can_run(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _slashes(path: str) -> str:
    return path.replace("\\", "/")
