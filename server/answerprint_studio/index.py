"""The index: what is known of every take, in a database that is no more than that.

It decides nothing and holds nothing that the take folders do not say: `studio reindex` builds it
anew, and one of another version, or a damaged one, is built anew as well. A file that is none of
ours is never touched.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index as SqlIndex,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    true,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from answerprint.errors import SetupError
from answerprint_studio.tally import TEXTS, Tally

VERSION = 3  # of the tables; another one is built anew
MARK = 0x416E5072  # SQLite's application_id of our files, AnPr, by which a damaged one is known
AT_ONCE = 400  # ids in one statement: databases bound the number of values

Entry = dict[str, Any]

metadata = MetaData()
about = Table(
    "answerprint_about",  # a database may hold tables of others
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text),
)
takes = Table(
    "answerprint_takes",
    metadata,
    Column("id", String(32), primary_key=True),
    # where it is: its folder, and that of its stream
    Column("folder", Text, nullable=False, unique=True),
    Column("stream", Text, nullable=False, index=True),
    Column("stamp", Text, nullable=False),
    # what the wall finds, sorts and counts by
    Column("show", Text, nullable=False),
    Column("sequence", Text, nullable=False),
    Column("shot", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("take", String(20), nullable=False),
    Column("task", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("artist", Text, nullable=False),
    Column("created", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("qc", String(20), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("review", String(20), nullable=False),
    Column("spent", Float, nullable=False),
    Column("words", Text, nullable=False),
    Column("newest", Boolean, nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("latest_approved", Boolean, nullable=False),
    Column("retakes", Integer, nullable=False),
    Column("is_complete", Boolean, nullable=False),
    Column("is_decided", Boolean, nullable=False),
    # what a card shows besides
    Column("card", JSON, nullable=False),
    SqlIndex("by_age", "created", "id"),
    SqlIndex("by_age_newest", "newest", "created", "id"),
    SqlIndex("by_cut", "show", "sequence", "shot", "name", "number", "id"),
    SqlIndex("by_severity", "severity", "created", "id"),
    SqlIndex("by_spent", "spent", "id"),
    SqlIndex("by_rank", "rank", "created", "id"),
)


class Index:
    """A database of takes. Safe from several threads; one of them writes at a time.

    roots   that its takes lie below; an index of other folders is none of theirs
    own     nobody else's file can lie at this address: what cannot be read there is thrown away
    anew    all of it is read anew: it is looked through, and takes these roots
    said    why what was there was thrown away; '' where nothing was

    Raises SetupError where its address says nothing that can be opened.
    """

    def __init__(
        self, url: str, roots: Iterable[Path] = (), *, own: bool = False, anew: bool = False
    ) -> None:
        self.tally = Tally()
        self.said = ""
        self._writing = threading.Lock()
        self._engine = _engine(url)
        self._roots = json.dumps(sorted(root.as_posix() for root in roots))
        self._anew = anew
        self._made(own=own)

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    def put(self, entries: Iterable[Entry]) -> None:
        """Take these in, in place of what was known of them or of their folders."""
        held = list(entries)
        gone: list[str] = []
        with self._change() as connection:
            for some in _some(held):
                connection.execute(delete(takes).where(takes.c.id.in_([e["id"] for e in some])))
                those = takes.c.folder.in_([entry["folder"] for entry in some])
                gone += [row[0] for row in connection.execute(select(takes.c.id).where(those))]
                connection.execute(delete(takes).where(those))
            if held:
                connection.execute(insert(takes), held)
        self.tally.drop(gone)
        self.tally.put(held)

    def change(self, changes: dict[str, Entry]) -> None:
        """Id -> the columns that are to be otherwise."""
        if changes:
            with self._change() as connection:
                for ident, values in changes.items():
                    connection.execute(update(takes).where(takes.c.id == ident).values(**values))
            for ident, values in changes.items():
                if "newest" in values:
                    self.tally.newest(ident, newest=values["newest"])

    def drop(self, idents: Iterable[str]) -> None:
        gone = list(idents)
        with self._change() as connection:
            for some in _some(gone):
                connection.execute(delete(takes).where(takes.c.id.in_(some)))
        self.tally.drop(gone)

    def one(self, ident: str) -> Entry | None:
        with self.reading() as connection:
            row = connection.execute(select(takes).where(takes.c.id == ident)).first()
        return None if row is None else dict(row._mapping)  # noqa: SLF001 - its public name

    def some(self, idents: list[str]) -> dict[str, Entry]:
        """Those of them that it holds, by id."""
        found: dict[str, Entry] = {}
        with self.reading() as connection:
            for those in _some(idents):
                rows = connection.execute(select(takes).where(takes.c.id.in_(those))).mappings()
                found |= {row["id"]: dict(row) for row in rows}
        return found

    def of_stream(self, stream: str) -> list[Entry]:
        """Its takes, the highest number first."""
        query = select(takes).where(takes.c.stream == stream).order_by(takes.c.number.desc())
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def stamps(self) -> dict[str, tuple[str, str, bool]]:
        """Folder -> (id, stamp, whether it is complete) of every take."""
        wanted = (takes.c.folder, takes.c.id, takes.c.stamp, takes.c.is_complete)
        with self.reading() as connection:
            return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(select(*wanted))}

    def decided(self) -> set[str]:
        """Folders of takes that somebody decided about, also where that is void."""
        wanted = select(takes.c.folder).where(takes.c.is_decided == true())
        with self.reading() as connection:
            return {row[0] for row in connection.execute(wanted)}

    def count(self) -> int:
        with self.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(takes)).scalar_one())

    @contextlib.contextmanager
    def _change(self) -> Iterator[Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection

    def _count(self) -> None:
        columns = [takes.c[name] for name in ("id", "newest", *TEXTS)]
        with self.reading() as connection:
            self.tally.put(dict(row) for row in connection.execute(select(*columns)).mappings())

    def _made(self, *, own: bool) -> None:
        """Make the tables, anew where they are of another version, or damaged."""
        try:
            self._opened()
        except DBAPIError as error:
            file = self._engine.url.database
            if not _is_damaged(error) or not file:
                raise _closed(error) from error
            self._engine.dispose()
            if not own and not _is_ours(Path(file)):
                raise SetupError(
                    f"{file} is no index of takes.",
                    remedy="It was left as it is. Name another file with --database, or leave "
                    "that out.",
                ) from error
            self.said = "was damaged"
            _remove(Path(file))
            try:
                self._opened()
            except DBAPIError as again:
                raise _closed(again) from again

    def _opened(self) -> None:
        self._checked()
        self._count()

    def _checked(self) -> None:
        """Raises SetupError: it is of other folders."""
        with self._engine.begin() as connection:
            is_file = self._engine.dialect.name == "sqlite"
            if is_file and self._anew:
                _look_through(connection)
            if inspect(connection).has_table(about.name):
                said = {row[0]: row[1] for row in connection.execute(select(about))}
                if said.get("version") == str(VERSION):
                    metadata.create_all(connection)
                    self._belongs(connection, said.get("roots", ""))
                    return
                self.said = "was of another version"
                metadata.drop_all(connection)
            metadata.create_all(connection)
            if is_file:
                connection.exec_driver_sql(f"PRAGMA application_id={MARK}")
            values = {"version": str(VERSION), "roots": self._roots}
            connection.execute(
                insert(about), [{"name": name, "value": value} for name, value in values.items()]
            )

    def _belongs(self, connection: Connection, roots: str) -> None:
        nobodys = json.dumps([])
        if self._roots in (roots, nobodys):
            return
        if roots != nobodys and not self._anew:
            raise SetupError(
                f"This index is of takes in other folders: {', '.join(json.loads(roots))}.",
                remedy="Name another one with --database, or build it anew for these folders with "
                "'answerprint studio reindex'.",
            )
        if roots != nobodys:
            connection.execute(delete(takes))
        connection.execute(update(about).where(about.c.name == "roots").values(value=self._roots))


def _engine(url: str) -> Engine:
    """Raises SetupError: no such database, or no driver for it is installed."""
    try:
        parts = make_url(url)
        if parts.drivername.startswith("sqlite") and parts.database:
            Path(parts.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if parts.drivername.startswith("sqlite") and parts.database in (None, "", ":memory:"):
            raise SetupError(
                "An index in memory is another one in each thread.",
                remedy="Name a file: sqlite:////folder/index.db; or leave --database out.",
            )
        made = create_engine(parts)  # its errors show no password: it is masked in every URL
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        kind = url.partition(":")[0]
        raise SetupError(
            f"A database of the kind '{kind}' cannot be opened here: {error}.",
            remedy="Install its driver beside Answerprint, or leave --database out.",
        ) from error
    except OSError as error:
        raise SetupError(
            f"The folder of the index cannot be made: {error.strerror}.",
            remedy="Check your rights in your own folder, or name another with --database.",
        ) from error
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _prepare)
    return made


def _prepare(connection: Any, _record: Any) -> None:
    """SQLite: readers beside a writer; what a power cut loses is built anew."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("PRAGMA cache_size=-65536")  # 64 MiB
    cursor.close()


def _look_through(connection: Connection) -> None:
    """Raises DBAPIError: a page of the file is damaged that opening it does not meet."""
    said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if said != "ok":
        damaged = sqlite3.DatabaseError(f"database disk image is malformed: {said}")
        raise DBAPIError("PRAGMA integrity_check", None, damaged)


def _is_damaged(error: DBAPIError) -> bool:
    """Whether the file itself is no database; one that is busy, or may not be read, is whole."""
    said = str(error.orig)
    return isinstance(error.orig, sqlite3.DatabaseError) and (
        "malformed" in said or "not a database" in said
    )


def _is_ours(file: Path) -> bool:
    """By the mark in its first bytes, which damage elsewhere leaves."""
    try:
        with file.open("rb") as stream:
            head = stream.read(72)
    except OSError:
        return False
    return head.startswith(b"SQLite format 3\0") and head[68:] == MARK.to_bytes(4, "big")


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            file.with_name(f"{file.name}{ending}").unlink(missing_ok=True)


def _closed(error: DBAPIError) -> SetupError:
    said = str(error.orig).splitlines()[0] if str(error.orig) else type(error).__name__
    return SetupError(
        f"The index of takes cannot be opened: {said}",
        remedy="Check that the database runs and lets you in; without --database it is a file of "
        "your own.",
    )


def _some(many: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(many), AT_ONCE):
        yield many[start : start + AT_ONCE]
