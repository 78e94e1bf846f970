"""Fields: what a contract must not leave open, since it stands in every take's record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from answerprint.contract import Contract
from answerprint_server.finding import Finding, Severity, line_in

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# IPTC's digital source types, NewsCodes of 2025; retired ones are refused by the contract itself
SOURCE_TYPES = frozenset(
    {
        "algorithmicMedia",
        "algorithmicallyEnhanced",
        "composite",
        "compositeCapture",
        "compositeSynthetic",
        "compositeWithTrainedAlgorithmicMedia",
        "computationalCapture",
        "dataDrivenMedia",
        "digitalArt",
        "digitalCapture",
        "digitalCreation",
        "humanEdits",
        "multiFrameComputationalCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
        "screenCapture",
        "trainedAlgorithmicMedia",
        "virtualRecording",
    }
)
TRAINED = frozenset({"compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"})
# what weights are stored in; a file of none of these may hold some as well
WEIGHTS = (".onnx", ".pth", ".pt", ".pkl", ".tflite", ".safetensors", ".plan", ".engine", ".ckpt")
_OPEN = re.compile(
    r"\s*(|todo\b.*|tbd\b.*|fixme\b.*|xxx+|\?+|-+|n/?a|none yet|fill .*)", re.IGNORECASE | re.DOTALL
)


def of(model: str, place: str, text: str, found: Contract) -> Iterator[Finding]:
    """What is open in one contract, with its line in `text`."""
    for severity, rule, field, problem, remedy in (
        *_words(found),
        *_source(found),
        *_determinism(found),
        *_tolerances(found),
    ):
        yield Finding(severity, rule, model, problem, remedy, place, line_in(text, field), field)


_Said = tuple[Severity, str, str, str, str]


def _words(found: Contract) -> Iterator[_Said]:
    """Licence, training, and what artists read."""
    wanted = {
        "licence.code": (found.licence.code, "licence", "the licence of the program, like MIT"),
        "licence.weights": (found.licence.weights, "licence", "that of the weights, or none"),
        "training.data_class": (
            found.training.data_class,
            "training",
            "what it was trained on, none, or unknown",
        ),
        "training.consent": (
            found.training.consent,
            "training",
            "who agreed to that, not needed, or unknown",
        ),
        "title": (found.title, "words", "what artists read in a menu"),
        "purpose": (found.purpose, "words", "what it does, what it invents, where it fails"),
        "model.origin": (found.model.origin, "words", "who made the model, and where it is from"),
        "model.version": (found.model.version, "words", "which one of the maker's it is"),
    }
    for field, (value, rule, meant) in wanted.items():
        section, _, name = field.partition(".")
        held = getattr(found, section)
        written = not name or name in held.model_fields_set
        if section == "training" and ("training" not in found.model_fields_set or not written):
            yield "error", rule, field, "It is not said.", f"Write {meant}."
        elif _OPEN.fullmatch(value):
            yield "error", rule, field, f"It is left open: '{value}'.", f"Write {meant}."
        elif value.strip().lower() == "unknown":
            severity: Severity = "note" if rule == "training" else "warn"
            remedy = f"It may stay so, and stands in every record so. Better write {meant}."
            yield severity, rule, field, "It is unknown.", remedy


def _source(found: Contract) -> Iterator[_Said]:
    field = "digital_source_type"
    kind = found.digital_source_type.removeprefix(SOURCES)
    if not found.digital_source_type.startswith(SOURCES) or kind not in SOURCE_TYPES:
        yield (
            "error",
            "source type",
            field,
            f"'{found.digital_source_type}' is none of IPTC's digital source types.",
            f"Write {SOURCES} and one of {', '.join(sorted(SOURCE_TYPES))}.",
        )
        return
    trained = next((one.name for one in found.artifacts if one.name.endswith(WEIGHTS)), None)
    if trained is not None and kind not in TRAINED and found.licence.weights != "none":
        yield (
            "warn",
            "source type",
            field,
            f"It is {kind}, and the model has weights: {trained}.",
            "Write compositeWithTrainedAlgorithmicMedia of a network that works on a picture.",
        )


def _determinism(found: Contract) -> Iterator[_Said]:
    stated, field = found.determinism, "determinism.kind"
    if "determinism" not in found.model_fields_set or "kind" not in stated.model_fields_set:
        remedy = "Write bit_exact, tolerance with a number, or stochastic."
        yield "error", "determinism", "determinism", "It is not said.", remedy
    elif stated.kind == "tolerance" and not stated.tolerance > 0:
        remedy = "Write the greatest difference of two runs in determinism.tolerance."
        yield "error", "determinism", field, "It is tolerance, without a number above 0.", remedy
    elif stated.kind == "stochastic" and not found.seed:
        yield (
            "warn",
            "determinism",
            field,
            "It is stochastic and takes no seed: no take can be made again.",
            'Have the model take the setting seed, and write "seed": true.',
        )


def _tolerances(found: Contract) -> Iterator[_Said]:
    if found.cut.mode == "tiles" and not found.cut.tolerance >= 0:
        yield "error", "seams", "cut.tolerance", "It is below 0.", "Write 0 or more."
    if found.cut.mode == "tiles" and "context" not in found.cut.model_fields_set:
        yield (
            "warn",
            "seams",
            "cut",
            "It may be cut into tiles, and its context is not said.",
            "Write how many pixels around it a pixel depends on; 0 where none.",
        )
