"""A task of your own from an ONNX file or a Python function; nothing is overwritten.

The folder gets a contract with all that the file tells, config.pbtxt, the program, and a first golden
case of a plate of ours. What nobody can know from a file stands there as unknown; it is yours to
write, before artists meet the task.

A Python function takes a picture, float32 (height, width, channels), and gives one back; its other
arguments have defaults and become controls. It is copied, and not run here.

examples:
  answerprint models add sharpen --onnx sharpen.onnx
  answerprint models add grade --python looks.py:grade --models /shows/demo/tasks
  answerprint models add matting --onnx net.onnx --layout NHWC --encoding srgb_shaped
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.errors import JobError
from answerprint_server import graph, scaffold
from answerprint_server.scaffold import Made

FOLDER = Path("tasks")


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", help="of the task: small letters, digits and _")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--onnx", type=Path, metavar="FILE", help="a graph; it is copied")
    what.add_argument("--python", metavar="FILE:FUNCTION", help="a function; its file is copied")
    add("--models", type=Path, default=FOLDER, metavar="DIR", help="repository; usually tasks")
    add("--kind", choices=list(graph.LETTERS), help="of an ONNX file; usually told by its tensors")
    add("--layout", metavar="AXES", help="of an ONNX file, like NCHW; usually told by its tensors")
    add(
        "--encoding",
        choices=scaffold.ENCODINGS,
        default=scaffold.ENCODINGS[0],
        help="of the picture that the model wants; usually scene_linear",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    models = args.models.absolute()
    if args.onnx:
        asked = {"kind": args.kind, "layout": args.layout, "encoding": args.encoding}
        made = scaffold.of_onnx(models, args.name, args.onnx, **asked)
    else:
        file, _, name = args.python.rpartition(":")
        if not file or args.kind or args.layout:
            raise JobError(
                f"--python is '{args.python}'."
                if not file
                else "--python takes no kind or layout.",
                remedy="Write --python FILE:FUNCTION, like looks.py:grade.",
            )
        path = context.site.local(Path(file))
        made = scaffold.of_python(models, args.name, path, name, encoding=args.encoding)
    _tell(made, args, context)
    return 0


def _tell(made: Made, args: argparse.Namespace, context: Context) -> None:
    models = shlex.quote(args.models.as_posix())
    commands = [
        f"answerprint models test {args.name} --models {models} --expect --out report",
        f"answerprint models check {models} --task {args.name} --try",
        f"answerprint serve --models {models}",
    ]
    context.output.emit(
        {
            "task": args.name,
            "folder": made.folder.as_posix(),
            "known": list(made.known),
            "unknown": list(made.unknown),
            "next": commands,
        }
    )
    context.output.say(f"{(args.models / args.name).as_posix()} is there.")
    for words in made.known:
        context.output.say(f"  found    {line(words)}")
    for words in made.unknown:
        context.output.say(f"  unknown  {line(words)}")
    context.output.say("Write into contract.json what is unknown there, then:")
    context.output.say(f"  python -m answerprint_server.repository {models}")
    for words in commands:
        context.output.say(f"  {words}")
