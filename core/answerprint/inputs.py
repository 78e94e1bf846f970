"""Inputs: which plate, layer and channels each input of a task comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from answerprint import aliases, exr, layers
from answerprint.contract import Contract, Input
from answerprint.errors import Fix, JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.job import Job, ResolvedInput, Source, main_input
from answerprint.plate import Plate, check_frames, with_view
from answerprint.site import Site


@dataclass(frozen=True)
class Found:
    """What was found by the first frame that is needed.

    inputs  in the contract's order
    views   to make of a stereo plate; none of a mono one
    head    of the frame that the result is written into
    notes   what is to be said of it
    """

    inputs: dict[str, ResolvedInput]
    views: tuple[str, ...]
    head: exr.Frame
    notes: list[str]


def find(job: Job, contract: Contract, main: Plate, frames: FrameRange, site: Site) -> Found:
    """Find what a task takes, in the plate and in the files that the job names beside it.

    Raises:
        JobError: no such view, a path outside the allowed roots, a layer to choose, or a result
            that would replace layers of two files.
        SourceError: a layer or a frame is missing.
    """
    head = exr.read_structure(main.file(frames.first))
    views = _views(job, head, main.name(frames.first))
    found, notes = _inputs(job, contract, main, frames, views, site)
    source = _written_into(contract, found)
    return Found(found, views, exr.read_structure(source.plate.file(frames.first)), notes)


def plate(text: str, job: Job, role: str, site: Site) -> Plate:
    """A plate as a job spells it, by its absolute path; `role`: what to call it in an error.

    Raises:
        JobError: it cannot be read as a path, or lies outside the allowed roots.
    """
    found = Plate.parse(with_view(text, job.views)).absolute()
    site.check_allowed(found.folder, role)
    return found


def _views(job: Job, head: exr.Frame, where: str) -> tuple[str, ...]:
    """The views to make of a stereo plate; none of a mono one."""
    held = head.views()
    if job.views is None or "%V" in job.plate or "%v" in job.plate:
        return held if len(held) > 1 else ()
    for view in job.views:
        if view not in held:
            raise JobError(
                f"{where} has no view '{view}'.",
                remedy=f"Its views are {', '.join(held)}." if held else "It is no stereo plate.",
            )
    return tuple(view for view in held if view in job.views) if len(held) > 1 else ()


def _inputs(
    job: Job,
    contract: Contract,
    main: Plate,
    frames: FrameRange,
    views: tuple[str, ...],
    site: Site,
) -> tuple[dict[str, ResolvedInput], list[str]]:
    """Find each input's plate, layer and channels by the first frame; say what was found."""
    found: dict[str, ResolvedInput] = {}
    notes: list[str] = []
    names = aliases.table(site.layers)
    view = views[0] if views else None
    for wanted in contract.inputs:
        source = _source(job, contract, wanted, found)
        path = plate(source.path, job, f"Plate for {wanted.name}", site)
        if source.layer == layers.NONE and not wanted.required:  # whatever its files are like
            notes.append(f"{wanted.name}: not used, as asked")
            continue
        if path != main:
            cure = layers.left_out(wanted, source.path)
            check_frames(path, frames, path.on_disk(), cure)
        frame = exr.read_structure(path.file(frames.first))
        # a guide that was given files of its own is not left out in silence
        required = wanted.required or wanted.name in job.inputs
        where = path.name(frames.first)
        follows = wanted.follows is not None and source.layer is not None
        follows = follows and wanted.name not in job.inputs
        if follows and not required and not layers.holds(frame, source.layer or "", wanted, view):
            layer = None
        else:
            with _curable(frame, wanted, source, view, site):
                layer = layers.choose(
                    frame,
                    wanted,
                    source.layer,
                    where,
                    required=required,
                    view=view,
                    names=names,
                    first=site.layers.get(wanted.name, ()),
                )
        if layer is None:
            lacking = f"{source.layer} has none" if follows else f"{where} has no such layer"
            why = "as asked" if source.layer is not None and not follows else lacking
            notes.append(f"{wanted.name}: not used, {why}")
            continue
        if wanted.needs and wanted.needs not in found:
            notes.append(f"{wanted.name}: not used, it needs {wanted.needs}")
            continue
        with _curable(frame, wanted, source, view, site):
            picked = layers.channels(frame, layer, wanted, str(path), view)
        channels = tuple(name for _, name in picked)
        found[wanted.name] = ResolvedInput(path=str(path), layer=layer, channels=channels)
        notes.append(f"{wanted.name}: layer {layer} of {where}")
        if path == main and wanted is contract.inputs[0]:
            notes += _encoding_notes(job, frame)
    return found, notes


def could_be(
    frame: exr.Frame, wanted: Input, view: str | None, site: Site, asked: str | None = None
) -> tuple[list[str], list[str]]:
    """Layers that could be an input, by the site's names for it as well; see `layers.serving`."""
    return layers.serving(
        frame,
        wanted,
        asked=asked,
        view=view,
        names=aliases.table(site.layers),
        first=site.layers.get(wanted.name, ()),
    )


@contextmanager
def _curable(
    frame: exr.Frame, wanted: Input, source: Source, view: str | None, site: Site
) -> Iterator[None]:
    """An error about an input's layer gets what cures it.

    That is the best layer that fits, else none where the task can do without, else any that could
    be the input.
    """
    try:
        yield
    except SourceError as error:
        error.fix = _cure(frame, wanted, source, view, site)
        raise


def _cure(
    frame: exr.Frame, wanted: Input, source: Source, view: str | None, site: Site
) -> Fix | None:
    meant = could_be(frame, wanted, view, site, source.layer)[0] if source.layer else []
    named, others = could_be(frame, wanted, view, site)
    if not wanted.required and not meant and (source.layer or not named):
        return layers.left_out(wanted, source.path)
    best = next(iter([*meant, *named, *others]), None)
    return None if best is None else layers.use(wanted, source.path, best)


def _written_into(contract: Contract, inputs: dict[str, ResolvedInput]) -> ResolvedInput:
    """Where the files come from that the result is written into: usually the plate.

    Raises:
        JobError: the result would replace layers of two files.
    """
    main = inputs[main_input(contract, inputs)]
    for output in contract.outputs:
        name = output.replaces or ""
        if name in inputs and inputs[name].path != main.path:
            absent = f", or leave it out with --layer {name}=none"
            raise JobError(
                f"{name} comes from {inputs[name].path}, and the result is written into "
                f"{main.path}.",
                remedy="Bring both into one file first"
                f"{'' if contract.input(name).required else absent}.",
                fix=layers.left_out(contract.input(name), inputs[name].path),
            )
    return main


def _source(job: Job, contract: Contract, wanted: Input, found: dict[str, ResolvedInput]) -> Source:
    """Where an input comes from: as the job says, or from where the one it follows came.

    What was given for looking at alone, a proxy as the guide of a retime, is not followed.
    """
    if wanted.name in job.inputs:
        return job.inputs[wanted.name]
    follows = wanted.follows
    if follows is None or follows not in found:
        return Source(path=job.plate)
    replaced = any(one.replaces == follows for one in contract.outputs)
    if follows in job.inputs and not replaced:
        return Source(path=job.plate)
    return Source(path=found[follows].path, layer=found[follows].layer)


def _encoding_notes(job: Job, frame: exr.Frame) -> list[str]:
    """What the take's files cannot keep of the way the plate is stored."""
    notes = []
    codec = exr.lossy(frame)
    if codec is not None and job.result.compression == "inherit":
        notes.append(f"the plate is compressed with {codec}, which loses pixels: the take is ZIP")
    if any(part.is_mip_mapped for part in frame.parts):
        notes.append("the plate is mip-mapped: the take holds its full resolution alone")
    return notes
