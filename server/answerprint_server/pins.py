"""Pins: which versions of the packages that carry weights the lock files name, and which are here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from answerprint.errors import SetupError

MOST_LOCK_BYTES = 16 << 20
OURS = "answerprint"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_SPEC = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)")


def lock_files() -> list[Path]:
    """Those of a clone of Answerprint; an installed one has none."""
    folder = Path(__file__).resolve().parents[2] / "install"
    return sorted(folder.glob("*.lock"))


def read(files: Iterable[Path]) -> dict[str, set[str]]:
    """Package -> the versions that lock files pin it to.

    Raises SetupError: one cannot be read.
    """
    pins: dict[str, set[str]] = {}
    for file in files:
        try:
            if file.stat().st_size > MOST_LOCK_BYTES:
                raise SetupError(
                    f"{file.as_posix()} is larger than {MOST_LOCK_BYTES:,} bytes.",
                    remedy="Name a file of pinned packages, as pip reads it.",
                )
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SetupError(
                f"{file.as_posix()} cannot be read: {why}.", remedy="Check the path of the lock."
            ) from error
        for name, version in _PIN.findall(text):
            pins.setdefault(normal(name), set()).add(version)
    return pins


def parted(package: str) -> tuple[str, str] | None:
    """The name and version of pyoidn==2.5.1.0; None where it is not pinned so."""
    found = _SPEC.fullmatch(package)
    return (normal(found[1]), found[2]) if found else None


def normal(name: str) -> str:
    """A package's name as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(name: str) -> str | None:
    """The version that is installed here; None: it is not."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def folder_of(artifact: str) -> Path | None:
    """Where the package of an artifact like 'pyoidn/oidn/lib/x.so' lies; None: not here."""
    top = artifact.split("/", maxsplit=1)[0]
    if not top.isidentifier():
        return None
    spec = importlib.util.find_spec(top)
    return None if spec is None or spec.origin is None else Path(spec.origin).resolve().parent


def digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces: weights may be larger than memory."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
