"""Answerprint for Nuke: an engine of its own, and one line that tells Nuke where to look."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time

from install import place
from install.environment import MissingError

MARK = "  # Answerprint"


def run(words: list[str]) -> int:
    args = _arguments(words)
    home = os.path.abspath(args.share) if args.share else place.default()
    hook = _Hook(_nuke_dir(args), os.path.join(home, "nuke"))
    if args.uninstall:
        return _uninstall(args, home, hook)
    if args.engine:
        place.check_engine(args.engine)
    if args.wheelhouse and not os.path.isdir(args.wheelhouse):
        raise MissingError(
            "There is no wheelhouse %s." % args.wheelhouse,
            "Build one where there is internet: python3 -m install wheelhouse DIR",
        )
    version = place.Version(
        home, server=not args.server and not args.client, engine=args.engine or None
    )
    _say_plan(version, args, hook)
    if args.dry_run:
        print("Nothing was written: this was a dry run.")
        return 0
    if not version.is_there:
        version.make(os.path.abspath(args.wheelhouse) if args.wheelhouse else None)
    place.point(version, "nuke")
    if args.server and not place.write_site(home, args.server):
        print("%s is there already and stays as it is." % os.path.join(home, "site.toml"))
    print("Answerprint %s is current in %s" % (version.name, home))
    _hook(args, hook)
    return 0


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m install nuke", description=__doc__, allow_abbrev=False
    )
    add = parser.add_argument
    add("--nuke-dir", metavar="DIR", help="where Nuke's init.py of a user lies; usually ~/.nuke")
    add("--share", metavar="DIR", help="install for a studio, in this folder on the share")
    add("--server", metavar="HOST:PORT", help="the studio's server; without it one comes along")
    add("--client", action="store_true", help="no embedded server, and no studio's yet")
    add("--engine", metavar="PYTHON", help="use this interpreter, which has the engine already")
    add("--wheelhouse", metavar="DIR", help="packages from this folder, without internet")
    add("--yes", action="store_true", help="write the line into init.py without asking")
    add("--dry-run", action="store_true", help="say what would be done, write nothing")
    add("--uninstall", action="store_true", help="take it away again; takes and keys stay")
    args = parser.parse_args(words)
    if args.engine:
        args.engine = os.path.abspath(args.engine)
    return args


def _nuke_dir(args: argparse.Namespace) -> str | None:
    """Where the line goes; None where a studio sets NUKE_PATH for everybody."""
    named: str | None = args.nuke_dir
    if named:
        return os.path.abspath(os.path.expanduser(named))
    return None if args.share else os.path.join(os.path.expanduser("~"), ".nuke")


class _Hook:
    """The one line in a user's init.py."""

    def __init__(self, folder: str | None, target: str) -> None:
        self.path = os.path.join(folder, "init.py") if folder else None
        self.target = target.replace(os.sep, "/")
        self.line = 'import nuke; nuke.pluginAddPath("%s")%s' % (self.target, MARK)

    def lines(self) -> list[str]:
        try:
            with open(self.path or "", encoding="utf-8", newline="") as stream:
                return stream.read().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise MissingError(
                "%s cannot be read: %s." % (self.path, error),
                "Write this line into it yourself: %s" % self.line,
            ) from error

    @property
    def is_there(self) -> bool:
        return any(line.strip() == self.line for line in self.lines())

    @property
    def is_hooked(self) -> bool:
        """Whether some line of ours is there, of this place or another."""
        return any(self._is_ours(line) for line in self.lines())

    def write(self) -> str | None:
        """Put the line in, in place of an earlier one of ours; returns the backup's path."""
        kept = [line for line in self.lines() if not self._is_ours(line)]
        if kept and not kept[-1].endswith(("\n", "\r")):
            kept[-1] += "\n"
        return self._replace("".join(kept) + self.line + "\n")

    def remove(self) -> str | None:
        return self._replace("".join(line for line in self.lines() if not self._is_ours(line)))

    def _is_ours(self, line: str) -> bool:
        return line.rstrip().endswith(MARK) and "nuke.pluginAddPath(" in line

    def _replace(self, text: str) -> str | None:
        path = os.path.realpath(self.path or "")  # a link, as dotfiles often are, stays one
        backup = None
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.exists(path):
                backup = "%s.before-answerprint-%s" % (path, time.strftime("%Y%m%d-%H%M%S"))
                shutil.copy2(path, backup)
            if not text:
                os.unlink(path)  # it was there for us alone
                return backup
            part = path + ".answerprint-part"
            with open(part, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            if backup:
                shutil.copymode(path, part)
            os.replace(part, path)
        except OSError as error:
            raise MissingError(
                "%s cannot be written: %s." % (path, error.strerror or error),
                "Change the line yourself: %s" % self.line,
            ) from error
        return backup


def _say_plan(version: place.Version, args: argparse.Namespace, hook: _Hook) -> None:
    print("Answerprint %s" % version.name)
    print("  into        %s%s" % (version.folder, " (is there)" if version.is_there else ""))
    print("  engine      %s" % _engine_words(version, args))
    print("  server      %s" % _server_words(version, args))
    if hook.path:
        there = " (is there)" if hook.is_there else ""
        print("  one line    in %s%s" % (hook.path, there))
        print("              %s" % hook.line)
    else:
        print("  one line    for the studio's launcher, or a user's environment:")
        print("              %s" % _environment_line(hook))


def _engine_words(version: place.Version, args: argparse.Namespace) -> str:
    if version.engine:
        return version.engine
    source = "from %s" % args.wheelhouse if args.wheelhouse else "from the package index"
    size = "1.4 GB" if version.server else "0.4 GB"
    return "an interpreter of its own, %s, %s, hashes checked" % (source, size)


def _server_words(version: place.Version, args: argparse.Namespace) -> str:
    if args.server:
        return "%s, in site.toml" % args.server
    return "one on this machine, started when asked for" if version.server else "none yet"


def _environment_line(hook: _Hook) -> str:
    if os.name == "nt":
        return "set NUKE_PATH=%s;%%NUKE_PATH%%" % hook.target
    return 'export NUKE_PATH="%s:$NUKE_PATH"' % hook.target


def _hook(args: argparse.Namespace, hook: _Hook) -> None:
    if hook.path is None:
        print("Give Nuke this, and it is there at the next start:\n  %s" % _environment_line(hook))
        return
    if hook.is_there:
        print("%s has its line already. Start Nuke." % hook.path)
    elif args.yes or _agreed("Write this line into %s?" % hook.path):
        backup = hook.write()
        kept = ", and as it was in %s" % backup if backup else ""
        print("Written to %s%s. Start Nuke." % (hook.path, kept))
    else:
        print("Not written. Put this line into %s yourself:" % hook.path)
        print("  %s\nor set in Nuke's environment:\n  %s" % (hook.line, _environment_line(hook)))


def _agreed(question: str) -> bool:
    if not sys.stdin or not sys.stdin.isatty():
        return False
    return input("%s [y/N] " % question).strip().lower() in ("y", "yes")


def _uninstall(args: argparse.Namespace, home: str, hook: _Hook) -> int:
    hooked = hook.path is not None and hook.is_hooked
    installed = place.current(home) is not None or os.path.isdir(os.path.join(home, "versions"))
    if not hooked and not installed:
        print("Nothing of Answerprint is installed in %s." % home)
        return 0
    if hooked:
        print("  the line    in %s" % hook.path)
    if installed:
        print("  the files   in %s; site.toml, takes and keys stay" % home)
    if args.dry_run:
        print("Nothing was removed: this was a dry run.")
        return 0
    if hooked:
        if not args.yes and not _agreed("Take the line out of %s?" % hook.path):
            print("Nothing was removed. Say --yes, or take the line out yourself first.")
            return 1
        print("Taken out; as it was: %s" % hook.remove())
    place.remove(home)
    print("Answerprint is removed from %s." % home)
    return 0
