"""File systems of their own, small ones, which a test may fill and close without harm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size, as mount has it (4m), in a folder that it makes.

    Where there is no right to mount, the test is skipped and says so; under CI it fails.
    """
    folder.mkdir()
    problem = mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    if problem:
        needed = f"a disk of its own needs the right to mount a tmpfs (root on Linux): {problem}"
        if os.environ.get("CI") == "true":
            pytest.fail(needed)
        pytest.skip(needed)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # a failed test may hold files


def mount(*words: str | Path) -> str:
    """Mount; returns why it did not work, or nothing."""
    program = shutil.which("mount")
    if program is None:
        return "there is no program mount"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    return done.stderr.strip()
