"""Lint: a model repository held to what every model in it has to be, without starting any of them.

What is wrong with one model is a finding, never an exception: the others are looked at as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from answerprint import contract, documents
from answerprint.contract import Contract
from answerprint.errors import AnswerprintError, SourceError
from answerprint_server import (
    configured,
    fields,
    golden,
    holdings,
    pins,
    repository,
    tensors,
    weights,
)
from answerprint_server.finding import Finding, line_in, ordered

NAME = re.compile(r"[a-z][a-z0-9_]*")
CONTRACT, CONFIG = "contract.json", "config.pbtxt"
_PATH = re.compile(r"\b([a-z_]+(?:\[\d+\]|\.[a-z_]+)*)(?=[:\s])")
ANEW = "Run: python -m answerprint_server.repository {folder}"


@dataclass(frozen=True)
class Model:
    """A model's folder in its repository, and those of its files that may be read."""

    folder: Path
    repository: Path
    files: frozenset[Path]

    @property
    def name(self) -> str:
        return self.folder.name

    def place(self, path: Path) -> str:
        """The file's name below the repository."""
        return path.relative_to(self.repository).as_posix()

    def text(self, path: Path) -> str | None:
        """A document's text; None where it is not there, is none, or may not be read."""
        if path not in self.files or path.stat().st_size > holdings.MOST_DOCUMENT_BYTES:
            return None
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None


def check(
    folder: Path, *, tasks: Collection[str] = (), locks: Iterable[Path] | None = None
) -> list[Finding]:
    """What is wrong with a repository, or with some of its tasks.

    locks   files of pinned packages; None: those of this clone

    Raises:
        SourceError: there is no such folder, it holds no model, or a task is not in it.
        SetupError: a lock cannot be read.
    """
    known = pins.read(pins.lock_files() if locks is None else locks)
    found: list[Finding] = []
    for model in chosen(folder, tasks):
        found += _of(model, folder, known)
    return ordered(found)


def chosen(folder: Path, tasks: Collection[str] = ()) -> list[Path]:
    """The folders of a repository that are models or are taken for some, or those of `tasks`.

    Raises SourceError: as `check`.
    """
    if not folder.is_dir():
        raise SourceError(
            f"{folder.as_posix()} is no folder.", remedy="Name the folder with the models."
        )
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.is_symlink()]
    found = [path for path in found if not path.name.startswith(("_", "."))]
    if not found:
        raise SourceError(
            f"{folder.as_posix()} holds no models.",
            remedy="A repository has a folder for each; 'answerprint models add' makes one.",
        )
    names = [path.name for path in found]
    for task in tasks:
        if task not in names:
            raise SourceError(
                f"{folder.as_posix()} has no model '{task}'.{documents.did_you_mean(task, names)}",
                remedy=f"It has {', '.join(names)}.",
            )
    return [path for path in found if not tasks or path.name in tasks]


def _of(folder: Path, root: Path, known: Mapping[str, set[str]]) -> Iterator[Finding]:
    """All findings of one model."""
    if not folder.resolve().is_relative_to(root.resolve()) or not folder.is_dir():
        yield Finding(
            "error",
            "link",
            folder.name,
            f"The folder is a link out of the repository, to {folder.readlink().as_posix()}.",
            "Put the model itself there.",
            file=folder.name,
        )
        return
    held = holdings.of(folder, root)
    yield from held.findings
    model = Model(folder, root, frozenset(held.files))
    if not {folder / CONTRACT, folder / CONFIG} & model.files:
        yield Finding(
            "error",
            "contract",
            model.name,
            "The folder has neither contract.json nor config.pbtxt, and the server takes it for a "
            "model.",
            "Write its contract.json, or let the folder's name begin with _.",
            file=model.name,
        )
        return
    yield from _named(model)
    yield from _described(model, known)


def _named(model: Model) -> Iterator[Finding]:
    if not NAME.fullmatch(model.name):
        yield Finding(
            "error",
            "name",
            model.name,
            f"'{model.name}' is no name of a task.",
            "Use small letters, digits and _, a letter first.",
            file=model.name,
        )
    numbers = [one.name for one in model.folder.iterdir() if one.is_dir() and one.name.isdigit()]
    for number in numbers:
        if number not in repository.versions(model.folder):
            yield Finding(
                "error",
                "name",
                model.name,
                f"'{number}' is no number of a version.",
                "Versions are 1, 2 and on, without zeros before them.",
                file=f"{model.name}/{number}",
            )
    if not repository.versions(model.folder):
        yield Finding(
            "error",
            "version",
            model.name,
            "It has no version: Triton looks for the model in a folder 1.",
            "Put model.py into a folder 1.",
            file=model.name,
        )


def _described(model: Model, known: Mapping[str, set[str]]) -> Iterator[Finding]:
    """Contracts, and what they are held against."""
    paths = [model.folder / CONTRACT]
    paths += [
        model.folder / one / CONTRACT
        for one in repository.versions(model.folder)
        if model.folder / one / CONTRACT in model.files
    ]
    read: dict[Path, Contract] = {}
    digests = True
    for path in paths:
        text = model.text(path)
        found, wrong = _contract(model, path, text)
        yield from wrong
        if found is None or text is None:
            continue
        read[path] = found
        told = [*weights.of(model.folder, model.place(path), text, found, known)]
        digests = digests and not any(one.severity == "error" for one in told)
        yield from told
        yield from fields.of(model.name, model.place(path), text, found)
    first = read.get(paths[0])
    if first is None:
        return
    yield from _alike(model, first, read)
    yield from _configuration(model, first, may_be_held=digests and len(read) == len(paths))
    yield from _golden(model, first)


def _contract(model: Model, path: Path, text: str | None) -> tuple[Contract | None, list[Finding]]:
    place = model.place(path)
    if text is None:
        remedy = "Write it: server/models/_template/README.md says how, field by field."
        why = "It cannot be read." if path in model.files else "It is not there."
        return None, [Finding("error", "contract", model.name, why, remedy, file=place)]
    try:
        found = contract.parse(text, where=model.name)
    except AnswerprintError as error:
        said = error.problem.partition(" is wrong: ")[2] or error.problem
        field = next((one for one in _PATH.findall(said) if line_in(text, one)), "")
        line = line_in(text, field) or _line_said(said)
        remedy = "Correct it: server/models/_template/README.md says what each field takes."
        return None, [Finding("error", "contract", model.name, said, remedy, place, line, field)]
    if found.task != model.name:
        wrong = Finding(
            "error",
            "name",
            model.name,
            f"It is of task {found.task}, and the folder is {model.name}.",
            "Give both one name: a task is found by its folder.",
            place,
            line_in(text, "task"),
            "task",
        )
        return found, [wrong]
    return found, []


def _line_said(said: str) -> int:
    """The line that a reader of JSON names."""
    found = re.search(r"\bline (\d+)", said)
    return int(found[1]) if found else 0


def _alike(model: Model, first: Contract, read: Mapping[Path, Contract]) -> Iterator[Finding]:
    """Versions of one model share one configuration, and so their tensors."""
    for path, other in read.items():
        if tensors.configuration(other) != tensors.configuration(first):
            yield Finding(
                "error",
                "tensors",
                model.name,
                "This version has other inputs or outputs than the model's contract.json.",
                "Give versions the same tensors, or make this one a task of its own.",
                file=model.place(path),
            )


def _configuration(model: Model, first: Contract, *, may_be_held: bool) -> Iterator[Finding]:
    path = model.folder / CONFIG
    place, text = model.place(path), model.text(path)
    anew = ANEW.format(folder=model.repository.as_posix())
    if text is None:
        why = "It cannot be read." if path in model.files else "It is not there."
        yield Finding("error", "config", model.name, why, anew, file=place)
        return
    try:
        config = configured.read(text)
    except configured.NoConfiguration as error:
        remedy = "Correct it, or delete the file and have it written anew. " + anew
        yield Finding("error", "config", model.name, f"{error}.", remedy, place, error.line)
        return
    for field, said in configured.strange(config, model.name, first):
        remedy = "Bring config.pbtxt and contract.json to say one thing. " + anew
        yield Finding("error", "config", model.name, f"{said}.", remedy, place, 0, field)
    program = configured.program_of(config)
    for version in repository.versions(model.folder):
        if program and model.folder / version / program not in model.files:
            yield Finding(
                "error",
                "version",
                model.name,
                f"Version {version} has no {program}.",
                f"Put it into {model.name}/{version}, or take that folder away.",
                file=f"{model.name}/{version}",
            )
    if may_be_held:
        yield from _carried(model, place, anew)


def _carried(model: Model, place: str, anew: str) -> Iterator[Finding]:
    """Whether the configuration carries the contracts as they are."""
    try:
        if repository.up_to_date(model.folder):
            return
        why = "It does not carry the contract as it stands in contract.json now."
    except (AnswerprintError, OSError) as error:
        why = error.problem if isinstance(error, AnswerprintError) else str(error.strerror)
        anew = error.remedy if isinstance(error, AnswerprintError) else anew
    yield Finding("error", "config", model.name, why, anew, file=place)


def _golden(model: Model, found: Contract) -> Iterator[Finding]:
    cases = golden.folders(model.folder)
    if not cases:
        yield Finding(
            "error",
            "golden",
            model.name,
            "It has no golden case: nobody would notice that it answers otherwise.",
            "Write golden/<case>/case.json and its input, then 'answerprint models test "
            f"{model.name} --expect'; answerprint_server/golden.py says what stands in them.",
            file=f"{model.name}/golden",
        )
    for folder in cases:
        place = model.place(folder / golden.CASE)
        if folder / golden.CASE not in model.files:
            continue  # a link out of the repository: said already
        try:
            case = golden.read(folder)
            within = {folder / name for name in (*case.frames, case.truth.name)}
            if {path for path in within if path.is_symlink()} - set(model.files):
                continue
            golden.inputs(case, found)
            if case.truth.is_file():
                golden.expected(case, found)
                continue
            why = f"It has no {case.truth.name} yet."
            remedy = (
                f"Run: answerprint models test {model.name} --expect, and look at what it made."
            )
            yield Finding("error", "golden", model.name, why, remedy, file=place)
        except AnswerprintError as error:
            yield Finding("error", "golden", model.name, error.problem, error.remedy, file=place)
