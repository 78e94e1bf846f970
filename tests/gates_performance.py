"""What the gates of pictures cost: milliseconds of processor time for a 1080p RGB frame.

    python tests/gates_performance.py [WIDTH HEIGHT]

of the gates that the denoise profile holds, together and one by one, for a frame of halves and one
of floats, the plate with grain and the take without. Best of several; each gate's own number is
without what it shares with others, which stands beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from answerprint import gates, profile, sights
from answerprint.gate import Gate
from answerprint.picture import Window
from answerprint.sight import Sight, Sketch, sketch
from answerprint.site import Site

BUDGET_MS = 60
ROUNDS = 7
SHARED = "held", "near", "far", "near_stops", "far_stops", "drift"


def main(words: list[str]) -> None:
    width, height = (int(word) for word in words) if words else (1920, 1080)
    rule = profile.load("denoise", Site()).rule
    held = [gate for gate in gates.found().values() if not rule(gate.name).off]
    for kind in (np.float16, np.float32):
        frames = _frames(width, height, kind)
        total = min(_all(frames, held) for _ in range(ROUNDS))
        print(f"{np.dtype(kind).name}, {width}x{height}: {total:.1f} ms of {BUDGET_MS}")
        for name, cost in _each(frames, held).items():
            print(f"    {name:12} {cost:6.2f}")


def _frames(width: int, height: int, kind: type) -> tuple[Sight, Sight]:
    """Two neighbours: waves that move, grain on the plate, tiles of 512."""
    return _sight(1001, width, height, kind), _sight(1002, width, height, kind)


def _sight(number: int, width: int, height: int, kind: type) -> Sight:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = 0.4 + 0.3 * np.sin((columns + 4 * number) / 37) * np.cos(rows / 23)
    clean = waves[..., None] * np.array([1, 0.8, 0.5], np.float32)
    grain = np.random.default_rng(number).standard_normal(clean.shape, np.float32)
    window = Window(0, 0, width - 1, height - 1)
    made, plate = (
        sights.stacked([*one.astype(kind).transpose(2, 0, 1)])
        for one in (clean, clean + 0.03 * grain)
    )
    return Sight(number, "rgba", made, plate, window, window, tile=(512, 16))


def _again(sight: Sight) -> Sight:
    """Nothing of it worked out yet."""
    one = Sight(
        sight.number, sight.layer, sight.made, sight.plate, sight.window, sight.plate_window
    )
    one.tile = sight.tile
    return one


def _all(frames: tuple[Sight, Sight], held: list[Gate]) -> float:
    """One frame with its pair: the neighbour's sketch is there already."""
    before, sight = sketch(_again(frames[0])), _again(frames[1])
    start = time.process_time()
    after = sketch(sight)
    for gate in held:
        _measure(gate, sight, before, after)
    return (time.process_time() - start) * 1000


def _each(frames: tuple[Sight, Sight], held: list[Gate]) -> dict[str, float]:
    costs: dict[str, float] = {}
    for _ in range(ROUNDS):
        sight = _again(frames[1])
        took = {f"({name})": _cost(partial(getattr, sight, name)) for name in SHARED}
        before, after = sketch(_again(frames[0])), sketch(sight)
        for gate in held:
            took[gate.name] = _cost(partial(_measure, gate, sight, before, after))
        costs = {name: min(cost, costs.get(name, cost)) for name, cost in took.items()}
    return costs


def _measure(gate: Gate, sight: Sight, before: Sketch, after: Sketch) -> None:
    if gate.kind == "image" and gate.scope == "frame":
        gate.measure(sight)
    elif gate.kind == "image" and gate.scope == "pair":
        gate.measure(before, after)


def _cost(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    main(sys.argv[1:])
