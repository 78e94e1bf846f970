"""Sights of a work item: what of its frame was made, and the plate's own pixels in that place.

Aims are taken before the result is built: until then the work item's frame is the plate's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from answerprint import exr, result, tiles, workitem
from answerprint.contract import Cut, Output, Value
from answerprint.job import Resolved
from answerprint.picture import Pixels, Window, moved
from answerprint.sight import Sight
from answerprint.workitem import Read, Where

ALPHA = ("A", "ALPHA")
MOST_TOLD = 5  # faults of a file's layout, in words


@dataclass(frozen=True)
class Facts:
    """What is known of a frame that was made.

    pixels      its digest
    cut         as its record says: whole, or tiles of N
    provenance  why its record does not hold; '' where it does
    """

    pixels: str
    cut: str = "whole"
    provenance: str = ""


@dataclass(frozen=True)
class Aim:
    """One output in one view, before it is made.

    where    (part, channel) of each of its channels in the plate's parts
    types    that they are to have in the file
    plate    the plate's channels in that place, as they are; none where there are no such
    window   where those lie, and where what was made lies in the plate's pixels
    scale    how many times larger it becomes; None: a size of its own
    origin   of a picture that it is made of, one channel, where no plate stands in its place
    """

    layer: str
    view: str
    where: Where
    types: tuple[np.dtype[Any], ...]
    plate: tuple[Pixels, ...]
    window: Window
    scale: int | None
    colour: bool
    origin: Pixels | None = None


@dataclass(frozen=True)
class Aimed:
    """All that a frame is to be held against.

    others   channels of each part that stay as they are; none where only the result is kept
    shows    display window of each part
    plate    digest of what was read of the plate for it
    """

    aims: tuple[Aim, ...]
    others: tuple[frozenset[str], ...]
    shows: tuple[Window, ...]
    plate: str
    only: bool


def aim(found: Read, resolved: Resolved, settings: Mapping[str, Value]) -> Aimed:
    """What will be made of a work item, and what stands there in its plate. Copies no pixels."""
    outputs = resolved.outputs(settings)
    aims = tuple(
        _aim(found, eye, resolved, output, settings) for eye in found.eyes for output in outputs
    )
    only = resolved.result.layers == "only"
    return Aimed(
        aims,
        () if only else tuple(frozenset(part.channels) for part in found.frame.parts),
        tuple(part.display_window for part in found.frame.parts),
        _plate_digest(found, resolved),
        only,
    )


def of_frame(number: int, aimed: Aimed, frame: exr.Frame, facts: Facts, cut: Cut) -> list[Sight]:
    """A Sight of each output and view. `frame`: as it was built, or as the take's file holds it.

    What is missing in it, or lies elsewhere, is said in `asked` of the first one.
    """
    parts = _parts(aimed)
    wrong = tuple(_wrong(aimed, frame, parts))
    asked = wrong[:MOST_TOLD]
    seen = []
    for one in aimed.aims:
        made = _made(one, frame, parts)
        if made is None:
            continue
        seen.append(_sight(number, one, frame.parts[parts[one.where[0][0]]], made, aimed, facts))
    if not seen:  # nothing of it is there: that alone is judged
        seen = [_blank(number, aimed, facts)]
    for each in seen:
        _tell_seams(each, facts.cut, cut)
    seen[0].asked = asked
    return seen


def _aim(
    found: Read,
    eye: workitem.Eye,
    resolved: Resolved,
    output: Output,
    settings: Mapping[str, Value],
) -> Aim:
    before = [
        workitem.before(found, eye, output, index)
        for index in range(workitem.channels(eye, output))
    ]
    plate = [one for one in before if one is not None]
    if plate:
        own = found.frame.parts[eye.where[str(output.replaces)][0][0]].data_window
        if own != eye.window:
            plate = [moved(one, own, eye.window) for one in plate]
    scale = resolved.contract.scale(output, settings) if output.size == "same" else None
    return Aim(
        layer=output.name,
        view=eye.view or "",
        where=result.where(found, eye, resolved, output),
        types=tuple(workitem.stored_type(resolved, output, one) for one in before),
        plate=tuple(plate),
        window=eye.window,
        scale=scale,
        colour=output.encoding != "data",
        origin=None if plate else _origin(found, eye, resolved),
    )


def _origin(found: Read, eye: workitem.Eye, resolved: Resolved) -> Pixels | None:
    where = eye.where.get(resolved.main, ())
    return light([found.frame.parts[part].channels[name] for part, name in where])


def _plate_digest(found: Read, resolved: Resolved) -> str:
    """One for what the result shows: of a moment between two different frames one of its own."""
    pixels = [one.pixels for one in found.inputs if one.role == resolved.main]
    if not resolved.contract.cut.between:
        return pixels[found.seen.base]
    moment = str(found.seen.time) if len(set(pixels)) > 1 else ""
    return " ".join((*dict.fromkeys(pixels), moment))


def _parts(aimed: Aimed) -> dict[int, int]:
    """The plate's part -> the file's, where only those of the result are kept."""
    numbers = sorted({part for one in aimed.aims for part, _ in one.where})
    if aimed.only:
        return {number: index for index, number in enumerate(numbers)}
    return {number: number for number in numbers}


def _made(one: Aim, frame: exr.Frame, parts: Mapping[int, int]) -> list[Pixels] | None:
    """Its channels in the file; None where one is missing."""
    found = []
    for part, channel in one.where:
        index = parts[part]
        pixels = frame.parts[index].channels.get(channel) if index < len(frame.parts) else None
        if pixels is None:
            return None
        found.append(pixels)
    return found if found and len({one.shape for one in found}) == 1 else None


def _sight(
    number: int, one: Aim, part: exr.Part, made: Sequence[Pixels], aimed: Aimed, facts: Facts
) -> Sight:
    light, alpha = _without_alpha(one, made)
    plate, _ = _without_alpha(one, one.plate)
    scale = _scale(one, made[0])
    return Sight(
        number=number,
        layer=one.layer,
        view=one.view,
        made=stacked(light),
        plate=stacked(plate) if plate and scale else None,
        window=part.data_window,
        plate_window=one.window,
        scale=scale or 1,
        colour=one.colour,
        alpha=alpha,
        pixels=facts.pixels,
        plate_pixels=aimed.plate,
        provenance=facts.provenance,
        origin=one.origin,
    )


def light(channels: Sequence[Pixels]) -> Pixels | None:
    """The channel that says most of what moves in a picture: green, where there is one."""
    return channels[min(1, len(channels) - 1)] if channels else None


def _scale(one: Aim, made: Pixels) -> int | None:
    """How many times larger it is; None where it is no multiple."""
    height, width = made.shape
    times, rest = divmod(height, one.window.height)
    fits = times > 0 and rest == 0 and width == times * one.window.width
    return times if fits else None


def _without_alpha(one: Aim, channels: Sequence[Pixels]) -> tuple[list[Pixels], Pixels | None]:
    """The channels that are light or numbers, and the alpha. An alpha alone is both."""
    if not channels:
        return [], None
    light, alpha = [], None
    for (_, name), pixels in zip(one.where, channels, strict=True):
        if is_alpha(name):
            alpha = pixels
        else:
            light.append(pixels)
    return light or list(channels), alpha


def is_alpha(channel: str) -> bool:
    return channel.rpartition(".")[2].upper() in ALPHA


def stacked(channels: Sequence[Pixels]) -> Pixels:
    """(height, width, channels): float16 where all are, else float32.

    Each channel lies in one piece, as it comes: a frame's would take ten times as long to weave.
    """
    halves = {one.dtype for one in channels} == {np.dtype(np.float16)}
    planes = np.empty((len(channels), *channels[0].shape), np.float16 if halves else np.float32)
    for into, one in zip(planes, channels, strict=True):
        into[...] = one
    return planes.transpose(1, 2, 0)


def _tell_seams(seen: Sight, done: str, cut: Cut) -> None:
    """Where pieces meet, of a frame that was made in some. `done`: as a record says it."""
    edge = done.removeprefix("tiles of ")
    if edge == done or not edge.isdigit():
        return
    seen.tile = int(edge), cut.overlap
    window = seen.plate_window
    pieces = tiles.plan(window.height, window.width, cut=cut, tile=int(edge))
    columns = sorted({one.columns.first + cut.overlap for one in pieces if one.columns.first})
    rows = sorted({one.rows.first + cut.overlap for one in pieces if one.rows.first})
    seen.seams = tuple(columns), tuple(rows)


def _wrong(aimed: Aimed, frame: exr.Frame, parts: Mapping[int, int]) -> Iterator[str]:
    """What the job agreed on and the file does not hold."""
    wanted = len(parts) if aimed.only else len(aimed.shows)
    if len(frame.parts) != wanted:
        yield f"{len(frame.parts)} parts instead of {wanted}"
        return
    for one in aimed.aims:
        for (part, channel), dtype in zip(one.where, one.types, strict=True):
            yield from _wrong_channel(frame.parts[parts[part]], channel, dtype)
    for own, held in zip(aimed.others, frame.parts, strict=False):
        missing = sorted(own - held.channels.keys())
        if missing:
            yield f"without the plate's {', '.join(missing[:MOST_TOLD])}"
    for number, index in parts.items():
        yield from _wrong_window(aimed, number, frame.parts[index])


def _wrong_channel(held: exr.Part, channel: str, dtype: np.dtype[Any]) -> Iterator[str]:
    pixels = held.channels.get(channel)
    if pixels is None:
        yield f"without channel {channel}"
        return
    if pixels.dtype != dtype:
        yield f"{channel} is {pixels.dtype.name} instead of {dtype.name}"


def _wrong_window(aimed: Aimed, number: int, held: exr.Part) -> Iterator[str]:
    """Data and display window against the plate's, times the scale."""
    one = next(each for each in aimed.aims if each.where and each.where[0][0] == number)
    if one.scale is None:
        return
    data, display = result.scaled(one.window, one.scale), aimed.shows[number]
    if aimed.only:
        display = result.scaled(display, one.scale)
    if held.data_window != data:
        yield f"data window {held.data_window} instead of {data}"
    if held.display_window != display:
        yield f"display window {held.display_window} instead of {display}"


def _blank(number: int, aimed: Aimed, facts: Facts) -> Sight:
    """Of a file that holds none of what was to be made."""
    window = aimed.aims[0].window
    empty = np.zeros((window.height, window.width, 1), np.float32)
    return Sight(
        number=number,
        layer=aimed.aims[0].layer,
        made=empty,
        plate=None,
        window=window,
        plate_window=window,
        pixels=facts.pixels,
        plate_pixels=aimed.plate,
        provenance=facts.provenance,
    )
