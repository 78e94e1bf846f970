"""How long the wall takes to be found in an index of 100,000 takes, and to be sent with 2,000.

    python tests/studio_performance.py

writes rows straight into an index on this disk, and asks for the wall's first page as the page does:
processor time, the median of 11. Nothing else should run on the machine.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from studios import served, settings

from answerprint_studio import search
from answerprint_studio.entry import CHECKS, STATES
from answerprint_studio.index import Entry, Index
from answerprint_studio.search import Query

TIMES = 11
TASKS = {
    "denoise": "oidn",
    "upscale": "waifu2x",
    "retime": "rife",
    "matte": "rvm",
    "depth": "midas",
    "relight": "relight",
}
ASKED = {
    "first page": Query(newest=True),
    "all takes": Query(),
    "one show, grouped": Query(show="show03", newest=True, group="sequence", sort="cut"),
    "to review, warn": Query(state="to_review", qc="warn", newest=True),
    "words: ada denoise": Query(q="ada denoise", newest=True),
    "a shot's number": Query(q="0420", newest=True),
    "words that nothing has": Query(q="nothing like that"),
    "by:mei model:rife": Query(q="by:mei model:rife"),
}


def entries(count: int) -> Iterator[Entry]:
    """Takes of 8 shows; each stream has 3, the last of which is the newest."""
    chance = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    people = ("ada", "jonas", "mei", "rafael", "sunita", "ines", "tomas", "lena")
    for number in range(count):
        stream, place = divmod(number, 3)
        show, sequence = f"show{stream % 8:02d}", f"{stream // 8 % 40:03d}"
        shot = f"{sequence}_{stream // 320 % 100 * 10:04d}"
        task = chance.choice(list(TASKS))
        state = chance.choices(list(STATES), (12, 9, 2, 1, 2, 1, 1, 72))[0]
        qc = chance.choices(list(CHECKS), (2, 1, 13, 1, 83))[0]
        artist = chance.choice(people)
        name = f"bg_{task}"
        yield {
            "id": f"{number:032x}",
            "folder": f"/shows/{show}/{shot}/{name}_{stream}/v{place + 1:03d}",
            "stream": f"/shows/{show}/{shot}/{name}_{stream}",
            "stamp": "",
            "show": show,
            "sequence": sequence,
            "shot": shot,
            "name": name,
            "number": place + 1,
            "take": f"v{place + 1:03d}",
            "task": task,
            "model": TASKS[task],
            "artist": artist,
            "created": (start + timedelta(seconds=97 * number)).isoformat(),
            "state": state,
            "rank": list(STATES).index(state),
            "qc": qc,
            "severity": len(CHECKS) - list(CHECKS).index(qc),
            "review": "approved" if state == "approved" else "",
            "spent": round(chance.uniform(1, 900), 1),
            "words": f"{name} {show} {sequence} {shot} v{place + 1:03d} {task} {TASKS[task]} {artist} "
            f"{qc} {state} {STATES[state]} {CHECKS[qc]}".lower(),
            "newest": place == 2,
            "latest": place == 2,
            "latest_approved": False,
            "retakes": 0,
            "is_complete": True,
            "is_decided": state == "approved",
            "card": card(task),
        }


def card(task: str) -> dict[str, Any]:
    empty = ("qc_frame", "progress", "resume", "plate")
    return {
        **dict.fromkeys(empty),
        "title": task.capitalize(),
        "model_version": "2.5.1",
        "qc_count": 3,
        "qc_so_far": False,
        "reason": "1044: highlights lost 0.31 stops in the upper left; limit 0.05",
        "variations": 0,
        "first": 1001,
        "last": 1096,
        "count": 96,
        "total": 96,
        "width": 1920,
        "height": 1080,
        "kind": "image",
        "views": [],
        "picture": 1048,
        "picture_stamp": "0123456789ab",
        "by": "",
        "void": "",
        "word": "Warn · 3 frames",
        "seconds": 42.0,
    }


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of processor time, the median: what else runs here does not count."""
    taken = []
    for _ in range(TIMES):
        began = time.process_time()
        act()
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)


def of_index(folder: Path, count: int) -> None:
    with closing(Index(f"sqlite:///{(folder / 'wall.db').as_posix()}")) as index:
        began = time.process_time()
        index.put(list(entries(count)))
        print(f"{count:,} takes written in {time.process_time() - began:.1f} s")
        for name, query in ASKED.items():

            def asked(query: Query = query) -> search.Found:
                return search.find(index, query)

            print(f"  {name:<24} {asked().total:>7,} fit  {timed(asked):6.1f} ms")


def of_service(folder: Path, count: int) -> None:
    (folder / "takes").mkdir()
    with served(settings(folder / "takes", folder / "home")) as studio:
        studio.studio.index.put(list(entries(count)))
        page = timed(lambda: studio.get("/api/v1/takes?newest=true&limit=60"))
        whole = timed(lambda: studio.get("/api/v1/takes?limit=500"))
        size = len(studio.get("/api/v1/takes?newest=true&limit=60").content)
    print(f"{count:,} takes: the first page of 60 in {page:.1f} ms ({size:,} bytes), ", end="")
    print(f"of 500 in {whole:.1f} ms, over HTTP")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        of_index(Path(scratch), 100_000)
        of_service(Path(scratch), 2_000)
