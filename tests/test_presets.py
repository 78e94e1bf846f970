"""Presets are kept, listed, replaced only on demand, and a broken one is never passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from processes import Crowd

from answerprint import cli, preset
from answerprint.errors import JobError, TakeError
from answerprint.preset import MOST_PRESETS, Presets
from answerprint.site import Site

CURVE = {"curve": {"1001": 0.2, "1010": 0.8}, "interpolate": "linear"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, empty."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def presets(own: Path, tmp_path: Path) -> Presets:
    site = Site(root=tmp_path / "takes", presets=tmp_path / "studio")
    return Presets("denoise", site, show="nightfall")


def listed(presets: Presets) -> list[tuple[str, str, dict[str, Any]]]:
    found = presets.listed()
    assert not [one.problem for one in found if one.problem]
    return [(one.name, one.where, one.parameters) for one in found]


def save(presets: Presets, name: str, said: Any = None, *, replace: bool = False) -> None:
    presets.save(name, json.dumps(said or {"strength": 0.5}), "user", replace=replace)


def test_what_is_kept_is_listed_users_first_then_the_shows_then_the_studios(
    presets: Presets, tmp_path: Path
) -> None:
    said = {"strength": 0.5, "quality": "fast", "hdr": True, "tile": 4, "mix": CURVE}
    save(presets, "soft skin", said)
    presets.save("Hard", '{"strength": 1}', "show", replace=False)
    studio = tmp_path / "studio" / "denoise"
    studio.mkdir(parents=True)
    own = tmp_path / "home" / "presets" / "denoise" / "soft skin.json"
    (studio / "Standard.json").write_bytes(own.read_bytes())

    assert listed(presets) == [
        ("soft skin", "user", said),
        ("Hard", "show", {"strength": 1}),
        ("Standard", "site", said),
    ]
    assert (tmp_path / "takes/nightfall/.presets/denoise/Hard.json").is_file()
    assert json.loads(own.read_text())["schema"] == "answerprint.preset/v1"


def test_a_name_is_replaced_only_on_demand_in_whatever_case(presets: Presets) -> None:
    save(presets, "Soft")

    with pytest.raises(JobError, match="There is a preset 'Soft' for denoise already") as caught:
        save(presets, "soft", {"strength": 1})
    assert caught.value.fix is None
    assert listed(presets) == [("Soft", "user", {"strength": 0.5})]

    save(presets, "soft", {"strength": 1}, replace=True)
    assert listed(presets) == [("Soft", "user", {"strength": 1})]


def test_a_preset_is_removed(presets: Presets) -> None:
    save(presets, "soft")
    presets.remove("soft", "user")

    assert not listed(presets)
    with pytest.raises(JobError, match="There is no preset 'soft' for denoise there"):
        presets.remove("soft", "user")


@pytest.mark.parametrize(
    "name",
    ["", " a", "a ", "../a", "a/b", ".a", "a.", "con", "COM1.x", "nul .x", "a" * 61, "é", "a\0"],
)
def test_a_name_that_no_file_can_have_is_refused(presets: Presets, name: str) -> None:
    with pytest.raises(JobError, match="cannot name a preset"):
        save(presets, name)


@pytest.mark.parametrize(
    "said",
    ["", "[]", "7", '{"a": null}', '{"a": [1]}', '{"a": NaN}', '{"a": 1e999}', '{"": 1}',
     '{"a": {"curve": {}}}', '{"a": {"curve": {"x": 1}}}', "{" * 5000, '{"a": "' + "x" * 600_000 + '"}'],
)  # fmt: skip
def test_parameters_that_are_no_values_are_refused(presets: Presets, said: str) -> None:
    with pytest.raises(JobError, match="The parameters of preset 'a' cannot be kept"):
        presets.save("a", said, "user", replace=False)

    assert not listed(presets)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "cannot be used"),
        (b"\xff", "cannot be used"),
        (b'{"schema": "answerprint.preset/v2"}', "schema"),
        (b'{"task": "upscale", "name": "a", "parameters": {}}', "it is one for upscale"),
        (b" " * (preset.MOST_BYTES + 1), "no file of at most"),
        (b'{"task": "denoise", "name": "a", "parameters": {"a": []}}', "parameters.a"),
    ],
)
def test_one_that_cannot_be_used_is_listed_with_what_is_wrong(
    presets: Presets, own: Path, content: bytes, words: str
) -> None:
    save(presets, "good")
    folder = own / "presets" / "denoise"
    (folder / "bad.json").write_bytes(content)
    (folder / "worse.json").mkdir()

    bad, good, worse = presets.listed()

    assert (bad.name, bad.parameters, good.problem) == ("bad", {}, "")
    assert words in bad.problem
    assert (folder / "bad.json").as_posix() in bad.problem
    assert "no file" in worse.problem


def test_a_folder_that_cannot_be_read_is_said(presets: Presets, own: Path) -> None:
    (own / "presets").mkdir(parents=True)
    (own / "presets" / "denoise").touch()

    assert "cannot be read: Not a directory" in presets.listed()[0].problem
    with pytest.raises(TakeError, match="cannot be written"):
        save(presets, "a")


def test_a_place_holds_so_many(presets: Presets, own: Path) -> None:
    save(presets, "a0")
    folder = own / "presets" / "denoise"
    for number in range(1, MOST_PRESETS + 1):
        (folder / f"a{number}.json").write_bytes((folder / "a0.json").read_bytes())

    assert (
        f"holds {MOST_PRESETS + 1} presets; {MOST_PRESETS} are listed"
        in presets.listed()[-1].problem
    )
    with pytest.raises(JobError, match="presets there"):
        save(presets, "one more")
    save(presets, "a0", {"strength": 1}, replace=True)


def test_only_ones_own_and_the_shows_are_written(presets: Presets, own: Path) -> None:
    alone = Presets("denoise", Site())

    with pytest.raises(JobError, match="There is no show here"):
        alone.save("a", "{}", "show", replace=False)
    with pytest.raises(JobError, match="The studio's presets"):
        presets.save("a", "{}", "site", replace=False)
    with pytest.raises(JobError, match="is no task's name"):
        Presets("../x", Site()).listed()
    with pytest.raises(JobError, match="outside the allowed folders"):
        Presets("denoise", Site(roots=(own,)), own.parent, "nightfall").listed()


def test_the_verb_keeps_lists_and_removes(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = ["--save", "soft skin", "--parameters", '{"strength": 0.5}']
    shows = ["--root", str(tmp_path), "--show", "nightfall"]

    assert cli.main(["presets", "denoise", *keep, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert cli.main(["presets", "denoise", *keep]) == 2
    assert cli.main(["presets", "denoise", *keep, "--replace"]) == 0
    assert cli.main(["presets", "denoise", *keep, *shows, "--to", "show"]) == 0
    assert "soft skin" in capsys.readouterr().out
    assert cli.main(["presets", "denoise", "--remove", "soft skin"]) == 0

    assert said == {
        "preset": "soft skin", "task": "denoise", "where": "user",
        "parameters": {"strength": 0.5}, "problem": "",
    }  # fmt: skip
    assert (tmp_path / "nightfall/.presets/denoise/soft skin.json").is_file()
    assert not list((own / "presets" / "denoise").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["--save", "a"],
        ["--parameters", "{}"],
        ["--replace"],
        ["--save", "a", "--parameters", "{}", "--remove", "a"],
    ],
)
def test_flags_that_do_not_go_together_are_refused(own: Path, words: list[str]) -> None:
    assert cli.main(["presets", "denoise", *words]) == 2


def test_of_two_in_different_case_the_one_that_is_meant_is_replaced(
    presets: Presets, own: Path
) -> None:
    save(presets, "soft")
    folder = own / "presets" / "denoise"
    (folder / "Soft.json").write_bytes((folder / "soft.json").read_bytes())

    for name, strength in (("Soft", 0.1), ("soft", 0.2), ("SOFT", 0.3)):
        save(presets, name, {"strength": strength}, replace=True)

    kept = {name: said["strength"] for name, _, said in listed(presets)}
    assert sorted(kept.values()) in ([0.1, 0.3], [0.2, 0.3])
    for file in folder.iterdir():
        assert json.loads(file.read_text(encoding="utf-8"))["name"] == file.stem


def test_of_many_who_keep_one_at_the_same_moment_all_but_one_are_told(
    own: Path, tmp_path: Path
) -> None:
    script = (
        "import sys; from answerprint import cli; print(0, flush=True); input();"
        "print(cli.main(['presets', 'denoise', '--save', 'soft', '--parameters',"
        " '{\"strength\": %s}' % sys.argv[1]]), file=sys.stderr)"
    )
    with Crowd(script, 4, "0.5") as crowd:
        crowd.hear()
        crowd.go()
        out = [one.communicate()[0] for one in crowd.members]

    assert sum("soft" in said for said in out) == 1
    assert [one.name for one in (own / "presets" / "denoise").iterdir()] == ["soft.json"]


@pytest.mark.parametrize("said", ['{"a": "\\ud800"}', '{"\\ud800": 1}'])
def test_half_a_character_is_refused(presets: Presets, own: Path, said: str) -> None:
    with pytest.raises(JobError, match="The parameters of preset 'a' cannot be kept"):
        presets.save("a", said, "user", replace=False)

    assert not own.exists()


def test_a_link_leads_no_shows_preset_out_of_the_allowed_folders(
    presets: Presets, tmp_path: Path
) -> None:
    walled = Presets("denoise", Site(root=tmp_path / "takes", roots=(tmp_path / "takes",)),
                     show="nightfall")  # fmt: skip
    save(presets, "secret")
    folder = tmp_path / "takes" / "nightfall" / ".presets"
    (folder / "denoise").mkdir(parents=True)
    secret = tmp_path / "home" / "presets"
    (folder / "denoise" / "link.json").symlink_to(secret / "denoise" / "secret.json")

    (link,) = [one for one in walled.listed() if one.where == "show"]
    assert (link.parameters, "outside the allowed folders" in link.problem) == ({}, True)

    folder.rename(folder.with_name("presets"))
    folder.symlink_to(secret)
    for act in (walled.listed, lambda: walled.save("a", "{}", "show", replace=True)):
        with pytest.raises(JobError, match="outside the allowed folders"):
            act()
