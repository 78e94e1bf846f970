"""Inspections of geometry: what lies in a sequence of points or grids, by its names and one frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import geocheck, geolayers, geometries
from answerprint.destination import without_suffix
from answerprint.errors import AnswerprintError, SourceError
from answerprint.frames import FrameRange
from answerprint.geometry import Geometry
from answerprint.inspection import MOST_GAPS, MOST_TRIED
from answerprint.plate import Plate, with_view
from answerprint.ports import NOUNS
from answerprint.site import Site
from answerprint.volume import Volume

Box = tuple[list[float], list[float]]

# what the same document says of pictures
_OF_PICTURES = ("width", "height", "aspect", "window", "type", "compression", "colour", "levels")


@dataclass
class Inspection:
    """What could be found out; `problems` say of the rest why not.

    path    as it was asked for, with forward slashes
    frame   the one that was looked at
    held    its structure, or all of it where `values` is set; None where it cannot be read
    """

    path: str
    plate: Plate
    found: FrameRange
    frame: int
    held: Geometry | None = None
    values: bool = False
    problems: list[AnswerprintError] = field(default_factory=list)

    @property
    def missing(self) -> str:
        """Frames that lack between the first and the last, in words; of many gaps the first."""
        return self.found.gaps_in_words(MOST_GAPS)

    @property
    def title(self) -> str:
        return without_suffix(self.plate.head).strip("._- ") or self.plate.folder.name

    def as_json(self) -> dict[str, Any]:
        """For panels; see 'answerprint inspect --help'."""
        return {
            "kind": "geometry",
            "path": self.path,
            "title": self.title,
            "still": self.plate.is_still,
            "frames": str(self.found),
            "first": self.found.first,
            "last": self.found.last,
            "count": len(self.found),
            "missing": self.missing,
            "frame": self.frame,
            "views": [],
            **dict.fromkeys(_OF_PICTURES),
            **self._structure(self.held or Geometry()),
            "problems": [one.as_json() for one in self.problems],
        }

    def _structure(self, held: Geometry) -> dict[str, Any]:
        return {
            "kinds": [*geolayers.kinds(held)],
            "points": held.count,
            "primitives": held.primitives,
            "vertices": held.vertices,
            "layers": {
                one.name: list(one.components)
                for kind in NOUNS
                for one in geolayers.held(held, kind)
                if not one.strange
            },
            "attributes": [
                {
                    "name": one.name,
                    "owner": one.owner,
                    "type": "string" if one.strings is not None else str(one.values.dtype),
                    "size": one.size,
                    "array": one.lengths is not None,
                    "qualifier": one.qualifier,
                }
                for one in held.attributes
            ],
            "groups": [{"name": one.name, "owner": one.owner} for one in held.groups],
            "volumes": [self._volume(one) for one in held.volumes],
            "unsupported": dict(held.unsupported),
            "bounds": bounds(held, values=self.values),
        }

    def _volume(self, one: Volume) -> dict[str, Any]:
        active = None if one.active is None or not self.values else int(one.active.sum())
        return {
            "name": one.name,
            "resolution": list(one.resolution),
            "voxel": [round(edge, 9) for edge in one.voxel_size],
            "kind": one.kind,
            "type": str(one.values.dtype),
            "size": one.channels,
            "active": active,
        }


def bounds(held: Geometry, *, values: bool) -> Box | None:
    """The box around everything, least and greatest corner; None where it cannot be told.

    `values`: whether places of points are there, and not their number alone.
    """
    corners = [_corners(one) for one in held.volumes if all(one.resolution)]
    places = held.find("P")
    if "points" in geolayers.kinds(held):
        if places is None or not values:
            return None
        finite = places.values[np.isfinite(places.values).all(axis=1), : geolayers.PLACES]
        corners += [finite.astype(np.float64)] if len(finite) else []
    if not corners:
        return None
    every = np.concatenate([[one.min(axis=0), one.max(axis=0)] for one in corners])
    if not np.isfinite(every).all():
        return None
    least, greatest = (np.round(one, 6).tolist() for one in (every.min(axis=0), every.max(axis=0)))
    return least, greatest


def _corners(volume: Volume) -> NDArray[np.float64]:
    """The eight corners of a grid in space: of its outermost voxels, not of their middles."""
    start = np.array(volume.origin) - 0.5
    ends = zip(start, start + np.array(volume.resolution), strict=True)
    corners = np.array([[*one, 1.0] for one in itertools.product(*ends)])
    placed: NDArray[np.float64] = corners @ volume.transform[:, :3]
    return placed


def inspect(text: str, site: Site, *, values: bool = True) -> Inspection:
    """Look at a plate of geometry: its folder, and one frame.

    values   False: only what can be told without reading the numbers

    Raises:
        SourceError: there is no such frame at all, or it is in no format that is known here.
        JobError: the path names no file, or lies outside the allowed roots.
    """
    path = site.spelled(text)
    plate = Plate.parse(with_view(path, None)).absolute()
    site.check_allowed(plate.folder, "Plate")
    geometries.codec(plate.file(0))  # says what can be read instead
    found = plate.on_disk()
    made = Inspection(str(plate), plate, found, found.first)
    for number in found.numbers[:MOST_TRIED]:
        with _told(made):
            made.held = geocheck.opened(plate, number, site)
            made.frame = number
        if made.held is not None:
            break
    if made.held is not None and values:
        with _told(made):
            made.held, made.values = geometries.read(plate.file(made.frame)), True
    if made.held is not None and geocheck.is_empty(made.held):
        name = plate.name(made.frame)
        made.problems.append(
            SourceError(
                f"{name} holds no points and no voxels.",
                remedy="Look at another frame, or cook it again.",
            )
        )
    return made


@contextmanager
def _told(made: Inspection) -> Iterator[None]:
    """What goes wrong is said beside all that went well."""
    try:
        yield
    except AnswerprintError as error:
        made.problems.append(error)
