"""Earlier versions: which are there, back to one of them, and away with those that nobody uses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from install import engine as engines
from install.claim import Claim
from install.environment import MissingError
from install.place import SYSTEM, Place, remove_version, system, unwritable
from install.question import agreed
from install.version import is_complete

_DAY = 24 * 60 * 60
_MOST_BYTES = 1 << 16


def show(place: Place) -> int:
    names = place.versions()
    if not names:
        print("Nothing of Answerprint is installed in %s." % place.folder)
        return 0
    for name in names:
        size = _bytes(place.path("versions", name)) / 1e6
        print("  %-34s %6.0f MB  %s" % (name, size, _standing(place, name)))
    if place.current() is None:
        print("No version is current on %s: --use VERSION makes one so." % SYSTEM)
    return 0


def use(place: Place, name: str, *, dry_run: bool) -> int:
    """Make a version current that is there. Raises MissingError: it is not, or does not run."""
    if name not in place.versions() or not is_complete(place.path("versions", name)):
        whole = [x for x in place.versions() if is_complete(place.path("versions", x))]
        raise MissingError(
            "There is no version %s in %s." % (name, place.folder),
            "There are: %s." % (", ".join(whole) or "none"),
        )
    python = engines.of_version(place.path("versions", name))
    if system(name) == SYSTEM and not engines.says(python):
        raise MissingError(
            "The engine of %s does not run here: %s." % (name, python),
            "Use another version, or install again: one is then made that runs.",
        )
    if dry_run:
        print("%s would be current in %s." % (name, place.folder))
        return 0
    before = place.current(system(name))
    try:
        with Claim(place.folder):
            place.turn(name)
    except OSError as error:
        raise unwritable(place.folder, error) from error
    print("Answerprint %s is current in %s" % (name, place.folder))
    if before and before != name:
        print("Hosts that run keep %s until they are started again." % before)
    return 0


def prune(place: Place, *, yes: bool, dry_run: bool) -> int:
    """Remove all but the current and the one before. Raises MissingError: one could not be removed."""
    going = _going(place, say=True)
    if not going:
        print("There is nothing to remove in %s." % place.folder)
        return 0
    if dry_run:
        print("Nothing was removed: this was a dry run.")
        return 0
    if not yes and not agreed("Remove %s?" % ", ".join(going)):
        print("Nothing was removed. Say --yes to remove it.")
        return 1
    problems = []
    try:
        with Claim(place.folder):
            for name in sorted(set(going) & set(_going(place, say=False))):
                problems += remove_version(place.path("versions", name))
    except OSError as error:
        raise unwritable(place.folder, error) from error
    if problems:
        raise MissingError(
            "Not everything could be removed:\n    %s" % "\n    ".join(problems),
            "Close what uses these files, then say it again.",
        )
    print("Removed: %s" % ", ".join(going))
    return 0


def user(folder: str) -> int | None:
    """A process of this machine that runs the engine in a folder, where the system tells (Linux)."""
    below = {os.fsencode(os.path.join(x, "")) for x in (folder, os.path.realpath(folder))}
    for number, words in _processes():
        if any(word.startswith(tuple(below)) for word in words.split(b"\0")):
            return number
    return None


def _going(place: Place, *, say: bool) -> list[str]:
    going = []
    for name in place.versions():
        why = _kept(place, name)
        if why is None:
            going.append(name)
        if say:
            print("  %-34s %s" % (name, "stays: %s" % why if why else "goes"))
    return going


def _kept(place: Place, name: str) -> str | None:
    """Why a version is not to be removed."""
    if not is_complete(place.path("versions", name)):
        return None
    if _standing(place, name):
        return _standing(place, name)
    used = user(place.path("versions", name))
    if used:
        return "process %d runs it" % used
    if time.time() - _last(place, name) < _DAY:
        return "was current less than a day ago, and hosts elsewhere may run it"
    return None


def _standing(place: Place, name: str) -> str:
    if not is_complete(place.path("versions", name)):
        return "not complete"
    if name in place.currents().values():
        return "current" if system(name) == SYSTEM else "current on %s" % system(name)
    return "the one before" if name == _before(place, system(name)) else ""


def _before(place: Place, of: str) -> str | None:
    """What was current on an operating system before the one that is."""
    for _, name in reversed(place.history()):
        if system(name) == of and name != place.current(of) and name in place.versions():
            return name
    return None


def _last(place: Place, name: str) -> float:
    """When a version was last current: the time of what followed it, or when it was made."""
    last = os.stat(place.path("versions", name, "complete")).st_mtime
    was = ""
    for when, turned in place.history():
        if system(turned) == system(name):
            last = max(last, when) if was == name else last
            was = turned
    return last


def _processes() -> Iterator[tuple[int, bytes]]:
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return  # no such thing on this system
    for number in numbers:
        yield number, _words(number)


def _words(number: int) -> bytes:
    try:
        with open("/proc/%d/cmdline" % number, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""  # it has ended


def _bytes(folder: str) -> int:
    return sum(
        os.lstat(os.path.join(above, name)).st_size
        for above, _, names in os.walk(folder)
        for name in names
    )
