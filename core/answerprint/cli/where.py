"""Say where takes go: root, show and shot of a script, and where its nodes are rendered to.

examples:
  answerprint where --script /shows/nightfall/sq10/sh0120/comp.nk
  answerprint where --script comp.nk --node Merge7 --key 5f3a91
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from answerprint import shot, site
from answerprint.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--script", type=Path, metavar="PATH", help="the host's open script")
    parser.add_argument("--node", metavar="NAME", help="of it, that is to be rendered to disk")
    parser.add_argument(
        "--key", default="", metavar="TEXT", help="with --node: changes when its pixels do"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    found = shot.where(args.script, context.site, node=args.node, key=args.key)
    named = os.environ.get("ANSWERPRINT_SITE") or None
    home = site.home().absolute().as_posix()
    context.output.emit({**found.as_json(), "home": home, "site": named})
    context.output.say(f"takes    {found.root.as_posix()}")
    context.output.say(f"shot     {found.title or 'none'}")
    if found.renders:
        context.output.say(f"renders  {found.renders.as_posix()}")
    context.output.say(f"yours    {home}")
    context.output.say(f"site     {named or 'none'}")
    for note in found.notes:
        context.output.say(f"  {note}")
    return 0
