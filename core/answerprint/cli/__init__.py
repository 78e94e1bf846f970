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
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

from answerprint import __version__, site
from answerprint.cli import (
    compare,
    doctor,
    promote,
    rerun,
    run,
    serve,
    sheet,
    show,
    takes,
    tasks,
    verify,
)
from answerprint.cli.context import Context, Output
from answerprint.documents import did_you_mean
from answerprint.errors import AnswerprintError, JobError

VERBS = {
    "serve": serve,
    "tasks": tasks,
    "run": run,
    "takes": takes,
    "show": show,
    "verify": verify,
    "rerun": rerun,
    "promote": promote,
    "sheet": sheet,
    "compare": compare,
    "doctor": doctor,
}
FAULT, INTERRUPTED = 70, 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise JobError(f"{message}.", remedy=f"See '{self.prog} --help'.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns its exit code. Errors are two lines, never a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(json="--json" in words)
    interrupted = threading.Event()
    previous = _end_on_signals(interrupted)
    try:
        args = _parse(words)
        return int(VERBS[args.verb].run(args, Context(output, site.load(), interrupted)))
    except AnswerprintError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.error(AnswerprintError("Interrupted.", remedy="Finished frames are kept."))
        return INTERRUPTED
    except BrokenPipeError:  # the reader, like head, has seen enough
        output.abandon()
        return 0
    except Exception:  # noqa: BLE001 - the last line of defence: artists never see a traceback
        log = site.home() / "fault.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        output.error(
            AnswerprintError(
                "This is a fault in Answerprint, not in your work.",
                remedy=f"Send {log.as_posix()} to the pipeline team.",
            )
        )
        return FAULT
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def parser() -> argparse.ArgumentParser:
    """The whole command line, verb by verb."""
    top = _Parser(
        prog="answerprint",
        description="AI models as numbered, signed, never overwritten takes.",
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"answerprint {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name, module in VERBS.items():
        text = module.__doc__ or ""
        first, _, examples = text.partition("\n\n")
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
    verbs = [word for word in words if not word.startswith("-")]
    if verbs and words[0] == verbs[0] and verbs[0] not in VERBS:
        raise JobError(
            f"There is no verb '{verbs[0]}'.{did_you_mean(verbs[0], VERBS)}",
            remedy=f"The verbs are {', '.join(VERBS)}; see 'answerprint --help'.",
        )
    return parser().parse_args(words)


def _end_on_signals(interrupted: threading.Event) -> dict[int, Any]:
    """Have SIGTERM end a verb as Ctrl-C does, so that it cleans up.

    The event is set as well: an exception out of a signal that arrives while a native library
    calls back (gRPC does) is printed there and lost. Loops that run long look at the event.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return {}  # whoever runs us decides about signals
    return {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
