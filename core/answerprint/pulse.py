"""The pulse: what a model has done since it was loaded, for everybody who asked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pulse:
    """As the server counts it, without the way there and back.

    executed   times that the model ran; a number that moves is alive; -1: nobody says
    answered   requests that succeeded
    queued     seconds that they waited for the model, summed
    worked     seconds that the model worked for them, summed
    failed     requests that did not succeed
    """

    executed: int = -1
    answered: int = 0
    queued: float = 0.0
    worked: float = 0.0
    failed: int = 0

    @classmethod
    def of(cls, statistics: Iterable[Mapping[str, Any]]) -> Pulse:
        """Of a model's statistics as Triton gives them, one for each version."""
        found = list(statistics)
        spent = [one.get("inference_stats", {}) for one in found]
        return cls(
            executed=sum(int(one.get("execution_count", 0)) for one in found),
            answered=sum(_of(one, "success", "count") for one in spent),
            queued=sum(_of(one, "queue", "ns") for one in spent) / 1e9,
            worked=sum(_of(one, "compute_infer", "ns") for one in spent) / 1e9,
            failed=sum(_of(one, "fail", "count") for one in spent),
        )

    def since(self, before: Pulse) -> tuple[float, float] | None:
        """Seconds that a request waited, and was worked on, in the mean of those since; None: of none."""
        count = self.answered - before.answered
        if count <= 0 or before.executed < 0:
            return None
        return (self.queued - before.queued) / count, (self.worked - before.worked) / count


def _of(spent: Mapping[str, Any], stage: str, what: str) -> int:
    return int(spent.get(stage, {}).get(what, 0))
