"""Experiments: what a model answers, held against what its contract says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.contract import Output, Value
from answerprint_server import golden
from answerprint_server.finding import Finding
from answerprint_server.subject import Images, Subject, light

HEIGHT, WIDTH = 72, 96
HALF_APART = 0.01  # what a model may answer otherwise for halves, in parts of the value beyond 1
BRIGHT = 20.0  # scene-linear light that a picture made for display cannot hold
MOST_OF_IT = 0.98  # of the samples are no brighter; the rest may be fireflies
BLOCK = 8  # pixels of the means that are compared
LEAST_POWER, MOST_POWER = 0.7, 1.4  # of brightness in and out, where nothing was encoded
OTHER_SEED = "2"


def size(subject: Subject) -> tuple[int, int]:
    """Height and width of an ordinary frame that the model takes without padding."""
    multiple = subject.contract.cut.multiple
    return -(-HEIGHT // multiple) * multiple, -(-WIDTH // multiple) * multiple


def answers(subject: Subject) -> Iterator[Finding]:
    """An ordinary frame comes back finite, and as large as is said."""
    images = subject.frame(*size(subject))
    settings = subject.settings()
    found = subject.ask(images, settings)
    yield from _finite(subject, found, "an ordinary frame")
    yield from _sizes(subject, images, found, settings)


def scales(subject: Subject) -> Iterator[Finding]:
    """Every choice that a factor depends on gives the size that it says."""
    images = subject.frame(*size(subject))
    scaled = [one.scale for one in subject.contract.outputs if not isinstance(one.scale, int)]
    for one in {scale.parameter: scale for scale in scaled}.values():
        for choice in one.values:
            settings = subject.settings(**{one.parameter: choice})
            found = subject.ask(images, settings)
            words = f"{one.parameter} {choice}"
            yield from _finite(subject, found, words)
            yield from _sizes(subject, images, found, settings, words=f" with {words}")


def repeats(subject: Subject) -> Iterator[Finding]:
    """The same request twice: as alike as the contract says."""
    stated = subject.contract.determinism
    images = subject.frame(*size(subject))
    first, second = subject.ask(images), subject.ask(images)
    apart = {name: golden.difference(second[name], first[name]) for name in first}
    worst = max(apart, key=apart.__getitem__)
    field = "determinism.kind"
    if stated.kind == "bit_exact" and not all(
        np.array_equal(first[name], second[name], equal_nan=True) for name in first
    ):
        yield subject.finding(
            "error",
            "determinism",
            field,
            f"It says bit_exact, and {worst} of the same request came back {apart[worst]:.3g} apart.",
            "Write tolerance with a number above that, or stochastic; or have it made repeatable.",
        )
    elif stated.kind == "tolerance" and apart[worst] > stated.tolerance:
        yield subject.finding(
            "error",
            "determinism",
            "determinism.tolerance",
            f"{worst} of the same request came back {apart[worst]:.3g} apart, and "
            f"{stated.tolerance:g} is said.",
            "Write a tolerance above that, or have the model made repeatable.",
        )
    elif stated.kind == "stochastic" and subject.contract.seed:
        yield from _seeded(subject, images, first, apart[worst])


def _seeded(subject: Subject, images: Images, first: Images, apart: float) -> Iterator[Finding]:
    if apart > max(subject.contract.determinism.tolerance, 1e-6):
        yield subject.finding(
            "error",
            "determinism",
            "seed",
            f"The same seed gives answers {apart:.3g} apart: no take could be made again.",
            "Have all chance in the model begin with the setting seed.",
        )
        return
    other = subject.ask(images, subject.settings(seed=OTHER_SEED))
    if all(np.array_equal(first[name], other[name]) for name in first):
        yield subject.finding(
            "warn",
            "determinism",
            "seed",
            "It takes a seed, and another one changes nothing.",
            'Have it use the seed, or write bit_exact and "seed": false.',
        )


def halves(subject: Subject) -> Iterator[Finding]:
    """Half floats in and out give about the same."""
    contract = subject.contract
    takes = [one.name for one in contract.inputs if one.half]
    gives = [one.name for one in contract.outputs if one.half]
    if not takes and not gives:
        return
    if contract.determinism.kind == "stochastic" and not contract.seed:
        return
    images = subject.frame(*size(subject))
    narrow = {
        name: one.astype(np.float16) if name in takes else one for name, one in images.items()
    }
    wide = {name: one.astype(np.float32) for name, one in narrow.items()}
    due, again = subject.ask(wide), subject.ask(wide)
    allowed = max(HALF_APART, contract.determinism.tolerance)
    if any(golden.difference(again[name], due[name]) > allowed for name in due):
        return  # nothing could be told; `repeats` says so, where it is not what was stated
    if takes:
        yield from _apart(subject, subject.ask(narrow), due, allowed, "given as halves", "inputs")
    if gives:
        found = subject.ask(wide, halves=gives)
        as_float = {name: one.astype(np.float32) for name, one in found.items()}
        yield from _apart(subject, as_float, due, allowed, "asked for as halves", "outputs")


def _apart(
    subject: Subject, found: Images, due: Images, allowed: float, words: str, field: str
) -> Iterator[Finding]:
    for name, one in due.items():
        if np.isfinite(one).all() and golden.difference(found[name], one) > allowed:
            yield subject.finding(
                "error",
                "half",
                field,
                f"{name} is {golden.difference(found[name], one):.3g} off where pixels are {words}.",
                'Take "half": true out of the contract, or have the model take and give halves.',
            )


def extremes(subject: Subject) -> Iterator[Finding]:
    """Black, bright and negative frames come back finite."""
    contract = subject.contract
    if contract.kind == "points":
        return  # points in one place have no neighbours, and nothing is said of them
    images = subject.frame(*size(subject))
    inputs = {one.name: one for one in contract.inputs}
    tried: dict[str, Images] = {
        "a black frame": {name: np.zeros_like(one) for name, one in images.items()},
        "a bright frame": {
            name: np.full_like(one, light(inputs[name])) for name, one in images.items()
        },
    }
    if all(inputs[name].encoding == "scene_linear" for name in images):
        below = {
            name: one - np.float32(0.5)
            for name, one in images.items()
            if inputs[name].range[0] is None
        }
        if below:
            tried["a frame with values below 0"] = {**images, **below}
    for words, frame in tried.items():
        yield from _finite(subject, subject.ask(frame), words)


def encoding(subject: Subject) -> Iterator[Finding]:
    """Scene-linear light stays that: nothing is clipped at 1, and no power is left in it."""
    contract = subject.contract
    linear = {one.name for one in contract.inputs if one.encoding == "scene_linear"}
    images = subject.frame(*size(subject))
    pairs = [
        (index, one)
        for index, one in enumerate(contract.outputs)
        if one.encoding == "scene_linear" and one.replaces in linear & images.keys()
    ]
    if not pairs:
        return
    shown = {name: _ramped(one) if name in linear else one for name, one in images.items()}
    found = subject.ask(shown)
    for index, one in pairs:
        if one.name in found and np.isfinite(found[one.name]).all():
            yield from _linear(subject, index, shown[str(one.replaces)], found[one.name])


def _ramped(image: NDArray[Any]) -> NDArray[Any]:
    """From four stops darker at the left to bright light at the right."""
    ramp = np.exp2(np.linspace(-4, 4, image.shape[-2], dtype=np.float32))[:, None]
    ramped = np.maximum(image, 0) * ramp
    bright = float(np.quantile(ramped, MOST_OF_IT))
    factor = np.float32(BRIGHT / bright if bright > 0 else 1)
    return np.asarray(ramped * factor, np.float32)


def _linear(
    subject: Subject, index: int, given: NDArray[Any], found: NDArray[Any]
) -> Iterator[Finding]:
    field = f"outputs[{index}].encoding"
    name = subject.contract.outputs[index].name
    if float(np.quantile(given, MOST_OF_IT)) > 2 and float(found.max()) <= 1.001:
        yield subject.finding(
            "warn",
            "encoding",
            field,
            f"{name} is scene_linear, and light up to {BRIGHT:g} comes back as {found.max():.3g} at "
            "most: highlights are clipped.",
            "Where the model was made for display pictures, write srgb_shaped; where it is meant "
            "so, say it in the purpose.",
        )
        return
    power = _power(given, found)
    if power is not None and not LEAST_POWER <= power <= MOST_POWER:
        yield subject.finding(
            "warn",
            "encoding",
            field,
            f"{name} is scene_linear, and its brightness follows the input's to the power of "
            f"{power:.2f}.",
            "A picture that was encoded was not brought back, or came in another encoding: hold "
            "the contract's encodings against what the model was trained on.",
        )


def _power(given: NDArray[Any], found: NDArray[Any]) -> float | None:
    """The exponent between the means of blocks in and out; None where they go their own ways."""
    one, other = _means(given, BLOCK), _means(found, BLOCK * found.shape[-3] // given.shape[-3])
    rows, columns = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    pair = np.stack([one[:rows, :columns].ravel(), other[:rows, :columns].ravel()])
    pair = np.log(pair[:, (pair > 1e-4).all(axis=0)])
    if pair.shape[1] < 16 or pair[0].std() < 0.5 or np.corrcoef(pair)[0, 1] < 0.9:
        return None
    return float(np.polyfit(pair[0], pair[1], 1)[0])


def _means(image: NDArray[Any], edge: int) -> NDArray[Any]:
    """Of blocks of pixels, all frames and channels together."""
    plane = image.reshape(-1, *image.shape[-3:]).mean(axis=(0, -1))
    rows, columns = plane.shape[0] // edge, plane.shape[1] // edge
    cut = plane[: rows * edge, : columns * edge]
    return np.asarray(cut.reshape(rows, edge, columns, edge).mean(axis=(1, 3)))


def _finite(subject: Subject, found: Images, words: str) -> Iterator[Finding]:
    for index, name in _numbered(subject, found):
        count = int((~np.isfinite(found[name])).sum())
        if count:
            yield subject.finding(
                "error",
                "finite",
                f"outputs[{index}]",
                f"{name} has {count:,} of {found[name].size:,} samples that are NaN or infinite, of "
                f"{words}.",
                "Have the model corrected: a division by zero, a logarithm, or halves that overflow.",
            )


def _sizes(
    subject: Subject, images: Images, found: Images, settings: Mapping[str, Value], words: str = ""
) -> Iterator[Finding]:
    first = next(iter(images.values()))
    for index, name in _numbered(subject, found):
        output = subject.contract.outputs[index]
        if output.size == "own":
            continue
        due = _due(subject, first.shape, output, settings)
        held = _inner(subject, found[name].shape)
        if held != due:
            yield subject.finding(
                "error",
                "scale",
                f"outputs[{index}].scale",
                f"{name} comes back as {_by(held)}{words}, and {_by(due)} is due.",
                'Write the factor that it has into "scale", or "size": "own".',
            )


def _due(
    subject: Subject, shape: tuple[int, ...], output: Output, settings: Mapping[str, Value]
) -> tuple[int, ...]:
    factor = subject.contract.scale(output, settings)
    return tuple(length * factor for length in _inner(subject, shape))


def _inner(subject: Subject, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of a shape the axes that are sizes: without frames and channels."""
    return tuple(shape[-subject.contract.rank : -1])


def _numbered(subject: Subject, found: Images) -> list[tuple[int, str]]:
    outputs = enumerate(subject.contract.outputs)
    return [(index, one.name) for index, one in outputs if one.name in found]


def _by(sizes: tuple[int, ...]) -> str:
    return "x".join(str(one) for one in reversed(sizes))
