"""One folder has several names: a path that was written on one system is read on another."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from answerprint import mapping
from answerprint.mapping import SYSTEMS, Mapping, System, local

PROJECTS = Mapping(linux="/mnt/p", windows="P:/", macos="/Volumes/p")
LIBRARY = Mapping(linux="/mnt/p/library", windows=r"\\server\library", macos="/Volumes/library")
BOTH = (PROJECTS, LIBRARY)

NAMES = st.text("abXY0 .#%é_-", min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))


@pytest.mark.parametrize(
    ("said", "linux", "windows", "macos"),
    [
        ("/mnt/p/a/bg.####.exr", "/mnt/p/a/bg.####.exr", "P:/a/bg.####.exr", "/Volumes/p/a/bg.####.exr"),
        (r"P:\a\bg.%04d.exr", "/mnt/p/a/bg.%04d.exr", r"P:\a\bg.%04d.exr", "/Volumes/p/a/bg.%04d.exr"),
        ("p:/a", "/mnt/p/a", "p:/a", "/Volumes/p/a"),
        ("P:", "/mnt/p", "P:", "/Volumes/p"),
        ("/mnt/p", "/mnt/p", "P:/", "/Volumes/p"),
        ("/mnt/p//a/./b/", "/mnt/p//a/./b/", "P:/a/./b", "/Volumes/p/a/./b"),
        (r"\\SERVER\Library\x", "/mnt/p/library/x", r"\\SERVER\Library\x", "/Volumes/library/x"),
        ("//server/library/x", "/mnt/p/library/x", "//server/library/x", "/Volumes/library/x"),
        ("/mnt/p/library/x", "/mnt/p/library/x", "//server/library/x", "/Volumes/library/x"),
        ("/mnt/p/a/../b", "/mnt/p/a/../b", "P:/a/../b", "/Volumes/p/a/../b"),
    ],
)  # fmt: skip
def test_a_path_is_spelled_as_each_system_spells_it(
    said: str, linux: str, windows: str, macos: str
) -> None:
    assert [local(said, BOTH, system) for system in SYSTEMS] == [linux, windows, macos]


@pytest.mark.parametrize(
    "said",
    [
        "/mnt/pub/a", "/mnt", "/mnt/P/a", "mnt/p/a", "P:a", "Q:/a", r"\mnt\p", "//server/libraries/x",
        "//server", "ocio://cg-config", "plates/bg.####.exr", "", "/", "/mnt/p/../secret",
        "P:/a/../../b", "PP:/a",
    ],
)  # fmt: skip
def test_what_no_mapping_knows_stays_as_it_is(said: str) -> None:
    assert {local(said, BOTH, system) for system in SYSTEMS} == {said}


def test_a_folder_that_a_system_has_not_is_not_invented() -> None:
    alone = Mapping(windows="W:/", macos="/Volumes/w")

    assert local("W:/a", [alone], "linux") == "W:/a"
    assert local("W:/a", [alone], "macos") == "/Volumes/w/a"


def test_a_path_that_is_right_already_stays() -> None:
    crossed = (Mapping(linux="/data", macos="/jobs"), Mapping(linux="/jobs", macos="/work"))

    assert local("/jobs/a", crossed, "linux") == "/jobs/a"
    assert local("/jobs/a", crossed, "macos") == "/jobs/a"


def test_a_longer_folder_of_another_system_does_not_take_a_path_that_is_right() -> None:
    nested = (PROJECTS, Mapping(linux="/data/lib", macos="/mnt/p/lib"))

    assert local("/mnt/p/lib/x", nested, "linux") == "/mnt/p/lib/x"
    assert local("/mnt/p/lib/x", nested, "windows") == "P:/lib/x"
    assert local("/Volumes/p/lib/x", nested, "linux") == "/mnt/p/lib/x"


@given(
    names=st.lists(NAMES, max_size=5), one=st.sampled_from(SYSTEMS), other=st.sampled_from(SYSTEMS)
)
def test_there_and_back_is_where_it_was(names: list[str], one: System, other: System) -> None:
    for folder in BOTH:
        start = "/".join([(folder.of(one) or "").replace("\\", "/").rstrip("/"), *names]) or "/"
        there = local(start, BOTH, other)
        again = local(there, BOTH, one)

        assert local(again, BOTH, other) == there
        assert again.rstrip("/").lower() == start.rstrip("/").lower()


@given(names=st.lists(NAMES, max_size=4), more=NAMES, system=st.sampled_from(SYSTEMS))
def test_half_a_name_is_not_the_name(names: list[str], more: str, system: System) -> None:
    for folder, origin in itertools.product(BOTH, SYSTEMS):
        root = (folder.of(origin) or "").rstrip("/\\")
        said = "/".join([f"{root}{more}", *names])

        if not more.startswith((".", " ", "/", "\\")):
            assert local(said, [folder], system) == said


@given(said=st.text("/\\.:PpmntV aé", max_size=20), system=st.sampled_from(SYSTEMS))
def test_any_text_has_one_spelling(said: str, system: System) -> None:
    once = local(said, BOTH, system)

    assert local(once, BOTH, system) == once


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("linux", "mnt/p"), ("linux", "/"), ("linux", ""), ("linux", "P:/"), ("linux", "/mnt/../p"),
        ("windows", "/mnt/p"), ("windows", "P"), ("windows", "//server"), ("windows", "P:/../x"),
        ("macos", "Volumes"),
    ],
)  # fmt: skip
def test_a_folder_that_no_system_has_is_refused(system: str, folder: str) -> None:
    with pytest.raises(ValidationError, match="is no folder like"):
        Mapping(**{system: folder})


@pytest.mark.parametrize(
    ("said", "is_foreign"),
    [(r"P:\a\bg.exr", True), ("/home/me/P:/a", True), (r"\\server\a", True), ("/a/b:c/d", False)],
)
def test_windows_spelling_is_recognised(said: str, is_foreign: bool) -> None:
    assert mapping.foreign(Path(said)) is is_foreign


@pytest.mark.parametrize(
    ("said", "posix", "windows"),
    [
        (r"P:\takes", "on Windows", ""), ("P:/takes", "on Windows", ""),
        (r"\\server\takes", "on Windows", ""), ("//server/takes", "", ""),
        ("/mnt/p/takes", "", "on Linux or macOS"), ("takes", "", ""), ("~/takes", "", ""),
        ("/home/me/.wine/c:/takes", "", "on Linux or macOS"),
    ],
)  # fmt: skip
def test_where_a_path_is_spelled_like_this_is_said_if_that_is_not_here(
    said: str, posix: str, windows: str
) -> None:
    found = [mapping.elsewhere(said, system) for system in SYSTEMS]

    assert found == [posix, windows, posix]
