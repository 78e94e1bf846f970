"""The player in a real browser: what stands on the screen is what the files hold, pixel for pixel."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, opened, ready, studio
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect
from samples import made, save
from studios import judged

from answerprint import exr, ocio
from answerprint.take import Take
from answerprint.triton import Server

Floats = NDArray[np.float32]
Codes = NDArray[np.int16]

WIDE, HIGH, FRAMES = 96, 54, range(1001, 1009)
DISPLAY, VIEW = "sRGB - Display", "ACES 1.0 - SDR Video"
NEAR = 2  # codes of 255 that the view's table and a half may be off by
CANVAS = "document.querySelector('canvas.picture')"


@dataclass(frozen=True)
class There:
    """A take as the player shows it: its address on the page, and its folders."""

    url: str
    take: Take
    plate: Path

    def made(self, frame: int = 1001) -> Floats:
        return light(self.take.file(frame))

    def given(self, frame: int = 1001) -> Floats:
        return light(self.plate / f"bg.{frame}.exr")

    def reviews(self) -> list[dict[str, Any]]:
        found = (self.take.private / "reviews").glob("*.json")
        return [json.loads(file.read_text("utf-8"))["statement"] for file in sorted(found)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def denoised(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plate/bg.####.exr, a noisy ramp in muted colours, and a take of it in takes/bg_denoise/v001."""
    folder = tmp_path_factory.mktemp("player")
    y, x = np.mgrid[0:HIGH, 0:WIDE].astype(np.float32)
    for frame in FRAMES:
        random = np.random.default_rng(frame)
        base = 0.2 + 0.5 * x / WIDE + 0.02 * (frame - 1001)
        channels = {
            name: (base * tint + 0.1 * y / HIGH + random.uniform(0, 0.15, y.shape)).astype(np.float16)
            for name, tint in zip("RGB", (0.9, 0.7, 0.55), strict=True)
        }  # fmt: skip
        save(
            folder / "plate" / f"bg.{frame}.exr",
            {**channels, "depth.Z": (x + y).astype(np.float32)},
        )
    with Server(address) as server:
        made(server, home, folder / "takes", folder / "plate" / "bg.####.exr", task="denoise")
    return folder


@pytest.fixture(scope="module")
def there(denoised: Path, home: Path) -> Iterator[There]:
    """A studio service over the take, with two marks of a gate in it. Only to be looked at."""
    judge(Take(denoised / "takes" / "bg_denoise" / "v001"), home)
    with served(denoised, denoised, home) as one:
        yield one


@pytest.fixture
def own(there: There, denoised: Path, home: Path, tmp_path: Path) -> Iterator[There]:
    """The same in a place of its own, to be written to; the plate stays where it is."""
    shutil.copytree(denoised / "takes", tmp_path / "takes")
    with served(tmp_path, denoised, home) as one:
        yield one


@contextlib.contextmanager
def served(folder: Path, plate: Path, home: Path) -> Iterator[There]:
    take = Take(folder / "takes" / "bg_denoise" / "v001")
    with studio(home, folder / "takes", database=folder / "index.db") as address:
        yield There(f"{address}/#/take/{take.read('claim')['uuid']}", take, plate / "plate")


@pytest.fixture
def page(browser: Browser, there: There) -> Iterator[Page]:
    with opened(browser, width=1400, height=560) as one:  # small is soon drawn
        show(one, there)
        yield one


def judge(take: Take, home: Path) -> None:
    """Puts findings of our own in place of those of the gates."""
    found = take.read("qc")
    measures = {str(n): {"verdict": "pass", "measures": {"highlights": 0.01}} for n in FRAMES}
    for number, lost in ((1003, 0.31), (1006, 0.12)):
        measures[str(number)] = {"verdict": "warn", "measures": {"highlights": lost}}
    found["gates"] = {
        "highlights": {"title": "highlights lost", "unit": "stops", "level": "warn", "limit": 0.05,
                       "verdict": "warn", "worst": 0.31, "at": "1003"},
    }  # fmt: skip
    found |= {"verdict": "warn", "frames": measures, "more": 0}
    found["findings"] = [
        {"gate": "highlights", "verdict": "warn", "frame": n, "variation": "", "layer": "", "view": "",
         "box": [60, 10, 79, 24], "place": "in the upper right", "number": lost, "limit": 0.05,
         "unit": "stops", "words": f"{n}: highlights lost {lost} stops in the upper right; limit 0.05"}
        for n, lost in ((1003, 0.31), (1006, 0.12))
    ]  # fmt: skip
    judged(take, found, home)


def show(page: Page, there: There, **params: object) -> None:
    """Opens the take there; `params` as they stand in the address."""
    asked = {"frame": 1001, "zoom": 1, **params}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    page.goto("about:blank")
    page.goto(f"{there.url}?{query}")
    ready(page)


def light(path: Path) -> Floats:
    channels = exr.read(path).parts[0].channels
    return np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float32)


def seen(image: Floats, ev: float = 0, gamma: float = 1) -> Codes:
    """What OpenColorIO itself shows of it, in codes."""
    rgb = np.ascontiguousarray(image.reshape(-1, 3) * np.float32(2.0**ev))
    for step in ocio.displayed(ocio.load(None, None, {}), DISPLAY, VIEW):
        rgb = step(rgb)
    codes = np.rint(np.clip(rgb, 0, 1).reshape(image.shape) ** (1 / gamma) * 255)
    return np.asarray(codes, np.int16)


def screen(page: Page) -> Codes:
    """The canvas, as it is."""
    return decoded(page.evaluate(f"{CANVAS}.toDataURL('image/png')"))


def decoded(address: str) -> Codes:
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def picture(codes: Codes) -> Codes:
    """The frame on a canvas that shows it one to one."""
    high, wide = codes.shape[:2]
    left, top = (
        int(np.floor(room / 2 - own / 2 + 0.5)) for room, own in ((wide, WIDE), (high, HIGH))
    )
    return codes[top : top + HIGH, left : left + WIDE]


def apart(one: Codes, other: Codes) -> int:
    return int(np.abs(one - other).max())


def shown(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.answerprint.shown")
    return found


def box(page: Page) -> FloatRect:
    found = page.locator("canvas.picture").bounding_box()
    assert found is not None
    return found


def at_pixel(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the frame is in the window, one to one."""
    canvas = box(page)
    left = np.floor(canvas["width"] / 2 - WIDE / 2 + 0.5)
    top = np.floor(canvas["height"] / 2 - HIGH / 2 + 0.5)
    return canvas["x"] + left + x + 0.5, canvas["y"] + top + y + 0.5


def test_the_take_is_seen_through_the_view(page: Page, there: There) -> None:
    assert apart(picture(screen(page)), seen(there.made())) <= NEAR
    assert apart(seen(there.made()), seen(there.given())) > 10 * NEAR


def test_a_flip_is_there_in_the_same_turn_and_never_black(page: Page, there: There) -> None:
    flips = page.evaluate(
        """() => {
          const stage = document.querySelector("[data-picture]");
          const canvas = document.querySelector("canvas.picture");
          return [1, 2, 3, 4].map(() => {
            stage.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
            return canvas.toDataURL("image/png");
          });
        }"""
    )

    plate, take = seen(there.given()), seen(there.made())
    assert [apart(picture(decoded(one)), plate) <= NEAR for one in flips] == [True, False] * 2
    assert [apart(picture(decoded(one)), take) <= NEAR for one in flips] == [False, True] * 2


def test_nothing_is_black_while_frames_are_flipped_and_changed(page: Page) -> None:
    darkest = page.evaluate(
        """async () => {
          const stage = document.querySelector("[data-picture]");
          const canvas = document.querySelector("canvas.picture");
          const gl = canvas.getContext("webgl2");
          const texel = new Uint8Array(4);
          const found = [];
          const press = (key) => stage.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
          for (let turn = 0; turn < 9; turn += 1) {
            press(turn % 3 ? "Tab" : "ArrowRight");
            await new Promise(requestAnimationFrame);
            gl.readPixels(canvas.width / 2, canvas.height / 2, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, texel);
            found.push(Math.max(...texel.slice(0, 3)));
          }
          return Math.min(...found);
        }"""
    )

    assert darkest > 40  # the surround is 25, and the picture there is 150


def test_left_of_the_line_is_a_and_right_of_it_b(page: Page, there: There) -> None:
    show(page, there, mode="wipe", at=0.25)

    found = picture(screen(page))

    assert apart(found[:, :24], seen(there.made())[:, :24]) <= NEAR
    assert apart(found[:, 24:], seen(there.given())[:, 24:]) <= NEAR


def test_the_line_is_dragged(page: Page, there: There) -> None:
    show(page, there, mode="wipe")
    page.mouse.move(*at_pixel(page, 48, 20))
    page.mouse.down()
    page.mouse.move(*at_pixel(page, 72, 30), steps=4)
    page.mouse.up()

    expect(page).to_have_url(re.compile(r"at=0\.75"))
    found = picture(screen(page))
    assert apart(found[:, :70], seen(there.made())[:, :70]) <= NEAR
    assert apart(found[:, 74:], seen(there.given())[:, 74:]) <= NEAR


@pytest.mark.parametrize("gain", [1, 8, 32])
def test_a_difference_is_the_difference_times_gain(page: Page, there: There, gain: int) -> None:
    show(page, there, mode="difference", gain=gain)

    expected = np.clip(np.abs(there.made() - there.given()) * gain, 0, 1) * 255
    assert np.abs(picture(screen(page)) - expected).max() <= 1


def test_exposure_and_gamma_are_live(page: Page, there: There) -> None:
    page.keyboard.press("e")
    page.keyboard.press("e")
    page.keyboard.press("Shift+E")
    assert apart(picture(screen(page)), seen(there.made(), ev=0.5)) <= NEAR

    page.get_by_label("Gamma up").click()
    page.get_by_label("Gamma up").click()
    assert apart(picture(screen(page)), seen(there.made(), ev=0.5, gamma=1.1)) <= NEAR

    page.locator("[data-picture]").focus()
    page.keyboard.press("0")
    assert apart(picture(screen(page)), seen(there.made())) <= NEAR


def test_another_view_is_another_picture(page: Page, there: There) -> None:
    page.locator("[data-picker=view]").click()
    page.get_by_role("menuitemradio", name=f"Raw · {DISPLAY}").click()
    ready(page)

    raw = np.rint(np.clip(there.made(), 0, 1) * 255)
    assert np.abs(picture(screen(page)) - raw).max() <= NEAR


def test_zoom_and_pan_are_one_on_both_sides(page: Page, there: There) -> None:
    show(page, there, mode="side", zoom=4)
    canvas = box(page)
    x, y = canvas["x"] + canvas["width"] / 4, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y - 24, steps=3)
    page.mouse.up()

    codes = screen(page)
    room = codes.shape[1] // 2 - 1
    left, right = codes[:, :room], codes[:, -room:]
    # the pixel in the middle of each half, moved by 10 to the right and 6 up
    row, column = HIGH // 2 + 6, WIDE // 2 - 10
    for half, image in ((left, seen(there.made())), (right, seen(there.given()))):
        middle = half[half.shape[0] // 2 + 1 :: 4, room // 2 + 1 :: 4][:8, :8]
        expected = image[row : row + 9, column : column + 9]
        errors = [
            apart(middle, expected[dy : dy + 8, dx : dx + 8]) for dy in (0, 1) for dx in (0, 1)
        ]
        assert min(errors) <= NEAR


def test_the_wheel_keeps_what_is_under_the_pointer(page: Page, there: There) -> None:
    x, y = at_pixel(page, 20, 10)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    page.wait_for_url("**zoom=4*")

    codes = screen(page)
    canvas = box(page)
    found = codes[int(y - canvas["y"]), int(x - canvas["x"])]
    assert apart(found, seen(there.made())[10, 20]) <= NEAR


def test_values_under_the_pointer_are_those_of_the_files(page: Page, there: There) -> None:
    page.mouse.move(*at_pixel(page, 33, 21))

    expect(page.locator(".values[data-at='1001 33 21']")).to_be_visible()
    for side, image in (("a", there.made()), ("b", there.given())):
        values = page.locator(f".values-side[data-side={side}] [data-channel]")
        found = {one.get_attribute("data-channel"): one.inner_text() for one in values.all()}
        assert [found[name] for name in "RGB"] == [f"{value:.3f}" for value in image[21, 33]]


def test_a_click_in_the_plot_goes_to_the_frame(page: Page) -> None:
    track = page.get_by_role("slider", name="Frame")
    area = track.bounding_box()
    assert area is not None

    track.click(position={"x": area["width"] * 4.5 / len(FRAMES), "y": 60})
    assert shown(page)["frame"] == 1005

    page.locator("[data-mark='1003']").click()
    assert shown(page)["frame"] == 1003
    expect(track).to_have_attribute(
        "aria-valuetext", "1003, 1003: highlights lost 0.31 stops in the upper right; limit 0.05"
    )


def still(mark: Locator) -> FloatRect:
    """Where something stands once it stays there: what is drawn anew is nowhere for a moment."""
    before = None
    for _ in range(200):
        place = mark.bounding_box()
        if place is not None and place == before:
            return place
        before = place
        mark.page.wait_for_timeout(50)
    raise AssertionError("it does not come to stand")


def test_a_finding_goes_to_its_frame_and_its_place_is_marked(page: Page, there: There) -> None:
    page.locator(".finding[data-frame='1003']").click()

    mark = page.locator(".over .mark-light")
    expect(mark).to_be_visible()
    place = still(mark)
    x, y = at_pixel(page, 60, 10)
    assert abs(place["x"] - x) < 2
    assert abs(place["y"] - y) < 2
    page.locator("[data-picture]").focus()
    page.keyboard.press("o")
    expect(mark).to_have_count(0)
    assert apart(picture(screen(page)), seen(there.made(1003))) <= NEAR


def test_keys_move_through_time(page: Page) -> None:
    frames = []
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "[", "[", "]", "Home"):
        page.keyboard.press(key)
        ready(page)
        frames.append(shown(page)["frame"])

    assert frames == [1002, 1003, 1008, 1007, 1006, 1003, 1006, 1001]


def test_keys_compare(page: Page, there: There) -> None:
    modes = []
    for key in ("w", "s", "d", "d"):
        page.keyboard.press(key)
        ready(page)
        modes.append(shown(page)["mode"])
    page.keyboard.press("x")

    assert modes == ["wipe", "side", "difference", "a"]
    assert (shown(page)["a"], shown(page)["b"]) == ("plate", there.take.read("claim")["uuid"])
    assert apart(picture(screen(page)), seen(there.given())) <= NEAR


def test_the_address_is_all_of_it(page: Page, there: There) -> None:
    show(page, there, mode="wipe", frame=1004, at=0.3, ev=1)
    before = screen(page)

    page.reload()
    ready(page)

    assert shown(page)["frame"] == 1004
    np.testing.assert_array_equal(screen(page), before)


def test_all_frames_are_played_in_order(page: Page) -> None:
    played = page.evaluate(
        """() => new Promise((resolve) => {
          const found = [];
          const turn = () => {
            const { frame } = window.answerprint.shown;
            if (found.at(-1) !== frame) found.push(frame);
            if (found.length < 8) requestAnimationFrame(turn);
            else resolve(found);
          };
          turn();
          document.querySelector("[aria-label=Play]").click();
        })"""
    )

    assert played == list(FRAMES)
    expect(page.get_by_label("Play")).to_be_visible()


def test_what_holds_numbers_says_so(page: Page, there: There) -> None:
    show(page, there, layer="depth", a="plate")

    expect(page.locator(".note-data")).to_have_text(f"numbers, 0 to {WIDE + HIGH - 2}")
    depth = exr.read(there.plate / "bg.1001.exr").parts[0].channels["depth.Z"]
    expected = np.repeat(depth[..., None], 3, axis=2) / depth.max() * 255
    assert np.abs(picture(screen(page)) - expected).max() <= NEAR


def test_a_frame_that_is_gone_is_said_in_its_place(page: Page, own: There) -> None:
    own.take.file(1002).unlink()
    show(page, own, frame=1002, mode="wipe")

    words = page.locator(".in-place[data-side=a]")
    expect(words).to_contain_text("bg_denoise v001 has no frame 1002")
    assert apart(picture(screen(page))[:, 48:], seen(own.given(1002))[:, 48:]) <= NEAR


def test_a_graphics_card_that_goes_comes_back(page: Page, there: There) -> None:
    lose = f"window.lost = {CANVAS}.getContext('webgl2').getExtension('WEBGL_lose_context')"
    page.evaluate(f"({lose}).loseContext()")
    expect(page.locator(".in-place[data-side=a]")).to_contain_text("The graphics card was taken")

    page.evaluate("window.lost.restoreContext()")

    expect(page.locator(".in-place[data-side=a]")).to_be_hidden()
    ready(page)
    assert apart(picture(screen(page)), seen(there.made())) <= NEAR


def test_a_note_is_kept_on_its_frame(page: Page, own: There) -> None:
    show(page, own)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    page.keyboard.type("Softer here.")
    page.keyboard.press("Enter")

    expect(page.locator(".review-note")).to_have_text("Softer here.")
    assert [(one["state"], one["note"], one["frame"]) for one in own.reviews()] == [
        ("note", "Softer here.", 1002)
    ]


def test_drawings_go_along_with_a_retake(page: Page, own: There) -> None:
    show(page, own)
    page.keyboard.press("r")
    paper = page.locator("[data-draw]")
    expect(paper).to_be_visible()
    page.locator("[data-tool=box]").click()
    for start, end in (((0.25, 0.25), (0.5, 0.5)), ((0.1, 0.1), (0.2, 0.9))):
        area = paper.bounding_box()
        assert area is not None
        places = [
            (area["x"] + area["width"] * x, area["y"] + area["height"] * y) for x, y in (start, end)
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        page.mouse.move(*places[1], steps=3)
        page.mouse.up()
    expect(paper.locator(".stroke")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(paper.locator(".stroke")).to_have_count(1)
    page.get_by_role("textbox", name="Note, needed").fill("Sharper in the box.")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".review-note")).to_have_text("Sharper in the box.")
    (kept,) = own.reviews()
    assert (kept["state"], kept["frame"]) == ("retake", 1001)
    ((drawn,),) = [one["strokes"] for one in kept["drawings"]]
    corners = np.asarray(drawn["points"])
    expected = [[24, 13.5], [48, 13.5], [48, 27], [24, 27], [24, 13.5]]
    assert np.abs(corners - expected).max() < 0.6
    expect(page.locator(".over .stroke")).to_have_count(1)  # seen again on the frame


def test_an_approval_is_kept(page: Page, own: There) -> None:
    show(page, own)
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".bar .state")).to_contain_text("Approved")
    assert [one["state"] for one in own.reviews()] == ["approved"]


@pytest.mark.parametrize(
    ("size", "least"),
    [((1280, 720), (840, 470)), ((1600, 900), (1050, 590)), ((3840, 2160), (2700, 1500))],
)
def test_there_is_room_for_the_picture(
    browser: Browser, there: There, size: tuple[int, int], least: tuple[int, int]
) -> None:
    with opened(browser, width=size[0], height=size[1]) as page:
        show(page, there)

        canvas = box(page)
        assert (canvas["width"], canvas["height"]) >= least
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        for name in ("Approve", "Retake"):
            expect(page.locator(".decisions").get_by_role("button", name=name)).to_be_in_viewport()
