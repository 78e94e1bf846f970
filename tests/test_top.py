"""What `server top` and a watch that goes on show: the server as it is, its roll-out, and who asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import watchmen
from rich.console import Console
from samples import AtOnce, own_models, own_server

from answerprint import rollout
from answerprint.cli.server.screen import View, screen
from answerprint.rollout import Rollout
from answerprint_server import embedded, glance
from answerprint_server.clients import Recent
from answerprint_server.glance import Glance, Row

PLAN = Rollout.model_validate(
    {"tasks": {"denoise": {"stable": "3", "candidate": "4", "canary": 10, "mirror": 5}}}
)
LAST = "2026-11-29T11:00:00Z"
ROWS = (
    Row("matte", "1", "ready", answered=7, wait=0.0001, work=0.02),
    Row("denoise", "4", "ready", "candidate, 10 %", 2, 1.5, 3, 1.9, wait=12.0, work=1.25),
    Row("denoise", "3", "ready", "stable", rate=0.5, failing=2, failed=9, answered=1234),
    Row("upscale", "1", "unavailable, Internal: RuntimeError: the weights are gone"),
)


def shown(view: View, width: int = 100, height: int = 30) -> list[str]:
    """The screen's lines."""
    console = Console(width=width, height=height, color_system=None)
    with console.capture() as captured:
        console.print(screen(view, width, height))
    return captured.get().splitlines()


@pytest.fixture
def view(tmp_path: Path) -> View:
    for number in range(9):
        watchmen.leave(
            tmp_path, "denoise", "3", user=f"artist{number}", ended=f"2026-11-29T10:0{number}:00Z"
        )
    watchmen.leave(tmp_path, "denoise", "4", user="nobody", mirrored=True, ended=LAST)
    people = tuple(glance.people(Recent(tmp_path).look(glance.HOUR)))
    held = Glance("render1:8001", "2.51.0", rows=ROWS, people=people, rates=(0.0, 4.0, 2.0))
    job = {
        "total": 48,
        "done": 12,
        "task": "denoise",
        "name": "bg_denoise",
        "take": "v003",
        "state": "running",
        "failures": 1,
    }
    return View(held, PLAN, {"denoise": "11 of 107 frames failed"}, [job])


def test_what_is_broken_stands_first_then_what_works_most(view: View) -> None:
    lines = shown(view)
    models = [line.split()[1:3] for line in lines if line.startswith("●")]

    assert models == [["upscale", "1"], ["denoise", "3"], ["denoise", "4"], ["matte", "1"]]
    assert "the weights are gone" in "\n".join(lines)
    assert "12.0 s" in "\n".join(lines)


def test_roll_out_jobs_and_people_are_shown(view: View) -> None:
    said = "\n".join(shown(view))

    assert "render1:8001  Triton 2.51.0" in said
    assert "stable 3  candidate 4  canary 10 %  mirror 5 %  HALTED: 11 of 107 frames" in said
    assert "12/48  denoise  bg_denoise v003  running  1 failed" in said
    assert "artist8" in said
    assert "nobody" not in said


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60)])
def test_it_fits_into_the_terminal_and_counts_what_does_not(
    width: int, height: int, view: View
) -> None:
    many = tuple(replace(ROWS[0], name=f"model{number}") for number in range(100))
    lines = shown(replace(view, glance=replace(view.glance, rows=many)), width, height)

    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert sum(line.startswith("●") for line in lines) >= 3
    assert any(line.startswith("and ") and line.endswith("models more") for line in lines)


@pytest.mark.parametrize("width", [80, 100])
def test_names_are_cut_where_there_is_no_room_and_numbers_never(width: int, view: View) -> None:
    name, role = "volume_upres_of_the_other_show", "candidate, 12.5 %, mirror 12.5 %"
    row = Row(name, "12", "ready", role, 16, 14.5, 128, 13.9, 0, 3456, 120034, wait=12.3, work=0.25)
    artist = replace(view.glance.people[0], user="a" * 90, frames=120034)
    held = replace(view.glance, rows=(*ROWS, row), people=(artist,))

    lines = shown(replace(view, glance=held), width)

    (said,) = (line for line in lines if "volume" in line)
    (head,) = (line for line in lines if line.startswith("MODEL"))
    numbers = {"12", "13.9/16", "14.5", "128", "3,456", "250"}
    assert numbers | ({"120,034", "12.3"} if width == 100 else set()) <= set(said.split())
    assert {"V", "REQ/S", "QUEUE", "TAKES", "FAILED"} <= set(head.split())
    assert any("aa…" in line and "120,034" in line for line in lines)


def test_a_server_that_went_away_leaves_what_was_known(view: View) -> None:
    lines = shown(replace(view, glance=replace(view.glance, problem="No server answers.")))

    assert lines[0] == "answerprint render1:8001  No server answers."
    assert any("matte" in line for line in lines)


def test_what_others_wrote_gives_the_terminal_no_orders(view: View) -> None:
    order = "\x1b]0;night\x07\nmore\x9b2J"
    artist, row = replace(view.glance.people[0], user=order), replace(ROWS[3], state=order)
    held = replace(view.glance, rows=(row,), people=(artist,))

    lines = shown(replace(view, glance=held, halted={"denoise": order}))

    assert sum("night" in line for line in lines) == 4
    assert all(line.isprintable() for line in lines)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a user whose server is supervised, and whose site has a roll-out."""
    folder = tmp_path_factory.mktemp("top")
    held = folder / "rollout"
    held.mkdir()
    (held / rollout.FILE).write_text('[tasks.passthrough]\nstable = "1"\n', encoding="utf-8")
    watchmen.leave(held, "passthrough", "1", ended=f"{date(2026, 11, 29)}T10:00:00Z")
    site = folder / "site.toml"
    site.write_text(f'rollout = "{held.as_posix()}"\n', encoding="utf-8")
    with own_server(folder / "home", own_models(folder / "models", ["passthrough"])):
        yield {"ANSWERPRINT_HOME": str(folder / "home"), "ANSWERPRINT_SITE": str(site)}


def test_one_look_as_text_and_as_a_document(studio: dict[str, str], tmp_path: Path) -> None:
    text = AtOnce(tmp_path)("server", "top", "--once", env=studio)
    document = AtOnce(tmp_path)("server", "top", "--once", "--json", env=studio).last

    assert text.code == 0
    assert "● passthrough" in text.out
    assert "stable" in text.out
    assert "mira" in text.out
    assert "\x1b" not in text.out
    (row,) = document["rows"]
    assert (row["name"], row["state"], row["role"], row["waiting"]) == (
        "passthrough",
        "ready",
        "stable",
        0,
    )
    assert row["rate"] is not None
    assert [one["user"] for one in document["people"]] == ["mira"]
    assert document["rollout"]["tasks"]["passthrough"]["stable"] == "1"


def test_a_watch_goes_on_while_the_server_dies_and_comes_back(studio: dict[str, str]) -> None:
    words = ["--listen", "127.0.0.1:0", "--every", "0.2", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "answerprint.cli", "server", "watch", *words],
        env={**os.environ, **studio},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        until(told["health"], lambda answer: answer.status_code == 200)
        state = embedded.running(Path(studio["ANSWERPRINT_HOME"]))
        assert state
        os.kill(state.pid, signal.SIGSTOP)  # it brings nothing back before that is seen
        os.kill(state.triton, signal.SIGKILL)
        heard = map(json.loads, process.stdout)  # the model too, where it is asked just then
        assert any(one.get("server") == "away" for one in heard)
        os.kill(state.pid, signal.SIGCONT)

        assert any(one.get("server") == "back" for one in heard)
        until(told["health"], lambda answer: answer.text == "1 model, every instance answers.\n")
        until(
            told["metrics"], lambda answer: "answerprint_server_restarts_total 1.0" in answer.text
        )
        process.terminate()
        assert process.wait(timeout=watchmen.SECONDS) == 130
    finally:
        process.kill()
        process.wait()


def until(url: str, fits: Callable[[Any], bool]) -> None:
    watchmen.eventually(lambda: fits(requests.get(url, timeout=30)), url)
