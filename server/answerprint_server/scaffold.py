"""Scaffold: a task's folder made of an ONNX file or of a Python function, ready to be tried.

All that the file tells is written down; what it cannot tell is said to be unknown, and comes back as
a note. Nothing is ever overwritten.
"""

from __future__ import annotations

import json
import keyword
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import documents
from answerprint.errors import JobError, SourceError, TakeExists
from answerprint_server import blank, firstcase, function, graph, repository
from answerprint_server.graph import Graph, Tensor, Told
from answerprint_server.lint import NAME

ENCODINGS = ("scene_linear", "acescct", "srgb_display", "srgb_shaped", "data")
_PROGRAM = '''"""{title}: {name} of {module}.py, frame by frame."""

import {module}
import numpy as np

import answerprint_model


class TritonPythonModel(answerprint_model.ImageModel):
    def run(self, images, settings):
        made = {module}.{name}(images["color"], **settings)
        report = {{"device": answerprint_model.cpu_name(), "library": "numpy " + np.__version__}}
        return {{"color": np.asarray(made, np.float32)}}, report
'''


@dataclass(frozen=True)
class Made:
    """The folder that was made, what was found out, and what nobody could know."""

    folder: Path
    known: tuple[str, ...]
    unknown: tuple[str, ...]


def of_onnx(
    models: Path,
    task: str,
    file: Path,
    *,
    kind: str | None = None,
    layout: str | None = None,
    encoding: str = "scene_linear",
) -> Made:
    """A task of an ONNX file, which is copied.

    Raises:
        JobError: the name is none, or kind and layout do not fit or cannot be told.
        SourceError: the file is no graph that can be a task.
        TakeExists: there is such a task.
        TakeError: the folder cannot be written.
    """
    _check_new(models, task)
    found = graph.read(file)
    sort, axes = graph.laid(found, kind, layout)
    counts = {one.name: _count(one, sort, axes) for one in found.pictures}
    for one in found.inputs:
        if one.type not in graph.TYPES:
            raise SourceError(
                f"Tensor {one.name} of the graph is {one.type}, and has to be of floats.",
                remedy="Export it with float inputs, or write a function and see --python.",
            )
    told = graph.tell(found, axes, counts)
    contract = blank.contract(task, sort, encoding if sort == "image" else "data")
    inputs, places = _inputs(found, sort, counts, contract["inputs"][0]["encoding"])
    outputs, given = _outputs(found, sort, inputs[0], told)
    contract |= {
        "inputs": inputs,
        "outputs": outputs,
        "cut": _cut(told, sort),
        "parameters": [_control(one) for one in found.controls],
        "determinism": {"kind": "bit_exact" if told.repeats else "stochastic"},
        "cost": {"seconds_per_megapixel": float(f"{told.seconds:.2g}")},
        "onnx": {
            "layout": axes,
            "inputs": places,
            "outputs": given,
            "parameters": {blank.word(one.name): one.name for one in found.controls},
        },
    }
    if sort != "image" and told.multiple > 1:
        contract["onnx"]["multiple"] = told.multiple
    template = repository.models_folder() / "_template" / "1" / "model.py"
    contract["model"]["artifacts"] = blank.artifacts(
        ["answerprint_model/__init__.py", "answerprint_model/network.py"],
        ["1/model.py", "1/model.onnx"],
    )
    with _placed(models, task) as folder:
        shutil.copyfile(template, folder / "1" / "model.py")
        shutil.copyfile(file, folder / "1" / "model.onnx")
        _check_whole(folder / "1" / "model.onnx", file)
        _finish(folder, contract)
    return Made(models / task, tuple(_known(found, sort, axes, told)), tuple(_open(found, sort)))


def of_python(models: Path, task: str, file: Path, name: str, *, encoding: str) -> Made:
    """A task of a Python function that takes a picture and gives one; its file is copied.

    The function is not run here. Raises as `of_onnx`.
    """
    _check_new(models, task)
    text, parameters = function.read(file, name)
    module = file.stem
    if not module.isidentifier() or keyword.iskeyword(module) or _is_taken(module):
        raise JobError(
            f"A file called {file.name} cannot be imported beside model.py.",
            remedy="Rename it: letters, digits and _, and no name of Python's own modules.",
        )
    contract = blank.contract(task, "image", encoding)
    contract["parameters"] = parameters
    contract["determinism"] = {"kind": "tolerance", "tolerance": 1e-5}
    contract["model"]["artifacts"] = blank.artifacts(
        ["answerprint_model/__init__.py"], ["1/model.py", f"1/{module}.py"]
    )
    with _placed(models, task) as folder:
        (folder / "1" / f"{module}.py").write_text(text, encoding="utf-8", newline="\n")
        program = _PROGRAM.format(title=blank.title(task), module=module, name=name)
        (folder / "1" / "model.py").write_text(program, encoding="utf-8", newline="\n")
        _finish(folder, contract)
    known = [f"controls: {', '.join(one['name'] for one in parameters) or 'none'}"]
    return Made(models / task, tuple(known), (*_LEGAL, _ENCODING, "other files that it imports"))


_ENCODING = "the encoding that the model wants, and what it does with light above 1"
_LEGAL = ("licences, training data, consent, origin",)


def _check_new(models: Path, task: str) -> None:
    if not NAME.fullmatch(task):
        raise JobError(
            f"'{task}' is no name of a task.",
            remedy="Use small letters, digits and _, a letter first.",
        )
    if (models / task).exists() or (models / task).is_symlink():
        raise TakeExists(
            f"{(models / task).as_posix()} is there already.",
            remedy="Choose another name; nothing is overwritten.",
        )


@contextmanager
def _placed(models: Path, task: str) -> Iterator[Path]:
    """A folder of another name that becomes the task's once it is whole.

    Raises:
        TakeExists: somebody else made it meanwhile.
        TakeError: it cannot be written; DiskFull if there is no space.
    """
    folder = models / f".{task}.{os.getpid()}.part" / task
    try:
        (folder / "1").mkdir(parents=True)
        yield folder
        _check_new(models, task)
        folder.rename(models / task)
    except OSError as error:
        raise documents.unwritable(models, error) from error
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)


def _check_whole(copy: Path, file: Path) -> None:
    """Raises SourceError: the copy does not load, so its weights lie in another file."""
    try:
        graph.read(copy)
    except SourceError as error:
        raise SourceError(
            f"{file.as_posix()} keeps its weights in another file, which does not come along.",
            remedy="Save it with its weights inside: onnx.save(onnx.load(FILE), OTHER).",
        ) from error


def _finish(folder: Path, contract: dict[str, Any]) -> None:
    text = json.dumps(contract, indent=2, ensure_ascii=False)
    (folder / "contract.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    repository.update(folder)
    firstcase.write(folder, contract)


def _inputs(
    found: Graph, kind: str, counts: dict[str, int], encoding: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Of the contract and of its section onnx. The first is the picture, others are numbers."""
    inputs, places = [], {}
    for index, one in enumerate(found.pictures):
        name = (
            ("color" if kind == "image" else blank.word(one.name))
            if not index
            else blank.word(one.name)
        )
        made = blank.port(name, kind, counts[one.name], encoding if not index else "data")
        if index:
            made["layers"] = [name]
        inputs.append(made)
        places[name] = {"tensor": one.name}
    return inputs, places


def _outputs(
    found: Graph, kind: str, first: dict[str, Any], told: Told
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The first of as many channels as the picture stands in its place; others are new layers."""
    outputs: list[dict[str, Any]] = []
    places: dict[str, Any] = {}
    replaced = False
    for one in found.outputs:
        count, factor = told.channels[one.name], told.factors[one.name]
        made: dict[str, Any]
        if not replaced and count == len(first["channels"][0]) and factor is not None:
            replaced = True
            made = {
                "name": first["name"],
                "replaces": first["name"],
                "encoding": first["encoding"],
            }
        else:
            name = blank.word(one.name)
            made = {"name": name, "channels": blank.channels(name, kind, count), "encoding": "data"}
        if factor is None:
            made["size"] = "own"
        elif factor != 1:
            made["scale"] = factor
        outputs.append(made)
        places[made["name"]] = {"tensor": one.name}
    return outputs, places


def _cut(told: Told, kind: str) -> dict[str, Any]:
    if told.fixed is not None:
        edge = {"tile": told.fixed, "context": 0, "multiple": told.fixed}
        return {"mode": "tiles", **edge, "tolerance": 0.0}
    if kind == "image" and told.multiple > 1:
        return {"mode": "whole", "multiple": told.multiple}
    return {"mode": "whole"}


def _control(one: Tensor) -> dict[str, Any]:
    words = f"The graph's tensor {one.name}; what it does is unknown."
    return {"name": blank.word(one.name), "type": "float", "default": 1.0, "help": words}


def _count(one: Tensor, kind: str, layout: str) -> int:
    """Its channels. Raises SourceError: no plate has that many."""
    count = graph.channels(one, layout) or (1 if kind in ("volume", "heightfield") else 3)
    if count not in blank.SETS[kind]:
        known = ", ".join(map(str, blank.SETS[kind]))
        raise SourceError(
            f"Tensor {one.name} takes {count} channels; of kind {kind} there are {known}.",
            remedy="Export it so, or write a function that puts them together and see --python.",
        )
    return count


def _known(found: Graph, kind: str, layout: str, told: Told) -> Iterator[str]:
    names = [f"{one.name} {one.shape}" for one in (*found.inputs, *found.outputs)]
    yield f"tensors: {', '.join(names).replace('None', 'any')}"
    yield f"kind {kind}, layout {layout}"
    if told.fixed is not None:
        yield f"frames are cut into squares of {told.fixed}, as the graph takes no other size"
    elif told.multiple > 1:
        yield f"frames are padded to a multiple of {told.multiple}: smaller ones failed"
    else:
        yield "frames of any size"
    for name, factor in told.factors.items():
        yield f"{name}: {'a size of its own' if factor is None else f'{factor}x the size'}"
    yield "the same twice gives the same" if told.repeats else "the same twice gives another answer"
    if told.reach is not None:
        yield (
            f"a pixel was seen {told.reach} px away: frames could be cut into tiles with a context "
            "of that or more"
        )


def _open(found: Graph, kind: str) -> Iterator[str]:
    yield from _LEGAL
    yield "what it is for (purpose)"
    if kind == "image":
        yield _ENCODING
    for one in found.controls:
        yield f"what {one.name} does, and its range"


def _is_taken(module: str) -> bool:
    return module in sys.stdlib_module_names or module in ("model", "numpy", "answerprint_model")
