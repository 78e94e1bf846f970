"""Why Run is greyed, in words. Without Qt."""

from __future__ import annotations

from typing import Any

from answerprint_panel import kinds
from answerprint_panel.draft import INPUT, Draft
from answerprint_panel.host import Document, Source
from answerprint_panel.spans import MOST_FRAMES


def why_not(session: Any, draft: Draft, facts: Document, plan: Document, *, busy: bool) -> str:
    """What a run waits for; empty where it can begin. `facts` and `plan` may be errors."""
    engine, server, where = session.engine, session.server, session.where
    state, source = server.get("state"), draft.source
    wrong = draft.wrong()
    endless = ""
    if source is not None and source.kind == "render" and _whole(source, draft):
        endless = f"{source.node} has no end: give it a range with a FrameRange node."
    unsaved = f"{where.get('problem', '')} {where.get('remedy', '')}".strip()
    new = source is not None and source.kind == "files" and not source.node and not facts
    folder = source is not None and source.kind == "render" and not draft.path
    misfit = kinds.misfit({"contract": draft.contract}, kinds.of_plate(source, facts))
    title = str(draft.contract.get("title") or draft.task)
    reasons = (
        (busy, "Starting the job."),
        (engine.get("problem"), "Run waits for the engine. Your settings are kept."),
        (state == "starting", "Waiting for the server."),
        (state != "connected", "Run waits for the server. Your settings are kept."),
        (not draft.task, "The server offers no task yet."),
        (source is None, "Select a node, or choose a file."),
        (new, "Looking at the plate."),
        ("error" in facts, "The plate cannot be read."),
        (misfit, f"{title} {misfit}."),
        ("error" in where, unsaved),
        (not where.get("root"), "Finding out where takes go."),
        (folder, "Finding out where the node is rendered to."),
        (endless, endless),
        (wrong, wrong),
        ("error" in plan, "The note comes first: something has to be settled."),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _whole(source: Source, draft: Draft) -> bool:
    """Whether all of a node would be rendered, and that is more than a range can name."""
    return source.last - source.first >= MOST_FRAMES and (draft.mode == INPUT or draft.retimes)
