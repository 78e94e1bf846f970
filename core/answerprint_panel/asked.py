"""What a job was asked to do, from the file that lies beside its events. No Qt, no host."""

from __future__ import annotations

import copy
import json
from typing import Any, Dict

from answerprint_panel.host import HostError

Document = Dict[str, Any]

MOST_BYTES = 1 << 20  # the engine's own limit for a document


def document(job: Document) -> Document:
    """The document of a job that can be run again with a change.

    Raises HostError: it has none, or it cannot be read.
    """
    events = str(job.get("events") or "")
    if job.get("kind", "run") != "run" or not events.endswith(".jsonl"):
        raise HostError(
            "This job cannot be asked for again.", remedy="Set it up above and run it from there."
        )
    try:
        with open(events[: -len(".jsonl")] + ".job.json", "rb") as file:
            text = file.read(MOST_BYTES + 1)
        found = json.loads(text.decode("utf-8")) if len(text) <= MOST_BYTES else None
    except (OSError, ValueError) as error:
        raise HostError(
            f"What this job was asked to do cannot be read: {error}.",
            remedy="Set it up above and run it from there.",
        ) from error
    if not isinstance(found, dict):
        raise HostError(
            "What this job was asked to do is no job.",
            remedy="Set it up above and run it from there.",
        )
    return found


def changed(document: Document, change: Document) -> Document:
    """The document with a fix's change laid over it, deep where both are objects."""
    made = copy.deepcopy(document)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = changed(made[key], value) if both else copy.deepcopy(value)
    return made
