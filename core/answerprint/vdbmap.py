"""OpenVDB's transforms, as one matrix: [x, y, z, 1] @ matrix is in world space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from answerprint.vdbstream import Cursor, text

Matrix = NDArray[np.float64]


def read(cursor: Cursor) -> Matrix | None:
    """A grid's transform; None where it is no matrix (a camera's frustum) and cannot be read on."""
    kind = cursor.text()
    matrix = np.eye(4)
    if kind in ("AffineMap", "UnitaryMap"):
        matrix = cursor.array("<f8", 16).reshape(4, 4).copy()
    elif kind == "TranslationMap":
        matrix[3, :3] = cursor.array("<f8", 3)
    elif kind in ("ScaleMap", "UniformScaleMap"):
        matrix[range(3), range(3)] = cursor.array("<f8", 15)[:3]  # the rest follows from them
    elif kind in ("ScaleTranslateMap", "UniformScaleTranslateMap"):
        numbers = cursor.array("<f8", 18)
        matrix[3, :3] = numbers[:3]
        matrix[range(3), range(3)] = numbers[3:6]
    else:
        return None
    if not np.isfinite(matrix).all():
        raise cursor.damaged("the transform is not finite")
    return matrix


def written(matrix: Matrix) -> bytes:
    """The plainest of OpenVDB's maps that is exactly this matrix."""
    scale, shift = np.diag(matrix)[:3], matrix[3, :3]
    plain = np.diag([*scale, 1.0])
    plain[3, :3] = shift
    # by their bytes: a negative zero is kept as well
    if plain.tobytes() != np.ascontiguousarray(matrix).tobytes() or not scale.all():
        return b"".join((text("AffineMap"), matrix.astype("<f8").tobytes()))
    name = "UniformScale" if len(set(scale.tolist())) == 1 else "Scale"
    squared = 1 / scale**2
    parts = [scale, np.abs(scale), 1 / scale, squared, 0.5 / scale]
    if shift.any() or np.signbit(shift).any():
        name += "Translate"
        parts.insert(0, shift)
    return b"".join((text(name + "Map"), np.concatenate(parts).astype("<f8").tobytes()))


def unusable(matrix: Matrix) -> str:
    """Why OpenVDB has no transform for it; '' where it has one."""
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        return "it is no finite 4 x 4 matrix"
    if (matrix[:, 3] != [0, 0, 0, 1]).any():
        return "it has perspective"
    if abs(np.linalg.det(matrix[:3, :3])) < 1e-30:
        return "it flattens space"
    return ""
