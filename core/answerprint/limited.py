"""What limited a run: which stage was at work all the time, and what would be faster."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from answerprint import exr, medium
from answerprint.errors import SourceError, TakeError

FULL = 0.8  # a stage at work for this part of its time is what the others wait for
LEAST_FRAMES = 8  # fewer say more about the beginning and the end than about the stages


@dataclass
class Stages:
    """Seconds of each stage, summed over frames: read, infer, write, and `model` as it says itself.

    Safe from several threads.
    """

    frames: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    begun: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: Mapping[str, float]) -> None:
        with self._lock:
            self.frames += 1
            for stage, took in seconds.items():
                self.seconds[stage] += took

    def limit(
        self, instances: int, *, readers: int, writers: int, sample: Path, trial: Path
    ) -> dict[str, Any]:
        """What to say at the end; empty for a run too short to tell.

        instances   of the model; readers and writers: so many frames in each stage at once
        sample      a file of the take
        trial       where it may be written uncompressed for a moment, to know what that takes
        """
        wall = time.perf_counter() - self.begun
        if self.frames < LEAST_FRAMES or wall <= 0:
            return {}
        model = self.seconds["model"] / (wall * instances)
        cpu = (time.process_time() - self.cpu) / (wall * (os.cpu_count() or 1))
        found: dict[str, Any] = {
            "frames_per_second": round(self.frames / wall, 2),
            "model_busy": round(model, 2),
            "client_cpu_busy": round(cpu, 2),
        }
        if model >= FULL:
            return {**found, "by": "the model"}
        stage = max(("read", "write"), key=lambda one: self.seconds[one])
        workers = {"read": readers, "write": writers}
        if max(cpu, self.seconds[stage] / (wall * workers[stage])) < FULL:
            return {**found, "by": "the server"}
        codec = medium.of(sample).codec
        if stage == "read" or medium.of(sample) is medium.GEOMETRY:
            return {**found, "by": f"{codec} {stage}"}
        return {**found, **self._writing(sample, trial, self.frames / wall, model)}

    def _writing(self, sample: Path, trial: Path, rate: float, model: float) -> dict[str, Any]:
        """The codec, and what no compression would give: measured with one frame."""
        try:
            frame = exr.read(sample)
            codec = frame.parts[0].compression.lower()
            exr.compress(frame, "none")
            start = time.perf_counter()
            exr.write(trial, frame)
            plain = time.perf_counter() - start
        except (SourceError, TakeError):  # a disk that is full has been said by the frames
            return {"by": "EXR write"}
        finally:
            with suppress(OSError):
                trial.unlink(missing_ok=True)
        if codec == "no":
            return {"by": "EXR write, uncompressed"}
        read, written = (self.seconds[stage] / self.frames for stage in ("read", "write"))
        possible = rate * (read + written) / (read + min(plain, written))
        if model > 0:
            possible = min(possible, rate / model)
        return {
            "by": f"EXR write, {codec}",
            "instead": f"none would give about {possible:.1f} frames/s",
        }
