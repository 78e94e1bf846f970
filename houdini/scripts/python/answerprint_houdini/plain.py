"""Plain: words and paths that Houdini shows and uses as they stand, and never runs.

String parameters are evaluated: a $ begins a variable there, and what stands in backticks is carried
out. Takes come from a share, so their words are made harmless before a parameter gets them, and a path
that would have to be changed for that is refused.
"""

from __future__ import annotations

import re

from answerprint_panel.host import HostError

RUNS = '$`\\"'
_LINE = re.compile(r"\s+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
MOST_WORDS = 400
MOST_PATH = 4096


def words(text: object, most: int = MOST_WORDS) -> str:
    """A line that may stand in any parameter or comment; its length is limited."""
    line = _LINE.sub(" ", str(text if text is not None else "")).strip()
    line = "".join(" " if letter in RUNS else letter for letter in line)
    line = _UNSEEN.sub("", line)
    return line if len(line) <= most else line[: most - 1] + "…"


def exact(text: object) -> str:
    """As it is, to be found again by it; empty where Houdini could run a part of it."""
    found = str(text if text is not None else "")
    harmless = not any(letter in RUNS or _UNSEEN.match(letter) for letter in found)
    return found if harmless and len(found) <= MOST_PATH else ""


def path(text: object, what: str) -> str:
    """A path with forward slashes, as a file parameter may have it; its frame is still ####.

    Raises:
        HostError: Houdini would run a part of it, or it is no path at all.
    """
    found = str(text or "").replace("\\", "/")
    bad = sorted({letter for letter in found if letter in RUNS or _UNSEEN.match(letter)})
    if not found or len(found) > MOST_PATH:
        raise HostError(
            f"{what} says no path that Houdini can open.", "Look at it with 'answerprint show'."
        )
    if bad:
        raise HostError(
            f"{what} lies at {words(found)}, and Houdini would run {' '.join(bad)} in a path as a "
            "variable or an expression.",
            "Rename the folder without these characters, then try again.",
        )
    return found


def node_name(text: object) -> str:
    """As Houdini allows it: letters, digits, _, . and -, none of them first a digit."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", str(text or "")).strip("_") or "take"
    return found[:80] if not found[0].isdigit() else f"_{found[:80]}"
