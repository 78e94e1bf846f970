"""Keeping: what a take holds of the plate beside the result, decided before it is begun."""

from __future__ import annotations

from collections.abc import Mapping

from answerprint import exr, layers
from answerprint.contract import Contract, Output, Value
from answerprint.errors import JobError
from answerprint.job import Job, ResolvedInput, ResolvedResult, main_input
from answerprint.result import beside, new_channels


def kept(
    job: Job,
    contract: Contract,
    constants: Mapping[str, Value],
    head: exr.Frame,
    inputs: dict[str, ResolvedInput],
    views: tuple[str, ...],
) -> tuple[ResolvedResult, list[str]]:
    """What the take's files hold, and what is to be said of it."""
    outputs = contract.given(constants)
    resized = contract.cut.between or any(
        one.size == "own" or contract.scale(one, constants) > 1 for one in outputs
    )
    asked = job.result.layers
    if resized and asked not in (None, "only"):
        raise JobError(
            f"{contract.task} makes frames of another size or time: the plate's layers cannot "
            "stand in the same file.",
            remedy="Leave --result out: the take holds the result alone.",
        )
    keep = asked or ("only" if resized else "replace")
    main = inputs[main_input(contract, inputs)]
    view = views[0] if views else None
    left = rest(contract, head, inputs, view)
    notes = []
    if keep == "only" and left:
        notes.append(f"result: alone; {', '.join(left)} of the plate are not in the take")
    if keep == "beside":
        notes.append("result: in new layers beside the plate's own")
    if keep != "only":
        for eye in views or (None,):
            new = [
                name for one in outputs if not one.replaces for name in new_channels(head, one, eye)
            ]
            if keep == "beside":
                wanted = contract.input(main_input(contract, inputs))
                picked = layers.channels(head, main.layer, wanted, main.path, eye)
                new += [beside(channel, contract.task, head) for _, channel in picked]
            _check_new(new, head, contract)
    if job.result.type == "half":
        notes += _halved(outputs, head, inputs, view)
    kept = ResolvedResult(layers=keep, type=job.result.type, compression=job.result.compression)
    return kept, notes


def rest(
    contract: Contract, head: exr.Frame, inputs: Mapping[str, ResolvedInput], view: str | None
) -> list[str]:
    """What a plate holds beside what is made anew: layers, and single channels of those made."""
    made = {name: one for name, one in inputs.items() if _is_made(name, contract)}
    return _left(head.layers(view), made)


def _left(
    held: Mapping[str, list[tuple[int, str]]], made: Mapping[str, ResolvedInput]
) -> list[str]:
    """Layers that are not made, and single channels of those that are."""
    channels = {(one.layer, name) for one in made.values() for name in one.channels}
    layers_made = {one.layer for one in made.values()}
    found = [layer for layer in held if layer not in layers_made]
    return found + [
        name
        for layer in layers_made
        for _, name in held.get(layer, [])
        if (layer, name) not in channels
    ]


def _is_made(name: str, contract: Contract) -> bool:
    return any(one.replaces == name for one in contract.outputs)


def _halved(
    outputs: tuple[Output, ...],
    head: exr.Frame,
    inputs: Mapping[str, ResolvedInput],
    view: str | None,
) -> list[str]:
    """What loses precision by becoming half, as asked, and what stays float in spite of it."""
    floats = {name for name, source in inputs.items() if _is_float(head, source, view)}
    made = [one for one in outputs if one.replaces is None or one.replaces in floats]
    return [
        f"type: {one.name} is data in 32 bits and stays float"
        if one.encoding == "data"
        else f"type: {one.name} is half, as asked; the plate is 32-bit float"
        for one in made
        if one.encoding == "data" or one.replaces is not None
    ]


def _is_float(head: exr.Frame, source: ResolvedInput, view: str | None) -> bool:
    held = [one for one in head.layers(view).get(source.layer, []) if one[1] in source.channels]
    return any(head.parts[number].types[channel] == "float" for number, channel in held)


def _check_new(new: list[str], head: exr.Frame, contract: Contract) -> None:
    taken = [name for name in new if any(name in part.types for part in head.parts)]
    if taken:
        raise JobError(
            f"The plate has a channel {taken[0]} already, which {contract.task} would make.",
            remedy="Use --result only, or give a plate without it.",
        )
