"""What a run would refuse is refused by its plan, in the same words; no path is a fault of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, plate

from answerprint import signing


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def both(answerprint: AtOnce, document: dict[str, Any]) -> dict[str, Any]:
    """What a plan and a run refuse alike: the error, of which there is one."""
    text = json.dumps(document)
    plan, run = (answerprint(verb, "--document", text, "--json") for verb in ("plan", "run"))
    assert plan.code == run.code != 0, (plan, run)
    assert plan.documents == run.documents, (plan, run)
    assert len(plan.documents) == 1
    return plan.last


@pytest.fixture
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user who has no key yet; it is not there."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_where_nothing_can_be_written_the_plan_says_so_as_the_run_does(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 1)
    (tmp_path / "file").touch()

    said = both(answerprint, {"task": "passthrough", "plate": str(path), "out": {"root": "file/x"}})

    assert said["error"] == "TakeError"
    assert said["problem"].endswith("/file/x/bg_passthrough cannot be written: Not a directory.")


def test_a_root_of_another_system_is_no_folder_below_the_current_one(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 1)
    out = {"root": r"P:\takes"}

    said = both(answerprint, {"task": "passthrough", "plate": str(path), "out": out})

    assert said["error"] == "JobError"
    assert said["problem"] == r"The output folder P:\takes is spelled as on Windows."
    assert "'mappings'" in said["remedy"]
    assert [one.name for one in tmp_path.iterdir()] == ["plate"]


def test_a_mapped_root_of_another_system_is_a_folder_here(
    answerprint: AtOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'[[mappings]]\nlinux = "{tmp_path}"\nwindows = "P:/"\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    path = plate(tmp_path / "plate", 1)

    document = {"task": "passthrough", "plate": str(path), "out": {"root": r"P:\takes"}}

    found = answerprint("plan", "--document", json.dumps(document), "--json").last

    assert found["root"] == (tmp_path / "takes").as_posix()


# ── keys ─────────────────────────────────────────────────────────────────────────────────────


def test_a_key_that_others_may_read_is_said_by_the_plan_as_by_the_run(
    answerprint: AtOnce, tmp_path: Path, own_keys: Path
) -> None:
    signing.own_signer(own_keys)
    (own_keys / "keys" / "ed25519.key").chmod(0o644)

    said = both(answerprint, {"task": "passthrough", "plate": str(plate(tmp_path / "plate", 1))})

    assert said["error"] == "SigningError"
    assert said["remedy"].startswith("Run: chmod 600 ")


def test_a_trust_store_that_is_damaged_costs_no_number(
    answerprint: AtOnce, tmp_path: Path, own_keys: Path
) -> None:
    (own_keys / "trust").mkdir(parents=True)
    (own_keys / "trust" / "studio.pub").write_text("no key", encoding="utf-8")

    said = both(answerprint, {"task": "passthrough", "plate": str(plate(tmp_path / "plate", 1))})

    assert said["error"] == "SigningError"
    assert not (tmp_path / "takes").exists()


def test_a_plan_makes_no_key(answerprint: AtOnce, tmp_path: Path, own_keys: Path) -> None:
    path = str(plate(tmp_path / "plate", 1))
    document = json.dumps({"task": "passthrough", "plate": path})

    assert answerprint("plan", "--document", document, "--json").code == 0
    assert not (own_keys / "keys").exists()


def test_a_key_that_could_not_be_made_is_said_by_the_plan(
    answerprint: AtOnce, tmp_path: Path, own_keys: Path
) -> None:
    own_keys.touch()

    said = both(answerprint, {"task": "passthrough", "plate": str(plate(tmp_path / "plate", 1))})

    assert (said["error"], "Not a directory" in said["problem"]) == ("SigningError", True)


# ── what can be no path ──────────────────────────────────────────────────────────────────────


LONG, DEEP = "x" * 400, "/".join(["y" * 200] * 30)
NO_PATHS: dict[str, tuple[dict[str, Any], str]] = {
    "zero byte in the root": ({"out": {"root": "a\0b"}}, "out.root: no path holds a zero byte"),
    "zero byte in the plate": ({"plate": "a\0b.exr"}, "plate: no path holds a zero byte"),
    "zero byte in an input": (
        {"inputs": {"pixels": {"path": "a\0b.exr"}}},
        "inputs.pixels.path: no path holds a zero byte",
    ),
    "zero byte in a configuration": (
        {"colour": {"config": "\0"}},
        "colour.config: no path holds a zero byte",
    ),
    "long root": ({"out": {"root": LONG}}, "cannot be written: File name too long"),
    "long root and a number": ({"out": {"root": LONG, "take": 3}}, "File name too long"),
    "deep root": ({"out": {"root": DEEP}}, "out.root: a path has at most 4,096 letters"),
    "long name": ({"out": {"name": LONG}}, "out.name: string should match pattern"),
    "long plate": ({"plate": f"/{LONG}/a.exr"}, "cannot be read: File name too long"),
    "long name of a plate": ({"plate": f"{LONG}.####.exr"}, "There is no file "),
    "deep plate": ({"plate": f"{DEEP}/a.exr"}, "plate: a path has at most 4,096 letters"),
    "long plate with views": ({"plate": f"{LONG}/%V/a.exr"}, "On disk: none that can be told."),
}


@pytest.mark.parametrize("which", NO_PATHS)
def test_what_can_be_no_path_is_said_in_words(
    which: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    fields, words = NO_PATHS[which]
    path = str(plate(tmp_path / "plate", 1))

    said = both(answerprint, {"task": "passthrough", "plate": path, **fields})

    assert words in f"{said['problem']} {said['remedy']}"


PATHS = {"zero byte": "a\0b", "long": f"{LONG}/a.exr", "deep": f"{DEEP}/a.exr"}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize(
    "words", [["plan"], ["inspect"], ["run", "--resume"], ["takes"], ["thumbnail"]], ids=" ".join
)
def test_a_path_on_the_command_line_that_can_be_none_is_no_fault_of_ours(
    words: list[str], path: str, answerprint: AtOnce
) -> None:
    said = answerprint(*words, path, "--json")

    assert said.code in (2, 3, 5), said
    assert said.last["error"] in ("JobError", "SourceError", "TakeError")
