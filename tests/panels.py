"""The panel's end of a sidecar: a process, what is asked of it, and what it answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from command import Answerprint

Said = dict[str, Any]


class Panel:
    """A panel's end of a sidecar that runs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            Answerprint.argv("sidecar"),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr.log").open("wb"),
        )
        self.hello = self.hear()

    def send(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def ask(self, number: int, *argv: str | Path) -> None:
        self.send(json.dumps({"id": number, "argv": [str(word) for word in argv]}).encode())

    def hear(self) -> Said:
        """The next line that it says; anything but JSON is a fault."""
        assert self.process.stdout
        said: Said = json.loads(self.process.stdout.readline())
        return said

    def answer(self, number: int | None) -> tuple[list[Said], int]:
        """All the events of a request to which alone an answer is expected, and its exit code."""
        events = []
        while "exit" not in (said := self.hear()):
            assert said.keys() == {"id", "event"}
            assert said["id"] == number
            events.append(said["event"])
        assert said.keys() == {"id", "exit"}
        assert said["id"] == number
        return events, said["exit"]

    def __call__(self, *argv: str | Path) -> tuple[list[Said], int]:
        self.ask(1, *argv)
        return self.answer(1)

    def end(self) -> tuple[list[Said], int]:
        """Close its input; what it says to its end, and its exit code."""
        out, _ = self.process.communicate()
        return [json.loads(line) for line in out.splitlines()], self.process.returncode

    def cancel(self, number: int) -> None:
        """Under an id of its own, whose answer stands among the others."""
        self.send(json.dumps({"id": 1_000_000 + number, "cancel": number}).encode())

    def until(self, number: int, is_it: Callable[[Said], bool]) -> list[Said]:
        """The events of a request up to the one that is meant; the test's timeout bounds it."""
        events = []
        while True:
            said = self.hear()
            if said["id"] != number:
                continue
            assert "event" in said, f"the request ended: {said}"
            events.append(said["event"])
            if is_it(said["event"]):
                return events


@contextmanager
def panel(folder: Path) -> Iterator[Panel]:
    """One that is ended however the test ends."""
    made = Panel(folder)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()
