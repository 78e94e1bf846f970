"""What property tests draw from, and what they let processes of their own do."""

from __future__ import annotations

import multiprocessing
import struct
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import OpenEXR
from hypothesis import strategies as st
from numpy.typing import NDArray

from answerprint import exr
from answerprint.errors import SourceError
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


def insert_attribute(path: Path, name: bytes, kind: bytes, value: bytes) -> Path:
    """Put raw bytes into the header of a single-part scanline file that OpenEXR wrote."""
    whole, table = path.read_bytes(), read_header(path).table
    first = struct.unpack_from("<Q", whole, table)[0]  # the table ends where the first chunk begins
    offsets = struct.unpack_from(f"<{(first - table) // 8}Q", whole, table)
    added = name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
    moved = struct.pack(f"<{len(offsets)}Q", *(offset + len(added) for offset in offsets))
    path.write_bytes(whole[:8] + added + whole[8:table] + moved + whole[first:])
    return path


class Apart:
    """A process of its own, with little memory, that may die or hang without the tests' end."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, function: Callable[..., T], *words: Any) -> T | str:
        """What the function returns there; 'died' or 'hangs' if it returns nothing."""
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_little_memory)
        try:
            return self._pool.submit(function, *words).result(timeout=60)
        except BrokenProcessPool:
            self._pool = None
            return "died"

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def _little_memory() -> None:
    import resource  # POSIX only

    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def outcomes(path: Path, contents: list[bytes]) -> set[str]:
    """How reading these files ends: 'read', 'SourceError', or whatever else there was."""
    found = set()
    for content in contents:
        path.write_bytes(content)
        for read in (exr.read_structure, exr.read):
            try:
                read(path)
                found.add("read")
            except SourceError:
                found.add("SourceError")
            except BaseException as error:  # noqa: BLE001 - to be told, and to fail the test
                found.add(f"{type(error).__name__} in {read.__name__}: {error}")
    return found


def peak_memory(path: Path) -> int:
    """Bytes that this process has held at most, once it has tried to read a file."""
    import resource

    outcomes(path, [path.read_bytes()])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)
