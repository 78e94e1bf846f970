"""Discreet: text without what is secret in it, before it goes into a mail. Without Qt.

Rather a word too many is hidden than one too few.
"""

from __future__ import annotations

import re

_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
_NAMES = (
    r"token|passw|passphrase|pwd|secret|authorization|bearer|credential|cookie|api[-_. ]?key"
    r"|access[-_. ]?key|private[-_. ]?key|session[-_. ]?(?:id|key)|signature[-_. ]?key|\baws_"
)
_SAID = re.compile(
    rf"(?i)([\w-]*(?:{_NAMES})[\w-]*)"
    r"[\"']?\s*(?:[:=]+>?|\bis\b|\s)\s*"
    r"(?:\"[^\"\n]*\"|'[^'\n]*'|(?:(?:bearer|basic|digest|token)\s+)?[^\s,;]+(?:;\s*[^\s;]+)*)"
)


def discreet(text: str) -> str:
    """User names in addresses, and whatever stands behind a word for something secret, are hidden."""
    return _SAID.sub(r"\1 ***", _URL.sub(r"\1***@", text))
