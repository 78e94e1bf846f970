"""What --help shows can be typed as it stands; what `tasks` lists is all an artist has to know."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from samples import AtOnce

from answerprint import cli
from answerprint.cli import words as within
from answerprint_server import embedded, repository


def examples(verb: str) -> list[list[str]]:
    """The words of each example in a verb's help, without the remark behind it."""
    lines = re.findall(r"^  answerprint (.*)$", cli.verb(verb).__doc__ or "", re.MULTILINE)
    return [shlex.split(re.split(r"\s{3,}", line)[0]) for line in lines]


EXAMPLES = [words for verb in sorted(cli.VERBS) for words in examples(verb)]
WITHIN = [(verb, words) for verb in within.WITHIN for words in examples(verb)]


@pytest.mark.parametrize("words", EXAMPLES, ids=" ".join)
def test_an_example_can_be_typed_as_it_stands(words: list[str]) -> None:
    assert cli.parser().parse_args(words).verb == words[0]


@pytest.mark.parametrize(("verb", "words"), WITHIN, ids=[" ".join(words) for _, words in WITHIN])
def test_so_can_one_of_a_verb_within_another(verb: str, words: list[str]) -> None:
    own = verb.split()

    assert words[: len(own)] == own
    assert cli.parser([verb]).parse_args([verb, *words[len(own) :]]).verb == verb


RUNS = [words for words in examples("run") if "--resume" not in words]


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_an_example_of_a_run_is_a_whole_request(words: list[str], tmp_path: Path) -> None:
    """Nothing is wrong with it but that no server is there to carry it out."""
    job = {"task": "denoise", "plate": "bg.####.exr"}
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
    nowhere = f"127.0.0.1:{embedded.free_ports(1)[0]}"

    said = AtOnce(tmp_path)(*words, "--server", nowhere, "--json")

    assert said.last["problem"] == f"No server answers at {nowhere}."


@pytest.mark.parametrize("verb", ["promote", "sheet", "show", "run"])
def test_an_example_with_a_take_says_that_there_is_none_here(verb: str, tmp_path: Path) -> None:
    words = next(words for words in examples(verb) if any("takes/" in word for word in words))

    said = AtOnce(tmp_path)(*words, "--json")

    assert "There is no take at takes/bg_denoise/v00" in said.last["problem"]


@pytest.fixture
def listed(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Task -> its lines in `answerprint tasks`."""
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    said = AtOnce(tmp_path)("tasks")
    assert said.code == 0, said
    found: dict[str, list[str]] = {}
    for line in said.out.splitlines():
        if not line.startswith(" "):
            found[line.partition(":")[0]] = []
        found[next(reversed(found))].append(line)
    return found


COLOR = "rgba or rgb or beauty or combined or C"
ALBEDO = "albedo or diffuse_albedo or denoising albedo or VRayDiffuseFilter"
MODELS = repository.models_folder()
UPSCALE = MODELS / "upscale" / "contract.json"
CUT = json.loads(UPSCALE.read_text(encoding="utf-8"))["cut"]
SENTENCES = {
    "denoise": [
        f"  input       color: layer {COLOR}",
        f"  input       albedo: layer {ALBEDO}, may be absent",
        "  input       normal: layer normal or normals or N or denoising normal, may be absent",
        "  parameter   strength: a number from 0 to 1; default 1.0, can be animated",
        "  parameter   prefilter: on or off; default on",
    ],
    "embed": [f"  input       color: layer {COLOR}, seen as an sRGB picture"],
    "heightfield_upres": [
        "  input       height: grid height",
    ],
    "matte": [
        f"  input       color: layer {COLOR}, seen as an sRGB picture",
        "  parameter   model: one of selfie, isnet; default selfie",
    ],
    "passthrough": ["  input       pixels: layer rgba or rgb or beauty"],
    "point_normals": [
        "  input       P: attribute P",
        "  parameter   neighbours: a whole number from 4 to 64; default 16",
    ],
    "retime": [
        f"  input       guide: layer {COLOR}, seen as an sRGB picture",
        "  input       plate: from where guide comes",
        "  time        between frames: needs --speed or --time",
        "  parameter   flow: on or off; default off",
    ],
    "upscale": [
        f"  input       color: layer {COLOR}, seen as an sRGB picture with room for -0.5 to 1000",
        "  input       alpha: from where color comes, may be absent",
        f"  tiles       of {CUT['tile']} pixels and {CUT['context']} around, where the frame is larger",
    ],
    "volume_upres": [
        "  input       grid: grid density or smoke or temperature or heat or fuel or flame or burn",
    ],
}


@pytest.mark.parametrize("task", SENTENCES)
def test_a_task_says_what_it_takes_and_how_it_goes_about_it(
    task: str, listed: dict[str, list[str]]
) -> None:
    assert listed.keys() == SENTENCES.keys()
    assert [line for line in SENTENCES[task] if line not in listed[task]] == []
    named = [line for line in listed[task] if re.match(r"  (time|tiles) ", line)]
    assert named == [line for line in SENTENCES[task] if re.match(r"  (time|tiles) ", line)]


@pytest.mark.parametrize("task", SENTENCES)
def test_every_warning_and_every_help_is_printed(
    task: str, listed: dict[str, list[str]], tmp_path: Path
) -> None:
    contract = AtOnce(tmp_path)("tasks", task, "--json").last["contract"]
    said = "\n".join(listed[task])

    assert contract["purpose"] in said
    assert f"weights {contract['licence']['weights']}" in said
    for one in contract["parameters"]:
        assert one["help"] in said
        for choice, words in one["warn"].items():
            assert f"              {choice}: {words}" in listed[task]


def test_the_choices_that_invent_or_may_not_be_free_are_those_with_a_warning(
    listed: dict[str, list[str]],
) -> None:
    contracts = [path.read_text(encoding="utf-8") for path in MODELS.glob("[!_]*/contract.json")]
    helps = {one["help"] for text in contracts for one in json.loads(text)["parameters"]}
    warned = {
        task: [
            line.split(":")[0].strip()
            for line in lines
            if re.match(r" {14}[\w-]+: ", line) and line.strip() not in helps
        ]
        for task, lines in listed.items()
    }

    assert {task: choices for task, choices in warned.items() if choices} == {
        "matte": ["isnet"],
        "upscale": ["sharp-2x", "sharp-3x", "sharp-4x"],
    }
