"""Another reader of .geo and .bgeo, from the facts alone: the standard library, a value at a time.

It knows no more than what a file of ours or of Houdini 16.5 has, and checks what it assumes.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

NUMBERS = {
    **dict(zip(range(0x11, 0x15), "bhiq", strict=True)),
    **dict(zip(range(0x18, 0x1B), "efd", strict=True)),
    **dict(zip(range(0x21, 0x23), "BH", strict=True)),
}
CLASSES = {"point": "pointcount", "vertex": "vertexcount", "primitive": "primitivecount"}
SHORT = {"p_r": "Polygon_run", "c_r": "PolygonCurve_run", "s_v": "startvertex"}
SHORT |= {"n_p": "nprimitives", "n_v": "nvertices", "r_v": "nvertices_rle"}


def document(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    if path.name.endswith(".gz"):
        raw = gzip.decompress(raw)
    if raw[:1] == b"[":
        return named(json.loads(raw))
    assert raw[:5] == b"\x7fNSJb"
    return named(_Bytes(raw[5:]).value())


def named(flat: Any) -> dict[str, Any]:
    if isinstance(flat, dict):
        return flat
    return {SHORT.get(name, name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


class _Bytes:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0
        self.tokens: dict[int, str] = {}

    def take(self, code: str, count: int = 1) -> list[Any]:
        found = struct.unpack_from(f"<{count}{code}", self.raw, self.at)
        self.at += struct.calcsize(f"<{count}{code}")
        return list(found)

    def length(self) -> int:
        (first,) = self.take("B")
        wide = {0xF2: "H", 0xF4: "I", 0xF8: "q"}
        return int(first if first < 0xF1 else self.take(wide[first])[0])

    def text(self) -> str:
        size = self.length()
        self.at += size
        return self.raw[self.at - size : self.at].decode()

    def value(self) -> Any:
        (code,) = self.take("B")
        while code == 0x2B:
            token = self.length()
            self.tokens[token] = self.text()
            (code,) = self.take("B")
        if code in NUMBERS:
            return self.take(NUMBERS[code])[0]
        kinds: dict[int, Callable[[], Any]] = {
            0x5B: lambda: list(self.until(0x5D)),
            0x7B: lambda: named(list(self.until(0x7D))),
            0x40: self.array,
            0x27: self.text,
            0x26: lambda: self.tokens[self.length()],
            0x30: lambda: False,
            0x31: lambda: True,
        }
        return kinds[code]()

    def until(self, end: int) -> Iterator[Any]:
        while self.raw[self.at] != end:
            yield self.value()
        self.at += 1

    def array(self) -> list[Any]:
        (code,) = self.take("B")
        count = self.length()
        if code == 0x10:
            words = self.take("I", -(-count // 32))
            return [bool(words[index // 32] >> index % 32 & 1) for index in range(count)]
        return self.take(NUMBERS[code], count)


def values(told: Any, count: int) -> list[list[Any]]:
    """One list for each element."""
    block = named(told)
    size = block["size"]
    if "tuples" in block:
        return list(block["tuples"])
    if "arrays" in block:
        return [[one] for one in block["arrays"][0]]
    packing, page = block.get("packing", [size]), block["pagesize"]
    flags = block.get("constantpageflags", [[] for _ in packing])
    raw = iter(block["rawpagedata"])
    made: list[list[Any]] = []
    for index in range(-(-count // page)):
        rows = min(page, count - index * page)
        parts = []
        for width, flag in zip(packing, flags, strict=True):
            constant = bool(flag) and flag[index]
            held = [[next(raw) for _ in range(width)] for _ in range(1 if constant else rows)]
            parts.append(held * rows if constant else held)
        made += [list(chain(*row)) for row in zip(*parts, strict=True)]
    assert not list(raw)
    return made


def attributes(found: dict[str, Any]) -> dict[tuple[str, str], list[list[Any]]]:
    """The values of each attribute by its class and name; of texts the texts."""
    made = {}
    for owner in ("vertex", "point", "primitive", "global"):
        for header, told in named(found["attributes"]).get(f"{owner}attributes", []):
            count = found[CLASSES[owner]] if owner in CLASSES else 1
            head, body = named(header), named(told)
            if head["type"] == "string":
                texts = [*body["strings"], ""]
                rows = values(body["indices"], count)
                made[owner, head["name"]] = [[texts[one] for one in row] for row in rows]
            else:
                made[owner, head["name"]] = values(body["values"], count)
    return made


def faces(found: dict[str, Any]) -> list[tuple[bool, list[int]]]:
    """Whether it is closed, and its points, of each polygon and curve."""
    points = named(named(found["topology"])["pointref"])["indices"]
    made = []
    for head, told in found["primitives"]:
        kind, fields = SHORT.get(named(head)["type"], named(head)["type"]), named(told)
        if not kind.endswith("_run"):
            continue
        runs = fields.get("nvertices_rle", [])
        counts = [n for n, times in zip(runs[::2], runs[1::2], strict=True) for _ in range(times)]
        at = fields["startvertex"]
        for count in fields.get("nvertices", counts):
            made.append((kind == "Polygon_run", points[at : at + count]))
            at += count
    return made


def groups(found: dict[str, Any], owner: str) -> dict[str, list[int]]:
    """The members of each group, in its order."""
    made = {}
    for head, body in found.get(f"{owner}groups", []):
        told = named(named(body)["selection"])
        if "ordered" in told:
            made[named(head)["name"]] = told["ordered"]
            continue
        kind, listed = told["unordered"]
        assert kind == "i8"
        made[named(head)["name"]] = [index for index, one in enumerate(listed) if one]
    return made


def volumes(found: dict[str, Any]) -> list[tuple[list[int], list[float]]]:
    """Resolution and voxels of each volume, x fastest, put together tile by tile."""
    made = []
    for head, told in found["primitives"]:
        if named(head)["type"] == "Volume":
            fields = named(told)
            made.append((fields["res"], _voxels(fields["voxels"], *fields["res"])))
    return made


def _voxels(told: Any, wide: int, high: int, deep: int) -> list[float]:
    if told[0] == "constantarray":
        return [told[1]] * (wide * high * deep)
    made = [0.0] * (wide * high * deep)
    tiles = iter(named(told[1])["tiles"])
    for z in range(0, deep, 16):
        for y in range(0, high, 16):
            for x in range(0, wide, 16):
                tile = named(next(tiles))
                inside = [
                    (i + wide * (j + high * k))
                    for k in range(z, min(z + 16, deep))
                    for j in range(y, min(y + 16, high))
                    for i in range(x, min(x + 16, wide))
                ]
                data = tile["data"]
                held = [data] * len(inside) if tile["compression"] == 2 else data
                for at, value in zip(inside, held, strict=True):
                    made[at] = value
    assert next(tiles, None) is None
    return made
