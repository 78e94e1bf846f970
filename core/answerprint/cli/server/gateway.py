"""Write the gateway: nginx before Triton, which knows who asks, and how much each may.

DIR then holds nginx.conf, limits.toml to be edited, the secret that Triton is started with, and copies
of the certificates, so that it can be carried to another machine or into a container as it is. Write
it again after a change of limits.toml, and when a certificate was renewed: tokens and the secret stay.

examples:
  answerprint server gateway --triton 127.0.0.1:8001 --listen 0.0.0.0:8443 --cert certs/server-render1.pem
  answerprint server gateway --out /etc/answerprint --triton triton:8001 --cert certs/server-render1.pem
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint.cli.context import Context
from answerprint_server import certs, expiry, gateway, limits
from answerprint_server.gateway import Gateway, Shown


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", type=Path, default=Path("gateway"), metavar="DIR", help="to write; gateway")
    add("--triton", required=True, metavar="HOST:PORT", help="the server's gRPC side")
    add("--listen", default="0.0.0.0:8443", metavar="HOST:PORT", help="for clients; 0.0.0.0:8443")
    add("--cert", type=Path, required=True, metavar="FILE", help="the server's certificate")
    add("--key", type=Path, metavar="FILE", help="its key; usually beside it")
    add("--ca", type=Path, metavar="FILE", help="whose clients come in; usually ca.pem beside it")
    add("--limits", type=Path, metavar="FILE", help="usually limits.toml in DIR")


def run(args: argparse.Namespace, context: Context) -> int:
    held = args.limits or args.out / limits.FILE
    if args.limits is None and not held.exists():
        certs.write(held, limits.default().encode(), 0o644)
    shown = Shown(
        args.ca or args.cert.with_name("ca.pem"),
        args.cert,
        args.key or args.cert.with_suffix(".key"),
    )
    meant = Gateway(args.triton, args.listen)
    written = gateway.write(args.out, meant, shown, limits.read(held))
    place = args.out.absolute().as_posix()
    soon = expiry.soon(expiry.of((shown.certificate, shown.ca)))
    files = [one.as_posix() for one in written]
    context.output.emit({"gateway": place, "files": files, "soon": soon})
    context.output.say(f"Clients come to {args.listen}, and it asks {args.triton}.")
    for said in soon:
        context.output.say(said)
    context.output.say(f"Try it:    nginx -p {place} -c nginx.conf -t")
    context.output.say(f"Start it:  nginx -p {place} -c nginx.conf")
    return 0
