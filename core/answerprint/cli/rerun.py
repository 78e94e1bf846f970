"""Run a take, or a single frame, again as a new take, and compare the two.

The answer is one of: identical (every sample), within tolerance (as the contract states it), or
different, with numbers. Exit code 0 for the first two.

examples:
  answerprint rerun takes/bg_denoise/v001
  answerprint rerun takes/bg_denoise/v001/bg_denoise_v001.1001.exr    this frame alone
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from answerprint import again, allocator, begin, compare, medium, preflight
from answerprint.again import Again
from answerprint.cli import run as run_verb
from answerprint.cli.context import Context
from answerprint.compare import Difference
from answerprint.documents import count
from answerprint.job import Resolved
from answerprint.takes import Item, Take


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="TAKE_OR_FRAME", help="a folder or a file")
    parser.add_argument("--out", metavar="DIR", help="another folder for the new take")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    allocator.keep_for_the_next_frame()
    with context.server(args.server) as server:
        asked = again.again(args.path, args.out, server, context.site)
        resolved = preflight.resolve(asked.job, server, context.site)
        context.signer()  # a key that cannot be used is said before a number is taken
        take = begin.claim(resolved)
        code = run_verb.follow(resolved, take, server, context, lines=True)
    if code != 0:
        return code
    after = take.items()
    found = {
        item: compare.difference(medium.read(file), medium.read(after[item]), file.name)
        for item, file in asked.before.items()
    }
    return _answer(asked, resolved, take, found, context)


def _answer(
    asked: Again, resolved: Resolved, take: Take, found: dict[Item, Difference], context: Context
) -> int:
    tolerance = resolved.contract.determinism.tolerance
    fingerprint = resolved.colour.fingerprint if resolved.colour else ""
    same = {
        "model": resolved.model_sha256 == asked.model_sha256,
        "colour configuration": fingerprint == asked.fingerprint,
    }
    item = max(found, key=lambda one: (not found[one].identical, found[one].greatest))
    worst = found[item]
    word = _word(worst, tolerance)
    context.output.emit(
        {
            "answer": word,
            "take": take.folder.as_posix(),
            "tolerance": tolerance,
            "same_model": same["model"],
            "same_colour": same["colour configuration"],
            "frames": {str(one): _document(difference) for one, difference in found.items()},
        }
    )
    equal = sum(one.identical for one in found.values())
    said = (
        f"{word}: {asked.label} and {take.label}, {equal} of {count(len(found), 'frame')} the same"
    )
    said += " in every sample."
    said += "" if worst.identical else f" Worst: frame {item}, {worst}."
    others = [
        f" The {what} is another one than then." for what, is_same in same.items() if not is_same
    ]
    context.output.say(said + "".join(others))
    return 0 if word != "different" else 1


def _document(one: Difference) -> dict[str, object]:
    return {
        "identical": one.identical,
        "greatest": one.greatest if math.isfinite(one.greatest) else "inf",
        "at": one.place or [one.x, one.y],
        "channel": one.channel,
    }


def _word(worst: Difference, tolerance: float) -> str:
    if worst.identical:
        return "identical"
    return "within tolerance" if 0 < worst.greatest <= tolerance else "different"
