"""Printed: a session as one HTML page that a browser prints, or makes a PDF of; without any script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from html import escape

from answerprint.documents import count, now
from answerprint_studio import cards
from answerprint_studio.entry import CHECKS, STATES
from answerprint_studio.session import Line

MOST_FINDINGS = 40  # of one take: the rest is counted
Picture = Callable[[Line, int | None], bytes | None]

STYLE = """
@page { size: A4; margin: 14mm; }
body { font: 10pt/1.4 Inter, "Helvetica Neue", Arial, sans-serif; color: #1b1b1b; margin: 0; }
h1 { font-size: 18pt; margin: 0 0 2mm; }
p { margin: 0 0 2mm; }
section { break-inside: avoid; border-top: 0.3mm solid #b5b5b5; padding: 4mm 0; }
h2 { font-size: 12pt; margin: 0 0 1mm; }
img { max-width: 60mm; max-height: 60mm; float: right; margin: 0 0 2mm 4mm; }
ul { margin: 1mm 0 0; padding-left: 5mm; }
li { overflow-wrap: anywhere; white-space: pre-wrap; }
.quiet { color: #5f5f5f; }
.fail { color: #9c2a1e; } .warn { color: #764d00; } .pass { color: #2c6238; }
section::after { content: ""; display: block; clear: both; }
"""
# it may bear its own style and pictures, and nothing else
POLICY = (
    "default-src 'none'; img-src data:; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def text(lines: Iterable[Line], title: str, by: str, picture: Picture) -> str:
    """`picture`: a PNG of a take at a frame, None for the usual one; None where there is none."""
    held = list(lines)
    body = "\n".join(_section(line, picture) for line in held)
    said = f"{count(len(held), 'take')}, {now()[:16].replace('T', ' ')} UTC, {by}"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="quiet">{escape(said)}</p>\n{body}\n</body>\n</html>\n'
    )


def _section(line: Line, picture: Picture) -> str:
    entry, card = line.entry, line.entry["card"]
    number = card["qc_frame"]
    drawn = picture(line, number)
    shown = f"{line.title}, {'usual' if number is None else ''} frame {number or ''}".strip()
    image = ""
    if drawn is not None:
        coded = base64.b64encode(drawn).decode()
        image = f'<img alt="{escape(shown, quote=True)}" src="data:image/png;base64,{coded}">'
    made = f"{card['title']} by {entry['model']} {card['model_version']}, {entry['artist']}"
    made = f"{made}, {entry['created'][:16].replace('T', ' ')} UTC"
    checks = f'<span class="{escape(entry["qc"], quote=True)}">{escape(card["word"])}</span>'
    return (
        f"<section>\n{image}\n<h2>{escape(line.title)}</h2>\n"
        f'<p class="quiet">{escape(made)}</p>\n'
        f"<p>{escape(cards.state_word(entry))} · {checks}</p>\n{_list(line)}</section>"
    )


def _list(line: Line) -> str:
    found = [*_findings(line), *_said(line)]
    if not found:
        return ""
    items = "\n".join(f"<li>{one}</li>" for one in found)
    return f"<ul>\n{items}\n</ul>\n"


def _findings(line: Line) -> Iterator[str]:
    for one in line.findings[:MOST_FINDINGS]:
        word = CHECKS.get(one.verdict, one.verdict)
        yield f'<span class="{escape(one.verdict, quote=True)}">{escape(word)}</span> {escape(one.words)}'
    more = len(line.findings) - MOST_FINDINGS
    if more > 0:
        yield f"and {more:,} more"


def _said(line: Line) -> Iterator[str]:
    for told, said in line.decisions:
        state = {**STATES, "withdrawn": "Taken back", "note": "Note"}.get(said.state, said.state)
        where = "" if said.frame is None else f" on {said.frame}"
        drawn = f" ({count(len(said.drawings), 'drawing')})" if said.drawings else ""
        doubt = "" if told.counts else f' <span class="quiet">{escape(told.why)}</span>'
        who = f"{state}{where}, {said.who}, {said.created[:16].replace('T', ' ')} UTC{drawn}"
        yield f"<strong>{escape(who)}</strong>{doubt}\n{escape(said.note)}".rstrip()
