"""Preflight of geometry: what a job on points or grids leaves open is decided, what cannot work said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from answerprint import destination, geobuild, geocheck, geolayers, geometries, inputs, wedge
from answerprint.asked import Asked, curves, seed_notes, warned
from answerprint.contract import Contract, Input, Kind, Output
from answerprint.errors import AnswerprintError, Fix, JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.geocheck import Survey
from answerprint.geolayers import UNNAMED
from answerprint.geometry import Geometry
from answerprint.interrupt import Interrupt
from answerprint.job import Format, Job, Resolved, ResolvedInput, ResolvedResult
from answerprint.memory import bound, check
from answerprint.offer import Offer, tasks
from answerprint.plate import Plate
from answerprint.ports import NOUNS
from answerprint.site import Site
from answerprint.span import Span
from answerprint.triton import Server
from answerprint.volume import Volume

# what a take is written as, by the ending of the plate's files
_FORMATS: dict[str, Format] = {
    ".geo": "geo",
    ".geo.gz": "bgeo",
    ".vdb": "vdb",
    ".usd": "usdc",
    ".usdc": "usdc",
    ".usda": "usda",
}
_TAKES: dict[Kind, str] = {
    "image": "pictures",
    "points": "points",
    "volume": "a volume",
    "heightfield": "a heightfield",
}


def resolve(
    job: Job,
    server: Server,
    offer: Offer,
    site: Site,
    *,
    memory: float | None,
    tries: bool,
    interrupted: Interrupt,
) -> Resolved:
    """As `preflight.resolve`, for a task on geometry.

    Raises:
        JobError: also where the plate is of another kind than the task takes.
        SourceError: also for missing attributes or grids, those of another type or size, empty
            frames, voxels that are no cubes, and what a take could not hold.
    """
    contract = offer.usable()
    main = inputs.plate(job.plate, job, "Plate", site)
    geocheck.check_fields(job, contract.task)
    if main.name(0).lower().endswith(".exr"):
        raise mismatch(contract, server, main, None)
    geometries.codec(Path(main.name(0)))  # says what can be read instead
    asked = Asked.of(job, contract)
    time = Span.of(job, contract, main, motion=False)
    wedge.check_count(asked.axes, len(time.result), job.items)
    settings = asked.settings | curves(job, contract, asked.axes, time.result)
    found, notes = _surveyed(job, contract, asked, server, main, time.needed, site, interrupted)
    check(found.peak, bound(memory or site.memory))
    if job.non_finite == "stop":
        geocheck.check_finite(found.inputs, contract.kind, time.needed, interrupted=interrupted)
    root, stream, name = destination.find(job, contract, main, site, tries=tries)
    files = len(time.result) * max(wedge.count(asked.axes), 1)
    first = main.file(min(found.points))
    disk = int(destination.needed(first, files, 1) * found.grown)
    result = ResolvedResult(
        layers=job.result.layers or "replace",
        type="inherit",
        compression="inherit",
        format=_format(job, contract, found),
    )
    made = Resolved(
        job=job,
        contract=contract,
        version=offer.version,
        model_sha256=contract.sha256,
        frames=str(time.result),
        first=time.first,
        last=time.last,
        inputs=found.inputs,
        parameters=settings,
        axes=asked.axes,
        result=result,
        memory=found.peak,
        disk=disk,
        root=root,
        stream=stream,
        name=name,
    )
    notes = [
        *notes,
        *time.notes,
        *_result_notes(made, asked, found.head, first),
        *warned(contract, settings, asked.axes),
        *found.notes,
        *seed_notes(job, contract, asked.axes),
        *destination.space(root, disk),
    ]
    return made.model_copy(update={"notes": tuple(notes)})


def _surveyed(
    job: Job,
    contract: Contract,
    asked: Asked,
    server: Server,
    main: Plate,
    frames: FrameRange,
    site: Site,
    interrupted: Interrupt,
) -> tuple[Survey, list[str]]:
    """What all frames hold, the inputs by the first that is not empty; and what is said of them."""
    survey: Survey | None = None
    empties: list[int] = []
    notes: list[str] = []
    left: dict[str, int] = {}
    for number in frames:
        interrupted.heed()
        own, where = geocheck.opened(main, number, site), f"{main.name(number)} (frame {number})"
        if geocheck.is_empty(own):
            empties.append(number)
            continue
        geocheck.check_supported(job, where, own)
        left = left or own.unsupported
        if survey is None:
            if contract.kind not in geolayers.kinds(own):
                raise mismatch(contract, server, main, own)
            found, notes = _inputs(job, contract, main, own, main.name(number), site)
            survey = Survey(contract, found, asked.possible, own)
        survey.see(number, own, main.name(number))
    geocheck.check_not_empty(main, frames, empties)
    if survey is not None:
        geocheck.check_not_empty(main, frames, survey.empties, survey.inputs)
    assert survey is not None  # noqa: S101 - there is a frame, and it is not empty
    if left:
        notes.append(f"left out of the take: {geocheck.lost(left)}")
    return survey, notes


def mismatch(
    contract: Contract, server: Server, main: Plate, geometry: Geometry | None
) -> JobError:
    """Our error for a plate that a task has no use for; `geometry`: what it holds, None: pictures."""
    fitting: Sequence[Kind] = ("image",) if geometry is None else geolayers.kinds(geometry)
    holds = "pictures" if geometry is None else geolayers.contents(geometry)
    try:
        able = [
            one.name
            for one in tasks(server.offers())
            if one.contract and one.contract.kind in fitting
        ]
    except AnswerprintError:  # it would only help to choose
        able = []
    said = f"The server has {', '.join(able)} for it." if able else "Choose another task or plate."
    return JobError(
        f"{contract.title} takes {_TAKES[contract.kind]}; {main.name_with_mark} holds {holds}.",
        remedy=said,
    )


def first_of(main: Plate) -> Geometry:
    """The structure of a plate's first frame.

    Raises:
        SourceError: it cannot be read.
    """
    return geometries.structure(main.file(main.on_disk().first))


def _inputs(
    job: Job, contract: Contract, main: Plate, head: Geometry, name: str, site: Site
) -> tuple[dict[str, ResolvedInput], list[str]]:
    """Each input's attribute or grid by one frame; and what was found."""
    found: dict[str, ResolvedInput] = {}
    notes: list[str] = []
    for wanted in contract.inputs:
        layer = _asked_layer(job, wanted, main, found, site)
        if wanted.needs and wanted.needs not in found:
            notes.append(f"{wanted.name}: not used, it needs {wanted.needs}")
            continue
        layer = geolayers.choose(
            head,
            contract.kind,
            wanted,
            layer,
            name,
            path=job.plate,
            required=wanted.required or wanted.name in job.inputs,
            first=site.layers.get(wanted.name, ()),
        )
        if layer is None:
            named = wanted.name in job.inputs and job.inputs[wanted.name].layer is not None
            why = "as asked" if named else f"{name} has no such {NOUNS[contract.kind]}"
            notes.append(f"{wanted.name}: not used, {why}")
            continue
        one = next(one for one in geolayers.held(head, contract.kind) if one.name == layer)
        channels = next(names for names in wanted.channels if len(names) == one.size)
        found[wanted.name] = ResolvedInput(path=str(main), layer=layer, channels=channels)
        said = "" if one.dtype.name == "float32" else f", {one.dtype} as float32 for the model"
        noun = NOUNS[contract.kind]
        notes.append(f"{wanted.name}: {noun} {layer or UNNAMED} of {name}{said}")
        if one.surface:
            notes.append(
                f"level set: what comes back of {layer} need not be distances to a surface"
            )
    return found, notes


def _asked_layer(
    job: Job, wanted: Input, main: Plate, found: dict[str, ResolvedInput], site: Site
) -> str | None:
    """The name that a job asks for, or that of the input which this one follows.

    Raises:
        JobError: it names another file: all inputs are of one geometry.
    """
    source = job.inputs.get(wanted.name)
    if source is None:
        return found[wanted.follows].layer if wanted.follows in found else None
    if inputs.plate(source.path, job, f"Plate for {wanted.name}", site) != main:
        raise JobError(
            f"{wanted.name} is to come from {source.path}, and the plate is {main}.",
            remedy="Bring both into one geometry first.",
            fix=Fix("Use the plate's own", {"inputs": {wanted.name: {"path": job.plate}}}),
        )
    return source.layer


def _format(job: Job, contract: Contract, found: Survey) -> Format:
    """Of the take's files: as asked, else as the plate's, else what holds all of it."""
    if job.result.format != "inherit":
        return job.result.format
    head, main = found.head, next(iter(found.inputs.values()))
    ending = geometries.suffix(main.plate.name(0))
    grids = head.volumes if not head.count and not head.attributes else []
    if job.result.layers == "only" and contract.kind != "points":
        one = geolayers.find(head, contract.kind, main.layer)
        grids = [one] if isinstance(one, Volume) else grids
    if ending == ".safetensors" and grids and all(one.kind == "vdb" for one in grids):
        return "vdb"
    return _FORMATS.get(ending, "bgeo")


def _result_notes(made: Resolved, asked: Asked, head: Geometry, file: Path) -> list[str]:
    """What the take's files hold, in words.

    Raises:
        SourceError: their format cannot hold it.
        JobError: what would be made stands in the plate already, and is to stay.
    """
    noun, keep = NOUNS[made.contract.kind], made.result.layers
    outputs = made.outputs(asked.possible[0])
    names = [geobuild.name_of(made, one) for one in outputs]
    there = {one.name for one in geolayers.held(head, made.contract.kind)}
    taken = [name for name in names if name in there]
    if keep == "beside" and taken:
        raise JobError(
            f"The plate has {_a(noun)} '{taken[0]}' already, which {made.contract.task} would make.",
            remedy="Use --result replace or only, or give a plate without it.",
            fix=Fix(f"Replace the {noun}", {"result": {"layers": "replace"}}),
        )
    _check_held(made, outputs, head, file)
    if keep == "beside":
        return [f"result: {', '.join(names)} beside the plate's own"]
    if keep == "only":
        rest = geobuild.rest(head, names, "only", made.contract.kind)
        return (
            [f"result: alone; {', '.join(rest)} of the plate are not in the take"] if rest else []
        )
    new = {name for name, one in zip(names, outputs, strict=True) if one.replaces is None}
    notes = [f"result: the plate's own {name} is replaced" for name in taken if name in new]
    vertex = [name for name in new if head.find(name, "vertex") is not None]
    if made.contract.kind == "points":
        notes += [
            f"result: the plate has {name} on vertices as well; Houdini shows that one"
            for name in vertex
        ]
    return notes + _size_notes(made, asked, head, names)


def _size_notes(made: Resolved, asked: Asked, head: Geometry, names: Sequence[str]) -> list[str]:
    """Heightfields that lie upon each other, of which only some become finer."""
    if made.contract.kind != "heightfield" or asked.scale(made.contract) == 1:
        return []
    rest = [one.name for one in geolayers.volumes(head, "heightfield") if one.name not in names]
    return [f"result: {', '.join(rest)} keep their own resolution"] if rest else []


def _check_held(made: Resolved, outputs: Sequence[Output], head: Geometry, file: Path) -> None:
    """Raises SourceError: the format of the take's files cannot hold what is to be in them."""
    chosen, of_usd = made.result.format, ("usdc", "usda")
    lacking = _lacking(chosen, geobuild.prospect(head, made, outputs))
    comes_from = geometries.SUFFIXES[geometries.suffix(file.name)]
    if not lacking and (chosen not in of_usd or comes_from == "usd"):
        return
    # what USD can hold of curves and meshes depends on their numbers, which the structure has not
    prospect = geobuild.prospect(geometries.read(file), made, outputs)
    lacking = _lacking(chosen, prospect)
    if not lacking:
        return
    others: tuple[Format, ...] = ("bgeo", "vdb", "usdc")
    able = [one for one in others if not _lacking(one, prospect)]
    remedy = "Convert it first." if made.result.layers == "only" else "Use --result only."
    raise SourceError(
        f"A .{chosen} file cannot hold {', '.join(lacking)}.",
        remedy=f"Write the take as {' or '.join(able)}." if able else remedy,
        fix=Fix(f"Write .{able[0]}", {"result": {"format": able[0]}}) if able else None,
    )


def _lacking(chosen: Format, prospect: Geometry) -> list[str]:
    return geometries.codec(Path(f"take.{chosen}")).lacks(prospect)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
