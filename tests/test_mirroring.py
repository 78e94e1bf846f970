"""A share of the jobs is run on the candidate as well, shown to nobody, and measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image
from rolled import Studio, studio, until
from samples import claims

from answerprint import differing, documents, guard, holder, mirrored, takes
from answerprint.cli import ending
from answerprint.differing import Eyes
from answerprint.line import LOCK, MOST_BUSY, MOST_WAITING, Line, Ticket
from answerprint.mirrored import Apart, Comparison

DARKER = np.log2(0.97)


def place(tmp_path: Path, address: str, task: str = "passthrough", **fields: Any) -> Studio:
    made = studio(tmp_path, address)
    made.rolls(task, mirror=100, **fields)
    return made


def take_of(said: Any) -> Path:
    return Path(said.documents[0]["path"])


def test_three_percent_less_light_is_found_shown_and_halts(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, guard={"jobs": 1, "time": 1e6})

    said = there.runs("passthrough", "1001-1002", "--json")
    (found,) = there.mirrored("passthrough", "2")

    assert (found.state, [one.frame for one in found.frames]) == ("compared", ["1001", "1002"])
    assert found.drift == pytest.approx(DARKER, abs=0.001)
    assert found.take == take_of(said).as_posix()
    assert guard.halted(there.rollout, "passthrough", "2") == (
        "1 mirrored job is 0.044 stops darker than stable in the mean; the limit is 0.02"
    )
    _nobody_is_shown_anything(there, take_of(said))
    _it_is_mirrored_once(there, take_of(said))
    told = there("models", "compare", "passthrough", "--out", "sheets").out.splitlines()
    document = there("models", "compare", "passthrough", "2", "--json").last
    assert told[0] == "passthrough 2: 1 mirrored job: 1 compared, 0 failed, 0 skipped, 0 dropped"
    assert document["measures"]["stops"]["worst"] == pytest.approx(DARKER, abs=0.001)
    assert document["jobs"] == {"compared": 1}
    (worst,) = document["worst"]
    assert all(Path(path).is_file() for path in worst["pictures"].values())
    with Image.open(there.folder / "sheets" / "passthrough_2_worst.png") as sheet:
        assert sheet.width > 3 * 480


def _nobody_is_shown_anything(there: Studio, take: Path) -> None:
    """No other take, no frame, no outcome among those of artists' runs."""
    assert claims(there.folder / "takes") == [take]
    assert not list(there.rollout.rglob("*.exr"))
    assert not there.outcomes("passthrough", "2")
    (folder,) = (there.rollout / "mirrored" / "passthrough" / "2").iterdir()
    assert {path.name for path in folder.iterdir()} == {mirrored.FILE, *mirrored.PICTURES}


def _it_is_mirrored_once(there: Studio, take: Path) -> None:
    resolved = takes.reopen(takes.find(take))

    assert ending.ask(takes.find(take), resolved, there.rollout, there.address) == ""
    assert there.line.waiting() == []


def test_a_candidate_that_fails_harms_no_artist_and_is_halted(
    tmp_path: Path, versions: str
) -> None:
    there = place(tmp_path, versions, "failing")

    said = there.runs("failing", "1001-1003", "--json")
    (found,) = there.mirrored("failing", "2")

    assert (said.code, said.last["state"]) == (0, "complete")
    assert (found.state, found.frames) == ("failed", ())
    assert found.run is not None, found.why
    assert found.run.failures == {"InferenceError": 3}
    assert guard.halted(there.rollout, "failing", "2").startswith("3 of 3 frames failed")


def test_a_server_without_the_candidate_says_nothing_of_it(tmp_path: Path, versions: str) -> None:
    """It lacks the version, or has another model under its number."""
    there = place(tmp_path, versions, guard={"jobs": 1}, candidate="3")
    with there.line.busy():
        assert there.runs("passthrough", "1001").code == 0
        there.rolls("passthrough", mirror=100, guard={"jobs": 1})
        with (there.rollout / "rollout.toml").open("a", encoding="utf-8") as stream:
            stream.write(f'[tasks.passthrough.versions]\n2 = "{"0" * 64}"\n')
        assert there.runs("passthrough", "1002").code == 0
    (other,) = there.mirrored("passthrough", "2")
    (absent,) = there.mirrored("passthrough", "3")

    assert (absent.state, other.state) == ("skipped", "skipped")
    assert "has only 1, 2" in absent.why
    assert "is not the model that the roll-out names" in other.why
    for version in ("2", "3"):
        assert guard.halted(there.rollout, "passthrough", version) == ""
        told = there("models", "compare", "passthrough", version).out
        assert "1 mirrored job: 0 compared, 0 failed, 1 skipped, 0 dropped" in told


def test_what_waits_while_an_artist_works_is_made_later_or_given_up(
    tmp_path: Path, versions: str
) -> None:
    """One whose process it took with it before, and one whose plate changed meanwhile."""
    there = place(tmp_path, versions, guard={"jobs": 1})
    with there.line.busy():
        for frame in ("1001", "1002"):
            assert there.runs("passthrough", frame).code == 0
        until(there.line.is_worked_off)
        first, second = there.line.waiting()
        _is_begun(there.line, first)
        (there.folder / "plate" / "bg.1002.exr").unlink()
        assert there.line.read(second)
        assert not list(there.rollout.rglob(mirrored.FILE))
    found = {one.state: one for one in there.mirrored("passthrough", "2", jobs=2)}

    assert found["failed"].why == "The process that made it died."
    assert "1002" in found["skipped"].why
    assert guard.halted(there.rollout, "passthrough", "2") == ""


def _is_begun(line: Line, path: Path) -> None:
    ticket = line.read(path)
    assert ticket is not None
    line.begin(path, ticket)


def test_too_many_that_wait_are_dropped_and_counted(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions)
    gone = there.folder / "gone"
    for number in range(MOST_WAITING):
        lost = Ticket(take=f"{gone}/{number}", folder=gone.as_posix(), server=versions)
        assert there.line.put(f"job{number}", lost)

    said = there.runs("passthrough", "1001", "--json")
    there.mirrored("passthrough", "2")  # nobody worked them off any more

    assert (said.code, said.last["state"]) == (0, "complete")
    assert f"This job is not mirrored: {MOST_WAITING} jobs wait" in said.err
    told = there("models", "compare", "passthrough").out
    assert "1 mirrored job: 0 compared, 0 failed, 0 skipped, 1 dropped" in told


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions)
    (there.rollout / "mirrored").rmdir()
    (there.rollout / "mirrored").write_text("in the way", encoding="utf-8")

    said = there.runs("passthrough", "1001", "--json")

    assert (said.code, said.last["state"]) == (0, "complete")
    assert "This job is not mirrored" in said.err


def test_a_dead_run_keeps_nobody_waiting(tmp_path: Path) -> None:
    line = Line.of(tmp_path)
    line.folder.mkdir(parents=True)
    gone = {**asdict(holder.myself()), "pid": 2**22 + 1}
    documents.write(line.folder / "busy.1.json", gone)

    assert not line.is_busy()
    assert not list(line.folder.iterdir())


def test_what_died_unseen_in_another_container_keeps_nobody_waiting_for_ever(
    tmp_path: Path,
) -> None:
    line = Line.of(tmp_path)
    line.folder.mkdir(parents=True)
    me = holder.myself()
    boot, space, tick = me.born.split() or ("", "", "")
    elsewhere = {**asdict(me), "born": f"{boot} {space}1 {tick}"}
    for name in ("busy.1.json", LOCK):
        documents.write(line.folder / name, elsewhere)

    assert line.is_busy()
    assert line.is_worked_off()
    for path in line.folder.iterdir():
        os.utime(path, (time.time() - 2 * MOST_BUSY,) * 2)
    assert not line.is_busy()
    assert not line.is_worked_off()


def test_who_mirrors_comes_last_on_the_machine() -> None:
    last = getattr(psutil, "IDLE_PRIORITY_CLASS", 19)
    waits = [sys.executable, "-S", "-c", "input()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        ending.lowest(psutil.Process(child.pid))
        found = psutil.Process(child.pid).nice()
        child.communicate()

    assert found == last


AS_IT_IS = Eyes(lambda image: image, lambda image: np.zeros(image.shape, np.uint8))


@settings(max_examples=30, deadline=None)
@given(times=st.floats(0.25, 4), seed=st.integers(0, 99), level=st.floats(1e-3, 10))
def test_light_that_is_scaled_drifts_by_its_stops(times: float, seed: int, level: float) -> None:
    image = np.random.default_rng(seed).uniform(0.5, 2, (12, 16, 3)).astype(np.float32)
    image *= np.float32(level)
    good = np.ones(image.shape[:2], bool)

    stops, floor = differing.drift(image, image * np.float32(times), good)

    assert stops == pytest.approx(np.log2(times), abs=1e-3)
    assert floor <= 0.02


def test_noise_alone_is_no_drift() -> None:
    random = np.random.default_rng(1)
    one, other = (random.lognormal(0, 1, (64, 64, 3)).astype(np.float32) for _ in range(2))

    stops, _ = differing.drift(one, other, np.ones((64, 64), bool))

    assert abs(stops) < 0.02


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b" " * (mirrored.MOST_BYTES + 1)],
    ids=["cut off", "a list", "empty", "too large"],
)  # fmt: skip
def test_a_comparison_that_cannot_be_read_is_counted(tmp_path: Path, content: bytes) -> None:
    folder = mirrored.claim(tmp_path, "denoise", "4", "a1")
    assert folder is not None
    (folder / mirrored.FILE).write_bytes(content)
    assert mirrored.claim(tmp_path, "denoise", "4", "a2")  # one that is being made

    found = mirrored.every(tmp_path, "denoise", "4")

    assert (found.found, found.unreadable, found.waiting) == ((), 1, 1)
    assert re.search(r", 1 waiting since 20\S+ \S+ UTC, 1 unreadable$", found.words)


def test_what_waits_takes_no_place_of_what_was_compared(tmp_path: Path) -> None:
    for number in range(4):
        folder = mirrored.claim(tmp_path, "denoise", "4", f"a{number}")
        assert folder is not None
        if number < 2:
            mirrored.write(folder, made("denoise", "4", folder.name))
        os.utime(folder, (1e9 + number,) * 2)

    every = mirrored.every(tmp_path, "denoise", "4", most=1)
    gone = mirrored.tidy(tmp_path, "denoise", "4", most=1)

    assert ([one.job_id for _, one in every.found], every.waiting) == (["a1"], 2)
    assert gone == 4  # all are older than that


def made(task: str, version: str, job_id: str, **fields: Any) -> Comparison:
    facts = {"artist": "1", "state": "compared", "started": "", "ended": "", **fields}
    return Comparison.model_validate({**facts, "task": task, "version": version, "job_id": job_id})


def test_times_that_say_nothing_are_left_out_and_alike_frames_have_an_order(tmp_path: Path) -> None:
    there = place(tmp_path, "127.0.0.1:1")
    for job_id, take, model in (
        ("a", "v003", 0.003),
        ("b", "v001\x1b[2J", 0.001),
        ("c", "v002", 0.2),
    ):
        folder = mirrored.claim(there.rollout, "passthrough", "2", job_id)
        assert folder is not None
        alike = {"frames": [{"frame": "1001", "decibels": 40.0}], "take": f"/takes/bg/{take}"}
        seconds = {"artist": 1e-5, "candidate": model}
        one = made("passthrough", "2", job_id, seconds=seconds, **alike)
        mirrored.write(folder, one)

    told = there("models", "compare", "passthrough", "--json").last
    (there.rollout / "mirrored" / "passthrough" / "2" / "c" / mirrored.FILE).unlink()
    out = there("models", "compare", "passthrough").out

    assert [one["job_id"] for one in told["worst"]] == ["b", "c", "a"]
    assert told["measures"]["seconds"]["greatest"] == pytest.approx(10.0)
    assert told["measures"]["memory"] is None
    assert re.search(r"times the time( +-){4}\n", out)
    assert "3 mirrored jobs: 2 compared, 0 failed, 0 skipped, 0 dropped, 1 waiting since" in out
    assert "\x1b" not in out
    assert "1 waiting since" in there("models", "status", "--no-server").out


@pytest.mark.parametrize("stops", [1e308, -1e41])
def test_numbers_that_no_frame_has_are_no_comparison(tmp_path: Path, stops: float) -> None:
    folder = mirrored.claim(tmp_path, "denoise", "4", "a1")
    assert folder is not None
    one = made("denoise", "4", "a1").model_dump(mode="json", by_alias=True)
    one["frames"] = [{"frame": str(n), "stops": stops} for n in range(3)]
    (folder / mirrored.FILE).write_text(json.dumps(one), encoding="utf-8")

    assert mirrored.every(tmp_path, "denoise", "4").unreadable == 1


@settings(max_examples=30, deadline=None)
@given(
    frames=st.lists(
        st.builds(
            Apart,
            frame=st.from_regex(r"\A(w\d{3}/)?\d{1,4}\Z"),
            lost=st.integers(0, 9),
            decibels=st.none() | st.floats(0, 200),
            stops=st.none() | st.floats(-20, 20),
        ),
        max_size=4,
    )
)
def test_a_comparison_is_read_as_it_was_written(frames: list[Apart]) -> None:
    made = Comparison(
        job_id="a1", task="denoise", version="4", artist="3", state="compared",
        started="", ended="", frames=tuple(frames),
    )  # fmt: skip
    text = json.dumps(made.model_dump(mode="json", by_alias=True))

    assert Comparison.model_validate(documents.loads(text)) == made
