"""Starting: what a panel waits for when it asks which tasks there are, and a job for its version."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

from answerprint import chosen, rollout
from answerprint.bench.lab import Lab
from answerprint.bench.row import Row
from answerprint.errors import ServerError
from answerprint.job import make
from answerprint.site import Site
from answerprint.triton import Server

ASKED = ("tasks", "--json")
WARM = 10  # questions to the sidecar
TASKS, PINS = 20, 10  # of a studio's roll-out, and shows that each of its tasks is pinned for


def rows(lab: Lab) -> Iterator[Row]:
    """Cold: a process for the question; warm: the sidecar. Beside them what of it is the server's."""
    lab.check()
    server = {"server": min(_asking(lab) for _ in range(5))}
    cold = min(_cold(lab) for _ in range(3 if lab.quick else 5))
    yield Row("start.cold", "answerprint tasks --json, cold", cold, facts=server)
    lab.check()
    warm = min(_warm(lab))
    yield Row("start.warm", "the same through the sidecar, warm", warm, facts=server)
    lab.check()
    yield Row("start.version", "a job's version by the roll-out", min(_choosing(lab)))


def _choosing(lab: Lab) -> list[float]:
    """Milliseconds that the roll-out of a large studio adds to a job's beginning."""
    with lab.room("rollout") as folder:
        (folder / rollout.FILE).write_text("".join(map(_rolled, range(TASKS))), encoding="utf-8")
        site = Site(rollout=folder, context=("/shows/{show}/{sequence}/{shot}/*",))
        return [_chosen(number, site, lab) for number in range(WARM)]


def _chosen(number: int, site: Site, lab: Lab) -> float:
    request = make({"task": "task_7", "plate": f"/shows/night/a/sh{number}/bg.####.exr"})
    start = time.perf_counter()
    chosen.chosen(request, site, home=lab.home)
    return (time.perf_counter() - start) * 1000


def _rolled(number: int) -> str:
    versions = "".join(f'{one} = "{one:064x}"\n' for one in range(1, 6))
    pins = "".join(f'show_{one} = "stable"\n' for one in range(PINS))
    head = f'[tasks.task_{number}]\nstable = "4"\ncandidate = "5"\ncanary = 10\nmirror = 5\n'
    return f"{head}[tasks.task_{number}.versions]\n{versions}[tasks.task_{number}.pins]\n{pins}"


def _asking(lab: Lab) -> float:
    """The bare requests behind `answerprint tasks`, on a connection that is there."""
    with Server(lab.address) as server:
        server.version()
        start = time.perf_counter()
        server.offers()
        return (time.perf_counter() - start) * 1000


def _cold(lab: Lab) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "answerprint.cli", *ASKED],
        env=lab.environment(),
        capture_output=True,
        check=False,
    )
    took = (time.perf_counter() - start) * 1000
    if done.returncode:
        raise ServerError(
            f"'answerprint {' '.join(ASKED)}' ended with {done.returncode}.",
            remedy="See 'answerprint doctor'.",
        )
    return took


def _warm(lab: Lab) -> list[float]:
    """Milliseconds of each of some questions to one sidecar, from the line to its last answer."""
    with subprocess.Popen(
        [sys.executable, "-m", "answerprint.cli", "sidecar"],
        env=lab.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as sidecar:
        try:
            _answer(sidecar, "sidecar")
            return [_question(sidecar, number) for number in range(WARM)]
        except BaseException:
            sidecar.kill()
            raise


def _question(sidecar: subprocess.Popen[str], number: int) -> float:
    start = time.perf_counter()
    if sidecar.stdin:
        sidecar.stdin.write(json.dumps({"id": number, "argv": list(ASKED)}) + "\n")
        sidecar.stdin.flush()
    _answer(sidecar, "exit")
    return (time.perf_counter() - start) * 1000


def _answer(sidecar: subprocess.Popen[str], name: str) -> None:
    """Read up to the answer with this field, which is 0 where it is an exit code."""
    for line in sidecar.stdout or ():
        answer = json.loads(line)
        if name in answer:
            if name == "exit" and answer[name]:
                break
            return
    raise ServerError(
        "The sidecar did not answer which tasks there are.", remedy="See 'answerprint doctor'."
    )
