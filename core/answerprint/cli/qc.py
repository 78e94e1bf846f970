"""Judge a take or a sequence anew with the quality gates, from its files.

A take is held against its own plate and its task's profile; a sequence against --plate, layer by
layer of the same name. Frames that both have are judged; what one of them lacks is said.

Exit code: 0 pass or warn, 1 fail, or something could not be judged. 'qc calibrate' sets a profile's
limits from plates of your own.

examples:
  answerprint qc takes/bg_denoise/v003
  answerprint qc takes/bg_denoise/v003 --frames 1040-1050
  answerprint qc comp/final.####.exr --plate renders/bg.####.exr
  answerprint qc comp/final.####.exr --plate renders/bg.####.exr --profile look
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint import localised, sequences, takes
from answerprint.cli.context import Context, Output
from answerprint.cli.said import line
from answerprint.documents import count
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.judge import Rules
from answerprint.judged import Judged
from answerprint.plate import Plate
from answerprint.profile import NONE
from answerprint.take import Item, Take
from answerprint.verdict import Verdict

MOST_SAID = 200  # findings; --json says all


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", metavar="TAKE_OR_SEQUENCE", help="a take's folder, or frames like comp.####.exr")
    add("--plate", metavar="SEQUENCE", help="what it was made of; a take knows its own")
    add("--profile", metavar="NAME", help="whose limits; a take's task names its own")
    add("--frames", metavar="RANGE", help="only these")


def run(args: argparse.Namespace, context: Context) -> int:
    frames = None if args.frames is None else FrameRange.parse(args.frames)
    path = context.site.spelled(args.path)
    take = takes.find(Path(path)) if Path(path).is_dir() else None
    told = (
        _of_sequence(Plate.parse(path), args, context, frames)
        if take is None
        else _of_take(take, args, context, frames)
    )
    verdict, frames_seen = None, 0
    for one in told:
        context.interrupted.heed()
        if isinstance(one, Verdict):
            verdict = one
        elif one.key:
            frames_seen += 1
            _emit(one, context.output)
    assert verdict is not None  # noqa: S101 - it is what comes last
    context.output.emit(verdict.model_dump(mode="json", by_alias=True))
    _say(verdict, frames_seen, context.output)
    return 0 if verdict.verdict in ("pass", "warn") else 1


def _of_take(
    take: Take, args: argparse.Namespace, context: Context, frames: FrameRange | None
) -> sequences.Told:
    resolved, made = sequences.reopened(take), Plate.parse(take.pattern())
    if args.plate or resolved is None:
        if take.variations():
            raise JobError(
                f"{take.name} {take.label} is a wedge, and is judged with its own job alone.",
                remedy="Leave --plate out, or give the files of one variation.",
            )
        return _of_sequence(made, args, context, frames, resolved)
    resolved = localised.resolved(resolved, context.site)
    rules = _rules(made, args, context, resolved)
    return sequences.over_take(rules, take, resolved, context.trusted(), frames)


def _of_sequence(
    made: Plate,
    args: argparse.Namespace,
    context: Context,
    frames: FrameRange | None,
    resolved: Resolved | None = None,
) -> sequences.Told:
    plate = Plate.parse(context.site.spelled(args.plate)) if args.plate else None
    for one in filter(None, (made, plate)):
        context.site.check_allowed(one.folder, "Sequence")
    rules = _rules(made, args, context, resolved)
    return sequences.over_sequences(rules, made, plate, frames)


def _rules(
    made: Plate, args: argparse.Namespace, context: Context, resolved: Resolved | None
) -> Rules:
    """Those asked for; else of the task that made it, where that is known."""
    if args.profile or resolved is None:
        return Rules.named(args.profile or sequences.usual(made), context.site)
    rules = Rules.of(resolved.contract, context.site)
    if rules.note:
        context.output.say(f"  {rules.note}")
    return rules


def _emit(judged: Judged, output: Output) -> None:
    item = Item.parse(judged.key)
    variation = {"variation": item.variation} if item.variation else {}
    findings = [one.model_dump(mode="json") for one in judged.findings]
    qc = {"verdict": judged.verdict, "measures": judged.measures, "findings": findings}
    output.emit({"event": "judged", "frame": item.frame, **variation, "qc": qc})


def _say(verdict: Verdict, frames: int, output: Output) -> None:
    for one in verdict.findings[:MOST_SAID]:
        output.say(f"  {one.verdict:<7}  {line(one.words)}")
    found = len(verdict.findings) + verdict.more
    if found > MOST_SAID:
        output.say(f"  and {found - MOST_SAID:,} more")
    idle = [one.title for one in verdict.gates.values() if one.worst is None]
    idle = [] if verdict.profile.name == NONE else idle
    if idle:
        output.say(f"  not held, for want of a plate or of such numbers: {', '.join(idle)}")
    profile = verdict.profile
    measured = "" if profile.calibrated else ", limits not calibrated"
    output.say(
        f"{verdict.verdict}: {count(found, 'finding')} in {count(frames, 'frame')}; "
        f"profile {profile.name} {profile.version}{measured}"
    )
