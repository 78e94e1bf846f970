"""Rows: one thing that was measured, and what the issue wants of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, float | str]


@dataclass(frozen=True)
class Row:
    """One measurement.

    key     for programs: engine.grpc.zip
    said    for people: gRPC, zip
    value   in `unit`: milliseconds a frame, unless it says otherwise
    facts   what stands beside it, in the same unit unless its name says otherwise
    """

    key: str
    said: str
    value: float
    unit: str = "ms"
    facts: Facts = field(default_factory=dict)

    @property
    def group(self) -> str:
        return self.key.partition(".")[0]

    def number(self, name: str) -> float:
        """One of the facts, as the number that it is."""
        return float(self.facts[name])

    def as_json(self) -> dict[str, Any]:
        facts = {k: _short(v) for k, v in self.facts.items()}
        named = {"row": self.key, "said": self.said, "value": _short(self.value)}
        return named | {"unit": self.unit, **facts}


Rows = Mapping[str, Row]


def _short(value: float | str) -> float | str:
    return value if isinstance(value, str) else round(value, 4)
