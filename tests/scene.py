"""A scene for tests: the fake Houdini with a geometry object, what its SOPs cook, and takes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import houdini_session
import numpy as np
import pytest

from answerprint import geometries
from answerprint.geometry import Attribute, Faces, Geometry
from answerprint.volume import Volume
from answerprint_houdini.host import HoudiniHost
from answerprint_panel.host import HostError, Source

Cooks = Callable[[float], Geometry]


def points(frame: float = 1.0, count: int = 4) -> Geometry:
    """A few points that move, with what points have: floats, whole numbers, texts, a detail."""
    places = np.zeros((count, 3), np.float32)
    places[:, 0], places[:, 1] = np.arange(count), frame
    names = np.arange(count, dtype=np.int32)[:, None] % 3 - 1
    held = [
        Attribute("P", "point", places, qualifier="point"),
        Attribute("v", "point", places * np.float32(2), qualifier="vector"),
        Attribute("Cd", "point", np.full((count, 3), 0.5, np.float16), qualifier="color"),
        Attribute("id", "point", np.arange(count, dtype=np.int64)[:, None]),
        Attribute("age", "point", np.linspace(0, 1, count, dtype=np.float64)[:, None]),
        Attribute("name", "point", names, ("left", "right")),
        Attribute("mass", "detail", np.array([[2.5]], np.float64)),
        Attribute("note", "detail", np.zeros((1, 1), np.int32), ("dust",)),
    ]
    return Geometry(count, held)


def triangle(frame: float = 1.0) -> Geometry:
    made = points(frame, 3)
    whole = np.array([0, 1, 2], np.int32)
    made.faces = Faces(whole, np.array([3], np.int32), np.array([True]))
    return made


def grid(
    frame: float = 1.0, kind: Any = "dense", size: tuple[int, int, int] = (4, 3, 2)
) -> Geometry:
    """One volume of x, y, z voxels, none of whose values or edges are alike."""
    x, y, z = size
    values = np.arange(x * y * z, dtype=np.float32).reshape(z, y, x) + np.float32(frame)
    place = np.eye(4)
    place[:3, :3] = np.diag([0.1, 0.1, 0.1])
    place[3, :3] = (1.0, 2.0, 3.0)
    name = "height" if kind == "heightfield" else "density"
    return Geometry(0, volumes=[Volume(name, values, place, kind=kind)])


class Scene:
    """An open scene with /obj/geo1, its host, and a folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = HoudiniHost()
        self.network = houdini_session.network("geo1")

    def sop(self, cooks: Callable[[float], Any] = points, name: str = "OUT", **more: Any) -> Any:
        node = self.network.createNode("null", name)
        houdini_session.cook(node, cooks, **more)
        return node

    def save(self) -> None:
        houdini_session.state.hip = f"{self.folder.as_posix()}/shot.hip"

    def keyed(self, node: Any) -> Source:
        told: list[tuple[Source, HostError | None]] = []
        self.host.keyed(self.host.source(node.path()), lambda *said: told.append(said))
        houdini_session.until(lambda: bool(told))
        assert told[0][1] is None, told[0][1]
        return told[0][0]

    def write(self, node: Any, frames: list[int], source: Source | None = None) -> list[Any]:
        """Cook frames to disk; returns how it ended, and what was told of each frame."""
        source = source or self.keyed(node)
        said: list[Any] = []
        ends: list[HostError | None] = []
        self.host.render(
            source, frames, self.pattern(source), lambda *at: said.append(at), ends.append
        )
        houdini_session.until(lambda: bool(ends))
        return [ends[0], *said]

    def pattern(self, source: Source) -> str:
        return f"{self.folder.as_posix()}/renders/OUT.####{source.suffix}"

    def files(self) -> list[str]:
        """What was written, by name."""
        return sorted(one.name for one in (self.folder / "renders").iterdir())

    def written(self, frame: int, suffix: str = ".safetensors") -> Geometry:
        return geometries.read(self.folder / "renders" / f"OUT.{frame:04d}{suffix}")

    def take(self, number: int = 1, **more: Any) -> dict[str, Any]:
        """A take with real files on disk, as the engine lists it."""
        label = f"v{number:03d}"
        folder = self.folder / "takes" / "OUT_point_normals" / label
        folder.mkdir(parents=True, exist_ok=True)
        for frame in (1, 2):
            geometries.write(folder / f"OUT_point_normals_{label}.{frame:04d}.bgeo", points(frame))
        made: dict[str, Any] = {
            "path": folder.as_posix(),
            "pattern": f"{folder.as_posix()}/OUT_point_normals_{label}.####.bgeo",
            "first": 1,
            "last": 2,
            "name": "OUT_point_normals",
            "take": label,
            "uuid": f"{number:032x}",
            "root": (self.folder / "takes").as_posix(),
            "stream": "OUT_point_normals",
            "task": "point_normals",
            "title": "Point normals",
            "model": "point_normals",
            "version": "1",
            "user": "ana",
            "created": "2026-11-28T14:32:00Z",
            "plate": f"{self.folder.as_posix()}/renders/OUT.####.safetensors",
            "node": "/obj/geo1/OUT",
            "state": "complete",
            "standing": "latest",
            "word": "Latest",
            "qc": "pass",
            "parameters": {"radius": 0.1},
        }
        return {**made, **more}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with houdini_session.running():
        yield Scene(tmp_path)


@pytest.fixture
def hython(tmp_path: Path) -> Iterator[Scene]:
    """The same without a UI."""
    with houdini_session.running(ui=False):
        yield Scene(tmp_path)
