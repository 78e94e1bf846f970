"""The README's table of quality and time, measured anew.

    python tests/quality.py [--picture PNG]

starts a server of its own and runs every task through the engine: dB against the truth (PSNR after
(x / (1 + x))^(1/2.2), as `answerprint compare` has it), and seconds of inference for a 1080p frame,
the median of three, with nothing else running on the machine. With --picture it draws details of what
`upscale` and `retime` make beside the truth instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from samples import carried_out, claimed

from answerprint import compare, exr, sheet
from answerprint.sheet import Cell
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint_server import embedded, repository

PLATES = Path(__file__).parents[1] / "install" / "plates"
HELD_OUT = (1002, 1004, 1006, 1008)
DETAIL = (80, 60, 321, 180)  # left, top, width, height of what retime shows
Image = NDArray[np.float32]
Row = tuple[str, str, float, float | None]  # task, choice, dB, seconds at 1080p


class Bench:
    """A folder, a server, and jobs run in it."""

    def __init__(self, folder: Path, server: Server, home: Path) -> None:
        self.folder, self.server, self.home = folder, server, home

    def run(self, task: str, plate: Path, **fields: Any) -> tuple[Take, list[float]]:
        """A take, and seconds of inference of each frame that the model was asked for."""
        asked = {"task": task, "reuse": False, "colour": {"space": "lin_rec709"}, **fields}
        take = claimed(self.server, self.folder / "takes", plate, **asked)
        events = [event for event in carried_out(self.server, take, self.home) if "file" in event]
        assert take.state() == "complete"
        return take, [event["seconds"]["infer"] for event in events if "shows" not in event]

    def seconds(self, task: str, plate: Path, *, each: list[str], **fields: Any) -> float:
        """One frame after the other, so that no frame waits for another's inference."""
        found = [
            statistics.fmean(self.run(task, plate, frames=frames, **fields)[1]) for frames in each
        ]
        return statistics.median(found)


def rgb(path: Path) -> Image:
    return compare.rgb(exr.read(path), path.name)


def resized(image: Image, size: tuple[int, int], how: int) -> Image:
    return np.asarray(cv2.resize(image, size, interpolation=how), np.float32)


def mean_db(pairs: Iterable[tuple[Image, Image]]) -> float:
    return statistics.fmean(compare.psnr(*pair) for pair in pairs)


def save(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {name: image[..., index].astype(np.float16) for index, name in enumerate("RGB")}
    exr.write(path, exr.new(channels))


def large(folder: Path, source: str, count: int) -> Path:
    """Sample frames beside and below each other to 1920x1080, all layers."""
    for number in range(1001, 1001 + count):
        frame = exr.read(PLATES / source.replace("####", str(number)))
        part = frame.parts[0]
        channels = {name: np.tile(px, (4, 4)) for name, px in part.channels.items()}
        folder.mkdir(parents=True, exist_ok=True)
        exr.write(folder / f"big.{number}.exr", exr.new(channels))
    return folder / "big.####.exr"


def denoise(bench: Bench) -> Iterator[Row]:
    noisy = PLATES / "denoise" / "noisy.####.exr"
    truth = {n: rgb(PLATES / "denoise" / f"clean.{n}.exr") for n in range(1001, 1009)}
    before = [(rgb(noisy.with_name(f"noisy.{n}.exr")), one) for n, one in truth.items()]
    yield "denoise", "none", mean_db(before), None
    big = large(bench.folder / "noisy", "denoise/noisy.####.exr", 3)
    each = ["1001", "1002", "1003"]
    alone = {"albedo": {"path": str(noisy), "layer": "none"}}
    choices: dict[str, dict[str, Any]] = {
        "colour only": {"inputs": alone},
        "with guides": {},
        "with guides, quality fast": {"parameters": {"quality": "fast"}},
    }
    for name, fields in choices.items():
        take, _ = bench.run("denoise", noisy, **fields)
        db = mean_db((rgb(take.file(n)), one) for n, one in truth.items())
        bare = {"inputs": {"albedo": {"path": str(big), "layer": "none"}}}
        fields_of_big = bare if "inputs" in fields else fields
        yield "denoise", name, db, bench.seconds("denoise", big, each=each, **fields_of_big)


def upscale(bench: Bench) -> Iterator[Row]:
    numbers = range(1001, 1009)
    truth = {n: rgb(PLATES / "denoise" / f"clean.{n}.exr")[:264] for n in numbers}
    big = large(bench.folder / "clean", "denoise/clean.####.exr", 3)
    for times, methods in (
        (2, ("lanczos-2x", "faithful-2x", "sharp-2x")),
        (4, ("sharp-4x",)),
    ):
        plate = bench.folder / f"small{times}" / "small.####.exr"
        small = {}
        for n, one in truth.items():
            size = (one.shape[1] // times, one.shape[0] // times)
            small[n] = resized(one, size, cv2.INTER_AREA)
            save(plate.with_name(f"small.{n}.exr"), small[n])
        pairs = (
            (resized(small[n], (one.shape[1], one.shape[0]), cv2.INTER_CUBIC), one)
            for n, one in truth.items()
        )
        yield "upscale", f"bicubic {times}x, no task", mean_db(pairs), None
        for method in methods:
            fields = {"parameters": {"method": method}}
            take, _ = bench.run("upscale", plate, **fields)
            db = mean_db((rgb(take.file(n)), one) for n, one in truth.items())
            yield "upscale", method, db, bench.seconds("upscale", big, each=["1001"], **fields)


def retime(bench: Bench) -> Iterator[Row]:
    folder = bench.folder / "odd"
    folder.mkdir()
    for index, number in enumerate(range(1001, 1010, 2), start=1):
        shutil.copy(PLATES / "retime" / f"plate.{number}.exr", folder / f"odd.{index}.exr")
    big = large(bench.folder / "moving", "retime/plate.####.exr", 3)
    for method in ("blend", "dis", "rife"):
        fields = {"parameters": {"method": method}, "timing": {"speed": 0.5}}
        take, _ = bench.run("retime", folder / "odd.#.exr", **fields)
        pairs = (
            (rgb(take.file(n - 1000)), rgb(PLATES / f"retime/plate.{n}.exr")) for n in HELD_OUT
        )
        each = ["1001-1002", "1002-1003"]
        yield "retime", method, mean_db(pairs), bench.seconds("retime", big, each=each, **fields)


def others(bench: Bench) -> Iterator[Row]:
    big = bench.folder / "clean" / "big.####.exr"
    for task in ("matte", "embed"):
        yield task, "", 0.0, bench.seconds(task, big, each=["1001", "1002", "1003"])


def enlarged_by_all(bench: Bench) -> list[Cell]:
    """A detail of a halved frame, enlarged again."""
    truth = rgb(PLATES / "denoise" / "clean.1003.exr")
    plate = bench.folder / "half" / "half.1003.exr"
    small = resized(truth, (240, 135), cv2.INTER_AREA)
    save(plate, small)
    found = {"bicubic": resized(small, (480, 270), cv2.INTER_CUBIC)}
    for method in ("faithful-2x", "sharp-2x"):
        take, _ = bench.run("upscale", plate, parameters={"method": method})
        found[method] = rgb(take.file(1003))
    found["the original"] = truth
    return [
        Cell(sheet.enlarged(image, 30, 70, 107, 60, 3), f"upscale: {name}")
        for name, image in found.items()
    ]


def between_by_all(bench: Bench) -> list[Cell]:
    """A detail of a frame that was held out, made from its neighbours."""
    folder = bench.folder / "pair"
    folder.mkdir()
    for index, number in enumerate((1003, 1005), start=1):
        shutil.copy(PLATES / "retime" / f"plate.{number}.exr", folder / f"pair.{index}.exr")
    found = {}
    for method in ("blend", "dis", "rife"):
        fields = {"parameters": {"method": method}, "timing": {"speed": 0.5}}
        take, _ = bench.run("retime", folder / "pair.#.exr", **fields)
        found[method] = rgb(take.file(2))
    found["the frame itself"] = rgb(PLATES / "retime" / "plate.1004.exr")
    left, top, width, height = DETAIL
    return [
        Cell(sheet.enlarged(image, left, top, width, height, 1), f"retime: {name}")
        for name, image in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", type=Path)
    picture = parser.parse_args().picture
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        os.environ["ANSWERPRINT_HOME"] = str(home)
        with (
            embedded.serve(home, repository.models_folder()) as state,
            Server(state.address) as server,
        ):
            bench = Bench(Path(name), server, home)
            if picture:
                sheet.save(picture, [enlarged_by_all(bench), between_by_all(bench)])
                return
            print("| task | choice | dB | seconds, 1080p |\n|---|---|---|---|")
            for measure in (denoise, upscale, retime, others):
                for task, choice, db, seconds in measure(bench):
                    time = "" if seconds is None else f"{seconds:.2f}"
                    print(f"| {task} | {choice} | {db:.2f} | {time} |", flush=True)


if __name__ == "__main__":
    main()
