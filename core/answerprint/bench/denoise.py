"""Denoise: a real model, through the engine and in a plain loop that reads and writes the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from answerprint.bench import bare, plates
from answerprint.bench.lab import Lab, carried_out, numbered
from answerprint.bench.row import Row
from answerprint.bench.transport import TRANSPORTS, connected
from answerprint.errors import SetupError
from answerprint.plate import Plate

FRAMES, QUICK_FRAMES = 8, 2
SAMPLES = Path(__file__).parents[3] / "install" / "plates" / "denoise" / "noisy.####.exr"


def rows(lab: Lab) -> Iterator[Row]:
    """Both over the same frames, in turns; the best round of each."""
    with lab.room("noisy") as folder:
        plate = SAMPLES
        if not plate.parent.is_dir():  # only a clone has the sample frames
            plate = folder / "noisy.####.exr"
            plates.write_noisy(plate, FRAMES)
        numbers = sorted(Plate.parse(str(plate)).on_disk())[: QUICK_FRAMES if lab.quick else FRAMES]
        engine, loop, same = [], [], True
        for _ in range(lab.rounds):
            lab.check()
            with lab.room("loop") as made, lab.room("denoised") as out:
                loop.append(_loop(plate, made, numbers))
                engine.append(_engine(lab, out, plate, numbers))
                same = same and _same(made, out, plate)
    said = f"denoise, {len(numbers)} frames of {'samples' if plate == SAMPLES else 'noise'}"
    facts = {"frames": len(numbers), "same_pixels": "yes" if same else "no"}
    best = {"engine": min(engine) / len(numbers), "loop": min(loop) / len(numbers)}
    yield Row("denoise.engine", f"{said}: engine", best["engine"], facts=facts)
    yield Row("denoise.loop", f"{said}: loop in one process", best["loop"], facts=facts)


def _engine(lab: Lab, out: Path, plate: Path, numbers: list[int]) -> float:
    job = {"task": "denoise", "plate": str(plate), "frames": f"{numbers[0]}-{numbers[-1]}"}
    with connected(lab, TRANSPORTS[0]) as server:
        return carried_out(lab, server, out, **job).used.wall


def _loop(plate: Path, out: Path, numbers: list[int]) -> float:
    """In a process of its own: the library keeps its threads, and binds them to cores."""
    words = [sys.executable, "-m", "answerprint.bench.oidn", str(plate), str(out)]
    done = subprocess.run([*words, *map(str, numbers)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:]
        raise SetupError(
            f"Open Image Denoise cannot be used here: {' '.join(said)}",
            remedy="Run: pip install 'answerprint[server]'",
        )
    return float(done.stdout)


def _same(made: Path, out: Path, plate: Path) -> bool:
    """Whether both made the same colour of the first frame, sample by sample."""
    first = min(Plate.parse(str(plate)).on_disk())
    ours = next(file for file in sorted(out.rglob("*.exr")) if str(first) in file.name)
    theirs = numbered(made / plate.name, first)
    return bool(np.array_equal(bare.read(ours), bare.read(theirs)))
