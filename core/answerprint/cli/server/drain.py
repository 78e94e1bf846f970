"""Let a server finish what it has, and give it nothing new; --off takes it back into service.

Workstations heed it with their next job. Why it was drained stands beside its name.

examples:
  answerprint server drain render2:8001 --why "new driver tonight"
  answerprint server drain render2:8001 --off --why "driver is in, golden cases pass"
"""

from __future__ import annotations

import argparse
import re

from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.documents import did_you_mean
from answerprint.errors import JobError
from answerprint.moves import reason

_ADDRESS = re.compile(r"[^\s/@]{1,255}:\d{1,5}", re.ASCII)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="HOST:PORT", help="as the site file spells it")
    parser.add_argument("--off", action="store_true", help="it takes jobs again")
    changes.arguments(parser, asks=False)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = reason(args.why)
    if args.off:
        return changes.tell(context, change.undrain(args.address, why))
    _check(args.address, context)
    return changes.tell(context, change.drain(args.address, why))


def _check(address: str, context: Context) -> None:
    """Raises JobError: no workstation would ever look for it under this name."""
    known = [one for one in (*context.site.servers, context.site.server) if one]
    if not _ADDRESS.fullmatch(address):
        raise JobError(f"'{address}' is no HOST:PORT.", remedy="Write it like render2:8001.")
    if known and address not in known:
        raise JobError(
            f"The site has no server {address}.{did_you_mean(address, known)}",
            remedy=f"It has {', '.join(known)}.",
        )
