"""A work item: one frame of one variation, from the plates to what the model is to see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import cuts, exr, halves, layers, picture, record, report
from answerprint.contract import Output
from answerprint.errors import SourceError
from answerprint.job import Resolved
from answerprint.shelf import Held, Shelf
from answerprint.takes import Item
from answerprint.timing import Sources
from answerprint.triton import Pixels

HALF_MAX = 65504.0

_DTYPES = {"half": np.float16, "float": np.float32}

Where = tuple[tuple[int, str], ...]
Files = dict[str, list[Path]]  # input -> its file at each of the frames that the model sees


@dataclass
class Eye:
    """One view of a frame; the only one of a mono plate.

    window   where the images lie
    windows  data window of each frame that was read
    images   input -> (height, width, channels), or (frames, height, width, channels) where the
             model sees several; finite, C-contiguous, in the plate's own encoding; float16 where
             all its channels are, else float32
    where    input -> (part, channel) of each image channel in the base frame, in order
    """

    view: str | None
    window: exr.Window
    windows: list[exr.Window]
    images: dict[str, Pixels] = field(default_factory=dict)
    where: dict[str, Where] = field(default_factory=dict)


@dataclass
class Read:
    """What was read for a work item.

    frame    the base frame: what the result takes over from the plate; its own, to be changed
    seen     which frames of the plate were read
    held     whether a cut lies where the frame would be made: it shows the frame before
    shows    the frame of the plate that the result is, where no model was asked
    """

    item: Item
    seen: Sources
    frame: exr.Frame
    eyes: list[Eye] = field(default_factory=list)
    held: bool = False
    shows: int | None = None
    levels: dict[str, report.Levels] = field(default_factory=dict)
    inputs: list[record.RecordedInput] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def files(resolved: Resolved, number: int) -> list[Path]:
    """Every file that frame `number` of the result may need, each once."""
    seen = _seen(resolved, number)
    return list(dict.fromkeys(path for paths in _paths(resolved, seen).values() for path in paths))


def read(resolved: Resolved, item: Item, shelf: Shelf) -> Read:
    """Read a work item's inputs; a file that others need as well is read once for all of them.

    Raises:
        SourceError: a file cannot be read, sizes differ, or a view or a layer is missing.
    """
    start = time.perf_counter()
    seen = _seen(resolved, item.frame)
    with shelf.hold(files(resolved, item.frame)) as held:
        found = _gathered(resolved, item, seen, held)
        if _is_at_a_cut(found, resolved):
            alone = Sources((seen.frames[0],), 0, float(seen.frames[0]))
            found = _gathered(resolved, item, alone, held)
            found.held = True
            found.warnings.append(
                f"a cut lies between {seen.frames[0]} and {seen.frames[1]}: "
                f"{seen.frames[0]} is held"
            )
    found.seconds["read"] = round(time.perf_counter() - start, 4)
    return found


def _seen(resolved: Resolved, number: int) -> Sources:
    """The frames to look at: of two, the second is not needed where the first alone is shown."""
    seen = resolved.sources(number)
    settings = resolved.settings(number)
    motion_is_asked = any(
        one.when and (settings[one.when] or one.when in resolved.axes)
        for one in resolved.contract.outputs
    )
    if resolved.contract.cut.between and seen.time == 0 and not motion_is_asked:
        return Sources(seen.frames[:1], 0, seen.moment)
    return seen


def _paths(resolved: Resolved, seen: Sources) -> Files:
    return {
        name: [source.plate.file(frame) for frame in seen.frames]
        for name, source in resolved.inputs.items()
    }


def _gathered(resolved: Resolved, item: Item, seen: Sources, held: Mapping[Path, Held]) -> Read:
    paths = _paths(resolved, seen)
    base = held[paths[resolved.main][seen.base]]
    found = Read(item, seen, exr.copy(base.frame))
    for view in resolved.views or (None,):
        found.eyes.append(_eye(found, resolved, view, paths, held))
    for name, source in resolved.inputs.items():
        for frame, path in zip(seen.frames, paths[name], strict=True):
            before = record.extract(held[path].frame)
            found.inputs.append(
                record.RecordedInput(
                    role=name,
                    uri=path.as_posix(),
                    plate=source.path,
                    layer=source.layer,
                    frame=frame,
                    pixels=held[path].pixels,
                    statement_id=before.statement_id if before else None,
                )
            )
    return found


def _eye(
    found: Read, resolved: Resolved, view: str | None, paths: Files, held: Mapping[Path, Held]
) -> Eye:
    main = [held[path].frame for path in paths[resolved.main]]
    wanted = resolved.contract.input(resolved.main)
    source = resolved.inputs[resolved.main]
    windows = [
        frame.parts[layers.channels(frame, source.layer, wanted, path.name, view)[0][0]].data_window
        for frame, path in zip(main, paths[resolved.main], strict=True)
    ]
    between = resolved.contract.cut.between
    eye = Eye(view, exr.union(windows) if between else windows[found.seen.base], windows)
    for name in resolved.inputs:
        _take_image(found, eye, resolved, name, paths, held)
    return eye


def _take_image(
    found: Read,
    eye: Eye,
    resolved: Resolved,
    name: str,
    paths: Files,
    held: Mapping[Path, Held],
) -> None:
    """One input's channels as one image; NaN and inf stand aside for numbers."""
    source, wanted = resolved.inputs[name], resolved.contract.input(name)
    frames = []
    for frame, path in zip(found.seen.frames, paths[name], strict=True):
        label = f"{path.name} (frame {frame})"
        where = layers.channels(held[path].frame, source.layer, wanted, label, eye.view)
        layers.check_same(source.channels, where, label, held[path].frame.views())
        frames.append(_channels(held[path].frame, where, eye.window, name, label, found))
        if len(frames) - 1 == found.seen.base:
            eye.where[name] = where
    stack = _interleaved(frames)
    image = stack[0] if resolved.contract.cut.frames == 1 else stack
    levels = report.measure(image)
    said = name if eye.view is None else f"{name} {eye.view}"
    if levels.non_finite:
        policy = resolved.job.non_finite
        found.warnings.append(_non_finite_warning(said, levels, _fate(resolved, name)))
        top = 0.0 if policy == "zero" else HALF_MAX
        np.nan_to_num(image, copy=False, nan=0.0, posinf=top, neginf=-top or 0.0)
    eye.images[name] = image
    found.levels[said] = levels


def _channels(
    frame: exr.Frame, where: Where, window: exr.Window, name: str, label: str, found: Read
) -> list[exr.Pixels]:
    """Each (height, width), in the window of the main input."""
    part = frame.parts[where[0][0]]
    alone = len(found.seen.frames) == 1
    if alone and part.data_window != window:  # files may have changed since preflight
        raise SourceError(
            f"{name} in {label} is {part.data_window}; the plate is {window}.",
            remedy="Render both with the same resolution and region.",
        )
    return [
        pixels if part.data_window == window else picture.moved(pixels, part.data_window, window)
        for pixels in exr.channel_pixels(frame, list(where))
    ]


def _interleaved(frames: list[list[exr.Pixels]]) -> Pixels:
    """(frames, height, width, channels): float16 where all channels are, else float32."""
    types = {channel.dtype for channels in frames for channel in channels}
    first = frames[0]
    image = np.empty(
        (len(frames), *first[0].shape, len(first)),
        np.float16 if types == {np.dtype(np.float16)} else np.float32,
    )
    for one, channels in zip(image, frames, strict=True):
        for index, channel in enumerate(channels):
            one[..., index] = channel if channel.dtype == image.dtype else halves.widen(channel)
    return image


def _is_at_a_cut(found: Read, resolved: Resolved) -> bool:
    """Whether the two frames that the model would go between belong to different shots."""
    timing = resolved.job.timing
    first, *rest = found.seen.frames
    if not resolved.contract.cut.between or timing is None or not rest or rest[0] == first:
        return False
    if timing.cuts != "auto":
        return timing.crosses_a_cut(first)
    return any(cuts.is_cut(*_common(eye, eye.images[resolved.main])) for eye in found.eyes)


def _common(eye: Eye, images: Pixels) -> Pixels:
    """Where both frames have pixels: what lies outside of one alone would look like a change."""
    both = picture.shared(eye.windows) or eye.window
    left, top = both.left - eye.window.left, both.top - eye.window.top
    return images[:, top : top + both.height, left : left + both.width]


def _fate(resolved: Resolved, name: str) -> str:
    """What becomes of NaN and inf in an input. The plate's own layers, where they stay, keep theirs."""
    if resolved.job.non_finite == "zero":
        return "zero for the model"
    contract = resolved.contract
    in_place = not contract.cut.between and any(
        one.replaces == name and one.scale == 1 for one in contract.outputs
    )
    return "kept where they are" if in_place else "numbers for the model"


def _non_finite_warning(name: str, levels: report.Levels, fate: str) -> str:
    return f"{name}: {levels.nan} NaN and {levels.inf} inf samples, {fate}"


def before(found: Read, eye: Eye, output: Output, index: int) -> exr.Pixels | None:
    """The plate's channel in whose place an image channel stands."""
    if output.replaces is None:
        return None
    number, channel = eye.where[output.replaces][index]
    return found.frame.parts[number].channels[channel]


def channels(eye: Eye, output: Output) -> int:
    """How many channels an output has."""
    return len(eye.where[output.replaces]) if output.replaces else len(output.channels)


def stored_type(resolved: Resolved, output: Output, before: exr.Pixels | None) -> np.dtype[Any]:
    """As asked for, else as the plate's channel; 32-bit data stays float: half would lose it."""
    own = np.dtype(np.float32) if before is None else before.dtype
    if resolved.result.type == "inherit" or (output.encoding == "data" and own == np.float32):
        return own
    return np.dtype(_DTYPES[resolved.result.type])


def is_stored_as_half(found: Read, eye: Eye, resolved: Resolved, output: Output) -> bool:
    """Whether every channel of an output is."""
    return all(
        stored_type(resolved, output, before(found, eye, output, index)) == np.float16
        for index in range(channels(eye, output))
    )


def size(image: Any) -> str:
    return f"{image.shape[-2]}x{image.shape[-3]}"
