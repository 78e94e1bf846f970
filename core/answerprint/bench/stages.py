"""Stages: where the client's CPU goes in one frame, each stage by itself in one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from answerprint import exr, record, report, signing
from answerprint.bench.lab import COMPRESSIONS, FIRST, TASK, Lab, carried_out
from answerprint.bench.row import Row, Rows
from answerprint.bench.transport import TRANSPORTS, connected
from answerprint.errors import TakeError
from answerprint.record import Record

ROUNDS = 5


def rows(lab: Lab, measured: Rows) -> Iterator[Row]:
    """CPU in ms of each stage, and what record and report are of the whole."""
    file, made = _a_frame(lab)
    frame = exr.read(file)
    half = np.stack(list(frame.parts[0].channels.values()), axis=-1)
    planes = [np.ascontiguousarray(one) for one in frame.parts[0].channels.values()]
    signer = signing.own_signer(lab.home)
    ours = {
        "digest": (2, "SHA-256 of the pixels, in and out", lambda: exr.digest(frame)),
        "report": (2, "pixel report, in and out", lambda: [report.measure(p) for p in planes]),
        "record": (1, "record: made, canonical, signed", lambda: _recorded(frame, made, signer)),
    }
    stages: dict[str, tuple[int, str, Callable[[], object]]] = {
        **ours,
        "widen": (1, "half to float32", lambda: half.astype(np.float32)),
    }
    found = {}
    for name, (times, said, work) in stages.items():
        lab.check()
        found[name] = Row(f"stage.{name}", said, times * _cpu(work))
        yield found[name]
    for compression in COMPRESSIONS:
        yield from _files(lab, compression)
    spent = sum(found[name].value for name in ours)
    for compression in COMPRESSIONS:
        whole = max(
            row.number("client_cpu")
            for key, row in measured.items()
            if key.startswith("engine.") and key.endswith(f".{compression}")
        )
        said = f"record and report, of the client's CPU, {compression}"
        yield Row(f"overhead.{compression}", said, 100 * spent / whole, "%", {"cpu": spent})


def _a_frame(lab: Lab) -> tuple[Path, Record]:
    """A finished frame of the engine's and its record."""
    kept = lab.folder / "kept"
    with connected(lab, TRANSPORTS[0]) as server:
        done = carried_out(
            lab,
            server,
            kept,
            task=TASK,
            plate=str(lab.plate("none")),
            frames=str(FIRST),
            parameters={"delay": 0.0},
        )
    file = next(kept.rglob(Path(done.first["file"]).name))
    made = record.extract(exr.read(file))
    if made is None:
        raise TakeError(
            f"{file.name} carries no record.", remedy="Tell the pipeline team; see its take."
        )
    return file, made


def _recorded(frame: exr.Frame, made: Record, signer: signing.Signer) -> None:
    again = Record.model_validate(made.model_dump(mode="json", by_alias=True))
    record.embed(frame, again, signer)


def _files(lab: Lab, compression: str) -> Iterator[Row]:
    file = lab.file(compression, FIRST)
    frame = exr.read(file)
    read = _cpu(lambda: exr.read(file))
    yield Row(f"stage.read.{compression}", f"read, EXR {compression}", read)
    with lab.room("stage") as folder:
        target = folder / "frame.exr"
        wrote = _cpu(lambda: exr.write(target, frame))
        checked = _cpu(lambda: exr.changed_attributes(frame, target))
    yield Row(f"stage.write.{compression}", f"write and force, EXR {compression}", wrote)
    yield Row(f"stage.header.{compression}", f"header read again, {compression}", checked)


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of this process' CPU for one round, the least of a few."""
    spent = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        spent.append((time.process_time() - before) * 1000)
    return min(spent)
