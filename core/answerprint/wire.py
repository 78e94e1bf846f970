"""The wire: how the images of one request lie in a row, and by which names they go.

A float16 image goes by its name and HALF: a model takes either of the two, and answers as asked.
"""

from __future__ import annotations

import ipaddress
import math
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from answerprint.contract import HALF

_APART = 64  # each image begins at a multiple, as processors like it


@dataclass(frozen=True)
class Expected:
    """An output that is asked for.

    shape   (height, width, channels), or as the kind of the task has it; None where the model has
            a size of its own
    half    whether it is to come as float16
    """

    shape: tuple[int, ...] | None = None
    half: bool = False


@dataclass(frozen=True)
class Place:
    """Where one image lies: its name on the wire, shape, type, and first byte."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int = 0

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Layout:
    """The images that one request brings, those that are to come back, and the bytes of all.

    An output without a shape has no place: its size is not known.
    """

    inputs: dict[str, Place]
    outputs: dict[str, Place]
    size: int


def lay(images: Mapping[str, NDArray[Any]], outputs: Mapping[str, Expected]) -> Layout:
    """One after another: what is sent, then what comes back."""
    end = 0
    places: list[dict[str, Place]] = []
    for row in (_sent(images), _wanted(outputs)):
        placed = {}
        for name, one in row.items():
            placed[name] = Place(one.name, one.shape, one.dtype, end)
            end += -(-one.size // _APART) * _APART
        places.append(placed)
    return Layout(places[0], places[1], end)


def wire_name(name: str, *, half: bool) -> str:
    """pixels, or pixels_half."""
    return name + HALF if half else name


def is_here(address: str) -> bool:
    """Whether the host of a host:port is this machine; not where it cannot be found out."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        meant = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # no such name, or none that a name can be
        return False
    own = {one.address for all_of in psutil.net_if_addrs().values() for one in all_of}
    return bool(meant) and all(one in own or _is_loopback(one) for one in meant)


def _sent(images: Mapping[str, NDArray[Any]]) -> dict[str, Place]:
    return {
        name: Place(wire_name(name, half=image.dtype == np.float16), image.shape, image.dtype)
        for name, image in images.items()
    }


def _wanted(outputs: Mapping[str, Expected]) -> dict[str, Place]:
    return {
        name: Place(
            wire_name(name, half=one.half),
            one.shape,
            np.dtype(np.float16 if one.half else np.float32),
        )
        for name, one in outputs.items()
        if one.shape is not None
    }


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
