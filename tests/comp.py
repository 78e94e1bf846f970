"""A comp for tests: the fake Nuke with an empty script, real EXR files, and takes of them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest

from answerprint_nuke.host import NukeHost

PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"


class Comp:
    """An open script, its host, and a folder beside it with two frames of a real plate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = NukeHost()
        self.plate = f"{folder.as_posix()}/plate/noisy.####.exr"
        (folder / "plate").mkdir()
        for frame in (1001, 1002):
            shutil.copy(PLATES / f"noisy.{frame}.exr", folder / "plate")

    def read(self, path: str | None = None, frames: str = "1001-1002", name: str = "Read1") -> Any:
        node = nuke.nodes.Read(name=name)
        node["file"].fromUserText(f"{path or self.plate} {frames}")
        return node

    def take(self, number: int = 1, **more: Any) -> dict[str, Any]:
        """A take with real frames on disk, as the engine lists it."""
        folder = self.folder / "takes" / "noisy_denoise" / f"v{number:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        for frame in (1001, 1002):
            shutil.copy(
                PLATES / f"clean.{frame}.exr", folder / f"noisy_denoise_v{number:03d}.{frame}.exr"
            )
        made: dict[str, Any] = {
            "path": folder.as_posix(),
            "pattern": f"{folder.as_posix()}/noisy_denoise_v{number:03d}.####.exr",
            "first": 1001,
            "last": 1002,
            "name": "noisy_denoise",
            "take": f"v{number:03d}",
            "uuid": f"{number:032x}",
            "root": (self.folder / "takes").as_posix(),
            "stream": "noisy_denoise",
            "task": "denoise",
            "title": "Denoise",
            "model": "denoise",
            "version": "3",
            "user": "ana",
            "created": "2026-11-28T14:32:00Z",
            "plate": self.plate,
            "node": "Read1",
            "colour": "linear",
            "data": False,
            "state": "complete",
            "qc": "pass",
            "review": None,
            "reason": "",
            "word": "Latest",
            "standing": "latest",
        }
        return made | more

    def names(self) -> list[str]:
        return sorted(str(node.fullName()) for node in nuke.root().nodes())


@contextlib.contextmanager
def opened(folder: Path, **how: Any) -> Iterator[Comp]:
    """A Nuke that has just started; at the end nothing was done that a real one does not bear."""
    nuke_session.reset(**how)
    yield Comp(folder)
    nuke_session.check()


@pytest.fixture
def comp(tmp_path: Path) -> Iterator[Comp]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Comp]:
    with opened(tmp_path, gui=False) as found:
        yield found
