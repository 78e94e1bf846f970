"""Run a task over a plate; the result is a new numbered take.

examples:
  answerprint run --task denoise --plate renders/bg.####.exr --frames 1001-1100
  answerprint run --task denoise --plate bg.%04d.exr --set quality=fast
  answerprint run --task denoise --plate 'bg.$F4.exr' --input 'normal=aov/n.$F4.exr'
  answerprint run --task denoise --plate bg.####.exr --layer albedo=diffuse_albedo
  answerprint run --task denoise --plate bg.####.exr --curve strength=1001:0.2,1100:0.8
  answerprint run --task denoise --plate bg.####.exr --frames 1001 --wedge strength=0.5,0.8,1
  answerprint run --task retime --plate bg.####.exr --speed 0.5
  answerprint run --task upscale --plate log.####.exr --colour ACEScct
  answerprint run job.json
  answerprint run job.json --dry-run       print the job as it would run, write nothing
  answerprint run --resume takes/bg_denoise/v003
"""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from answerprint import begin, preflight, run as engine, takes
from answerprint.cli import flags
from answerprint.cli.context import Context, Output
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.job import Compression, Resolved
from answerprint.journal import Event
from answerprint.takes import Take
from answerprint.triton import Server

Events = Generator[Event, None, None]


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
    add("--fresh", action="store_true", help="do work again that an earlier take holds already")
    add("--non-finite", choices=["keep", "zero", "stop"], help="NaN and inf in the plate")
    add("--out", metavar="DIR", help="the folder that takes go below; usually ./takes")
    add("--show", help="the take goes to DIR/SHOW/SHOT/NAME/v001")
    add("--shot", help="see --show")
    add("--name", help="the take's name; usually plate_task")
    add("--take", type=int, metavar="NUMBER", help="this number, if it is free; usually the next")
    add("--model-version", metavar="N", help="this version of the task's model; usually the newest")
    add(
        "--memory", type=_gigabytes, metavar="GB", help="that the run may hold; usually half of all"
    )
    add("--dry-run", action="store_true", help="print the job as it would run, write nothing")
    add("--lines", action="store_true", help="a line for each frame instead of a bar")
    add("--server", metavar="HOST:PORT", help="another server than the usual")


def _gigabytes(word: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(word) < math.inf:
            return float(word)
    raise argparse.ArgumentTypeError(f"{word} is no number of GB above 0")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.resume:
        return _resume(args, context)
    request = flags.job_of(args)  # what is wrong with the request is said with no server as well
    with Server(context.address(args.server)) as server:
        resolved = preflight.resolve(request, server, context.site, memory=args.memory)
        if args.dry_run:
            context.output.show(resolved.model_dump(mode="json", by_alias=True))
            return 0
        context.signer()  # a key that cannot be used is said before a number is taken
        take = begin.claim(resolved)
        return follow(
            resolved, take, server, _watched(args, context), lines=args.lines, memory=args.memory
        )


def _resume(args: argparse.Namespace, context: Context) -> int:
    flags.check_resuming(args)
    take = takes.find(args.resume)
    resolved = begin.reopen(take)
    preflight.check_resumed(resolved, take.folder, context.site)
    with Server(context.address(args.server)) as server:
        return follow(
            resolved, take, server, _watched(args, context), lines=args.lines, memory=args.memory
        )


def _watched(args: argparse.Namespace, context: Context) -> Context:
    """A person at a terminal gets a bar, or lines if asked; a program gets events in JSON."""
    if args.lines or context.output.json or context.output.is_terminal:
        return context
    return replace(context, output=Output(json=True))


def follow(
    resolved: Resolved,
    take: Take,
    server: Server,
    context: Context,
    *,
    lines: bool,
    memory: float | None = None,
) -> int:
    """Run a claimed job to its end and show what happens; 0 if the take is complete."""
    events = _events(resolved, take, server, context, memory)
    total = len(resolved.frame_range) * max(len(resolved.variations), 1)
    shown = _shown(events, context.output, total, lines=lines)
    last: Event = {}
    try:
        for event in shown:
            last = event
            context.output.emit(event)
    finally:  # also when an error ends it: what is kept and how to go on
        shown.close()
        events.close()  # frames in work are finished, and the journal says how it ended
        if last:
            context.output.say(_summary(_end(last, take), take))
    return 0 if last.get("state") == "complete" else 1


def _events(
    resolved: Resolved, take: Take, server: Server, context: Context, memory: float | None
) -> Events:
    yield from engine.run(
        resolved,
        take,
        server=server,
        signer=context.signer(),
        trusted=context.trusted(),
        memory=memory or context.site.memory,
        interrupted=context.interrupted,
    )


def _shown(events: Events, output: Output, total: int, *, lines: bool) -> Events:
    if output.json:
        yield from events
    elif lines:
        for event in events:
            for line in _lines(event):
                output.say(line)
            yield event
    else:
        yield from _with_bar(events, total)


def _with_bar(events: Events, total: int) -> Events:
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
        wedge = f" in {count(event['variations'], 'variation')}" if event["variations"] else ""
        head = f"{event['take']}: {count(event['frames'], 'frame')}{wedge}{kept}"
        return [head, *_remarks(event)]
    if event["event"] == "frame":
        return [f"  {_item(event)}  {_how(event)}", *_remarks(event)]
    return _remarks(event)


def _item(event: Event) -> str:
    return " ".join(str(event[name]) for name in ("variation", "frame") if name in event)


def _how(event: Event) -> str:
    """What a frame took, or where it was copied from."""
    before = event.get("copied_from")
    if before:
        named = f"{before['variation']} " if before["variation"] else ""
        return f"the same as v{before['take']:03d} {named}{before['frame']}: copied"
    if "shows" in event:
        return f"frame {event['shows']} of the plate as it is"
    seconds = event["seconds"]
    stages = [stage for stage in ("read", "infer", "write") if stage in seconds]
    return ", ".join(f"{stage} {seconds[stage]:.2f} s" for stage in stages)


def _remarks(event: Event) -> list[str]:
    """What must be said of an event whatever the display: notes, warnings, failures."""
    notes = [f"  {note}" for note in event.get("notes", [])]
    warnings = [f"  {_item(event)}  ! {said}" for said in event.get("warnings", [])]
    if event["event"] == "failed":
        warnings.append(f"  {_item(event)}  failed: {event['problem']} {event['remedy']}")
    if "unwritten" in event:
        warnings.append(f"  the journal could not be written: {event['unwritten']}")
    return notes + warnings


def _end(last: Event, take: Take) -> Event:
    """How a run ended: its last event, or what its journal says where another was shown last."""
    if last["event"] == "finished":
        return last
    with contextlib.suppress(TakeError):
        said = take.events()[-1:]
        if said and said[0]["event"] == "finished":
            return said[0]
    return {"state": "incomplete", "done": len(take.items())}


def _summary(end: Event, take: Take) -> str:
    if end.get("state") == "complete":
        wedge = "w###" if take.variations() else ""
        return f"{take.name} {take.label} is complete: {take.pattern(wedge)}"
    failed = ", ".join(str(number) for number in end.get("failed", []))
    return (
        f"{take.name} {take.label} is {end.get('state', 'incomplete')}: "
        f"{count(end.get('done', 0), 'frame')} finished{f', failed {failed}' if failed else ''}.\n"
        f"Finish it with: answerprint run --resume {take.folder.as_posix()}"
    )
