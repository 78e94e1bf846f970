"""The soak: many clients, one server, one share, and random kills; in the end everything is whole.

    python tests/soak.py --minutes 5 --clients 16

Artists make takes, farms share takes out, others ask for single frames, all at once. Meanwhile
clients, the models' processes and the server are killed, and clients interrupted. Then all that is
not complete is resumed, and every take is judged and every leftover looked for.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from aftermath import judged, left, litter, outliving
from command import Answerprint
from samples import add_model, drowsy, noise, own_models, own_server, save

from answerprint import takes
from answerprint.takes import Take
from answerprint_server import embedded

TASKS = ("passthrough", "slow")
PARTS = ("1001-1004", "1005-1008", "1009-1012", "1013-1016")
FRAMES = 16
# a supervisor gives a server up that dies five times, and never lives for a minute in between
BURST, CALM_SECONDS = 3, 75.0
ROUNDS = 6  # of resuming what is not complete
# What is no fault: done, incomplete, complete already, server away, busy, interrupted; and killed,
# or interrupted before Python listens or after it has stopped to
HONEST = {0, 1, 2, 4, 5, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}


@dataclass
class Report:
    """What happened, and what is wrong in the end."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, times: int = 1) -> None:
        with self._lock:
            self.counts[what] += times

    def __str__(self) -> str:
        width = max(map(len, self.counts), default=0)
        rows = [f"{what:<{width}}  {times:>6,}" for what, times in self.counts.items()]
        return "\n".join([*rows, "", *(self.wrong or ["Nothing is wrong."])])


class Clients:
    """The command line in processes of its own, which may be killed."""

    def __init__(self, folder: Path, address: str, report: Report) -> None:
        self.folder, self.report = folder, report
        self._address = address
        self._running: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()

    def run(self, *words: str | Path) -> int:
        """Run to its end, whatever that is; the exit code."""
        argv = Answerprint.argv("run", *words, "--server", self._address, "--json")
        process = subprocess.Popen(
            argv, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with self._lock:
            self._running.append(process)
        said, _ = process.communicate()
        with self._lock:
            self._running.remove(process)
        if process.returncode not in HONEST:
            self.report.wrong.append(f"exit {process.returncode} of {argv[3:]}: {said[-500:]}")
        self.report.count("client processes")
        return process.returncode

    def hit(self, chance: random.Random, number: signal.Signals) -> bool:
        """Send a signal to one of them; False where none runs."""
        with self._lock:
            living = [one for one in self._running if one.returncode is None]
            if living:
                chance.choice(living).send_signal(number)
            return bool(living)


class Share:
    """The plate and the takes that all of them have in common."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "share"
        self.plate = folder / "plate" / "bg.####.exr"
        for number in range(1001, 1001 + FRAMES):
            save(folder / "plate" / f"bg.{number}.exr", noise(number, "RGBA", width=96, height=96))

    def job(self, name: str, task: str) -> tuple[str | Path, ...]:
        place = ("--out", self.root, "--name", name)
        return "--plate", self.plate, "--task", task, *place

    def takes(self) -> list[Take]:
        return list(takes.below(self.root)) if self.root.is_dir() else []

    def open(self, prefix: str) -> list[Take]:
        """Those that nobody writes and that are not complete."""
        some = [take for take in self.takes() if take.name.startswith(prefix)]
        return [take for take in some if take.state() in ("stalled", "cancelled", "incomplete")]


class Work:
    """What one client after the other does, until time is up."""

    def __init__(self, clients: Clients, share: Share, over: threading.Event) -> None:
        self._clients, self._share, self._over = clients, share, over

    def go_on(self, number: int, seed: int) -> None:
        chance = random.Random(seed)
        kinds = [self._artist, self._resume, self._single, self._farm, self._farm]
        while not self._over.is_set():
            chance.choice(kinds)(number, chance)

    def _artist(self, number: int, chance: random.Random) -> None:
        job = self._share.job(f"artist{number}", chance.choice(TASKS))
        self._clients.run(*job, "--frames", "1001-1008")

    def _single(self, number: int, chance: random.Random) -> None:
        frame = str(chance.randrange(1001, 1001 + FRAMES))
        self._clients.run(*self._share.job(f"look{number}", "slow"), "--frames", frame)

    def _resume(self, number: int, chance: random.Random) -> None:
        if some := self._share.open("artist"):
            self._clients.run("--resume", chance.choice(some).folder)

    def _farm(self, number: int, chance: random.Random) -> None:
        """A part of a take that the farm shares out; a new one where all are complete."""
        some = [one for one in self._share.takes() if one.name.startswith("farm")]
        some = [one for one in some if not one.is_complete and (one.private / "job.json").exists()]
        if some:
            part = chance.choice(PARTS)
            self._clients.run("--resume", chance.choice(some).folder, "--frames", part)
        else:
            self._clients.run(*self._share.job(f"farm{number}", chance.choice(TASKS)), "--claim")


class Trouble:
    """Kills one thing after the other, at random, until time is up."""

    def __init__(self, clients: Clients, home: Path, report: Report, over: threading.Event) -> None:
        self._clients, self._home, self._report, self._over = clients, home, report, over
        self._row, self._last = 0, time.monotonic()

    def make(self, seed: int) -> None:
        chance = random.Random(seed)
        kinds: dict[str, tuple[Callable[[random.Random], bool], float]] = {
            "kill -9 of a client": (lambda one: self._clients.hit(one, signal.SIGKILL), 8),
            "Ctrl-C for a client": (lambda one: self._clients.hit(one, signal.SIGINT), 3),
            "SIGTERM for a client": (lambda one: self._clients.hit(one, signal.SIGTERM), 2),
            "kill -9 of a model's process": (self._stub, 1.5),
            "kill -9 of the server": (self._server, 0.6),
        }
        names, weights = list(kinds), [weight for _, weight in kinds.values()]
        while not self._over.wait(chance.uniform(0.5, 1.5)):
            (name,) = chance.choices(names, weights)
            if kinds[name][0](chance):
                self._report.count(name)

    def _stub(self, chance: random.Random) -> bool:
        state = embedded.running(self._home)
        with suppress(psutil.Error):
            found = psutil.Process(state.triton).children(recursive=True) if state else []
            if found:
                chance.choice(found).kill()
                return True
        return False

    def _server(self, _: random.Random) -> bool:
        if time.monotonic() - self._last > CALM_SECONDS:
            self._row = 0
        state = embedded.running(self._home) if self._row < BURST else None
        with suppress(psutil.Error):
            if state:
                self._row, self._last = self._row + 1, time.monotonic()
                psutil.Process(state.triton).kill()
                return True
        return False


def soak(folder: Path, *, minutes: float, clients: int, seed: int) -> Report:
    """Do it in a folder, for a user of its own; ANSWERPRINT_HOME says where that one's keys are."""
    report, share, over = Report(), Share(folder), threading.Event()
    models = own_models(folder / "models", ["passthrough"])
    add_model(models, "slow", drowsy)
    with own_server(folder / "server", models) as state:
        some = Clients(folder, state.address, report)
        work = Work(some, share, over)
        trouble = Trouble(some, folder / "server", report, over)
        with ThreadPoolExecutor(clients + 1) as pool:
            ends = [pool.submit(work.go_on, one, seed + one) for one in range(clients)]
            ends.append(pool.submit(trouble.make, seed - 1))
            time.sleep(60 * minutes)  # this is how long it is to last
            over.set()
        for end in ends:
            end.result()
        resume_all(some, share)
        some.run(*share.job("last", "slow"), "--frames", "1001")  # clears what the dead left
        told(report, share.takes())
        report.wrong += [*judged(share.takes(), report.counts), *left(folder, state)]
    log = Path(os.environ["ANSWERPRINT_HOME"]) / "fault.log"
    report.wrong += [log.read_text(encoding="utf-8")] if log.exists() else []
    report.wrong += [f"{one} outlives the server" for one in outliving(state)]
    report.count("leaks and faults", len(report.wrong))
    return report


def resume_all(clients: Clients, share: Share) -> None:
    """Until all is complete, or as often as a person would try."""
    for _ in range(ROUNDS):
        some = share.open("")
        some += [one for one in share.takes() if one.is_complete and litter(one)]
        if not some:
            return
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda take: clients.run("--resume", take.folder), some))
        clients.report.count("takes resumed in the end", len(some))


def told(report: Report, found: list[Take]) -> None:
    """What the journals say of all that went on."""
    events = Counter(str(event["event"]) for take in found for event in take.events())
    names = {"retry": "frames asked for again", "reloaded": "models loaded again"}
    names |= {"waiting": "waits for the server", "failed": "frames that failed at first"}
    for event, what in names.items():
        report.count(what, events[event])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0, help="of what is killed when")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        os.environ["ANSWERPRINT_HOME"] = f"{folder}/home"
        report = soak(Path(folder), minutes=asked.minutes, clients=asked.clients, seed=asked.seed)
    print(report)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
