"""`answerprint review`: a decision in a shell, what was said of a take, and a watch over streams."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from reviewers import Desk, tree
from samples import AtOnce, noise, save

from answerprint import statement, takes
from answerprint.lookout import THOROUGH, UNFINISHED, Lookout
from answerprint.site import Site
from answerprint.takes import Take


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def desk(home: Path) -> Desk:
    return Desk.of(home)


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return tmp_path / "takes" / "bg"


@pytest.fixture
def take(desk: Desk, stream: Path) -> Take:
    return desk.take(stream)


def test_a_decision_answers_with_its_statement_and_with_what_stands_now(
    answerprint: AtOnce, take: Take
) -> None:
    words = ("--retake", "--note", "too soft", "--frame", "1002", "--tool", "nuke", "--json")

    said = answerprint("review", take.folder, *words)

    assert said.code == 0
    assert (said.last["state"], said.last["note"], said.last["frame"]) == (
        "retake",
        "too soft",
        1002,
    )
    assert said.last["tool"].endswith(" nuke")
    assert said.last["review"]["id"] == said.last["id"]
    assert (said.last["path"], said.last["remarks"]) == (take.folder.as_posix(), [])


def test_people_read_who_decided_what_and_why(answerprint: AtOnce, take: Take) -> None:
    assert answerprint("review", take.folder).out == "bg v001: waits for review\n"
    answerprint(
        "review", take.folder, "--retake", "--note", "too soft\nin the sky", "--frame", "1002"
    )
    answerprint("review", take.folder, "--comment", "compare v000")
    done = answerprint("review", take.folder, "--withdraw")
    assert done.out == "bg v001: the decision is taken back\n"

    lines = answerprint("review", take.folder).out.splitlines()

    assert lines[0] == "bg v001: waits for review"
    assert [line.split("UTC")[1].split()[0] for line in lines if "UTC" in line] == [
        "retake", "note", "taken",
    ]  # fmt: skip
    assert lines[1].endswith("(frame 1002)")
    assert lines[2:4] == ["      too soft", "      in the sky"]


def test_takes_versions_show_and_verify_tell_what_stands(
    answerprint: AtOnce, take: Take, desk: Desk
) -> None:
    desk.decide(take, "approved", by=None)
    words = answerprint("review", take.folder).out.splitlines()[0].removeprefix("bg v001: ")

    assert words.startswith("approved by ")
    assert words in answerprint("takes", take.folder.parent).out
    assert f"  review      {words}" in answerprint("show", take.folder).out
    assert words in answerprint("verify", take.folder).out
    assert "v001  Approved" in answerprint("versions", take.folder).out
    assert answerprint("show", take.folder, "--json").documents[0]["review"]["state"] == "approved"


def test_a_terminal_obeys_nothing_that_somebody_wrote(answerprint: AtOnce, take: Take) -> None:
    answerprint("review", take.folder, "--retake", "--note", "a\x1b]0;evil\x07b\u202ec")
    (statement.folder(take) / "x\x1b[2J.json").write_text("{")

    said = answerprint("review", take.folder)

    assert not {"\x1b", "\x07", "\u202e"} & set(said.out)
    assert "a?]0;evil?b?c" in said.out


def test_a_decision_nobody_had_seen_comes_back_with_its_words(
    answerprint: AtOnce, take: Take
) -> None:
    first = answerprint("review", take.folder, "--approve", "--seen", "none", "--json").last

    said = answerprint("review", take.folder, "--retake", "--note", "x", "--seen", "none", "--json")

    assert (said.code, said.last["error"]) == (5, "DecidedMeanwhile")
    assert said.last["review"]["id"] == first["id"]
    again = ("--retake", "--note", "x", "--seen", first["id"], "--json")
    assert answerprint("review", take.folder, *again).last["review"]["state"] == "retake"


def test_drawings_come_from_a_file(answerprint: AtOnce, take: Take, tmp_path: Path) -> None:
    drawings = [{"frame": 1002, "strokes": [{"points": [[1, 2], [3.5, 4]]}]}]
    (tmp_path / "drawn.json").write_text(json.dumps(drawings))

    words = ("--comment", "here", "--drawings", "drawn.json", "--json")
    said = answerprint("review", take.folder, *words)

    assert said.last["drawings"][0]["strokes"][0]["points"] == [[1.0, 2.0], [3.5, 4.0]]
    assert answerprint("review", take.folder, "--json").last["history"][0]["drawings"]


WRONG: list[tuple[list[str], int, str]] = [
    (["--note", "x"], 2, "--note alone decides nothing"),
    (["--frame", "1001"], 2, "--frame alone decides nothing"),
    (["--approve", "--retake"], 2, "not allowed with"),
    (["--comment", "x", "--note", "y"], 2, "both are a note"),
    (["--retake"], 5, "needs a note"),
    (["--approve", "--tool", "a b"], 2, "is no tool's name"),
    (["--approve", "--drawings", "gone.json"], 2, "gone.json cannot be read"),
    (["--approve", "--drawings", "bad.json"], 2, "is no list of drawings"),
    (["--approve", "--drawings", "large.json"], 2, "is larger than"),
    (["../more", "--approve"], 2, "is about one take"),
]


@pytest.mark.parametrize(("words", "code", "problem"), WRONG)
def test_what_is_asked_wrongly_is_said_and_nothing_is_kept(
    words: list[str], code: int, problem: str, answerprint: AtOnce, take: Take, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text('{"frame": 1}')
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(5 << 20)
    before = tree(take.folder.parent)

    said = answerprint("review", take.folder, *words, "--json")

    assert (said.code, problem in said.last["problem"]) == (code, True), said
    assert tree(take.folder.parent) == before


def test_a_take_outside_the_allowed_folders_is_not_looked_at(
    answerprint: AtOnce, take: Take, tmp_path: Path
) -> None:
    (tmp_path / "site.toml").write_text(f'roots = ["{(tmp_path / "shows").as_posix()}"]')
    env = {"ANSWERPRINT_SITE": str(tmp_path / "site.toml")}

    for words in ([], ["--approve"], ["--watch"]):
        said = answerprint("review", take.folder, *words, "--json", env=env)
        assert (said.code, said.last["error"]) == (2, "JobError")
    assert not statement.folder(take).exists()


def looked(lookout: Lookout, times: int = 1) -> list[dict[str, Any]]:
    return [said for _ in range(times) for said in lookout.look()]


def test_a_watch_tells_at_once_and_when_something_changes(
    desk: Desk, stream: Path, take: Take
) -> None:
    lookout = Lookout([stream], Site())
    (first,) = looked(lookout)
    assert (first["stream"], first["latest"], first["latest_approved"]) == (
        stream.as_posix(), "v001", None,
    )  # fmt: skip
    assert looked(lookout, 2 * THOROUGH) == []

    desk.decide(take, "approved")
    (second,) = looked(lookout)
    assert (second["latest_approved"], second["takes"][0]["word"]) == ("v001", "Approved")

    new = desk.take(stream)
    said = looked(lookout)[-1]
    assert (said["latest"], [one["take"] for one in said["takes"]]) == ("v002", ["v002", "v001"])

    shutil.rmtree(new.folder)
    assert looked(lookout)[-1]["latest"] == "v001"
    assert looked(lookout, THOROUGH) == []


def test_a_watch_sees_a_take_that_is_being_finished(desk: Desk, stream: Path) -> None:
    stream.mkdir(parents=True)
    lookout = Lookout([stream], Site())
    assert looked(lookout)[0]["takes"] == []

    take = takes.claim(stream)
    assert looked(lookout)[-1]["takes"][0]["word"] == "Not finished"
    takes.commit(take, {}, desk.signer)
    assert looked(lookout, UNFINISHED)[-1]["latest"] == "v001"


def test_a_watch_notices_a_frame_that_was_written_over_in_place(
    desk: Desk, stream: Path, take: Take
) -> None:
    desk.decide(take, "approved")
    lookout = Lookout([stream], Site())
    looked(lookout)
    other = save(stream.parent / "other.exr", noise(99)).read_bytes()
    take.file(1001).write_bytes(other)

    said = looked(lookout, THOROUGH + 1)

    assert [one["latest_approved"] for one in said] == [None]
    assert said[0]["takes"][0]["review"]["void"] == "the pixels of 1001 are others since"


def test_a_watch_that_sees_nothing_new_opens_no_file(desk: Desk, stream: Path, take: Take) -> None:
    desk.decide(take, "approved")
    lookout = Lookout([stream], Site())
    looked(lookout)

    # written over in place, which changes no folder: who opened it would see
    (file,) = statement.folder(take).iterdir()
    file.write_text("{")

    assert looked(lookout, THOROUGH - 1) == []
    assert [one["latest_approved"] for one in looked(lookout)] == [None]


def test_a_stream_that_is_gone_is_told_once_and_the_others_go_on(
    desk: Desk, stream: Path, take: Take
) -> None:
    gone = stream.parent / "gone"
    lookout = Lookout([gone, stream], Site())

    first, second = looked(lookout)
    assert (first["stream"], first["error"]) == (gone.as_posix(), "TakeError")
    assert second["latest"] == take.label
    assert looked(lookout, 3) == []
    desk.take(gone)
    assert [one["stream"] for one in looked(lookout)] == [gone.as_posix()]


def test_a_watch_in_a_shell_goes_on_until_it_is_interrupted(
    tmp_path: Path, desk: Desk, stream: Path, take: Take
) -> None:
    process = Answerprint(tmp_path).start("review", stream, "--watch", "--json")
    try:
        assert process.stdout
        assert json.loads(process.stdout.readline())["latest_approved"] is None
        desk.decide(take, "approved")
        assert json.loads(process.stdout.readline())["latest_approved"] == "v001"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.communicate()
