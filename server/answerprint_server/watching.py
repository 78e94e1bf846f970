"""Watching: every model of a server is asked for a real answer now and again, and cured if it can be.

A model whose artists' frames succeed is not asked, and none is asked for more than a small share of
its time. One whose process died, or that hangs, is loaded anew; where that does not help, it is said.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from answerprint.errors import NoSuchTask, ServerError
from answerprint.pulse import Pulse
from answerprint.triton import Offer, Server
from answerprint_server import probe, queues
from answerprint_server.probe import Found, Prober
from answerprint_server.stubs import LONGEST_REQUEST
from answerprint_server.watched import UNASKED, Model, counted, is_news, new, not_ready

EVERY_SECONDS, DEADLINE_SECONDS = 15.0, 20.0
SHARE = 0.02  # of a model's time that probes may take
MOST_MODELS = 500
AT_ONCE = 4  # models that are asked at the same time
MOST_UNASKED = (
    10  # times in a row that artists' frames speak for a model; not for all its instances
)
LONGEST_PAUSE = 600.0  # between two attempts to load a model that does not come back


@dataclass
class _Known:
    """What has to be remembered of a model from one round to the next."""

    model: Model
    pulse: Pulse = field(default_factory=Pulse)
    soonest: float = 0.0
    due: float = 0.0
    unasked: int = 0
    still: float | None = None
    pause: float = 0.0
    cure: float = 0.0


class Watch:
    """Watches one server, a round at a time; `models` may be read from any thread.

    connect   a new connection to it; closed by `close`, or when the server does not answer over it
    metrics   the server's address -> that of Triton's metrics, which say whether others wait for a
              model; None: nobody knows
    reload    whether a dead model may be loaded again
    address   where the server was found last
    up        whether it could be asked in the last round
    """

    def __init__(
        self,
        connect: Callable[[], Server],
        metrics: Callable[[str], str | None],
        ending: threading.Event,
        *,
        every: float = EVERY_SECONDS,
        deadline: float = DEADLINE_SECONDS,
        reload: bool = True,
    ) -> None:
        self.models: tuple[Model, ...] = ()
        self.up, self.address = False, ""
        self._connect, self._metrics, self._ending = connect, metrics, ending
        self._every, self._deadline, self._reload = every, deadline, reload
        self._held: Server | None = None
        self._known: dict[tuple[str, str], _Known] = {}

    def round(self) -> list[Model]:
        """Ask every model that is due; returns those that fell ill, or are well again.

        Raises:
            ServerError: the server cannot be asked; the models stay as they were.
        """
        try:
            offers = [one for one in self._server.offers() if _is_meant(one)][:MOST_MODELS]
        except ServerError:
            self.up = False
            self.close()  # a connection that failed waits before it tries again: a new one does not
            raise
        self.up = True
        before = {(one.name, one.version): one for one in self.models}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="watch") as pool:
            done = list(pool.map(self._look, offers))
        self.models = tuple(one for one in done if one is not None)
        held = {(one.name, one.version) for one in self.models}
        self._known = {key: one for key, one in self._known.items() if key in held}
        return [one for one in self.models if is_news(before.get((one.name, one.version)), one)]

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
        self._held = None

    @property
    def _server(self) -> Server:
        if self._held is None:
            self._held = self._connect()
            self.address = self._held.address
        return self._held

    def _probe(self, offer: Offer) -> Found:
        return Prober(self._server, self._deadline, self._waiting, self._ending).probe(offer)

    def _look(self, offer: Offer) -> Model | None:
        """The model as it is now; None: it is gone from the server."""
        key = offer.name, offer.version
        known = self._known.get(key) or _Known(new(offer))
        self._known[key] = known
        try:
            known.model = self._looked(offer, known)
        except NoSuchTask:
            return None
        except ServerError as error:  # the server is going away: the next round says so
            known.model = replace(known.model, found=probe.failing(probe.SILENT, error))
        return known.model

    def _looked(self, offer: Offer, known: _Known) -> Model:
        if offer.contract is None:
            return replace(known.model, found=not_ready(offer))
        model = replace(known.model, instances=offer.instances)
        pulse = self._server.pulse(offer)
        if model.is_well and not self._must_ask(known, pulse):
            return _spoken_for(known, model, pulse)
        found = self._settled(self._probe(offer), pulse, known)
        model = counted(model, found)
        if found.verdict in (probe.DIED, probe.HANGS) and self._may_cure(known):
            model = self._cured(offer, known, model)
        known.pulse, known.unasked = self._after(offer, pulse, found), 0
        now, pause = time.monotonic(), model.seconds / SHARE if model.is_well else 0.0
        known.soonest, known.due = now + 0.9 * self._every, now + max(0.9 * self._every, pause)
        return model

    def _must_ask(self, known: _Known, pulse: Pulse) -> bool:
        """Not where artists' frames say that it is well, and of late a probe said so of all of it."""
        now, before = time.monotonic(), known.pulse
        if now < known.soonest:
            return False
        if pulse.failed > before.failed:
            return True
        succeed = pulse.answered > before.answered and known.unasked < MOST_UNASKED
        return now >= known.due and not succeed

    def _after(self, offer: Offer, before: Pulse, found: Found) -> Pulse:
        """What it has done by now. Our own answers may not be counted yet, and are no artist's."""
        now = self._server.pulse(offer)
        if now.executed < before.executed:  # it was loaded anew
            return now
        own = offer.instances if found.verdict == probe.ANSWERS else 0
        return replace(now, answered=max(now.answered, before.answered + own))

    def _settled(self, found: Found, before: Pulse, known: _Known) -> Found:
        """What was found; a model that does nothing for longer than any frame takes, hangs."""
        if (
            found.verdict not in (probe.BUSY, probe.SILENT)
            or before.executed != known.pulse.executed
        ):
            known.still = None
            return found
        known.still = known.still or time.monotonic()
        if time.monotonic() - known.still > LONGEST_REQUEST:
            return replace(found, verdict=probe.HANGS)
        return found

    def _may_cure(self, known: _Known) -> bool:
        return self._reload and time.monotonic() >= known.cure and not self._ending.is_set()

    def _cured(self, offer: Offer, known: _Known, model: Model) -> Model:
        """Load it again and ask once more; what does not come back is tried ever more rarely."""
        try:
            self._server.reload(offer.name, offer.loading)
            found = self._probe(self._server.offer(offer.name, offer.version))
        except ServerError as error:
            found = probe.failing(model.found.verdict, error)
        if found.is_well:
            known.pause = known.cure = 0.0
            return replace(counted(model, found), cured=model.cured + 1)
        known.pause = min(2 * known.pause or self._every, LONGEST_PAUSE)
        known.cure = time.monotonic() + known.pause
        return replace(model, found=found, uncured=model.uncured + 1)

    def _waiting(self, offer: Offer) -> int | None:
        found = queues.waiting(self._metrics(self.address))
        return None if found is None else found.get((offer.name, offer.version))


def _is_meant(offer: Offer) -> bool:
    """Not what is in the repository and nobody loaded, nor what was unloaded on purpose."""
    absent = ("it is not loaded", "it is unloading", "it is loading")
    return not offer.problem.startswith(absent) and not offer.problem.endswith(", unloaded.")


def _spoken_for(known: _Known, model: Model, pulse: Pulse) -> Model:
    """A well model that is not asked: what artists' frames say of it since."""
    if pulse.answered <= known.pulse.answered or pulse.failed > known.pulse.failed:
        return model
    known.pulse = pulse
    known.unasked += 1
    return replace(
        model,
        found=Found(probe.ANSWERS),
        answered=time.time(),
        verdicts=model.verdicts + Counter([UNASKED]),
    )
