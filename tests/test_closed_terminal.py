"""The terminal is closed, or who read is gone: a run ends in order or goes on, and loses no frame."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import Answerprint
from samples import cut_off, finish, plate, until

from answerprint.takes import Take

# the first to open a terminal as the leader of a session has it as its own, and hears when it closes
LAUNCH = """
import os, signal, sys
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
terminal = os.open(sys.argv[2], os.O_RDWR)
for descriptor in range(3):
    os.dup2(terminal, descriptor)
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """The take that a test's run will be."""
    return Take(tmp_path / "takes" / "test" / "v001")


class Terminal:
    """A run in a terminal of its own, as the leader of the terminal's session."""

    def __init__(self, folder: Path, hangup: str, words: tuple[str | Path, ...]) -> None:
        self._ours, self._theirs = pty.openpty()
        name = os.ttyname(self._theirs)
        argv = [sys.executable, "-c", LAUNCH, hangup, name, *Answerprint.argv(*words)]
        self.process = subprocess.Popen(
            argv, cwd=folder, start_new_session=True, env={**os.environ, "COLUMNS": "120"}
        )
        self.seen = b""

    def until(self, words: bytes) -> None:
        while not re.search(words, self.seen):
            self.seen += os.read(self._ours, 65536)

    def close(self) -> None:
        os.close(self._theirs)
        os.close(self._ours)


def begun(folder: Path, address: str, hangup: str, *lines: str) -> Terminal:
    words = ("--task", "slow", "--plate", plate(folder, 12), "--name", "test", "--server", address)
    return Terminal(folder, hangup, ("run", *words, *lines))


# with lines or a bar, and what stands there when two frames or more are finished
SHOWN = [(("--lines",), rb"\n  10(.|\s)*\n  10"), ((), rb"\b([2-9]|1\d)/12")]


@pytest.mark.parametrize(("lines", "second"), SHOWN)
def test_a_run_whose_terminal_is_closed_keeps_what_is_finished_and_goes_on_later(
    lines: tuple[str, ...], second: bytes, take: Take, tmp_path: Path, answerprint: Answerprint,
    slow: str, home: Path,
) -> None:  # fmt: skip
    before = fault(home)
    terminal = begun(tmp_path, slow, "SIG_DFL", *lines)
    terminal.until(second)

    terminal.close()

    assert terminal.process.wait() == 130
    assert take.state() == "cancelled"
    kept = cut_off(take, home)
    assert 2 <= len(kept) < 12
    last = take.events()[-1]
    assert (last["event"], last["state"], last["done"]) == ("finished", "cancelled", len(kept))
    assert not take.lease_file.exists()
    assert fault(home) == before
    finish(answerprint, take, home, slow)


@pytest.mark.parametrize(("lines", "second"), SHOWN)
def test_under_nohup_a_run_outlives_its_terminal(
    lines: tuple[str, ...], second: bytes, take: Take, tmp_path: Path, slow: str, home: Path
) -> None:
    before = fault(home)
    terminal = begun(tmp_path, slow, "SIG_IGN", *lines)
    terminal.until(second)

    terminal.close()

    assert terminal.process.wait() == 0
    assert take.state() == "complete"
    assert len(cut_off(take, home)) == 12
    assert fault(home) == before


def fault(home: Path) -> float:
    """When a fault was last written down."""
    log = home / "fault.log"
    return log.stat().st_mtime if log.exists() else 0


def test_a_hangup_that_is_told_twice_does_not_break_off_the_cleaning_up(
    take: Take, tmp_path: Path, slow: str, home: Path
) -> None:
    """The kernel tells when the terminal closes, and the shell tells its jobs as well."""
    terminal = begun(tmp_path, slow, "SIG_DFL", "--lines")
    terminal.until(SHOWN[0][1])

    for _ in range(5):
        terminal.process.send_signal(signal.SIGHUP)
    terminal.close()

    assert terminal.process.wait() == 130
    assert take.state() == "cancelled"
    assert take.events()[-1]["done"] == len(cut_off(take, home))


def test_a_run_goes_on_when_who_read_its_events_is_gone(
    take: Take, tmp_path: Path, answerprint: Answerprint, slow: str, home: Path
) -> None:
    path = plate(tmp_path, 6)
    process = answerprint.start(
        "run", "--task", "slow", "--plate", path, "--name", "test", "--server", slow, "--json"
    )
    until(process, "frame")

    assert process.stdout
    process.stdout.close()

    assert process.wait() == 0
    assert take.state() == "complete"
    assert len(cut_off(take, home)) == 6
