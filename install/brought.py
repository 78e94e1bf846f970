"""Files that we bring into a folder of a host's, and a list of them: what is on it is ours, while it is the same.

A file that somebody has put there, or changed since, is never overwritten and never taken away.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable

from install.environment import ROOT, MissingError

LIST = "answerprint.txt"
_BEGINS = "Answerprint has brought these files"
_MOST_BYTES = 1 << 20
_LEFT_OUT = ("README.md", "build_asset.py", "__pycache__", "answerprint_houdini")


def houdini() -> dict[str, bytes]:
    """The package root without the adapter: whoever asks for that gets it of the current version."""
    files = _files(os.path.join(ROOT, "houdini"), _LEFT_OUT)
    files.update(_files(os.path.join(ROOT, "install", "loader", "houdini"), ("__pycache__",)))
    return files


TREES: dict[str, Callable[[], dict[str, bytes]]] = {"houdini": houdini}


def write(folder: str, files: dict[str, bytes]) -> None:
    """Bring them, named by their paths below the folder with forward slashes.

    Of ours that are not among them any more, none stays.

    Raises MissingError: a file of somebody else's is in the way; then nothing is written. OSError.
    """
    before = _listed(folder)
    wanted = {(name, _digest(said)) for name, said in files.items()}
    for name in sorted(files):
        path = _path(folder, name)
        if os.path.lexists(path) and (name, _digest(_read(path))) not in before | wanted:
            raise MissingError(
                "%s is not Answerprint's." % path, "Move it elsewhere, then install again."
            )
    os.makedirs(folder, exist_ok=True)
    _write_list(folder, before | wanted)  # broken off anywhere, each is known as ours
    for name, said in files.items():
        os.makedirs(os.path.dirname(_path(folder, name)), exist_ok=True)
        _replace(_path(folder, name), said)
    for name, digest in before:
        if name not in files and _is_same(_path(folder, name), digest):
            _take_away(_path(folder, name))
    _write_list(folder, wanted)
    _sweep(folder)


def there(folder: str) -> list[str]:
    """Paths of what is there of ours."""
    found = {
        _path(folder, n) for n, digest in _listed(folder) if _is_same(_path(folder, n), digest)
    }
    return sorted(found)


def remove(folder: str) -> list[str]:
    """Take away what is ours, the list as the last; what could not be, in words."""
    listed = os.path.join(folder, LIST)
    known = _read(listed).startswith(_BEGINS.encode("ascii"))
    try:
        for path in [*there(folder), *([listed] if known else [])]:
            _take_away(path)
        _sweep(folder)
    except OSError as error:
        return ["%s: %s" % (error.filename or folder, error.strerror or error)]
    return []


def _listed(folder: str) -> set[tuple[str, str]]:
    """(path below the folder, digest) of all that we have brought."""
    lines = _read(os.path.join(folder, LIST)).decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].startswith(_BEGINS):
        return set()
    pairs = [line.partition("  ")[::2] for line in lines[1:]]
    return {(name, digest) for digest, name in pairs if _is_below(name)}


def _write_list(folder: str, listed: set[tuple[str, str]]) -> None:
    lines = ["%s  %s\n" % (digest, name) for name, digest in sorted(listed)]
    text = "%s; what is changed or added stays:\n%s" % (_BEGINS, "".join(lines))
    _replace(os.path.join(folder, LIST), text.encode("utf-8"))


def _is_below(name: str) -> bool:
    return bool(name) and not name.startswith("/") and not set(name.split("/")) & {"", ".", ".."}


def _files(top: str, left_out: tuple[str, ...]) -> dict[str, bytes]:
    found = {}
    for above, folders, names in os.walk(top):
        folders[:] = sorted(x for x in folders if x not in left_out and not x.startswith("."))
        for name in sorted(x for x in names if x not in left_out and not x.startswith(".")):
            path = os.path.join(above, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, top).replace(os.sep, "/")] = stream.read()
    return found


def _path(folder: str, name: str) -> str:
    return os.path.join(folder, *name.split("/"))


def _digest(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()


def _is_same(path: str, digest: str) -> bool:
    return os.path.isfile(path) and _digest(_read(path)) == digest


def _read(path: str) -> bytes:
    """A small file; nothing if it is not there. One that is larger is cut, and so none of ours."""
    try:
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""


def _replace(path: str, said: bytes) -> None:
    part = "%s.%d.part" % (path, os.getpid())
    with open(part, "wb") as stream:
        stream.write(said)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def _take_away(path: str) -> None:
    """With what a host's Python has compiled of it."""
    above, name = os.path.split(path)
    if name.endswith(".py"):
        for compiled in glob.glob(
            os.path.join(glob.escape(above), "__pycache__", name[: -len("py")] + "*.pyc")
        ):
            os.unlink(compiled)
    os.unlink(path)


def _sweep(folder: str) -> None:
    """Folders below that are empty go."""
    for above, _, _ in os.walk(folder, topdown=False):
        if above != folder and not os.listdir(above):
            os.rmdir(above)
