"""Documents: one byte string for what is signed, and never half a file for who reads it."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from strategies import documents as drawn, texts

from answerprint import documents
from answerprint.errors import TakeError


def shuffled(document: Any, random: Random) -> Any:
    """The same document with every object's keys in another order."""
    if isinstance(document, list):
        return [shuffled(one, random) for one in document]
    if not isinstance(document, dict):
        return document
    keys = list(document)
    random.shuffle(keys)
    return {key: shuffled(document[key], random) for key in keys}


@settings(deadline=None)
@given(drawn, st.randoms())
def test_the_order_of_keys_does_not_matter(document: Any, random: Random) -> None:
    assert documents.canonical(shuffled(document, random)) == documents.canonical(document)


@settings(deadline=None)
@given(drawn)
def test_a_document_is_read_back_equal_and_stays_the_same_bytes(document: Any) -> None:
    once = documents.canonical(document)

    assert json.loads(once) == document
    assert documents.canonical(json.loads(once)) == once


@given(st.dictionaries(texts, st.integers(-9, 9), min_size=1, max_size=4), st.data())
def test_another_value_gives_other_bytes(document: dict[str, int], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(document)))

    changed = {**document, key: document[key] + 1}

    assert documents.canonical(changed) != documents.canonical(document)


# RFC 8785, appendix B: the bits of a double and how it is written
@pytest.mark.parametrize(
    ("bits", "written"),
    [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xC340000000000000, "-9007199254740992"),
        (0x44B52D02C7E14AF5, "9.999999999999997e+22"),
        (0x44B52D02C7E14AF6, "1e+23"),
        (0x444B1AE4D6E2EF4E, "999999999999999700000"),
        (0x444B1AE4D6E2EF50, "1e+21"),
        (0x3EB0C6F7A0B5ED8C, "9.999999999999997e-7"),
        (0x3EB0C6F7A0B5ED8D, "0.000001"),
        (0x41B3DE4355555555, "333333333.3333333"),
        (0x43143FF3C1CB0959, "1424953923781206.2"),
    ],
)
def test_a_number_is_written_as_the_standard_says(bits: int, written: str) -> None:
    number = struct.unpack("<d", struct.pack("<Q", bits))[0]

    assert documents.canonical([number]) == f"[{written}]".encode()


def test_keys_and_text_are_written_as_the_standard_says() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"]

    sorted_keys = list(json.loads(documents.canonical(dict.fromkeys(keys, 0))))

    assert sorted_keys == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert (
        documents.canonical({"b": '"\\/\n\x1f\u20ac'}) == b'{"b":"\\"\\\\/\\n\\u001f\xe2\x82\xac"}'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_refused(number: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own words
        documents.canonical({"least": number})
    with pytest.raises(ValueError):  # noqa: PT011
        documents.write(tmp_path / "qc.json", {"least": number})


@pytest.mark.parametrize("wrong", [{"a": math.nan}, {"a": object()}, {"a": "\ud800"}])
def test_a_write_that_fails_leaves_the_old_document_and_nothing_else(
    tmp_path: Path, wrong: Any
) -> None:
    documents.write(tmp_path / "job.json", {"a": 1})

    with pytest.raises((ValueError, TypeError)):
        documents.write(tmp_path / "job.json", wrong)

    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]
    assert documents.read(tmp_path / "job.json") == {"a": 1}


@settings(max_examples=60, deadline=None)
@given(document=drawn)
def test_what_is_written_is_read(document: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "written.json"

    documents.write(path, document)

    assert documents.read(path) == document


WRITER = """
import sys
from pathlib import Path
from answerprint import documents
while True:
    for size in (20_000, 30_000):
        documents.write(Path(sys.argv[1]), {"size": size, "held": [size] * size})
"""


def test_a_reader_never_sees_half_a_document(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    seen: set[int] = set()
    documents.write(path, {"size": 0, "held": []})
    with subprocess.Popen([sys.executable, "-c", WRITER, path]) as writer:
        begun = time.monotonic()
        while time.monotonic() < begun + 3 or not seen >= {20_000, 30_000}:
            held = documents.read(path)
            assert held["held"] == [held["size"]] * held["size"]
            seen.add(held["size"])
            assert writer.poll() is None
            assert time.monotonic() < begun + 60
        writer.kill()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a": 1} x',
        b"\xff\xfe{\x00}\x00",
        b'{"a": "M\xfcller"}',
        b"[" * 200_000,
        b"1" * 5000,
        b"\0" * 99,
    ],
)
def test_what_is_no_json_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)

    with pytest.raises(TakeError, match=r"manifest\.json cannot be read") as caught:
        documents.read(path)

    assert caught.value.remedy


def test_a_missing_document_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=r"gone\.json cannot be read: No such file"):
        documents.read(tmp_path / "gone.json")
    with pytest.raises(TakeError, match="cannot be read: Is a directory"):
        documents.read(tmp_path)


def test_a_document_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with path.open("wb") as stream:
        stream.truncate(documents.MOST_BYTES + 1)

    with pytest.raises(TakeError, match="larger than 67,108,864 bytes"):
        documents.read(path)


def test_a_word_that_is_almost_right_is_offered_right() -> None:
    known = ["denoise", "upscale"]

    assert documents.did_you_mean("Denoize", known) == " Did you mean 'denoise'?"
    assert documents.did_you_mean("volume", known) == ""


def test_the_time_is_utc_to_the_millisecond() -> None:
    assert len(documents.now()) == len("2026-11-21T06:20:00.123Z")
    assert documents.now().endswith("Z")
    assert documents.now() <= documents.now()
