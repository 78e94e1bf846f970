"""Gates that break, verdicts that were edited, files that are gone: never a pass, never silent."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import numpy as np
import pytest
from samples import claimed, made, plate
from test_qc_run import carried_out, rules, sight, verdict_of

from answerprint import documents, faultlog, findings, gated, gates, row, signing
from answerprint.errors import SetupError, TakeError
from answerprint.findings import Spot
from answerprint.gate import Gate, Measure
from answerprint.judge import Judge, Rules
from answerprint.judged import Judged
from answerprint.part import Part
from answerprint.picture import Window
from answerprint.profile import Profile, Rule
from answerprint.sight import Sight, Whole
from answerprint.site import Site
from answerprint.triton import Server
from answerprint.verify import verify

BROKEN = """
    from answerprint.gate import Gate

    def measure(sight):
        raise ZeroDivisionError("secret line\\nof a traceback")

    GATE = Gate("studio_check", "studio check", "", "image", "frame", "warn", "{number}", measure)
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Path]:
    """A package of a studio's, installed as any other: with a gate of its own that raises."""
    folder = tmp_path / "packages"
    about = folder / "studio_checks-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "studio_checks.py").write_text(textwrap.dedent(BROKEN), encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: studio_checks\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[answerprint.gates]\nstudio_check = studio_checks:GATE\n"
    )
    sys.path.insert(0, str(folder))
    invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("studio_checks", None)
    invalidate_caches()


def test_a_studios_gate_that_raises_has_judged_nothing(
    server: Server, home: Path, tmp_path: Path, studio: Path
) -> None:
    held = rules(tmp_path / "site", studio_check="{ warn = 1 }")
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 2))

    events = carried_out(server, take, home, held)

    assert events[-1]["state"] == "complete"
    found = verdict_of(take)
    assert found.verdict == "unknown"
    assert (
        found.reason == "1001: could not judge: studio_check raised ZeroDivisionError: secret line"
    )
    assert found.gates["studio_check"].verdict == "unknown"
    told = faultlog.path().read_text(encoding="utf-8")
    assert str(studio / "studio_checks.py") in told
    assert "of a traceback" in told
    (listed,) = row.rows([take], Site())
    assert listed["qc"] == "unknown"


@pytest.mark.parametrize("number", [float("nan"), "many", None])
def test_a_number_that_is_none_has_judged_nothing(number: object) -> None:
    def measure(_: Sight) -> Measure:
        return Measure(number)  # type: ignore[arg-type]

    judge = Judge(_alone(measure))

    assert judge.frame("1001", [sight(1001, 1)]).verdict == "unknown"


def test_an_infinite_number_is_over_every_limit() -> None:
    judge = Judge(_alone(lambda _: Measure(float("inf"))))

    found = judge.frame("1001", [sight(1001, 1)])

    assert found.verdict == "warn"
    assert found.measures == {"odd": findings.MOST_NUMBER}


def test_what_is_no_measure_has_judged_nothing() -> None:
    judge = Judge(_alone(lambda _: "fine"))

    assert judge.frame("1001", [sight(1001, 1)]).verdict == "unknown"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Measure(9, Window(*np.arange(4))), "warn"),
        (Measure(9, Window(*np.arange(4) + 0.5)), "unknown"),
        (Measure(9, Window(0, 0, 1 << 70, 1)), "unknown"),
        (Measure(9, frame=1 << 70), "unknown"),
        (Measure(9, note="half a letter: \udce9"), "warn"),
    ],
)
def test_whatever_a_studios_gate_gives_can_be_written_down(given: Measure, word: str) -> None:
    judge = Judge(_alone(lambda _: given))

    judged = judge.frame("1001", [sight(1001, 1)])

    assert judged.verdict == word
    assert documents.canonical(judged.as_json(""))
    assert judge.verdict(Whole(("1001",), ("1001",))).sha256


def test_a_studios_gate_that_would_end_the_program_has_judged_nothing() -> None:
    """As a library without its licence does it."""
    judge = Judge(_alone(lambda _: sys.exit("no licence")))

    assert "no licence" in judge.frame("1001", [sight(1001, 1)]).findings[0].words


def test_a_studios_gate_that_cannot_be_loaded_is_said_of_every_kind_of_take(studio: Path) -> None:
    """Of geometry as well, and of frames that were judged where it could be."""
    (studio / "studio_checks.py").write_text("raise SystemExit('no licence')", encoding="utf-8")
    found = gates.found()
    limits = {name: Rule(block=0) for name in ("studio_check", "geo_nonfinite")}
    judge = Judge(Rules(Profile(name="points", version=1, gates=limits), found))
    judge.believe(Judged("1001"))

    verdict = judge.verdict(Whole(("1001",), ("1001",)))

    assert verdict.verdict == "unknown"
    assert "cannot be loaded: SystemExit: no licence" in verdict.reason


def test_a_frame_that_nobody_judged_is_no_pass() -> None:
    judge = Judge(_alone(lambda _: Measure(0)))
    judge.frame("1001", [sight(1001, 1)])

    found = judge.verdict(Whole(("1001", "1002"), ("1001", "1002")))

    assert found.verdict == "unknown"
    assert found.reason == "1002: was not judged"


def test_findings_beyond_what_a_document_holds_are_counted() -> None:
    judge = Judge(_alone(lambda _: Measure(9)))
    keys = tuple(str(number) for number in range(1, 2101))
    for key in keys:
        judge.frame(key, [sight(int(key), 1)])

    found = judge.verdict(Whole(keys, keys))

    assert (len(found.findings), found.more) == (2000, 100)


def test_very_long_words_are_cut() -> None:
    found = findings.raised("odd", ValueError("x" * 9000), Spot(1001))

    assert len(found.words) < 500


def test_an_edited_verdict_is_no_verdict(server: Server, home: Path, tmp_path: Path) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 1))
    file = take.private / "qc.json"
    assert gated.of(take).word == "pass"

    file.write_bytes(file.read_bytes().replace(b'"seconds"', b'"Seconds"'))

    (listed,) = row.rows([take], Site())
    assert (listed["qc"], listed["reason"]) == ("unknown", "its checks were edited")
    with pytest.raises(TakeError, match="Its checks were edited"):
        gated.verdict(take)
    whole = list(verify(take.folder, signing.trusted_keys([home / "trust"])))[-1]
    assert whole.verdict.value == "BAD_SIGNATURE"
    assert "checks" in whole.finding.why


@pytest.mark.parametrize("content", [None, b"", b"{}", b"no JSON"])
def test_a_failed_take_stays_failed_whatever_becomes_of_its_verdict(
    server: Server, home: Path, tmp_path: Path, content: bytes | None
) -> None:
    """Else whoever can write into the folder would have it offered as the latest."""
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 1))
    carried_out(server, take, home, rules(tmp_path / "site", layout="{ block = -1 }"))
    file = take.private / "qc.json"

    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)

    (listed,) = row.rows([take], Site())
    assert (listed["qc"], listed["latest"]) == ("fail", False)
    assert listed["reason"] == "its checks were edited"


def test_a_take_of_before_there_were_gates_is_not_judged(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 1))
    document = take.read("manifest")
    del document["manifest"]["qc"]
    take.write("manifest", document)

    (listed,) = row.rows([take], Site())

    assert (listed["qc"], listed["reason"], listed["latest"]) == ("not judged", "", True)
    assert gated.verdict(take) is None


@pytest.mark.parametrize("qc", [3, [], {"verdict": 5}, {"verdict": "pass", "sha256": None}])
def test_whatever_a_manifest_says_is_no_pass_without_its_verdict(
    server: Server, home: Path, tmp_path: Path, qc: object
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 1))
    document = take.read("manifest")
    document["manifest"]["qc"] = qc
    take.write("manifest", document)

    assert row.rows([take], Site())[0]["qc"] in ("unknown", "not judged")


def test_a_plate_that_is_gone_when_a_take_is_closed_is_said(
    server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "in", 4)
    take = claimed(server, tmp_path / "out", path)
    carried_out(server, take, home, part=Part.parse("1001-1002"))
    carried_out(server, take, home, rules(tmp_path / "a"), part=Part.parse("1003"))
    (tmp_path / "in" / "bg.1002.exr").unlink()

    carried_out(server, take, home, part=Part.parse("1004"))

    found = verdict_of(take)
    assert found.verdict == "unknown"
    assert "could not judge against the plate" in found.reason
    assert "bg.1002.exr" in found.reason


def test_a_running_take_says_what_its_frames_came_to(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 3))
    held = rules(tmp_path / "site", layout="{ warn = -1 }")
    carried_out(server, take, home, held, part=Part.parse("1001-1002"))

    (listed,) = row.rows([take], Site())

    assert (listed["qc"], listed["qc_so_far"], listed["qc_count"]) == ("warn", True, 2)
    assert listed["reason"].startswith("1001: not as asked")


def test_of_a_running_takes_findings_the_first_frames_is_told(
    server: Server, tmp_path: Path
) -> None:
    """By its number: 1000 comes after 999, whichever of them is done first."""
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 1))
    journal = take.journal_of(Part.of(None))
    for number in (1000, 999):
        one = findings.said("odd", "warn", Spot(number), "odd")
        judged = Judged(str(number), "warn", {}, (one,))
        journal.append("frame", frame=number, qc=judged.as_json("mark"))

    assert (gated.of(take).frame, gated.of(take).reason) == (999, "999: odd")


def test_a_profile_that_is_not_there_is_said_and_every_take_is_still_checked(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 1))
    document = take.read("job")
    document["resolved"]["contract"]["qc_profile"] = "of a later version"
    take.write("job", document)

    events = carried_out(server, take, home)

    assert any("'of a later version'" in note for note in events[0]["notes"])
    assert verdict_of(take).profile.name == "none"
    assert verdict_of(take).gates.keys() == {"complete", "layout", "provenance"}


def test_a_studios_profile_that_is_wrong_stops_a_run_before_a_frame(
    server: Server, tmp_path: Path
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 1))
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "identity.toml").write_text("[gates]\nhighligths = { warn = 1 }\n", encoding="utf-8")

    with pytest.raises(SetupError, match="Did you mean 'highlights'"):
        Rules.named("identity", Site(profiles=folder))
    assert not take.items()


def _alone(measure: object) -> Rules:
    gate = Gate("odd", "odd", "", "image", "frame", "warn", "odd", measure)  # type: ignore[arg-type]
    return Rules(Profile(name="small", version=1, gates={"odd": Rule(warn=1)}), {"odd": gate})
