"""The wall of the review page in a real browser: found, selected and decided, by keyboard and by mouse."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, opened, studio
from playwright.sync_api import Browser, Locator, Page, expect
from samples import AtOnce, plate

from answerprint_studio.index import Entry, Index

MANY = 2000
SCRIPT = "<img src=x onerror=\"document.title='taken'\"> The glitter is gone."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def made(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """demo/010_0010 to 010_0030 of one task each, and a wedge of three variations in 020_0010."""
    folder = tmp_path_factory.mktemp("wall")
    path = plate(folder / "plate", 2)
    run = ("run", "--plate", path, "--server", address, "--json", "--show", "demo")
    answerprint = AtOnce(folder)
    for shot in ("010_0010", "010_0020", "010_0030"):
        said = answerprint(*run, "--task", "passthrough", "--shot", shot, "--name", "plain")
        assert said.last["state"] == "complete", said
    wedge = ("--task", "denoise", "--set", "quality=fast", "--wedge", "strength=0.2,0.5,1")
    said = answerprint(*run, *wedge, "--shot", "020_0010", "--name", "wedge")
    assert said.last["state"] == "complete", said
    return folder / "takes"


@pytest.fixture
def takes(made: Path, tmp_path: Path) -> Path:
    """The same in another place, to be decided upon."""
    shutil.copytree(made, tmp_path / "takes")
    return tmp_path / "takes"


@pytest.fixture(scope="module")
def shown(made: Path, home: Path) -> Iterator[str]:
    """A studio over takes that nobody decides upon."""
    with studio(home, made, database=made.parent / "index.db") as there:
        yield there


@pytest.fixture
def wall(browser: Browser, shown: str) -> Iterator[Page]:
    """The same wall, only to be looked at."""
    with opened(browser) as one:
        one.goto(shown)
        expect(cards(one)).to_have_count(4)
        yield one


@pytest.fixture
def address_of_wall(takes: Path, home: Path, tmp_path: Path) -> Iterator[str]:
    with studio(home, takes, database=tmp_path / "index.db") as there:
        yield there


@pytest.fixture
def page(browser: Browser, address_of_wall: str) -> Iterator[Page]:
    """The wall with its four takes on it."""
    with opened(browser) as one:
        one.goto(address_of_wall)
        expect(cards(one)).to_have_count(4)
        yield one


def cards(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Takes").get_by_role("option")


def card(page: Page, shot: str) -> Locator:
    return cards(page).filter(has_text=shot)


def reviews(takes: Path, shot: str, name: str = "plain") -> list[dict[str, object]]:
    folder = takes / "demo" / shot / name / "v001" / ".take" / "reviews"
    held = [json.loads(file.read_text("utf-8"))["statement"] for file in folder.glob("*.json")]
    return sorted(held, key=lambda one: str(one["created"]))


def test_the_wall_says_of_each_take_what_it_is_and_where_it_stands(wall: Page) -> None:
    first = card(wall, "010_0010")

    expect(wall.get_by_role("heading", name="010", exact=True)).to_be_visible()
    expect(first).to_contain_text("passthrough")
    expect(first).to_contain_text("v001")
    expect(first).to_contain_text("To review")
    expect(first.get_by_text(re.compile("^(Pass|Not checked yet)"))).to_be_visible()
    expect(first.locator("img")).to_have_js_property("complete", value=True)
    assert first.locator("img").evaluate("image => image.naturalWidth") > 0


def test_arrows_select_and_enter_opens(wall: Page) -> None:
    wall.keyboard.press("ArrowRight")
    wall.keyboard.press("ArrowRight")
    expect(card(wall, "010_0020")).to_have_attribute("aria-selected", "true")
    ident = card(wall, "010_0020").get_attribute("data-id")

    wall.keyboard.press("Enter")

    expect(wall).to_have_url(re.compile(f"#/take/{ident}"))
    wall.keyboard.press("g")
    expect(card(wall, "010_0020")).to_have_attribute("aria-selected", "true")


def test_what_is_looked_for_stands_in_the_address(wall: Page) -> None:
    wall.keyboard.press("/")
    wall.keyboard.type("0030 plain")
    expect(cards(wall)).to_have_count(1)
    assert "q=0030" in wall.url

    wall.reload()
    expect(cards(wall)).to_have_count(1)
    wall.get_by_role("button", name=re.compile("^Approved")).click()
    expect(wall.get_by_text("No take fits what is asked for.")).to_be_visible()
    wall.get_by_role("main").get_by_role("button", name="Clear filters").click()
    expect(cards(wall)).to_have_count(4)


def test_a_filter_says_how_many_it_finds_before_it_is_chosen(wall: Page) -> None:
    wall.get_by_role("button", name=re.compile(r"^denoise\s*1$")).click()

    expect(cards(wall)).to_have_count(1)
    expect(card(wall, "020_0010")).to_be_visible()


def test_a_take_is_approved_by_keys_and_taken_back(page: Page, takes: Path) -> None:
    card(page, "010_0010").click()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Approve 010_0010 passthrough v001")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(card(page, "010_0010")).to_contain_text("Approved")
    assert [one["state"] for one in reviews(takes, "010_0010")] == ["approved"]

    page.keyboard.press("Control+z")

    expect(card(page, "010_0010")).to_contain_text("To review")
    assert [one["state"] for one in reviews(takes, "010_0010")] == ["approved", "withdrawn"]


def test_a_card_that_changes_while_it_is_pressed_is_selected(
    page: Page, browser: Browser, address_of_wall: str
) -> None:
    card(page, "010_0010").hover()
    page.mouse.down()
    with opened(browser) as other:
        other.goto(address_of_wall)
        card(other, "010_0010").click()
        other.keyboard.press("a")
        expect(other.get_by_role("dialog")).to_be_visible()
        other.keyboard.press("Control+Enter")
        expect(card(other, "010_0010")).to_contain_text("Approved")
    expect(page.get_by_role("button", name=re.compile(r"^Approved\s*1$"))).to_be_visible()

    page.mouse.up()

    expect(card(page, "010_0010")).to_have_attribute("aria-selected", "true")
    expect(card(page, "010_0010")).to_contain_text("Approved")


def test_a_retake_needs_a_note_and_a_script_in_it_is_text(page: Page, takes: Path) -> None:
    card(page, "010_0020").click()
    page.keyboard.press("r")
    send = page.get_by_role("button", name=re.compile("Send retake"))
    expect(send).to_be_disabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("A note is needed")
    assert reviews(takes, "010_0020") == []

    page.keyboard.type(SCRIPT)
    send.click()

    expect(card(page, "010_0020")).to_contain_text("Retake asked")
    assert [one["note"] for one in reviews(takes, "010_0020")] == [SCRIPT]


def test_a_note_that_was_not_sent_is_there_again(wall: Page) -> None:
    card(wall, "010_0020").click()
    wall.keyboard.press("r")
    wall.keyboard.type("Half a thought")
    wall.keyboard.press("Escape")
    expect(wall.get_by_role("dialog")).to_have_count(0)

    wall.keyboard.press("r")

    expect(wall.get_by_role("textbox", name=re.compile("^Note"))).to_have_value("Half a thought")


def test_of_two_who_decide_at_once_the_second_is_shown_the_first(
    page: Page, browser: Browser, address_of_wall: str, takes: Path
) -> None:
    card(page, "010_0030").click()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    with opened(browser) as other:
        other.goto(address_of_wall)
        card(other, "010_0030").click()
        other.keyboard.press("r")
        other.keyboard.type(SCRIPT)
        other.keyboard.press("Control+Enter")
        expect(card(other, "010_0030")).to_contain_text("Retake asked")

    page.keyboard.press("Control+Enter")

    asked = page.get_by_role("dialog", name="Somebody decided on v001 meanwhile")
    expect(asked).to_contain_text(SCRIPT)
    assert page.title() == "Answerprint review"
    asked.get_by_role("button", name="Leave it as it is").click()
    assert [one["state"] for one in reviews(takes, "010_0030")] == ["retake"]
    page.get_by_role("button", name=re.compile("^Approve")).last.click()
    asked.get_by_role("button", name="Approve anyway").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [one["state"] for one in reviews(takes, "010_0030")] == ["retake", "approved"]


def test_several_are_approved_at_once(page: Page, takes: Path) -> None:
    card(page, "010_0010").click()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("2 takes selected")).to_be_visible()

    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")

    expect(cards(page).filter(has_text="Approved")).to_have_count(2)
    assert len(reviews(takes, "010_0010")) == len(reviews(takes, "010_0020")) == 1


def test_a_take_that_is_made_appears_by_itself(
    page: Page, address: str, takes: Path, made: Path
) -> None:
    said = AtOnce(takes.parent)(
        "run", "--plate", made.parent / "plate" / "bg.####.exr", "--server", address,
        "--task", "passthrough", "--show", "demo", "--shot", "010_0040", "--json",
    )  # fmt: skip
    assert said.last["state"] == "complete", said

    expect(cards(page)).to_have_count(5)
    expect(card(page, "010_0040")).to_contain_text("To review")


def test_a_variation_is_picked_by_its_number_and_promoted(page: Page, takes: Path) -> None:
    card(page, "020_0010").click()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("listbox", name="Variations")
    expect(sheet.get_by_role("option")).to_have_count(3)

    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="w002", exact=True)).to_be_visible()
    expect(sheet.get_by_role("option", name=re.compile(r"w002: strength 0\.5"))).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog", name=re.compile("Promote w002"))
    expect(dialog).to_contain_text("w002 becomes v002")
    page.keyboard.press("Control+Enter")

    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="w002", exact=True)).to_be_visible()
    assert (takes / "demo" / "020_0010" / "wedge" / "v002" / ".take" / "manifest.json").is_file()


def test_the_keys_are_shown_found_and_turned_off(wall: Page) -> None:
    card(wall, "010_0010").click()
    wall.keyboard.press("?")
    wall.keyboard.type("retake")
    keys = wall.get_by_role("dialog", name="Keys")
    expect(keys.get_by_text("Retake with a note")).to_be_visible()
    expect(keys.get_by_text("Play, stop")).to_have_count(0)
    keys.get_by_role("switch", name="Single keys").click()
    wall.keyboard.press("Escape")

    wall.keyboard.press("r")

    expect(wall.get_by_role("dialog")).to_have_count(0)
    wall.get_by_role("button", name="R retake", exact=True).click()
    expect(wall.get_by_role("dialog")).to_be_visible()


def test_a_key_that_was_changed_is_the_one_that_works(wall: Page) -> None:
    card(wall, "010_0010").click()
    wall.keyboard.press("?")
    wall.get_by_role("button", name="Change keys").click()
    wall.get_by_role("button", name=re.compile("^Retake with a note")).click()
    wall.keyboard.press("k")
    wall.keyboard.press("Escape")

    wall.keyboard.press("r")
    expect(wall.get_by_role("dialog")).to_have_count(0)
    wall.keyboard.press("k")

    expect(wall.get_by_role("dialog", name=re.compile("^Retake"))).to_be_visible()


def test_a_dialog_keeps_the_focus_and_gives_it_back(wall: Page) -> None:
    wall.keyboard.press("ArrowRight")
    wall.keyboard.press("a")
    expect(wall.get_by_role("dialog")).to_be_visible()
    within = "() => Boolean(document.activeElement.closest('[role=dialog]'))"
    for _ in range(8):
        wall.keyboard.press("Tab")
        assert wall.evaluate(within)
    wall.keyboard.press("Escape")

    expect(wall.get_by_role("listbox", name="Takes")).to_be_focused()


def test_f6_goes_through_the_parts_of_the_page(wall: Page) -> None:
    here = "() => document.activeElement.closest('[data-region]')?.dataset.region"
    seen = []
    for _ in range(5):
        wall.keyboard.press("F6")
        seen.append(wall.evaluate(here))

    assert seen == ["search", "states", "filters", "takes", "selection"]


def test_every_button_has_a_name(wall: Page) -> None:
    nameless = wall.evaluate(
        "() => [...document.querySelectorAll('button, input, [role=option]')].filter(one =>"
        " !one.textContent.trim() && !one.getAttribute('aria-label')).map(one => one.outerHTML)"
    )

    assert nameless == []


def test_a_service_that_does_not_answer_is_said_and_seen_to_be_back(
    browser: Browser, shown: str
) -> None:
    with opened(browser) as page:
        page.route("**/api/v1/events", lambda route: route.abort())
        page.goto(shown)
        lost = page.get_by_text("The studio service does not answer.")
        expect(lost).to_be_visible()

        page.unroute("**/api/v1/events")

        expect(lost).to_be_hidden()


def test_without_takes_the_wall_says_where_they_come_from(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with studio(home, tmp_path / "none", database=tmp_path / "i.db") as there, opened(browser) as p:
        p.goto(there)

        expect(p.get_by_text("No takes yet.")).to_be_visible()


@pytest.fixture(scope="module")
def many(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index of two thousand takes of four sequences; of their folders there is none."""
    folder = tmp_path_factory.mktemp("many")
    index = Index(f"sqlite:///{(folder / 'index.db').as_posix()}")
    index.put(entry(number) for number in range(MANY))
    index.close()
    with studio(home, folder, database=folder / "index.db", follows=False) as there:
        yield there


def entry(number: int) -> Entry:
    """One take as the index holds it."""
    sequence = f"{number * 4 // MANY:03d}"
    card = {
        "title": "Denoise", "model_version": "1", "qc_count": 0, "qc_frame": None, "variations": 0,
        "qc_so_far": False, "reason": "", "first": 1, "last": 9, "count": 9, "total": 9, "by": "",
        "width": 1920, "height": 1080, "kind": "image", "picture": None, "picture_stamp": "",
        "void": "", "word": "Pass", "progress": None, "seconds": 1.0,
    }  # fmt: skip
    return {
        "id": f"{number:032x}", "folder": f"/none/{number}/v001", "stream": f"/none/{number}",
        "stamp": "", "show": "demo", "sequence": sequence, "shot": f"{sequence}_{number:04d}",
        "name": "denoise", "number": 1, "take": "v001", "task": "denoise", "model": "oidn",
        "artist": "ada", "created": "2026-11-01T10:00:00Z", "state": "to_review", "rank": 0,
        "qc": "pass", "severity": 1, "review": "", "spent": 1.0, "words": f"{number}",
        "newest": True, "latest": True, "latest_approved": False, "retakes": 0,
        "is_complete": True, "is_decided": False, "card": card,
    }  # fmt: skip


def test_of_two_thousand_takes_only_those_near_the_screen_are_drawn(
    browser: Browser, many: str
) -> None:
    with opened(browser) as page:
        page.goto(many)
        expect(page.get_by_role("button", name="2,000 latest takes")).to_be_visible()
        first = cards(page).first
        expect(first).to_have_attribute("aria-setsize", str(MANY))
        page.wait_for_function("() => document.querySelector('.wall-sheet').children.length > 15")
        assert cards(page).count() < 60

        page.locator(".wall-scroll").evaluate("one => one.scrollTo(0, one.scrollHeight)")
        expect(page.locator(f"#take-{MANY - 1:032x}")).to_be_visible()

        assert cards(page).count() < 60


@pytest.mark.parametrize(
    ("width", "height", "across"), [(1280, 720, 5), (1600, 900, 5), (3840, 2160, 8)]
)
def test_the_wall_fits_its_screen(
    browser: Browser, many: str, width: int, height: int, across: int
) -> None:
    with opened(browser, width=width, height=height) as page:
        page.goto(many)
        expect(cards(page).first).to_be_visible()
        tops = cards(page).evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        cut = page.evaluate(
            "() => [...document.querySelectorAll('.wall-top, .wall-tabs, .wall-foot')]"
            ".filter(one => one.scrollWidth > one.clientWidth).map(one => one.className)"
        )

        assert tops.count(min(tops)) == across
        assert wide == width
        assert cut == []


def test_the_colours_are_those_that_were_chosen(browser: Browser, many: str) -> None:
    with opened(browser) as page:
        page.goto(many)
        ground = "() => getComputedStyle(document.body).backgroundColor"
        turn = page.get_by_role("button", name=re.compile("^Colours"))
        turn.click()
        assert page.evaluate(ground) == "rgb(32, 32, 32)"
        turn.click()
        page.reload()

        assert page.evaluate(ground) == "rgb(228, 228, 228)"
