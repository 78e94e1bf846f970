"""Tokens: who may ask the gateway without a certificate. No token is kept, only what tells it.

A token is `ap_<id>_<256 random bits>`. nginx finds its line by the id and compares digests, so that
neither our file nor nginx's holds one that could be used. nginx has no digest but MD5 for this: of
256 random bits it cannot be turned back, and that somebody finds two of one digest is of no use here.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from answerprint import documents
from answerprint.documents import Document
from answerprint.errors import JobError, SetupError, TakeBusy, TakeError
from answerprint.lease import Lease
from answerprint_server import certs

FILE, CONF, LOCK = "tokens.json", "tokens.conf", ".tokens.lock"
LOCK_SECONDS = 60.0  # that another's change is waited for; one takes a tenth of a second
DAYS, MOST_DAYS = 90, 730
MOST_TOKENS, MOST_BYTES = 10_000, 8 << 20


class Token(Document):
    """What is kept of a token.

    digest   MD5 of `Bearer <token>`, in base64 as URLs have it, as nginx's secure_link does
    expires  seconds since 1970
    """

    id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    digest: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
    user: Annotated[str, Field(pattern=f"^{certs.USER.pattern}$")]
    show: Annotated[str, Field(pattern=f"^({certs.SHOW.pattern})?$")] = ""
    role: Literal["artist", "admin"] = "artist"
    expires: Annotated[int, Field(gt=0, lt=1 << 40)]

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.expires, timezone.utc)


class Tokens(Document):
    """The whole file."""

    schema_: Literal["answerprint.tokens/v1"] = Field("answerprint.tokens/v1", alias="schema")
    tokens: Annotated[tuple[Token, ...], Field(max_length=MOST_TOKENS)] = ()


def make(
    folder: Path, user: str, *, show: str = "", role: str = "artist", days: int = DAYS
) -> tuple[Token, str]:
    """A new one for a user: what is kept of it, and itself, which nobody can ask for again.

    Raises:
        JobError: a name or a number is wrong.
        SetupError: the gateway's folder cannot be read or written.
    """
    certs.check_person(user, show)
    if not 0 < days <= MOST_DAYS:
        raise JobError(f"--days is {days}.", remedy=f"Give 1 to {MOST_DAYS}.")
    expires = datetime.now(timezone.utc) + timedelta(days=days)
    name = secrets.token_hex(8)
    said = f"ap_{name}_{secrets.token_urlsafe(32)}"
    kept = Token(
        id=name,
        digest=digest(said),
        user=user,
        show=show,
        role="admin" if role == "admin" else "artist",
        expires=int(expires.timestamp()),
    )
    with _alone(folder):
        _write(folder, [*read(folder), kept])
    return kept, said


def revoke(folder: Path, name: str) -> list[Token]:
    """Have one, by its id, or all of a user be worth nothing; returns them.

    Raises:
        JobError: there is none.
        SetupError: the gateway's folder cannot be read or written.
    """
    with _alone(folder):
        return _revoked(folder, name)


def _revoked(folder: Path, name: str) -> list[Token]:
    held = read(folder)
    gone = [one for one in held if name in (one.id, one.user)]
    if not gone:
        known = sorted({one.user for one in held})
        raise JobError(
            f"There is no token '{name}', and none of a user of that name."
            f"{documents.did_you_mean(name, known)}",
            remedy="See them with 'answerprint server token --list'.",
        )
    _write(folder, [one for one in held if one not in gone])
    return gone


def read(folder: Path) -> list[Token]:
    """Those of a gateway's folder.

    Raises:
        SetupError: the file is not what it should be.
    """
    path = folder / FILE
    try:
        with path.open("rb") as stream:
            held = stream.read(MOST_BYTES + 1)
        if len(held) > MOST_BYTES:
            raise _wrong(path, f"it is larger than {MOST_BYTES:,} bytes")
        return list(Tokens.model_validate(documents.loads(held.decode("utf-8"))).tokens)
    except ValidationError as error:
        raise _wrong(path, documents.explain(error)) from error
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def conf(tokens: list[Token]) -> str:
    """For nginx: which token is whose. It says itself that one has expired."""
    held = "".join(f'    {one.id} "{one.digest},{one.expires}";\n' for one in tokens)
    people = {"user": "user", "show": "show", "role": "role"}
    maps = [f'map $token_id $token_held {{\n    default "";\n{held}}}\n']
    for name, field in people.items():
        rows = "".join(
            f'    "1:{one.id}" "{getattr(one, field)}";\n' for one in tokens if getattr(one, field)
        )
        maps.append(f'map "$secure_link:$token_id" $token_{name} {{\n    default "";\n{rows}}}\n')
    return "# Written by 'answerprint server token'. No token is in it.\n" + "\n".join(maps)


def digest(token: str) -> str:
    """As nginx's secure_link_md5 has it of the header."""
    summed = hashlib.md5(f"Bearer {token}".encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(summed).rstrip(b"=").decode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One change of the tokens after the other, so that none is lost; a dead holder's lock ends.

    Raises:
        SetupError: the folder cannot be written, or another's change does not end.
    """
    lease = _locked(folder)
    try:
        yield
    finally:
        lease.release()


def _locked(folder: Path) -> Lease:
    until = time.monotonic() + LOCK_SECONDS
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while (lease := _tried(folder / LOCK)) is None:
            if time.monotonic() > until:
                raise _wrong(folder / FILE, f"another command holds them, for {LOCK_SECONDS:g} s")
            time.sleep(0.05)
    except (TakeError, OSError) as error:
        said = error.problem if isinstance(error, TakeError) else f"{error.strerror}."
        raise SetupError(
            f"The gateway's folder {folder.as_posix()} cannot be written: {said}",
            remedy="Check its rights and its disk, or name another one with --gateway.",
        ) from error
    return lease


def _tried(path: Path) -> Lease | None:
    """None: another command is at it."""
    try:
        return Lease.take(path)
    except TakeBusy:
        return None


def _write(folder: Path, tokens: list[Token]) -> None:
    document = Tokens(tokens=tuple(tokens)).model_dump(by_alias=True, mode="json")
    certs.write(folder / FILE, documents.canonical(document) + b"\n", 0o600)
    write_conf(folder, tokens)


def write_conf(folder: Path, tokens: list[Token]) -> None:
    """Raises SetupError: the gateway's folder cannot be written."""
    certs.write(folder / CONF, conf(tokens).encode(), 0o600)


def _wrong(path: Path, why: str) -> SetupError:
    return SetupError(
        f"The tokens in {path.as_posix()} cannot be used: {why}.",
        remedy="Name the gateway's folder with --gateway; if the file is damaged, move it away and "
        "make new tokens.",
    )
