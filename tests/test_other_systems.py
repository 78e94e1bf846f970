"""A project that another system wrote: its jobs run here, its takes are resumed, rerun and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import claimed, made, plate

from answerprint import cli
from answerprint.takes import Take
from answerprint.triton import Server

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(address: str, capsys: pytest.CaptureFixture[str]) -> Ask:
    """A verb's documents."""

    def asked(*words: object) -> list[dict[str, Any]]:
        capsys.readouterr()
        code = cli.main([*map(str, words), "--json"])
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert code == 0, said
        return said

    return asked


@pytest.fixture
def moved(server: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a complete take and a claimed one, and on Linux it lies somewhere else now.

    So every path in it is one of another system: /there, or P:, for what is /here.
    """
    there, here = tmp_path / "there", tmp_path / "here"
    path = plate(there / "plates", 2)
    made(server, home, there / "takes", path)
    claimed(server, there / "takes", path)
    there.rename(here)
    site = tmp_path / "site.toml"
    site.write_text(f'[[mappings]]\nlinux = "{here}"\nmacos = "{there}"\nwindows = "P:/project"\n')
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    return here


def test_a_take_is_resumed_shown_and_run_again(moved: Path, address: str, ask: Ask) -> None:
    stream = moved / "takes" / "bg_passthrough"

    assert ask("run", "--resume", stream / "v002", "--server", address)[-1]["state"] == "complete"
    again = ask("rerun", stream / "v001", "--server", address)[-1]
    alone = ask("rerun", stream / "v001" / "bg_passthrough_v001.1002.exr", "--server", address)[-1]
    lineage = ask("show", stream / "v001")[-1]["lineage"]

    assert [one["answer"] for one in (again, alone)] == ["identical", "identical"]
    assert Path(again["take"]) == stream / "v003"
    assert "(not there any more)" not in lineage[1]["said"]


def test_a_list_and_a_thumbnail_find_the_plate(moved: Path, ask: Ask) -> None:
    path = (moved / "plates" / "bg.####.exr").as_posix()

    listed = ask("takes", r"P:\project\takes", "--plate", r"p:\project\plates\bg.%04d.exr")
    drawn = ask("thumbnail", moved / "takes" / "bg_passthrough" / "v001")[0]

    assert [(one["take"], one["plate"]) for one in listed] == [("v002", path), ("v001", path)]
    assert drawn["plate"]
    assert not drawn["notes"]


def test_a_job_in_anothers_spelling_runs_here(moved: Path, address: str, ask: Ask) -> None:
    asked = {
        "task": "passthrough",
        "plate": r"P:\project\plates\bg.%04d.exr",
        "out": {"root": "P:\\project\\takes", "name": "windows"},
    }

    ask("run", "--document", json.dumps(asked), "--server", address)

    take = Take(moved / "takes" / "windows" / "v001")
    assert take.state() == "complete"
    begun = take.read("job")["resolved"]
    assert begun["inputs"]["pixels"]["path"] == (moved / "plates" / "bg.####.exr").as_posix()


def test_without_a_mapping_a_path_of_windows_is_said_to_be_one(
    home: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(
        ["run", "--task", "passthrough", "--plate", r"Q:\a\bg.####.exr", "--server", address]
    )

    assert code == 3
    assert "It is spelled as on Windows: a site's 'mappings' say" in capsys.readouterr().err
