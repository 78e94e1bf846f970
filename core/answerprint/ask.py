"""Asking: one work item through colour, tiles and the model, and back into the plate's encoding."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from answerprint import halves, shaper, tiles
from answerprint.answer import NOBODY, Served
from answerprint.colour import Conversion
from answerprint.contract import Output, Value
from answerprint.documents import count
from answerprint.errors import ServerAway, ServerOutOfMemory
from answerprint.job import Resolved
from answerprint.triton import (
    INFER_SECONDS,
    Answer,
    Expected,
    Floats,
    Offer,
    Pixels,
    Server,
)
from answerprint.workitem import Eye, Read, channels, is_stored_as_half


@dataclass
class Asker:
    """What asks one model for a whole job; safe from several threads.

    colours   input or output -> its way between the plate and the model
    tile      the edge that memory has allowed so far; None: the contract's own
    """

    server: Server
    offer: Offer
    resolved: Resolved
    colours: Mapping[str, Conversion]
    tile: int | None = None


@dataclass
class Answers:
    """What the model made of a work item.

    images   for each eye: output -> (height, width, channels) in the plate's encoding, float32 or,
             where nothing is lost by it, float16; an output that replaces an input is absent where
             the plate's own frame is shown
    report   the model's own account
    cut      `whole`, or the edge of the tiles
    asked    whether the model was asked at all
    served   by which server, if it was
    """

    images: list[dict[str, Pixels]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    cut: str = "whole"
    asked: bool = False
    served: Served = NOBODY


@dataclass(frozen=True)
class _Request:
    """What all requests of one work item have in common."""

    settings: Mapping[str, Value]
    id: str
    deadline: float
    stop: threading.Event | None


def encode(found: Read, asker: Asker) -> None:
    """Bring the images of a work item into the encodings that the model wants, if it is asked."""
    for eye in found.eyes if _needs_the_model(found, asker.resolved) else ():
        for name, image in eye.images.items():
            way, wanted = asker.colours[f"in {name}"], asker.resolved.contract.input(name)
            as_it_is = image.dtype == np.float32 or (way.identity and wanted.half)
            encoded = way.forward(image if as_it_is else halves.widen(image))
            eye.images[name] = np.ascontiguousarray(encoded)
            if wanted.encoding != "srgb_shaped":
                continue
            colour = encoded[..., :3]
            beyond = int(np.count_nonzero((colour < 0) | (colour > 1)))
            if beyond:
                found.warnings.append(
                    f"{name}: {count(beyond, 'sample')} outside {shaper.LEAST:g} to "
                    f"{shaper.GREATEST:g}, as the model counts; it may change them"
                )


def ask(
    found: Read,
    asker: Asker,
    settings: Mapping[str, Value],
    *,
    seed: str | None,
    request_id: str,
    deadline: float = INFER_SECONDS,
    stop: threading.Event | None = None,
) -> Answers:
    """The model's images for every eye of a work item.

    deadline   seconds that the model may take for each request
    stop       once it is set, an unanswered request is given up soon

    Raises:
        ServerError: any of its kinds. Out of memory only when the smallest tiles are too large.
    """
    answers = Answers()
    request = _Request(_asked(found, asker.resolved, settings, seed), request_id, deadline, stop)
    for eye in found.eyes:
        if not _needs_the_model(found, asker.resolved):
            answers.images.append(_without_the_model(eye, asker.resolved, settings))
            continue
        images = _tiled(found, eye, asker, request, answers)
        if _shows_the_plate(found, asker.resolved):
            replaced = {one.name for one in asker.resolved.contract.outputs if one.replaces}
            images = {name: image for name, image in images.items() if name not in replaced}
        answers.images.append(images)
    return answers


def decode(answers: Answers, asker: Asker) -> None:
    """Bring the model's images back into the plate's encoding."""
    for images in answers.images:
        for name, image in images.items():
            images[name] = asker.colours[f"out {name}"].inverse(image)


def _asked(
    found: Read, resolved: Resolved, settings: Mapping[str, Value], seed: str | None
) -> dict[str, Value]:
    """The parameters, and what the engine adds where the contract wants it."""
    asked: dict[str, Value] = dict(settings)
    if resolved.contract.cut.between:
        asked["time"] = found.seen.time
    if resolved.contract.seed:
        asked["seed"] = seed or "0"
    return asked


def _shows_the_plate(found: Read, resolved: Resolved) -> bool:
    """Whether the result is a frame of the plate itself: a retimed one at its very moment."""
    return resolved.contract.cut.between and (found.held or found.seen.time == 0)


def _needs_the_model(found: Read, resolved: Resolved) -> bool:
    """Not where the plate's own frame is shown and nothing else is made from it and the next."""
    return not (_shows_the_plate(found, resolved) and len(found.seen.frames) == 1)


def _without_the_model(
    eye: Eye, resolved: Resolved, settings: Mapping[str, Value]
) -> dict[str, Floats]:
    """What else the task makes, at rest, where there is nothing between two frames."""
    shape = (eye.window.height, eye.window.width)
    return {
        one.name: np.zeros((*shape, len(one.channels)), np.float32)
        for one in resolved.outputs(settings)
        if one.replaces is None
    }


def _tiled(
    found: Read,
    eye: Eye,
    asker: Asker,
    request: _Request,
    answers: Answers,
) -> dict[str, Pixels]:
    contract, settings = asker.resolved.contract, request.settings
    outputs = asker.resolved.outputs(settings)
    scale = {one.name: contract.scale(one, settings) for one in outputs if one.size == "same"}
    size = (eye.window.height, eye.window.width)
    halved = {one.name for one in outputs if _may_come_as_half(found, eye, asker, one)}

    def infer(images: dict[str, Pixels]) -> dict[str, Pixels]:
        height, width = next(iter(images.values())).shape[-3:-1]
        whole = height >= size[0] and width >= size[1]  # tiles are blended as float32
        expected = {
            one.name: Expected(
                (height * scale[one.name], width * scale[one.name], channels(eye, one))
                if one.name in scale
                else None,
                half=whole and one.name in halved,
            )
            for one in outputs
        }
        answer: Answer = asker.server.infer(
            asker.offer,
            images,
            settings,
            request_id=request.id,
            outputs=expected,
            deadline=request.deadline,
            stop=request.stop,
        )
        if answers.asked and answers.served.address != answer.served.address:
            raise _moved(answer.served.address)
        answers.report, answers.asked, answers.served = answer.report, True, answer.served
        return answer.images

    longest = max(eye.window.width, eye.window.height)
    while True:
        tile = asker.tile
        try:
            images = tiles.run(eye.images, infer, cut=contract.cut, scale=scale, tile=tile)
        except ServerOutOfMemory as error:
            less = tiles.smaller(contract.cut, min(tile or contract.cut.tile, longest))
            if less is None:
                raise
            said = error.problem.rstrip(".")
            found.warnings.append(f"{said}; it is done in tiles of {less} pixels")
            asker.tile = min(less, asker.tile or less)
            continue
        if len(tiles.plan(*size, cut=contract.cut, tile=tile)) > 1:
            answers.cut = f"tiles of {tile or contract.cut.tile}"
        return images


def _moved(address: str) -> ServerAway:
    """What ends an attempt in which the run went on at another server: one server makes a frame."""
    return ServerAway(
        f"The run went on at {address} in the middle of a frame.",
        remedy="Nothing: the frame is asked for again, all of it there.",
    )


def _may_come_as_half(found: Read, eye: Eye, asker: Asker, output: Output) -> bool:
    """Whether an output would only be rounded to half here, and so may be at the server."""
    return (
        output.half
        and asker.colours[f"out {output.name}"].identity
        and is_stored_as_half(found, eye, asker.resolved, output)
    )
