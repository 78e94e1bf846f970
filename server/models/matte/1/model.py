"""Matte: how much of each pixel belongs to the person or thing in front, as a layer of its own.

Both networks look at a small square: the frame is squeezed into it, and what they say is enlarged
again linearly. A matte is as sharp as that square, whatever the frame's size.
"""

import os
import pathlib

import ai_edge_litert
import cv2
import isnet
import numpy as np
from ai_edge_litert import interpreter

import answerprint_model

SELFIE = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        artifacts = self.contract["model"]["artifacts"]
        weights = next(one for one in artifacts if one["name"] == SELFIE)
        selfie = Selfie(answerprint_model.artifact_path(weights, pathlib.Path()))
        (extra,) = self.contract["model"]["optional"]
        folder = pathlib.Path(__file__).parents[1]
        self.models = {"selfie": selfie, "isnet": isnet.Isnet(folder / extra["name"], extra)}

    def run(self, images, settings):
        check(images)
        picture = np.clip(np.nan_to_num(images["color"]), 0, 1)
        model = self.models[settings["model"]]
        small = model(resized(picture, model.edge, model.edge))
        height, width = picture.shape[:2]
        matte = np.clip(resized(small, height, width), 0, 1)
        return {"matte": matte[..., None]}, {
            "device": answerprint_model.cpu_name(),
            "library": f"{model.library}, OpenCV {cv2.__version__}",
        }


class Selfie:
    """MediaPipe's selfie segmentation, run by LiteRT: people alone, a few milliseconds."""

    edge = 256
    library = f"LiteRT {ai_edge_litert.__version__}"

    def __init__(self, path):
        # from memory: LiteRT takes paths of ASCII alone
        self.network = interpreter.Interpreter(
            model_content=path.read_bytes(), num_threads=os.cpu_count()
        )
        self.network.allocate_tensors()
        (self.source,), (self.result,) = (
            [one["index"] for one in details]
            for details in (self.network.get_input_details(), self.network.get_output_details())
        )

    def __call__(self, picture):
        self.network.set_tensor(self.source, picture[None])
        self.network.invoke()
        return self.network.get_tensor(self.result)[0, ..., 0]


def resized(image, height, width):
    """Linear; where the picture shrinks every pixel counts, so that no detail flickers."""
    shrinks = image.shape[0] > height and image.shape[1] > width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=way)


def check(images):
    if "color" not in images:
        raise answerprint_model.RefusedError("color is missing")
    if not all(images["color"].shape):
        raise answerprint_model.RefusedError("color has no pixels")
