"""Flags: the words of a command line as a job. None of them is passed over in silence."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, get_args

from answerprint import curve, job
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Compression, Format, Job, Unsupported
from answerprint.wedge import SEED

# what may stand beside --resume: how to run and which part, not what
_OF_RESUMING = {
    "verb", "json", "resume", "frames", "variations", "memory", "lines", "server",
    "patience", "deadline", "readers", "in_flight", "writers", "transport",
}  # fmt: skip

_FORMATS = ["inherit", *(one for one in get_args(Format) if one != "exr")]


def request(parser: argparse.ArgumentParser) -> None:
    """Everything that says what is asked for; `job_of` makes a job of it."""
    add = parser.add_argument
    add("job", nargs="?", type=Path, metavar="JOB.json", help="a job file; flags go over it")
    add("--document", metavar="JSON", help="the same as text, in place of a job file")
    add("--task", help="what to do, as 'answerprint tasks' lists it")
    add("--plate", metavar="PATH", help="the plate; ####, %%04d, $F4 or @@@@ for the frame")
    add("--frames", metavar="RANGE", help="like 1001-1100, 1001-1100x2 or 1001,1005; usually all")
    add("--handles", type=int, metavar="N", help="so many frames more before and after them")
    add("--input", action="append", default=[], metavar="NAME=PATH", help="from other files")
    add("--layer", action="append", default=[], metavar="NAME=LAYER", help="'none' leaves it out")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the task")
    add("--curve", action="append", default=[], metavar="NAME=KEYS", help="over time: 1001:0.2,...")
    add("--wedge", action="append", default=[], metavar="NAME=VALUES", help="all of them: 0.2,0.5")
    add("--items", type=int, metavar="N", help="confirms the size of a very large wedge")
    add("--seed", metavar="NUMBER", help="for tasks that have chance in them")
    add("--view", action="append", metavar="NAME", help="only this view of a stereo plate")
    add("--colour", "--color", metavar="SPACE", help="the plate's colour space, as OCIO names it")
    add("--ocio", metavar="CONFIG", help="OpenColorIO configuration; usually $OCIO or the site's")
    add("--speed", type=float, metavar="FACTOR", help="for retiming: 0.5 is half speed")
    add("--time", metavar="KEYS", help="for retiming, FRAME:PLATE_FRAME: 1001:1001,1050:1020")
    add("--cuts", metavar="FRAMES", help="for retiming: first frames of new shots, auto or none")
    add("--result", choices=["replace", "beside", "only"], help="in place, as new layers, or alone")
    add("--type", choices=["inherit", "half", "float"], help="the result's pixels; usually inherit")
    add("--compression", choices=[*get_args(Compression)], help="of the files; usually inherit")
    add("--format", choices=_FORMATS, help="of geometry's files; usually the plate's own")
    add("--fresh", action="store_true", help="do work again that an earlier take holds already")
    add("--non-finite", choices=["keep", "zero", "stop"], help="NaN and inf in the plate")
    add("--unsupported", choices=[*get_args(Unsupported)], help="primitives a take cannot hold")
    add("--out", metavar="DIR", help="the folder that takes go below; usually ./takes")
    add("--show", help="the take goes to DIR/SHOW/SHOT/NAME/v001")
    add("--shot", help="see --show")
    add("--name", help="the take's name; usually plate_task")
    add("--take", type=int, metavar="NUMBER", help="this number, if it is free; usually the next")
    add("--numbers", choices=["v001", "v1"], help="of takes; usually v001, v1 as a File Cache")
    add("--model-version", metavar="N", help="or alias, of the task's model; usually as rolled out")


def whole(most: int) -> Callable[[str], int]:
    """How argparse reads a whole number from 1 to `most`."""

    def read(word: str) -> int:
        if word.isascii() and word.isdigit() and 0 < int(word) <= most:
            return int(word)
        raise argparse.ArgumentTypeError(f"{word} is no whole number from 1 to {most}")

    return read


def above_zero(word: str) -> float:
    """How argparse reads a number above 0: of GB, of seconds."""
    if _number(word) > 0:
        return _number(word)
    raise argparse.ArgumentTypeError(f"{word} is no number above 0")


def seconds(word: str) -> float:
    """How argparse reads a number of seconds; 0 is one: do not wait."""
    if _number(word) >= 0:
        return _number(word)
    raise argparse.ArgumentTypeError(f"{word} is no number of seconds")


def _number(word: str) -> float:
    """-inf where it is none that can be meant."""
    with contextlib.suppress(ValueError):
        if math.isfinite(float(word)):
            return float(word)
    return -math.inf


def check_resuming(args: argparse.Namespace) -> None:
    """A take is finished as it was begun.

    Raises:
        JobError: there are flags that ask for something else; names them.
    """
    given = [
        "a job file" if name == "job" else f"--{name.replace('_', '-')}"
        for name, value in vars(args).items()
        if name not in _OF_RESUMING and value is not None and value is not False and value != []
    ]
    if given:
        raise JobError(
            f"--resume finishes a take as it was begun: {', '.join(given)} cannot change it.",
            remedy="Leave that out, or run the job as a new take, without --resume.",
        )


def job_of(args: argparse.Namespace) -> Job:
    """The job that a file and the flags over it ask for.

    Raises:
        JobError: the file or a flag is wrong, or two flags say the same thing.
    """
    fields: dict[str, Any] = {}
    if args.job and args.document is not None:
        raise JobError("A job file and --document both say the job.", remedy="Keep one of them.")
    if args.job or args.document is not None:
        said = job.parse(args.document) if args.job is None else job.read(args.job)
        fields = said.model_dump(mode="json", by_alias=True, exclude_unset=True)
    given = {
        "task": args.task,
        "version": args.model_version,
        "plate": args.plate,
        "frames": args.frames,
        "handles": args.handles,
        "seed": args.seed,
        "non_finite": args.non_finite,
        "unsupported": args.unsupported,
    }
    fields |= _given(given)
    if not {"task", "plate"} <= fields.keys():
        raise JobError(
            "A run needs a task and a plate.",
            remedy="Give a job file, or --task and --plate; see 'answerprint run --help'.",
        )
    if args.view:
        fields["views"] = args.view
    if args.items is not None:
        fields["items"] = args.items
    if args.fresh:
        fields["reuse"] = False
    colour = {"space": args.colour, "config": args.ocio}
    fields["colour"] = fields.get("colour", {}) | _given(colour)
    result = {"layers": args.result, "type": args.type, "compression": args.compression}
    result["format"] = args.format
    fields["result"] = fields.get("result", {}) | _given(result)
    timing = _timing(args, fields.get("timing") or {})
    if timing:
        fields["timing"] = _whole(timing)
    out = {"root": args.out, "show": args.show, "shot": args.shot, "name": args.name}
    out |= {"take": args.take, "numbers": args.numbers}
    fields["out"] = fields.get("out", {}) | _given(out)
    fields |= _settings(args, fields)
    fields["inputs"] = _sources(args, fields)
    return job.make(fields)


def _settings(args: argparse.Namespace, fields: dict[str, Any]) -> dict[str, Any]:
    """Parameters and axes: one flag for each name, and flags go over all that the file says of it."""
    values, axes = _pairs(args.set, "--set"), _pairs(args.wedge, "--wedge")
    curves = {
        name: curve.parse(text, name).model_dump(mode="json")
        for name, text in _pairs(args.curve, "--curve").items()
    }
    seeds = {} if args.seed is None else {SEED: args.seed}
    _check_apart("--set", values, "--curve", curves)
    _check_apart("--set", values, "--wedge", axes)
    _check_apart("--seed", seeds, "--wedge", axes)
    parameters, wedge = fields.get("parameters", {}), fields.get("wedge", {})
    return {
        "parameters": _without(parameters, axes) | values | curves,
        "wedge": _without(wedge, [*values, *curves, *seeds]) | axes,
    }


def _check_apart(one: str, names: Mapping[str, Any], other: str, others: Mapping[str, Any]) -> None:
    for name in names:
        if name in others:
            raise JobError(
                f"{one} and {other} both say what {name} is.", remedy="Keep one of them."
            )


def _without(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _timing(args: argparse.Namespace, of_file: dict[str, Any]) -> dict[str, Any]:
    keys = curve.keys(args.time, "time") if args.time else None
    cuts: Any = args.cuts
    if cuts not in (None, "auto"):
        cuts = [] if cuts == "none" else list(FrameRange.parse(cuts))
    given = _given({"speed": args.speed, "curve": keys, "cuts": cuts})
    either = {"speed", "curve"}  # one of them goes over both
    return (_without(of_file, either) if either & given.keys() else of_file) | given


def _whole(timing: dict[str, Any]) -> dict[str, Any]:
    if not {"speed", "curve"} & timing.keys():
        raise JobError(
            "--cuts alone says nothing about the timing.",
            remedy="Give --speed or --time with it, for a task such as retime.",
        )
    return timing


def _sources(args: argparse.Namespace, fields: dict[str, Any]) -> dict[str, Any]:
    sources: dict[str, Any] = dict(fields.get("inputs", {}))
    for name, path in _pairs(args.input, "--input").items():
        sources[name] = sources.get(name, {}) | {"path": path}
    for name, layer in _pairs(args.layer, "--layer").items():
        sources[name] = {"path": fields["plate"]} | sources.get(name, {}) | {"layer": layer}
    return sources


def _pairs(words: list[str], flag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise JobError(f"{flag} {word} has no '='.", remedy=f"Write it as {flag} NAME=VALUE.")
        if name in found:
            raise JobError(f"{flag} {name} is given twice.", remedy="Keep one of them.")
        found[name] = value
    return found
