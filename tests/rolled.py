"""A studio with a roll-out for tests: its folder, a user's home, and runs of the command line in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command import Said
from samples import AtOnce, plate

from answerprint import mirrored, outcome
from answerprint.line import LOCK, Line
from answerprint.mirrored import Comparison
from answerprint.outcome import Outcome

SECONDS = 120.0


@dataclass(frozen=True)
class Studio:
    """`tasks`: what its roll-out says of them, in TOML."""

    folder: Path
    address: str

    @property
    def rollout(self) -> Path:
        return self.folder / "rollout"

    @property
    def env(self) -> dict[str, str]:
        return {
            "ANSWERPRINT_HOME": str(self.folder / "home"),
            "ANSWERPRINT_SITE": str(self.folder / "site.toml"),
            "ANSWERPRINT_SERVER": self.address,
        }

    @property
    def line(self) -> Line:
        return Line.of(self.folder / "home")

    def rolls(self, task: str, **fields: Any) -> None:
        """Two versions of a task, the first of which is stable; `guard` is a table."""
        guard = fields.pop("guard", {})
        said = {"stable": "1", "candidate": "2", **fields}
        lines = ['schema = "answerprint.rollout/v1"', f"[tasks.{task}]"]
        lines += [f"{name} = {_toml(value)}" for name, value in said.items()]
        lines += [f"[tasks.{task}.guard]", *(f"{name} = {one}" for name, one in guard.items())]
        (self.rollout / "rollout.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def __call__(self, *words: str | Path) -> Said:
        return AtOnce(self.folder)(*words, env=self.env)

    def runs(self, task: str, frames: str = "1001-1002", *words: str | Path) -> Said:
        path = self.folder / "plate" / "bg.####.exr"
        return self("run", "--task", task, "--plate", path, "--frames", frames, *words)

    def outcomes(self, task: str, version: str) -> list[Outcome]:
        return outcome.outcomes(self.rollout, task, version)

    def mirrored(self, task: str, version: str, jobs: int = 1) -> list[Comparison]:
        """Those of so many jobs, once they are there and nobody works any more."""
        until(lambda: len(self._compared(task, version)) >= jobs)
        until(lambda: not self.line.waiting() and not (self.line.folder / LOCK).exists())
        return self._compared(task, version)

    def _compared(self, task: str, version: str) -> list[Comparison]:
        return [one for _, one in mirrored.every(self.rollout, task, version).found]


def studio(folder: Path, address: str, count: int = 3) -> Studio:
    """With a plate of so many small frames."""
    made = Studio(folder, address)
    for name in (outcome.FOLDER, mirrored.FOLDER):
        (made.rollout / name).mkdir(parents=True)
    (folder / "home").mkdir()
    (folder / "site.toml").write_text(f'rollout = "{made.rollout.as_posix()}"\n', encoding="utf-8")
    plate(folder / "plate", count)
    return made


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
