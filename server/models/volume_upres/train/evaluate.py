# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.24", "onnxruntime>=1.16", "scipy>=1.11"]
# ///
"""Measure the network of volume_upres on smoke that it has not seen: `python evaluate.py model.onnx`.

PSNR in dB, peak 1, of volumes of 48 voxels a side that were averaged to 24: seeds that were not
learnt, and two kinds that were not, one of them from a solver. With the last steps of the model,
kept means and nothing below zero, for all but plain tricubic.
"""

import argparse
import pathlib
import sys

import numpy as np
import onnxruntime
import smoke
from scipy import ndimage

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "answerprint_model"))
import cubic

SEEDS = range(1000, 1004)  # learnt are 0 to 9
SIZE, RIM = 48, 6


def decibels(made, high):
    inner = (slice(RIM, -RIM),) * 3
    return -10 * np.log10(np.mean((made - high)[inner] ** 2, dtype=np.float64))


def kept(fine, low):
    """As the model ends: means kept, nothing below zero."""
    fine = cubic.shifted_to(fine, low, 3)
    least = np.min([fine[z::2, y::2, x::2] for z, y, x in np.ndindex(2, 2, 2)], axis=0)
    closer = cubic.repeated(np.where(least < 0, low / np.where(least < 0, low - least, 1), 1), 3)
    return cubic.repeated(low, 3) + closer * (fine - cubic.repeated(low, 3))


def means_spline(low):
    """The cubic spline that has the low voxels as its means: the best known to us without learning."""
    target, places = low, np.stack(np.indices([2 * side for side in low.shape])) / 2 - 0.25
    for _ in range(6):
        fine = ndimage.map_coordinates(target, places, order=3, mode="nearest")
        target = target + low - cubic.means(fine, 3)
    return ndimage.map_coordinates(target, places, order=3, mode="nearest")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    network = onnxruntime.InferenceSession(
        str(parser.parse_args().model), providers=["CPUExecutionProvider"]
    )
    print("|kind|tricubic|tricubic, means kept|spline of means|network|gain|")
    print("|---|---|---|---|---|---|")
    for kind in smoke.LEARNT + smoke.UNSEEN:
        found = []
        for seed in SEEDS:
            high = smoke.made(kind, seed, SIZE)
            low = smoke.averaged(high)
            plain = cubic.enlarged(np.pad(low, cubic.EDGE, mode="edge"), 3)
            source = np.pad(low, RIM, mode="edge")
            (children,) = network.run(None, {"low": source[None, None]})
            inner = children[0][(..., *[slice(RIM, -RIM)] * 3)]
            z, y, x = low.shape
            split = inner.reshape(2, 2, 2, z, y, x).transpose(3, 0, 4, 1, 5, 2)
            better = plain + split.reshape(plain.shape)
            ways = (plain, kept(plain, low), kept(means_spline(low), low), kept(better, low))
            found.append([decibels(way, high) for way in ways])
        a, b, c, d = np.mean(found, axis=0)
        print(f"|{kind}|{a:.2f}|{b:.2f}|{c:.2f}|{d:.2f}|{d - b:+.2f}|", flush=True)


if __name__ == "__main__":
    main()
