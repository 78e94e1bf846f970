"""Colour: what a plate is in, and the way between that and what a model wants.

A configuration (`ocio`) names the spaces, a plate is in one of them, and a conversion leads from
there into a model's encoding and back.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import interop, ocio, shaper
from answerprint.contract import Contract, Encoding
from answerprint.ocio import Config, Step

Floats = NDArray[np.float32]

_BLOCK = 1 << 14  # pixels


@dataclass(frozen=True)
class Space:
    """What a plate is in.

    name     the configuration's own name for it
    source   "asked for", "said by nuke", "attribute colorInteropID", "attribute chromaticities",
             "assumed"; then attributes that named a space which the configuration has not
    """

    name: str
    source: str


@dataclass(frozen=True)
class Conversion:
    """The way from a plate's space into a model's encoding and back; any thread may use it.

    Images are float32 (..., channels). The first three are converted as they are, premultiplied or
    not; further ones, like alpha, stay. With fewer than three the first one is light without
    colour: it goes through as R = G = B, and R is taken. So it comes back wherever R = G = B is
    neutral, which is everywhere but in XYZ and its like.

    words      for people: "ACEScg -> sRGB picture, -0.5 to 1000 kept -> ACEScg"
    identity   both ways return their argument itself; otherwise it is left as it was
    files      LUT files that either way goes through, where OpenColorIO found them
    """

    words: str
    identity: bool = False
    files: tuple[Path, ...] = ()
    there: tuple[Step, ...] = field(default=(), repr=False)
    back: tuple[Step, ...] | None = field(default=(), repr=False)

    def forward(self, image: Floats) -> Floats:
        """From the plate's space into the model's encoding."""
        return image if self.identity else _through(self.there, image)

    def inverse(self, image: Floats) -> Floats:
        """From the model's encoding back into the plate's space.

        Raises ValueError: the encoding is srgb_display, which has no way back.
        """
        if self.back is None:
            raise ValueError(f"there is no way back: {self.words}")
        return image if self.identity else _through(self.back, image)


AS_IT_IS = Conversion("as it is", identity=True)


def plate_space(
    config: Config, *, asked: str | None, asked_by: str = "the job", attributes: Mapping[str, Any]
) -> Space:
    """What a plate is in: as asked for, else as its attributes say, else scene-linear is assumed.

    Names, aliases and roles count, in any case. Attributes, best first: colorInteropID, a colour
    space's name as OpenImageIO and others write it, acesImageContainerFlag, chromaticities. One
    that names what the configuration has not is passed over, and `source` says so.

    Raises:
        JobError: the configuration has no such space as was asked for.
        SetupError: nothing tells the space, and the configuration has no scene_linear role.
    """
    if asked:
        by_job = asked_by in ("", "the job")
        name = ocio.named(config, asked, "" if by_job else asked_by)
        return Space(name, "asked for" if by_job else f"said by {asked_by}")
    passed = ""
    for attribute, words, standard in interop.said(attributes):
        found = ocio.find(config, standard) if standard else None
        if found is not None:
            return Space(found, f"attribute {attribute}{passed}")
        passed += f"; attribute {attribute} names '{words}', which the configuration has not"
    return Space(ocio.scene_linear(config), f"assumed{passed.replace(';', ':', 1)}")


def ends(contract: Contract, inputs: Container[str]) -> dict[str, Encoding]:
    """'in NAME' and 'out NAME' -> the model's encoding, of these inputs and of every output."""
    found = {f"in {one.name}": one.encoding for one in contract.inputs if one.name in inputs}
    return found | {f"out {one.name}": one.encoding for one in contract.outputs}


def conversion(config: Config, space: Space, encoding: Encoding) -> Conversion:
    """The way between a plate's space and one encoding of a model.

    data           nothing, whatever the space is; a space that the configuration calls data as well
    scene_linear   nothing if the space is linear, else the configuration's scene_linear
    acescct        ACEScct
    srgb_display   linear Rec.709, clipped to 0..1, sRGB curve; there is no way back
    srgb_shaped    linear Rec.709, shaper.shape, and back. Half floats of -0.5 to 1000 come back bit
                   for bit: all of them if the plate is in linear Rec.709; from other primaries
                   greys, and colours whose channels lie within 1 : 50 (to 10: 1 : 200). A dimmer
                   channel is off by a millionth or so of the brightest one.

    Raises:
        JobError: the configuration has no such space.
        SetupError: the configuration has no way there.
    """
    if encoding == "data":
        return AS_IT_IS
    ocio.named(config, space.name)
    if ocio.is_known_data(config, space.name):
        return Conversion(f"as it is: {space.name} is no colour", identity=True)
    return _WAYS[encoding](config, space.name)


def _to_scene_linear(config: Config, name: str) -> Conversion:
    way = ocio.to_scene_linear(config, name)
    if way is None:
        return Conversion("scene-linear as it is", identity=True)
    words = f"{name} -> {ocio.scene_linear(config)} -> {name}"
    return Conversion(words, files=way.files, there=way.there, back=way.back)


def _to_acescct(config: Config, name: str) -> Conversion:
    way = ocio.to_standard(config, name, ocio.ACESCCT)
    if not way.there and not way.back:
        return Conversion("ACEScct as it is", identity=True)
    words = f"{name} -> ACEScct -> {name}"
    return Conversion(words, files=way.files, there=way.there, back=way.back)


def _to_display(config: Config, name: str) -> Conversion:
    way = ocio.to_standard(config, name, ocio.LINEAR_REC709)
    words = f"{name} -> sRGB picture, clipped to 0..1, for the model's eyes only"
    return Conversion(words, files=way.files, there=(*way.there, shaper.srgb), back=None)


def _to_shaped(config: Config, name: str) -> Conversion:
    way = ocio.to_standard(config, name, ocio.LINEAR_REC709)
    kept = f"{shaper.LEAST:g} to {shaper.GREATEST:g} kept"
    return Conversion(
        f"{name} -> sRGB picture, {kept} -> {name}",
        files=way.files,
        there=(*way.there, shaper.shape),
        back=(shaper.unshape, *way.back),
    )


_WAYS: dict[str, Callable[[Config, str], Conversion]] = {
    "scene_linear": _to_scene_linear,
    "acescct": _to_acescct,
    "srgb_display": _to_display,
    "srgb_shaped": _to_shaped,
}


def _through(steps: tuple[Step, ...], image: Floats) -> Floats:
    """A converted copy, block by block: what stays in a core's cache is twice as fast."""
    result = np.array(image, np.float32, order="C")
    coloured = 3 if image.shape[-1] >= 3 else 1
    pixels = result.reshape(-1, image.shape[-1])
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start : start + _BLOCK, :coloured]
        rgb = np.empty((len(block), 3), np.float32)
        rgb[:] = block
        for step in steps:
            rgb = step(rgb)
        block[:] = rgb[:, :coloured]
    return result
