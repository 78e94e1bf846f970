"""Keep the verbs warm for a panel: a request a line on standard input, answers on standard output.

  {"id": 7, "argv": ["tasks", "denoise"]}     answered as 'answerprint tasks denoise --json' prints,
                                              each document as {"id": 7, "event": ...},
                                              and at last {"id": 7, "exit": 0}
  {"id": 8, "cancel": 7}                      interrupts a request

Jobs outlive the panel: run and rerun go on in a process of their own, and the answer says which,
and where its events are written. Paths are relative to the folder that the sidecar was started in;
a panel gives absolute ones. It ends with its standard input. Libraries print to standard error:
give it a file, for a pipe that nobody reads fills up.

examples:
  answerprint sidecar
"""

from __future__ import annotations

import argparse
import functools
import io
import secrets
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

from answerprint import documents, site
from answerprint.cli import VERBS, carry_out, flags, run_here, verb
from answerprint.cli.context import Context, Output
from answerprint.errors import JobError
from answerprint.sidecar import Sidecar, Tell

JOBS = {"run", "rerun", "bench"}
MOST_LOGS = 200


def arguments(_parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(_args: argparse.Namespace, context: Context) -> int:
    for name in VERBS:
        verb(name)  # warm before the first request, and never imported by two of them at once
    output = context.output if context.output.json else Output(json=True)
    asked = sys.stdin.buffer if sys.stdin else io.BytesIO()
    try:
        Sidecar(_carry_out, output.line).serve(asked)
    except KeyboardInterrupt:  # SIGTERM ends it as the end of its input does
        return 0
    return 0


def _carry_out(words: list[str], tell: Tell, interrupted: threading.Event) -> int:
    output = Output(json=True, deliver=tell)
    try:
        return carry_out(words, output, interrupted, functools.partial(_act, words))
    except SystemExit as end:  # --help and --version, which are no documents: on standard error
        return int(end.code or 0)


def _act(words: list[str], args: argparse.Namespace, context: Context) -> int:
    if args.verb == "sidecar":
        raise JobError(
            "A sidecar starts no other sidecar.", remedy="Send this one what is to be done."
        )
    if args.verb in JOBS and not getattr(args, "dry_run", False):
        if args.verb == "run":  # what is wrong with the words is answered here and now
            flags.check_resuming(args) if args.resume else flags.job_of(args)
        return _detach(words, context)
    if args.verb == "serve" and not (args.stop or args.status):
        args.detach = True
    return run_here(args, context)


def _detach(words: list[str], context: Context) -> int:
    """Start a job in a process of its own; its events and what else it says stand in files."""
    folder = site.home() / "jobs"
    try:
        events, log = _new_logs(folder)
        with events.open("xb") as out, log.open("xb") as err:
            child = subprocess.Popen(
                [sys.executable, "-m", "answerprint.cli", words[0], "--json", *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # neither the panel's end nor Ctrl-C ends it
            )
    except OSError as error:
        raise documents.unwritable(folder, error) from error
    threading.Thread(target=child.wait, daemon=True).start()  # or it would stay as a zombie
    context.output.emit({"pid": child.pid, "events": events.as_posix(), "log": log.as_posix()})
    return 0


def _new_logs(folder: Path) -> tuple[Path, Path]:
    """Two files, named after the time; the oldest ones go."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.*"))[:-MOST_LOGS]:
        old.unlink(missing_ok=True)
    name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}_{secrets.token_hex(3)}"
    return folder / f"{name}.jsonl", folder / f"{name}.log"
