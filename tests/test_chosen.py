"""Chosen: a job meets one version of a model as it begins, is told why, and keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Answerprint
from samples import AtOnce, carried_out, plate, points

from answerprint import begin, chosen, exr, inforce, job, preflight, record, rollout
from answerprint.errors import JobError, ModelReplaced, NoSuchTask, SetupError
from answerprint.job import Job, Resolved
from answerprint.record import Record
from answerprint.rollout import Choice
from answerprint.site import Site
from answerprint.takes import Take
from answerprint.triton import Server

STABLE = '[tasks.passthrough]\nstable = "1"\n'
CANARY = STABLE + 'candidate = "2"\ncanary = 100\n'
FULL = "canary = 100"
PINNED = f'{FULL}\npins = {{ night = "candidate" }}'
BROKEN = CANARY.replace("canary = 100", "canary = 120")


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / rollout.FILE
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The folder of the roll-out, nothing in it yet."""
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def two(versions: str) -> Iterator[Server]:
    with Server(versions) as connected:
        yield connected


def asked(**fields: Any) -> Job:
    return job.make({"task": "passthrough", "plate": "/p/bg.####.exr", **fields})


def resolve(two: Server, share: Path, tmp_path: Path, **fields: Any) -> Resolved:
    path = plate(tmp_path / "plate", 2)
    out = {"root": str(tmp_path / "takes"), "show": fields.pop("show", None)}
    request = asked(plate=str(path), out=out, **fields)
    return preflight.resolve(request, two, Site(rollout=share))


def test_without_a_roll_out_all_is_as_before(two: Server, share: Path, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1)
    request = asked(plate=str(path), out={"root": str(tmp_path)})

    for site in (Site(), Site(rollout=share)):  # none, and one that nobody has begun
        found = preflight.resolve(request, two, site)
        assert (found.version, found.rollout) == ("2", None)
        assert not [note for note in found.notes if "version" in note]


def test_a_task_that_the_roll_out_does_not_name_is_as_before(share: Path, own: Path) -> None:
    write(share, STABLE)

    found = chosen.chosen(asked(task="denoise"), Site(rollout=share), home=own)

    assert (found.choice, found.notes) == (None, ())


def test_a_job_is_told_which_version_it_met_and_why(
    two: Server, share: Path, tmp_path: Path
) -> None:
    write(share, CANARY)

    found = resolve(two, share, tmp_path)

    assert found.version == "2"
    assert found.rollout == Choice(
        asked=None, version="2", sha256=None, why="canary, 100 % of jobs"
    )
    assert found.notes[0] == "version 2: canary, 100 % of jobs"
    assert found.model_sha256 == two.offer("passthrough", "2").usable().sha256


def test_a_job_on_geometry_is_told_as_well(server: Server, share: Path, tmp_path: Path) -> None:
    write(share, '[tasks.point_normals]\nstable = "1"\n')
    request = job.make(
        {
            "task": "point_normals",
            "plate": str(points(tmp_path / "plate", 1)),
            "out": {"root": str(tmp_path / "takes")},
        }
    )

    found = preflight.resolve(request, server, Site(rollout=share))

    assert found.rollout == Choice(asked=None, version="1", sha256=None, why="stable")
    assert found.notes[0] == "version 1: stable"


def test_a_take_and_its_frames_keep_why(
    two: Server, share: Path, tmp_path: Path, home: Path
) -> None:
    write(share, CANARY)
    take = begin.claim(resolve(two, share, tmp_path))

    carried_out(two, take, home)

    frame = take.frames()[1001]
    before = exr.read(tmp_path / "plate" / "bg.1001.exr").parts[0].channels["R"]
    after = exr.read(frame).parts[0].channels["R"]
    expected = (before.astype(np.float32) * np.float32(0.97)).astype(np.float16)
    assert np.array_equal(after, expected)
    made = record_of(frame)
    assert (made.model["served_as"], made.model["chosen"]) == ("2", "canary, 100 % of jobs")
    said = AtOnce(tmp_path)("show", frame)
    assert "version 2: canary, 100 % of jobs" in said.out


@pytest.mark.parametrize(
    "later", [STABLE, STABLE.replace('"1"', '"9"'), BROKEN], ids=["back", "lost", "broken"]
)
def test_a_take_that_is_finished_later_meets_the_version_it_was_begun_with(
    later: str, two: Server, share: Path, tmp_path: Path, home: Path
) -> None:
    write(share, CANARY)
    take = begin.claim(resolve(two, share, tmp_path))
    write(share, later)
    site = tmp_path / "site.toml"
    site.write_text(f'rollout = "{share.as_posix()}"\nserver = "{two.address}"\n')

    said = AtOnce(tmp_path)(
        "run", "--resume", take.folder, "--json", env={"ANSWERPRINT_SITE": str(site)}
    )

    assert (said.code, said.last["state"]) == (0, "complete"), said
    assert served_as(take) == {"2"}


def served_as(take: Take) -> set[str]:
    return {record_of(file).model["served_as"] for file in take.frames().values()}


def record_of(frame: Path) -> Record:
    made = record.extract(exr.read_structure(frame))
    assert made is not None
    return made


def test_the_very_same_job_meets_the_same_version_whoever_asks(share: Path, tmp_path: Path) -> None:
    write(share, CANARY.replace("100", "50"))
    site = Site(rollout=share)
    jobs = [asked(frames=str(number)) for number in range(40)]

    first, again = (
        [chosen.chosen(one, site, home=tmp_path / who).choice for one in jobs]
        for who in ("ana", "farm")
    )

    assert first == again
    assert {one.version for one in first if one} == {"1", "2"}


def test_the_order_of_a_jobs_document_makes_no_other_job_of_it() -> None:
    one = asked(inputs={"a": {"path": "/a"}, "b": {"path": "/b"}}, frames="1-10")
    other = asked(frames="1-10", inputs={"b": {"path": "/b"}, "a": {"path": "/a"}})

    assert chosen.key(one) == chosen.key(other)
    assert chosen.key(one) != chosen.key(asked(frames="1-11"))
    assert len(chosen.key(asked(parameters={"a": 2**60, "b": float("nan"), "c": "Ä\ud800"}))) == 32


def test_an_alias_is_resolved_once_to_a_number(two: Server, share: Path, tmp_path: Path) -> None:
    write(share, CANARY + 'aliases = { old = "1" }\n')

    found = resolve(two, share, tmp_path, version="old")

    assert (found.version, found.rollout and found.rollout.why) == ("1", "asked for as old")
    assert found.rollout is not None
    assert found.rollout.asked == "old"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an alias, and the site has no task passthrough"),
        ("[tasks.passthrougg]\nstable = '1'\n", r"no task passthrough. Did you mean 'passthrougg'\?"),
        (STABLE, r"There is no version 'crisp'"),
        (None, "an alias, and the site has no roll-out"),
    ],
)  # fmt: skip
def test_an_alias_that_nobody_knows_is_refused(
    text: str | None, words: str, share: Path, own: Path
) -> None:
    if text is not None:
        write(share, text)

    with pytest.raises(JobError, match=words):
        chosen.chosen(asked(version="crisp"), Site(rollout=share), home=own)


@pytest.mark.parametrize(
    ("line", "version", "why"),
    [
        ('stable = "9"', None, "stable"),
        ('stable = "1"\naliases = { crisp = "9" }', "crisp", "asked for as crisp"),
        (f'stable = "1"\ncandidate = "9"\n{FULL}', "candidate", "asked for as candidate"),
        (f'stable = "1"\ncandidate = "9"\n{PINNED}', None, "pinned for night"),
    ],
)  # fmt: skip
def test_a_version_that_the_server_lacks_is_said_with_those_it_has(
    line: str, version: str | None, why: str, two: Server, share: Path, tmp_path: Path
) -> None:
    write(share, f"[tasks.passthrough]\n{line}\n")

    with pytest.raises(NoSuchTask) as caught:
        resolve(two, share, tmp_path, version=version, show="night")

    assert f"is to get version 9 of passthrough ({why})" in caught.value.problem
    assert caught.value.problem.endswith("has only 1, 2.")
    assert "pipeline team" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CANARY.replace('"2"', '"9"'), "has only 1, 2."),
        (CANARY + f'versions = {{ 2 = "{"a" * 64}" }}\n', "is not the model that the roll-out"),
    ],
    ids=["lacks it", "another model"],
)
def test_a_job_that_a_canary_gave_what_the_server_lacks_gets_stable_and_says_so(
    text: str, words: str, two: Server, share: Path, tmp_path: Path
) -> None:
    write(share, text)
    candidate = rollout.read(share / rollout.FILE).tasks["passthrough"].candidate

    found = resolve(two, share, tmp_path)

    assert found.version == "1"
    assert found.rollout == Choice(
        asked=None, version="1", sha256=None, why=f"stable, instead of canary {candidate}"
    )
    assert found.notes[0] == f"version 1: stable, instead of canary {candidate}"
    assert found.notes[1].startswith(f"roll-out: canary {candidate} was passed over: ")
    assert words in found.notes[1]


def test_a_job_that_the_candidate_cannot_do_gets_stable(
    two: Server, share: Path, tmp_path: Path
) -> None:
    write(share, CANARY.replace("passthrough", "failing"))
    noted = {"task": "failing", "parameters": {"note": "of the second look"}}

    found = resolve(two, share, tmp_path, **noted)

    assert found.version == "1"
    assert "canary 2 was passed over: " in found.notes[1]
    assert "note" in found.notes[1]
    with pytest.raises(JobError, match="note"):  # who asks for it is told
        resolve(two, share, tmp_path, version="candidate", **noted)


def test_what_no_version_can_do_is_said_of_stable(two: Server, share: Path, tmp_path: Path) -> None:
    write(share, CANARY)

    with pytest.raises(JobError, match="strenght"):
        resolve(two, share, tmp_path, parameters={"strenght": 1})


def test_a_task_that_the_server_lacks_is_said_as_ever(
    two: Server, share: Path, tmp_path: Path
) -> None:
    write(share, '[tasks.passtrough]\nstable = "1"\n')

    with pytest.raises(NoSuchTask, match="Did you mean 'passthrough'"):
        resolve(two, share, tmp_path, task="passtrough")


def test_another_model_under_a_known_number_is_refused_with_both_digests(
    two: Server, share: Path, tmp_path: Path
) -> None:
    right, wrong = two.offer("passthrough", "1").usable().sha256, "a" * 64
    write(share, STABLE + f'versions = {{ 1 = "{wrong}" }}\n')

    with pytest.raises(ModelReplaced) as caught:
        resolve(two, share, tmp_path)

    assert right in caught.value.problem
    assert wrong in caught.value.problem
    write(share, STABLE + f'versions = {{ 1 = "{right}" }}\n')
    found = resolve(two, share, tmp_path)
    assert found.rollout is not None
    assert found.rollout.sha256 == right


def test_a_broken_roll_out_leaves_the_last_good_one_in_force(share: Path, own: Path) -> None:
    write(share, CANARY)
    chosen.chosen(asked(), Site(rollout=share), home=own)
    path = write(share, BROKEN)

    found = chosen.chosen(asked(), Site(rollout=share), home=own)

    assert found.choice is not None
    assert found.choice.version == "2"
    (version, note) = found.notes
    assert version == "version 2: canary, 100 % of jobs"
    assert f"The roll-out {path.as_posix()} is wrong: line 4, tasks.passthrough.canary: " in note
    assert note.endswith("is in force.")


def test_the_last_good_one_is_that_which_was_met_last(share: Path, own: Path) -> None:
    for text in (CANARY, STABLE, BROKEN):
        write(share, text)
        found = inforce.in_force(share, home=own)

    assert found is not None
    assert found.rollout.tasks["passthrough"].candidate is None


@pytest.mark.parametrize("lost", ["file", "share", "unreadable"])
def test_a_share_that_is_away_leaves_it_in_force_as_well(
    lost: str, share: Path, own: Path, tmp_path: Path
) -> None:
    path = write(share, CANARY)
    assert inforce.in_force(share, home=own) is not None
    if lost == "share":
        share.rename(tmp_path / "unmounted")
    else:
        path.unlink()
    if lost == "unreadable":
        path.mkdir()  # what no rights help to read

    found = inforce.in_force(share, home=own)

    assert found is not None
    assert found.rollout.tasks["passthrough"].candidate == "2"
    assert "cannot be read" in found.notes[0]


@pytest.mark.parametrize("kept", ["nothing", "nonsense"])
def test_a_broken_one_with_nothing_to_go_on_with_ends_the_job(
    kept: str, share: Path, own: Path
) -> None:
    path = write(share, CANARY)
    if kept == "nonsense":
        inforce.in_force(share, home=own)
        for copy in (own / inforce.KEPT).iterdir():
            copy.write_text("nonsense", encoding="utf-8")
    write(share, BROKEN)

    with pytest.raises(SetupError, match=r"line 4, tasks\.passthrough\.canary") as caught:
        chosen.chosen(asked(), Site(rollout=share), home=own)

    assert path.as_posix() in caught.value.problem
    assert "good one" in caught.value.remedy


def test_a_folder_that_is_not_there_is_no_roll_out_that_nobody_has_begun(
    own: Path, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        inforce.in_force(tmp_path / "typo", home=own)


def test_a_home_that_cannot_be_written_is_told_and_stops_nobody(share: Path, own: Path) -> None:
    write(share, STABLE)
    own.write_text("no folder", encoding="utf-8")

    found = inforce.in_force(share, home=own)

    assert found is not None
    assert "no copy of it can be kept" in found.notes[0]


def test_copies_of_two_roll_outs_are_apart(share: Path, own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(share, STABLE)
    write(other, CANARY)
    for folder in (share, other):
        inforce.in_force(folder, home=own)
        write(folder, BROKEN)

    found = [inforce.in_force(folder, home=own) for folder in (share, other)]

    assert [one.rollout.tasks["passthrough"].canary for one in found if one] == [0, 100]
    assert len(list((own / inforce.KEPT).iterdir())) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"out": {"show": "night"}},
        {"script": "/shows/night/sq10/sh010/comp_v003.nk"},
        {"plate": "/shows/night/sq10/sh010/plates/bg.####.exr"},
        {"plate": "/mnt/shows/night/sq10/sh010/plates/bg.####.exr"},
        {"script": "/elsewhere/a.nk", "plate": "/shows/night/sq10/sh010/bg.####.exr"},
        {"script": "/shows/night/sq10/sh010/a.nk", "plate": "/shows/day/sq10/sh010/bg.####.exr"},
    ],
    ids=["said", "script", "plate", "mapped", "script outside", "script first"],
)
def test_a_pinned_show_is_known_by_its_name_its_script_or_its_plate(
    fields: dict[str, Any], share: Path, own: Path
) -> None:
    write(share, CANARY + 'pins = { night = "stable" }\n')
    site = Site.model_validate(
        {
            "rollout": share,
            "context": ["/shows/{show}/{sequence}/{shot}/*"],
            "mappings": [{"linux": "/shows", "windows": "S:/shows", "macos": "/mnt/shows"}],
        }
    )

    found = chosen.chosen(asked(**fields), site, home=own).choice

    assert found is not None
    assert (found.version, found.why) == ("1", "pinned for night")


def test_another_show_is_not_pinned(share: Path, own: Path) -> None:
    write(share, CANARY + 'pins = { night = "stable" }\n')
    site = Site(rollout=share, context=("/shows/{show}/{sequence}/{shot}/*",))

    for fields in ({"out": {"show": "day"}}, {"plate": "/shows/day/a/b/bg.####.exr"}, {}):
        found = chosen.chosen(asked(**fields), site, home=own).choice
        assert found is not None
        assert found.version == "2"


def test_a_candidate_that_its_guard_has_halted_gives_stable(share: Path, own: Path) -> None:
    write(share, CANARY)
    marker = share / "outcomes" / "passthrough" / "2" / "halted.json"
    marker.parent.mkdir(parents=True)
    marker.write_text('{"why": "3 % darker"}', encoding="utf-8")

    found = chosen.chosen(asked(), Site(rollout=share), home=own).choice

    assert found is not None
    assert (found.version, found.mirror) == ("1", None)
    assert "the canary is halted" in found.why


def test_a_plan_and_the_tasks_say_it_on_the_command_line(
    versions: str, share: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    write(share, CANARY + 'aliases = { old = "1" }\n')
    site = tmp_path / "site.toml"
    site.write_text(f'rollout = "{share.as_posix()}"\nserver = "{versions}"\n')
    at_once, env = AtOnce(answerprint.folder), {"ANSWERPRINT_SITE": str(site)}
    path = plate(tmp_path / "plate", 1)

    planned = at_once("plan", "--task", "passthrough", "--plate", path, "--json", env=env)
    listed = at_once("tasks", "--json", env=env)
    told = at_once("tasks", "passthrough", env=env)
    meant = at_once(
        *("plan", "--task", "passthrough", "--plate", path, "--model-version", "old", "--json"),
        env=env,
    )

    shown = at_once("plan", "--task", "passthrough", "--plate", path, env=env)
    write(share, BROKEN)
    warned = at_once("plan", "--task", "passthrough", "--plate", path, env=env)
    write(share, CANARY.replace('"2"', '"9"'))
    passed = at_once("plan", "--task", "passthrough", "--plate", path, env=env)

    assert "version   1, stable, instead of canary 9\n" in passed.out
    assert "roll-out  canary 9 was passed over: " in passed.out
    assert "version 2: canary, 100 % of jobs" in planned.last["notes"]
    assert "version   2, canary, 100 % of jobs\n" in shown.out
    assert "roll-out" not in shown.out
    assert "roll-out  The roll-out " in warned.out
    assert meant.last["version"] == "1"
    each = {one["task"]: one for one in listed.documents}
    assert len(each) == len(listed.documents)
    assert each["passthrough"]["version"] == "1"  # what stable is, though 2 is newer
    assert each["passthrough"]["rollout"] == {
        "stable": "1",
        "candidate": "2",
        "canary": 100.0,
        "aliases": {"old": "1"},
    }
    assert each["nan"]["version"] == "2"
    assert "  versions    1 stable, 2 candidate for 100 % of jobs, 1 old" in told.out


def test_the_tasks_are_listed_though_the_roll_out_is_broken(
    versions: str, share: Path, tmp_path: Path
) -> None:
    write(share, BROKEN)
    site = tmp_path / "site.toml"
    site.write_text(f'rollout = "{share.as_posix()}"\nserver = "{versions}"\n')
    at_once, env = AtOnce(tmp_path), {"ANSWERPRINT_SITE": str(site)}
    path = plate(tmp_path / "plate", 1)

    said = at_once("tasks", "passthrough", "--json", env=env)
    refused = at_once("plan", "--task", "passthrough", "--plate", path, "--json", env=env)

    assert (said.code, said.last["version"]) == (0, "2")
    assert (refused.code, refused.last["error"]) == (7, "SetupError")
    assert "line 4" in refused.last["problem"]
