"""Vectors, matrices, boxes and colours: as much of them as the adapter uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from houdini_guard import Guarded
from numpy.typing import NDArray

Array = NDArray[np.float64]


class _Vector(Guarded):
    _size = 3

    def __init__(self, *values: Any) -> None:
        given = list(values[0]) if values and not isinstance(values[0], int | float) else values
        self._values = np.zeros(self._size)
        self._values[: len(given)] = list(given)

    def __getitem__(self, index: int) -> float:
        return float(self._values[index])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[float]:
        return iter(self._values.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and bool((self._values == other._values).all())

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<hou.{type(self).__name__} {self._values.tolist()}>"


class Vector2(_Vector):
    _size = 2

    def x(self) -> float:
        return self[0]

    def y(self) -> float:
        return self[1]

    def __add__(self, other: Vector2) -> Vector2:
        return Vector2((self._values + other._values).tolist())

    def __sub__(self, other: Vector2) -> Vector2:
        return Vector2((self._values - other._values).tolist())


class Vector3(_Vector):
    def x(self) -> float:
        return self[0]

    def y(self) -> float:
        return self[1]

    def z(self) -> float:
        return self[2]

    def length(self) -> float:
        return float(np.linalg.norm(self._values))

    def __add__(self, other: Vector3) -> Vector3:
        return Vector3((self._values + other._values).tolist())

    def __sub__(self, other: Vector3) -> Vector3:
        return Vector3((self._values - other._values).tolist())


class Vector4(_Vector):
    _size = 4


class _Matrix(Guarded):
    """Row vectors are multiplied from the left, as everywhere in Houdini."""

    _size = 4

    def __init__(self, values: Any = 0.0) -> None:
        if isinstance(values, _Matrix):
            values = values._values
        one = isinstance(values, int | float)
        self._values: Array = (
            np.eye(self._size) * values
            if one
            else np.array(values, float).reshape(self._size, self._size)
        )

    def at(self, row: int, col: int) -> float:
        return float(self._values[row, col])

    def asTuple(self) -> tuple[float, ...]:
        return tuple(self._values.ravel().tolist())

    def asTupleOfTuples(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(row) for row in self._values.tolist())

    def setAt(self, row: int, col: int, value: float) -> None:
        self._values[row, col] = value

    def setToIdentity(self) -> None:
        self._values[:] = np.eye(self._size)

    def determinant(self) -> float:
        return float(np.linalg.det(self._values))

    def __mul__(self, other: Any) -> Any:
        right = other._values if isinstance(other, _Matrix) else other
        return type(self)(self._values @ right if np.ndim(right) else self._values * right)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and bool((self._values == other._values).all())

    def __hash__(self) -> int:
        return hash(self.asTuple())


class Matrix3(_Matrix):
    _size = 3

    def transposed(self) -> Matrix3:
        return Matrix3(self._values.T.tolist())

    def inverted(self) -> Matrix3:
        return Matrix3(np.linalg.inv(self._values).tolist())


class Matrix4(_Matrix):
    def transposed(self) -> Matrix4:
        return Matrix4(self._values.T.tolist())

    def inverted(self) -> Matrix4:
        return Matrix4(np.linalg.inv(self._values).tolist())

    def extractTranslates(self, transform_order: str = "srt") -> Vector3:
        del transform_order
        return Vector3(self._values[3, :3].tolist())


class BoundingBox(Guarded):
    def __init__(self, *values: float) -> None:
        self._values = list(values) or [0.0] * 6

    def isValid(self) -> bool:
        return all(self._values[axis] <= self._values[axis + 3] for axis in range(3))

    def minvec(self) -> Vector3:
        return Vector3(self._values[:3])

    def maxvec(self) -> Vector3:
        return Vector3(self._values[3:])

    def sizevec(self) -> Vector3:
        return self.maxvec() - self.minvec()

    def center(self) -> Vector3:
        return Vector3([(self._values[axis] + self._values[axis + 3]) / 2 for axis in range(3)])


class Color(Guarded):
    def __init__(self, *values: Any) -> None:
        given: Sequence[float] = values[0] if len(values) == 1 else values
        self._rgb = tuple(float(each) for each in given)

    def rgb(self) -> tuple[float, ...]:
        return self._rgb

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Color) and self._rgb == other._rgb

    def __hash__(self) -> int:
        return hash(self._rgb)
