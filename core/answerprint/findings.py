"""Findings: what a gate's number comes to under its rule, and how that is said to an artist."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from answerprint.documents import MOST_INT
from answerprint.gate import Gate, Measure
from answerprint.picture import Window
from answerprint.profile import Rule
from answerprint.verdict import ORDER, Finding, Word

MOST_NUMBER = 1e30  # stands for an infinite one, which JSON cannot hold
MOST_WORDS = 400
WIDE = 0.7  # of the frame, in both directions: a box like that has no place

_PLACES = {
    ("upper", "left"): "in the upper left",
    ("upper", ""): "at the top",
    ("upper", "right"): "in the upper right",
    ("", "left"): "on the left",
    ("", ""): "in the middle",
    ("", "right"): "on the right",
    ("lower", "left"): "in the lower left",
    ("lower", ""): "at the bottom",
    ("lower", "right"): "in the lower right",
}


@dataclass(frozen=True)
class Spot:
    """Where something was found: a frame of a variation, a layer and a view where there are several.

    window   of the frame; None of geometry
    """

    frame: int | None = None
    variation: str = ""
    layer: str = ""
    view: str = ""
    window: Window | None = None

    def of(self, frame: int) -> Spot:
        """The same place in another frame.

        Raises:
            ValueError: it is no frame's number.
        """
        return replace(self, frame=_whole(frame))

    def __str__(self) -> str:
        frame = "" if self.frame is None else str(self.frame)
        item = " ".join(filter(None, (self.variation, frame)))
        return ", ".join(filter(None, (item, self.view, self.layer)))


def number_of(measure: Measure) -> float:
    """Its number as JSON can hold it, to six digits.

    Raises:
        ValueError: it is none.
    """
    number = float(measure.number)
    if math.isnan(number):
        raise ValueError("the number is NaN")
    return float(f"{min(max(number, -MOST_NUMBER), MOST_NUMBER):.6g}")


def word(number: float, rule: Rule) -> Word:
    if rule.block is not None and number > rule.block:
        return "fail"
    return "warn" if rule.warn is not None and number > rule.warn else "pass"


def over(gate: Gate, rule: Rule, measure: Measure, spot: Spot) -> Finding | None:
    """What is said of a number; None where it is within its limit.

    Raises:
        ValueError, TypeError, AttributeError: it is no measure: a studio's gate may give anything.
    """
    number = number_of(measure)
    verdict = word(number, rule)
    if verdict == "pass":
        return None
    limit = rule.block if verdict == "fail" else rule.warn
    where = place(measure.box, spot.window)
    said = " ".join(filter(None, (gate.words(number), where)))
    said = f"{said}, {measure.note}" if measure.note else said
    # of what must not be at all the limit says nothing
    held = f"; limit {limit:g}" if limit else ""
    return _finding(gate.name, verdict, spot, f"{said}{held}").model_copy(
        update={
            "box": measure.box and (*map(_whole, measure.box.as_list()),),
            "place": where,
            "number": number,
            "limit": limit,
            "unit": gate.unit,
        }
    )


def raised(gate: str, error: BaseException, spot: Spot) -> Finding:
    """Of a gate that could not do its work: never a pass."""
    line = str(error).strip().partition("\n")[0]
    why = f"{type(error).__name__}: {line}" if line else type(error).__name__
    return _finding(gate, "unknown", spot, f"could not judge: {gate} raised {why}")


def said(gate: str, verdict: Word, spot: Spot, words: str) -> Finding:
    """One in words alone."""
    return _finding(gate, verdict, spot, words)


def by_weight(found: Iterable[Finding]) -> list[Finding]:
    """The worst first: by verdict, then by how far beyond the limit, then by frame."""
    return sorted(found, key=_weight)


def place(box: Window | None, frame: Window | None) -> str:
    """A box in words: in the upper left. '' where it is all of the frame, or there is none."""
    if box is None or frame is None:
        return ""
    if box.width > WIDE * frame.width and box.height > WIDE * frame.height:
        return ""
    across = _third((box.left + box.right + 1) / 2 - frame.left, frame.width)
    down = _third((box.top + box.bottom + 1) / 2 - frame.top, frame.height)
    across = 0 if box.width > WIDE * frame.width else across
    down = 0 if box.height > WIDE * frame.height else down
    return _PLACES[("upper", "", "lower")[down + 1], ("left", "", "right")[across + 1]]


def _whole(number: int) -> int:
    """A whole number as JSON can hold it, of whatever kind it came."""
    if number != int(number) or abs(number) > MOST_INT:
        raise ValueError(f"{number} is no whole number")
    return int(number)


def _third(at: float, length: int) -> int:
    """-1, 0 or 1: in the first, the middle or the last third."""
    return min(max(math.floor(3 * at / length), 0), 2) - 1


def _finding(gate: str, verdict: Word, spot: Spot, words: str) -> Finding:
    full = f"{spot}: {words}" if str(spot) else words
    # half of a character, as names of files may have: JSON cannot hold it
    full = full.encode("utf-8", "replace").decode("utf-8")
    return Finding(
        gate=gate,
        verdict=verdict,
        frame=spot.frame,
        variation=spot.variation,
        layer=spot.layer,
        view=spot.view,
        words=full if len(full) <= MOST_WORDS else f"{full[:MOST_WORDS]}...",
    )


def _weight(one: Finding) -> tuple[int, float, int, str]:
    beyond = math.inf
    if one.number is not None and one.limit:
        beyond = one.number / one.limit
    frame = -(1 << 60) if one.frame is None else one.frame
    return -ORDER.index(one.verdict), -beyond, frame, one.gate
