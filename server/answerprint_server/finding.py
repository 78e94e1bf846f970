"""Findings: what is wrong with a model of a repository, where it stands, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warn", "note"]

# error  it must not be served
# warn   a person has to look at it
# note   it may stay so, and is said
_ORDER: dict[Severity, int] = {"error": 0, "warn": 1, "note": 2}
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
MOST_FIELDS = 100_000  # of one document, whose lines are looked for


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    rule   what was held, a word: 'digest', 'licence', 'seams'
    file   below the repository, like matte/contract.json; '' where no file says it
    line   from 1; 0: of no line
    field  path in a document, like licence.weights
    """

    severity: Severity
    rule: str
    model: str
    problem: str
    remedy: str
    file: str = ""
    line: int = 0
    field: str = ""

    @property
    def place(self) -> str:
        """matte/contract.json:12 licence.weights"""  # noqa: D400, D415 - an example, no sentence
        where = self.file or self.model
        where += f":{self.line}" if self.line else ""
        return f"{where} {self.field}".strip()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """As people read it."""
        return [
            f"{self.severity:<5}  {self.place}: {self.problem} [{self.rule}]",
            f"       {self.remedy}",
        ]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By model, the worst first."""
    return sorted(
        findings, key=lambda one: (one.model, _ORDER[one.severity], one.file, one.line, one.rule)
    )


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The worst severity among them."""
    return min((one.severity for one in findings), key=_ORDER.__getitem__, default=None)


def lines_of(text: str) -> dict[str, int]:
    """On which line each field of a JSON document begins: {'licence.weights': 12}.

    Of a text that is no JSON, as far as it can be followed.
    """
    found: dict[str, int] = {}
    open_: list[str | int | None] = []  # of each bracket: the key or the index that is due
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line, seen = line + text.count("\n", seen, match.start()), match.start()
        word = match[0]
        if word in "}]":
            if open_:
                open_.pop()
        elif word == ",":
            if open_:
                last = open_[-1]
                open_[-1] = last + 1 if isinstance(last, int) else None
        elif open_ and open_[-1] is None:
            open_[-1] = word.strip('"')
            found.setdefault(_path(open_), line)
        elif word in "{[":
            if open_ and isinstance(open_[-1], int):
                found.setdefault(_path(open_), line)
            open_.append(None if word == "{" else 0)
        if len(found) > MOST_FIELDS:
            break
    return found


def line_in(text: str, field: str) -> int:
    """The line of a field, or of the nearest one around it that is there; 0: of none."""
    lines = lines_of(text)
    while field and field not in lines:
        field = re.sub(r"(\.[^.\[\]]+|\[\d+\])$", "", field) if re.search(r"[.\[]", field) else ""
    return lines.get(field, 0)


def _path(steps: list[str | int | None]) -> str:
    words = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(words).lstrip(".")
