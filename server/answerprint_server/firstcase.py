"""First case: the golden case that a new task begins with, made of a plate of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import documents, exr, sheet
from answerprint_server import golden, repository

TOLERANCE = 0.001  # processors have kernels of their own
# of each kind a golden case of ours, whose input serves: task, case, tensor
OURS = {
    "image": ("passthrough", "plate", "pixels"),
    "points": ("point_normals", "torus", "P"),
    "volume": ("volume_upres", "tricubic", "grid"),
    "heightfield": ("heightfield_upres", "samples", "height"),
}
ABOUT = {
    "image": "A detail of a noisy sample frame, light above 1 in it.",
    "points": "Points of a ring.",
    "volume": "A ball of lumpy smoke.",
    "heightfield": "Hills with a step.",
}

Floats = NDArray[np.float32]


def write(folder: Path, contract: dict[str, Any]) -> None:
    """golden/first with its input; what is expected is written by 'models test --expect'.

    Raises OSError, TakeError: it cannot be written.
    """
    kind = contract["kind"]
    case = folder / "golden" / "first"
    case.mkdir(parents=True)
    if kind == "image":
        file = "input.exr"
        golden.write_frame(case / file, _pictures(contract))
    else:
        file = "input.npz"
        np.savez_compressed(case / file, **_shapes(contract))
    documents.write(
        case / golden.CASE,
        {
            "schema": golden.SCHEMA,
            "task": contract["task"],
            "about": ABOUT[kind],
            "parameters": {one["name"]: one["default"] for one in contract["parameters"]},
            "encoded": True,
            "frames": [file],
            "tolerance": TOLERANCE,
        },
    )


def _ours(kind: str, file: str) -> Path:
    task, case, _ = OURS[kind]
    return repository.models_folder() / task / "golden" / case / file


def _pictures(contract: dict[str, Any]) -> dict[str, dict[str, Floats]]:
    held = exr.read(_ours("image", "input.exr")).parts[0].channels
    light = {name.partition(".")[2]: one.astype(np.float32) for name, one in held.items()}
    light["Y"] = light["G"]
    multiple = contract["cut"].get("multiple", 1)
    made: dict[str, dict[str, Floats]] = {}
    for one in contract["inputs"]:
        made[one["name"]] = {
            name: _grown(_encoded(light[name], name, one["encoding"]), multiple)
            for name in one["channels"][0]
        }
    return made


def _encoded(light: Floats, name: str, encoding: str) -> Floats:
    """As the model wants it; an alpha is a number in any."""
    if encoding == "scene_linear" or name == "A":
        return light
    if encoding == "acescct":  # Academy S-2016-001
        log = (np.log2(np.maximum(light, 2**-16)) + 9.72) / 17.52
        toe = 10.5402377416545 * light + 0.0729055341958355
        return np.where(light <= 0.0078125, toe, log).astype(np.float32)
    if encoding == "data":
        return np.clip(light, 0, 1)
    return sheet.display(light).astype(np.float32) / 255


def _grown(plane: Floats, multiple: int) -> Floats:
    """Mirrored on up to a multiple, which the model is asked with as it is."""
    more = [(0, -length % multiple) for length in plane.shape]
    return np.pad(plane, more, mode="symmetric")


def _shapes(contract: dict[str, Any]) -> dict[str, Floats]:
    kind = contract["kind"]
    with np.load(_ours(kind, "input.npz"), allow_pickle=False) as held:
        values = held[OURS[kind][2]].astype(np.float32)
    return {
        one["name"]: np.ascontiguousarray(
            np.resize(values, (*values.shape[:-1], len(one["channels"][0])))
            if values.shape[-1] != len(one["channels"][0])
            else values
        )
        for one in contract["inputs"]
    }
