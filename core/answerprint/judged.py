"""What was judged: all that the gates said of one frame, as it goes through events.

Events are signed by whoever judged: anybody who may write into a take may write a journal, and who
closes the take says with a signature of its own what it found there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import signing
from answerprint.documents import OpenDocument, canonical
from answerprint.signing import Signer
from answerprint.verdict import Finding, Word, worst

MOST_TOLD = 50  # findings of one frame, in one event
SIGNATURE = "signature"
SCHEMA = "answerprint.judged/v1"


class _Said(OpenDocument):
    """An event's `qc`: see `Judged`. `rules`: the mark of the limits that were held."""

    verdict: Word
    measures: dict[str, float] = {}
    findings: tuple[Finding, ...] = ()
    pixels: str = ""
    before: str = ""
    rules: str = ""


@dataclass(frozen=True)
class Judged:
    """What the gates said of one frame, or what they add to it.

    pixels   digest of the frame that was judged; before: of the one before it, where they were
             held against each other
    later    what they add to the frame after it, which was judged before this one was
    """

    key: str
    verdict: Word = "pass"
    measures: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    pixels: str = ""
    before: str = ""
    later: tuple[Judged, ...] = ()

    @classmethod
    def of(cls, key: str, document: Any) -> Judged:
        """As an event has it.

        Raises:
            ValueError: it says no such thing.
        """
        said = _Said.model_validate(document)
        return cls(key, said.verdict, said.measures, said.findings, said.pixels, said.before)

    def as_json(self, mark: str) -> dict[str, Any]:
        """As events have it. `mark`: of the rules."""
        said = _Said(
            verdict=self.verdict,
            measures=self.measures,
            findings=self.findings[:MOST_TOLD],
            pixels=self.pixels,
            before=self.before,
            rules=mark,
        )
        return said.model_dump(mode="json")

    def signed(self, mark: str, claim: str, signer: Signer) -> dict[str, Any]:
        """As events have it, with a signature. `claim`: uuid of the take's."""
        said = self.as_json(mark)
        return said | {SIGNATURE: signer.sign(_statement(self.key, claim, said))}

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
            self.pixels or other.pixels,
            self.before or other.before,
        )

    def followed_by(self, later: Iterable[Judged]) -> Judged:
        return replace(self, later=tuple(later))


def is_signed(
    key: str, claim: str, said: Mapping[str, Any], trusted: dict[str, Ed25519PublicKey]
) -> bool:
    """Whether somebody who is trusted said this of this frame of this take."""
    rest = {name: one for name, one in said.items() if name != SIGNATURE}
    try:
        message = _statement(key, claim, rest)
    except ValueError:  # no document of ours
        return False
    return bool(signing.check(message, str(said.get(SIGNATURE, "")), trusted))


def _statement(key: str, claim: str, said: Mapping[str, Any]) -> bytes:
    return canonical({"schema": SCHEMA, "claim": claim, "frame": key, "qc": said})
