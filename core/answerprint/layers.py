"""Layers: which of a plate's channels are the images that a task wants. Found, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from answerprint import aliases
from answerprint.contract import Input
from answerprint.errors import Fix, SourceError
from answerprint.exr import Frame, split_view

NONE = "none"

# Nuke and V-Ray write the components of layers as words
_LETTERS = {"red": "r", "green": "g", "blue": "b", "alpha": "a"}

Channels = list[tuple[int, str]]


def choose(
    frame: Frame,
    wanted: Input,
    asked: str | None,
    where: str,
    *,
    required: bool,
    view: str | None = None,
    names: Mapping[str, tuple[str, ...]] = aliases.RENDERERS,
    first: Sequence[str] = (),
) -> str | None:
    """The layer for an input: the one asked for, or the only one that fits.

    The site and then the contract name layers best first: the first of them that is there under its
    whole name is the one. Otherwise a layer fits by any of these names or of those in `names` for
    the input's role, also by its last part: 'ViewLayer.Denoising Albedo' is a 'denoising albedo'.

    asked   a layer's name, or `none`
    where   the file, for the error
    view    the view that it is looked for in; None means the default one
    names   role -> layer names, from aliases.table
    first   the site's own names for the input

    None means that an input which is not required is absent.

    Raises:
        SourceError: the layer asked for, or one that is needed, is not in the plate; several fit;
            there is no such view. Lists what there is.
    """
    held = _held(frame, where, view)
    if asked == NONE and not wanted.required:
        return None
    if asked is not None:
        return _asked(frame, wanted, asked, where, view)
    fitting = [layer for layer in held if _pick(held[layer], wanted) is not None]
    for name in (*first, *wanted.layers):
        match = _only(_whole(fitting, name), name, wanted, where)
        if match is not None:
            return match
    known = (*wanted.layers, *names.get(wanted.name, ()))
    match = _only([one for one in fitting if _fits(one, known)], None, wanted, where)
    if match is not None or not required:
        return match
    lacking = [layer for layer in held if _fits(layer, known)]
    said = f" Its layer '{lacking[0]}' has not the channels {_sets(wanted)}." if lacking else ""
    raise SourceError(
        f"{where} has no layer for {wanted.name}; looked for {', '.join(wanted.layers)}.{said}",
        remedy=f"It holds {', '.join(held)}. Choose one with --layer {wanted.name}=NAME.",
    )


def channels(
    frame: Frame, layer: str, wanted: Input, where: str, view: str | None = None
) -> tuple[tuple[int, str], ...]:
    """(part number, channel name) of a layer's channels, in the order that the model wants.

    Raises:
        SourceError: the layer or the view is not there, or lacks channels; lists what is.
    """
    held = _held(frame, where, view)
    if layer not in held:
        raise _missing(frame, wanted, layer, where, view)
    picked = _pick(held[layer], wanted)
    if picked is None:
        names = ", ".join(name for _, name in held[layer])
        raise SourceError(
            f"Layer '{layer}' of {_in_view(where, view)} has not the channels {_sets(wanted)} that "
            f"{wanted.name} needs.",
            remedy=f"It holds {names}.{_or_without(wanted)}",
        )
    return picked


def holds(frame: Frame, layer: str, wanted: Input, view: str | None = None) -> bool:
    """Whether a layer is there with the channels of one of the input's sets."""
    held = frame.layers(view).get(layer)
    return held is not None and _pick(held, wanted) is not None


def serving(
    frame: Frame,
    wanted: Input,
    *,
    asked: str | None = None,
    view: str | None = None,
    names: Mapping[str, tuple[str, ...]] = aliases.RENDERERS,
    first: Sequence[str] = (),
) -> tuple[list[str], list[str]]:
    """Layers that could be an input: those that fit by name, best first; and all others.

    What holds numbers by its name is none for an input that goes through colour, and whole numbers
    are none for any. `asked`, `names` and `first` as for `choose`.
    """
    held = frame.layers(view)
    good = [layer for layer in held if _could_be(frame, layer, held[layer], wanted)]
    known = (asked,) if asked else (*first, *wanted.layers, *names.get(wanted.name, ()))
    named = [layer for name in known for layer in _whole(good, name)]
    named = list(dict.fromkeys([*named, *(one for one in good if _fits(one, known))]))
    return named, [one for one in good if one not in named]


def left_out(wanted: Input, path: str) -> Fix | None:
    """An input left out, where the task can do without; `path`: where it comes from."""
    return None if wanted.required else use(wanted, path, NONE)


def use(wanted: Input, path: str, layer: str) -> Fix:
    """A layer of the file at `path` for an input, or none."""
    label = f"Leave {wanted.name} out" if layer == NONE else f"Use {layer} for {wanted.name}"
    return Fix(label, {"inputs": {wanted.name: {"path": path, "layer": layer}}})


def _could_be(frame: Frame, layer: str, held: Channels, wanted: Input) -> bool:
    picked = _pick(held, wanted)
    if picked is None or (wanted.encoding != "data" and aliases.is_data(layer)):
        return False
    return all(frame.parts[number].types[name] != "uint" for number, name in picked)


def check_same(
    wanted: tuple[str, ...],
    picked: tuple[tuple[int, str], ...],
    where: str,
    views: tuple[str, ...] = (),
) -> None:
    """Hold a frame's channels against those of the first frame, or of another of its `views`.

    Raises:
        SourceError: they are others: the plate changes in mid-sequence.
    """
    found = tuple(name for _, name in picked)
    if [_viewless(one, views) for one in found] != [_viewless(one, views) for one in wanted]:
        raise SourceError(
            f"{where} has the channels {', '.join(found)}; the first frame has {', '.join(wanted)}.",
            remedy="Render the sequence with one set of channels, or run its parts as jobs of "
            "their own.",
        )


def _viewless(channel: str, views: tuple[str, ...]) -> tuple[str, str]:
    return split_view(channel, views)[0], channel.rpartition(".")[2]


def _held(frame: Frame, where: str, view: str | None) -> dict[str, Channels]:
    views = frame.views()
    if view is not None and view not in views:
        raise SourceError(
            f"{where} has no view '{view}'.",
            remedy=f"Its views are {', '.join(views)}." if views else "It names no views.",
        )
    return frame.layers(view)


def _asked(frame: Frame, wanted: Input, asked: str, where: str, view: str | None) -> str:
    """The layer of this name, by its whole name or else by its last part."""
    held = frame.layers(view)
    for matches in (_whole(held, asked), [one for one in held if _fits(one, (asked,))]):
        match = _only(matches, asked, wanted, where)
        if match is not None:
            return match
    raise _missing(frame, wanted, asked, where, view)


def _missing(frame: Frame, wanted: Input, layer: str, where: str, view: str | None) -> SourceError:
    held = ", ".join(frame.layers(view))
    views = [one for one in frame.views() if _whole(frame.layers(one), layer)]
    other = f" View {views[0]} has it: --view {views[0]} makes that one alone." if views else ""
    return SourceError(
        f"{_in_view(where, view)} has no layer '{layer}'.",
        remedy=f"It holds {held}.{other}{_or_without(wanted)}",
    )


def _in_view(where: str, view: str | None) -> str:
    return where if view is None else f"{where}, view {view},"


def _sets(wanted: Input) -> str:
    return " or ".join("".join(one) for one in wanted.channels)


def _or_without(wanted: Input) -> str:
    return "" if wanted.required else f" Leave it out with --layer {wanted.name}={NONE}."


def _only(matches: list[str], name: str | None, wanted: Input, where: str) -> str | None:
    """The one layer that fits, and of several the one that is spelled like `name`."""
    if name in matches:
        return name
    if len(matches) > 1:
        absent = "" if wanted.required else f", or leave it out with --layer {wanted.name}={NONE}"
        raise SourceError(
            f"{where} has {len(matches)} layers that may be {wanted.name}: {', '.join(matches)}.",
            remedy=f"Choose one with --layer {wanted.name}=NAME{absent}.",
        )
    return matches[0] if matches else None


def _whole(held: Iterable[str], name: str) -> list[str]:
    return [layer for layer in held if aliases.plain(layer) == aliases.plain(name)]


def _fits(layer: str, names: Iterable[str]) -> bool:
    """Whether a layer's name, or the last part of it, is one of these."""
    said = "." + aliases.plain(layer)
    return any(said.endswith("." + aliases.plain(name)) for name in names)


def _pick(held: Channels, wanted: Input) -> tuple[tuple[int, str], ...] | None:
    """The first of the contract's channel sets that a layer holds, whatever the letters' case."""
    found: dict[str, tuple[int, str]] = {}
    for number, name in held:
        found.setdefault(_letter(name.rpartition(".")[2]), (number, name))
    for one in wanted.channels:
        if all(_letter(channel) in found for channel in one):
            return tuple(found[_letter(channel)] for channel in one)
    return None


def _letter(component: str) -> str:
    return _LETTERS.get(component.lower(), component.lower())
