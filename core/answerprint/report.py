"""The pixel report: what is in an image, measured, so that no loss stays unseen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import halves
from answerprint.documents import count


@dataclass(frozen=True)
class Levels:
    """Measures of one image; least, greatest and mean are over finite samples."""

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
    """Measure an image of float16, float32 or whole numbers, any shape, in its own units."""
    if image.dtype == np.float16:
        return _of_halves(image)
    if not image.size:
        return Levels(0.0, 0.0, 0.0, 0, 0, 0, 0, 0)
    least, greatest = image.min(), image.max()
    if np.isfinite(least) and np.isfinite(greatest):  # NaN would have come through
        return _of_finite(image, least, greatest)
    return _of_any(image)


def _of_halves(image: NDArray[np.float16]) -> Levels:
    """There are only 65,536 halves: they are counted once, and all is asked of the counts."""
    numbers = halves.count(image)
    codes = np.flatnonzero(numbers)
    numbers, values = numbers[codes], halves.VALUES[codes]
    finite = np.isfinite(values)
    held, of = values[finite], numbers[finite]
    nan = int(numbers[np.isnan(values)].sum())
    return Levels(
        least=float(held.min()) if held.size else 0.0,
        greatest=float(held.max()) if held.size else 0.0,
        mean=float((held * of).sum() / of.sum()) if held.size else 0.0,
        samples=int(image.size),
        negative=int(of[held < 0].sum()),
        above_one=int(of[held > 1].sum()),
        nan=nan,
        inf=int(image.size - of.sum()) - nan,
    )


def _of_finite(image: NDArray[Any], least: Any, greatest: Any) -> Levels:
    """Looks for negative samples and highlights only where there are any."""
    return Levels(
        least=float(least),
        greatest=float(greatest),
        mean=float(image.mean(dtype=np.float64)),
        samples=int(image.size),
        negative=int(np.count_nonzero(image < 0)) if least < 0 else 0,
        above_one=int(np.count_nonzero(image > 1)) if greatest > 1 else 0,
        nan=0,
        inf=0,
    )


def _of_any(image: NDArray[Any]) -> Levels:
    held = image[np.isfinite(image)]
    levels = _of_finite(held, held.min(), held.max()) if held.size else measure(held)
    nan = int(np.count_nonzero(np.isnan(image)))
    return replace(levels, samples=int(image.size), nan=nan, inf=image.size - held.size - nan)


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
