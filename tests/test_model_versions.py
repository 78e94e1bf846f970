"""Versions: several of one model are served at once, each with its own contract and pixels."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from disks import disk
from samples import FAILING, add_version, own_models

from answerprint import offer as offers
from answerprint.errors import ContractError, DiskFull, InferenceError, NoSuchTask
from answerprint.triton import Server
from answerprint_server import lanes, pbtxt, repository
from answerprint_server.lanes import Plan

PIXELS = np.random.default_rng(8).uniform(0.1, 4, (6, 8, 3)).astype(np.float32)


@pytest.fixture
def two(versions: str) -> Iterator[Server]:
    with Server(versions) as connected:
        yield connected


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """passthrough in two versions, the second darker; nobody serves it."""
    models = own_models(tmp_path / "models", ["passthrough"])
    add_version(models, "passthrough", "2")
    return models / "passthrough"


def describe(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads(file.read_text(encoding="utf-8"))
    change(facts)
    file.write_text(json.dumps(facts, indent=2), encoding="utf-8")


def test_each_version_has_its_own_contract_and_digest(two: Server) -> None:
    first, second = (two.offer("passthrough", version) for version in ("1", "2"))

    assert (first.version, second.version) == ("1", "2")
    assert (first.usable().model.version, second.usable().model.version) == ("1.0.0", "2.0.0")
    assert first.usable().sha256 != second.usable().sha256
    assert {(one.name, one.version) for one in two.offers() if one.contract} >= {
        (task, version) for task in ("passthrough", "nan", "failing") for version in ("1", "2")
    }
    assert two.offer("passthrough").version == "2"


def test_two_versions_answer_at_once_each_with_its_own_pixels(two: Server) -> None:
    answers = {
        version: two.infer(
            two.offer("passthrough", version), {"pixels": PIXELS}, {}, request_id="a"
        )
        for version in ("1", "2", "1")
    }

    assert np.array_equal(answers["1"].images["pixels"], PIXELS)
    assert np.array_equal(answers["2"].images["pixels"], PIXELS * np.float32(0.97))


def test_a_version_that_fails_leaves_the_other_alone(two: Server) -> None:
    good, bad = (two.offer("failing", version) for version in ("1", "2"))

    with pytest.raises(InferenceError, match="the weights are of another graph"):
        two.infer(bad, {"pixels": PIXELS}, {}, request_id="a")
    answer = two.infer(good, {"pixels": PIXELS}, {}, request_id="b")
    assert np.array_equal(answer.images["pixels"], PIXELS)


def test_a_model_that_is_loaded_again_comes_back_in_every_version(two: Server) -> None:
    before = two.offer("failing", "1")

    two.reload("failing", before.loading)

    after = {version: two.offer("failing", version) for version in ("1", "2")}
    assert before.loading not in {one.loading for one in after.values()}
    assert after["1"].contract == before.contract
    assert after["2"].usable().model.version == "2.0.0"


def test_a_version_that_is_not_there_is_said_with_those_that_are(two: Server) -> None:
    with pytest.raises(NoSuchTask, match="no version 9") as caught:
        two.offer("passthrough", "9")

    assert "It has 1, 2." in caught.value.remedy


def test_contracts_of_versions_follow_their_files(model: Path) -> None:
    assert repository.up_to_date(model)
    program = model / "2" / "model.py"

    program.write_text(program.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")

    assert not repository.up_to_date(model)
    repository.update(model)
    assert repository.up_to_date(model)
    config = (model / "config.pbtxt").read_text(encoding="utf-8")
    assert config.count("version_policy") == 1
    assert config.count('key: "contract.2"') == 1
    assert repository.versions(model) == ["1", "2"]


def test_a_model_that_is_up_to_date_is_not_written(model: Path) -> None:
    """A server that looks for changes would load it again."""
    before = {path: path.stat().st_mtime_ns for path in model.rglob("*.*")}

    repository.update(model)

    assert {path: path.stat().st_mtime_ns for path in model.rglob("*.*")} == before


def test_on_a_full_disk_contract_and_configuration_stay_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with disk(tmp_path / "small", "1m") as small:
        model = own_models(small / "models", ["passthrough"]) / "passthrough"
        program = model / "1" / "model.py"
        program.write_text(program.read_text(encoding="utf-8") + "#", encoding="utf-8")
        files = [model / "contract.json", model / "config.pbtxt"]
        before = [path.read_bytes() for path in files]
        with (small / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(b"x" * 4096)

        assert repository.main([str(model.parent)]) == DiskFull.exit_code
        assert [path.read_bytes() for path in files] == before
        assert "No space is left in" in capsys.readouterr().err
        (small / "ballast").unlink()
        assert repository.main([str(model.parent)]) == 0
        assert repository.up_to_date(model)


@pytest.mark.parametrize("kind", ["link", "link_to_folder", "pipe"])
def test_what_is_no_file_of_the_model_gets_no_digest(model: Path, kind: str) -> None:
    """Nothing outside is read, and nobody waits for a pipe."""
    program = model / "1" / "model.py"
    program.unlink()
    if kind == "pipe":
        os.mkfifo(program)
    else:
        program.symlink_to("/etc/hostname" if kind == "link" else "/etc")

    with pytest.raises(ContractError, match=r"passthrough/1/model\.py is "):
        repository.update(model)


def test_a_policy_that_is_stated_stays(model: Path) -> None:
    config = model / "config.pbtxt"
    stated = "version_policy: { latest { num_versions: 2 } }"
    config.write_text(f"{stated}\n{config.read_text(encoding='utf-8')}", encoding="utf-8")

    repository.update(model)

    text = config.read_text(encoding="utf-8")
    assert stated in text
    assert text.count("version_policy") == 1


def test_a_version_without_a_contract_of_its_own_is_not_described(model: Path) -> None:
    (model / "2" / "contract.json").unlink()

    with pytest.raises(ContractError, match="Version 2 of passthrough has no contract") as caught:
        repository.update(model)

    assert "passthrough/2/contract.json" in caught.value.remedy


def test_versions_of_one_model_have_one_kind_of_tensors(model: Path) -> None:
    describe(model / "2" / "contract.json", lambda facts: facts["outputs"][0].pop("half"))

    with pytest.raises(ContractError, match="passthrough/2 has other tensors"):
        repository.update(model)


def test_a_version_is_of_its_models_task(model: Path) -> None:
    describe(model / "2" / "contract.json", lambda facts: facts.update(task="denoise"))

    with pytest.raises(ContractError, match="passthrough/2 holds the contract of task denoise"):
        repository.update(model)


def test_a_server_that_serves_a_version_without_its_contract_does_not_offer_it() -> None:
    text = (repository.models_folder() / "passthrough" / "contract.json").read_text("utf-8")
    config = {"parameters": {"contract": {"string_value": text}}}

    first, second = (
        offers.of_model({"name": "passthrough", "version": version, "state": "READY"}, config)
        for version in ("1", "2")
    )

    assert first.contract is not None
    assert second.contract is None
    assert second.problem == "version 2 carries no contract of its own."


def test_lanes_carry_every_version(model: Path, tmp_path: Path) -> None:
    add_version(model.parent, "passthrough", "3", FAILING)

    with lanes.laid(model.parent, tmp_path / "beside", Plan(farm=True)) as laid:
        twins = {one.name: (one / "config.pbtxt").read_text("utf-8") for one in laid.glob("pass*")}
        found = {name: repository.versions(laid / name) for name in twins}

    assert set(found) == {"passthrough", "passthrough-farm"}
    assert all(held == ["1", "2", "3"] for held in found.values())
    for config in twins.values():
        assert all(f'key: "contract.{version}"' in config for version in ("2", "3"))
        assert pbtxt.has(config, "version_policy")
