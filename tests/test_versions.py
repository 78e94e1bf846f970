"""A node finds the takes of its stream again: older, newer, latest, also after the project moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from samples import claimed, made, plate

from answerprint import cli
from answerprint.errors import JobError, TakeError
from answerprint.mapping import Mapping
from answerprint.site import Site
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint.versions import Remembered, Versions, versions

STREAM = "bg_passthrough"


@pytest.fixture(scope="module")
def project(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """project/takes/bg_passthrough of two takes that are complete, and one that is only claimed."""
    folder = tmp_path_factory.mktemp("versions")
    path, out = plate(folder / "plates", 1), folder / "project" / "takes"
    with Server(address) as server:
        for _ in range(2):
            made(server, home, out, path)
        claimed(server, out, path)
    return folder / "project"


@pytest.fixture
def first(project: Path, tmp_path: Path) -> Take:
    """v001 of a copy of the project."""
    shutil.copytree(project, tmp_path / "project")
    return Take(tmp_path / "project" / "takes" / STREAM / "v001")


def uuid(take: Take) -> str:
    return str(take.read("claim")["uuid"])


def labels(found: Versions) -> list[str]:
    return [one["take"] for one in found.rows]


@pytest.mark.parametrize(
    "below", ["", "bg_passthrough_v001.1001.exr", "bg_passthrough_v001.####.exr"]
)
def test_all_takes_of_a_stream_newest_first(first: Take, below: str) -> None:
    found = versions(Remembered(first.folder / below), Site())
    said = found.as_json()

    assert labels(found) == ["v003", "v002", "v001"]
    assert (said["take"], said["latest"], said["latest_approved"]) == ("v001", "v002", None)
    assert (found.root, found.stream) == (first.folder.parents[1], STREAM)
    assert [one["word"] for one in said["takes"]][1:] == ["Latest", "Outdated, see v002"]


def test_a_stream_itself_means_none_of_its_takes(first: Take) -> None:
    assert versions(Remembered(first.folder.parent), Site()).take is None
    assert versions(Remembered(root=first.folder.parents[1], stream=STREAM), Site()).take is None


def test_the_uuid_says_which_take_is_meant_whatever_the_path(first: Take) -> None:
    known = Remembered(first.folder.with_name("v002"), uuid=uuid(first))

    assert versions(known, Site()).take == "v001"


def test_a_take_that_is_gone_leaves_its_stream(first: Take) -> None:
    shutil.rmtree(first.folder)

    found = versions(Remembered(first.folder, uuid="0" * 32), Site())

    assert (found.take, labels(found)) == (None, ["v003", "v002"])


@pytest.mark.parametrize("script", ["comp.nk", "nuke/comp.nk", "a/b/c/comp.nk"])
def test_a_project_that_moved_is_found_from_its_script(
    first: Take, tmp_path: Path, script: str
) -> None:
    known = Remembered(first.folder, first.folder.parents[1], STREAM, uuid(first))
    moved = tmp_path / "elsewhere"
    (tmp_path / "project").rename(moved)

    found = versions(Remembered(**{**vars(known), "script": moved / script}), Site())

    assert (found.root, found.take) == (moved / "takes", "v001")


def test_a_root_that_moved_is_found_by_the_site(first: Take, tmp_path: Path) -> None:
    known = Remembered(first.folder, first.folder.parents[1], STREAM, uuid(first))
    first.folder.parents[1].rename(tmp_path / "share")

    assert versions(known, Site(root=tmp_path / "share")).take == "v001"
    with pytest.raises(TakeError, match="are not there any more"):
        versions(known, Site())


def test_takes_of_the_same_name_are_not_taken_for_it(first: Take, tmp_path: Path) -> None:
    known = Remembered(tmp_path / "old" / STREAM / "v001", tmp_path / "old", STREAM, "0" * 32)
    beside = Remembered(**{**vars(known), "script": tmp_path / "project" / "comp.nk"})

    with pytest.raises(TakeError, match="none of them is this one") as caught:
        versions(beside, Site())

    assert (tmp_path / "old" / STREAM).as_posix() in caught.value.remedy
    assert (tmp_path / "project" / "takes" / STREAM).as_posix() in caught.value.remedy
    assert versions(Remembered(**{**vars(beside), "uuid": ""}), Site()).take == "v001"


def test_a_node_of_another_system_finds_its_takes(
    first: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Mapping(linux=tmp_path.as_posix(), macos=tmp_path.as_posix(), windows="P:/")
    lines = [f'{name} = "{path}"' for name, path in folder.model_dump().items()]
    (tmp_path / "site.toml").write_text("\n".join(["[[mappings]]", *lines]))
    monkeypatch.setenv("ANSWERPRINT_SITE", str(tmp_path / "site.toml"))
    asked = ["--root", r"P:\project\takes", "--stream", STREAM, "--uuid", uuid(first)]

    assert cli.main(["versions", *asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert cli.main(["versions", r"p:\project\takes\bg_passthrough\v001"]) == 0

    assert (said["root"], said["take"]) == (first.folder.parents[1].as_posix(), "v001")
    assert "* v001  Outdated, see v002" in capsys.readouterr().out


@pytest.mark.parametrize("stream", ["../x", "/x", "a\\b"])
def test_a_stream_stays_below_its_root(stream: str) -> None:
    with pytest.raises(JobError, match="is no stream"):
        versions(Remembered(root=Path("/takes"), stream=stream), Site())


def test_nothing_to_go_by_and_nowhere_to_go_are_said(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="nothing to find a take by"):
        versions(Remembered(root=tmp_path), Site())
    with pytest.raises(JobError, match="nothing to find a take by"):
        versions(Remembered(uuid="0"), Site())
    with pytest.raises(TakeError, match="are not there any more") as caught:
        versions(Remembered(tmp_path / "a" / "v001"), Site())
    assert f"Looked in {(tmp_path / 'a').as_posix()}." in caught.value.remedy


def test_takes_outside_the_allowed_folders_are_not_listed(first: Take, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="outside the allowed folders"):
        versions(Remembered(first.folder), Site(roots=(tmp_path / "plates",)))
