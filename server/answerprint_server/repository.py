"""The model repository: contracts are written once, and carried inside each model's configuration.

    python -m answerprint_server.repository [DIR]

brings the config.pbtxt and digests of every model, Answerprint's own or those in DIR, up to date
with its contract.json and its files. Run it after changing a model; a test holds that it was run.
A model without config.pbtxt gets one. A folder whose name begins with _ is no model.

Where a model has several versions, 1/ and 2/ side by side, contract.json describes one of them, and
each other has a contract.json of its own in its folder. All are served at once, each with its own.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from answerprint import contract, documents
from answerprint.contract import HALF, Artifact, Contract, Input, Output
from answerprint.errors import AnswerprintError, ContractError
from answerprint_server import pbtxt, pins, tensors

MARK = "# The contract, from contract.json by answerprint_server.repository; do not edit here."
CONTRACT, CONFIG = "contract.json", "config.pbtxt"
ALL_VERSIONS = "version_policy: { all { } }"  # Triton's own is the newest alone

_VERSION = re.compile(r"[1-9]\d{0,8}")


def models_folder() -> Path:
    """The repository that comes with Answerprint: beside this package, in a wheel or a clone."""
    inside = Path(__file__).resolve().parent / "models"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[1] / "models"


def models(repository: Path) -> list[Path]:
    """The model folders, by name."""
    found = (path.parent for path in repository.glob("*/config.pbtxt"))
    return sorted(path for path in found if not path.name.startswith("_"))


def described(repository: Path) -> list[Path]:
    """The folders with a contract, by name: models that have a configuration, or get one."""
    found = (path.parent for path in repository.glob("*/contract.json"))
    return sorted(path for path in found if not path.name.startswith("_"))


def versions(model: Path) -> list[str]:
    """The version folders of a model, oldest first."""
    found = (one.name for one in model.iterdir() if one.is_dir())
    return sorted((name for name in found if _VERSION.fullmatch(name)), key=int)


def contract_of(model: Path, version: str) -> Path:
    """The file that describes a version: its own, or the model's."""
    own = model / version / CONTRACT
    return own if own.is_file() else model / CONTRACT


def up_to_date(model: Path) -> bool:
    """Whether the model's contracts and configuration agree with its files."""
    return all(_text(path) == text for path, text in _fresh(model).items())


def update(model: Path) -> None:
    """Write the digests into each contract.json and the contracts into config.pbtxt.

    A file that holds it already stays as it is; another is written as a whole, or not at all.

    Raises:
        OSError: one cannot be written.
        ContractError: a contract is wrong, a file that it names is missing, an artifact's package
            is not installed, or a version is not described, or not as the others are.
    """
    for path, text in _fresh(model).items():
        if not path.is_file() or _text(path) != text:
            documents.write_bytes(path, text.encode("utf-8"))


def _fresh(model: Path) -> dict[Path, str]:
    """What each contract and the configuration have to hold, by their path."""
    first = model / CONTRACT
    own = {one: path for one in versions(model) if (path := contract_of(model, one)) != first}
    texts = {path: _digested(model, path) for path in [first, *own.values()]}
    found = {path: contract.parse(text, where=_place(path)) for path, text in texts.items()}
    for version in versions(model):
        _check_described(found[own.get(version, first)], version, model)
    for path in own.values():
        _check_alike(found[first], found[path], path)
    config = _configuration(model, found[first])
    _check_halves(found[first], config)
    carried = [_parameter("contract", texts[first])]
    carried += [_parameter(f"contract.{one}", texts[path]) for one, path in own.items()]
    if len(versions(model)) > 1 and not pbtxt.has(config, "version_policy"):
        carried.append(ALL_VERSIONS)
    return {**texts, model / CONFIG: "\n".join([config, MARK, *carried]) + "\n"}


def _digested(model: Path, path: Path) -> str:
    """A contract with the digests that its files have now."""
    text = _text(path)
    for one in contract.parse(text, where=_place(path)).artifacts:
        known = re.compile(rf'("name": "{re.escape(one.name)}",\s*"sha256": ")[0-9a-f]{{64}}')
        text = known.sub(rf"\g<1>{_digest(model, one)}", text)
    return text


def _place(path: Path) -> str:
    """denoise, or denoise/2 for a version's own."""
    folder = path.parent
    is_own = _VERSION.fullmatch(folder.name) is not None
    return f"{folder.parent.name}/{folder.name}" if is_own else folder.name


def _parameter(key: str, text: str) -> str:
    compact = json.dumps(json.loads(text), ensure_ascii=True)
    carried = json.dumps(compact)  # a JSON string is spelled as a pbtxt string is
    return f'parameters {{ key: "{key}" value {{ string_value: {carried} }} }}'


def _check_described(found: Contract, version: str, model: Path) -> None:
    """Raises ContractError: the only contract that a version has is another's."""
    if not found.describes(version):
        raise ContractError(
            f"Version {version} of {model.name} has no contract of its own, and {CONTRACT} is of "
            "another.",
            remedy=f"Write {model.name}/{version}/{CONTRACT}, with this version's files among its "
            "artifacts.",
        )


def _check_alike(first: Contract, other: Contract, path: Path) -> None:
    """Raises ContractError: versions have one configuration, so they must have one kind of tensors."""
    if other.task != first.task:
        raise ContractError(
            f"{_place(path)} holds the contract of task {other.task}, and the model that of "
            f"{first.task}.",
            remedy="A version is of the same task; another task has a folder of its own.",
        )
    if tensors.configuration(other) != tensors.configuration(first):
        raise ContractError(
            f"{_place(path)} has other tensors than the model's other versions.",
            remedy="Versions of one model take and give the same inputs and outputs; make it "
            "another task where they have to differ.",
        )


def _configuration(model: Path, found: Contract) -> str:
    """A model's configuration without its contract; written anew where nobody wrote one."""
    try:
        own = _text(model / CONFIG).partition(MARK)[0].rstrip()
    except FileNotFoundError:
        own = tensors.MARK
    return tensors.configuration(found) if own.startswith(tensors.MARK) else own


def _check_halves(found: Contract, config: str) -> None:
    """Raises ContractError: what may be sent as half has no tensor for that."""
    images: list[Input | Output] = [*found.inputs, *found.outputs]
    due = Counter(f"{one.name}{HALF}" for one in images if one.half)
    for name, times in due.items():
        if len(re.findall(rf'"{re.escape(name)}"\s+data_type:\s*TYPE_FP16', config)) != times:
            raise ContractError(
                f"The contract of {found.task} says half, and its config.pbtxt has no {name}.",
                remedy=f"Add {name} of TYPE_FP16 beside the image itself; both with optional: true "
                "where they are inputs.",
            )


def _digest(model: Path, artifact: Artifact) -> str:
    if not artifact.package:
        path = model / artifact.name
        _check_inside(path, model)
    else:
        package = pins.folder_of(artifact.name)
        if package is None:
            raise ContractError(
                f"{artifact.name} of {model.name} is not installed.",
                remedy=f"Install {artifact.package}.",
            )
        path = package.parent / artifact.name
    if not path.is_file():
        is_there = "is no file" if path.exists() else "is not there"
        raise ContractError(
            f"{path.as_posix()} {is_there}, and the contract of {model.name} names it.",
            remedy="Put the file there, or take it out of the contract's artifacts.",
        )
    return pins.digest(path)


def _check_inside(path: Path, model: Path) -> None:
    """Raises ContractError: a link leads to what may change, or be read, without the model's folder."""
    if not path.resolve().is_relative_to(model.resolve()):
        raise ContractError(
            f"{path.as_posix()} is a link out of the model's folder, and its contract names it.",
            remedy="Put the file itself there.",
        )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="answerprint_server.repository", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=models_folder(), metavar="DIR")
    folder = parser.parse_args(words).folder
    try:
        for model in described(folder):
            _check_name(model)
            update(model)
            sys.stdout.write(f"{model.name}: up to date\n")
    except AnswerprintError as error:
        return _said(error)
    except OSError as error:
        return _said(documents.unwritable(folder, error))
    return 0


def _said(error: AnswerprintError) -> int:
    sys.stderr.write(f"{error.problem}\n{error.remedy}\n")
    return error.exit_code


def _check_name(model: Path) -> None:
    """Raises ContractError: a task is found by its folder's name, and the contract has another."""
    task = contract.parse(_text(model / CONTRACT), where=model.name).task
    if task != model.name:
        raise ContractError(
            f"The folder {model.name} holds the contract of task {task}.",
            remedy="Give the folder and 'task' in its contract.json one name.",
        )


if __name__ == "__main__":
    sys.exit(main())
