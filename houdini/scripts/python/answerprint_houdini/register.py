"""A register: which take is a request's, beside the takes themselves, where every machine finds it.

A record is made once, by whoever asks first, in whichever process or machine; all others wait for it
and get the same take. Who is about to make one says so in a claim that only one can have made, and
keeps adding to it: one that grows no more is a dead process', and is taken over. No clock is compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from typing import Callable, Dict, Iterator, Optional

from answerprint_panel.host import Document, HostError

FOLDER = ".tops"
BEAT_SECONDS = 1.0
DEAD_SECONDS = 20.0  # so long without a beat; Houdini may hold Python's lock for a while
PATIENCE_SECONDS = 1800.0
LOOK_SECONDS = 0.2
MOST_RECORD = 1 << 16
_TRIES = 20  # Windows deletes no file that another process reads at this moment


class Register:
    """The records in a stream's folder."""

    def __init__(self, stream: str, *, dead_seconds: float = DEAD_SECONDS) -> None:
        self.folder = f"{stream}/{FOLDER}"
        self._dead_seconds = dead_seconds

    def take(self, request: str, claim: Callable[[], Document]) -> Document:
        """The take of a request; `claim` takes its number, and is called where there is none yet.

        Raises:
            HostError: `claim`'s own; or the folder cannot be written; or nobody gets on.
        """
        record = os.path.join(self.folder, request + ".json")
        until = time.monotonic() + PATIENCE_SECONDS
        watched = _Watched(self._dead_seconds)
        while True:
            known = _read(record)
            if known is not None:
                return known
            with self._turn(record) as is_mine:
                if is_mine:
                    return _read(record) or _write(record, claim())
            watched.look(_claim_of(record))
            if time.monotonic() > until:
                raise HostError(
                    f"Somebody has been taking this request's number for {PATIENCE_SECONDS / 60:.0f} "
                    "minutes.",
                    f"Look whether that still runs; if not, delete {_claim_of(record)}.",
                )
            time.sleep(LOOK_SECONDS)

    @contextlib.contextmanager
    def _turn(self, record: str) -> Iterator[bool]:
        """Whether it is ours to make the record; while it is, nobody else's."""
        claim, mark = _claim_of(record), uuid.uuid4().hex
        if not self._begin(claim, mark):
            yield False
            return
        over = threading.Event()
        beats = threading.Thread(target=_beat, args=(claim, mark, over), daemon=True)
        beats.start()
        try:
            yield True
        finally:
            over.set()
            beats.join()
            if _text(claim).startswith(mark):
                _remove(claim)

    def _begin(self, claim: str, mark: str) -> bool:
        try:
            os.makedirs(self.folder, exist_ok=True)
            with open(claim, "x", encoding="ascii") as stream:
                stream.write(mark + " ")
        except OSError as error:
            if os.path.exists(claim):  # Windows says of one that is going that it may not be opened
                return False
            if isinstance(error, FileExistsError):
                return False  # it ended at this moment
            raise _unwritable(self.folder, error) from error
        return True


class _Watched:
    """A claim of somebody else's, and for how long it has not grown."""

    def __init__(self, dead_seconds: float) -> None:
        self._dead_seconds = dead_seconds
        self._seen, self._since = "", time.monotonic()

    def look(self, claim: str) -> None:
        """Takes away one that a dead process left."""
        text, now = _text(claim), time.monotonic()
        if text != self._seen:
            self._seen, self._since = text, now
        elif now - self._since > self._dead_seconds:
            self._take_away(claim)
            self._since = now

    def _take_away(self, claim: str) -> None:
        """Several may see the same dead one: one of them goes first, the others find it gone."""
        guard = "{}.{}".format(claim, self._seen.partition(" ")[0] or "empty")
        try:
            os.mkdir(guard)
        except OSError:
            return
        try:
            if _text(claim) == self._seen:
                _remove(claim)
        finally:
            os.rmdir(guard)


def _claim_of(record: str) -> str:
    return record[: -len("json")] + "claim"


def _beat(claim: str, mark: str, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        with contextlib.suppress(OSError):
            if _text(claim).startswith(mark):  # nobody thought that we were dead
                with open(claim, "r+", encoding="ascii") as stream:
                    stream.seek(0, os.SEEK_END)
                    stream.write(".")


def _read(record: str) -> Optional[Document]:
    """The take that a record names; None: there is no whole record, or that take was deleted."""
    try:
        found = json.loads(_text(record))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not {"path", "name", "take"} <= set(found):
        return None
    return found if os.path.isdir(str(found["path"])) else None


def _write(record: str, take: Document) -> Document:
    """Returns the take that counts: whoever wrote first, where two thought it their turn.

    Raises HostError: the take would be forgotten, and each item would make one of its own.
    """
    kept: Dict[str, str] = {key: str(take.get(key)) for key in ("path", "name", "take")}
    try:
        if os.path.exists(record) and _read(record) is None:
            os.unlink(record)
        with open(record, "x", encoding="utf-8") as stream:
            json.dump(kept, stream)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        return _of_another(record)
    except OSError as error:
        raise _unwritable(record, error) from error
    return kept


def _of_another(record: str) -> Document:
    """What somebody else writes at this moment."""
    for _ in range(_TRIES):
        found = _read(record)
        if found is not None:
            return found
        time.sleep(LOOK_SECONDS)
    raise HostError(
        f"{record} is no whole record of a take.", "Delete it, then cook the item again."
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(MOST_RECORD)
    except OSError:
        return ""


def _remove(path: str) -> None:
    for _ in range(_TRIES):
        with contextlib.suppress(PermissionError):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
        time.sleep(LOOK_SECONDS)


def _unwritable(path: str, error: OSError) -> HostError:
    return HostError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Make room there, or ask who owns the folder of the takes.",
    )
