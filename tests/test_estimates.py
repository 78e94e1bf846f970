"""How long it takes is said before: by what its like took here, else as the contract guesses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, noise, plate, save

from answerprint import contract, rates
from answerprint.errors import ContractError
from answerprint.rates import MOST_BYTES, MOST_KEYS, MOST_RUNS, Run
from answerprint_server import repository

PIXELS = 32 * 24


@pytest.fixture
def own_home(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has not run anything yet."""
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def estimated(folder: Path, path: Path, *words: str, task: str = "passthrough") -> dict[str, Any]:
    said = AtOnce(folder)("plan", "--task", task, "--plate", path, *words, "--json")
    assert said.code == 0, said
    found: dict[str, Any] = said.last["estimate"]
    return found


def ran(folder: Path, path: Path, *words: str) -> list[dict[str, Any]]:
    said = AtOnce(folder)("run", "--task", "passthrough", "--plate", path, *words, "--json")
    assert said.last["state"] == "complete", said
    return said.documents


def test_what_a_run_took_is_what_the_next_is_told(own_home: Path, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 4)
    before = estimated(tmp_path, path)

    seconds = ran(tmp_path, path, "--frames", "1001-1002")[-1]["seconds"]

    after = estimated(tmp_path, path)
    assert (before["basis"], after["basis"]) == ("guess", "measured")
    assert before["words"] == "About 1 s for 4 frames, a first guess"
    assert after["seconds"] == pytest.approx(2 * seconds, abs=0.01)
    assert after["words"] == f"About {max(round(2 * seconds), 1)} s for 4 frames"
    assert own_home.joinpath("rates.json").is_file()


def test_frames_that_were_only_copied_say_nothing_of_the_time(
    own_home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 2)
    ran(tmp_path, path)
    before = (own_home / "rates.json").read_text(encoding="utf-8")

    events = ran(tmp_path, path)

    assert all("copied_from" in one for one in events if one["event"] == "frame")
    assert (own_home / "rates.json").read_text(encoding="utf-8") == before


def test_a_larger_plate_takes_longer_by_its_pixels(own_home: Path, tmp_path: Path) -> None:
    small = plate(tmp_path / "plate", 1)
    large = save(tmp_path / "large" / "bg.1001.exr", noise(1, width=320, height=240))
    ran(tmp_path, small)

    one, other = estimated(tmp_path, small), estimated(tmp_path, large.with_name("bg.####.exr"))

    assert other["per_frame"] == pytest.approx(one["per_frame"] * 100, rel=0.01)
    assert own_home.is_dir()


def test_another_choice_is_another_kind_of_work(own_home: Path, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1)
    contract = AtOnce(tmp_path)("tasks", "denoise", "--json").last["contract"]
    guess = contract["cost"]["seconds_per_megapixel"] * PIXELS / 1e6
    said = AtOnce(tmp_path)("run", "--task", "denoise", "--plate", path, "--json")
    assert said.last["state"] == "complete", said

    high = estimated(tmp_path, path, task="denoise")
    fast = estimated(tmp_path, path, "--set", "quality=fast", task="denoise")
    weak = estimated(tmp_path, path, "--set", "strength=0.5", task="denoise")
    wedge = estimated(tmp_path, path, "--wedge", "quality=fast,high", task="denoise")

    assert [one["basis"] for one in (high, fast, weak)] == ["measured", "guess", "measured"]
    assert fast["per_frame"] == pytest.approx(guess, abs=1e-4)
    assert wedge["per_frame"] == pytest.approx((high["per_frame"] + guess) / 2, abs=1e-3)
    assert wedge["words"].endswith("for 1 frame in 2 variations, a first guess")
    assert own_home.is_dir()


def run(seconds: float, frames: int = 10) -> Run:
    return Run(frames=frames, megapixels=2.0, seconds=seconds)


def test_the_newest_runs_count_and_one_frame_alone_is_told_by_its_like(tmp_path: Path) -> None:
    for seconds in (100.0, *[4.0] * MOST_RUNS):
        rates.remember(tmp_path, "work", run(seconds))
    rates.remember(tmp_path, "alone", run(10.0, frames=1))

    assert rates.per_megapixel(tmp_path, "work", 96) == 2.0
    assert rates.per_megapixel(tmp_path, "work", 1) == 2.0, "there is nothing nearer"
    assert rates.per_megapixel(tmp_path, "alone", 1) == 5.0
    assert rates.per_megapixel(tmp_path, "other", 96) is None


DAMAGED = ["", "{", "[]", "null", '{"rates": {"work": [{"frames": 0}]}}', "[" * 100_000, "\x00"]


@pytest.mark.parametrize("text", [*DAMAGED, " " * (MOST_BYTES + 1)], ids=range(8))
def test_what_is_damaged_is_begun_anew(text: str, tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text(text, encoding="utf-8")
    assert rates.per_megapixel(tmp_path, "work", 9) is None

    rates.remember(tmp_path, "work", run(4.0))

    assert rates.per_megapixel(tmp_path, "work", 9) == 2.0


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "home").touch()

    rates.remember(tmp_path / "home", "work", run(4.0))

    assert rates.per_megapixel(tmp_path / "home", "work", 9) is None


def test_it_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    full = {str(number): [run(4.0).model_dump()] for number in range(MOST_KEYS)}
    (tmp_path / "rates.json").write_text(json.dumps({"rates": full}), encoding="utf-8")

    rates.remember(tmp_path, "one more", run(4.0))

    held = json.loads((tmp_path / "rates.json").read_text(encoding="utf-8"))["rates"]
    assert len(held) == MOST_KEYS
    assert "0" not in held
    assert "one more" in held


MANY = """
import sys
from pathlib import Path
from answerprint import rates
for _ in range(20):
    rates.remember(Path(sys.argv[1]), sys.argv[2], rates.Run(frames=9, megapixels=2, seconds=4))
"""


def test_several_at_once_leave_a_whole_document(tmp_path: Path) -> None:
    words = [sys.executable, "-c", MANY, str(tmp_path)]
    processes = [subprocess.Popen([*words, str(number)]) for number in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]

    held = json.loads((tmp_path / "rates.json").read_text(encoding="utf-8"))["rates"]
    assert held
    assert [path.name for path in tmp_path.iterdir()] == ["rates.json"]


@pytest.mark.parametrize("cost", [-1, -1e-300, 1e308, 86_401])
def test_a_contract_cannot_guess_a_time_that_is_none(cost: float) -> None:
    described = repository.models_folder() / "passthrough" / "contract.json"
    facts = json.loads(described.read_text(encoding="utf-8"))
    facts["cost"] = {"seconds_per_megapixel": cost}

    with pytest.raises(ContractError, match=r"wrong: cost\.seconds_per_megapixel: "):
        contract.parse(json.dumps(facts), where="passthrough")
