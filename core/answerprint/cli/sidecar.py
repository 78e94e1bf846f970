"""Keep the verbs warm for a panel: a request a line on standard input, answers on standard output.

  {"id": 7, "argv": ["tasks", "denoise"]}     answered as 'answerprint tasks denoise --json' prints,
                                              each document as {"id": 7, "event": ...},
                                              and at last {"id": 7, "exit": 0}
  {"id": 8, "cancel": 7}                      interrupts a request

Jobs outlive the panel: run and rerun go on in a process of their own, and the answer says under
which name 'answerprint jobs' has it, which process it is, and where its events are written;
run --dry-run and --claim are answered here. Paths are relative to the folder that the sidecar was started in;
a panel gives absolute ones. It ends with its standard input. Libraries print to standard error:
give it a file, for a pipe that nobody reads fills up.

examples:
  answerprint sidecar
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import sys

from answerprint.cli import VERBS, carry_out, detach, run_here, verb
from answerprint.cli.alone import interrupt_main
from answerprint.cli.context import Context, Output
from answerprint.errors import JobError, TakeError
from answerprint.interrupt import Interrupt
from answerprint.sidecar import Sidecar, Tell

JOBS = {"run", "rerun", "bench"}


def arguments(_parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(_args: argparse.Namespace, context: Context) -> int:
    for name in VERBS:
        verb(name)  # warm before the first request, and never imported by two of them at once
    output = context.output if context.output.json else Output(json=True)
    asked = sys.stdin.buffer if sys.stdin else io.BytesIO()
    sidecar = Sidecar(_carry_out, output.line, wake=interrupt_main)
    with contextlib.suppress(KeyboardInterrupt):  # SIGTERM ends it as the end of its input does
        sidecar.serve(asked)
    if sidecar.failure is None:
        return 0
    print(f"answerprint: no answer can be written: {sidecar.failure}", file=sys.stderr, flush=True)
    return TakeError.exit_code


def _carry_out(words: list[str], tell: Tell, interrupted: Interrupt) -> int:
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
    if args.verb in JOBS and not _is_short(args):
        return detach.start(words, args, context)
    if args.verb == "serve" and not (args.stop or args.status):
        args.detach = True
    return run_here(args, context)


def _is_short(args: argparse.Namespace) -> bool:
    """Whether it is a run that runs nothing: its answer is all there is of it."""
    return bool(args.verb == "run" and (args.dry_run or args.claim))
