"""What people said of a take, as a terminal may show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

WORDS = {"approved": "approved", "retake": "retake", "withdrawn": "taken back", "note": "note"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def standing(review: Mapping[str, Any] | None) -> str:
    """'approved by Ann, 2026-11-29 00:42 UTC', of a row's review; '' where nobody decided."""
    if review is None:
        return ""
    void = f"; void: {plain(review['void'])}" if review["void"] else ""
    return f"{WORDS[review['state']]} by {line(review['by'])}, {when(review['created'])}{void}"


def plain(text: str) -> str:
    """Without what a terminal would obey: anybody may have written it."""
    return _CONTROL.sub("?", text)


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split())


def when(created: str) -> str:
    return f"{line(created[:16]).replace('T', ' ')} UTC"
