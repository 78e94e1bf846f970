"""Trouble: every error as the page gets it, {problem, remedy, error}, with a fitting status."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from answerprint.errors import (
    AnswerprintError,
    JobError,
    ServerError,
    SetupError,
    SigningError,
    SourceError,
    TakeBusy,
    TakeError,
)


class Gone(TakeError):  # noqa: N818 - as the engine's tree names its own
    """It is not there, or not there any more."""


class Forbidden(AnswerprintError):  # noqa: N818
    """It is there, and not for whoever asked."""


class Decided(TakeError):  # noqa: N818
    """Somebody else decided meanwhile; `reviews` are those statements."""

    def __init__(self, problem: str, *, remedy: str, reviews: list[dict[str, Any]]) -> None:
        super().__init__(problem, remedy=remedy)
        self.reviews = reviews

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "reviews": self.reviews}


# The first that fits
STATUS: list[tuple[type[AnswerprintError], int]] = [
    (Gone, 404),
    (Forbidden, 403),
    (JobError, 400),
    (SourceError, 404),
    (TakeBusy, 409),
    (TakeError, 409),
    (SigningError, 409),
    (SetupError, 503),
    (ServerError, 503),
]
# what a document says of each path
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is wrong."},
    403: {"description": "It is not for whoever asks."},
    404: {"description": "It is not there, or not any more."},
    409: {"description": "The take cannot be read or written as it is now."},
    422: {"description": "A field of the request is wrong."},
    503: {"description": "This machine lacks something."},
}


def status(error: AnswerprintError) -> int:
    return next((code for kind, code in STATUS if isinstance(error, kind)), 500)


def heard(app: FastAPI, home: Path) -> None:
    """Have every error of an application answered in words; a fault's traceback goes to a file."""

    def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AnswerprintError)  # noqa: S101 - registered for these alone
        return JSONResponse(error.as_json(), status(error))

    def wrong(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return answer(422, f"The request is wrong: {_explained(error)}.", _LOOK)

    def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        said = answer(error.status_code, _WORDS.get(error.status_code, str(error.detail)), _LOOK)
        said.headers.update(error.headers or {})
        return said

    def database(_: Request, error: Exception) -> JSONResponse:
        keep(home, error)
        return answer(
            503,
            "The index of takes cannot be read.",
            "End the service, build it anew with 'answerprint studio reindex', and start it again; "
            "nothing is lost with it.",
        )

    def fault(_: Request, error: Exception) -> JSONResponse:
        return answer(
            500,
            "This is a fault in Answerprint, not in your work.",
            f"Send {keep(home, error).as_posix()} to the pipeline team.",
        )

    heard_by: dict[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
        AnswerprintError: ours,
        RequestValidationError: wrong,
        HTTPException: http,
        SQLAlchemyError: database,
        Exception: fault,
    }
    for kind, handler in heard_by.items():
        app.add_exception_handler(kind, handler)


def answer(code: int, problem: str, remedy: str, error: str = "AnswerprintError") -> JSONResponse:
    return JSONResponse({"error": error, "problem": problem, "remedy": remedy}, code)


def keep(home: Path, error: BaseException) -> Path:
    """Write a fault's traceback where the command line keeps its own, if that can be written."""
    log = home / "fault.log"
    text = "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError):  # a full disk must not end whoever only wants to say so
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(text, encoding="utf-8", errors="backslashreplace")
    return log


_LOOK = "See /api/v1/openapi.json for what may be asked."
_WORDS = {404: "There is nothing at this address.", 405: "That cannot be done at this address."}


def _explained(error: RequestValidationError) -> str:
    faults = error.errors()[:5]
    return "; ".join(
        f"{'.'.join(str(step) for step in one['loc'])}: {str(one['msg'])[:200]}" for one in faults
    )
