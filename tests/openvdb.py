"""OpenVDB itself, as Debian has it: the independent reader and writer of the .vdb tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PYTHON = "/usr/bin/python3"  # Debian's binding is for Debian's Python
COMMAND = "sudo apt-get install python3-openvdb libopenvdb-tools"


def ask(script: str, *arguments: Path) -> str:
    """What a script says that has OpenVDB as `vdb`, numpy as `np` and its arguments as `paths`."""
    head = "import json, sys\nimport numpy as np, pyopenvdb as vdb\npaths = sys.argv[1:]\n"
    return _run([PYTHON, "-c", head + script, *map(str, arguments)])


def shown(path: Path) -> str:
    """What OpenVDB's own tool says of a file."""
    return _run(["vdb_print", "-m", str(path)])


def wanted() -> None:
    """Skip the test where OpenVDB is not installed; under CI that is a failure."""
    there = (
        shutil.which("vdb_print") is not None
        and not subprocess.run(
            [PYTHON, "-c", "import pyopenvdb"], capture_output=True, check=False
        ).returncode
    )
    if not there:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            f"OpenVDB's own tools are not here: {COMMAND}"
        )


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
