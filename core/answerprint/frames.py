"""Frame ranges: which frames, in the field's spelling: 1001-1100, 1001-1100x2, 1001,1005-1010."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from answerprint.errors import JobError

MOST_FRAMES = 1_000_000

_TERM = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,9}))?)?")


@dataclass(frozen=True)
class FrameRange:
    """Frame numbers, ascending, each once. May be empty."""

    numbers: tuple[int, ...]

    @classmethod
    def of(cls, numbers: Iterable[int]) -> FrameRange:
        return cls(tuple(sorted(set(numbers))))

    @classmethod
    def parse(cls, text: str) -> FrameRange:
        """Read `1001`, `1001-1100`, `1001-1100x2`, or several of these with commas between.

        Raises:
            JobError: the text is no frame range, runs backwards, or names too many frames.
        """
        found: set[int] = set()
        for term in text.split(","):
            found.update(_term(term.strip(), text))
            if len(found) > MOST_FRAMES:
                raise JobError(
                    f"Frame range '{text}' names more than {MOST_FRAMES:,} frames.",
                    remedy="Split the job into shorter ranges.",
                )
        return cls.of(found)

    def __str__(self) -> str:
        """Spell the range as briefly as `parse` reads it."""
        return ",".join(_spell(*run) for run in _runs(self.numbers))

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, frame: object) -> bool:
        if not isinstance(frame, int):
            return False
        at = bisect_left(self.numbers, frame)
        return at < len(self.numbers) and self.numbers[at] == frame

    def among(self, others: FrameRange) -> FrameRange:
        """Those that are in `others` as well."""
        return FrameRange.of(set(self.numbers) & set(others.numbers))

    def widened(self, handles: int) -> FrameRange:
        """The same, with so many frames more before the first and after the last."""
        before = range(self.first - handles, self.first)
        after = range(self.last + 1, self.last + 1 + handles)
        return FrameRange((*before, *self.numbers, *after))

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """First and last of each stretch that lacks between two of them, however wide it is."""
        pairs = zip(self.numbers, self.numbers[1:], strict=False)
        return [(one + 1, other - 1) for one, other in pairs if other > one + 1]

    def gaps_in_words(self, most: int) -> str:
        """'1002,1005-1006 and 12 more gaps': as frame ranges are spelled, and at most so many."""
        said = list(_spelled(self.gaps))
        left = sum(gaps for _, gaps in said[most:])
        more = f" and {left:,} more gap{'' if left == 1 else 's'}" if left else ""
        return ",".join(text for text, _ in said[:most]) + more

    @property
    def first(self) -> int:
        return self.numbers[0]

    @property
    def last(self) -> int:
        return self.numbers[-1]


def _term(term: str, whole: str) -> range:
    match = _TERM.fullmatch(term)
    if match is None:
        raise JobError(
            f"'{term}' in frame range '{whole}' is not a frame or a range.",
            remedy="Write ranges like 1001-1100, 1001-1100x2 or 1001,1005-1010.",
        )
    first = int(match[1])
    last = int(match[2]) if match[2] is not None else first
    step = int(match[3]) if match[3] is not None else 1
    if last < first:
        raise JobError(
            f"Frame range '{term}' runs backwards, from {first} to {last}.",
            remedy=f"Write it as {last}-{first}{f'x{step}' if step > 1 else ''}.",
        )
    if step < 1:
        raise JobError(
            f"Frame range '{term}' has a step of 0.", remedy="Use a step of 1 or more, like x2."
        )
    if (last - first) // step >= MOST_FRAMES:
        raise JobError(
            f"Frame range '{term}' names more than {MOST_FRAMES:,} frames.",
            remedy="Split the job into shorter ranges.",
        )
    return range(first, last + 1, step)


def _runs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Cut ascending numbers into runs of equal step: (first, last, step)."""
    at = 0
    while at < len(numbers):
        step = numbers[at + 1] - numbers[at] if at + 1 < len(numbers) else 1
        end = at
        while end + 1 < len(numbers) and numbers[end + 1] - numbers[end] == step:
            end += 1
        if end == at + 1 and step > 1:  # two frames far apart read better as two frames
            end = at
        yield numbers[at], numbers[end], step
        at = end + 1


def _spelled(gaps: list[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """Gaps as text, and how many each text stands for: those of one frame in even steps are one."""
    for is_one_frame, held in groupby(gaps, key=lambda gap: gap[0] == gap[1]):
        if is_one_frame:
            for first, last, step in _runs(tuple(frame for frame, _ in held)):
                yield _spell(first, last, step), (last - first) // step + 1
        else:
            yield from ((_spell(first, last, 1), 1) for first, last in held)


def _spell(first: int, last: int, step: int) -> str:
    if first == last:
        return str(first)
    return f"{first}-{last}" + (f"x{step}" if step > 1 else "")
