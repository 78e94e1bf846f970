"""Timelines: a session for editorial, in OpenTimelineIO: image sequences, findings, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import opentimelineio as otio

from answerprint_studio.session import Line

PADDING = 4  # digits of a frame number, as the names of a take's files have them
_COLOURS = {"fail": otio.schema.MarkerColor.RED, "unknown": otio.schema.MarkerColor.PURPLE}
_SAID = {
    "approved": otio.schema.MarkerColor.GREEN,
    "retake": otio.schema.MarkerColor.MAGENTA,
}


def text(lines: Iterable[Line], fps: float, name: str) -> str:
    """As a .otio file holds it: one track of clips, in the order of the lines."""
    timeline = otio.schema.Timeline(name=name)
    timeline.metadata["answerprint"] = {"schema": "answerprint.session/v1", "fps": fps}
    track = otio.schema.Track(name="Review", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for line in lines:
        for clip in _clips(line, fps):
            track.append(clip)
    return str(otio.adapters.write_to_string(timeline, "otio_json"))


def _clips(line: Line, fps: float) -> Iterator[Any]:
    """One, or one of each variation of a wedge."""
    for label in line.take.variations() or [""]:
        numbers = line.take.numbers(label)
        if numbers:
            yield _clip(line, label, numbers, fps)


def _clip(line: Line, label: str, numbers: list[int], fps: float) -> Any:
    first, last = numbers[0], numbers[-1]
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(first, fps), otio.opentime.RationalTime(last - first + 1, fps)
    )
    clip = otio.schema.Clip(
        name=f"{line.title} {label}".strip(),
        media_reference=_media(line, label, first, span, fps),
        source_range=span,
        metadata={"answerprint": _about(line, label)},
    )
    clip.markers.extend(_findings(line, label, first, fps))
    clip.markers.extend(_notes(line, label, first, fps))
    return clip


def _media(line: Line, label: str, first: int, span: otio.opentime.TimeRange, fps: float) -> Any:
    """Geometry is no picture that a timeline could show: its clip says where it lies."""
    folder = f"{(line.take.folder / label).as_posix()}/"
    if not line.is_picture:
        missing = otio.schema.MissingReference(available_range=span)
        missing.metadata["answerprint"] = {"path": line.take.pattern(label)}
        return missing
    stem = line.take.file(0, label).name.removesuffix(f"0000{line.take.suffix}")
    return otio.schema.ImageSequenceReference(
        target_url_base=folder,
        name_prefix=stem,
        name_suffix=line.take.suffix,
        start_frame=first,
        frame_step=1,
        rate=fps,
        frame_zero_padding=PADDING,
        missing_frame_policy=otio.schema.ImageSequenceReference.MissingFramePolicy.hold,
        available_range=span,
    )


def _about(line: Line, label: str) -> dict[str, Any]:
    entry = line.entry
    named = ("id", "show", "sequence", "shot", "name", "take", "task", "model", "artist")
    facts = {name: entry[name] for name in named}
    return {
        **facts,
        "model_version": entry["card"]["model_version"],
        "created": entry["created"],
        "variation": label,
        "verdict": entry["qc"],
        "review": entry["review"],
        "state": entry["state"],
        "path": line.take.folder.as_posix(),
    }


def _findings(line: Line, label: str, first: int, fps: float) -> Iterator[Any]:
    for one in line.findings:
        if one.variation == label:
            colour = _COLOURS.get(one.verdict, otio.schema.MarkerColor.YELLOW)
            about: dict[str, Any] = {"gate": one.gate, "verdict": one.verdict, "number": one.number}
            about |= {"limit": one.limit, "unit": one.unit, "box": one.box and list(one.box)}
            yield _marker(one.words, _at(one.frame, first), fps, colour, about)


def _notes(line: Line, label: str, first: int, fps: float) -> Iterator[Any]:
    for told, said in line.decisions:
        if said.variation in ("", label):
            colour = _SAID.get(said.state, otio.schema.MarkerColor.CYAN)
            words = f"{said.who}: {said.note or said.state}"
            about: dict[str, Any] = {"statement": said.id, "state": said.state, "by": said.who}
            about |= {"created": said.created, "counts": told.counts, "why": told.why}
            yield _marker(words, _at(said.frame, first), fps, colour, about)


def _at(frame: int | None, first: int) -> int:
    """What speaks of a whole take stands at its first frame."""
    return first if frame is None else frame


def _marker(words: str, frame: int, fps: float, colour: Any, about: dict[str, Any]) -> Any:
    kept = {name: value for name, value in about.items() if value is not None}
    return otio.schema.Marker(
        name=words[:200],
        comment=words,
        color=colour,
        marked_range=otio.opentime.TimeRange(
            otio.opentime.RationalTime(frame, fps), otio.opentime.RationalTime(1, fps)
        ),
        metadata={"answerprint": kept},
    )
