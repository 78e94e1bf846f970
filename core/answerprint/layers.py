"""Layers: which of a plate's channels are the images that a task wants."""

from __future__ import annotations

from answerprint.contract import Input
from answerprint.errors import SourceError
from answerprint.exr import Frame

NONE = "none"


def choose(
    frame: Frame, wanted: Input, asked: str | None, where: str, *, required: bool
) -> str | None:
    """The layer for an input: the one asked for, or the contract's best name that is there.

    None means that an input which is not required is absent.

    Raises:
        SourceError: the layer asked for, or one that is needed, is not in the plate; lists what is.
    """
    held = frame.layers()
    if asked == NONE and not wanted.required:
        return None
    if asked is not None:
        match = _named(held, asked)
        if match is None:
            raise SourceError(
                f"{where} has no layer '{asked}'.", remedy=f"It holds {', '.join(held)}."
            )
        return match
    for name in wanted.layers:
        match = _named(held, name)
        if match is not None and _pick(frame, match, wanted) is not None:
            return match
    if not required:
        return None
    raise SourceError(
        f"{where} has no layer for {wanted.name}; looked for {', '.join(wanted.layers)}.",
        remedy=f"It holds {', '.join(held)}. Choose one with --layer {wanted.name}=NAME.",
    )


def channels(frame: Frame, layer: str, wanted: Input, where: str) -> tuple[tuple[int, str], ...]:
    """(part number, channel name) of a layer's channels, in the order that the model wants.

    Raises:
        SourceError: the layer is not there, or lacks channels; lists what is.
    """
    if layer not in frame.layers():
        raise SourceError(
            f"{where} has no layer '{layer}'.", remedy=f"It holds {', '.join(frame.layers())}."
        )
    picked = _pick(frame, layer, wanted)
    if picked is None:
        held = ", ".join(name for _, name in frame.layers()[layer])
        sets = " or ".join("".join(one) for one in wanted.channels)
        raise SourceError(
            f"Layer '{layer}' of {where} has not the channels {sets} that {wanted.name} needs.",
            remedy=f"It holds {held}.",
        )
    return picked


def check_same(wanted: tuple[str, ...], picked: tuple[tuple[int, str], ...], where: str) -> None:
    """Hold a frame's channels against those of the first frame.

    Raises:
        SourceError: they are others: the plate changes in mid-sequence.
    """
    found = tuple(name for _, name in picked)
    if found != wanted:
        raise SourceError(
            f"{where} has the channels {', '.join(found)}; the first frame has {', '.join(wanted)}.",
            remedy="Render the sequence with one set of channels, or run its parts as jobs of "
            "their own.",
        )


def _named(held: dict[str, list[tuple[int, str]]], name: str) -> str | None:
    return next((layer for layer in held if layer.lower() == name.lower()), None)


def _pick(frame: Frame, layer: str, wanted: Input) -> tuple[tuple[int, str], ...] | None:
    """The first of the contract's channel sets that the layer holds, whatever the letters' case."""
    held: dict[str, tuple[int, str]] = {}
    for number, name in frame.layers()[layer]:
        held.setdefault(name.rpartition(".")[2].lower(), (number, name))
    for one in wanted.channels:
        if all(channel.lower() in held for channel in one):
            return tuple(held[channel.lower()] for channel in one)
    return None
