"""Take back what was tried last: the candidate; where there is none, the version that is stable.

A candidate gets no job any more, and stable stays. Without one, the version before is stable again;
a version that is named is stable in any case, and nothing is tried any more. No server is asked, and
no freeze holds it up. The next job has the old version; jobs that run go on with the one they began
with.

examples:
  answerprint models rollback denoise
  answerprint models rollback denoise 2 --why "v3 and v4 both smear hair in night sh0120"
"""

from __future__ import annotations

import argparse

from answerprint.cli import changes
from answerprint.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="or alias, to be stable")
    changes.arguments(parser, asks=False)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = args.why.strip() or "rolled back; no reason was given"
    return changes.tell(context, change.rollback(args.task, args.version, why))
