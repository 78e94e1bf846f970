"""The studio's index: found again from the take folders, paged and counted as a plain list would be."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from samples import plate as noise
from sqlalchemy.exc import OperationalError
from studios import shot

from answerprint.documents import write
from answerprint.errors import JobError, SetupError
from answerprint.site import Site
from answerprint.take import Take
from answerprint.triton import Server
from answerprint_studio import entry as entries, reindex, search
from answerprint_studio.follow import Follower
from answerprint_studio.index import Entry, Index
from answerprint_studio.search import Query
from answerprint_studio.settings import Settings


@pytest.fixture(scope="module")
def one(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """A complete take of two frames; read only."""
    root = tmp_path_factory.mktemp("one")
    with Server(address) as server:
        return shot(server, home, root, noise(root / "plates", 2))


@pytest.fixture
def root(one: Take, tmp_path: Path) -> Path:
    """A copy of it, as the first take of its stream."""
    shutil.copytree(one.folder, tmp_path / "takes" / "show" / "s1" / "bg_passthrough" / "v001")
    return tmp_path / "takes"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(url(tmp_path))
    yield made
    made.close()


def url(folder: Path) -> str:
    return f"sqlite:///{(folder / 'index.db').as_posix()}"


def follower(index: Index, root: Path, told: list[set[str]] | None = None) -> Follower:
    tell = (lambda _: None) if told is None else told.append
    return Follower(index, (root,), Site(), root.parent / "home", tell)


def held(index: Index) -> list[Entry]:
    with index.reading() as connection:
        return list(search.every(connection, Query(sort="cut"), 1000))


def test_losing_the_index_loses_nothing(root: Path, tmp_path: Path) -> None:
    database = tmp_path / "studio.db"
    asked = Settings((root,), Site(), tmp_path, database=f"sqlite:///{database.as_posix()}")
    reindex.reindex(asked)
    before = kept(asked)
    database.unlink()

    found, _ = reindex.reindex(asked)

    assert found == len(before) == 1
    assert kept(asked) == before


def kept(asked: Settings) -> list[Entry]:
    with closing(Index(asked.url, asked.roots)) as index:
        return held(index)


def test_a_wall_that_is_indexed_anew_is_never_empty_and_what_was_wrong_is_right(
    root: Path, index: Index
) -> None:
    follower(index, root).everything()
    before = held(index)
    index.change({before[0]["id"]: {"name": "wrong"}})
    index.put([{**before[0], "id": "ef" * 16, "folder": f"{before[0]['folder']}9"}])
    asked = Settings((root,), Site(), root.parent / "home", database=url(root.parent))
    seen: list[int] = []

    reindex.reindex(asked, lambda: seen.append(index.count()))

    assert held(index) == before
    assert min(seen) > 0


def test_whoever_wants_no_index_any_more_may_end_its_making(root: Path, index: Index) -> None:
    def ended() -> None:
        raise KeyboardInterrupt

    follower(index, root).everything()
    asked = Settings((root,), Site(), root.parent / "home", database=url(root.parent))
    with pytest.raises(KeyboardInterrupt):
        reindex.reindex(asked, ended)

    assert index.count() == 1


def test_an_index_of_ones_own_that_is_damaged_is_built_anew_and_that_is_said(
    tmp_path: Path,
) -> None:
    asked = Settings((tmp_path,), Site(), tmp_path)
    database = Path(asked.url.removeprefix("sqlite:///"))
    database.parent.mkdir()
    database.write_bytes(b"no database at all" * 400)

    with closing(Index(asked.url, asked.roots, own=True)) as made:
        assert (made.count(), made.said) == (0, "was damaged")


def test_an_index_with_a_damaged_page_is_built_anew(tmp_path: Path) -> None:
    with closing(Index(url(tmp_path))) as made:
        filled(made, [SOME] * 40)
    database = tmp_path / "index.db"
    pages = bytearray(database.read_bytes())
    for page in range(4096, len(pages), 4096):
        pages[page : page + 512] = b"\xff" * 512
    database.write_bytes(pages)

    with closing(Index(url(tmp_path))) as made:
        assert (made.count(), made.said) == (0, "was damaged")


@pytest.mark.parametrize("content", [b"a plate" * 400, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_index_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.db").write_bytes(content)

    with pytest.raises(SetupError, match="is no index of takes"):
        Index(url(tmp_path))

    assert (tmp_path / "index.db").read_bytes() == content


def test_tables_of_others_in_the_database_are_left_as_they_are(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.db") as connection:
        connection.execute("create table about (x text)")
        connection.execute("create table takes (id text)")
        connection.execute("insert into takes values ('theirs')")

    with closing(Index(url(tmp_path))) as made:
        assert made.count() == 0
    with sqlite3.connect(tmp_path / "index.db") as connection:
        assert connection.execute("select id from takes").fetchall() == [("theirs",)]


def test_an_index_of_another_version_is_built_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.db") as connection:
        connection.execute("create table answerprint_about (name text primary key, value text)")
        connection.execute("insert into answerprint_about values ('version', '0')")
        connection.execute("create table answerprint_takes (id text)")

    with closing(Index(url(tmp_path))) as made:
        assert (made.count(), made.said) == (0, "was of another version")


@pytest.mark.parametrize("url", ["nonsuch://user:secret@host/name", "sqlite:////proc/none/x.db"])
def test_a_database_that_cannot_be_opened_is_said_without_its_password(url: str) -> None:
    with pytest.raises(SetupError) as caught:
        Index(url)

    assert "secret" not in f"{caught.value.problem} {caught.value.remedy}"


@pytest.mark.parametrize("url", ["postgresql://user:secret@host:port/name", "no address:secret"])
def test_an_address_that_is_none_is_said_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="address cannot be read") as caught:
        Settings((tmp_path,), Site(), tmp_path, database=url).url  # noqa: B018 - what it raises

    assert "secret" not in f"{caught.value.problem} {caught.value.remedy}"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_an_index_in_memory_is_refused_in_words(url: str) -> None:
    with pytest.raises(SetupError, match="in memory"):
        Index(url)


def test_services_of_other_folders_have_indexes_of_their_own(tmp_path: Path) -> None:
    one, other = (Settings((tmp_path / name,), Site(), tmp_path) for name in ("one", "other"))

    assert one.url != other.url
    assert one.url == Settings((tmp_path / "x" / ".." / "one",), Site(), tmp_path).url


def test_an_index_that_is_of_other_folders_is_not_mixed_with_them(
    root: Path, tmp_path: Path
) -> None:
    with closing(Index(url(tmp_path), (root,))) as made:
        follower(made, root).everything()
    with pytest.raises(SetupError, match=f"in other folders: {root.as_posix()}"):
        Index(url(tmp_path), (tmp_path / "other",))

    with closing(Index(url(tmp_path), (tmp_path / "other",), anew=True)) as made:
        assert made.count() == 0


def test_a_stream_that_was_moved_keeps_its_takes_and_their_addresses(
    root: Path, index: Index
) -> None:
    follows = follower(index, root)
    follows.everything()
    before = held(index)
    stream = Path(before[0]["stream"])
    moved = stream.rename(stream.with_name("zz"))
    follows.everything()
    (later,) = held(index)
    moved.rename(stream.with_name("aa"))
    follows.look()
    follows.everything()
    (last,) = held(index)

    assert (later["id"], last["id"]) == (before[0]["id"], before[0]["id"])
    assert [later["name"], last["name"]] == ["zz", "aa"]


def test_a_take_below_a_name_that_is_no_text_says_so_and_hides_no_other(
    root: Path, index: Index
) -> None:
    take = root / "show" / "s1" / "bg_passthrough" / "v001"
    shutil.copytree(take, root / os.fsdecode(b"caf\xe9") / "v001")
    follower(index, root).everything()

    found = {one["name"]: one["card"]["reason"] for one in held(index)}
    assert found["bg_passthrough"] == ""
    assert "letters that are no text" in found["caf\\udce9"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("events.jsonl", '{"event": "started", "kept": "x", "time": 7}\n[1]\n'),
        ("claim.json", '{"uuid": "cd", "user": "\\ud800", "created": "", "machine": "vm"}'),
        ("claim.json", "[]"),
        ("job.json", '{"resolved": {"frames": "1-999999999", "axes": [1]}}'),
    ],
    ids=["journal", "letters", "claim", "job"],
)
def test_a_take_that_anybody_wrote_nonsense_to_hides_no_other(
    file: str, text: str, root: Path, index: Index
) -> None:
    stream = root / "show" / "s1" / "bg_passthrough"
    shutil.copytree(stream / "v001", stream / f"v{10**24}")
    bad = stream / f"v{10**24}" / ".take"
    (bad / "manifest.json").unlink()
    (bad / file).write_text(text)
    follows = follower(index, root)
    follows.everything()

    assert follows.is_ready.is_set()
    assert [one["take"] for one in held(index)] == [f"v{10**24}"[:20], "v001"]


def test_what_could_not_be_taken_in_is_taken_in_another_time(root: Path, index: Index) -> None:
    follows = follower(index, root)
    with sqlite3.connect(root.parent / "index.db") as connection:
        connection.execute("alter table answerprint_takes rename to aside")
        with pytest.raises(OperationalError):
            follows.everything()
        connection.execute("alter table aside rename to answerprint_takes")
    follows.everything()

    assert len(held(index)) == 1


def test_following_goes_on_where_a_fault_cannot_even_be_written(root: Path, index: Index) -> None:
    (root.parent / "home").write_text("no folder")
    follows = follower(index, root)
    with sqlite3.connect(root.parent / "index.db") as connection:
        connection.execute("alter table answerprint_takes rename to aside")
        follows.start()
        assert not follows.is_ready.wait(0.5)
        connection.execute("alter table aside rename to answerprint_takes")
    try:
        assert follows.is_ready.wait(60)
    finally:
        follows.stop()
    assert len(held(index)) == 1


def test_a_take_that_comes_and_goes_is_told(root: Path, index: Index) -> None:
    told: list[set[str]] = []
    follows = follower(index, root, told)
    follows.everything()
    stream = root / "show" / "s1" / "bg_passthrough"
    shutil.copytree(stream / "v001", stream / "v002")
    follows.look()
    came = [entry["take"] for entry in held(index)]
    shutil.rmtree(stream / "v001")
    follows.look()

    assert came == ["v002", "v001"]
    assert [entry["take"] for entry in held(index)] == ["v002"]
    assert len(told) == 3


def test_two_services_that_share_an_index_both_tell_and_count_what_comes(
    root: Path, index: Index
) -> None:
    told: list[set[str]] = []
    with closing(Index(url(root.parent))) as other:
        one, two = follower(index, root), follower(other, root, told)
        one.everything()
        two.everything()
        told.clear()
        stream = root / "show" / "s1" / "bg_passthrough"
        shutil.copytree(stream / "v001", stream / "v002")
        one.look()
        two.look()
        came = {entry["id"] for entry in held(index) if entry["take"] == "v002"}
        newest = [search.find(at, Query(newest=True)).total for at in (index, other)]

    assert came <= set[str]().union(*told)
    assert newest == [1, 1]


def test_a_folder_that_was_copied_claim_and_all_is_another_take(root: Path, index: Index) -> None:
    shutil.copytree(root / "show", root / "copy")
    follower(index, root).everything()

    first, second = held(index)
    assert first["id"] != second["id"]


def test_what_has_not_changed_is_neither_read_nor_told_again(root: Path, index: Index) -> None:
    follower(index, root).everything()
    told: list[set[str]] = []
    again = follower(index, root, told)
    again.everything()
    again.look()

    assert told == []


def test_a_take_without_a_readable_claim_is_listed_and_says_why(root: Path, index: Index) -> None:
    take = Take(root / "show" / "s1" / "bg_passthrough" / "v001")
    (take.private / "claim.json").write_text("{")
    (take.private / "job.json").write_text("[" * 100_000)
    follower(index, root).everything()

    (found,) = held(index)
    assert (found["name"], found["take"]) == ("bg_passthrough", "v001")
    assert "cannot be read" in found["card"]["reason"]


def test_a_share_that_is_away_for_a_while_keeps_its_takes(root: Path, index: Index) -> None:
    follows = follower(index, root)
    follows.everything()
    away = root.rename(root.with_name("away"))
    follower(index, root).everything()
    kept = len(held(index))
    away.rename(root)
    follower(index, root).everything()

    assert (kept, len(held(index))) == (1, 1)


def test_a_take_that_runs_is_followed_as_its_journal_grows(root: Path, index: Index) -> None:
    take = Take(root / "show" / "s1" / "bg_passthrough" / "v001")
    (take.private / "manifest.json").unlink()
    begun = take.file(1002).rename(root / "aside.exr")
    follows = follower(index, root)
    follows.everything()
    before = held(index)[0]
    begun.rename(take.file(1002))
    take.journal().append("frame", frame=1002)
    follows.look()
    after = held(index)[0]

    assert before["state"] == after["state"] == "not_finished"
    assert (before["card"]["progress"]["done"], after["card"]["progress"]["done"]) == (1, 2)
    assert after["card"]["progress"]["frame"] == 1002


def test_of_a_stream_one_take_is_the_newest_and_one_the_latest(root: Path, index: Index) -> None:
    stream = root / "show" / "s1" / "bg_passthrough"
    for label in ("v002", "v003"):
        shutil.copytree(stream / "v001", stream / label)
    (stream / "v003" / ".take" / "manifest.json").unlink()
    follower(index, root).everything()

    flags = {one["take"]: (one["newest"], one["latest"]) for one in held(index)}
    assert flags == {"v001": (False, False), "v002": (False, True), "v003": (True, False)}


def test_links_are_not_followed(root: Path, index: Index) -> None:
    (root / "round").symlink_to(root, target_is_directory=True)
    (root / "show" / "s1" / "bg_passthrough" / "v009").symlink_to(
        root / "show" / "s1" / "bg_passthrough" / "v001"
    )
    follower(index, root).everything()

    assert [one["take"] for one in held(index)] == ["v001"]


@pytest.mark.parametrize(
    ("shot", "sequence"),
    [("010_0020", "010"), ("sq10-0020a", "sq10"), ("sh0120", ""), ("a_b_0010", ""), ("", "")],
)
def test_a_sequence_is_what_a_shots_name_begins_with(shot: str, sequence: str) -> None:
    row: dict[str, Any] = {"stream": f"show/{shot}/name" if shot else "name"}
    found = entries.places(row, {}, Site())

    assert (found["shot"], found["sequence"]) == (shot, sequence)


def test_a_sequence_is_the_scripts_where_the_site_tells_it() -> None:
    site = Site(context=("/shows/{show}/{sequence}/{shot}/*",))
    said = {"job": {"script": "/shows/glass/garden/0020/comp.nk"}}

    assert entries.places({"stream": "glass/0020/n"}, said, site)["sequence"] == "garden"


# Cards of few different things, so that many are alike
_few = st.sampled_from
_entries = st.fixed_dictionaries(
    {
        "show": _few(["", "glass", "100%"]),
        "sequence": _few(["", "010"]),
        "shot": _few(["", "010_0020", "o'brien"]),
        "name": _few(["bg_denoise", "BG_Matte"]),
        "number": st.integers(1, 3),
        "task": _few(["denoise", "matte"]),
        "model": _few(["oidn", "rvm"]),
        "artist": _few(["ada", "ines"]),
        "created": _few(["", "2026-11-29T00:00:00Z", "2026-11-29T00:00:01Z"]),
        "state": _few(list(entries.STATES)),
        "qc": _few(list(entries.CHECKS)),
        "review": _few(["", "approved", "retake"]),
        "spent": _few([0.0, 1.5, 80.25]),
        "newest": st.booleans(),
    }
)


SOME = {
    **dict.fromkeys(("show", "sequence", "shot", "created", "review", "qc"), ""),
    "name": "bg",
    "number": 1,
    "task": "denoise",
    "model": "oidn",
    "artist": "ada" * 100,
    "state": "running",
    "qc": "pass",
    "spent": 0.0,
    "newest": True,
}


def filled(index: Index, drawn: list[dict[str, Any]]) -> list[Entry]:
    made = []
    for number, fields in enumerate(drawn):
        named = [str(fields[name]) for name in (*search.EXACT, "name")]
        words = " ".join([*named, f"v{fields['number']:03d}", "denoise asked"[number % 2 * 8 :]])
        made.append(
            {
                "id": f"{number:032x}",
                "folder": f"/takes/{number}",
                "stream": f"/takes/{number % 3}",
                "stamp": "",
                "take": f"v{fields['number']:03d}",
                "rank": list(entries.STATES).index(fields["state"]),
                "severity": list(entries.CHECKS).index(fields["qc"]),
                "words": words.lower(),
                "latest": False,
                "latest_approved": False,
                "retakes": 0,
                "is_complete": True,
                "is_decided": False,
                "card": {},
                **fields,
            }
        )
    index.drop([one["id"] for one in held(index)])
    index.put(made)
    return made


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    made = Index(f"sqlite:///{(tmp_path_factory.mktemp('db') / 'index.db').as_posix()}")
    yield made
    made.close()


@settings(max_examples=40, deadline=None)
@given(
    drawn=st.lists(_entries, max_size=24),
    sort=_few(list(search.ORDERS)),
    group=_few(["", *search.GROUPS]),
    limit=st.integers(1, 7),
)
def test_pages_put_together_are_all_takes_once_and_in_order(
    database: Index, drawn: list[dict[str, Any]], sort: str, group: str, limit: int
) -> None:
    made = filled(database, drawn)
    query = Query(sort=sort, group=group)
    with database.reading() as connection:
        whole = [one["id"] for one in search.every(connection, query, 1000)]
    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = found(database, Query(sort=sort, group=group, limit=limit, cursor=cursor))
        paged += [one["id"] for one in page.entries]
        cursor = page.next

    assert paged == whole
    assert sorted(paged) == sorted(one["id"] for one in made)


@settings(max_examples=40, deadline=None)
@given(
    drawn=st.lists(_entries, max_size=24),
    state=_few(["", "running", "approved,retake"]),
    task=_few(["", "denoise"]),
    q=_few(["", "glass", "by:AD", "100%", "o'brien matte", "%", "_denoise", "asked", "v002 ada"]),
    newest=st.booleans(),
)
def test_what_is_counted_is_what_would_be_found(
    database: Index, drawn: list[dict[str, Any]], state: str, task: str, q: str, *, newest: bool
) -> None:
    made = filled(database, drawn)

    def fits(one: Entry, *, state: str, task: str) -> bool:
        words = q.lower().split()
        by = [word[3:] for word in words if word.startswith("by:")]
        plain = [word for word in words if not word.startswith("by:")]
        return (
            (not state or one["state"] in state.split(","))
            and (not task or one["task"] == task)
            and (not newest or one["newest"])
            and all(word in one["words"] for word in plain)
            and all(word in one["artist"] for word in by)
        )

    page = found(database, Query(q=q, state=state, task=task, newest=newest, limit=500))
    fitting = [one for one in made if fits(one, state=state, task=task)]
    states = Counter(one["state"] for one in made if fits(one, state="", task=task))
    tasks = Counter(one["task"] for one in made if fits(one, state=state, task=""))

    assert sorted(one["id"] for one in page.entries) == sorted(one["id"] for one in fitting)
    assert (page.total, page.all) == (len(fitting), len(made))
    assert page.counts["state"] == dict(states)
    assert page.counts["task"] == dict(tasks)


def found(index: Index, query: Query) -> search.Found:
    return search.find(index, query)


@settings(max_examples=50, deadline=None)
@given(
    cursor=st.one_of(st.text(min_size=1, max_size=60), _few(["W10", "WzEsMl0", "bnVsbA", "e30"]))
)
def test_a_cursor_that_is_none_of_ours_is_refused_in_words(database: Index, cursor: str) -> None:
    with pytest.raises(JobError, match="next page"):
        found(database, Query(cursor=cursor))


def test_a_number_that_no_column_holds_is_in_no_cursor(database: Index) -> None:
    beyond = json.dumps([10**30, "2026", "ab"]).encode()
    with pytest.raises(JobError, match="next page"):
        found(database, Query(sort="checks", cursor=base64.urlsafe_b64encode(beyond).decode()))


def test_what_is_in_no_order_and_no_group_is_said(database: Index) -> None:
    with pytest.raises(JobError, match="no order 'size'"):
        found(database, Query(sort="size"))
    with pytest.raises(JobError, match="not grouped by 'words'"):
        found(database, Query(group="words"))


def test_a_verdict_that_names_nothing_known_is_shown_as_unknown(root: Path, index: Index) -> None:
    take = Take(root / "show" / "s1" / "bg_passthrough" / "v001")
    write(take.private / "qc.json", {"schema": "answerprint.qc/v1", "verdict": "splendid"})
    follower(index, root).everything()

    assert held(index)[0]["qc"] == "unknown"
