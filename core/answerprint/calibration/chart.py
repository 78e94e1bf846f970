"""The chart of a calibration: every corruption and strength, and how much of it is caught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from answerprint.calibration.tried import Row, Tried
from answerprint.errors import SetupError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, LINE = "#1b1f24", "#57606a", "#d8dce2"
ALL, MOST, SOME, ALARM = "#2c6238", "#8a6a00", "#b4bac4", "#9c2a1e"
ROW, HEAD, FOOT, WIDTH = 0.2, 0.95, 0.3, 9.0  # inches


def check() -> None:
    """Before anything is measured.

    Raises:
        SetupError: what draws it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401, PLC0415 - an extra that only this needs
    except ImportError as error:
        raise SetupError(
            f"The picture of the report cannot be drawn here: {error}.",
            remedy="Run: pip install 'answerprint[bench]'",
        ) from error


def save(path: Path, profile: str, tried: Tried) -> None:
    """Draw it as PNG, dark on white, as wide as a README."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = [row for row in tried.rows if row.caught.count and not row.kind.control]
    rows += [row for row in tried.rows if row.caught.count and row.kind.control]
    tall = HEAD + ROW * len(rows) + FOOT
    figure = Figure(figsize=(WIDTH, tall), facecolor="white")
    title = f"What the gates of '{profile}' catch on held-out footage"
    figure.text(0.02, 1 - 0.27 / tall, title, fontsize=14, color=INK, weight="bold", va="center")
    clean = tried.clean
    said = (
        f"False alarms of all gates together: {clean.hits} of {clean.count} clean clips "
        f"({clean.interval[0]:.1%} to {clean.interval[1]:.1%}). Lines: 95 % intervals."
    )
    figure.text(0.02, 1 - 0.55 / tall, said, fontsize=9, color=FAINT, va="center")
    box = (0.36, FOOT / tall, 0.47, ROW * len(rows) / tall)
    _draw(figure.add_axes(box), rows)
    figure.savefig(path, format="png", dpi=160, metadata={"Software": ""})


def _draw(axes: Axes, rows: list[Row]) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "all"], fontsize=8)
    axes.tick_params(length=0, labeltop=True, labelbottom=True, colors=FAINT)
    for side in axes.spines.values():
        side.set_visible(False)
    for place, row in enumerate(rows):
        _row(axes, place, row, first=not place or rows[place - 1].kind is not row.kind)


def _row(axes: Axes, place: int, row: Row, *, first: bool) -> None:
    if first:
        axes.axhline(place - 0.5, xmin=-0.75, xmax=1.35, color=LINE, linewidth=0.7, clip_on=False)
        words = f"{row.kind.name} (harmless)" if row.kind.control else row.kind.name
        axes.text(-0.74, place, words, va="center", fontsize=8.5, color=INK)
    strength = "" if row.kind.control else row.kind.at(row.step)
    axes.text(-0.02, place, strength, ha="right", va="center", fontsize=8, color=FAINT)
    value, (least, most) = row.caught.value, row.caught.interval
    colour = ALARM if row.kind.control else ALL if value == 1 else MOST if value > 0.5 else SOME
    axes.barh(place, value, height=0.6, color=colour, zorder=2)
    axes.plot([least, most], [place, place], color=INK, linewidth=0.9, zorder=3)
    axes.text(1.03, place, row.best, va="center", fontsize=8, color=FAINT)
