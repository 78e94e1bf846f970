"""The review page's files: nothing comes from elsewhere, nothing is inline, and all of it can be read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

import answerprint_studio

PAGE = Path(answerprint_studio.__file__).with_name("page")
MODULES = sorted((PAGE / "js").glob("*.js"))
SHEETS = sorted((PAGE / "css").glob("*.css"))
HTML = PAGE / "index.html"
TEXTS = [HTML, *MODULES, *SHEETS]
NOT_FETCHED = {"http://www.w3.org/2000/svg"}  # the name of a language, not an address
ACTIONS = re.compile(r'\{ id: "(\w+)", .*?scopes: \[([^\]]*)\]')


def named(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("file", TEXTS, ids=named)
def test_nothing_comes_from_elsewhere(file: Path) -> None:
    found = set(
        re.findall(r"(?:https?:)?//[a-z0-9][\w.-]*\.[a-z]{2,}[^\s\"'`)]*", file.read_text())
    )

    assert found <= NOT_FETCHED


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    text = HTML.read_text("utf-8")

    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text) == []


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_text_from_outside_only_ever_becomes_text(file: Path) -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"

    assert re.findall(ways, file.read_text("utf-8")) == []


def test_all_that_the_page_names_is_there() -> None:
    named = re.findall(r'(?:href|src)="/static/([^"]+)"', HTML.read_text("utf-8"))
    fonts = re.findall(r'url\("/static/([^"]+)"\)', (PAGE / "css" / "base.css").read_text("utf-8"))
    modules = [
        f"js/{name}"
        for file in MODULES
        for name in re.findall(r'(?:from |import\()"\./(\w+\.js)"', file.read_text("utf-8"))
    ]

    assert {one for one in (*named, *fonts, *modules) if not (PAGE / one).is_file()} == set()
    assert (PAGE / "fonts" / "OFL.txt").is_file()


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_a_module_says_what_it_is_first(file: Path) -> None:
    assert file.read_text("utf-8").startswith("/** ")


def test_every_icon_that_is_drawn_exists() -> None:
    drawings = (PAGE / "js" / "icons.js").read_text("utf-8")
    have = set(re.findall(r"^  (\w+): \[", drawings, re.MULTILINE))
    used = {
        name
        for file in MODULES
        for name in re.findall(r'\b(?:icon|lone)\("(\w+)"', file.read_text("utf-8"))
    }
    words = (PAGE / "js" / "words.js").read_text("utf-8")
    used |= set(re.findall(r': \["(\w+)", "[A-Z]', words))

    assert len(used) > 20
    assert used <= have


def test_every_key_that_is_listed_is_handled() -> None:
    table = ACTIONS.findall((PAGE / "js" / "keys.js").read_text("utf-8"))
    code = "".join(file.read_text("utf-8") for file in MODULES if file.name != "keys.js")
    unhandled = {name for name, _ in table if not re.search(rf"\b{name}(?:\(|:|,| \}})", code)}

    assert len(table) > 40
    assert unhandled == set()


def test_no_two_actions_of_a_place_have_one_key() -> None:
    table = (PAGE / "js" / "keys.js").read_text("utf-8")
    rows = re.findall(r"keys: (\[[^\]]*\]|\[\"\[\"\]|\[\"\]\"\]), scopes: (\[[^\]]*\])", table)
    held: dict[tuple[str, str], int] = {}
    for keys, scopes in rows:
        for pair in product(json.loads(scopes), json.loads(keys)):
            held[pair] = held.get(pair, 0) + 1

    assert {pair for pair, count in held.items() if count > 1} == set()


def tokens(selector: str) -> dict[str, str]:
    text = (PAGE / "css" / "base.css").read_text("utf-8")
    block = text[text.index(selector) :].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """Of WCAG 2.2: (lighter + 0.05) / (darker + 0.05), in relative luminance."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [":root, .dark {", ':root[data-theme="light"] {'])
def test_text_stands_out_from_what_it_lies_on(theme: str) -> None:
    held = tokens(theme)
    texts = ("text", "second", "pass", "warn", "fail")
    pairs = {
        (text, ground): contrast(held[text], held[ground])
        for text, ground in product(texts, ("page", "panel", "control"))
    }
    pairs |= {("quiet", on): contrast(held["quiet"], held[on]) for on in ("page", "panel")}
    pairs["on-primary", "primary"] = contrast(held["on-primary"], held["primary"])

    assert {pair: round(one, 2) for pair, one in pairs.items() if one < 4.5} == {}
    assert min(contrast(held["edge"], held[on]) for on in ("page", "panel", "control")) >= 3


@pytest.mark.parametrize("theme", [":root, .dark {", ':root[data-theme="light"] {'])
def test_only_checks_have_a_hue(theme: str) -> None:
    hued = {
        name
        for name, colour in tokens(theme).items()
        if len({colour[1:3], colour[3:5], colour[5:7]}) > 1
    }

    assert hued == {"pass", "warn", "fail"}


@pytest.mark.skipif(shutil.which("node") is None, reason="There is no node here.")
def test_every_module_can_be_read(tmp_path: Path) -> None:
    for file in MODULES:
        shutil.copy(file, tmp_path / f"{file.stem}.mjs")
    files = sorted(tmp_path.glob("*.mjs"))
    code = "const {pathToFileURL: u} = require('url');" + "".join(
        f"new (require('vm').SourceTextModule)(require('fs').readFileSync({str(file)!r}, 'utf8'),"
        f" {{identifier: {file.name!r}}});"
        for file in files
    )
    said = subprocess.run(
        ["node", "--experimental-vm-modules", "--no-warnings", "-e", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert said.returncode == 0, said.stderr
