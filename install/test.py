"""The tests: style, types, and every promise against a real server."""

from __future__ import annotations

import os
import subprocess

from install import stubs
from install.environment import ROOT

WINDOWS = "from PySide6 import QtTest, QtWidgets"
# Two files of tests at once, each with a server of its own; `-n 0` has them one after the other.
AT_ONCE = ["-n", "2", "--dist", "loadfile"]
BRING = "sudo apt-get install libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3"


def run(python: str, words: list[str]) -> int:
    if subprocess.run([python, "-c", WINDOWS], capture_output=True, check=False).returncode:
        print("install: no window can be drawn here, the panel's tests are skipped: %s" % BRING)
        words = ["-p", "no:pytest-qt", *words]
    older = [[python, "-m", "mypy", "--config-file", stubs.CONFIG]]
    if stubs.fetch(python):
        if os.environ.get("CI") == "true":
            return 1
        print("install: Houdini's adapter is checked against the newest stubs alone")
        older = []
    if not any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in words):
        words = [*AT_ONCE, *words]
    steps = [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [python, "-m", "mypy"],
        *older,
        [python, "-m", "pytest", *words],
    ]
    for step in steps:
        print("install: %s" % " ".join(step[2:]), flush=True)
        code = subprocess.run(step, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0
