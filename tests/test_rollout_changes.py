"""Changes of a roll-out: what each makes of the file, who is first, and that it is whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import disks
import pytest
from hypothesis import given, settings, strategies as st
from processes import Crowd
from strategies import scratch

from answerprint import draft, ledger, rollout, signing
from answerprint.change import Change
from answerprint.decision import Held
from answerprint.errors import (
    AnswerprintError,
    ChangedMeanwhile,
    DiskFull,
    JobError,
    ModelReplaced,
    NoSuchTask,
    SetupError,
)
from answerprint.ledger import Entry
from answerprint.rollout import Freeze, Rollout, choose

HELD = Held("render1:8001", {one: one * 64 for one in "1234"}, {"5": "it is loading."})
WHY = "looked at it together with Ann"
TODAY = date.today()  # noqa: DTZ011 - the studio's day

# as a studio may have written it
WRITTEN = """# the roll-out of our studio
schema = "answerprint.rollout/v1"

[tasks.denoise]
stable = "3"            # since night
candidate = "4"         # faster
canary = 10             # percent
pins = { night = "3", day = "crisp" }   # until they deliver
aliases = { crisp = "2" }

# what halts it
[tasks.denoise.guard]
failures = 3.5          # ours fail a little

[tasks.upscale]         # not tried
stable = "1"

[servers."render2:8001"]
draining = "new driver"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rollout"
    made.mkdir()
    return made


@pytest.fixture
def change(folder: Path, home: Path) -> Change:
    return Change(folder, signing.own_signer(home))


def now(folder: Path) -> Rollout:
    return rollout.read(folder / rollout.FILE)


def seen(folder: Path) -> str:
    held = ledger.content(folder)
    return "" if held is None else ledger.digest(held)


def write(folder: Path, text: str = WRITTEN) -> None:
    (folder / rollout.FILE).write_text(text, encoding="utf-8")


def refused(error: type[AnswerprintError], made: Callable[[], object], folder: Path) -> str:
    """What is said; file and log are as they were."""
    before = sorted((one.name, one.read_bytes()) for one in folder.iterdir())
    with pytest.raises(error) as caught:
        made()
    assert sorted((one.name, one.read_bytes()) for one in folder.iterdir()) == before
    return f"{caught.value.problem} {caught.value.remedy}"


def test_a_first_promotion_makes_the_file_and_the_log(change: Change, folder: Path) -> None:
    entry = change.promote("denoise", "3", HELD, WHY)

    assert entry is not None
    assert (entry.seq, entry.why, entry.before) == (1, WHY, {})
    assert now(folder).tasks["denoise"].versions == {"3": "3" * 64}
    assert sorted(one.name for one in folder.iterdir()) == ["audit.jsonl", "rollout.toml"]


def test_a_rollback_takes_the_candidate_away_first_and_stable_stays(
    folder: Path, change: Change
) -> None:
    change.promote("denoise", "2", HELD, WHY)
    change.promote("denoise", "3", HELD, WHY)
    change.canary("denoise", 10, "4", HELD, WHY)
    change.pin("denoise", "night", "candidate", HELD, WHY)

    change.rollback("denoise", None, "too dark")
    once = now(folder).tasks["denoise"]
    change.rollback("denoise", None, "blur on hair")
    twice = now(folder).tasks["denoise"]

    assert (once.stable, once.candidate, once.canary, once.pins) == ("3", None, 0, {})
    assert (twice.stable, twice.candidate) == ("2", None)


def test_a_rollback_to_what_is_stable_takes_the_candidate_away_as_well(
    folder: Path, change: Change
) -> None:
    change.promote("denoise", "3", HELD, WHY)
    change.canary("denoise", 10, "4", HELD, WHY)

    change.rollback("denoise", "3", "too dark")

    held = now(folder).tasks["denoise"]
    assert (held.stable, held.candidate, held.canary) == ("3", None, 0)


def test_of_a_promotion_no_other_candidate_is_left(folder: Path, change: Change) -> None:
    change.promote("denoise", "2", HELD, WHY)
    change.canary("denoise", 10, "4", HELD, WHY)

    change.promote("denoise", "3", HELD, WHY)
    change.rollback("denoise", None, "blur on hair")

    assert (now(folder).tasks["denoise"].stable, now(folder).tasks["denoise"].candidate) == (
        "2",
        None,
    )


def test_a_promotion_ends_what_was_tried_and_a_rollback_brings_the_old_version_back(
    change: Change, folder: Path
) -> None:
    write(folder)

    change.promote("denoise", None, HELD, WHY)
    promoted = now(folder).tasks["denoise"]
    change.rollback("denoise", None, "blur on hair")
    back = now(folder).tasks["denoise"]

    assert (promoted.stable, promoted.candidate, promoted.canary) == ("4", None, 0)
    assert promoted.aliases == {"crisp": "2", "previous": "3"}
    assert promoted.versions == {"3": "3" * 64, "4": "4" * 64}
    assert (back.stable, back.canary, back.mirror) == ("3", 0, 0)
    assert back.pins == {"night": "3", "day": "crisp"}


def test_two_who_roll_back_one_after_the_other_do_not_bring_the_bad_version_back(
    change: Change, folder: Path
) -> None:
    write(folder)
    change.promote("denoise", None, HELD, WHY)
    change.rollback("denoise", None, "blur on hair")

    said = refused(JobError, lambda: change.rollback("denoise", None, "blur on hair"), folder)

    assert said.startswith("denoise is at version 3, and there is no version before it")
    assert now(folder).tasks["denoise"].stable == "3"


def test_comments_order_and_other_tasks_stay(change: Change, folder: Path) -> None:
    write(folder)

    change.canary("denoise", 25, None, HELD, WHY)

    changed = WRITTEN.replace("canary = 10 ", "canary = 25 ")
    text = (folder / rollout.FILE).read_text(encoding="utf-8")
    lost = [line for line in changed.splitlines() if line not in text.splitlines()]
    assert lost == []
    assert text.endswith("# entry 1 of audit.jsonl\n")


CHANGES: dict[str, Callable[[Change], Entry | None]] = {
    "another candidate": lambda one: one.canary("denoise", 5, "1", HELD, WHY),
    "mirror": lambda one: one.mirror("denoise", 2.5, None, HELD, WHY),
    "halt": lambda one: one.halt("denoise", "3 of 5 frames failed"),
    "pin": lambda one: one.pin("denoise", "dawn", "crisp", HELD, WHY),
    "unpin": lambda one: one.unpin("denoise", "night", WHY),
    "alias": lambda one: one.alias("upscale", "sharp", "2", HELD, WHY),
    "freeze": lambda one: one.freeze(Freeze(first=TODAY, last=TODAY, why=WHY, tasks=("upscale",))),
    "drain": lambda one: one.drain("render1:8001", "new disks"),
    "undrain": lambda one: one.undrain("render2:8001", WHY),
    "promote": lambda one: one.promote("upscale", "2", HELD, WHY),
    "new task": lambda one: one.promote("matte", "1", HELD, WHY),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_each_change_is_in_the_file_once_and_says_what_it_moved(
    name: str, change: Change, folder: Path
) -> None:
    write(folder)
    before = now(folder)

    entry = CHANGES[name](change)
    after = now(folder)

    assert entry is not None
    assert entry.before != entry.after
    assert after != before
    assert entry.rollout == seen(folder)
    others = {task: one for task, one in before.tasks.items() if task != entry.task}
    assert others.items() <= after.tasks.items()


@pytest.mark.parametrize("name", ["mirror", "halt", "pin", "alias", "freeze", "drain"])
def test_what_is_so_already_is_no_change(name: str, change: Change, folder: Path) -> None:
    write(folder)
    CHANGES[name](change)
    before = seen(folder)

    assert CHANGES[name](change) is None
    assert seen(folder) == before


def test_another_candidate_does_not_inherit_the_share_of_the_last(
    change: Change, folder: Path
) -> None:
    write(folder)

    change.mirror("denoise", 5, "1", HELD, WHY)

    task = now(folder).tasks["denoise"]
    assert (task.candidate, task.canary, task.mirror) == ("1", 0, 5)


REFUSED: dict[str, tuple[type[AnswerprintError], str, Callable[[Change], object]]] = {
    "a version that no server has": (
        NoSuchTask, "no version 9 of denoise that works. It has 1, 2, 3, 4.",
        lambda one: one.promote("denoise", "9", HELD, WHY),
    ),
    "one that is broken": (
        NoSuchTask, "no version 5 of denoise that works: it is loading.",
        lambda one: one.canary("denoise", 5, "5", HELD, WHY),
    ),
    "an alias of nothing": (
        NoSuchTask, "no version 77", lambda one: one.alias("denoise", "x", "77", HELD, WHY),
    ),
    "a pin to a name that is none": (
        JobError, "'crips' is no version and no alias. Did you mean 'crisp'?",
        lambda one: one.pin("denoise", "night", "crips", HELD, WHY),
    ),
    "a pin to what moves": (
        JobError, "'previous' is another version",
        lambda one: one.pin("denoise", "night", "previous", HELD, WHY),
    ),
    "an alias that a pin names": (
        JobError, "The pin of day names 'crisp'.",
        lambda one: one.unalias("denoise", "crisp", WHY),
    ),
    "an alias that promote sets": (
        JobError, "'stable' is no alias", lambda one: one.alias("denoise", "stable", "1", HELD, WHY),
    ),
    "an alias that cannot be one": (
        JobError, "The roll-out would be wrong:",
        lambda one: one.alias("denoise", "9 lives", "1", HELD, WHY),
    ),
    "a pin that is not there": (
        JobError, "nigth has no pin of denoise. Did you mean 'night'?",
        lambda one: one.unpin("denoise", "nigth", WHY),
    ),
    "a task that is not there": (
        JobError, "The roll-out says nothing of 'denose'. Did you mean 'denoise'?",
        lambda one: one.canary("denose", 5, None, HELD, WHY),
    ),
    "no candidate": (
        JobError, "upscale has no candidate", lambda one: one.canary("upscale", 5, None, HELD, WHY),
    ),
    "stable as candidate": (
        JobError, "Version 3 of denoise is the stable one",
        lambda one: one.canary("denoise", 5, "3", HELD, WHY),
    ),
    "stable again": (
        JobError, "denoise is at version 3 already",
        lambda one: one.promote("denoise", "3", HELD, WHY),
    ),
    "a freeze the wrong way round": (
        JobError, "before it begins",
        lambda one: one.freeze(Freeze(first=TODAY, last=TODAY - timedelta(days=1), why=WHY)),
    ),
    "a server that is not drained": (
        JobError, "render1:8001 is not being drained. Did you mean 'render2:8001'?",
        lambda one: one.undrain("render1:8001", WHY),
    ),
    "no reason": (JobError, "It is not said why.", lambda one: one.unpin("denoise", "night", " ")),
    "a word for a reason": (
        JobError, "'test' does not say why. Say what a colleague will ask in a year",
        lambda one: one.unpin("denoise", "night", "test"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    name: str, change: Change, folder: Path
) -> None:
    write(folder)
    error, words, made = REFUSED[name]

    assert words in refused(error, lambda: made(change), folder)


def test_a_version_that_was_changed_in_place_is_refused_loudly(
    change: Change, folder: Path
) -> None:
    change.promote("denoise", "3", HELD, WHY)
    other = Held("render1:8001", {"3": "f" * 64, "4": "4" * 64}, {})

    for made in (
        lambda: change.pin("denoise", "night", "3", other, WHY),
        lambda: change.alias("denoise", "crisp", "3", other, WHY),
    ):
        said = refused(ModelReplaced, made, folder)
        assert "is another model, ffffffffffff, than the roll-out knows, 333333333333" in said


def test_a_freeze_holds_all_but_what_makes_things_safe(change: Change, folder: Path) -> None:
    write(folder)
    change.freeze(Freeze(first=TODAY, last=TODAY + timedelta(days=1), why="delivery of night"))

    for made in (
        lambda: change.promote("denoise", None, HELD, WHY),
        lambda: change.canary("denoise", 20, None, HELD, WHY),
        lambda: change.pin("denoise", "day", "3", HELD, WHY),
        lambda: change.unalias("denoise", "crisp", WHY),
    ):
        assert "denoise is frozen until" in refused(JobError, made, folder)
    assert change.canary("denoise", 0, None, None, WHY)
    assert change.drain("render1:8001", "new disks")
    assert change.rollback("denoise", "2", WHY)
    assert change.thaw(now(folder).freeze, WHY)
    assert change.unpin("denoise", "day", WHY)


BROKEN = {
    "no TOML": ("[tasks.denoise\nstable = 3\n", "line 1"),
    "a field too many": ('[tasks.denoise]\nstable = "3"\ncanray = 10\n', "line 3, tasks.denoise.canray"),
    "a share too large": ('[tasks.denoise]\nstable = "3"\ncanary = 110\n', "line 3, tasks.denoise.canary"),
    "no UTF-8": ("\udcff = 1\n", "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_file_is_not_changed_and_names_its_line(
    name: str, change: Change, folder: Path
) -> None:
    text, words = BROKEN[name]
    (folder / rollout.FILE).write_bytes(text.encode("utf-8", "surrogateescape"))

    said = refused(SetupError, lambda: change.rollback("denoise", None, WHY), folder)

    assert words in said


# each waits, then promotes what it was told, decided on what it saw before
RACER = """
import json, sys
from pathlib import Path
from answerprint import ledger, moves, rollout, signing
from answerprint.change import Change
from answerprint.decision import Held
from answerprint.errors import ChangedMeanwhile

folder, home = map(Path, sys.argv[1:])
seen = ledger.digest(ledger.content(folder))
held = Held("render1:8001", {one: one * 64 for one in "1234"}, {})
change = Change(folder, signing.own_signer(home), seen)
print(json.dumps("ready"), flush=True)
show = input()
try:
    entry = change.pin("denoise", show, "3", held, "delivers on Friday")
    print(json.dumps(["done", moves.said(entry)]), flush=True)
except ChangedMeanwhile as error:
    print(json.dumps(["late", error.problem]), flush=True)
"""


def test_of_two_at_once_one_is_told_who_was_faster_and_what_changed(
    folder: Path, home: Path
) -> None:
    write(folder)

    with Crowd(RACER, 2, folder, home) as crowd:
        crowd.hear()
        for place, member in enumerate(crowd.members):
            assert member.stdin
            member.stdin.write(f"show{place}\n")
            member.stdin.flush()
        said = dict(crowd.hear())

    assert set(said) == {"done", "late"}
    assert f"Somebody was faster: {said['done']}" in said["late"]
    assert len(ledger.entries(folder)) == 1
    assert len(now(folder).tasks["denoise"].pins) == 3


def test_who_saw_another_file_is_told_also_of_what_was_edited_by_hand(
    change: Change, folder: Path
) -> None:
    write(folder)
    before = seen(folder)
    change.unpin("denoise", "night", WHY)
    write(folder, (folder / rollout.FILE).read_text().replace("canary = 10", "canary = 11"))
    late = Change(folder, change.signer, before)

    said = refused(ChangedMeanwhile, lambda: late.canary("denoise", 0, None, None, WHY), folder)

    assert "unpin denoise: pins.night 3 -> none; then it was edited by hand." in said


# ends itself as it is about to put the file in its place; the system tells of that call
KILLED = """
import os, signal, sys
from pathlib import Path
from answerprint import signing
from answerprint.change import Change

def die(event, words):
    if event == "os.rename" and str(words[1]).endswith("rollout.toml"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
folder, home = map(Path, sys.argv[1:])
Change(folder, signing.own_signer(home)).unpin("denoise", "night", "delivered on Friday")
"""

# dies of a full disk in the middle of its entry, as if it had lost power
TORN = """
import resource, signal, sys
from pathlib import Path
from answerprint import signing
from answerprint.change import Change

folder, home, fatal = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "fatal"
if fatal:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
size = (folder / "audit.jsonl").stat().st_size + 200
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
Change(folder, signing.own_signer(home)).unpin("denoise", "night", "delivered on Friday")
"""


# stands still in mid-change, until another has taken its turn from it
OUTRUN = """
import json, sys
from pathlib import Path
from answerprint import signing
from answerprint.change import Change

folder, home = map(Path, sys.argv[1:])
lock, taken = folder / ".change.lock", []

def lose(event, words):
    if event == "open" and str(words[0]).endswith(".part") and "rollout.toml" in str(words[0]):
        if not taken:
            taken.append(True)
            lock.write_text(json.dumps({**json.loads(lock.read_text()), "uuid": "another"}))

sys.addaudithook(lose)
Change(folder, signing.own_signer(home)).unpin("denoise", "night", "delivered on Friday")
"""


def run(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def several(change: Change, folder: Path) -> None:
    """A log of some length, larger than the file."""
    write(folder)
    for share in (1, 2, 3):
        change.canary("denoise", share, None, HELD, WHY)


def test_a_change_that_was_killed_before_it_was_in_force_is_noticed_and_told(
    change: Change, folder: Path, home: Path
) -> None:
    several(change, folder)
    before = seen(folder)
    trusted = signing.trusted_keys([home / "trust"])

    done = run(KILLED, folder, home)
    found = ledger.verify(folder, trusted)
    entry = change.canary("denoise", 4, None, HELD, WHY)

    assert done.returncode == -9
    assert [one.line for one in found] == [4]
    assert "entry 4 was announced and is not in force" in found[0].problem
    assert entry is not None
    assert (entry.seq, entry.found) == (5, before)
    assert "entry 4 was announced and is not in force" in entry.notes[0]
    assert "night" in now(folder).tasks["denoise"].pins
    assert ledger.verify(folder, trusted) == []
    assert sorted(one.name for one in folder.iterdir()) == ["audit.jsonl", "rollout.toml"]


def test_who_stood_still_and_lost_the_turn_changes_nothing(
    change: Change, folder: Path, home: Path
) -> None:
    several(change, folder)
    before = (seen(folder), (folder / ledger.FILE).read_bytes())

    done = run(OUTRUN, folder, home)

    assert "this one stood still for too long" in done.stderr
    assert (seen(folder), (folder / ledger.FILE).read_bytes()) == before


def test_half_an_entry_is_noticed_and_kept_in_the_next(
    change: Change, folder: Path, home: Path
) -> None:
    several(change, folder)
    trusted = signing.trusted_keys([home / "trust"])
    before = seen(folder)

    done = run(TORN, folder, home, "fatal")
    found = ledger.verify(folder, trusted)
    half = (folder / ledger.FILE).read_bytes().split(b"\n")[-1].decode()
    entry = change.halt("denoise", "3 of 5 frames failed")

    assert done.returncode < 0, done.stderr
    assert [one.line for one in found] == [4]
    assert seen(folder) != before
    assert entry is not None
    assert entry.seq == 4
    assert len(half) > 100
    assert entry.notes[0].endswith(half)
    assert ledger.verify(folder, trusted) == []


def test_a_full_disk_leaves_file_and_log_as_they_were(
    change: Change, folder: Path, home: Path
) -> None:
    several(change, folder)
    before = (seen(folder), (folder / ledger.FILE).read_bytes())

    done = run(TORN, folder, home, "")

    assert "The roll-out is as it was" in done.stderr
    assert (seen(folder), (folder / ledger.FILE).read_bytes()) == before
    assert sorted(one.name for one in folder.iterdir()) == ["audit.jsonl", "rollout.toml"]


def test_no_space_and_no_right_are_told_as_what_they_are(tmp_path: Path, home: Path) -> None:
    with disks.disk(tmp_path / "small", "64k") as small:
        change = Change(small, signing.own_signer(home))
        change.promote("denoise", "3", HELD, WHY)
        with (small / "filler").open("wb") as filler, pytest.raises(OSError, match="space"):
            filler.write(b"\0" * (1 << 17))
        full = refused(DiskFull, lambda: change.rollback("denoise", "2", WHY), small)
        (small / "filler").unlink()
        assert disks.mount("-o", "remount,ro", small) == ""
        closed = refused(SetupError, lambda: change.rollback("denoise", "2", WHY), small)

    assert "No space is left" in full
    assert "cannot be written: Read-only file system." in closed


def test_what_was_announced_and_cannot_be_done_is_taken_back(tmp_path: Path, home: Path) -> None:
    """As where the file itself is mounted: it can be read and written, and nothing put in its place."""
    with disks.disk(tmp_path / "small", "1m") as small:
        change = Change(small, signing.own_signer(home))
        change.promote("denoise", "3", HELD, WHY)
        file = small / rollout.FILE
        assert disks.mount("--bind", file, file) == ""
        said = refused(SetupError, lambda: change.rollback("denoise", "2", WHY), small)
        subprocess.run(["umount", file], check=True)

        assert "busy. The roll-out is as it was." in said
        assert ledger.verify(small, signing.trusted_keys([home / "trust"])) == []


def test_a_folder_that_is_not_there_is_no_empty_roll_out(tmp_path: Path, home: Path) -> None:
    change = Change(tmp_path / "away", signing.own_signer(home))

    with pytest.raises(SetupError, match="is not there"):
        change.promote("denoise", "3", HELD, WHY)


def test_what_was_edited_by_hand_is_noted_in_the_next_entry(change: Change, folder: Path) -> None:
    change.promote("denoise", "3", HELD, WHY)
    text = (folder / rollout.FILE).read_text(encoding="utf-8")
    write(folder, f"{text}[tasks.denoise.guard]\njobs = 9\n")

    entry = change.enter("merge request 12, reviewed by Ann")
    again = change.enter("merge request 12, reviewed by Ann")

    assert entry is not None
    assert entry.notes == ("the roll-out was edited by hand since entry 1",)
    assert (entry.before, entry.after) == ({}, {})
    assert again is None
    assert now(folder).tasks["denoise"].guard.jobs == 9


def test_a_rollback_is_in_force_with_the_next_job_and_no_job_ever_fails(
    change: Change, folder: Path, home: Path
) -> None:
    """Jobs are begun all the while, each by a look at the file, as each is."""
    write(folder)
    change.promote("denoise", None, HELD, WHY)
    script = (
        "import sys; from pathlib import Path; from answerprint import rollout\n"
        "print('[]', flush=True); number = 0; found = []\n"
        "while not (Path(sys.argv[1]) / 'enough').exists() or found[-1] != '3':\n"
        "    task = rollout.read(Path(sys.argv[1]) / rollout.FILE).tasks['denoise']\n"
        "    found.append(rollout.choose(task, None, None, b'%d' % number).version); number += 1\n"
        "import json; print(json.dumps(found), flush=True)"
    )
    with Crowd(script, 1, folder) as crowd:
        crowd.hear()
        change.rollback("denoise", None, "blur on hair")
        assert _chosen(folder) == "3"
        for share in range(1, 20):
            change.canary("upscale", share, "2", HELD, WHY)
        (folder / "enough").touch()
        (found,) = crowd.hear()

    assert found[-1] == "3"
    assert found == sorted(found, reverse=True)  # never the bad one again


def _chosen(folder: Path) -> str:
    return choose(now(folder).tasks["denoise"], None, None, b"the next job").version


numbers = st.sampled_from("1234")
names = st.sampled_from(["night", "day", "a b", "x.y", 'q"q', "ü", "#", "1"])
layouts = st.sampled_from(["tables", "dotted", "inline", "apart"])


@st.composite
def written(drawn: st.DrawFn) -> str:
    """A roll-out of two tasks in one of the ways that TOML allows."""
    stable, candidate = drawn(st.sampled_from([("1", "2"), ("3", "4")]))
    pins = drawn(st.dictionaries(names, numbers, max_size=3))
    table = ", ".join(
        f"{json.dumps(name, ensure_ascii=False)} = '{one}'" for name, one in pins.items()
    )
    ends = drawn(st.sampled_from(["\n", "\r\n"]))
    lines = {
        "tables": f"""
            [tasks.a]  # first
            stable = "{stable}"  # because
            candidate = '{candidate}'
            pins = {{ {table} }}  # held
            [tasks.a.guard]
            jobs = 7
            [tasks.b]
            stable = "1"
            [[freeze]]
            first = 2020-01-01
            last = 2020-01-02""",
        "dotted": f"""
            tasks.a.stable = "{stable}"  # because
            tasks.a.candidate = "{candidate}"
            tasks.a.pins = {{ {table} }}
            tasks.b.stable = "1"
            freeze = [{{ first = 2020-01-01, last = 2020-01-02 }}]""",
        "inline": f"""
            tasks = {{ a = {{ stable = "{stable}", candidate = "{candidate}", pins = {{ {table} }} }}, b = {{ stable = "1" }} }}  # all""",
        "apart": f"""
            [tasks.a]
            stable = "{stable}"  # because
            candidate = "{candidate}"
            [servers."h:1"]
            draining = "x"
            [tasks.b]
            stable = "1"
            [tasks.a.pins]  # held
            {(chr(10)).join(table.split(", "))}""",
    }[drawn(layouts)]
    return ends.join(line.strip() for line in lines.splitlines()) + ends


moves_of: Any = st.sampled_from(
    [
        lambda one: one.promote("a", None, HELD, WHY),
        lambda one: one.promote("c", "1", HELD, WHY),
        lambda one: one.canary("a", 12.5, None, HELD, WHY),
        lambda one: one.mirror("b", 5, "2", HELD, WHY),
        lambda one: one.pin("a", "night", "2", HELD, WHY),
        lambda one: one.pin("b", 'it\'s "new"', "stable", HELD, WHY),
        lambda one: one.alias("a", "crisp", "2", HELD, WHY),
        lambda one: one.drain("h:1", "new disks"),
        lambda one: one.freeze(Freeze(first=TODAY, last=TODAY, why=WHY, tasks=("b",))),
        lambda one: one.thaw([Freeze(first=date(2020, 1, 1), last=date(2020, 1, 2))], WHY),
        lambda one: one.rollback("a", None, WHY),
    ]
)


@settings(max_examples=30, deadline=None)
@given(text=written(), steps=st.lists(moves_of, min_size=1, max_size=3))
def test_however_a_file_is_laid_out_a_change_does_what_it_says_or_nothing(
    home: Path, text: str, steps: list[Callable[[Change], Entry | None]]
) -> None:
    with scratch() as folder:
        (folder / rollout.FILE).write_bytes(text.encode())
        change = Change(folder, signing.own_signer(home))
        for step in steps:
            before = ledger.content(folder)
            try:
                step(change)
            except JobError:
                assert ledger.content(folder) == before
        comments = {line.partition("#")[2] for line in text.splitlines() if "#" in line}
        kept = (folder / rollout.FILE).read_text(encoding="utf-8")
        assert all(one in kept for one in comments if one in (" because", " first", " all"))
        assert now(folder).schema_ == "answerprint.rollout/v1"
        assert ledger.verify(folder, signing.trusted_keys([home / "trust"])) == [] or (
            not ledger.entries(folder)
        )


def test_a_layout_beyond_the_editor_is_told_and_left(tmp_path: Path) -> None:
    """What it makes is read again, and has to be what was meant."""
    old = Rollout.model_validate({"tasks": {"a": {"stable": "1"}}})
    new = Rollout.model_validate({"tasks": {"a": {"stable": "2"}}})

    with pytest.raises(SetupError, match="laid out in a way that cannot be edited"):
        draft.laid("[tasks.b]\nstable = '1'\n", old, new, tmp_path / rollout.FILE)
