"""A take for a farm: its number is taken here, and any machine makes parts of it. Without Qt."""

from __future__ import annotations

import os
import shlex
from typing import List, Sequence

from answerprint_panel.host import Document
from answerprint_panel.spans import numbers, spelled

PER_TASK = 10  # frames, or variations, that one command makes


def commands(python: str, claimed: Document, per_task: int = PER_TASK) -> List[str]:
    """A line for each task of the farm; the one that ends last closes the take.

    python    the engine's own, which every machine of the farm has at the same path
    claimed   as `run --claim` answers: path, frames, variations
    """
    base = [python, "-I", "-m", "answerprint.cli", "run", "--resume", str(claimed.get("path", ""))]
    # one word each: a range that begins below zero would be taken for a flag
    return [line([*base, "=".join(part)]) for part in parts(claimed, per_task)]


def parts(claimed: Document, per_task: int = PER_TASK) -> List[List[str]]:
    """Which part of the take each command makes, as a flag and its value.

    Of a wedge some variations, else some frames.
    """
    variations = int(claimed.get("variations") or 0)
    if variations > 1:
        cut = _cut(list(range(1, variations + 1)), per_task)
        return [["--variations", _labels(one)] for one in cut]
    return [
        ["--frames", ",".join(_runs(one))]
        for one in _cut(numbers(str(claimed.get("frames") or "")), per_task)
    ]


def line(words: Sequence[str]) -> str:
    """Words as a shell of this system reads them."""
    if os.name != "nt":
        return " ".join(shlex.quote(word) for word in words)
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def said(claimed: Document, count: int) -> Document:
    """What a panel says, and its button."""
    take, variations = claimed.get("take", "The take"), int(claimed.get("variations") or 0)
    what = f"{variations} variations" if variations > 1 else f"frames {claimed.get('frames')}"
    tasks = "one task" if count == 1 else f"{count} tasks"
    return {
        "problem": f"{take} waits for the farm: {what}",
        "remedy": f"Its number is taken. Give the farm {tasks}, a command for each; the one that "
        "ends last closes the take.",
    }


def _cut(found: List[int], size: int) -> List[List[int]]:
    return [found[at : at + size] for at in range(0, len(found), max(1, size))]


def _labels(numbers_: List[int]) -> str:
    first, last = (f"w{one:03d}" for one in (numbers_[0], numbers_[-1]))
    return first if first == last else f"{first}-{last}"


def _runs(found: List[int]) -> List[str]:
    """1001-1010, or 1001-1005,1007 where frames are left out between."""
    runs: List[List[int]] = []
    for one in found:
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [spelled(run[0], run[-1]) for run in runs]
