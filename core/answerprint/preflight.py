"""Preflight: all that can be known to be wrong is said before a pixel moves or a number is taken."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import numpy as np

from answerprint import exr, layers, takes
from answerprint.contract import Contract
from answerprint.documents import count
from answerprint.errors import SourceError, TakeError
from answerprint.frames import FrameRange
from answerprint.job import Job, Resolved, ResolvedInput, Source
from answerprint.plate import Plate, check_frames, frame_in_name
from answerprint.site import Site
from answerprint.triton import MOST_REQUEST_BYTES, Server

DEFAULT_ROOT = Path("takes")


def resolve(job: Job, server: Server, site: Site) -> Resolved:
    """Decide everything that a job leaves open, and refuse what cannot work.

    Raises:
        JobError: unknown parameter or input, value out of range, frames outside the plate, a path
            outside the allowed roots, a take number that exists (TakeExists).
        SourceError: missing or broken frames, missing layers, sizes that differ, NaN under `stop`.
        ServerError: no server, not ready, no such task, a wrong contract.
        TakeError: the destination cannot be written.
    """
    offer = server.offer(job.task, job.version)
    contract = offer.usable()
    settings = contract.settings(dict(job.parameters))
    for name in job.inputs:
        contract.input(name)
    main = _plate(job.plate, "Plate", site)
    frames, holes = _frames(job, main)
    inputs, notes = _inputs(job, contract, main, frames, site)
    notes += holes
    _check_every_frame(contract, inputs, frames, site)
    if job.non_finite == "stop":
        _check_finite(inputs, frames)
    if job.seed is not None and not contract.seed:
        notes.append(f"seed {job.seed}: {job.task} takes no seed, it is only recorded")
    root, stream, name = _destination(job, contract, main, site)
    notes += _space(root, inputs, frames)
    return Resolved(
        job=job,
        contract=contract,
        version=offer.version,
        model_sha256=contract.sha256,
        frames=str(frames),
        inputs=inputs,
        parameters=settings,
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


def _plate(text: str, role: str, site: Site) -> Plate:
    plate = Plate.parse(text).absolute()
    site.check_allowed(plate.folder, role)
    return plate


def _frames(job: Job, main: Plate) -> tuple[FrameRange, list[str]]:
    """The frames to do, and what to say of frames that nobody asked for by number."""
    found = main.on_disk()
    if job.frames is None:
        return found, _holes(found)
    wanted = FrameRange.parse(job.frames)
    check_frames(main, wanted, found)
    return wanted, []


def _holes(found: FrameRange) -> list[str]:
    pairs = zip(found.numbers, found.numbers[1:], strict=False)
    holes = [(one + 1, other - 1) for one, other in pairs if other > one + 1]
    if not holes:
        return []
    missing = count(sum(last - first + 1 for first, last in holes), "frame")
    where = f"between {found.first} and {found.last}, first {holes[0][0]}"
    return [f"frames: the plate lacks {missing} {where}; they are left out"]


def _inputs(
    job: Job, contract: Contract, main: Plate, frames: FrameRange, site: Site
) -> tuple[dict[str, ResolvedInput], list[str]]:
    """Find each input's plate, layer and channels by the first frame; say what was found."""
    found: dict[str, ResolvedInput] = {}
    notes: list[str] = []
    for wanted in contract.inputs:
        source = job.inputs.get(wanted.name, Source(path=job.plate))
        plate = _plate(source.path, f"Plate for {wanted.name}", site)
        if plate != main:
            check_frames(plate, frames, plate.on_disk())
        frame = exr.read_structure(plate.file(frames.first))
        # a guide that was given files of its own is not left out in silence
        required = wanted.required or wanted.name in job.inputs
        name = plate.name(frames.first)
        layer = layers.choose(frame, wanted, source.layer, name, required=required)
        if layer is None:
            why = (
                f"{plate.name(frames.first)} has no such layer"
                if source.layer is None
                else "as asked"
            )
            notes.append(f"{wanted.name}: not used, {why}")
            continue
        if wanted.needs and wanted.needs not in found:
            notes.append(f"{wanted.name}: not used, it needs {wanted.needs}")
            continue
        names = tuple(name for _, name in layers.channels(frame, layer, wanted, str(plate)))
        found[wanted.name] = ResolvedInput(path=str(plate), layer=layer, channels=names)
        notes.append(f"{wanted.name}: layer {layer} of {plate.name(frames.first)}")
        if plate == main and wanted is contract.inputs[0]:
            notes += _encoding_notes(frame)
    return found, notes


def _encoding_notes(frame: exr.Frame) -> list[str]:
    """What the take's files cannot keep of the way the plate is stored."""
    notes = []
    codec = exr.lossy(frame)
    if codec is not None:
        notes.append(f"the plate is compressed with {codec}, which loses pixels: the take is ZIP")
    if any(part.is_mip_mapped for part in frame.parts):
        notes.append("the plate is mip-mapped: the take holds its full resolution alone")
    return notes


def _check_every_frame(
    contract: Contract, inputs: dict[str, ResolvedInput], frames: FrameRange, site: Site
) -> None:
    """Open every header: whole file, the layer's channels, one size for all inputs."""
    for number in frames:
        opened: dict[Path, exr.Frame] = {}
        window: exr.Window | None = None
        for name, source in inputs.items():
            path = source.plate.file(number)
            if path not in opened:
                site.check_allowed(path, "Frame")  # a file may be a link that leads elsewhere
                opened[path] = exr.read_structure(path)
            frame = opened[path]
            where = f"{path.name} (frame {number})"
            picked = layers.channels(frame, source.layer, contract.input(name), where)
            _check_types(frame, picked, where)
            layers.check_same(source.channels, picked, where)
            own = frame.parts[picked[0][0]].data_window
            if window is not None and own != window:
                raise SourceError(
                    f"{name} in {where} is {own}; the plate is {window}.",
                    remedy="Render both with the same resolution and region, or leave "
                    f"{name} out with --layer {name}=none.",
                )
            window = own
        if window is not None:
            _check_size(contract, window, number)


def _check_types(frame: exr.Frame, picked: tuple[tuple[int, str], ...], where: str) -> None:
    for number, channel in picked:
        if frame.parts[number].types[channel] == "uint":
            raise SourceError(
                f"Channel {channel} of {where} holds whole numbers (uint).",
                remedy="Models take half or float images; choose another layer.",
            )


def _check_size(contract: Contract, window: exr.Window, number: int) -> None:
    channels = sum(len(one.channels[0]) for one in contract.inputs)
    size = window.width * window.height * channels * 4
    if size > MOST_REQUEST_BYTES:
        raise SourceError(
            f"Frame {number} is {window}: {size / 1e9:.1f} GB in one request, "
            f"{MOST_REQUEST_BYTES / 1e9:.1f} GB fit.",
            remedy="Process a smaller region or a proxy.",
        )


def _check_finite(inputs: dict[str, ResolvedInput], frames: FrameRange) -> None:
    """Read the pixels of every frame: only under `stop`, which is asked for."""
    faults = []
    for number in frames:
        count = 0
        for source in inputs.values():
            frame = exr.read(source.plate.file(number))
            held = frame.layers()[source.layer]
            pixels = exr.channel_pixels(frame, [one for one in held if one[1] in source.channels])
            count += sum(int(np.count_nonzero(~np.isfinite(one))) for one in pixels)
        if count:
            faults.append((number, count))
    if faults:
        said = ", ".join(f"{number} ({count} samples)" for number, count in faults[:5])
        more = f" and {len(faults) - 5} more frames" if len(faults) > 5 else ""
        raise SourceError(
            f"The plate holds NaN or inf in frame {said}{more}.",
            remedy="Render these frames again, or choose --non-finite keep or zero.",
        )


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


def check_writable(folder: Path) -> None:
    """Write and remove an empty file in the nearest folder that is there: only trying tells."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    probe = there / f".answerprint-{uuid.uuid4().hex}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TakeError(
            f"{folder.as_posix()} cannot be written: {error.strerror}.",
            remedy="Choose another folder with --out, or ask for the right to write there.",
        ) from error


def _space(root: Path, inputs: dict[str, ResolvedInput], frames: FrameRange) -> list[str]:
    """A warning where the plate's own size says that the disk will not do."""
    main = next(iter(inputs.values())).plate
    needed = main.file(frames.first).stat().st_size * len(frames)
    there = next(one for one in (root, *root.parents) if one.exists())
    free = shutil.disk_usage(there).free
    if free > needed:
        return []
    return [f"space: about {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free; it may fill up"]
