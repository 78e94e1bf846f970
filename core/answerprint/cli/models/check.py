"""Lint a model repository: is each model what it has to be, before a server loads it. Exit 1 if not.

Held are: configuration and contract, and that one says the other; versions and their tensors;
digests of weights, against the files and the pinned packages; licence, training and consent; paths
and links that lead out; pickles; sizes; golden cases. --try starts a private server as well and holds
by experiment what contracts claim: no seams, the same answer twice, half floats, finite values, the
size that is said, light above 1.

error: it must not be served. warn: a person has to look at it. note: it may stay so.

examples:
  answerprint models check
  answerprint models check tasks --try
  answerprint models check tasks --task sharpen --try --version 2
  answerprint models check tasks --task sharpen --junit check.xml
  answerprint models check tasks --strict --lock install/weights.lock
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from answerprint import documents
from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.errors import JobError, SourceError
from answerprint_server import finding, junit, lint, repository, trial
from answerprint_server.finding import Finding


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", nargs="?", type=Path, metavar="DIR", help="model repository; usually our own")
    add("--task", action="append", default=[], metavar="TASK", help="only this; may be repeated")
    add("--try", dest="tried", action="store_true", help="hold claims by experiment as well")
    add("--version", metavar="N", help="of the models, for --try; usually the newest")
    add("--strict", action="store_true", help="a warning fails as an error does")
    add(
        "--lock", action="append", type=Path, metavar="FILE", help="pinned packages; ours if unsaid"
    )
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML, for a CI")


def run(args: argparse.Namespace, context: Context) -> int:
    _check_version(args)
    check_place(args.junit)
    folder = (args.folder or repository.models_folder()).absolute()
    models = lint.chosen(folder, args.task)
    found = lint.check(folder, tasks=args.task, locks=args.lock)
    for one in found:
        _tell(one, context)
    if args.tried:
        for one in _tried(models, found, args.version, context):
            found.append(one)
            _tell(one, context)
    if args.junit:
        tests = _tests([one.name for one in models], found, strict=args.strict)
        write(args.junit, "answerprint models check", tests)
    return _judged(args, context, len(models), found)


def check_place(file: Path | None, *, is_folder: bool = False) -> None:
    """Raises SourceError: what is made in minutes could not be written at the end."""
    if file is not None and file.exists() and file.is_dir() != is_folder:
        raise SourceError(
            f"{file.absolute().as_posix()} is {'no' if is_folder else 'a'} folder.",
            remedy="Name another place for the report.",
        )
    if file is not None and not file.absolute().parent.is_dir():
        raise SourceError(
            f"{file.absolute().parent.as_posix()} is no folder.",
            remedy="Make it, or name another place for the report.",
        )


def write(file: Path, title: str, tests: Iterable[junit.Test]) -> None:
    """Raises TakeError, DiskFull: it cannot be written."""
    try:
        junit.write(file, title, tests)
    except OSError as error:
        raise documents.unwritable(file.absolute().parent, error) from error


def _check_version(args: argparse.Namespace) -> None:
    """Raises JobError: lint looks at all versions, so one goes with a trial alone."""
    if args.version is not None and not args.tried:
        raise JobError(
            "--version goes with --try alone: what lies in files is held for all versions.",
            remedy="Add --try, or leave --version out.",
        )


def _tried(
    models: Sequence[Path], known: Sequence[Finding], version: str | None, context: Context
) -> Iterator[Finding]:
    """Raises KeyboardInterrupt: it is to end."""
    for name, found in trial.tried(models, known, version):
        context.interrupted.heed()
        context.output.emit({"event": "tried", "model": name, "findings": len(found)})
        context.output.say(f"tried  {name}: {'as it says' if not found else 'see below'}")
        yield from found


def _tell(one: Finding, context: Context) -> None:
    context.output.emit({"event": "finding", **one.as_json()})
    for words in one.lines():
        context.output.say(f"{words[:7]}{line(words[7:])}")


def _judged(
    args: argparse.Namespace, context: Context, models: int, found: Sequence[Finding]
) -> int:
    counts = {
        word: sum(one.severity == word for one in found) for word in ("error", "warn", "note")
    }
    fails = finding.worst(found) in (("error", "warn") if args.strict else ("error",))
    context.output.emit({"event": "done", "models": models, **counts, "good": not fails})
    context.output.say(
        f"{documents.count(models, 'model')}: {documents.count(counts['error'], 'error')}, "
        f"{documents.count(counts['warn'], 'warning')}, {documents.count(counts['note'], 'note')}."
    )
    return 1 if fails else 0


def _tests(
    models: Sequence[str], found: Sequence[Finding], *, strict: bool
) -> Iterator[junit.Test]:
    """A test for each finding, and one for each model that has none."""
    for model in models:
        mine = [one for one in found if one.model == model]
        if not mine:
            yield junit.Test(f"answerprint.{model}", "check")
        for one in mine:
            fails = one.severity == "error" or (strict and one.severity == "warn")
            said = f"{one.place}: {one.problem}"
            yield junit.Test(
                f"answerprint.{model}",
                f"{one.rule} {one.place}",
                failed=said if fails else "",
                said=one.remedy if fails else f"{one.severity}: {said} {one.remedy}",
            )
