"""Compare two sequences frame by frame; with a reference, say how many dB each lies from it.

dB is PSNR of scene-linear RGB after (x / (1 + x))^(1/2.2): highlights bounded, errors as seen. Of
geometry it says the greatest and the mean difference of each attribute and grid, in its own units.

examples:
  answerprint compare bg.####.exr takes/bg_denoise/v001/bg_denoise_v001.####.exr
  answerprint compare scan.####.bgeo takes/scan_point_normals/v001/scan_point_normals_v001.####.bgeo
  answerprint compare noisy.####.exr clean.####.exr --reference truth.####.exr --sheet sheet.png
"""

from __future__ import annotations

import argparse
import math
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from answerprint import compare, exr, geocompare, medium, sheet
from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.plate import Plate
from answerprint.sheet import Cell

DETAIL = (96, 54)  # pixels of the enlarged detail; with 5 times it fills a 480x270 cell


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="a sequence, like bg.####.exr")
    parser.add_argument("after", metavar="AFTER", help="another of the same size")
    parser.add_argument("--reference", metavar="PATH", help="the truth, where there is one")
    parser.add_argument("--frames", metavar="RANGE", help="only these")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw a contact sheet")


@dataclass(frozen=True)
class _Row:
    frame: int
    before: NDArray[Any]
    after: NDArray[Any]
    truth: NDArray[Any] | None

    def decibels(self) -> dict[str, float]:
        if self.truth is None:
            return {"apart": compare.psnr(self.after, self.before)}
        return {
            "before": compare.psnr(self.before, self.truth),
            "after": compare.psnr(self.after, self.truth),
        }


def run(args: argparse.Namespace, context: Context) -> int:
    named = [path for path in (args.before, args.after, args.reference) if path]
    plates = [Plate.parse(context.site.spelled(path)) for path in named]
    frames = _frames(plates, args.frames)
    if any(medium.is_geometry(one.name(frames.first)) for one in plates):
        return _geometry(args, plates, frames, context)
    rows = [_row(plates, number) for number in frames]
    for row in rows:
        context.output.emit({"frame": row.frame, "decibels": row.decibels()})
        context.output.say(f"  {row.frame}  {_said(row.decibels())}")
    means = {
        key: statistics.fmean(row.decibels()[key] for row in rows) for key in rows[0].decibels()
    }
    context.output.emit({"frames": len(rows), "mean": means})
    context.output.say(f"  mean  {_said(means)}")
    if args.sheet:
        worst = min(rows, key=lambda row: list(row.decibels().values())[-1])
        sheet.save(args.sheet, _cells(worst))
        context.output.say(f"  picture: {args.sheet.as_posix()} (frame {worst.frame}, the worst)")
    return 0


def _geometry(
    args: argparse.Namespace, plates: list[Plate], frames: FrameRange, context: Context
) -> int:
    """Each attribute and grid of each frame, and at the end the worst of all."""
    if args.reference or args.sheet:
        raise JobError(
            "--reference and --sheet are for pictures.", remedy="Leave them out for geometry."
        )
    worst: dict[str, geocompare.Apart] = {}
    for number in frames:
        one, other = (
            medium.geometry_of(medium.read(plate.file(number)), plate.file(number))
            for plate in plates
        )
        found = geocompare.apart(one, other, f"frame {number}")
        differing = [each for each in found if each.greatest > 0]
        for each in found:
            worst[each.name] = max(worst.get(each.name, each), each, key=lambda one: one.greatest)
        context.output.emit({"frame": number, "apart": {each.name: _far(each) for each in found}})
        for each in differing:
            context.output.say(f"  {number}  {each}")
        if not differing:
            context.output.say(f"  {number}  the same values")
    context.output.emit(
        {"frames": len(frames), "apart": {name: _far(each) for name, each in worst.items()}}
    )
    same = sum(each.greatest == 0 for each in worst.values())
    context.output.say(f"  {same} of {len(worst)} attributes and grids are the same throughout")
    return 0


def _far(one: geocompare.Apart) -> dict[str, object]:
    finite = {name: getattr(one, name) for name in ("greatest", "mean")}
    said = {name: far if math.isfinite(far) else "inf" for name, far in finite.items()}
    return {**said, "at": one.place}


def _frames(plates: list[Plate], asked: str | None) -> FrameRange:
    common = set(plates[0].on_disk())
    for plate in plates[1:]:
        common &= set(plate.on_disk())
    wanted = FrameRange.parse(asked) if asked else FrameRange.of(common)
    missing = sorted(set(wanted) - common)
    if missing or not wanted.numbers:
        raise JobError(
            f"The sequences have not all of frames {wanted}, first {missing[0]} is missing."
            if missing
            else "The sequences have no frame in common.",
            remedy=f"Frames in common: {FrameRange.of(common) or 'none'}.",
        )
    return wanted


def _row(plates: list[Plate], number: int) -> _Row:
    images = [compare.rgb(exr.read(one.file(number)), one.name(number)) for one in plates]
    for plate, image in zip(plates, images, strict=True):
        if image.shape != images[0].shape:
            raise JobError(
                f"{plate.name(number)} is {image.shape[1]}x{image.shape[0]}, "
                f"{plates[0].name(number)} is {images[0].shape[1]}x{images[0].shape[0]}.",
                remedy="Compare sequences of one size.",
            )
    return _Row(number, images[0], images[1], images[2] if len(images) > 2 else None)


def _said(decibels: dict[str, float]) -> str:
    if "apart" in decibels:
        return f"{decibels['apart']:.2f} dB apart"
    gain = decibels["after"] - decibels["before"]
    return f"{decibels['before']:.2f} dB -> {decibels['after']:.2f} dB  ({gain:+.2f})"


def _cells(row: _Row) -> list[list[Cell]]:
    """The whole frame, and under it the busiest detail, enlarged."""
    decibels = row.decibels()
    words = [("before", row.before), ("after", row.after)]
    words += [("reference", row.truth)] if row.truth is not None else []
    whole, detail = [], []
    left, top = _busiest(row.after if row.truth is None else row.truth)
    height, width = row.before.shape[:2]
    times = max(1, min(width // DETAIL[0], height // DETAIL[1]))
    for word, image in words:
        remark = f"{decibels[word]:.1f} dB" if word in decibels else ""
        whole.append(Cell(image, f"{row.frame} {word}", remark))
        small = sheet.enlarged(image, left, top, width // times, height // times, times)
        detail.append(Cell(small, f"{row.frame} {word}", f"{times}x"))
    return [whole, detail]


def _busiest(image: NDArray[Any]) -> tuple[int, int]:
    """Left and top of the detail with the strongest structure, on a coarse grid."""
    height, width = image.shape[:2]
    times = max(1, min(width // DETAIL[0], height // DETAIL[1]))
    high, wide = height // times, width // times
    luma = sheet.display(image).mean(axis=-1)
    places = [
        (left, top)
        for top in range(0, height - high + 1, max(high // 2, 1))
        for left in range(0, width - wide + 1, max(wide // 2, 1))
    ]
    return max(places, key=lambda at: luma[at[1] : at[1] + high, at[0] : at[0] + wide].std())
