"""What panels leave behind in the host's process, and what they say where there is nothing to ask.

How long the host's window is kept waiting, `python tests/performance.py panel` says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import noise, save

WIDTH, HEIGHT, FRAMES = 3840, 2160, 6
MOST_GROWTH = 30 << 20


def measured(home: Path, *words: str | Path, **environ: str) -> dict[str, Any]:
    """What heartbeat.py says, of a user of its own."""
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("heartbeat.py")), *map(str, words)],
        env={
            **os.environ,
            "ANSWERPRINT_ENGINE": sys.executable,
            "ANSWERPRINT_HOME": str(home),
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return said


def a_4k_job(folder: Path, address: str) -> dict[str, Any]:
    """A job from the panel, and twenty panels opened and closed after it."""
    tile = noise(1, "RGB")["R"][:20, :30].astype(np.float16)
    pixels = np.tile(tile, (HEIGHT // 20, WIDTH // 30))
    first = save(folder / "plate" / "bg.1001.exr", dict.fromkeys("RGB", pixels))
    for frame in range(1002, 1001 + FRAMES):
        os.link(first, first.with_name(f"bg.{frame}.exr"))
    plate = (folder / "plate" / "bg.####.exr").as_posix()
    script = folder / "script" / "comp.nk"
    script.parent.mkdir()
    return measured(folder / "home", "job", script, plate, ANSWERPRINT_SERVER=address)


def test_a_4k_job_and_twenty_panels_leave_little_behind(tmp_path: Path, address: str) -> None:
    said = a_4k_job(tmp_path, address)

    assert said["gaps"]  # the window had its turns meanwhile
    assert max(said["grown"]) < MOST_GROWTH


@pytest.mark.parametrize(
    ("environ", "waits"),
    [
        ({"ANSWERPRINT_SERVER": "127.0.0.1:1"}, "Run waits for the server."),
        ({"ANSWERPRINT_ENGINE": "/nowhere/python"}, "Run waits for the "),
    ],
    ids=["no server", "no engine"],
)
def test_the_panel_is_there_before_what_it_waits_for(
    tmp_path: Path, environ: dict[str, str], waits: str
) -> None:
    assert measured(tmp_path, "opening", **environ)["waits"].startswith(waits)
