"""Say what a plate is: frames, layers, windows, colour, levels. It needs no server.

The header of one frame is read, and its pixels for the levels. Of geometry it says points,
attributes, grids and the box around them. What cannot be found out is said beside all that can.

examples:
  answerprint inspect renders/bg.####.exr
  answerprint inspect renders/bg.####.exr --colour ACEScct
  answerprint inspect renders/bg.####.exr --headers --json    without its pixels, for a quick answer
  answerprint inspect cache/smoke.####.vdb
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from answerprint import geocheck, geoinspection, geolayers, inspection, medium
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.inspection import Inspection


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("plate", metavar="PLATE", help="####, %%04d, $F4 or @@@@ for the frame")
    add("--colour", "--color", metavar="SPACE", help="what it is in, where you know better")
    add("--said-by", default="the job", metavar="WHO", help="who knows that: nuke")
    add("--headers", action="store_true", help="without the pixels' levels")


def run(args: argparse.Namespace, context: Context) -> int:
    if medium.is_geometry(Path(args.plate).name):
        return _geometry(args, context)
    found = inspection.inspect(
        args.plate,
        context.site,
        space=args.colour,
        said_by=args.said_by,
        pixels=not args.headers,
    )
    context.output.emit(found.as_json())
    for line in _lines(found):
        context.output.say(line)
    for problem in [] if context.output.json else found.problems:  # the document holds them
        context.output.error(problem)
    return 0


def _geometry(args: argparse.Namespace, context: Context) -> int:
    found = geoinspection.inspect(args.plate, context.site, values=not args.headers)
    context.output.emit(found.as_json())
    for line in _of_geometry(found):
        context.output.say(line)
    for problem in [] if context.output.json else found.problems:
        context.output.error(problem)
    return 0


def _of_geometry(found: geoinspection.Inspection) -> list[str]:
    document = found.as_json()
    rows = [("plate", found.path), ("frames", _frames(document))]
    if found.held is not None:
        rows += [
            ("holds", geolayers.contents(found.held)),
            ("primitives", _primitives(document)),
            *((f"{one['owner']}", _attribute(one)) for one in document["attributes"]),
            *(("group", f"{one['name']}, of {one['owner']}s") for one in document["groups"]),
            *((one["kind"], _volume(one)) for one in document["volumes"]),
            ("not known", geocheck.lost(found.held.unsupported)),
            ("box", _box(document["bounds"])),
        ]
    return [f"{name:<12}{said}" for name, said in rows if said]


def _primitives(document: dict[str, Any]) -> str:
    faces = document["primitives"] - len(document["volumes"])
    return f"{faces:,}, of {document['vertices']:,} vertices" if faces > 0 else ""


def _attribute(one: dict[str, Any]) -> str:
    size = "" if one["size"] == 1 else f"{one['size']} "
    array = " arrays" if one["array"] else ""
    qualifier = f", {one['qualifier']}" if one["qualifier"] else ""
    return f"{one['name']}: {size}{one['type']}{array}{qualifier}"


def _volume(one: dict[str, Any]) -> str:
    size = "x".join(map(str, one["resolution"]))
    edges = sorted(set(one["voxel"]))
    voxel = f"{edges[0]:.6g}" if len(edges) == 1 else " x ".join(f"{e:.6g}" for e in one["voxel"])
    active = "" if one["active"] is None else f", {count(one['active'], 'active voxel')}"
    numbers = "" if one["size"] == 1 else f"{one['size']} "
    name = one["name"] or geolayers.UNNAMED
    return f"{name}: {size} of {numbers}{one['type']}, voxels of {voxel}{active}"


def _box(bounds: tuple[list[float], list[float]] | None) -> str:
    if bounds is None:
        return ""
    return " to ".join(" ".join(f"{number:.6g}" for number in corner) for corner in bounds)


def _frames(document: dict[str, Any]) -> str:
    if document["still"]:
        return "a single file"
    lacks = f"; lacks {document['missing']}" if document["missing"] else ""
    return f"{document['frames']}, {count(document['count'], 'frame')}{lacks}"


def _lines(found: Inspection) -> list[str]:
    document = found.as_json()
    rows = [("plate", found.path), ("frames", _frames(document))]
    if found.head is not None:
        rows += [
            ("size", _size(document)),
            ("views", ", ".join(found.views)),
            ("stored as", f"{document['type']}, {document['compression']}"),
            *(("layer", f"{name}: {' '.join(held)}") for name, held in document["layers"].items()),
        ]
    if found.space is not None:
        rows.append(("colour", f"{found.space.name}, {found.space.source}"))
    if found.levels is not None:
        rows.append(("levels", _levels(found)))
    return [f"{name:<11}{said}" for name, said in rows if said]


def _size(document: dict[str, object]) -> str:
    aspect = "" if document["aspect"] == 1 else f", pixel aspect {document['aspect']}"
    window = f"; data window {document['window']}" if document["window"] else ""
    return f"{document['width']}x{document['height']}{aspect}{window}"


def _levels(found: Inspection) -> str:
    assert found.levels  # noqa: S101 - asked before
    said = f"{found.levels.least:.4g} to {found.levels.greatest:.4g}"
    strange = found.levels.non_finite
    more = f"; {count(strange, 'sample')} NaN or inf" if strange else ""
    return f"{said} in {found.layer} of frame {found.frame}{more}"
