"""The judge of a run: gates over frames as they come, in any order, and what they add up to.

Neighbours are held against each other as soon as both were seen. What is kept of a frame for that is
small, and is dropped once both of its neighbours were.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from answerprint import faultlog, findings, gates as gates_of, profile as profiles, shape, sight
from answerprint.contract import Contract
from answerprint.documents import canonical
from answerprint.findings import Spot
from answerprint.gate import Gate, Measure, Scope
from answerprint.profile import Profile
from answerprint.shape import Outline, Shape
from answerprint.sight import Sight, Sketch, Whole
from answerprint.site import Site
from answerprint.take import Item
from answerprint.verdict import (
    MOST_FINDINGS,
    Finding,
    JudgedFrame,
    Limit,
    Verdict,
    Word,
    worst,
)

Seen = Sight | Shape
Kept = Sketch | Outline
Layer = tuple[str, str]  # layer, view

MOST_TOLD = 50  # findings of one frame, in one event
# of every file, whatever it holds
ANY_KIND = ("layout", "provenance")


@dataclass(frozen=True)
class Rules:
    """A profile, and the gates that there are here.

    note   what to tell of the choice; '' where there is nothing
    """

    profile: Profile
    gates: Mapping[str, Gate]
    note: str = ""

    @classmethod
    def of(cls, contract: Contract, site: Site) -> Rules:
        """Those of a task.

        Raises:
            SetupError: its profile, or the studio's file over it, is wrong.
        """
        name, note = contract.qc_profile, ""
        if name not in profiles.names(site):
            note = (
                f"the task asks for the quality checks of '{name}', which are not there: only those "
                "of every take are made"
            )
            name = profiles.NONE
        return cls.named(name, site, note)

    @classmethod
    def named(cls, name: str, site: Site, note: str = "") -> Rules:
        """Raises SetupError: there is no such profile, or it is wrong."""
        found = gates_of.found()
        return cls(profiles.load(name, site, found), found, note)

    def chosen(self, scope: Scope, kind: str = "") -> list[Gate]:
        """The gates of a scope that are not off; '' for every kind."""
        return [
            gate
            for name, gate in self.gates.items()
            if gate.scope == scope and not self.profile.rule(name).off
            if not kind or gate.kind == kind or name in ANY_KIND
        ]

    @cached_property
    def mark(self) -> str:
        """A digest of all limits: what was judged under other ones is judged again."""
        lines = {name: one.model_dump(mode="json") for name, one in self.profile.gates.items()}
        said = [self.profile.name, self.profile.version, lines]
        return hashlib.sha256(canonical(said)).hexdigest()[:16]


@dataclass(frozen=True)
class Judged:
    """What the gates said of one frame, or what they add to it.

    later   what they add to frames after it, which were judged before this one was
    """

    key: str
    verdict: Word = "pass"
    measures: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    later: tuple[Judged, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As events have it."""
        return {
            "verdict": self.verdict,
            "measures": self.measures,
            "findings": [one.model_dump(mode="json") for one in self.findings[:MOST_TOLD]],
        }

    def with_more(self, other: Judged) -> Judged:
        """Both together: the greater number of each gate."""
        measures = dict(self.measures)
        for name, number in other.measures.items():
            measures[name] = max(number, measures.get(name, number))
        return Judged(
            self.key,
            worst((self.verdict, other.verdict)),
            measures,
            (*self.findings, *other.findings),
        )


class Judge:
    """Of one run, or one look at a sequence. Safe from several threads.

    window   frames of each variation that are kept for neighbours which have not come yet
    """

    def __init__(self, rules: Rules, window: int = 16) -> None:
        self.rules = rules
        self._window = window
        self._frames: dict[str, Judged] = {}
        self._kept: dict[Item, dict[Layer, Kept]] = {}  # in the order in which they came
        self._paired: set[Item] = set()  # the later ones of the pairs that were judged
        self._lock = threading.Lock()
        self._seconds = 0.0

    def frame(self, key: str, seen: Sequence[Seen]) -> Judged:
        """Judge one frame, all of whose layers are given, and the pairs that it completes.

        `key`: as in a manifest, 1001 or w001/1001.
        """
        begun = time.thread_time()
        item = Item.parse(key)
        own = self._gathered(item, (self._alone(item, one, len(seen) > 1) for one in seen))
        return self._done(item, own, self._pairs(item, seen), begun)

    def border(self, key: str, seen: Sequence[Seen]) -> Judged:
        """Only the pairs that a frame completes: it was judged by another process."""
        begun = time.thread_time()
        item = Item.parse(key)
        return self._done(item, Judged(key), self._pairs(item, seen), begun)

    def believe(self, judged: Judged, *, paired: bool) -> None:
        """What another process said of a frame; `paired`: with the one before it as well."""
        with self._lock:
            self._add(judged)
            if paired:
                self._paired.add(Item.parse(judged.key))

    def refuse(self, key: str, words: str, gate: str = "opens") -> Judged:
        """A frame that cannot be judged, since it cannot be read."""
        item = Item.parse(key)
        one = findings.said(gate, "fail", Spot(item.frame, item.variation), words)
        judged = Judged(key, "fail", {}, (one,))
        with self._lock:
            self._add(judged)
        return judged

    def has(self, key: str) -> bool:
        with self._lock:
            return key in self._frames

    def of(self, key: str) -> Judged | None:
        with self._lock:
            return self._frames.get(key)

    def pairs_missing(self, keys: Iterable[str]) -> list[tuple[str, str]]:
        """Neighbours among these frames that were never held against each other: (before, after)."""
        if not self.rules.chosen("pair"):
            return []
        items = {Item.parse(key) for key in keys}
        with self._lock:
            lacking = sorted(item for item in items - self._paired if _before(item) in items)
        return [(str(_before(item)), str(item)) for item in lacking]

    def verdict(self, whole: Whole) -> Verdict:
        """What all of it adds up to. A frame that is there and was never judged is no pass."""
        with self._lock:
            frames = {key: self._frames.get(key) or _never(key) for key in whole.there}
            seconds = self._seconds
        found = [one for judged in frames.values() for one in judged.findings]
        numbers: dict[str, float] = {}
        for gate in self.rules.chosen("take"):
            number, finding = self._measured(gate, Spot(), whole)
            found += [finding] if finding else []
            numbers |= {} if number is None else {gate.name: number}
        found = findings.by_weight(found)
        return Verdict(
            schema="answerprint.qc/v1",
            verdict=worst(one.verdict for one in found),
            profile=self.rules.profile.told,
            gates=self._limits(frames, numbers, found),
            frames={
                key: JudgedFrame(verdict=one.verdict, measures=one.measures)
                for key, one in frames.items()
            },
            findings=tuple(found[:MOST_FINDINGS]),
            more=max(0, len(found) - MOST_FINDINGS),
            seconds=round(seconds, 3),
        )

    def _done(
        self, item: Item, own: Judged, pairs: list[tuple[Item, Judged]], begun: float
    ) -> Judged:
        """Keep what was found; returns the frame's own, with what it adds to the one after it."""
        mine, later = own, []
        for after, judged in pairs:
            if after == item:
                mine = mine.with_more(judged)
            else:
                later.append(judged)
        with self._lock:
            for judged in (mine, *later):
                self._add(judged)
            self._seconds += time.thread_time() - begun
        return Judged(mine.key, mine.verdict, mine.measures, mine.findings, tuple(later))

    def _add(self, judged: Judged) -> None:
        before = self._frames.get(judged.key)
        self._frames[judged.key] = before.with_more(judged) if before else judged

    def _alone(self, item: Item, seen: Seen, named: bool) -> list[_Said]:
        """What every gate says of one layer."""
        spot = _spot(item, seen, named=named)
        return [
            (gate.name, *self._measured(gate, spot, seen))
            for gate in self.rules.chosen("frame", _kind(seen))
        ]

    def _pairs(self, item: Item, seen: Sequence[Seen]) -> list[tuple[Item, Judged]]:
        """Hold it against the neighbours that came already; each with the later one of the two."""
        wanted = {_kind(one) for one in seen if self.rules.chosen("pair", _kind(one))}
        if not wanted:
            return []
        spots = {(one.layer, one.view): _spot(item, one, named=len(seen) > 1) for one in seen}
        try:
            mine = {(one.layer, one.view): _sketch(one) for one in seen}
        except Exception as error:  # noqa: BLE001 - as of a gate: whatever it is, it is no pass
            faultlog.note(f"{item}: what is kept for the neighbours", error)
            return [(item, _broken(str(item), "neighbours", error, _spot(item, None)))]
        kinds = {(one.layer, one.view): _kind(one) for one in seen}
        found = []
        for early, late, before, after in self._meet(item, mine):
            said = (
                self._together(late, layer, kinds[layer], (before[layer], after[layer]), spots)
                for layer in mine
                if layer in before and layer in after
            )
            found.append((late, self._gathered(late, said)))
            del early
        return found

    def _meet(
        self, item: Item, mine: dict[Layer, Kept]
    ) -> list[tuple[Item, Item, dict[Layer, Kept], dict[Layer, Kept]]]:
        """Keep what is its own; the pairs that are whole now."""
        after = Item(item.frame + 1, item.variation)
        with self._lock:
            self._kept[item] = mine
            found = []
            for early, late in ((_before(item), item), (item, after)):
                if early in self._kept and late in self._kept and late not in self._paired:
                    self._paired.add(late)
                    found.append((early, late, self._kept[early], self._kept[late]))
            for one in (_before(item), item, after):
                if one in self._paired and Item(one.frame + 1, one.variation) in self._paired:
                    self._kept.pop(one, None)
            self._let_go(item.variation)
        return found

    def _let_go(self, variation: str) -> None:
        """The oldest of a variation, where more are kept than the window has room for."""
        held = [one for one in self._kept if one.variation == variation]
        for one in held[: max(0, len(held) - self._window)]:
            del self._kept[one]

    def _together(
        self,
        late: Item,
        layer: Layer,
        kind: str,
        pair: tuple[Kept, Kept],
        spots: Mapping[Layer, Spot],
    ) -> list[_Said]:
        spot = spots[layer]
        here = Spot(late.frame, late.variation, spot.layer, spot.view, spot.window)
        return [
            (gate.name, *self._measured(gate, here, *pair))
            for gate in self.rules.chosen("pair", kind)
        ]

    def _gathered(self, item: Item, said: Iterable[list[_Said]]) -> Judged:
        """All layers together: the worst number of each gate, and every finding."""
        measures: dict[str, float] = {}
        found: list[Finding] = []
        for name, number, finding in (one for each in said for one in each):
            if number is not None:
                measures[name] = max(number, measures.get(name, number))
            if finding is not None:
                found.append(finding)
        return Judged(str(item), worst(one.verdict for one in found), measures, tuple(found))

    def _measured(self, gate: Gate, spot: Spot, *given: Any) -> tuple[float | None, Finding | None]:
        """A gate's number and what comes of it. One that raises has judged nothing."""
        measure: Callable[..., Measure | None] = gate.measure
        try:
            found = measure(*given)
            if found is None:
                return None, None
            if found.frame is not None and spot.frame is not None:
                spot = Spot(found.frame, spot.variation, spot.layer, spot.view, spot.window)
            number = findings.number_of(found)
            rule = self.rules.profile.rule(gate.name)
            return number, findings.over(gate, rule, found, spot)
        except Exception as error:  # noqa: BLE001 - a studio's gate may raise anything
            faultlog.note(f"gate {gate.name}, {spot or 'the take'}", error)
            return None, findings.raised(gate.name, error, spot)

    def _limits(
        self, frames: Mapping[str, Judged], numbers: Mapping[str, float], found: Sequence[Finding]
    ) -> dict[str, Limit]:
        """Of every gate that is not off, how it went."""
        words: dict[str, list[Word]] = {}
        for one in found:
            words.setdefault(one.gate, []).append(one.verdict)
        limits = {}
        for name, gate in self.rules.gates.items():
            rule = self.rules.profile.rule(name)
            if rule.off:
                continue
            measured = [
                (one.measures[name], key) for key, one in frames.items() if name in one.measures
            ]
            highest, at = max(measured, key=lambda pair: pair[0], default=(numbers.get(name), ""))
            limits[name] = Limit(
                title=gate.title,
                unit=gate.unit,
                level=rule.level if rule.limit is not None else gate.level,
                limit=rule.limit,
                verdict=worst(words.get(name, ())),
                worst=highest,
                at=at,
            )
        return limits


_Said = tuple[str, float | None, Finding | None]


def _kind(seen: Seen) -> str:
    if isinstance(seen, Sight):
        return "image"
    return "geometry" if seen.kind == "points" else "volume"


def _sketch(seen: Seen) -> Kept:
    return sight.sketch(seen) if isinstance(seen, Sight) else shape.outline(seen)


def _spot(item: Item, seen: Seen | None, *, named: bool = False) -> Spot:
    """`named`: whether the layer has to be said, since there are several."""
    if seen is None:
        return Spot(item.frame, item.variation)
    window = seen.window if isinstance(seen, Sight) else None
    layer, view = (seen.layer, seen.view) if named else ("", "")
    return Spot(item.frame, item.variation, layer, view, window)


def _before(item: Item) -> Item:
    return Item(item.frame - 1, item.variation)


def _broken(key: str, gate: str, error: Exception, spot: Spot) -> Judged:
    return Judged(key, "unknown", {}, (findings.raised(gate, error, spot),))


def _never(key: str) -> Judged:
    item = Item.parse(key)
    spot = Spot(item.frame, item.variation)
    one = findings.said("opens", "unknown", spot, "was not judged")
    return Judged(key, "unknown", {}, (one,))
