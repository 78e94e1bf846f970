"""Give the candidate a share of the jobs that ask for no version; 0% ends it.

A job gets the same version each time, also when the share grows. A canary that was halted is
taken up again.

examples:
  answerprint models canary denoise 10% --candidate 4 --why "golden cases pass; a week on night"
  answerprint models canary denoise 0% --why "artists report soft edges, looking into it"
"""

from __future__ import annotations

import argparse

from answerprint.cli import changes
from answerprint.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("share", nargs="+", metavar="PERCENT", help="like 10%%, of the jobs")
    parser.add_argument("--candidate", metavar="VERSION", help="another than the one there is")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    return changes.give(args, context, "canary")
