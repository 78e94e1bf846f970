"""The stubs of the oldest Houdini that the adapter is held to, beside the newest ones of .venv."""

from __future__ import annotations

import os
import shutil
import subprocess

from install.environment import ROOT, VENV

LOCK = os.path.join(ROOT, "install", "houdini-20.5.lock")
PLACE = os.path.join(VENV, "hou-20.5")
CONFIG = os.path.join("install", "houdini-20.5.ini")


def fetch(python: str, place: str = PLACE) -> int:
    """0 where they lie in a folder as the lock says; else what is missing was said.

    mypy finds a package by its own name in a folder that it is told of, never by name-stubs.
    """
    kept = os.path.join(place, os.path.basename(LOCK))
    if os.path.exists(kept) and _read(kept) == _read(LOCK):
        return 0
    shutil.rmtree(place, ignore_errors=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    command = [*pip, "--require-hashes", "--target", place, "-r", LOCK]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        shutil.rmtree(place, ignore_errors=True)
        print("install: the stubs of Houdini 20.5 could not be fetched: %s" % " ".join(command))
        return code
    os.rename(os.path.join(place, "hou-stubs"), os.path.join(place, "hou"))
    shutil.copyfile(LOCK, kept)
    return 0


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()
