"""Promoting: one variation becomes a take of its own, of frames that are what and where they were made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import AtOnce, claims, noise, plate, save

from answerprint import gated, signing
from answerprint.documents import canonical
from answerprint.takes import Item, Take
from answerprint.verify import verify

WEDGE = ("run", "--task", "denoise", "--set", "quality=fast", "--wedge", "strength=0.5,1")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture(scope="module")
def made(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wedge of two variations over two frames, one of which has NaN in it."""
    folder = tmp_path_factory.mktemp("made")
    path = plate(folder / "plate", 2)
    channels = noise(1002)
    channels["G"][3, 4] = np.nan
    save(folder / "plate" / "bg.1002.exr", channels)
    words = ("--plate", path, "--show", "demo", "--shot", "sh010", "--name", "wedge")
    said = AtOnce(folder)(*WEDGE, *words, "--server", address, "--json")
    assert said.last["state"] == "complete", said
    return folder / "takes"


@pytest.fixture
def wedge(made: Path, tmp_path: Path) -> Take:
    """The wedge in another place, to be broken."""
    shutil.copytree(made, tmp_path / "takes")
    return Take(tmp_path / "takes" / "demo" / "sh010" / "wedge" / "v001")


def promoted(answerprint: AtOnce, take: Take, label: str = "w002") -> Take:
    said = answerprint("promote", take.folder, label, "--json")
    assert said.code == 0, said
    return Take(Path(said.last["take"]))


def refused(answerprint: AtOnce, take: Take, label: str = "w002", error: str = "TakeError") -> str:
    """The problem that is told; no number is taken."""
    before = claims(answerprint.folder)
    said = answerprint("promote", take.folder, label, "--json")
    assert said.last.get("error") == error, said
    assert claims(answerprint.folder) == before
    return str(said.last["problem"])


def events(take: Take, *aside: str) -> dict[Item, dict[str, Any]]:
    """What the journal says of each frame, but for what is another in every take."""
    aside = (*aside, "time", "event", "file", "frame", "variation", "statement_id", "copied_from")
    return {
        Item(one["frame"], one.get("variation", "")): {
            name: value for name, value in one.items() if name not in aside
        }
        for one in take.events()
        if one["event"] == "frame"
    }


def test_what_was_measured_and_said_of_a_variation_stands_with_its_take(
    answerprint: AtOnce, wedge: Take
) -> None:
    new = promoted(answerprint, wedge)

    before, after = events(wedge, "qc"), events(new)  # its gates are asked anew
    assert after == {Item(n): before[Item(n, "w002")] for n in (1001, 1002)}
    source, shown = (answerprint("show", one.folder, "--json").documents[0] for one in (wedge, new))
    assert shown["levels"] == {n: source["levels"][f"w002/{n}"] for n in ("1001", "1002")}
    assert shown["warnings"]
    assert [one["warning"] for one in shown["warnings"]] == [
        one["warning"] for one in source["warnings"] if one["frame"].startswith("w002/")
    ]
    said = answerprint("show", new.folder)
    assert (said.code, said.out.count("  levels      color out: ")) == (0, 1)


def test_what_the_gates_found_in_a_variation_stands_in_its_take(
    answerprint: AtOnce, wedge: Take
) -> None:
    new = promoted(answerprint, wedge)

    own, every = gated.verdict(new), gated.verdict(wedge)
    assert own is not None
    assert every is not None
    assert own.frames == {n: every.frames[f"w002/{n}"] for n in ("1001", "1002")}
    assert gated.of(new).word == own.verdict


def test_a_variation_that_fails_fails_as_a_take_of_its_own(
    answerprint: AtOnce, wedge: Take, tmp_path: Path
) -> None:
    """Nothing bad gets to be the latest by being promoted."""
    held, profiles = gated.verdict(wedge), tmp_path / "profiles"
    assert held is not None
    profiles.mkdir()
    (profiles / f"{held.profile.name}.toml").write_text(
        f'name = "{held.profile.name}"\nversion = 2\n[gates]\ndrift = {{ block = 0 }}\n',
        encoding="utf-8",
    )
    site = tmp_path / "site.toml"
    site.write_text(f'profiles = "{profiles.as_posix()}"\n', encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ANSWERPRINT_SITE", str(site))
        new = promoted(answerprint, wedge)
        rows = answerprint("takes", new.folder.parent, "--json").documents

    assert {one["take"]: (one["qc"], one["latest"]) for one in rows}[new.label] == ("fail", False)


def test_a_take_whose_journal_measured_nothing_is_shown(answerprint: AtOnce, wedge: Take) -> None:
    journal = wedge.private / "events.jsonl"
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    bare = [{k: v for k, v in one.items() if k not in ("levels", "warnings")} for one in lines]
    journal.write_text("".join(json.dumps(one) + "\n" for one in bare), encoding="utf-8")

    said = answerprint("show", wedge.folder, "--json")

    assert (said.code, said.documents[0]["levels"]) == (0, {})


def test_a_variation_of_a_take_without_a_journal_is_promoted(
    answerprint: AtOnce, wedge: Take, home: Path
) -> None:
    (wedge.private / "events.jsonl").unlink()

    new = promoted(answerprint, wedge)

    keys = signing.trusted_keys([home / "trust"])
    assert {one.verdict.value for one in verify(new.folder, keys)} == {"OK"}


CLOSED = pytest.mark.parametrize("closed", [True, False], ids=["complete", "incomplete"])


def begin_again(take: Take, *, closed: bool) -> None:
    """An incomplete take has the same frames and no manifest."""
    if not closed:
        (take.private / "manifest.json").unlink()


@CLOSED
def test_a_frame_of_another_variation_is_not_promoted(
    closed: bool, answerprint: AtOnce, wedge: Take
) -> None:
    """Genuine, signed, of the same frame: and not what this variation made."""
    begin_again(wedge, closed=closed)
    shutil.copy(wedge.file(1002, "w001"), wedge.file(1002, "w002"))

    said = refused(answerprint, wedge)

    assert said.startswith("wedge_v001_w002.1002.exr does not verify: ")
    if not closed:
        assert said.endswith("It was made as frame 1002 of w001 of wedge v001.")
    assert promoted(answerprint, wedge, "w001").state() == "complete"


@CLOSED
def test_another_frame_of_the_same_variation_is_not_promoted(
    closed: bool, answerprint: AtOnce, wedge: Take
) -> None:
    begin_again(wedge, closed=closed)
    shutil.copy(wedge.file(1001, "w002"), wedge.file(1002, "w002"))

    assert "wedge_v001_w002.1002.exr does not verify: " in refused(answerprint, wedge)


@CLOSED
def test_a_frame_of_another_run_is_not_promoted(
    closed: bool, answerprint: AtOnce, wedge: Take, made: Path, tmp_path: Path
) -> None:
    """The same request in another folder gives the same take, variation and frame."""
    words = ("--plate", made.parent / "plate" / "bg.####.exr", "--name", "wedge", "--json")
    assert answerprint(*WEDGE, *words, "--out", str(tmp_path / "other")).code == 0
    other = Take(tmp_path / "other" / "wedge" / "v001")
    begin_again(wedge, closed=closed)
    shutil.copy(other.file(1001, "w002"), wedge.file(1001, "w002"))

    said = refused(answerprint, wedge)

    assert "wedge_v001_w002.1001.exr does not verify: " in said
    if not closed:
        assert said.endswith("frame 1001 of w002 of wedge v001, by another job.")


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (True, "The frame was added: the manifest does not name it."),
        (False, "The manifest was edited after signing."),
    ],
)
def test_a_frame_that_the_manifest_does_not_name_is_not_promoted(
    signed: bool, why: str, answerprint: AtOnce, wedge: Take, home: Path
) -> None:
    held = wedge.read("manifest")
    held["manifest"]["frames"].pop("w002/1001")
    if signed:
        held["signature"] = signing.own_signer(home).sign(canonical(held["manifest"]))
    wedge.write("manifest", held)

    assert refused(answerprint, wedge) == f"wedge_v001_w002.1001.exr does not verify: {why}"


def test_a_take_is_promoted_where_it_lies(answerprint: AtOnce, wedge: Take, tmp_path: Path) -> None:
    shutil.copytree(wedge.folder.parent, tmp_path / "review" / "wedge")

    here = promoted(answerprint, wedge)
    there = promoted(answerprint, Take(tmp_path / "review" / "wedge" / "v001"))

    assert here.folder == wedge.folder.parent / "v002"
    assert there.folder == tmp_path / "review" / "wedge" / "v002"
    jobs = [take.read("job")["resolved"] for take in (here, there)]
    assert [(job["root"], job["stream"]) for job in jobs] == [
        (str(tmp_path / "takes"), "demo/sh010/wedge"),
        (str(tmp_path / "review"), "wedge"),
    ]
    assert [job["job"]["out"]["show"] for job in jobs] == ["demo", None]


def test_a_promoted_take_is_made_again_beside_it(
    answerprint: AtOnce, wedge: Take, tmp_path: Path
) -> None:
    shutil.move(wedge.folder.parent, tmp_path / "review")
    (tmp_path / "review").rename(tmp_path / "wedge")

    new = promoted(answerprint, Take(tmp_path / "wedge" / "v001"))
    said = answerprint("rerun", new.folder, "--json")

    assert (said.last["answer"], said.last["take"]) == (
        "identical",
        str(tmp_path / "wedge" / "v003"),
    )


def test_a_job_that_names_a_deep_place_does_not_lead_out_of_the_roots(
    answerprint: AtOnce, wedge: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job in a take is not signed; only where the take lies counts."""
    shutil.copytree(wedge.folder.parent, tmp_path / "a" / "b" / "wedge")
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{(tmp_path / "a" / "b").as_posix()}"]', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    before = set(claims(tmp_path))

    new = promoted(answerprint, Take(tmp_path / "a" / "b" / "wedge" / "v001"))

    assert set(claims(tmp_path)) - before == {new.folder}
    assert new.folder.parent == tmp_path / "a" / "b" / "wedge"


def test_a_link_into_the_roots_is_not_promoted_outside_of_them(
    answerprint: AtOnce, wedge: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside" / "wedge"
    outside.mkdir(parents=True)
    (outside / "v001").symlink_to(wedge.folder)
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{(tmp_path / "takes").as_posix()}"]', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))

    said = refused(answerprint, Take(outside / "v001"), error="JobError")

    assert said == f"Output folder {outside.as_posix()} lies outside the allowed folders."
    assert [path.name for path in outside.iterdir()] == ["v001"]


def test_what_was_decided_about_a_wedge_is_not_said_of_the_take_that_is_promoted_from_it(
    answerprint: AtOnce, wedge: Take
) -> None:
    assert answerprint("review", wedge.folder, "--approve", "--variation", "w002").code == 0

    new = promoted(answerprint, wedge)

    rows = answerprint("versions", wedge.folder.parent, "--json").last["takes"]
    assert [(one["take"], one["review"] and one["review"]["state"]) for one in rows] == [
        ("v002", None),
        ("v001", "approved"),
    ]
    assert answerprint("review", new.folder, "--approve").code == 0
    assert answerprint("versions", new.folder, "--json").last["latest_approved"] == "v002"
