"""Preflight: all that can be known to be wrong is said before a pixel moves or a number is taken."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from answerprint import aliases, colour, curve, exr, keep, layers, takes, wedge
from answerprint.checks import check_every_frame, check_finite, check_writable
from answerprint.contract import Contract, Input, Scale, Value
from answerprint.curve import Curve
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import (
    Job,
    Resolved,
    ResolvedColour,
    ResolvedInput,
    ResolvedResult,
    Source,
    main_input,
)
from answerprint.memory import bound, check, needed
from answerprint.plate import Plate, check_frames, frame_in_name, with_view
from answerprint.site import Site
from answerprint.span import Span
from answerprint.triton import Server

DEFAULT_ROOT = Path("takes")


def resolve(job: Job, server: Server, site: Site, *, memory: float | None = None) -> Resolved:
    """Decide everything that a job leaves open, and refuse what cannot work.

    `memory`: GB that the run may hold, where it is not the site's number.

    Raises:
        JobError: unknown parameter or input, value out of range, frames outside the plate, a path
            outside the allowed roots, a take number that exists (TakeExists).
        SourceError: missing or broken frames, missing layers, sizes that differ, NaN under `stop`.
        ServerError: no server, not ready, no such task, a wrong contract.
        SetupError: the colour configuration cannot be used.
        TakeError: the destination cannot be written.
    """
    offer = server.offer(job.task, job.version)
    contract = offer.usable()
    constants = {k: v for k, v in job.parameters.items() if not isinstance(v, Curve)}
    settings: dict[str, Value | Curve] = {**contract.settings(constants)}
    axes = wedge.checked(contract, job.wedge)
    for name in job.inputs:
        contract.input(name)
    possible = _possible(contract, settings, axes)
    for one in possible:
        contract.check_together(one)
    motion = any(output.when for one in possible for output in contract.given(one))
    main = _plate(job.plate, job, "Plate", site)
    time = Span.of(job, contract, main, motion=motion)
    wedge.check_count(axes, len(time.result), job.items)
    settings |= _curves(job, contract, axes, time.result)
    head = exr.read_structure(main.file(time.needed.first))
    views = _views(job, head, main.name(time.needed.first))
    inputs, notes = _inputs(job, contract, main, time.needed, views, site)
    source = _written_into(contract, inputs)
    head = exr.read_structure(source.plate.file(time.needed.first))
    every = [keep.kept(job, contract, one, head, inputs, views) for one in possible]
    result, left_out = every[0]  # the same for all that a contract can say
    found = _colour(job, contract, inputs, head, site)
    notes += [
        *time.notes,
        *_view_notes(views, head, result),
        *_colour_notes(job, contract, found),
        *left_out,
        *_warned(contract, settings, axes),
        *check_every_frame(contract, inputs, time.needed, views, site),
    ]
    if job.non_finite == "stop":
        check_finite(inputs, time.needed, views)
    if contract.seed:
        wedge.check_seeds([job.seed or "0", *map(str, axes.get(wedge.SEED, ()))])
    elif job.seed is not None:
        notes.append(f"seed {job.seed}: {job.task} takes no seed, it is only recorded")
    item_bytes = max(needed(contract, one, inputs, head, views) for one in possible)
    check(item_bytes, bound(memory or site.memory))
    root, stream, name = _destination(job, contract, main, site)
    notes += _space(root, inputs, len(time.result) * max(wedge.count(axes), 1), time.needed.first)
    return Resolved(
        job=job,
        contract=contract,
        version=offer.version,
        model_sha256=contract.sha256,
        frames=str(time.result),
        first=time.first,
        last=time.last,
        views=views,
        inputs=inputs,
        parameters=settings,
        axes=axes,
        colour=found,
        result=result,
        memory=item_bytes,
        root=root,
        stream=stream,
        name=name,
        notes=tuple(notes),
    )


def check_resumed(resolved: Resolved, folder: Path, site: Site) -> None:
    """Hold the paths of a take's own job against the site: anybody may have written that file.

    Raises:
        JobError: a plate or the take lies outside the allowed roots.
    """
    site.check_allowed(folder, "Take")
    for name, source in resolved.inputs.items():
        site.check_allowed(source.plate.folder, f"Plate for {name}")


def _plate(text: str, job: Job, role: str, site: Site) -> Plate:
    plate = Plate.parse(with_view(text, job.views)).absolute()
    site.check_allowed(plate.folder, role)
    return plate


def _curves(job: Job, contract: Contract, axes: wedge.Axes, frames: FrameRange) -> dict[str, Curve]:
    curves = {name: one for name, one in job.parameters.items() if isinstance(one, Curve)}
    both = sorted(curves.keys() & axes.keys())
    if both:
        raise JobError(
            f"Parameter {both[0]} has both a curve and a wedge.", remedy="Keep one of them."
        )
    return {
        name: curve.checked(contract.parameter(name), one, frames) for name, one in curves.items()
    }


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


def _view_notes(views: tuple[str, ...], head: exr.Frame, result: ResolvedResult) -> list[str]:
    if not views:
        return []
    rest = ", ".join(view for view in head.views() if view not in views)
    said = "is not in the take" if result.layers == "only" else "stays as it is"
    return [f"views: {', '.join(views)}{f'; {rest} {said}' if rest else ''}"]


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
        plate = _plate(source.path, job, f"Plate for {wanted.name}", site)
        if plate != main:
            check_frames(plate, frames, plate.on_disk())
        frame = exr.read_structure(plate.file(frames.first))
        # a guide that was given files of its own is not left out in silence
        required = wanted.required or wanted.name in job.inputs
        where = plate.name(frames.first)
        follows = wanted.follows is not None and source.layer is not None
        follows = follows and wanted.name not in job.inputs
        if follows and not required and not layers.holds(frame, source.layer or "", wanted, view):
            layer = None
        else:
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
        picked = layers.channels(frame, layer, wanted, str(plate), view)
        channels = tuple(name for _, name in picked)
        found[wanted.name] = ResolvedInput(path=str(plate), layer=layer, channels=channels)
        notes.append(f"{wanted.name}: layer {layer} of {where}")
        if plate == main and wanted is contract.inputs[0]:
            notes += _encoding_notes(job, frame)
    return found, notes


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


def _warned(
    contract: Contract, settings: Mapping[str, Value | Curve], axes: wedge.Axes
) -> list[str]:
    """What an artist should know of the choices taken, those of a wedge or a curve among them."""
    found: list[str] = []
    for one in contract.parameters:
        own = settings[one.name]
        values = own.curve.values() if isinstance(own, Curve) else (own,)
        taken = {str(value) for value in axes.get(one.name, values)}
        found += [words for choice, words in one.warn.items() if choice in taken]
    return list(dict.fromkeys(found))


def _possible(
    contract: Contract, settings: Mapping[str, Value | Curve], axes: wedge.Axes
) -> list[dict[str, Value]]:
    """Settings that differ in what comes back, and how large: all that a wedge brings together.

    What decides about outputs cannot be animated; for the rest any value does.
    """
    constants: dict[str, Value] = {
        name: False if isinstance(one, Curve) else one for name, one in settings.items()
    }
    deciding = {one.when for one in contract.outputs}
    deciding |= {
        name for one in contract.parameters for name in (one.name, *one.unless) if one.unless
    }
    deciding |= {one.scale.parameter for one in contract.outputs if isinstance(one.scale, Scale)}
    varied = {name: values for name, values in axes.items() if name in deciding}
    return [constants | one.values for one in wedge.variations(varied)] or [constants]


def _colour(
    job: Job,
    contract: Contract,
    inputs: dict[str, ResolvedInput],
    head: exr.Frame,
    site: Site,
) -> ResolvedColour | None:
    """The plate's space and the way of each image; None where all of them are data."""
    encodings = {one.name: one.encoding for one in contract.inputs if one.name in inputs}
    is_data = set(encodings.values()) == {"data"}
    if is_data and not _names_colour(job):
        return None
    config = colour.load(job.colour.config, site.colour)
    attributes = head.parts[0].header
    space = colour.plate_space(
        config, asked=job.colour.space, asked_by=job.colour.said_by, attributes=attributes
    )
    if is_data:  # what was named is there; nothing is done with it
        return None
    ways = {name: colour.conversion(config, space, one) for name, one in encodings.items()}
    for name, way in ways.items():
        if not way.identity and aliases.is_data(inputs[name].layer):
            raise JobError(
                f"Layer {inputs[name].layer} holds numbers, not light; {contract.task} would send "
                f"it through colour ({way.words}).",
                remedy=f"Choose a picture with --layer {name}=NAME.",
            )
    paths = {name: way.words for name, way in ways.items()}
    return ResolvedColour(
        space=space.name,
        source=space.source,
        config=config.place,
        config_source=config.source,
        fingerprint=config.fingerprint,
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


def _destination(job: Job, contract: Contract, main: Plate, site: Site) -> tuple[Path, str, str]:
    """Where the take goes: (root, stream folder below it, take name). Tries to write there."""
    out = job.out
    root = (out.root or site.root or DEFAULT_ROOT).absolute()
    site.check_allowed(root, "Output folder")
    stem = main.head.removesuffix(".exr")
    number = frame_in_name(main.head) if main.is_still else None
    if number is not None:  # the take's frames have a number of their own
        stem = stem.removesuffix(str(number))
    stem = stem.strip("._- ") or "plate"
    name = out.name or f"{_safe(stem)}_{contract.task}"
    stream = "/".join(part for part in (out.show, out.shot, name) if part)
    site.check_allowed(root / stream, "Output folder")  # a folder on the way may be a link
    if out.take is not None and (root / stream).is_dir():
        takes.check_free(root / stream, out.take)
    check_writable(root / stream)
    return root, stream, name


def _safe(stem: str) -> str:
    kept = "".join(
        char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in stem
    )
    return kept.lstrip("_.-")[:60] or "plate"


def _space(root: Path, inputs: dict[str, ResolvedInput], items: int, first: int) -> list[str]:
    """A warning where the plate's own size says that the disk will not do."""
    main = next(iter(inputs.values())).plate
    needed = main.file(first).stat().st_size * items
    there = next(one for one in (root, *root.parents) if one.exists())
    free = shutil.disk_usage(there).free
    if free > needed:
        return []
    return [f"space: about {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free; it may fill up"]
