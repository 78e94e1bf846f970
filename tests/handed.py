"""Geometry as a host hands it over: written here from what the engine holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from answerprint.geometry import Geometry
from answerprint_panel import tensors

_TYPES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8"}


def hand_over(path: Path, geometry: Geometry) -> Path:
    """Write a .safetensors file that holds a geometry."""
    arrays: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for one in geometry.attributes:
        arrays[f"{one.owner}/{one.name}"] = one.values
        if one.strings is not None:
            metadata[f"strings {one.owner}/{one.name}"] = json.dumps(one.strings)
        if one.lengths is not None:
            arrays[f"lengths/{one.owner}/{one.name}"] = one.lengths
    for group in geometry.groups:
        arrays[f"group/{group.owner}/{group.name}"] = group.members
    if geometry.faces is not None:
        for part in ("points", "counts", "closed"):
            arrays[f"faces/{part}"] = getattr(geometry.faces, part)
    for index, volume in enumerate(geometry.volumes):
        arrays[f"volume/{index}"] = volume.values
        if volume.active is not None:
            arrays[f"active/{index}"] = volume.active
    if geometry.anchors is not None:
        arrays["volume/anchors"] = geometry.anchors
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata["geometry"] = json.dumps(_told(geometry))
    held = {name: _tensor(one) for name, one in arrays.items()}
    tensors.write(str(path), held, metadata)
    return path


def _told(geometry: Geometry) -> dict[str, Any]:
    return {
        "count": geometry.count,
        "qualifiers": {f"{one.owner}/{one.name}": one.qualifier for one in geometry.attributes},
        "volumes": [
            {
                "name": one.name,
                "transform": one.transform.reshape(-1).tolist(),
                "origin": list(one.origin),
                "kind": one.kind,
                "background": one.background,
            }
            for one in geometry.volumes
        ],
        "unsupported": geometry.unsupported,
        "said": geometry.said,
    }


def _tensor(array: Any) -> tuple[str, list[int], bytes]:
    plain = np.ascontiguousarray(array)
    kind = "BOOL" if plain.dtype == np.bool_ else _TYPES[plain.dtype.str[1:]]
    return kind, list(plain.shape), plain.tobytes()
