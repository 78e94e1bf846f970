"""Graph: what an ONNX file takes and gives, told by the file and by running it on small frames."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import JobError, SetupError, SourceError

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
MOST_BYTES = 2 << 30
LETTERS = {"image": "HWC", "points": "PC", "volume": "DHWC", "heightfield": "HWC"}
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
SIZES = {"H": 101, "W": 149, "D": 19, "P": 401}  # odd, so that a graph that wants even ones says so
_CHANNELS = (1, 3, 4)

Floats = NDArray[Any]


@dataclass(frozen=True)
class Tensor:
    """One of its tensors; in `shape` None is any size."""

    name: str
    shape: tuple[int | None, ...]
    type: str

    @property
    def is_single(self) -> bool:
        """Whether it is one number: a control, and no picture."""
        return all(one == 1 for one in self.shape)


@dataclass(frozen=True)
class Graph:
    """A graph that is ready to run."""

    session: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def pictures(self) -> list[Tensor]:
        return [one for one in self.inputs if not one.is_single]

    @property
    def controls(self) -> list[Tensor]:
        return [one for one in self.inputs if one.is_single]


@dataclass(frozen=True)
class Told:
    """What running it has told.

    multiple     every axis has to be one of it
    fixed        the only edge that frames may have; None: any
    factors      of each output: how many times larger than the input it is; None: a size of its own
    channels     of each output
    repeats      the same twice gives the same
    seconds      for a million pixels, points or voxels, on this machine
    reach        how far from a pixel its change was seen; None: everywhere, or not looked for
    """

    multiple: int
    fixed: int | None
    factors: dict[str, int | None]
    channels: dict[str, int]
    repeats: bool
    seconds: float
    reach: int | None


def read(path: Path) -> Graph:
    """Raises SourceError: it is none that ONNX Runtime loads; SetupError: that is not installed."""
    try:
        import onnxruntime  # noqa: PLC0415 - comes with the server; takes half a second
    except ImportError as error:
        raise SetupError(
            "ONNX Runtime is not installed here.", remedy="Run: pip install 'answerprint[server]'"
        ) from error
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(
            f"{path.as_posix()} cannot be read: {error.strerror}.", remedy="Check the path."
        ) from error
    if not 0 < size < MOST_BYTES:
        raise SourceError(
            f"{path.as_posix()} has {size:,} bytes; an ONNX file has 1 to {MOST_BYTES - 1:,}.",
            remedy="Export the graph again, with its weights inside.",
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong with it is said by us
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its errors have no base of their own
        raise SourceError(
            f"{path.as_posix()} is no graph that ONNX Runtime {onnxruntime.__version__} loads: "
            f"{_short(error)}.",
            remedy="Export it again, with its weights inside and an opset that this runtime knows.",
        ) from error
    return Graph(session, _tensors(session.get_inputs()), _tensors(session.get_outputs()))


def laid(graph: Graph, kind: str | None, layout: str | None) -> tuple[str, str]:
    """Its kind of task and the order of its axes, as asked for or as its first picture tells.

    Raises JobError: they cannot be told, or what was asked for does not fit.
    """
    if not graph.pictures:
        raise JobError(
            "The graph takes no picture: all of its inputs are single numbers.",
            remedy="Such a model needs a program of its own: see --python.",
        )
    shape = graph.pictures[0].shape
    said = (layout or _layout(shape, kind) or "").upper()
    if not said:
        raise JobError(
            f"The order of the axes of {graph.pictures[0].name} cannot be told from {_said(shape)}.",
            remedy="Say it: --layout NCHW, NHWC, NCDHW, NPC ...; N is an axis of 1, C the channels.",
        )
    found = kind or ("volume" if "D" in said else "points" if "P" in said else "image")
    letters = LETTERS[found]
    bare = said.replace("N", "", 1).replace("C", "", 1)
    if sorted(bare) != sorted(letters[:-1]) or len(said) != len(shape):
        raise JobError(
            f"Layout {said} does not fit {graph.pictures[0].name}, {_said(shape)}, of kind {found}.",
            remedy=f"Use each of {', '.join(letters[:-1])} once, and N and C where there are such.",
        )
    return found, said


def channels(tensor: Tensor, layout: str) -> int | None:
    """How many it has; None: any number."""
    return tensor.shape[layout.index("C")] if "C" in layout else 1


def tell(graph: Graph, layout: str, counts: Mapping[str, int]) -> Told:
    """Run it on frames of odd sizes, padded ever more until it takes them.

    counts   channels of each picture that it takes

    Raises:
        SourceError: it runs on none; says what the runtime said last.
        JobError: it takes frames of one size alone, and that is no square.
    """
    fixed = _fixed(graph, layout)
    said = ""
    for multiple in (fixed,) if fixed else MULTIPLES:
        feed = _feed(graph, layout, counts, multiple)
        try:
            start = time.perf_counter()
            found = _run(graph, feed)
            seconds = time.perf_counter() - start
            factors = {name: _factor(one, layout, feed, graph) for name, one in found.items()}
        except ValueError as error:
            said = str(error)
            continue
        again = _run(graph, feed)
        counted = {
            name: one.shape[layout.index("C")] if "C" in layout else 1
            for name, one in found.items()
        }
        size = max(_elements(feed[graph.pictures[0].name], layout), 1)
        return Told(
            multiple=multiple,
            fixed=fixed,
            factors=factors,
            channels=counted,
            repeats=all(np.array_equal(found[name], again[name], equal_nan=True) for name in found),
            seconds=seconds / size * 1e6,
            reach=None if fixed else _reach(graph, layout, feed, found),
        )
    raise SourceError(
        f"The graph runs on no frame that was tried: {said}.",
        remedy="Export it for frames of any size (dynamic axes), or see --python.",
    )


def _tensors(values: Sequence[Any]) -> tuple[Tensor, ...]:
    def shape(value: Any) -> tuple[int | None, ...]:
        return tuple(one if isinstance(one, int) else None for one in value.shape)

    return tuple(Tensor(one.name, shape(one), one.type) for one in values)


def _layout(shape: tuple[int | None, ...], kind: str | None) -> str | None:
    """None: it cannot be told."""
    first, last = {4: 1, 5: 1}.get(len(shape), 0), len(shape) - 1
    axes = {4: "HW", 5: "DHW"}.get(len(shape))
    if axes is not None:
        ends = [shape[first] in _CHANNELS, shape[last] in _CHANNELS]
        if ends[0] == ends[1]:
            return None
        return f"NC{axes}" if ends[0] else f"N{axes}C"
    if len(shape) == 3:
        return _of_three(shape, kind)
    if len(shape) == 2:
        return "PC" if shape[1] == 3 or kind == "points" else "HW"
    return None


def _of_three(shape: tuple[int | None, ...], kind: str | None) -> str | None:
    if shape[0] == 1 and (shape[2] == 3 or kind == "points"):
        return "NPC"
    ends = [shape[0] in _CHANNELS, shape[2] in _CHANNELS]
    if ends[0] == ends[1]:
        return None
    return "CHW" if ends[0] else "HWC"


def _fixed(graph: Graph, layout: str) -> int | None:
    """The one edge that frames may have."""
    shape = graph.pictures[0].shape
    edges = {shape[index] for index, letter in enumerate(layout) if letter not in "NC"}
    if edges == {None}:
        return None
    if len(edges) > 1 or "H" not in layout or "D" in layout:
        raise JobError(
            f"The graph takes frames of one size alone, {_said(shape)}.",
            remedy="Export it for frames of any size (dynamic axes), or for squares.",
        )
    return edges.pop()


def _feed(graph: Graph, layout: str, counts: Mapping[str, int], multiple: int) -> dict[str, Floats]:
    random = np.random.default_rng(1)
    feed: dict[str, Floats] = {}
    for one in graph.inputs:
        if one.is_single:
            feed[one.name] = np.ones([1] * len(one.shape), TYPES[one.type])
            continue
        size = {letter: -(-length // multiple) * multiple for letter, length in SIZES.items()}
        if _fixed(graph, layout):
            size = dict.fromkeys(SIZES, multiple)
        size |= {"N": 1, "C": counts[one.name]}
        values = random.uniform(0, 1, [size[letter] for letter in layout])
        feed[one.name] = values.astype(TYPES[one.type])
    return feed


def _run(graph: Graph, feed: Mapping[str, Floats]) -> dict[str, Floats]:
    """Raises ValueError: it cannot; what the runtime said."""
    try:
        found = graph.session.run([one.name for one in graph.outputs], dict(feed))
    except Exception as error:  # its errors have no base of their own
        raise ValueError(_short(error)) from error
    return dict(zip((one.name for one in graph.outputs), found, strict=True))


def _factor(found: Floats, layout: str, feed: Mapping[str, Floats], graph: Graph) -> int | None:
    """Raises ValueError: what came is no picture, or not as large in each direction."""
    given = feed[graph.pictures[0].name]
    if found.ndim != len(layout):
        raise ValueError(f"it gives {found.shape}, which is not of the layout {layout}")
    pairs = [
        (found.shape[index], given.shape[index])
        for index, letter in enumerate(layout)
        if letter not in "NC"
    ]
    ratios = {made / length for made, length in pairs}
    if len(ratios) == 1 and (ratio := ratios.pop()) == int(ratio) and 1 <= ratio <= 16:
        return int(ratio)
    if any(made > length for made, length in pairs) or all(
        made * 4 < length for made, length in pairs
    ):
        return None
    raise ValueError(f"it gives {found.shape} for {given.shape}")


def _reach(
    graph: Graph, layout: str, feed: Mapping[str, Floats], found: Mapping[str, Floats]
) -> int | None:
    """How far from one pixel its change is seen: at least so much context do tiles need."""
    if "H" not in layout or "D" in layout:
        return None
    first = graph.pictures[0].name
    rows, columns = layout.index("H"), layout.index("W")
    middle = [slice(None)] * len(layout)
    middle[rows] = slice(feed[first].shape[rows] // 2, feed[first].shape[rows] // 2 + 1)
    middle[columns] = slice(feed[first].shape[columns] // 2, feed[first].shape[columns] // 2 + 1)
    changed = {**feed, first: feed[first].copy()}
    changed[first][tuple(middle)] += 0.5
    far = 0
    for name, one in _run(graph, changed).items():
        moved = np.argwhere(one != found[name])
        for axis in (rows, columns):
            factor = one.shape[axis] // feed[first].shape[axis]
            if not factor or not len(moved):
                continue
            place = moved[:, axis] // factor
            far = max(far, int(np.abs(place - feed[first].shape[axis] // 2).max()))
    least = min(feed[first].shape[rows], feed[first].shape[columns]) // 2
    return far if far < least - 1 else None


def _elements(one: Floats, layout: str) -> int:
    count = one.shape[layout.index("C")] if "C" in layout else 1
    return int(one.size // count)


def _said(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("any" if one is None else str(one) for one in shape) + ")"


def _short(error: Exception) -> str:
    """The runtime's words, on one line and not long."""
    words = " ".join(str(error).split()).rpartition(" : ")[2] or type(error).__name__
    return words[:200].rstrip(".")
