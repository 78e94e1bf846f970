"""What a node of the fake shows: channels, windows, metadata and pixels, from real EXR files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nuke_session as session
import numpy as np

from answerprint import exr
from answerprint.errors import AnswerprintError
from answerprint.picture import Frame, Pixels, Window, moved, union

NO_IMAGE = frozenset(
    {"Axis2", "Axis3", "BackdropNode", "Camera2", "Camera3", "Card2", "ParticleEmitter", "ReadGeo2"}
    | {"Root", "Scene", "StickyNote", "WriteGeo"}
)
_LETTERS = {"R": "red", "G": "green", "B": "blue", "A": "alpha"}
# Of the library's own making, or of this module's: not the artist's metadata
_STRUCTURE = exr.STRUCTURE | {"dataWindow", "displayWindow"}
# Attributes that Nuke keeps under input/ (facts 6), by the names that they get there
ATTRIBUTES = {
    "timeCode": "input/timecode",
    "expTime": "input/exposure",
    "framesPerSecond": "input/frame_rate",
    "keyCode": "input/keycode",
}


NOTHING = Window(0, 0, 0, 0)


class ImageError(RuntimeError):
    """Why a node has no image, in Nuke's words: 'Read1: No such file or directory'."""


@dataclass(frozen=True)
class At:
    """When and how an image is asked for. `pixels`: not only its structure."""

    frame: int
    view: str = "main"
    proxy: bool = False
    pixels: bool = False


@dataclass(frozen=True)
class Image:
    """One image; channels by Nuke's names (rgba.red, albedo.red, depth.Z), empty arrays if not asked."""

    channels: dict[str, Pixels] = field(default_factory=dict)
    window: Window = NOTHING
    display: Window = NOTHING
    aspect: float = 1.0
    metadata: dict[str, Any] = field(default_factory=dict)


def file_at(pattern: str, frame: int, view: str) -> str:
    """The file of a frame and view: #### and %04d, %V (whole name) and %v (first letter)."""
    path = pattern.replace("%V", view).replace("%v", view[:1])
    path = re.sub(r"#+", lambda found: f"{frame:0{len(found[0])}d}", path)
    return re.sub(r"%(0\d+)?d", lambda found: f"{frame:{found[1] or ''}d}", path)


def look(node: Any, at: At) -> Image:
    """The image of a node.

    Raises:
        ImageError: it has none: a file is missing or broken, or nothing is connected.
    """
    kind = node.Class()
    if kind in NO_IMAGE:
        raise ImageError(f"{node.name()}: no image")
    own = {"Read": _read, "Constant": _constant, "Group": _inside, "Input": _outside}
    return own.get(kind, _filtered)(node, at)


def _through(node: Any, at: At, number: int = 0) -> Image:
    source = node.input(number)
    if source is None:
        raise ImageError(f"{node.name()}: input {number} is not connected")
    return look(source, at)


def _filtered(node: Any, at: At) -> Image:
    kind = node.Class()
    disabled = node.knob("disable")
    if disabled is not None and disabled.value():
        return _through(node, at)
    if kind == "Switch":
        return _through(node, at, int(node["which"].value()))
    if kind == "TimeOffset":
        at = replace(at, frame=at.frame - int(node["time_offset"].value()))
    if kind == "FrameHold":
        at = replace(at, frame=int(node["first_frame"].value()))
    image = _through(node, at)
    if kind == "Merge2" and node.input(1) is not None:
        return _merged(node, image, _through(node, at, 1))
    if kind == "Grade":
        return _graded(node, image, at)
    if kind == "ModifyMetaData":
        return replace(image, metadata=_modified(node["metadata"].value(), image.metadata))
    return image


def _graded(node: Any, image: Image, at: At) -> Image:
    """(pixels * multiply) + add on red, green and blue: enough to prove whose pixels they are."""
    names = ["rgba.red", "rgba.green", "rgba.blue"]
    multiply, add = node["multiply"], node["add"]
    done = dict(image.channels)
    for number, name in enumerate(names):
        if name in done:
            gain, offset = multiply.valueAt(at.frame, number), add.valueAt(at.frame, number)
            done[name] = (done[name].astype(np.float32) * gain + offset).astype(done[name].dtype)
    return replace(image, channels=done)


def _merged(node: Any, below: Image, above: Image) -> Image:
    """A over B, or A + B; the window of both."""
    window = union([below.window, above.window])
    asked = any(pixels.size for pixels in below.channels.values())
    plus = node["operation"].value() == "plus"
    alpha = above.channels.get("rgba.alpha")
    hidden = 1.0 if plus or alpha is None or not asked else 1.0 - moved(alpha, above.window, window)
    done: dict[str, Pixels] = {}
    for name in {**below.channels, **above.channels}:
        parts = [(one.channels.get(name), one.window) for one in (above, below)]
        top, bottom = (
            None if pixels is None or not asked else moved(pixels, own, window)
            for pixels, own in parts
        )
        if not asked:
            done[name] = np.zeros((0, 0), np.float32)
        elif bottom is None or top is None:
            done[name] = top if bottom is None else bottom  # type: ignore[assignment]  # one is there
        else:
            done[name] = (top + bottom * hidden).astype(bottom.dtype)
    meta = above.metadata if node["metainput"].value() == "A" else below.metadata
    return replace(below, channels=done, window=window, metadata=meta)


def _modified(commands: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """After {set KEY VALUE} and {remove KEY ""}."""
    from nuke_tcl import words

    done = dict(metadata)
    for each in words(commands):
        what, key, *rest = words(each)
        if what == "set":
            done[key] = rest[0]
        else:
            done.pop(key, None)
    return done


def _constant(node: Any, at: At) -> Image:
    form = node["format"].value()
    window = Window(0, 0, form.width() - 1, form.height() - 1)
    shape = (form.height(), form.width()) if at.pixels else (0, 0)
    names = ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"]
    colours = [node["color"].valueAt(at.frame, number) for number in range(4)]
    channels = {
        name: np.full(shape, value, np.float32) for name, value in zip(names, colours, strict=True)
    }
    return Image(channels, window, window, form.pixelAspect())


def _inside(node: Any, at: At) -> Image:
    output = node.output()
    if output is None:
        raise ImageError(f"{node.name()}: there is no Output in the group")
    return _through(output, at)


def _outside(node: Any, at: At) -> Image:
    group = node.parent()
    number = int(node["number"].value())
    if group is None or group.Class() != "Group":
        raise ImageError(f"{node.name()}: Input outside of a group")
    return _through(group, at, number)


def _read(node: Any, at: At) -> Image:
    path = read_path(node, at)
    if path is None:
        return _black(node, at)
    if not Path(path).is_file():
        raise ImageError(f"{node.name()}: {path}: No such file or directory")
    image = load(path, at, node.name())
    return _halved(image) if at.proxy and at.pixels and not node["proxy"].value() else image


def _halved(image: Image) -> Image:
    """What a Read without a proxy file shows in proxy mode: every second pixel."""
    channels = {name: pixels[::2, ::2] for name, pixels in image.channels.items()}
    height, width = next(iter(channels.values())).shape
    left, top = image.window.left // 2, image.window.top // 2
    shown = Window(0, 0, (image.display.width + 1) // 2 - 1, (image.display.height + 1) // 2 - 1)
    window = Window(left, top, left + width - 1, top + height - 1)
    return replace(image, channels=channels, window=window, display=shown)


def read_path(node: Any, at: At) -> str | None:
    """The file that a Read shows at a time, or None for black; after TCL, proxy and filters."""
    frame = _source_frame(node, at.frame)
    behaviour = node["on_error"].value()
    if frame is None:
        return None
    path = named_path(node, at, frame)
    if Path(path).is_file() or behaviour == "error":
        return path
    if behaviour == "nearest frame":
        frames = range(int(node["first"].value()), int(node["last"].value()) + 1)
        for near in sorted(frames, key=lambda each: (abs(each - frame), each)):
            if Path(named_path(node, at, near)).is_file():
                return named_path(node, at, near)
    return None


def named_path(node: Any, at: At, frame: int) -> str:
    """The name that a Read or Write has for a frame, whether or not the file is there."""
    knob = node["proxy"] if at.proxy and node["proxy"].value() else node["file"]
    path = file_at(session.filtered(knob._evaluated()), frame, at.view)
    if path.startswith("/") or not path:
        return path
    directory = session.state.root["project_directory"]._evaluated()
    return f"{directory}/{path}" if directory else path


def _source_frame(node: Any, frame: int) -> int | None:
    """The frame of the file for a frame of the script: frame_mode, then before and after."""
    first, last = int(node["first"].value()), int(node["last"].value())
    mode, text = node["frame_mode"].value(), node["frame"].value()
    if mode == "start at" and text:
        frame = frame - int(float(text)) + first
    elif mode == "offset" and text:
        frame = frame + int(float(text))
    elif mode == "expression" and text:
        from nuke_curves import calculate

        frame = int(calculate(text, frame, node["frame"]._look_up))
    if first <= frame <= last:
        return frame
    behaviour = node["before" if frame < first else "after"].value()
    count = last - first + 1
    if behaviour == "black":
        return None
    if behaviour == "loop":
        return first + (frame - first) % count
    if behaviour == "bounce":
        place = (frame - first) % (2 * count)
        return first + min(place, 2 * count - 1 - place)
    return min(max(frame, first), last)


def _black(node: Any, at: At) -> Image:
    form = node["format"].value()
    window = Window(0, 0, form.width() - 1, form.height() - 1)
    shape = (form.height(), form.width()) if at.pixels else (0, 0)
    names = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")
    channels = {name: np.zeros(shape, np.float32) for name in names}
    return Image(channels, window, window, form.pixelAspect())


def load(path: str, at: At, name: str) -> Image:
    """An EXR file as Nuke shows it: metadata of the first part only, one view's channels."""
    try:
        frame = (exr.read if at.pixels else exr.read_structure)(Path(path))
    except AnswerprintError as error:
        raise ImageError(f"{name}: {error}") from error
    first = frame.parts[0]
    aspect = float(first.header.get("pixelAspectRatio", 1.0))
    windows = [part.data_window for part in frame.parts]
    if len(set(windows)) > 1:
        raise ImageError(f"{name}: {path}: windows differ between the parts")
    return Image(
        _channels(frame, at.view), windows[0], first.display_window, aspect, metadata(path, frame)
    )


def _channels(frame: Frame, view: str) -> dict[str, Pixels]:
    found: dict[str, Pixels] = {}
    layers = frame.layers(view if view in frame.views() else None)
    for layer, channels in layers.items():
        for number, channel in channels:
            last = channel.split(".")[-1]
            own = "depth" if layer == "rgba" and last == "Z" else layer
            pixels = frame.parts[number].channels.get(channel, np.zeros((0, 0), np.float32))
            found[f"{own}.{_LETTERS.get(last, last)}"] = pixels
    return {name: found[name] for name in sorted(found, key=_order)}


def _order(name: str) -> tuple[bool, str, int, str]:
    """rgba first; red, green, blue, alpha within a layer."""
    layer, _, last = name.partition(".")
    colours = [*_LETTERS.values()]
    return layer != "rgba", layer, colours.index(last) if last in colours else 9, last


def metadata(path: str, frame: Frame) -> dict[str, Any]:
    """What node.metadata() holds of a file: attributes under exr/, a few under input/."""
    first = frame.parts[0]
    found: dict[str, Any] = {"input/filename": path}
    found["input/width"] = first.display_window.width
    found["input/height"] = first.display_window.height
    for name, value in first.header.items():
        if name in _STRUCTURE:
            continue
        kept = _kept(value)
        if kept is not None:
            key = name if name.startswith("nuke/") else ATTRIBUTES.get(name, f"exr/{name}")
            found[key] = kept
    return found


def _kept(value: Any) -> Any:
    """A value as metadata, or None for a type that Nuke drops (double, opaque, preview, ...)."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    box = isinstance(value, tuple) and len(value) == 2
    if (
        plain
        or box
        or type(value).__name__ in ("TimeCode", "KeyCode", "Rational", "Chromaticities")
    ):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, np.ndarray) and value.size in (2, 3, 9, 16):
        return [each.item() for each in value.ravel()]
    return None
