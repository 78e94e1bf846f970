"""Run a take, or the take of a frame, again as a new take, and compare the two.

The answer is one of: identical (every sample), within tolerance (as the contract states it), or
different, with numbers. Exit code 0 for the first two.

examples:
  answerprint rerun takes/bg_denoise/v001
  answerprint rerun takes/bg_denoise/v001/bg_denoise_v001.1001.exr    this frame alone
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint import compare, exr, job, preflight, record, run as engine, takes
from answerprint.cli import run as run_verb
from answerprint.cli.context import Context
from answerprint.compare import Difference
from answerprint.documents import count
from answerprint.errors import SourceError, TakeError
from answerprint.job import Resolved
from answerprint.takes import Take
from answerprint.triton import Server


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="TAKE_OR_FRAME")
    parser.add_argument("--out", metavar="DIR", help="another folder for the new take")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    before = takes.find(args.path)
    first = engine.reopen(before)
    frames = _frames(before, args.path)
    with Server(context.address(args.server)) as server:
        again = preflight.resolve(_request(first, frames, args.out), server, context.site)
        _check_sources(before, frames)
        after = engine.claim(again)
        code = run_verb.follow(again, after, server, context, lines=True)
    if code != 0:
        return code
    changed = "" if again.model_sha256 == first.model_sha256 else " The model is another one."
    return _answer(before, after, frames, again.contract.determinism.tolerance, context, changed)


def _frames(before: Take, path: Path) -> list[int]:
    held = before.frames()
    if path.is_file():
        return [number for number, file in held.items() if file.name == path.name]
    if not held:
        raise TakeError(
            f"{before.name} {before.label} has no frames to compare with.",
            remedy="Finish it first with 'answerprint run --resume'.",
        )
    return list(held)


def _request(first: Resolved, frames: list[int], out: str | None) -> job.Job:
    """The same request with everything that was left open then now decided as it was then."""
    fields = first.job.model_dump(mode="json", by_alias=True)
    fields["version"] = first.version
    fields["frames"] = ",".join(str(number) for number in frames)
    fields["parameters"] = first.parameters
    fields["inputs"] = {
        one.name: {"path": source.path, "layer": source.layer}
        if (source := first.inputs.get(one.name))
        else {"path": fields["plate"], "layer": "none"}
        for one in first.contract.inputs
    }
    fields["plate"] = next(iter(first.inputs.values())).path
    fields["out"] |= {"root": out or first.root.as_posix(), "name": first.name, "take": None}
    return job.make(fields)


def _check_sources(before: Take, frames: list[int]) -> None:
    """The comparison means something only if the plate is still the one that went in."""
    held = before.frames()
    for number in frames:
        made = record.extract(exr.read_structure(held[number]))
        for one in made.inputs if made else ():
            if exr.digest(exr.read(Path(one.uri))) != one.pixels:
                raise SourceError(
                    f"{Path(one.uri).name} is not the frame that went into {before.name} "
                    f"{before.label}: its pixels changed since.",
                    remedy="Bring the old plate back, or run the job on the new one as a new take.",
                )


def _answer(
    before: Take,
    after: Take,
    frames: list[int],
    tolerance: float,
    context: Context,
    remark: str,
) -> int:
    old, new = before.frames(), after.frames()
    found = {
        number: compare.difference(exr.read(old[number]), exr.read(new[number]), old[number].name)
        for number in frames
    }
    worst = max(found, key=lambda number: (not found[number].identical, found[number].greatest))
    word = _word(found[worst], tolerance)
    context.output.emit(
        {
            "answer": word,
            "before": before.folder.as_posix(),
            "after": after.folder.as_posix(),
            "tolerance": tolerance,
            "frames": {
                str(number): {
                    "identical": one.identical,
                    "greatest": one.greatest if one.greatest < float("inf") else "inf",
                    "at": [one.x, one.y],
                    "channel": one.channel,
                }
                for number, one in found.items()
            },
        }
    )
    same = sum(one.identical for one in found.values())
    numbers = "" if word == "identical" else f" Worst: frame {worst}, {found[worst]}."
    context.output.say(
        f"{word}: {before.label} and {after.label}, {same} of {count(len(found), 'frame')} the same in "
        f"every sample.{numbers}{remark}"
    )
    return 0 if word != "different" else 1


def _word(worst: Difference, tolerance: float) -> str:
    if worst.identical:
        return "identical"
    return "within tolerance" if 0 < worst.greatest <= tolerance else "different"
