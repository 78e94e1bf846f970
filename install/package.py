"""The one package file that tells a Houdini where to look."""

from __future__ import annotations

import json
import os
import time

from install.environment import MissingError
from install.place import write

NAME = "answerprint.json"
VARIABLE = "ANSWERPRINT_HOUDINI"  # what it sets, and by which it is known as ours
OLDEST = "19.5"
_MOST_BYTES = 1 << 16


class Package:
    """A file that names one place, in a folder that Houdini looks for packages in."""

    def __init__(self, folder: str, target: str) -> None:
        self.path = os.path.join(folder, NAME)
        self.target = target
        self.text = text(target)

    @property
    def names(self) -> str | None:
        """The place that the file there names; None: there is no file, or it is none of ours."""
        return named(_read(self.path))

    @property
    def is_there(self) -> bool:
        return self.names == self.target

    @property
    def is_foreign(self) -> bool:
        """Whether something else has this name already."""
        return os.path.lexists(self.path) and not self.is_there

    def write(self) -> str | None:
        """Returns the backup's path, if there was another file. Raises MissingError: it cannot be."""
        backup = None
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            if self.is_foreign:
                backup = _free("%s.before-answerprint-%s" % (self.path, _now()))
                os.rename(self.path, backup)
            write(self.path, self.text)
        except OSError as error:
            raise self._unwritten(error) from error
        return backup

    def remove(self) -> None:
        """Raises MissingError: it cannot be taken away."""
        try:
            os.unlink(self.path)
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> MissingError:
        return MissingError(
            "%s cannot be changed: %s." % (self.path, error.strerror or error),
            "Name another folder with --package-dir, or ask who owns it.",
        )


def text(target: str) -> str:
    """The file's text. No PYTHONPATH: Houdini itself looks into the folder's scripts/python."""
    return (
        json.dumps(
            {
                "load_package_once": True,
                "enable": "houdini_version >= '%s'" % OLDEST,
                "env": [{VARIABLE: target}],
                "hpath": target,
            },
            indent=4,
        )
        + "\n"
    )


def named(said: str) -> str | None:
    """The place that a package file of ours names; None for any other text."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return None
    env = found.get("env") if isinstance(found, dict) else None
    for one in env if isinstance(env, list) else []:
        if isinstance(one, dict) and isinstance(one.get(VARIABLE), str):
            return str(one[VARIABLE])
    return None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read(_MOST_BYTES)
    except (OSError, UnicodeDecodeError):
        return ""


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def _free(path: str) -> str:
    """A name that nobody has yet; Houdini reads none that does not end in .json."""
    number = 1
    free = path
    while os.path.lexists(free):
        number += 1
        free = "%s-%d" % (path, number)
    return free
