"""The one line in a user's init.py that tells Nuke where to look."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import time

from install.environment import MissingError

MARK = b"  # Answerprint"
_LINE = re.compile(rb"import nuke; nuke\.pluginAddPath\((.*)\)\s*# Answerprint\s*\Z")


class Hook:
    """A line that names one place. The file is bytes: it may be in any encoding that has ASCII in it.

    folder    where the user's init.py lies; None where a studio sets NUKE_PATH for everybody
    target    the folder that Nuke is pointed at
    """

    def __init__(self, folder: str | None, target: str) -> None:
        self.path = os.path.join(folder, "init.py") if folder else None
        self.target = target.replace(os.sep, "/")
        self.line = "import nuke; nuke.pluginAddPath(%s)%s" % (_literal(self.target), MARK.decode())

    @property
    def is_there(self) -> bool:
        return any(_target(line) == self.target for line in self._lines())

    @property
    def others(self) -> list[str]:
        """Places of other installations that the file names too."""
        found = [_target(line) for line in self._lines()]
        return [place for place in found if place is not None and place != self.target]

    @property
    def environment(self) -> str:
        """The line for a launcher, or a user's environment, instead."""
        if os.name == "nt":
            return 'set "NUKE_PATH=%s;%%NUKE_PATH%%"' % self.target
        return 'export NUKE_PATH=%s"${NUKE_PATH:+:$NUKE_PATH}"' % shlex.quote(self.target)

    def write(self) -> str | None:
        """Put the line in, at the end; returns the backup's path, if there was a file.

        Raises MissingError: the file cannot be read or written, or takes no such line.
        """
        kept = self._lines()
        if any(b"\0" in line for line in kept):
            raise MissingError(
                "%s is no plain text: it may be in UTF-16." % self.path,
                "Write this line into it yourself: %s" % self.line,
            )
        if kept and not kept[-1].endswith((b"\n", b"\r")):
            kept[-1] += b"\n"
        return self._replace(b"".join(kept) + self.line.encode("ascii") + b"\n")

    def remove(self) -> str | None:
        """Take the line out; the file stays, and be it empty. Returns the backup's path.

        Raises MissingError: the file cannot be written.
        """
        return self._replace(b"".join(x for x in self._lines() if _target(x) != self.target))

    def _lines(self) -> list[bytes]:
        try:
            with open(self.path or "", "rb") as stream:
                return stream.read().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MissingError(
                "%s cannot be read: %s." % (self.path, error.strerror or error),
                "Write this line into it yourself: %s" % self.line,
            ) from error

    def _replace(self, text: bytes) -> str | None:
        path = os.path.realpath(self.path or "")  # a link, as dotfiles often are, stays one
        part = "%s.answerprint-%d" % (path, os.getpid())
        backup = None
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.exists(path):
                backup = _backup(path)
            with open(part, "wb") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if backup:
                shutil.copymode(path, part)
            os.replace(part, path)
        except OSError as error:
            if os.path.exists(part):
                os.unlink(part)
            raise MissingError(
                "%s cannot be written: %s." % (path, error.strerror or error),
                "Change the line yourself: %s" % self.line,
            ) from error
        return backup


def _literal(text: str) -> str:
    """As Python reads it in any encoding: ASCII, quotes and backslashes escaped."""
    return '"%s"' % text.encode("unicode_escape").decode("ascii").replace('"', '\\"')


def _target(line: bytes) -> str | None:
    """The folder that a line of ours names; None for any other line."""
    found = _LINE.match(line)
    if found is None:
        return None
    try:
        named = ast.literal_eval(found[1].decode("ascii"))
    except (SyntaxError, ValueError):
        return None
    return named if isinstance(named, str) else None


def _backup(path: str) -> str:
    """A copy beside it, under a name that nobody has yet."""
    first = "%s.before-answerprint-%s" % (path, time.strftime("%Y%m%d-%H%M%S"))
    number = 1
    while True:
        backup = first if number == 1 else "%s-%d" % (first, number)
        try:
            with open(path, "rb") as source, open(backup, "xb") as target:
                shutil.copyfileobj(source, target)
        except FileExistsError:
            number += 1
        else:
            shutil.copystat(path, backup)
            return backup
