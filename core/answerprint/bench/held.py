"""Memory: what a short job and a long one hold at most, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from answerprint.bench import plates
from answerprint.bench.lab import FIRST, TASK, Lab
from answerprint.bench.row import Row
from answerprint.errors import AnswerprintError, ServerError

SHORT, LONG = 20, 500


def rows(lab: Lab) -> Iterator[Row]:
    """The peak of `answerprint run` for 20 and for 500 frames, uncompressed, in megabytes."""
    width, height = (160, 90) if lab.quick else lab.size
    with lab.room("long") as folder:
        plate = folder / "long.####.exr"
        plates.write_long(plate, plates.picture(width, height), SHORT, LONG)
        for count in (SHORT, LONG):
            lab.check()
            with lab.room("takes") as out:
                peak = _peak(lab, plate, out, count)
            said = f"peak of the client, {count} frames of {width}x{height}"
            facts = {"frames": count, "width": width, "height": height}
            yield Row(f"memory.{count}", said, peak / 1e6, "MB", facts)


def _peak(lab: Lab, plate: Path, out: Path, count: int) -> float:
    last = FIRST + count - 1
    words = ["--task", TASK, "--plate", str(plate), "--frames", f"{FIRST}-{last}"]
    words += [
        "--set",
        f"delay={0 if lab.quick else lab.delay}",
        "--fresh",
        "--out",
        str(out),
        "--json",
    ]
    command = [sys.executable, "-m", "answerprint.cli", "run", *words]
    most, last_event = 0.0, ""
    with subprocess.Popen(
        command, env=lab.environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                most, last_event = max(most, _high_water(process.pid)), line
                lab.check()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise _failed(last_event)
    return most


def _high_water(pid: int) -> float:
    """Bytes that a process has held at most; 0 once it has ended.

    Asked at each event, and so at the last one as well, which comes when all work is done. What
    the system tells of an ended child would count us in: a child begins as a copy of its parent.
    """
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("VmHWM:")]
    return float(lines[0].split()[1]) * 1024 if lines else 0.0


def _failed(line: str) -> AnswerprintError:
    try:
        said = json.loads(line).get("problem", line)
    except ValueError:
        said = line
    return ServerError(f"The job did not end well: {said}", remedy="See 'answerprint doctor'.")
