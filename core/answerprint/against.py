"""Any frame against any other: what the gates see where no job says what was made of what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from answerprint import aliases, exr, sights
from answerprint.geometry import Geometry
from answerprint.medium import Content
from answerprint.picture import Pixels, Window, moved
from answerprint.ports import Kind
from answerprint.shape import Shape
from answerprint.sight import Sight
from answerprint.sights import Facts

MOST_TOLD = 5
_LIGHT = {"R", "G", "B", "Y", "RED", "GREEN", "BLUE"}

Channels = list[tuple[int, str]]


def seen(
    number: int,
    made: Content,
    plate: Content | None,
    facts: Facts,
    plate_pixels: str = "",
) -> Sequence[Sight | Shape]:
    """Every layer in every view, each against the plate's of the same name; at least one.

    plate          of the same kind; one of the other kind is none
    plate_pixels   its digest
    """
    if isinstance(made, Geometry):
        before = plate if isinstance(plate, Geometry) else None
        return [_shape(number, made, before, facts, plate_pixels)]
    frame = plate if isinstance(plate, exr.Frame) else None
    found = list(_sights(number, made, frame, facts, plate_pixels))
    if not found:
        found = [_nothing(number, made, facts)]
    found[0].asked = tuple(_wrong(made, frame))[:MOST_TOLD] if frame else ()
    return found


def kind(content: Content) -> Kind:
    if not isinstance(content, Geometry):
        return "image"
    if not content.volumes:
        return "points"
    return "heightfield" if content.volumes[0].kind == "heightfield" else "volume"


def _shape(
    number: int, made: Geometry, plate: Geometry | None, facts: Facts, plate_pixels: str
) -> Shape:
    names = [one.name for one in made.attributes] + [one.name for one in made.volumes]
    return Shape(
        number=number,
        kind=kind(made),
        made=made,
        plate=plate,
        names=tuple(dict.fromkeys(names)),
        pixels=facts.pixels,
        plate_pixels=plate_pixels,
        provenance=facts.provenance,
    )


def _sights(
    number: int, made: exr.Frame, plate: exr.Frame | None, facts: Facts, plate_pixels: str
) -> Iterator[Sight]:
    for view in made.views() or (None,):
        held = plate.layers(view if view in plate.views() else None) if plate else {}
        for layer, channels in made.layers(view).items():
            one = _sight(number, made, channels, facts)
            if one is None:
                continue
            one.layer, one.view = layer, view or ""
            one.colour = one.colour and not aliases.is_data(layer)
            one.plate_pixels = plate_pixels
            if plate is not None and layer in held:
                _hold(one, made, channels, plate, held[layer])
            if plate is not None and one.plate is None:
                one.origin = _origin(plate, held)
            yield one


def _sight(number: int, made: exr.Frame, channels: Channels, facts: Facts) -> Sight | None:
    """A layer's channels without its alpha; None where they are whole numbers or of several sizes."""
    picked = _picked(made, channels)
    if not picked:
        return None
    alpha = [made.parts[part].channels[name] for part, name in channels if sights.is_alpha(name)]
    window = made.parts[picked[0][0]].data_window
    return Sight(
        number=number,
        layer="",
        made=sights.stacked([made.parts[part].channels[name] for part, name in picked]),
        plate=None,
        window=window,
        plate_window=window,
        colour=all(_letter(name) in _LIGHT for _, name in picked),
        alpha=alpha[0] if alpha and alpha[0].dtype.kind == "f" else None,
        pixels=facts.pixels,
        provenance=facts.provenance,
    )


def _hold(
    one: Sight, made: exr.Frame, channels: Channels, plate: exr.Frame, held: Channels
) -> None:
    """Put the plate's channels of the same letters beside it, where their size is a multiple."""
    known = {_letter(name): (part, name) for part, name in held}
    wanted = [known.get(_letter(name)) for _, name in _picked(made, channels)]
    found = [each for each in wanted if each is not None]
    if len(found) != len(wanted):
        return
    before = plate.parts[found[0][0]]
    own = [plate.parts[part].channels[name] for part, name in found]
    if any(each.dtype.kind != "f" for each in own):
        return
    window, scale = before.data_window, _scale(made, plate)
    if scale is None:
        return
    target = Window(
        one.window.left // scale,
        one.window.top // scale,
        (one.window.right + 1) // scale - 1,
        (one.window.bottom + 1) // scale - 1,
    )
    if target.width * scale != one.window.width or target.height * scale != one.window.height:
        return
    one.plate = sights.stacked(_in(own, window, target))
    one.plate_window, one.scale = target, scale


def _origin(plate: exr.Frame, held: Mapping[str, Channels]) -> Pixels | None:
    """Of the plate's first layer that is light."""
    for channels in held.values():
        picked = _picked(plate, channels)
        if picked and all(_letter(name) in _LIGHT for _, name in picked):
            return sights.light([plate.parts[part].channels[name] for part, name in picked])
    return None


def _in(channels: list[Pixels], own: Window, target: Window) -> list[Pixels]:
    return channels if own == target else [moved(each, own, target) for each in channels]


def _scale(made: exr.Frame, plate: exr.Frame) -> int | None:
    """How many times larger the format is; None where it is no multiple."""
    one, other = made.parts[0].display_window, plate.parts[0].display_window
    times, rest = divmod(one.width, other.width)
    return times if times and not rest and one.height == other.height * times else None


def _picked(frame: exr.Frame, channels: Channels) -> Channels:
    """Floats of one part, without the alpha unless that is all there is."""
    floats = [(p, n) for p, n in channels if frame.parts[p].channels[n].dtype.kind == "f"]
    light = [(p, n) for p, n in floats if not sights.is_alpha(n)] or floats
    return [(p, n) for p, n in light if p == light[0][0]]


def _wrong(made: exr.Frame, plate: exr.Frame) -> Iterator[str]:
    """Windows that are not the plate's, or a multiple, and layers that it has and this has not."""
    one, other = made.parts[0], plate.parts[0]
    scale = _scale(made, plate)
    if scale is None:
        yield f"format {one.display_window} instead of {other.display_window}"
        return
    if scale == 1 and one.display_window != other.display_window:
        yield f"display window {one.display_window} instead of {other.display_window}"
    data = other.data_window
    corners = (
        data.left * scale,
        data.top * scale,
        (data.right + 1) * scale - 1,
        (data.bottom + 1) * scale - 1,
    )
    if one.data_window != Window(*corners):
        yield f"data window {one.data_window} instead of {Window(*corners)}"
    have = set(made.layers())
    yield from (f"without layer {layer}" for layer in plate.layers() if layer not in have)


def _nothing(number: int, made: exr.Frame, facts: Facts) -> Sight:
    """Of a file that holds no numbers that a gate could look at."""
    window = made.parts[0].data_window
    pixels = next(iter(made.parts[0].channels.values())).astype("float32")[..., None]
    return Sight(
        number=number,
        layer="rgba",
        made=pixels,
        plate=None,
        window=window,
        plate_window=window,
        colour=False,
        pixels=facts.pixels,
        provenance=facts.provenance,
    )


def _letter(name: str) -> str:
    return name.rpartition(".")[2].upper()
