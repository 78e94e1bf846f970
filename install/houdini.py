"""Answerprint for Houdini: an engine of its own, and one package file that tells Houdini where to look."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Mapping

from install import hosting
from install.environment import MissingError
from install.package import OLDEST, Package
from install.place import Place
from install.question import agreed
from install.telling import Telling

# Houdini's path has ; between its folders (and : outside of Windows), & for its own, $ for variables
_NOT_IN_A_PATH = ";&$\"'`" + ("" if os.name == "nt" else ":\\")


def run(words: list[str]) -> int:
    parser = hosting.parser("houdini", __doc__)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--package-dir", metavar="DIR", help="where the package file goes; else found, see below")
    add("--all", action="store_true", help="for every version of Houdini that is found")
    parser.epilog = (
        "The package file goes to $HOUDINI_PACKAGE_DIR, else to the packages folder of the newest "
        "Houdini whose preference folder is there. With --share none is written, and a studio's "
        "launcher sets HOUDINI_PACKAGE_DIR; with --all as well, each Houdini here gets one."
    )
    args = hosting.read(parser, words)
    place = hosting.place_of(args)
    return hosting.carry_out(args, place, Packages(args, place))


class Packages(Telling):
    """Package files: usually one, with --all one for each version of Houdini."""

    host = "houdini"

    def __init__(self, args: argparse.Namespace, place: Place) -> None:
        self.place = place
        self.target = place.path(self.host).replace(os.sep, "/")
        self._args = args
        self._found = preferences() if args.all or not _named(args) else []
        self._packages = [Package(folder, self.target) for folder in self._folders()]

    @property
    def environment(self) -> str:
        if os.name == "nt":
            return 'set "HOUDINI_PACKAGE_DIR=%s"' % self.target
        return "export HOUDINI_PACKAGE_DIR=%s" % shlex.quote(self.target)

    def check(self) -> None:
        named = _package_dirs() if self._packages and not self._args.package_dir else []
        if not self._args.all and (len(named) > 1 or not all(map(os.path.isabs, named))):
            raise MissingError(
                "HOUDINI_PACKAGE_DIR is %s, which is no single folder."
                % os.environ["HOUDINI_PACKAGE_DIR"],
                "Say which one with --package-dir.",
            )
        bad = sorted(set(_NOT_IN_A_PATH) & set(self.place.folder[2 if os.name == "nt" else 0 :]))
        if bad:
            raise MissingError(
                "The folder %s has %s in its name, which Houdini's path cannot hold."
                % (self.place.folder, " ".join(bad)),
                "Choose another with --share.",
            )
        if not self._packages and (self._args.all or not self._args.share):
            raise MissingError(
                "No preference folder of Houdini %s or newer is here yet." % OLDEST,
                "Start Houdini once, or name the folder for the package file with --package-dir.",
            )

    def plan(self) -> None:
        if not self._packages:
            print("  one line    for the studio's launcher, or a user's environment:")
            print("              %s" % self.environment)
            return
        for package in self._packages:
            there = " (is there)" if package.is_there else ""
            if package.is_foreign:
                there = " (another is there, and is kept as a backup)"
            print("  one file    %s%s" % (package.path, there))
        for line in self._packages[0].text.splitlines():
            print("              %s" % line)
        self._say_others()

    def offer(self, *, yes: bool) -> None:
        if not self._packages:
            print("Give Houdini this, and it is there at the next start:\n  %s" % self.environment)
            print("Where that is set already, for other packages: --package-dir says which folder.")
            return
        for package in self._packages:
            self._offer(package, yes=yes)
        self._say_others()

    def _offer(self, package: Package, *, yes: bool) -> None:
        if package.is_there:
            print("%s is there already. Start Houdini." % package.path)
        elif yes or agreed("Write %s?" % package.path):
            backup = package.write()
            kept = "; what was there is in %s" % backup if backup else ""
            print("Written: %s%s. Start Houdini." % (package.path, kept))
        else:
            print("Not written. Write this into %s yourself:" % package.path)
            print("%sor set in Houdini's environment:\n  %s" % (package.text, self.environment))

    def _say_others(self) -> None:
        named = {os.path.dirname(package.path) for package in self._packages}
        others = [folder for folder in self._found if folder not in named]
        if others and not self._args.uninstall:
            print("Houdini is here in %d more: %s" % (len(others), ", ".join(others)))
            print("  --all writes the file for each of them.")

    @property
    def is_there(self) -> bool:
        return bool(self._ours())

    def say_there(self) -> None:
        for package in self._ours():
            print("  the file    %s" % package.path)

    def withdraw(self) -> None:
        for package in self._ours():
            package.remove()
            print("Taken away: %s" % package.path)

    def say_left(self) -> None:
        if self._args.share:
            print("Take it out of HOUDINI_PACKAGE_DIR yourself: %s" % self.target)
        elif not self.is_there:
            print("No package file that names it was found. One that --package-dir wrote elsewhere")
            print("stays: say --package-dir with --uninstall again, or delete it.")

    def _ours(self) -> list[Package]:
        """Those that name this place; others' stay."""
        return [package for package in self._packages if package.is_there]

    def _folders(self) -> list[str]:
        args = self._args
        if args.package_dir:
            return [os.path.abspath(os.path.expanduser(args.package_dir))]
        if args.uninstall:  # wherever it was written: since then a variable may have come or gone
            return list(dict.fromkeys([*_package_dirs(), *preferences()]))
        if args.all:
            return self._found
        return [] if args.share else _package_dirs() or self._found[:1]


def preferences() -> list[str]:
    """The packages folders of all Houdinis whose preference folder is there, the newest first."""
    oldest = tuple(int(x) for x in OLDEST.split("."))
    found = []
    for above, before, after in _preference_folders():
        name, _, below = after.partition("/")
        pattern = re.compile(re.escape(before) + r"(\d{1,3})\.(\d{1,3})" + re.escape(name) + r"\Z")
        for matched in filter(None, map(pattern.match, _names(above))):
            number = (int(matched[1]), int(matched[2]))
            folder = os.path.join(above, matched[0], *below.split("/") if below else ())
            if number >= oldest and os.path.isdir(folder):
                found.append((number, os.path.join(folder, "packages")))
    return [folder for _, folder in sorted(found, reverse=True)]


def _preference_folders() -> list[tuple[str, str, str]]:
    """Where a preference folder for each version lies, and what stands before and after its number."""
    named = os.environ.get("HOUDINI_USER_PREF_DIR", "").replace(os.sep, "/").rstrip("/")
    if "__HVER__" in named:  # Houdini itself puts its version there
        before, _, after = named.partition("__HVER__")
        above, _, before = os.path.expanduser(before).rpartition("/")
        return [(above, before, after)]
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return [(os.path.join(home, "Library", "Preferences", "houdini"), "", "")]
    if os.name == "nt":
        return [(folder, "houdini", "") for folder in documents(home, os.environ)]
    return [(home, "houdini", "")]


def documents(home: str, environ: Mapping[str, str]) -> list[str]:
    """What may be Windows' folder of documents: OneDrive moves it into its own."""
    drives = (environ.get(name) for name in ("OneDrive", "OneDriveCommercial", "OneDriveConsumer"))
    above = dict.fromkeys([home, *filter(None, drives)])
    return [os.path.join(folder, "Documents") for folder in above]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _named(args: argparse.Namespace) -> bool:
    """Whether somebody says where it goes, and nothing is looked for."""
    return bool(args.package_dir or args.share or os.environ.get("HOUDINI_PACKAGE_DIR"))


def _package_dirs() -> list[str]:
    """Houdini's own variable: one folder, or several."""
    named = os.environ.get("HOUDINI_PACKAGE_DIR", "")
    return [one for one in re.split("[;%s]" % re.escape(os.pathsep), named) if one]
