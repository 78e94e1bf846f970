"""Files as Houdini 13 to 16.5 writes them: pages, runs, short names, shared voxels, what is left out."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from answerprint import bgeojson, geometries
from answerprint.errors import SourceError
from answerprint.geometry import Geometry

POINT = {"type": {"type": "string", "value": "point"}}


def attribute(name: str, body: list[Any], kind: str = "numeric", options: Any = None) -> list[Any]:
    return [["scope", "public", "type", kind, "name", name, "options", options or {}], body]


def positions(count: int, size: int = 3) -> list[Any]:
    rows = [[index, index / 2, 0, 1][:size] for index in range(count)]
    block = ["size", size, "storage", "fpreal32", "tuples", rows]
    return attribute("P", ["size", size, "storage", "fpreal32", "values", block], options=POINT)


def texts(name: str, strings: list[str], indices: list[Any]) -> list[Any]:
    block = ["size", 1, "storage", "int32", "arrays", [indices]]
    body = ["size", 1, "storage", "int32", "strings", strings, "indices", block]
    return attribute(name, body, "string")


def document(
    points: int, topology: list[int], primitives: list[Any], count: int, **more: Any
) -> list[Any]:
    """A file's, with P; `more`: lists of attributes by their class's name, or other entries."""
    lists = {"pointattributes": [positions(points)]}
    lists |= {name: more.pop(name) for name in list(more) if name.endswith("attributes")}
    flat: list[Any] = []
    for name, value in lists.items():
        flat += [name, value]
    return [
        *("fileversion", "16.5.268", "hasindex", False, "pointcount", points),
        *("vertexcount", len(topology), "primitivecount", count),
        *("info", {"software": "Houdini 16.5.268", "artist": "vangogh"}),
        *("topology", ["pointref", ["indices", topology]], "attributes", flat),
        *("primitives", primitives),
        *(part for name, value in more.items() for part in (name, value)),
    ]


def read(folder: Path, told: list[Any]) -> Geometry:
    path = folder / "houdini.geo"
    path.write_text(json.dumps(told), encoding="utf-8")
    return geometries.read(path)


def rows(made: Geometry, name: str, owner: Any = "point") -> list[Any]:
    found = made.find(name, owner)
    assert found is not None
    return list(found.values.tolist())


def test_pages_that_are_the_same_all_over_are_filled(tmp_path: Path) -> None:
    """Two parts, three numbers and one; pages of two values, the last of one."""
    block = [
        *("size", 4, "storage", "int32", "pagesize", 2, "packing", [3, 1]),
        *("constantpageflags", [[True, False, True], []]),
        *("rawpagedata", [1, 2, 3, 10, 11, 4, 5, 6, 7, 8, 9, 12, 13, 0, 0, 0, 14]),
    ]
    told = attribute("four", ["size", 4, "storage", "int32", "values", block])

    made = read(tmp_path, document(5, [], [], 0, pointattributes=[positions(5), told]))

    assert rows(made, "four") == [
        [1, 2, 3, 10],
        [1, 2, 3, 11],
        [4, 5, 6, 12],
        [7, 8, 9, 13],
        [0, 0, 0, 14],
    ]


def test_one_constant_page_stands_for_all_points(tmp_path: Path) -> None:
    block = ["size", 3, "storage", "fpreal32", "pagesize", 1024]
    block += ["constantpageflags", [[True]], "rawpagedata", [0, 10.5, 0]]
    told = attribute("Cd", ["size", 3, "storage", "fpreal32", "values", block])

    made = read(tmp_path, document(7, [], [], 0, pointattributes=[positions(7), told]))

    assert rows(made, "Cd") == [[0, 10.5, 0]] * 7


def test_runs_of_faces_are_open_or_closed_and_of_many_sizes(tmp_path: Path) -> None:
    topology = [0, 1, 2, 0, 2, 3, 0, 1, 2, 3, 3, 1]
    primitives = [
        [["type", "Polygon_run"], ["startvertex", 0, "nprimitives", 2, "nvertices_rle", [3, 2]]],
        [["type", "p_r"], ["s_v", 6, "n_p", 1, "n_v", [4]]],
        [["type", "c_r"], ["s_v", 10, "n_p", 1, "r_v", [2, 1]]],
    ]

    faces = read(tmp_path, document(4, topology, primitives, 4)).faces

    assert faces is not None
    assert faces.counts.tolist() == [3, 3, 4, 2]
    assert faces.closed.tolist() == [True, True, True, False]
    assert faces.points.tolist() == topology


def test_single_polygons_and_old_runs_are_polygons(tmp_path: Path) -> None:
    head = ["type", "run", "runtype", "Poly", "varyingfields", ["vertex"]]
    primitives = [
        [["type", "Poly"], ["vertex", [2, 1, 0], "closed", False]],
        [[*head, "uniformfields", {"closed": True}], [[[3, 4, 5]], [[6, 7, 8]]]],
    ]

    made = read(tmp_path, document(3, [0, 1, 2] * 3, primitives, 3))

    assert made.faces is not None
    assert made.faces.closed.tolist() == [False, True, True]
    assert made.faces.points.tolist() == [2, 1, 0, 0, 1, 2, 0, 1, 2]  # as the curve runs


def test_what_is_left_out_is_counted_and_takes_its_values_with_it(tmp_path: Path) -> None:
    """A sphere before, a curve and a soup between two polygons; all had an id, and groups."""
    primitives = [
        [["type", "Sphere"], ["vertex", 0, "transform", [1, 0, 0, 0, 1, 0, 0, 0, 1]]],
        [["type", "Polygon_run"], ["startvertex", 1, "nprimitives", 1, "nvertices", [3]]],
        [["type", "NURBCurve"], ["vertex", [4, 5], "closed", False, "basis", []]],
        [["type", "PolySoup"], ["vertex", [6, 7], "polyinfo", []]],
        [["type", "Polygon_run"], ["startvertex", 8, "nprimitives", 1, "nvertices", [3]]],
        [["type", "Quaternion9"], ["vertex", 11]],
    ]
    ids = ["size", 1, "storage", "int32", "arrays", [[0, 10, 20, 30, 40, 50]]]
    corners = ["size", 1, "storage", "int32", "arrays", [list(range(12))]]
    group = ["selection", ["unordered", ["boolRLE", [2, True, 2, False, 1, True, 1, False]]]]
    order = ["selection", ["ordered", [5, 4, 2, 1]]]
    told = document(
        4,
        [0, 0, 1, 2, 1, 2, 1, 3, 1, 2, 3, 0],
        primitives,
        6,
        primitiveattributes=[
            attribute("id", ["size", 1, "storage", "int32", "values", ids]),
            attribute("near", ["size", 1], "arraydata"),
            attribute("about", ["size", 1], "dict"),
        ],
        vertexattributes=[attribute("corner", ["size", 1, "storage", "int32", "values", corners])],
        primitivegroups=[[["name", "kept"], group], [["name", "last"], order]],
        edgegroups=[],
    )

    made = read(tmp_path, told)

    assert made.unsupported == {
        "sphere": 1,
        "NURBS curve": 1,
        "polygon soup": 1,
        "primitive of type Quaternion9": 1,
        "array attribute near": 1,
        "dictionary attribute about": 1,
        "edge group": 1,
    }
    assert made.primitives == 2
    assert rows(made, "id", "primitive") == [[10], [40]]
    assert rows(made, "corner", "vertex") == [[1], [2], [3], [8], [9], [10]]
    assert made.groups[0].members.tolist() == [True, True]
    assert made.groups[1].order is not None
    assert made.groups[1].order.tolist() == [1, 0]
    geometries.write(tmp_path / "kept.bgeo", made)
    assert geometries.read(tmp_path / "kept.bgeo").primitives == 2


def smoke(name: str, mode: str = "smoke") -> list[Any]:
    """What varies of a volume in a run: vertex and transform stand before and after it."""
    look = {"iso": 0, "mode": mode, "density": 1}
    return [{"type": "constant", "value": -0.5}, {"tolerance": 0}, name, look]


def test_volumes_of_one_run_share_their_size_and_name_their_voxels(tmp_path: Path) -> None:
    head: list[Any] = ["type", "run", "runtype", "Volume", "varyingfields"]
    head += [["vertex", "border", "compression", "sharedvoxels", "visualization"], "uniformfields"]
    shared = {"taperx": 1, "res": [4, 2, 1], "transform": [2, 0, 0, 0, 4, 0, 0, 0, 1], "tapery": 1}
    primitives = [[[*head, shared], [[0, *smoke("voxels:0x1")], [1, *smoke("voxels:0x2")]]]]
    tiles = ["version", 1, "compressiontypes", ["raw", "rawfull", "constant", "fpreal16"], "tiles"]
    tiles += [[["compression", 0, "data", [0, 1, 2, 3, 4, 5, 6, 7]]]]
    told = document(
        2,
        [0, 1],
        primitives,
        2,
        primitiveattributes=[texts("name", ["density", "heat"], [0, 1])],
        sharedprimitivedata=[
            *("Volume", ["geo:voxels", "voxels:0x1", ["tiledarray", tiles]]),
            *("Volume", ["geo:voxels", "voxels:0x2", ["constantarray", 9]]),
        ],
    )

    made = read(tmp_path, told)

    assert [(one.name, one.kind, one.background) for one in made.volumes] == [
        ("density", "dense", -0.5),
        ("heat", "dense", -0.5),
    ]
    assert made.volumes[0].values.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    assert made.volumes[1].values.tolist() == [[[9] * 4] * 2]
    assert made.volumes[1].about["visualization"]["mode"] == "smoke"
    # a box from -2 to 2 and -4 to 4 about the second point, (1, 0.5, 0)
    first = np.array([0, 0, 0, 1]) @ made.volumes[1].transform
    assert first.tolist() == [1 - 2 + 0.5, 0.5 - 4 + 2, 0, 1]
    assert made.volumes[1].voxel_size == (1, 4, 2)


@pytest.mark.parametrize("compression", ["raw", "rawfull", "constant", "fpreal16"])
def test_tiles_are_in_order_whatever_their_compression(tmp_path: Path, compression: str) -> None:
    """17 x 17 x 1: four tiles, the later ones one voxel wide or high."""
    tiles = []
    for number, (high, wide) in enumerate([(16, 16), (16, 1), (1, 16), (1, 1)]):
        padded = 16 * 16 if compression == "rawfull" else high * wide
        data = number if compression == "constant" else [number] * padded
        tiles.append(["compression", 0, "data", data])
    voxels = ["tiledarray", ["version", 1, "compressiontypes", [compression], "tiles", tiles]]
    fields = ["vertex", 0, "transform", [1, 0, 0, 0, 1, 0, 0, 0, 1], "res", [17, 17, 1]]
    look = ["visualization", {"mode": "heightfield"}]
    primitives = [[["type", "Volume"], [*fields, "voxels", voxels, *look]]]

    volume = read(tmp_path, document(1, [0], primitives, 1)).volumes[0]

    assert volume.kind == "heightfield"
    assert (volume.values[0, :16, :16] == 0).all()
    assert (volume.values[0, :16, 16] == 1).all()
    assert (volume.values[0, 16, :16] == 2).all()
    assert volume.values[0, 16, 16] == 3


def test_a_compression_that_is_not_known_leaves_the_volume_out(tmp_path: Path) -> None:
    tiles = ["compressiontypes", ["FP32Range"], "tiles", [["compression", 0, "data", []]]]
    fields = ["vertex", 0, "transform", [1] * 9, "res", [1, 1, 1], "voxels", ["tiledarray", tiles]]

    made = read(tmp_path, document(1, [0], [[["type", "Volume"], fields]], 1))

    assert made.unsupported == {"volume compressed as FP32Range": 1}
    assert made.volumes == []


def test_a_value_of_several_texts_and_a_text_of_ours(tmp_path: Path) -> None:
    block = ["size", 2, "storage", "int32", "tuples", [[1, 0]]]
    names = ["nextid -> NEXTID", "life -> LIFE"]
    body = ["size", 2, "storage", "int32", "strings", names, "indices", block]
    told = document(
        1,
        [],
        [],
        0,
        globalattributes=[
            attribute("varmap", body, "string"),
            texts("answerprintRecord", ["of an older take", "{}"], [1]),
            texts("empty", [], [-1]),
        ],
    )

    made = read(tmp_path, told)
    geometries.write(tmp_path / "again.geo", made)

    assert made.said == {"answerprintRecord": "{}"}
    assert geometries.structure(tmp_path / "houdini.geo").said == made.said
    assert [one.name for one in made.attributes] == ["P", "varmap", "empty"]
    written = json.loads((tmp_path / "again.geo").read_text())
    assert '["tuples", [[1, 0]]]' in json.dumps(written).replace(
        '"storage", "int32", ', ""
    ).replace('"size", 2, ', "")


def test_positions_of_houdini_13_have_their_weight_beside_them(tmp_path: Path) -> None:
    plain = document(2, [], [], 0, pointattributes=[positions(2, size=4)])
    weighted = json.loads(json.dumps(plain).replace("[1, 0.5, 0, 1]", "[1, 0.5, 0, 2]"))

    assert rows(read(tmp_path, plain), "P") == [[0, 0, 0], [1, 0.5, 0]]
    assert read(tmp_path, plain).find("Pw") is None
    assert rows(read(tmp_path, weighted), "P") == [[0, 0, 0], [1, 0.5, 0]]
    assert rows(read(tmp_path, weighted), "Pw") == [[1], [2]]


def test_a_binary_file_of_16_5_with_its_tokens_and_uniform_arrays(tmp_path: Path) -> None:
    """Byte for byte as the format has it: each name defined once, then only its number."""
    tokens: dict[str, int] = {}

    def text(word: str) -> bytes:
        if word in tokens:
            return bytes([0x26, tokens[word]])
        tokens[word] = len(tokens)
        raw = word.encode()
        return bytes([0x2B, tokens[word], len(raw)]) + raw + bytes([0x26, tokens[word]])

    def floats(*numbers: float) -> bytes:
        return struct.pack(f"<BBB{len(numbers)}f", 0x40, 0x19, len(numbers), *numbers)

    def said(value: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return text(value)
        if isinstance(value, int):
            return struct.pack("<Bb", 0x11, value)
        if isinstance(value, dict):
            return b"{" + b"".join(said(part) for item in value.items() for part in item) + b"}"
        return b"[" + b"".join(said(one) for one in value) + b"]"

    indices = struct.pack("<BBB4i", 0x40, 0x13, 4, 0, 1, 3, 2)
    flags = struct.pack("<BBBI", 0x40, 0x10, 2, 0b01)  # two pages; the first is constant
    block = ["size", 3, "storage", "fpreal32", "packing", struct.pack("<BBBB", 0x40, 0x21, 1, 3)]
    block += ["pagesize", 2, "constantpageflags", [flags]]
    block += ["rawpagedata", floats(7, 8, 9, 1, 2, 3, 4, 5, 6)]
    body = ["size", 3, "storage", "fpreal32", "values", block]
    p = [["scope", "public", "type", "numeric", "name", "P", "options", POINT], body]
    group = [["name", "all"], ["selection", ["unordered", ["i8", bytes([0x40, 0x11, 1, 1])]]]]
    raw = said(
        [
            *("fileversion", "16.5.268", "hasindex", bytes([0x30]), "pointcount", 4),
            *("vertexcount", 4, "primitivecount", 1),
            *("topology", ["pointref", ["indices", indices]]),
            *("attributes", ["pointattributes", [p]]),
            *("primitives", [[["type", "p_r"], ["s_v", 0, "n_p", 1, "r_v", [4, 1]]]]),
            *("primitivegroups", [group]),
        ]
    )
    (tmp_path / "one.bgeo").write_bytes(b"\x7fNSJb" + raw)

    made = geometries.read(tmp_path / "one.bgeo")

    assert rows(made, "P") == [[7, 8, 9], [7, 8, 9], [1, 2, 3], [4, 5, 6]]
    assert made.faces is not None
    assert made.faces.points.tolist() == [0, 1, 3, 2]
    assert made.groups[0].members.tolist() == [True]
    assert made.attributes[0].qualifier == "point"


def test_a_file_of_a_machine_with_the_other_order_of_bytes(tmp_path: Path) -> None:
    def text(word: str) -> bytes:
        return bytes([0x27, len(word)]) + word.encode()

    indices = struct.pack(">BBB2i", 0x40, 0x13, 2, 0, 1)
    count = struct.pack(">Bh", 0x12, 2)
    names = b"[" + text("pointref") + b"[" + text("indices") + indices + b"]]"
    raw = b"[" + text("pointcount") + count + text("vertexcount") + count
    runs = struct.pack(">BBB2i", 0x40, 0x13, 2, 2, 1)
    run = text("nprimitives") + b"\x11\x01" + text("nvertices_rle") + runs
    raw += text("topology") + names + text("primitives")
    raw += b"[[[" + text("type") + text("c_r") + b"][" + run + b"]]]]"
    (tmp_path / "one.bgeo").write_bytes(b"\x7fbJSN" + raw)

    faces = geometries.read(tmp_path / "one.bgeo").faces

    assert faces is not None
    assert faces.points.tolist() == [0, 1]


def test_bytes_are_kept_and_values_of_a_storage_unknown_here_are_left_out(tmp_path: Path) -> None:
    told = [positions(3)]
    for storage in ("uint8", "bool"):
        block = ["size", 1, "storage", storage, "arrays", [[1, 0, 255]]]
        told.append(attribute(storage, ["size", 1, "storage", storage, "values", block]))

    made = read(tmp_path, document(3, [], [], 0, pointattributes=told))
    geometries.write(tmp_path / "again.bgeo", made)
    again = geometries.read(tmp_path / "again.bgeo").find("uint8")

    assert made.unsupported == {"attribute stored as bool bool": 1}
    assert again is not None
    assert again.values.dtype == np.uint8
    assert again.values.tolist() == [[1], [0], [255]]


def test_a_run_with_another_short_name_is_left_out_with_all_its_primitives(tmp_path: Path) -> None:
    primitives = [
        [["type", "t_r"], ["s_v", 0, "n_p", 2]],
        [["type", "p_r"], ["s_v", 8, "n_p", 1, "r_v", [3, 1]]],
    ]

    made = read(tmp_path, document(8, [*range(8), 0, 1, 2], primitives, 3))

    assert made.unsupported == {"primitive of type t_r": 2}
    assert made.primitives == 1


def test_what_a_volume_says_beyond_what_is_known_is_left_out_with_a_word(tmp_path: Path) -> None:
    fields = ["vertex", 0, "transform", [1, 0, 0, 0, 1, 0, 0, 0, 1], "res", [1, 1, 1]]
    fields += ["voxels", ["constantarray", 1], "lod", 3]

    made = read(tmp_path, document(1, [0], [[["type", "Volume"], fields]], 1))

    assert made.unsupported == {"'lod' of a volume": 1}
    assert made.volumes[0].values.tolist() == [[[1]]]


@pytest.mark.parametrize("form", [".geo", ".bgeo"])
def test_an_artists_name_need_not_be_utf_8_and_an_attributes_text_need(
    tmp_path: Path, form: str
) -> None:
    """The name stands in what is not kept; a text would go on to records and screens."""
    path = tmp_path / f"one{form}"
    told = [positions(2), texts("name", ["M?LLER", "b"], [0, 1])]
    bgeojson.save(path, document(2, [], [], 0, pointattributes=told))
    raw = path.read_bytes()

    path.write_bytes(raw.replace(b"vangogh", b"M\xfcller "))
    made = geometries.read(path)
    path.write_bytes(raw.replace(b"M?LLER", b"M\xdcLLER"))

    assert made.count == 2
    with pytest.raises(SourceError, match="point attribute name holds a text that is not UTF-8"):
        geometries.read(path)
    with pytest.raises(SourceError, match="point attribute name holds a text that is not UTF-8"):
        geometries.structure(path)
