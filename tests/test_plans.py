"""Plans: how the models of a repository share the machine. Nobody is left with half of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Answerprint
from samples import own_models

from answerprint.errors import SourceError, TakeError
from answerprint_server import lanes
from answerprint_server.lanes import Plan


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return own_models(tmp_path / "models", ["passthrough"])


@pytest.mark.parametrize("words", ["--at-once 0", "--at-once -2", "--at-once 65", "--instances 0"])
def test_numbers_that_cannot_be_meant_are_refused_and_nothing_is_written(
    words: str, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        lanes.main([str(tmp_path / "to"), "--models", str(models), *words.split()])

    name = words.split(maxsplit=1)[0].removeprefix("--").replace("-", "_")
    assert f"error: {name}: input should be" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()


def test_a_file_that_cannot_be_copied_is_named_and_nothing_stays(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = models / "passthrough" / "1" / "weights.bin"
    missing.symlink_to(tmp_path / "not there")
    words = [str(tmp_path / "to"), "--models", str(models)]

    assert lanes.main(words) == TakeError.exit_code

    problem, remedy, _ = capsys.readouterr().err.split("\n")
    assert problem.endswith(f"cannot be made: No such file or directory, {missing}.")
    assert remedy
    assert not (tmp_path / "to").exists()
    missing.unlink()
    assert lanes.main(words) == 0


def test_a_folder_that_cannot_be_written_is_told(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    code = lanes.main([str(tmp_path / "file" / "to"), "--models", str(models)])

    assert code == TakeError.exit_code
    assert "cannot be written: Not a directory." in capsys.readouterr().err


FOREIGN = {
    "[]": "valid dictionary",
    '{"lanes": 3}': "lanes: unknown field",
    '{"farm": true, "at_once": 0}': "at_once: ",
    "lanes:": "no JSON",
}


@pytest.mark.parametrize("text", FOREIGN)
def test_a_plan_that_is_not_ours_is_refused_in_words(
    text: str, models: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    (models / lanes.PLAN).write_text(text, encoding="utf-8")

    with pytest.raises(SourceError, match="does not say how") as caught:
        lanes.arguments(models)

    assert FOREIGN[text] in caught.value.problem
    assert ".." not in caught.value.problem
    own = {"ANSWERPRINT_HOME": str(tmp_path / "home")}  # another user's server may run
    said = answerprint("serve", "--models", models, "--json", env=own)
    assert (said.code, said.last["error"]) == (SourceError.exit_code, "SourceError")


def test_a_plan_is_found_as_it_was_made(models: Path, tmp_path: Path) -> None:
    plan = Plan(farm=True, at_once=3, instances=2)

    with lanes.laid(models, tmp_path, plan) as laid:
        assert lanes.plan_of(laid) == plan
    assert lanes.plan_of(models) == Plan()
