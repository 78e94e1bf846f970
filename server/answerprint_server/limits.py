"""Limits: how much each user and each show may ask of the server at once. A TOML file.

schema = "answerprint.limits/v1"
body = 256                      # MB that one request may have

[user]                          # each one
at_once = 8                     # requests at the server
rate = 20                       # a second; what comes faster waits a second, then is refused

[show]                          # all people and tokens of one show together
at_once = 32
rate = 80

[users.farm]                    # where one has another
at_once = 16

[shows.night]
at_once = 64

[refused]                       # user, or serial number of a certificate -> why
ada = "has left"
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from answerprint import documents
from answerprint.documents import Document
from answerprint.errors import SetupError
from answerprint_server import certs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "limits.toml"
MOST_BYTES = 1 << 20
MOST_BODY = 1900  # one gRPC message holds 2 GiB at most

AtOnce = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[int, Field(ge=1, le=100_000)]
User = Annotated[str, Field(pattern=f"^{certs.USER.pattern}$")]
Show = Annotated[str, Field(pattern=f"^{certs.SHOW.pattern}$")]
Refused = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Why = Annotated[str, Field(pattern=r"^[A-Za-z0-9 .,:()_-]{0,80}$")]


class Limit(Document):
    """At once and a second; None: as everybody's."""

    at_once: AtOnce | None = None
    rate: Rate | None = None


def _told_apart(named: dict[str, Limit]) -> dict[str, Limit]:
    """What is the same but for capitals is refused: nginx looks names up without them."""
    seen: dict[str, str] = {}
    for name in named:
        if seen.setdefault(name.lower(), name) != name:
            raise ValueError(f"'{seen[name.lower()]}' and '{name}' are one name to the gateway")
    return named


class Everybody(Document):
    """What holds where a name has no limit of its own."""

    at_once: AtOnce
    rate: Rate

    def of(self, own: Limit | None) -> Everybody:
        """It, with what one has of its own laid over it."""
        given = own.model_dump(exclude_none=True) if own else {}
        return self.model_copy(update=given)


class Limits(Document):
    """The whole file."""

    schema_: Literal["answerprint.limits/v1"] = Field("answerprint.limits/v1", alias="schema")
    body: Annotated[int, Field(ge=1, le=MOST_BODY)] = 256
    user: Everybody = Everybody(at_once=8, rate=20)
    show: Everybody = Everybody(at_once=32, rate=80)
    users: Annotated[dict[User, Limit], AfterValidator(_told_apart)] = {}
    shows: Annotated[dict[Show, Limit], AfterValidator(_told_apart)] = {}
    refused: dict[Refused, Why] = {}


def default() -> str:
    """A file to begin with: what this file's own first lines say, with nobody in it."""
    lines = (__doc__ or "").splitlines()[2:]
    kept = lines[: next(number for number, line in enumerate(lines) if "[users." in line)]
    rest = "".join(f"# {line}\n" if line else "\n" for line in lines[len(kept) :])
    return "\n".join(kept) + "\n" + rest


def read(path: Path) -> Limits:
    """Read a limits.toml.

    Raises:
        SetupError: it cannot be read, is no TOML or has a wrong field; names it.
    """
    try:
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
        if len(held) > MOST_BYTES:
            raise _wrong(path, f"it is larger than {MOST_BYTES:,} bytes")
        return Limits.model_validate(tomllib.loads(held.decode("utf-8")))
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, str(error)) from error
    except ValidationError as error:
        raise _wrong(path, documents.explain(error)) from error


def _wrong(path: Path, why: str) -> SetupError:
    return SetupError(
        f"The limits {path.as_posix()} are wrong: {why}.",
        remedy="Correct the file; the gateway goes on with those that it has.",
    )
