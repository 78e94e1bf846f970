"""What contracts claim is held by experiment: models that load and are not what they say are found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import psutil
import pytest
from command import Answerprint
from samples import ALL_NAN, AtOnce, add_version, own_models, stand_in

from answerprint import exr
from answerprint_server import golden, junit, repository

LINEAR: dict[str, Any] = {
    "inputs": [
        {
            "name": "pixels",
            "layers": ["rgba"],
            "channels": [["R", "G", "B"]],
            "encoding": "scene_linear",
            "range": [0, None],
            "half": True,
        }
    ],
    "outputs": [{"name": "pixels", "replaces": "pixels", "encoding": "scene_linear", "half": True}],
}
BLUR = """
wide = np.pad(image, ((0, 0), (4, 4), (0, 0)), "symmetric")
made = sum(wide[:, step : step + image.shape[1]] for step in range(9)) / 9
"""


def tiled(context: int) -> dict[str, Any]:
    return {"cut": {"mode": "tiles", "tile": 64, "context": context, "tolerance": 1e-5}}


# of each model: its program, what its contract says, and of its findings rule, severity and words
TRIED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = {
    "good": (BLUR, tiled(4), []),
    "empty": (
        "made = image * np.float32('nan')",
        {},
        [("finite", "error", "NaN or infinite, of an ordinary frame")],
    ),
    "dark": (
        "made = image * (image.max() / image.max())",
        LINEAR,
        [("finite", "error", "NaN or infinite, of a black frame")],
    ),
    "narrow": (BLUR, tiled(1), [("seams", "error", "pixels from a seam")]),
    "exposed": ("made = image - image.mean()", tiled(8), [("seams", "error", "in tiles differs")]),
    "restless": (
        "made = image + np.random.default_rng().random(image.shape, np.float32)",
        {},
        [("determinism", "error", "It says bit_exact, and pixels of the same request")],
    ),
    "deaf": (
        "made = image",
        {"determinism": {"kind": "stochastic"}, "seed": True},
        [("determinism", "warn", "another one changes nothing")],
    ),
    "clipped": (
        "made = np.clip(image, 0, 1)",
        LINEAR,
        [("encoding", "warn", "highlights are clipped")],
    ),
    "shown": (
        "made = image ** np.float32(1 / 2.2)",
        LINEAR,
        [("encoding", "warn", "power of 0.4")],
    ),
    "even": (
        "made = image.reshape(image.shape[0] // 2, 2, -1).reshape(image.shape)",
        {},
        [("multiple", "error", "a frame of 53x37 fails")],
    ),
    "larger": (
        "made = image.repeat(2, 0).repeat(2, 1)",
        {},
        [("scale", "error", "comes back as 192x144, and 96x72 is due")],
    ),
    "coarse": (
        "made = np.round(image) if settings.get('x') else image",
        {},
        [("half", "error", "off where pixels are given as halves")],
    ),
    "mortal": (
        "import os; os._exit(1)",
        {},
        [("answer", "error", "It fails with an ordinary frame")],
    ),
}


def described(models: Path) -> None:
    for task, (program, says, _) in TRIED.items():
        stand_in(models, task, program, **says)
    coarse = models / "coarse" / "1" / "model.py"
    text = coarse.read_text(encoding="utf-8").replace(
        "np.round(image) if settings.get('x')", "np.round(image) if image.dtype == np.float16"
    )
    text = text.replace("    def run", "    halves = True\n\n    def run")
    coarse.write_text(text, encoding="utf-8")
    repository.update(models / "coarse")


def broken_graph(models: Path) -> None:
    """A task of the template whose ONNX file is none."""
    folder = models / "graph"
    shutil.copytree(repository.models_folder() / "_template", folder)
    (folder / "1" / "model.onnx").write_bytes(b"no graph at all")
    facts = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    (folder / "contract.json").write_text(json.dumps({**facts, "task": "graph"}), encoding="utf-8")
    repository.update(folder)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What 'models check --try' said of all of them at once, by model."""
    folder = tmp_path_factory.mktemp("tried")
    models = own_models(folder / "models", ["passthrough"])
    described(models)
    broken_graph(models)
    (models / "passthrough" / "1" / "weights.pkl").write_bytes(b"x")
    said = AtOnce(folder)("models", "check", models, "--try", "--json")
    assert said.code == 1, said
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in [*TRIED, "graph", "passthrough"]}
    for one in said.documents:
        # of golden cases, licences and the like another file of tests tells
        if one["event"] == "finding" and one["rule"] not in ("golden", "pickle", "digest"):
            found[one["model"]].append(one)
    return found


@pytest.mark.parametrize("task", TRIED)
def test_a_claim_that_does_not_hold_is_found(
    findings: dict[str, list[dict[str, Any]]], task: str
) -> None:
    held = findings[task]
    due = TRIED[task][2]

    for rule, severity, words in due:
        assert any(
            (one["rule"], one["severity"]) == (rule, severity) and words in one["problem"]
            for one in held
        ), held
    assert {one["rule"] for one in held} == {rule for rule, _, _ in due} or task in (
        "larger",
        "even",
    )


def test_what_would_do_is_said(findings: dict[str, list[dict[str, Any]]]) -> None:
    remedies = {task: " ".join(one["remedy"] for one in held) for task, held in findings.items()}

    assert 'Write "context": 4: that does.' in remedies["narrow"]
    assert "it looks at the whole frame" in remedies["exposed"]
    assert 'Write "multiple": 2 into cut' in remedies["even"]


def test_a_finding_stands_at_its_line_of_the_contract(
    findings: dict[str, list[dict[str, Any]]],
) -> None:
    (one,) = findings["narrow"]

    assert (one["file"], one["field"]) == ("narrow/contract.json", "cut.context")
    assert one["line"] > 1


def test_a_model_that_cannot_be_loaded_is_said_with_the_servers_words(
    findings: dict[str, list[dict[str, Any]]],
) -> None:
    (one,) = findings["graph"]

    assert one["rule"] == "load"
    assert "graph" in one["problem"]


def test_a_model_that_must_not_be_loaded_is_not_tried(
    findings: dict[str, list[dict[str, Any]]],
) -> None:
    assert [one["rule"] for one in findings["passthrough"]] == ["untried"]


def test_the_version_that_is_named_is_tried(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    stand_in(models, "single", "made = image")
    add_version(models, "passthrough", "2", ALL_NAN)
    add_version(models, "passthrough", "3")

    said = AtOnce(tmp_path)("models", "check", models, "--try", "--version", "2", "--json")

    assert said.code == 1
    found = {
        one["rule"]: one
        for one in said.documents
        if one["event"] == "finding" and one["rule"] in ("finite", "load")
    }
    assert found["finite"]["file"] == "passthrough/2/contract.json"
    assert "Task single has no version 2" in found["load"]["problem"]
    assert found["load"]["remedy"].startswith("It has 1.")


def test_a_version_goes_with_a_trial_alone(tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("models", "check", "--version", "2", "--json")

    assert (said.code, said.last["error"]) == (2, "JobError")
    assert "Add --try" in said.last["remedy"]


def golden_case(models: Path, task: str, **fields: Any) -> Path:
    """A golden case of a stand-in, with what is expected of passthrough."""
    source = repository.models_folder() / "passthrough" / "golden" / "plate"
    folder = models / task / "golden" / "plate"
    shutil.copytree(source, folder)
    facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    facts |= {"task": task, **fields}
    (folder / "case.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with reports, and the verdict of each case of good and bad models, by its name."""
    folder = tmp_path_factory.mktemp("tested")
    models = own_models(folder / "models", ["passthrough"])
    stand_in(models, "other", "made = image + np.float32(0.25)")
    golden_case(models, "other")
    stand_in(models, "nan", "made = image * np.float32('nan')")
    golden_case(models, "nan", tolerance=1.0)
    stand_in(models, "fresh", "made = image * 2")
    (golden_case(models, "fresh") / "expected.exr").unlink()
    stand_in(models, "bad", "made = image")
    golden_case(models, "bad", frames=["absent.exr"])
    stand_in(models, "bare", "made = image")
    broken_graph(models)
    golden_case(models, "passthrough")
    said = AtOnce(folder)("models", "test", "--models", models, "--out", "report",
                          "--expect", "--junit", "test.xml", "--json")  # fmt: skip
    assert said.code == 1, said
    cases = [one for one in said.documents if one["event"] == "case"]
    return folder, {one["task"]: one for one in cases}


VERDICTS = {
    "passthrough": ("pass", ""),
    "other": ("fail", "pixels differs by 0.25, and 0 is tolerated; 12,288 of 12,288 samples do"),
    "nan": ("fail", "12,288 of 12,288 samples that are NaN or infinite"),
    "fresh": ("new", "expected.exr was written: look at it"),
    "bad": ("broken", "absent.exr"),
    "bare": ("absent", "It has no golden case"),
    "graph": ("absent", "cannot be used"),
}


@pytest.mark.parametrize("task", VERDICTS)
def test_each_case_has_its_verdict(tested: tuple[Path, dict[str, Any]], task: str) -> None:
    one = tested[1][task]

    assert one["verdict"] == VERDICTS[task][0]
    assert VERDICTS[task][1] in one["problem"]
    assert bool(one["remedy"]) == (one["verdict"] not in ("pass", "new"))


def test_time_and_memory_of_the_models_process_are_said(
    tested: tuple[Path, dict[str, Any]],
) -> None:
    one = tested[1]["passthrough"]

    assert one["seconds"] >= one["model_seconds"] > 0
    assert one["memory"] > 10 << 20


def test_the_page_stands_alone_and_shows_the_difference(
    tested: tuple[Path, dict[str, Any]],
) -> None:
    page = (tested[0] / "report" / "models.html").read_text(encoding="utf-8")

    assert 'src="http' not in page
    assert "<script" not in page
    for words in ("pixels: expected", "pixels: found", "pixels: difference x 4"):
        assert words in page
    assert page.count('src="data:image/png;base64,') >= 3


def test_a_ci_reads_the_same(tested: tuple[Path, dict[str, Any]]) -> None:
    root = ET.parse(tested[0] / "test.xml").getroot()
    data = json.loads((tested[0] / "report" / "models.json").read_text(encoding="utf-8"))

    failed = {str(one.get("name")) for one in root if one.get("failures") != "0"}
    assert failed == {
        f"answerprint.{task}"
        for task, (verdict, _) in VERDICTS.items()
        if verdict not in ("pass", "new")
    }
    assert {one["task"] for one in data["cases"]} == set(VERDICTS)


def test_what_is_answered_becomes_expected_where_nothing_was(
    tested: tuple[Path, dict[str, Any]],
) -> None:
    case = golden.read(tested[0] / "models" / "fresh" / "golden" / "plate")
    asked = exr.read(case.folder / "input.exr").parts[0].channels["pixels.R"]
    held = exr.read(case.truth).parts[0].channels["pixels.R"]

    assert np.array_equal(held, asked.astype(np.float32) * 2)


def test_what_was_expected_stays_where_another_answer_comes(
    tested: tuple[Path, dict[str, Any]],
) -> None:
    ours = repository.models_folder() / "passthrough" / "golden" / "plate" / golden.EXPECTED
    other = tested[0] / "models" / "other" / "golden" / "plate" / golden.EXPECTED

    assert other.read_bytes() == ours.read_bytes()


def test_a_server_that_is_killed_while_a_model_is_asked_is_a_verdict_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    stand_in(models, "killer", "import os\nos.kill(os.getppid(), 9)\nmade = image")
    golden_case(models, "killer")
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    said = Answerprint(tmp_path)(
        "models", "test", "--models", models, "--json", env={"TMPDIR": str(temporary)}
    )

    assert said.code == 1, said
    cases = {one["task"]: one for one in said.documents if one["event"] == "case"}
    assert (cases["killer"]["verdict"], cases["passthrough"]["verdict"]) == ("fail", "absent")
    for one in cases.values():
        assert "The private server is gone" in one["problem"]
        assert "one task at a time" in one["remedy"]
    assert list(temporary.iterdir()) == []
    assert not running_in(temporary)


def test_what_a_command_that_was_killed_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    stand_in(models, "slow", "import time\ntime.sleep(600)\nmade = image")
    for task in ("passthrough", "slow"):
        golden_case(models, task)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    words = ["models", "test", "--models", str(models), "--json"]
    env = {"TMPDIR": str(temporary)}

    with subprocess.Popen(
        Answerprint.argv(*words), stdout=subprocess.PIPE, env={**os.environ, **env}
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()  # passthrough has answered, slow is asked
        first.kill()
    assert len(list(temporary.iterdir())) == 1
    said = Answerprint(tmp_path)(*words, "passthrough", env=env)

    assert said.code == 0, said
    assert list(temporary.iterdir()) == []
    assert not running_in(temporary)


def running_in(folder: Path) -> list[list[str]]:
    """The command lines of processes that name the folder."""
    found = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    return [words for words in found if any(str(folder) in word for word in words)]


def test_junit_holds_whatever_a_model_says() -> None:
    said = "a\x00b <&> \ud800 \x1b[31m"

    document = junit.text("t", [junit.Test("s", said, 1.0, failed=said, said=said)])

    (case,) = ET.fromstring(document).iter("testcase")
    assert case.get("name") == "a?b <&> ? ?[31m"
