"""A question on the terminal, to which silence is a no."""

from __future__ import annotations

import sys


def agreed(question: str) -> bool:
    """Whether somebody is there and says yes."""
    if not sys.stdin or not sys.stdin.isatty():
        return False
    try:
        return input("%s [y/N] " % question).strip().lower() in ("y", "yes")
    except (EOFError, UnicodeDecodeError):
        print()  # the question's line is still open
        return False
