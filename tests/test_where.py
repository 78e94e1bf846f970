"""Where takes go: beside the script with no set-up, else as the site and the environment say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from answerprint import cli, shot, template
from answerprint.errors import JobError
from answerprint.shot import Where
from answerprint.site import Site

SCRIPT = Path("/shows/nightfall/sq10/sh0120/nuke/comp_v012.nk")
STUDIO = Site(root=Path("/takes"), context=("/shows/{show}/{sequence}/{shot}/*",))


def where(
    script: Path | None = SCRIPT, site: Site = STUDIO, environ: dict[str, str] | None = None
) -> Where:
    return shot.where(script, site, environ=environ or {})


def test_without_configuration_takes_go_beside_the_script() -> None:
    found = where(site=Site())

    assert found.root == SCRIPT.parent / "takes"
    assert (found.title, found.show, found.shot, found.notes) == ("", None, None, ())


def test_an_unsaved_script_has_no_place_and_says_what_to_do() -> None:
    with pytest.raises(JobError, match="The script has no name yet") as caught:
        where(None, Site())

    assert "Save the script first" in caught.value.remedy
    assert where(None).root == Path("/takes")


def test_show_and_shot_stand_in_the_scripts_path() -> None:
    found = where()

    assert (found.show, found.sequence, found.shot) == ("nightfall", "sq10", "sh0120")
    assert found.title == "nightfall / sq10 / sh0120"


def test_the_environment_goes_before_the_path() -> None:
    named = {"ANSWERPRINT_SHOW": "dawn", "ANSWERPRINT_SHOT": "010"}

    assert where(environ=named).title == "dawn / 010"
    assert where(None, environ=named).title == "dawn / 010"
    assert where(environ={"ANSWERPRINT_SHOW": "dawn"}).title == "dawn"


def test_the_first_template_that_fits_counts() -> None:
    site = Site(root=Path("/t"), context=("/jobs/{show}/*", "/shows/{show}/*", "/shows/*/{shot}/*"))

    assert where(site=site).title == "nightfall"
    assert where(Path("/elsewhere/comp.nk"), site).title == ""


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("/shows/{show}/*", "/shows/a/b/c.nk", {"show": "a"}),
        ("/shows/{show}/*", "/shows/a", None),
        ("/shows/{show}/*", "/shows2/a/b.nk", None),
        ("/shows/{show}/*.nk", "/shows/a/b.nk", {"show": "a"}),
        ("/shows/{show}/*.nk", "/shows/a/c/b.nk", None),
        ("/{show}_{shot}/*", "/dawn_010/c.nk", {"show": "dawn", "shot": "010"}),
        ("/a+(b)/{shot}/*", "/a+(b)/010/c.nk", {"shot": "010"}),
        ("/*/{shot}/comp", "/x/010/comp", {"shot": "010"}),
    ],
)
def test_a_template_is_read_name_by_name(
    pattern: str, path: str, found: dict[str, str] | None
) -> None:
    assert template.read(pattern, path) == found


def test_a_name_that_is_no_folders_becomes_one_and_that_is_said() -> None:
    found = where(Path("/shows/night fall/sq/010/comp.nk"))

    assert found.show == "night_fall"
    assert "'night fall' is called night_fall here" in found.as_json()["problem"]


@pytest.mark.parametrize("name", ["...", "con", "日本", " "])
def test_a_name_that_cannot_become_one_is_refused(name: str) -> None:
    with pytest.raises(JobError, match=r"The shot .* cannot name a folder"):
        where(environ={"ANSWERPRINT_SHOT": name})


def test_takes_stay_below_the_allowed_folders(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="lies outside the allowed folders"):
        where(site=Site(roots=(tmp_path,)))


def test_a_node_is_rendered_below_the_takes_and_anew_when_it_changes() -> None:
    def renders(node: str, key: str) -> Path:
        found = shot.where(SCRIPT, STUDIO, node=node, key=key, environ={}).renders
        assert found is not None
        return found

    one = renders("Group1.Merge7", "5f3a")

    assert one.parent == Path("/takes/nightfall/sh0120/renders")
    assert one.name.startswith("Group1.Merge7_")
    assert one == renders("Group1.Merge7", "5f3a") != renders("Group1.Merge7", "5f3b")


def test_the_verb_says_it_all(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = str(tmp_path / "comp.nk")

    assert cli.main(["where", "--script", script, "--node", "Merge7", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert cli.main(["where", "--script", script]) == 0

    assert said.pop("renders").startswith(f"{tmp_path.as_posix()}/takes/renders/Merge7_")
    assert said == {
        "root": (tmp_path / "takes").as_posix(), "show": None, "sequence": None, "shot": None,
        "title": "", "home": home.as_posix(), "site": None, "problem": "",
    }  # fmt: skip
    assert f"takes    {tmp_path.as_posix()}/takes" in capsys.readouterr().out
