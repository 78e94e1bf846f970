"""Answerprint for a host program: an engine of its own, and what tells that host where to look."""

from __future__ import annotations

import argparse
import os
import re
import stat

from install import (
    earlier,
    engine as engines,
    environment,
    place as places,
    plan,
    removal,
    wheelhouse,
)
from install.claim import Claim
from install.environment import MissingError
from install.place import Place
from install.telling import Telling
from install.version import Version, number

_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(\d{1,5})"
)


def parser(host: str, says: str | None) -> argparse.ArgumentParser:
    """To which a host adds its own words, before `read`."""
    return argparse.ArgumentParser(
        prog="python3 -m install %s" % host, description=says, allow_abbrev=False
    )


def read(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """The words that every host takes, and those that it has added."""
    add = parser.add_argument
    add("--share", metavar="DIR", help="install for a studio, in this folder on the share")
    add("--server", metavar="HOST:PORT", help="the studio's server; without it one comes along")
    add("--client", action="store_true", help="no embedded server, and no studio's yet")
    add("--engine", metavar="PYTHON", help="use this interpreter, which has the engine already")
    add("--wheelhouse", metavar="DIR", help="packages from this folder, without internet")
    add("--yes", action="store_true", help="do it without asking")
    add("--dry-run", action="store_true", help="say what would be done, write nothing")
    other = parser.add_mutually_exclusive_group().add_argument
    other("--versions", action="store_true", help="list the versions that are there")
    other("--use", metavar="VERSION", help="make one of them current: back to it, or forward")
    other("--prune", action="store_true", help="remove all but the current and the one before")
    other("--uninstall", action="store_true", help="take it away again; takes and keys stay")
    args = parser.parse_args(words)
    if args.engine:
        args.engine = os.path.abspath(args.engine)
    if args.wheelhouse:
        args.wheelhouse = os.path.abspath(args.wheelhouse)
    return args


def place_of(args: argparse.Namespace) -> Place:
    folder = os.path.abspath(args.share) if args.share else places.default()
    return Place(folder, shared=bool(args.share))


def carry_out(args: argparse.Namespace, place: Place, telling: Telling) -> int:
    """What was asked for. Raises MissingError: why it cannot be had."""
    if args.uninstall:
        return removal.uninstall(place, telling, yes=args.yes, dry_run=args.dry_run)
    if args.versions:
        return earlier.show(place)
    if args.use:
        return earlier.use(place, args.use, dry_run=args.dry_run)
    if args.prune:
        return earlier.prune(place, yes=args.yes, dry_run=args.dry_run)
    return _install(args, place, telling)


def _install(args: argparse.Namespace, place: Place, telling: Telling) -> int:
    place.check()
    telling.check()
    engine = _engine(args, place)
    version = Version(place, engine)
    if not version.is_there:
        engine.check(place.folder)
    plan.say(version, telling, server=args.server, wheelhouse=args.wheelhouse)
    if args.dry_run:
        print("Nothing was written: this was a dry run.")
        return 0
    try:
        _write(args, place, engine, telling.host)
    except OSError as error:
        raise places.unwritable(place.folder, error) from error
    telling.offer(yes=args.yes)
    return 0


def _engine(args: argparse.Namespace, place: Place) -> engines.Engine:
    """Raises MissingError: what was asked for cannot be had. Nothing is written yet."""
    _check_words(args)
    server = not args.server and not args.client
    if server:
        environment.check_system(
            "Say --server HOST:PORT, the studio's server, or --client, for none yet."
        )
    if args.engine:
        return engines.named(args.engine, number(), server=server)
    engine = engines.own(server=server)
    if place.shared and engine.is_at_home:
        raise MissingError(
            "The engine would stand on %s, in a home folder: other workstations do not have it."
            % engine.python,
            "Start the installer with a Python that every workstation has at the same path, or "
            "that lies on the share; or name an engine on the share with --engine.",
        )
    return engine


def _check_words(args: argparse.Namespace) -> None:
    address = _ADDRESS.fullmatch(args.server or "")
    if args.server is not None and not (address and 0 < int(address[1]) < 1 << 16):
        raise MissingError(
            "%r is no server's address." % args.server, "Say HOST:PORT, like triton-01:8001."
        )
    if args.wheelhouse:
        wheelhouse.check(args.wheelhouse, server=not args.server and not args.client)
    if args.engine and not args.engine.isprintable():
        raise MissingError(
            "%s has a control character in it." % ascii(args.engine), "Name another engine."
        )


def _write(args: argparse.Namespace, place: Place, engine: engines.Engine, host: str) -> None:
    if place.shared:
        os.umask(os.umask(0) & ~0o055)  # what artists cannot read is not installed for them
    try:
        with Claim(place.folder):
            version = _turn(args, place, engine, host)
    finally:
        place.leave()  # an empty folder of an attempt that failed
    print("Answerprint %s is current in %s" % (version.name, place.folder))
    if place.shared and not os.stat(place.folder).st_mode & (stat.S_IXGRP | stat.S_IXOTH):
        print("Note: only you can open %s. For everybody: chmod a+rX" % place.folder)


def _turn(args: argparse.Namespace, place: Place, engine: engines.Engine, host: str) -> Version:
    """With the place claimed: make the version, unless it is there, and have it be current."""
    place.check()
    try:
        place.begin()
        version = Version(place, engine)  # somebody may have made it meanwhile
        if not version.is_there:
            version.make(args.wheelhouse)
        place.bring(host)
        place.turn(version.name)
    finally:
        place.sweep()
    if args.server and not place.write_site(args.server):
        print("%s is there already and stays as it is." % place.path("site.toml"))
    return version
