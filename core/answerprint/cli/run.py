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
  answerprint run --task denoise --plate bg.####.exr --frames 1009-1092 --handles 8
  answerprint run --document '{"task": "denoise", "plate": "bg.####.exr"}'
  answerprint run --resume takes/bg_denoise/v003
  answerprint run job.json --claim         take the number, print the take's folder, run nothing
  answerprint run --resume takes/bg_denoise/v003 --frames 1001-1010    a part of it, as on a farm
  answerprint run --resume takes/bg_denoise/v003 --variations w001-w025    the same of a wedge

Exit code 0: all frames are there, whatever the quality checks found in them. A take that failed
them says so, is complete, and is never the latest; 'answerprint qc TAKE' exits with 1 for it.
"""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import replace
from pathlib import Path

from answerprint import allocator, begin, journal, localised, preflight, run as engine, site, takes
from answerprint.cli import flags
from answerprint.cli.context import Context, Output
from answerprint.cli.ending import Ending
from answerprint.cli.progress import Events, checked, limited, shown
from answerprint.documents import count
from answerprint.errors import JobError, TakeError
from answerprint.estimate import Measure
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.journal import Event
from answerprint.judge import Rules
from answerprint.part import Part, variations
from answerprint.run import Bounds
from answerprint.site import MOST_AT_ONCE
from answerprint.takes import Take
from answerprint.triton import Server


def arguments(parser: argparse.ArgumentParser) -> None:
    add, at_once = parser.add_argument, flags.whole(MOST_AT_ONCE)
    flags.request(parser)
    add("--resume", type=Path, metavar="TAKE", help="finish an incomplete take, or --frames of it")
    add("--variations", metavar="LABELS", help="with --resume: only w007, w001-w025 or w001,w009")
    add("--memory", type=flags.above_zero, metavar="GB", help="it may hold; usually half of all")
    add("--patience", type=flags.seconds, metavar="SECONDS", help="for a server that is away")
    add("--deadline", type=flags.above_zero, metavar="SECONDS", help="for one answer of a model")
    add("--readers", type=at_once, metavar="N", help="frames that are read at once")
    add("--in-flight", type=at_once, metavar="N", help="frames at the server at once")
    add("--writers", type=at_once, metavar="N", help="frames that are written at once")
    add("--transport", choices=["auto", "shared-memory", "grpc"], help="pixels' way to the server")
    add(
        "--claim", action="store_true", help="take the number, print the take's folder, run nothing"
    )
    add("--dry-run", action="store_true", help="print the job as it would run, write nothing")
    add("--lines", action="store_true", help="a line for each frame instead of a bar")
    add("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    allocator.keep_for_the_next_frame()
    if args.resume:
        return _resume(args, context)
    if args.variations is not None:
        raise JobError(
            "--variations chooses a part of a take that was begun, and there is no --resume.",
            remedy="Give --wedge for a new one, or --resume TAKE with it.",
        )
    request = flags.job_of(args)  # what is wrong with the request is said with no server as well
    if args.claim and args.dry_run:
        raise JobError(
            "--claim takes a number and --dry-run takes none.", remedy="Keep one of them."
        )
    with context.server(args.server, _transport(args), request.task) as server:
        resolved = preflight.resolve(
            request,
            server,
            context.site,
            memory=args.memory,
            tries=not args.dry_run,
            interrupted=context.interrupted,
        )
        context.check_keys()
        if args.dry_run:
            context.output.show(resolved.model_dump(mode="json", by_alias=True))
            return 0
        context.signer()  # a key that cannot be used is said before a number is taken
        Rules.of(resolved.contract, context.site)  # and a profile that is wrong
        take = begin.claim(resolved)
        if args.claim:
            return _claimed(take, resolved, context.output)
        watched = _watched(args, context)
        return follow(resolved, take, server, watched, lines=args.lines, bounds=_bounds(args))


def _claimed(take: Take, resolved: Resolved, output: Output) -> int:
    """What a farm needs to share the take out."""
    output.emit(
        {
            "path": take.folder.as_posix(),
            "name": take.name,
            "take": take.label,
            "state": take.state(),
            "frames": str(resolved.frame_range),
            "variations": len(resolved.variations),
        }
    )
    output.say(take.folder.as_posix())
    return 0


def _resume(args: argparse.Namespace, context: Context) -> int:
    flags.check_resuming(args)
    part = _part(args)
    take = takes.find(args.resume)
    resolved = localised.resolved(takes.reopen(take), context.site)
    preflight.check_resumed(resolved, take.folder, context.site)
    with context.server(args.server, _transport(args), resolved.job.task) as server:
        return follow(
            resolved,
            take,
            server,
            _watched(args, context),
            lines=args.lines,
            bounds=_bounds(args),
            part=part,
        )


def _part(args: argparse.Namespace) -> Part:
    return Part(
        None if args.frames is None else FrameRange.parse(args.frames),
        None if args.variations is None else variations(args.variations),
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
    bounds: Bounds | None = None,
    part: Part | None = None,
) -> int:
    """Run a claimed job to its end and show what happens; 0 if all that was asked for is done.

    Frames that the gates fail are done all the same: the take says it, and whoever looks at it.

    `part`: only this of the take; others may be in work elsewhere.
    """
    part = _shortest(part or Part(), resolved)
    events = _events(resolved, take, server, context, bounds, part)
    total = sum(1 for _ in begin.items(resolved, part))
    watched = shown(events, context.output, total, lines=lines)
    measure = Measure(resolved, site.home())
    ending = Ending(resolved, take, server, context)
    last: Event = {}
    judged: Event = {}
    try:
        with ending.watched():
            for event in watched:
                last = event
                judged = event if event["event"] == "qc" else judged
                context.output.emit(event)
                measure.see(event)
                ending.see(event)
    finally:  # also when an error ends it: what is kept and how to go on
        watched.close()
        events.close()  # frames in work are finished, and the journal says how it ended
        if last:
            end = _end(last, take, part)
            said = [_summary(end, take, resolved, part), checked(judged, take), limited(end)]
            context.output.say("\n".join(filter(None, said)))
            ending.close(str(end.get("state", "incomplete")))
    return 0 if last.get("state") in ("complete", "part") else 1


def _shortest(part: Part, resolved: Resolved) -> Part:
    """The same where it names all frames of the take: it names none then."""
    return replace(part, frames=None) if part.frames == resolved.frame_range else part


def _events(
    resolved: Resolved,
    take: Take,
    server: Server,
    context: Context,
    bounds: Bounds | None,
    part: Part,
) -> Events:
    yield from engine.run(
        resolved,
        take,
        server=server,
        signer=context.signer(),
        trusted=context.trusted(),
        bounds=(bounds or Bounds()).of_site(context.site),
        part=part,
        interrupted=context.interrupted,
        rules=Rules.of(resolved.contract, context.site),
    )


def _transport(args: argparse.Namespace) -> str:
    return str(args.transport or "auto").replace("-", " ")


def _bounds(args: argparse.Namespace) -> Bounds:
    return Bounds(
        readers=args.readers,
        in_flight=args.in_flight,
        writers=args.writers,
        memory=args.memory,
        patience=args.patience,
        deadline=args.deadline,
    )


def _end(last: Event, take: Take, part: Part) -> Event:
    """How a run ended: its last event, or what its journal says where another was shown last."""
    if last["event"] == "finished":
        return last
    with contextlib.suppress(TakeError):
        said = journal.read(take.journal_of(part).path)[-1:]
        if said and said[0]["event"] == "finished":
            return said[0]
    return {"state": "incomplete", "done": len(take.items())}


def _summary(end: Event, take: Take, resolved: Resolved, part: Part) -> str:
    state = end.get("state", "incomplete")
    if state == "complete":
        wedge = "w###" if take.variations() else ""
        return f"{take.name} {take.label} is complete: {take.pattern(wedge)}"
    resume = f"answerprint run --resume {take.folder.as_posix()}"
    if state == "part":
        return f"{take.name} {take.label}: {_part_done(end, take, resolved, part)}."
    failed = ", ".join(str(number) for number in end.get("failed", []))
    return (
        f"{take.name} {take.label} is {state}: "
        f"{count(end.get('done', 0), 'frame')} finished{f', failed {failed}' if failed else ''}.\n"
        f"Finish it with: {resume}{'' if part.is_whole else f' {part.flags}'}"
    )


def _part_done(end: Event, take: Take, resolved: Resolved, part: Part) -> str:
    present = take.items()
    left = end.get("left", sum(item not in present for item in begin.items(resolved)))
    words = part.words or f"frames {resolved.frames}"
    done = f"{words} {'is' if part.is_one else 'are'} done"
    if not left:
        return f"{done}; the rest is in work elsewhere"
    return f"{done}; {left:,} of the take {'is' if left == 1 else 'are'} left"
