"""Pages: how Houdini's files hold the values of an attribute, and what arrays they are.

A block says its size (numbers in one value) and storage, and then either
tuples       [[x, y, z], ...]
arrays       [[x, x, ...]], one list for each number of a value; text files have it where size is 1
rawpagedata  numbers in a row, in pages of `pagesize` values. `packing` splits a value: [3, 1] are
             three numbers and one; a page then has all threes and after them all ones. Where
             `constantpageflags` is set for a part and a page, that page has it once for all values
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs

STORAGES = {
    "uint8": "u1",
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "fpreal16": "f2",
    "fpreal32": "f4",
    "fpreal64": "f8",
}
NAMES = {code: name for name, code in STORAGES.items()}
PAGE = 1024
MOST_PAGE = 65_536
MOST_SIZE = 65_536  # numbers in one value

Array = NDArray[Any]


@dataclass
class Budget:
    """Bytes of values that may still be taken; `asked` adds up, also what was beyond it."""

    left: int
    asked: int = 0

    def take(self, size: int) -> None:
        """Raises OverflowError: it is more than is left."""
        self.asked += size
        if self.asked > self.left:
            raise OverflowError


def storage(values: Array) -> str:
    """The file's name for an array's type."""
    return NAMES[values.dtype.str[1:]]


def block(values: Array, *, text: bool) -> list[Any]:
    """The block of an attribute's values, (count, size)."""
    size = values.shape[1]
    lead = ["size", size, "storage", storage(values)]
    if not text:
        return [*lead, "pagesize", PAGE, "rawpagedata", values]
    if size == 1:
        return [*lead, "arrays", [values[:, 0]]]
    return [*lead, "tuples", values]


def values(told: Any, count: int, budget: Budget, *, zeros: bool = False) -> Array:
    """The values of a block, (count, size). `zeros`: only their shape and type matter.

    Raises:
        WrongError: they are not as many or not of the kind that the block says.
        OverflowError: they are more than the budget.
    """
    found = pairs(told)
    kind = _kind(found.get("storage", "fpreal32"))
    size = whole(found.get("size", 1), MOST_SIZE)
    if not size:
        raise WrongError("values have no numbers")
    if zeros:
        return np.broadcast_to(np.zeros((), kind), (count, size))
    budget.take(count * size * kind.itemsize)
    if "tuples" in found:
        return _shaped(numbers(found["tuples"], kind), count, size)
    if "arrays" in found:
        return _columns(found["arrays"], kind, count, size)
    if "rawpagedata" in found:
        return _paged(numbers(found["rawpagedata"], kind).reshape(-1), found, count, size)
    if count:
        raise WrongError(f"there are no values for {count:,} elements")
    return np.zeros((0, size), kind)


def numbers(told: Any, kind: np.dtype[Any]) -> Array:
    """A list or an array of numbers as another type, where that loses nothing."""
    found = told if isinstance(told, np.ndarray) else np.array(told)
    if found.dtype == kind:
        return found
    if not found.size:
        return np.zeros(found.shape, kind)
    if found.dtype.kind not in "biuf":
        raise WrongError("there is something other than numbers among its numbers")
    if kind.kind == "f":  # text has more digits than the type: the nearest is what was written
        with np.errstate(over="ignore"):
            return found.astype(kind)
    with np.errstate(invalid="ignore"):
        made = found.astype(kind)
    if not np.array_equal(made, found):
        raise WrongError(f"a number among its values is no {kind.name}")
    return made


def whole(told: Any, most: int) -> int:
    """A count. Raises WrongError: it is none, or beyond `most`."""
    if type(told) is not int or not 0 <= told <= most:
        raise WrongError(f"{told!r:.40} is no count")
    return told


def _kind(name: Any) -> np.dtype[Any]:
    if name not in STORAGES:
        raise WrongError(f"values are stored as {name!r:.40}, which is not known")
    return np.dtype(STORAGES[name])


def _shaped(found: Array, count: int, size: int) -> Array:
    if found.shape != (count, size) and not (found.size == 0 == count * size):
        raise WrongError(
            f"values of shape {list(found.shape)} are there for {count:,} elements of {size}"
        )
    return found.reshape(count, size)


def _columns(told: Any, kind: np.dtype[Any], count: int, size: int) -> Array:
    if not isinstance(told, list) or len(told) not in (1, size):
        raise WrongError(f"values of {size} numbers are in another number of lists")
    columns = [numbers(one, kind) for one in told]
    if len(columns) == size:
        if any(column.shape != (count,) for column in columns):
            raise WrongError(f"a list of values is not {count:,} long")
        return columns[0].reshape(-1, 1) if size == 1 else np.stack(columns, axis=1)
    return _shaped(columns[0].reshape(-1, size), count, size)


def _paged(raw: Array, found: dict[str, Any], count: int, size: int) -> Array:
    packing = (
        [size] if "packing" not in found else numbers(found["packing"], np.dtype(int)).tolist()
    )
    page = whole(found.get("pagesize", PAGE), MOST_PAGE)
    if sum(packing) != size or any(part < 1 for part in packing) or not page:
        raise WrongError(f"its pages are packed as {packing}, and a value has {size} numbers")
    flags = _flags(found.get("constantpageflags"), len(packing), -(-count // page))
    if len(packing) == 1 and not flags.any():
        return _shaped(raw.reshape(-1, size) if len(raw) % size == 0 else raw, count, size)
    made = np.empty((count, size), raw.dtype)
    at = 0
    for index, first in enumerate(range(0, count, page)):
        column = 0
        for part, width in enumerate(packing):
            rows = 1 if flags[part, index] else min(page, count - first)
            if at + rows * width > len(raw):
                raise WrongError(f"its pages end after {len(raw):,} numbers")
            values_ = raw[at : at + rows * width].reshape(rows, width)
            made[first : first + page, column : column + width] = values_
            at, column = at + rows * width, column + width
    if at != len(raw):
        raise WrongError(f"its pages have {at:,} numbers, and {len(raw):,} are there")
    return made


def _flags(told: Any, parts: int, pages: int) -> NDArray[np.bool_]:
    """(parts, pages): whether a part is the same all over a page; an empty list says of none."""
    if told is None:
        return np.broadcast_to(np.False_, (parts, pages))
    if not isinstance(told, list) or len(told) != parts:
        raise WrongError("what is said of constant pages does not fit their packing")
    rows = [np.zeros(pages, np.bool_) if not len(one) else np.array(one) != 0 for one in told]
    if any(row.shape != (pages,) for row in rows):
        raise WrongError(f"what is said of constant pages is not for {pages:,} pages")
    return np.array(rows)
