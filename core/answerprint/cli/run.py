"""Run a task over a plate; the result is a new numbered take.

examples:
  answerprint run --task denoise --plate renders/bg.####.exr --frames 1001-1100
  answerprint run --task denoise --plate bg.%04d.exr --set quality=fast
  answerprint run --task denoise --plate 'bg.$F4.exr' --input 'normal=aov/n.$F4.exr'
  answerprint run --task denoise --plate bg.####.exr --layer albedo=diffuse_albedo
  answerprint run job.json
  answerprint run job.json --dry-run       print the job as it would run, write nothing
  answerprint run --resume takes/bg_denoise/v003
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from answerprint import job, preflight, run as engine, takes
from answerprint.cli.context import Context, Output
from answerprint.documents import count
from answerprint.errors import JobError
from answerprint.job import Job, Resolved
from answerprint.journal import Event
from answerprint.takes import Take
from answerprint.triton import Server


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("job", nargs="?", type=Path, metavar="JOB.json", help="a job file; flags go over it")
    add("--resume", type=Path, metavar="TAKE", help="finish an incomplete take")
    add("--task", help="what to do, as 'answerprint tasks' lists it")
    add("--plate", metavar="PATH", help="the plate; ####, %%04d, $F4 or @@@@ for the frame")
    add("--frames", metavar="RANGE", help="like 1001-1100, 1001-1100x2 or 1001,1005; usually all")
    add("--input", action="append", default=[], metavar="NAME=PATH", help="from other files")
    add("--layer", action="append", default=[], metavar="NAME=LAYER", help="'none' leaves it out")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the task")
    add("--seed", metavar="NUMBER", help="for tasks that have chance in them")
    add("--non-finite", choices=["keep", "zero", "stop"], help="NaN and inf in the plate")
    add("--out", metavar="DIR", help="the folder that takes go below; usually ./takes")
    add("--show", help="the take goes to DIR/SHOW/SHOT/NAME/v001")
    add("--shot", help="see --show")
    add("--name", help="the take's name; usually plate_task")
    add("--take", type=int, metavar="NUMBER", help="this number, if it is free; usually the next")
    add("--model-version", metavar="N", help="this version of the task's model; usually the newest")
    add("--dry-run", action="store_true", help="print the job as it would run, write nothing")
    add("--lines", action="store_true", help="a line for each frame instead of a bar")
    add("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.resume:
        return _resume(args, context)
    request = _job(args)  # what is wrong with the request is said with no server as well
    with Server(context.address(args.server)) as server:
        resolved = preflight.resolve(request, server, context.site)
        if args.dry_run:
            context.output.show(resolved.model_dump(mode="json", by_alias=True))
            return 0
        context.signer()  # a key that cannot be used is said before a number is taken
        take = engine.claim(resolved)
        return follow(resolved, take, server, _watched(args, context), lines=args.lines)


def _resume(args: argparse.Namespace, context: Context) -> int:
    take = takes.find(args.resume)
    resolved = engine.reopen(take)
    preflight.check_resumed(resolved, take.folder, context.site)
    with Server(context.address(args.server)) as server:
        return follow(resolved, take, server, _watched(args, context), lines=args.lines)


def _watched(args: argparse.Namespace, context: Context) -> Context:
    """A person at a terminal gets a bar, or lines if asked; a program gets events in JSON."""
    if args.lines or context.output.json or context.output.is_terminal:
        return context
    return replace(context, output=Output(json=True))


def follow(resolved: Resolved, take: Take, server: Server, context: Context, *, lines: bool) -> int:
    """Run a claimed job to its end and show what happens; 0 if the take is complete."""
    events = engine.run(
        resolved,
        take,
        server=server,
        signer=context.signer(),
        trusted=context.trusted(),
        interrupted=context.interrupted,
    )
    last: Event = {}
    try:
        for event in _shown(events, context.output, len(resolved.frame_range), lines=lines):
            last = event
            context.output.emit(event)
    finally:  # also when an error ends it: what is kept and how to go on
        if last:
            context.output.say(_summary(last, take))
    return 0 if last.get("state") == "complete" else 1


def _shown(events: Iterable[Event], output: Output, total: int, *, lines: bool) -> Iterator[Event]:
    if output.json:
        yield from events
    elif lines:
        for event in events:
            for line in _lines(event):
                output.say(line)
            yield event
    else:
        yield from _with_bar(events, total)


def _with_bar(events: Iterable[Event], total: int) -> Iterator[Event]:
    from rich.progress import (  # noqa: PLC0415 - only a terminal needs it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns) as bar:
        row = bar.add_task("starting", total=total, rate="")
        for event in events:
            if event["event"] == "started":
                bar.update(row, description=event["take"], completed=event["kept"])
            if event["event"] == "frame":
                bar.advance(row)
                speed = bar.tasks[0].speed
                bar.update(row, rate=f"{speed:.2f} frames/s" if speed else "")
            for line in _remarks(event):
                bar.console.print(line, highlight=False, markup=False)
            yield event


def _lines(event: Event) -> list[str]:
    if event["event"] == "started":
        kept = f", {event['kept']} kept" if event["kept"] else ""
        return [f"{event['take']}: {count(event['frames'], 'frame')}{kept}", *_remarks(event)]
    if event["event"] == "frame":
        seconds = event["seconds"]
        said = ", ".join(f"{stage} {seconds[stage]:.2f} s" for stage in ("read", "infer", "write"))
        return [f"  {event['frame']}  {said}", *_remarks(event)]
    return _remarks(event)


def _remarks(event: Event) -> list[str]:
    """What must be said of an event whatever the display: notes, warnings, failures."""
    notes = [f"  {note}" for note in event.get("notes", [])]
    warnings = [f"  {event.get('frame')}  ! {said}" for said in event.get("warnings", [])]
    if event["event"] == "failed":
        warnings.append(f"  {event['frame']}  failed: {event['problem']} {event['remedy']}")
    if "unwritten" in event:
        warnings.append(f"  the journal could not be written: {event['unwritten']}")
    return notes + warnings


def _summary(event: Event, take: Take) -> str:
    if event.get("state") == "complete":
        return f"{take.name} {take.label} is complete: {take.pattern}"
    failed = ", ".join(str(number) for number in event.get("failed", []))
    return (
        f"{take.name} {take.label} is {event.get('state', 'incomplete')}: "
        f"{count(event.get('done', 0), 'frame')} finished{f', failed {failed}' if failed else ''}.\n"
        f"Finish it with: answerprint run --resume {take.folder.as_posix()}"
    )


def _job(args: argparse.Namespace) -> Job:
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
    fields |= {name: value for name, value in given.items() if value is not None}
    if not {"task", "plate"} <= fields.keys():
        raise JobError(
            "A run needs a task and a plate.",
            remedy="Give a job file, or --task and --plate; see 'answerprint run --help'.",
        )
    out = {"root": args.out, "show": args.show, "shot": args.shot, "name": args.name}
    out["take"] = args.take
    fields["out"] = fields.get("out", {}) | {k: v for k, v in out.items() if v is not None}
    fields["parameters"] = fields.get("parameters", {}) | _pairs(args.set, "--set")
    fields["inputs"] = _sources(args, fields)
    return job.make(fields)


def _sources(args: argparse.Namespace, fields: dict[str, Any]) -> dict[str, Any]:
    sources: dict[str, Any] = dict(fields.get("inputs", {}))
    for name, path in _pairs(args.input, "--input").items():
        sources[name] = sources.get(name, {}) | {"path": path}
    for name, layer in _pairs(args.layer, "--layer").items():
        sources[name] = {"path": fields["plate"]} | sources.get(name, {}) | {"layer": layer}
    return sources


def _pairs(words: list[str], flag: str) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise JobError(f"{flag} {word} has no '='.", remedy=f"Write it as {flag} NAME=VALUE.")
    return dict(word.split("=", 1) for word in words)
