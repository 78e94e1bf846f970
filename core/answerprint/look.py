"""Looks: a frame as a picture for the eye, 8-bit sRGB. Exposure stays; nothing is measured on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from answerprint import aliases, colour, exr, ocio, record, sheet
from answerprint.errors import AnswerprintError
from answerprint.job import Resolved

Look = Callable[[NDArray[np.float32]], NDArray[np.uint8]]

_ASSUMED = "Colours are shown as if they were linear Rec.709."


def of_take(resolved: Resolved) -> tuple[Look, list[str]]:
    """From the colour space of a take to a picture, and what is to be said of that.

    Without a space that is known, as scene-linear Rec.709.
    """
    found = resolved.colour
    if found is None:
        return sheet.display, []
    try:
        config = ocio.load_again(found.config)
        look = _through(config, colour.Space(found.space, found.source))
    except AnswerprintError as error:
        return sheet.display, [f"{error.problem} {_ASSUMED}"]
    other = config.fingerprint != found.fingerprint.partition("+")[0]
    return look, (
        [f"The colour configuration {found.config} is another one than then."] if other else []
    )


def of_plate(
    frame: exr.Frame, space: str | None, site_config: str | None
) -> tuple[Look, list[str]]:
    """The same of a plate, by its space; None: as its attributes say, else as is assumed.

    Raises:
        JobError: there is no such space.
    """
    try:
        config = ocio.load(None, site_config)
        header = frame.parts[0].header
        return _through(config, colour.plate_space(config, asked=space, attributes=header)), []
    except AnswerprintError as error:
        if space is not None:
            raise
        return sheet.display, [f"{error.problem} {_ASSUMED}"]


def is_assumed(notes: Sequence[str]) -> bool:
    """Whether a look is a stand-in, for a configuration that cannot be used just now."""
    return any(note.endswith(_ASSUMED) for note in notes)


def picture(
    frame: exr.Frame, look: Look, cell: tuple[int, int], layers: Sequence[str] = ()
) -> NDArray[np.uint8]:
    """What was made of a frame, in its first view, in a cell of this size: whole, in its place.

    `layers`: to look in before others. Numbers are no colours and stay as they are.
    """
    made = record.extract(frame)
    layer, where = sheet.choose(
        frame,
        made.processed if made else (),
        view=next(iter(made.views), None) if made else None,
        first=[*layers, *(one.layer for one in made.inputs)] if made else layers,
    )
    image, own = sheet.picture(frame, where)
    is_colour = len(where) == 3 and not aliases.is_data(layer)
    seen = look(np.nan_to_num(image)) if is_colour else sheet.display(image)
    return sheet.framed(seen, own, sheet.box(frame, own), cell)


def _through(config: ocio.Config, space: colour.Space) -> Look:
    way = colour.conversion(config, space, "srgb_display")
    if way.identity:
        return sheet.display
    return lambda image: np.rint(way.forward(image) * 255).astype(np.uint8)
