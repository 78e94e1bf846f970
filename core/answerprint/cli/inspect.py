"""Say what a plate is: frames, layers, windows, colour, levels. It needs no server.

The header of one frame is read, and its pixels for the levels. What cannot be found out is said
beside all that can.

examples:
  answerprint inspect renders/bg.####.exr
  answerprint inspect renders/bg.####.exr --colour ACEScct
  answerprint inspect renders/bg.####.exr --headers --json    without its pixels, for a quick answer
"""

from __future__ import annotations

import argparse

from answerprint import inspection
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


def _lines(found: Inspection) -> list[str]:
    document = found.as_json()
    frames = f"{document['frames']}, {count(document['count'], 'frame')}"
    lacks = f"; lacks {document['missing']}" if document["missing"] else ""
    rows = [
        ("plate", found.path),
        ("frames", "a single file" if found.plate.is_still else frames + lacks),
    ]
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
