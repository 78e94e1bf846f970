"""A user's machine with an empty home, on which the installer is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from install.place import Place
from install.version import number

PROJECT = Path(__file__).parents[1]


class Machine:
    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        self.place = home / ".local" / "share" / "answerprint" / "app"
        self.init = home / ".nuke" / "init.py"
        self._quick = home.parent / "quick engine"

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            k: v
            for k, v in os.environ.items()
            if not any(x in k for x in ("ANSWERPRINT", "XDG", "HOUDINI"))
        }
        return kept | {"HOME": str(self.home)}

    def install(
        self, *words: str, umask: int = -1, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "install", *words],
            cwd=PROJECT,
            env=self.environ | environ,
            input="",
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
        )

    def nuke(self, *words: str, umask: int = -1) -> subprocess.CompletedProcess[str]:
        """Install for Nuke with the engine that runs these tests."""
        return self.install("nuke", "--engine", sys.executable, *words, umask=umask)

    def houdini(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Install for Houdini with an engine that says at once which version it is."""
        return self.install("houdini", "--engine", self.quick, *words, umask=-1, **environ)

    @property
    def quick(self) -> str:
        """This Python, but for the one question that would take it a second: it has the engine."""
        said = f'*answerprint.cli*) echo "answerprint {number()}";;'
        lines = ["#!/bin/sh", 'case "$*" in', said, f'*) exec "{sys.executable}" "$@";;', "esac"]
        self._quick.write_text("\n".join([*lines, ""]))
        self._quick.chmod(0o755)
        return str(self._quick)

    def another(self, name: str) -> subprocess.CompletedProcess[str]:
        """Install another version: the same files with an engine of another name."""
        engine = self.home / name
        engine.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        engine.chmod(0o755)
        return self.install("nuke", "--engine", str(engine), "--yes")

    def everything(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.home).as_posix(): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }

    def backups(self) -> list[bytes]:
        return [x.read_bytes() for x in sorted(self.init.parent.glob("*.before-answerprint-*"))]

    @property
    def version(self) -> Path:
        """The folder of the version that is current."""
        name = Place(str(self.place)).current()
        assert name
        return self.place / "versions" / name


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home of a user")
