"""A file that changes while it is read: one version of it, whole, or words; never a mixture."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import Apart, Crowd, readings
from samples import noise

from answerprint import exr, steady
from answerprint.errors import SourceError

NOW = "is being written at this moment"


def swap(path: Path, content: bytes) -> None:
    """Another file under the name, as a program does that renders aside."""
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)


def in_place(path: Path, content: bytes) -> None:
    with path.open("rb+") as stream:
        stream.write(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def back_in_time(path: Path) -> None:
    """As a copy that keeps the date: the stamp that anyone may set is the one of before."""
    facts = path.stat()
    in_place(path, b"B")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def swap_back_in_time(path: Path) -> None:
    facts = path.stat()
    swap(path, path.read_bytes())
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def away_and_back(path: Path) -> None:
    aside = path.rename(path.with_suffix(".old"))
    aside.rename(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "longer": append,
    "written over": lambda path: in_place(path, b"B"),
    "another file": lambda path: swap(path, b"B" * path.stat().st_size),
    "the same bytes again": lambda path: in_place(path, path.read_bytes()),
    "back in time": back_in_time,
    "another file back in time": swap_back_in_time,
    "away and back": away_and_back,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "bg.1001.exr"
    found.write_bytes(b"A" * 100)
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_file_that_changed_while_it_was_read_is_read_again(
    path: Path, change: Callable[[Path], object]
) -> None:
    seen: list[bytes] = []

    def decode() -> bytes:
        seen.append(path.read_bytes())
        if len(seen) == 1:
            change(path)
        return seen[-1]

    assert steady.read(path, decode) == path.read_bytes()
    assert len(seen) == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_file_that_goes_on_changing_is_refused_with_what_to_do(
    path: Path, change: Callable[[Path], object]
) -> None:
    seen: list[bytes] = []

    def decode() -> None:
        seen.append(path.read_bytes())
        change(path)

    with pytest.raises(SourceError) as caught:
        steady.read(path, decode)

    assert len(seen) == 2
    assert f"bg.1001.exr {NOW}" in caught.value.problem
    assert "--resume" in caught.value.remedy


def refuse(path: Path) -> bytes:
    """As a decoder that knows whole files by their first letter."""
    content = path.read_bytes() if path.exists() else b"gone"
    if content[:1] == b"A":
        return content
    raise SourceError(f"{path.name} is broken: {content!r}.", remedy="Render it again.")


def test_a_file_that_stays_as_it_is_is_read_once(path: Path) -> None:
    calls: list[bytes] = []

    steady.read(path, lambda: calls.append(refuse(path)))

    assert calls == [b"A" * 100]


@pytest.mark.parametrize("content", [b"broken", None])
def test_a_file_that_stays_broken_is_refused_at_once_with_its_own_words(
    path: Path, content: bytes | None
) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    calls = 0

    def decode() -> bytes:
        nonlocal calls
        calls += 1
        return refuse(path)

    with pytest.raises(SourceError, match=r"is broken: b'(broken|gone)'"):
        steady.read(path, decode)
    assert calls == 1


def first(path: Path, change: Callable[[Path], object]) -> Callable[[], bytes]:
    """A decoder that sees the file change, and break, the first time that it looks."""
    changes = [change]

    def decode() -> bytes:
        if changes:
            changes.pop()(path)
            raise SourceError("half a file", remedy="Render it again.")
        return refuse(path)

    return decode


def test_a_file_that_was_seen_in_the_middle_of_its_writing_is_read_again(path: Path) -> None:
    assert steady.read(path, first(path, lambda one: swap(one, b"A new"))) == b"A new"


def test_a_file_that_comes_while_it_is_looked_for_is_read(path: Path) -> None:
    path.unlink()

    assert steady.read(path, first(path, lambda one: one.write_bytes(b"A new"))) == b"A new"


def test_a_file_that_is_broken_after_it_changed_is_still_being_written(path: Path) -> None:
    with pytest.raises(SourceError, match=NOW) as caught:
        steady.read(path, first(path, lambda one: swap(one, b"broken")))

    assert "is broken" in str(caught.value.__cause__)


def test_a_file_that_is_removed_while_it_is_read_is_gone(path: Path) -> None:
    with pytest.raises(SourceError, match="b'gone'"):
        steady.read(path, first(path, Path.unlink))


def test_nothing_is_read_within_the_tick_of_a_change(path: Path) -> None:
    """Older kernels stamp files by their timer: a second change in its tick would not show."""
    ages: list[int] = []
    for content in (b"B", b"C"):
        in_place(path, content)
        os.utime(path, ns=(0, 123))

        steady.read(path, lambda: ages.append(time.time_ns() - path.stat().st_ctime_ns))

    assert min(ages) >= 10_000_000


# Rests at times, so that some readings meet a file that is whole.
WRITER = """
import json, os, pathlib, random, sys, time

path, *versions = map(pathlib.Path, sys.argv[2:])
contents = [one.read_bytes() for one in versions]


def written(stream, content):
    size = -(-len(content) // 16)
    for at in range(0, len(content), size):
        stream.write(content[at : at + size])
        time.sleep(0.0005)


def in_place(content):
    with path.open("rb+", buffering=0) as stream:
        stream.write(content)  # at one go: nobody sees that it changes while it rests half way


def cut_first(content):
    with path.open("wb", buffering=0) as stream:
        written(stream, content)


def renamed(content):
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)


def removed_first(content):
    path.unlink()
    cut_first(content)


print(json.dumps("begun"), flush=True)
number = 0
while True:
    number += 1
    globals()[sys.argv[1]](contents[number % 2])
    if random.random() < 0.5:
        time.sleep(random.uniform(0, 0.05))
"""


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    process = Apart()
    yield process
    process.close()


@pytest.mark.parametrize("way", ["in_place", "cut_first", "renamed", "removed_first"])
@pytest.mark.parametrize("compression", ["none", "zip"])
def test_what_is_read_beside_a_writer_is_one_version_or_refused(
    tmp_path: Path, apart: Apart, way: str, compression: str
) -> None:
    """Both are processes of their own: a reader that crashes would be told as one."""
    versions = []
    for number in (1, 2):
        frame = exr.new(noise(number, width=512, height=512))
        exr.compress(frame, compression)
        versions.append(tmp_path / f"version.{number}.exr")
        exr.write(versions[-1], frame)
    whole = {exr.digest(exr.read(one)) for one in versions}
    path = tmp_path / "bg.1001.exr"
    path.write_bytes(versions[0].read_bytes())

    with Crowd(WRITER, 1, way, path, *versions) as writer:
        assert writer.hear() == ["begun"]
        found = apart(readings, path, 40)

    assert {said for kind, said in found if kind == "read"} <= whole
    refused = {said for kind, said in found if kind == "SourceError"}
    assert all("bg.1001.exr" in said for said in refused)
