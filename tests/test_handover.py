"""What a host hands over: written with the standard library, read as arrays, held against itself."""

from __future__ import annotations

import array
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_strategies import KINDS, geometries as drawn
from hypothesis import given, settings, strategies as st
from strategies import attempt, scratch

from answerprint import geometries, handover
from answerprint.errors import SourceError
from answerprint.geometry import Geometry, digest
from answerprint_panel import tensors

TYPES = dict(zip(KINDS, ("F16", "F32", "F64", "I8", "I16", "I32", "I64"), strict=True))
VOLUME = {"name": "density", "transform": np.eye(4).reshape(-1).tolist(), "kind": "dense"}


def tensor(values: Any) -> tensors.Tensor:
    kind = "BOOL" if values.dtype == np.bool_ else TYPES[values.dtype.str[1:]]
    return kind, values.shape, np.ascontiguousarray(values)


def hand_over(path: Path, made: Geometry) -> None:
    """A geometry as a host would write it."""
    told: dict[str, tensors.Tensor] = {}
    texts = {}
    for one in made.attributes:
        name = f"{one.owner}/{one.name}"
        told[name] = tensor(one.values)
        if one.strings is not None:
            texts[f"strings {name}"] = json.dumps(one.strings)
        if one.lengths is not None:
            told[f"lengths/{name}"] = tensor(one.lengths)
    for group in made.groups:
        told[f"group/{group.owner}/{group.name}"] = tensor(group.members)
        if group.order is not None:
            told[f"order/{group.owner}/{group.name}"] = tensor(group.order)
    if made.faces is not None:
        for part in ("points", "counts", "closed"):
            told[f"faces/{part}"] = tensor(getattr(made.faces, part))
    if made.anchors is not None:
        told["volume/anchors"] = tensor(made.anchors)
    for index, volume in enumerate(made.volumes):
        told[f"volume/{index}"] = tensor(volume.values)
    named = {f"{one.owner}/{one.name}": one for one in made.attributes}
    texts["geometry"] = json.dumps(
        {
            "count": made.count,
            "qualifiers": {name: one.qualifier for name, one in named.items()},
            "defaults": {name: one.defaults for name, one in named.items()},
            "volumes": [
                {
                    "name": volume.name,
                    "transform": volume.transform.reshape(-1).tolist(),
                    "origin": volume.origin,
                    "kind": volume.kind,
                    "background": volume.background,
                    "about": volume.about,
                }
                for volume in made.volumes
            ],
            "unsupported": made.unsupported,
            "said": made.said,
        }
    )
    tensors.write(str(path), told, texts)


@settings(max_examples=60, deadline=None)
@given(made=drawn())
def test_what_a_host_hands_over_arrives(made: Geometry) -> None:
    made.unsupported = {"NURBS curve": 3}
    with scratch() as folder:
        hand_over(folder / "one.safetensors", made)
        found = geometries.read(folder / "one.safetensors")
        outline = geometries.structure(folder / "one.safetensors")

    assert digest(found) == digest(made)
    assert (found.said, found.unsupported) == (made.said, {"NURBS curve": 3})
    assert sorted((one.name, one.owner, one.defaults, one.count) for one in outline.attributes) == (
        sorted((one.name, one.owner, one.defaults, one.count) for one in made.attributes)
    )
    assert [one.resolution for one in outline.volumes] == [one.resolution for one in made.volumes]


@settings(max_examples=60, deadline=None)
@given(made=drawn(), place=st.floats(0, 0.999), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_one_is_read_or_refused(
    made: Geometry, place: float, byte: int, *, cut: bool
) -> None:
    with scratch() as folder:
        path = folder / "one.safetensors"
        hand_over(path, made)
        raw = bytearray(path.read_bytes())
        at = int(len(raw) * place)
        path.write_bytes(raw[:at] if cut else bytes([*raw[:at], byte, *raw[at + 1 :]]))

        found = attempt(geometries.read, path)

    assert isinstance(found, SourceError if cut else (Geometry, SourceError))


def test_the_file_is_what_the_format_says(tmp_path: Path) -> None:
    """Read here by hand: a length, a header, and bytes without gaps, each where its type can lie."""
    path = tmp_path / "one.safetensors"
    told: Mapping[str, tensors.Tensor] = {
        "point/P": ("F32", (2, 3), array.array("f", [0, 1, 2, 3, 4, 5])),
        "point/flag": ("I8", (2, 1), b"\1\2"),
        "point/w": ("F64", (2, 1), memoryview(array.array("d", [0.5, 1.5]))),
        "vertex/uv": ("F32", (0, 3), b""),
    }

    tensors.write(str(path), told, {"geometry": '{"count": 2}'})

    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    assert header.pop("__metadata__") == {"geometry": '{"count": 2}'}
    assert (8 + length) % 8 == 0
    assert list(header) == ["point/w", "point/P", "vertex/uv", "point/flag"]
    at = 0
    for name, one in header.items():
        begin, end = one["data_offsets"]
        assert begin == at
        assert raw[8 + length + begin : 8 + length + end] == memoryview(told[name][2]).tobytes()
        at = end
    assert 8 + length + at == len(raw)
    assert [one.name for one in tmp_path.iterdir()] == ["one.safetensors"]


def test_arrays_are_views_of_what_was_read_once(tmp_path: Path) -> None:
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    numbers = np.array([[1], [2]], np.int32)
    told = {"point/P": tensor(rows), "point/id": tensor(numbers)}
    tensors.write(str(tmp_path / "one.safetensors"), told, {"geometry": '{"count": 2}'})

    found = geometries.read(tmp_path / "one.safetensors")

    whole = found.attributes[0].values.base
    assert whole is not None
    assert all(one.values.base is whole for one in found.attributes)
    assert found.attributes[0].values.flags.aligned


def test_active_voxels_of_a_grid_arrive(tmp_path: Path) -> None:
    active = np.array([[[True, False]]])
    grid = {**VOLUME, "kind": "vdb", "origin": [-4, 0, 7], "background": 0.5}
    told = {"volume/0": tensor(np.ones((1, 1, 2), np.float32)), "active/0": tensor(active)}
    path = tmp_path / "one.safetensors"
    tensors.write(str(path), told, {"geometry": json.dumps({"count": 0, "volumes": [grid]})})

    volume = geometries.read(path).volumes[0]

    assert volume.active is not None
    assert volume.active.tolist() == active.tolist()
    assert (volume.origin, volume.kind, volume.background) == ((-4, 0, 7), "vdb", 0.5)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"a/b": ("F128", (1,), b"")}, "a/b: there is no type F128"),
        ({"a/b": ("F32", (2,), b"1234")}, "a/b: 4 bytes; F32 of shape [2] is 8 in one piece"),
        (
            {"a/b": ("F32", (2,), np.zeros(4, np.float32)[::2])},
            "a/b: bytes with gaps between them; F32 of shape [2] is 8 in one piece",
        ),
    ],
)
def test_what_is_no_tensor_is_not_written(
    tmp_path: Path, told: dict[str, tensors.Tensor], sentence: str
) -> None:
    with pytest.raises(ValueError, match=r"a/b") as caught:
        tensors.write(str(tmp_path / "one.safetensors"), told, {})

    assert sentence in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        tensors.write(str(tmp_path / "gone" / "one.safetensors"), {}, {})


def test_it_is_no_format_of_a_take(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"it cannot hold any geometry of a take"):
        handover.write(tmp_path / "one.safetensors", Geometry())


P = {"dtype": "F32", "shape": [1, 3], "data_offsets": [0, 12]}
ONE = json.dumps({"count": 1})
FACES = {
    "faces/points": {"dtype": "I32", "shape": [1], "data_offsets": [12, 16]},
    "faces/counts": {"dtype": "I32", "shape": [1], "data_offsets": [16, 20]},
}
NOTHING = {"dtype": "F32", "shape": [1, 0], "data_offsets": [12, 12]}
NAMES = {"dtype": "I32", "shape": [1, 1], "data_offsets": [12, 16]}


@pytest.mark.parametrize(
    ("header", "size", "sentence"),
    [
        ({"point/P": P}, 11, "point/P ends 1 bytes beyond the file"),
        ({"point/P": P}, 13, "1 bytes at its end belong to nothing"),
        ({"point/P": P, "point/v": P}, 12, "point/v begins at byte 0, and 12 comes next"),
        ({"point/P": {**P, "data_offsets": [1, 13]}}, 13, "point/P begins at byte 1, and 0 comes"),
        ({"point/P": {**P, "shape": [2, 3]}}, 12, "point/P: F32 of shape [2, 3] is not 12 bytes"),
        ({"point/P": {**P, "shape": [2**61, 3]}}, 12, "is not 12 bytes"),
        ({"point/P": {**P, "shape": [-1, -3]}}, 12, "what it says of point/P is wrong"),
        ({"point/P": {**P, "shape": [True, 3]}}, 12, "what it says of point/P is wrong"),
        ({"point/P": {**P, "shape": 3}}, 12, "what it says of point/P is wrong"),
        ({"point/P": {**P, "data_offsets": [12]}}, 12, "what it says of point/P is wrong"),
        ({"point/P": {**P, "dtype": "BF16"}}, 12, "point/P is of type BF16, which is none"),
        ({"point/P": {**P, "dtype": []}}, 12, "what it says of point/P is wrong"),
        ({"point/P": "here"}, 12, "what it says of point/P is wrong"),
        ({"weights": P}, 12, "it has an array 'weights' that belongs to nothing"),
        ({"shape/P": P}, 12, "it has an array shape/P that belongs to nothing"),
        ({"group/edge/P": P}, 12, "it has a group 'edge/P' that belongs to nothing"),
        ({"point/P": {**P, "dtype": "U8", "shape": [12, 1]}}, 12, "point/P is U8 of shape [12, 1]"),
        (
            {"point/P": {**P, "shape": [3]}},
            12,
            "point/P is F32 of shape [3]; it needs 2 dimensions",
        ),
        ({"point/P": {**P, "shape": [3, 1]}}, 12, "point attribute P has 3 values for 1 points"),
        ({"point/P": {**P, "dtype": "I32"}}, 12, "P has 3 numbers of int32; it needs 3 floats"),
        ({"point/P": P, **FACES}, 20, "it has no faces/closed"),
        ({"point/P": P, "point/v": NOTHING}, 12, "point attribute v has values of shape [1, 0]"),
        ({"point/P": P, "point/name": NAMES}, 16, "point attribute name has text 0, and it has 0"),
        ({"volume/0": P, "point/P": P}, 12, "point/P begins at byte 0, and 12 comes next"),
        ({"volume/0": P}, 12, "it has an array volume/0 that belongs to nothing"),
        ({"__metadata__": {"geometry": 1}}, 0, "its metadata are no texts"),
        ({"__metadata__": {}}, 0, "it does not say what geometry it is"),
        ({"__metadata__": {"geometry": "{}"}}, 0, "what it says of its geometry is wrong: count"),
        ({"__metadata__": {"geometry": '{"count": -1}'}}, 0, "geometry is wrong: count"),
        ([], 0, "its header is no object"),
    ],
)
def test_a_lying_header_is_named(tmp_path: Path, header: Any, size: int, sentence: str) -> None:
    if isinstance(header, dict):
        header = {"__metadata__": {"geometry": ONE, "strings point/name": "[]"}, **header}
    text = json.dumps(header).encode()
    path = tmp_path / "one.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))

    with pytest.raises(SourceError) as caught:
        geometries.read(path)

    assert caught.value.problem.startswith(f"{path.as_posix()} is damaged: ")
    assert sentence in caught.value.problem


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "it has 0 bytes"),
        (b"1234567", "it has 7 bytes"),
        (struct.pack("<Q", 2**63), "says that its header has 9,223,372,036,854,775,808"),
        (struct.pack("<Q", 3) + b"{}", "says that its header has 3"),
        (struct.pack("<Q", 2) + b"{)", "its header is no JSON"),
        (struct.pack("<Q", 2) + b"\xff\xff", "its header is no JSON"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "its header is no JSON"),
        (struct.pack("<Q", 21) + b'{"a/b": 1, "a/b": 2  }'[:21], "its header is no JSON"),
        (struct.pack("<Q", 22) + b'{"a/b": 1, "a/b": 2  }', "a/b is there twice"),
    ],
)
def test_what_is_no_header_is_refused(tmp_path: Path, raw: bytes, sentence: str) -> None:
    path = tmp_path / "one.safetensors"
    path.write_bytes(raw)

    for ask in (geometries.read, geometries.structure):
        with pytest.raises(SourceError, match=r"one\.safetensors is damaged") as caught:
            ask(path)
        assert sentence in caught.value.problem


def test_a_text_that_is_none_is_refused_before_it_is_in_a_record(tmp_path: Path) -> None:
    """A host's own text may hold what UTF-8 cannot say, and JSON lets it through."""
    path = tmp_path / "one.safetensors"
    told = {"point/P": ("F32", (1, 3), bytes(12)), "point/name": ("I32", (1, 1), bytes(4))}
    texts = {"geometry": ONE, "strings point/name": json.dumps(["caf\udce9"])}
    tensors.write(str(path), told, texts)

    for read in (handover.read, handover.structure):
        with pytest.raises(SourceError, match="point attribute name holds a text that is not UTF"):
            read(path)
