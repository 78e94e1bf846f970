"""The pixel report: what is in an image, measured, so that no loss stays unseen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.documents import count


@dataclass(frozen=True)
class Levels:
    """Measures of one image of any float type; least, greatest and mean are over finite samples."""

    least: float
    greatest: float
    mean: float
    samples: int
    negative: int
    above_one: int
    nan: int
    inf: int

    @property
    def non_finite(self) -> int:
        return self.nan + self.inf

    @property
    def above_one_share(self) -> float:
        """The fraction of samples above 1."""
        return self.above_one / self.samples if self.samples else 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"above_one_share": round(self.above_one_share, 6)}


def measure(image: NDArray[Any]) -> Levels:
    """Measure an image of float16 or float32, any shape, in its own units."""
    finite = np.isfinite(image)
    if finite.all():
        held, nan, inf = image, 0, 0
    else:
        held = image[finite]
        nan = int(np.count_nonzero(np.isnan(image)))
        inf = int(image.size - held.size - nan)
    return Levels(
        least=float(held.min()) if held.size else 0.0,
        greatest=float(held.max()) if held.size else 0.0,
        mean=float(held.mean(dtype=np.float64)) if held.size else 0.0,
        samples=int(image.size),
        negative=int(np.count_nonzero(held < 0)),
        above_one=int(np.count_nonzero(held > 1)),
        nan=nan,
        inf=inf,
    )


def warnings(before: Levels, after: Levels, layer: str) -> list[str]:
    """What an artist should know about a frame, in words; empty when there is nothing."""
    said = []
    if before.negative and not after.negative:
        said.append(f"{layer}: {_samples(before.negative)} below 0 in, none out")
    if after.negative and not before.negative:
        said.append(
            f"{layer}: {_samples(after.negative)} below 0 out, none in, to {after.least:.4g}"
        )
    if before.above_one and not after.above_one and not after.inf:
        said.append(
            f"{layer}: highlights {_level(before.greatest)} in, {_level(after.greatest)} out"
        )
    if after.inf > before.inf:
        said.append(f"{layer}: {_samples(after.inf - before.inf)} too bright for half, now inf")
    if after.nan > before.nan:
        said.append(f"{layer}: {_samples(after.nan - before.nan)} became NaN")
    return said


def _samples(number: int) -> str:
    return count(number, "sample")


def _level(number: float) -> str:
    """Four figures, and never an exponent where an artist expects a number."""
    return f"{number:.0f}" if abs(number) >= 9999.5 else f"{number:.4g}"
