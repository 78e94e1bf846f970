"""Volumes: one grid of numbers in space, dense in memory whatever the file holds it as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# vdb          an OpenVDB grid: some voxels are active, all others are background
# dense        a volume of Houdini's own: every voxel counts
# heightfield  the same, one voxel high: its values are heights, masks, ...
Kind = Literal["vdb", "dense", "heightfield"]


@dataclass
class Volume:
    """One grid.

    name        density, vel, height
    values      (z, y, x), or (z, y, x, 3) of vectors; float16, float32, float64, int32, int64 or bool
    transform   (4, 4) float64: [x, y, z, 1] @ transform is in world space, x, y, z counting voxels of
                the file from its own zero; a voxel's value lies at its whole numbers
    origin      (x, y, z) of values[0, 0, 0] in the file's counting; negative ones are common in VDB
    active      (z, y, x) of bool: which voxels are active; None: all of `values`
    background  of every voxel that is not there
    kind        see above
    about       what else the file says of it, by name: class, vector type, creator, border, ...
    """

    name: str
    values: NDArray[Any]
    transform: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    origin: tuple[int, int, int] = (0, 0, 0)
    active: NDArray[np.bool_] | None = None
    background: float | tuple[float, float, float] = 0.0
    kind: Kind = "vdb"
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def resolution(self) -> tuple[int, int, int]:
        """(x, y, z), as artists say it."""
        z, y, x = self.values.shape[:3]
        return x, y, z

    @property
    def channels(self) -> int:
        return 1 if self.values.ndim == 3 else int(self.values.shape[3])

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Length of a voxel's edges along x, y, z, in world units (Houdini's are metres)."""
        x, y, z = np.linalg.norm(self.transform[:3, :3], axis=1)
        return float(x), float(y), float(z)
