"""Goals: what the rows are to reach, as ratios within one run, and whether they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from answerprint.bench.row import Rows


@dataclass(frozen=True)
class Goal:
    """One line of what is to be reached. `reached` is None where this machine cannot tell."""

    key: str
    said: str
    reached: float | None
    wanted: float
    at_most: bool
    unit: str = "x"

    @property
    def met(self) -> bool | None:
        if self.reached is None:
            return None
        return self.reached <= self.wanted if self.at_most else self.reached >= self.wanted

    def as_json(self) -> dict[str, Any]:
        return {
            "goal": self.key,
            "said": self.said,
            "reached": None if self.reached is None else round(self.reached, 4),
            "wanted": f"{'at most' if self.at_most else 'at least'} {self.wanted:g} {self.unit}",
            "met": self.met,
        }


def of(rows: Rows) -> Iterator[Goal]:
    """Every goal, measured or not."""
    for key, said, wanted, at_most, unit, reached in _GOALS:
        try:
            found = reached(rows)
        except KeyError:  # a row that this machine, or this version, does not have
            found = None
        yield Goal(key, said, found, wanted, at_most, unit)


_Entry = tuple[str, str, float, bool, str, Callable[[Rows], float]]
_SHARED = "engine.shared-memory"
_GOALS: tuple[_Entry, ...] = (
    ("zip-bound", "zip in and out, shared memory: wall to bound", 1.15, True, "x",
     lambda rows: rows[f"{_SHARED}.zip"].number("times_bound")),
    ("zip-peer", "the same: faster than tritonclient gRPC, one at a time", 3, False, "x",
     lambda rows: rows["peer.grpc.zip"].value / rows[f"{_SHARED}.zip"].value),
    ("none-model", "uncompressed, shared memory: share of the model's rate", 0.9, False, "x",
     lambda rows: rows["limit.model"].value / rows[f"{_SHARED}.none"].value),
    ("trip-peer", "float32 there and back: faster than tritonclient HTTP", 4, False, "x",
     lambda rows: rows["trip.http-client"].value / rows["trip.shared-memory"].value),
    ("denoise-loop", "denoise: wall to the loop in one process", 1.1, True, "x",
     lambda rows: rows["denoise.engine"].value / rows["denoise.loop"].value),
    ("memory", "memory: 500 frames to 20", 1.1, True, "x",
     lambda rows: rows["memory.500"].value / rows["memory.20"].value),
    ("overhead", "record and report: of the client's CPU, zip", 15, True, "%",
     lambda rows: rows["overhead.zip"].value),
    ("cold", "answerprint tasks --json, cold", 700, True, "ms",
     lambda rows: rows["start.cold"].value),
    ("warm", "the same through the sidecar, besides the server's time", 30, True, "ms",
     lambda rows: rows["start.warm"].value - rows["start.warm"].number("server")),
    ("version", "a job's version by the roll-out", 5, True, "ms",
     lambda rows: rows["start.version"].value),
)  # fmt: skip
