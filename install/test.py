"""The tests: style, types, and every promise against a real server."""

from __future__ import annotations

import subprocess

from install.environment import ROOT


def run(python: str, words: list[str]) -> int:
    steps = [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [python, "-m", "mypy"],
        [python, "-m", "pytest", *words],
    ]
    for step in steps:
        print("install: %s" % " ".join(step[2:]), flush=True)
        code = subprocess.run(step, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0
