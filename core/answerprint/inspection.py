"""Inspections: what a plate is, by its names on disk and one of its frames. It asks no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from answerprint import aliases, colour, exr, ocio, report
from answerprint.colour import Space
from answerprint.errors import AnswerprintError, JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.plate import Plate, views_on_disk, with_view
from answerprint.report import Levels
from answerprint.site import Site

MOST_TRIED = 3  # frames, if the first ones cannot be read
MOST_GAPS = 12  # that are named

Channels = list[tuple[int, str]]


@dataclass
class Inspection:
    """What could be found out; `problems` say of the rest why not.

    path      as it was asked for, with forward slashes
    frame     the one that was looked at
    head      its structure; None where none of the first frames could be read
    views     in the frame, or in files of their own by the path's %V
    levels    of the frame's colour layer; None where its pixels were not read
    """

    path: str
    plate: Plate
    found: FrameRange
    frame: int
    head: exr.Frame | None = None
    views: tuple[str, ...] = ()
    levels: Levels | None = None
    space: Space | None = None
    problems: list[AnswerprintError] = field(default_factory=list)

    @property
    def missing(self) -> str:
        """Frames that lack between the first and the last, in words; of many gaps the first."""
        return self.found.gaps_in_words(MOST_GAPS)

    @property
    def title(self) -> str:
        return self.plate.head.removesuffix(".exr").strip("._- ") or self.plate.folder.name

    @property
    def layer(self) -> str | None:
        """The layer that shows what the plate looks like; None where none of it is a picture."""
        return None if self.head is None else _picture(self.head)

    def as_json(self) -> dict[str, Any]:
        """For panels; see 'answerprint inspect --help'."""
        levels = self.levels
        return {
            "kind": "image",
            "kinds": ["image"],
            "path": self.path,
            "title": self.title,
            "still": self.plate.is_still,
            "frames": str(self.found),
            "first": self.found.first,
            "last": self.found.last,
            "count": len(self.found),
            "missing": self.missing,
            "frame": self.frame,
            **self._structure(),
            "views": list(self.views),
            "colour": self.space and {"space": self.space.name, "source": self.space.source},
            "levels": levels
            and {
                "layer": self.layer,
                "least": levels.least,
                "greatest": levels.greatest,
                "nan": levels.nan,
                "inf": levels.inf,
            },
            "problems": [one.as_json() for one in self.problems],
        }

    def _structure(self) -> dict[str, Any]:
        if self.head is None:
            nothing = ("width", "height", "aspect", "window", "type", "compression")
            return {**dict.fromkeys(nothing), "layers": {}}
        part = self.head.parts[0]
        display = part.display_window
        return {
            "width": display.width,
            "height": display.height,
            "aspect": _aspect(self.head),
            "window": self._window(),
            "layers": {
                layer: _in_order([channel.rpartition(".")[2] for _, channel in held])
                for layer, held in self.head.layers().items()
            },
            "type": self._type(),
            "compression": part.compression.lower(),
        }

    def _shown(self) -> Channels:
        """The channels of what shows the plate, else of its first layer."""
        held = self.head.layers() if self.head else {}
        return held.get(self.layer or "") or next(iter(held.values()), [])

    def _window(self) -> str | None:
        """The data window in words, where it is not the whole frame."""
        if self.head is None or not self._shown():
            return None
        part = self.head.parts[self._shown()[0][0]]
        data, display = part.data_window, part.display_window
        if data == display:
            return None
        beyond = exr.union([data, display]) != display
        said = "reaches beyond the frame" if beyond else "covers a part of the frame"
        return f"{data}, {said}"

    def _type(self) -> str:
        if self.head is None:
            return ""
        kinds = dict.fromkeys(self.head.parts[number].types[name] for number, name in self._shown())
        return " and ".join(kinds)


def inspect(
    text: str,
    site: Site,
    *,
    space: str | None = None,
    said_by: str = "the job",
    pixels: bool = True,
) -> Inspection:
    """Look at a plate: its folder, the header of one frame, and that frame's pixels.

    space    what the host says that the plate is in; `said_by`: who
    pixels   False: the levels are left out, and nothing is decoded

    Raises:
        SourceError: there is no such frame at all.
        JobError: the path names no file, or lies outside the allowed roots.
    """
    path = site.spelled(text)
    apart = _apart(path) if "%V" in path or "%v" in path else ()
    plate = Plate.parse(with_view(path, apart[:1] or None)).absolute()
    site.check_allowed(plate.folder, "Plate")
    found = plate.on_disk()
    shown = str(Plate.parse(path).absolute())
    made = Inspection(shown, plate, found, found.first, views=apart)
    _look(made, site)
    if made.head is None:
        return made
    made.views = apart or made.head.views()
    with _told(made):
        made.space = _space(made.head, site, space, said_by)
    if pixels and made.layer is not None:
        with _told(made):
            made.levels = _levels(made, made.layer)
    return made


def _apart(path: str) -> tuple[str, ...]:
    """The views that have files of their own: of the folders that %V may stand for, those with any."""
    return tuple(view for view in views_on_disk(path) if _is_there(with_view(path, [view])))


def _is_there(path: str) -> bool:
    with suppress(SourceError):
        return bool(Plate.parse(path).on_disk())
    return False


@contextmanager
def _told(made: Inspection) -> Iterator[None]:
    """What goes wrong is said beside all that went well."""
    try:
        yield
    except AnswerprintError as error:
        made.problems.append(error)


def _look(made: Inspection, site: Site) -> None:
    """The structure of the first frame; where that is broken, of one of the next."""
    for number in made.found.numbers[:MOST_TRIED]:
        file = made.plate.file(number)
        with _told(made):
            site.check_allowed(file, "Frame")
            made.frame, made.head = number, exr.read_structure(file)
            return


def _space(head: exr.Frame, site: Site, asked: str | None, said_by: str) -> Space:
    config = ocio.load(None, site.colour)
    attributes = head.parts[0].header
    return colour.plate_space(config, asked=asked, asked_by=said_by, attributes=attributes)


def _levels(made: Inspection, layer: str) -> Levels:
    frame = exr.read(made.plate.file(made.frame))
    held = frame.layers().get(layer)
    if not held:  # written anew in between
        raise JobError(
            f"{made.plate.name(made.frame)} changed while it was looked at.",
            remedy="Look again when it is written.",
        )
    return _together([report.measure(one) for one in exr.channel_pixels(frame, _light(held))])


def _together(each: list[Levels]) -> Levels:
    samples = sum(one.samples for one in each)
    return Levels(
        least=min(one.least for one in each),
        greatest=max(one.greatest for one in each),
        mean=sum(one.mean * one.samples for one in each) / max(samples, 1),
        samples=samples,
        negative=sum(one.negative for one in each),
        above_one=sum(one.above_one for one in each),
        nan=sum(one.nan for one in each),
        inf=sum(one.inf for one in each),
    )


def _picture(head: exr.Frame) -> str | None:
    """The layer that renderers call the picture, else the first that is not numbers by its name."""
    held = head.layers()
    lit = [layer for layer in held if _light(held[layer]) and not aliases.is_data(layer)]
    known = [aliases.plain(name) for name in aliases.RENDERERS["color"]]
    named = [layer for layer in lit if aliases.plain(layer.rpartition(".")[2]) in known]
    return next(iter([*named, *lit]), None)


def _in_order(names: list[str]) -> list[str]:
    """As artists say them, R G B A; files hold them by the alphabet."""
    known = {letter: place for place, letter in enumerate("rgba")}
    return sorted(names, key=lambda name: known.get(name[:1].lower(), -1))


def _light(held: Channels) -> Channels:
    """A layer's channels without its alpha, which says nothing of how bright the picture is."""
    return [one for one in held if one[1].rpartition(".")[2].lower() not in ("a", "alpha")]


def _aspect(head: exr.Frame) -> float:
    said = head.attribute("pixelAspectRatio")
    return round(float(said), 6) if isinstance(said, (int, float)) and said > 0 else 1.0
