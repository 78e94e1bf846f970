"""A browser for tests of the review page: Debian's own Chromium, over a studio service with real takes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from studios import served

from answerprint.site import Site
from answerprint_studio.settings import Settings

# WebGL without a graphics card; the page itself is put together without one, ten times as fast
FLAGS = [
    "--no-sandbox",
    "--disable-gpu-compositing",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
LONG = 60_000  # ms that a page may take on a busy machine

expect.set_options(timeout=LONG)


def program() -> str:
    """Where Chromium is. Skips the test where there is none, never where tests are the whole point."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        words = "There is no Chromium here: sudo apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return found


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """One browser for as many pages as are wanted; each test opens a context of its own."""
    place = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def studio(
    home: Path,
    *roots: Path,
    site: Site | None = None,
    database: Path | None = None,
    follows: bool = True,
) -> Iterator[str]:
    """A studio service over these roots, on a free port; yields its address, http://127.0.0.1:N.

    follows=False: it shows what its index says, whatever the folders say.
    """
    settings = Settings(roots, site or Site(), home, port=0, follows=follows)
    if database is not None:
        settings = dataclasses.replace(settings, database=f"sqlite:///{database.as_posix()}")
    with served(settings) as service:
        yield service.address


@contextlib.contextmanager
def opened(
    browser: Browser,
    *,
    width: int = 1600,
    height: int = 900,
    scheme: Literal["dark", "light"] = "light",
) -> Iterator[Page]:
    """A page of its own; what it says on its console as an error fails the test."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(LONG)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if _is_fault(message) else None)
    try:
        yield page
    finally:
        context.close()
    assert not said, said


def ready(page: Page) -> None:
    """Waits until what the address asks for is drawn."""
    page.wait_for_selector("html[data-ready='1']", state="attached")


def _is_fault(message: object) -> bool:
    """Refusals of the service are answers that the page words; all other errors are ours."""
    kind, text = getattr(message, "type", ""), str(getattr(message, "text", ""))
    return kind == "error" and "Failed to load resource" not in text
