"""Heightfield upres: heights twice as fine, on a cubic spline. No network, nothing invented."""

import numpy as np
import scipy
import spline
from scipy import ndimage

import answerprint_model

KERNELS = {"samples": spline.THROUGH, "means": spline.MEAN}


class TritonPythonModel(answerprint_model.ImageModel):
    def run(self, images, settings):
        heights = checked(images)[..., 0]
        fine = spline.doubled(heights, KERNELS[settings["heights_are"]])
        if settings["hold"]:
            held(fine, heights)
        return {"height": fine[..., None]}, {
            "device": answerprint_model.cpu_name(),
            "library": f"SciPy {scipy.__version__}",
        }


def held(fine, heights):
    """Bring the fine heights between the lowest and highest of the nine cells around, in place."""
    for change, bound in (
        (np.maximum, ndimage.minimum_filter),
        (np.minimum, ndimage.maximum_filter),
    ):
        around = bound(heights, 3, mode="nearest")
        for y in (0, 1):
            for x in (0, 1):
                part = fine[y::2, x::2]
                change(part, around, out=part)


def checked(images):
    heights = images.get("height")
    if heights is None or heights.ndim != 3 or heights.shape[2] != 1:
        raise answerprint_model.RefusedError("height is not (y, x, 1)")
    if not heights.size:
        raise answerprint_model.RefusedError("height has no cells")
    good = np.isfinite(heights[..., 0])
    if not good.all():
        y, x = np.argwhere(~good)[0]
        raise answerprint_model.RefusedError(
            f"height is NaN or inf in {np.count_nonzero(~good)} cells, the first at x {x}, y {y}"
        )
    return heights
