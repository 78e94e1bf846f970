"""Measured: what every gate says of a clip. Frames that another clip shares with it are not asked anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from answerprint import findings, sight
from answerprint.calibration.footage import FIRST, Footage, Shot
from answerprint.gate import Gate, Measure, Scope
from answerprint.sight import Sketch, Whole

Numbers = dict[str, float]


@dataclass
class Measured:
    """Of a clip, frame by frame and pair by pair (by the later of the two).

    worst    each gate's greatest number
    broken   gates that raised, with what
    """

    shots: list[Shot | None]
    frames: list[Numbers] = field(default_factory=list)
    sketches: list[Sketch | None] = field(default_factory=list)
    pairs: list[Numbers] = field(default_factory=list)
    whole: Numbers = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def worst(self) -> Numbers:
        found: Numbers = {}
        for one in (*self.frames, *self.pairs, self.whole):
            for name, number in one.items():
                found[name] = max(number, found.get(name, number))
        return found


def measured(gates: Mapping[str, Gate], clip: Footage, clean: Measured | None = None) -> Measured:
    """All of a clip. `clean`: another one of the same plate, to take what is the same from."""
    found = Measured(list(clip.shots))
    same = [
        clean is not None and shot is clean.shots[index] for index, shot in enumerate(clip.shots)
    ]
    for index, known in enumerate(same):
        if known and clean is not None:
            found.frames.append(clean.frames[index])
            found.sketches.append(clean.sketches[index])
            continue
        seen = clip.sight(index)
        found.frames.append({} if seen is None else _numbers(found, gates, "frame", seen))
        found.sketches.append(None if seen is None else sight.sketch(seen))
    for index in range(1, len(clip)):
        if same[index - 1] and same[index] and clean is not None:
            found.pairs.append(clean.pairs[index - 1])
            continue
        before, after = found.sketches[index - 1], found.sketches[index]
        held = before is not None and after is not None
        found.pairs.append(_numbers(found, gates, "pair", before, after) if held else {})
    wanted = tuple(str(FIRST + index) for index in range(len(clip)))
    there = tuple(key for key, shot in zip(wanted, clip.shots, strict=True) if shot is not None)
    found.whole = _numbers(found, gates, "take", Whole(wanted, there))
    return found


def _numbers(found: Measured, gates: Mapping[str, Gate], scope: Scope, *given: object) -> Numbers:
    said: Numbers = {}
    for name, gate in gates.items():
        if gate.scope != scope or gate.kind != "image":
            continue
        measure: Callable[..., Measure | None] = gate.measure
        try:
            one = measure(*given)
            if one is not None:
                said[name] = findings.number_of(one)
        except Exception as error:  # noqa: BLE001 - a gate that raises is told of, whatever it was
            found.broken[name] = f"{type(error).__name__}: {error}"
    return said
