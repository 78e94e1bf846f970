"""Checks of a plate and a destination, before a pixel moves: every header, every folder."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from answerprint import documents, exr, layers
from answerprint.contract import Contract
from answerprint.errors import Fix, SourceError, TakeError
from answerprint.frames import FrameRange
from answerprint.interrupt import Interrupt
from answerprint.job import ResolvedInput, main_input
from answerprint.site import Site
from answerprint.triton import MOST_REQUEST_BYTES

Inputs = Mapping[str, ResolvedInput]

MOST_COUNTED = 1 << 14  # frames whose NaN and inf are remembered by a process


def check_every_frame(
    contract: Contract,
    inputs: Inputs,
    frames: FrameRange,
    views: tuple[str, ...],
    site: Site,
    *,
    interrupted: Interrupt,
) -> list[str]:
    """Open every header: whole file, the layer's channels, all views, one size for all inputs.

    Returns what is to be said of channels that no input takes, and that come or go on the way.

    Raises:
        SourceError: something is missing or differs; names frame and layer.
        JobError: a frame is a link that leads outside the allowed folders.
    """
    display: exr.Window | None = None
    held: set[str] = set()
    notes: list[str] = []
    for number in frames:
        interrupted.heed()
        main = _checked(contract, inputs, number, views, site)
        own = main.parts[0].display_window
        _check_resolution(number, own, display)
        channels = {name for part in main.parts for name in part.types}
        if display is not None and channels != held and not notes:
            notes = [_changed(number, sorted(channels - held), sorted(held - channels))]
        display, held = own, held or channels
    return notes


def check_frames_left(
    contract: Contract,
    inputs: Inputs,
    frames: FrameRange,
    views: tuple[str, ...],
    site: Site,
    *,
    display: exr.Window | None,
) -> None:
    """Hold frames that a take still lacks against those that it has; `display`: their resolution.

    A frame that is broken in itself is passed over: it fails alone when its turn comes.

    Raises:
        SourceError: a frame has another resolution; the take would hold two.
    """
    for number in frames:
        try:
            own = _checked(contract, inputs, number, views, site).parts[0].display_window
        except SourceError:
            continue
        _check_resolution(number, own, display)
        display = own


def _checked(
    contract: Contract, inputs: Inputs, number: int, views: tuple[str, ...], site: Site
) -> exr.Frame:
    """The frame that the result is written into, after all that can be checked of it by itself."""
    opened: dict[Path, exr.Frame] = {}
    for source in inputs.values():
        path = source.plate.file(number)
        if path not in opened:
            site.check_allowed(path, "Frame")  # a file may be a link that leads elsewhere
            opened[path] = exr.read_structure(path)
    for view in views or (None,):
        window = _window(contract, inputs, number, opened, view)
        _check_size(contract, window, number)
    return opened[inputs[main_input(contract, inputs)].plate.file(number)]


def _check_resolution(number: int, own: exr.Window, others: exr.Window | None) -> None:
    if others is not None and own != others:
        raise SourceError(
            f"Frame {number} has the resolution {own}; the first frame has {others}.",
            remedy="Run each resolution as a job of its own.",
        )


def _changed(number: int, more: list[str], fewer: list[str]) -> str:
    said = [f"{', '.join(more)} more"] if more else []
    said += [f"{', '.join(fewer)} fewer"] if fewer else []
    return f"channels: frame {number} has others than the first frame: {'; '.join(said)}"


def _window(
    contract: Contract,
    inputs: Inputs,
    number: int,
    opened: Mapping[Path, exr.Frame],
    view: str | None,
) -> exr.Window:
    """The data window that all inputs of a frame share."""
    window: exr.Window | None = None
    for name, source in inputs.items():
        path = source.plate.file(number)
        frame, where = opened[path], f"{path.name} (frame {number})"
        if view is not None and view not in frame.views():
            raise SourceError(
                f"{where} lacks the view {view}.",
                remedy=f"It has {', '.join(frame.views()) or 'no views by name'}. Render it again, or "
                "choose views with --view.",
            )
        picked = layers.channels(frame, source.layer, contract.input(name), where, view)
        _check_types(frame, picked, where)
        layers.check_same(source.channels, picked, where, frame.views())
        own = _one_window(frame, picked, where)
        if window is not None and own != window:
            raise SourceError(
                f"{name} in {where} is {own}; the plate is {window}.",
                remedy="Render both with the same resolution and region, or leave "
                f"{name} out with --layer {name}=none.",
                fix=layers.left_out(contract.input(name), source.path),
            )
        window = own
    assert window is not None  # noqa: S101 - a contract has at least one input that is required
    return window


def _one_window(frame: exr.Frame, picked: tuple[tuple[int, str], ...], where: str) -> exr.Window:
    """The data window of a layer, which may lie in several parts."""
    first = frame.parts[picked[0][0]].data_window
    for number, channel in picked:
        own = frame.parts[number].data_window
        if own != first:
            raise SourceError(
                f"Channel {channel} of {where} is {own}; {picked[0][1]} is {first}.",
                remedy="Render the channels of a layer with one region, or choose another layer.",
            )
    return first


def _check_types(frame: exr.Frame, picked: tuple[tuple[int, str], ...], where: str) -> None:
    for number, channel in picked:
        if frame.parts[number].types[channel] == "uint":
            raise SourceError(
                f"Channel {channel} of {where} holds whole numbers (uint).",
                remedy="Models take half or float images; choose another layer.",
            )


def _check_size(contract: Contract, window: exr.Window, number: int) -> None:
    """What goes in one request must fit in one message; tiles always do."""
    if contract.cut.mode == "tiles":
        return
    channels = sum(len(one.channels[0]) for one in contract.inputs)
    size = window.width * window.height * channels * 4 * contract.cut.frames
    if size > MOST_REQUEST_BYTES:
        raise SourceError(
            f"Frame {number} is {window}: {size / 1e9:.1f} GB in one request, "
            f"{MOST_REQUEST_BYTES / 1e9:.1f} GB fit.",
            remedy="Process a smaller region or a proxy.",
        )


def check_finite(
    inputs: Inputs, frames: FrameRange, views: tuple[str, ...], *, interrupted: Interrupt
) -> None:
    """Read the pixels of every frame: only under `stop`, which is asked for.

    Raises:
        SourceError: there is NaN or inf; names frames and numbers of samples.
    """
    faults = []
    for number in frames:
        interrupted.heed()
        count = 0
        for source in inputs.values():
            file = source.plate.file(number)
            count += _non_finite(file, _stamp(file), source.layer, source.channels, views)
        if count:
            faults.append((number, count))
    if faults:
        said = ", ".join(f"{number} ({count} samples)" for number, count in faults[:5])
        more = f" and {len(faults) - 5} more frames" if len(faults) > 5 else ""
        raise SourceError(
            f"The plate holds NaN or inf in frame {said}{more}.",
            remedy="Render these frames again, or choose --non-finite keep or zero.",
            fix=Fix("Set to zero and run", {"non_finite": "zero"}, run=True),
        )


def _stamp(file: Path) -> tuple[int, ...]:
    """What tells a file from the one that lay there before; nothing of one that is not there."""
    try:
        facts = file.stat()
    except OSError:
        return ()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


@functools.lru_cache(maxsize=MOST_COUNTED)
def _non_finite(
    file: Path,
    _stamp: tuple[int, ...],
    layer: str,
    channels: tuple[str, ...],
    views: tuple[str, ...],
) -> int:
    """Samples of a layer that are NaN or inf. A panel asks again and again for the same frames."""
    frame, count = exr.read(file), 0
    for view in views or (None,):
        held = frame.layers(view)[layer]
        where = held if views else [one for one in held if one[1] in channels]
        pixels = exr.channel_pixels(frame, where)
        count += sum(int(np.count_nonzero(~np.isfinite(one))) for one in pixels)
    return count


def check_config(place: str, site: Site) -> None:
    """Hold a colour configuration that a job names against the site.

    Raises:
        JobError: it lies outside the allowed roots, and is not the studio's own.
    """
    if not is_the_studios(place, site):
        site.check_allowed(Path(place).absolute(), "Colour configuration")


def is_the_studios(place: str, site: Site, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a configuration is built in, or the one that $OCIO or the site names."""
    named = (environ.get("OCIO"), site.colour)
    own = {Path(one).absolute() for one in named if one}
    return place.startswith("ocio://") or Path(place).absolute() in own


def check_writable(folder: Path) -> None:
    """Write and remove an empty file in the nearest folder that is there: only trying tells.

    Raises:
        TakeError: that fails.
    """
    try:
        probe = documents.nearest(folder) / f".answerprint-{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def check_looks_writable(folder: Path) -> None:
    """The same without writing: as far as the system says of the nearest folder that is there.

    It says nothing of a share's own rules, and on Windows nothing of a folder's.

    Raises:
        TakeError: the system says no.
    """
    try:
        documents.check_rights(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> TakeError:
    return TakeError(
        f"{folder.as_posix()} cannot be written: {error.strerror}.",
        remedy="Choose another folder with --out, or ask for the right to write there.",
    )
