"""Keep the verbs warm for a panel: a request a line on standard input, answers on standard output.

  {"id": 7, "argv": ["tasks", "denoise"]}     answered as 'answerprint tasks denoise --json' prints,
                                              each document as {"id": 7, "event": ...},
                                              and at last {"id": 7, "exit": 0}
  {"id": 8, "cancel": 7}                      interrupts a request

Jobs outlive the panel: run and rerun go on in a process of their own, and the answer says which,
and where its events are written; run --dry-run and --claim are answered here. Paths are relative to the folder that the sidecar was started in;
a panel gives absolute ones. It ends with its standard input. Libraries print to standard error:
give it a file, for a pipe that nobody reads fills up.

examples:
  answerprint sidecar
"""

from __future__ import annotations

import _thread
import argparse
import contextlib
import functools
import io
import secrets
import signal
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

from answerprint import documents, site
from answerprint.cli import VERBS, carry_out, flags, run_here, verb
from answerprint.cli.context import Context, Output
from answerprint.errors import JobError, TakeError
from answerprint.interrupt import Interrupt
from answerprint.sidecar import Sidecar, Tell
from answerprint_server import alive

JOBS = {"run", "rerun", "bench"}
MOST_ENDED = 100  # jobs whose files are kept


def arguments(_parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(_args: argparse.Namespace, context: Context) -> int:
    for name in VERBS:
        verb(name)  # warm before the first request, and never imported by two of them at once
    output = context.output if context.output.json else Output(json=True)
    asked = sys.stdin.buffer if sys.stdin else io.BytesIO()
    sidecar = Sidecar(_carry_out, output.line, wake=_wake)
    with contextlib.suppress(KeyboardInterrupt):  # SIGTERM ends it as the end of its input does
        sidecar.serve(asked)
    if sidecar.failure is None:
        return 0
    print(f"answerprint: no answer can be written: {sidecar.failure}", file=sys.stderr, flush=True)
    return TakeError.exit_code


def _wake() -> None:
    """Bring the main thread back from waiting for a request, as SIGTERM does."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:  # Windows breaks no reading off: it ends with the next request, or its input
        _thread.interrupt_main()


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
        if args.verb == "run":  # what is wrong with the words is answered here and now
            flags.check_resuming(args) if args.resume else flags.job_of(args)
        return _detach(words, context)
    if args.verb == "serve" and not (args.stop or args.status):
        args.detach = True
    return run_here(args, context)


def _is_short(args: argparse.Namespace) -> bool:
    """Whether it is a run that runs nothing: its answer is all there is of it."""
    return bool(args.verb == "run" and (args.dry_run or args.claim))


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
        _note_alive(child, events.with_suffix(".pid"))
    except OSError as error:
        raise documents.unwritable(folder, error) from error
    threading.Thread(target=child.wait, daemon=True).start()  # or it would stay as a zombie
    context.output.emit({"pid": child.pid, "events": events.as_posix(), "log": log.as_posix()})
    return 0


def _note_alive(child: subprocess.Popen[bytes], note: Path) -> None:
    """Write down which process a job is. Where that fails the job ends: it was told as failed."""
    try:
        note.write_text(f"{child.pid} {alive.born(child.pid)}", encoding="ascii")
    except OSError:
        child.kill()
        child.wait()
        raise


def _new_logs(folder: Path) -> tuple[Path, Path]:
    """Two files, named after the time; those of the oldest jobs that have ended go."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = sorted({path.stem for path in folder.glob("*.*")})
    for job in jobs[:-MOST_ENDED]:
        if not _still_runs(folder / f"{job}.pid"):
            for old in folder.glob(f"{job}.*"):
                old.unlink(missing_ok=True)
    name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}_{secrets.token_hex(3)}"
    return folder / f"{name}.jsonl", folder / f"{name}.log"


def _still_runs(note: Path) -> bool:
    try:
        pid, born = note.read_text(encoding="ascii").split()
        return alive.is_same(int(pid), float(born))
    except (OSError, ValueError):  # none, or none of ours
        return False
