"""python3 -m install houdini: one package file, the version that is current behind it, and back out again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from machine import PROJECT, Machine, machine

from install import brought, houdini
from install.package import Package, named

__all__ = ["machine"]  # a fixture, used by its name

SHIM = "houdini/scripts/python/answerprint_houdini/__init__.py"


@pytest.fixture
def prefs(machine: Machine) -> Path:
    """The preference folder of a Houdini that was started once."""
    folder = machine.home / "houdini21.0"
    folder.mkdir()
    return folder


def said_by(path: Path) -> Any:
    return json.loads(path.read_text(encoding="ascii"))


def imported(place: Path, *, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """As Houdini does: our folder's scripts/python is on its path, and nothing else of ours."""
    code = (
        "import sys, os; sys.path.append(sys.argv[1]); import answerprint_houdini as ours\n"
        "from answerprint_panel import engine; import answerprint_houdini.roots\n"
        "print(ours.__file__, engine.__file__, engine.find().python, sep='\\n')"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(place / "houdini" / "scripts" / "python")],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environ,
    )


def test_one_file_is_all_that_houdini_needs(machine: Machine, prefs: Path) -> None:
    done = machine.houdini("--yes")

    assert (done.returncode, done.stderr) == (0, "")
    target = f"{machine.place.as_posix()}/houdini"
    assert said_by(prefs / "packages" / "answerprint.json") == {
        "load_package_once": True,
        "enable": "houdini_version >= '19.5'",
        "env": [{"ANSWERPRINT_HOUDINI": target}],
        "hpath": target,
    }
    assert [x.name for x in (prefs / "packages").iterdir()] == ["answerprint.json"]
    assert (machine.place / "houdini" / "MainMenuCommon.xml").is_file()
    assert not (machine.place / "nuke").exists()

    before = machine.everything()
    again = machine.houdini("--yes")
    assert "answerprint.json is there already" in again.stdout
    assert machine.everything() == before


def test_houdini_gets_the_version_that_is_current(machine: Machine, prefs: Path) -> None:
    machine.install("houdini", "--engine", sys.executable, "--yes")

    said = imported(machine.place, cwd=machine.home)

    ours, panel, engine = said.stdout.splitlines()
    adapter = machine.version / "houdini" / "scripts" / "python" / "answerprint_houdini"
    assert (said.stderr, ours) == ("", str(adapter / "__init__.py"))
    assert Path(panel).is_relative_to(machine.version / "core")
    assert engine == sys.executable

    (machine.place / "current").unlink()
    gone = imported(machine.place, cwd=machine.home)
    assert "cannot be read" in gone.stderr
    assert "python3 -m install houdini --versions" in gone.stderr


def test_a_dry_run_says_all_and_writes_nothing(machine: Machine, prefs: Path) -> None:
    done = machine.houdini("--dry-run")

    assert done.returncode == 0
    assert f"one file    {prefs / 'packages' / 'answerprint.json'}" in done.stdout
    assert '"hpath": "' in done.stdout
    assert "Nothing was written" in done.stdout
    assert machine.everything() == {}


def test_without_a_word_no_package_file_is_written(machine: Machine, prefs: Path) -> None:
    done = machine.houdini()  # nobody is there to be asked

    assert done.returncode == 0
    assert not (prefs / "packages").exists()
    assert "Not written. Write this into" in done.stdout
    assert f"export HOUDINI_PACKAGE_DIR='{machine.place}/houdini'" in done.stdout


def test_the_newest_houdini_is_told_or_all_of_them(machine: Machine, prefs: Path) -> None:
    for name in ("houdini18.5", "houdini19.5", "houdini20.5", "houdini9", "houdini_tools"):
        (machine.home / name).mkdir()

    done = machine.houdini("--yes")
    assert [x.parts[-3] for x in machine.home.glob("*/packages/*")] == ["houdini21.0"]
    assert "Houdini is here in 2 more" in done.stdout
    assert "--all writes the file for each of them" in done.stdout

    machine.houdini("--yes", "--all")
    told = sorted(x.parts[-3] for x in machine.home.glob("*/packages/answerprint.json"))
    assert told == ["houdini19.5", "houdini20.5", "houdini21.0"]

    machine.install("houdini", "--uninstall", "--yes")
    assert machine.everything() == {}


def test_houdinis_own_variable_comes_before_what_is_found(machine: Machine, prefs: Path) -> None:
    studio = machine.home / "studio"

    machine.houdini("--yes", HOUDINI_PACKAGE_DIR=str(studio))
    assert [x.name for x in studio.iterdir()] == ["answerprint.json"]
    assert not (prefs / "packages").exists()

    several = {"HOUDINI_PACKAGE_DIR": f"{studio}:/pipe"}
    done = machine.houdini("--yes", **several)
    assert done.returncode == 7
    assert "which is no single folder" in done.stderr
    assert "--package-dir" in done.stderr
    assert machine.houdini("--versions", **several).returncode == 0

    machine.houdini("--yes", "--all", **several)  # what is said comes before what is set
    assert [x.name for x in (prefs / "packages").iterdir()] == ["answerprint.json"]
    machine.houdini("--uninstall", "--yes", **several)
    assert machine.everything() == {}


def test_a_package_file_elsewhere_is_not_forgotten_in_silence(
    machine: Machine, prefs: Path, tmp_path: Path
) -> None:
    machine.houdini("--yes", "--package-dir", str(tmp_path / "elsewhere"))
    words = ("houdini", "--uninstall", "--yes")

    without = machine.install(*words)
    assert "One that --package-dir wrote elsewhere" in without.stdout
    machine.install(*words, "--package-dir", str(tmp_path / "elsewhere"))

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (prefs / "packages").exists()


@pytest.mark.parametrize("named", ["prefs__HVER__", "prefs__HVER__/", "prefs__HVER__/mine"])
def test_preferences_under_another_name_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HOUDINI_USER_PREF_DIR", f"{tmp_path}/{named}")
    numbers = ("21.0", "20.5", "9.0")
    folders = [tmp_path / named.replace("__HVER__", number) for number in numbers]
    for folder in (*folders, tmp_path / "prefs"):
        folder.mkdir(parents=True)

    assert houdini.preferences() == [str(folder / "packages") for folder in folders[:2]]


def test_documents_that_onedrive_has_moved_are_looked_into() -> None:
    found = houdini.documents("/Users/ana", {"OneDrive": "/Users/ana/OneDrive - Studio"})

    assert found == ["/Users/ana/Documents", "/Users/ana/OneDrive - Studio/Documents"]


@pytest.mark.parametrize(
    ("platform", "name"),
    [("linux", "houdini21.0"), ("darwin", "Library/Preferences/houdini/21.0")],
)
def test_each_system_has_its_own_preference_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HOUDINI_USER_PREF_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    (tmp_path / name).mkdir(parents=True)

    assert houdini.preferences() == [str(tmp_path / name / "packages")]


def test_a_file_of_that_name_is_kept(machine: Machine, prefs: Path) -> None:
    theirs = '{"env": [{"ANSWERPRINT_HOUDINI": "/other"}]}'
    package = prefs / "packages" / "answerprint.json"
    package.parent.mkdir()
    package.write_text(theirs)

    kept = machine.install("houdini", "--uninstall", "--yes")
    assert ("Nothing of Answerprint" in kept.stdout, package.read_text()) == (True, theirs)
    dry = machine.houdini("--dry-run")
    done = machine.houdini("--yes")

    assert "another is there, and is kept as a backup" in dry.stdout
    (backup,) = package.parent.glob("*.before-answerprint-*")
    assert backup.read_text() == theirs
    assert backup.name in done.stdout
    assert said_by(package)["hpath"] == f"{machine.place}/houdini"


@pytest.mark.parametrize("theirs", ["", "{}", "[", '{"env": [{"ANSWERPRINT_HOUDINI": "/other"}]}'])
def test_whatever_stands_in_a_file_of_that_name_is_kept(tmp_path: Path, theirs: str) -> None:
    package = Package(str(tmp_path), "/place/houdini")
    Path(package.path).write_text(theirs)

    assert (package.is_foreign, package.is_there) == (True, False)
    backup = package.write()

    assert backup is not None
    assert Path(backup).read_text() == theirs
    assert (package.is_foreign, package.is_there) == (False, True)


def test_a_studio_gets_a_share_and_the_line_for_its_launcher(
    machine: Machine, prefs: Path, tmp_path: Path
) -> None:
    share = tmp_path / "pipe"

    done = machine.houdini("--share", str(share), "--server", "triton-01:8001")

    assert done.returncode == 0, done.stderr
    assert f"export HOUDINI_PACKAGE_DIR={share}/houdini" in done.stdout
    assert said_by(share / "houdini" / "answerprint.json")["hpath"] == "$HOUDINI_PACKAGE_PATH"
    assert [x.name for x in (share / "houdini").glob("*.json")] == ["answerprint.json"]
    assert machine.everything() == {}

    machine.houdini("--share", str(share), "--all", "--yes")  # for this workstation, at once
    package = prefs / "packages" / "answerprint.json"
    assert said_by(package)["hpath"] == f"{share}/houdini"

    gone = machine.install("houdini", "--share", str(share), "--uninstall", "--yes")
    assert not package.exists()
    assert "Take it out of HOUDINI_PACKAGE_DIR yourself" in gone.stdout
    assert [x.name for x in share.iterdir()] == ["site.toml"]


def test_both_hosts_share_one_version_and_go_one_by_one(machine: Machine, prefs: Path) -> None:
    machine.install("nuke", "--engine", machine.quick, "--yes")
    before = machine.version
    machine.houdini("--yes")
    assert (machine.version, len(list((machine.place / "versions").iterdir()))) == (before, 1)

    done = machine.install("houdini", "--uninstall", "--yes")
    assert "is removed from houdini, and stays for nuke" in done.stdout
    assert not (machine.place / "houdini").exists()
    assert (before / "complete").is_file()
    again = machine.install("houdini", "--uninstall", "--yes")
    assert "Nothing of Answerprint is installed for houdini" in again.stdout

    machine.houdini("--yes")
    done = machine.install("nuke", "--uninstall", "--yes")
    assert "stays for houdini" in done.stdout
    assert imported(machine.place, cwd=machine.home).returncode == 0
    machine.install("houdini", "--uninstall", "--yes")
    assert not machine.place.exists()


def test_what_somebody_put_or_changed_beside_ours_stays(machine: Machine, prefs: Path) -> None:
    machine.houdini("--yes")
    folder = machine.place / "houdini"
    (folder / "otls").mkdir(exist_ok=True)
    (folder / "otls" / "mine.hda").write_text("mine")
    (folder / "MainMenuCommon.xml").write_text("changed")

    refused = machine.houdini("--yes")
    assert refused.returncode == 7
    assert "MainMenuCommon.xml is not Answerprint's" in refused.stderr
    machine.install("houdini", "--uninstall", "--yes")

    left = {x.relative_to(folder).as_posix() for x in folder.rglob("*") if x.is_file()}
    assert left == {"otls/mine.hda", "MainMenuCommon.xml"}


def test_a_file_that_is_brought_no_more_goes(tmp_path: Path) -> None:
    brought.write(str(tmp_path), {"a/old.xml": b"1", "kept.xml": b"2", "changed.xml": b"3"})
    (tmp_path / "changed.xml").write_bytes(b"mine")

    brought.write(str(tmp_path), {"kept.xml": b"4"})

    left = {x.name: x.read_bytes() for x in tmp_path.rglob("*") if x.name != brought.LIST}
    assert left == {"kept.xml": b"4", "changed.xml": b"mine"}
    assert brought.remove(str(tmp_path)) == []
    assert [x.name for x in tmp_path.iterdir()] == ["changed.xml"]


def test_a_list_that_names_files_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"")
    folder = tmp_path / "houdini"
    brought.write(str(folder), {"kept.xml": b""})
    empty = (folder / brought.LIST).read_text().splitlines()[-1].partition(" ")[0]
    with (folder / brought.LIST).open("a") as stream:
        stream.write(f"{empty}  ../theirs\n{empty}  {tmp_path}/theirs\n")

    assert brought.remove(str(folder)) == []
    assert (tmp_path / "theirs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--share", "/tmp/a;b"], "which Houdini's path cannot hold"),
        (["--share", "/tmp/a$b"], "which Houdini's path cannot hold"),
        (["--engine", "/nowhere/python"], "/nowhere/python does not run"),
        (["--package-dir", "/proc/answerprint"], "cannot be changed"),
    ],
)
def test_what_cannot_be_done_is_said(machine: Machine, words: list[str], said: str) -> None:
    engine = [] if "--engine" in words else ["--engine", machine.quick]

    done = machine.install("houdini", "--yes", *engine, "--package-dir", "x", *words)

    assert done.returncode == 7
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_houdini_was_ever_started_it_is_said(machine: Machine) -> None:
    done = machine.houdini("--yes")

    assert done.returncode == 7
    assert "No preference folder of Houdini 19.5 or newer" in done.stderr
    assert machine.everything() == {}


def test_a_package_file_that_is_no_json_of_ours_names_nothing(tmp_path: Path) -> None:
    for said in ("", "[" * 100_000, '{"env": 1}', '{"env": [1, {"ANSWERPRINT_HOUDINI": 2}]}'):
        assert named(said) is None
    package = Package(str(tmp_path), "/place/houdini")
    package.write()
    assert named(Path(package.path).read_text()) == "/place/houdini"


def test_the_loader_and_the_checkout_tell_houdini_the_same_names() -> None:
    files = brought.houdini()

    assert "scripts/python/answerprint_houdini/__init__.py" in files
    assert not {name.rpartition("/")[2] for name in files} & {"host.py", "README.md"}
    assert (PROJECT / "install" / "loader" / SHIM).is_file()
