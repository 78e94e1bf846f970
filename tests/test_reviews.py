"""Reviews: what a person decided is signed, never erased, and holds for the pixels it was made on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import OpenEXR
import pytest
from hypothesis import given, settings, strategies as some
from reviewers import Desk, Reviewer, keep, reworded, statement_of, tree
from samples import change, noise, reads, save

from answerprint import approved, exr, review, reviewed, row, signing, statement, takes
from answerprint.errors import DecidedMeanwhile, ReviewError
from answerprint.lookout import Lookout
from answerprint.reviewed import Told
from answerprint.site import Site
from answerprint.statement import State
from answerprint.takes import Take
from answerprint.versions import Remembered, versions

STROKES = [{"points": [[10, 12.5], [20, 14]], "width": 4.0, "colour": "#ffcc00"}]


@pytest.fixture
def desk(home: Path) -> Desk:
    return Desk.of(home)


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return tmp_path / "show" / "bg_denoise"


@pytest.fixture
def take(desk: Desk, stream: Path) -> Take:
    return desk.take(stream)


def pointer(stream: Path) -> str | None:
    """The take that approved.json names; None where there is none."""
    file = approved.file(stream)
    return json.loads(file.read_text(encoding="utf-8"))["take"] if file.exists() else None


def told(desk: Desk, take: Take) -> list[tuple[str, bool, str]]:
    return [
        (one.statement.state if one.statement else "", one.counts, one.why)
        for one in review.history(take, desk.trusted)
    ]


def test_a_decision_says_who_when_where_and_of_which_pixels(desk: Desk, take: Take) -> None:
    drawings = [{"frame": 1001, "strokes": STROKES}]

    made = desk.decide(
        take, "approved", "good", frame=1002, drawings=drawings, by=Reviewer("ann", "Ann Lee")
    )

    found = review.standing(take, desk.trusted)
    assert found is not None
    assert (found.state, found.by, found.note, found.frame) == ("approved", "Ann Lee", "good", 1002)
    assert (found.statement, found.void_why, found.created) == (made, "", made.created)
    assert made.drawings[0].strokes[0].points == ((10, 12.5), (20, 14))
    assert made.claim == take.read("claim")["uuid"]
    assert set(made.files) == {file.name for file in take.frames().values()}
    (file,) = statement.folder(take).iterdir()
    assert (made.id in file.name, ":" in file.name) == (True, False)


def test_rows_versions_and_pointer_follow_each_decision(desk: Desk, stream: Path) -> None:
    old, new = desk.take(stream), desk.take(stream)
    said = []
    decisions: list[tuple[Take, State]] = [
        (old, "approved"), (new, "approved"), (new, "withdrawn"), (old, "retake"),
    ]  # fmt: skip

    for of, state in decisions:
        desk.decide(of, state, "because")
        rows = row.rows([new, old], Site())
        found = versions(Remembered(stream), Site()).latest_approved
        words = [one["word"] for one in rows]
        said.append((words, [one["approved"] for one in rows], found))
        assert pointer(stream) == found

    assert said == [
        (["Latest", "Approved"], [False, True], "v001"),
        (["Approved", "Approved"], [True, True], "v002"),
        (["Latest", "Approved"], [False, True], "v001"),
        (["Latest", "Outdated, see v002"], [False, False], None),
    ]
    assert rows[0]["review"] is None
    assert (rows[1]["review"]["state"], rows[1]["review"]["note"]) == ("retake", "because")


def test_a_pointer_that_is_lost_or_damaged_is_made_again(desk: Desk, stream: Path) -> None:
    desk.decide(desk.take(stream), "approved")
    whole = approved.file(stream).read_bytes()

    for damage in (b"{", b"[]", b'{"take": "v009"}'):
        approved.file(stream).write_bytes(damage)
        approved.refresh(stream, desk.trusted)
        assert approved.file(stream).read_bytes() == whole
    approved.file(stream).unlink()
    approved.refresh(stream, desk.trusted)
    assert approved.file(stream).read_bytes() == whole


def test_taking_back_adds_and_erases_nothing(desk: Desk, take: Take) -> None:
    states: list[State] = ["approved", "withdrawn", "retake", "note", "approved"]
    files: set[str] = set()

    for state in states:
        desk.decide(take, state, "because")
        now = set(tree(statement.folder(take)))
        assert now > files
        files = now

    history = review.history(take, desk.trusted)
    assert [one.statement.state for one in history if one.statement] == states
    assert [one.stands for one in history] == [False] * 4 + [True]
    assert all(one.counts and not one.why for one in history)


REFUSED: list[tuple[State, dict[str, Any], str, str]] = [
    ("retake", {}, "A retake of bg_denoise v001 needs a note.", "become different"),
    ("retake", {"note": " \n "}, "needs a note", "become different"),
    ("note", {"note": " "}, "The comment is empty", "Write something"),
    ("withdrawn", {}, "No decision stands on bg_denoise v001", "nothing to take back"),
    ("approved", {"frame": 1009}, "bg_denoise v001 has no frame 1009", "It has 1001-1002"),
    ("note", {"note": "x", "variation": "w009"}, "has no variation 'w009'", "show"),
    ("note", {"note": "é" * (32 << 10) + "x"}, "is longer than 65,536 bytes", "64 KiB"),
    ("note", {"note": "\ud800"}, "no text", "anew"),
    ("note", {"note": "x", "drawings": [{"frame": 7, "strokes": STROKES}]}, "no frame 7", "1001"),
    ("note", {"note": "x", "drawings": [{"frame": 1001, "strokes": []}]}, "strokes", "drawings"),
    (
        "note",
        {"note": "x", "drawings": [{"frame": 1001, "strokes": [{"points": [[float("nan"), 0]]}]}]},
        "points",
        "Nothing has changed",
    ),
    (
        "note",
        {"note": "x", "drawings": [{"frame": 1001, "strokes": [{"points": [[0, 0]] * 20_001}]}]},
        "have more than 20,000 points",
        "Nothing has changed",
    ),
]


@pytest.mark.parametrize(("state", "words", "problem", "remedy"), REFUSED)
def test_what_cannot_be_decided_so_says_why_and_changes_nothing(
    state: State, words: dict[str, Any], problem: str, remedy: str, desk: Desk, take: Take
) -> None:
    before = tree(take.folder.parent)

    with pytest.raises(ReviewError) as caught:
        desk.decide(take, state, **words)

    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert tree(take.folder.parent) == before


def test_a_note_of_64_kib_is_kept_whole_and_shown_short_in_a_list(desk: Desk, take: Take) -> None:
    note = "x" * (64 << 10)

    desk.decide(take, "retake", note)

    found = review.standing(take, desk.trusted)
    assert found
    assert found.note == note
    assert len(row.rows([take], Site())[0]["review"]["note"]) < 2100


@pytest.mark.parametrize("state", ["approved", "retake"])
def test_a_take_that_is_not_complete_takes_comments_alone(
    state: State, desk: Desk, stream: Path
) -> None:
    begun, empty = takes.claim(stream), takes.claim(stream)
    begun.write("job", {"resolved": {}})

    with pytest.raises(ReviewError, match="bg_denoise v001 is not finished"):
        desk.decide(begun, state, "good")
    with pytest.raises(ReviewError, match="bg_denoise v002 was abandoned"):
        desk.decide(empty, state, "good")
    with pytest.raises(ReviewError, match="There is no take at"):
        desk.decide(Take(stream / "v003"), state, "good")

    desk.decide(begun, "note", "looks promising")
    assert [state for state, *_ in told(desk, begun)] == ["note"]
    assert desk.stands(begun) == ""


def test_a_take_that_failed_its_checks_is_approved_with_a_reason_alone(
    desk: Desk, stream: Path
) -> None:
    take = desk.take(stream, qc={"verdict": "fail", "profile": "none", "sha256": "0" * 64})

    with pytest.raises(ReviewError, match="failed its checks") as caught:
        desk.decide(take, "approved")
    desk.decide(take, "approved", "the black frames are the cut")

    assert "say in a note why" in caught.value.remedy
    assert desk.stands(take) == "approved"
    assert pointer(stream) == "v001"


def other_pixels(file: Path) -> None:
    save(file, noise(7))


def in_place(file: Path) -> None:
    change(file, lambda frame: frame.parts[0].channels["R"].fill(3))


def gone(file: Path) -> None:
    file.unlink()


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


CHANGES = pytest.mark.parametrize(
    ("harm", "why"),
    [
        (other_pixels, "the pixels of 1002 are others since"),
        (in_place, "the pixels of 1002 are others since"),
        (gone, "frame 1002 is gone"),
        (damaged, "frame 1002 cannot be read any more"),
    ],
)


@CHANGES
def test_a_decision_is_void_when_the_pixels_change(
    harm: Callable[[Path], None], why: str, desk: Desk, stream: Path
) -> None:
    old, new = desk.take(stream), desk.take(stream)
    for one in (old, new):
        desk.decide(one, "approved")

    harm(new.file(1002))

    rows = row.rows([new, old], Site())
    assert (rows[0]["review"]["void"], rows[0]["approved"]) == (why, False)
    assert versions(Remembered(stream), Site()).latest_approved == "v001"
    assert told(desk, new) == [("approved", False, f"void: {why}")]
    (said,) = Lookout([stream], Site()).look()
    assert said["latest_approved"] == "v001"
    assert pointer(stream) == "v001"
    with pytest.raises(ReviewError, match=f"v002 is not as it was made: {why}"):
        desk.decide(new, "approved")
    desk.decide(new, "withdrawn")
    assert told(desk, new)[0] == ("approved", True, "")


@CHANGES
def test_pixels_that_were_changed_before_anybody_looked_are_not_decided_about(
    harm: Callable[[Path], None], why: str, desk: Desk, take: Take
) -> None:
    harm(take.file(1002))

    with pytest.raises(ReviewError, match=why):
        desk.decide(take, "approved")

    assert desk.stands(take) == ""


def test_pixels_that_were_changed_in_the_tick_the_take_was_closed_in_are_not_decided_about(
    desk: Desk, take: Take
) -> None:
    in_place(take.file(1002))
    facts = take.file(1002).stat()
    tick = max(facts.st_mtime_ns, facts.st_ctime_ns)
    os.utime(take.private / "manifest.json", ns=(tick, tick))

    with pytest.raises(ReviewError, match="the pixels of 1002 are others since"):
        desk.decide(take, "approved")


def test_the_same_pixels_saved_anew_keep_the_decision(desk: Desk, take: Take) -> None:
    desk.decide(take, "approved")
    file = take.file(1001)
    size = file.stat().st_size

    channels = {name: one.pixels for name, one in OpenEXR.File(str(file)).channels().items()}
    if set(channels) == {"RGB"}:  # the library hands them out together
        channels = {name: channels["RGB"][..., at].copy() for at, name in enumerate("RGB")}
    save(file, channels, compression=OpenEXR.NO_COMPRESSION)

    assert file.stat().st_size != size
    assert desk.stands(take) == "approved"


def test_a_copy_of_a_take_keeps_what_was_decided(desk: Desk, take: Take, tmp_path: Path) -> None:
    desk.decide(take, "approved")

    there = Take(tmp_path / "delivered" / "bg_denoise" / "v001")
    shutil.copytree(take.folder, there.folder, copy_function=shutil.copyfile)

    assert desk.stands(there) == "approved"


def test_no_frame_is_read_unless_one_has_changed(desk: Desk, take: Take) -> None:
    desk.decide(take, "approved")
    with reads() as count:
        for _ in range(3):
            assert desk.stands(take) == "approved"
        assert [count(take.file(number)) for number in (1001, 1002)] == [0, 0]

    copied = take.file(1001).read_bytes()
    take.file(1001).write_bytes(copied)
    past = take.file(1001).stat().st_mtime_ns - 3600 * 10**9
    os.utime(take.file(1001), ns=(past, past))
    with reads() as count:
        for _ in range(3):
            assert desk.stands(take) == "approved"
        assert count(take.file(1002)) == 0
        assert count(take.file(1001)) >= 1


def test_a_take_that_was_closed_anew_with_other_pixels_is_not_the_one_decided_on(
    desk: Desk, take: Take
) -> None:
    desk.decide(take, "approved")

    manifest = take.read("manifest")["manifest"]
    manifest["frames"]["1001"]["pixels"] = "0" * 64
    take.write("manifest", {"manifest": manifest, "signature": "x"})

    assert desk.stands(take) == "approved, void"


def test_a_manifest_that_names_a_frame_outside_its_take_is_no_manifest(
    desk: Desk, take: Take
) -> None:
    desk.decide(take, "approved")

    manifest = take.read("manifest")["manifest"]
    manifest["frames"]["../../w001/1001"] = manifest["frames"]["1001"]
    take.write("manifest", {"manifest": manifest, "signature": "x"})

    assert desk.stands(take) == "approved, void"
    with pytest.raises(ReviewError, match="has no manifest that can be read"):
        desk.decide(take, "approved")


def test_a_clock_that_was_set_back_decides_nothing(desk: Desk, take: Take) -> None:
    first = desk.decide(take, "retake", "too soft")
    sealed = {"pixels": first.pixels, "files": first.files}

    later = statement_of(
        take, "approved", after=[first.id], created="2001-01-01T00:00:00.000Z", **sealed
    )
    keep(take, later, desk.signer)

    assert desk.stands(take) == "approved"
    assert [state for state, *_ in told(desk, take)] == ["retake", "approved"]


def test_of_two_who_had_not_seen_each_other_retake_goes_before(desk: Desk, take: Take) -> None:
    first = desk.decide(take, "retake", "too soft")
    keep(
        take,
        statement_of(take, "approved", pixels=first.pixels, files=first.files, by="bob"),
        desk.signer,
    )

    assert desk.stands(take) == "retake"
    history = {one.statement.by: one for one in review.history(take, desk.trusted) if one.statement}
    assert history["bob"].why.endswith("goes before it: neither had seen the other")
    assert not history["bob"].stands
    desk.decide(take, "approved", "we talked")
    assert desk.stands(take) == "approved"


def test_who_has_not_seen_what_stands_is_told_before_deciding(desk: Desk, take: Take) -> None:
    first = desk.decide(take, "approved", seen=[])
    second = desk.decide(take, "retake", "no", seen=[first.id])

    with pytest.raises(DecidedMeanwhile) as caught:
        desk.decide(take, "approved", seen=[first.id])
    said = caught.value.as_json()
    assert said["review"]["id"] == second.id

    back = desk.decide(take, "withdrawn", seen=[second.id])
    with pytest.raises(DecidedMeanwhile):
        desk.decide(take, "approved", seen=[second.id])
    desk.decide(take, "note", "noted", seen=[])
    last = desk.decide(take, "approved", seen=["none"])
    assert (last.after, desk.stands(take)) == ((back.id,), "approved")
    desk.decide(take, "retake", "after all", seen=[], force=True)
    assert desk.stands(take) == "retake"


def edited(take: Take, desk: Desk) -> None:
    reworded(keep(take, statement_of(take), desk.signer), lambda said: said.update(by="eve"))


def of_a_stranger(take: Take, _: Desk) -> None:
    keep(take, statement_of(take), signing.own_signer(take.folder.parents[1] / "stranger"))


def of_another_take(take: Take, desk: Desk) -> None:
    file = keep(take, statement_of(take, take="bg/v009", claim="0" * 32), desk.signer)
    assert file.is_file()


def with_a_megabyte_of_note(take: Take, desk: Desk) -> None:
    said = statement_of(take).model_copy(update={"note": "x" * (1 << 20)})
    keep(take, said, desk.signer)


def no_json(take: Take, _: Desk) -> None:
    (statement.folder(take) / "a.json").write_bytes(b"\xff{")


def nested(take: Take, _: Desk) -> None:
    (statement.folder(take) / "a.json").write_text("[" * 100_000, encoding="utf-8")


def no_statement(take: Take, _: Desk) -> None:
    (statement.folder(take) / "a.json").write_text('{"statement": [7], "signature": 7}')


def huge(take: Take, _: Desk) -> None:
    with (statement.folder(take) / "a.json").open("wb") as stream:
        stream.truncate(1 << 30)


def a_link(take: Take, desk: Desk) -> None:
    file = keep(take, statement_of(take), desk.signer)
    aside = file.rename(take.folder / "elsewhere.json")
    file.symlink_to(aside)


def a_folder(take: Take, _: Desk) -> None:
    (statement.folder(take) / "a.json").mkdir()


def a_pipe(take: Take, _: Desk) -> None:
    os.mkfifo(statement.folder(take) / "a.json")


@pytest.mark.parametrize(
    ("foul", "why"),
    [
        (edited, "edited after it was signed"),
        (of_a_stranger, "which is not trusted here"),
        (of_another_take, "of another take, bg/v009"),
        (with_a_megabyte_of_note, "note: is longer than 65,536 bytes"),
        (no_json, "no statement"),
        (nested, "no statement"),
        (no_statement, "no statement"),
        (huge, "larger than 16,777,216 bytes"),
        (a_link, "links are not followed"),
        (a_folder, "no file"),
        (a_pipe, "no file"),
    ],
)
def test_what_is_not_to_be_believed_is_told_and_never_counts(
    foul: Callable[[Take, Desk], None], why: str, desk: Desk, take: Take
) -> None:
    desk.decide(take, "note", "first")

    foul(take, desk)

    (said,) = [one for one in review.history(take, desk.trusted) if not one.counts]
    assert why in said.why
    assert desk.stands(take) == ""
    assert row.rows([take], Site())[0]["review"] is None
    desk.decide(take, "approved", "all the same")
    assert desk.stands(take) == "approved"


def test_a_folder_of_reviews_that_is_a_link_is_not_followed(
    desk: Desk, stream: Path, tmp_path: Path
) -> None:
    take, other = desk.take(stream), desk.take(stream)
    desk.decide(other, "approved")
    statement.folder(take).symlink_to(statement.folder(other))

    (said,) = review.history(take, desk.trusted)

    assert (said.counts, "link" in said.why) == (False, True)
    with pytest.raises(ReviewError, match="the folder is a link"):
        desk.decide(take, "approved")


def test_the_same_statement_twice_counts_once(desk: Desk, take: Take) -> None:
    desk.decide(take, "approved")
    (file,) = statement.folder(take).iterdir()
    shutil.copy(file, file.with_name(f"2{file.name}"))

    assert [why for *_, why in told(desk, take)].count("the same statement lies there twice") == 1
    assert desk.stands(take) == "approved"


def test_statements_that_name_each_other_in_a_ring_decide_nothing(desk: Desk, take: Take) -> None:
    one, other = statement_of(take), statement_of(take, "retake")
    keep(take, one.model_copy(update={"after": (other.id,)}), desk.signer)
    keep(take, other.model_copy(update={"after": (one.id,)}), desk.signer)

    assert len(told(desk, take)) == 2
    assert desk.stands(take) == ""


def test_among_ten_thousand_statements_the_one_that_stands_is_found(desk: Desk, take: Take) -> None:
    desk.decide(take, "approved")
    no_json(take, desk)
    for number in range(9998):
        os.link(statement.folder(take) / "a.json", statement.folder(take) / f"{number}.json")

    history = review.history(take, desk.trusted)

    assert len(history) == 10_000
    assert [one.statement.state for one in history if one.stands and one.statement] == ["approved"]


def test_keys_that_cannot_be_read_are_said_of_takes_that_were_reviewed(
    desk: Desk, stream: Path, tmp_path: Path
) -> None:
    old, new = desk.take(stream), desk.take(stream)
    desk.decide(old, "approved")
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "broken.pub").write_text("no key")

    rows = row.rows([new, old], Site(trust=(tmp_path / "trust",)))

    assert "problem" not in rows[0]
    assert "broken.pub is not a public key" in rows[1]["problem"]
    assert rows[1]["review"] is None


def test_a_decision_about_a_wedge_may_be_about_one_variation(desk: Desk, stream: Path) -> None:
    take = desk.take(stream, label="w001")

    made = desk.decide(take, "retake", "this one", frame=1001, variation="w001")

    assert set(made.files) == {f"w001/bg_denoise_v001_w001.{number}.exr" for number in (1001, 1002)}
    assert row.rows([take], Site())[0]["review"]["variation"] == "w001"
    other_pixels(take.file(1002, "w001"))
    assert "w001/1002" in told(desk, take)[0][2]


ID = some.integers(0, 7).map(lambda number: f"{number:032x}")


@settings(max_examples=50, deadline=None)
@given(
    some.lists(
        some.tuples(
            some.sampled_from(["approved", "retake", "withdrawn"]),
            some.sets(some.integers(0, 6)),
            some.integers(0, 9),
        ),
        min_size=1,
        max_size=7,
    ),
    some.randoms(),
)
def test_what_stands_follows_from_what_each_had_seen_and_from_no_clock_or_order(
    decisions: list[tuple[State, set[int], int]], random: Any
) -> None:
    everything = [
        Told(
            f"{hour}.json",
            statement.make(
                schema="answerprint.review/v1",
                id=f"{place:032x}",
                take="bg/v001",
                claim="c",
                state=state,
                by="ann",
                created=f"2026-11-29T0{hour}:00:00.000Z",
                after=[f"{other:032x}" for other in seen if other < place],
            ),
            counts=True,
        )
        for place, (state, seen, hour) in enumerate(decisions)
    ]
    left = set(range(len(decisions))) - {
        other for place, (_, seen, _) in enumerate(decisions) for other in seen if other < place
    }
    states = {decisions[place][0] for place in left}
    wanted = next(one for one in ("retake", "withdrawn", "approved") if one in states)
    random.shuffle(everything)

    found = reviewed.heads(everything)

    assert {int(one.statement.id, 16) for one in found if one.statement} == left
    assert found[-1].statement
    assert found[-1].statement.state == wanted


def test_who_decides_is_who_is_logged_in() -> None:
    import getpass

    assert review.me().login == getpass.getuser()
    assert review.me().name != review.me().login


def test_only_an_exr_that_was_touched_since_the_take_was_closed_is_read_to_decide(
    desk: Desk, take: Take
) -> None:
    touched = take.file(1002)
    moment = take.private.joinpath("manifest.json").stat().st_mtime_ns + 10**9
    os.utime(touched, ns=(moment, moment))

    with reads() as count:
        desk.decide(take, "approved")
        assert (count(take.file(1001)), count(touched)) == (0, 1)
    assert exr.read(touched)
