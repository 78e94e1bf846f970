"""The README's picture of the panel in Houdini: real takes and a real job, in a real window.

    python tests/houdini_pictures.py [FOLDER]

writes panel_houdini.png into .github (or a folder); see `pictures`, which draws the others.
"""

# ruff: noqa: E402 - the stand-in for Houdini has to be found before it is imported
from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_SCALE_FACTOR"] = "2"
PROJECT = Path(__file__).parents[1]
OWN = ("core", "server", "nuke", "houdini/scripts/python", "tests/fakes/houdini", "tests/fakes")
sys.path[:0] = [str(PROJECT / name) for name in OWN]

import hou
import palettes
from chair import Chair, taken
from geometry_plates import scan, smoke
from pictures import HEIGHT, WIDTH, application, beside
from samples import server_here

from answerprint_panel.qt import QtGui, QtWidgets
from answerprint_panel.take_row import frame_of
from answerprint_server import repository

FRAMES = 24
RUNNING = 96  # frames of smoke, so that a picture can be taken while they are made


class Sitting:
    """An artist with a scan and a simulation, and a camera."""

    def __init__(self, chair: Chair, folder: Path) -> None:
        self.chair = chair
        chair.patience = 30.0
        scene = folder / "nightfall" / "sh0120" / "fx" / "sh0120_fx_v007.hip"
        scene.parent.mkdir(parents=True)
        chair.start(scene)
        hou.playbar.setFrameRange(1, FRAMES)

    def finish(self, take: str) -> None:
        at = self.chair.session
        self.chair.until(
            lambda: any((j["take"], j["state"]) == (take, "complete") for j in at.jobs)
        )
        self.chair.press(f"Dismiss {take}")
        self.chair.until(lambda: not self.chair.found(f"Dismiss {take}"))

    def points(self) -> QtGui.QImage:
        chair = self.chair
        chair.sop(lambda frame: scan(1000 + int(frame)), "SCAN", moves=True)
        chair.open_pane().resize(WIDTH, HEIGHT)
        chair.until_said("Task: Point normals")
        for take, neighbours in (("v001", "12"), ("v002", "24")):
            chair.until(lambda: chair.found("Neighbours"))
            chair.type("Neighbours", neighbours)
            chair.press(f"Run {FRAMES} frames")
            self.finish(take)
        chair.take("v002")
        chair.press("More v002")
        chair.menu("Verify")
        chair.until_said("v002 verified")
        chair.type("Neighbours", "16")
        chair.until_said("Makes take v003")
        return self.picture()

    def smoke(self) -> QtGui.QImage:
        chair = self.chair
        hou.playbar.setFrameRange(1, RUNNING)
        chair.sop(lambda frame: smoke(1000 + int(frame) % 12), "SMOKE", moves=True)
        chair.press("Use selected")
        chair.until_said("Task: Volume upres")
        chair.type("First frame", "1")
        chair.type("Last frame", "8")
        chair.press("Run 8 frames")
        self.finish("v001")
        chair.type("Detail", "0.8")
        chair.choose("Frames", "Input range")
        chair.press(f"Run {RUNNING} frames")
        chair.press("Shown: .*")
        chair.menu("All plates")
        chair.until_said(rf"[1-4]\d of {RUNNING} frames, .* a frame")
        return self.picture()

    def picture(self) -> QtGui.QImage:
        focused = QtWidgets.QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()
        listed = self.chair.pane.panel.takes
        held = [entry for entry in listed.list.rows.entries if entry.take is not None]
        of = listed.thumbnails.of
        self.chair.until(lambda: all(of(one.key, frame_of(one)) for one in held))
        self.chair.turn(300)
        shown: QtGui.QImage = self.chair.pane.grab().toImage()
        return shown

    def end(self) -> None:
        session = self.chair.session

        def still() -> bool:
            for job in session.jobs:
                if job["state"] in ("starting", "running", "waiting"):
                    session.cancel_job(job["job"])
                    return False
            return True

        self.chair.until(still)


def main(out: Path) -> None:
    app = application()
    app.setPalette(palettes.HOUDINI)
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
        sitting = Sitting(stack.enter_context(taken(home, state.address)), shows)
        pictures = [sitting.points(), sitting.smoke()]
        beside(pictures, "#1a1a1a").save(str(out / "panel_houdini.png"))
        sitting.end()
    app.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".github")
