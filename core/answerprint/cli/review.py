"""Approve a take, ask for a retake, take that back; or see what people said of it.

A decision is signed and kept in the take. It holds for the pixels that it was made on, and is void
when they change. Nothing is ever erased: taking a decision back adds to the history.

examples:
  answerprint review takes/bg_denoise/v003
  answerprint review takes/bg_denoise/v003 --approve
  answerprint review takes/bg_denoise/v003 --retake --note "grain is gone in the sky" --frame 1044
  answerprint review takes/bg_denoise/v003 --withdraw
  answerprint review takes/bg_denoise/v003 --comment "compare with v002"
  answerprint review takes/bg_denoise --watch      says where its takes stand, whenever that changes
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from answerprint import documents, review, takes
from answerprint.cli import INTERRUPTED
from answerprint.cli.context import Context
from answerprint.cli.said import WORDS, line, plain, standing, when
from answerprint.errors import JobError
from answerprint.lookout import Lookout
from answerprint.review import Review, Told
from answerprint.statement import State
from answerprint.take import Take

LOOK_SECONDS = 1.0
MOST_DRAWING_BYTES = 4 << 20
_TOOL = re.compile(r"[\w.-]{1,32}")


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="TAKE", help="a take; for --watch also streams")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--approve", action="store_true", help="it is good as it is")
    what.add_argument("--retake", action="store_true", help="it is to be done again; see --note")
    what.add_argument("--withdraw", action="store_true", help="take back the decision that stands")
    what.add_argument("--comment", metavar="TEXT", help="a note that decides nothing")
    what.add_argument("--watch", action="store_true", help="go on, and say what changes")
    add("--note", metavar="TEXT", help="why; a retake has to have one")
    add("--frame", type=int, metavar="N", help="the frame that it is about")
    add("--variation", metavar="LABEL", help="of a wedge, the one that it is about: w017")
    add("--drawings", type=Path, metavar="FILE.json", help="strokes over frames, in pixels")
    add("--tool", default="shell", metavar="NAME", help="where it was decided; usually shell")
    add(
        "--seen",
        action="append",
        metavar="ID",
        help="decide only if no other decision stands than this one; 'none': than none",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    if args.watch:
        return _watch(args.paths, context)
    if len(args.paths) > 1:
        raise JobError(
            "A decision is about one take.", remedy="Give one; only --watch has several streams."
        )
    take = takes.find(args.paths[0])
    context.site.check_allowed(take.folder, "Take")
    state = _asked(args)
    if state is None:
        return _history(take, context)
    return _decide(take, state, args, context)


def _asked(args: argparse.Namespace) -> State | None:
    """Raises JobError: a flag says something of a decision that nobody asked for."""
    state: State | None = None
    if args.approve or args.retake or args.withdraw:
        state = "approved" if args.approve else "retake" if args.retake else "withdrawn"
    elif args.comment is not None:
        state = "note"
    if args.comment is not None and args.note is not None:
        raise JobError("--comment and --note both are a note.", remedy="Keep one of them.")
    given = [name for name in ("note", "frame", "variation", "drawings", "seen")
             if getattr(args, name) is not None]  # fmt: skip
    if state is None and given:
        raise JobError(
            f"--{given[0]} alone decides nothing.",
            remedy="Add --approve, --retake, --withdraw or --comment TEXT.",
        )
    return state


def _decide(take: Take, state: State, args: argparse.Namespace, context: Context) -> int:
    if not _TOOL.fullmatch(args.tool):
        raise JobError(f"'{args.tool[:40]}' is no tool's name.", remedy="Use letters and digits.")
    remarks: list[str] = []
    trusted = context.trusted()
    said = review.decide(
        take,
        state,
        signer=context.signer(),
        trusted=context.trusted(),
        tool=args.tool,
        note=args.comment or args.note or "",
        frame=args.frame,
        variation=args.variation or "",
        drawings=_drawings(args.drawings),
        seen=args.seen,
        remark=remarks.append,
    )
    now = review.standing(take, trusted)
    document = said.model_dump(mode="json", by_alias=True, exclude={"files", "pixels"})
    context.output.emit(
        {"path": take.folder.as_posix(), **document, "review": now and now.as_json(),
         "remarks": remarks}
    )  # fmt: skip
    context.output.say(f"{take.name} {take.label}: {_now(state, now)}")
    for one in remarks:
        context.output.say(f"  {one}")
    return 0


def _now(state: State, now: Review | None) -> str:
    if state == "note":
        return "the comment is kept"
    return standing(None if now is None else now.as_json()) or "the decision is taken back"


def _history(take: Take, context: Context) -> int:
    told = review.history(take, context.trusted())
    now = review.standing(take, context.trusted())
    shown = None if now is None else now.as_json()
    context.output.emit(
        {
            "path": take.folder.as_posix(),
            "take": take.label,
            "review": shown,
            "history": [one.as_json() for one in told],
        }
    )
    context.output.say(f"{take.name} {take.label}: {standing(shown) or 'waits for review'}")
    for one in told:
        for words in _lines(one):
            context.output.say(f"  {words}")
    return 0


def _lines(one: Told) -> Iterator[str]:
    said = one.statement
    if said is None:
        yield f"{line(one.file)}: {line(one.why)}"
        return
    about = [f"frame {said.frame}"] if said.frame is not None else []
    about += [said.variation] if said.variation else []
    about += [documents.count(len(said.drawings), "drawing")] if said.drawings else []
    place = f"  ({line(', '.join(about))})" if about else ""
    yield f"{when(said.created)}  {WORDS[said.state]:<10}  {line(said.who)}{place}"
    for words in plain(said.note).splitlines():
        yield f"    {words}"
    if one.why:
        yield f"    {'' if one.counts else 'does not count: '}{line(one.why)}"


def _drawings(file: Path | None) -> list[dict[str, Any]]:
    """Raises JobError: the file cannot be read, or is no list of drawings."""
    if file is None:
        return []
    try:
        with file.open("rb") as stream:
            text = stream.read(MOST_DRAWING_BYTES + 1)
        if len(text) > MOST_DRAWING_BYTES:
            raise JobError(
                f"{file.as_posix()} is larger than {MOST_DRAWING_BYTES:,} bytes.",
                remedy="Draw less, or leave the drawings out.",
            )
        held = documents.loads(text.decode("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise JobError(
            f"{file.as_posix()} cannot be read: {reason}.", remedy="Check the file."
        ) from error
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise JobError(
            f"{file.as_posix()} is no list of drawings.",
            remedy='It holds [{"frame": 1044, "strokes": [{"points": [[x, y], ...]}]}].',
        )
    return held


def _watch(streams: list[Path], context: Context) -> int:
    for one in streams:
        context.site.check_allowed(one, "Takes")
    lookout = Lookout(streams, context.site)
    with context.interrupted.watched():
        while not context.interrupted.is_set():
            for said in lookout.look():
                _say(said, context)
            context.interrupted.wait(LOOK_SECONDS)
    return INTERRUPTED


def _say(said: dict[str, Any], context: Context) -> None:
    context.output.emit(said)
    if "error" in said:
        context.output.say(f"{said['stream']}: {said['problem']}")
        return
    approved = said["latest_approved"] or "none"
    context.output.say(f"{said['stream']}: latest {said['latest'] or 'none'}, approved {approved}")
    for one in said["takes"]:
        context.output.say(f"  {one['take']}  {one['word']}")
