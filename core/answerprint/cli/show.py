"""Show what made a frame or a take, and what that was made from.

examples:
  answerprint show takes/bg_denoise/v001
  answerprint show takes/bg_denoise/v001/bg_denoise_v001.1001.exr
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from answerprint import exr, gated, medium, record, review, takes, verify
from answerprint.cli.context import Context
from answerprint.cli.said import line, standing
from answerprint.documents import count
from answerprint.errors import AnswerprintError, JobError, SourceError, TakeError
from answerprint.journal import Event
from answerprint.record import Finding, Record, RecordedInput
from answerprint.row import resuming
from answerprint.site import SPELLED, Site
from answerprint.take import NUMBER, spelled, spelling
from answerprint.takes import Item, Take
from answerprint.wedge import Variation

DEEPEST = 20
MOST_FOUND = 5  # of the gates' findings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="FRAME_OR_TAKE", help="a file or a folder")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.path.is_file():
        frame = args.path
    else:
        take = takes.find(args.path)
        frame = _show_take(take, context)
    finding = verify.frame(frame, context.trusted())
    tree = list(_lineage(finding.record, context.site)) if finding.record else []
    context.output.emit(
        {
            "path": frame.as_posix(),
            "verdict": finding.verdict.value,
            "why": finding.why,
            "record": finding.record and finding.record.model_dump(mode="json", by_alias=True),
            "lineage": tree,
        }
    )
    context.output.say("\n".join(_frame_lines(frame, finding, tree)))
    return 0


def _show_take(take: Take, context: Context) -> Path:
    """Say what a take is; returns its first frame."""
    frames = take.items()
    state = take.state()
    resume = resuming(take, state)
    wedge = _wedge(take)
    reviewed = review.standing(take, context.trusted())
    said_of = reviewed and reviewed.as_json()
    events = take.events()
    warned = [(_item(event), said) for event in events for said in event.get("warnings", [])]
    context.output.emit(
        {
            "path": take.folder.as_posix(),
            "take": take.label,
            "state": state,
            "resume": resume,
            **gated.of(take).as_json(),
            "review": said_of,
            "frames": [str(item) if item.variation else item.frame for item in frames],
            "variations": {one.label: one.values for one in wedge},
            "levels": {_item(e): e["levels"] for e in events if "levels" in e},
            "warnings": [{"frame": number, "warning": said} for number, said in warned],
        }
    )
    context.output.say(f"{take.name} {take.label}: {state}, {count(len(frames), 'frame')}")
    context.output.say("\n".join(_checked(take)))
    if resume:
        context.output.say(f"  resume      {resume}")
    if said_of:
        context.output.say(f"  review      {standing(said_of)}")
    context.output.say(f"  files       {take.pattern('w###' if wedge else '')}")
    for one in wedge:
        context.output.say(f"  {one.label:<11} {one}")
    for said in _level_lines(events):
        context.output.say(said)
    for number, said in warned:
        context.output.say(f"  warning     {number}  {said}")
    if not frames:
        raise SourceError(
            f"{take.name} {take.label} has no frames yet.",
            remedy=f"Finish it with 'answerprint run --resume {take.folder.as_posix()}'.",
        )
    return next(iter(frames.values()))


def _checked(take: Take) -> Iterator[str]:
    """What the gates said of it, and the worst that they found."""
    found = gated.of(take)
    yield f"  checks      {found.word}{' so far' if found.so_far else ''}"
    try:
        verdict = gated.verdict(take) if take.is_complete else None
    except TakeError as error:
        yield f"              {error.problem} {error.remedy}"
        return
    if verdict is None:
        yield from [f"              {line(found.reason)}"] if found.reason else []
        return
    yield from (f"              {line(one.words)}" for one in verdict.findings[:MOST_FOUND])
    more = found.count - MOST_FOUND
    if more > 0:
        yield f"              and {more:,} more: answerprint qc {take.folder.as_posix()}"


def _wedge(take: Take) -> list[Variation]:
    """The variations of a take with their values; none where it is no wedge or has no job."""
    try:
        return list(takes.reopen(take).variations.values())
    except AnswerprintError:
        return []


def _item(event: Event) -> str:
    """As a manifest names it: 1001, or w001/1001."""
    return str(Item(event["frame"], event.get("variation", "")))


def _level_lines(events: list[Event]) -> Iterator[str]:
    """Least and greatest of each image over all frames, in and out."""
    levels: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        for name, measured in event.get("levels", {}).items():
            levels.setdefault(name, []).append(measured)
    for name, measured in levels.items():
        word = name if name.endswith(" out") else f"{name} in"
        yield f"  levels      {word}: {_range(measured)}"


def _range(measured: list[dict[str, Any]]) -> str:
    """Least, greatest and mean over all frames, and what is out of the ordinary."""
    least = min(one["least"] for one in measured)
    greatest = max(one["greatest"] for one in measured)
    samples = sum(one["samples"] for one in measured)
    mean = sum(one["mean"] * one["samples"] for one in measured) / max(samples, 1)
    words = [f"{least:.4g} to {greatest:.4g}, mean {mean:.4g}"]
    for name, word in (("negative", "below 0"), ("above_one", "above 1")):
        share = sum(one[name] for one in measured) / max(samples, 1)
        words += [f"{100 * share:.2g} % {word}"] if share else []
    for name, word in (("nan", "NaN"), ("inf", "inf")):
        number = sum(one[name] for one in measured)
        words += [f"{number:,} {word}"] if number else []
    return ", ".join(words)


def _frame_lines(path: Path, finding: Finding, tree: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{path.name}: {finding.verdict.value}"
    yield f"  {finding.why}"
    made = finding.record
    if made is None:
        return
    settings = ", ".join(f"{name} {_value(value)}" for name, value in made.parameters.items())
    where = "/".join(part for part in (made.show, made.shot, made.name) if part)
    yield f"  made        {made.created} by {made.user} on {made.machine}, from {made.host}"
    numbers = _numbers(path)
    named = f"{spelled(made.take, numbers)} {made.variation}".rstrip()
    moment = "" if made.moment is None else f", showing {made.moment:g} of the plate"
    yield f"  take        {where} {named}, frame {made.frame}{moment}"
    if made.copied_from:
        before = made.copied_from
        label = f"{spelled(before['take'], numbers)} {before['variation']}".rstrip()
        yield f"  copied from {before['name']} {label}, frame {before['frame']}: equal work"
    yield f"  model       {made.model['name']} {made.model['version']} for {made.model['task']}"
    yield f"              sha256 {made.model['sha256'][:16]}, {made.model['licence']}"
    if "chosen" in made.model:
        yield f"              version {made.model['served_as']}: {made.model['chosen']}"
    yield f"  server      Triton {made.server['triton']}, {made.server.get('device', 'unknown')}"
    yield f"              {made.server.get('library', '')}"
    yield f"  parameters  {settings or 'none'}"
    yield f"  seed        {made.seed or 'none'}"
    yield f"  repeatable  {made.determinism['kind'].replace('_', ' ')}"
    yield f"  cut         {made.cut}"
    yield from _colour_lines(made)
    yield f"  changed     {', '.join(made.processed)}"
    if made.windows:
        yield f"  windows     {_windows(made)}"
    yield f"  source type {made.digital_source_type.rpartition('/')[2]}"
    yield f"  {medium.of(path).values:<11} {made.pixels[:16]}"
    yield "  lineage"
    for node in tree:
        yield f"    {'  ' * node['depth']}{node['said']}"


def _numbers(path: Path) -> str:
    """How the takes of a stream are named, where a frame lies in one of them."""
    names = (folder.name for folder in path.absolute().parents[:2])
    return next((spelling(name) for name in names if NUMBER.fullmatch(name)), SPELLED)


def _windows(made: Record) -> str:
    """The data window of each part, and the display window where it is another."""
    said = []
    for window in made.windows:
        data, display = exr.Window(*window["data"]), exr.Window(*window["display"])
        said.append(str(data) if data == display else f"{data} in {display}")
    return ", ".join(dict.fromkeys(said))


def _colour_lines(made: Record) -> Iterator[str]:
    if "space" not in made.colour:
        return
    yield f"  colour      {made.colour['space']}, {made.colour['said_by']}"
    aside = {"space", "said_by", "config", "fingerprint"}
    for name, words in made.colour.items():
        if name not in aside:
            yield f"              {name}: {words}"


def _value(value: Any) -> str:
    return (
        {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def _lineage(made: Record, site: Site, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The frame, what went into it, what went into that; as far as the files are still there."""
    word = f"{made.model['task']} v{made.take:03d}, frame {made.frame}"
    yield {"depth": depth, "pixels": made.pixels, "said": f"{word}  {made.pixels[:12]}"}
    if depth >= DEEPEST:
        return
    for uri, inputs in _by_file(made.inputs).items():
        roles = ", ".join(dict.fromkeys(one.role for one in inputs))
        pixels = inputs[0].pixels
        parent, remark = _parent(Path(site.spelled(uri)), pixels, site)
        said = f"{roles}: {Path(uri).name}  {pixels[:12]}{remark}"
        yield {"depth": depth + 1, "pixels": pixels, "uri": uri, "said": said}
        if parent is not None:
            yield from _lineage(parent, site, depth + 2)


def _by_file(inputs: tuple[RecordedInput, ...]) -> dict[str, list[RecordedInput]]:
    found: dict[str, list[RecordedInput]] = {}
    for one in inputs:
        found.setdefault(one.uri, []).append(one)
    return found


def _parent(path: Path, pixels: str, site: Site) -> tuple[Record | None, str]:
    """The record of an input, if the file is there and still has the pixels that went in."""
    try:
        site.check_allowed(path, "Frame")  # anybody may have written a record
    except JobError:
        return None, "  (outside the allowed folders: not looked at)"
    if not path.is_file():
        return None, "  (not there any more)"
    try:
        content = medium.read(path)
    except SourceError:
        return None, "  (damaged since)"
    if medium.digest(content) != pixels:
        return None, "  (changed since)"
    return record.extract(content), ""
