"""What stands below "the server does not answer": where, since when, and what is safe. No Qt."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

from answerprint_panel import words

Document = Dict[str, Any]
MOST_JOBS = 3


def lines(server: Document, jobs: Iterable[Document]) -> str:
    said = [_where(server), *_waiting(jobs), str(server.get("remedy") or "")]
    return "\n".join(line for line in said if line)


def _where(server: Document) -> str:
    address = server.get("address")
    if address and str(address) in str(server.get("problem")):
        address = None  # the headline says it
    since = words.since(server.get("since")) if server.get("state") != "none" else ""
    said = [f"At {address}" if address else "", since]
    return words.sentence(", ".join(one for one in said if one))


def _waiting(jobs: Iterable[Document]) -> List[str]:
    """Jobs that wait for it lose nothing, and that is said."""
    waiting = [job for job in jobs if job.get("state") == "waiting"]
    said = [
        f"{job.get('take') or 'A job'} waits with {job.get('done') or 0} of "
        f"{job.get('total') or '?'} frames finished and safe."
        for job in waiting[:MOST_JOBS]
    ]
    more = len(waiting) - MOST_JOBS
    return [*said, *([f"{more} more wait, with what they have finished."] if more > 0 else [])]
