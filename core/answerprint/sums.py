"""Sums: whether what went over a network arrived as it was sent. Plain gRPC does not notice.

A model that is built on answerprint_model adds up what came and what it returns, where it is asked
to, and says so in its report. Costs a thousandth of what the frame costs; no proof against intent.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import faults

SUMS = "sums"
_ROW = 8192  # bytes


def of(array: NDArray[Any]) -> str:
    """Of an array's numbers, type and shape; answerprint_model has the same."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    whole = raw.size - raw.size % _ROW
    rows = raw[:whole].view(np.uint64).reshape(-1, _ROW // 8).sum(axis=1, dtype=np.uint64)
    total = zlib.crc32(raw[whole:].tobytes(), zlib.crc32(rows.tobytes()))
    return f"{array.dtype.str} {array.shape} {total:08x}"


def sent(images: Mapping[str, NDArray[Any]], settings: bytes) -> dict[str, str]:
    """Of a request's images, by the name on the wire, and of its settings."""
    found = {f"in {name}": of(image) for name, image in images.items()}
    return found | {"settings": _of_text(settings)}


def check(
    task: str, report: dict[str, Any], sent: Mapping[str, str], came: Mapping[str, NDArray[Any]]
) -> None:
    """Take a model's sums out of its report, and hold them against ours; without any, all is well.

    Raises:
        ServerGarbled: something is not as it was sent.
    """
    said = report.pop(SUMS, None)
    if not isinstance(said, dict):
        return
    own = dict(sent) | {f"out {name}": of(image) for name, image in came.items()}
    own["report"] = _of_text(json.dumps(report).encode())
    wrong = [name for name, found in own.items() if said.get(name) != found]
    if wrong:
        raise faults.garbled(task, ", ".join(wrong) + ".")


def _of_text(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"
