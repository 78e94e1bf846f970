"""Verdicts: what the gates found in a take, frame by frame, in numbers and in words.

`.take/qc.json` holds one Verdict; the signed manifest names its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from answerprint.documents import OpenDocument, canonical

# pass     no gate is over its limit
# warn     one that warns is: somebody should look
# fail     one that blocks is: the take is not offered as latest
# unknown  a gate raised, or could not see what it needs: never a pass
Word = Literal["pass", "warn", "fail", "unknown"]
ORDER: tuple[Word, ...] = ("pass", "warn", "unknown", "fail")  # from best to worst
MOST_FINDINGS = 2000  # in one document; beyond, only counted


class Limit(OpenDocument):
    """What was held against one gate: its words, and what came of it over all frames.

    limit   the number from which on it speaks; null: it is only measured
    worst   the greatest number, and the frame (as a manifest names it) that has it
    """

    title: str
    unit: str = ""
    level: Literal["warn", "block"]
    limit: float | None
    verdict: Word = "pass"
    worst: float | None = None
    at: str = ""


class Finding(OpenDocument):
    """One gate over its limit in one frame.

    frame      null: of the take as a whole
    layer      where more than one was judged; view likewise
    box        [left, top, right, bottom] in pixels of the frame, corners included; null: all of it
    place      the box in words: in the upper left
    words      all of it: '1044: highlights lost 0.31 stops in the upper left; limit 0.05'
    """

    gate: str
    verdict: Word
    frame: int | None = None
    variation: str = ""
    layer: str = ""
    view: str = ""
    box: tuple[int, int, int, int] | None = None
    place: str = ""
    number: float | None = None
    limit: float | None = None
    unit: str = ""
    words: str


class JudgedFrame(OpenDocument):
    """Of one frame: the worst of its findings, and every gate's number (the worst layer's)."""

    verdict: Word = "pass"
    measures: dict[str, float] = {}


class Profiled(OpenDocument):
    """Which limits were held. `calibrated`: digest of the set they were calibrated on; null: none."""

    name: str
    version: int
    calibrated: str | None = None
    site: bool = False


class Verdict(OpenDocument):
    """All of a take. Keys of `frames` are as in a manifest: 1001, or w001/1001.

    more      findings beyond those listed
    seconds   of processor time that judging took
    """

    schema_: Literal["answerprint.qc/v1"] = Field("answerprint.qc/v1", alias="schema")
    verdict: Word
    profile: Profiled
    gates: dict[str, Limit]
    frames: dict[str, JudgedFrame]
    findings: tuple[Finding, ...] = ()
    more: int = 0
    seconds: float = 0.0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical(self.model_dump(mode="json", by_alias=True))).hexdigest()

    @property
    def reason(self) -> str:
        """The words of the worst finding; '' where there is none."""
        return self.findings[0].words if self.findings else ""


def worst(words: Iterable[Word]) -> Word:
    return max(words, key=ORDER.index, default="pass")
