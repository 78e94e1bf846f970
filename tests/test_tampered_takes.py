"""A take that was changed as a whole says so: by its manifest, under one signature."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Answerprint
from samples import change, judge, made, plate, save

from answerprint import exr
from answerprint.record import SIGNATURE, STATEMENT
from answerprint.takes import Take
from answerprint.triton import Server


@pytest.fixture(scope="module")
def original(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """Three frames, made once through the real server."""
    folder = tmp_path_factory.mktemp("takes")
    with Server(address) as server:
        return made(server, home, folder / "takes", plate(folder / "plate"))


@pytest.fixture
def take(original: Take, tmp_path: Path) -> Take:
    """A copy to tamper with."""
    folder = tmp_path / "takes" / original.name / original.label
    return Take(Path(shutil.copytree(original.folder, folder)))


def test_a_removed_frame_is_named(take: Take, answerprint: Answerprint, home: Path) -> None:
    take.file(1002).unlink()

    verdict = judge(answerprint, take.folder, home)
    assert verdict.take == "ABSENT"
    assert verdict.frames[take.file(1002).name] == "ABSENT"
    assert "missing" in verdict.why[take.file(1002).name]


@pytest.mark.parametrize("name", ["bg_passthrough_v001.1004.exr", "beauty.exr", "bg.01001.exr"])
def test_an_added_frame_is_named(
    name: str, take: Take, answerprint: Answerprint, home: Path
) -> None:
    """A copy of a genuine frame, so that its own record is right."""
    shutil.copy(take.file(1001), take.folder / name)

    verdict = judge(answerprint, take.folder, home)
    assert (verdict.frames[name], verdict.take) == ("PIXELS_CHANGED", "PIXELS_CHANGED")
    assert "added" in verdict.why[name]


def test_two_exchanged_frames_are_seen(take: Take, answerprint: Answerprint, home: Path) -> None:
    one, other, aside = take.file(1001), take.file(1003), take.folder / "aside"
    one.rename(aside)
    other.rename(one)
    aside.rename(other)

    verdict = judge(answerprint, take.folder, home)
    assert verdict.take == "PIXELS_CHANGED"
    assert list(verdict.frames.values()) == ["PIXELS_CHANGED", "OK", "PIXELS_CHANGED"]


def test_two_exchanged_frames_of_a_still_picture_are_seen(
    server: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """Their pixels are alike; what tells them apart is the statement that the manifest names."""
    path = plate(tmp_path / "still", 1)
    shutil.copy(tmp_path / "still" / "bg.1001.exr", tmp_path / "still" / "bg.1002.exr")
    take = made(server, home, tmp_path / "takes", path)
    first, second = take.file(1001).read_bytes(), take.file(1002).read_bytes()

    take.file(1001).write_bytes(second)
    take.file(1002).write_bytes(first)

    assert judge(answerprint, take.folder, home).take == "PIXELS_CHANGED"


@pytest.mark.parametrize("seed", [1001, 7])
def test_a_genuine_frame_of_another_take_does_not_belong(
    seed: int, take: Take, server: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """Also when it has the very same pixels (seed 1001): another take's record speaks of it."""
    path = plate(tmp_path / "other", 1)
    if seed != 1001:
        change(tmp_path / "other" / "bg.1001.exr", lambda one: one.parts[0].channels["R"].fill(2))
    other = made(server, home, tmp_path / "others", path)

    shutil.copy(other.file(1001), take.file(1001))

    verdict = judge(answerprint, take.folder, home)
    assert verdict.frames[take.file(1001).name] == "PIXELS_CHANGED"
    assert "not the one that the manifest names" in verdict.why[take.file(1001).name]
    assert verdict.take == "PIXELS_CHANGED"


def edit(take: Take, alter: Callable[[dict[str, Any]], Any]) -> None:
    document = take.read("manifest")
    alter(document)
    (take.private / "manifest.json").write_text(json.dumps(document), encoding="utf-8")


def drop_a_frame(document: dict[str, Any]) -> None:
    del document["manifest"]["frames"]["1002"]


def backdate(document: dict[str, Any]) -> None:
    document["manifest"]["created"] = "2001-01-01T00:00:00.000Z"


def scribble(document: dict[str, Any]) -> None:
    document["signature"] = "ed25519:0:garbage"


def unsign(document: dict[str, Any]) -> None:
    document["signature"] = None


@pytest.mark.parametrize("alter", [drop_a_frame, backdate, scribble, unsign])
def test_an_edited_manifest_is_a_bad_signature(
    alter: Callable[[dict[str, Any]], Any], take: Take, answerprint: Answerprint, home: Path
) -> None:
    edit(take, alter)

    verdict = judge(answerprint, take.folder, home)
    assert verdict.take == "BAD_SIGNATURE"
    assert set(verdict.frames.values()) == {"OK"}


DAMAGE = {
    "empty": "",
    "cut off": '{"manifest": {"frames": {',
    "another document": '["manifest"]',
    "a frame that is no number": '{"manifest": {"frames": {"x": {}}}, "signature": ""}',
    "a number beyond JSON's": '{"manifest": {"frames": {}, "n": 1e999}, "signature": ""}',
    "nested": '{"manifest": {"frames": {}, "n": %s}, "signature": ""}' % ("[" * 900 + "]" * 900),
    "nested deeper": "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_manifest_is_a_bad_signature_and_not_a_crash(
    damage: str, take: Take, answerprint: Answerprint, home: Path
) -> None:
    (take.private / "manifest.json").write_text(DAMAGE[damage], encoding="utf-8")

    assert judge(answerprint, take.folder, home).take == "BAD_SIGNATURE"


def test_a_missing_manifest_is_absent(take: Take, answerprint: Answerprint, home: Path) -> None:
    (take.private / "manifest.json").unlink()

    verdict = judge(answerprint, take.folder, home)
    assert verdict.take == "ABSENT"
    assert "incomplete" in verdict.why[take.label]


def test_a_take_under_another_number_is_seen(
    take: Take, answerprint: Answerprint, home: Path
) -> None:
    moved = Take(take.folder.with_name("v007"))
    take.folder.rename(moved.folder)
    for number in (1001, 1002, 1003):
        (moved.folder / take.file(number).name).rename(moved.file(number))

    verdict = judge(answerprint, moved.folder, home)
    assert verdict.take == "BAD_SIGNATURE"
    assert "bg_passthrough/v001" in verdict.why["v007"]


def test_the_worst_take_of_a_folder_decides(
    take: Take, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    other = tmp_path / "takes" / "other"
    shutil.copytree(take.folder, other / "bg_passthrough" / "v001")
    well = answerprint("verify", tmp_path / "takes", "--json")
    change(take.file(1003), lambda one: one.parts[0].header.pop(STATEMENT))

    ill = answerprint("verify", tmp_path / "takes", "--json")

    assert (well.code, ill.code) == (0, 1)
    verdicts = [one["verdict"] for one in ill.documents if one["kind"] == "take"]
    assert sorted(verdicts) == ["ABSENT", "OK"]


def test_another_users_take_is_ok_once_the_studio_believes_the_key(
    address: str, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    path, hers = plate(tmp_path / "plate", 1), tmp_path / "hers"
    run = answerprint(
        "run", "--task", "passthrough", "--plate", path, "--server", address, "--json",
        env={"ANSWERPRINT_HOME": str(hers)},
    )  # fmt: skip
    assert run.code == 0, run
    folder = tmp_path / "takes" / "bg_passthrough" / "v001"
    before = judge(answerprint, folder, home)
    kid = exr.read(Take(folder).file(1001)).attribute(SIGNATURE).split(":")[1]
    studio = tmp_path / "studio" / "keys"
    studio.mkdir(parents=True)
    shutil.copy(hers / "trust" / f"{kid}.pub", studio)
    site = tmp_path / "site.toml"
    site.write_text(f'trust = ["{studio.as_posix()}"]\n', encoding="utf-8")

    after = answerprint("verify", folder, "--json", env={"ANSWERPRINT_SITE": str(site)})

    assert before.take == "UNKNOWN_KEY"
    assert set(before.frames.values()) == {"UNKNOWN_KEY"}
    assert kid in before.why["bg_passthrough_v001.1001.exr"]
    assert (after.code, [one["verdict"] for one in after.documents]) == (0, ["OK", "OK"])


def test_a_frame_signed_with_an_unknown_key_does_not_hide_a_changed_one(
    take: Take, server: Server, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    """The worst frame decides for the take."""
    path = tmp_path / "bg.1001.exr"
    save(path, {"R": np.ones((4, 4), np.float16)})
    stranger = made(server, tmp_path / "stranger", tmp_path / "theirs", path)
    shutil.copy(stranger.file(1001), take.file(1001))
    change(take.file(1002), lambda one: one.parts[0].channels["R"].fill(1))

    verdict = judge(answerprint, take.folder, home)

    assert list(verdict.frames.values()) == ["UNKNOWN_KEY", "PIXELS_CHANGED", "OK"]
    assert verdict.take == "PIXELS_CHANGED"
