"""Where Answerprint is installed: a folder for each version, and one line that says which is current.

PLACE/
    answerprint.txt         says that this folder is ours; without it nothing in it is touched
    current                 names of folders below versions: one for each operating system
    history                 when which became current
    installing              while somebody does, see claim.py
    site.toml               the studio's configuration, if there is one; never touched again
    nuke/  houdini/         what a host is pointed at: hands it the version that is current
    versions/               see version.py

`current` is replaced in one step, and so is a roll-back to another version.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import unicodedata

from install import brought
from install.environment import ROOT, MissingError

SYSTEM = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
LOADERS = os.path.join(ROOT, "install", "loader")
HOSTS = ("nuke", "houdini")
MARKER = "answerprint.txt"
_OURS = "Answerprint is installed in this folder"
COMPLETE = "complete"
_LOADER_BEGINS = '"""Answerprint'
_SITE_TOML = 'server = "%s"\n'
_MOST_BYTES = 1 << 20


class Place:
    """A folder of a user's, or a studio's on the share."""

    def __init__(self, folder: str, *, shared: bool = False) -> None:
        self.folder, self.shared = folder, shared

    def path(self, *names: str) -> str:
        return os.path.join(self.folder, *names)

    @property
    def is_ours(self) -> bool:
        return is_marked(self.folder)

    def check(self) -> None:
        """Raises MissingError: the folder cannot be told to a host, or holds what is not ours."""
        if any(unicodedata.category(x) in ("Cc", "Cs") for x in self.folder):
            raise MissingError(
                "The folder %s has a control character in its name." % ascii(self.folder),
                "Choose another with --share.",
            )
        if self.is_ours:
            return
        for name in (*HOSTS, "versions", "current", "history"):
            path = self.path(name)
            if os.path.lexists(path) and not (os.path.isdir(path) and not os.listdir(path)):
                raise MissingError(
                    "%s is there already, and not from Answerprint." % path,
                    "Choose an empty folder, such as %s." % self.path("answerprint"),
                )

    def begin(self) -> None:
        """Say that the folder is ours from now on. Raises OSError."""
        if not self.is_ours:
            mark(self.folder)

    # Which version is current

    def current(self, system: str = SYSTEM) -> str | None:
        """The version that hosts on an operating system use."""
        return self.currents().get(system)

    def currents(self) -> dict[str, str]:
        """For each operating system the version that is current there."""
        names = _read(self.path("current")).split()
        return {system(name): name for name in names if os.path.basename(name) == name}

    def turn(self, name: str) -> None:
        """Make a version current for its operating system, in one step. Raises OSError."""
        if self.current(system(name)) == name:
            return
        known = self.currents()
        known[system(name)] = name
        with open(self.path("history"), "a", encoding="ascii") as stream:
            stream.write("%d %s\n" % (time.time(), name))
        write(self.path("current"), "".join("%s\n" % known[key] for key in sorted(known)))

    def history(self) -> list[tuple[int, str]]:
        """(when, version) of each that became current, the latest last."""
        lines = [line.split() for line in _read(self.path("history")).splitlines()]
        return [(int(x[0]), x[1]) for x in lines if len(x) == 2 and x[0].isdigit()]

    def versions(self) -> list[str]:
        """All versions that are ours, whole or not; nothing else that lies there."""
        try:
            names = sorted(os.listdir(self.path("versions")))
        except OSError:
            return []
        return [name for name in names if is_marked(self.path("versions", name))]

    # What hosts and people find in it

    def bring(self, host: str) -> None:
        """Write the folder that a host is pointed at.

        Raises:
            MissingError: somebody has put a file of their own there. OSError.
        """
        if host in brought.TREES:
            brought.write(self.path(host), brought.TREES[host]())
            return
        os.makedirs(self.path(host), exist_ok=True)
        for name in _loader(host):
            path = self.path(host, name)
            if os.path.lexists(path) and not _read(path).startswith(_LOADER_BEGINS):
                raise MissingError(
                    "%s is not Answerprint's." % path, "Move it elsewhere, then install again."
                )
            with open(os.path.join(LOADERS, host, name), encoding="utf-8") as stream:
                write(self.path(host, name), stream.read())

    def hosts(self) -> list[str]:
        """Hosts that are handed the version that is current."""
        return [host for host in HOSTS if self._brought(host)]

    def unbring(self, host: str) -> list[str]:
        """Take away the folder that a host is pointed at; what could not be, in words."""
        if host in brought.TREES:
            return brought.remove(self.path(host))
        problems: list[str] = []
        for path in self._brought(host):
            problems += _unlink(path)
        return problems

    def _brought(self, host: str) -> list[str]:
        if host in brought.TREES:
            return brought.there(self.path(host))
        ours = [self.path(host, name) for name in _loader(host)]
        return [path for path in ours if _read(path).startswith(_LOADER_BEGINS)]

    def write_site(self, server: str) -> bool:
        """Write the studio's configuration, unless there is one; says whether it did."""
        if os.path.lexists(self.path("site.toml")):
            return False
        write(self.path("site.toml"), _SITE_TOML % server)
        return True

    # Taking away

    def close(self) -> None:
        """No host finds it any more; nothing else is gone yet. Raises OSError."""
        for path in [self.path("current")] + [
            self.path("versions", name, COMPLETE) for name in self.versions()
        ]:
            if os.path.lexists(path):
                os.unlink(path)

    def remove(self) -> list[str]:
        """Take away what we brought, and nothing else; returns what could not be, in words."""
        problems = []
        for name in self.versions():
            problems += remove_version(self.path("versions", name))
        for host in HOSTS:
            problems += self.unbring(host)
        if not problems:
            problems += _unlink(self.path("history")) + _unlink(self.path(MARKER))
        self.sweep()
        return problems

    def sweep(self) -> None:
        """Folders of ours that are empty go, and with the last the sign that the place is ours."""
        for name in (*HOSTS, "versions"):
            _rmdir(self.path(name))
        left = set(os.listdir(self.folder)) - {"installing"}
        if left == {MARKER}:
            _unlink(self.path(MARKER))

    def leave(self) -> list[str]:
        """The folder goes too, if it is empty; returns what still lies there."""
        _rmdir(self.folder)
        try:
            return sorted(os.listdir(self.folder))
        except OSError:
            return []


def default() -> str:
    """The user's own place, beside the engine's home."""
    named = os.environ.get("ANSWERPRINT_HOME")
    if named:
        return os.path.join(os.path.abspath(named), "app")
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA", os.path.expanduser("~"))
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "answerprint", "app")


def system(name: str) -> str:
    """The operating system that a version is for: 0.1.0-linux-py311-1f2e3d4c."""
    parts = name.split("-")
    return parts[1] if len(parts) > 1 else ""


def is_marked(folder: str) -> bool:
    """Whether we made this folder; a link is never ours."""
    return not os.path.islink(folder) and _read(os.path.join(folder, MARKER)).startswith(_OURS)


def mark(folder: str) -> None:
    """Say that a folder is ours. Raises OSError."""
    write(
        os.path.join(folder, MARKER),
        "%s; python3 -m install nuke --uninstall, or houdini, removes it.\n" % _OURS,
    )


def remove_version(folder: str) -> list[str]:
    """Take one version away, first the sign that it is whole; what could not be, in words."""
    names = sorted(os.listdir(folder), key=lambda name: (name == MARKER, name != COMPLETE, name))
    try:
        for path in [os.path.join(folder, name) for name in names]:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)  # the marker as the last: what is left is still ours
        os.rmdir(folder)
    except OSError as error:
        # rmtree names what it stands in front of, without the folders above
        return ["%s in %s: %s" % (error.filename or "a file", folder, error.strerror or error)]
    return []


def unwritable(place: str, error: OSError) -> MissingError:
    return MissingError(
        "%s cannot be written: %s." % (place, error.strerror or error),
        "Choose another place with --share, or ask who owns it.",
    )


def write(path: str, text: str) -> None:
    """A whole file or none, also for who reads at this moment."""
    part = "%s.%d.part" % (path, os.getpid())
    with open(part, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def _loader(host: str) -> list[str]:
    return [x for x in sorted(os.listdir(os.path.join(LOADERS, host))) if x.endswith(".py")]


def _read(path: str) -> str:
    """A small file of ours; nothing if it is not there, or damaged."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read(_MOST_BYTES)
    except (OSError, UnicodeDecodeError):
        return ""


def _unlink(path: str) -> list[str]:
    try:
        if os.path.lexists(path):
            os.unlink(path)
    except OSError as error:
        return ["%s: %s" % (path, error.strerror or error)]
    return []


def _rmdir(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        return  # not there, or something else is in it
