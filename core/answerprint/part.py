"""Parts: what of a take one process does: some of its frames, some of a wedge's variations."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from answerprint.errors import JobError
from answerprint.frames import FrameRange

_LONGEST_NAME = 60

_LABEL = re.compile(r"w(\d{1,9})")
_TERM = r"w\d{1,9}(-w\d{1,9}(x\d{1,9})?)?"
_LABELS = re.compile(rf"{_TERM}(,{_TERM})*")
_NUMBER = re.compile(r"(?<![x\d])\d+")


@dataclass(frozen=True)
class Part:
    """Frames and variations, spelled 1001-1010, w001-w025, or 1001-1010.w007; None: all there are.

    variations   by their numbers: 7 for w007. A take that is no wedge has none
    """

    frames: FrameRange | None = None
    variations: FrameRange | None = None

    @classmethod
    def of(cls, one: Part | FrameRange | None) -> Part:
        return one if isinstance(one, Part) else cls(one)

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read what `str` spells, but for the whole.

        Raises:
            JobError: it is no part.
        """
        frames, dot, chosen = text.partition(".")
        if not dot and text.startswith("w"):
            return cls(None, variations(text))
        return cls(FrameRange.parse(frames), variations(chosen) if dot else None)

    def __str__(self) -> str:
        """'' where it is all of a take."""
        words = [str(one) for one in (self.frames,) if one is not None]
        words += [labels(one) for one in (self.variations,) if one is not None]
        return ".".join(words)

    @property
    def is_whole(self) -> bool:
        return self.frames is None and self.variations is None

    @property
    def file_name(self) -> str:
        """As the files of a part have it in their names: a long one is cut short."""
        spelled = str(self)
        if len(spelled) <= _LONGEST_NAME:
            return spelled
        ends = [f"{one.first}-{one.last}" for one in (self.frames,) if one]
        ends += [f"w{one.first:03d}-w{one.last:03d}" for one in (self.variations,) if one]
        return ".".join([*ends, hashlib.sha256(spelled.encode()).hexdigest()[:12]])

    @property
    def words(self) -> str:
        """'frames 1001-1010 of variation w007'; '' where it is all of a take."""
        words = [f"frame{_s(one)} {one}" for one in (self.frames,) if one]
        words += [f"variation{_s(one)} {labels(one)}" for one in (self.variations,) if one]
        return " of ".join(words)

    @property
    def is_one(self) -> bool:
        """Whether its words are of one thing."""
        named = self.frames or self.variations
        return named is None or len(named) == 1

    @property
    def flags(self) -> str:
        """As a command line asks for it."""
        said = [f"--frames {one}" for one in (self.frames,) if one]
        said += [f"--variations {labels(one)}" for one in (self.variations,) if one]
        return " ".join(said)

    def overlaps(self, other: Part) -> bool:
        """Whether a work item may be in both."""
        pairs = ((self.frames, other.frames), (self.variations, other.variations))
        return all(one is None or two is None or not set(one).isdisjoint(two) for one, two in pairs)

    def common(self, other: Part) -> Part:
        """What is in both."""
        return Part(_common(self.frames, other.frames), _common(self.variations, other.variations))

    def labels(self, wedge: list[str]) -> list[str]:
        """Of a take's variations, those that are in it."""
        if self.variations is None:
            return wedge
        return [label for label in wedge if int(label[1:]) in self.variations]


def variations(text: str) -> FrameRange:
    """The numbers of variations, as w001-w025, w007 or w001,w009 name them.

    Raises:
        JobError: the text names none.
    """
    plain = text.replace(" ", "")
    if _LABELS.fullmatch(plain) is None:
        raise JobError(
            f"'{text}' names no variations.", remedy="Write them like w007, w001-w025 or w001,w009."
        )
    return FrameRange.parse(_LABEL.sub(r"\1", plain))


def labels(numbers: FrameRange) -> str:
    """As `variations` reads them, and as briefly as can be."""
    return _NUMBER.sub(lambda match: f"w{int(match[0]):03d}", str(numbers))


def _common(one: FrameRange | None, other: FrameRange | None) -> FrameRange | None:
    if one is None or other is None:
        return other if one is None else one
    return one.among(other)


def _s(numbers: FrameRange) -> str:
    return "" if len(numbers) == 1 else "s"
