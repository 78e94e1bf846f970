"""A review session as editorial, production and a printer get it."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings as examples, strategies as st
from samples import plate as noise
from studios import Served, judged, served, settings, shot

from answerprint.documents import write
from answerprint.take import Take
from answerprint.triton import Server
from answerprint_studio import spreadsheet

NOTE = '=HYPERLINK("http://evil.example")<script>alert(1)</script>'


@pytest.fixture(scope="module")
def studio(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A take with a finding on 1002 and a retake on 1001, in a folder with a space in its name."""
    root = tmp_path_factory.mktemp("export of a day")
    with Server(address) as server:
        take = shot(server, home, root, noise(root / "plates", 2))
    own = root / "home"
    for name in ("keys", "trust"):
        shutil.copytree(home / name, own / name)
    finding = {
        "gate": "highlights",
        "verdict": "warn",
        "frame": 1002,
        "box": [0, 0, 7, 7],
        "place": "in the upper left",
        "number": 0.31,
        "limit": 0.05,
        "unit": "stops",
        "words": "1002: highlights lost 0.31 stops in the upper left; limit 0.05",
    }
    judged(take, {**take.read("qc"), "verdict": "warn", "findings": [finding]}, home)
    with served(settings(root / "takes", own)) as running:
        running.look()
        ident = running.take("v001")["id"]
        kept = running.decide(ident, "retake", note=NOTE, frame=1001)
        assert kept.status_code == 201
        yield running


def text(studio: Served, kind: str, **params: Any) -> str:
    answer = studio.get(f"/api/v1/export/{kind}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8")


def test_a_timeline_shows_the_frames_themselves_with_a_mark_for_all_that_was_found(
    studio: Served,
) -> None:
    timeline = otio.adapters.read_from_string(text(studio, "otio", fps=25), "otio_json")

    (clip,) = timeline.find_clips()
    media, folder = clip.media_reference, Path(studio.studio.settings.roots[0])
    place = folder / "glass" / "010_0020" / "bg_passthrough" / "v001"
    assert media.target_url_base == f"{place.as_posix()}/"
    assert (
        media.target_url_for_image_number(1) == f"{place.as_posix()}/bg_passthrough_v001.1002.exr"
    )
    assert Path(media.target_url_for_image_number(0)).is_file()
    assert (media.start_frame, media.rate, media.frame_zero_padding) == (1001, 25, 4)
    assert clip.source_range.duration.value == 2
    marks = {one.color: one for one in clip.markers}
    assert marks["YELLOW"].marked_range.start_time.value == 1002
    assert marks["YELLOW"].metadata["answerprint"]["number"] == 0.31
    assert marks["MAGENTA"].marked_range.start_time.value == 1001
    assert NOTE in marks["MAGENTA"].comment
    assert clip.metadata["answerprint"]["review"] == "retake"


def test_frames_that_are_missing_or_below_zero_stand_where_they_belong(tmp_path: Path) -> None:
    take = Take(tmp_path / "takes" / "bg" / "v001")
    take.private.mkdir(parents=True)
    write(take.private / "claim.json", {"uuid": "ab" * 16, "user": "ada", "created": ""})
    for number in (-2, -1, 2):
        take.file(number).write_bytes(b"")
    with served(settings(tmp_path / "takes", tmp_path / "home")) as studio:
        studio.look()
        timeline = otio.adapters.read_from_string(text(studio, "otio"), "otio_json")

    (clip,) = timeline.find_clips()
    media = clip.media_reference
    names = [Path(media.target_url_for_image_number(place)) for place in range(5)]
    assert names == [take.file(number) for number in range(-2, 3)]
    assert media.missing_frame_policy == media.MissingFramePolicy.hold
    assert (clip.source_range.start_time.value, clip.source_range.duration.value) == (-2, 5)


def test_a_timeline_comes_back_as_it_went(studio: Served) -> None:
    written = text(studio, "otio")
    timeline = otio.adapters.read_from_string(written, "otio_json")

    assert otio.adapters.write_to_string(timeline, "otio_json") == written


def test_a_spreadsheet_has_a_line_for_each_thing_and_no_formula(studio: Served) -> None:
    lines = list(csv.DictReader(io.StringIO(text(studio, "csv").removeprefix("\ufeff"))))

    assert [one["line"] for one in lines] == ["take", "finding", "decision"]
    assert lines[2]["words"] == f"'{NOTE}"
    assert (lines[1]["frame"], lines[1]["number"], lines[1]["limit"]) == ("1002", "0.31", "0.05")


@examples(max_examples=50, deadline=None)
@given(value=st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_cell_of_text_begins_as_a_formula(value: str) -> None:
    said = spreadsheet.defused(value)

    assert not said.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert said.removeprefix("'") == value.removeprefix("'") or said == value


@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000 "])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_formula_in_wide_letters_or_behind_blanks_is_none(before: str, sign: str) -> None:
    assert spreadsheet.defused(f"{before}{sign}SUM(1)") == f"'{before}{sign}SUM(1)"


def test_a_page_to_print_holds_all_of_it_and_nothing_that_runs(studio: Served) -> None:
    answer = studio.get("/api/v1/export/html")
    page = answer.text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.findall(r"<script|<iframe|\son\w+=|https?://(?!evil)", page)
    assert "1002: highlights lost 0.31 stops in the upper left; limit 0.05" in page
    assert 'src="data:image/png;base64,' in page
    assert "@page" in page
    assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_only_what_was_chosen_is_exported(studio: Served) -> None:
    lines = text(studio, "csv", ids="ff" * 16).splitlines()
    none = text(studio, "csv", q="nothing like that").splitlines()

    assert len(lines) == len(none) == 1
