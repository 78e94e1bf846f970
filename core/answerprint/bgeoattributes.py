"""Attributes: how Houdini's files hold them; read into a geometry and made from one.

An attribute is [[scope, type, name, options], [size, storage, values]]; one of texts has a list of
them and says for each element which it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import bgeopages
from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs
from answerprint.bgeokept import Kept
from answerprint.bgeopages import Budget, numbers
from answerprint.geometry import OWNERS, Attribute, Geometry, Owner

OURS = "answerprint"  # detail texts of such names stand beside the geometry: `said`
TUPLE = "tuple"  # qualifier of a value of several texts

LISTS: dict[Owner, str] = {
    "vertex": "vertexattributes",
    "point": "pointattributes",
    "primitive": "primitiveattributes",
    "detail": "globalattributes",
}
_KINDS = {
    "arraydata": "array attribute",
    "stringarray": "array attribute",
    "dict": "dictionary attribute",
    "dictarray": "dictionary attribute",
}

Array = NDArray[Any]


def read(
    document: dict[str, Any], made: Geometry, kept: Kept, budget: Budget, *, zeros: bool
) -> None:
    """Put a document's attributes into a geometry, and its texts that are ours into `said`.

    `zeros`: only their shapes matter. Raises WrongError, OverflowError.
    """
    told = pairs(document.get("attributes", []))
    for owner in OWNERS:
        for header, body in told.get(LISTS[owner]) or []:
            head = pairs(header)
            parts = pairs(body)
            word = _unread(head, parts)
            if word:
                leave_out(made, f"{word} {head['name']:.60}")
                continue
            for option in pairs(head.get("options", {})).keys() - {"type"}:
                leave_out(made, f"option '{option:.60}' of attribute {head['name']:.60}")
            # a text of the detail is one of several: which, has to be read; a primitive's names it
            named = head["type"] == "string" and owner == "primitive"
            empty = zeros and owner != "detail" and not named
            one = _attribute(head, parts, owner, kept, budget, zeros=empty)
            if owner == "detail" and one.strings is not None and one.name.startswith(OURS):
                made.said[one.name] = "".join(one.strings[at] for at in one.values[:, 0] if at >= 0)
            elif (owner, one.name, one.size) == ("point", "P", 4):
                made.attributes += _split(one, zeros=zeros)
            else:
                made.attributes.append(one)


def _unread(head: dict[str, Any], body: dict[str, Any]) -> str:
    """What an attribute is that is not read; '' where it is."""
    if head.get("scope", "public") != "public":
        return "private attribute"
    if head["type"] == "numeric":
        stored = pairs(body["values"]).get("storage", "fpreal32")
        return "" if stored in bgeopages.STORAGES else f"attribute stored as {stored!s:.40}"
    if head["type"] == "string":
        return ""
    return _KINDS.get(head["type"], f"{head['type']:.40} attribute")


def _attribute(
    head: dict[str, Any],
    body: dict[str, Any],
    owner: Owner,
    kept: Kept,
    budget: Budget,
    *,
    zeros: bool,
) -> Attribute:
    name, count = str(head["name"]), kept.counts[owner]
    qualifier = str(pairs(pairs(head.get("options", {})).get("type", {})).get("value", ""))
    try:
        block = body["values" if head["type"] == "numeric" else "indices"]
        values = kept.of(bgeopages.values(block, count, budget, zeros=zeros), owner)
    except WrongError as error:
        raise WrongError(f"of {owner} attribute {name:.60} {error}") from error
    if head["type"] == "numeric":
        defaults = _defaults(body, values.shape[1])
        return Attribute(name, owner, values, qualifier=qualifier, defaults=defaults)
    strings = tuple(body.get("strings") or [])
    if not all(isinstance(one, str) for one in strings):
        raise WrongError(f"of {owner} attribute {name:.60} a text is none")
    indices = values.astype(np.int32, copy=False)
    if zeros:
        indices = indices if strings else indices - 1
    if indices.shape[1] == 1:
        return Attribute(name, owner, indices, strings=strings, qualifier=qualifier)
    lengths = np.full(len(indices), indices.shape[1], np.int32)
    return Attribute(name, owner, indices.reshape(-1, 1), strings, lengths, TUPLE)


def _defaults(body: dict[str, Any], size: int) -> tuple[float, ...]:
    told = pairs(body.get("defaults", [])).get("values", [])
    found = [float(one) for one in numbers(told, np.dtype(float)).reshape(-1)]
    return tuple((found * size if len(found) == 1 else found)[:size])


def _split(position: Attribute, *, zeros: bool) -> list[Attribute]:
    """P of a P of four numbers, and Pw where a weight is not 1."""
    weight = np.ascontiguousarray(position.values[:, 3:])
    place = np.ascontiguousarray(position.values[:, :3])
    made = [Attribute("P", "point", place, qualifier="point", defaults=position.defaults[:3])]
    if zeros or (weight == 1).all():
        return made
    return [*made, Attribute("Pw", "point", weight, defaults=(1.0,))]


def leave_out(made: Geometry, word: str) -> None:
    """Count what is not read."""
    made.unsupported[word] = made.unsupported.get(word, 0) + 1


def is_tuple(one: Attribute) -> bool:
    if one.strings is None or one.qualifier != TUPLE or one.lengths is None or not one.count:
        return False
    return int(one.lengths[0]) > 1 and bool((one.lengths == one.lengths[0]).all())


def written(geometry: Geometry, *, text: bool) -> list[Any]:
    """All attributes and texts of a geometry, as a document has them."""
    made: list[Any] = []
    for owner, name in LISTS.items():
        listed = [_written(one, text=text) for one in geometry.attributes if one.owner == owner]
        if owner == "detail":
            listed += [_text(name, said, text=text) for name, said in geometry.said.items()]
        if listed:
            made += [name, listed]
    return made


def _text(name: str, said: str, *, text: bool) -> list[Any]:
    one = Attribute(name, "detail", np.zeros((1, 1), np.int32), strings=(said,))
    return _written(one, text=text)


def _written(one: Attribute, *, text: bool) -> list[Any]:
    kind = "numeric" if one.strings is None else "string"
    qualifier = "" if is_tuple(one) else one.qualifier
    options = {"type": {"type": "string", "value": qualifier}} if qualifier else {}
    head = ["scope", "public", "type", kind, "name", one.name, "options", options]
    values = one.values if one.lengths is None else one.values.reshape(one.count, -1)
    block = bgeopages.block(values, text=text)
    lead = ["size", values.shape[1], "storage", bgeopages.storage(values)]
    if one.strings is not None:
        return [head, [*lead, "strings", list(one.strings), "indices", block]]
    defaults = np.array(one.defaults or (0.0,), np.float64)
    told = ["size", len(defaults), "storage", "fpreal64", "values", defaults]
    return [head, [*lead, "defaults", told, "values", block]]
