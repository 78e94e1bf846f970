"""The command line: one verb a file. It is also the interface that panels and farms use.

Exit codes
  0  done, and all is well
  1  done, and the answer is no: a verdict is not OK, a rerun differs, frames are missing
  2  the request is wrong        3  the plate cannot be used      4  the server cannot do it
  5  the take cannot be written  6  a signing key cannot be used  7  this machine lacks something
  70 a fault in Answerprint      130 interrupted
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from answerprint import __version__, faultlog, site
from answerprint.cli import streams
from answerprint.cli.context import Context, Output
from answerprint.cli.words import WITHIN
from answerprint.documents import did_you_mean
from answerprint.errors import AnswerprintError, JobError, SetupError
from answerprint.interrupt import Interrupt

# names alone: a verb's libraries are imported when it is asked for
VERBS = (
    "serve",
    "tasks",
    "inspect",
    "plan",
    "run",
    "takes",
    "show",
    "verify",
    "rerun",
    "promote",
    "qc",
    "review",
    "sheet",
    "compare",
    "doctor",
    "bench",
    "sidecar",
    "studio",
    "jobs",
    "status",
    "versions",
    "thumbnail",
    "presets",
    "where",
    "models",
    "server",
)
FAULT, INTERRUPTED = 70, 130
MOST_SHOWN = 200  # letters of a path that is too long
_OF_A_PATH = (errno.ENAMETOOLONG, errno.EACCES)

Act = Callable[[argparse.Namespace, Context], int]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise JobError(f"{message}.", remedy=f"See '{self.prog} --help'.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns its exit code. Errors are two lines, never a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    interrupted = Interrupt()
    previous = end_on_signals(interrupted)
    # gRPC tells people of each handshake that fails; it looks here when it is imported
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        with streams.lasting():
            return carry_out(words, Output(json="--json" in words), interrupted)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def verb(name: str) -> ModuleType:
    """One of VERBS or WITHIN: its docstring is its help, and it has `arguments` and `run`."""
    return importlib.import_module(f"answerprint.cli.{WITHIN.get(name, name)}")


def run_here(args: argparse.Namespace, context: Context) -> int:
    """Run the verb that was asked for, in this thread."""
    return int(verb(args.verb).run(args, context))


def carry_out(
    words: Sequence[str], output: Output, interrupted: Interrupt, act: Act = run_here
) -> int:
    """Do what a command line asks for, in any thread; returns the exit code.

    Whatever goes wrong goes to the output as an error. `act` is given the words as they were
    understood. Only --help and --version raise, SystemExit.
    """
    try:
        args = _parse(words)
        context = Context(output, _site(args), interrupted)
        _localise(args, context.site)
        return act(args, context)
    except AnswerprintError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted(output)
    except Exception as error:  # noqa: BLE001 - the last line of defence: artists never see a traceback
        if _is_an_interrupt(error):
            return _interrupted(output)
        if isinstance(error, OSError) and error.errno in _OF_A_PATH:
            output.error(_of_a_path(error))
            return JobError.exit_code
        faultlog.note(" ".join(words[:1]), error)
        log = faultlog.path()
        output.error(
            AnswerprintError(
                "This is a fault in Answerprint, not in your work.",
                remedy=f"Send {log.as_posix()} to the pipeline team.",
            )
        )
        return FAULT


def _of_a_path(error: OSError) -> JobError:
    """Wherever a path is looked at first, the system may say that it is none it bears."""
    name = str(error.filename or "A path")
    shown = name if len(name) <= MOST_SHOWN else f"{name[:MOST_SHOWN]}..."
    return JobError(
        f"{shown} cannot be looked at: {error.strerror}.",
        remedy="Check the path, and your right to read there.",
    )


def _interrupted(output: Output) -> int:
    output.error(AnswerprintError("Interrupted.", remedy="Finished frames are kept."))
    return INTERRUPTED


def _is_an_interrupt(error: BaseException | None) -> bool:
    """A native library that is interrupted while it is loaded says so in an error of its own."""
    if not isinstance(error, ImportError):
        return False
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def parser(names: Iterable[str] = VERBS) -> argparse.ArgumentParser:
    """The command line with these verbs, usually all; they are imported."""
    top = _Parser(
        prog="answerprint",
        description="AI models as numbered, signed, never overwritten takes.",
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"answerprint {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name in names:
        module = verb(name)
        first, _, examples = (module.__doc__ or "").partition("\n\n")
        sub = verbs.add_parser(
            name,
            help=first,
            description=first,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(sub)
        sub.add_argument("--json", action="store_true", help="answer in JSON, one document a line")
    return top


def _parse(words: Sequence[str]) -> argparse.Namespace:
    for word in words:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise JobError(
                f"{word!a} is no UTF-8 text.",
                remedy="Rename the file or folder, or choose another name.",
            )
        if "\0" in word:  # a shell cannot say one, a panel can
            raise JobError(f"{word[:80]!a} holds a zero byte.", remedy="Write it without.")
    first = words[0] if words else ""
    within = " ".join(words[:2])
    if within in WITHIN:
        return parser([within]).parse_args([within, *words[2:]])
    if first in VERBS:
        return parser([first]).parse_args(words)
    if first and not first.startswith("-"):
        raise JobError(
            f"There is no verb '{first}'.{did_you_mean(first, VERBS)}",
            remedy=f"The verbs are {', '.join(VERBS)}; see 'answerprint --help'.",
        )
    return parser().parse_args(words)


def _site(args: argparse.Namespace) -> site.Site:
    """Raises SetupError: it is wrong. Who goes on for long needs none: it may be mended meanwhile."""
    try:
        return site.load()
    except SetupError:
        watches = args.verb in ("status", "jobs") and args.watch
        if watches or args.verb == "sidecar":  # of which each request looks at it anew
            return site.Site()
        raise


def _localise(args: argparse.Namespace, own: site.Site) -> None:
    """Every path on a command line, in the spelling of this system; those of a job: `localised`."""
    for name, value in vars(args).items():
        if isinstance(value, Path):
            setattr(args, name, own.local(value))
        elif isinstance(value, list):
            setattr(args, name, [own.local(one) if isinstance(one, Path) else one for one in value])


def end_on_signals(interrupted: Interrupt) -> dict[int, Any]:
    """Have SIGTERM, and SIGHUP when the terminal is closed, end a verb as Ctrl-C does.

    The event is set as well: an exception out of a signal that arrives while a native library
    calls back (gRPC does) is printed there and lost. Loops that run long look at the event.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        repeated = number == hangup and interrupted.is_set()
        interrupted.set()
        # the kernel and the shell both tell of a hangup; cleaning up has begun
        if not repeated and not interrupted.is_watched:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return {}  # whoever runs us decides about signals
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGBREAK"):  # what Windows can send to a job of another process
        numbers.append(signal.SIGBREAK)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # not under nohup
        numbers.append(hangup)
    return {number: signal.signal(number, interrupt) for number in numbers}
