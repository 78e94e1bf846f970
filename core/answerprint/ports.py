"""Ports: what goes into a model and what comes out of it, and how a frame is cut for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from answerprint.documents import OpenDocument

# scene_linear  the plate's own linear light; linear plates come as they are
# acescct       ACES log
# srgb_display  sRGB picture for the model's eyes only: clipped to 0..1, nothing is made of it again
# srgb_shaped   sRGB picture with room for -0.5 to 1000 inside 0..1, taken back exactly afterwards
# data          numbers, never touched by colour: normals, depth, mattes, ids, motion
Encoding = Literal["scene_linear", "acescct", "srgb_display", "srgb_shaped", "data"]

# image        layers of EXR frames: (height, width, channels)
# points       attributes of points: (points, channels)
# volume       grids of volumes: (z, y, x, channels)
# heightfield  grids one voxel high: (y, x, channels)
Kind = Literal["image", "points", "volume", "heightfield"]
RANKS: dict[Kind, int] = {"image": 3, "points": 2, "volume": 4, "heightfield": 3}
# what an input is, in the plate's words
NOUNS: dict[Kind, str] = {
    "image": "layer",
    "points": "attribute",
    "volume": "grid",
    "heightfield": "grid",
}

_GRID_CHANNELS = {"volume": (1, 3), "heightfield": (1,)}  # numbers that a voxel can hold


class Input(OpenDocument):
    """One image that the model takes, as float32 (height, width, channels).

    Of another kind of task it is one attribute of points, or one grid: then `layers` are the names
    of attributes or grids that serve, best first, and `channels` say how many numbers a value has.

    layers     names under which plates hold it, best first; 'rgba' is the unnamed layer
    channels   the channel sets it can be made of, best first, in the order the model wants
    range      least and greatest sensible value; null where there is none
    needs      an input before this one, without which this one is not used
    follows    an input before this one, whose plate and layer are taken for this one as well
    half       the model takes it as float16 as well, under its name and HALF
    """

    name: str
    layers: tuple[str, ...] = Field(min_length=1)
    channels: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = Field(
        (("R", "G", "B"),), min_length=1
    )
    encoding: Encoding = "scene_linear"
    range: tuple[float | None, float | None] = (None, None)
    required: bool = True
    needs: str | None = None
    follows: str | None = None
    half: bool = False
    help: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers a value may have, best first."""
        return tuple(dict.fromkeys(len(one) for one in self.channels))


class Scale(OpenDocument):
    """A factor that depends on a choice: parameter 'method', values {'sharp-4x': 4}."""

    parameter: str
    values: dict[str, Annotated[int, Field(ge=1, le=16)]]


class Output(OpenDocument):
    """One image that the model gives back, as float32 (height, width, channels).

    Of another kind of task it is one attribute of points, or one grid, of as many values.

    replaces   the input in whose place it stands; null: a new layer beside the others
    channels   full EXR names of a new layer's channels, like forward.u; of a new attribute or grid
               its numbers, like N.x, N.y, N.z, or its name alone where it has but one
    scale      how many times larger than the inputs it is; of a volume: in each direction
    size       `same`: the inputs' size times scale; `own`: whatever the model says
    when       a bool parameter: the output is there only when that is on
    half       the model gives it as float16 as well, under its name and HALF
    qualifier  what a new attribute's numbers are to Houdini: normal, vector, color, point, or ''
    """

    name: str
    replaces: str | None = None
    channels: tuple[str, ...] = ()
    encoding: Encoding = "scene_linear"
    scale: Annotated[int, Field(ge=1, le=16)] | Scale = 1
    size: Literal["same", "own"] = "same"
    when: str = ""
    half: bool = False
    qualifier: str = ""
    help: str = ""

    @property
    def made(self) -> str:
        """The attribute or grid that its channels are of: N of N.x, N.y, N.z."""
        return self.channels[0].rpartition(".")[0] or self.channels[0] if self.channels else ""


class Cut(OpenDocument):
    """How a frame may be cut for the model, and which other frames it sees.

    mode        `whole`: the whole data window at once; `tiles`: in pieces
    tile        edge of a piece in pixels, without what is added around it
    context     pixels around a piece that its result depends on; cut off again
    overlap     pixels beyond the piece that are blended with the neighbour's
    multiple    height and width are padded by reflection to a multiple of this
    tolerance   greatest difference between tiles and whole, in the output's encoding
    before, after   frames before and after that the model sees as well: inputs are then
                (frames, height, width, channels)
    ends        what stands for frames beyond the plate: `clamp` the last one, `mirror` back
    between     the model makes a frame between two: inputs are (2, height, width, channels), and
                the settings hold `time`, 0 at the first, below 1
    """

    mode: Literal["whole", "tiles"] = "whole"
    tile: Annotated[int, Field(ge=16)] = 256
    context: Annotated[int, Field(ge=0)] = 0
    overlap: Annotated[int, Field(ge=0)] = 0
    multiple: Annotated[int, Field(ge=1, le=1024)] = 1
    tolerance: float = 0.0
    before: Annotated[int, Field(ge=0, le=16)] = 0
    after: Annotated[int, Field(ge=0, le=16)] = 0
    ends: Literal["clamp", "mirror"] = "clamp"
    between: bool = False

    @property
    def frames(self) -> int:
        """How many frames of the plate the model sees at once."""
        return 2 if self.between else self.before + 1 + self.after


def check_kind(
    kind: Kind, inputs: tuple[Input, ...], outputs: tuple[Output, ...], cut: Cut
) -> None:
    """Hold what a contract says against what can be of its kind.

    Raises:
        ValueError: something cannot be; names the path to it.
    """
    wrong = next(_strange(kind, inputs, outputs, cut), None)
    if wrong is not None:
        path, words = wrong
        raise ValueError(f"{path} {words}")


def _strange(
    kind: Kind, inputs: tuple[Input, ...], outputs: tuple[Output, ...], cut: Cut
) -> Iterator[tuple[str, str]]:
    """What cannot be, by its path."""
    for index, output in enumerate(outputs):
        if output.qualifier and kind != "points":
            yield f"outputs[{index}].qualifier", f"is for points; the kind is {kind}"
    if kind == "image":
        return
    if not inputs[0].required:
        yield "inputs[0].required", f"is false; of {kind} the first input is the main one"
    for index, given in enumerate(inputs):
        yield from _no_picture(kind, f"inputs[{index}]", given)
        strange = set(given.sizes) - set(_GRID_CHANNELS.get(kind, given.sizes))
        if strange:
            yield f"inputs[{index}].channels", f"are {min(strange)}; no {kind} has that many"
    for index, output in enumerate(outputs):
        yield from _no_picture(kind, f"outputs[{index}]", output)
        yield from _strange_output(kind, f"outputs[{index}]", output)
    yield from _strange_cut(kind, cut)


def _no_picture(kind: Kind, path: str, one: Input | Output) -> Iterator[tuple[str, str]]:
    if one.encoding != "data":
        yield f"{path}.encoding", f"is {one.encoding}; of {kind} it is data"
    if one.half:
        yield f"{path}.half", f"is for images; the kind is {kind}"


def _strange_output(kind: Kind, path: str, output: Output) -> Iterator[tuple[str, str]]:
    if kind == "points" and output.scale != 1:
        yield f"{path}.scale", "is for images and volumes; points keep their number"
    if output.size == "own":
        yield f"{path}.size", f"is own; of {kind} it is same"
    if output.replaces is not None:
        return
    names = {one.rpartition(".")[0] for one in output.channels}
    if len(names) > 1:
        yield (
            f"{path}.channels",
            f"are of {len(names)} names; they have to share one, like N.x, N.y",
        )
    elif names == {""} and len(output.channels) > 1:
        yield f"{path}.channels", "have no name in common; write them like N.x, N.y, N.z"
    if len(output.channels) not in _GRID_CHANNELS.get(kind, (len(output.channels),)):
        yield f"{path}.channels", f"are {len(output.channels)}; no {kind} has that many"


def _strange_cut(kind: Kind, cut: Cut) -> Iterator[tuple[str, str]]:
    if cut.mode != "whole":
        yield "cut.mode", f"is {cut.mode}; {kind} is always whole"
    if cut.multiple != 1:
        yield "cut.multiple", f"is {cut.multiple}; {kind} is never padded"
    for word in ("before", "after", "between"):
        if getattr(cut, word):
            yield f"cut.{word}", f"is for images; a model of {kind} sees one frame"
