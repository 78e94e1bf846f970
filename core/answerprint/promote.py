"""Promoting: one variation of a wedge becomes a take of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import audit, begin, localised, medium, record, takes, verify, write
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.job import Resolved
from answerprint.journal import Event
from answerprint.judge import Judge
from answerprint.lease import Lease
from answerprint.record import Record, Verdict
from answerprint.reread import Reader
from answerprint.rules import Rules
from answerprint.signing import Signer
from answerprint.site import Site
from answerprint.take import spelled, spelling
from answerprint.takes import Item, Take
from answerprint.write import Place

# what was measured and said of a frame when it was made
_TOLD = ("shows", "cut", "windows", "seconds", "levels", "warnings")


def promote(
    take: Take, label: str, *, signer: Signer, trusted: dict[str, Ed25519PublicKey], site: Site
) -> Take:
    """A new take of the same stream that holds one variation: pixels and headers as they are.

    Each frame gets a record of its own, which names the frame it came from. All of them are
    verified before a number is taken, and judged as any take is: what failed among others fails
    alone.

    Raises:
        TakeError: there is no such variation, it is not finished, or a frame does not verify.
        SetupError: the profile of its gates is wrong.
    """
    resolved = takes.reopen(take)
    files = _finished(take, label, resolved)
    before = _verified(take, label, files, trusted)
    told = _told(take, label)
    alone = _alone(resolved, take, label)
    judge = Judge(Rules.of(alone.contract, site))
    new = begin.claim(alone)
    place = Place(alone, new, signer, {"job_id": str(new.read("job")["job_id"])})
    journal = new.journal()
    with Lease.take(new.lease_file) as lease:
        done = {}
        journal.append(
            "started",
            take=f"{new.name}/{new.label}",
            frames=len(files),
            variations=0,
            kept=0,
            notes=list(alone.notes),
        )
        for number, file in files.items():
            facts = _copied(place, number, file, before[number])
            lease.check()
            takes.commit_frame(new, number)
            journal.append("frame", frame=number, **facts, **told.get(number, {}))
            done[Item(number)] = {key: facts[key] for key in ("file", "pixels", "statement_id")}
        reader = Reader(new, localised.resolved(alone, site), trusted)
        checks = audit.audit(judge, reader, done, tuple(begin.items(alone)))
        came_from = f"{take.name}/{take.label}/{label}"
        takes.commit(new, done, signer, promoted_from=came_from, qc=audit.write(new, checks))
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


def _verified(
    take: Take, label: str, files: dict[int, Path], trusted: dict[str, Ed25519PublicKey]
) -> dict[int, Record]:
    """The record of each frame: genuine, named by the manifest, and made for this very place."""
    job_id = str(take.read("job").get("job_id", ""))
    found = {}
    wanted = [Item(number, label) for number in files]
    for item, finding in verify.within(take, wanted, trusted):
        made = finding.record
        if finding.verdict is not Verdict.OK or made is None:
            raise _unsound(files[item.frame], finding.why)
        named = (made.name, made.take, made.variation, made.frame)
        if named != (take.name, take.number, label, item.frame) or made.job_id != job_id:
            was = f"It was made as frame {made.frame} of {made.variation} of {made.name}"
            other = "" if made.job_id == job_id else ", by another job"
            raise _unsound(
                files[item.frame], f"{was} {spelled(made.take, spelling(take.label))}{other}."
            )
        found[item.frame] = made
    return found


def _unsound(file: Path, why: str) -> TakeError:
    return TakeError(
        f"{file.name} does not verify: {why}",
        remedy="See 'answerprint verify'; a frame that was changed is not promoted.",
    )


def _told(take: Take, label: str) -> dict[int, Event]:
    """Frame -> what the take's journal says of it; the last word counts."""
    try:
        events = take.events()
    except TakeError:  # it is for those who watch; the frames are the truth
        return {}
    return {
        event["frame"]: {name: event[name] for name in _TOLD if name in event}
        for event in events
        if event["event"] == "frame"
        and event.get("variation") == label
        and isinstance(event.get("frame"), int)
    }


def _alone(resolved: Resolved, take: Take, label: str) -> Resolved:
    """The job of one variation, as if it had been asked for by itself, where the take lies."""
    variation = resolved.variations[label]
    values = {k: v for k, v in variation.values.items() if k in resolved.parameters}
    out = resolved.job.out.model_copy(update={"take": None})
    stream = take.folder.absolute().parent
    parts = tuple(resolved.stream.split("/"))
    if stream.parts[-len(parts) :] != parts:  # it was moved, out of its show and shot
        out, parts = out.model_copy(update={"show": None, "shot": None}), (stream.name,)
    job = resolved.job.model_copy(
        update={
            "wedge": {},
            "items": None,
            "out": out,
            "parameters": resolved.job.parameters | values,
            "seed": resolved.seed(variation),
        }
    )
    return resolved.model_copy(
        update={
            "job": job,
            "axes": {},
            "parameters": resolved.parameters | values,
            "root": stream.parents[len(parts) - 1],
            "stream": "/".join(parts),
            "notes": (f"promoted from {take.name} {take.label} {label}: {variation}",),
        }
    )


def _copied(place: Place, number: int, file: Path, before: Record) -> dict[str, Any]:
    """Write a frame aside with its new record; returns what the journal says of it."""
    content = medium.read(file)
    if medium.digest(content) != before.pixels:
        raise _unsound(file, "It was changed just now.")
    made = write.renewed(place, Item(number), before)
    record.strip(content)
    record.embed(content, made, place.signer)
    medium.of(file).write(place.take.part_file(number), content)
    return {
        "file": place.take.file(number).name,
        "pixels": made.pixels,
        "statement_id": made.statement_id,
        "work": made.work,
        "copied_from": made.copied_from,
    }
