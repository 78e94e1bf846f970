"""What property tests draw from: EXR files, texts, documents."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import OpenEXR
from hypothesis import strategies as st
from numpy.typing import NDArray

from answerprint.errors import AnswerprintError
from answerprint.header import read_header

Pixels = NDArray[Any]
Corners = tuple[NDArray[np.int32], NDArray[np.int32]]
T = TypeVar("T")

LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "ZSTD", "HTJ2K32", "HTJ2K256")
TYPES = {"half": np.float16, "float": np.float32, "uint": np.uint32}
# -0, the least denormal, infinities, quiet and signalling NaN with a payload
SPECIAL: dict[Any, tuple[int, ...]] = {
    np.float16: (0x8000, 0x0001, 0x7C00, 0xFC00, 0x7E01, 0x7C01),
    np.float32: (0x80000000, 0x00000001, 0x7F800000, 0xFF800000, 0x7FC00001, 0x7F800001),
    np.uint32: (0, 1, 2**31, 2**32 - 1),
}

# Text as UTF-8 can hold it
texts = st.text(st.characters(codec="utf-8"), max_size=40)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one example: tmp_path is one for all of them."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def attempt(call: Callable[..., T], *words: Any) -> T | AnswerprintError:
    """What a call gives, or its error if that is one of ours; any other goes on."""
    try:
        return call(*words)
    except AnswerprintError as error:
        return error


def codec(name: str) -> Any:
    return getattr(OpenEXR, f"{name}_COMPRESSION")


def window(left: int, top: int, right: int, bottom: int) -> Corners:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


@dataclass(frozen=True)
class Drawn:
    """An EXR file to be: attributes and channels of each part."""

    parts: tuple[tuple[dict[str, Any], dict[str, Pixels]], ...]

    def save(self, path: Path) -> Path:
        """Write it with OpenEXR alone, none of our code between."""
        parts = [OpenEXR.Part(dict(header), dict(channels)) for header, channels in self.parts]
        OpenEXR.File(parts).write(str(path))
        return path


def pixels(kind: Any, height: int, width: int, seed: int) -> Pixels:
    """Any bits at all, the special ones among them."""
    size = np.dtype(kind).itemsize
    bits = np.frombuffer(
        np.random.default_rng(seed).bytes(height * width * size), f"<u{size}"
    ).copy()
    special = np.array(SPECIAL[kind], bits.dtype)
    count = min(len(special), len(bits))
    bits[:count] = special[:count]
    return bits.reshape(height, width).view(kind)


@st.composite
def windows(draw: st.DrawFn, *, widest: int = 24, highest: int = 36) -> Corners:
    left, top = draw(st.integers(-50, 50)), draw(st.integers(-50, 50))
    width, height = draw(st.integers(1, widest)), draw(st.integers(1, highest))
    return window(left, top, left + width - 1, top + height - 1)


def arrays(kind: Any, *shape: int) -> st.SearchStrategy[Pixels]:
    count = int(np.prod(shape))
    if kind == np.int32:
        numbers: st.SearchStrategy[Any] = st.integers(-(2**31), 2**31 - 1)
    else:
        numbers = st.floats(width=32 if kind == np.float32 else 64)
    return st.lists(numbers, min_size=count, max_size=count).map(
        lambda values: np.array(values, kind).reshape(shape)
    )


floats = st.floats(width=32)
fractions = st.builds(Fraction, st.integers(0, 10**6), st.integers(1, 2000))
time_codes = st.builds(
    OpenEXR.TimeCode,
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 23),
    *[st.integers(0, 1)] * 6,
    *[st.integers(0, 15)] * 8,
)
key_codes = st.builds(
    OpenEXR.KeyCode,
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 999999),
    st.integers(0, 9999),
    st.integers(0, 119),
    st.integers(1, 15),
    st.integers(20, 120),
)
values = st.one_of(
    texts,
    floats,
    st.integers(-(2**31), 2**31 - 1),
    fractions,
    st.lists(texts, min_size=1, max_size=3),
    arrays(np.float32, 2),
    arrays(np.float32, 3),
    arrays(np.int32, 3),
    arrays(np.float64, 3),
    arrays(np.float32, 3, 3),
    arrays(np.float32, 4, 4),
    arrays(np.float64, 4, 4),
    windows(),
)
# Names of the studio's own, which no reader knows a type for
own_names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).map(
    lambda text: f"studio/{text}"
)
shared = st.fixed_dictionaries(
    {"displayWindow": windows()},
    optional={
        "timeCode": time_codes,
        # finite: OpenEXR compares them between parts, and NaN is like nothing
        "chromaticities": st.tuples(*[st.floats(-2, 2, width=32)] * 8),
        "pixelAspectRatio": st.floats(0.5, 2, width=32),
    },
)
single = st.fixed_dictionaries(
    {},
    optional={
        "keyCode": key_codes,
        "framesPerSecond": fractions,
        "worldToCamera": arrays(np.float32, 4, 4),
        "view": texts.filter(bool),
        "owner": texts,
        "comments": texts,
        "multiView": st.lists(texts, min_size=1, max_size=3),
        "lineOrder": st.sampled_from((OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y)),
    },
)
channel_names = st.sampled_from(
    ("R", "G", "B", "A", "Z", "id", "albedo.R", "albedo.G", "N.X", "a.b.R", "diffuse/ü.世", "a b.Y")
)


@st.composite
def _part(draw: st.DrawFn, common: dict[str, Any], name: str | None) -> Any:
    data = draw(windows())
    width, height = (int(last - first + 1) for first, last in zip(*data, strict=True))
    header = {
        **common,
        **draw(single),
        **draw(st.dictionaries(own_names, values, max_size=3)),
        "dataWindow": data,
        "compression": codec(draw(st.sampled_from(LOSSLESS))),
        "type": OpenEXR.scanlineimage,
    }
    if draw(st.booleans()):
        tiles = OpenEXR.TileDescription()
        tiles.xSize, tiles.ySize = draw(st.integers(1, 40)), draw(st.integers(1, 40))
        header |= {"type": OpenEXR.tiledimage, "tiles": tiles}
    if name is not None:
        header["name"] = name
    kinds = draw(
        st.dictionaries(channel_names, st.sampled_from(list(TYPES)), min_size=1, max_size=4)
    )
    seed = draw(st.integers(0, 2**16))
    channels = {
        channel: pixels(TYPES[kind], height, width, seed + index)
        for index, (channel, kind) in enumerate(kinds.items())
    }
    return header, channels


@st.composite
def files(draw: st.DrawFn) -> Drawn:
    """Single and multi-part files as they may come from any program."""
    common = draw(shared)
    if draw(st.booleans()):
        return Drawn((draw(_part(common, None)),))
    names = draw(st.lists(texts.filter(bool), min_size=2, max_size=3, unique=True))
    return Drawn(tuple(draw(_part(common, name)) for name in names))


def picture(path: Path, names: str = "RGB", kind: str = "half", compression: str = "ZIP") -> Path:
    """48x40 at -7,5 in a 60x50 display, smooth with a little grain, as plates are."""
    y, x = np.mgrid[0:40, 0:48]
    grain = np.random.default_rng(7).random((40, 48))
    channels = {
        name: (x / 9 + y / (index + 3) + grain).astype(TYPES[kind])
        for index, name in enumerate(names)
    }
    header = {
        "dataWindow": window(-7, 5, 40, 44),
        "displayWindow": window(0, 0, 59, 49),
        "compression": codec(compression),
        "type": OpenEXR.scanlineimage,
    }
    return Drawn(((header, channels),)).save(path)


def insert_attribute(path: Path, name: bytes, kind: bytes, value: bytes) -> Path:
    """Put raw bytes into the header of a single-part scanline file that OpenEXR wrote."""
    whole, table = path.read_bytes(), read_header(path).table
    first = struct.unpack_from("<Q", whole, table)[0]  # the table ends where the first chunk begins
    offsets = struct.unpack_from(f"<{(first - table) // 8}Q", whole, table)
    added = name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
    moved = struct.pack(f"<{len(offsets)}Q", *(offset + len(added) for offset in offsets))
    path.write_bytes(whole[:8] + added + whole[8:table] + moved + whole[first:])
    return path


# What JSON can say: whole numbers as far as every reader keeps them, and numbers that are finite
documents: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        # without those that are written as whole numbers too long to be read as such
        st.floats(allow_nan=False, allow_infinity=False).filter(
            lambda number: not 2**53 <= abs(number) < 1e21
        ),
        texts,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
