"""Documents: the JSON that a take is made of, written in one piece and read with limits."""

from __future__ import annotations

import difflib
import errno
import json
import math
import os
import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError

from answerprint.errors import DiskFull, TakeError

MOST_BYTES = 64 << 20
MOST_INT = 2**53 - 1  # beyond that JSON readers disagree about whole numbers

# What pydantic puts into a field's path for each of the types that it may have
_TYPE = re.compile(r"bool|int|float|str|constrained-\w+|(tuple|literal)\[.*\]")


class Document(BaseModel):
    """A frozen document that refuses fields it does not know: what people write."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class OpenDocument(BaseModel):
    """A frozen document that keeps fields it does not know: what outlives a version."""

    model_config = ConfigDict(
        extra="allow", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )


def canonical(document: Any) -> bytes:
    """The one byte string that stands for a document: RFC 8785 (JSON Canonicalization Scheme)."""
    return bytes(rfc8785.dumps(document))


def write(path: Path, document: Any) -> None:
    """Write a JSON document so that a reader sees all of it or none: temporary, fsync, replace."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same of any file, byte for byte."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - said as the atomic call that it is
    finally:
        temporary.unlink(missing_ok=True)


def loads(text: str) -> Any:
    """Parse JSON as every reader has it: without NaN, Infinity, and numbers that only some hold.

    Raises:
        ValueError: it is no JSON, a number is too large, or it is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_float, parse_int=_int)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _float(word: str) -> float:
    if math.isinf(float(word)):
        raise ValueError(f"{word} is too large a number")
    return float(word)


def _int(word: str) -> int:
    if len(word) > 17 or abs(int(word)) > MOST_INT:
        raise ValueError(f"{word[:20]} is too large a whole number")
    return int(word)


def read(path: Path) -> Any:
    """Read a JSON document.

    Raises:
        TakeError: the file is missing, larger than 64 MiB, or no JSON.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TakeError(
                f"{path.as_posix()} is larger than {MOST_BYTES:,} bytes.",
                remedy="It is not a document of Answerprint; look at what wrote it.",
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TakeError(
            f"{path.as_posix()} cannot be read: {reason}.",
            remedy="Check the path; a damaged document means the take cannot be trusted.",
        ) from error


def unwritable(folder: Path, error: OSError) -> TakeError:
    """Our error for a folder that the system refuses to write in."""
    if no_space(error):
        return DiskFull(
            f"No space is left in {folder.as_posix()}.",
            remedy="Free some space. A take that had begun is finished with "
            "'answerprint run --resume TAKE'; its finished frames are kept.",
        )
    return TakeError(
        f"{folder.as_posix()} cannot be written: {error.strerror}.",
        remedy="Check that the folder is there and that you may write in it.",
    )


def nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there.

    Raises:
        OSError: one on the way cannot be looked at, or has too long a name.
    """
    return next(one for one in (folder, *folder.parents) if one.exists())


def check_rights(folder: Path) -> None:
    """Ask the system whether something can be made in a folder, or in the nearest that is there.

    Nothing is written. So a share's own rules stay unknown, and on Windows a folder's as well.

    Raises:
        OSError: it cannot; as the writing would say it.
    """
    there = nearest(folder)
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def no_space(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def explain(error: ValidationError) -> str:
    """What is wrong with a document, each fault with the path to its field.

    Of a field that may have several types it is said in one sentence; where something below the
    field is wrong, only that.
    """
    told: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        told.setdefault(_path(fault["loc"]), []).append(_fault(fault))
    lowest = [path for path in told if not any(_is_below(other, path) for other in told)]
    return "; ".join(f"{path}: {_either(told[path])}".removeprefix(": ") for path in lowest)


def _path(steps: Iterable[str | int]) -> str:
    types = {one.__name__ for one in (*Document.__subclasses__(), *OpenDocument.__subclasses__())}
    named = [step for step in steps if step not in types and not _TYPE.fullmatch(str(step))]
    words = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in named)
    return "".join(words).lstrip(".")


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))


def _either(faults: Iterable[str]) -> str:
    """'input should be a valid string or a valid array'."""
    first, *others = dict.fromkeys(faults)
    *several, last = [first, *(one.removeprefix("input should be ") for one in others)]
    return f"{', '.join(several)} or {last}" if several else last


def _fault(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "unknown field"
    if fault["type"] == "missing":
        return "missing"
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{said[:1].lower()}{said[1:]}" if fault["loc"] else said


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean denoise?' or nothing."""
    close = difflib.get_close_matches(word.lower(), {name.lower(): name for name in known}, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def count(number: int, noun: str) -> str:
    """'1 frame', '1,200 frames'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def now() -> str:
    """UTC, to the millisecond: 2026-11-21T06:20:00.123Z."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
