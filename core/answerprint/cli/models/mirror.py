"""Run a share of the jobs on the candidate as well; artists see nothing of it.

The job's own frames are made first, by the version that it got; the candidate's follow at the
lowest priority. 'answerprint models compare' shows how they differ.

examples:
  answerprint models mirror denoise 5% --candidate 4 --why "first look before any artist sees it"
  answerprint models mirror denoise 0% --why "enough was seen, the farm is full"
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.errors import JobError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK")
    parser.add_argument("share", nargs="*", metavar="PERCENT", help="like 10%%, of the jobs")
    parser.add_argument("--take", type=Path, help=argparse.SUPPRESS)  # what a run starts at its end
    parser.add_argument("--candidate", metavar="VERSION", help="another than the one there is")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    if args.take is not None:
        from answerprint.cli.models import mirroring  # noqa: PLC0415 - it brings a run's libraries

        return mirroring.run_for(args.take, context, args.server)
    if args.task is None:
        raise JobError(
            "'answerprint models mirror' needs a task and a share.",
            remedy="See 'answerprint models mirror --help'.",
        )
    return changes.give(args, context, "mirror")
