"""Progress: a run's events as they happen, as lines or as a bar; for programs as they are."""

from __future__ import annotations

from collections.abc import Generator

from answerprint.cli.context import Output
from answerprint.documents import count
from answerprint.journal import Event
from answerprint.take import Take

MOST_FOUND = 3  # of one frame's findings

Events = Generator[Event, None, None]


def shown(events: Events, output: Output, total: int, *, lines: bool) -> Events:
    """The same events, each shown before it is passed on. `total`: of work items."""
    if output.json:
        yield from events
    elif lines:
        for event in events:
            for line in _lines(event):
                output.say(line)
            yield event
    else:
        yield from _with_bar(events, total)


def _with_bar(events: Events, total: int) -> Events:
    from rich.progress import (  # noqa: PLC0415 - only a terminal needs it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns) as bar:
        row = bar.add_task("starting", total=total, rate="")
        for event in events:
            if event["event"] == "started":
                bar.update(row, description=event["take"], completed=event["kept"])
            if event["event"] == "frame":
                bar.advance(row)
                speed = bar.tasks[0].speed
                bar.update(row, rate=f"{speed:.2f} frames/s" if speed else "")
            for line in _remarks(event):
                bar.console.print(line, highlight=False, markup=False)
            yield event


def _lines(event: Event) -> list[str]:
    if event["event"] == "started":
        kept = f", {event['kept']} kept" if event["kept"] else ""
        wedge = f" in {count(event['variations'], 'variation')}" if event["variations"] else ""
        head = f"{event['take']}: {count(event['frames'], 'frame')}{wedge}{kept}"
        return [head, *_remarks(event)]
    if event["event"] == "frame":
        return [f"  {_item(event)}  {_how(event)}", *_remarks(event)]
    return _remarks(event)


def _found(event: Event) -> list[str]:
    """What the gates found in a frame, or add to one that was shown before."""
    if event["event"] not in ("frame", "judged"):
        return []
    found = event.get("qc", {}).get("findings", [])
    said = [f"  {one['verdict']}: {one['words']}" for one in found[:MOST_FOUND]]
    more = len(found) - MOST_FOUND
    return [*said, f"  and {more} more of this frame"] if more > 0 else said


def _troubles(event: Event) -> list[str]:
    """What the server did, and what was done about it."""
    match event["event"]:
        case "waiting":
            return [f"  waiting: {event['problem']}"]
        case "back":
            return [f"  the server is back after {event['seconds']:.1f} s"]
        case "moved":
            return [f"  goes on at {event['to']} after {event['seconds']:.1f} s: {event['why']}"]
        case "retry":
            return [f"  {_item(event)}  again, attempt {event['attempt']}: {event['problem']}"]
        case "reloaded":
            return [f"  {event['model']} was loaded again"]
        case _:
            return []


def checked(event: Event, take: Take) -> str:
    """What the quality checks came to, in a few lines; '' where another process closed the take."""
    if not event:
        return ""
    word, found = event["verdict"], event["findings"]
    if not found:
        return f"checks: {word} ({event['profile']})"
    more = found - len(event["worst"])
    lines = [f"checks: {word}, {count(found, 'finding')} ({event['profile']})", *event["worst"]]
    tail = f"and {more:,} more: " if more > 0 else ""
    if word == "fail":
        lines.append("It is committed as failed: to be looked at, and never the latest.")
    lines.append(f"{tail}answerprint qc {take.folder.as_posix()}")
    return "\n  ".join(lines)


def limited(end: Event) -> str:
    """One line of what a run's time went to; empty where it was too short to tell."""
    found = end.get("limited")
    if not found:
        return ""
    instead = f"; {found['instead']}" if "instead" in found else ""
    rate = f"{found['frames_per_second']:.2f} frames/s"
    return f"{rate}, limited by: {found['by']}{instead}"


def _item(event: Event) -> str:
    return " ".join(str(event[name]) for name in ("variation", "frame") if name in event)


def _how(event: Event) -> str:
    """What a frame took, or where it was copied from."""
    before = event.get("copied_from")
    if before:
        named = f"{before['variation']} " if before["variation"] else ""
        return f"the same as v{before['take']:03d} {named}{before['frame']}: copied"
    if "shows" in event:
        return f"frame {event['shows']} of the plate as it is"
    seconds = event["seconds"]
    stages = [stage for stage in ("read", "infer", "write") if stage in seconds]
    return ", ".join(f"{stage} {seconds[stage]:.2f} s" for stage in stages)


def _remarks(event: Event) -> list[str]:
    """What must be said of an event whatever the display: notes, warnings, failures."""
    notes = [f"  {note}" for note in event.get("notes", [])]
    if str(event.get("transport", "")).startswith("gRPC: "):
        notes.append(f"  images go over {event['transport']}")
    warnings = [f"  {_item(event)}  ! {said}" for said in event.get("warnings", [])]
    warnings += _found(event)
    if event["event"] == "failed":
        warnings.append(f"  {_item(event)}  failed: {event['problem']} {event['remedy']}")
    warnings += _troubles(event)
    if "unwritten" in event:
        warnings.append(f"  the journal could not be written: {event['unwritten']}")
    return notes + warnings
