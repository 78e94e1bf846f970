"""Subject: one model on a private server, asked with frames made for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.contract import Contract, Input, Output, Value
from answerprint.errors import AnswerprintError
from answerprint.triton import Expected, Offer, Server
from answerprint_server import golden, repository
from answerprint_server.finding import Finding, Severity, line_in

Images = dict[str, NDArray[Any]]

SECONDS = 120.0  # that a model has for one of our small frames
GRAIN = 0.1  # standard deviation, in parts of the value
SEED, TIME = "1", 0.5


@dataclass(frozen=True)
class Subject:
    """A model that is ready.

    given   the inputs of its first golden case; empty where it has none that can be read
    place   its contract.json below the repository
    text    of that, to say on which line something stands
    """

    server: Server
    offer: Offer
    given: Images = field(default_factory=dict)
    place: str = ""
    text: str = ""

    @property
    def contract(self) -> Contract:
        return self.offer.usable()

    def settings(self, **changed: Value) -> dict[str, Value]:
        """Defaults, what the engine adds, and what is changed."""
        contract = self.contract
        added: dict[str, Value] = {"time": TIME} if contract.cut.between else {}
        added |= {"seed": SEED} if contract.seed else {}
        return {**contract.settings({}), **added, **changed}

    def outputs(self, images: Collection[str], settings: Mapping[str, Value]) -> list[Output]:
        """Those that come back for these inputs and settings."""
        given = self.contract.given(settings)
        return [one for one in given if one.replaces is None or one.replaces in images]

    def ask(
        self,
        images: Images,
        settings: Mapping[str, Value] | None = None,
        *,
        halves: Collection[str] = (),
    ) -> Images:
        """What the model answers; outputs in `halves` as float16.

        Raises ServerError: any of its kinds.
        """
        asked = self.settings() if settings is None else settings
        wanted = {
            one.name: Expected(half=one.name in halves) for one in self.outputs(images, asked)
        }
        answer = self.server.infer(
            self.offer,
            {name: np.ascontiguousarray(one) for name, one in images.items()},
            asked,
            request_id=f"{self.offer.name}/trial",
            outputs=wanted,
            deadline=SECONDS,
        )
        return answer.images

    def frame(self, height: int, width: int) -> Images:
        """A picture for each input, of the size: its golden case's, mirrored on, or one made up.

        With grain, so that no pixel is like its neighbour. Of another kind than images: the golden
        case's own arrays, or some made up, whatever the size.
        """
        made = {}
        for number, one in enumerate(self.contract.inputs):
            held = self.given.get(one.name)
            if held is None and not one.required:
                continue
            if self.contract.kind != "image":
                made[one.name] = _shape(self.contract, one) if held is None else held
                continue
            picture = _drawn(self.contract, one) if held is None else held
            grown = _grown(picture.astype(np.float32), height, width)
            random = np.random.default_rng(number)
            grained = grown * np.exp(random.normal(0, GRAIN, grown.shape)).astype(np.float32)
            made[one.name] = _within(grained, one)
        return made

    def finding(
        self, severity: Severity, rule: str, path: str, problem: str, remedy: str
    ) -> Finding:
        line = line_in(self.text, path)
        return Finding(severity, rule, self.offer.name, problem, remedy, self.place, line, path)


def of(server: Server, offer: Offer, model: Path) -> Subject:
    """With the first golden case that can be read."""
    path = repository.contract_of(model, offer.version)
    place = path.relative_to(model.parent).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    cases = (_case(folder, offer.usable()) for folder in golden.folders(model))
    return Subject(server, offer, next(filter(None, cases), {}), place, text)


def _case(folder: Path, contract: Contract) -> Images:
    """Its inputs; none where it cannot be read: 'models test' says what is wrong with it."""
    try:
        return dict(golden.inputs(golden.read(folder), contract))
    except AnswerprintError:
        return {}


def light(one: Input) -> float:
    """The brightest that a trial shows an input, as it is encoded."""
    if one.range[1] is not None:
        return one.range[1]
    return 1000.0 if one.encoding == "scene_linear" else 1.0


def _within(image: NDArray[Any], one: Input) -> NDArray[Any]:
    """Inside what the contract calls sensible; encoded pictures lie in 0 to 1."""
    low, high = one.range
    if one.encoding.startswith("srgb"):
        low, high = 0.0 if low is None else low, 1.0 if high is None else high
    if low is None and high is None:
        return image
    return np.clip(image, low, high)


def _grown(image: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Mirrored on at its right and lower edge up to a size, or cut to it."""
    more = [(0, 0)] * (image.ndim - 3)
    more += [
        (0, max(0, due - length))
        for due, length in zip((height, width), image.shape[-3:-1], strict=True)
    ]
    grown = np.pad(image, [*more, (0, 0)], mode="symmetric")
    return np.ascontiguousarray(grown[..., :height, :width, :])


def _drawn(contract: Contract, one: Input) -> NDArray[Any]:
    """A picture made up: a soft gradient with a bright disc, moved on in each frame."""
    low, high = one.range
    bottom = 0.02 if low is None else low
    top = high if high is not None else (4.0 if one.encoding == "scene_linear" else 1.0)
    rows, columns = np.mgrid[0:96, 0:128].astype(np.float32)
    frames = []
    for number in range(contract.cut.frames):
        disc = np.hypot(rows - 40, columns - 60 - 3 * number) < 20
        plane = 0.1 + 0.4 * (rows / 96 + columns / 128) / 2 + 0.5 * disc
        tints = [plane * (1 - 0.2 * index) for index in range(len(one.channels[0]))]
        frames.append(bottom + (top - bottom) * np.stack(tints, -1))
    stack: NDArray[Any] = np.stack(frames).astype(np.float32)
    return stack if contract.cut.frames > 1 else stack[0]


def _shape(contract: Contract, one: Input) -> NDArray[Any]:
    """Points, a grid or heights made up."""
    random = np.random.default_rng(1)
    count = len(one.channels[0])
    sizes = {"points": (400,), "volume": (10, 12, 14), "heightfield": (24, 30)}
    return random.uniform(0, 1, (*sizes[contract.kind], count)).astype(np.float32)
