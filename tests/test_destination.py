"""A take is called after its plate, and a disk that will not hold it is spoken of beforehand."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from samples import AtOnce, plate

from answerprint import destination, job
from answerprint.contract import Contract
from answerprint.plate import Plate
from answerprint.site import Site
from answerprint_server import repository


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("b.0010.exr", "b_passthrough"),
        ("b.10.exr", "b_passthrough"),
        ("b_0010.exr", "b_passthrough"),
        ("b.-0010.exr", "b_passthrough"),
        ("b.-5.exr", "b_passthrough"),
        ("b.0.exr", "b_passthrough"),
        ("0010.exr", "plate_passthrough"),
        ("b10.exr", "b10_passthrough"),
        ("b.exr", "b_passthrough"),
        ("b.####.exr", "b_passthrough"),
        ("b2.####.exr", "b2_passthrough"),
        ("b_v002.####.exr", "b_v002_passthrough"),
    ],
)
def test_a_take_is_called_after_its_plate_without_the_frames_number(
    file: str, name: str, tmp_path: Path
) -> None:
    path = str(tmp_path / file)
    asked = job.make({"task": "passthrough", "plate": path, "out": {"root": str(tmp_path)}})
    text = (repository.models_folder() / "passthrough" / "contract.json").read_text()
    contract = Contract.model_validate(json.loads(text))

    found = destination.find(asked, contract, Plate.parse(path), Site())

    assert found == (tmp_path, name, name)


def test_a_result_is_as_many_times_larger_as_its_edges_squared(tmp_path: Path) -> None:
    file = tmp_path / "bg.exr"
    file.touch()
    os.truncate(file, shutil.disk_usage(tmp_path).free // 6)  # sparse: it takes no space

    assert destination.space(tmp_path, destination.needed(file, 1, 1)) == []
    assert destination.space(tmp_path, destination.needed(file, 1, 2)) == []
    assert len(destination.space(tmp_path, destination.needed(file, 1, 3))) == 1
    assert len(destination.space(tmp_path, destination.needed(file, 9, 1))) == 1


def test_the_largest_of_a_wedge_is_reckoned_with(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    path = plate(tmp_path / "plate", 1)
    os.truncate(path.with_name("bg.1001.exr"), shutil.disk_usage(tmp_path).free // 12)

    def notes(methods: str) -> list[str]:
        words = ("--task", "upscale", "--plate", path, "--wedge", f"method={methods}")
        said = AtOnce(tmp_path)("run", *words, "--dry-run", "--json")
        assert said.code == 0, said
        return [one for one in said.last["notes"] if one.startswith("space: ")]

    assert notes("lanczos-2x,faithful-2x") == []
    assert len(notes("lanczos-2x,sharp-4x")) == 1
