"""A task that has chance in it, on a server of its own, and how often its models were asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samples import own_models, own_server, stand_in

SEEDED = """
with (HERE / "calls").open("a") as file:
    file.write("x")
random = np.random.default_rng(int(settings["seed"]))
made = image + settings["gain"] * random.standard_normal(image.shape, np.float32)
"""
GAIN = {"name": "gain", "type": "float", "default": 1.0, "min": 0, "max": 8}
IMAGE = {"name": "pixels", "layers": ["rgba"], "encoding": "scene_linear"}
FACTS: dict[str, Any] = {
    "seed": True,
    "determinism": {"kind": "stochastic"},
    "parameters": [GAIN],
    "inputs": [IMAGE],
    "outputs": [{"name": "pixels", "replaces": "pixels", "encoding": "scene_linear"}],
}


@dataclass(frozen=True)
class Chance:
    """A server with a task that has chance in it, and how often its models were asked."""

    address: str
    models: tuple[Path, ...]

    @property
    def calls(self) -> int:
        counted = (folder / "calls" for folder in self.models)
        return sum(file.stat().st_size for file in counted if file.exists())


@contextlib.contextmanager
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chance]:
    folder = tmp_path_factory.mktemp("chance")
    models = own_models(folder / "models", ["passthrough"])
    one = stand_in(models, "seeded", SEEDED, **FACTS)
    other = stand_in(models, "seeded_otherwise", SEEDED.replace("image +", "image -"), **FACTS)
    with own_server(folder / "home", models) as state:
        yield Chance(state.address, (one, other))
