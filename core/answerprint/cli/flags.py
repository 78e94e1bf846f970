"""Flags: the words of a command line as a job. None of them is passed over in silence."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from answerprint import curve, job
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Job
from answerprint.wedge import SEED

# what may stand beside --resume: how to run and which part, not what
_OF_RESUMING = {
    "verb", "json", "resume", "frames", "memory", "lines", "server",
    "patience", "deadline", "readers", "in_flight", "writers", "transport",
}  # fmt: skip


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
    if args.job:
        fields = job.read(args.job).model_dump(mode="json", by_alias=True, exclude_unset=True)
    given = {
        "task": args.task,
        "version": args.model_version,
        "plate": args.plate,
        "frames": args.frames,
        "seed": args.seed,
        "non_finite": args.non_finite,
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
    fields["result"] = fields.get("result", {}) | _given(result)
    timing = _timing(args, fields.get("timing") or {})
    if timing:
        fields["timing"] = _whole(timing)
    out = {"root": args.out, "show": args.show, "shot": args.shot, "name": args.name}
    out["take"] = args.take
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
