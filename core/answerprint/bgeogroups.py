"""Groups: how Houdini's files hold them; read into a geometry and made from one.

An unordered one says of every element whether it is in it, or of runs of them; an ordered one lists
its members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs
from answerprint.bgeokept import Kept
from answerprint.bgeopages import numbers
from answerprint.geometry import Geometry, Group, Owner

LISTS: dict[Owner, str] = {
    "point": "pointgroups",
    "vertex": "vertexgroups",
    "primitive": "primitivegroups",
}

Array = NDArray[Any]


def read(document: dict[str, Any], made: Geometry, kept: Kept) -> None:
    """Put a document's groups into a geometry. Raises WrongError."""
    for owner, name in LISTS.items():
        for header, body in document.get(name) or []:
            title = str(pairs(header)["name"])
            try:
                members, order = _selection(pairs(pairs(body)["selection"]), kept.counts[owner])
            except WrongError as error:
                raise WrongError(f"of {owner} group {title:.60} {error}") from error
            group = Group(title, owner, kept.of(members, owner))
            if order is not None:
                group.order = kept.ordered(order, owner).astype(np.int32)
            made.groups.append(group)


def _selection(told: dict[str, Any], count: int) -> tuple[NDArray[np.bool_], Array | None]:
    if "ordered" in told:
        order = numbers(told["ordered"], np.dtype(np.int64)).reshape(-1)
        if order.size and not 0 <= int(order.min()) <= int(order.max()) < count:
            raise WrongError(f"a member is none of {count:,} elements")
        members = np.zeros(count, np.bool_)
        members[order] = True
        return members, order
    kind, listed = told["unordered"]
    found = numbers(listed, np.dtype(np.int64)).reshape(-1)
    if kind == "boolRLE":
        runs = found.reshape(-1, 2)
        if (runs[:, 0] < 0).any() or int(runs[:, 0].sum()) != count:
            raise WrongError(f"the members are not of {count:,} elements")
        found = np.repeat(runs[:, 1], runs[:, 0])
    if kind not in ("i8", "boolRLE") or len(found) != count:
        raise WrongError(f"the members are not of {count:,} elements")
    return found != 0, None


def written(geometry: Geometry) -> list[Any]:
    """All groups of a geometry, as a document has them."""
    made: list[Any] = []
    for owner, name in LISTS.items():
        listed = [_written(one) for one in geometry.groups if one.owner == owner]
        if listed:
            made += [name, listed]
    return made


def _written(one: Group) -> list[Any]:
    if one.order is not None:
        selection = ["ordered", one.order]
    else:
        selection = ["unordered", ["i8", one.members.astype(np.int8)]]
    return [["name", one.name], ["selection", selection]]
