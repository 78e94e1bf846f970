"""Try models before artists meet them, and decide which version of a model whose job gets.

words:
  check      lint a model repository: configuration, contract, digests, licence, what they claim
  test       run every model's golden cases on a server of their own, and write a report
  add        a task of your own from an ONNX file or a Python function
  status     which version is stable, which is tried on how much, and how it does
  promote    make the candidate the stable version
  rollback   take back what was tried last: the candidate, else the stable version
  canary     give the candidate a share of the jobs
  mirror     run a share of the jobs on the candidate as well, shown to nobody
  pin        hold a show to a version
  alias      give a version a name
  freeze     let nothing change between two days
  log        who changed what, and why; check that nobody edited that
  compare    how the candidate's mirrored frames differ from the artists'

examples:
  answerprint models status
  answerprint models check
"""

from __future__ import annotations

import argparse

from answerprint.cli import words
from answerprint.cli.context import Context

arguments = words.arguments


def run(args: argparse.Namespace, _context: Context) -> int:
    return words.refuse("models", args.word)
