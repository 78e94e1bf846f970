"""Blank: a contract with what all of them have, and `unknown` where only people know."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from answerprint import __version__
from answerprint_server.fields import SOURCES

ZERO = "0" * 64  # digests are filled in by repository.update
LAYERS = {
    "image": ["rgba", "rgb", "beauty"],
    "points": ["P"],
    "volume": ["density"],
    "heightfield": ["height"],
}
SETS: dict[str, dict[int, list[list[str]]]] = {
    "image": {1: [["Y"], ["R"]], 3: [["R", "G", "B"]], 4: [["R", "G", "B", "A"]]},
    "points": {1: [["value"]], 3: [["x", "y", "z"]]},
    "volume": {1: [["value"]], 3: [["x", "y", "z"]]},
    "heightfield": {1: [["value"]]},
}


def contract(task: str, kind: str, encoding: str) -> dict[str, Any]:
    """What all begin with."""
    return {
        "schema": "answerprint.contract/v1",
        "task": task,
        "title": title(task),
        "purpose": "unknown",
        "kind": kind,
        "inputs": [port("color", kind, 3, encoding)],
        "outputs": [{"name": "color", "replaces": "color", "encoding": encoding}],
        "cut": {"mode": "whole"},
        "parameters": [],
        "qc_profile": "none",
        "digital_source_type": f"{SOURCES}compositeWithTrainedAlgorithmicMedia",
        "licence": {"code": "unknown", "weights": "unknown"},
        "model": {"name": task, "version": "1", "origin": "unknown", "artifacts": []},
        "training": {"data_class": "unknown", "consent": "unknown"},
    }


def port(name: str, kind: str, count: int, encoding: str) -> dict[str, Any]:
    one: dict[str, Any] = {"name": name, "layers": LAYERS[kind], "channels": SETS[kind][count]}
    return {**one, "encoding": encoding}


def channels(name: str, kind: str, count: int) -> list[str]:
    """Channels of a new layer, attribute or grid."""
    if kind != "image":
        return [name] if count == 1 else [f"{name}.{letter}" for letter in _letters("xyzw", count)]
    return [f"{name}.A"] if count == 1 else [f"{name}.{one}" for one in _letters("RGBA", count)]


def _letters(known: str, count: int) -> Sequence[str]:
    return known[:count] if count <= len(known) else [f"c{number}" for number in range(count)]


def artifacts(ours: Sequence[str], own: Sequence[str]) -> list[dict[str, str]]:
    package = f"answerprint=={__version__}"
    found = [{"name": one, "sha256": ZERO, "package": package} for one in ours]
    return found + [{"name": one, "sha256": ZERO} for one in own]


def title(task: str) -> str:
    return task.replace("_", " ").capitalize()


def word(name: str) -> str:
    """A tensor's name as a contract may have it."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "tensor"
    return word if word[0].isalpha() else f"t_{word}"
