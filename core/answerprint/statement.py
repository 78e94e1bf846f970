"""Statements: what a person decided about a take, signed, one file each; none is ever changed.

.take/reviews/20261129T003400.123Z-<id>.json holds {"statement": {...}, "signature": "ed25519:..."}.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AfterValidator, Field, ValidationError

from answerprint import documents, signing
from answerprint.documents import OpenDocument, canonical, explain
from answerprint.once import Once
from answerprint.take import Take

MOST_BYTES = 16 << 20  # of one file: it names every frame of its take
MOST_NOTE_BYTES = 64 << 10
MOST_POINTS = 20_000  # of all strokes together
MOST_READ = 16_384  # statements that a process keeps in memory

State = Literal["approved", "retake", "withdrawn", "note"]
Keys = dict[str, Ed25519PublicKey]


def _short(text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > MOST_NOTE_BYTES:
        raise ValueError(f"is longer than {MOST_NOTE_BYTES:,} bytes")
    return text


_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Number = Annotated[float, Field(ge=-1e6, le=1e6)]
_Line = Annotated[str, Field(max_length=512)]


class Stroke(OpenDocument):
    """One line. Points and width are in pixels of the frame, where its display window has them."""

    points: Annotated[tuple[tuple[_Number, _Number], ...], Field(min_length=1)]
    width: Annotated[float, Field(gt=0, le=1000)] = 3.0
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#ffcc00"


class Drawing(OpenDocument):
    """What was drawn over one frame."""

    frame: int
    strokes: Annotated[tuple[Stroke, ...], Field(min_length=1)]


def _few(drawings: tuple[Drawing, ...]) -> tuple[Drawing, ...]:
    if sum(len(stroke.points) for one in drawings for stroke in one.strokes) > MOST_POINTS:
        raise ValueError(f"have more than {MOST_POINTS:,} points")
    return drawings


class Statement(OpenDocument):
    """What somebody decided, or only wrote, about one take (schema v1).

    claim    uuid of the take's claim: a statement that is copied to another take says nothing there
    state    `withdrawn` takes back what stood; `note` decides nothing
    by       login; `name` is whoever that is, where the system knows it
    pixels   digest of all frames' digests, as the take's manifest names them
    files    by name within the take: size, and when it was written in ns (as text: JSON readers
             disagree about whole numbers that large). One that is still so is not read again
    after    the statements that stood, and that whoever decided had seen
    """

    schema_: Literal["answerprint.review/v1"] = Field("answerprint.review/v1", alias="schema")
    id: _Hex
    take: _Line
    claim: _Line
    state: State
    by: Annotated[str, Field(min_length=1, max_length=256)]
    name: Annotated[str, Field(max_length=256)] = ""
    machine: _Line = ""
    tool: _Line = ""
    created: Annotated[str, Field(max_length=64)]
    note: Annotated[str, AfterValidator(_short)] = ""
    frame: int | None = None
    variation: Annotated[str, Field(max_length=64)] = ""
    drawings: Annotated[tuple[Drawing, ...], AfterValidator(_few)] = ()
    pixels: _Line = ""
    files: dict[str, tuple[int, str]] = {}
    after: tuple[_Hex, ...] = ()

    @property
    def who(self) -> str:
        return self.name or self.by

    @property
    def decides(self) -> bool:
        return self.state != "note"


@dataclass(frozen=True)
class Written:
    """What lies in one file of a take's reviews.

    statement   None where it is no statement; `why` says so then, and is '' otherwise
    message     what the signature is of
    """

    file: str
    statement: Statement | None = None
    message: bytes = b""
    signature: str = ""
    why: str = ""
    _right: dict[bytes, bool | None] = field(default_factory=dict, compare=False, repr=False)

    def doubt(self, trusted: Keys) -> str:
        """Why it is not to be believed; '' of one that a trusted key signed."""
        if self.why:
            return self.why
        name = signing.key_of(self.signature)
        right = self._checked(name, trusted)
        if right is None:
            return f"signed with key {name[:64]}, which is not trusted here"
        return "" if right else "edited after it was signed"

    def _checked(self, name: str, trusted: Keys) -> bool | None:
        """A signature is checked once with a key: that costs more than all else."""
        key = trusted[name].public_bytes_raw() if name in trusted else b""
        if key not in self._right:
            self._right[key] = signing.check(self.message, self.signature, trusted)
        return self._right[key]


def folder(take: Take) -> Path:
    return take.private / "reviews"


def any_on(take: Take) -> bool:
    """Whether anybody ever decided about a take, or tried to."""
    return os.path.lexists(folder(take))


def make(**fields: Any) -> Statement:
    """Raises ValidationError."""
    return Statement.model_validate(fields)


def write(take: Take, said: Statement, signer: signing.Signer) -> None:
    """Sign a statement and keep it: a reader sees all of it or nothing.

    Raises:
        OSError: it cannot be kept; then nothing is.
        ValueError: it holds what is no text.
    """
    document = said.model_dump(mode="json", by_alias=True)
    signed = {"statement": document, "signature": signer.sign(canonical(document))}
    place = folder(take)
    if place.is_symlink():
        raise OSError(errno.ELOOP, "the folder is a link, and links are not followed")
    is_new = not place.exists()
    moment = said.created.replace("-", "").replace(":", "")
    try:
        place.mkdir(exist_ok=True)
        documents.write(place / f"{moment}-{said.id}.json", signed)
    except OSError:
        if is_new:
            with contextlib.suppress(OSError):  # somebody else's may be in it by now
                place.rmdir()
        raise
    _settle(place)


def written(take: Take) -> Iterator[Written]:
    """All that lies in a take's reviews, by name, whatever it is; nothing is raised.

    Names that begin with a dot are what is being written, and what file systems put there.
    """
    place = folder(take)
    try:
        if place.is_symlink():
            yield Written(place.name, why="the folder is a link, and links are not followed")
            return
        names = sorted(name for name in os.listdir(place) if not name.startswith("."))  # noqa: PTH208 - names, fast
    except FileNotFoundError:
        return
    except OSError as error:
        yield Written(place.name, why=f"cannot be looked at: {error.strerror}")
        return
    for name in names:
        yield _read(place / name)


_READ: Once[Written] = Once(MOST_READ)


def _read(file: Path) -> Written:
    try:
        facts = file.lstat()
        if stat.S_ISLNK(facts.st_mode):
            return Written(file.name, why="a link, and links are not followed")
        if not stat.S_ISREG(facts.st_mode):
            return Written(file.name, why="no file")
        if facts.st_size > MOST_BYTES:
            return Written(file.name, why=f"larger than {MOST_BYTES:,} bytes")
        return _READ.of(file, facts, lambda: _parsed(file))
    except OSError as error:
        return Written(file.name, why=f"cannot be read: {error.strerror}")


def _parsed(file: Path) -> Written:
    try:
        with file.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1).decode("utf-8")
        document = documents.loads(text)
        if not isinstance(document["statement"], dict):
            return Written(file.name, why="no statement")
        message = canonical(document["statement"])
        said = Statement.model_validate(document["statement"])
        return Written(file.name, said, message, str(document["signature"]))
    except ValidationError as error:
        return Written(file.name, why=f"no statement: {explain(error)[:200]}")
    except (ValueError, KeyError, TypeError, RecursionError):
        return Written(file.name, why="no statement")


def _settle(place: Path) -> None:
    """Have the system keep the name as well; where it does not, the file is there all the same."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
