"""Grain: what a camera or a renderer adds to a perfect frame, of a known model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from answerprint import halves
from answerprint.calibration.scenes import Chance, Floats

# name -> (share of all, noise of a pixel of value 1, whether it is clumped as film grain is)
KINDS = {
    "none": (0.08, 0.0, False),
    "digital": (0.34, 0.008, False),
    "film": (0.34, 0.025, True),
    "strong": (0.16, 0.06, True),
    "paths": (0.08, 0.03, False),  # a renderer with some samples: fireflies as well
}
FIREFLIES = 0.0002  # of the pixels


@dataclass(frozen=True)
class Grain:
    """Of one clip. `amount`: standard deviation where the plate is 1, before the exposure."""

    kind: str
    amount: float

    @property
    def rendered(self) -> bool:
        return self.kind == "paths"

    def on(self, clean: Floats, chance: Chance) -> NDArray[np.float16]:
        """A frame with this grain: shot noise grows with the root of light; halves."""
        if not self.amount:
            return halves.narrow(clean.astype(np.float32))
        noise = chance.standard_normal(clean.shape)
        if KINDS[self.kind][2]:
            noise = 0.7 * noise + 0.35 * (np.roll(noise, 1, 0) + np.roll(noise, 1, 1))
        seen = clean + noise * self.amount * np.sqrt(clean + 0.02)
        if self.rendered:
            hit = chance.random(clean.shape[:2]) < FIREFLIES
            seen[hit] += chance.uniform(2, 20, (int(hit.sum()), 1))
            seen = np.maximum(seen, 0)
        return np.asarray(seen.astype(np.float16))


def grain(chance: Chance) -> Grain:
    names = tuple(KINDS)
    shares = [KINDS[name][0] for name in names]
    kind = str(chance.choice(names, p=shares))
    return Grain(kind, float(KINDS[kind][1] * chance.uniform(0.5, 1.5)))
