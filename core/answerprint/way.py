"""Ways: how one work item goes from its plates to what its file is to hold, of pictures or geometry.

A run knows no more of either than stands here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from answerprint import ask, geobuild, geoitem, result, sights, workitem
from answerprint.answer import Served
from answerprint.ask import Answers, Asker
from answerprint.contract import Value
from answerprint.exr import Frame
from answerprint.geometry import Geometry
from answerprint.job import Resolved
from answerprint.medium import Content
from answerprint.record import RecordedInput
from answerprint.report import Levels
from answerprint.shape import Shape
from answerprint.shelf import Shelf
from answerprint.sight import Sight
from answerprint.sights import Facts
from answerprint.take import Item
from answerprint.timing import Sources


class Work(Protocol):
    """What was read for a work item, and what is said of it on its way.

    seen   which frames of the plate were read
    held   whether a cut lies where the frame would be made
    shows  the frame of the plate that the result is, where no model was asked
    """

    levels: dict[str, Levels]
    warnings: list[str]
    seconds: dict[str, float]

    @property
    def item(self) -> Item: ...

    @property
    def seen(self) -> Sources: ...

    @property
    def held(self) -> bool: ...

    @property
    def shows(self) -> int | None: ...

    @property
    def inputs(self) -> Sequence[RecordedInput]: ...


class Account(Protocol):
    """What the model made, as far as a record tells of it: see `ask.Answers`."""

    @property
    def report(self) -> Mapping[str, Any]: ...

    @property
    def cut(self) -> str: ...

    @property
    def asked(self) -> bool: ...

    @property
    def served(self) -> Served: ...


class Way(Protocol):
    """One of the two. Each function is given what others of the same way returned."""

    def files(self, resolved: Resolved, number: int) -> list[Path]:
        """Every file that frame `number` of the result may need, each once."""

    def read(self, resolved: Resolved, item: Item, shelf: Shelf) -> Work:
        """Raises SourceError: a file cannot be read, or is not what it was before the run."""

    def content(self, found: Any) -> Content:
        """What becomes the file: the plate's at first, and the result's once that was built."""

    def size(self, found: Any) -> int:
        """Pixels, points or voxels: what the contract's cost is for a million of."""

    def encode(self, found: Any, asker: Asker) -> None:
        """Make of what was read what the model is to see."""

    def ask(
        self,
        found: Any,
        asker: Asker,
        settings: Mapping[str, Value],
        *,
        seed: str | None,
        request_id: str,
        deadline: float,
        stop: threading.Event | None,
    ) -> Account:
        """Raises ServerError: any of its kinds."""

    def let_go(self, found: Any, answers: Any) -> None:
        """Forget what the model saw: while it waits, a frame holds what is to be written."""

    def build(
        self, found: Any, asker: Asker, answers: Any, settings: dict[str, Value]
    ) -> tuple[str, ...]:
        """Put what came back in its place; names of the channels, attributes or grids made.

        Raises:
            InferenceError: what came back does not fit.
        """

    def aim(self, found: Any, resolved: Resolved, settings: Mapping[str, Value]) -> Any:
        """What the gates hold a result against: asked for before it is built. Copies no values."""

    def seen(
        self, found: Any, aimed: Any, content: Any, resolved: Resolved, facts: Facts
    ) -> Sequence[Sight | Shape]:
        """What the gates see of `content`, which was built or read from the take; at least one."""


class _Pictures:
    def files(self, resolved: Resolved, number: int) -> list[Path]:
        return workitem.files(resolved, number)

    def read(self, resolved: Resolved, item: Item, shelf: Shelf) -> workitem.Read:
        return workitem.read(resolved, item, shelf)

    def content(self, found: workitem.Read) -> Content:
        return found.frame

    def size(self, found: workitem.Read) -> int:
        return sum(eye.window.width * eye.window.height for eye in found.eyes)

    def encode(self, found: workitem.Read, asker: Asker) -> None:
        ask.encode(found, asker)

    def ask(
        self,
        found: workitem.Read,
        asker: Asker,
        settings: Mapping[str, Value],
        *,
        seed: str | None,
        request_id: str,
        deadline: float,
        stop: threading.Event | None,
    ) -> Answers:
        return ask.ask(
            found,
            asker,
            settings,
            seed=seed,
            request_id=request_id,
            deadline=deadline,
            stop=stop,
        )

    def let_go(self, found: workitem.Read, answers: Answers) -> None:
        for eye in found.eyes:
            eye.images.clear()
        if not answers.asked:
            found.shows = found.seen.frames[0]

    def build(
        self,
        found: workitem.Read,
        asker: Asker,
        answers: Answers,
        settings: dict[str, Value],
    ) -> tuple[str, ...]:
        ask.decode(answers, asker)
        return result.build(found, asker.resolved, answers, settings)

    def aim(
        self, found: workitem.Read, resolved: Resolved, settings: Mapping[str, Value]
    ) -> sights.Aimed:
        return sights.aim(found, resolved, settings)

    def seen(
        self,
        found: workitem.Read,
        aimed: sights.Aimed,
        content: Frame,
        resolved: Resolved,
        facts: Facts,
    ) -> Sequence[Sight | Shape]:
        cut = resolved.contract.cut
        return sights.of_frame(found.item.frame, aimed, content, facts, cut)


class _Geometry:
    def files(self, resolved: Resolved, number: int) -> list[Path]:
        return geoitem.files(resolved, number)

    def read(self, resolved: Resolved, item: Item, shelf: Shelf) -> geoitem.Found:
        return geoitem.read(resolved, item, shelf)

    def content(self, found: geoitem.Found) -> Content:
        return found.geometry

    def size(self, found: geoitem.Found) -> int:
        return found.size

    def encode(self, found: geoitem.Found, asker: Asker) -> None:
        geoitem.encode(found, asker)

    def ask(
        self,
        found: geoitem.Found,
        asker: Asker,
        settings: Mapping[str, Value],
        *,
        seed: str | None,
        request_id: str,
        deadline: float,
        stop: threading.Event | None,
    ) -> geoitem.Answers:
        return geoitem.ask(
            found,
            asker,
            settings,
            seed=seed,
            request_id=request_id,
            deadline=deadline,
            stop=stop,
        )

    def let_go(self, found: geoitem.Found, answers: geoitem.Answers) -> None:
        """What the model made is held against what it saw: see `build`."""

    def build(
        self,
        found: geoitem.Found,
        asker: Asker,
        answers: geoitem.Answers,
        settings: dict[str, Value],
    ) -> tuple[str, ...]:
        return geoitem.build(found, asker.resolved, answers, settings)

    def aim(
        self, found: geoitem.Found, resolved: Resolved, settings: Mapping[str, Value]
    ) -> tuple[Geometry, tuple[str, ...]]:
        names = (geobuild.name_of(resolved, one) for one in resolved.outputs(settings))
        return geobuild.copy(found.geometry), tuple(dict.fromkeys(names))

    def seen(
        self,
        found: geoitem.Found,
        aimed: tuple[Geometry, tuple[str, ...]],
        content: Geometry,
        resolved: Resolved,
        facts: Facts,
    ) -> Sequence[Sight | Shape]:
        plate, names = aimed
        have = {one.name for one in content.attributes} | {one.name for one in content.volumes}
        missing = tuple(
            f"without {name or 'the unnamed grid'}" for name in names if name not in have
        )
        return [
            Shape(
                number=found.item.frame,
                kind=resolved.contract.kind,
                made=content,
                plate=plate,
                names=names,
                pixels=facts.pixels,
                plate_pixels=found.inputs[0].pixels,
                provenance=facts.provenance,
                asked=missing,
            )
        ]


_PICTURES: Way = _Pictures()
_GEOMETRY: Way = _Geometry()


def of(resolved: Resolved) -> Way:
    """The way that a job's items go, by the kind of its task."""
    return _PICTURES if resolved.contract.kind == "image" else _GEOMETRY
