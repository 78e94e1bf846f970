# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.24", "scipy>=1.11"]
# ///
"""Measure ways to make a heightfield twice as fine, on procedural terrain: `python terrain.py`.

Prints dB of each way's height and slope errors against the terrain itself, once where the coarse
heights are means over their cells, as after resampling, and once where they are single samples.
"""

import pathlib
import sys

import numpy as np
from scipy import fft, ndimage

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[3] / "answerprint_model"), str(HERE.parents[1] / "1")]
import cubic  # noqa: E402 - lies beside the models, in a package that needs Triton
import spline  # noqa: E402 - the model's own

SIZE, SEEDS = 512, range(100, 104)
RIM = 8  # cells that are not judged: ways differ in what they hold for beyond the edge


def rough(rng, slope):
    f = np.hypot(*np.meshgrid(fft.fftfreq(2 * SIZE, 0.5 / SIZE), fft.fftfreq(2 * SIZE, 0.5 / SIZE)))
    waves = fft.fft2(rng.normal(size=f.shape)) * np.where(f > 0, np.maximum(f, 1) ** -slope, 0)
    found = fft.ifft2(waves).real
    return found / found.std()


def hills(rng):
    return rough(rng, 2.2)


def ridges(rng):
    return -np.abs(rough(rng, 2.0)) - 0.3 * np.abs(rough(rng, 1.9))


def terraces(rng):
    """Steps with soft edges, as strata that weather."""
    height = 4 * rough(rng, 2.2)
    whole = np.floor(height)
    return (whole + 1 / (1 + np.exp(-12 * (height - whole - 0.5)))) / 4


def gullies(rng):
    """A slope with branching channels: a noise pulled along the fall line, kept sharp below."""
    y, x = np.indices((2 * SIZE,) * 2) / (2 * SIZE)
    bent = ndimage.map_coordinates(
        np.abs(rough(rng, 1.8)),
        np.stack([y * 0.3, x + 0.05 * rough(rng, 2.4)]) * 2 * SIZE,
        order=1,
        mode="grid-wrap",
    )
    return 2 * y + 0.2 * np.minimum(bent, 0.6) + 0.1 * rough(rng, 2.2)


TERRAINS = (hills, ridges, terraces, gullies)


def bilinear(low):
    padded = np.pad(low, 1, mode="edge")
    for axis in (0, 1):
        rows = np.moveaxis(padded, axis, 0)
        fine = np.empty((2 * (len(rows) - 2), *rows.shape[1:]))
        fine[::2] = 0.75 * rows[1:-1] + 0.25 * rows[:-2]
        fine[1::2] = 0.75 * rows[1:-1] + 0.25 * rows[2:]
        padded = np.moveaxis(fine, 0, axis)
    return padded


def bicubic(low):
    return cubic.enlarged(np.pad(low, cubic.EDGE, mode="edge"), 2)


def bicubic_with_means(low):
    return cubic.shifted_to(bicubic(low), low, 2)


def through_samples(low):
    return spline.doubled(low, spline.THROUGH)


def through_means(low):
    return spline.doubled(low, spline.MEAN)


WAYS = (bilinear, bicubic, bicubic_with_means, through_samples, through_means)


def decibels(error, truth):
    return 10 * np.log10(np.mean((truth - truth.mean()) ** 2) / np.mean(error**2))


def slopes(height):
    return np.stack(np.gradient(height))


def main():
    for sampled in ("means", "samples"):
        print(f"\ncoarse heights are {sampled}; dB of height, dB of slope")
        print("|terrain|" + "|".join(way.__name__ for way in WAYS) + "|")
        for terrain in TERRAINS:
            rows = np.zeros((len(WAYS), 2))
            for seed in SEEDS:
                finest = terrain(np.random.default_rng(seed))
                truth = cubic.means(finest, 2)
                # a sample lies in the middle of four fine cells: what is there of the finest field
                low = cubic.means(truth, 2) if sampled == "means" else samples(finest)
                inner = (..., slice(RIM, -RIM), slice(RIM, -RIM))
                for index, way in enumerate(WAYS):
                    made = way(low)
                    rows[index] += (
                        decibels((made - truth)[inner], truth[inner]),
                        decibels((slopes(made) - slopes(truth))[inner], slopes(truth)[inner]),
                    )
            cells = [f"{a:.2f} {b:.2f}" for a, b in rows / len(SEEDS)]
            print(f"|{terrain.__name__}|" + "|".join(cells) + "|", flush=True)


def samples(finest):
    """The height in the middle of each coarse cell, four finest ones wide."""
    return finest.reshape(SIZE // 2, 4, SIZE // 2, 4)[:, 1:3, :, 1:3].mean(axis=(1, 3))


if __name__ == "__main__":
    main()
