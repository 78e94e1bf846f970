"""The README's pictures of the review page: real takes and real decisions, in a real browser.

    python tests/review_pictures.py [FOLDER]

starts a server, makes the takes of a few shots from the project's own plates, reviews some of them as a
supervisor would, and writes review_*.png into .github (or a folder), 1600x900. What they show has happened.
"""

# ruff: noqa: E402 - the path to the project's packages comes first
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / name) for name in ("core", "server")]
os.environ |= {"LOGNAME": "artist", "USER": "artist"}  # who makes and reviews: nobody in particular

import numpy as np
from browser import chromium, opened, ready, studio
from command import Answerprint
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from samples import AtOnce, save, server_here

from answerprint import exr
from answerprint.site import Rates, Site
from answerprint_server import repository

PLATES = PROJECT / "install" / "plates"
NOISY, STILL = PLATES / "denoise" / "noisy.####.exr", PLATES / "retime" / "plate.####.exr"
SPACE = "Linear Rec.709 (sRGB)"  # of the plates: see install/plates/README.md
MOST_BYTES = 600_000
FRAMES = 24  # of the take that is looked at
LONG = 180_000  # ms that a run may take to get anywhere
GLITTER = "The glitter on the ball is softer than in the plate. Keep more of it."

Words = tuple[str | Path, ...]


class Show:
    """A show with a few shots, and the verbs that make their takes."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.takes = folder, folder / "takes"
        self.run = ("run", "--server", address, "--out", self.takes, "--show", "garden", "--json")
        self.answerprint = AtOnce(folder)

    def take(self, shot: str, task: str, plate: Path, *words: str | Path) -> Path:
        said = self.answerprint(*self._words(shot, task, plate), *words)
        assert said.last["state"] == "complete", said
        return Path(next(one["path"] for one in said.documents if "path" in one))

    def decide(self, take: Path, *words: str) -> None:
        said = self.answerprint("review", take, *words, "--tool", "studio")
        assert said.code == 0, said

    @contextmanager
    def running(self, shot: str, task: str, plate: Path, *words: str | Path) -> Iterator[None]:
        """The take is being made meanwhile; stopped at the end as Ctrl+C does."""
        argv = Answerprint(self.folder).argv(*self._words(shot, task, plate), *words)
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()

    def framed(self, name: str, source: Path, count: int, box: tuple[int, int, int, int]) -> Path:
        """A plate seen closer: this box of its frames, left, top, right and bottom."""
        left, top, right, bottom = box
        for number in range(1001, 1001 + count):
            part = exr.read(Path(str(source).replace("####", str(number)))).parts[0]
            seen = {
                channel: np.ascontiguousarray(pixels[top:bottom, left:right])
                for channel, pixels in part.channels.items()
            }
            save(self.folder / "plates" / name / f"{name}.{number}.exr", seen)
        return self.folder / "plates" / name / f"{name}.####.exr"

    def long(self, name: str, source: Path) -> Path:
        """A plate of many frames: the eight that there are, to and fro."""
        folder = self.folder / "plates" / name
        folder.mkdir(parents=True)
        for number in range(FRAMES):
            place = number % 14
            frame = 1001 + (place if place < 8 else 14 - place)
            read = Path(str(source).replace("####", str(frame)))
            (folder / f"{name}.{1001 + number}.exr").write_bytes(read.read_bytes())
        return folder / f"{name}.####.exr"

    def _words(self, shot: str, task: str, plate: Path) -> Words:
        colour = ("--colour", SPACE) if plate.suffix == ".exr" else ()
        return (
            *self.run,
            *colour,
            "--shot",
            shot,
            "--name",
            task,
            "--task",
            task,
            "--plate",
            plate,
        )


def make(show: Show) -> None:
    """What was made and decided before anybody looks."""
    ball = show.framed("ball", NOISY, 4, (40, 100, 296, 244))
    cube = show.framed("cube", NOISY, 3, (144, 40, 400, 184))
    glass = show.framed("glass", NOISY, 3, (224, 100, 480, 244))
    wall = show.framed("wall", STILL, 4, (0, 0, 256, 144))
    floor = show.framed("floor", STILL, 4, (200, 110, 456, 254))
    plate = show.long("garden_0020", NOISY)
    hero = ("010_0020", "denoise", plate)
    show.decide(show.take("010_0010", "denoise", ball), "--approve")
    first = show.take(*hero, "--set", "quality=fast", "--frames", "1001-1004")
    show.decide(
        first, "--retake", "--note", "Blotches in the shadow of the ball.", "--frame", "1003"
    )
    show.take(*hero)
    show.take("010_0030", "retime", STILL, "--set", "method=blend", "--speed", "0.5")
    show.decide(show.take("010_0040", "upscale", wall, "--set", "method=lanczos-2x"), "--approve")
    show.take("020_0010", "denoise", cube, "--set", "quality=fast",
              "--wedge", "strength=0.2,0.4,0.6,0.8,1", "--wedge", "prefilter=true,false")  # fmt: skip
    show.take("020_0020", "point_normals", PLATES / "geometry" / "scan.####.bgeo")
    show.take("020_0030", "volume_upres", PLATES / "geometry" / "smoke.####.vdb")
    show.decide(show.take("020_0040", "denoise", glass), "--retake", "--note", GLITTER)
    show.take("020_0040", "denoise", glass, "--set", "strength=0.8")
    slow = ("--set", "method=dis", "--frames", "1001-1005", "--speed", "0.5")
    show.take("020_0050", "retime", STILL, *slow)
    show.decide(show.take("020_0060", "upscale", floor, "--set", "method=lanczos-2x"), "--approve")


def shoot(page: Page, out: Path) -> None:
    """A picture of the page as it is now, with its pictures drawn."""
    page.wait_for_function(
        "() => [...document.images].every((one) => one.complete && one.naturalWidth)"
    )
    page.evaluate("() => document.fonts.ready")
    page.screenshot(path=out)
    with Image.open(out) as image:
        seen = image.convert("RGB")
    seen.save(out, optimize=True)
    for bits in (1, 2, 3):  # a picture of a README is soon loaded
        if out.stat().st_size <= MOST_BYTES:
            return
        seen.point(lambda code, bits=bits: code >> bits << bits).save(out, optimize=True)


def card(page: Page, shot: str) -> Locator:
    return page.get_by_role("option").filter(has_text=shot)


def look(page: Page, show: Show, out: Path) -> None:
    """The review, with a camera."""
    long = show.folder / "plates" / "garden_0020" / "garden_0020.####.exr"
    with show.running("010_0060", "denoise", long):
        expect(card(page, "010_0060")).to_contain_text(
            re.compile(r"Running [1-9]\d %"), timeout=LONG
        )
        card(page, "010_0020").click()
        shoot(page, out / "review_wall.png")
    page.keyboard.press("Enter")
    ready(page)
    page.keyboard.press("w")
    for _ in range(2):
        page.keyboard.press("e")
    page.locator("[data-picture]").focus()
    wiped(page)
    shoot(page, out / "review_player.png")
    page.keyboard.press("g")
    plotted(page, out)
    page.keyboard.press("g")
    card(page, "020_0010").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox", name="Variations")).to_be_visible()
    page.keyboard.press("9")
    expect(page.get_by_role("heading", name="w009", exact=True)).to_be_visible()
    expect(page.locator(".sheet-decide")).to_contain_text("v002")
    page.wait_for_load_state("networkidle")
    shoot(page, out / "review_wedge.png")


def plotted(page: Page, out: Path) -> None:
    """A take with findings: the player opens it at the worst of them."""
    card(page, "010_0030").click()
    page.keyboard.press("Enter")
    ready(page)
    expect(page.locator(".over .mark-light")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("e")
    page.mouse.move(0, 0)
    shoot(page, out / "review_plot.png")


def wiped(page: Page) -> None:
    """The pointer is at a pixel right of the line, whose values are read."""
    box = page.locator("canvas.picture").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.45 * box["height"])
    expect(page.locator(".values[data-at]")).to_be_visible()
    ready(page)


def main(out: Path) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = folder / "home"
        home.mkdir()
        os.environ["ANSWERPRINT_HOME"] = str(home)
        state = stack.enter_context(server_here(home, repository.models_folder()))
        show = Show(folder, state.address)
        make(show)
        site = Site(rates=Rates(currency="USD", per_hour=36))
        address = stack.enter_context(studio(home, show.takes, site=site))
        page = stack.enter_context(opened(stack.enter_context(chromium()), scheme="dark"))
        page.goto(address)
        expect(card(page, "020_0060")).to_be_visible()
        look(page, show, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / ".github")
