"""What mirroring costs the artist: several runs in a row, with none and with all of them mirrored.

  python tests/mirror_performance.py [RUNS] [FRAMES]

A server with two versions of passthrough; plates of noise, 960x540. Both kinds of runs take turns, so
that whatever else the machine does meets them alike; what is said is the ratio of their medians.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from rolled import Studio, studio
from samples import add_version, noise, own_models, own_server, save

from answerprint.line import LOCK

WIDTH, HEIGHT = 960, 540


def run(there: Studio, mirror: float, frames: int) -> float:
    """Seconds of one run as an artist has it, each frame made anew."""
    there.rolls("passthrough", mirror=mirror, guard={"jobs": 1000})
    begun = time.perf_counter()
    said = there.runs("passthrough", f"1001-{1000 + frames}", "--fresh", "--json")
    assert said.code == 0, said
    return time.perf_counter() - begun


def main() -> None:
    runs, frames = (int(word) for word in [*sys.argv[1:], "6", "12"][:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = own_models(folder / "models", ["passthrough"])
        add_version(models, "passthrough", "2")
        with own_server(folder / "server", models) as state:
            there = studio(folder / "studio", state.address, count=1)
            for number in range(1001, 1001 + frames):
                pixels = noise(number, width=WIDTH, height=HEIGHT)
                save(there.folder / "plate" / f"bg.{number}.exr", pixels)
            run(there, 0, frames)  # the first warms all up
            took = {0.0: list[float](), 100.0: list[float]()}
            for _ in range(runs):
                for mirror, seconds in took.items():
                    seconds.append(run(there, mirror, frames))
            waiting = len(there.line.waiting())
            print(f"{waiting} of {runs} jobs still waited to be mirrored after the last run")
            while there.line.waiting() or (there.line.folder / LOCK).exists():
                time.sleep(0.1)
        without, with_all = (statistics.median(took[share]) for share in (0.0, 100.0))
        print(f"{frames} frames {WIDTH}x{HEIGHT}, median of {runs} runs")
        print(f"  mirror   0 %: {without:.2f} s")
        print(f"  mirror 100 %: {with_all:.2f} s, {100 * (with_all / without - 1):+.1f} %")
        print(f"  {len(there._compared('passthrough', '2'))} compared")  # noqa: SLF001 - as a test does


if __name__ == "__main__":
    main()
