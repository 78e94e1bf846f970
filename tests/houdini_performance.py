"""How long two million points take from Houdini to the engine, and for how long they hold Houdini up.

    python tests/houdini_performance.py

cooks P, v, Cd and id in the stand-in, whose bytes are copied as Houdini copies them, and hands them
over as the panel does; the best of five. What is measured: from the start until the engine has read
the file, and the longest turn of Houdini's event loop in between (its window stands still that long).
Nothing else should run on the machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
for one in ("tests", "tests/fakes", "tests/fakes/houdini", "houdini/scripts/python"):
    sys.path.insert(0, str(PROJECT / one))

import houdini_session  # noqa: E402 - the path comes first
import numpy as np  # noqa: E402 - the path comes first
from scene import Scene  # noqa: E402 - the path comes first

from answerprint import geometries  # noqa: E402 - the path comes first
from answerprint.geometry import Attribute, Geometry  # noqa: E402 - the path comes first
from answerprint_panel.host import HostError  # noqa: E402 - the path comes first

POINTS = 2_000_000
TRIES = 5


def main() -> int:
    random = np.random.default_rng(1)
    names = [("P", "point"), ("v", "vector"), ("Cd", "color")]
    made = Geometry(
        POINTS,
        [
            Attribute(name, "point", random.random((POINTS, 3), np.float32), qualifier=kind)
            for name, kind in names
        ],
    )
    made.put(Attribute("id", "point", np.arange(POINTS, dtype=np.int32)[:, None]))
    held = houdini_session.geometry(made)
    tries = [_once(held) for _ in range(TRIES)]
    count = sum(one.values.nbytes for one in made.attributes)
    best, turn = (min(one[index] for one in tries) for index in (0, 1))
    print(f"{POINTS:,} points, {count / 1e6:.0f} MB: P, v, Cd, id; the best of {TRIES}")
    print(f"from Houdini until the engine has them  {best:.2f} s, {count / 1e6 / best:,.0f} MB/s")
    print(f"longest turn of Houdini's event loop    {1000 * turn:.0f} ms")
    return 0


def _once(held: object) -> tuple[float, float]:
    """Seconds in all, and of the longest turn."""
    houdini_session.reset()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        source = scene.keyed(scene.sop(lambda _: held))
        ends: list[HostError | None] = []
        longest = 0.0
        began = time.perf_counter()
        scene.host.render(source, [1], scene.pattern(source), lambda *_: None, ends.append)
        while not ends:
            turned = time.perf_counter()
            houdini_session.turn()
            longest = max(longest, time.perf_counter() - turned)
            time.sleep(0.001)
        assert ends == [None], ends
        assert geometries.read(Path(folder) / "renders" / "OUT.0001.safetensors").count == POINTS
        return time.perf_counter() - began, longest


if __name__ == "__main__":
    sys.exit(main())
