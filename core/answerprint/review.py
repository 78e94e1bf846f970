"""Reviews: a person decides about a take: approved, retake, taken back. Signed, and never erased.

Each decision is a file of its own, so two people who decide at once lose nothing; which of them
stands is told by `reviewed`.
"""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError

from answerprint import __version__, approved, bound, documents, statement
from answerprint.bound import Sealed
from answerprint.documents import explain
from answerprint.errors import DecidedMeanwhile, ReviewError, TakeError
from answerprint.frames import FrameRange
from answerprint.reviewed import Review, Told, heads, history, known, since, standing
from answerprint.signing import Signer
from answerprint.statement import MOST_NOTE_BYTES, MOST_POINTS, Drawing, Keys, State, Statement
from answerprint.take import Item, Take

# whoever reviews works with them
__all__ = [
    "Drawing",
    "Review",
    "Reviewer",
    "Statement",
    "Told",
    "decide",
    "history",
    "me",
    "since",
    "standing",
]

_UNFINISHED = {
    "running": "is still running",
    "stalled": "was not finished: its process died",
    "cancelled": "was cancelled before it was finished",
    "incomplete": "is not finished",
    "abandoned": "was abandoned: it holds nothing",
}


class Reviewer(NamedTuple):
    """Who decides: the login, and the person's name where the system knows it."""

    login: str
    name: str = ""


def me() -> Reviewer:
    """Whoever is logged in on this machine."""
    login = "unknown"
    with suppress(KeyError, OSError, ImportError):  # a user without an entry, as in a container
        login = getpass.getuser()
    try:
        import pwd  # noqa: PLC0415 - not on Windows

        name = pwd.getpwnam(login).pw_gecos.split(",")[0].strip()
    except (ImportError, KeyError):
        name = ""
    return Reviewer(login, "" if name == login else name[:256])


def decide(
    take: Take,
    state: State,
    *,
    signer: Signer,
    trusted: Keys,
    tool: str,
    by: Reviewer | None = None,
    note: str = "",
    frame: int | None = None,
    variation: str = "",
    drawings: Iterable[Drawing | Mapping[str, Any]] = (),
    seen: Collection[str] | None = None,
    force: bool = False,
    remark: Callable[[str], None] = lambda _: None,
) -> Statement:
    """Keep a decision, or a note that decides nothing; then the stream's pointer follows.

    by      None: `me`
    tool    where it was decided: studio, nuke, houdini, shell
    seen    ids of the statements that whoever decides has seen; None: all that there are
    force   decide all the same where one stands that is not among these: that stays beside it, and
            of the two a retake counts
    remark  is told what does not undo the decision: that the pointer could not be written

    Raises:
        DecidedMeanwhile: somebody did; names who.
        ReviewError: it cannot be decided so, or cannot be kept; then nothing has changed.
    """
    binds = state in ("approved", "retake")
    sealed = _sealed(take, state)
    told = history(take, trusted)
    stood = [one.statement.id for one in heads(told) if one.statement]
    unseen = None if seen is None or force or state == "note" else since(told, seen)
    if unseen is not None:
        raise _meanwhile(take, unseen, standing(take, trusted))
    _check(take, state, note, stood, sealed)
    files = _files(take, sealed) if sealed and binds else {}
    said = _said(
        take,
        by or me(),
        state=state,
        tool=f"answerprint {__version__} {tool}",
        note=note.strip(),
        frame=frame,
        variation=variation,
        drawings=[one if isinstance(one, Drawing) else dict(one) for one in drawings],
        pixels=sealed.digest if sealed else "",
        files=files,
        after=[] if state == "note" else known(told, seen),
    )
    _check_frames(take, said, sealed)
    _keep(take, said, signer)
    if said.decides:
        _follow(take, trusted, remark)
    return said


def _of(take: Take) -> str:
    return f"{take.name} {take.label}"


def _sealed(take: Take, state: State) -> Sealed | None:
    """What the take was closed with; a note may stand on one that was not.

    Raises:
        ReviewError: there is no such take, or nothing that can be decided about.
    """
    if not take.private.is_dir():
        raise ReviewError(
            f"There is no take at {take.folder.as_posix()}.", remedy="It may have been moved."
        )
    if take.is_complete:
        try:
            return bound.sealed(take)
        except TakeError as error:
            if state in ("note", "withdrawn"):
                return None
            raise ReviewError(error.problem, remedy=error.remedy) from error
    if state in ("note", "withdrawn"):
        return None
    raise ReviewError(
        f"{_of(take)} {_UNFINISHED.get(take.state(), 'is not finished')}: there is nothing to "
        "decide about yet.",
        remedy="A take is approved or sent back once it is complete; "
        "a comment can be left at any time.",
    )


def _check(
    take: Take, state: State, note: str, stood: Collection[str], sealed: Sealed | None
) -> None:
    if state == "retake" and not note.strip():
        raise ReviewError(
            f"A retake of {_of(take)} needs a note.", remedy="Say what should become different."
        )
    if state == "note" and not note.strip():
        raise ReviewError("The comment is empty.", remedy="Write something, or leave it.")
    if state == "withdrawn" and not stood:
        raise ReviewError(
            f"No decision stands on {_of(take)}.", remedy="There is nothing to take back."
        )
    if state == "approved" and sealed and sealed.qc == "fail" and not note.strip():
        raise ReviewError(
            f"{_of(take)} failed its checks.",
            remedy="It can be approved all the same: say in a note why it is good.",
        )


def _files(take: Take, sealed: Sealed) -> bound.Files:
    """Size and time of the take's files, which hold what the manifest names.

    Raises:
        ReviewError: one does not; that is no picture that anybody's decision could be bound to.
    """
    try:
        files = bound.files(take, sealed)
        changed = bound.changed(take, sealed, bound.untouched(take, sealed))
    except OSError as error:
        changed = f"it cannot be looked at ({error.strerror})"
    if changed:
        raise ReviewError(
            f"{_of(take)} is not as it was made: {changed}.",
            remedy="See 'answerprint verify'; run it again as a new take, or leave a comment.",
        )
    return files


def _said(take: Take, by: Reviewer, **fields: Any) -> Statement:
    try:
        return statement.make(
            schema="answerprint.review/v1",
            id=uuid.uuid4().hex,
            take=f"{take.name}/{take.label}",
            claim=str(take.read("claim")["uuid"]),
            by=by.login,
            name=by.name,
            machine=socket.gethostname(),
            created=documents.now(),
            **fields,
        )
    except ValidationError as error:
        raise ReviewError(
            f"The decision on {_of(take)} cannot be kept: {explain(error)[:300]}.",
            remedy=f"A note has at most {MOST_NOTE_BYTES >> 10} KiB, drawings "
            f"{MOST_POINTS:,} points. Nothing has changed.",
        ) from error
    except (KeyError, TypeError) as error:
        raise ReviewError(
            f"The claim of {_of(take)} is damaged.", remedy="See 'answerprint verify'."
        ) from error


def _check_frames(take: Take, said: Statement, sealed: Sealed | None) -> None:
    """Raises ReviewError: it speaks of a frame that the take does not have."""
    if sealed is None:
        return
    numbers = {Item.parse(key).frame for key in sealed.frames}
    labels = {Item.parse(key).variation for key in sealed.frames} | {""}
    asked = {one.frame for one in said.drawings} | ({said.frame} - {None})
    for frame in sorted(one for one in asked if one is not None and one not in numbers):
        raise ReviewError(
            f"{_of(take)} has no frame {frame}.", remedy=f"It has {FrameRange.of(numbers)}."
        )
    if said.variation not in labels:
        raise ReviewError(
            f"{_of(take)} has no variation '{said.variation}'.", remedy="'show' lists them."
        )


def _keep(take: Take, said: Statement, signer: Signer) -> None:
    try:
        statement.write(take, said, signer)
    except ValueError as error:
        raise ReviewError(
            f"The decision on {_of(take)} cannot be kept: it holds letters that are no text.",
            remedy="Type the note anew. Nothing has changed.",
        ) from error
    except OSError as error:
        where = statement.folder(take).as_posix()
        full = documents.no_space(error)
        why = f"no space is left in {where}" if full else f"{where}: {error.strerror}"
        remedy = "Free some space" if full else "Have the right to write there"
        raise ReviewError(
            f"The decision on {_of(take)} cannot be kept: {why}.",
            remedy=f"{remedy}, then decide again. Nothing has changed.",
        ) from error


def _follow(take: Take, trusted: Keys, remark: Callable[[str], None]) -> None:
    stream = take.folder.parent
    try:
        approved.refresh(stream, trusted)
    except OSError as error:
        remark(
            f"The decision is kept; {approved.file(stream).as_posix()} cannot follow it: "
            f"{error.strerror}."
        )


def _meanwhile(take: Take, unseen: Told, now: Review | None) -> DecidedMeanwhile:
    said = unseen.statement
    words = f"{said.who}: {said.state}" if said else "another decision stands"
    return DecidedMeanwhile(
        f"Somebody decided about {_of(take)} meanwhile. {words}.",
        remedy="Nothing was kept. Look at what was said, then decide again.",
        review=None if now is None else now.as_json(),
    )
