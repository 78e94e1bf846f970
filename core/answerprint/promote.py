"""Promoting: one variation of a wedge becomes a take of its own."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import begin, exr, record, takes
from answerprint.documents import count, now
from answerprint.errors import TakeError
from answerprint.job import Resolved
from answerprint.lease import Lease
from answerprint.record import Verdict
from answerprint.signing import Signer
from answerprint.takes import Item, Take


def promote(
    take: Take, label: str, *, signer: Signer, trusted: dict[str, Ed25519PublicKey]
) -> Take:
    """A new take of the same stream that holds one variation: pixels and headers as they are.

    Each frame gets a record of its own, which names the frame it came from.

    Raises:
        TakeError: there is no such variation, it is not finished, or a frame does not verify.
    """
    resolved = begin.reopen(take)
    files = _finished(take, label, resolved)
    alone = _alone(resolved, take, label)
    new = begin.claim(alone)
    job_id = str(new.read("job")["job_id"])
    journal = new.journal()
    with Lease.take(new.lease_file) as lease:
        done = {}
        journal.append("started", take=f"{new.name}/{new.label}", frames=len(files))
        for number, file in files.items():
            facts = _copied(new, number, file, job_id, signer, trusted)
            lease.check()
            takes.commit_frame(new, number)
            journal.append("frame", frame=number, **facts)
            done[Item(number)] = facts
        takes.commit(new, done, signer, promoted_from=f"{take.name}/{take.label}/{label}")
        journal.append("finished", state="complete", done=len(done), failed=[])
    return new


def _finished(take: Take, label: str, resolved: Resolved) -> dict[int, Path]:
    held = list(resolved.variations)
    if label not in held:
        known = f"It has {held[0]} to {held[-1]}." if held else "It is no wedge."
        raise TakeError(f"{take.name} {take.label} has no variation '{label}'.", remedy=known)
    files = take.frames(label)
    missing = [number for number in resolved.frame_range if number not in files]
    if missing:
        raise TakeError(
            f"{label} of {take.name} {take.label} lacks {count(len(missing), 'frame')}, "
            f"first {missing[0]}.",
            remedy=f"Finish it with 'answerprint run --resume {take.folder.as_posix()}'.",
        )
    return files


def _alone(resolved: Resolved, take: Take, label: str) -> Resolved:
    """The job of one variation, as if it had been asked for by itself."""
    variation = resolved.variations[label]
    values = {k: v for k, v in variation.values.items() if k in resolved.parameters}
    parameters = resolved.parameters | values
    out = resolved.job.out.model_copy(update={"take": None})
    job = resolved.job.model_copy(
        update={
            "wedge": {},
            "items": None,
            "out": out,
            "parameters": resolved.job.parameters | values,
            "seed": resolved.seed(variation),
        }
    )
    # a take that was moved is promoted where it lies now
    root = take.folder.parent
    for _ in resolved.stream.split("/"):
        root = root.parent
    notes = (f"promoted from {take.name} {take.label} {label}: {variation}",)
    return resolved.model_copy(
        update={"job": job, "axes": {}, "parameters": parameters, "root": root, "notes": notes}
    )


def _copied(
    new: Take,
    number: int,
    file: Path,
    job_id: str,
    signer: Signer,
    trusted: dict[str, Ed25519PublicKey],
) -> dict[str, Any]:
    frame = exr.read(file)
    finding = record.verify(frame, trusted)
    before = finding.record
    if finding.verdict is not Verdict.OK or before is None:
        raise TakeError(
            f"{file.name} does not verify: {finding.why}",
            remedy="See 'answerprint verify'; a frame that was changed is not promoted.",
        )
    made = before.model_copy(
        update={
            "statement_id": uuid.uuid4().hex,
            "created": now(),
            "job_id": job_id,
            "request_id": f"{job_id}.{number}",
            "take": new.number,
            "variation": "",
            "copied_from": {
                "statement_id": before.statement_id,
                "name": before.name,
                "take": before.take,
                "variation": before.variation,
                "frame": before.frame,
            },
        }
    )
    record.strip(frame)
    record.embed(frame, made, signer)
    exr.write(new.part_file(number), frame)
    return {
        "file": new.file(number).name,
        "pixels": made.pixels,
        "statement_id": made.statement_id,
        "work": made.work,
    }
