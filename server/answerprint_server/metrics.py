"""Metrics: the facts of a watch as Prometheus reads them.

Labels are bounded: models and tasks by what a server holds, shows by `clients.MOST_SHOWS`. No person,
path, address or token stands in any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import answerprint
from answerprint_server import clients, probe
from answerprint_server.facts import Facts, Series
from answerprint_server.watched import NOT_READY, UNASKED, Model

PREFIX = "answerprint_"
VERDICTS = (*probe.VERDICTS, UNASKED)
MODEL = ("model", "version")


class Metrics(Collector):
    """What is told, from the facts as they are when somebody asks."""

    def __init__(self, facts: Callable[[], Facts]) -> None:
        self._facts = facts
        self._told: set[tuple[str, tuple[str, ...]]] = set()

    def registry(self) -> CollectorRegistry:
        """One that holds nothing else: what this process does is nobody's business."""
        found = CollectorRegistry(auto_describe=False)
        found.register(self)
        return found

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        facts = self._facts()
        yield _gauge(
            "build_info",
            "Version of Answerprint that watches.",
            {(answerprint.__version__,): 1},
            "version",
        )
        yield _gauge(
            "watch_last_round_timestamp_seconds", "When models were looked at last.", {(): facts.at}
        )
        yield _gauge(
            "server_up", "1 where the server itself answers.", {(): facts.up} if facts.at else {}
        )
        if facts.restarts is not None:
            yield _counter(
                "server_restarts",
                "Times that the supervisor brought the server back.",
                {(): facts.restarts},
            )
        yield from _of_models(facts.models)
        yield from self._of_clients(facts)
        yield from _of_rollout(facts)
        yield _gauge(
            "certificate_expiry_timestamp_seconds",
            "When a certificate ends.",
            {(name,): end for name, end in facts.ends.items()},
            "file",
        )
        yield _gauge(
            "disk_free_bytes",
            "Free on the disk that this lies on.",
            {(name,): free for name, (free, _) in facts.disks.items()},
            "place",
        )
        yield _gauge(
            "disk_size_bytes",
            "Of the disk that this lies on.",
            {(name,): size for name, (_, size) in facts.disks.items()},
            "place",
        )

    def _of_clients(self, facts: Facts) -> Iterator[Metric]:
        for name, (labels, help_) in clients.LABELS.items():
            held = facts.clients.get(name, {})
            yield _counter(
                name,
                help_,
                {key: self._first(name, key, value) for key, value in held.items()},
                *labels,
            )
        yield _counter(
            "outcomes_unreadable",
            "Outcomes of clients' runs that could not be read.",
            {(): facts.unreadable},
        )

    def _first(self, name: str, key: tuple[str, ...], value: float) -> float:
        """0 when a series is told for the first time: else its first frames are in no rate.

        A job's frames come at once, when it has ended; and what a rate never saw begin, it misses.
        """
        if (name, key) in self._told:
            return value
        self._told.add((name, key))
        return 0.0


def _of_models(models: tuple[Model, ...]) -> Iterator[Metric]:
    named = {(one.name, one.version): one for one in models}
    yield _gauge(
        "probe_up",
        "1 where every instance of the model answers.",
        {key: one.is_well for key, one in named.items()},
        *MODEL,
    )
    yield _gauge(
        "probe_lost",
        "1 where the model is dead and loading it again did not help.",
        {key: one.is_lost for key, one in named.items()},
        *MODEL,
    )
    yield _gauge(
        "probe_not_ready",
        "1 where the server could not load the model.",
        {key: one.found.verdict == NOT_READY for key, one in named.items()},
        *MODEL,
    )
    yield _gauge(
        "probe_seconds",
        "Until every instance had answered the smallest request, when asked last.",
        {key: one.seconds for key, one in named.items()},
        *MODEL,
    )
    yield _gauge(
        "probe_last_success_timestamp_seconds",
        "When the model answered last, to a probe or to an artist.",
        {key: one.answered for key, one in named.items()},
        *MODEL,
    )
    yield _gauge(
        "probe_instances",
        "Instances of the model.",
        {key: one.instances for key, one in named.items()},
        *MODEL,
    )
    found: Series = {
        (*key, verdict): one.verdicts[verdict] for key, one in named.items() for verdict in VERDICTS
    }
    yield _counter(
        "probes",
        "Probes by what they found; 'not asked' where artists' frames spoke for the model.",
        found,
        *MODEL,
        "verdict",
    )
    loaded: Series = {
        (*key, word): count
        for key, one in named.items()
        for word, count in (("back", one.cured), ("lost", one.uncured))
    }
    yield _counter(
        "probe_reloads",
        "Times that a dead model was loaded again, and whether it came back.",
        loaded,
        *MODEL,
        "result",
    )
    yield _counter(
        "probe_cost_seconds",
        "What probes have taken of the model's time.",
        {key: one.cost for key, one in named.items()},
        *MODEL,
    )


def _of_rollout(facts: Facts) -> Iterator[Metric]:
    if facts.readable is not None:
        yield _gauge(
            "rollout_readable",
            "1 where rollout.toml can be read as it is now.",
            {(): facts.readable},
        )
    tasks = facts.plan.tasks if facts.plan else {}
    names: Series = {
        (task, alias, version): 1.0
        for task, one in tasks.items()
        for alias, version in {
            **one.aliases,
            "stable": one.stable,
            "candidate": one.candidate,
        }.items()
        if version
    }
    yield _gauge(
        "rollout_info", "Which version an alias of a task means.", names, "task", "alias", "version"
    )
    yield _gauge(
        "rollout_canary_ratio",
        "Share of jobs that the candidate gets.",
        {(task,): one.canary / 100 for task, one in tasks.items()},
        "task",
    )
    yield _gauge(
        "rollout_mirror_ratio",
        "Share of jobs that run on the candidate as well.",
        {(task,): one.mirror / 100 for task, one in tasks.items()},
        "task",
    )
    halted: Series = {
        (task, one.candidate): (task, one.candidate) in facts.halted
        for task, one in tasks.items()
        if one.candidate
    }
    yield _gauge(
        "rollout_halted", "1 where the guard has halted the candidate.", halted, "task", "version"
    )


def _gauge(name: str, help_: str, held: Series, *labels: str) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help_, labels=labels)
    for key, value in held.items():
        family.add_metric(key, float(value))
    return family


def _counter(name: str, help_: str, held: Series, *labels: str) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_, labels=labels)
    for key, value in held.items():
        family.add_metric(key, float(value))
    return family
