"""Takes in the panel: found, placed, compared, verified, run again; real takes, a real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk import MILLISECONDS, Desk, engine, opened
from engines import scripted
from samples import carried_out, change, claimed, plate

from answerprint import signing
from answerprint.take import Take
from answerprint.triton import Server
from answerprint_panel.host import HostError, Source
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets
from answerprint_panel.session import Session
from answerprint_panel.takes import Takes
from answerprint_panel.thumbnails import MOST_BYTES, Pictures, Thumbnails

Document = dict[str, Any]
LEFT = Qt.MouseButton.LeftButton


class Desktop:
    """A script beside whose takes folder there are two takes of a plate, and the panel's list."""

    def __init__(self, folder: Path, server: Server, qtbot: Any) -> None:
        self.qtbot, self.server, self.home = qtbot, server, folder / "home"
        self.windows: list[QtWidgets.QWidget] = []
        self.host = Desk(folder / "sh0120_comp_v012.nk")
        self.root = folder / "takes"
        self.plate = plate(folder / "plates", 3)
        self.host.nodes["Read3"] = Source("Read3", "files", self.plate.as_posix(), 1001, 1003)

    def make(self, **fields: Any) -> Take:
        made = claimed(self.server, self.root, self.plate, node="Read3", **fields)
        signing.own_signer(self.home)
        carried_out(self.server, made, self.home)
        return made

    def open(self, session: Session, *, rows: int) -> Takes:
        window = QtWidgets.QWidget()
        self.qtbot.addWidget(window)
        self.windows.append(window)
        made = Takes(session, window)
        window.resize(420, 600)
        made.resize(420, 600)
        made.look_at(self.plate.as_posix(), "Read3")
        window.show()
        self.until(lambda: len(labels(made)) == rows)
        return made

    def until(self, said: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(said, timeout=MILLISECONDS)

    def press(self, button: QtWidgets.QAbstractButton) -> None:
        self.qtbot.mouseClick(button, LEFT)


@pytest.fixture
def desktop(
    tmp_path: Path, server: Server, address: str, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> Desktop:
    engine(monkeypatch, tmp_path / "home", address)
    return Desktop(tmp_path, server, qtbot)


@pytest.fixture
def at(desktop: Desktop) -> Iterator[Session]:
    with opened(desktop.host) as session:
        yield session


def labels(takes: Takes) -> list[str]:
    return [entry.row.take for entry in takes.list.rows.entries if entry.row is not None]


def chosen(takes: Takes) -> str:
    return str((takes.list.take or {}).get("take"))


def action(menu: QtWidgets.QMenu, *path: str) -> Any:
    """What a menu does under these words; the last of them in the menus below."""
    for name in path[:-1]:
        menu = submenu(menu, name)
    for found in menu.actions():
        if found.text() == path[-1]:
            return found
    raise AssertionError(f"{path[-1]} is not among {[one.text() for one in menu.actions()]}")


def submenu(menu: QtWidgets.QMenu, name: str) -> QtWidgets.QMenu:
    # not by QAction.menu(): what that returns takes the menu with it when it is let go of
    return next(one for one in menu.findChildren(QtWidgets.QMenu) if one.title() == name)


def menu(takes: Takes) -> QtWidgets.QMenu:
    """The menu of the selected take, opened by its button."""
    takes.drawer.more.click()
    found = [one for one in takes.findChildren(QtWidgets.QMenu) if one.isVisible()]
    return found[-1]


def test_a_take_is_placed_beside_its_node_compared_and_verified(
    desktop: Desktop, at: Session
) -> None:
    desktop.make()
    takes = desktop.open(at, rows=1)
    assert takes.fold.heading.beside == "1 from Read3"

    desktop.qtbot.mouseClick(takes.list.viewport(), LEFT, pos=QtCore.QPoint(200, 20))
    assert (chosen(takes), takes.drawer.isVisible()) == ("v001", True)
    desktop.press(takes.drawer.place)
    desktop.until(lambda: takes.drawer.said.words.text() == "Read placed: Read2")
    assert desktop.host.beside == {"Read2": "Read3"}

    desktop.press(takes.drawer.compare)
    desktop.until(lambda: bool(desktop.host.compared))
    assert desktop.host.compared[0][1] == {"node": "Read3"}

    action(menu(takes), "Verify").trigger()
    desktop.until(lambda: takes.drawer.details.title.text().startswith("v001 verified"))
    assert "3 frames are signed and unchanged" in takes.drawer.details.text()


def test_enter_places_and_so_does_an_icon_of_a_row_that_is_pointed_at(
    desktop: Desktop, at: Session
) -> None:
    desktop.make()
    desktop.make(reuse=False)
    takes = desktop.open(at, rows=2)
    assert takes.list.take is None

    takes.list.setFocus(Qt.FocusReason.TabFocusReason)
    QtWidgets.QApplication.sendEvent(
        takes.list,
        QtGui.QFocusEvent(QtCore.QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason),
    )
    assert chosen(takes) == "v002"
    desktop.qtbot.keyClick(takes.list, Qt.Key.Key_Return)
    desktop.until(lambda: bool(desktop.host.placed()))
    below = takes.list.row_top(1) + 20
    desktop.qtbot.mouseMove(takes.list.viewport(), QtCore.QPoint(200, below))
    takes.list._point(1)  # noqa: SLF001 - no pointer moves where nothing is drawn
    place = takes.list.pointed.findChildren(QtWidgets.QAbstractButton)[0]
    assert place.accessibleName() == "Place v001"
    desktop.press(place)

    desktop.until(lambda: len(desktop.host.placed()) == 2)
    assert [one.identity["take"] for one in desktop.host.placed()] == ["v002", "v001"]
    assert chosen(takes) == "v001"


def test_a_frame_that_was_changed_is_named(desktop: Desktop, at: Session) -> None:
    made = desktop.make()

    def darken(frame: Any) -> None:
        part = frame.parts[0]
        part.channels = {name: np.zeros_like(array) for name, array in part.channels.items()}

    change(made.file(1002), darken)
    takes = desktop.open(at, rows=1)
    takes.choose(made.folder.as_posix())

    action(menu(takes), "Verify").trigger()

    desktop.until(lambda: "frame 1002" in takes.drawer.details.text())
    assert takes.drawer.details.title.text() == "v001 is not as it was signed"


def test_provenance_says_what_made_it_and_from_what(desktop: Desktop, at: Session) -> None:
    made = desktop.make()
    takes = desktop.open(at, rows=1)
    takes.choose(made.folder.as_posix())

    action(menu(takes), "Provenance").trigger()
    desktop.until(lambda: "Signed by" in takes.drawer.details.text())

    said = takes.drawer.details.text()
    assert "bg.1001.exr" in said
    assert "1001 to 1003" in said
    takes.drawer.details.close_button.click()
    assert takes.drawer.details.isHidden()


def test_a_new_take_comes_in_without_losing_the_selected_one(desktop: Desktop, at: Session) -> None:
    made = desktop.make()
    takes = desktop.open(at, rows=1)
    takes.choose(made.folder.as_posix())

    action(menu(takes), "Run again").trigger()

    desktop.until(lambda: labels(takes) == ["v002", "v001"])
    assert chosen(takes) == "v001"
    assert takes.drawer.y() == takes.list.row_top(1) + takes.list.delegate.height(
        takes.list, takes.list.rows.entries[1]
    )


def test_a_placed_read_goes_through_the_versions(desktop: Desktop, at: Session) -> None:
    first, _ = desktop.make(), desktop.make(reuse=False)
    takes = desktop.open(at, rows=2)
    takes.choose(first.folder.as_posix())
    takes.drawer.place.click()
    reads = desktop.host.reads
    desktop.until(lambda: "Read2" in reads)

    action(menu(takes), "Read2, v001", "Newer").trigger()
    desktop.until(lambda: reads["Read2"].identity["take"] == "v002")
    assert "v002" in reads["Read2"].path

    action(menu(takes), "Read2, v002", "Newer").trigger()
    desktop.until(lambda: takes.drawer.said.words.text() == "v002 is the newest take")

    action(menu(takes), "Read2, v002", "Read v001").trigger()
    desktop.until(lambda: reads["Read2"].identity["take"] == "v001")


def test_two_takes_are_compared(desktop: Desktop, at: Session) -> None:
    first, _ = desktop.make(), desktop.make(reuse=False)
    takes = desktop.open(at, rows=2)
    takes.choose(first.folder.as_posix())

    below = submenu(menu(takes), "Compare with another take")
    below.actions()[0].trigger()

    desktop.until(lambda: bool(desktop.host.compared))
    one, other = desktop.host.compared[0]
    assert (one["take"]["take"], other["take"]["take"]) == ("v001", "v002")


def test_the_hosts_trouble_is_told_at_the_take(desktop: Desktop, at: Session) -> None:
    made = desktop.make()
    takes = desktop.open(at, rows=1)
    takes.choose(made.folder.as_posix())
    desktop.host.broken = HostError("The script is locked.", remedy="Unlock it.")

    desktop.press(takes.drawer.place)

    desktop.until(lambda: takes.drawer.note.title.text() == "The script is locked")
    assert desktop.host.reads == {}


def test_a_panel_that_is_closed_hears_no_late_answer(desktop: Desktop, at: Session) -> None:
    made = desktop.make()
    takes = desktop.open(at, rows=1)
    takes.choose(made.folder.as_posix())
    action(menu(takes), "Verify").trigger()
    takes.refresh()

    gone: list[bool] = []
    takes.destroyed.connect(lambda: gone.append(True))
    takes.deleteLater()
    asked: list[Document] = []
    at.first(["takes", desktop.root.as_posix()], asked.append)

    desktop.until(lambda: bool(asked and gone))
    again = desktop.open(at, rows=1)
    assert labels(again) == ["v001"]


def test_nothing_was_made_yet_is_said(desktop: Desktop, at: Session) -> None:
    takes = desktop.open(at, rows=0)
    desktop.until(lambda: bool(takes.empty.text()))
    desktop.until(lambda: at.where.get("root") is not None)

    assert takes.empty.text() == "No takes from Read3 yet."
    assert takes.note.isHidden()


# Many takes, told by a scripted engine


def take(number: int, stream: str = "bg_denoise", **fields: Any) -> Document:
    return {
        "path": f"/r/{stream}/v{number:03d}",
        "take": f"v{number:03d}",
        "stream": stream,
        "task": "denoise",
        "title": "Denoise",
        "node": "Read3",
        "qc": "not judged",
        "frames": "1001-1096",
        "first": 1001,
        "last": 1096,
        "created": f"2026-11-01T10:{number // 60:02d}:{number % 60:02d}Z",
        "standing": "outdated",
        "word": "Outdated, see v200",
        **fields,
    }


@pytest.fixture
def told(
    qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Takes]]:
    """Takes as a scripted engine tells them."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    python = scripted(tmp_path / "bin")
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(python))
    opens = []

    def open_with(*those: Document, thumbnail: Document | None = None) -> Takes:
        answers = {"takes": those, "where": [{"root": "/r"}], "thumbnail": [thumbnail or {}]}
        (python.parent / "answers.json").write_text(json.dumps(answers))
        opens.append(opened(Desk()))
        made = Takes(opens[-1].__enter__())
        qtbot.addWidget(made)
        made.resize(420, 400)
        made.show()
        qtbot.waitUntil(lambda: len(labels(made)) == len(those), timeout=MILLISECONDS)
        return made

    yield open_with
    for one in opens:
        one.__exit__(None, None, None)


def test_arrows_browse_takes_past_headings_and_enter_places(
    qtbot: Any, told: Callable[..., Takes]
) -> None:
    takes = told(take(2), take(1), take(1, "bg_upscale", title="Upscale", created="2026-10-01"))
    takes.list.choose("/r/bg_denoise/v002")
    host = takes.acts._host  # noqa: SLF001 - the desk that the session has

    for _ in range(2):
        qtbot.keyClick(takes.list, Qt.Key.Key_Down)
    assert takes.list.take is not None
    assert takes.list.take["stream"] == "bg_upscale"
    qtbot.keyClick(takes.list, Qt.Key.Key_Up)
    assert chosen(takes) == "v001"

    qtbot.keyClick(takes.list, Qt.Key.Key_Delete)
    assert len(labels(takes)) == 3
    qtbot.keyClick(takes.list, Qt.Key.Key_Space)
    assert takes.list.delegate.whole
    assert isinstance(host, Desk)


def test_two_hundred_takes_ask_only_for_the_pictures_that_are_seen(
    qtbot: Any, told: Callable[..., Takes], tmp_path: Path
) -> None:
    takes = told(*(take(number) for number in range(200, 0, -1)))
    area = QtWidgets.QScrollArea()
    qtbot.addWidget(area)
    area.setWidgetResizable(True)
    area.setWidget(takes)
    area.resize(420, 500)
    area.show()
    qtbot.waitUntil(lambda: takes.thumbnails.of("/r/bg_denoise/v200") is not None)

    asked = [json.loads(line) for line in (tmp_path / "bin" / "asked").read_text().splitlines()]

    assert len({words[1] for words in asked if words[0] == "thumbnail"}) < 60
    assert takes.list.height() == sum(
        takes.list.delegate.height(takes.list, entry) for entry in takes.list.rows.entries
    )
    area.takeWidget()  # each is closed by itself


def test_each_take_is_read_aloud_with_its_state(told: Callable[..., Takes]) -> None:
    takes = told(take(3, qc="fail", standing="failed", reason="Frame 1006 is black"))

    index = takes.list.rows.index(takes.list.rows.rowCount() - 1)
    spoken = takes.list.rows.data(index, Qt.ItemDataRole.AccessibleTextRole)

    assert spoken.startswith("v003, QC fail, Not offered as latest, Frame 1006 is black")


def test_pictures_are_kept_within_a_limit(qtbot: Any, told: Callable[..., Takes]) -> None:
    takes = told(take(1))
    kept = Thumbnails(takes._session, takes)  # noqa: SLF001 - another store at the same session
    large = QtGui.QPixmap(500, 500)

    for number in range(40):
        kept._keep(str(number), Pictures(large, None))  # noqa: SLF001 - as an answer would

    sizes = 4 * 500 * 500
    assert len(kept._kept) <= MOST_BYTES // sizes  # noqa: SLF001 - what this is about
    assert "39" in kept._kept  # noqa: SLF001 - the newest stays


def test_what_is_no_small_png_is_no_picture(
    qtbot: Any, told: Callable[..., Takes], tmp_path: Path
) -> None:
    huge = QtGui.QImage(4000, 10, QtGui.QImage.Format.Format_RGB32)
    huge.save(str(tmp_path / "huge.png"))

    takes = told(take(1), thumbnail={"path": str(tmp_path / "huge.png"), "plate": "/etc/passwd"})
    qtbot.waitUntil(lambda: takes.thumbnails.of("/r/bg_denoise/v001") is not None)

    found = takes.thumbnails.of("/r/bg_denoise/v001")
    assert found is not None
    assert (found.take, found.plate) == (None, None)
    assert found.problem == "Its thumbnail cannot be read."


def test_others_takes_come_by_themselves_while_somebody_looks(
    tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow beat and with the first look back; nothing is asked while the panel is hidden."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    python = scripted(tmp_path / "bin")
    (python.parent / "answers.json").write_text(json.dumps({"where": [{"root": "/r"}]}))
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(python))

    def asked() -> int:
        lines = (python.parent / "asked").read_text().splitlines()
        return sum(json.loads(line)[0] == "takes" for line in lines)

    def heard(session: Session) -> None:
        """Whatever was asked before has been heard by now."""
        told: list[Document] = []
        session.first(["show"], told.append)
        qtbot.waitUntil(lambda: bool(told), timeout=MILLISECONDS)

    with opened(Desk(tmp_path / "a.nk")) as session:
        beating, resting = (Takes(session, beat=seconds) for seconds in (0.05, 1000.0))
        for each in (beating, resting):
            qtbot.addWidget(each)
        qtbot.waitUntil(lambda: session.where.get("root") == "/r", timeout=MILLISECONDS)
        beating.show()
        qtbot.waitUntil(lambda: asked() >= 5, timeout=MILLISECONDS)

        beating.hide()
        heard(session)
        before = asked()
        session.takesChanged.emit()
        beats = QtCore.QElapsedTimer()
        beats.start()
        qtbot.waitUntil(lambda: beats.elapsed() > 500, timeout=MILLISECONDS)
        heard(session)
        assert asked() == before + 1  # the other one's, which was not hidden

        resting.show()
        resting.activateWindow()
        qtbot.waitUntil(lambda: asked() == before + 2, timeout=MILLISECONDS)
        beating.show()
        qtbot.waitUntil(lambda: asked() > before + 3, timeout=MILLISECONDS)
