"""Damaged, cut and lying geometry files are refused with a sentence; none takes the process down."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from geometry_strategies import geometries as drawn
from hypothesis import given, settings, strategies as st
from strategies import attempt, scratch
from test_bgeo_houdini import attribute, document, positions, texts

from answerprint import geometries
from answerprint.errors import SourceError
from answerprint.geometry import Geometry

IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1]
TRIANGLE = [["type", "Polygon_run"], ["startvertex", 0, "nprimitives", 1, "nvertices", [3]]]


def problem(path: Path, raw: bytes | str) -> str:
    """What is said of a file of these bytes."""
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    with pytest.raises(SourceError) as caught:
        geometries.read(path)
    with pytest.raises(SourceError):
        geometries.structure(path)
    assert path.as_posix() in caught.value.problem
    assert caught.value.remedy
    return caught.value.problem


@settings(max_examples=40, deadline=None)
@given(made=drawn(), form=st.sampled_from([".bgeo", ".geo", ".bgeo.gz"]), share=st.floats(0, 0.999))
def test_a_cut_file_is_refused(made: Geometry, form: str, share: float) -> None:
    with scratch() as folder:
        path = folder / f"one{form}"
        geometries.write(path, made)
        raw = path.read_bytes()
        path.write_bytes(raw[: int(len(raw) * share)])
        with pytest.raises(SourceError):
            geometries.read(path)


@settings(max_examples=60, deadline=None)
@given(
    made=drawn(),
    form=st.sampled_from([".bgeo", ".geo"]),
    place=st.floats(0, 0.999),
    byte=st.integers(0, 255),
)
def test_a_changed_byte_is_read_or_refused(
    made: Geometry, form: str, place: float, byte: int
) -> None:
    with scratch() as folder:
        path = folder / f"one{form}"
        geometries.write(path, made)
        raw = bytearray(path.read_bytes())
        raw[int(len(raw) * place)] = byte
        path.write_bytes(raw)

        found = attempt(geometries.read, path)

    assert isinstance(found, (Geometry, SourceError))


def volume(resolution: list[Any], voxels: Any, *more: Any) -> list[Any]:
    fields = ["vertex", 0, "transform", IDENTITY, "res", resolution, "voxels", voxels, *more]
    return document(1, [0], [[["type", "Volume"], fields]], 1)


def values(*block: Any) -> list[Any]:
    told = attribute("v", ["values", ["size", 1, "storage", "int32", *block]])
    return document(3, [], [], 0, pointattributes=[positions(3), told])


def named(name: str, strings: list[Any], times: int = 1) -> list[Any]:
    """Three points with a text each."""
    told = [texts(name, strings, [0, 0, 0])] * times
    return document(3, [], [], 0, pointattributes=[positions(3), *told])


def group(*selection: Any) -> list[Any]:
    told = [[["name", "top"], ["selection", list(selection)]]]
    return document(3, [], [], 0, pointgroups=told)


def run(*fields: Any) -> list[Any]:
    record = [["type", "Polygon_run"], ["startvertex", 0, *fields]]
    return document(3, [0, 1, 2], [record], 1)


def saying(name: str, value: Any) -> list[Any]:
    """Three points, and another number of something."""
    told = document(3, [], [], 0)
    told[told.index(name) + 1] = value
    return told


LIES = [
    (document(3, [0, 1, 3], [TRIANGLE], 1), "a vertex is at point 3, and it has 3 points"),
    (document(3, [0, 1, -1], [TRIANGLE], 1), "a vertex is at point -1, and it has 3 points"),
    (document(3, [0, 1], [TRIANGLE], 1), "a run of faces needs 3, and 2 are left"),
    (document(3, [0, 1, 2], [TRIANGLE], 2), "it has 1 primitives and says that it has 2"),
    (saying("pointcount", 2**40), f"{2**40} is no count"),
    (saying("pointcount", 4), "point attribute P values of shape [3, 3] are there for 4"),
    (saying("vertexcount", 1), "it has 0 vertices and says that it has 1"),
    (run("nprimitives", 1, "nvertices_rle", [2**31, 1]), "a face has 2,147,483,648 to"),
    (run("nprimitives", 1, "nvertices_rle", [0, 2**31 - 1]), "needs 2,147,483,647, and 1 are left"),
    (run("nprimitives", 1, "nvertices_rle", [3, -1]), "a face has -1 to -1 vertices"),
    (run("nprimitives", 2, "nvertices", [3]), "a run of 2 faces says the vertices of 1"),
    (run("nprimitives", 1, "nvertices", [1.5]), "a number among its values is no int64"),
    (run("nprimitives", float("nan"), "nvertices", [3]), "nan is no count"),
    (run("nprimitives", True, "nvertices", [3]), "True is no count"),
    (values("arrays", [[1, 2]]), "point attribute v a list of values is not 3 long"),
    (values("tuples", [[1], [2]]), "values of shape [2, 1] are there for 3 elements of 1"),
    (values("tuples", [[1], [2, 3], [4]]), "its parts do not fit together"),
    (values("arrays", [[1, 2, "3"]]), "something other than numbers"),
    (values("arrays", [[1, 2, None]]), "something other than numbers"),
    (values("arrays", [[1, 2, 2**31]]), "a number among its values is no int32"),
    (values("arrays", [[1, 2, 2**70]]), "something other than numbers"),
    (values("pagesize", 2, "rawpagedata", [1, 2]), "values of shape [2, 1] are there for 3"),
    (values("pagesize", 0, "rawpagedata", [1, 2, 3]), "its pages are packed as [1], and a value"),
    (values("pagesize", 2**31, "rawpagedata", [1, 2, 3]), "2147483648 is no count"),
    (
        values("pagesize", 2, "constantpageflags", [[True]], "rawpagedata", [1]),
        "what is said of constant pages is not for 2 pages",
    ),
    (
        values("pagesize", 2, "constantpageflags", [[True, False]], "rawpagedata", [1]),
        "its pages end after 1 numbers",
    ),
    (
        values("pagesize", 2, "constantpageflags", [[True, True]], "rawpagedata", [1, 2, 3]),
        "its pages have 2 numbers, and 3 are there",
    ),
    (
        values("pagesize", 2, "packing", [2], "rawpagedata", [1, 2, 3]),
        "its pages are packed as [2]",
    ),
    (values(), "there are no values for 3 elements"),
    (values("size", 0, "pagesize", 0, "packing", [], "rawpagedata", []), "values have no numbers"),
    (group("unordered", ["boolRLE", [2, True]]), "point group top the members are not of 3"),
    (group("unordered", ["boolRLE", [2**62, True]]), "the members are not of 3 elements"),
    (group("unordered", ["boolRLE", [-1, True, 4, True]]), "the members are not of 3 elements"),
    (group("unordered", ["i8", [1, 1]]), "the members are not of 3 elements"),
    (group("ordered", [0, 3]), "a member is none of 3 elements"),
    (volume([2, 2, 2], ["tiledarray", ["tiles", []]]), "a volume has 0 tiles, and 1 are its size"),
    (
        volume([2, 2, 2], ["tiledarray", ["tiles", [["compression", 0, "data", [1]]]]]),
        "a tile has 1 voxels, and 8 are its size",
    ),
    (
        volume([2, 2, 2], ["tiledarray", ["tiles", [["compression", 9, "data", []]]]]),
        "9 is no count",
    ),
    (volume([2, 2], ["constantarray", 0]), "a volume has something other than 3 numbers"),
    (volume([2, 2, -2], ["constantarray", 0]), "-2 is no count"),
    (
        volume([2, 2, 2], ["constantarray", 0], "visualization", {"mode": None}),
        "how a volume is shown is not said in texts and numbers",
    ),
    (
        volume([2, 2, 2], ["constantarray", 0], "transform", [*IDENTITY[:8], float("inf")]),
        "a volume has NaN or inf in its transform",
    ),
    (document(1, [], [[["type", "Sphere_run"], []]], 1), "its parts do not fit together"),
    (document(1, [], [[["type", "Volume"], []]], 1), "the voxels of a volume are not there"),
    (named("s", [None]), "of point attribute s a text is none"),
    (named("s", ["a"], times=2), "point attribute s is there twice"),
    (["pointcount"], "a list of names and values is none"),
    ([["pointcount"], 3], "a list of names and values is none"),
]


@pytest.mark.parametrize(("told", "sentence"), LIES, ids=range(len(LIES)))
def test_counts_that_do_not_fit_are_named(tmp_path: Path, told: list[Any], sentence: str) -> None:
    path = tmp_path / "one.geo"
    path.write_text(json.dumps(told), encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        geometries.read(path)

    assert caught.value.problem.startswith(f"{path.as_posix()} is damaged: ")
    assert sentence in caught.value.problem


def test_a_name_that_is_no_text_is_shown_as_a_screen_can(tmp_path: Path) -> None:
    told = json.dumps(named("s\ud800", ["a"]))

    assert r"point attribute s\ud800 holds a text that" in problem(tmp_path / "one.geo", told)


def test_more_than_fits_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    """Small files that stand for more than 8 GB."""
    huge = volume([1 << 20, 1 << 20, 1 << 20], ["constantarray", 0])
    block = ["size", 3, "storage", "fpreal64", "pagesize", 65536]
    block += ["constantpageflags", [[True] * 32768], "rawpagedata", [0, 0, 0] * 32768]
    told = attribute("v", ["values", block])
    many = document(0, [], [], 0, pointattributes=[told])
    many[many.index("pointcount") + 1] = 2**31 - 1

    for one in (huge, many):
        path = tmp_path / "one.geo"
        path.write_text(json.dumps(one), encoding="utf-8")
        with pytest.raises(SourceError, match=r"GB of values; at most 9 GB are read"):
            geometries.read(path)


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    assert "is no JSON" in problem(tmp_path / "one.geo", "[" * 200_000)
    assert "nested more than 64 deep" in problem(
        tmp_path / "one.bgeo", b"\x7fNSJb" + b"[" * 200_000
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"[\x40\x19\xf8" + struct.pack("<Q", 2**62), "more are needed at byte"),
        (b"[\x40\x10\xf8" + struct.pack("<Q", 2**62), "more are needed at byte"),
        (b"[\x40\x27\xf8" + struct.pack("<Q", 2**62), "more are needed at byte"),
        (b"[\x40\x33\x01", "is of no known type"),
        (b"[\x27\xf8" + struct.pack("<Q", 2**62), "more are needed at byte"),
        (b"[\x27\xf7", "is no length"),
        (b"[\x26\x05]", "text 5 is used and was never defined"),
        (b"[\x2b\x05\x01a\x2d\x05\x26\x05]", "text 5 is used and was never defined"),
        (b"[\x99]", "has no meaning (0x99)"),
        (b"]", "a bracket does not fit"),
        (b"[}", "a bracket does not fit"),
        (b"{\x27\x01a}", "a bracket does not fit"),
        (b"{\x11\x01", "a value has no name"),
        (b"[\x11\x01\x11\x02]", "a list of names and values is none"),
        (b"\x11\x01", "a list of names and values is none"),
    ],
)
def test_bytes_without_a_meaning_are_named(tmp_path: Path, raw: bytes, sentence: str) -> None:
    assert sentence in problem(tmp_path / "one.bgeo", b"\x7fNSJb" + raw)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "is empty (0 bytes)"),
        (b"PGEOMETRY V5\n", "is in the format of Houdini 11 and before"),
        (b"BgeoV\0\0\0\5", "is in the format of Houdini 11 and before"),
        (b"scf1\0\0\0\0", "is compressed as .bgeo.sc is"),
        (b"#usda 1.0\n", "is no geometry of Houdini's"),
        (gzip.compress(b"hello", mtime=0), "is no geometry of Houdini's"),
        (gzip.compress(b"[]" * 99, mtime=0)[:-9], "its compression breaks off"),
        (b"\x1f\x8b\x08", "its compression breaks off"),
    ],
)
def test_what_is_no_such_file_is_said_to_be_none(tmp_path: Path, raw: bytes, sentence: str) -> None:
    assert sentence in problem(tmp_path / "one.bgeo", raw)


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "none.bgeo", tmp_path):
        with pytest.raises(SourceError, match=r"cannot be read"):
            geometries.codec(tmp_path / "one.bgeo").read(path)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        geometries.write(tmp_path / "gone" / "one.bgeo", Geometry())
    assert not list(tmp_path.iterdir())
