"""Two reviewers at once, a death in mid-write, a full disk, a closed share: no decision is half kept."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import disks
import pytest
from processes import Crowd
from reviewers import Desk, tree

from answerprint import approved, review, statement, takes
from answerprint.errors import ReviewError
from answerprint.takes import Take

DECIDE = """
import json, sys
from pathlib import Path
from answerprint import review, signing, site
from answerprint.takes import Take

stream, state, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
signer = signing.own_signer(site.home())
trusted = signing.trusted_keys([site.home() / "trust"])
print(json.dumps("ready"), flush=True)
input()
kept = []
for number in range(times):
    take = Take(stream / f"v{number % 2 + 1:03d}")
    said = review.decide(take, state, signer=signer, trusted=trusted, tool="shell", note="so")
    kept.append(said.id)
print(json.dumps(kept), flush=True)
"""

# what the system does last before the statement has its name, and what does that
DIES = """
import os, signal, sys
from pathlib import Path
from answerprint import review, signing, site
from answerprint.takes import Take

signer = signing.own_signer(site.home())
trusted = signing.trusted_keys([site.home() / "trust"])

def die(*words, **named):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, sys.argv[2], die)
take = Take(Path(sys.argv[1]))
review.decide(take, "approved", signer=signer, trusted=trusted, tool="shell")
"""

AT_THE_POINTER = """
replace = os.replace

def replaced(one, other):
    die() if Path(other).name == "approved.json" else replace(one, other)

os.replace = replaced
"""


@pytest.fixture
def desk(home: Path) -> Desk:
    return Desk.of(home)


def test_of_several_who_decide_at_once_nobodys_word_is_lost(desk: Desk, tmp_path: Path) -> None:
    stream = tmp_path / "bg"
    both = [desk.take(stream, frames=1) for _ in range(2)]
    ids: set[str] = set()

    with Crowd(DECIDE, 2, stream, "approved", "4") as ayes, Crowd(DECIDE, 1, stream, "retake", "4") as no:  # fmt: skip
        for crowd in (ayes, no):
            crowd.hear()
        for crowd in (ayes, no):
            crowd.go()
        for crowd in (ayes, no):
            for kept in crowd.hear():
                ids |= set(kept)

    history = [one for take in both for one in review.history(take, desk.trusted)]
    assert {one.statement.id for one in history if one.statement} == ids
    assert (len(ids), all(one.statement for one in history)) == (12, True)
    newest = approved.newest(stream, desk.trusted)
    assert approved.file(stream).exists() == (newest is not None)
    if newest is not None:
        said = json.loads(approved.file(stream).read_text(encoding="utf-8"))
        assert (said["take"], said["statement"]) == (newest[0].label, newest[1].statement.id)


def test_two_who_had_not_seen_each_other_are_both_kept_and_retake_stands(
    desk: Desk, tmp_path: Path
) -> None:
    stream = tmp_path / "bg"
    take = desk.take(stream, frames=1)
    first = desk.decide(take, "approved")
    (file,) = statement.folder(take).iterdir()
    aside = file.rename(tmp_path / file.name)  # the second looks before it is there
    second = desk.decide(take, "retake", "soft")
    aside.rename(file)

    assert {one.statement.id for one in review.history(take, desk.trusted) if one.statement} == {
        first.id, second.id,
    }  # fmt: skip
    assert desk.stands(take) == "retake"


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_death_in_mid_write_leaves_no_half_decision(
    moment: str, desk: Desk, tmp_path: Path
) -> None:
    take = desk.take(tmp_path / "bg", frames=1)

    argv = [sys.executable, "-c", DIES, str(take.folder), moment]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL

    assert review.history(take, desk.trusted) == []
    assert not approved.file(take.folder.parent).exists()
    desk.decide(take, "approved")
    assert desk.stands(take) == "approved"


def test_a_death_before_the_pointer_follows_loses_no_decision(desk: Desk, tmp_path: Path) -> None:
    take = desk.take(tmp_path / "bg", frames=1)

    watched = DIES.replace("setattr(os, sys.argv[2], die)", AT_THE_POINTER)
    argv = [sys.executable, "-c", watched, str(take.folder), ""]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL

    assert desk.stands(take) == "approved"
    assert not approved.file(take.folder.parent).exists()
    approved.refresh(take.folder.parent, desk.trusted)
    assert approved.file(take.folder.parent).exists()


def test_on_a_full_disk_a_decision_says_so_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    with disks.disk(tmp_path / "disk", "1m") as disk:
        take = desk.take(disk / "bg", frames=1)
        desk.decide(take, "approved")
        with (disk / "filler").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while shutil.disk_usage(disk).free:
                stream.write(bytes(4096))
        before = tree(disk / "bg")

        with pytest.raises(ReviewError) as caught:
            desk.decide(take, "retake", "soft")

        assert "The decision on bg v001 cannot be kept: no space is left in" in caught.value.problem
        assert caught.value.remedy.startswith("Free some space")
        assert tree(disk / "bg") == before
        assert desk.stands(take) == "approved"
        (disk / "filler").unlink()
        desk.decide(take, "retake", "soft")
        assert desk.stands(take) == "retake"


def test_on_a_share_that_is_closed_all_is_read_and_a_decision_says_why_it_is_not_kept(
    desk: Desk, tmp_path: Path
) -> None:
    with disks.disk(tmp_path / "disk", "1m") as disk:
        take, other = (desk.take(disk / "bg", frames=1) for _ in range(2))
        desk.decide(take, "approved")
        before = tree(disk)
        assert disks.mount("-o", "remount,ro", disk) == ""

        for one in (take, other):  # one has a folder of reviews already
            with pytest.raises(ReviewError) as caught:
                desk.decide(one, "retake", "soft")
            assert "cannot be kept" in caught.value.problem
            assert "Read-only file system" in caught.value.problem
            assert "Nothing has changed" in caught.value.remedy

        assert tree(disk) == before
        assert desk.stands(take) == "approved"
        assert len(review.history(take, desk.trusted)) == 1


def test_where_only_the_pointer_cannot_be_written_the_decision_is_kept_and_that_is_said(
    desk: Desk, tmp_path: Path
) -> None:
    take = desk.take(tmp_path / "bg", frames=1)
    (tmp_path / "bg" / "approved.json").mkdir()
    remarks: list[str] = []

    desk.decide(take, "approved", remark=remarks.append)

    assert desk.stands(take) == "approved"
    assert len(remarks) == 1
    assert "approved.json cannot follow it" in remarks[0]


def test_a_take_that_was_removed_meanwhile_is_said_to_be_gone(desk: Desk, tmp_path: Path) -> None:
    take = desk.take(tmp_path / "bg", frames=1)
    shutil.rmtree(take.folder)

    with pytest.raises(ReviewError, match="There is no take at"):
        desk.decide(take, "approved")

    assert not take.folder.exists()
    assert list(takes.of_stream(tmp_path / "bg")) == []
    assert review.history(Take(take.folder), desk.trusted) == []
