"""The judge of a run: gates over frames as they come, in any order, and what they add up to.

Neighbours are held against each other as soon as both were seen. What is kept of a frame for that is
small, and is dropped once both of its neighbours were.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from answerprint import faultlog, findings, shape, sight
from answerprint.findings import Spot
from answerprint.gate import Gate
from answerprint.judged import Judged
from answerprint.neighbours import Kept, Neighbours, Pair
from answerprint.rules import Rules
from answerprint.shape import Shape
from answerprint.sight import Sight, Whole
from answerprint.take import Item
from answerprint.verdict import MOST_FINDINGS, Finding, JudgedFrame, Limit, Verdict, Word, worst

__all__ = ["Judge", "Judged", "Rules", "Seen"]

Seen = Sight | Shape


class _Said(NamedTuple):
    """What one gate said: its number and what came of it; either may be missing."""

    gate: str
    number: float | None
    finding: Finding | None


class Judge:
    """Of one run, or one look at a sequence. Safe from several threads.

    window   frames of each variation that are kept for neighbours which have not come yet
    """

    def __init__(self, rules: Rules, window: int = 16) -> None:
        self.rules = rules
        self._neighbours = Neighbours(window)
        self._frames: dict[str, Judged] = {}
        self._take: list[Finding] = []
        self._lock = threading.Lock()
        self._seconds = 0.0

    def frame(self, key: str, seen: Sequence[Seen]) -> Judged:
        """Judge one frame, all of whose layers are given, and the pairs that it completes.

        `key`: as in a manifest, 1001 or w001/1001.
        """
        begun = time.thread_time()
        item = Item.parse(key)
        own = [said for one in seen for said in self._alone(item, one, named=len(seen) > 1)]
        return self._done(_judged(key, own, seen[0].pixels), self._pairs(item, seen), begun)

    def border(self, key: str, seen: Sequence[Seen]) -> Judged:
        """Only the pairs that a frame completes: the rest was judged before."""
        begun = time.thread_time()
        mine = Judged(key, pixels=seen[0].pixels)
        return self._done(mine, self._pairs(Item.parse(key), seen), begun)

    def believe(self, judged: Judged) -> None:
        """What another process said of a frame, with the one before it where it names that."""
        with self._lock:
            self._add(judged)
        if judged.before:
            self._neighbours.believe(Item.parse(judged.key))

    def note(self, gate: str, verdict: Word, words: str, key: str = "") -> Judged:
        """What is to be said of a frame, or of the take, that no gate has measured."""
        item = Item.parse(key) if key else None
        spot = Spot(item.frame, item.variation) if item else Spot()
        judged = Judged(key, verdict, {}, (findings.said(gate, verdict, spot, words),))
        with self._lock:
            if item:
                self._add(judged)
            else:
                self._take += judged.findings
        return judged

    def raised(self, key: str, error: Exception, *, gate: str = "opens") -> Judged:
        """A frame that could not even be shown to the gates."""
        faultlog.note(f"{key}: {gate}", error)
        item = Item.parse(key)
        one = findings.raised(gate, error, Spot(item.frame, item.variation))
        judged = Judged(key, "unknown", {}, (one,))
        with self._lock:
            self._add(judged)
        return judged

    def has(self, key: str) -> bool:
        with self._lock:
            return key in self._frames

    def holds(self, key: str) -> bool:
        """Whether a frame is still kept for its neighbours."""
        return self._neighbours.holds(Item.parse(key))

    def pairs_missing(self, keys: Iterable[str]) -> list[tuple[str, str]]:
        """Neighbours among these frames that were never held against each other: (before, after)."""
        if not self.rules.chosen("pair"):
            return []
        items = {Item.parse(key) for key in keys}
        return [(str(early), str(late)) for early, late in self._neighbours.missing(items)]

    def verdict(self, whole: Whole) -> Verdict:
        """What all of it adds up to. A frame that is there and was never judged is no pass."""
        with self._lock:
            frames = {
                key: self._frames.get(key) or _never(key)
                for key in whole.wanted
                if key in self._frames or key in whole.there
            }  # one that is beyond what was wanted is named by the take's own gate
            found = [*self._take, *(one for each in frames.values() for one in each.findings)]
        said = [self._measured(gate, Spot(), whole) for gate in self.rules.chosen("take")]
        found = findings.by_weight([*found, *(one.finding for one in said if one.finding)])
        return Verdict(
            schema="answerprint.qc/v1",
            verdict=worst(one.verdict for one in found),
            profile=self.rules.profile.told,
            gates=self._limits(frames, said, found),
            frames={
                key: JudgedFrame(verdict=one.verdict, measures=one.measures)
                for key, one in frames.items()
            },
            findings=tuple(found[:MOST_FINDINGS]),
            more=max(0, len(found) - MOST_FINDINGS),
            seconds=round(self._seconds, 3),
        )

    def _done(self, mine: Judged, pairs: list[Judged], begun: float) -> Judged:
        """Keep what was found; returns the frame's own, with what it adds to the one after it."""
        later = [one for one in pairs if one.key != mine.key]
        for one in pairs:
            mine = mine.with_more(one) if one.key == mine.key else mine
        with self._lock:
            for judged in (mine, *later):
                self._add(judged)
            self._seconds += time.thread_time() - begun
        return mine.followed_by(later)

    def _add(self, judged: Judged) -> None:
        before = self._frames.get(judged.key)
        self._frames[judged.key] = before.with_more(judged) if before else judged

    def _alone(self, item: Item, seen: Seen, *, named: bool) -> list[_Said]:
        """What every gate says of one layer."""
        spot = _spot(item, seen, named=named)
        gates = self.rules.chosen("frame", _kind(seen))
        return [self._measured(gate, spot, seen) for gate in gates]

    def _pairs(self, item: Item, seen: Sequence[Seen]) -> list[Judged]:
        """Hold a frame against the neighbours that came already; each of the later one of two."""
        if not any(self.rules.chosen("pair", _kind(one)) for one in seen):
            return []
        try:
            mine: Kept = {(one.layer, one.view): _sketch(one) for one in seen}
        except Exception as error:  # noqa: BLE001 - as of a gate: whatever it is, it is no pass
            return [self.raised(str(item), error, gate="neighbours")]
        return [self._together(pair, seen) for pair in self._neighbours.meet(item, mine)]

    def _together(self, pair: Pair, seen: Sequence[Seen]) -> Judged:
        said: list[_Said] = []
        for one in seen:
            layer = (one.layer, one.view)
            if layer in pair.before and layer in pair.after:
                both = (pair.before[layer], pair.after[layer])
                spot = _spot(pair.late, one, named=len(seen) > 1)
                gates = self.rules.chosen("pair", _kind(one))
                said += [self._measured(gate, spot, *both) for gate in gates]
        before, after = (next(iter(kept.values())) for kept in (pair.before, pair.after))
        return _judged(str(pair.late), said, after.pixels, before.pixels)

    def _measured(self, gate: Gate, spot: Spot, *given: Any) -> _Said:
        """A gate's number and what comes of it. One that raises has judged nothing."""
        try:
            found = gate.measure(*given)
            if found is None:
                return _Said(gate.name, None, None)
            if found.frame is not None and spot.frame is not None:
                spot = spot.of(found.frame)
            rule = self.rules.profile.rule(gate.name)
            finding = findings.over(gate, rule, found, spot)
            return _Said(gate.name, findings.number_of(found), finding)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a studio's gate may raise anything
            faultlog.note(f"gate {gate.name}, {str(spot) or 'the take'}", error)
            return _Said(gate.name, None, findings.raised(gate.name, error, spot))

    def _limits(
        self, frames: Mapping[str, Judged], said: Sequence[_Said], found: Sequence[Finding]
    ) -> dict[str, Limit]:
        """Of every gate that is not off, how it went."""
        words: dict[str, list[Word]] = {}
        for one in found:
            words.setdefault(one.gate, []).append(one.verdict)
        highest: dict[str, tuple[float, str]] = {
            one.gate: (one.number, "") for one in said if one.number is not None
        }
        for key, judged in frames.items():
            for name, number in judged.measures.items():
                if name not in highest or number > highest[name][0]:
                    highest[name] = (number, key)
        limits = {}
        for name, gate in self.rules.gates.items():
            rule = self.rules.profile.rule(name)
            if not rule.off:
                worst_number, at = highest.get(name, (None, ""))
                limits[name] = Limit(
                    title=gate.title,
                    unit=gate.unit,
                    level=gate.level if rule.limit is None else rule.level,
                    limit=rule.limit,
                    verdict=worst(words.get(name, ())),
                    worst=worst_number,
                    at=at,
                )
        return limits | {
            name: Limit(title=name, level="block", limit=None, verdict=worst(words[name]))
            for name in words.keys() - limits.keys()
        }


def _judged(key: str, said: Iterable[_Said], pixels: str, before: str = "") -> Judged:
    """All layers together: the worst number of each gate, and every finding."""
    measures: dict[str, float] = {}
    found: list[Finding] = []
    for one in said:
        if one.number is not None:
            measures[one.gate] = max(one.number, measures.get(one.gate, one.number))
        if one.finding is not None:
            found.append(one.finding)
    verdict = worst(one.verdict for one in found)
    return Judged(key, verdict, measures, tuple(found), pixels, before)


def _kind(seen: Seen) -> str:
    if isinstance(seen, Sight):
        return "image"
    return "geometry" if seen.kind == "points" else "volume"


def _sketch(seen: Seen) -> Any:
    return sight.sketch(seen) if isinstance(seen, Sight) else shape.outline(seen)


def _spot(item: Item, seen: Seen, *, named: bool) -> Spot:
    """`named`: whether the layer has to be said, since there are several."""
    window = seen.window if isinstance(seen, Sight) else None
    layer, view = (seen.layer, seen.view) if named else ("", "")
    return Spot(item.frame, item.variation, layer, view, window)


def _never(key: str) -> Judged:
    item = Item.parse(key)
    one = findings.said("opens", "unknown", Spot(item.frame, item.variation), "was not judged")
    return Judged(key, "unknown", {}, (one,))
