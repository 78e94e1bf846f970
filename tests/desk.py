"""A compositor's desk: a host in memory with nodes on a script, and a session on the real engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from answerprint_panel import session
from answerprint_panel.host import Document, Host, HostError, Placed, Source
from answerprint_panel.session import Session

MILLISECONDS = 60_000


class Desk(Host):
    """A host whose script holds nodes by name; what is placed and compared is noted.

    broken   what the next act answers instead: a host's own trouble
    """

    name, title = "nuke", "Nuke"

    def __init__(self, script: Path | None = None) -> None:
        self.open = script
        self.nodes: dict[str, Source] = {}
        self.reads: dict[str, Placed] = {}
        self.beside: dict[str, str | None] = {}
        self.compared: list[tuple[Document, Document]] = []
        self.shown: list[str] = []
        self.went: list[tuple[int, str | None]] = []
        self.broken: HostError | None = None

    def version(self) -> str:
        return "15.1v2"

    def script(self) -> str | None:
        return self.open.as_posix() if self.open else None

    def source(self, node: str) -> Source:
        if node not in self.nodes:
            raise HostError(f"{node} is not in the script any more.", remedy="Select another node.")
        return self.nodes[node]

    def selection(self) -> Source:
        if len(self.nodes) != 1:
            raise HostError("No node is selected.", remedy="Select the plate's Read node.")
        return next(iter(self.nodes.values()))

    def place(self, take: Document, beside: str | None = None) -> str:
        self._act()
        node = f"Read{len(self.nodes) + len(self.reads) + 1}"
        self.beside[node] = beside
        self.reads[node] = Placed(node, _identity(take), str(take["pattern"]))
        return node

    def placed(self) -> list[Placed]:
        return list(self.reads.values())

    def switch(self, node: str, take: Document) -> None:
        self._act()
        self.reads[node] = replace(
            self.reads[node], identity=_identity(take), path=str(take["pattern"])
        )

    def mark(self, node: str, take: Document) -> None:
        pass

    def compare(self, one: Document, other: Document) -> str | None:
        self._act()
        self.compared.append((one, other))
        return None

    def show(self, node: str) -> None:
        self.shown.append(node)

    def go_to(self, frame: int, node: str | None = None) -> None:
        self._act()
        self.went.append((frame, node))

    def _act(self) -> None:
        if self.broken is not None:
            error, self.broken = self.broken, None
            raise error


def _identity(take: Document) -> Document:
    return {key: take[key] for key in ("root", "stream", "take", "uuid")}


@contextmanager
def opened(host: Host) -> Iterator[Session]:
    """The process's session, on the engine that runs the tests; shut down at the end."""
    at = session.of(host)
    try:
        yield at
    finally:
        at.shutdown()


def engine(monkeypatch: pytest.MonkeyPatch, home: Path, server: str) -> None:
    """Have the engine be this interpreter, with a home of its own, at a server."""
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("ANSWERPRINT_ENGINE", sys.executable)
    monkeypatch.setenv("ANSWERPRINT_HOME", str(home))
    monkeypatch.setenv("ANSWERPRINT_SERVER", server)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def job(task: str, plate: Path, root: str, frames: str = "", **fields: Any) -> Document:
    """A job's document as a panel makes it."""
    return {
        "schema": "answerprint.job/v1",
        "task": task,
        "plate": plate.as_posix(),
        "out": {"root": root},
        "host": "nuke 15.1v2",
        **({"frames": frames} if frames else {}),
        **fields,
    }
