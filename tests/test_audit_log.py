"""The log of a roll-out's changes: whatever is changed, taken out or cut off is found, in its line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from samples import AtOnce
from strategies import scratch

from answerprint import ledger, rollout, signing
from answerprint.change import Change
from answerprint.decision import Held
from answerprint.documents import canonical
from answerprint.errors import ChangedMeanwhile, SetupError
from answerprint.ledger import Keys

HELD = Held("render1:8001", {one: one * 64 for one in "1234"}, {})
WHY = "looked at it together with Ann"
COUNT = 6


@pytest.fixture(scope="module")
def kept(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A roll-out with six entries, in a folder that no test changes."""
    folder = tmp_path_factory.mktemp("rollout")
    change = Change(folder, signing.own_signer(home))
    change.promote("denoise", "1", HELD, WHY)
    change.canary("denoise", 10, "2", HELD, WHY)
    change.promote("matte", "3", HELD, "the first roll-out of it")
    change.pin("denoise", "night", "1", HELD, "delivers on Friday")
    change.drain("render1:8001", "new driver")
    change.undrain("render1:8001", "driver is in")
    return folder


@pytest.fixture(scope="module")
def trusted(home: Path) -> Keys:
    return signing.trusted_keys([home / "trust"])


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "rollout"))


@pytest.fixture
def answerprint(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    """Of a site with that folder."""
    site = tmp_path / "site.toml"
    site.write_text(f'rollout = "{folder.as_posix()}"\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    return AtOnce(tmp_path)


def held(folder: Path) -> list[bytes]:
    return (folder / ledger.FILE).read_bytes().splitlines(keepends=True)


def put(folder: Path, lines: list[bytes]) -> None:
    (folder / ledger.FILE).write_bytes(b"".join(lines))


def bad(folder: Path, trusted: Keys) -> list[int]:
    return [one.line for one in ledger.verify(folder, trusted)]


def test_a_log_that_nobody_touched_is_good(folder: Path, trusted: Keys) -> None:
    assert ledger.verify(folder, trusted) == []
    assert [one.seq for one in ledger.entries(folder)] == list(range(1, COUNT + 1))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_byte_that_is_changed_added_or_missing_is_found(
    kept: Path, trusted: Keys, data: st.DataObject
) -> None:
    whole = (kept / ledger.FILE).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 2), label="place")
    other = data.draw(st.integers(0, 255).filter(lambda one: one != whole[place]), label="byte")
    put_in = bytes([other])
    way = data.draw(st.sampled_from(["changed", "added", "missing"]))
    edited = {
        "changed": whole[:place] + put_in + whole[place + 1 :],
        "added": whole[:place] + put_in + whole[place:],
        "missing": whole[:place] + whole[place + 1 :],
    }[way]
    with scratch() as folder:
        shutil.copy(kept / rollout.FILE, folder)
        (folder / ledger.FILE).write_bytes(edited)
        found = bad(folder, trusted)

    line = whole[:place].count(b"\n") + 1
    assert found
    assert abs(found[0] - line) <= 1  # a line's end belongs to two


def test_the_last_entry_cannot_be_spelled_otherwise(folder: Path, trusted: Keys) -> None:
    """No chain holds it yet, and its signature is of what it says, not of how."""
    *lines, last = held(folder)
    put(folder, [*lines, last.replace(b'"action":', b'"action": ', 1)])

    (found,) = ledger.verify(folder, trusted)

    assert (found.line, found.problem) == (COUNT, "it is not spelled as it was written")


@settings(max_examples=50, deadline=None)
@given(order=st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 2))
def test_any_other_order_and_any_line_taken_out_or_put_in_is_found(
    kept: Path, trusted: Keys, order: list[int]
) -> None:
    lines = held(kept)
    with scratch() as folder:
        shutil.copy(kept / rollout.FILE, folder)
        put(folder, [lines[place] for place in order])
        found = bad(folder, trusted)

    assert bool(found) == (order != list(range(COUNT)))


@pytest.mark.parametrize("left", range(COUNT))
def test_a_log_that_was_cut_off_at_its_end_is_found_by_the_roll_out(
    left: int, folder: Path, trusted: Keys
) -> None:
    """Also where an earlier entry left the very same settings as the last one."""
    put(folder, held(folder)[:left])

    (found,) = ledger.verify(folder, trusted)

    assert found.line == left
    assert "the roll-out is of entry 6: its end was cut off" in found.problem


def test_a_log_that_is_gone_is_found(folder: Path, trusted: Keys) -> None:
    (folder / ledger.FILE).unlink()

    assert bad(folder, trusted) == [0]


@pytest.mark.parametrize("field", ["who", "why", "at", "kid", "after", "extra"])
def test_an_entry_that_is_signed_by_nobody_is_found_even_if_the_chain_is_made_anew(
    field: str, folder: Path, trusted: Keys
) -> None:
    """Who may write the file and has no trusted key: every digest is right, no signature is."""
    made: list[bytes] = []
    for number, line in enumerate(held(folder), 1):
        entry = json.loads(line)
        if number == 3:
            entry[field] = {"stable": "2"} if field == "after" else "another"
        if made:
            entry["previous"] = ledger.digest(made[-1].rstrip(b"\n"))
        made.append(canonical(entry) + b"\n")
    put(folder, made)

    assert bad(folder, trusted)[0] == 3


def test_a_key_that_nobody_trusts_is_named_with_what_helps(
    folder: Path, tmp_path: Path, trusted: Keys
) -> None:
    stranger = signing.own_signer(tmp_path / "stranger")
    Change(folder, stranger).unpin("denoise", "night", WHY)

    (found,) = ledger.verify(folder, trusted)

    assert found.line == COUNT + 1
    assert f"its key {stranger.kid} is not trusted: copy {stranger.kid}.pub of" in found.problem


def test_a_roll_out_that_was_edited_by_hand_is_found_until_it_is_entered(
    answerprint: AtOnce, folder: Path
) -> None:
    file = folder / rollout.FILE
    file.write_text(f"{file.read_text()}# by hand\n", encoding="utf-8")

    before = answerprint("models", "log", "--check")
    entered = answerprint("models", "log", "--enter", "--why", WHY)
    after = answerprint("models", "log", "--check")

    assert before.code == 1
    assert before.out == (
        "line 6: the roll-out was edited by hand since entry 6; or later entries were cut off\n"
    )
    assert entered.out.endswith("note: the roll-out was edited by hand since entry 6\n")
    assert (after.code, after.out) == (
        0,
        "7 entries, chained and signed; the roll-out is as the last one left it.\n",
    )


def test_a_change_goes_on_after_a_damaged_log_which_stays_damaged(
    folder: Path, home: Path, trusted: Keys
) -> None:
    """A rollback is needed now, and what was done to the log is found for ever."""
    lines = held(folder)
    put(folder, [*lines[:2], lines[2].replace(b"first", b"worst"), *lines[3:5], b"rubbish\n"])

    entry = Change(folder, signing.own_signer(home)).rollback("denoise", "2", "blur on hair")

    assert entry is not None
    assert entry.notes == ("line 6 is no entry",)
    assert rollout.read(folder / rollout.FILE).tasks["denoise"].stable == "2"
    assert [line for line in bad(folder, trusted) if line < 7] == [3, 4, 6]


def test_a_writer_that_slept_and_lost_its_turn_adds_nothing(
    folder: Path, home: Path, trusted: Keys
) -> None:
    signer = signing.own_signer(home)
    seen, facts = ledger.end(folder), ledger.entries(folder)[-1].model_dump(by_alias=True)
    Change(folder, signer).unpin("denoise", "night", WHY)

    with pytest.raises(ChangedMeanwhile, match="was added to by another process"):
        ledger.append(folder, signer, seen, facts)

    assert ledger.verify(folder, trusted) == []


def test_the_log_is_told_in_words_and_of_one_task(answerprint: AtOnce) -> None:
    every = answerprint("models", "log")
    one = answerprint("models", "log", "matte", "--json")

    assert every.out.count(WHY) == 2
    assert "promote matte\n      stable none -> 3, versions.3 none -> 333333333333\n" in every.out
    assert max(map(len, every.out.splitlines())) <= 100
    assert [entry["seq"] for entry in one.documents] == [3, 5, 6]


def test_a_line_that_is_no_entry_is_told_with_its_number(answerprint: AtOnce, folder: Path) -> None:
    lines = held(folder)
    put(folder, [lines[0], b'{"schema": "answerprint.audit/v1"}\n', b"\xff\n", *lines[3:]])

    said = answerprint("models", "log", "--json")

    assert said.code == 1
    assert [one["line"] for one in said.documents if "problem" in one] == [2, 3]


def test_a_log_that_is_no_log_is_not_read_for_ever(folder: Path, trusted: Keys) -> None:
    with (folder / ledger.FILE).open("r+b") as stream:
        stream.truncate(ledger.MOST_BYTES + 1)

    with pytest.raises(SetupError, match=r"audit\.jsonl is larger than"):
        ledger.verify(folder, trusted)


@settings(max_examples=20, deadline=None)
@given(rubbish=st.binary(max_size=200))
def test_rubbish_for_a_log_is_found_and_never_a_fault(
    kept: Path, trusted: Keys, rubbish: bytes
) -> None:
    with scratch() as folder:
        shutil.copy(kept / rollout.FILE, folder)
        (folder / ledger.FILE).write_bytes(rubbish)

        assert bad(folder, trusted)
