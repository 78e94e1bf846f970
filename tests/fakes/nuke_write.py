"""nuke.execute: a Write's frames as EXR files, written aside and renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nuke_images as images
import nuke_session as session
import numpy as np
import OpenEXR
from nuke_tcl import TclError

from answerprint import exr
from answerprint.picture import Frame, Part, Pixels, Window

_CODECS = {
    "none": "NO",
    "Zip (1 scanline)": "ZIPS",
    "Zip (16 scanline)": "ZIP",
    "PIZ Wavelet (32 scanlines)": "PIZ",
    "RLE": "RLE",
    "B44": "B44",
    "B44A": "B44A",
    "DWAA": "DWAA",
    "DWAB": "DWAB",
}
_SHORT = {"red": "R", "green": "G", "blue": "B", "alpha": "A"}
_NAMED = {
    "rgb": ("rgba.red", "rgba.green", "rgba.blue"),
    "rgba": ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"),
    "alpha": ("rgba.alpha",),
    "depth": ("depth.Z",),
}
# Written anew for each file, whatever a plate's metadata says
_NOT_COPIED = {"chunkCount", "tiled", "name", "view", "multiView", "pixelAspectRatio", "version"}


def execute(
    node: Any, frames: Iterable[int], views: list[str] | None, *, continue_on_error: bool = False
) -> None:
    """Render a Write.

    Raises:
        RuntimeError: it is no Write, something is being rendered already, an image or a folder is
            missing, or the artist cancelled.
    """
    if node.Class() != "Write":
        raise RuntimeError(f"{node.name()}: not executable")
    if session.state.executing:
        raise RuntimeError("I'm already executing something else")
    session.state.executing = True
    try:
        _run(node, "beforeRender")
        for frame in frames:
            _frame(node, frame, _views(node, views), continue_on_error=continue_on_error)
        _run(node, "afterRender")
    finally:
        session.state.executing = False
        session.state.cancelled = False


def _run(node: Any, kind: str) -> None:
    session.call_back(kind, node)
    if node[kind].value():
        node[kind].execute()


def _views(node: Any, asked: list[str] | None) -> list[str]:
    """Those asked for; without any, all of the script that the Write's own knob lets through."""
    for view in asked or ():
        if view not in session.state.views:
            raise RuntimeError(f"{view}: no such view")
    own = node["views"].value().split() or session.state.views
    return list(asked) if asked else [view for view in session.state.views if view in own]


def _frame(node: Any, frame: int, views: list[str], *, continue_on_error: bool) -> None:
    if session.state.cancelled:
        raise RuntimeError("cancelled")
    session.call_back("beforeFrameRender", node)
    proxy = bool(session.state.root["proxy"].value())
    pattern = node["proxy" if proxy else "file"].value()
    apart = "%V" in pattern or "%v" in pattern
    try:
        for shared in [[view] for view in views] if apart else [views]:
            _write(node, images.At(frame, shared[0], proxy, pixels=True), shared)
    except (images.ImageError, TclError) as error:
        if not continue_on_error:
            raise RuntimeError(str(error)) from error
    session.call_back("afterFrameRender", node)


def _write(node: Any, at: images.At, views: list[str]) -> None:
    path = _path(node, at)
    rendered = {view: images.look(node, replace(at, view=view)) for view in views}
    frame = _file(node, rendered)
    if node["create_directories"].value():
        path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.is_dir():
        raise RuntimeError(f"{node.name()}: {path.parent.as_posix()}: No such file or directory")
    aside = path.with_name(hashlib.sha256(str(path).encode()).hexdigest()[:16] + ".tmp")
    exr.write(aside, frame)
    aside.replace(path)
    session.state.executed.append((node._full_name(), at.frame, ",".join(views), path.as_posix()))


def _path(node: Any, at: images.At) -> Path:
    knob = node["proxy" if at.proxy else "file"]
    if not knob.value():
        raise RuntimeError(f"{node.name()}: no {'proxy ' if at.proxy else ''}file name")
    if "\\" in knob.value():
        raise RuntimeError(f"{node.name()}: {knob.value()}: backslashes in a file name")
    path = Path(images.file_at(session.filtered(knob._evaluated()), at.frame, at.view))
    kind = node["file_type"].value().strip() or path.suffix.lstrip(".")
    if kind != "exr":
        raise NotImplementedError(f"the fake writes EXR files only, not {kind or path.name}")
    return path


def _file(node: Any, rendered: dict[str, images.Image]) -> Frame:
    """One part with all views; of the second view on, each channel names its own."""
    hero, *others = rendered
    first = rendered[hero]
    channels: dict[str, Pixels] = {}
    for view, image in rendered.items():
        for name in _chosen(node["channels"].value(), image):
            said = _channel(node, name, view if view in others else None)
            channels[said] = image.channels[name].astype(_type(node))
    if not channels:
        raise images.ImageError(f"{node.name()}: no channels to write")
    header = _header(node, first)
    if others:
        header["multiView"] = list(rendered)
    return Frame([Part(header, {}, channels)])


def _type(node: Any) -> Any:
    half = "datatype" not in node.knobs() or node["datatype"].value() == "16 bit half"
    return np.float16 if half else np.float32


def _knob(node: Any, name: str, default: Any) -> Any:
    found = node.knobs().get(name)
    return default if found is None else found.value()


def _chosen(wanted: str, image: images.Image) -> list[str]:
    if wanted == "all":
        return list(image.channels)
    names: list[str] = []
    for word in wanted.split():
        layer = [name for name in image.channels if name.startswith(f"{word}.")]
        names += _NAMED.get(word) or ([word] if "." in word else layer)
    return [name for name in names if name in image.channels]


def _channel(node: Any, name: str, view: str | None) -> str:
    """As Nuke writes it: R, albedo.red; a view before the layer, or after it as the standard has it.

    Full words outside of rgba are what its files show [unverified].
    """
    layer, _, last = name.partition(".")
    if layer == "rgba":
        return ".".join([*([view] if view else []), _SHORT.get(last, last)])
    standard = _knob(node, "standard layer name format", default=False)
    words = [layer, view] if standard else [view, layer]
    return ".".join([*(each for each in words if each), last])


def _header(node: Any, image: images.Image) -> dict[str, Any]:
    """The display window moves to 0,0; the data window stays as great as the bounding box."""
    left, top = image.display.left, image.display.top
    box, shown = image.window, image.display
    data = Window(box.left - left, box.top - top, box.right - left, box.bottom - top)
    header = {
        "compression": getattr(
            OpenEXR, _CODECS[_knob(node, "compression", "Zip (1 scanline)")] + "_COMPRESSION"
        ),
        "type": OpenEXR.scanlineimage,
        "dataWindow": data.corners(),
        "displayWindow": Window(0, 0, shown.width - 1, shown.height - 1).corners(),
        "pixelAspectRatio": image.aspect,
    }
    for name, value in _attributes(_knob(node, "metadata", "default metadata"), image).items():
        header.setdefault(name, value)
    return header


def _attributes(mode: str, image: images.Image) -> dict[str, Any]:
    """Which metadata is written, by the five modes of the knob."""
    found: dict[str, Any] = {}
    if mode == "no metadata":
        return found
    back = {key: name for name, key in images.ATTRIBUTES.items()}
    for key, value in image.metadata.items():
        space, _, name = key.partition("/")
        if key in back:
            found[back[key]] = value
        elif space == "exr" and mode != "default metadata":
            if name not in _NOT_COPIED:
                found[name] = _attribute(value)
        elif mode == "all metadata" or (mode == "all metadata except input/*" and space != "input"):
            found[key if space == "nuke" else f"nuke/{key}"] = _attribute(value)
    found["nuke/version"] = ".".join(str(one) for one in session.state.version)
    return found


def _attribute(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = np.array(value, np.int32 if all(isinstance(one, int) for one in value) else np.float32)
    side = {9: 3, 16: 4}.get(array.size)
    return array.reshape(side, side) if side else array
