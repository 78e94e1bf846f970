"""A version: these files with this engine, in a folder that is named after what is in it.

PLACE/versions/0.1.0-linux-py311-1f2e3d4c/
    answerprint.txt         says that the folder is ours
    core/  server/  nuke/  houdini/     the project's own files
    engine/                 an interpreter of its own with the packages of the lock
    engine.txt              instead: another interpreter that was asked for
    complete                written last

The same is never installed twice, and no version is ever changed under a running host: one whose
engine does not run any more stays as it is, and another is made beside it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat

from install import engine as engines
from install.environment import ROOT, WEIGHTS, MissingError
from install.place import COMPLETE, SYSTEM, Place, is_marked, mark, remove_version, write

CARRIED = ("core", "server", "nuke", "houdini", "LICENSE", "README.md")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "extra", ".*")


class Version:
    """What is to be installed in a place, and whether it is there."""

    def __init__(self, place: Place, engine: engines.Engine) -> None:
        self.place, self.engine = place, engine
        first = "%s-%s-%s-%s" % (number(), SYSTEM, engine.python_words, _digest(engine)[:8])
        self.name, self.is_there = first, False
        for count in range(2, 100):
            folder = place.path("versions", self.name)
            if not is_complete(folder):
                break
            if engine.is_named or engines.says(engines.of_version(folder)) == number():
                self.is_there = True
                break
            self.name = "%s-%d" % (first, count)

    @property
    def folder(self) -> str:
        return self.place.path("versions", self.name)

    def make(self, wheelhouse: str | None) -> None:
        """To be called by who has claimed the place; what was begun goes if it cannot be ended.

        Raises:
            MissingError: the packages cannot be had, or the folder is not ours. OSError.
        """
        self._clear()
        try:
            os.makedirs(self.folder)
            mark(self.folder)
            self._copy()
            self.engine.make(self.folder, wheelhouse)
            if self.place.shared:
                _open_to_all(self.folder)
            write(os.path.join(self.folder, COMPLETE), self.name)
        except BaseException:
            if is_marked(self.folder):
                remove_version(self.folder)
            raise

    def _clear(self) -> None:
        """Take away an earlier attempt that did not end."""
        if not os.path.lexists(self.folder):
            return
        if is_marked(self.folder):
            problems = remove_version(self.folder)
        else:
            try:
                os.rmdir(self.folder)  # it ended before it had said whose it was
                problems = []
            except OSError:
                problems = ["it is not Answerprint's"]
        if problems:
            raise MissingError(
                "%s is in the way: %s." % (self.folder, problems[0]),
                "Move it elsewhere, then install again.",
            )

    def _copy(self) -> None:
        for name in CARRIED:
            source, target = os.path.join(ROOT, name), os.path.join(self.folder, name)
            if os.path.isdir(source):
                shutil.copytree(source, target, ignore=_LEFT_OUT)
            else:
                shutil.copy(source, target)


def is_complete(folder: str) -> bool:
    return is_marked(folder) and os.path.isfile(os.path.join(folder, COMPLETE))


def number() -> str:
    """What the engine of this copy calls itself."""
    with open(os.path.join(ROOT, "core", "answerprint", "__init__.py"), encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("__version__"):
                return line.split('"')[1]
    raise MissingError("This is no whole copy of Answerprint.", "Clone or unpack it again.")


def _open_to_all(folder: str) -> None:
    """As chmod -R a+rX: who installs may keep new files to themselves, artists have to read these."""
    for above, folders, names in os.walk(folder):
        for path in [above] + [os.path.join(above, name) for name in folders + names]:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                continue
            runs = 0o111 if stat.S_ISDIR(mode) or mode & 0o111 else 0
            wanted = mode | 0o444 | runs
            if wanted == mode or os.name == "nt":
                continue
            os.chmod(path, stat.S_IMODE(wanted))
            if os.stat(path).st_mode & wanted != wanted:
                raise MissingError(
                    "%s cannot be made readable for everybody." % path,
                    "Choose a folder on a file system that keeps permissions.",
                )


def _digest(engine: engines.Engine) -> str:
    """Of all files that are carried, of what the engine is made from, and of how."""
    total = hashlib.sha256(repr(engine.made_of).encode("utf-8", "surrogatepass"))
    names = [engine.lock, WEIGHTS]
    for name in CARRIED:
        names += _files(os.path.join(ROOT, name))
    for name in names:
        total.update(os.path.relpath(name, ROOT).replace(os.sep, "/").encode("utf-8"))
        with open(name, "rb") as stream:
            for block in iter(lambda stream=stream: stream.read(1 << 20), b""):  # type: ignore[misc]
                total.update(hashlib.sha256(block).digest())
    return total.hexdigest()


def _files(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        left_out = _LEFT_OUT(folder, folders + names)
        folders[:] = sorted(set(folders) - left_out)
        found += [os.path.join(folder, name) for name in sorted(set(names) - left_out)]
    return found
