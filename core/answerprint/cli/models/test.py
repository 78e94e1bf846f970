"""Ask every model of a repository its golden cases, on a private server; exit 1 if one differs.

A golden case is what a model was asked once and what it answered when a person last looked:
<task>/golden/<case>/case.json, the input's frames, and expected.exr or expected.npz. The server runs
for this command alone and is gone afterwards; nothing that artists use is touched.

--out writes a page with pictures (expected, found, their difference), and the same as JSON.

examples:
  answerprint models test
  answerprint models test denoise upscale --out /tmp/models
  answerprint models test --models tasks --junit models.xml
  answerprint models test sharpen --models tasks --expect    what it answers now becomes expected,
                                                             where nothing was expected yet
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from answerprint import documents
from answerprint.cli.context import Context
from answerprint.cli.models.check import check_place, write
from answerprint.cli.said import line
from answerprint_server import junit, lint, proof, proofpage, repository
from answerprint_server.proof import Proof

PAGE, DATA = "models.html", "models.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("tasks", nargs="*", metavar="TASK", help="only these; usually all")
    add("--models", type=Path, metavar="DIR", help="model repository; usually Answerprint's own")
    add("--out", type=Path, metavar="DIR", help="write a page with pictures, and JSON")
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML, for a CI")
    add("--version", metavar="N", help="of the models; usually the newest")
    add(
        "--expect", action="store_true", help="write what is answered where nothing is expected yet"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    check_place(args.out, is_folder=True)
    check_place(args.junit)
    folder = (args.models or repository.models_folder()).absolute()
    models = lint.chosen(folder, args.tasks)
    found = []
    for one in proof.prove(models, version=args.version, expect=args.expect):
        context.interrupted.heed()
        found.append(one)
        context.output.emit({"event": "case", **one.as_json()})
        context.output.say(_row(one))
        if one.problem:
            context.output.say(f"        {line(one.problem)} {line(one.remedy)}".rstrip())
    _write(args, found)
    bad = sum(not one.is_good for one in found)
    seconds = sum(one.seconds for one in found)
    context.output.emit({"event": "done", "cases": len(found), "failed": bad})
    context.output.say(
        f"{bad} of {documents.count(len(found), 'case')} failed."
        if bad
        else f"{documents.count(len(found), 'case')} tried, none failed; {seconds:.2f} s of asking."
    )
    if args.out:
        context.output.say(f"Report: {(args.out / PAGE).as_posix()}")
    return 1 if bad else 0


def _row(one: Proof) -> str:
    worst = "" if one.worst is None else f"{one.worst:.2g} of {one.tolerance:g}"
    memory = "" if one.memory is None else f"{one.memory / 1e6:,.0f} MB"
    return f"{one.verdict:<6}  {one.name:<28} {worst:<20} {one.seconds:6.2f} s  {memory}".rstrip()


def _write(args: argparse.Namespace, found: Sequence[Proof]) -> None:
    """Raises TakeError, DiskFull: a report cannot be written."""
    if args.out:
        try:
            args.out.mkdir(exist_ok=True)
            proofpage.write(args.out / PAGE, "Golden cases", found)
            documents.write(args.out / DATA, {"cases": [one.as_json() for one in found]})
        except OSError as error:
            raise documents.unwritable(args.out, error) from error
    if args.junit:
        tests = [
            junit.Test(
                f"answerprint.{one.task}",
                one.case or "served",
                one.seconds,
                "" if one.is_good else one.problem or one.verdict,
                "" if one.is_good else one.remedy,
            )
            for one in found
        ]
        write(args.junit, "answerprint models test", tests)
