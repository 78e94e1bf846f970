"""Values as USD has them, and as arrays: its types, their sizes, what their numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pxr import Sdf, Vt  # type: ignore[import-untyped]

from answerprint.geometry import Attribute


@dataclass(frozen=True)
class Type:
    """One of USD's types of values.

    dtype      as USD holds it; memory: as an attribute does, which has no unsigned numbers
    shape      of one value
    qualifier  what it is to Houdini
    """

    dtype: np.dtype[Any]
    memory: np.dtype[Any]
    shape: tuple[int, ...] = ()
    qualifier: str = ""

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))


def _type(dtype: str, memory: str = "", shape: tuple[int, ...] = (), qualifier: str = "") -> Type:
    return Type(np.dtype(dtype), np.dtype(memory or dtype), shape, qualifier)


_FLOATS = {"h": "f2", "f": "f4", "d": "f8"}
NUMBERS: dict[str, Type] = {
    "half": _type("f2"),
    "float": _type("f4"),
    "double": _type("f8"),
    "int": _type("i4"),
    "int64": _type("i8"),
    "bool": _type("?", "i1"),
    "uchar": _type("u1", "i4"),
    "uint": _type("u4", "i8"),
    "timecode": _type("f8"),
}
for _size in (2, 3, 4):
    for _name, _dtype in (("half", "f2"), ("float", "f4"), ("double", "f8"), ("int", "i4")):
        NUMBERS[f"{_name}{_size}"] = _type(_dtype, shape=(_size,))
for _letter, _dtype in _FLOATS.items():
    for _role in ("point", "normal", "vector", "color"):
        NUMBERS[f"{_role}3{_letter}"] = _type(_dtype, shape=(3,), qualifier=_role)
    NUMBERS[f"color4{_letter}"] = _type(_dtype, shape=(4,), qualifier="color")
    NUMBERS[f"texCoord2{_letter}"] = _type(_dtype, shape=(2,), qualifier="texturecoord")
    NUMBERS[f"texCoord3{_letter}"] = _type(_dtype, shape=(3,), qualifier="texturecoord")
    NUMBERS[f"quat{_letter}"] = _type(_dtype, shape=(4,), qualifier="quaternion")
for _size in (2, 3, 4):
    NUMBERS[f"matrix{_size}d"] = _type("f8", shape=(_size, _size), qualifier="matrix")
NUMBERS["frame4d"] = _type("f8", shape=(4, 4), qualifier="matrix")
TEXTS = ("string", "token", "asset")
# the first of each sort is the one that is written
_WRITTEN: dict[tuple[np.dtype[Any], int, str], str] = {}
for _name, _one in NUMBERS.items():
    _WRITTEN.setdefault((_one.dtype, _one.size, _one.qualifier), _name)


def numbers(value: Any, kind: Type, width: int) -> NDArray[Any]:
    """(n, size) of what pxr gave, one value or many; `width`: USD's elementSize."""
    plain = np.asarray(value).astype(kind.memory, copy=False)
    return np.ascontiguousarray(plain.reshape(-1, kind.size * width))


def texts(value: Any, *, many: bool) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Indices (n, 1) into the different texts, and those."""
    said = [getattr(one, "path", one) for one in (value if many else [value])]
    places = {text: index for index, text in enumerate(dict.fromkeys(said))}
    return np.array([places[one] for one in said], np.int32).reshape(-1, 1), tuple(places)


def name_of(one: Attribute, wanted: str) -> tuple[str, int]:
    """What type an attribute is written as, and its elementSize; `wanted`: what it was read as.

    ('', 0): there is none. Where the type has a wider dtype than the attribute, that is noted beside.
    """
    if one.strings is not None:
        return (wanted if wanted in TEXTS else "string"), 1
    if wanted in NUMBERS and _fits(one, NUMBERS[wanted]):
        return wanted, 1
    dtype = np.dtype(np.int32) if one.values.dtype in (np.int8, np.int16) else one.values.dtype
    for qualifier in (one.qualifier, ""):
        found = _WRITTEN.get((dtype, one.size, qualifier))
        if found:
            return found, 1
    found = _WRITTEN.get((dtype, 1, ""), "")
    return (found, one.size) if found and one.size else ("", 0)


def _fits(one: Attribute, kind: Type) -> bool:
    if (one.values.dtype, one.size, one.qualifier) != (kind.memory, kind.size, kind.qualifier):
        return False
    return bool((one.values.astype(kind.dtype).astype(kind.memory) == one.values).all()) or (
        kind.dtype == kind.memory
    )


def written(values: NDArray[Any], name: str) -> Any:
    """Numbers as an array of pxr's."""
    kind = NUMBERS[name]
    plain = np.ascontiguousarray(values.astype(kind.dtype, copy=False)).reshape(-1, *kind.shape)
    return array_class(name).FromNumpy(plain)


def array_class(name: str) -> Any:
    return Sdf.ValueTypeNames.Find(f"{name}[]").type.pythonClass


def written_texts(strings: tuple[str, ...], name: str) -> Any:
    if name == "asset":
        return Sdf.AssetPathArray([Sdf.AssetPath(one) for one in strings])
    return (Vt.TokenArray if name == "token" else Vt.StringArray)(list(strings))
