"""Detaching: a job in a process of its own, written down so that every panel finds it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from answerprint import documents, followed, note as notes, site, takes
from answerprint.cli import flags
from answerprint.cli.context import Context
from answerprint.errors import TakeError
from answerprint.job import Job
from answerprint.note import Files, Note
from answerprint.takes import Take
from answerprint_server import alive

MOST_ENDED = 100  # jobs whose files are kept
OLD_SECONDS = 24 * 3600.0  # of files that nobody says anything of: then nobody writes them any more

# On Windows a group of its own hears no Ctrl-C of ours, and no window opens
FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(
    subprocess, "CREATE_NO_WINDOW", 0
)


def folder() -> Path:
    """Where the user's jobs leave their files."""
    return site.home() / "jobs"


def python() -> list[str]:
    """The Python that this is, as closed to what lies in the current folder."""
    return [sys.executable, *(["-I"] if sys.flags.isolated else [])]


def start(words: list[str], args: argparse.Namespace, context: Context) -> int:
    """Start a job in a process of its own; its events and what else it says stand in files.

    What is wrong with its words is said here and now.

    Raises:
        JobError: its words, or its document, are wrong.
        TakeError: there is no such take to go on with, or the files cannot be written.
    """
    job, take = _job(args), _take(args)
    place = folder()
    files = Files.new(place)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _let_go_of_the_oldest(place)
        if job is not None:
            asked = job.model_dump(mode="json", by_alias=True, exclude_unset=True)
            documents.write(files.document, asked)
        words = _from_file(words, args, files)
        with files.events.open("xb") as out, files.log.open("xb") as err:
            if args.verb != "bench":  # it makes no take
                note = _note(words, args, job, take)
                documents.write(files.note, note.model_dump(by_alias=True))
            child = subprocess.Popen(
                _argv(files, words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # neither the panel's end nor Ctrl-C ends it
                creationflags=FLAGS,
            )
        _note_alive(child, files)
    except OSError as error:
        files.remove()
        raise documents.unwritable(place, error) from error
    threading.Thread(target=child.wait, daemon=True).start()  # or it would stay as a zombie
    context.output.emit(
        {
            "job": files.job,
            "pid": child.pid,
            "events": files.events.as_posix(),
            "log": files.log.as_posix(),
        }
    )
    return 0


def _job(args: argparse.Namespace) -> Job | None:
    """The document that a run's words mean; None: it is none of a new take."""
    if args.verb != "run":
        return None
    if args.resume:
        flags.check_resuming(args)
        return None
    return flags.job_of(args)


def _take(args: argparse.Namespace) -> Take | None:
    """The take that is gone on with, or run again."""
    path = args.path if args.verb == "rerun" else getattr(args, "resume", None)
    return takes.find(path) if path else None


def _argv(files: Files, words: list[str]) -> list[str]:
    place = (files.folder.absolute() / files.job).as_posix()
    return [*python(), "-m", "answerprint.cli.alone", place, words[0], "--json", *words[1:]]


def _from_file(words: list[str], args: argparse.Namespace, files: Files) -> list[str]:
    """The words with the document that stands among them left in its file: words may not be long."""
    if getattr(args, "document", None) is None:
        return words
    return [words[0], files.document.as_posix(), *_without_document(words[1:])]


def _without_document(words: list[str]) -> list[str]:
    """As argparse takes them: '--document X', '--document=X', and its beginning."""
    left, following = [], iter(words)
    for word in following:
        flag, equals, _ = word.partition("=")
        if len(flag) > 3 and "--document".startswith(flag):
            if not equals:
                next(following, None)
        else:
            left.append(word)
    return left


def _note(words: list[str], args: argparse.Namespace, job: Job | None, take: Take | None) -> Note:
    machine, hardware = notes.here()
    known = _asked_of(take) if take else job.model_dump(mode="json") if job else {}
    return Note.model_validate(
        {
            "kind": "rerun" if args.verb == "rerun" else "resume" if take else "run",
            "argv": words,
            "cwd": Path.cwd().as_posix(),
            "machine": machine,
            "hardware": hardware,
            "starter": (os.getpid(), alive.born(os.getpid())),
            "started": documents.now(),
            **notes.facts(known),
            "of": take.folder.as_posix() if take else "",
        }
    )


def _asked_of(take: Take) -> dict[str, Any]:
    """The job that made a take; nothing where that cannot be read: whoever goes on will say it."""
    try:
        return dict(take.read("job")["resolved"]["job"])
    except (TakeError, KeyError, TypeError, ValueError):
        return {}


def _note_alive(child: subprocess.Popen[bytes], files: Files) -> None:
    """Write down which process a job is; it does so itself as well, in case that we are gone.

    Where that fails the job ends: it was told as failed.
    """
    try:
        with suppress(psutil.Error):  # it has ended already
            files.note_process(child.pid, alive.born(child.pid))
    except OSError:
        child.kill()
        child.wait()
        raise


def _let_go_of_the_oldest(place: Path) -> None:
    """Of jobs that have ended. The folder may be shared with machines that have jobs in it, too."""
    names = [path.name for path in place.iterdir()]
    jobs = sorted({notes.job_of(name) for name in names} - {""})
    for job in jobs[:-MOST_ENDED]:
        files = Files(place, job)
        with suppress(OSError, TakeError):  # one that cannot be read, or removed, stays
            if _has_ended(files):
                files.remove()
    for name in filter(notes.is_aside, names):
        with suppress(OSError):
            if _is_old(place / name):
                (place / name).unlink()


def _has_ended(files: Files) -> bool:
    if files.note.exists():
        return followed.has_ended(files, alive.is_same)
    process = files.process()  # of bench, which is no list's; or what is left of a removed one
    if process is not None and alive.is_same(*process):
        return False
    return all(_is_old(file) for file in files.folder.glob(f"{files.job}.*"))


def _is_old(file: Path) -> bool:
    return time.time() - file.stat().st_mtime > OLD_SECONDS
