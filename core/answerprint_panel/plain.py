"""Plain: words and paths that a host shows and uses as they stand, and never runs. No Qt, no host.

Labels, parameters and file paths are evaluated in every host: TCL in Nuke, variables and backticks in
Houdini. Takes come from a share, so their words are made harmless before a node gets them, and a path
that would have to be changed for that is refused.
"""

from __future__ import annotations

import re
from typing import List

from answerprint_panel.host import HostError

MOST_WORDS = 400
MOST_PATH = 4096
_LINE = re.compile(r"\s+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class Plain:
    """What is plain in one host.

    host    its name, in sentences
    runs    the signs that begin, or are part of, what it runs
    as_     what it would run them as: an expression
    """

    def __init__(self, host: str, runs: str, as_: str) -> None:
        self._host, self.runs, self._as = host, runs, as_

    def words(self, text: object, most: int = MOST_WORDS) -> str:
        """A line that may stand anywhere: what the host would run is left out, length is limited."""
        said = str(text if text is not None else "")
        said = "".join(" " if letter in self.runs else letter for letter in said)
        line = _UNSEEN.sub("", _LINE.sub(" ", said).strip())
        return line if len(line) <= most else line[: most - 1] + "…"

    def exact(self, text: object) -> str:
        """As it is, to be found again by it; empty where the host could run a part of it."""
        found = str(text if text is not None else "")
        return found if not self._bad(found) and len(found) <= MOST_PATH else ""

    def path(self, text: object, what: str) -> str:
        """A path with forward slashes, as a file's knob or parameter may have it; its frame is ####.

        Raises:
            HostError: the host would run a part of it, or it is no path at all.
        """
        found = str(text or "").replace("\\", "/")
        if not found or len(found) > MOST_PATH:
            raise HostError(
                f"{what} says no path that {self._host} can open.",
                "Look at it with 'answerprint show'.",
            )
        bad = self._bad(found)
        if bad:
            raise HostError(
                f"{what} lies at {self.words(found)}, and {self._host} would run {' '.join(bad)} in a "
                f"path as {self._as}.",
                "Rename the folder without these characters, then try again.",
            )
        return found

    def _bad(self, text: str) -> List[str]:
        return sorted({letter for letter in text if letter in self.runs or _UNSEEN.match(letter)})


def node_name(text: object) -> str:
    """As every host allows it: letters, digits and _, none of them first a digit."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", str(text or "")).strip("_") or "take"
    return found[:80] if not found[0].isdigit() else f"_{found[:80]}"
