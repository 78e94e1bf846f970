"""Tables: views that were made into tables, kept while they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from answerprint import viewlut
from answerprint.ocio import Config

MOST_KEPT = 16  # half a MB each, as the page asks for them


class Tables:
    """Tables that were made; those that were asked for last stay."""

    def __init__(self) -> None:
        self._held: OrderedDict[Any, bytes] = OrderedDict()

    def of(self, config: Config, display: str, view: str, size: int) -> bytes:
        key = (config.fingerprint, display, view, size)
        found = self._held.get(key)
        if found is None:
            found = viewlut.lut(config, display, view, size).astype("<f2").tobytes()
            self._held[key] = found
            while len(self._held) > MOST_KEPT:
                self._held.popitem(last=False)
        return found
