"""Makers: models that do what they should. What they make of a clip is clean, by definition.

Limits that let one model through would cry at the next one, so there are several of each class:
the real one on the server, and others that work in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from answerprint import halves
from answerprint.calibration import filters
from answerprint.calibration.footage import Pixels
from answerprint.calibration.scenes import Chance
from answerprint.triton import Expected, Server

Floats = filters.Floats
Make = Callable[["Brief"], list[Pixels]]

LEAST = 0.004  # what a filter takes for grain where there is none


@dataclass(frozen=True)
class Brief:
    """What a maker is given.

    plates   halves, (height, width, 3)
    sigma    grain of a pixel of value 1, at least LEAST
    chance   for what a maker chooses once a clip
    server   for those that are real models; None: there is none
    guides   of a rendered plate, by the name of the model's input, frame by frame
    """

    plates: Sequence[Pixels]
    sigma: float
    chance: Chance
    server: Server | None = None
    guides: Mapping[str, Sequence[Pixels]] | None = None


def _each(change: Callable[[Floats], Floats], brief: Brief) -> list[Pixels]:
    return [halves.narrow(change(halves.widen(plate))) for plate in brief.plates]


def _oidn(strength: float) -> Make:
    def make(brief: Brief) -> list[Pixels]:
        """The real denoise task, through the real server."""
        if brief.server is None:
            return _bilateral(brief)
        offer = brief.server.offer("denoise")
        settings = offer.usable().settings({"strength": strength})
        made = []
        for index, plate in enumerate(brief.plates):
            images = {"color": np.ascontiguousarray(plate)}
            images |= {name: one[index] for name, one in (brief.guides or {}).items()}
            answer = brief.server.infer(
                offer,
                images,
                settings,
                request_id=f"calibration {index}",
                outputs={"color": Expected(plate.shape, half=True)},
            )
            made.append(np.array(answer.images["color"], np.float16))
        return made

    return make


def _bilateral(brief: Brief) -> list[Pixels]:
    return _each(lambda one: filters.bilateral(one, brief.sigma), brief)


def _nonlocal(brief: Brief) -> list[Pixels]:
    return _each(lambda one: filters.nonlocal_means(one, brief.sigma, 2), brief)


def _wavelet(brief: Brief) -> list[Pixels]:
    return _each(lambda one: filters.wavelet(one, brief.sigma), brief)


def _half_way(brief: Brief) -> list[Pixels]:
    """Half of the grain is kept, as artists like it."""
    return _each(lambda one: (one + filters.wavelet(one, brief.sigma)) / 2, brief)


def _crisp(brief: Brief) -> list[Pixels]:
    amount = float(brief.chance.uniform(0.05, 0.25))
    return _each(lambda one: filters.sharpened(filters.bilateral(one, brief.sigma), amount), brief)


def _toned(brief: Brief) -> list[Pixels]:
    """A model with a look of its own: up to half a per cent lighter and a per cent more colour."""
    gain, colour = 1 + brief.chance.uniform(-0.005, 0.005), 1 + brief.chance.uniform(-0.01, 0.01)

    def make(picture: Floats) -> Floats:
        clean = filters.wavelet(picture, brief.sigma)
        grey = filters.luminance(clean)[..., None]
        return np.maximum(np.float32(gain) * (grey + np.float32(colour) * (clean - grey)), 0)

    return _each(make, brief)


def _same(brief: Brief) -> list[Pixels]:
    return [plate.copy() for plate in brief.plates]


def _rounded(brief: Brief) -> list[Pixels]:
    """The last digit differs here and there, as after another library's rounding."""
    made = []
    for plate in brief.plates:
        codes = plate.view(np.uint16)
        up = (brief.chance.random(plate.shape) < 0.2) & (codes > 0) & (codes < 0x7000)
        made.append((codes + up).astype(np.uint16).view(np.float16))
    return made


def _graded(brief: Brief) -> list[Pixels]:
    """A look: exposure, contrast, balance and colour, the same for all frames."""
    chance = brief.chance
    gain = (2 ** chance.uniform(-0.15, 0.15) * chance.uniform(0.95, 1.05, 3)).astype(np.float32)
    power, colour = np.float32(chance.uniform(0.95, 1.06)), np.float32(chance.uniform(0.7, 1.25))

    def make(picture: Floats) -> Floats:
        graded = np.maximum(picture * gain, 0) ** power
        grey = filters.luminance(graded)[..., None]
        return np.maximum(grey + colour * (graded - grey), 0)

    return _each(make, brief)


# class of tasks -> maker -> share of the clips
MAKERS: dict[str, dict[str, tuple[float, Make]]] = {
    "denoise": {
        "oidn": (0.22, _oidn(1.0)),
        "oidn at 0.6": (0.08, _oidn(0.6)),
        "bilateral": (0.14, _bilateral),
        "non-local means": (0.12, _nonlocal),
        "wavelets": (0.16, _wavelet),
        "half the grain": (0.10, _half_way),
        "sharpened": (0.09, _crisp),
        "toned": (0.09, _toned),
    },
    "identity": {"copy": (0.5, _same), "rounded": (0.5, _rounded)},
    "look": {"graded": (1.0, _graded)},
}

# Nobody gives a frame of few samples a pixel to a filter that was made for cameras: from this much
# noise on only what was trained on such frames is asked
FOR_RENDERS, NOISY = ("oidn",), 0.04
