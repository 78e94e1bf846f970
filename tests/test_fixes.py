"""An error's fix cures it: laid over the job's document, the plan succeeds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Said
from samples import AtOnce, noise, plate, save

from answerprint import job
from answerprint.cli import VERBS
from answerprint.contract import Contract
from answerprint.errors import AnswerprintError, Fix, JobError, SourceError
from answerprint.plate import Plate
from answerprint.span import Span
from answerprint_server import repository

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


def laid(document: Document, change: Document) -> Document:
    """A change over a document, as a panel does it: what it does not name stays."""
    found = dict(document)
    for name, value in change.items():
        held = found.get(name)
        if isinstance(value, dict) and isinstance(held, dict):
            found[name] = laid(held, value)
        else:
            found[name] = value
    return found


def planned(folder: Path, document: Document) -> Said:
    return AtOnce(folder)("plan", "--document", json.dumps(document), "--json")


def with_a_nan(folder: Path) -> Document:
    path = plate(folder, 2)
    channels = noise(7)
    channels["G"][3, 4] = np.nan
    save(folder / "bg.1002.exr", channels)
    return {"task": "passthrough", "plate": str(path), "non_finite": "stop"}


def with_a_hole(folder: Path) -> Document:
    path = plate(folder, 4)
    (folder / "bg.1002.exr").unlink()
    return {"task": "passthrough", "plate": str(path), "frames": "1001-1004"}


def outside(folder: Path) -> Document:
    return {"task": "passthrough", "plate": str(plate(folder, 3)), "frames": "2001-2010"}


def half_outside(folder: Path) -> Document:
    return {"task": "passthrough", "plate": str(plate(folder, 3)), "frames": "1002-1009"}


def handles_that_are_not_there(folder: Path) -> Document:
    return {"task": "passthrough", "plate": str(plate(folder, 3)), "handles": 8}


def handles_that_are_there_in_part(folder: Path) -> Document:
    path = str(plate(folder, 4))
    return {"task": "passthrough", "plate": path, "frames": "1002-1003", "handles": 2}


def outside_one_with_a_hole(folder: Path) -> Document:
    return {**with_a_hole(folder), "frames": "2001-2010"}


def retimed_outside_one_with_a_hole(folder: Path) -> Document:
    timing = {"timing": {"speed": 0.5}}
    return {**outside_one_with_a_hole(folder), "task": "retime", **timing}


def retimed_over_a_hole(folder: Path) -> Document:
    path = plate(folder, 6)
    (folder / "bg.1002.exr").unlink()
    frames = {"frames": "1001-1006", "timing": {"speed": 0.5}}
    return {"task": "retime", "plate": str(path), **frames}


def layered(folder: Path, *layers: str) -> Document:
    names = [*"RGB", *(f"{layer}.{letter}" for layer in layers for letter in "RGB")]
    return {"task": "denoise", "plate": str(plate(folder, 1, names))}


def one_of_two(folder: Path) -> Document:
    return layered(folder, "a.albedo", "b.albedo")


def no_such_guide(folder: Path) -> Document:
    asked = layered(folder, "albedo")
    albedo = {"path": asked["plate"], "layer": "diffuse_filter"}
    return {**asked, "inputs": {"albedo": albedo}}


def no_picture_by_name(folder: Path) -> Document:
    names = ["N.X", "N.Y", "N.Z", *(f"main.{letter}" for letter in "RGB")]
    return {"task": "denoise", "plate": str(plate(folder, 1, names))}


def guides_of_another_size(folder: Path) -> Document:
    path = plate(folder, 1)
    save(folder / "aov.1001.exr", noise(5, width=8, height=8))
    albedo = {"path": str(folder / "aov.####.exr"), "layer": "rgba"}
    return {"task": "denoise", "plate": str(path), "inputs": {"albedo": albedo}}


def guides_that_lack_a_frame(folder: Path) -> Document:
    path = plate(folder, 2)
    shutil.copy(folder / "bg.1001.exr", folder / "aov.1001.exr")
    albedo = {"path": str(folder / "aov.####.exr"), "layer": "rgba"}
    return {"task": "denoise", "plate": str(path), "inputs": {"albedo": albedo}}


def a_number_that_is_taken(folder: Path) -> Document:
    (folder / "takes" / "t" / "v003").mkdir(parents=True)
    out = {"root": str(folder / "takes"), "name": "t", "take": 3}
    return {"task": "passthrough", "plate": str(plate(folder, 1)), "out": out}


def a_wedge_too_large(folder: Path) -> Document:
    values = [number / 20_000 for number in range(10_001)]
    return {**layered(folder), "wedge": {"strength": values}}


CURES: dict[Callable[[Path], Document], tuple[str, Document]] = {
    with_a_nan: ("Set to zero and run", {"non_finite": "zero"}),
    with_a_hole: ("Run the 3 frames that are there", {"frames": "1001,1003-1004"}),
    outside: ("Run what the plate has: 1001 to 1003", {"frames": "1001-1003"}),
    half_outside: ("Run the 2 frames that are there", {"frames": "1002-1003"}),
    handles_that_are_not_there: ("Leave the handles out", {"handles": 0}),
    handles_that_are_there_in_part: (
        "Run the 4 frames that are there",
        {"frames": "1001-1004", "handles": 0},
    ),
    outside_one_with_a_hole: (
        "Run the 3 frames that the plate has",
        {"frames": "1001,1003-1004"},
    ),
    retimed_outside_one_with_a_hole: (
        "Run the longest stretch, 1003 to 1004",
        {"frames": "1003-1004"},
    ),
    retimed_over_a_hole: ("Run the longest stretch, 1003 to 1006", {"frames": "1003-1006"}),
    one_of_two: ("Use a.albedo for albedo", {"inputs": {"albedo": {"layer": "a.albedo"}}}),
    no_such_guide: ("Leave albedo out", {"inputs": {"albedo": {"layer": "none"}}}),
    no_picture_by_name: ("Use main for color", {"inputs": {"color": {"layer": "main"}}}),
    guides_of_another_size: ("Leave albedo out", {"inputs": {"albedo": {"layer": "none"}}}),
    guides_that_lack_a_frame: ("Leave albedo out", {"inputs": {"albedo": {"layer": "none"}}}),
    a_number_that_is_taken: ("Make v004", {"out": {"take": None}}),
    a_wedge_too_large: ("Run all 10,001", {"items": 10_001}),
}


@pytest.mark.parametrize("trouble", CURES, ids=lambda one: one.__name__)
def test_a_fix_laid_over_the_document_makes_the_plan_succeed(
    trouble: Callable[[Path], Document], tmp_path: Path
) -> None:
    document = trouble(tmp_path)
    label, change = CURES[trouble]

    refused = planned(tmp_path, document)

    assert refused.code != 0, refused
    assert set(refused.last) == {"error", "problem", "remedy", "fix"}
    assert refused.last["fix"]["label"] == label
    says = label.startswith("Run ") or label.endswith(" and run")
    assert refused.last["fix"].get("run", False) is says  # a button does what it says
    assert laid(refused.last["fix"]["change"], change) == refused.last["fix"]["change"]
    cured = planned(tmp_path, laid(document, refused.last["fix"]["change"]))
    assert cured.code == 0, cured
    assert cured.last["count"] > 0


def test_where_no_server_runs_the_fix_starts_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANSWERPRINT_SERVER")
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))

    said = planned(tmp_path, outside(tmp_path))

    assert said.last["error"] == "ServerAway"
    assert said.last["fix"] == {"label": "Start a server here", "argv": ["serve"]}
    assert said.last["fix"]["argv"][0] in VERBS


def test_a_curve_over_time_says_itself_what_is_shown_and_no_button_changes_that(
    tmp_path: Path,
) -> None:
    timing = {"curve": {"1": 1001, "9": 1005}}

    said = planned(tmp_path, {**retimed_over_a_hole(tmp_path), "timing": timing})

    assert said.last["error"] == "SourceError"
    assert "fix" not in said.last


def test_frames_that_are_there_and_cannot_be_made_are_not_promised(tmp_path: Path) -> None:
    """A model that sees a frame before makes none after a hole."""
    path = plate(tmp_path, 7)
    for number in (1002, 1005):
        (tmp_path / f"bg.{number}.exr").unlink()
    described = repository.models_folder() / "passthrough" / "contract.json"
    contract = Contract.model_validate(
        {**json.loads(described.read_text(encoding="utf-8")), "cut": {"before": 1}}
    )
    asked = job.make({"task": "passthrough", "plate": str(path), "frames": "1001-1007"})

    with pytest.raises(SourceError) as caught:
        Span.of(asked, contract, Plate.parse(str(path)), motion=False)

    assert caught.value.fix == Fix(
        "Run the 3 frames that can be made", {"frames": "1001-1007x3"}, run=True
    )


def test_people_still_read_two_lines(tmp_path: Path) -> None:
    document = outside(tmp_path)

    said = AtOnce(tmp_path)("plan", "--document", json.dumps(document))

    assert len(said.err.splitlines()) == 2
    assert "fix" not in said.err


def test_an_error_without_a_fix_is_the_document_that_it_was() -> None:
    plain = JobError("This is wrong.", remedy="Do that.")
    with_one = AnswerprintError("This.", remedy="That.", fix=Fix("Do it", {"handles": 0}))

    assert plain.as_json() == {
        "error": "JobError",
        "problem": "This is wrong.",
        "remedy": "Do that.",
    }
    assert with_one.as_json()["fix"] == {"label": "Do it", "change": {"handles": 0}}
