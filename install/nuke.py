"""Answerprint for Nuke: an engine of its own, and one line that tells Nuke where to look."""

from __future__ import annotations

import argparse
import os

from install import hosting
from install.environment import MissingError
from install.hook import Hook
from install.place import Place
from install.question import agreed
from install.telling import Telling


def run(words: list[str]) -> int:
    parser = hosting.parser("nuke", __doc__)
    parser.add_argument(
        "--nuke-dir", metavar="DIR", help="where Nuke's init.py of a user lies; usually ~/.nuke"
    )
    args = hosting.read(parser, words)
    place = hosting.place_of(args)
    return hosting.carry_out(args, place, Line(_nuke_dir(args), place))


def _nuke_dir(args: argparse.Namespace) -> str | None:
    """Where the line goes; None where a studio sets NUKE_PATH for everybody."""
    named: str | None = args.nuke_dir
    if named:
        return os.path.abspath(os.path.expanduser(named))
    return None if args.share else os.path.join(os.path.expanduser("~"), ".nuke")


class Line(Telling):
    """A line in a user's init.py."""

    host = "nuke"

    def __init__(self, folder: str | None, place: Place) -> None:
        self.place = place
        self.hook = Hook(folder, place.path(self.host))
        self.target = self.hook.target

    @property
    def environment(self) -> str:
        return self.hook.environment

    def check(self) -> None:
        if os.pathsep in self.place.folder:
            raise MissingError(
                "The folder %s has %r in its name, which NUKE_PATH cannot hold."
                % (self.place.folder, os.pathsep),
                "Choose another with --share.",
            )

    def plan(self) -> None:
        hook = self.hook
        if hook.path is None:
            print("  one line    for the studio's launcher, or a user's environment:")
            print("              %s" % hook.environment)
            return
        print("  one line    in %s%s" % (hook.path, " (is there)" if hook.is_there else ""))
        print("              %s" % hook.line)
        for other in hook.others:
            print("              another installation's line stands there too: %s" % other)

    def offer(self, *, yes: bool) -> None:
        hook = self.hook
        if hook.path is None:
            print("Give Nuke this, and it is there at the next start:\n  %s" % hook.environment)
            return
        others = hook.others
        if hook.is_there:
            print("%s has its line already. Start Nuke." % hook.path)
        elif yes or agreed("Write this line into %s?" % hook.path):
            backup = hook.write()
            kept = ", and as it was in %s" % backup if backup else ""
            print("Written to %s%s. Start Nuke." % (hook.path, kept))
        else:
            print("Not written. Put this line into %s yourself:" % hook.path)
            print("  %s\nor set in Nuke's environment:\n  %s" % (hook.line, hook.environment))
        for other in others:
            print(
                "Note: %s names another installation too, %s, and that stays." % (hook.path, other)
            )
            print(
                "  Nuke uses the one whose line stands first, and its terminal says which stays out."
            )
            print("  Take out the line that you do not want.")

    @property
    def is_there(self) -> bool:
        return self.hook.path is not None and self.hook.is_there

    def say_there(self) -> None:
        print("  the line    in %s" % self.hook.path)

    def withdraw(self) -> None:
        backup = self.hook.remove()
        print("The line is taken out of %s; as it was: %s" % (self.hook.path, backup))

    def say_left(self) -> None:
        if self.hook.path is None:
            print("Take it out of NUKE_PATH yourself: %s" % self.target)
