"""Documents: the JSON that a take is made of, written in one piece and read with limits."""

from __future__ import annotations

import difflib
import errno
import json
import os
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError

from answerprint.errors import DiskFull, TakeError

MOST_BYTES = 64 << 20


class Document(BaseModel):
    """A frozen document that refuses fields it does not know: what people write."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class OpenDocument(BaseModel):
    """A frozen document that keeps fields it does not know: what outlives a version."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


def canonical(document: Any) -> bytes:
    """The one byte string that stands for a document: RFC 8785 (JSON Canonicalization Scheme)."""
    return bytes(rfc8785.dumps(document))


def write(path: Path, document: Any) -> None:
    """Write a JSON document so that a reader sees all of it or none: temporary, fsync, replace."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as stream:
            json.dump(document, stream, indent=1, ensure_ascii=False, allow_nan=False)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - said as the atomic call that it is
    finally:
        temporary.unlink(missing_ok=True)


def loads(text: str) -> Any:
    """Parse JSON as its standard has it: without NaN and Infinity, which Python would let pass.

    Raises:
        ValueError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


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


def no_space(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def explain(error: ValidationError) -> str:
    """What is wrong with a document, each fault with the path to its field."""
    return "; ".join(_fault(fault) for fault in error.errors(include_url=False))


def _fault(fault: Any) -> str:
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]
    ).lstrip(".")
    if fault["type"] == "extra_forbidden":
        return f"{path}: unknown field"
    if fault["type"] == "missing":
        return f"{path}: missing"
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{path}: {said[:1].lower()}{said[1:]}" if path else said


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
