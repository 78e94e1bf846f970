"""The screen: one look at a server as a terminal shows it, most urgent first, as wide as it is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from answerprint.documents import count
from answerprint.rollout import Rollout
from answerprint_server.glance import Glance, Person, Row

Job = dict[str, Any]
# its head, on which side, and how many letters a terminal has to have for it
Column = tuple[str, Literal["left", "right"], int]

GREY, GOOD, BAD, MILD = "bright_black", "green", "bold red", "yellow"
SPARKS = "▁▂▃▄▅▆▇█"
CELLS = 6  # of the gauge that shows how busy a model's instances are
FULL, LEAST = 0.8, 0.05  # shares of its instances: as good as all of them, and as good as none
ROOMY, BROAD = 96, 130  # letters: less has fewer columns, more leaves room at the right
MOST_BROKEN = 3  # whose reasons are said
LEAST_ROWS = 3  # of each part, however low the terminal is


@dataclass(frozen=True)
class View:
    """All that is shown.

    halted   task -> why its canary is halted
    jobs     of this user that run just now, as `answerprint jobs` has them
    """

    glance: Glance
    plan: Rollout | None
    halted: dict[str, str]
    jobs: Sequence[Job]


def screen(view: View, width: int, height: int) -> RenderableType:
    """Fits into so many letters and lines; lines that do not are counted."""
    lines = [*_broken(view.glance.rows), *_rollout(view)][: max(LEAST_ROWS, height // 3)]
    left = max(height - 6 - len(lines), 3 * LEAST_ROWS)
    jobs = list(view.jobs)[: max(LEAST_ROWS, left // 5)]
    people = view.glance.people[: max(LEAST_ROWS, left // 4)]
    used = sum(len(one) + 2 for one in (jobs, people) if one)
    rows = max(LEAST_ROWS, left - used - 1)
    parts: list[RenderableType] = [
        _head(view.glance),
        Text(),
        _models(view.glance.rows, rows, width),
    ]
    if lines:
        parts += [Text(), *lines]
    if jobs:
        parts += [Text(), *_jobs(jobs, len(view.jobs))]
    if people:
        parts += [Text(), _people(people, len(view.glance.people), width)]
    return Group(*parts)


def _head(glance: Glance) -> Text:
    line = Text("answerprint ", style="bold", no_wrap=True, overflow="ellipsis")
    line.append(f"{glance.address}  ", style="cyan")
    if glance.problem:
        return line.append(_printable(glance.problem), style=BAD)
    line.append(f"Triton {glance.version}  ", style=GREY)
    if glance.rates:
        line.append(_sparks(glance.rates[-20:]), style=GOOD)
        line.append(f" {glance.rates[-1]:.1f} requests/s  ")
    waiting = [one.waiting for one in glance.rows if one.waiting is not None]
    if waiting:
        line.append(f"{sum(waiting)} waiting  ", style=MILD if sum(waiting) else "")
    failing = sum(one.failing for one in glance.rows)
    if failing:
        line.append(f"{failing} failing  ", style=BAD)
    return line.append(datetime.now().strftime("%H:%M:%S"), style=GREY)  # noqa: DTZ005 - a clock on a wall


def _models(rows: Sequence[Row], most: int, width: int) -> RenderableType:
    columns: tuple[Column, ...] = (
        ("MODEL", "left", 0), ("V", "right", 0), ("IS", "left", 0), ("AT WORK", "right", 0),
        ("REQ/S", "right", 0), ("QUEUE", "right", 0), ("WAITS", "right", ROOMY),
        ("TAKES", "right", 0), ("DONE", "right", ROOMY), ("FAILED", "right", 0),
    )  # fmt: skip
    table = _table(columns, width)
    for row in sorted(rows, key=_urgency)[:most]:
        if row.state == "ready":
            table.add_row(*_kept(columns, _cells(row), width))
        else:
            table.add_row(_name(row), row.version, _words(row.state.partition(",")[0], BAD))
    return _and_more(table, len(rows) - most, "model")


def _urgency(row: Row) -> tuple[bool, int, float, float, str, str]:
    """What is broken or fails stands first, then what works most."""
    well = row.state == "ready" and not row.ill
    return (well, -row.failing, -row.working, -(row.rate or 0.0), row.name, row.version)


def _cells(row: Row) -> list[Text]:
    part = row.working / row.instances
    busy = Text(_gauge(part), style=MILD if part > FULL else GOOD)
    busy.append(f" {row.working:.1f}/{row.instances}", style="" if part > LEAST else GREY)
    return [
        _name(row),
        Text(row.version),
        _words(row.role, MILD if row.role.startswith("candidate") else GREY),
        busy,
        _number(row.rate, "{:.1f}"),
        Text("?" if row.waiting is None else str(row.waiting), style=MILD if row.waiting else GREY),
        _seconds(row.wait),
        _seconds(row.work),
        Text(f"{row.answered:,}", style="" if row.answered else GREY),
        Text(f"{row.failed:,}", style=BAD if row.failing else MILD if row.failed else GREY),
    ]


def _name(row: Row) -> Text:
    ill = row.ill or row.failing or row.state != "ready"
    mark, bold = ("● ", BAD if ill else GOOD), "bold" if row.rate else ""
    return Text.assemble(mark, (row.name, bold), no_wrap=True, overflow="ellipsis")


def _broken(rows: Sequence[Row]) -> Iterable[Text]:
    """Why a model is not there, a line for each of the first few."""
    for row in [one for one in rows if one.state != "ready"][:MOST_BROKEN]:
        line = Text(f"{row.name} {row.version}: ", no_wrap=True, overflow="ellipsis")
        yield line.append(_printable(row.state), style=BAD)


def _rollout(view: View) -> Iterable[Text]:
    """A line for each task whose candidate gets anything, or is halted."""
    for name, task in sorted(view.plan.tasks.items()) if view.plan else ():
        if task.candidate is None and name not in view.halted:
            continue
        line = Text.assemble(("▸ ", "cyan"), (f"{name}  ", "bold"), f"stable {task.stable}")
        line.append(f"  candidate {task.candidate}", style=MILD)
        line.append(f"  canary {task.canary:g} %  mirror {task.mirror:g} %", style=GREY)
        if name in view.halted:
            line.append(f"  HALTED: {_printable(view.halted[name])}", style=BAD)
        line.no_wrap, line.overflow = True, "ellipsis"
        yield line


def _jobs(jobs: Sequence[Job], of: int) -> Iterable[RenderableType]:
    more = f", {of - len(jobs)} more" if of > len(jobs) else ""
    yield Text(f"YOUR JOBS{more}", style=f"bold {GREY}")
    for job in jobs:
        total = job["total"] or 0
        part = job["done"] / total if total else 0.0
        line = Text.assemble((_gauge(part, 20), GOOD), f" {job['done']}/{total or '?'}  ")
        line.append(f"{job['task']}  ", style="bold")
        line.append(f"{job['name']} {job['take'] or ''}  ")
        line.append(str(job["state"]), style=MILD if job["state"] == "waiting" else GREY)
        if job["failures"]:
            line.append(f"  {job['failures']} failed", style=BAD)
        yield line


def _people(people: Sequence[Person], of: int, width: int) -> RenderableType:
    columns: tuple[Column, ...] = (
        ("LAST HOUR", "left", 0), ("MACHINE", "left", ROOMY), ("FROM", "left", ROOMY),
        ("SHOW", "left", 0), ("FOR", "left", 0), ("FRAMES", "right", 0), ("FAILED", "right", 0),
        ("AGO", "right", 0),
    )  # fmt: skip
    table, now = _table(columns, width), time.time()
    for one in people:
        words = (one.user, one.machine, one.host, one.show, ", ".join(one.tasks))
        failed = Text(f"{one.failed:,}", style=BAD if one.failed else GREY)
        cells = [
            *map(_words, words),
            Text(f"{one.frames:,}"),
            failed,
            _ago(now - one.ended),
        ]
        table.add_row(*_kept(columns, cells, width))
    return _and_more(table, of - len(people), "person", "people")


def _printable(text: str) -> str:
    """What others wrote, on one line, and without orders to the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _words(text: str, style: str = "") -> Text:
    """In a cell: cut where it is too long."""
    return Text(_printable(text), style, no_wrap=True, overflow="ellipsis")


def _table(columns: Sequence[Column], width: int) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        expand=width < BROAD,
        header_style=f"bold {GREY}",
        padding=(0, 1),
    )
    for name, side, least in columns:
        if width >= least:
            # rich takes from columns that may wrap first: a name is cut, never a number
            head = Text(name, no_wrap=True, overflow="ellipsis")
            table.add_column(head, justify=side, no_wrap=side == "right")
    return table


def _kept(columns: Sequence[Column], cells: Sequence[Text], width: int) -> list[Text]:
    return [one for (_, _, least), one in zip(columns, cells, strict=True) if width >= least]


def _and_more(table: Table, more: int, *nouns: str) -> RenderableType:
    if more <= 0:
        return table
    noun = nouns[-1] if more > 1 and len(nouns) > 1 else ""
    said = f"{more} {noun}" if noun else count(more, nouns[0])
    return Group(table, Text(f"and {said} more", style=GREY))


def _sparks(values: Sequence[float]) -> str:
    most = max(values) or 1.0
    return "".join(SPARKS[min(int(8 * one / most), 7)] for one in values)


def _gauge(part: float, cells: int = CELLS) -> str:
    filled = min(cells, round(cells * part))
    return "━" * filled + "╌" * (cells - filled)


def _number(value: float | None, form: str) -> Text:
    return Text("" if value is None else form.format(value), style="" if value else GREY)


def _seconds(value: float | None) -> Text:
    """As people read it: 9.4 ms, 230 ms, 4.2 s."""
    if value is None:
        return Text("")
    short = f"{1000 * value:.{0 if value >= 0.01 else 1}f} ms"
    said = f"{value:.1f} s" if value >= 1 else short
    return Text(said, style=MILD if value >= 10 else "")


def _ago(seconds: float) -> Text:
    minutes = max(0, round(seconds / 60))
    return Text("now" if minutes == 0 else f"{minutes} min", style=GREY)
