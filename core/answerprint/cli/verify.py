"""Check frames, takes or folders against their signatures: no server, no database, no network.

verdicts:
  OK              signed by a trusted key, and the pixels are those that were signed
  PIXELS_CHANGED  the record is genuine, the pixels or a window are not those it was made for
  BAD_SIGNATURE   the record, or a take's manifest, was edited after it was signed
  UNKNOWN_KEY     signed with a key that is not in the trust store
  ABSENT          no record; for a take, a frame or the manifest is missing

examples:
  answerprint verify takes/bg_denoise/v001
  answerprint verify takes/bg_denoise/v001/bg_denoise_v001.1001.exr
  answerprint verify takes          everything below
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from answerprint import review, verify
from answerprint.cli.context import Context
from answerprint.cli.said import standing
from answerprint.record import Verdict
from answerprint.take import Take


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a frame, a take or a folder"
    )
    parser.add_argument("--frames", action="store_true", help="list frames that are OK as well")


def run(args: argparse.Namespace, context: Context) -> int:
    trusted = context.trusted()
    good = True
    for path in args.paths:
        for judged in verify.verify(path, trusted):
            good = good and judged.verdict is Verdict.OK
            reviewed = _review(judged, trusted)
            context.output.emit({**judged.as_json(), **reviewed})
            in_take = judged.kind == "frame" and path.is_dir()
            if args.frames or not in_take or judged.verdict is not Verdict.OK:
                context.output.say(_line(judged))
            if reviewed.get("review"):
                context.output.say(f"{'':<14}  {standing(reviewed['review'])}")
    return 0 if good else 1


def _review(judged: verify.Judged, trusted: verify.Keys) -> dict[str, Any]:
    """What stands of what people decided about a take; it changes nothing in its verdict."""
    if judged.kind != "take":
        return {}
    found = review.standing(Take(judged.path), trusted)
    return {} if found is None else {"review": found.as_json()}


def _line(judged: verify.Judged) -> str:
    name = judged.path.name
    if judged.kind == "take":
        name = f"{judged.path.parent.name} {judged.path.name}"
    return f"{judged.verdict.value:<14}  {name}  {judged.finding.why}"
