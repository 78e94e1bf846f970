"""Thumbnails: one small picture of a take or a plate, kept so that it is drawn once.

A take's is drawn with that of the plate's own frame beside it: before and after.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from answerprint import documents, exr, geolook, geometries, localised, look, sheet, takes
from answerprint.errors import JobError, SourceError
from answerprint.job import Resolved
from answerprint.look import Look
from answerprint.plate import Plate, views_on_disk, with_view
from answerprint.site import Site
from answerprint.take import Take

MOST_WIDTH = 2048
MOST_FILES, MOST_BYTES = 5000, 200 << 20
TALLEST = 2  # times as high as wide

LookOf = Callable[[exr.Frame], tuple[Look, list[str]]]


@dataclass(frozen=True)
class Picture:
    """A PNG, as it lies on disk; `notes`: what is to be said of its colours."""

    path: Path
    width: int
    height: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Thumbnail:
    """`plate`: a picture of the plate's same frame; None where that is not there."""

    picture: Picture
    frame: int
    plate: Picture | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.picture.path.as_posix(),
            "plate": self.plate and self.plate.path.as_posix(),
            "frame": self.frame,
            "width": self.picture.width,
            "height": self.picture.height,
            "notes": [*self.picture.notes, *self.notes],
        }


@dataclass(frozen=True)
class Cache:
    """Pictures that were drawn; those that were looked at last stay."""

    folder: Path
    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES

    def find(self, place: Path) -> Picture | None:
        """None where it is not there, or is none of ours."""
        # what Pillow says of a file that is cut off
        with contextlib.suppress(
            OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError
        ):
            with Image.open(place, formats=["PNG"]) as image:
                wide, high = image.size
                notes = json.loads(image.info["notes"])
            os.utime(place)
            return Picture(place, wide, high, tuple(map(str, notes)))
        return None

    def keep(self, place: Path, image: Image.Image, notes: Iterable[str]) -> Picture:
        """Raises TakeError: the folder cannot be written."""
        said = PngImagePlugin.PngInfo()
        said.add_text("notes", json.dumps([*notes]))
        aside = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                image.save(aside, "PNG", pnginfo=said)
                aside.replace(place)
            finally:
                aside.unlink(missing_ok=True)
            trim(self.folder, place, self.most_files, self.most_bytes)
        except OSError as error:
            raise documents.unwritable(self.folder, error) from error
        return Picture(place, *image.size, tuple(notes))


def trim(folder: Path, newest: Path, most_files: int, most_bytes: int) -> None:
    """Take what was not looked at for longest out of a folder, until it holds no more than this."""
    held = []
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process trims as well
            facts = file.stat()
            held.append((facts.st_mtime_ns, facts.st_size, file))
    files, size = len(held), sum(one[1] for one in held)
    for _, own, file in sorted(held):
        if files <= most_files and size <= most_bytes:
            return
        if file != newest:
            with contextlib.suppress(OSError):  # on Windows, one that a panel just looks at
                file.unlink(missing_ok=True)
                files, size = files - 1, size - own


@dataclass(frozen=True)
class Easel:
    """Draws frames as wide as is asked for, or takes what was drawn of them before."""

    site: Site
    cache: Cache
    width: int

    def draw(self, file: Path, look_of: LookOf, *how: str | None, layer: str = "") -> Picture:
        """One frame; `how`: all that decides about its look, besides its file.

        Raises:
            JobError: it lies outside the allowed roots.
            SourceError: it is not there, or cannot be read.
        """
        self.site.check_allowed(file, "Frame")
        place = self._place(file, *how, layer)
        found = self.cache.find(place)
        if found is not None:
            return found
        if geometries.suffix(file.name):
            drawn = geolook.picture(geometries.read(file), self.width)
            return self.cache.keep(place, Image.fromarray(drawn), ())
        frame = exr.read(file)
        seen = sheet.box(frame, frame.parts[0].data_window)
        wide, high = sheet.size(seen, min(self.width, seen.width))
        shown, notes = look_of(frame)
        cell = (wide, min(high, TALLEST * self.width))
        pixels = look.picture(frame, shown, cell, [layer] if layer else [])
        if look.is_assumed(notes):  # never found again: what is missing may come back
            place = self._place(file, *how, layer, "assumed")
        return self.cache.keep(place, Image.fromarray(pixels), notes)

    def _place(self, file: Path, *how: str | None) -> Path:
        key = [*written(file), self.width, *how]
        digest = hashlib.sha256(json.dumps(key).encode("utf-8", "replace")).hexdigest()
        return self.cache.folder / f"{digest[:40]}.png"


def written(file: Path) -> tuple[str, int, int]:
    """Which file it is, and as of when: another one once it was written again.

    Raises SourceError: it is not there, or may not be looked at.
    """
    try:
        facts = file.stat()
    except OSError as error:
        raise SourceError(
            f"{file.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check that the frame is there and that you may read it.",
        ) from error
    return (str(file.absolute()), facts.st_mtime_ns, facts.st_size)


def of_plate(easel: Easel, path: str, frame: int | None, space: str | None) -> Thumbnail:
    """Of a plate by its path with ####; `frame`: None for the middle one of what is there.

    space   its colour space; None: as it says itself

    Raises:
        JobError: no such space, or a path outside the allowed roots.
        SourceError: there is no such frame, or it cannot be read.
        TakeError: it cannot be kept.
    """
    views = views_on_disk(path)[:1] if "%v" in path.lower() else None  # one is enough to see it
    plate = Plate.parse(with_view(path, views)).absolute()
    easel.site.check_allowed(plate.folder, "Plate")
    number = _chosen(plate.on_disk().numbers, frame, str(plate))
    config = easel.site.colour
    picture = easel.draw(
        plate.file(number),
        lambda head: look.of_plate(head, space, config),
        space,
        stamp(os.environ.get("OCIO") or config),
    )
    return Thumbnail(picture, number)


def of_take(easel: Easel, take: Take, frame: int | None) -> Thumbnail:
    """Of a take, and of its plate at the same frame; of a wedge, its middle variation.

    Raises as `of_plate` does, and TakeError: its job cannot be read.
    """
    easel.site.check_allowed(take.folder, "Take")
    frames = _frames(take, frame)
    number = _chosen(tuple(frames), frame, f"{take.name} {take.label}")
    resolved = localised.resolved(takes.reopen(take), easel.site)
    picture = easel.draw(frames[number], lambda _: look.of_take(resolved), _space(resolved))
    try:
        return Thumbnail(picture, number, _before(easel, resolved, number))
    except (SourceError, JobError) as error:  # the take is there all the same
        return Thumbnail(picture, number, notes=(f"The plate is not shown: {error.problem}",))


def of_frame(
    easel: Easel, take: Take, frame: int | None = None, variation: str | None = None
) -> Picture:
    """Of a take alone, without its plate; `variation`: None for the middle one that has the frame.

    Raises as `of_take` does.
    """
    easel.site.check_allowed(take.folder, "Take")
    if variation and variation not in take.variations():
        raise SourceError(
            f"{take.name} {take.label} has no variation {variation}.",
            remedy="Choose one that is there.",
        )
    frames = _frames(take, frame) if variation is None else take.frames(variation)
    number = _chosen(tuple(frames), frame, f"{take.name} {take.label}")
    resolved = localised.resolved(takes.reopen(take), easel.site)
    return easel.draw(frames[number], lambda _: look.of_take(resolved), _space(resolved))


def _before(easel: Easel, resolved: Resolved, number: int) -> Picture:
    source = resolved.inputs[resolved.main]
    seen = resolved.sources(number)
    file = source.plate.file(seen.frames[seen.base])
    space = _space(resolved)
    return easel.draw(file, lambda _: look.of_take(resolved), space, layer=source.layer)


def _space(resolved: Resolved) -> str | None:
    found = resolved.colour
    if found is None:
        return None
    return f"{found.space} of {found.fingerprint} {stamp(found.config)}"


def stamp(config: str | None) -> str:
    """Another one when a configuration is another one, or its file was written; '' for none."""
    if not config or config.startswith("ocio://"):
        return config or ""
    try:
        facts = Path(config).stat()
    except (OSError, ValueError):
        return f"{config} is not there"
    return f"{Path(config).absolute()} {facts.st_mtime_ns} {facts.st_size}"


def _frames(take: Take, frame: int | None) -> dict[int, Path]:
    """The frames to choose from: those of the middle one of the variations that have any."""
    every = (take.frames(label) for label in take.variations() or [""])
    held = [frames for frames in every if frames and (frame is None or frame in frames)]
    return held[(len(held) - 1) // 2] if held else {}


def _chosen(numbers: Sequence[int], frame: int | None, whose: str) -> int:
    if frame is None and numbers:
        return numbers[(len(numbers) - 1) // 2]
    if frame is None or frame not in numbers:
        which = "frames yet" if frame is None else f"frame {frame}"
        raise SourceError(f"{whose} has no {which}.", remedy="Choose a frame that is there.")
    return frame
