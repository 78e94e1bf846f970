"""Results: what a frame of a take holds, made of the plate's frame and the model's images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from answerprint import exr, halves, picture, report, workitem
from answerprint.ask import Answers
from answerprint.contract import Output, Value
from answerprint.errors import InferenceError
from answerprint.job import Resolved
from answerprint.triton import Pixels
from answerprint.workitem import Eye, Read, Where, size


def build(
    found: Read, resolved: Resolved, answers: Answers, settings: dict[str, Value]
) -> tuple[str, ...]:
    """Put the model's images into the work item's frame; returns the channels that it made.

    What the frame then holds is as `resolved.result` says: everything else as it was, or only this.

    Raises:
        InferenceError: an image has another size or other channels than its contract says.
    """
    made: dict[int, dict[str, exr.Pixels]] = {}
    windows: dict[int, exr.Window] = {}
    for eye, images in zip(found.eyes, answers.images, strict=True):
        for output in resolved.outputs(settings):
            places = where(found, eye, resolved, output)
            if output.name in images:
                image = images.pop(output.name)  # it is not needed beside what is stored
                _check(found, eye, resolved, output, image, settings)
                stored = _stored(found, eye, resolved, output, image)
            else:  # the plate's own frame is shown
                stored = _as_they_are(found, eye, resolved, output)
            for (number, channel), pixels in zip(places, stored, strict=True):
                made.setdefault(number, {})[channel] = pixels
                windows[number] = eye.window
            _measure(found, eye, output, stored)
    if resolved.result.layers == "only":
        found.frame.parts = _only(found, made, windows)
    else:
        for number, channels in made.items():
            found.frame.parts[number].channels |= channels
    if resolved.result.compression != "inherit":
        exr.compress(found.frame, resolved.result.compression)
    exr.make_lossless(found.frame)
    return tuple(channel for channels in made.values() for channel in channels)


def beside(channel: str, task: str, frame: exr.Frame) -> str:
    """A new layer's name: denoise.R beside R, diffuse_denoise.R beside diffuse.R.

    The name of a view stays one: denoise.right.R beside right.R.
    """
    views = frame.views()
    layer, view = exr.split_view(channel, views if len(views) > 1 else ())
    named = f"{layer}_{task}" if layer else task
    return ".".join(filter(None, (named, view, channel.rpartition(".")[2])))


def new_channels(frame: exr.Frame, output: Output, view: str | None) -> tuple[str, ...]:
    """The names of a new layer's channels; in a single-part stereo file they carry the view."""
    named = len(frame.parts) == 1 and view is not None and view != frame.views()[0]
    if not named:
        return output.channels
    split = (channel.rpartition(".") for channel in output.channels)
    return tuple(".".join(filter(None, (layer, view, last))) for layer, _, last in split)


def where(found: Read, eye: Eye, resolved: Resolved, output: Output) -> Where:
    """(part, channel) for each channel of an output."""
    if output.replaces is None:
        part = eye.where[resolved.main][0][0]
        return tuple((part, name) for name in new_channels(found.frame, output, eye.view))
    replaced = eye.where.get(output.replaces, ())
    if resolved.result.layers == "beside":
        task = resolved.contract.task
        return tuple((part, beside(name, task, found.frame)) for part, name in replaced)
    return replaced


def _check(
    found: Read,
    eye: Eye,
    resolved: Resolved,
    output: Output,
    image: Pixels,
    settings: dict[str, Value],
) -> None:
    times = resolved.contract.scale(output, settings)
    channels = workitem.channels(eye, output)
    shape = (eye.window.height * times, eye.window.width * times, channels)
    right = image.shape == shape if output.size == "same" else image.shape[2] == channels
    if not right:
        raise InferenceError(
            f"{resolved.contract.task} returned {output.name} of {size(image)} with "
            f"{image.shape[2]} channels for frame {found.item.frame} of {eye.window}; it has to be "
            f"{shape[1]}x{shape[0]} with {channels}.",
            remedy="Tell the pipeline team: the model breaks its contract.",
        )


def _stored(
    found: Read, eye: Eye, resolved: Resolved, output: Output, image: Pixels
) -> list[exr.Pixels]:
    """The image's channels in the file's types; NaN and inf of the plate where they are kept."""
    levels = found.levels.get(_said(output.replaces or "", eye))
    keep = resolved.job.non_finite == "keep" and levels is not None and levels.non_finite > 0
    if image.dtype != np.float16 and workitem.is_stored_as_half(found, eye, resolved, output):
        image = halves.narrow(image)  # all at once: faster than each channel; inf is counted later
    stored = []
    for index in range(image.shape[2]):
        before = workitem.before(found, eye, output, index)
        after = np.ascontiguousarray(image[..., index])
        with np.errstate(over="ignore"):  # counted in the report, as inf
            after = after.astype(workitem.stored_type(resolved, output, before), copy=False)
        if keep and before is not None and before.shape == after.shape and not _moved(resolved):
            after = np.where(np.isfinite(before), after, before.astype(after.dtype))
        stored.append(after)
    return stored


def _moved(resolved: Resolved) -> bool:
    """Whether a pixel of the result is no pixel of the plate's frame."""
    return resolved.contract.cut.between


def _as_they_are(found: Read, eye: Eye, resolved: Resolved, output: Output) -> list[exr.Pixels]:
    """The plate's own channels, in the window of this frame and in the type that all frames have."""
    stored = []
    for number, channel in eye.where[output.replaces or ""]:
        part = found.frame.parts[number]
        pixels = part.channels[channel]
        if part.data_window != eye.window:
            pixels = picture.moved(pixels, part.data_window, eye.window)
        with np.errstate(over="ignore"):  # counted in the report, as inf
            stored.append(pixels.astype(workitem.stored_type(resolved, output, pixels), copy=False))
    return stored


def _only(
    found: Read, made: dict[int, dict[str, exr.Pixels]], windows: dict[int, exr.Window]
) -> list[exr.Part]:
    """The parts that hold a result, with nothing else in them, in the result's size."""
    parts = []
    source = found.frame.source
    if source is not None:  # what is held against the written file has the same parts
        kept = tuple(source.parts[number] for number in sorted(made))
        found.frame.source = replace(source, parts=kept)
    for number, channels in sorted(made.items()):
        part = found.frame.parts[number]
        window = windows[number]
        height, width = next(iter(channels.values())).shape
        times, rest = divmod(height, window.height)
        if rest == 0 and width == window.width * times:
            data, display = scaled(window, times), scaled(part.display_window, times)
        else:  # a size of its own
            data = display = exr.Window(0, 0, width - 1, height - 1)
        alone = exr.Part(dict(part.header), {}, channels)
        exr.set_window(alone, data, display)
        parts.append(alone)
    return parts


def scaled(window: exr.Window, times: int) -> exr.Window:
    """The same rectangle where each pixel has become `times` by `times`."""
    return exr.Window(
        window.left * times,
        window.top * times,
        (window.right + 1) * times - 1,
        (window.bottom + 1) * times - 1,
    )


def _measure(found: Read, eye: Eye, output: Output, stored: Iterable[exr.Pixels]) -> None:
    after = report.measure(_together(list(stored)))
    found.levels[f"{_said(output.name, eye)} out"] = after
    before = found.levels.get(_said(output.replaces or "", eye))
    if before is not None:
        found.warnings += report.warnings(before, after, _said(output.name, eye))


def _together(stored: list[exr.Pixels]) -> exr.Pixels:
    """All channels for the report, in one array of whatever order; numbers are floats there."""
    alike = {pixels.dtype for pixels in stored} in ({np.dtype(np.float16)}, {np.dtype(np.float32)})
    return np.stack([pixels if alike else halves.widen(pixels) for pixels in stored])


def _said(name: str, eye: Eye) -> str:
    return name if eye.view is None else f"{name} {eye.view}"
