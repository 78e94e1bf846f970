"""Judging inside a run: every frame once, neighbours in any order, and the verdict with the manifest."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from midway import of
from numpy.typing import NDArray
from samples import WIDTH, claimed, corner, made, noise, plate, points, reads, save, smoke

from answerprint import gated, row, run, signing, takes
from answerprint.gate import Gate, Measure
from answerprint.journal import Event
from answerprint.judge import Judge, Rules
from answerprint.judged import Judged, is_signed
from answerprint.part import Part
from answerprint.picture import Window
from answerprint.profile import Profile, Rule
from answerprint.sight import Sight, Sketch, Whole
from answerprint.site import Site
from answerprint.take import Take
from answerprint.triton import Server
from answerprint.verdict import Verdict

Limits = dict[str, dict[str, float]]


def rules(folder: Path, name: str = "identity", **limits: str) -> Rules:
    """A profile of ours with a studio's lines over it: a limit below 0 is always passed."""
    folder.mkdir(exist_ok=True)
    lines = "".join(f"{gate} = {line}\n" for gate, line in limits.items())
    (folder / f"{name}.toml").write_text(f"[gates]\n{lines}", encoding="utf-8")
    return Rules.named(name, Site(profiles=folder))


def carried_out(
    server: Server, take: Take, home: Path, held: Rules | None = None, part: Part | None = None
) -> list[Event]:
    return list(
        run.run(
            takes.reopen(take),
            take,
            server=server,
            signer=signing.own_signer(home),
            trusted=signing.trusted_keys([home / "trust"]),
            rules=held,
            part=part,
        )
    )


def verdict_of(take: Take) -> Verdict:
    found = gated.verdict(take)
    assert found is not None
    return found


def test_the_verdict_lies_in_the_take_and_the_manifest_names_its_digest(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 3))

    signed = take.read("manifest")["manifest"]["qc"]
    content = (take.private / "qc.json").read_bytes()
    assert signed["sha256"] == hashlib.sha256(content).hexdigest() == verdict_of(take).sha256
    assert (signed["verdict"], signed["profile"]) == ("pass", "identity")
    assert verdict_of(take).frames.keys() == {"1001", "1002", "1003"}


def test_events_say_what_was_found_and_the_last_ones_add_it_up(
    server: Server, home: Path, tmp_path: Path
) -> None:
    held = rules(tmp_path / "site", layout="{ warn = -1 }")
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 3))

    events = carried_out(server, take, home, held)

    assert {one["qc"]["verdict"] for one in of(events, "frame")} == {"warn"}
    assert [one["frame"] for event in of(events, "frame") for one in event["qc"]["findings"]]
    (whole,) = of(events, "qc")
    assert (whole["verdict"], whole["findings"]) == ("warn", 3)
    assert events[-1]["qc"] == "warn"
    pairs = [one for one in events if one["event"] in ("frame", "judged") and one["qc"]["before"]]
    assert sorted(one["frame"] for one in pairs) == [1002, 1003]


def test_judging_reads_no_file_a_second_time(server: Server, home: Path, tmp_path: Path) -> None:
    path = plate(tmp_path / "in", 3)
    take = claimed(server, tmp_path / "out", path)

    with reads() as times:
        carried_out(server, take, home)

        assert {times(tmp_path / "in" / f"bg.{number}.exr") for number in (1001, 1002)} == {1}
        assert {times(take.file(number)) for number in (1001, 1002)} == {0}


def test_a_take_that_fails_is_complete_and_never_the_latest(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "in", 2)
    good = made(server, home, tmp_path / "out", path)
    bad = claimed(server, tmp_path / "out", path)

    carried_out(server, bad, home, rules(tmp_path / "site", layout="{ block = -1 }"))

    assert bad.state() == "complete"
    newest, older = row.rows([bad, good], Site())
    assert (newest["qc"], newest["standing"], newest["latest"]) == ("fail", "failed", False)
    assert (older["qc"], older["standing"], older["latest"]) == ("pass", "latest", True)
    assert newest["reason"].startswith("1001: not as asked")
    assert (newest["qc_frame"], newest["qc_count"], newest["qc_frames"]) == (1001, 2, 2)


def test_copies_of_equal_work_are_judged_as_well(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "in", 2)
    made(server, home, tmp_path / "out", path)
    again = claimed(server, tmp_path / "out", path, reuse=True)

    events = carried_out(server, again, home, rules(tmp_path / "site", layout="{ warn = -1 }"))

    assert all("copied_from" in one for one in of(events, "frame"))
    assert verdict_of(again).verdict == "warn"


def test_neighbours_in_a_wedge_are_those_of_one_variation(
    server: Server, home: Path, tmp_path: Path, plates: Path
) -> None:
    path = corner(tmp_path / "in", plates, 1001, 1002)
    take = made(
        server, home, tmp_path / "out", path, task="denoise", wedge={"strength": [0.2, 1.0]}
    )

    frames = verdict_of(take).frames
    assert frames.keys() == {f"w00{n}/{frame}" for n in (1, 2) for frame in (1001, 1002)}
    paired = {key for key, one in frames.items() if "temporal" in one.measures}
    assert paired == {"w001/1002", "w002/1002"}


def test_parts_of_a_farm_come_together_and_their_borders_are_held(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """Two processes, each with its own judge: only who closes the take sees both sides."""
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 4))
    for part in ("1001-1002", "1003-1004"):
        events = carried_out(server, take, home, part=Part.parse(part))

    frames = verdict_of(take).frames
    assert {key for key, one in frames.items() if "repeat" in one.measures} == {
        "1002",
        "1003",
        "1004",
    }
    assert of(events, "qc")
    assert events[-1]["state"] == "complete"


def test_who_closes_a_take_reads_only_what_lies_at_a_border(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 6))
    carried_out(server, take, home, part=Part.parse("1001-1003"))

    with reads() as times:
        carried_out(server, take, home, part=Part.parse("1004-1006"))

        inner, border = (times(tmp_path / "in" / f"bg.{one}.exr") for one in (1001, 1003))
    assert border > inner


def test_what_was_judged_under_other_limits_is_judged_again(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 4))
    carried_out(server, take, home, part=Part.parse("1001-1002"))
    held = rules(tmp_path / "site", layout="{ warn = -1 }")

    carried_out(server, take, home, held, part=Part.parse("1003-1004"))

    assert {one.verdict for one in verdict_of(take).frames.values()} == {"warn"}


def test_a_journal_that_was_made_up_vouches_for_no_other_pixels(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """Anybody may have written a journal: what it says counts for the pixels that it names."""
    held = rules(tmp_path / "site", layout="{ warn = -1 }")
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 4))
    carried_out(server, take, home, held, part=Part.parse("1001-1002"))
    (journal,) = take.journals()
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    for event in lines:
        if "qc" in event and isinstance(event["qc"], dict):
            event["qc"] |= {"verdict": "pass", "findings": [], "pixels": "0" * 64}
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    carried_out(server, take, home, held, part=Part.parse("1003-1004"))

    assert {one.verdict for one in verdict_of(take).frames.values()} == {"warn"}


def _edited(journal: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a journal says of checks."""
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    for event in lines:
        if event["event"] in ("frame", "judged"):
            change(event["qc"])
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _to_pass(said: dict[str, Any]) -> None:
    said |= {"verdict": "pass", "findings": [], "measures": {}}


def test_checks_that_were_edited_in_a_journal_are_made_again(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """The pixels are the right ones, and so are the limits: only the signature is nobody's."""
    held = rules(tmp_path / "site", layout="{ warn = -1 }")
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 4))
    carried_out(server, take, home, held, part=Part.parse("1001-1002"))
    _edited(take.journals()[0], _to_pass)

    carried_out(server, take, home, held, part=Part.parse("1003-1004"))

    assert {one.verdict for one in verdict_of(take).frames.values()} == {"warn"}
    assert verdict_of(take).frames["1001"].measures


def test_what_was_judged_is_signed_for_one_frame_of_one_take(home: Path) -> None:
    signer = signing.own_signer(home)
    trusted = signing.trusted_keys([home / "trust"])
    told = Judged("1001", "warn", {"drift": 0.25}, pixels="a").signed("mark", "mine", signer)
    said = json.loads(json.dumps(told))

    assert is_signed("1001", "mine", said, trusted)
    assert not is_signed("1002", "mine", said, trusted)
    assert not is_signed("1001", "another's", said, trusted)
    assert not is_signed("1001", "mine", said, {})
    assert not is_signed("1001", "mine", {**said, "verdict": "pass"}, trusted)
    assert not is_signed("1001", "mine", {**said, "signature": 7}, trusted)


@pytest.mark.parametrize(("make", "task"), [(points, "point_normals"), (smoke, "volume_upres")])
def test_geometry_is_judged_by_gates_of_its_own(
    server: Server,
    home: Path,
    tmp_path: Path,
    make: Callable[[Path, int], Path],
    task: str,
) -> None:
    take = made(server, home, tmp_path / "out", make(tmp_path / "in", 2), task=task)

    found = verdict_of(take)
    prefix = "geo_" if task == "point_normals" else "vol_"
    measured = {name for one in found.frames.values() for name in one.measures}
    assert any(name.startswith(prefix) for name in measured)
    assert found.gates["layout"].worst == 0


def test_a_larger_picture_is_held_against_its_smaller_plate(
    server: Server, home: Path, tmp_path: Path, plates: Path
) -> None:
    path = corner(tmp_path / "in", plates, 1001)

    take = made(server, home, tmp_path / "out", path, task="upscale")

    assert {"drift", "structure", "layout"} <= verdict_of(take).frames["1001"].measures.keys()
    assert verdict_of(take).gates["layout"].worst == 0


def test_a_matte_is_held_against_the_picture_that_it_was_made_of(
    server: Server, home: Path, tmp_path: Path, plates: Path
) -> None:
    """There is no matte in the plate, and one that stands still is found all the same."""
    path = corner(tmp_path / "in", plates, 1001, 1002)

    take = made(server, home, tmp_path / "out", path, task="matte")

    assert verdict_of(take).frames["1002"].measures["repeat"] == 0


def test_frames_between_frames_are_judged(server: Server, home: Path, tmp_path: Path) -> None:
    path = _slide(tmp_path / "in")

    take = made(server, home, tmp_path / "out", path, task="retime", timing={"speed": 0.5})

    found = verdict_of(take)
    assert len(found.frames) == 3
    assert "drift" in found.frames["1002"].measures


def _slide(folder: Path) -> Path:
    """Two frames of a picture that moves by a pixel."""
    wide = noise(1, width=97, height=64)
    for number in (1001, 1002):
        left = number - 1001
        save(
            folder / f"bg.{number}.exr",
            {name: one[:, left : left + 96].copy() for name, one in wide.items()},
        )
    return folder / "bg.####.exr"


# The judge alone: gates and sights of a few pixels, in every order.


def _number(sight: Sight) -> Measure:
    return Measure(float(sight.made.max()), box=Window(0, 0, 1, 1))


def _step(before: Sketch, after: Sketch) -> Measure:
    return Measure(abs(float(after.made.max()) - float(before.made.max())), frame=after.number)


def _gate(name: str, scope: Any, measure: Callable[..., Measure | None]) -> Gate:
    return Gate(name, name, "px", "image", scope, "warn", "off by {number:.1f} px", measure)


def small_rules(**gates: Gate) -> Rules:
    limits = {name: Rule(warn=2, block=5) for name in gates}
    return Rules(Profile(name="small", version=1, gates=limits), gates)


SMALL = {"level": _gate("level", "frame", _number), "step": _gate("step", "pair", _step)}


def sight(number: int, value: float) -> Sight:
    window = Window(0, 0, WIDTH - 1, 23)
    pixels: NDArray[Any] = np.full((24, WIDTH, 3), value, np.float32)
    return Sight(number, "rgba", pixels, pixels, window, window, pixels=f"{number}")


def judged(order: Iterable[int], window: int = 16) -> tuple[Judge, list[int]]:
    judge = Judge(small_rules(**SMALL), window)
    added = []
    for number in order:
        one = judge.frame(str(number), [sight(number, number % 7)])
        added += [number] * bool(one.before)
        added += [int(later.key) for later in one.later]
    return judge, added


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(1001, 1009)))
def test_in_whatever_order_frames_come_each_pair_is_held_once(order: list[int]) -> None:
    judge, added = judged(order)
    names = tuple(map(str, range(1001, 1009)))

    assert sorted(added) == list(range(1002, 1009))
    assert judge.pairs_missing(names) == []
    inorder, _ = judged(range(1001, 1009))
    whole = Whole(names, names)
    assert judge.verdict(whole).findings == inorder.verdict(whole).findings
    assert judge.verdict(whole).frames == inorder.verdict(whole).frames


def test_what_is_kept_does_not_grow_with_the_take() -> None:
    """Every second frame has no neighbour: of so many that wait only the window's are kept."""
    judge, _ = judged(range(1001, 1401, 2), window=8)

    assert sum(judge.holds(str(number)) for number in range(1001, 1401)) == 8
    inorder, _ = judged(range(1001, 1401), window=8)
    assert sum(inorder.holds(str(number)) for number in range(1001, 1401)) <= 2


def test_a_pair_that_was_never_seen_is_named() -> None:
    order = list(range(1001, 1041))
    random.Random(7).shuffle(order)
    judge, added = judged(order, window=2)

    missing = judge.pairs_missing(map(str, order))

    assert missing
    assert {int(late) for _, late in missing} | set(added) == set(range(1002, 1041))


def test_the_worst_stands_first_and_says_where() -> None:
    judge = Judge(small_rules(**SMALL))
    for number, value in ((1001, 3.0), (1002, 9.0), (1003, 9.0)):
        judge.frame(str(number), [sight(number, value)])

    found = judge.verdict(Whole(("1001", "1002", "1003"), ("1001", "1002", "1003")))

    assert found.verdict == "fail"
    assert found.reason == "1002: off by 9.0 px in the upper left; limit 5"
    assert [one.verdict for one in found.findings] == ["fail", "fail", "fail", "warn"]
    assert (found.gates["level"].worst, found.gates["level"].at) == (9, "1002")
    assert {key: one.verdict for key, one in found.frames.items()} == {
        "1001": "warn",
        "1002": "fail",
        "1003": "fail",
    }


def test_of_several_layers_the_finding_names_its_own() -> None:
    judge = Judge(small_rules(**SMALL))
    other = sight(1001, 1)
    other.layer, other.view = "diffuse", "left"

    found = judge.frame("w002/1001", [sight(1001, 9), other])

    assert [one.words for one in found.findings] == [
        "w002 1001, rgba: off by 9.0 px in the upper left; limit 5"
    ]
    assert found.measures == {"level": 9}
