"""Serve the review page: takes to look at, compare, approve and send back; on this machine only.

Its database is only an index: losing it loses nothing, and 'reindex' builds it anew.

examples:
  answerprint studio                          serve takes of the site's root; Ctrl-C stops it
  answerprint studio --root /shows/demo/takes --port 8600
  answerprint studio reindex                  read all takes anew
  answerprint studio --host 0.0.0.0 --name review.studio.lan    others may look, nobody may decide
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from answerprint import site
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import SetupError
from answerprint.folder import is_folder

if TYPE_CHECKING:
    from answerprint_studio.settings import Settings

MOST_PORT = 65535
PORT = 8571


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("act", nargs="?", choices=["reindex"], help="read all takes anew, and end")
    add(
        "--root", type=Path, action="append", metavar="DIR", help="where takes lie; may be repeated"
    )
    add("--port", type=_port, default=PORT, metavar="N", help=f"usually {PORT}; 0: any")
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="usually this machine alone")
    add("--name", action="append", metavar="NAME", help="a further name that browsers call it by")
    add("--database", default="", metavar="URL", help="of the index; usually a file of your own")
    add("--log", action="store_true", help="a line on standard error for each request")


def _port(word: str) -> int:
    """How argparse reads a port."""
    if word.isdecimal() and int(word) <= MOST_PORT:
        return int(word)
    raise argparse.ArgumentTypeError(f"{word} is no port from 0 to {MOST_PORT}")


def run(args: argparse.Namespace, context: Context) -> int:
    try:
        from answerprint_studio import app, serve  # noqa: PLC0415 - most verbs need none of it
        from answerprint_studio.settings import Settings  # noqa: PLC0415
    except ImportError as error:
        raise SetupError(
            f"The review page's packages are not installed: {error.name or error}.",
            remedy="Run 'python3 -m install server', or install answerprint[studio].",
        ) from error
    settings = Settings(
        roots=_roots(args, context),
        site=context.site,
        home=site.home(),
        database=args.database,
        host=args.host,
        port=args.port,
        names=tuple(args.name or ()),
    )
    if args.act == "reindex":
        return _reindex(settings, context)
    with serve.bound(settings) as (own, served), context.interrupted.watched():
        made = app.app(served)
        _welcome(served, made.state.studio.index.said, context)
        serve.serve(made, own, log=args.log, ending=context.interrupted.wait)
    context.output.say("The review page is closed.")
    return 0


def _roots(args: argparse.Namespace, context: Context) -> tuple[Path, ...]:
    """Raises SetupError: there is no such folder; JobError: it lies outside the allowed ones."""
    roots = [one.absolute() for one in args.root or [context.root()]]
    for root in roots:
        context.site.check_allowed(root, "Folder")
        if not is_folder(root):
            raise SetupError(
                f"There is no folder {root.as_posix()}.",
                remedy="Name the folder that takes are written to with --root.",
            )
    return tuple(dict.fromkeys(roots))


def _welcome(settings: Settings, said: str, context: Context) -> None:
    say = context.output.say
    if said:
        say(f"The index {said}: it is built anew from the take folders. Nothing is lost.")
    say(f"The review page is at {settings.address}")
    if not settings.is_loopback:
        say("Others may look at it. Nobody can decide there: there are no logins yet.")
    say("Ctrl-C stops it.")
    context.output.emit(
        {
            "address": settings.address,
            "roots": [root.as_posix() for root in settings.roots],
            "decides": settings.is_loopback,
        }
    )


def _reindex(settings: Settings, context: Context) -> int:
    from answerprint_studio import reindex  # noqa: PLC0415

    found, seconds = reindex.reindex(settings, context.interrupted.heed)
    context.output.say(f"{count(found, 'take')} in the index, in {seconds:.1f} s.")
    context.output.emit({"takes": found, "seconds": round(seconds, 2)})
    return 0
