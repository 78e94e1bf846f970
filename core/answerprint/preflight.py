"""Preflight: all that can be known to be wrong is said before a pixel moves or a number is taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from answerprint import (
    aliases,
    chosen,
    colour,
    destination,
    exr,
    geoflight,
    inputs,
    keep,
    localised,
    medium,
    ocio,
    way,
    wedge,
)
from answerprint.asked import Asked, curves, seed_notes, warned
from answerprint.checks import (
    check_config,
    check_every_frame,
    check_finite,
    check_frames_left,
    is_the_studios,
)
from answerprint.chosen import Chosen
from answerprint.contract import Contract
from answerprint.errors import (
    ContractError,
    Fix,
    JobError,
    ModelReplaced,
    NoSuchTask,
    ServerNotReady,
    SourceError,
)
from answerprint.frames import FrameRange
from answerprint.inputs import Found
from answerprint.interrupt import Interrupt
from answerprint.job import Job, Resolved, ResolvedColour, ResolvedResult, main_input
from answerprint.memory import bound, check, needed
from answerprint.site import Site, home
from answerprint.span import Span
from answerprint.takes import Item, Take
from answerprint.triton import Server

# what a server says where it lacks a version, or has it otherwise
OF_A_CANDIDATE = (NoSuchTask, ServerNotReady, ContractError, ModelReplaced)


def resolve(
    job: Job,
    server: Server,
    site: Site,
    *,
    memory: float | None = None,
    tries: bool = True,
    interrupted: Interrupt | None = None,
) -> Resolved:
    """Decide everything that a job leaves open, and refuse what cannot work.

    A job that a canary's share alone gave the candidate never fails for that: where the candidate
    is not to be had, or cannot do the job, it gets what it would have got without the canary.

    memory        GB that the run may hold, where it is not the site's number
    tries         to write an empty file where the take goes; False: writes nothing at all
    interrupted   is looked at between frames

    Raises:
        JobError: an unknown alias of a version, parameter or input, value out of range, frames outside the plate, a path
            outside the allowed roots, a take number that exists (TakeExists).
        SourceError: missing or broken frames, missing layers, sizes that differ, NaN under `stop`.
        ServerError: no server, not ready, no such task, a wrong contract.
        SetupError: the colour configuration or the roll-out cannot be used.
        TakeError: the destination cannot be written.
        KeyboardInterrupt: it was interrupted.
    """
    terms = _Terms(server, site, memory, tries, interrupted or Interrupt())
    version = chosen.chosen(job, site, home=home())
    job = localised.job(job, site)
    try:
        return _resolved(job, version, terms)
    except (JobError, SourceError, *OF_A_CANDIDATE) as error:
        if version.instead is None:
            raise
        why = error.problem
    return _resolved(job, version.without_canary(why), terms)


@dataclass(frozen=True)
class _Terms:
    """Under which a job is resolved; see `resolve`."""

    server: Server
    site: Site
    memory: float | None
    tries: bool
    interrupted: Interrupt


def _resolved(job: Job, version: Chosen, terms: _Terms) -> Resolved:
    """As `resolve`, of a job with this machine's paths and the version that it got."""
    server, site, interrupted = terms.server, terms.site, terms.interrupted
    memory, tries = terms.memory, terms.tries
    offer = chosen.offer(job, version.choice, server)
    contract = offer.usable()
    if contract.kind != "image":
        made = geoflight.resolve(
            job, server, offer, site, memory=memory, tries=tries, interrupted=interrupted
        )
        said = (*version.notes, *made.notes)
        return made.model_copy(update={"rollout": version.choice, "notes": said})
    _check_picture(job, contract, server, site)
    asked = Asked.of(job, contract)
    main = inputs.plate(job.plate, job, "Plate", site)
    time = Span.of(job, contract, main, motion=asked.looks_ahead(contract))
    wedge.check_count(asked.axes, len(time.result), job.items)
    settings = asked.settings | curves(job, contract, asked.axes, time.result)
    found = inputs.find(job, contract, main, time.needed, site)
    kept = [
        keep.kept(job, contract, one, found.head, found.inputs, found.views)
        for one in asked.possible
    ]
    result, left_out = kept[0]  # the same for all that a contract can say
    look = _colour(job, contract, found, site)
    notes = [
        *version.notes,
        *found.notes,
        *time.notes,
        *_view_notes(found, result),
        *_colour_notes(job, contract, look),
        *left_out,
        *warned(contract, settings, asked.axes),
        *check_every_frame(
            contract, found.inputs, time.needed, found.views, site, interrupted=interrupted
        ),
        *seed_notes(job, contract, asked.axes),
    ]
    if job.non_finite == "stop":
        check_finite(found.inputs, time.needed, found.views, interrupted=interrupted)
    peak = max(
        needed(contract, one, found.inputs, found.head, found.views) for one in asked.possible
    )
    check(peak, bound(memory or site.memory))
    root, stream, name = destination.find(job, contract, main, site, tries=tries)
    files = len(time.result) * max(wedge.count(asked.axes), 1)
    plate_file = found.inputs[main_input(contract, found.inputs)].plate.file(time.needed.first)
    disk = destination.needed(plate_file, files, asked.scale(contract))
    notes += destination.space(root, disk)
    return Resolved(
        job=job,
        contract=contract,
        version=offer.version,
        model_sha256=contract.sha256,
        frames=str(time.result),
        first=time.first,
        last=time.last,
        views=found.views,
        inputs=found.inputs,
        parameters=settings,
        axes=asked.axes,
        colour=look,
        result=result,
        rollout=version.choice,
        memory=peak,
        disk=disk,
        root=root,
        stream=stream,
        name=name,
        notes=tuple(notes),
    )


def check_resumed(resolved: Resolved, folder: Path, site: Site) -> None:
    """Hold what is left to do of a take against the site and the plate, as a new job is.

    The job in a take is a file that anybody may have written, and the plate may have changed.

    Raises:
        JobError: the take, a frame or the colour configuration lies outside the allowed roots.
        SourceError: a frame that is left has another resolution than those that are done.
    """
    site.check_allowed(folder, "Take")
    if resolved.colour is not None:
        check_config(resolved.colour.config, site)
    for name, source in resolved.inputs.items():
        site.check_allowed(source.plate.folder, f"Plate for {name}")
    done = Take(folder).items()
    going = way.of(resolved)
    labels = list(resolved.variations) or [""]
    plate, left = resolved.inputs[resolved.main].plate, set[int]()
    for number in resolved.frame_range:
        files = going.files(resolved, number)
        for file in files:
            site.check_allowed(file, "Frame")
        if not all(Item(number, label) in done for label in labels):
            left |= {one for one in resolved.sources(number).frames if plate.file(one) in files}
    if resolved.contract.kind != "image":
        return  # frames of geometry are as large as they are
    check_frames_left(
        resolved.contract,
        resolved.inputs,
        FrameRange.of(left),
        resolved.views,
        site,
        display=_resolution(resolved, done.values()),
    )


def _check_picture(job: Job, contract: Contract, server: Server, site: Site) -> None:
    """Raises JobError: the plate, or what is asked for, is of geometry, and the task of pictures."""
    main = inputs.plate(job.plate, job, "Plate", site)
    if medium.is_geometry(main.name(0)):
        raise geoflight.mismatch(contract, server, main, geoflight.first_of(main))
    if job.result.format not in ("inherit", "exr"):
        raise JobError(
            f"result.format is {job.result.format}, and {contract.task} makes pictures.",
            remedy="Leave it out: a take of pictures is EXR.",
            fix=Fix("Leave the format out", {"result": {"format": "inherit"}}),
        )


def _resolution(resolved: Resolved, done: Iterable[Path]) -> exr.Window | None:
    """That of the plate, by the frames of a take; None where they have another, or there are none."""
    if resolved.result.layers == "only":
        return None
    for file in done:
        with contextlib.suppress(SourceError):  # it does not verify either, and is made again
            return exr.read_structure(file).parts[0].display_window
    return None


def _view_notes(found: Found, result: ResolvedResult) -> list[str]:
    views = found.views
    if not views:
        return []
    rest = ", ".join(view for view in found.head.views() if view not in views)
    said = "is not in the take" if result.layers == "only" else "stays as it is"
    return [f"views: {', '.join(views)}{f'; {rest} {said}' if rest else ''}"]


def _colour(job: Job, contract: Contract, found: Found, site: Site) -> ResolvedColour | None:
    """The plate's space and the way of each image; None where all of them are data."""
    encodings = {one.name: one.encoding for one in contract.inputs if one.name in found.inputs}
    is_data = set(encodings.values()) == {"data"}
    if is_data and not _names_colour(job):
        return None
    if job.colour.config:
        check_config(job.colour.config, site)
    config = ocio.load(job.colour.config, site.colour)
    space = colour.plate_space(
        config,
        asked=job.colour.space,
        asked_by=job.colour.said_by,
        attributes=found.head.parts[0].header,
    )
    if is_data:  # what was named is there; nothing is done with it
        return None
    ends = colour.ends(contract, found.inputs)
    ways = {name: colour.conversion(config, space, one) for name, one in ends.items()}
    luts = [file for way in ways.values() for file in way.files]
    for lut in luts if not is_the_studios(config.place, site) else ():
        site.check_allowed(lut, "LUT file")
    paths = {name: ways[f"in {name}"].words for name in encodings}
    for name, words in paths.items():
        if not ways[f"in {name}"].identity and aliases.is_data(found.inputs[name].layer):
            raise JobError(
                f"Layer {found.inputs[name].layer} holds numbers, not light; {contract.task} would "
                f"send it through colour ({words}).",
                remedy=f"Choose a picture with --layer {name}=NAME.",
            )
    return ResolvedColour(
        space=space.name,
        source=space.source,
        config=config.place,
        config_source=config.source,
        fingerprint=ocio.fingerprint(config, luts),
        paths=paths,
    )


def _names_colour(job: Job) -> bool:
    return bool(job.colour.space or job.colour.config)


def _colour_notes(job: Job, contract: Contract, found: ResolvedColour | None) -> list[str]:
    if found is None:
        said = f"colour: not used, {contract.task} takes numbers as they are"
        return [said] if _names_colour(job) else []
    ways = [f"colour: {name}: {words}" for name, words in found.paths.items() if "->" in words]
    return [f"colour: the plate is {found.space}, {found.source}", *ways]
