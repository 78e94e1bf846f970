"""The plot: every way to make a frame as a bar, and the lines that no way can cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerprint.bench.row import Row, Rows
from answerprint.errors import SetupError, SourceError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, THEIRS, LIMIT, INK, FAINT = "#2457c5", "#b4bac4", "#c2410c", "#1b1f24", "#57606a"
# all in inches; at 200 dots each the picture is twice what a README shows
WIDTH, LEFT, RIGHT = 9.0, 3.1, 0.2
HEAD, FOOT, BAR = 0.80, 0.15, 0.255
TITLE, LINES, GAP = 0.28, 0.16, 0.16  # above the bars, more where limits are named, and below


@dataclass(frozen=True)
class _Line:
    """A limit across a panel, with what it is."""

    value: float
    said: str


@dataclass(frozen=True)
class _Panel:
    title: str
    rows: Sequence[Row]
    lines: Sequence[_Line] = ()

    @property
    def title_height(self) -> float:
        return TITLE + (LINES if self.lines else 0)

    @property
    def height(self) -> float:
        return self.title_height + BAR * len(self.rows) + GAP

    @property
    def most(self) -> float:
        return max([row.value for row in self.rows] + [line.value for line in self.lines])


def check(path: Path) -> None:
    """Before anything is measured: whether the plot can be drawn and has a place.

    Raises:
        SetupError: what draws it is not installed.
        SourceError: its folder is not there.
    """
    try:
        import matplotlib.figure  # noqa: F401, PLC0415 - an extra that only this needs
    except ImportError as error:
        raise SetupError(
            f"The plot cannot be drawn here: {error}.",
            remedy="Run: pip install 'answerprint[bench]'",
        ) from error
    if not path.absolute().parent.is_dir():
        raise SourceError(
            f"{path.absolute().parent.as_posix()} is no folder.",
            remedy="Make it, or name another place for the plot.",
        )


def save(path: Path, rows: Rows, facts: dict[str, Any]) -> None:
    """Draw the rows as PNG, dark on white, as wide as a README. `facts`: of suite.conditions."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    panels = [panel for panel in _panels(rows) if panel.rows]
    most = max(panel.most for panel in panels[:-1])
    whole = HEAD + sum(panel.height for panel in panels) + FOOT
    figure = Figure(figsize=(WIDTH, whole), facecolor="white")

    def words(text: str, down: float, size: float, colour: str, weight: str = "normal") -> None:
        figure.text(
            0.02, 1 - down / whole, text, fontsize=size, color=colour, weight=weight, va="center"
        )

    size = "1080p" if facts["size"].startswith("1920x1080 ") else facts["size"].split()[0]
    title = f"{size} half frames through a model of {facts['delay']:g} ms: milliseconds a frame"
    machine = f"{facts['cores']} cores of {facts['cpu']}"
    words(title, 0.26, 14, INK, "bold")
    words(f"Less is better. {machine}. Lines: what no client can be faster than.", 0.56, 9, FAINT)
    down = HEAD
    for panel in panels:
        words(panel.title, down + 0.14, 10.5, INK, "bold")
        tall = BAR * len(panel.rows)
        bottom = whole - down - panel.title_height - tall
        box = (LEFT / WIDTH, bottom / whole, (WIDTH - LEFT - RIGHT) / WIDTH, tall / whole)
        _draw(figure.add_axes(box), panel, panel.most if panel is panels[-1] else most)
        down += panel.height
    figure.savefig(path, format="png", dpi=200)


def _panels(rows: Rows) -> list[_Panel]:
    """The last one has a scale of its own."""
    panels = []
    for compression, words in (("zip", "EXR zip in and out"), ("none", "EXR uncompressed")):
        found = [
            row
            for key, row in rows.items()
            if row.group in ("engine", "peer") and f".{compression}" in key
        ]
        panels.append(_Panel(words, _sorted(found), _lines(rows, compression)))
    trips = [row for row in rows.values() if row.group == "trip"]
    panels.append(_Panel("One float32 frame to the server and back, no files", _sorted(trips)))
    denoise = [row for row in rows.values() if row.group == "denoise"]
    panels.append(_Panel("Denoise, the sample frames (a scale of its own)", _sorted(denoise)))
    return panels


def _lines(rows: Rows, compression: str) -> list[_Line]:
    """The limits that matter: one far below another limits nothing."""
    codec = sum(rows[f"limit.codec.{verb}.{compression}"].value for verb in ("read", "write"))
    lines = [_Line(rows["limit.model"].value, "model"), _Line(codec, "EXR codec, all cores")]
    most = max(line.value for line in lines)
    return [line for line in lines if line.value > most / 2]


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.value)


def _draw(axes: Axes, panel: _Panel, most: float) -> None:
    """Bars with their numbers at the end, names to the left, limits as lines across."""
    axes.set_xlim(0, most * 1.42)
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    axes.set_axis_off()
    for place, row in enumerate(panel.rows):
        mine = _is_ours(row)
        weight = "bold" if mine else "normal"
        axes.barh(place, row.value, height=0.74, color=OURS if mine else THEIRS, zorder=2)
        for at, side, text in (
            (-most * 0.015, "right", _name(row)),
            (row.value + most * 0.012, "left", _label(row)),
        ):
            axes.text(at, place, text, ha=side, va="center", size=9.5, color=INK, weight=weight)
    for line in panel.lines:
        axes.axvline(line.value, color=LIMIT, linewidth=1.4, zorder=3)
    _name_lines(axes, panel.lines, most)


def _name_lines(axes: Axes, lines: Sequence[_Line], most: float) -> None:
    """The limits' names above the panel, each on its own side where two lie close."""
    ordered = sorted(lines, key=lambda line: line.value)
    for index, line in enumerate(ordered):
        last = index == len(ordered) - 1
        axes.text(
            line.value + most * (0.004 if last else -0.004),
            -0.56,
            f"{line.said} {line.value:.0f}",
            ha="left" if last else "right",
            va="bottom",
            fontsize=8.5,
            color=LIMIT,
        )


def _is_ours(row: Row) -> bool:
    return "client" not in row.key and row.group != "peer" and row.key != "denoise.loop"


def _name(row: Row) -> str:
    words = row.said.partition(": ")[2] or row.said
    for gone in (", zip", ", none", ", one at a time"):
        words = words.replace(gone, "")
    if not _is_ours(row):
        return words
    return "Answerprint" if row.group == "denoise" else f"Answerprint, {words}"


def _label(row: Row) -> str:
    bound = row.facts.get("times_bound")
    return f"{row.value:.0f}" + (f"   {bound:.2f} x its bound" if bound is not None else "")
