"""Stand-in: returns its input after a set delay, in which it holds the only GPU of the machine."""  # noqa: INP001

import fcntl
import pathlib
import time
from typing import Any

import answerprint_model

GPU = pathlib.Path(__file__)


class TritonPythonModel(answerprint_model.ImageModel):
    """However many instances there are, it makes 1000 / delay frames a second: they share a GPU."""

    halves = True

    def run(
        self, images: dict[str, Any], settings: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Hold the GPU for the delay; copies and waiting happen outside, as with a real one."""
        with GPU.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # let go when the file is closed
            time.sleep(settings["delay"] / 1000)
        return images, {"device": "none", "library": "none"}
