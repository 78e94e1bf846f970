"""The light box: a take and its plate, frame by frame, as the review page looks at them.

It makes proxies (`proxy`) and reads single pixels. Both are asked for the same way: which side
('made' or 'plate'), frame of the take, variation, view and layer. Any thread may use it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from answerprint import (
    aliases,
    colour,
    exr,
    geolook,
    geometries,
    halves,
    localised,
    ocio,
    proxy,
    record,
    sheet,
    takes,
    thumbnail,
    viewlut,
)
from answerprint.errors import AnswerprintError, SourceError
from answerprint.job import Resolved
from answerprint.ocio import Step
from answerprint.picture import Window, moved
from answerprint.proxy import Cache, Head, Proxy
from answerprint.site import Site
from answerprint.take import Take

Side = Literal["made", "plate"]
SIDES: tuple[Side, ...] = ("made", "plate")
Where = list[tuple[int, str]]
Floats = NDArray[np.float32]
T = TypeVar("T")

_Way = tuple[str, tuple[Step, ...], tuple[str, ...]]  # the space it leads to, steps, notes
_AS_IT_IS: _Way = (proxy.DATA, (), ())

WIDTH = 960
GEOMETRY_WIDTH = 960
MOST_DECODED = 512 << 20  # bytes of decoded frames that are kept: the pointer rests on one or two
MOST_KNOWN = 64  # jobs, configurations, and ways into scene_linear


@dataclass(frozen=True)
class Asked:
    """Which pixels: of a take's frame, or of the plate's frame that it was made from."""

    number: int
    side: Side = "made"
    variation: str = ""
    view: str = ""
    layer: str = ""
    width: int = WIDTH


@dataclass(frozen=True)
class _Seen:
    """Channels of a frame that are a picture together."""

    layer: str
    where: Where
    is_data: bool


@dataclass
class Lightbox:
    """One for a process: it remembers jobs, configurations and the frames decoded last."""

    site: Site
    cache: Cache
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _known: OrderedDict[Any, Any] = field(default_factory=OrderedDict, repr=False)
    _frames: OrderedDict[Any, tuple[exr.Frame, int]] = field(
        default_factory=OrderedDict, repr=False
    )

    def proxy(self, take: Take, asked: Asked) -> Proxy:
        """A frame, at least as wide as is asked for, where it has so many pixels.

        Raises:
            JobError: it lies outside the allowed roots.
            SourceError: the frame, its view or its layer is not there, or it cannot be read.
            TakeError: the take's job cannot be read, or the cache cannot be written.
        """
        resolved = self.resolved(take)
        file = self.file(take, resolved, asked)
        layer = asked.layer or (asked.side == "plate" and resolved.inputs[resolved.main].layer)
        key = [
            *thumbnail.written(file),
            asked.side,
            asked.view,
            layer,
            asked.width,
            _space(resolved),
        ]
        place = self.cache.place(*key)
        found = self.cache.find(place)
        if found is not None:
            return found
        if geometries.suffix(file.name):
            return self.cache.keep(place, *_drawn(file))
        head, pixels = self._made(file, resolved, asked)
        if head.space == proxy.ASSUMED:  # never found again: what is missing may come back
            place = self.cache.place(*key, "assumed")
        return self.cache.keep(place, head, pixels)

    def pixel(self, take: Take, asked: Asked, x: int, y: int) -> dict[str, Any]:
        """What the file holds at a pixel, as EXR counts them: channel -> number, in its own space.

        NaN and infinities come as the words nan, inf and -inf. No values beyond the data window.
        Raises as `proxy` does.
        """
        resolved = self.resolved(take)
        file = self.file(take, resolved, asked)
        if geometries.suffix(file.name):
            raise _no_pixels(file)
        frame = self._frame(file)
        seen = _choose(frame, file, resolved, asked)
        held = frame.layers(asked.view or None).get(seen.layer) or seen.where
        values: dict[str, float | str] = {}
        for number, name in held:
            window = frame.parts[number].data_window
            column, row = x - window.left, y - window.top
            if 0 <= column < window.width and 0 <= row < window.height:
                value = float(frame.parts[number].channels[name][row, column])
                values[name.rpartition(".")[2]] = value if np.isfinite(value) else str(value)
        space = proxy.DATA if seen.is_data else resolved.colour.space if resolved.colour else ""
        return {"x": x, "y": y, "values": values, "layer": seen.layer, "space": space}

    def layers(self, take: Take, asked: Asked) -> list[str]:
        """The layers of a frame's view; none of geometry. Raises as `proxy` does."""
        file = self.file(take, self.resolved(take), asked)
        if geometries.suffix(file.name):
            return []
        frame = exr.read_structure(file)
        return list(frame.layers(asked.view or None))

    def file(self, take: Take, resolved: Resolved, asked: Asked) -> Path:
        """Where the frame lies. Raises as `proxy` does, but for damage."""
        if asked.side == "made":
            if asked.variation and asked.variation not in take.variations():
                raise SourceError(
                    f"{take.name} {take.label} has no variation {asked.variation}.",
                    remedy="Choose one that is there.",
                )
            file = take.file(asked.number, asked.variation)
        else:
            source = resolved.inputs[resolved.main]
            sources = resolved.sources(asked.number)
            file = source.plate.file(sources.frames[sources.base])
        self.site.check_allowed(file, "Frame")
        if not file.is_file():
            whose = f"{take.name} {take.label}" if asked.side == "made" else "The plate"
            raise SourceError(
                f"{whose} has no frame {asked.number}: {file.as_posix()} is not there.",
                remedy="Choose another frame, or bring the file back.",
            )
        return file

    def resolved(self, take: Take) -> Resolved:
        """The take's job, as this site spells it. Raises TakeError: it cannot be read."""
        self.site.check_allowed(take.folder, "Take")
        job = take.private / "job.json"
        key = thumbnail.written(job) if job.is_file() else (job.as_posix(),)
        return self._once(key, lambda: localised.resolved(takes.reopen(take), self.site))

    def config(self, take: Take) -> ocio.Config:
        """The colour configuration that a take was made with.

        Raises TakeError: its job cannot be read. SetupError: the configuration is missing or broken.
        """
        found = self.resolved(take).colour
        place = found.config if found else None
        key = ("config", thumbnail.stamp(place or self.site.colour))
        return self._once(key, lambda: viewlut.config_of(place, self.site.colour))

    def _made(
        self, file: Path, resolved: Resolved, asked: Asked
    ) -> tuple[Head, NDArray[np.float16]]:
        frame = self._frame(file)
        seen = _choose(frame, file, resolved, asked)
        image, own = _image(frame, seen.where)
        least, greatest = proxy.extremes(image)
        step = proxy.step_for(own, asked.width)
        space, steps, notes = self._way(frame, resolved) if not seen.is_data else _AS_IT_IS
        # light is averaged as light: what is no linear space goes there first
        for one in steps:
            shape = image.shape
            image = one(np.ascontiguousarray(image).reshape(-1, 3)).reshape(shape)
        head = Head(
            width=-(-own.width // step),
            height=-(-own.height // step),
            step=step,
            window=_corners(own),
            display=_corners(frame.parts[0].display_window),
            space=space,
            layer=seen.layer,
            channels=tuple(name for _, name in seen.where),
            least=least,
            greatest=greatest,
            notes=notes,
        )
        return head, proxy.halved(proxy.shrunk(image, step))

    def _way(self, frame: exr.Frame, resolved: Resolved) -> _Way:
        """(space, steps into it, notes). Without a configuration that works, as it is."""
        found = resolved.colour
        try:
            place = found.config if found else None
            key = ("config", thumbnail.stamp(place or self.site.colour))
            config = self._once(key, lambda: viewlut.config_of(place, self.site.colour))
            said = colour.plate_space(
                config,
                asked=found.space if found else resolved.job.colour.space,
                attributes=frame.parts[0].header,
            )
            name = said.name
            steps = self._once(("way", key, name), lambda: ocio.into_scene_linear(config, name))
            return ocio.scene_linear(config), steps, ()
        except AnswerprintError as error:
            return proxy.ASSUMED, (), (f"{error.problem} Colours are shown as if scene-linear.",)

    def _frame(self, file: Path) -> exr.Frame:
        """A decoded frame; those looked at last are kept. Nobody may change it."""
        key = thumbnail.written(file)
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key][0]
        frame = exr.read(file)
        size = sum(one.nbytes for part in frame.parts for one in part.channels.values())
        with self._lock:
            self._frames[key] = (frame, size)
            while len(self._frames) > 1 and sum(s for _, s in self._frames.values()) > MOST_DECODED:
                self._frames.popitem(last=False)
        return frame

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                found: T = self._known[key]
                return found
        made = make()
        with self._lock:
            self._known[key] = made
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return made


def look_is_assumed(head: Head) -> bool:
    """Whether a proxy's colours are a stand-in, for a configuration that cannot be used just now."""
    return head.space == proxy.ASSUMED


def _choose(frame: exr.Frame, file: Path, resolved: Resolved, asked: Asked) -> _Seen:
    """The layer asked for; else what the model made of a take, and what it was given of a plate."""
    views = frame.views()
    if asked.view and views and asked.view not in views:
        raise SourceError(
            f"{file.as_posix()} has no view '{asked.view}'.",
            remedy=f"Its views are {', '.join(views)}.",
        )
    view = asked.view if asked.view in views else None
    if asked.layer:
        held = frame.layers(view)
        if asked.layer not in held:
            raise SourceError(
                f"{file.as_posix()} has no layer '{asked.layer}'.",
                remedy=f"It holds {', '.join(held)}.",
            )
        return _picked(asked.layer, held[asked.layer])
    if asked.side == "plate":
        first = [resolved.inputs[resolved.main].layer]
        layer, where = sheet.choose(frame, view=view, first=first)
    else:
        made = record.extract(frame)
        layer, where = sheet.choose(
            frame,
            made.processed if made else (),
            view=view,
            first=[one.layer for one in made.inputs] if made else (),
        )
    return _Seen(layer, where, len(where) != 3 or aliases.is_data(layer))


_TRIPLES = (("r", "g", "b"), ("red", "green", "blue"), ("x", "y", "z"))


def _picked(layer: str, held: Where) -> _Seen:
    letters = {name.rpartition(".")[2].lower(): (number, name) for number, name in held}
    for triple in _TRIPLES:
        if letters.keys() >= set(triple):
            is_data = triple[0] == "x" or aliases.is_data(layer)
            return _Seen(layer, [letters[one] for one in triple], is_data)
    return _Seen(layer, held[:1], is_data=True)


def _image(frame: exr.Frame, where: Where) -> tuple[Floats, Window]:
    """(height, width, 3) float32, one channel as grey, and the window that it lies in."""
    own = frame.parts[where[0][0]].data_window
    image = np.empty((own.height, own.width, 3), np.float32)
    for index, (number, name) in enumerate(where if len(where) == 3 else where[:1] * 3):
        part = frame.parts[number]
        pixels = part.channels[name]
        image[..., index] = halves.widen(
            pixels if part.data_window == own else moved(pixels, part.data_window, own)
        )
    return image, own


def _drawn(file: Path) -> tuple[Head, NDArray[np.float16]]:
    """Geometry, as its thumbnail draws it."""
    drawn = geolook.picture(geometries.read(file), GEOMETRY_WIDTH)
    high, wide = drawn.shape[:2]
    window = (0, 0, wide - 1, high - 1)
    head = Head(wide, high, 1, window, window, proxy.PICTURE, "", (), 0.0, 1.0)
    return head, halves.narrow(drawn[..., :3].astype(np.float32) / np.float32(255))


def _no_pixels(file: Path) -> SourceError:
    return SourceError(
        f"{file.as_posix()} holds geometry, and no pixels.",
        remedy="Its numbers are those of 'answerprint show' and of its checks.",
    )


def _corners(window: Window) -> tuple[int, int, int, int]:
    return (window.left, window.top, window.right, window.bottom)


def _space(resolved: Resolved) -> str:
    found = resolved.colour
    return f"{found.space} of {found.fingerprint} {thumbnail.stamp(found.config)}" if found else ""
