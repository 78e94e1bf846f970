"""Sets: which clips limits are made of, and which ones they are tried on. No scene is in both.

A set is described by a few numbers and made anew from them, clip by clip: nothing of it is kept
but what the gates said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from answerprint import exr
from answerprint.calibration import filters, grain as grains, makers, scenes
from answerprint.calibration.footage import Footage, Pixels, Shot, digest
from answerprint.calibration.makers import FOR_RENDERS, MAKERS, NOISY, Brief
from answerprint.calibration.scenes import Chance
from answerprint.errors import SourceError
from answerprint.plate import Plate
from answerprint.triton import Server

Half = Literal["fit", "held"]
HALVES: tuple[Half, Half] = ("fit", "held")
FRAMES = 8
MOST_WIDTH, MOST_HEIGHT = 480, 270  # of a plate that is there; larger ones are cut
VERSION = 1  # of how clips are made; another one is another set

SAMPLES = Path(__file__).parents[3] / "install" / "plates"
# rendered plates, each in one half alone: noisy and clean show the same scene
RENDERED: dict[Half, tuple[str, ...]] = {
    "fit": ("denoise/noisy.####.exr", "denoise/clean.####.exr"),
    "held": ("retime/plate.####.exr",),
}
RENDERED_EVERY = 20  # one clip in so many is of a rendered plate
TILES = ((64, 8), (96, 16), (128, 16))  # edge and overlap, as models are asked


@dataclass(frozen=True)
class Spec:
    """All that one clip is made from.

    task     class of tasks whose makers make it
    plate    '' of a scene out of chance; else a path with #### in it
    frames   of the plate, where there is one
    """

    seed: int
    half: Half
    number: int
    task: str
    plate: str = ""
    frames: tuple[int, ...] = ()

    @property
    def chance(self) -> Chance:
        return np.random.default_rng([self.seed, HALVES.index(self.half), self.number])


@dataclass(frozen=True)
class Clip:
    """A clean clip: its footage, who made it, and what it is, for the digest of the set."""

    footage: Footage
    maker: str
    told: dict[str, Any]


def specs(task: str, seed: int, count: int, plates: Sequence[Plate]) -> list[Spec]:
    """`count` clips in each half: of these plates, or of the default set where there are none.

    Plates are dealt to the halves in turns; a single one gives its first half and its last.

    Raises:
        SourceError: a plate has too few frames.
    """
    if plates:
        return _given(task, seed, count, plates)
    found = []
    for half in HALVES:
        rendered = [SAMPLES / name for name in RENDERED[half]]
        there = [Plate.parse(str(path)) for path in rendered if path.parent.is_dir()]
        for number in range(count):
            every, rest = divmod(number, RENDERED_EVERY)
            plate = there[every % len(there)] if there and not rest else None
            frames = tuple(plate.on_disk())[:FRAMES] if plate else ()
            found.append(Spec(seed, half, number, task, str(plate or ""), frames))
    return found


def _given(task: str, seed: int, count: int, plates: Sequence[Plate]) -> list[Spec]:
    runs: dict[Half, list[tuple[Plate, tuple[int, ...]]]] = {"fit": [], "held": []}
    for index, plate in enumerate(plates):
        frames = tuple(plate.on_disk())
        if len(frames) < FRAMES * (2 if len(plates) == 1 else 1):
            raise SourceError(
                f"{plate} has {len(frames)} frames; a clip needs {FRAMES}, and a single plate "
                "gives one to each half.",
                remedy="Give longer plates, or more of them.",
            )
        if len(plates) == 1:
            runs["fit"].append((plate, frames[: len(frames) // 2]))
            runs["held"].append((plate, frames[len(frames) // 2 :]))
        else:
            runs[HALVES[index % 2]].append((plate, frames))
    found = []
    for half in HALVES:
        for number in range(count):
            plate, frames = runs[half][number % len(runs[half])]
            first = int(np.random.default_rng([seed, number]).integers(len(frames) - FRAMES + 1))
            found.append(Spec(seed, half, number, task, str(plate), frames[first : first + FRAMES]))
    return found


def clip(spec: Spec, server: Server | None) -> Clip:
    """Make one; the same numbers give the same plate on any machine."""
    chance = spec.chance
    seen = _scene(chance) if not spec.plate else _plate(spec, chance)
    plates = seen.plates
    chosen = _maker(spec.task, chance, hard=seen.rendered and seen.sigma > NOISY)
    brief = Brief(plates, max(seen.sigma, makers.LEAST), chance, server, seen.guides)
    made = MAKERS[spec.task][chosen][1](brief)
    tile = TILES[int(chance.integers(len(TILES)))] if chance.random() < 0.5 else None
    alpha = _alpha(plates[0], chance) if chance.random() < 0.4 else None
    scale = made[0].shape[0] // plates[0].shape[0]
    if alpha is not None:
        alpha = np.kron(alpha, np.ones((scale, scale), np.float16))
    shots = tuple(Shot(one, alpha) for one in made)
    facts = asdict(spec) | seen.told | {"maker": chosen, "tile": tile, "version": VERSION}
    facts["plate"] = Path(spec.plate).name
    facts["pixels"] = [digest(one) for one in plates]
    return Clip(Footage(tuple(plates), shots, seen.moves, scale, tile), chosen, facts)


@dataclass(frozen=True)
class _Seen:
    """A plate's frames and what is known of them."""

    plates: list[Pixels]
    sigma: float
    moves: bool
    told: dict[str, Any]
    guides: dict[str, list[Pixels]] | None = None
    rendered: bool = False


def _scene(chance: Chance) -> _Seen:
    scene = scenes.scene(chance, FRAMES)
    grain = grains.grain(chance)
    light = 2 ** float(chance.choice([-3, -1.5, 0, 0, 0, 1.5]))
    told = {"camera": scene.camera, "light": scene.light, "grain": grain.kind, "exposure": light}
    frames = [scene.frame(at) for at in range(FRAMES)]
    if grain.rendered:  # exposed once it has its noise
        plates: list[Pixels] = [grain.on(one, chance) * np.float16(light) for one in frames]
        return _Seen(plates, grain.amount * light**0.5, scene.moves, told, rendered=True)
    plates = [grain.on(one * light, chance) for one in frames]
    return _Seen(plates, grain.amount, scene.moves, told)


def _plate(spec: Spec, chance: Chance) -> _Seen:
    """A part of a plate, at another exposure, with the guides that a renderer gave it."""
    path = Plate.parse(spec.plate)
    light = np.float16(2 ** float(chance.choice([-2, -1, 0, 0, 1])))
    whole = [_layers(path.file(number)) for number in spec.frames]
    full = whole[0]["color"].shape
    height, width = min(MOST_HEIGHT, full[0]), min(MOST_WIDTH, full[1])
    top, left = (
        int(chance.integers(full[0] - height + 1)),
        int(chance.integers(full[1] - width + 1)),
    )
    rows, columns = slice(top, top + height), slice(left, left + width)
    cut = {
        name: [np.ascontiguousarray(one[name][rows, columns]) for one in whole]
        for name in whole[0]
        if all(name in one for one in whole)
    }
    plates: list[Pixels] = [one * light for one in cut.pop("color")]
    told = {"crop": [left, top, width, height], "exposure": float(light)}
    return _Seen(plates, noise_of(plates[0]), _moves(plates), told, cut, rendered=True)


_LAYERS = {
    "color": ("R", "G", "B"),
    "albedo": ("albedo.R", "albedo.G", "albedo.B"),
    "normal": ("normal.X", "normal.Y", "normal.Z"),
}


def _layers(file: Path) -> dict[str, NDArray[np.float16]]:
    """Colour, and the guides that are there, as halves (height, width, 3), by a model's input.

    Raises:
        SourceError: the file cannot be read, or has no RGB.
    """
    part = exr.read(file).parts[0]
    if not {"R", "G", "B"} <= part.channels.keys():
        raise SourceError(
            f"{file.as_posix()} has no channels R, G and B.", remedy="Give a plate with colour."
        )
    return {
        layer: np.stack([part.channels[name] for name in names], axis=-1).astype(np.float16)
        for layer, names in _LAYERS.items()
        if all(name in part.channels for name in names)
    }


def noise_of(plate: Pixels) -> float:
    """Grain of a pixel of value 1, estimated: the median of its Laplacian, as Immerkaer's (1996)."""
    light = filters.luminance(np.nan_to_num(plate.astype(np.float32)))
    around = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]
    wave = np.abs(4 * light[1:-1, 1:-1] - around)
    scaled = wave / np.sqrt(np.maximum(light[1:-1, 1:-1], 0) + 0.02)
    return float(np.median(scaled) * 1.4826 / np.sqrt(20) * 1.7)  # three channels in one


def _moves(plates: Sequence[Pixels]) -> bool:
    """Whether first and last differ by more than grain does."""
    one, other = (filters.blurred(plates[at].astype(np.float32), 2) for at in (0, -1))
    return bool(np.abs(one - other).mean() > 0.02 * np.abs(one).mean())


def _maker(task: str, chance: Chance, *, hard: bool) -> str:
    names = [name for name in MAKERS[task] if not hard or name in FOR_RENDERS] or list(MAKERS[task])
    shares = np.array([MAKERS[task][name][0] for name in names])
    return str(chance.choice(names, p=shares / shares.sum()))


def _alpha(plate: Pixels, chance: Chance) -> NDArray[np.float16]:
    """A soft disc."""
    height, width = plate.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    far = np.hypot(rows - chance.uniform(0, height), columns - chance.uniform(0, width))
    soft = chance.uniform(1, 30)
    return np.asarray(np.clip((chance.uniform(30, 120) - far) / soft, 0, 1), np.float16)
