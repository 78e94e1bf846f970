"""Following: the index is kept as the take folders are, while the service runs.

A take that runs, and one that somebody looks at, is looked at each second; all others, and folders
that new takes come to, in turns. What changed is told: the page draws it anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from answerprint import row, standing
from answerprint.errors import TakeError
from answerprint.site import Site
from answerprint.standing import Facts
from answerprint.take import Take
from answerprint_studio import entry, scan, trouble
from answerprint_studio.index import Entry, Index
from answerprint_studio.scan import Folders, Rounds

LOOK_SECONDS = 1.0
TURN_SECONDS, TURN_MOST = 0.2, 2000  # of each look, for what nobody waits for
DOUBTED = 5  # decided takes of each look whose files are looked at: a decision is of their pixels
ANEW_SECONDS = 300.0  # from one walk over everything to the next
WATCHED_SECONDS, MOST_WATCHED = 120.0, 400  # how long a take counts as looked at
AT_ONCE = 50  # takes that are taken in together
SILENT_SECONDS = 30.0  # without a heartbeat: its process is gone

Tell = Callable[[set[str]], None]


class _Made(NamedTuple):
    """What is so of a take. `before`: where it was until it was moved, else its folder."""

    before: str
    folder: str
    entry: Entry


class Follower:
    """Keeps an index. `tell` is given the ids of takes whose cards are others now, or gone."""

    def __init__(
        self, index: Index, roots: tuple[Path, ...], site: Site, home: Path, tell: Tell
    ) -> None:
        self.is_ready = threading.Event()  # everything was seen once
        self._index, self._site, self._home, self._tell = index, site, home, tell
        self._folders = Folders.below(roots)
        self._known = index.stamps()
        self._decided = index.decided()
        self._open = {folder for folder, (_, _, complete) in self._known.items() if not complete}
        self._states: dict[str, str] = {}
        self._beats: dict[Path, tuple[str, float]] = {}
        self._watched: dict[str, float] = {}
        self._lock, self._watching = threading.Lock(), threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._turns = Rounds(lambda: list(self._known))
        self._doubted = Rounds(lambda: list(self._decided))
        self._places = Rounds(lambda: list(self._folders.above))
        self._anew = time.monotonic() + ANEW_SECONDS

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="follow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(10)

    def watch(self, folders: Iterable[str]) -> None:
        """Somebody has these on the screen: they are looked at each second for a while."""
        now = time.monotonic()
        with self._watching:
            for folder in folders:
                self._watched.pop(folder, None)
                self._watched[folder] = now
            for folder in list(self._watched)[:-MOST_WATCHED]:
                del self._watched[folder]

    def refresh(self, folders: Iterable[str]) -> None:
        """Take these in now: something was just done to them."""
        with self._lock:
            self._take_in(folders)

    def look_at(self, folder: str) -> None:
        """Take this one in, if it has changed: of a decided one, its files as well."""
        if folder in self._decided or self._is_other(folder) or self._has_died(folder):
            self.refresh([folder])

    def everything(self, *, anew: bool = False, heed: Callable[[], None] = lambda: None) -> None:
        """Walk over all roots, and take in all that is new or another, or gone.

        anew    take in the others as well: the index may hold what is wrong
        heed    is called all the while; what it raises ends it
        """
        with self._lock:
            self._folders.forget_times()
        for root in self._folders.roots:
            self._folders.look(root)
        for folder in list(self._folders.above):
            heed()
            self._folders.look(folder)
        found = self._folders.every()
        away = [root for root in self._folders.roots if not Path(root).is_dir()]
        lost = {
            folder
            for folder in self._known.keys() - found
            if not any(folder.startswith(f"{root}/") for root in away)
        }
        every = sorted(found, reverse=True)
        changed = every if anew else [folder for folder in every if self._is_other(folder)]
        for start in range(0, len(changed), AT_ONCE):
            heed()
            if self._end.is_set():
                return
            with self._lock:
                self._take_in(changed[start : start + AT_ONCE])
        with self._lock:
            self._take_in(lost)
        self._anew = time.monotonic() + ANEW_SECONDS
        self.is_ready.set()

    def look(self) -> None:
        """What has changed since the last look, of what is at work, watched, or has its turn."""
        if time.monotonic() > self._anew:
            self._folders.forget_times()
            self._anew = time.monotonic() + ANEW_SECONDS
        changed: set[str] = set()
        now = time.monotonic()
        with self._watching:
            self._watched = {f: at for f, at in self._watched.items() if now - at < WATCHED_SECONDS}
            near = {*self._watched, *self._open}
        for folder in {_stream(one) for one in near} | set(self._folders.roots):
            changed |= self._folders.look(folder)
        for folder in self._places.some(TURN_SECONDS, TURN_MOST):
            changed |= self._folders.look(folder)
        changed |= {folder for folder in near if self._is_other(folder) or self._has_died(folder)}
        changed |= {f for f in self._turns.some(TURN_SECONDS, TURN_MOST) if self._is_other(f)}
        changed |= set(self._doubted.some(TURN_SECONDS, DOUBTED))
        if changed:
            with self._lock:
                self._take_in(changed)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.look() if self.is_ready.is_set() else self.everything()
            except Exception as error:  # noqa: BLE001 - a share that goes away must not end the service
                trouble.keep(self._home, error)
            self._end.wait(LOOK_SECONDS)

    def _is_other(self, folder: str) -> bool:
        known = self._known.get(folder)
        return known is None or scan.stamp(folder, is_complete=known[2]) != known[1]

    def _has_died(self, folder: str) -> bool:
        """Whether a take's process has ended without a word: no file says that."""
        if self._states.get(folder) != "running":
            return False
        take = Take(Path(folder))
        try:
            return take.state(self._silent(take)) != "running"
        except TakeError:
            return True

    def _silent(self, take: Take) -> set[Path]:
        """Leases whose heartbeat has not moved for a while: their process was on another machine."""
        now, stale = time.monotonic(), set()
        for file, one in take.leases().items():
            beat = f"{one.uuid} {one.beat}"
            if self._beats.get(file, ("", now))[0] != beat:
                self._beats[file] = (beat, now)
            elif now - self._beats[file][1] > SILENT_SECONDS:
                stale.add(file)
        return stale

    def _take_in(self, folders: Iterable[str]) -> None:
        """What is so of these takes now; told at its end."""
        wanted = sorted(set(folders))
        there: list[Take] = []
        told: set[str] = set()
        stamps: dict[str, str] = {}
        streams: set[str] = set()
        gone: list[str] = []
        for folder in wanted:
            known = self._known.get(folder)
            # taken before it is read: what is written meanwhile is another one's
            found = scan.stamp(folder, is_complete=bool(known and known[2]))
            if found is None:
                if known is not None:
                    gone.append(folder)
                    streams.add(entry.plain(_stream(folder)))
                continue
            stamps[folder] = found
            there.append(Take(Path(folder)))
            streams.add(entry.plain(_stream(folder)))
        if gone:
            idents = [self._known[folder][0] for folder in gone]
            self._index.drop(idents)
            self._forget(gone)
            told |= set(idents)
        made = self._entries(there, stamps)
        entries = self._others([one.entry for one in made])
        self._index.put(entries)
        # another service that shares the index may have been first: here it is new all the same
        told |= {one.entry["id"] for one in made if self._is_news(one)}
        for one in made:  # only what is in the index now: else it is taken in another time
            self._remember(one)
        told |= {one["id"] for one in entries}
        for stream in streams:
            told |= self._settled(stream)
        if told:
            self._tell(told)

    def _entries(self, takes: list[Take], stamps: dict[str, str]) -> list[_Made]:
        made = []
        stale = {file for take in takes for file in self._stale(take)}
        used = {ident: folder for folder, (ident, _, _) in self._known.items()} if takes else {}
        for take, one in zip(takes, self._read(takes, stale, stamps), strict=True):
            folder = take.folder.as_posix()
            before = used.get(one["id"], folder)
            # a folder that was copied, claim and all, is another take; one that was moved is not
            if before != folder and scan.stamp(before, is_complete=True) is not None:
                one["id"] = entry.ident(take.folder, "copy")
                before = folder
            used[one["id"]] = folder
            if one["is_complete"]:
                one["stamp"] = scan.stamp(folder, is_complete=True) or one["stamp"]
            made.append(_Made(before, folder, one))
        return made

    def _is_news(self, made: _Made) -> bool:
        known = self._known.get(made.folder)
        return known is None or known[1] != made.entry["stamp"]

    def _remember(self, made: _Made) -> None:
        one, folder = made.entry, made.folder
        if made.before != folder:
            self._forget([made.before])
        (self._open.discard if one["is_complete"] else self._open.add)(folder)
        (self._decided.add if one["is_decided"] else self._decided.discard)(folder)
        self._known[folder] = (one["id"], one["stamp"], one["is_complete"])
        self._states[folder] = one["state"]

    def _forget(self, folders: list[str]) -> None:
        for folder in folders:
            self._known.pop(folder, None)
            self._states.pop(folder, None)
        self._open -= set(folders)
        self._decided -= set(folders)

    def _others(self, entries: list[Entry]) -> list[Entry]:
        """Those that are not in the index as they are: what has not changed is not told."""
        before = self._index.some([one["id"] for one in entries])
        of_stream = ("newest", "latest", "latest_approved", "retakes")
        found = []
        for one in entries:
            known = before.get(one["id"], {})
            one |= {name: known[name] for name in of_stream if name in known}
            if one != known:
                found.append(one)
        self._index.tally.put(entries)  # of another service that shares the index, too
        return found

    def _read(self, takes: list[Take], stale: set[Path], stamps: dict[str, str]) -> list[Entry]:
        """Each by itself: where it stands in its stream is told by `_settled`."""
        known = {take.folder: _state(take, stale) for take in takes}
        rows: list[row.Row | None]
        try:
            rows = [*row.rows(takes, self._site, stale, known=known)]
        except Exception:  # noqa: BLE001 - anybody may have written there; which one is found out below
            rows = [None] * len(takes)
        return [
            self._entry(take, one, {take.folder: known[take.folder]}, stamps)
            for take, one in zip(takes, rows, strict=True)
        ]

    def _stale(self, take: Take) -> set[Path]:
        try:
            return set() if take.is_complete else self._silent(take)
        except (TakeError, OSError):
            return set()

    def _entry(
        self, take: Take, said: row.Row | None, known: row.States, stamps: dict[str, str]
    ) -> Entry:
        stamp = stamps[take.folder.as_posix()]
        try:
            entry.check_text(take)
            said = row.rows([take], self._site, known=known)[0] if said is None else said
            return entry.of(take, said, stamp, self._site)
        except Exception as error:  # noqa: BLE001 - one take that cannot be read hides no other
            trouble.keep(self._home, error)
            return entry.unreadable(take, stamp, error)

    def _settled(self, stream: str) -> set[str]:
        """Which of a stream is its newest, its latest and so on; returns ids of those that changed."""
        held = self._index.of_stream(stream)
        facts = [
            Facts(
                one["number"],
                "complete" if one["is_complete"] else one["state"],
                one["qc"],
                one["review"] or None,
            )
            for one in held
        ]
        latest, approved = standing.latest(facts), standing.latest_approved(facts)
        newest = max((one["number"] for one in held), default=None)
        changes = {}
        for one in held:
            number = one["number"]
            earlier = (other for other in held if other["number"] < number)
            flags = {
                "newest": number == newest,
                "latest": number == latest,
                "latest_approved": number == approved,
                "retakes": sum(other["review"] == "retake" for other in earlier),
            }
            self._index.tally.newest(one["id"], newest=flags["newest"])  # whoever wrote it
            if any(one[name] != flag for name, flag in flags.items()):
                changes[one["id"]] = flags
        self._index.change(changes)
        return set(changes)


def _state(take: Take, stale: set[Path]) -> tuple[str, dict[str, str]]:
    try:
        return take.state(stale), {}
    except TakeError as error:
        return "unreadable", {"problem": error.problem, "remedy": error.remedy}


def _stream(folder: str) -> str:
    return folder.rpartition("/")[0]
