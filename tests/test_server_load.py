"""A server looks at a model's folder again: what is new is served, and what is broken harms nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from command import Said
from samples import DARKER, AtOnce, add_version, own_models, server_here
from test_persistence import closed_to_loading

from answerprint.triton import Server
from answerprint_server import repository

PIXELS = np.random.default_rng(8).uniform(0.1, 4, (6, 8, 3)).astype(np.float32)
NO_PYTHON = "made = (("


@dataclass(frozen=True)
class Served:
    """A server with passthrough, and the folder that it reads."""

    models: Path
    address: str

    @property
    def model(self) -> Path:
        return self.models / "passthrough"

    def load(self, task: str = "passthrough") -> Said:
        return AtOnce(self.models)("server", "load", task, "--server", self.address, "--json")

    def goes(self, version: str) -> None:
        """A version is taken out of the repository."""
        shutil.rmtree(self.model / version)
        repository.update(self.model)

    def light(self, version: str) -> float:
        """What a version leaves of an image."""
        with Server(self.address) as server:
            offer = server.offer("passthrough", version)
            made = server.infer(offer, {"pixels": PIXELS}, {}, request_id="a").images["pixels"]
        return float(np.mean(made) / np.mean(PIXELS))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("load")
    models = own_models(folder / "models", ["passthrough"])
    with server_here(folder / "home", models) as state:
        yield Served(models, state.address)


@pytest.fixture
def served(server: Served) -> Iterator[Served]:
    """With version 1 alone, as before each test."""
    yield server
    for version in repository.versions(server.model)[1:]:
        server.goes(version)
    assert server.load().code == 0


def test_a_new_version_is_served_and_one_that_went_is_not_named(served: Served) -> None:
    add_version(served.models, "passthrough", "2", DARKER)

    came = served.load()
    served.goes("2")
    went = served.load()

    assert (came.code, list(came.last["ready"]), came.last["broken"]) == (0, ["1", "2"], {})
    assert (went.code, list(went.last["ready"]), went.last["broken"]) == (0, ["1"], {})


def test_a_new_version_that_is_broken_leaves_the_old_ones_and_says_why(served: Served) -> None:
    add_version(served.models, "passthrough", "2", DARKER)
    assert served.load().code == 0
    add_version(served.models, "passthrough", "3", NO_PYTHON)

    said = served.load()

    assert said.code == 1
    assert list(said.last["ready"]) == ["1", "2"]
    assert "was never closed" in said.last["broken"]["3"]
    assert served.light("1") == pytest.approx(1)
    assert served.light("2") == pytest.approx(0.97, abs=1e-4)


def test_a_model_that_a_client_had_loaded_again_is_read_anew_all_the_same(served: Served) -> None:
    """Triton keeps the configuration that came with that; files that changed count for more."""
    with Server(served.address) as client:
        client.reload("passthrough", client.offer("passthrough").loading)
        assert client.offer("passthrough").loading
        add_version(served.models, "passthrough", "2", DARKER)
        assert list(served.load().last["ready"]) == ["1", "2"]
        client.reload("passthrough", client.offer("passthrough").loading)
        program = served.model / "2" / "model.py"
        program.write_text(program.read_text(encoding="utf-8").replace("0.97", "0.5"), "utf-8")
        repository.update(served.model)

        said = served.load()

        assert said.last["ready"]["2"] == client.offer("passthrough", "2").usable().sha256
    assert served.light("2") == pytest.approx(0.5, abs=1e-4)


def test_a_model_that_is_not_there_is_said_with_a_near_name(served: Served) -> None:
    said = served.load("passtrough")

    assert (said.code, said.last["error"]) == (4, "NoSuchTask")
    assert "Did you mean 'passthrough'?" in said.last["problem"]
    assert "models check" in said.last["remedy"]


def test_where_nobody_may_load_that_is_said(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    with closed_to_loading(tmp_path / "server", models) as (address, _):
        said = Served(models, address).load()

    assert said.last["error"] == "ServerRefused"
    assert "lets nobody load passthrough" in said.last["problem"]
    assert "start the server anew" in said.last["remedy"]
