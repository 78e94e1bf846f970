"""The model repository: contracts are written once, and carried inside each model's configuration.

    python -m answerprint_server.repository [DIR]

brings the config.pbtxt and digests of every model, Answerprint's own or those in DIR, up to date
with its contract.json and its files. Run it after changing a model; a test holds that it was run.
A model without config.pbtxt gets one. A folder whose name begins with _ is no model.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from answerprint import contract
from answerprint.contract import HALF, Artifact, Contract, Input, Output
from answerprint.errors import AnswerprintError, ContractError
from answerprint_server import tensors

MARK = "# The contract, from contract.json by answerprint_server.repository; do not edit here."


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


def up_to_date(model: Path) -> bool:
    """Whether the model's contract and configuration agree with its files."""
    contracted, configured = _fresh(model)
    return (
        _text(model / "contract.json") == contracted and _text(model / "config.pbtxt") == configured
    )


def update(model: Path) -> None:
    """Write the digests into contract.json and the contract into config.pbtxt.

    Raises:
        ContractError: the contract is wrong, a file that it names is missing, or an artifact's
            package is not installed.
    """
    contracted, configured = _fresh(model)
    (model / "contract.json").write_text(contracted, encoding="utf-8", newline="\n")
    (model / "config.pbtxt").write_text(configured, encoding="utf-8", newline="\n")


def _fresh(model: Path) -> tuple[str, str]:
    text = _text(model / "contract.json")
    found = contract.parse(text, where=model.name)
    for one in found.artifacts:
        known = re.compile(rf'("name": "{re.escape(one.name)}",\s*"sha256": ")[0-9a-f]{{64}}')
        text = known.sub(rf"\g<1>{_digest(model, one)}", text)
    compact = json.dumps(json.loads(text), ensure_ascii=True)
    carried = json.dumps(compact)  # a JSON string is spelled as a pbtxt string is
    own = _configuration(model, found)
    _check_halves(found, own)
    parameter = f'parameters {{ key: "contract" value {{ string_value: {carried} }} }}'
    return text, f"{own}\n{MARK}\n{parameter}\n"


def _configuration(model: Path, found: Contract) -> str:
    """A model's configuration without its contract; written anew where nobody wrote one."""
    try:
        own = _text(model / "config.pbtxt").partition(MARK)[0].rstrip()
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
    else:
        spec = importlib.util.find_spec(artifact.name.split("/")[0])
        if spec is None or spec.origin is None:
            raise ContractError(
                f"{artifact.name} of {model.name} is not installed.",
                remedy=f"Install {artifact.package}.",
            )
        path = Path(spec.origin).parent.parent / artifact.name
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise ContractError(
            f"{path.as_posix()} is not there, and the contract of {model.name} names it.",
            remedy="Put the file there, or take it out of the contract's artifacts.",
        ) from None


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
        sys.stderr.write(f"{error.problem}\n{error.remedy}\n")
        return error.exit_code
    return 0


def _check_name(model: Path) -> None:
    """Raises ContractError: a task is found by its folder's name, and the contract has another."""
    task = contract.parse(_text(model / "contract.json"), where=model.name).task
    if task != model.name:
        raise ContractError(
            f"The folder {model.name} holds the contract of task {task}.",
            remedy="Give the folder and 'task' in its contract.json one name.",
        )


if __name__ == "__main__":
    sys.exit(main())
