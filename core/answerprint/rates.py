"""Rates: how long frames really took here, so that the next run can be told how long it takes.

One small document in the user's folder. It only ever helps to guess: one that is damaged is begun
anew, one that cannot be written is done without, and of two runs that end at the same moment one
may go unremembered.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from answerprint import documents
from answerprint.documents import Document
from answerprint.errors import TakeError

MOST_BYTES = 1 << 20
MOST_KEYS = 200  # kinds of work; the one that was done longest ago goes first
MOST_RUNS = 5  # of one kind, the newest

_Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Run(Document):
    """What one run took: frames that the model made, their size altogether, and the time by a clock.

    megapixels   of geometry: million points or voxels
    """

    frames: Annotated[int, Field(ge=1)]
    megapixels: _Above
    seconds: _Above


class _Rates(Document):
    """Kind of work -> its runs, oldest first; the kind that was done last stands last."""

    schema_: Literal["answerprint.rates/v1"] = Field("answerprint.rates/v1", alias="schema")
    rates: dict[str, tuple[Run, ...]] = {}


def remember(home: Path, kind: str, run: Run) -> None:
    """Keep what a run took; `kind`: what must be the same for the next to take as long."""
    rates = dict(_read(home))
    runs = (*rates.pop(kind, ()), run)[-MOST_RUNS:]
    kept = {**dict(list(rates.items())[1 - MOST_KEYS :]), kind: runs}
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        document = _Rates(rates=kept).model_dump(mode="json", by_alias=True)
        documents.write(_file(home), document)


def per_megapixel(home: Path, kind: str, frames: int) -> float | None:
    """Seconds that this kind of work takes for each megapixel; None where none was ever done.

    A single frame has all cores and the server to itself, many share them: each is told by its like.
    """
    runs = _read(home).get(kind, ())
    alike = [run for run in runs if (run.frames > 1) == (frames > 1)] or runs
    if not alike:
        return None
    return sum(run.seconds for run in alike) / sum(run.megapixels for run in alike)


def _read(home: Path) -> dict[str, tuple[Run, ...]]:
    file = _file(home)
    with suppress(OSError, TakeError, ValidationError):
        if file.stat().st_size <= MOST_BYTES:
            return _Rates.model_validate(documents.read(file)).rates
    return {}


def _file(home: Path) -> Path:
    return home / "rates.json"
