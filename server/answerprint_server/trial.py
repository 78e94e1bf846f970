"""Trial: what a contract claims of its model, held by experiment on a private server.

A model that loads may still give NaN, show seams, or answer otherwise each time. Each claim that
does not hold is a finding; a model that fails in one experiment is tried in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from answerprint.errors import InferenceError, ModelDied, NoSuchTask, ServerAway, ServerError
from answerprint.triton import Server
from answerprint_server import experiments, private, seams, subject
from answerprint_server.finding import Finding
from answerprint_server.subject import Subject

# a finding of such a rule keeps a model from being tried: it would not load, or should not
BARRED = {"link", "path", "pickle", "program", "contract", "config", "version", "digest", "name"}

LOG = "Have the model corrected; 'answerprint serve --models' writes a log that says more."

_EXPERIMENTS: dict[str, Callable[[Subject], Iterator[Finding]]] = {
    "an ordinary frame": experiments.answers,
    "the same frame twice": experiments.repeats,
    "half floats": experiments.halves,
    "every factor": experiments.scales,
    "black, bright and negative frames": experiments.extremes,
    "light": experiments.encoding,
    "frames of odd sizes": seams.sizes,
    "tiles": seams.tiles,
}


def tried(
    models: Iterable[Path], known: Iterable[Finding] = (), version: str | None = None
) -> Iterator[tuple[str, list[Finding]]]:
    """Each model's name with what was found out about it, in the order of the models.

    known     what lint found: a model that must not be loaded is not
    version   of the models; None: the newest

    Raises:
        SetupError, ServerError, TakeError: the server cannot be started; see `private.served`.
    """
    barred = {one.model for one in known if one.severity == "error" and one.rule in BARRED}
    folders = list(models)
    fit = [one for one in folders if one.name not in barred]
    for one in folders:
        if one.name in barred:
            yield one.name, [_untried(one.name)]
    if not fit:
        return
    with private.served(fit) as state, Server(state.address) as server:
        for model in fit:
            yield model.name, list(_of(model, server, version))


def _of(model: Path, server: Server, version: str | None) -> Iterator[Finding]:
    try:
        offer = server.offer(model.name, version)
        offer.usable()
    except ServerError as error:
        yield Finding("error", "load", model.name, *_said(error, LOG), file=model.name)
        return
    held = subject.of(server, offer, model)
    for words, experiment in _EXPERIMENTS.items():
        try:
            found = list(experiment(held))
        except ServerError as error:
            yield _failed(held, words, error)
            if not isinstance(error, InferenceError) or isinstance(error, ModelDied):
                return  # it will not answer the others either
            if experiment is experiments.answers:
                return
            continue
        yield from found


def _failed(held: Subject, words: str, error: ServerError) -> Finding:
    problem, remedy = _said(error, "Have the model corrected.")
    return held.finding("error", "answer", "", f"It fails with {words}: {problem}", remedy)


def _said(error: ServerError, remedy: str) -> tuple[str, str]:
    """Problem and remedy: of a model that fails `remedy`, else the error's own."""
    problem, own = private.said(error)
    return problem, own if isinstance(error, (NoSuchTask, ServerAway)) else remedy


def _untried(model: str) -> Finding:
    return Finding(
        "note",
        "untried",
        model,
        "It was not tried, since it has errors.",
        "Correct those first.",
        file=model,
    )
