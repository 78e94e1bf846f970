"""Complete: frames that a take lacks, and frames that nobody asked for."""

from __future__ import annotations

from answerprint.gate import Gate, Measure
from answerprint.sight import Whole

MOST_NAMED = 5


def measure(whole: Whole) -> Measure:
    wanted, there = set(whole.wanted), set(whole.there)
    missing = [name for name in whole.wanted if name not in there]
    beyond = [name for name in whole.there if name not in wanted]
    said = [_named("missing", missing)] if missing else []
    said += [_named("not asked for", beyond)] if beyond else []
    return Measure(len(missing) + len(beyond), note="; ".join(said))


def _named(what: str, names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return f"{what}: {', '.join(names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"


GATE = Gate(
    name="complete",
    title="frames missing",
    unit="frames",
    kind="image",
    scope="take",
    level="block",
    says="{number:.0f} frames missing or not asked for",
    measure=measure,
)
