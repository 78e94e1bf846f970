"""Make certificates for a server behind a gateway and for those who may ask it.

  ca               the studio's own authority, once; whoever has its key can be anybody
  server NAME...   one for a server, under each name and number that clients reach it by
  client USER      one for a person, who shows it to the gateway

Each is two files: NAME.pem to give away, NAME.key for its owner alone. Nothing is overwritten
without --renew. Those that expire within 30 days are spoken of.

examples:
  answerprint server certs ca --studio Nightworks
  answerprint server certs server render1 render1.nightworks.lan 10.0.0.7
  answerprint server certs client ada --show night
  answerprint server certs client ada --renew
  answerprint server certs --list
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint_server import certs
from answerprint_server.certs import Made, Wanted


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("what", nargs="?", choices=("ca", "server", "client"), help="which to make")
    add("names", nargs="*", metavar="NAME", help="of the server, or the user")
    add("--dir", type=Path, default=Path("certs"), metavar="DIR", help="with all of them; certs")
    add("--studio", default="Studio", metavar="NAME", help="whose authority it is")
    add("--show", metavar="SHOW", help="that a client's is for; usually all")
    add("--role", choices=certs.ROLES, help="admin may load models; usually artist")
    add("--days", type=int, metavar="N", help="valid so long; ca 3650, server 397, client 90")
    add("--renew", action="store_true", help="a new one with its key, names, show and role")
    add("--new-key", action="store_true", help="with --renew: with a new key")
    add("--list", action="store_true", help="show what is there, and until when it is valid")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.what is not None:
        one = _make(args)
        if not args.list:
            _say(one, context)
            context.output.say(f"{one.certificate.as_posix()}, key {one.key.as_posix()}")
            return 0
    elif not args.list:
        raise JobError(
            "'answerprint server certs' needs to know what to make.",
            remedy="Give ca, server NAME... or client USER; or --list.",
        )
    found = list(certs.made(args.dir))
    for one in found:
        _say(one, context)
    if not found:
        context.output.say(f"There are none in {args.dir.as_posix()}.")
    return 0


def _make(args: argparse.Namespace) -> Made:
    wanted = Wanted(args.days, renew=args.renew, new_key=args.new_key)
    if args.new_key and not args.renew:
        raise JobError("--new-key is for --renew.", remedy="Give both, or neither.")
    if args.what == "ca":
        _count(args, "ca", 0, 0)
        return certs.authority(args.dir, args.studio, wanted)
    if args.what == "server":
        _count(args, "server", 1, 100)
        return certs.server(args.dir, args.names, wanted)
    _count(args, "client", 1, 1)
    return certs.client(args.dir, args.names[0], args.show, args.role, wanted)


def _count(args: argparse.Namespace, what: str, least: int, most: int) -> None:
    if not least <= len(args.names) <= most:
        needs = {"ca": "no name", "server": "a name or more", "client": "one user"}[what]
        raise JobError(
            f"'server certs {what}' takes {needs}, and {len(args.names)} are given.",
            remedy="See 'answerprint server certs --help'.",
        )


def _say(one: Made, context: Context) -> None:
    context.output.say(certs.told(one))
    context.output.emit(
        {
            "kind": one.kind,
            "names": list(one.names),
            "show": one.show or None,
            "role": one.role or None,
            "until": f"{one.until:%Y-%m-%dT%H:%M:%SZ}",
            "days": one.days,
            "serial": one.serial,
            "certificate": one.certificate.as_posix(),
            "key": one.key.as_posix(),
        }
    )
