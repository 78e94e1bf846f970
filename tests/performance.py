"""The README's performance section, measured anew.

    python tests/performance.py

runs `answerprint bench` and writes what it prints, and its plot, into the README. Nothing else
should run on the machine: the benchmark says in each row what others had of it.

    python tests/performance.py geometry

says how fast two million points with P, v, Cd and id are written and read, each way the best of
five; beside them a plain write of as many bytes, which no format can be faster than.

    python tests/performance.py volume

says how long a run of volume_upres takes over a float volume of 256 x 256 x 256 that is nowhere
empty, from its .vdb to the take's, and how long the model alone.

    python tests/performance.py imports

says what the start of Nuke and the first opening of the panel take for imports, in milliseconds of
processor time, the best of five.

    python tests/performance.py panel

says how long the host's window is kept waiting while a 4K job runs (at most 50 ms, but for one turn
in a thousand), and how long the panel takes to open without a server (at most a second).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from samples import own_models, server_here
from test_host_layer import START, loading
from test_panel_numbers import a_4k_job, measured

from answerprint import geometries
from answerprint.geometry import Attribute, Geometry
from answerprint.triton import Server
from answerprint.volume import Volume
from answerprint_panel import tensors

POINTS = 2_000_000
TRIES = 5
SIDE = 256

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
PLOT = PROJECT / ".github" / "bench.png"
BLOCK = re.compile(r"(```text\n\$ answerprint bench --plot bench\.png\n).*?(```)", re.DOTALL)


def main() -> int:
    parts = {"geometry": geometry, "volume": volume, "imports": imports, "panel": panel}
    if sys.argv[1:]:
        return parts[sys.argv[1]]()
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


def volume() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = _smoke()
        geometries.write(folder / "smoke.1.vdb", Geometry(volumes=[Volume("density", values)]))
        models = own_models(folder / "models", ["volume_upres"])
        os.environ["ANSWERPRINT_HOME"] = str(folder / "home")
        with server_here(folder / "home", models) as state:
            for method in ("tricubic", "network"):
                words = [sys.executable, "-m", "answerprint.cli", "run", "--task", "volume_upres"]
                words += ["--plate", "smoke.#.vdb", "--set", f"method={method}"]
                words += ["--server", state.address]
                whole = _seconds(partial(_run, words, folder))
                alone = _alone(state.address, values, method)
                print(
                    f"volume_upres, {method:<8}  the whole run {whole:6.1f} s, the model alone "
                    f"{alone:6.1f} s: {whole / alone:.2f} times"
                )
    return 0


def imports() -> int:
    for what, before, names in (
        ("the start of Nuke", [], START),
        ("the panel's first opening", START, ["answerprint_nuke.pane"]),
    ):
        program = loading(before, names)
        words = [sys.executable, "-c", program]
        told = [
            json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
            for _ in range(TRIES)
        ]
        best = min(float(one["seconds"]) for one in told)
        print(f"imports of {what}: {1000 * best:.0f} ms")
    return 0


def panel() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server_here(folder / "serving", own_models(folder / "models")) as state:
            gaps = sorted(a_4k_job(folder / "job", state.address)["gaps"])
        opened = [
            measured(folder / f"home{n}", "opening", ANSWERPRINT_SERVER="127.0.0.1:1")["seconds"]
            for n in range(TRIES)
        ]
    print(
        f"while a 4K job runs: {len(gaps):,} turns of the window, the longest {1000 * gaps[-1]:.0f} "
        f"ms, one in a thousand longer than {1000 * gaps[-1 - len(gaps) // 1000]:.0f} ms\n"
        f"opening the panel without a server: {min(opened):.2f} s"
    )
    return 0


def _smoke() -> NDArray[np.float32]:
    places = np.linspace(0, 1, SIDE, dtype=np.float32)
    z, y, x = places[:, None, None], places[:, None], places
    noise = np.random.default_rng(1).random((SIDE, SIDE, SIDE), np.float32)
    made = np.sin(9 * x) * np.cos(7 * y) * np.sin(11 * z) + 1.1 + 0.1 * noise
    return np.asarray(made, np.float32)


def _run(words: list[str], folder: Path) -> None:
    subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, check=True)


def _alone(address: str, values: NDArray[np.float32], method: str) -> float:
    """As the model counts its own time."""
    with Server(address) as server:
        offer = server.offer("volume_upres")
        images, settings = {"grid": values[..., None]}, {"method": method}
        answer = server.infer(offer, images, settings, request_id="performance")
    return float(answer.report["model_seconds"])


def _seconds(turn: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    turn()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
