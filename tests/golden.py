"""Golden cases by hand: write anew what our own models are expected to answer.

    python tests/golden.py            every case
    python tests/golden.py upscale    those of a task

starts the server and writes expected.exr. Look at what it made before it becomes the truth. What a
case is stands in answerprint_server/golden.py; 'answerprint models test' holds models to theirs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from answerprint.triton import Server
from answerprint_server import embedded, repository
from answerprint_server.golden import (
    Case,
    answer,
    cases,
    difference,
    expected,
    inputs,
    write_expected,
    write_frame,
)

__all__ = ["Case", "answer", "cases", "difference", "expected", "inputs", "write_frame"]


def main(tasks: list[str]) -> None:
    models = repository.models_folder()
    with (
        tempfile.TemporaryDirectory() as home,
        embedded.serve(Path(home), models) as state,
        Server(state.address) as server,
    ):
        for case in cases(models):
            if tasks and case.task not in tasks:
                continue
            write_expected(case, server.offer(case.task).usable(), answer(case, server))
            print(f"{case.name}: {case.truth.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
