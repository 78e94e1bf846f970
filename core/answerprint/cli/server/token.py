"""Make a token for who has no certificate: a farm, a script. The gateway keeps only what tells it.

The token goes into a file for nobody else to read; `token` in the site file names it. It expires by
itself. After each change: nginx -p DIR -c nginx.conf -s reload

examples:
  answerprint server token farm --show night --out farm.token
  answerprint server token --list
  answerprint server token --revoke farm
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint.cli.context import Context
from answerprint.errors import JobError, SetupError
from answerprint_server import certs, gateway, tokens
from answerprint_server.tokens import Token


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("user", nargs="?", metavar="USER", help="whom it is for")
    add("--gateway", type=Path, default=Path("gateway"), metavar="DIR", help="as it was written to")
    add("--out", type=Path, metavar="FILE", help="for the token; usually USER.token")
    add("--show", default="", metavar="SHOW", help="that it is for; usually all")
    add("--role", choices=certs.ROLES, default="artist", help="admin may load models")
    add("--days", type=int, default=tokens.DAYS, metavar="N", help="valid so long; 90")
    add("--list", action="store_true", help="show whose there are; no token is shown")
    add("--revoke", metavar="ID", help="have one be worth nothing, or all of a user")


def run(args: argparse.Namespace, context: Context) -> int:
    if sum((args.user is not None, args.list, args.revoke is not None)) != 1:
        raise JobError(
            "'answerprint server token' needs one thing to do.",
            remedy="Give a user, --list, or --revoke with an id or a user.",
        )
    if args.list:
        for one in tokens.read(args.gateway):
            _say(one, context, "valid")
        return 0
    if args.revoke is not None:
        for one in tokens.revoke(args.gateway, args.revoke):
            _say(one, context, "revoked")
    else:
        _make(args, context)
    place = args.gateway.absolute().as_posix()
    if (args.gateway / gateway.CONF).exists():
        context.output.say(f"Now: nginx -p {place} -c nginx.conf -s reload")
    else:
        context.output.say(
            f"No gateway is in {place} yet: write it there with 'answerprint server gateway', or "
            "name the folder of yours with --gateway."
        )
    return 0


def _make(args: argparse.Namespace, context: Context) -> None:
    out = args.out or Path(f"{args.user}.token")
    if out.exists():
        raise JobError(
            f"{out.as_posix()} is there already, and is not overwritten.",
            remedy="Name another file with --out.",
        )
    kept, said = tokens.make(
        args.gateway, args.user, show=args.show, role=args.role, days=args.days
    )
    try:
        certs.write(out, f"{said}\n".encode(), 0o600)
    except SetupError:  # nobody has it, so nobody may come in by it
        tokens.revoke(args.gateway, kept.id)
        raise
    _say(kept, context, "valid")
    context.output.say(f"The token is in {out.as_posix()}, and nowhere else.")


def _say(one: Token, context: Context, state: str) -> None:
    show = f" of {one.show}" if one.show else ""
    until = f"until {one.until:%Y-%m-%d}" if state == "valid" else state
    context.output.say(f"{one.id}  {one.role} {one.user}{show}, {until}")
    context.output.emit(
        {
            "id": one.id,
            "user": one.user,
            "show": one.show or None,
            "role": one.role,
            "until": f"{one.until:%Y-%m-%dT%H:%M:%SZ}",
            "state": state,
        }
    )
