"""Measure what a frame takes on this machine, beside what the hardware allows.

A server of its own, plates of its own and a model with a set time: nothing of yours is touched,
and nothing is left.

examples:
  answerprint bench --quick
  answerprint bench --plot bench.png
  answerprint bench --folder /shows/demo     that disk, not the system's temporary one
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from answerprint import allocator
from answerprint.bench import goals, plot, suite, table
from answerprint.bench.lab import HEIGHT, TASK, WIDTH, Lab
from answerprint.bench.row import Row
from answerprint.cli.context import Context
from answerprint.errors import DiskFull, SourceError
from answerprint_server import embedded, repository

FRAMES, QUICK_FRAMES = 48, 12
LEAST_EDGE = 64
# the long job of the memory row is 500 frames of 12.4 MB; then the plates, and a job of each
SPACE, QUICK_SPACE = 9e9, 1e9


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--quick", action="store_true", help="in half a minute, less exact")
    add("--frames", type=_whole, metavar="N", help=f"of each job; usually {FRAMES}")
    add("--delay", type=_milliseconds, default=50.0, metavar="MS", help="the model's time; 50")
    add(
        "--size",
        type=_size,
        default=(WIDTH, HEIGHT),
        metavar="WxH",
        help=f"of the frames; usually {WIDTH}x{HEIGHT}, which the goals are for",
    )
    add("--folder", type=Path, metavar="DIR", help="on the disk to measure; usually the system's")
    add("--plot", type=Path, metavar="PNG", help="draw the result")


def run(args: argparse.Namespace, context: Context) -> int:
    allocator.keep_for_the_next_frame()
    if args.plot:
        plot.check(args.plot)
    folder = (args.folder or Path(tempfile.gettempdir())).absolute()
    _check_space(folder, QUICK_SPACE if args.quick else SPACE)
    with _lab(folder, args, context) as lab:
        facts = suite.conditions(lab)
        context.output.emit({"bench": facts})
        context.output.say(table.conditions(facts))
        rows = _measured(lab, context)
    found = list(goals.of(rows))
    for goal in found:
        context.output.emit(goal.as_json())
    context.output.say(table.goals(found))
    if args.plot:
        plot.save(args.plot, rows, facts)
        context.output.say(f"\nPlot: {args.plot.as_posix()}")
    return 0


def _measured(lab: Lab, context: Context) -> dict[str, Row]:
    """Every row by its key, each shown as soon as it is there."""
    rows: dict[str, Row] = {}
    group = ""
    for row in suite.rows(lab):
        if row.group != group:
            group = row.group
            context.output.say(table.head(group))
        context.output.emit(row.as_json())
        context.output.say(table.line(row))
        rows[row.key] = row
    return rows


@contextmanager
def _lab(folder: Path, args: argparse.Namespace, context: Context) -> Iterator[Lab]:
    """A server with the stand-in models in a folder of its own; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="answerprint-bench-", dir=folder) as name:
        home = Path(name) / "home"
        models = _models(Path(name) / "models")
        with embedded.serve(home, models) as state:
            yield Lab(
                folder=Path(name),
                home=home,
                address=state.address,
                http=state.http,
                triton=state.triton,
                frames=args.frames or (QUICK_FRAMES if args.quick else FRAMES),
                delay=args.delay,
                rounds=1 if args.quick else 2,
                quick=args.quick,
                size=args.size,
                interrupted=context.interrupted,
            )


def _models(folder: Path) -> Path:
    """Denoise and the stand-in."""
    ignored = shutil.ignore_patterns("__pycache__", "golden", "extra")
    shutil.copytree(repository.models_folder() / "denoise", folder / "denoise", ignore=ignored)
    shutil.copytree(_standin(), folder / TASK, ignore=ignored)
    repository.update(folder / TASK)  # a clone's digests may wait for their update
    return folder


def _standin() -> Path:
    """Beside the models: in a wheel in the server's package, in a clone in its folder."""
    return repository.models_folder().with_name("bench") / "standin"


def _check_space(folder: Path, needed: float) -> None:
    if not folder.is_dir():
        raise SourceError(f"{folder.as_posix()} is no folder.", remedy="Make it, or name another.")
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"The benchmark writes up to {needed / 1e9:.0f} GB, and {folder.as_posix()} has "
            f"{free / 1e9:.1f} GB free.",
            remedy="Name another disk with --folder, or use --quick.",
        )


def _whole(word: str) -> int:
    if word.isascii() and word.isdigit() and 4 <= int(word) <= 1000:
        return int(word)
    raise argparse.ArgumentTypeError(f"{word} is no number of frames from 4 to 1000")


def _size(word: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{1,3})x([1-9]\d{1,3})", word, re.ASCII)
    if found and min(int(found[1]), int(found[2])) >= LEAST_EDGE:
        return int(found[1]), int(found[2])
    raise argparse.ArgumentTypeError(
        f"{word} is no size from {LEAST_EDGE}x{LEAST_EDGE} to 9999x9999"
    )


def _milliseconds(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if 0 < number <= 60_000:
        return number
    raise argparse.ArgumentTypeError(f"{word} is no time in ms above 0")
