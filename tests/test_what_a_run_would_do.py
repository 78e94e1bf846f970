"""What a run would do is told before it: the same as then happens, and nothing is written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, noise, plate, reads, save

from answerprint import job, takes
from answerprint.cli import carry_out
from answerprint.cli.context import Output
from answerprint.errors import JobError
from answerprint.interrupt import Interrupt
from answerprint.job import MOST_DOCUMENT_BYTES
from answerprint.takes import Take

PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"
NOISY = str(PLATES / "noisy.####.exr")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def planned(answerprint: AtOnce, task: str, path: str | Path, **fields: Any) -> dict[str, Any]:
    document = {"task": task, "plate": str(path), **fields}
    said = answerprint("plan", "--document", json.dumps(document), "--json")
    assert said.code == 0, said
    return said.last


def test_a_plan_says_take_inputs_layers_colour_and_frames(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    found = planned(answerprint, "denoise", NOISY, out={"show": "demo", "shot": "sh010"})

    assert found["take"] == "v001"
    assert found["stream"] == "demo/sh010/noisy_denoise"
    assert found["root"] == (tmp_path / "takes").as_posix()
    assert (found["frames"], found["count"], found["items"]) == ("1001-1008", 8, 8)
    assert {name: one["layer"] for name, one in found["inputs"].items()} == {
        "color": "rgba", "albedo": "albedo", "normal": "normal",
    }  # fmt: skip
    assert {one["found"] for one in found["inputs"].values()} == {"found"}
    assert found["choices"]["albedo"] == ["albedo", "rgba", "normal"]
    assert "normal" not in found["choices"]["color"], "numbers are no light"
    assert (found["kept"], found["left_out"]) == (["albedo", "normal"], [])
    assert found["colour"]["words"] == "ACEScg, as it is"
    assert (found["absent"], found["warnings"]) == ([], [])
    assert found["bytes"] == 8 * (PLATES / "noisy.1001.exr").stat().st_size
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_is_left_out_can_still_be_chosen(answerprint: AtOnce) -> None:
    albedo = {"path": NOISY, "layer": "none"}

    found = planned(answerprint, "denoise", NOISY, inputs={"albedo": albedo})

    assert found["absent"] == ["albedo", "normal"]
    assert found["choices"]["albedo"][0] == "albedo"


def test_colour_is_said_in_one_line_and_what_a_take_will_not_hold(answerprint: AtOnce) -> None:
    found = planned(answerprint, "upscale", NOISY, colour={"space": "ACEScct"})

    assert found["colour"]["words"] == (
        "ACEScct → sRGB picture for the model, -0.5 to 1000 kept → ACEScct"
    )
    assert (found["kept"], found["left_out"]) == ([], ["albedo", "normal"])


def test_what_an_artist_should_see_first_is_a_warning_and_no_note(answerprint: AtOnce) -> None:
    found = planned(answerprint, "matte", NOISY, parameters={"model": "isnet"}, frames="1001")

    assert len(found["warnings"]) == 1
    assert not set(found["warnings"]) & set(found["notes"])


def test_a_run_does_what_was_planned(answerprint: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 2)
    takes.claim(tmp_path / "takes" / "bg_passthrough")
    found = planned(answerprint, "passthrough", path)

    said = answerprint("run", "--task", "passthrough", "--plate", path, "--json")

    assert found["take"] == "v002"
    assert said.documents[0]["take"] == f"{found['name']}/{found['take']}"
    assert said.documents[0]["frames"] == found["items"]
    assert said.documents[0]["notes"] == found["notes"]


def test_no_pixel_is_read_for_a_plan_unless_nan_is_to_stop_it(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    """What counts the pixels' NaN is asked once for each file, however often a panel asks."""
    path = plate(tmp_path / "plate", 2)
    first = tmp_path / "plate" / "bg.1001.exr"

    def opened(times: int = 1, **fields: Any) -> int:
        with reads() as count:
            for _ in range(times):
                planned(answerprint, "passthrough", path, **fields)
            return count(first)

    headers = opened()
    assert opened(non_finite="stop") == headers + 1
    assert opened(3, non_finite="stop") == 3 * headers


def test_a_file_that_was_written_anew_is_looked_at_anew(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 1)
    words = ("plan", "--task", "passthrough", "--plate", path, "--non-finite", "stop", "--json")
    assert answerprint(*words).code == 0

    broken = noise(3)
    broken["R"][0, 0] = float("inf")
    save(tmp_path / "plate" / "bg.1001.exr", broken)

    assert "NaN or inf in frame 1001 (1 samples)" in answerprint(*words).last["problem"]


class After(Interrupt):
    """One that comes when it was looked at so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("looks", [2, 7])
def test_a_plan_can_be_cancelled_between_headers_and_between_pixels(
    looks: int, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 6)
    words = ["plan", "--task", "passthrough", "--plate", str(path), "--non-finite", "stop"]
    said: list[dict[str, Any]] = []
    interrupted = After(looks)

    with reads() as count:
        code = carry_out(words, Output(json=True, deliver=said.append), interrupted)
        last = count(tmp_path / "plate" / "bg.1006.exr")

    assert (code, [one["problem"] for one in said]) == (130, ["Interrupted."])
    assert interrupted.left == -1, "nobody goes on after it"
    assert last == (looks > 6), "of the last frame at most the header"


def test_a_plan_leaves_no_trace_where_the_take_goes(answerprint: AtOnce, tmp_path: Path) -> None:
    path, root = plate(tmp_path / "plate", 1), tmp_path / "out"
    root.mkdir()
    os.utime(root, ns=(1, 1))

    planned(answerprint, "passthrough", path, out={"root": str(root)})
    words = ("run", "--task", "passthrough", "--plate", path, "--out", root)
    assert answerprint(*words, "--dry-run", "--json").code == 0

    assert root.stat().st_mtime_ns == 1, "not even for a moment"


def test_for_people_a_plan_is_a_line_for_each_thing(answerprint: AtOnce) -> None:
    said = answerprint("plan", "--task", "upscale", "--plate", NOISY, "--frames", "1001")

    lines = dict(line.split(maxsplit=1) for line in said.out.splitlines())
    assert lines["frames"] == "1001, 1 frame"
    assert lines["alpha"] == "not used"
    assert lines["time"].startswith("About ")


# ── the document ─────────────────────────────────────────────────────────────────────────────


def test_flags_go_over_a_document_as_over_a_file(answerprint: AtOnce) -> None:
    document = json.dumps({"task": "denoise", "plate": NOISY, "frames": "1001-1008"})

    said = answerprint("plan", "--document", document, "--frames", "1003", "--json")

    assert said.last["frames"] == "1003"


WRONG = {
    "{": "The job document is wrong: Invalid JSON",
    "[]": "The job document is wrong: ",
    '{"task": "denoise", "plate": "b.exr", "inputs": {"color": {"layer": "x"}}}': (
        "The job document is wrong: inputs.color.path: missing."
    ),
    '{"task": "denoise", "plate": "b.exr", "handles": -1}': "handles: ",
    '{"task": "denoise", "plate": "b.exr", "handles": 2.5}': "handles: ",
    '{"task": "denoise", "plate": "b.exr", "handles": true}': "handles: ",
    '{"task": "denoise", "plate": "b.exr", "node": 7}': "node: input should be a valid string",
    json.dumps({"task": "denoise", "plate": "b.exr", "script": "s" * 5000}): "script: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_document_is_refused_and_its_field_named(text: str, answerprint: AtOnce) -> None:
    for verb in ("plan", "run"):
        said = answerprint(verb, "--document", text, "--json")

        assert (said.code, said.last["error"]) == (JobError.exit_code, "JobError")
        assert WRONG[text] in said.last["problem"]


def test_a_document_has_a_bound() -> None:
    with pytest.raises(JobError, match="larger than 1,048,576 bytes"):
        job.parse(" " * (MOST_DOCUMENT_BYTES + 1))


def test_a_file_and_a_document_are_one_too_many(answerprint: AtOnce) -> None:
    said = answerprint("plan", "job.json", "--document", "{}", "--json")

    assert said.last["problem"] == "A job file and --document both say the job."


def test_who_asked_stays_with_the_take(answerprint: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1)
    asked = {"host": "nuke 15.1v2", "node": "Group1.Merge7", "script": "/shows/demo/sh010_v002.nk"}
    document = {"task": "passthrough", "plate": str(path), **asked}

    said = answerprint("run", "--document", json.dumps(document), "--claim", "--json")

    held = Take(Path(said.last["path"])).read("job")["resolved"]["job"]
    assert {name: held[name] for name in asked} == asked


# ── handles ──────────────────────────────────────────────────────────────────────────────────


def test_handles_widen_the_range_on_both_sides(answerprint: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 9)

    one = planned(answerprint, "passthrough", path, frames="1004-1006", handles=2)
    other = planned(answerprint, "passthrough", path, frames="1004,1006", handles=1)

    assert (one["frames"], one["count"]) == ("1002-1008", 7)
    assert other["frames"] == "1003-1004,1006-1007"


def test_of_a_retime_the_plates_range_is_widened(answerprint: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 9)

    found = planned(
        answerprint, "retime", path, frames="1004-1006", handles=2, timing={"speed": 0.5}
    )

    assert found["frames"] == "1002-1014"


def test_handles_beyond_all_counting_are_refused(answerprint: AtOnce, tmp_path: Path) -> None:
    still = plate(tmp_path / "plate", 1).with_name("bg.1001.exr")
    words = ("--plate", still, "--frames", "999999999", "--handles", "1", "--json")

    said = answerprint("plan", "--task", "passthrough", *words)

    assert said.last["problem"] == (
        "1 frame of handles on 999999999 reach beyond what can be counted."
    )


def test_a_take_with_handles_is_run_again_with_the_same_frames(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 4)
    words = ("--task", "passthrough", "--plate", path, "--frames", "1002-1003", "--handles", "1")
    made = answerprint("run", *words, "--json")
    assert made.last["state"] == "complete", made

    again = answerprint("rerun", tmp_path / "takes" / "bg_passthrough" / "v001", "--json")

    assert (again.last["answer"], len(again.last["frames"])) == ("identical", 4)
