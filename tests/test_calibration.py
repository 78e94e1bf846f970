"""Calibration: clean clips and spoiled ones, limits out of one half, and a report of the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import samples
from command import Answerprint
from hypothesis import given, settings, strategies as st

from answerprint import gates, profile as profiles
from answerprint.calibration import sets, study, thresholds
from answerprint.calibration.corruptions import KINDS, Corruption
from answerprint.calibration.footage import Footage
from answerprint.calibration.intervals import Share
from answerprint.calibration.measured import measured
from answerprint.calibration.sets import Spec
from answerprint.calibration.tried import tried
from answerprint.gate import Gate
from answerprint.plate import Plate
from answerprint.site import Site

PROJECT = Path(__file__).parents[1]
FOUND = gates.found()


@pytest.fixture(scope="module")
def clip() -> Footage:
    """One whose camera moves, with film grain, alpha, highlights and tiles."""
    made = sets.clip(Spec(7, "held", 28, "identity"), None)
    assert (made.told["camera"], made.told["grain"]) == ("pan", "film")
    assert made.footage.tile is not None
    return made.footage


def spoiled(kind: Corruption, clip: Footage, step: float) -> Footage | None:
    return kind.change(clip, step, np.random.default_rng(3))


def test_wilson_s_interval_is_that_of_the_books() -> None:
    least, most = Share(8, 10).interval

    assert (round(least, 4), round(most, 4)) == (0.4902, 0.9433)
    assert Share(0, 300).interval[1] == pytest.approx(0.0126, abs=1e-4)
    assert Share(300, 300).interval[0] == pytest.approx(0.9874, abs=1e-4)
    assert Share(0, 0).interval == (0.0, 1.0)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400), st.data())
def test_an_interval_holds_its_share(count: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(0, count)), count)
    least, most = share.interval

    assert 0 <= least <= share.value <= most <= 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_no_clip_that_a_limit_was_made_of_is_over_it(numbers: list[float]) -> None:
    clips = [{"drift": one} for one in numbers]

    limit = thresholds.limits(clips, ["drift", "never measured"])

    assert max(numbers) <= limit["drift"]
    assert limit.keys() == {"drift"}


def test_a_thick_tail_asks_for_more_room_than_a_thin_one() -> None:
    random = np.random.default_rng(1)
    thin = [{"drift": one} for one in random.uniform(0, 1, 300)]
    thick = [{"drift": one} for one in random.exponential(0.2, 300)]

    limit = thresholds.limits(thick, ["drift"])["drift"]

    assert limit > 1.2 * max(one["drift"] for one in thick)
    assert thresholds.limits(thin, ["drift"])["drift"] < 1.5


def test_a_clip_is_made_again_from_its_number() -> None:
    spec = Spec(7, "fit", 3, "identity")
    one, again = sets.clip(spec, None), sets.clip(spec, None)

    assert one.told == again.told
    assert len(set(one.told["pixels"])) > 1
    assert sets.clip(replace(spec, half="held"), None).told["pixels"] != one.told["pixels"]


def test_no_rendered_scene_is_in_both_halves() -> None:
    specs = sets.specs("denoise", 7, 60, [])
    folders = {
        half: {Path(one.plate).parent.name for one in specs if one.half == half and one.plate}
        for half in sets.HALVES
    }

    assert folders == {"fit": {"denoise"}, "held": {"retime"}}


def test_a_single_plate_gives_its_first_half_and_its_last(tmp_path: Path) -> None:
    plate = Plate.parse(str(samples.plate(tmp_path, 20)))

    specs = sets.specs("identity", 7, 6, [plate])

    assert max(one.frames[-1] for one in specs if one.half == "fit") <= 1010
    assert min(one.frames[0] for one in specs if one.half == "held") >= 1011


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_corruption_spoils_a_copy_and_says_when_it_has_nothing_to_spoil(
    kind: Corruption, clip: Footage
) -> None:
    before = [one.made.copy() for one in clip.shots if one]

    made = spoiled(kind, clip, kind.steps[-1])

    for one, kept in zip(clip.shots, before, strict=True):
        assert one is not None
        np.testing.assert_array_equal(one.made, kept)
    if kind.name == "as it was":
        assert made is clip
    elif made is not None:
        assert list(made.shots) != list(clip.shots)


@pytest.mark.parametrize("name", study.MUST)
def test_what_must_be_caught_is_caught_by_the_profile_as_it_ships(name: str, clip: Footage) -> None:
    kind = next(one for one in KINDS if one.name == name)
    limits = {
        gate: rule.limit
        for gate, rule in profiles.load("denoise", Site()).gates.items()
        if rule.limit is not None
    }
    clean = measured(FOUND, clip)
    step = 1.0 if 1.0 in kind.steps else kind.steps[0]
    made = spoiled(kind, clip, step)
    assert made is not None

    worst = measured(FOUND, made, clean).worst

    assert any(worst.get(gate, -1) > limit for gate, limit in limits.items())
    assert not [gate for gate, limit in limits.items() if clean.worst.get(gate, -1) > limit]


def test_frames_that_two_clips_share_are_judged_once_and_the_same(clip: Footage) -> None:
    kind = next(one for one in KINDS if one.name == "flicker, one frame")
    made = spoiled(kind, clip, 3.0)
    assert made is not None

    assert measured(FOUND, made, measured(FOUND, clip)).worst == measured(FOUND, made).worst


def test_a_gate_that_raises_is_told_of_and_measures_nothing(clip: Footage) -> None:
    def broken(_sight: object) -> None:
        raise ZeroDivisionError("no light")

    gate = Gate("dim", "dim", "", "image", "frame", "warn", "dim", broken)

    found = measured({"dim": gate}, clip)

    assert found.broken == {"dim": "ZeroDivisionError: no light"}
    assert found.worst == {}


def test_a_kind_counts_as_caught_from_the_strength_on_that_never_fails_again() -> None:
    kind = next(one for one in KINDS if one.name == "flicker, one frame")
    spec = Spec(7, "held", 0, "denoise")

    def outcome(*numbers: float) -> study.Outcome:
        seen = {
            (kind.name, step): {"flicker": one}
            for step, one in zip(kind.steps, numbers, strict=True)
        }
        return study.Outcome(spec, "oidn", {}, {"flicker": 0.1}, seen)

    result = tried([outcome(0.5, 2, 2), outcome(2, 2, 2)], {"flicker": 1.0})

    assert result.caught_from(kind) == 1
    assert [row.caught.hits for row in result.rows if row.kind is kind] == [1, 2, 2]
    assert result.clean == Share(0, 2)


def test_a_calibration_leaves_a_report_a_picture_and_a_profile(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    said = answerprint(
        "qc", "calibrate", "--profile", "identity", "--clips", "2", "--out", str(tmp_path / "qc")
    )

    report = (tmp_path / "qc" / "identity.md").read_text(encoding="utf-8")
    assert said.code == 0, said.err
    assert "clean clips" in report
    assert "|wrong order|1 frame apart|" in report
    assert (tmp_path / "qc" / "identity.png").read_bytes().startswith(b"\x89PNG")
    made = profiles.load("identity", Site(profiles=tmp_path / "qc"))
    assert made.calibrated is not None
    assert f"`{made.calibrated}`" in report


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--profile", "matte"), "There are no models to calibrate 'matte' with."),
        (("--clips", "1"), "--clips is 1."),
        (("--out", "nowhere/qc"), "is no folder"),
    ],
)
def test_what_cannot_be_calibrated_is_said_at_once(
    answerprint: Answerprint, words: tuple[str, ...], problem: str
) -> None:
    said = answerprint("qc", "calibrate", *words)

    assert said.code in (2, 3)
    assert problem in said.err


def test_a_plate_that_is_too_short_for_a_clip_is_said(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    plate = samples.plate(tmp_path, 5)

    said = answerprint("qc", "calibrate", str(plate), "--profile", "identity", "--clips", "2")

    assert said.code == 3
    assert "has 5 frames; a clip needs 8" in said.err


@pytest.mark.parametrize("name", ["denoise"])
def test_the_shipped_limits_are_those_of_the_report_in_the_repository(name: str) -> None:
    report = (PROJECT / ".github" / "qc" / f"{name}.md").read_text(encoding="utf-8")
    shipped = profiles.load(name, Site())

    assert f"`{shipped.calibrated}`" in report
    for gate, rule in shipped.gates.items():
        if rule.limit is not None:
            assert f"|`{gate}`|{rule.level}|{rule.limit:g}" in report
