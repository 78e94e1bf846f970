"""The pipeline: a whole job through the real engine, beside what bounds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from answerprint import exr
from answerprint.bench.lab import (
    COMPRESSIONS,
    CORES,
    TASK,
    Done,
    Lab,
    carried_out,
    numbered,
)
from answerprint.bench.row import Row, Rows
from answerprint.bench.transport import TRANSPORTS, connected
from answerprint.errors import ServerError
from answerprint.triton import Server


def rows(lab: Lab, limits: Rows) -> Iterator[Row]:
    """Each transport with each compression, in and out; the best of the lab's rounds."""
    for transport in TRANSPORTS:
        for compression in COMPRESSIONS:
            with connected(lab, transport) as server:
                done = [_once(lab, server, compression) for _ in range(lab.rounds)]
            best = min(done, key=lambda one: one.used.wall)
            yield row(transport, compression, best, lab.frames, limits)


def _once(lab: Lab, server: Server, compression: str) -> Done:
    with lab.room("takes") as out:
        plate = lab.plate(compression)
        parameters = {"delay": lab.delay}
        done = carried_out(lab, server, out, task=TASK, plate=str(plate), parameters=parameters)
        check_unchanged(done, plate)
    return done


def check_unchanged(done: Done, plate: Path) -> None:
    """A fast way that changes pixels would be no way. Raises ServerError: it does."""
    frame = int(done.first["frame"])
    if done.first["pixels"] != exr.digest(exr.read(numbered(plate, frame))):
        raise ServerError(
            f"Frame {frame} came back changed from a model that returns its input.",
            remedy="Tell the pipeline team: the server's Python needs numpy below 2.",
        )


def row(transport: str, compression: str, done: Done, frames: int, limits: Rows) -> Row:
    """What a job took each frame, beside the most that any one thing of it must take."""
    used = done.used.each(frames)
    disk = limits[f"limit.disk.write.{compression}"].value
    codec = sum(limits[f"limit.codec.{verb}.{compression}"].value for verb in ("read", "write"))
    model = limits["limit.model"].value
    cpu = (used.client + used.server) / CORES
    bounds = {"the model": model, f"CPU, {CORES} cores": cpu, "the disk": disk}
    floors = {"the model": model, f"EXR {compression}, {CORES} cores": codec, "the disk": disk}
    limited_by = max(bounds, key=lambda name: bounds[name])
    bound, floor = bounds[limited_by], max(floors.values())
    return Row(
        f"engine.{transport.replace(' ', '-')}.{compression}",
        f"{transport}, {compression}",
        used.wall,
        facts={
            "client_cpu": used.client,
            "server_cpu": used.server,
            "others_share": used.others / (used.wall * CORES),
            "bound": bound,
            "times_bound": used.wall / bound,
            "limited_by": limited_by,
            "floor": floor,
            "times_floor": used.wall / floor,
            "floor_is": max(floors, key=lambda name: floors[name]),
        },
    )
