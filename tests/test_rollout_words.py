"""A roll-out from the command line: decided on what a server really holds, seen, and in force at once."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command import Said
from samples import AtOnce, plate

from answerprint import guard, ledger, outcome, rollout, takes
from answerprint.cli import changes
from answerprint.errors import JobError
from answerprint.outcome import Outcome
from answerprint.takes import Take

WHY = "looked at it together with Ann"


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plate(tmp_path_factory.mktemp("plates"), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rollout"
    made.mkdir()
    return made


@pytest.fixture
def answerprint(
    versions: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AtOnce:
    """Of a site with that folder, and a server with two versions of passthrough."""
    site = tmp_path / "site.toml"
    lines = [f'rollout = "{folder.as_posix()}"', f'server = "{versions}"', 'root = "takes"']
    site.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    return AtOnce(tmp_path)


def done(answerprint: AtOnce, *words: str, why: str = WHY) -> Said:
    said = answerprint("models", *words, "--why", why)
    assert said.code == 0, said
    return said


def refused(answerprint: AtOnce, *words: str, why: str = WHY) -> dict[str, Any]:
    said = answerprint("models", *words, "--why", why, "--json")
    assert said.code != 0, said
    assert len(said.documents) == 1, said
    return said.last


def of(folder: Path) -> rollout.Task:
    return rollout.read(folder / rollout.FILE).tasks["passthrough"]


def status(answerprint: AtOnce, *words: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit code, what concerns all tasks, and the one task there is."""
    said = answerprint("models", "status", "--json", *words)
    head, task = said.documents[-2:]
    return said.code, head, task


def test_a_roll_out_begins_with_what_the_server_holds(answerprint: AtOnce, folder: Path) -> None:
    before = answerprint("models", "status")
    said = done(answerprint, "promote", "passthrough", "1")

    assert "every job gets the newest version" in before.out
    assert before.code == 0
    assert said.out.startswith("entry 1: ")
    assert "promote passthrough: stable none -> 1, versions.1 none -> " in said.out
    assert set(of(folder).versions) == {"1"}
    assert answerprint("models", "log", "--check").code == 0


def test_a_version_that_the_server_lacks_is_refused_with_what_there_is(
    answerprint: AtOnce, folder: Path
) -> None:
    said = refused(answerprint, "promote", "passthrough", "7")

    assert said["error"] == "NoSuchTask"
    assert "no version 7 of passthrough that works." in said["problem"]
    assert said["remedy"].startswith("It has 1, 2.")
    assert list(folder.iterdir()) == []


def test_a_server_whose_model_was_changed_in_place_is_told_loudly(
    answerprint: AtOnce, folder: Path
) -> None:
    done(answerprint, "promote", "passthrough", "1")
    file = folder / rollout.FILE
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(of(folder).versions["1"], "f" * 64), encoding="utf-8")

    said = refused(answerprint, "pin", "passthrough", "night", "1")
    code, _, seen = status(answerprint)

    assert said["error"] == "ModelReplaced"
    assert "it was changed in place" in said["problem"]
    assert code == 1
    assert list(seen["versions"][0]["servers"].values()) == ["other model"]


def test_a_roll_out_from_first_look_to_last_and_back(answerprint: AtOnce, folder: Path) -> None:
    done(answerprint, "promote", "passthrough", "1")
    done(answerprint, "mirror", "passthrough", "5%", "--candidate", "2")
    done(answerprint, "canary", "passthrough", "10", "%")
    done(answerprint, "pin", "passthrough", "night", "stable")
    done(answerprint, "alias", "passthrough", "crisp", "2")
    shared = of(folder)
    done(answerprint, "promote", "passthrough")
    promoted = of(folder)
    said = answerprint("models", "rollback", "passthrough", "--server", "h:1")
    back = answerprint("models", "rollback", "passthrough")

    assert (shared.candidate, shared.canary, shared.mirror) == ("2", 10, 5)
    assert (promoted.stable, promoted.canary, promoted.mirror) == ("2", 0, 0)
    assert said.code == 2  # no server is asked: there is no such word
    assert "stable 2 -> 1" in back.out
    assert of(folder).stable == "1"
    code, head, seen = status(answerprint)
    assert code == 0
    assert (head["entry"], head["note"], head["silent"]) == (7, "", {})
    assert [one["is"] for one in seen["versions"]] == [
        ["stable", "previous", "pin of night"],
        ["crisp"],
    ]
    assert {state for one in seen["versions"] for state in one["servers"].values()} == {"ready"}


def test_who_decided_on_an_older_file_is_told_who_was_faster(
    answerprint: AtOnce, folder: Path
) -> None:
    done(answerprint, "promote", "passthrough", "1")
    _, head, _ = status(answerprint)
    done(answerprint, "pin", "passthrough", "night", "1")

    late = refused(
        answerprint, "alias", "passthrough", "crisp", "2", "--seen", str(head["rollout"])
    )

    assert late["error"] == "ChangedMeanwhile"
    assert "Somebody was faster: " in late["problem"]
    assert "pin passthrough: pins.night none -> 1." in late["problem"]
    assert "crisp" not in of(folder).aliases


@pytest.mark.parametrize("word", ["promote", "canary", "pin", "alias", "freeze"])
def test_who_gives_no_reason_is_told_what_a_good_one_is(
    word: str, answerprint: AtOnce, folder: Path
) -> None:
    words = {"freeze": ["2026-12-19", "2027-01-03"]}.get(word, ["passthrough", "1", "1"][:3])
    said = answerprint("models", word, *words[: 2 if word in ("promote", "canary") else 3])

    assert said.code == 2
    assert "It is not said why." in said.err
    assert "what was seen or measured, and who agreed" in said.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["10%"], 10), (["10"], 10), (["10", "%"], 10), (["0.5%"], 0.5), (["100%"], 100), (["0"], 0)],
)
def test_a_share_is_written_as_people_write_it(words: list[str], expected: float) -> None:
    assert changes.percent(words) == expected


@pytest.mark.parametrize("word", ["", "ten", "101%", "-1", "1e1", "nan", "10%%", "٣%", "1,5%"])
def test_what_is_no_share_is_refused(word: str) -> None:
    with pytest.raises(JobError, match="is no share of the jobs"):
        changes.percent([word])


def run_of(job: str) -> Outcome:
    """What an artist's run came to."""
    facts = {"task": "passthrough", "version": "1", "sha256": "1" * 64, "state": "complete"}
    times = {"started": "2026-11-29T09:00:00.000Z", "ended": "2026-11-29T09:01:00.000Z"}
    counts = {"frames": 1000, "failures": {"InferenceError": 3}, "warned": 10, "failed_qc": 2}
    return outcome.make({"job_id": job, **facts, **times, **counts})


def test_status_says_what_runs_came_to_and_why_no_server_was_asked(
    answerprint: AtOnce, folder: Path
) -> None:
    done(answerprint, "promote", "passthrough", "1")
    done(answerprint, "mirror", "passthrough", "0%", "--candidate", "2")
    for number in range(3):
        outcome.write(folder, run_of(f"job{number % 2}"))
    away = status(answerprint, "--server", "127.0.0.1:9")
    none = status(answerprint, "--no-server")
    text = answerprint("models", "status", "passthrough")

    assert "127.0.0.1:9" in away[1]["silent"]
    assert none[1]["silent"] == {}
    assert none[2]["versions"][0]["servers"] == {}
    counts = ["jobs", "frames", "failed", "warned"]
    assert [none[2]["versions"][0][name] for name in counts] == [2, 3000, 9, 36]
    assert [none[2]["versions"][1][name] for name in counts] == [0, 0, 0, 0]
    assert away[0] == none[0] == 0
    assert max(map(len, text.out.splitlines())) <= 100
    assert [line.split() for line in text.out.splitlines() if " stable " in line] == [
        ["1", "stable", of(folder).versions["1"][:12], "ready", "2", "3,000", "9", "36"]
    ]


def test_a_canary_that_halted_itself_is_entered_by_who_may_and_goes_on_when_told(
    answerprint: AtOnce, folder: Path
) -> None:
    done(answerprint, "promote", "passthrough", "1")
    done(answerprint, "canary", "passthrough", "50%", "--candidate", "2")
    guard.halt(folder, "passthrough", "2", "3 of 4 frames failed")  # by an artist's run

    halted = answerprint("models", "status")
    task, entry = of(folder), ledger.entries(folder)[-1]
    promoted = refused(answerprint, "promote", "passthrough")
    again = done(answerprint, "canary", "passthrough", "5%", why="the model's memory was raised")

    assert halted.code == 1
    assert "HALTED: 3 of 4 frames failed" in halted.out
    assert (task.canary, entry.action) == (0, "halt")
    assert promoted["problem"] == "Version 2 of passthrough is halted: 3 of 4 frames failed."
    assert entry.why == "halted by its guard: 3 of 4 frames failed"
    assert "It was halted, and is no more: 3 of 4 frames failed" in again.out
    assert guard.halted(folder, "passthrough", "2") == ""
    assert status(answerprint)[0] == 0


def test_a_halted_canary_that_was_never_entered_is_not_taken_up_unsaid(
    answerprint: AtOnce, folder: Path
) -> None:
    """Also where the share stays what it was: the log tells of the halt and of the going on."""
    done(answerprint, "promote", "passthrough", "1")
    done(answerprint, "canary", "passthrough", "50%", "--candidate", "2")
    guard.halt(folder, "passthrough", "2", "3 of 4 frames failed")

    done(answerprint, "canary", "passthrough", "50%", why="the model's memory was raised")

    assert [one.action for one in ledger.entries(folder)][-2:] == ["halt", "canary"]
    assert of(folder).canary == 50


def test_a_freeze_is_told_with_its_end_and_can_be_lifted(answerprint: AtOnce, folder: Path) -> None:
    done(answerprint, "promote", "passthrough", "1")
    today = date.today().isoformat()  # noqa: DTZ011 - the studio's day
    done(answerprint, "freeze", today, today, why="delivery of night")

    held = refused(answerprint, "promote", "passthrough", "2")
    text = answerprint("models", "status", "--no-server").out
    done(answerprint, "freeze", "--off")
    none = refused(answerprint, "freeze", "--off")
    odd = refused(answerprint, "freeze", "tomorrow", today)

    assert held["problem"] == f"passthrough is frozen until {today}, delivery of night."
    assert f"frozen until {today}, delivery of night" in text
    assert none["problem"] == "There is no such freeze."
    assert odd["problem"] == "'tomorrow' is no day."
    done(answerprint, "promote", "passthrough", "2")


def test_a_server_is_drained_with_a_reason_and_taken_back(
    answerprint: AtOnce, folder: Path, versions: str
) -> None:
    other = answerprint("server", "drain", "render9:8001", "--why", WHY, "--json")
    drained = answerprint("server", "drain", versions, "--why", "new driver tonight")
    state = rollout.read(folder / rollout.FILE).servers[versions]
    back = answerprint("server", "drain", versions, "--off", "--why", "driver is in")

    assert other.last["problem"].startswith("The site has no server render9:8001.")
    assert state.draining == "new driver tonight"
    assert (drained.code, back.code) == (0, 0)
    assert rollout.read(folder / rollout.FILE).servers == {}
    assert answerprint("models", "log", "--check").code == 0


def test_a_site_without_a_roll_out_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANSWERPRINT_SITE", raising=False)

    said = AtOnce(tmp_path)("models", "status", "--json")

    assert (said.code, said.last["error"]) == (7, "SetupError")
    assert "rollout = " in said.last["remedy"]


def test_a_rollback_amid_a_job_lets_it_end_and_the_next_has_the_old_version(
    answerprint: AtOnce, plates: Path, tmp_path: Path
) -> None:
    """One runs as it happens, in a process of its own; another begins after it."""
    done(answerprint, "promote", "passthrough", "1")
    done(answerprint, "promote", "passthrough", "2")
    words = ["run", "--task", "passthrough", "--plate", str(plates), "--json"]
    running = answerprint.start(*words, "--name", "amid")
    assert running.stdout
    running.stdout.readline()  # it is under way
    rolled = answerprint("models", "rollback", "passthrough")
    rest, _ = running.communicate()
    after = answerprint(*words, "--name", "after")

    assert (rolled.code, running.returncode, after.code) == (0, 0, 0)
    assert json.loads(rest.splitlines()[-1])["state"] == "complete"
    assert version(tmp_path, "amid") == "2"
    assert version(tmp_path, "after") == "1"


def version(folder: Path, name: str) -> str:
    """That a take was made with."""
    (found,) = (folder / "takes").rglob(f"{name}/v001")
    return takes.reopen(Take(found)).version
