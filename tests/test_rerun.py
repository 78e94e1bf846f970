"""Making a take again: with all that was open then decided as it was, colour too."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Said
from samples import AtOnce, claims, plate, reads

from answerprint import again
from answerprint.site import Site
from answerprint.takes import Take
from answerprint.triton import Server

# Scene-linear is ACES2065-1 here, where the built-in configuration has ACEScg
CONFIG = """ocio_profile_version: 2.1
roles: {default: house, scene_linear: house, aces_interchange: house}
colorspaces:
  - !<ColorSpace> {name: house, encoding: scene-linear}
"""
UPSCALE = ("run", "--task", "upscale", "--set", "method=faithful-2x", "--name", "t", "--json")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "house.ocio"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def take(
    answerprint: AtOnce, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Take:
    """Made while $OCIO named the house's configuration; the job says nothing of colour."""
    with monkeypatch.context() as then:
        then.setenv("OCIO", str(config))
        said = answerprint(*UPSCALE, "--plate", plate(tmp_path / "plate", 1))
    assert said.code == 0, said
    return Take(tmp_path / "takes" / "t" / "v001")


def made_again(answerprint: AtOnce, path: Path) -> Said:
    said = answerprint("rerun", path, "--json")
    assert said.code == 0, said
    return said


def test_a_take_is_made_again_in_its_own_colours_whatever_is_configured_now(
    answerprint: AtOnce, take: Take, config: Path
) -> None:
    said = made_again(answerprint, take.folder)

    assert (said.last["answer"], said.last["same_colour"]) == ("identical", True)
    found = Take(Path(said.last["take"])).read("job")["resolved"]["colour"]
    assert (found["space"], found["config"]) == ("house", config.as_posix())
    assert found["source"] == "said by v001"


def test_a_frame_alone_is_made_again_in_its_own_colours(answerprint: AtOnce, take: Take) -> None:
    alone = answerprint.folder / "alone.exr"
    take.file(1001).rename(alone)

    said = made_again(answerprint, alone)

    assert (said.last["answer"], said.last["same_colour"]) == ("identical", True)


def test_another_configuration_under_the_same_name_is_said(
    answerprint: AtOnce, take: Take, config: Path
) -> None:
    config.write_text(f"{CONFIG}\n# tidied up\n", encoding="utf-8")

    document = made_again(answerprint, take.folder).last
    text = answerprint("rerun", take.folder).out.splitlines()[-1]

    assert (document["same_colour"], document["same_model"]) == (False, True)
    assert text == (
        "identical: v001 and v003, 1 of 1 frame the same in every sample. "
        "The colour configuration is another one than then."
    )


def test_a_configuration_that_is_gone_is_asked_for_before_a_number_is_taken(
    answerprint: AtOnce, take: Take, config: Path
) -> None:
    config.unlink()
    before = claims(answerprint.folder)

    said = answerprint("rerun", take.folder, "--json")

    assert (said.code, said.last["error"]) == (7, "SetupError")
    assert config.as_posix() in said.last["problem"]
    assert "bring it back" in said.last["remedy"]
    assert claims(answerprint.folder) == before


def test_each_frame_of_the_plate_is_looked_at_once_for_all_variations(
    answerprint: AtOnce, tmp_path: Path, address: str
) -> None:
    path = plate(tmp_path / "plate", 2)
    words = ("--task", "denoise", "--set", "quality=fast", "--wedge", "strength=0.2,0.6,1")
    assert answerprint("run", *words, "--plate", path, "--name", "w", "--json").code == 0

    with Server(address) as server, reads() as count:
        again.again(tmp_path / "takes" / "w" / "v001", None, server, Site())

        assert [count(path.with_name(f"bg.{number}.exr")) for number in (1001, 1002)] == [1, 1]
