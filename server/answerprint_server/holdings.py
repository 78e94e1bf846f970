"""Holdings: the files that a model's folder holds, and which of them may not be there."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from answerprint_server.finding import Finding

MOST_FILES = 10_000
MOST_DOCUMENT_BYTES = 4 << 20  # of a text that we read: contract, configuration, program
MOST_CASE_BYTES = 4 << 20  # of all files of one golden case
MOST_GRAPH_BYTES = 2 << 30  # what protobuf can hold, and so an ONNX file
DOCUMENTS = (".json", ".pbtxt", ".py", ".md", ".toml")
# what unpickling reads: whoever wrote such a file runs a program in whoever loads it
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib")
UNUSED = ("__pycache__",)
_EVALUATE = {"eval", "exec", "__import__"}
_UNPICKLE = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}


@dataclass(frozen=True)
class Holdings:
    """Plain files that may be read, none reached by a way out of the repository; and what is wrong."""

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]


def of(model: Path, repository: Path) -> Holdings:
    """All that lies in a model's folder. Links are followed only where they stay inside."""
    files: list[Path] = []
    findings: list[Finding] = []
    for path, wrong in _walk(model, repository.resolve(), model.name):
        if wrong is None:
            files.append(path)
            findings += _about(path, repository, model.name)
        else:
            findings.append(wrong)
    findings += _large_cases(model, files, repository)
    return Holdings(tuple(files), tuple(findings))


def _walk(folder: Path, root: Path, model: str) -> Iterator[tuple[Path, Finding | None]]:
    """Every file, each with what forbids reading it."""
    waiting, seen = [folder], 0
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name in UNUSED:
                continue
            seen += 1
            if seen > MOST_FILES:
                yield path, _crowded(model)
                return
            if path.is_symlink() and not _stays(path, root):
                yield path, _escapes(path, root, model)
            elif path.is_dir():
                if not path.is_symlink():  # what it leads to is held where it lies
                    waiting.append(path)
            elif path.is_file():
                yield path, None
            else:
                yield path, _strange(path, root, model)


def _stays(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # it leads nowhere, or in a circle
        return False


def _crowded(model: str) -> Finding:
    return Finding(
        "error",
        "size",
        model,
        f"The folder holds more than {MOST_FILES:,} files; the others were not looked at.",
        "Keep what the model is not made of, like training data, elsewhere.",
    )


def _escapes(path: Path, root: Path, model: str) -> Finding:
    there = path.readlink().as_posix()
    why = "leads out of the repository" if path.exists() else "leads nowhere"
    return Finding(
        "error",
        "link",
        model,
        f"The link {why}, to {there}.",
        "Put the file itself there: what is served must not change from outside.",
        file=_name(path, root),
    )


def _strange(path: Path, root: Path, model: str) -> Finding:
    return Finding(
        "error",
        "link",
        model,
        "It is neither a file nor a folder.",
        "Take it away: sockets, pipes and devices have no place in a repository.",
        file=_name(path, root),
    )


def _about(path: Path, root: Path, model: str) -> Iterator[Finding]:
    """What is wrong with one file."""
    name, size = _name(path, root), path.stat().st_size
    if path.suffix in DOCUMENTS and size > MOST_DOCUMENT_BYTES:
        yield Finding(
            "error",
            "size",
            model,
            f"It is {size:,} bytes; texts have {MOST_DOCUMENT_BYTES:,} at most.",
            "Keep numbers in a file of arrays, not in a text.",
            file=name,
        )
    elif path.suffix == ".onnx" and size >= MOST_GRAPH_BYTES:
        yield Finding(
            "error",
            "size",
            model,
            f"The graph is {size:,} bytes; ONNX files have less than {MOST_GRAPH_BYTES:,}.",
            "Store its weights as external data beside it, and name both among the artifacts.",
            file=name,
        )
    elif path.suffix == ".py":
        yield from _program(path, name, model)
    if path.suffix.lower() in PICKLES or _is_pickle(path):
        yield Finding(
            "error",
            "pickle",
            model,
            "It is a pickle: whoever loads it runs what its writer wished.",
            "Store the weights as ONNX, safetensors or .npz.",
            file=name,
        )


def _is_pickle(path: Path) -> bool:
    """By its content, whatever it is called: protocol 2 and later, or an archive of PyTorch's."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
                stream.seek(-1, 2)
                return stream.read(1) == b"."
        if head != b"PK\x03\x04":
            return False
        with zipfile.ZipFile(path) as packed:
            return any(one.endswith(".pkl") for one in packed.namelist()[:MOST_FILES])
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def _program(path: Path, name: str, model: str) -> Iterator[Finding]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        yield Finding(
            "error",
            "program",
            model,
            f"It is no Python: {said}.",
            "Correct it; the server cannot load the model.",
            file=name,
            line=line,
        )
        return
    for node in ast.walk(tree):
        word = _dangerous(node)
        if word:
            yield Finding(
                "warn",
                "program",
                model,
                f"It uses {word}: what is read may become a program.",
                "Read weights and settings by a format that only holds numbers and text.",
                file=name,
                line=getattr(node, "lineno", 0),
            )


def _dangerous(node: ast.AST) -> str:
    """What of Python runs what it reads; '' where this is none of that."""
    if isinstance(node, ast.Import):
        return next((one.name for one in node.names if one.name.split(".")[0] in _UNPICKLE), "")
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _UNPICKLE:
        return str(node.module)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in _EVALUATE else ""
    return ""


def _large_cases(model: Path, files: list[Path], root: Path) -> Iterator[Finding]:
    sizes: dict[Path, int] = {}
    for path in files:
        within = path.relative_to(model).parts
        if len(within) > 2 and within[0] == "golden":
            case = model / "golden" / within[1]
            sizes[case] = sizes.get(case, 0) + path.stat().st_size
    for case, size in sizes.items():
        if size > MOST_CASE_BYTES:
            yield Finding(
                "warn",
                "size",
                model.name,
                f"The golden case is {size:,} bytes; {MOST_CASE_BYTES:,} are plenty.",
                "Cut a detail out of its frames: everybody who clones the repository has it.",
                file=_name(case, root),
            )


def _name(path: Path, root: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.name
