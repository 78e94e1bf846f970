"""The model repository: contracts are written once, and carried inside each model's configuration.

    python -m answerprint_server.repository

brings every model's config.pbtxt and digests up to date with its contract.json and its files.
Run it after changing a model; a test holds that it was run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path

from answerprint import contract
from answerprint.contract import HALF, Artifact, Contract, Input, Output
from answerprint.errors import ContractError

MARK = "# The contract, from contract.json by answerprint_server.repository; do not edit here."


def models_folder() -> Path:
    """The repository that comes with Answerprint: beside this package, in a wheel or a clone."""
    inside = Path(__file__).resolve().parent / "models"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[1] / "models"


def models(repository: Path) -> list[Path]:
    """The model folders, by name."""
    return sorted(path.parent for path in repository.glob("*/config.pbtxt"))


def up_to_date(model: Path) -> bool:
    """Whether the model's contract and configuration agree with its files."""
    described, configured = _fresh(model)
    return (
        _text(model / "contract.json") == described and _text(model / "config.pbtxt") == configured
    )


def update(model: Path) -> None:
    """Write the digests into contract.json and the contract into config.pbtxt.

    Raises:
        ContractError: the contract is wrong, or an artifact's package is not installed.
    """
    described, configured = _fresh(model)
    (model / "contract.json").write_text(described, encoding="utf-8", newline="\n")
    (model / "config.pbtxt").write_text(configured, encoding="utf-8", newline="\n")


def _fresh(model: Path) -> tuple[str, str]:
    described = _text(model / "contract.json")
    found = contract.parse(described, where=model.name)
    for one in found.artifacts:
        known = re.compile(rf'("name": "{re.escape(one.name)}",\s*"sha256": ")[0-9a-f]{{64}}')
        described = known.sub(rf"\g<1>{_digest(model, one)}", described)
    compact = json.dumps(json.loads(described), ensure_ascii=True)
    carried = json.dumps(compact)  # a JSON string is spelled as a pbtxt string is
    own = _text(model / "config.pbtxt").partition(MARK)[0].rstrip()
    _check_halves(found, own)
    parameter = f'parameters {{ key: "contract" value {{ string_value: {carried} }} }}'
    return described, f"{own}\n{MARK}\n{parameter}\n"


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
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    for folder in models(models_folder()):
        update(folder)
        sys.stdout.write(f"{folder.name}: up to date\n")
