"""Writing: a frame of the result with its signed record, aside first and then under its name."""

from __future__ import annotations

import getpass
import platform
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from answerprint import __version__, medium, record, takes
from answerprint.contract import Value
from answerprint.documents import now
from answerprint.job import Resolved
from answerprint.medium import Content
from answerprint.record import Record
from answerprint.signing import Signer
from answerprint.takes import Item, Take
from answerprint.way import Account, Work

CHOSEN = "chosen"  # in what a record says of the model: why this version


@dataclass(frozen=True)
class Place:
    """Where and by whom a run writes. `facts`: server (its host), triton, job_id."""

    resolved: Resolved
    take: Take
    signer: Signer
    facts: dict[str, str]


def made_record(
    place: Place,
    found: Work,
    content: Content,
    answers: Account,
    settings: dict[str, Value],
    *,
    seed: str | None,
    made: tuple[str, ...],
    work: str,
) -> Record:
    """The statement of a frame that the model was asked for. `made`: what it made of `content`."""
    resolved = place.resolved
    contract, job = resolved.contract, resolved.job
    said = {key: str(value) for key, value in answers.report.items()}
    return Record(
        **_identity(place, found.item),
        moment=_moment(place, found),
        model={
            "task": contract.task,
            "name": contract.model.name,
            "version": contract.model.version,
            "served_as": resolved.version,
            "sha256": resolved.model_sha256,
            "licence": f"code {contract.licence.code}, weights {contract.licence.weights}",
            **_chosen(resolved),
        },
        server={
            "host": place.facts["server"],
            "triton": place.facts["triton"],
            **said,
            **answers.served.as_facts(),  # a run may have gone on at another server
        },
        parameters=settings,
        seed=seed,
        determinism=contract.determinism.model_dump(include={"kind", "tolerance"}),
        cut=answers.cut,
        non_finite=job.non_finite,
        inputs=tuple(found.inputs),
        colour=_colour(resolved),
        result=_result(resolved),
        # what shows the plate itself was made by nobody here
        digital_source_type=contract.digital_source_type if answers.asked else "",
        training=contract.training.model_dump(include={"data_class", "consent"}),
        windows=record.windows(content),
        processed=made if answers.asked else (),
        seconds=dict(found.seconds),
        work=work,
        pixels=medium.digest(content),
    )


def copied_record(place: Place, found: Work, content: Content, before: Record) -> Record:
    """The statement of a frame that holds what equal work made: that work's, in a new place."""
    return renewed(place, found.item, before).model_copy(
        update={
            "inputs": tuple(found.inputs),
            "windows": record.windows(content),
            "moment": _moment(place, found),
            "seconds": dict(found.seconds),
        }
    )


def renewed(place: Place, item: Item, before: Record) -> Record:
    """The statement of a frame that was made before, in a new place; it names the one it was."""
    return before.model_copy(
        update={
            **_identity(place, item),
            "model": {**_without_reason(before.model), **_chosen(place.resolved)},
            "copied_from": {
                "statement_id": before.statement_id,
                "name": before.name,
                "take": before.take,
                "variation": before.variation,
                "frame": before.frame,
            },
        }
    )


def _chosen(resolved: Resolved) -> dict[str, str]:
    """Why this version of the model, where a roll-out had a say."""
    return {} if resolved.rollout is None else {CHOSEN: resolved.rollout.why}


def _without_reason(model: dict[str, str]) -> dict[str, str]:
    """What made a frame, without why an earlier job got that."""
    return {name: said for name, said in model.items() if name != CHOSEN}


def write(place: Place, found: Work, content: Content, made: Record) -> list[str]:
    """Sign the frame, write it aside, and hold what stands in it beside pixels against the plate's.

    Returns the names of attributes that the file could not carry unchanged.

    Raises:
        TakeError: the file cannot be written; DiskFull if there is no space.
    """
    record.strip(content)
    record.embed(content, made, place.signer)
    held = medium.holding(content)
    part = place.take.part_file(found.item.frame, found.item.variation)
    try:
        held.write(part, content)
        lost = held.lost(content, part)
    except BaseException:
        with suppress(OSError):  # the disk is away: who resumes the take removes it
            part.unlink(missing_ok=True)
        raise
    expected = {record.STATEMENT, record.SIGNATURE}
    if place.resolved.result.layers == "only":
        expected |= {"dataWindow", "displayWindow"}
    return [name for name in lost if name not in expected]


def commit(place: Place, found: Work, made: Record, lost: list[str]) -> dict[str, Any]:
    """Give the written file its name; returns what the journal says of it."""
    item = found.item
    final = takes.commit_frame(place.take, item.frame, item.variation)
    found.warnings += [f"attribute {name} could not be carried unchanged" for name in lost]
    facts: dict[str, Any] = {"frame": item.frame}
    if item.variation:
        facts["variation"] = item.variation
    if found.shows is not None:
        facts["shows"] = found.shows
    if made.copied_from:
        facts["copied_from"] = made.copied_from
    return facts | {
        "file": final.relative_to(place.take.folder).as_posix(),
        "pixels": made.pixels,
        "statement_id": made.statement_id,
        "work": made.work,
        "cut": made.cut,
        "windows": [window["data"] for window in made.windows],
        "seconds": found.seconds,
        "levels": {name: levels.as_json() for name, levels in found.levels.items()},
        "warnings": found.warnings,
    }


def _identity(place: Place, item: Item) -> dict[str, Any]:
    """Which frame this is, and who has it made."""
    job = place.resolved.job
    return {
        "statement_id": uuid.uuid4().hex,
        "created": now(),
        "job_id": place.facts["job_id"],
        "request_id": f"{place.facts['job_id']}.{item}",
        "show": job.out.show,
        "shot": job.out.shot,
        "name": place.take.name,
        "take": place.take.number,
        "variation": item.variation,
        "frame": item.frame,
        "views": place.resolved.views,
        "user": getpass.getuser(),
        "machine": socket.gethostname(),
        "host": job.host,
        "tool": f"answerprint {__version__}, Python {platform.python_version()}",
    }


def _moment(place: Place, found: Work) -> float | None:
    return found.seen.moment if place.resolved.contract.cut.between else None


def _result(resolved: Resolved) -> dict[str, str]:
    """What was asked of the file, so that it can be asked for again."""
    said: dict[str, str] = resolved.result.model_dump(mode="json")
    is_geometry = resolved.contract.kind != "image"
    return said | ({"unsupported": resolved.job.unsupported} if is_geometry else {})


def _colour(resolved: Resolved) -> dict[str, str]:
    """The way of each image in words, and the configuration that it was gone by."""
    if resolved.colour is None:
        return dict.fromkeys(resolved.inputs, "data")
    found = resolved.colour
    return {
        "space": found.space,
        "said_by": found.source,
        "config": found.config,
        "fingerprint": found.fingerprint,
        **found.paths,
    }
