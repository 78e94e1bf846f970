"""Run a studio's server: certificates, a gateway, tokens; watch it, and take it out of service.

words:
  certs      make a studio's certificate authority, and certificates for servers and people
  gateway    write the configuration of nginx in front of Triton: who may do what, how much
  token      make a token for a person or a farm, or take it back
  load       have a server look at a model's folder again: a new version
  watch      ask every model for a real answer now and again, and tell Prometheus
  top        a view of models, queues, rates, errors and people, in a terminal
  drain      let a server finish what it has, and give it nothing new

examples:
  answerprint server drain render2:8001 --off
  answerprint server top
"""

from __future__ import annotations

import argparse

from answerprint.cli import words
from answerprint.cli.context import Context

arguments = words.arguments


def run(args: argparse.Namespace, _context: Context) -> int:
    return words.refuse("server", args.word)
