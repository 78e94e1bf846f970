"""The README's pictures of the panel: real takes, real jobs and a real fault, in a real window.

    python tests/pictures.py [FOLDER]

starts a server, works for two minutes as an artist would, and writes panel*.png into .github (or a
folder), twice as large as they are shown. What they show has happened, with the stand-in for Nuke
as its host; nothing in them is drawn but by the panel's own widgets.
"""

# ruff: noqa: E402 - the stand-in for Nuke has to be found before it is imported
from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_SCALE_FACTOR"] = "2"
PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / name) for name in ("core", "server", "nuke", "tests/fakes")]

import palettes
from hands import QTest
from proxy import Proxy
from samples import server_here
from seat import Seat, taken

from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets
from answerprint_panel.take_row import frame_of
from answerprint_server import repository

if TYPE_CHECKING:
    from collections.abc import Callable

PLATES = PROJECT / "install" / "plates" / "denoise"
FRAMES = 48
WIDTH, HEIGHT, GAP = 420, 900, 16
FONT_PIXELS = 12


class Sitting:
    """An artist's afternoon with one shot, and a camera."""

    def __init__(self, seat: Seat, folder: Path, network: Proxy) -> None:
        self.seat, self.network = seat, network
        seat.patience = 120.0
        self.shot = folder / "nightfall" / "sh0120"
        self.plate = self.shot / "renders" / "sh0120_fg_v014.####.exr"
        self.pictures: dict[str, QtGui.QImage] = {}
        render(self.plate.parent)
        (self.shot / "comp").mkdir()

    def begin(self) -> None:
        """The script is open, its plate is selected."""
        seat = self.seat
        seat.start(self.shot / "comp" / "sh0120_comp_v012.nk")
        read = seat.read(self.plate.as_posix(), f"1001-{1000 + FRAMES}", "Read3")
        read.selectOnly()
        seat.open_pane().resize(WIDTH, HEIGHT)
        seat.press("Use selected")
        seat.task("Denoise")
        seat.until_said("Makes take v")

    def run(self, first: int, last: int) -> str:
        """Run these frames; the take that it will be."""
        seat = self.seat
        seat.type("First frame", str(first))
        seat.type("Last frame", str(last))
        seat.until_said("Makes take v")
        before = len(seat.session.jobs)
        seat.press(r"Run \d+ frames")
        seat.until(lambda: len(seat.session.jobs) > before and seat.session.jobs[0]["take"])
        return str(seat.session.jobs[0]["take"])

    def finish(self, take: str) -> None:
        """Wait for it, and let it go from the queue."""
        self.seat.until(lambda: self._is(take, "complete"))
        self.seat.press(f"Dismiss {take}")
        self.seat.until(lambda: not self.seat.found(f"Dismiss {take}"))

    def _is(self, take: str, state: str) -> bool:
        return any((one["take"], one["state"]) == (take, state) for one in self.seat.session.jobs)

    def earlier(self) -> None:
        """Takes of another task, and two of this one; the last one keeps more of the grain."""
        self.seat.task("Retime")
        self.finish(self.run(1001, 1004))
        self.seat.task("Denoise")
        self.finish(self.run(1001, 1008))
        self.seat.type("Strength", "0.85")
        self.finish(self.run(1001, 1008))

    def idle(self) -> None:
        self.seat.choose("Frames", "Input range")
        self.seat.until_said(f"About .* for {FRAMES} frames")
        self.seat.until_said("queue empty")
        self.take("idle")

    def running(self) -> None:
        """One was stopped; another one runs, and the takes of all plates are looked at."""
        seat = self.seat
        seat.type("Strength", "0.7")
        stopped = self.run(1001, 1024)
        seat.until_said("[1-9] of 24 frames")
        seat.press(f"Cancel {stopped}")
        seat.until_said("Stopped at")
        seat.type("Strength", "0.9")
        self.run(1001, 1000 + FRAMES)
        seat.press("Shown: .*")
        seat.menu("All plates")
        seat.take("v002")
        seat.until_said(rf"[1-4]\d of {FRAMES} frames, .* a frame")
        self.take("running")

    def takes(self) -> None:
        """Both are done with; a look at what was made."""
        seat = self.seat
        seat.press("Cancel v004")
        seat.until_said("Queue, 2 stopped")
        for take in ("v003", "v004"):
            seat.press(f"Dismiss {take}")
            seat.press("Dismiss")
            seat.until(lambda: not seat.found(f"Dismiss {take}"))  # noqa: B023 - called at once
        seat.until_said("Not finished")
        seat.take("v002")
        seat.press("More v002")
        seat.menu("Verify")
        seat.until_said("v002 verified")
        seat.press("Approve v002")
        seat.until_said("v002 is approved")
        seat.take("v001")
        seat.press("Retake v001")
        note = seat.control("What shall be done differently than in v001.*")
        note.setText("More grain in the sky")
        QTest.keyClick(note, Qt.Key.Key_Return)  # two buttons say Retake
        seat.until_said("v001 was asked for again")
        seat.take("v002")
        seat.until_said("Approved by you")
        seat.until_said("queue empty")
        column = seat.pane.panel.column.verticalScrollBar()
        column.setValue(column.maximum())
        self.take("takes")
        column.setValue(0)

    def failed(self) -> None:
        """A frame is rendered anew while it is needed, so half of it is there; another job runs."""
        seat = self.seat
        seat.type("Strength", "0.8")
        held = self.run(1001, 1024)
        seat.until_said("[1-9] of 24 frames")
        file = self.plate.with_name("sh0120_fg_v014.1020.exr")
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        seat.until(lambda: self._is(held, "incomplete"))
        file.write_bytes(whole)
        seat.type("Strength", "0.75")
        self.run(1001, 1000 + FRAMES)
        seat.until_said(rf"1\d of {FRAMES} frames, .* a frame")
        self.take("failed")

    def away(self) -> None:
        self.network.shut()
        self.seat.until_said("finished and safe")
        self.take("away")
        self.network.open()

    def end(self) -> None:
        """Nothing runs any more."""
        seat = self.seat

        def still() -> bool:
            for job in seat.session.jobs:
                if job["state"] in ("starting", "running", "waiting"):
                    seat.session.cancel_job(job["job"])
                    return False
            return True

        seat.until(still)

    def take(self, name: str) -> None:
        """A picture in dark, and one in light."""
        self._at_rest()
        for suffix, colours in (("", palettes.DARK), ("_light", palettes.LIGHT)):
            QtWidgets.QApplication.setPalette(colours)
            self.seat.turn(50)
            self.pictures[name + suffix] = self.seat.pane.grab().toImage()
        QtWidgets.QApplication.setPalette(palettes.DARK)

    def _at_rest(self) -> None:
        """Nothing has the keyboard, nothing is pointed at, every thumbnail has come."""
        focused = QtWidgets.QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()
        listed = self.seat.pane.panel.takes
        shown = [entry for entry in listed.list.rows.entries if entry.take is not None]
        of = listed.thumbnails.of
        self.seat.until(lambda: all(of(one.key, frame_of(one)) for one in shown))
        self.seat.turn(300)


def render(folder: Path) -> None:
    """A plate of many frames: the eight that there are, to and fro."""
    folder.mkdir(parents=True)
    for number in range(FRAMES):
        place = number % 14
        frame = 1001 + (place if place < 8 else 14 - place)
        shutil.copy(PLATES / f"noisy.{frame}.exr", folder / f"sh0120_fg_v014.{1001 + number}.exr")


def beside(pictures: list[QtGui.QImage], ground: str) -> QtGui.QImage:
    """Several in a row."""
    gap = 2 * GAP
    wide = sum(one.width() + gap for one in pictures) + gap
    made = QtGui.QImage(wide, pictures[0].height() + 2 * gap, QtGui.QImage.Format.Format_RGB32)
    made.fill(QtGui.QColor(ground))
    painter = QtGui.QPainter(made)
    left = gap
    for one in pictures:
        painter.drawImage(QtCore.QRect(left, gap, one.width(), one.height()), one)
        left += one.width() + gap
    painter.end()
    return made


def application() -> Any:
    app = QtWidgets.QApplication([])
    app.setStyle("Fusion")
    app.setPalette(palettes.DARK)
    font = QtGui.QFont("Inter")
    font.setPixelSize(FONT_PIXELS)
    app.setFont(font)
    return app


def main(out: Path) -> None:
    app = application()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = folder / "home"
        home.mkdir()
        os.environ["ANSWERPRINT_HOME"] = str(home)
        shows = Path(tempfile.gettempdir()) / "shows"  # a path that can be read in a picture
        shows.mkdir()
        stack.callback(shutil.rmtree, shows)
        where = f"{shows.as_posix()}/{{show}}/{{shot}}/*"
        (home / "site.toml").write_text(f'context = ["{where}"]\n', encoding="utf-8")
        state = stack.enter_context(server_here(home, repository.models_folder()))
        network = stack.enter_context(Proxy(state.address))
        sitting = Sitting(stack.enter_context(taken(home, network.address)), shows, network)
        steps: list[Callable[[], None]] = [
            sitting.begin, sitting.earlier, sitting.idle, sitting.running, sitting.takes,
            sitting.failed, sitting.away,
        ]  # fmt: skip
        try:
            for step in steps:
                step()
        finally:
            for name, picture in sitting.pictures.items():
                if not name.endswith("_light"):
                    picture.save(str(out / f"panel_{name}.png"))
        for suffix, ground in (("", "#1a1a1a"), ("_light", "#c8c8c8")):
            three = [sitting.pictures[name + suffix] for name in ("idle", "running", "failed")]
            beside(three, ground).save(str(out / f"panel{suffix}.png"))
        sitting.end()
    app.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".github")
