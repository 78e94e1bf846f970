"""How soon the wall is painted with 2,000 takes, and how long a flip of two HD frames takes.

    python tests/page_performance.py

opens the review page in a real browser, as often as it takes for a median. A flip is measured from the key
to the last pixel drawn, without a graphics card: with one it is far less. Nothing else should run on the
machine.
"""

# ruff: noqa: E402 - the path to the project's packages comes first
from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / name) for name in ("core", "server")]

from browser import chromium, opened, ready, studio
from playwright.sync_api import Browser
from samples import AtOnce, noise, save, server_here
from studio_performance import entries

from answerprint_server import repository
from answerprint_studio.index import Index

TAKES, TIMES = 2000, 9
PAINTED = """async () => {
  await new Promise((done) => {
    const look = () => (document.querySelector(".wall-sheet [role=option]") ? done() : requestAnimationFrame(look));
    look();
  });
  const cards = performance.now();
  const paint = await new Promise((done) => {
    const told = (list) => list.getEntriesByName("first-contentful-paint").forEach((one) => done(one.startTime));
    new PerformanceObserver(told).observe({ type: "paint", buffered: true });
  });
  return [paint, cards];
}"""
FLIPPED = """(times) => {
  const stage = document.querySelector("[data-picture]");
  const gl = document.querySelector("canvas.picture").getContext("webgl2");
  const texel = new Uint8Array(4);
  return Array.from({ length: times }, () => {
    const from = performance.now();
    stage.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
    const given = performance.now() - from;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, texel); // waits until all is drawn
    return [given, performance.now() - from];
  });
}"""


def wall(browser: Browser, home: Path, folder: Path) -> None:
    (folder / "takes").mkdir()
    index = Index(f"sqlite:///{(folder / 'wall.db').as_posix()}")
    index.put(list(entries(TAKES)))
    index.close()
    found: list[list[float]] = []
    with studio(home, folder / "takes", database=folder / "wall.db", follows=False) as address:
        for _ in range(TIMES):
            with opened(browser) as page:  # each with nothing in its cache
                page.goto(address, wait_until="commit")
                found.append(page.evaluate(PAINTED))
    paint, cards = (statistics.median(one) for one in zip(*found, strict=True))
    print(f"{TAKES:,} takes: first paint after {paint:.0f} ms, cards after {cards:.0f} ms")


def flip(browser: Browser, home: Path, folder: Path) -> None:
    save(folder / "plate" / "bg.1001.exr", noise(1, width=1920, height=1080))
    with server_here(home, repository.models_folder()) as state:
        said = AtOnce(folder)(
            "run", "--task", "passthrough", "--plate", folder / "plate" / "bg.####.exr",
            "--server", state.address, "--out", folder / "made", "--json",
        )  # fmt: skip
        assert said.last["state"] == "complete", said
    with studio(home, folder / "made") as address, opened(browser) as page:
        page.goto(address)
        page.get_by_role("option").click()
        page.keyboard.press("Enter")
        ready(page)
        found = page.evaluate(FLIPPED, TIMES)
        size = page.evaluate(
            "(({ width, height }) => `${width}x${height}`)(document.querySelector('canvas.picture'))"
        )
    given, drawn = (statistics.median(one) for one in zip(*found, strict=True))
    print(f"flip of HD frames at {size}: {given:.1f} ms of the page, drawn after {drawn:.1f} ms")


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = folder / "home"
        home.mkdir()
        os.environ["ANSWERPRINT_HOME"] = str(home)
        browser = stack.enter_context(chromium())
        wall(browser, home, folder)
        flip(browser, home, folder)


if __name__ == "__main__":
    main()
