"""What became of a take at the gates, as its manifest, or until then its journal, says it."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from answerprint.documents import MOST_BYTES
from answerprint.errors import TakeError
from answerprint.standing import FAIL, NOT_JUDGED
from answerprint.take import Take
from answerprint.verdict import Verdict, Word, worst

FILE = "qc.json"
EDITED = "its checks were edited"
WORDS = get_args(Word)


@dataclass(frozen=True)
class Gated:
    """In one word, and why.

    word     pass, warn, fail, unknown, or not judged
    reason   words of the worst finding; '' where there is none
    frame    its frame; None: of the take as a whole
    count    findings
    frames   that have any
    box      of the worst finding, [left, top, right, bottom] in its frame's pixels; None: all of it
    so_far   the take is not complete: what its frames came to until now
    edited   the verdict that lies there is not the one that was signed
    """

    word: str = NOT_JUDGED
    reason: str = ""
    frame: int | None = None
    count: int = 0
    frames: int = 0
    box: list[int] | None = None
    so_far: bool = False
    edited: bool = False

    def as_json(self) -> dict[str, Any]:
        """As rows have it."""
        return {
            "qc": self.word,
            "qc_so_far": self.so_far,
            "reason": self.reason,
            "qc_frame": self.frame,
            "qc_box": self.box,
            "qc_count": self.count,
            "qc_frames": self.frames,
        }


def of(take: Take) -> Gated:
    """Of a complete take by its manifest, of any other by its journals. Raises nothing."""
    try:
        if take.is_complete:
            return _closed(take.private, _stamp(take))
        return _so_far(take)
    except (TakeError, OSError):  # the row's problem says so
        return Gated()


def verdict(take: Take) -> Verdict | None:
    """All that the gates found in a complete take; None where it was not judged.

    Raises:
        TakeError: the document is gone, damaged, or not the one that the manifest was signed with.
    """
    signed = _signed(take.private)
    if signed is None:
        return None
    content = _content(take.private)
    if content is None or hashlib.sha256(content).hexdigest() != signed.get("sha256"):
        raise TakeError(
            f"{EDITED.capitalize()}: {(take.private / FILE).as_posix()} is not what was signed.",
            remedy=f"Judge it anew: answerprint qc {take.folder.as_posix()}",
        )
    return Verdict.model_validate_json(content)


def _stamp(take: Take) -> tuple[int, ...]:
    """Changes whenever manifest or verdict do."""
    files = [take.private / name for name in ("manifest.json", FILE)]
    said = [file.stat() for file in files if file.is_file()]
    return tuple(n for one in said for n in (one.st_mtime_ns, one.st_ctime_ns, one.st_size))


@functools.lru_cache(maxsize=8192)
def _closed(private: Path, _stamp: tuple[int, ...]) -> Gated:
    signed = _signed(private)
    if signed is None:
        return Gated()
    word = signed.get("verdict")
    content = _content(private)
    if content is None or hashlib.sha256(content).hexdigest() != signed.get("sha256"):
        return Gated(FAIL if word == FAIL else "unknown", EDITED, count=1, edited=True)
    count, frames = signed.get("findings"), signed.get("frames")
    return Gated(
        str(word) if word in WORDS else "unknown",
        str(signed.get("reason", "")),
        _number(signed.get("frame")),
        count if isinstance(count, int) else 0,
        frames if isinstance(frames, int) else 0,
        _box(signed.get("box")),
    )


def _signed(private: Path) -> dict[str, Any] | None:
    """What a manifest says of its verdict. Its signature is for `verify` to hold against it."""
    document = Take(private.parent).read("manifest")
    manifest = document.get("manifest") if isinstance(document, dict) else None
    said = manifest.get("qc") if isinstance(manifest, dict) else None
    return said if isinstance(said, dict) else None


def _content(private: Path) -> bytes | None:
    try:
        with (private / FILE).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= MOST_BYTES else None


def _so_far(take: Take) -> Gated:
    """What the frames of a take that is not complete came to; of one made again, the last."""
    held: dict[tuple[str, str, str], tuple[str, list[Any]]] = {}
    for event in take.told():
        said, frame = event.get("qc"), event.get("frame")
        if event.get("event") in ("frame", "judged") and isinstance(said, dict):
            key = (str(frame), str(event.get("variation", "")), str(event["event"]))
            found = said.get("findings")
            held[key] = str(said.get("verdict")), found if isinstance(found, list) else []
    if not held:
        return Gated(so_far=True)
    words = [word for word, _ in held.values()]
    word = worst(one for one in WORDS if one in words)
    every = [one for _, found in held.values() for one in found if isinstance(one, dict)]
    worst_ones = (one for one in every if one.get("verdict") == word)
    # events come in the order in which frames were done
    first = min(worst_ones, key=lambda one: _number(one.get("frame")) or 0, default={})
    return Gated(
        word,
        str(first.get("words", "")),
        _number(first.get("frame")),
        len(every),
        len({key[:2] for key, (_, found) in held.items() if found}),
        _box(first.get("box")),
        so_far=True,
    )


def _number(said: Any) -> int | None:
    return said if isinstance(said, int) else None


def _box(said: Any) -> list[int] | None:
    """Four whole numbers, whoever wrote them; else none."""
    fits = isinstance(said, list) and len(said) == len(("left", "top", "right", "bottom"))
    return said if fits and all(isinstance(one, int) for one in said) else None
