"""Show how a candidate's mirrored frames differ from the artists' own.

dB is PSNR of scene-linear RGB after (x / (1 + x))^(1/2.2). Stops are the mean of log2(candidate /
artist) over luminance, below 0 is darker; what is darker than a tenth of the frame's mean (at most
0.02) counts for nothing. FLIP is seen at a quarter of the size: 0 the same, below 0.05 hardly
seen. Times are those of the model for a frame, at least 20 ms; where both are less there is a -.
Of each job the least dB, the mean of stops, and the greatest FLIP of its frames count.

examples:
  answerprint models compare denoise                  the candidate of the roll-out
  answerprint models compare denoise 4 --out sheets   the ten worst frames as a contact sheet
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from answerprint import inforce, mirrored, sheet, site
from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.documents import count, did_you_mean
from answerprint.errors import JobError
from answerprint.mirrored import Apart, Comparison, Mirrored
from answerprint.sheet import Cell

MOST_SHOWN = 10
BARS, WIDTH = 8, 40  # of the histogram
LEAST = {"seconds": 0.02, "memory": 1 << 20}  # of a frame, and of a run: less is nobody's concern
MOST_PIXELS = 4 << 20  # of a picture that somebody else left there
CELL = (480, 270)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="usually the candidate")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw the worst frames there")


@dataclass(frozen=True)
class _Measure:
    """One number of each job. `worst`: whether the least or the greatest is, or the farthest off."""

    name: str
    unit: str
    worst: str
    digits: int
    values: tuple[float, ...]

    def document(self) -> dict[str, float] | None:
        if not self.values:
            return None
        ordered = sorted(self.values, key=self._badness)
        return {
            "least": min(self.values),
            "median": statistics.median(self.values),
            # of a hundred jobs ninety-five do better
            "95": ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)],
            "worst": ordered[-1],
            "greatest": max(self.values),
        }

    def _badness(self, value: float) -> float:
        return {"least": -value, "greatest": value, "off": abs(value)}[self.worst]


@dataclass(frozen=True)
class _Worst:
    folder: Path
    job: Comparison
    frame: Apart

    def picture(self, name: str) -> str | None:
        path = self.folder / name
        return path.as_posix() if path.is_file() else None


def run(args: argparse.Namespace, context: Context) -> int:
    rollout = changes.folder(context)
    version = args.version or _candidate(rollout, args.task)
    every = mirrored.every(rollout, args.task, version)
    jobs = [one for _, one in every.found if one.frames]
    measures = [*_measures(jobs)]
    frames = [
        _Worst(folder, one, one.worst) for folder, one in every.found if one.worst is not None
    ]
    frames.sort(key=lambda one: (one.job.take, one.job.job_id))
    frames.sort(key=lambda one: one.frame.order, reverse=True)  # those alike stay as they are
    worst = frames[:MOST_SHOWN]
    drawn = _sheet(args.out, args.task, version, worst) if args.out and worst else None
    context.output.emit(
        {
            "task": args.task,
            "version": version,
            "jobs": every.states,
            "unreadable": every.unreadable,
            "waiting_since": every.since or None,
            "frames": sum(len(one.frames) for one in jobs),
            "identical": sum(frame.identical for one in jobs for frame in one.frames),
            "lost": sum(frame.lost > 0 for one in jobs for frame in one.frames),
            "measures": {one.name: one.document() for one in measures},
            "worst": [_document(one) for one in worst],
            "why": _reasons(every.found),
            "sheet": drawn.as_posix() if drawn else None,
        }
    )
    context.output.say("\n".join(_lines(args.task, version, every, jobs, measures, worst)))
    for why, number in _reasons(every.found).items():
        context.output.say(f"  {count(number, 'job')}: {line(why)}")
    if drawn:
        context.output.say(f"  pictures: {drawn.as_posix()}")
    return 0


def _candidate(rollout: Path, task: str) -> str:
    held = inforce.in_force(rollout, home=site.home())
    tasks = held.rollout.tasks if held else {}
    if task not in tasks:
        raise JobError(
            f"The roll-out names no task '{task}'.{did_you_mean(task, tasks)}",
            remedy=f"It names {', '.join(tasks) or 'none'}. Give a version to look at another.",
        )
    found = tasks[task].candidate
    if found is None:
        raise JobError(
            f"{task} has no candidate.", remedy="Say which version's mirrored jobs are meant."
        )
    return found


def _measures(jobs: Sequence[Comparison]) -> Iterator[_Measure]:
    def each(name: str) -> list[list[float]]:
        held = ([getattr(frame, name) for frame in one.frames] for one in jobs)
        return [[one for one in values if one is not None] for values in held]

    drifts = [one.drift for one in jobs]
    ratios = {
        name: [getattr(one, name).ratio(least) for one in jobs] for name, least in LEAST.items()
    }
    yield _Measure("decibels", "dB", "least", 1, tuple(min(one) for one in each("decibels") if one))
    yield _Measure("stops", "stops", "off", 4, tuple(one for one in drifts if one is not None))
    yield _Measure("flip", "FLIP", "greatest", 4, tuple(max(one) for one in each("flip") if one))
    for name, unit in (("seconds", "times the time"), ("memory", "times the memory")):
        found = tuple(one for one in ratios[name] if one is not None)
        yield _Measure(name, unit, "greatest", 2, found)


def _document(one: _Worst) -> dict[str, Any]:
    pictures = {name.partition(".")[0]: one.picture(name) for name in mirrored.PICTURES}
    return {
        "job_id": one.job.job_id,
        "take": one.job.take,
        "show": one.job.show,
        **one.frame.model_dump(mode="json"),
        "pictures": pictures,
    }


def _reasons(found: Sequence[tuple[Path, Comparison]]) -> dict[str, int]:
    """Why jobs were not compared: how often each, the most frequent first."""
    said = Counter(
        f"{one.state}, {one.why or 'nobody said why'}"
        for _, one in found
        if one.state != "compared"
    )
    return dict(said.most_common(5))


def _lines(
    task: str,
    version: str,
    every: Mirrored,
    jobs: Sequence[Comparison],
    measures: Sequence[_Measure],
    worst: Sequence[_Worst],
) -> Iterator[str]:
    yield f"{task} {version}: {every.words}"
    frames = [frame for one in jobs for frame in one.frames]
    if not frames:
        yield "  there is nothing to compare yet"
        return
    same, lost = sum(one.identical for one in frames), sum(one.lost > 0 for one in frames)
    yield f"  {count(len(frames), 'frame')}, {same:,} identical, {lost:,} with new NaN or inf"
    yield f"  {'':<18}{'least':>10}{'median':>10}{'95 %':>10}{'worst':>10}"
    for one in measures:
        told = one.document()
        if told is None and one.name not in LEAST:
            continue
        names = ("least", "median", "95", "worst")
        numbers = (f"{told[name]:>10.{one.digits}f}" if told else f"{'-':>10}" for name in names)
        yield f"  {one.unit:<18}{''.join(numbers)}"
    for one in measures:
        if one.name in ("stops", "decibels") and len(one.values) > 1:
            yield from _histogram(one)
    held = {one.name for one in measures if one.values}
    if "stops" in held and "flip" not in held:  # of mattes and geometry there is none
        yield "  no FLIP: its library is not there, pip install 'answerprint[bench]'"
    yield "  worst frames"
    for each in worst:
        yield f"    {_said(each)}"
        picture = each.picture(mirrored.PICTURES[2])
        yield f"      {picture or each.folder.as_posix()}"


def _histogram(measure: _Measure) -> Iterator[str]:
    """Jobs by their number, in bars of equal steps."""
    least, greatest = min(measure.values), max(measure.values)
    if least == greatest:
        return
    counts, edges = np.histogram(measure.values, BARS, (least, greatest))
    yield f"  jobs by {measure.unit}"
    for number, begin, end in zip(counts, edges[:-1], edges[1:], strict=True):
        bar = "#" * -(-int(number) * WIDTH // int(counts.max()))
        span = f"{begin:.{measure.digits}f} to {end:.{measure.digits}f}"
        yield f"    {span:>20}  {number:>4} {bar}".rstrip()


def _said(one: _Worst) -> str:
    frame = one.frame
    words = [
        f"{frame.lost:,} samples are no numbers" if frame.lost else "",
        "" if frame.decibels is None else f"{frame.decibels:.1f} dB",
        "" if frame.stops is None else f"{frame.stops:+.4f} stops",
        "" if frame.flip is None else f"FLIP {frame.flip:.4f}",
    ]
    told = ", ".join(filter(None, words)) or ("identical" if frame.identical else "")
    if not told:
        told = f"up to {frame.greatest:.6g}" if frame.greatest is not None else "not finite"
    take = Path(one.job.take)
    return line(f"{take.parent.name} {take.name} {frame.frame}: {told}")


def _sheet(folder: Path, task: str, version: str, worst: Sequence[_Worst]) -> Path | None:
    """The artist's, the candidate's and their difference in a row for each; None: no pictures."""
    rows = [row for one in worst if (row := _row(one))]
    if not rows:
        return None
    target = folder / f"{task}_{version}_worst.png"
    sheet.save(target, rows)
    return target


def _row(one: _Worst) -> list[Cell]:
    pictures = [_picture(one.folder / name) for name in mirrored.PICTURES]
    words = _said(one).split(": ", 1)
    captions = (
        (f"artist's, version {one.job.artist}", words[0]),
        (f"candidate, version {one.job.version}", words[1]),
        (f"difference, {one.frame.gain} times", "grey is the same, darker is darker"),
    )
    return [
        Cell(image, caption, remark)
        for image, (caption, remark) in zip(pictures, captions, strict=True)
        if image is not None
    ]


def _picture(path: Path) -> Any:
    """In a cell; None: it is not there, or none of ours."""
    try:
        with Image.open(path, formats=("PNG",)) as held:
            if held.width * held.height > MOST_PIXELS:
                return None
            image = np.asarray(held.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return None
    canvas = Image.new("RGB", CELL)
    scale = min(CELL[0] / image.shape[1], CELL[1] / image.shape[0])
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    way = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.BICUBIC
    canvas.paste(
        Image.fromarray(image).resize(size, way),
        ((CELL[0] - size[0]) // 2, (CELL[1] - size[1]) // 2),
    )
    return np.asarray(canvas)
