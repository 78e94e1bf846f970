"""Spreadsheets: a session as CSV: a line for each take, each thing found, each thing said.

A cell that a spreadsheet would take for a formula gets an apostrophe before it: names and notes are
written by anybody.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from answerprint_studio.session import Line

COLUMNS = (
    *("line", "show", "sequence", "shot", "name", "take", "variation", "task", "model"),
    *("model_version", "artist", "created", "state", "checks", "frame", "who", "what", "counts"),
    *("number", "limit", "unit", "words", "id", "path"),
)
# also as wide letters, which some spreadsheets read as these
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def text(lines: Iterable[Line]) -> str:
    """With a byte order mark: without one some spreadsheets read another encoding."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for line in lines:
        for one in _lines(line):
            writer.writerow({name: defused(value) for name, value in one.items()})
    return f"\ufeff{stream.getvalue()}"


def _lines(line: Line) -> Iterator[dict[str, Any]]:
    entry = line.entry
    named = ("show", "sequence", "shot", "name", "take", "task", "model", "artist", "id")
    about = {name: entry[name] for name in named}
    about |= {"path": line.take.folder.as_posix()}
    yield {
        **about,
        "line": "take",
        "model_version": entry["card"]["model_version"],
        "created": entry["created"],
        "state": entry["state"],
        "checks": entry["qc"],
        "words": entry["card"]["reason"],
    }
    for one in line.findings:
        yield {
            **about,
            "line": "finding",
            "variation": one.variation,
            "checks": one.verdict,
            "frame": one.frame,
            "what": one.gate,
            "number": one.number,
            "limit": one.limit,
            "unit": one.unit,
            "words": one.words,
        }
    for told, said in line.decisions:
        yield {
            **about,
            "line": "note" if said.state == "note" else "decision",
            "variation": said.variation,
            "created": said.created,
            "frame": said.frame,
            "who": said.who,
            "what": said.state,
            "counts": "yes" if told.counts else f"no: {told.why}",
            "words": said.note,
        }


def defused(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" \u00a0\u3000").startswith(_FORMULA):
        return f"'{value}"
    return value
