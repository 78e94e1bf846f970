"""Checks and reviews in the panel: what is said of a take, decided about it, and heard of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from desk import Desk, engine, opened
from engines import scripted
from samples import carried_out, claimed, plate

from answerprint import signing
from answerprint.statement import MOST_NOTE_BYTES
from answerprint.take import Take
from answerprint.triton import Server
from answerprint_panel import watch
from answerprint_panel.host import Placed, Source
from answerprint_panel.qt import Qt, QtCore, QtWidgets
from answerprint_panel.session import Session
from answerprint_panel.takes import Takes

Document = dict[str, Any]
PATIENCE = 20_000
LEFT = Qt.MouseButton.LeftButton
WARN = {
    "qc": "warn",
    "reason": "1044: highlights lost 0.31 stops in the upper left; limit 0.05",
    "qc_frame": 1044,
    "qc_box": [10, 20, 109, 119],
    "qc_count": 3,
}
REYES = {
    "id": "a" * 32,
    "by": "J. Reyes",
    "created": "2026-11-28T14:32:00Z",
    "note": "",
    "void": "",
}


def take(number: int, **fields: Any) -> Document:
    return {
        "path": f"/r/bg_denoise/v{number:03d}",
        "take": f"v{number:03d}",
        "root": "/r",
        "uuid": f"{number:032x}",
        "stream": "bg_denoise",
        "task": "denoise",
        "title": "Denoise",
        "node": "Read3",
        "qc": "pass",
        "frames": "1001-1096",
        "first": 1001,
        "last": 1096,
        "pattern": f"/r/bg_denoise/v{number:03d}/bg.####.exr",
        "width": 1920,
        "height": 1080,
        "created": "2026-11-01T10:00:00Z",
        "state": "complete",
        "standing": "latest",
        "word": "Latest",
        "review": None,
        **fields,
    }


class Told:
    """A list of takes as a scripted engine tells them, at a desk."""

    def __init__(self, folder: Path, qtbot: Any) -> None:
        self.qtbot, self.host = qtbot, Desk()
        self.python = scripted(folder / "bin")

    def answers(self, *takes: Document, **more: Any) -> None:
        known = {
            "takes": takes,
            "versions": [{"takes": takes}],
            "where": [{"root": "/r"}],
            "thumbnail": [{}],
            **more,
        }
        (self.python.parent / "answers.json").write_text(json.dumps(known))

    def open(self, session: Session, rows: int) -> Takes:
        self.session, made = session, Takes(session)
        self.qtbot.addWidget(made)
        made.resize(420, 500)
        made.show()
        self.until(lambda: sum(one.take is not None for one in made.list.rows.entries) == rows)
        self.list = made
        return made

    def until(self, said: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(said()), timeout=PATIENCE)

    def asked(self, verb: str) -> list[list[str]]:
        noted = self.python.parent / "asked"
        lines = noted.read_text().splitlines() if noted.exists() else []
        return [words for words in map(json.loads, lines) if words[0] == verb]

    def watches(self) -> list[list[str]]:
        return [words[1:-1] for words in self.asked("review") if words[-1] == "--watch"]

    def tell(self, document: Document) -> None:
        """What the engine says to whoever watches reviews."""
        self.session.ask(["say", "review", json.dumps(document)])


@pytest.fixture
def told(tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    made = Told(tmp_path, qtbot)
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(made.python))
    return made


def row(takes: Takes, number: int) -> Any:
    path = take(number)["path"]
    return next(one.row for one in takes.list.rows.entries if one.key == path)


# What is said


@pytest.mark.parametrize(
    ("said", "icon", "word"),
    [
        ({"qc": "pass"}, "pass", "QC pass"),
        (WARN, "warn", "QC warn"),
        ({"qc": "fail", "standing": "failed"}, "fail", "QC fail"),
        ({"qc": "unknown"}, "unknown", "QC could not judge"),
        ({"qc": "not judged"}, "", "not judged"),
        ({"qc": "a word of later"}, "", "not judged"),
        ({"qc": None}, "", "not judged"),
        ({"qc": "pass", "qc_so_far": True, "standing": "unfinished"}, "pass", "Pass so far"),
        ({"qc": "warn", "qc_so_far": True, "standing": "unfinished"}, "warn", "QC warn so far"),
        ({"standing": "unfinished", "qc": "not judged"}, "stopped", "Not finished"),
    ],
)
def test_each_verdict_has_its_icon_and_its_word(said: Document, icon: str, word: str) -> None:
    from answerprint_panel import take_words

    found = take_words.row(take(3, **said), "")

    assert (found.qc.icon, found.qc.word) == (icon, word)
    assert word in found.spoken
    assert (found.qc.tone == "passed") == (word == "QC pass")  # nothing else looks like a pass


def test_a_finding_says_why_and_a_decision_by_whom_and_when(told: Told) -> None:
    approved = {**REYES, "state": "approved", "note": "lovely grain", "frame": None}
    told.answers(take(3, **WARN, review=approved, standing="approved", word="Approved"))
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])

        assert row(takes, 3).line.startswith("1044: highlights lost 0.31 stops")
        assert row(takes, 3).line.endswith("limit 0.05, and 2 more")
        assert row(takes, 3).review.word == "Approved, J. Reyes"
        verdict = takes.drawer.verdict
        assert verdict.finding.link.text() == "Go to frame 1044"
        assert verdict.review.words.text().startswith("Approved by J. Reyes, 28 Nov 2026")
        assert verdict.review.words.text().endswith(": lovely grain.")
        assert not takes.drawer.approve.isEnabled()
        assert takes.drawer.retake.isEnabled()


def test_a_decision_that_is_void_says_so_and_counts_for_nothing(told: Told) -> None:
    void = {**REYES, "state": "approved", "void": "frame 1044 was changed after it"}
    told.answers(take(3, review=void))
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])

        assert row(takes, 3).review.word == "Approved is void"
        assert takes.drawer.verdict.review.words.text().endswith(
            "It is void: Frame 1044 was changed after it."
        )
        assert takes.drawer.approve.isEnabled()


# The frame of a finding


@pytest.mark.parametrize("by", ["link", "key", "line"])
def test_the_host_goes_to_the_frame_of_a_finding(told: Told, by: str) -> None:
    told.answers(take(3, **WARN))
    told.host.nodes["Read3"] = Source("Read3", "files", "/p/bg.####.exr", 1001, 1096)
    pattern = take(3)["pattern"]
    told.host.reads["Read9"] = Placed("Read9", {"stream": "bg_denoise", "root": "/r"}, pattern)
    told.host.nodes["Read9"] = Source("Read9", "files", pattern, 1001, 1096, offset=-1000)
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])

        if by == "link":
            takes.drawer.verdict.finding.link.click()
        elif by == "key":
            told.qtbot.keyClick(takes.list, Qt.Key.Key_G)
        else:
            place = takes.list.rows.place(take(3)["path"])
            high = takes.list.delegate.height(takes.list, takes.list.rows.entries[place])
            line = QtCore.QPoint(250, takes.list.row_top(place) + high // 2)
            told.qtbot.mouseClick(takes.list.viewport(), LEFT, pos=line)

        assert told.host.went == [(44, "Read9")]
        assert takes.drawer.said.words.text() == "Nuke stands at frame 1044 of v003"


def test_a_take_that_is_not_placed_is_gone_to_in_its_plates_time(told: Told) -> None:
    told.answers(take(3, **WARN))
    told.host.nodes["Read3"] = Source("Read3", "files", "/p/bg.####.exr", 1001, 1096, offset=5)
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.acts.go_to(take(3, **WARN), 1044)

    assert told.host.went == [(1049, None)]


def test_its_picture_is_the_frame_of_the_finding(told: Told) -> None:
    told.answers(take(4), take(3, **WARN))
    with opened(told.host) as session:
        told.open(session, 2)
        told.until(lambda: len(told.asked("thumbnail")) >= 2)

    frames = {words[1][-4:]: words[-2:] for words in told.asked("thumbnail")}
    assert frames["v003"] == ["--frame", "1044"]
    assert "--frame" not in frames["v004"]


# A take that failed


def test_a_failed_take_says_so_before_it_is_placed_and_after(told: Told) -> None:
    failed = take(4, qc="fail", standing="failed", word="QC fail", reason="1006: black")
    told.answers(failed)
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(failed["path"])

        assert row(takes, 4).standing.word == "Not offered as latest"
        assert "v004 failed QC: 1006: black." in takes.drawer.place.toolTip()
        takes.drawer.place.click()
        takes.drawer.place.click()  # once more, while the engine is asked: one node all the same
        said = takes.drawer.said.words
        told.until(lambda: said.text() == "Read placed: Read1. v004 failed QC: 1006: black.")

    assert len(told.host.reads) == 1


# What is placed is what the take is by now, not what it was when it was listed

ONE_FRAME = {
    "state": "running",
    "standing": "unfinished",
    "frames": "1001",
    "last": 1001,
    "pattern": "/r/bg_denoise/v003/bg.1001.exr",
}


def test_a_take_that_was_listed_while_it_ran_is_placed_as_it_is_now(told: Told) -> None:
    told.answers(take(3, **ONE_FRAME), versions=[{"takes": [take(4), take(3)]}])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.place.click()
        told.until(lambda: told.host.reads)

    (placed,) = told.host.reads.values()
    assert (placed.path, placed.identity["take"]) == (take(3)["pattern"], "v003")
    assert told.asked("versions") == [["versions", take(3)["path"], "--uuid", take(3)["uuid"]]]


def test_both_takes_that_are_compared_are_as_they_are_now(told: Told) -> None:
    old = [take(4, **ONE_FRAME), take(3, **ONE_FRAME)]
    told.answers(*old, versions=[{"takes": [take(4), take(3)]}])
    with opened(told.host) as session:
        takes = told.open(session, 2)
        takes.acts.compare(*old)
        told.until(lambda: told.host.compared)

    assert told.host.compared == [({"take": take(4)}, {"take": take(3)})]


@pytest.mark.parametrize(
    "answer",
    [[{"takes": []}], [], [{"error": "TakeError", "problem": "v003 is not among the takes any more."}]],
)  # fmt: skip
def test_a_take_that_is_gone_is_not_placed(told: Told, answer: list[Document]) -> None:
    told.answers(take(3), versions=answer)
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.place.click()
        title = takes.drawer.note.title
        told.until(lambda: title.text() == "v003 is not among the takes any more")

    assert not told.host.reads


def test_a_take_is_not_placed_into_another_script(told: Told, tmp_path: Path) -> None:
    told.answers(take(3))
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.place.click()
        told.host.open = tmp_path / "another.nk"
        told.until(lambda: takes.drawer.said.words.text().startswith("Another script is open"))

    assert not told.host.reads


# Decisions


def test_approve_is_one_press_and_names_what_was_seen(told: Told) -> None:
    retake = {**REYES, "state": "retake", "note": "more grain"}
    told.answers(take(3, review=retake), review=[{"state": "approved"}])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.approve.click()
        told.until(lambda: takes.drawer.said.words.text() == "v003 is approved")
        told.until(lambda: len(told.asked("takes")) > 1)

    decided = [words for words in told.asked("review") if "--approve" in words]
    assert decided == [
        ["review", "/r/bg_denoise/v003", "--approve", "--tool", "nuke", "--seen", "a" * 32]
    ]


def test_a_retake_asks_for_its_note_in_place(told: Told) -> None:
    told.answers(take(3), review=[{"state": "retake"}])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        note = takes.drawer.note_row

        told.qtbot.keyClick(takes.list, Qt.Key.Key_R)
        assert note.isVisible()
        told.qtbot.keyClick(note.field.line, Qt.Key.Key_Return)
        assert note.isVisible()
        assert note.words.text().startswith("Without a note")
        assert not [words for words in told.asked("review") if "--retake" in words]

        told.qtbot.keyClicks(note.field.line, "-1 stop, please")
        told.qtbot.keyClick(note.field.line, Qt.Key.Key_Return)
        told.until(lambda: takes.drawer.said.words.text() == "v003 was asked for again")
        assert note.isHidden()
        assert QtWidgets.QApplication.activeModalWidget() is None

    decided = next(words for words in told.asked("review") if "--retake" in words)
    assert decided[2:4] == ["--retake", "--note=-1 stop, please"]
    assert decided[-2:] == ["--seen", "none"]


def test_escape_leaves_the_note_and_nothing_is_decided(told: Told) -> None:
    told.answers(take(3))
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.retake.click()
        told.qtbot.keyClick(takes.drawer.note_row.field.line, Qt.Key.Key_Escape)

        assert takes.drawer.note_row.isHidden()
    assert not [words for words in told.asked("review") if "--retake" in words]


def test_somebody_who_decided_meanwhile_is_named_and_both_can_be_kept(told: Told) -> None:
    theirs = {**REYES, "state": "retake", "note": "grain is gone"}
    refused = {"error": "DecidedMeanwhile", "problem": "p", "remedy": "r", "review": theirs}
    told.answers(take(3), review=[refused])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.approve.click()
        note = takes.drawer.note
        told.until(lambda: not note.isHidden())
        assert "Retake asked by J. Reyes, 28 Nov 2026" in note.title.text()
        assert "grain is gone" in note.title.text()
        assert note.button.text() == "Approve v003 all the same"

        told.answers(take(3), review=[{"state": "approved"}])
        note.button.click()
        told.until(lambda: takes.drawer.said.words.text() == "v003 is approved")

    last = [words for words in told.asked("review") if "--approve" in words][-1]
    assert "--seen" not in last


def test_all_the_same_is_about_the_take_it_names_whichever_is_selected(told: Told) -> None:
    refused = {"error": "DecidedMeanwhile", "problem": "p", "review": {**REYES, "state": "retake"}}
    told.answers(take(4), take(3), review=[refused])
    with opened(told.host) as session:
        takes = told.open(session, 2)
        takes.choose(take(3)["path"])
        takes.drawer.retake.click()
        takes.drawer.note_row.field.line.setText("more grain")
        takes.drawer.note_row.send.click()
        takes.choose(take(4)["path"])  # before the answer is there
        takes.drawer.retake.click()
        takes.drawer.note_row.field.line.setText("of v004")
        told.until(lambda: not takes.drawer.note.isHidden())

        told.answers(take(4), take(3), review=[{"state": "retake"}])
        takes.drawer.note.button.click()
        told.until(lambda: takes.drawer.said.words.text() == "v003 was asked for again")
        assert takes.drawer.note_row.field.text() == "of v004"

    last = [words for words in told.asked("review") if "--retake" in words][-1]
    assert last[1:4] == [take(3)["path"], "--retake", "--note=more grain"]


def test_a_note_that_was_begun_waits_for_its_take(told: Told) -> None:
    told.answers(take(4), take(3))
    with opened(told.host) as session:
        takes = told.open(session, 2)
        note = takes.drawer.note_row
        takes.choose(take(3)["path"])
        takes.drawer.retake.click()
        note.field.line.setText("the sky")
        takes.choose(take(4)["path"])
        takes.drawer.retake.click()
        assert note.field.text() == ""

        takes.choose(take(3)["path"])
        takes.drawer.retake.click()
        assert note.field.text() == "the sky"


def test_a_note_that_is_too_long_is_refused_by_the_engine_and_never_cut(told: Told) -> None:
    told.answers(take(3))
    with opened(told.host) as session:
        line = told.open(session, 1).drawer.note_row.field.line
        line.setText("x" * 100_000)

        assert len(line.text()) > MOST_NOTE_BYTES


def test_an_engine_that_says_nothing_has_decided_nothing(told: Told) -> None:
    told.answers(take(3), review=[])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.approve.click()
        title = takes.drawer.note.title
        told.until(lambda: title.text().startswith("The engine did not say whether"))

        assert takes.drawer.said.words.text() == ""


def test_a_share_that_cannot_be_written_is_said_and_the_note_stays(told: Told) -> None:
    refused = {"error": "ReviewError", "problem": "The share is read-only.", "remedy": "Mount it."}
    told.answers(take(3), review=[refused])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.retake.click()
        note = takes.drawer.note_row
        note.field.line.setText("more grain")
        note.send.click()
        told.until(lambda: takes.drawer.note.title.text() == "The share is read-only")

        assert (note.isVisible(), note.field.text()) == (True, "more grain")
        assert note.send.isEnabled()


def test_a_decision_is_taken_back_from_the_menu(told: Told) -> None:
    approved = {**REYES, "state": "approved"}
    told.answers(take(3, review=approved), review=[{"state": "withdrawn"}])
    with opened(told.host) as session:
        takes = told.open(session, 1)
        takes.choose(take(3)["path"])
        takes.drawer.more.click()
        menu = [one for one in takes.findChildren(QtWidgets.QMenu) if one.isVisible()][-1]
        next(one for one in menu.actions() if one.text() == "Take back the approval").trigger()
        told.until(lambda: takes.drawer.said.words.text() == "v003 waits for review")

    assert [words[2] for words in told.asked("review") if "--tool" in words] == ["--withdraw"]


# What others decide


def test_a_decision_made_elsewhere_shows_by_itself(told: Told) -> None:
    told.answers(take(3))
    with opened(told.host) as session:
        takes = told.open(session, 1)
        told.until(lambda: told.watches() == [["/r/bg_denoise"]])
        said = {"stream": "/r/bg_denoise", "takes": [take(3)]}
        told.tell(said)
        approved = take(3, review={**REYES, "state": "approved"}, word="Approved")
        told.answers(approved)
        before = len(told.asked("takes"))
        told.tell({**said, "takes": [approved]})
        told.until(lambda: row(takes, 3).review.word == "Approved, J. Reyes")

        assert len(told.asked("takes")) == before + 1  # the first was what it knew already
        takes.hide()
        told.until(lambda: watch.of(session).streams == [])


def test_a_watch_is_one_request_and_comes_back_with_the_engine(told: Told) -> None:
    told.answers()
    with opened(told.host) as session:
        told.session = session
        at = watch.Watch(session, settle=0.01, again=0.05)
        heard: list[str] = []
        at.heard.connect(lambda folder, _said: heard.append(folder))
        at.want("nodes", ["/r/a", "/r/b"])
        at.want("list", ["/r/b", "/r/c"])
        told.until(lambda: told.watches() == [["/r/a", "/r/b", "/r/c"]])
        told.tell({"stream": "/r/b", "takes": []})
        told.tell({"stream": "/r/b", "takes": []})
        told.tell({"stream": "/r/elsewhere", "takes": []})
        told.tell({"stream": "/r/c", "error": "TakeError", "problem": "gone"})
        told.tell({"stream": "/r/a", "takes": []})
        told.until(lambda: heard == ["/r/b", "/r/a"])

        session.sidecar._child.kill()  # noqa: SLF001 - an engine that dies
        told.until(lambda: len(told.watches()) == 2)
        at.want("nodes", ())
        told.until(lambda: told.watches()[-1] == ["/r/b", "/r/c"])
        at.want("list", ())
        told.until(lambda: at.streams == [])
        assert told.asked("cancel")


# With the real engine


class Shot:
    """A script beside whose folder of takes there is one, of a plate of three frames."""

    def __init__(self, folder: Path, server: Server, qtbot: Any) -> None:
        self.qtbot, self.folder = qtbot, folder
        self.host = Desk(folder / "sh0120_comp_v012.nk")
        self.plate = plate(folder / "plates", 3)
        self.take = claimed(server, folder / "takes", self.plate, node="Read3")
        signing.own_signer(folder / "home")
        carried_out(server, self.take, folder / "home")
        self.shell = Answerprint(folder)

    def until(self, said: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(said()), timeout=PATIENCE)


@pytest.fixture
def shot(
    tmp_path: Path, server: Server, address: str, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> Shot:
    engine(monkeypatch, tmp_path / "home", address)
    return Shot(tmp_path, server, qtbot)


def test_the_panel_and_a_shell_decide_on_the_same_statements(shot: Shot) -> None:
    made: Take = shot.take
    with opened(shot.host) as session:
        takes = Takes(session)
        shot.qtbot.addWidget(takes)
        takes.resize(420, 600)
        takes.show()
        shot.until(lambda: takes.choose(made.folder.as_posix()))
        said = takes.drawer.said.words

        takes.drawer.approve.click()
        shot.until(lambda: said.text() == "v001 is approved")
        shot.until(lambda: "Approved by" in takes.drawer.verdict.review.words.text())
        history = json.loads(shot.shell("review", str(made.folder), "--json").out)
        assert [one["state"] for one in history["history"]] == ["approved"]
        assert history["history"][0]["tool"].endswith("nuke")

        shot.shell("review", str(made.folder), "--retake", "--note", "grain is gone in the sky")
        shot.until(lambda: "grain is gone in the sky" in takes.drawer.verdict.review.words.text())
        assert takes.drawer.approve.isEnabled()
