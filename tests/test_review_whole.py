"""A supervisor's review from the first look to what is handed on: a real server, takes, browser and shell."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest
from browser import chromium, opened, ready, studio
from playwright.sync_api import Browser, Locator, Page, expect
from samples import AtOnce, plate, save, until

WIDE, HIGH = 96, 54
FAULTY = 1004  # the frame of which a denoiser at full strength takes too much
SHOT = "010_0020"
NOTE = "Keep the sparks on the right."
OTHER = "The sparks are back, the grain is too strong."


@dataclass(frozen=True)
class Desk:
    """Where takes are made and reviewed."""

    folder: Path
    server: str
    address: str

    @property
    def stream(self) -> Path:
        return self.folder / "takes" / "garden" / SHOT / "bg"

    def answerprint(self, *words: str | Path) -> list[dict[str, Any]]:
        said = AtOnce(self.folder)(*words, "--json")
        assert said.code == 0, said
        return said.documents

    def run(self, shot: str, *words: str | Path) -> None:
        done = self.answerprint(*self.words(shot, *words))
        assert done[-1]["state"] == "complete", done[-1]

    def words(self, shot: str, *words: str | Path) -> tuple[str | Path, ...]:
        where = ("--out", self.folder / "takes", "--show", "garden", "--shot", shot, "--name", "bg")
        return ("run", "--server", self.server, *where, *words)

    def denoise(self, strength: str) -> None:
        path = self.folder / "plate" / "bg.####.exr"
        self.run(SHOT, "--task", "denoise", "--plate", path, "--set", f"strength={strength}")

    def statements(self, take: str) -> list[dict[str, Any]]:
        files = (self.stream / take / ".take" / "reviews").glob("*.json")
        held = [json.loads(file.read_text("utf-8"))["statement"] for file in files]
        return sorted(held, key=lambda one: str(one["created"]))

    def pointer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.stream / "approved.json").read_text("utf-8"))
        return found

    @contextmanager
    def sat_at(self, browser: Browser) -> Iterator[Page]:
        """One reviewer's browser, at the wall."""
        with opened(browser, width=1280, height=720) as page:
            page.goto(self.address)
            expect(card(page, SHOT)).to_be_visible()
            yield page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def desk(address: str, home: Path, tmp_path: Path) -> Iterator[Desk]:
    sparkling(tmp_path / "plate")
    (tmp_path / "takes").mkdir()
    with studio(home, tmp_path / "takes", database=tmp_path / "index.db") as page:
        yield Desk(tmp_path, address, page)


def sparkling(folder: Path) -> None:
    """Six frames of a noisy ramp; in one of them there are sparks, which a denoiser takes for noise."""
    y, x = np.mgrid[0:HIGH, 0:WIDE].astype(np.float32)
    for frame in range(1001, 1007):
        noise = np.random.default_rng(frame).uniform(0, 0.1, y.shape)
        base = 0.2 + 0.3 * x / WIDE + 0.01 * (frame - 1001)
        channels = {
            name: base * tint + noise for name, tint in zip("RGB", (0.9, 0.7, 0.5), strict=True)
        }
        if frame == FAULTY:
            for pixels in channels.values():
                pixels[8:24:2, 60:80:2] = 6
        halves = {name: pixels.astype(np.float16) for name, pixels in channels.items()}
        save(folder / f"bg.{frame}.exr", halves)


def card(page: Page, shot: str) -> Locator:
    return page.get_by_role("listbox", name="Takes").get_by_role("option").filter(has_text=shot)


def shown(page: Page) -> dict[str, Any]:
    ready(page)
    found: dict[str, Any] = page.evaluate("window.answerprint.shown")
    return found


def test_a_review_from_the_first_look_to_what_is_handed_on(desk: Desk, browser: Browser) -> None:
    desk.denoise("1")
    desk.run("010_0010", "--task", "passthrough", "--plate", plate(desk.folder / "other", 2))
    with desk.sat_at(browser) as page:
        find(page)
        compare(page)
        go_to_the_finding(page)
        refresh(page)
        ask_again(page)
        is_asked_for_again(desk)

        desk.denoise("0")  # what the artist makes of it
        page.keyboard.press("g")
        expect(card(page, SHOT)).to_contain_text("v002")
        expect(card(page, SHOT)).to_contain_text("Pass")
        two_at_once(page, desk, browser)
        is_approved(desk)
        page.keyboard.press("g")
        expect(card(page, SHOT)).to_contain_text("Approved")
        hand_on(page)


def find(page: Page) -> None:
    """On the wall, by words; the wall says what the gates found."""
    expect(card(page, SHOT)).to_contain_text(re.compile("Warn"))
    page.keyboard.press("/")
    page.keyboard.type("garden warn")
    expect(card(page, "010_0010")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(card(page, SHOT)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    assert shown(page)["frame"] == FAULTY  # where there is something to see


def compare(page: Page) -> None:
    page.keyboard.press("Tab")
    assert shown(page)["mode"] == "b"
    page.keyboard.press("Tab")
    assert shown(page)["mode"] == "a"
    page.keyboard.press("w")
    assert shown(page)["mode"] == "wipe"


def go_to_the_finding(page: Page) -> None:
    """By the plot: its mark is the way to the frame, and the frame says what is wrong with it."""
    page.keyboard.press("Home")
    assert shown(page)["frame"] == 1001
    page.locator(f".track [data-mark='{FAULTY}']").first.click()
    assert shown(page)["frame"] == FAULTY
    expect(page.get_by_role("slider", name="Frame")).to_have_attribute(
        "aria-valuetext", re.compile(f"^{FAULTY}, {FAULTY}: .*limit")
    )
    expect(page.locator(f".finding[data-frame='{FAULTY}']").first).to_be_visible()


def refresh(page: Page) -> None:
    before = shown(page)
    page.reload()
    assert shown(page) == before
    assert (before["mode"], before["frame"]) == ("wipe", FAULTY)


def ask_again(page: Page) -> None:
    """With a note, and a box around what is meant."""
    page.keyboard.press("r")
    paper = page.locator("[data-draw]")
    page.locator("[data-tool=box]").click()
    area = paper.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 0.6 * area["width"], area["y"] + 0.1 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.85 * area["width"], area["y"] + 0.5 * area["height"], steps=3)
    page.mouse.up()
    page.get_by_role("textbox", name="Note, needed").fill(NOTE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bar .state")).to_contain_text("Retake asked")


def is_asked_for_again(desk: Desk) -> None:
    (kept,) = desk.statements("v001")
    assert (kept["state"], kept["note"], kept["frame"]) == ("retake", NOTE, FAULTY)
    assert [one["frame"] for one in kept["drawings"]] == [FAULTY]
    (said,) = desk.answerprint("review", desk.stream / "v001")
    assert said["review"]["state"] == "retake"


def two_at_once(page: Page, desk: Desk, browser: Browser) -> None:
    """Both have the take open; who sends later is shown what was decided, and decides knowing it."""
    card(page, SHOT).click()
    page.keyboard.press("Enter")
    ready(page)
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name=re.compile("^Approve"))).to_be_visible()
    with desk.sat_at(browser) as other:
        card(other, SHOT).click()
        other.keyboard.press("r")
        other.keyboard.type(OTHER)
        other.keyboard.press("Control+Enter")
        expect(card(other, SHOT)).to_contain_text("Retake asked")
    page.keyboard.press("Control+Enter")
    asked = page.get_by_role("dialog", name="Somebody decided on v002 meanwhile")
    expect(asked).to_contain_text(OTHER)
    assert [one["state"] for one in desk.statements("v002")] == ["retake"]
    asked.get_by_role("button", name="Approve anyway").click()
    expect(page.locator(".bar .state")).to_contain_text("Approved")


def is_approved(desk: Desk) -> None:
    retake, approved = desk.statements("v002")
    assert (retake["state"], retake["note"]) == ("retake", OTHER)
    assert (approved["state"], approved["after"]) == ("approved", [retake["id"]])
    assert (desk.pointer()["take"], desk.pointer()["statement"]) == ("v002", approved["id"])
    (said,) = desk.answerprint("review", desk.stream / "v002")
    assert said["review"]["id"] == approved["id"]


def hand_on(page: Page) -> None:
    """As a timeline and as a table, of what the wall shows."""
    found = {}
    for name in ("Timeline", "Table"):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=re.compile(name)).click()
        found[name] = Path(download.value.path()).read_text("utf-8-sig")
    timeline = otio.adapters.read_from_string(found["Timeline"], "otio_json")
    names = [clip.metadata["answerprint"]["review"] for clip in timeline.find_clips()]
    assert "approved" in names
    lines = list(csv.DictReader(io.StringIO(found["Table"])))
    assert OTHER in [one["words"] for one in lines]


def test_a_take_grows_while_it_is_watched(
    slow: str, home: Path, tmp_path: Path, browser: Browser
) -> None:
    path = plate(tmp_path / "plate", 24)
    (tmp_path / "takes").mkdir()
    with studio(home, tmp_path / "takes", database=tmp_path / "index.db") as there:
        desk = Desk(tmp_path, slow, there)
        argv = desk.words(
            "010_0010", "--task", "slow", "--plate", path, "--in-flight", "1", "--json"
        )
        process = AtOnce(tmp_path).start(*argv)
        with opened(browser, width=1280, height=720) as page, process:
            until(process, "frame", 2)
            process.send_signal(signal.SIGSTOP)  # as long as it is looked at
            try:
                page.goto(there)
                expect(card(page, "010_0010")).to_contain_text("Running")
                card(page, "010_0010").click()
                page.keyboard.press("Enter")
                ready(page)
                expect(page.locator(".bar .state")).to_contain_text("Running")
                # how far it came until it was stopped is the machine's affair
                files = (tmp_path / "takes").rglob("*.exr")
                last = max(int(file.name.split(".")[-2]) for file in files)
                assert last < 1024
                expect(page.locator(".transport")).to_contain_text(re.compile(f"of 1001.{last}"))
            finally:
                process.send_signal(signal.SIGCONT)
            expect(page.locator(".bar .state")).to_contain_text("To review")
            expect(page.locator(".transport")).to_contain_text(re.compile("of 1001.1024"))
            page.keyboard.press("End")
            assert shown(page)["frame"] == 1024
