"""The command line: what people read, what programs read, and the answers in between."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from command import Answerprint, Said
from samples import AtOnce, corner, plate as noisy

from answerprint import exr
from answerprint.takes import Take
from answerprint_server import repository


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def plate(tmp_path: Path, plates: Path) -> Path:
    """A corner of two frames, which a test may break."""
    return corner(tmp_path / "plate", plates, 1001, 1002).parent


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    """For what comes after a run: it reads and prints the same in any process."""
    return AtOnce(tmp_path)


def denoised(at_once: AtOnce, plate: Path, *words: str) -> Said:
    said = at_once(
        "run", "--task", "denoise", "--plate", plate / "noisy.####.exr", "--set", "quality=fast",
        *words, "--json",
    )  # fmt: skip
    assert said.code == 0, said
    return said


def test_tasks_lists_what_the_contracts_say(at_once: AtOnce) -> None:
    said = at_once("tasks", "--json")

    tasks = {document["task"]: document["contract"] for document in said.documents}
    assert tasks.keys() == {folder.name for folder in repository.models(repository.models_folder())}
    names = [one["name"] for one in tasks["denoise"]["parameters"]]
    assert names == ["strength", "quality", "prefilter", "max_memory"]
    assert tasks["denoise"]["licence"]["weights"] == "Apache-2.0"


def test_standard_output_is_json_alone_when_nobody_watches(
    answerprint: Answerprint, plate: Path
) -> None:
    said = answerprint("run", "--task", "passthrough", "--plate", plate / "noisy.####.exr")

    # one frame may be judged against the other only after both were told
    told = [event["event"] for event in said.documents if event["event"] != "judged"]
    assert told == ["started", "frame", "frame", "qc", "finished"]


def test_a_damaged_frame_leaves_standard_output_clean(
    answerprint: Answerprint, plate: Path
) -> None:
    """OpenEXR prints a warning of its own to standard output; programs read JSON there."""
    file = plate / "noisy.1002.exr"
    blob = bytearray(file.read_bytes())
    middle = len(blob) // 2
    blob[middle : middle + 2000] = bytes(2000)
    file.write_bytes(blob)

    said = answerprint("run", "--task", "passthrough", "--plate", plate / "noisy.####.exr")

    assert said.code == 1
    events = {event["event"]: event.get("frame") for event in said.documents}
    assert events == {"started": None, "frame": 1001, "failed": 1002, "finished": None}
    assert "Warning: Exception" in said.err


def test_a_terminal_gets_a_bar_with_rate_and_count(
    answerprint: Answerprint, plate: Path, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    words = answerprint.argv("run", "--task", "denoise", "--plate", plate / "noisy.####.exr")
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "120"}
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        seen += chunk
    os.close(ours)

    assert process.wait() == 0
    text = seen.decode()
    assert "2/2" in text
    assert "frames/s" in text
    assert "noisy_denoise v001 is complete" in text


def test_interrupted_it_says_how_much_is_finished_and_how_to_go_on(
    answerprint: Answerprint, slow: str, tmp_path: Path
) -> None:
    words = ("--task", "slow", "--plate", noisy(tmp_path, 12), "--name", "t", "--lines")
    process = answerprint.start("run", *words, "--server", slow)
    assert process.stdout
    frames = (line for line in process.stdout if line.startswith("  10"))
    assert next(frames).startswith("  10")
    assert next(frames).startswith("  10")

    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate()

    take = Take(tmp_path / "takes" / "t" / "v001")
    done = len(take.frames())
    assert process.returncode == 130
    assert 2 <= done < 12
    assert rest.splitlines()[-2:] == [
        f"t v001 is cancelled: {done} frames finished.",
        f"Finish it with: answerprint run --resume {take.folder}",
    ]


def test_dry_run_prints_the_resolved_job_and_writes_nothing(
    at_once: AtOnce, plate: Path, tmp_path: Path
) -> None:
    said = at_once("run", "--task", "denoise", "--plate", plate / "noisy.@@@@.exr", "--dry-run")

    assert said.code == 0
    assert '"frames": "1001-1002"' in said.out
    assert '"quality": "high"' in said.out
    assert not (tmp_path / "takes").exists()


def test_takes_are_listed_newest_first(at_once: AtOnce, plate: Path) -> None:
    denoised(at_once, plate)
    denoised(at_once, plate, "--show", "demo", "--shot", "sh010")

    rows = at_once("takes", "--json").documents

    assert [(row["take"], row["state"]) for row in rows] == [("v001", "complete")] * 2
    assert {row["qc"] for row in rows} <= {"pass", "warn"}
    assert "demo/sh010/noisy_denoise/v001" in rows[0]["path"]
    assert rows[0]["created"] > rows[1]["created"]


def test_lineage_is_a_tree_through_a_take_that_was_used_as_a_plate(
    at_once: AtOnce, plate: Path, tmp_path: Path
) -> None:
    denoised(at_once, plate)
    first = tmp_path / "takes" / "noisy_denoise" / "v001"
    again = at_once(
        "run", "--task", "passthrough", "--plate", first / "noisy_denoise_v001.####.exr",
        "--name", "second", "--json",
    )  # fmt: skip
    assert again.code == 0, again

    said = at_once("show", tmp_path / "takes" / "second" / "v001", "--json")

    tree = [(node["depth"], node["said"].split(",")[0]) for node in said.last["lineage"]]
    assert tree[0] == (0, "passthrough v001")
    assert tree[1][0] == 1
    assert tree[1][1].startswith("pixels: noisy_denoise_v001.1001.exr")
    assert tree[2] == (2, "denoise v001")
    assert tree[3][0] == 3
    source = said.last["record"]["inputs"][0]
    parent = exr.read(first / "noisy_denoise_v001.1001.exr")
    assert source["pixels"] == exr.digest(parent)
    assert source["statement_id"]


def test_show_says_when_an_input_has_changed_since(
    at_once: AtOnce, plate: Path, tmp_path: Path
) -> None:
    denoised(at_once, plate)
    shutil.copy(plate / "noisy.1002.exr", plate / "noisy.1001.exr")

    said = at_once("show", tmp_path / "takes" / "noisy_denoise" / "v001")

    assert "noisy.1001.exr" in said.out
    assert "(changed since)" in said.out


def test_rerun_of_a_take_is_identical(at_once: AtOnce, plate: Path, tmp_path: Path) -> None:
    denoised(at_once, plate, "--layer", "normal=none")

    said = at_once("rerun", tmp_path / "takes" / "noisy_denoise" / "v001", "--json")

    assert (said.code, said.last["answer"]) == (0, "identical")
    assert said.last["take"].endswith("noisy_denoise/v002")
    assert said.last["frames"].keys() == {"1001", "1002"}


def test_rerun_of_a_frame_that_left_its_take_needs_nothing_but_the_frame(
    at_once: AtOnce, plate: Path, tmp_path: Path
) -> None:
    denoised(at_once, plate, "--layer", "albedo=none")
    file = tmp_path / "takes" / "noisy_denoise" / "v001" / "noisy_denoise_v001.1002.exr"
    alone = tmp_path / "delivery" / "anything.exr"
    alone.parent.mkdir()
    shutil.move(file, alone)
    shutil.rmtree(tmp_path / "takes")

    said = at_once("rerun", alone, "--json")

    assert (said.code, said.last["answer"]) == (0, "identical")


def test_rerun_says_different_with_numbers(at_once: AtOnce, plate: Path, tmp_path: Path) -> None:
    denoised(at_once, plate)
    file = tmp_path / "takes" / "noisy_denoise" / "v001" / "noisy_denoise_v001.1001.exr"
    frame = exr.read(file)
    frame.parts[0].channels["G"][30, 60] += np.float16(0.5)
    exr.write(file, frame)

    said = at_once("rerun", file.parent)

    assert said.code == 1
    assert "different: v001 and v002, 1 of 2 frames the same" in said.out
    assert "in G at 60,30" in said.out


def test_rerun_refuses_a_plate_that_is_not_what_it_was(
    at_once: AtOnce, plate: Path, tmp_path: Path
) -> None:
    denoised(at_once, plate)
    shutil.copy(plate / "noisy.1001.exr", plate / "noisy.1002.exr")

    said = at_once("rerun", tmp_path / "takes" / "noisy_denoise" / "v001")

    assert said.code == 3
    assert "noisy.1002.exr is not the frame that went into noisy_denoise v001" in said.err
    assert not (tmp_path / "takes" / "noisy_denoise" / "v002").exists()


def test_doctor_says_in_one_sentence_what_to_do(answerprint: Answerprint, at_once: AtOnce) -> None:
    well = answerprint("doctor")
    ill = at_once("doctor", "--server", "127.0.0.1:1")

    assert (well.code, well.out.splitlines()[-1]) == (0, "Everything works.")
    assert ill.code == 1
    assert ill.out.splitlines()[-1].startswith("What to do: Start the server")


def test_doctors_round_trip_is_a_real_one(at_once: AtOnce) -> None:
    said = at_once("doctor", "--json")

    checks = {document["check"]: document for document in said.documents}
    assert list(checks) == [
        "key", "takes folder", "space", "ports", "server", "models", "round trip",
    ]  # fmt: skip
    assert "-1 to 100" in checks["round trip"]["said"]


def test_an_unknown_verb_is_met_with_a_guess(at_once: AtOnce) -> None:
    said = at_once("verfy", "takes")

    assert said.code == 2
    assert "Did you mean 'verify'?" in said.err
    assert "Traceback" not in said.err


def test_a_missing_word_is_two_lines_not_a_page(at_once: AtOnce) -> None:
    said = at_once("run", "--task", "denoise")

    assert said.code == 2
    assert len(said.err.splitlines()) == 2


def test_the_reader_may_stop_reading(answerprint: Answerprint) -> None:
    """`answerprint tasks | head -1` ends without a complaint."""
    process = subprocess.Popen(
        answerprint.argv("tasks"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.close()

    _, complaint = process.communicate()
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint
