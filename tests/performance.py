"""The README's performance section, measured anew.

    python tests/performance.py

runs `answerprint bench` and writes what it prints, and its plot, into the README. Nothing else
should run on the machine: the benchmark says in each row what others had of it.

    python tests/performance.py geometry

says how fast two million points with P, v, Cd and id are written and read, each way the best of
five; beside them a plain write of as many bytes, which no format can be faster than.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import geometries
from answerprint.geometry import Attribute, Geometry
from answerprint_panel import tensors

POINTS = 2_000_000
TRIES = 5

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
PLOT = PROJECT / ".github" / "bench.png"
BLOCK = re.compile(r"(```text\n\$ answerprint bench --plot bench\.png\n).*?(```)", re.DOTALL)


def main() -> int:
    if sys.argv[1:] == ["geometry"]:
        return geometry()
    words = [sys.executable, "-m", "answerprint.cli", "bench", "--plot", str(PLOT)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    if done.returncode:
        return done.returncode
    told = re.sub(r"/\S*/answerprint-bench-\w+", "/tmp/answerprint-bench", done.stdout)
    told = told.replace(str(PLOT), "bench.png")
    text = README.read_text(encoding="utf-8")
    assert BLOCK.search(text), "the README has no place for what the benchmark prints"
    README.write_text(BLOCK.sub(lambda held: held[1] + told + held[2], text), encoding="utf-8")
    return 0


def geometry() -> int:
    random = np.random.default_rng(1)
    made = Geometry(POINTS)
    for name in ("P", "v", "Cd"):
        made.put(Attribute(name, "point", random.random((POINTS, 3), np.float32)))
    made.put(Attribute("id", "point", np.arange(POINTS, dtype=np.int32).reshape(-1, 1)))
    parts = {
        f"point/{one.name}": ("I32" if one.name == "id" else "F32", one.values.shape, one.values)
        for one in made.attributes
    }
    size = sum(one.values.nbytes for one in made.attributes)
    with tempfile.TemporaryDirectory() as folder:
        plain, bgeo, handed = (
            Path(folder) / f"points.{one}" for one in ("raw", "bgeo", "safetensors")
        )
        told = {"geometry": f'{{"count": {POINTS}}}'}
        turns: dict[str, Callable[[], Any]] = {
            "plain write": lambda: plain.write_bytes(bytes(size)),
            ".bgeo write": lambda: geometries.write(bgeo, made),
            ".bgeo read": lambda: geometries.read(bgeo),
            ".bgeo structure": lambda: geometries.structure(bgeo),
            "handover write": lambda: tensors.write(str(handed), parts, told),
            "handover read": lambda: geometries.read(handed),
        }
        for name, turn in turns.items():
            best = min(_seconds(turn) for _ in range(TRIES))
            rate = "" if name.endswith("structure") else f"{size / best / 1e6:8.0f} MB/s"
            print(f"{name:<18} {best * 1000:7.0f} ms {rate}")
    return 0


def _seconds(turn: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    turn()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
