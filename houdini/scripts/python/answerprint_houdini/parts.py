"""Parts of a take that several make: a farm's tasks, a TOP network's work items. Without hou."""

from __future__ import annotations

import contextlib
from typing import Dict, List, Optional

from answerprint_panel.host import Document
from answerprint_panel.waited import Engine, Report, carried_out, unfinished


def resume(
    take: str,
    *,
    frames: Optional[str],
    variations: Optional[str],
    server: Optional[str],
    report: Report,
) -> Document:
    """See `answerprint_houdini.resume`. The rest of a take is no fault of this part."""
    argv: List[str] = ["run", "--resume", take]
    chosen: Dict[str, Optional[str]] = {
        "--frames": frames,
        "--variations": variations,
        "--server": server,
    }
    for flag, value in chosen.items():
        argv += [f"{flag}={value}"] if value else []  # a range from below zero is no flag
    with contextlib.closing(Engine()) as engine:
        ended = carried_out(engine, argv, report)
    of_a_part = bool(frames or variations) and not ended.get("failed")
    if ended.get("state") != "complete" and not (of_a_part and ended.get("state") == "incomplete"):
        raise unfinished(ended)
    return ended
