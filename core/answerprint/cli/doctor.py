"""Check everything a run needs, and say in one sentence what to do.

Where a site has several servers, each is listed with what it has to do, and whether it is drained;
the other checks are of the one that a run would go to now. The last check sends a small frame with
values from -1 to 100 to the server and back.

examples:
  answerprint doctor
  answerprint doctor --out /shows/demo/takes
"""

from __future__ import annotations

import argparse
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import begin, checks, compare, exr, job, preflight, run as engine
from answerprint.access import Access
from answerprint.cli.context import Context
from answerprint.errors import AnswerprintError, ServerAway, ServerNotReady, TakeError
from answerprint.muster import ranked
from answerprint.offer import tasks
from answerprint.triton import Server

LEAST_SPACE = 1 << 30
_OF_ONE = ("ports", "models", "round trip")  # what is asked of one server, and "server" tells first


@dataclass(frozen=True)
class _Check:
    name: str
    good: bool
    said: str
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder that takes go below")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    root = (args.out or context.root()).absolute()
    servers, asked = _servers(context) if context.has_several(args.server) else [], args.server
    if servers:
        asked = next((one.facts["server"] for one in servers if one.facts["picked"]), None)
    named: dict[str, Callable[[], str]] = {
        "key": lambda: _key(context),
        **({"certificate": lambda: _certificate(context)} if context.site.tls else {}),
        "takes folder": lambda: _folder(root),
        "space": lambda: _space(root),
        "ports": lambda: _ports(asked, context),
        "server": lambda: _server(asked, context),
        "models": lambda: _models(asked, context),
        "round trip": lambda: _round_trip(asked, context),
    }
    if servers and asked is None:  # each of these would ask all of them again, and say the same
        named = {name: named[name] for name in named if name not in _OF_ONE}
    checks = [*servers, *(_tried(name, check) for name, check in named.items())]
    wide = max([13, *(len(check.name) for check in servers)])
    for check in checks:
        said = {"check": check.name, "good": check.good, "said": check.said}
        context.output.emit({**said, "remedy": check.remedy, **check.facts})
        context.output.say(f"{'ok  ' if check.good else 'FAIL'}  {check.name:<{wide}} {check.said}")
    bad = next((check for check in checks if not check.good), None)
    context.output.say("Everything works." if bad is None else f"What to do: {bad.remedy}")
    return 0 if bad is None else 1


def _tried(name: str, check: Callable[[], str]) -> _Check:
    try:
        return _Check(name, good=True, said=check())
    except AnswerprintError as error:
        return _Check(name, good=False, said=error.problem, remedy=error.remedy)


def _servers(context: Context) -> list[_Check]:
    """Every one of several: one that is drained is as it should be, and takes nothing new."""
    seen = context.muster()
    best = next(iter(ranked(seen)), None)
    return [
        _Check(
            one.address,
            good=one.health.state == "connected",
            said=one.words + (", a run would go there" if one is best else ""),
            remedy=f"Look at {one.address} and the network to it; jobs go to the others until then.",
            facts={
                "server": one.address,
                "state": one.health.state,
                "requests": one.requests,
                "milliseconds": one.health.milliseconds,
                "draining": one.draining,
                "picked": one is best,
            },
        )
        for one in seen
    ]


def _key(context: Context) -> str:
    return f"yours is {context.signer().kid}; {len(context.trusted())} trusted"


def _certificate(context: Context) -> str:
    """Whether what a gateway is shown can be used, and what of it ends soon."""
    from answerprint_server import expiry  # noqa: PLC0415 - most sites have none

    Access.of(context.site)
    tls = context.site.tls
    ends = expiry.of(one for one in (tls.ca, tls.certificate) if one) if tls else {}
    return " ".join(expiry.soon(ends)) or "it can be used, and for a month yet"


def _folder(root: Path) -> str:
    checks.check_writable(root)
    return f"{root.as_posix()} can be written"


def _space(root: Path) -> str:
    there = next(one for one in (root, *root.parents) if one.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_SPACE:
        raise TakeError(
            f"{free / 1e9:.2f} GB free in {there.as_posix()}.",
            remedy=f"Free some space in {there.as_posix()}, or choose another folder.",
        )
    return f"{free / 1e9:.0f} GB free"


def _ports(asked: str | None, context: Context) -> str:
    """Whether anything listens at all, before asking what it is."""
    address = context.address(asked)
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError) as error:
        raise ServerAway(
            f"Nothing can be reached at {address}: {error}.",
            remedy="Start the server with 'answerprint serve', or correct ANSWERPRINT_SERVER.",
        ) from error
    return f"{address} is open"


@contextmanager
def _connected(asked: str | None, context: Context) -> Iterator[Server]:
    with context.server(asked) as server:
        yield server


def _server(asked: str | None, context: Context) -> str:
    with _connected(asked, context) as server:
        return f"Triton {server.version()} at {server.address}"


def _models(asked: str | None, context: Context) -> str:
    with _connected(asked, context) as server:
        offers = server.offers()
    broken = [one for one in offers if one.contract is None]
    if broken:
        raise ServerNotReady(
            f"{broken[0].name} cannot be used: {broken[0].problem}",
            remedy=f"Tell the pipeline team that {broken[0].name} does not load.",
        )
    return ", ".join(one.name for one in tasks(offers)) or "none"


def _round_trip(asked: str | None, context: Context) -> str:
    """-1 to 100 in half floats, through disk, server, signature and disk again."""
    with (
        tempfile.TemporaryDirectory(prefix="answerprint-") as name,
        _connected(asked, context) as server,
    ):
        folder = Path(name)
        values = np.linspace(-1, 100, 64 * 64, dtype=np.float32).astype(np.float16)
        image = values.reshape(64, 64)
        exr.write(folder / "probe.1.exr", exr.new(dict.fromkeys("RGB", image)))
        request = job.make(
            {
                "task": "passthrough",
                "plate": str(folder / "probe.#.exr"),
                "out": {"root": str(folder / "takes")},
            }
        )
        # the probe lies in a temporary folder, which a site's allowed roots need not hold
        anywhere = context.site.model_copy(update={"roots": ()})
        resolved = preflight.resolve(request, server, anywhere)
        take = begin.claim(resolved)
        events = engine.run(
            resolved, take, server=server, signer=context.signer(), trusted=context.trusted()
        )
        for _ in events:
            pass
        before, after = exr.read(folder / "probe.1.exr"), exr.read(take.file(1))
        found = compare.difference(before, after, "the probe")
    if not found.identical:
        raise ServerNotReady(
            f"A frame came back changed, {found}.",
            remedy="Tell the pipeline team: the server's Python needs numpy below 2.",
        )
    return "64x64, -1 to 100, came back the same in every sample"
