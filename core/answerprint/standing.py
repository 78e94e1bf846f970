"""Standing: what has become of a take among those of its stream, in one word and in words.

The gates' verdict and a person's review come into it from here on; nothing else decides it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from answerprint.site import SPELLED
from answerprint.take import spelled

Word = Literal["latest", "outdated", "failed", "approved", "unfinished"]

NOT_JUDGED, FAIL = "not judged", "fail"
APPROVED = "approved"


@dataclass(frozen=True)
class Facts:
    """What is known of a take.

    state   as `Take.state` says it
    qc      the gates' verdict: pass, warn, fail, or not judged
    review  approved or retake; None: nobody has looked at it
    """

    number: int
    state: str
    qc: str = NOT_JUDGED
    review: str | None = None

    @property
    def is_complete(self) -> bool:
        return self.state == "complete"

    @property
    def is_approved(self) -> bool:
        return self.is_complete and self.review == APPROVED


def latest(stream: Iterable[Facts]) -> int | None:
    """The highest number that is complete and did not fail QC."""
    return max((one.number for one in stream if one.is_complete and one.qc != FAIL), default=None)


def latest_approved(stream: Iterable[Facts]) -> int | None:
    return max((one.number for one in stream if one.is_approved), default=None)


def standing(take: Facts, newest: int | None, numbers: str = SPELLED) -> tuple[Word, str]:
    """(the word for programs, the words for people).

    newest    the stream's `latest`
    numbers   how its takes are named: v001 or v1

    A person's word goes before a gate's, and that before a number.
    """
    if not take.is_complete:
        return "unfinished", "Not finished"
    if take.is_approved:
        return "approved", "Approved"
    if take.qc == FAIL:
        return "failed", "QC fail"
    if newest is not None and take.number < newest:
        return "outdated", f"Outdated, see {spelled(newest, numbers)}"
    return "latest", "Latest"
