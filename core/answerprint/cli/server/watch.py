"""Ask every model of a server for a real answer now and again, cure the dead, and tell Prometheus.

Triton says 'ready' of a model whose process is dead. So each instance of each model is asked the
smallest frame that its contract allows; not where artists' frames have just said that it is well, and
never for more than a fiftieth of its time. A model whose process died, or that hangs, is loaded again.

  http://127.0.0.1:9108/metrics   for Prometheus: server/deploy/prometheus
  http://127.0.0.1:9108/healthy   200 where every model answers, else 503, for Kubernetes and people

examples:
  answerprint server watch
  answerprint server watch --once                            every model once; exit 1 if one fails
  answerprint server watch --server render1:8001 --metrics render1:8002
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from answerprint import site
from answerprint.cli import INTERRUPTED, flags
from answerprint.cli.context import Context, Output
from answerprint.documents import count
from answerprint.errors import JobError, ServerError
from answerprint.triton import OVER_GRPC, Server
from answerprint_server import embedded, expiry, facts, page, probe, watched, watching
from answerprint_server.clients import Tally
from answerprint_server.facts import Facts, Planned
from answerprint_server.metrics import Metrics
from answerprint_server.watched import Model
from answerprint_server.watching import Watch

LISTEN = "127.0.0.1:9108"


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--server", metavar="HOST:PORT", help="another server than the usual")
    add("--metrics", metavar="HOST:PORT", help="of Triton's own metrics; known of the embedded one")
    add("--listen", metavar="HOST:PORT", default=LISTEN, help=f"for Prometheus; usually {LISTEN}")
    add(
        "--every",
        type=flags.above_zero,
        metavar="SECONDS",
        default=watching.EVERY_SECONDS,
        help=f"between two rounds; usually {watching.EVERY_SECONDS:g}",
    )
    add(
        "--deadline",
        type=flags.above_zero,
        metavar="SECONDS",
        default=watching.DEADLINE_SECONDS,
        help=f"in which a model has to do something; usually {watching.DEADLINE_SECONDS:g}",
    )
    add("--certs", type=Path, metavar="DIR", help="certificates whose end is to be told")
    add("--no-reload", action="store_true", help="only tell; load no model again")
    add("--once", action="store_true", help="ask every model once, say how they are, and end")


def run(args: argparse.Namespace, context: Context) -> int:
    host, port = _place(args.listen)
    with context.interrupted.watched():
        if args.once:
            return _once(args, context)
        rounds = _Rounds(args, context)
        with page.served(
            host, port, Metrics(lambda: rounds.facts).registry(), rounds.health
        ) as where:
            url = f"http://{where[0]}:{where[1]}"
            context.output.say(f"Metrics at {url}{page.METRICS}, health at {url}{page.HEALTHY}.")
            context.output.emit({"metrics": url + page.METRICS, "health": url + page.HEALTHY})
            while not context.interrupted.is_set():
                rounds.next()
                context.interrupted.wait(args.every)
        rounds.close()
    return INTERRUPTED


def _once(args: argparse.Namespace, context: Context) -> int:
    """Raises ServerError: the server itself cannot be asked."""
    watch = _watch(args, context)
    try:
        watch.round()
    finally:
        watch.close()
    models, output = watch.models, context.output
    wide = max((len(one.name) for one in models), default=0)
    for one in models:
        _say(one, output, wide)
    _tell_soon(expiry.ends(args.certs) if args.certs else {}, output)
    ill = [one for one in models if not one.is_well]
    well = watched.is_well(models)
    output.say(f"What to do: {ill[0].found.remedy}" if ill else _summary(models))
    return 0 if well else 1


def _watch(args: argparse.Namespace, context: Context) -> Watch:
    def connect() -> Server:
        return context.server(args.server, OVER_GRPC)

    def metrics(address: str) -> str | None:
        state = embedded_at(address)
        return args.metrics or (f"127.0.0.1:{state.metrics}" if state else None)

    return Watch(
        connect,
        metrics,
        context.interrupted,
        every=args.every,
        deadline=args.deadline,
        reload=not args.no_reload,
    )


def embedded_at(address: str) -> embedded.Running | None:
    """The server that a supervisor holds here, where it is the one at this address."""
    state = embedded.running(site.home())
    fits = state is not None and state.address == address.replace("localhost:", "127.0.0.1:")
    return state if fits else None


class _Rounds:
    """One round after another, whatever becomes of the server in between."""

    def __init__(self, args: argparse.Namespace, context: Context) -> None:
        self.facts = Facts()
        self._watch, self._certs, self._output = _watch(args, context), args.certs, context.output
        self._folder = context.site.rollout
        self._planned, self._tally = Planned(self._folder), Tally(self._folder)
        self._is_away = False
        self._soon: list[str] = []  # that was said already

    def next(self) -> None:
        """Look at everything once; what it finds stands in `facts`."""
        for one in self._news():
            _say(one, self._output)
        self._tally.look()
        self._planned.look()
        ends = expiry.ends(self._certs) if self._certs else {}
        self._soon = _tell_soon(ends, self._output, self._soon)
        state = embedded_at(self._watch.address)
        places = {"rollout": self._folder, "models": Path(state.models) if state else None}
        self.facts = Facts(
            at=time.time(),
            up=self._watch.up,
            models=self._watch.models,
            restarts=state.restarts if state else None,
            clients={name: dict(held) for name, held in self._tally.counts.items()},
            unreadable=self._tally.unreadable,
            plan=self._planned.plan,
            readable=self._planned.readable,
            halted=self._planned.halted(),
            ends=ends,
            disks=facts.disks(places),
        )

    def health(self) -> tuple[bool, str]:
        """Whether every model answers, and a sentence."""
        found = self.facts
        if not found.at:
            return False, "The models are being asked for the first time."
        if not found.up:
            return False, "The server does not answer."
        ill = [f"{one.name} {one.version}" for one in found.models if not one.is_well]
        if ill:
            return False, f"Not well: {', '.join(ill)}."
        return watched.is_well(found.models), _summary(found.models)

    def close(self) -> None:
        self._watch.close()

    def _news(self) -> list[Model]:
        try:
            news = self._watch.round()
        except ServerError as error:
            if not self._is_away:
                self._output.emit({"server": "away", **error.as_json()})
                self._output.say(f"DOWN  {error.problem} {error.remedy}")
            self._is_away = True
            return []
        if self._is_away:
            self._output.emit({"server": "back"})
            self._output.say("ok    The server answers again.")
        self._is_away = False
        return news


def _say(one: Model, output: Output, wide: int = 0) -> None:
    found = one.found
    output.emit(
        {
            "model": one.name,
            "version": one.version,
            "instances": one.instances,
            "verdict": found.verdict,
            "well": one.is_well,
            "milliseconds": round(one.seconds * 1000, 1),
            "reloaded": one.cured,
            "lost": one.is_lost,
            "problem": found.problem,
        }
    )
    mark = "ok  " if one.is_well else "DOWN" if one.is_lost else "FAIL"
    output.say(f"{mark}  {one.name:<{wide}}  {one.version:>2}  {_words(one)}")


def _tell_soon(ends: dict[str, float], output: Output, told: Sequence[str] = ()) -> list[str]:
    """What ends within a month, unless it was told; returns all that does."""
    soon = expiry.soon(ends)
    for said in soon:
        if said not in told:
            output.emit({"certificate": said})
            output.say(f"soon  {said}")
    return soon


def _words(one: Model) -> str:
    found = one.found
    if not one.is_well:
        tried = "; it was loaded again, which did not help" if one.uncured else ""
        return f"{found.verdict}: {found.problem.rstrip('.')}{tried}"
    if found.verdict == probe.BUSY:
        return "at work for others"
    after = ", loaded again" if one.cured else ""
    each = f"{one.instances} instances, " if one.instances > 1 else ""
    return f"answers, {each}{one.seconds * 1000:.0f} ms{after}"


def _summary(models: Sequence[Model]) -> str:
    return (
        f"{count(len(models), 'model')}, every instance answers." if models else "It has no models."
    )


def _place(said: str) -> tuple[str, int]:
    """Raises JobError: it is no host:port."""
    host, colon, port = said.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise JobError(
            f"--listen {said} is no HOST:PORT.", remedy=f"Write it like {LISTEN}; port 0 is any."
        )
    return host.strip("[]"), int(port)
