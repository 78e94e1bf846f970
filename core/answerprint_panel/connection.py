"""What the header says of the connection: icon, state, what the server is busy with. No Qt."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterable, NamedTuple, Optional

from answerprint_panel import words
from answerprint_panel.job_words import ACTIVE

Document = Dict[str, Any]
BUSY_FOR = timedelta(seconds=15)  # a server's work is told as the mean of some seconds


class Connection(NamedTuple):
    """One line: an icon, a state in words, and what there is to add.

    tone    passed, warn, fail, or empty: the colour of icon and state; the words say it as well
    """

    icon: str
    tone: str
    said: str
    aside: str

    @property
    def spoken(self) -> str:
        return words.joined([self.said, self.aside])


def line(
    engine: Optional[Document], server: Optional[Document], jobs: Iterable[Document]
) -> Connection:
    """The engine's trouble before the server's: without one nothing is known of the other."""
    if engine and engine.get("problem"):
        return Connection("fail", "fail", "No engine", words.sentence(str(engine["problem"])))
    if not server or not server.get("state"):
        return Connection("ring", "", "Starting the engine", "")
    return _server(server, jobs)


def name(server: Optional[Document]) -> str:
    """The server as sentences name it."""
    return str((server or {}).get("name") or "the server")


def _server(server: Document, jobs: Iterable[Document]) -> Connection:
    state, named = server["state"], name(server)
    if state == "connected":
        return Connection("plug", "passed", f"Connected to {named}", busy(server, jobs))
    if state == "starting":
        return Connection("ring", "", f"{named[:1].upper()}{named[1:]} is starting", _seen(server))
    if state == "none":
        return Connection("unplugged", "", "No server", "runs need one")
    said = {
        "refused": f"{named[:1].upper()}{named[1:]} refuses",
        "not ready": f"{named[:1].upper()}{named[1:]} is not ready",
    }
    return Connection("unplugged", "warn", said.get(state, "Server away"), _seen(server))


def _seen(server: Document) -> str:
    seen = words.when(server.get("seen"))
    return f"last seen {seen}" if seen else "not seen yet"


def _just_ended(job: Document) -> bool:
    """What a server was busy with in the last seconds may have been this."""
    ended = words.moment(job.get("ended"))
    return ended is not None and datetime.now(timezone.utc) - ended < BUSY_FOR


def busy(server: Document, jobs: Iterable[Document]) -> str:
    """How a server is taken up, as far as that is known: whose other work is, nobody tells us."""
    mine = sum(job.get("state") in ("starting", "running") for job in jobs)
    waiting = sum(job.get("state") in ACTIVE for job in jobs) - mine
    if mine == 1:
        return "busy with your job"
    if mine > 1:
        return f"busy with {mine} jobs of yours"
    if server.get("busy") and not any(map(_just_ended, jobs)):
        return "busy with other work"
    return f"{waiting} waiting" if waiting else "queue empty"
