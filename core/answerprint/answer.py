"""An answer: what a model returned, held against its contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import InferenceError, ModelReplaced
from answerprint.offer import Offer
from answerprint.sums import SUMS
from answerprint.wire import Expected

MOST_REPORT_BYTES = 1 << 20
REPORT = "report"

_WORDS = {"image": "image", "points": "attribute", "volume": "grid", "heightfield": "grid"}

Pixels = NDArray[Any]  # float16 or float32
Arrays = dict[str, "NDArray[Any] | None"]


@dataclass(frozen=True)
class Served:
    """Which server answered: host:port, and Triton's version, '' where nobody asked for it."""

    address: str = ""
    triton: str = ""

    def as_facts(self) -> dict[str, str]:
        """As a record names it, as far as it is known."""
        facts = {"host": self.address.rpartition(":")[0], "triton": self.triton}
        return {name: said for name, said in facts.items() if said}


NOBODY = Served()


@dataclass(frozen=True)
class Answer:
    """What a model returned: images, attributes or grids, and its own account of its work."""

    images: dict[str, Pixels]
    report: dict[str, Any]
    served: Served = NOBODY


def held(
    offer: Offer, outputs: Mapping[str, Expected], arrays: Arrays, served: Served = NOBODY
) -> Answer:
    """Hold a model's answer against its contract: nothing missing, of its type and rank, not empty.

    arrays   what came, by output; the report is among them
    served   by whom

    Raises:
        InferenceError: an image (or an attribute, or a grid) is missing, or none.
        ModelReplaced: another model answered.
    """
    images: dict[str, Pixels] = {}
    kind_of_task, rank = offer.usable().kind, offer.usable().rank
    for name, expected in outputs.items():
        image, kind = arrays.get(name), np.float16 if expected.half else np.float32
        if image is None or image.dtype != kind or image.ndim != rank or image.size == 0:
            raise InferenceError(
                f"{offer.name} returned no {_WORDS[kind_of_task]} '{name}'.",
                remedy="Tell the pipeline team: the model breaks its contract.",
            )
        images[name] = image
    told = report(arrays.get(REPORT))
    told.pop(SUMS, None)
    if told.pop("model_sha256", None) not in (None, offer.usable().sha256):
        raise ModelReplaced(
            f"The model of {offer.name} was replaced while the job ran.",
            remedy="Run the job again as a new take: a take never mixes models.",
        )
    return Answer(images, told, served)


def report(array: NDArray[Any] | None) -> dict[str, Any]:
    """What a model says of its work; nothing where it is no JSON object, or too long."""
    if array is None or array.size != 1:
        return {}
    blob = bytes(array.reshape(-1)[0])
    if len(blob) > MOST_REPORT_BYTES:
        return {}
    try:
        told = json.loads(blob)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
