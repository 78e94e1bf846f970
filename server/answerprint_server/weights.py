"""Weights: the artifacts of a contract held against the files and the pinned packages they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from answerprint import __version__
from answerprint.contract import Artifact, Contract, leads_out
from answerprint_server import holdings, pins
from answerprint_server.finding import Finding, line_in

# reads the arrays of a checkpoint without running what a pickle says
READER = "answerprint_model/checkpoint.py"


def of(
    folder: Path, place: str, text: str, found: Contract, known: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """What is wrong with a contract's artifacts; `known`: package -> its pinned versions."""
    reads_pickles = any(one.name == READER for one in found.artifacts)
    for index, one in enumerate(found.artifacts):
        field = f"model.artifacts[{index}]"
        for severity, rule, key, problem, remedy in (
            *_package(one, known),
            *_file(one, folder),
            *_pickled(one, reads_pickles=reads_pickles),
        ):
            path = f"{field}.{key}"
            yield Finding(
                severity, rule, folder.name, problem, remedy, place, line_in(text, path), path
            )
    if _programs(folder) and not any(
        not one.package and one.name.endswith("model.py") for one in found.artifacts
    ):
        yield Finding(
            "warn",
            "digest",
            folder.name,
            "model.py is not among the artifacts: it could be changed, and no take would say so.",
            "Name it among model.artifacts.",
            place,
            line_in(text, "model.artifacts"),
            "model.artifacts",
        )
    yield from _optional(folder, place, text, found)


def _programs(folder: Path) -> list[Path]:
    return list(folder.glob("[0-9]*/model.py"))


def _package(one: Artifact, known: Mapping[str, set[str]]) -> Iterator[tuple[Any, ...]]:
    """Whether the package is pinned, and the one that is here."""
    if not one.package:
        return
    parted = pins.parted(one.package)
    if parted is None:
        remedy = "Write name==version: another version holds other weights."
        yield "error", "package", "package", f"'{one.package}' is not pinned.", remedy
        return
    name, version = parted
    pinned = {__version__} if name == pins.OURS else known.get(name)
    if pinned is None and known:
        remedy = f"Add {one.package} with its hash to a lock, and name that with --lock."
        yield "warn", "package", "package", f"No lock pins {name}.", remedy
    elif pinned is not None and version not in pinned:
        remedy = "Name one version in both; then run answerprint_server.repository."
        said = f"The lock pins {name} {', '.join(sorted(pinned))}, and this is {version}."
        yield "error", "package", "package", said, remedy
    here = pins.installed(name)
    if here is not None and here != version:
        remedy = f"Run: pip install {one.package}"
        yield "error", "package", "package", f"{name} {here} is installed, not {version}.", remedy


def _file(one: Artifact, folder: Path) -> Iterator[tuple[Any, ...]]:
    """Whether the file is there, inside, and the one that was described."""
    root = folder
    if one.package:
        package = pins.folder_of(one.name)
        if package is None:
            remedy = f"Run: pip install {one.package}"
            said = f"{one.package} is not installed here: its digest was not held."
            yield "warn", "digest", "sha256", said, remedy
            return
        root = package.parent
    path = root / one.name
    if not path.is_file():
        remedy = "Put the file there, or take it out of the artifacts."
        yield "error", "digest", "name", f"{one.name} is not there.", remedy
        return
    if not path.resolve().is_relative_to(root.resolve()) and not one.package:
        remedy = "Put the file itself there."
        yield "error", "path", "name", f"'{one.name}' is a link out of the folder.", remedy
        return
    found = pins.digest(path)
    if found != one.sha256:
        said = (
            f"{one.name} has SHA-256 {found[:12]}..., and the contract names {one.sha256[:12]}..."
        )
        remedy = "Bring back the file that was described. If it was changed on purpose, run "
        remedy += "answerprint_server.repository and 'answerprint models test'."
        yield "error", "digest", "sha256", f"{said}: the server will not load it.", remedy


def _pickled(one: Artifact, *, reads_pickles: bool) -> Iterator[tuple[Any, ...]]:
    if one.package and one.name.lower().endswith(holdings.PICKLES) and not reads_pickles:
        yield (
            "error",
            "pickle",
            "name",
            f"{one.name} is a pickle: whoever loads it runs what its writer wished.",
            f"Read its arrays by {READER}, named among the artifacts, or convert it to ONNX.",
        )


def _optional(folder: Path, place: str, text: str, found: Contract) -> Iterator[Finding]:
    """Weights that a studio may fetch: their paths are held as well."""
    listed = (found.model.model_extra or {}).get("optional", [])
    for index, one in enumerate(listed if isinstance(listed, list) else []):
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or leads_out(name):
            field = f"model.optional[{index}]"
            yield Finding(
                "error",
                "path",
                folder.name,
                f"'{name}' is no file below the model's folder.",
                "Name a file below it, like extra/weights.onnx.",
                place,
                line_in(text, field),
                field,
            )
