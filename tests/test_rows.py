"""The list of takes: what each is, of which plate, as large as what, and where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import carried_out, claimed, made, plate

from answerprint import begin, cli, job, preflight, row, takes
from answerprint.site import Site
from answerprint.takes import Take
from answerprint.triton import Server

Row = dict[str, Any]


def listed(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[Row]:
    """What 'answerprint takes FOLDER --json' prints."""
    cli.main(["takes", str(folder), *words, "--json"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def placed(server: Server, home: Path, path: Path, out: Row, **fields: Any) -> Take:
    """A complete take of passthrough at a place of its own."""
    asked = job.make({"task": "passthrough", "plate": str(path), "out": out, **fields})
    take = begin.claim(preflight.resolve(asked, server, Site()))
    carried_out(server, take, home)
    return take


def named(rows: list[Row]) -> list[str]:
    return [f"{one['name']} {one['take']}" for one in rows]


def test_a_take_says_what_it_is(
    server: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plate(tmp_path / "plates")
    out = {"root": str(tmp_path / "out"), "show": "nightfall", "shot": "sh0120", "name": "bg"}
    take = placed(server, home, path, out, node="Read3", frames="1001,1003")

    said = listed(tmp_path / "out", capsys)[0]

    assert said["path"] == (tmp_path / "out/nightfall/sh0120/bg/v001").as_posix()
    assert said["uuid"] == take.read("claim")["uuid"]
    assert (said["root"], said["stream"]) == ((tmp_path / "out").as_posix(), "nightfall/sh0120/bg")
    assert (said["task"], said["title"], said["version"]) == ("passthrough", "Passthrough", "1")
    assert said["model"]
    assert said["model_version"]
    assert said["pattern"] == take.pattern()
    assert (said["first"], said["last"], said["count"]) == (1001, 1003, 2)
    assert (said["width"], said["height"]) == (32, 24)
    assert (said["node"], said["plate"]) == ("Read3", path.as_posix())
    assert (said["views"], said["variations"], said["data"]) == ([], 0, False)
    assert said["seconds"] > 0
    assert (said["approved"], said["review"], said["reason"]) == (False, None, "")
    assert (said["latest"], said["standing"], said["word"]) == (True, "latest", "Latest")


def test_each_looks_at_all_of_its_stream(
    server: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = plate(tmp_path / "plates", 1), tmp_path / "out"
    old = made(server, home, out, path)
    made(server, home, out, path)
    claimed(server, out, path)

    rows = listed(out, capsys)

    assert [one["word"] for one in rows] == ["Not finished", "Latest", "Outdated, see v002"]
    assert [one["latest"] for one in rows] == [False, True, False]
    assert rows[0]["seconds"] is rows[0]["width"] is rows[0]["first"] is None
    assert listed(old.folder, capsys)[0]["word"] == "Outdated, see v002"


def test_a_result_alone_of_a_task_that_makes_numbers_is_no_colour(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plates", 1)
    take = made(server, home, tmp_path / "out", path, result={"layers": "only"})

    assert row.rows([take], Site())[0]["data"]


def test_of_a_wedge_the_first_variation_is_what_can_be_read(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plates", 1)
    take = made(
        server, home, tmp_path / "out", path, task="denoise", wedge={"strength": "0.2,0.9"}
    )  # fmt: skip

    said = row.rows([take], Site())[0]

    assert (said["variations"], said["count"], said["colour"]) == (2, 1, "ACEScg")
    assert Path(said["pattern"].replace("####", "1001")).is_file()


def test_the_list_is_cut_to_a_plate_a_task_and_a_stream(
    server: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other, out = plate(tmp_path / "a", 1), plate(tmp_path / "b", 1), tmp_path / "out"
    placed(server, home, one, {"root": str(out), "name": "first"})
    placed(server, home, other, {"root": str(out), "show": "s", "name": "second"})

    for spelled in (one, tmp_path / "b" / ".." / "a" / "bg.%04d.exr", tmp_path / "a" / "bg.#.exr"):
        assert named(listed(out, capsys, "--plate", str(spelled))) == ["first v001"]
    assert named(listed(out, capsys, "--stream", "s/second")) == ["second v001"]
    assert len(listed(out, capsys, "--task", "passthrough")) == 2
    assert not listed(out, capsys, "--task", "denoise")
    cli.main(["takes", str(out), "--task", "denoise"])
    assert "There are no such takes below" in capsys.readouterr().out


def test_a_take_whose_job_is_damaged_is_listed_with_what_is_wrong(
    server: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    take = made(server, home, out, plate(tmp_path / "plates", 1))
    (take.private / "job.json").write_text('{"resolved": {"job": 7}}')

    said = listed(out, capsys)[0]

    assert "job.json" not in said["path"]
    assert take.folder.as_posix() in said["problem"]
    assert (said["task"], said["plate"], said["data"]) == (None, None, False)
    assert (said["stream"], said["root"]) == (take.name, out.as_posix())
    assert not listed(out, capsys, "--plate", "bg.####.exr")


def test_a_take_of_something_that_is_no_plate_hides_no_other(
    server: Server, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, path = tmp_path / "out", plate(tmp_path / "plates", 1)
    take = made(server, home, out, path)
    document = json.loads((take.private / "job.json").read_text())
    for one in document["resolved"]["inputs"].values():
        one["path"] = "a####b####.exr"
    (take.private / "job.json").write_text(json.dumps(document))
    made(server, home, out, path)

    assert [one["take"] for one in listed(out, capsys, "--plate", str(path))] == ["v002"]


def test_frames_are_those_with_the_takes_own_names(tmp_path: Path) -> None:
    take = takes.claim(tmp_path / "bg")
    ours = ["1002", "-0001", "1001"]
    others = ["01001", "01002", "x", "1004.exr.part"]
    for name in [*(f"bg_v001.{one}.exr" for one in [*ours, *others]), "bg_v0011.1002.exr"]:
        (take.folder / name).touch()

    assert list(take.frames()) == [-1, 1001, 1002]
    assert not Take(tmp_path / "bg" / "v002").frames()
