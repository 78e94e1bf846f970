"""A place of an installation: what is not ours stays, one at a time changes it, everybody can read it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from disks import disk, mount
from machine import PROJECT, Machine, machine

from install import engine as engines
from install.claim import Claim
from install.environment import MissingError
from install.place import Place
from install.version import Version, number

__all__ = ["machine"]  # a fixture, used by its name


@pytest.fixture
def share(machine: Machine) -> Path:
    folder = machine.home / "pipe"
    folder.mkdir()
    return folder


def claimed(folder: Path, pid: int, host: str | None = None) -> Path:
    """A claim as another process left it."""
    words = {"user": "ann", "host": host or socket.gethostname(), "pid": pid}
    path = folder / "installing"
    path.write_text(json.dumps({**words, "time": "2026-11-28 10:00:00", "mark": "a1"}))
    return path


def test_a_studio_gets_a_share_and_the_line_for_its_launcher(machine: Machine, share: Path) -> None:
    done = machine.nuke("--share", str(share), "--server", "triton-01:8001")

    assert done.returncode == 0
    line = f"export NUKE_PATH='{share}/nuke'\"${{NUKE_PATH:+:$NUKE_PATH}}\""
    assert line in done.stdout
    assert "every workstation must have that Python at that path" in done.stdout
    assert not machine.init.exists()
    assert (share / "site.toml").read_text() == 'server = "triton-01:8001"\n'


def test_the_studios_configuration_is_never_written_twice(machine: Machine, share: Path) -> None:
    (share / "site.toml").write_text("# ours\n")

    done = machine.nuke("--share", str(share), "--server", "triton-01:8001")
    assert "site.toml is there already and stays as it is" in done.stdout
    gone = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")

    assert gone.returncode == 0
    assert "stays what is not ours to remove: site.toml" in gone.stdout
    assert {x.name: x.read_text() for x in share.iterdir()} == {"site.toml": "# ours\n"}


def test_a_folder_that_is_not_ours_is_neither_filled_nor_emptied(
    machine: Machine, share: Path, tmp_path: Path
) -> None:
    for theirs in ("nuke/gizmos/a.gizmo", "versions/nuke14/bin", "current"):
        path = tmp_path / theirs.partition("/")[0] / theirs
        path.parent.mkdir(parents=True)
        path.write_text("the studio's")
        with pytest.raises(MissingError, match="is there already, and not from Answerprint"):
            Place(str(tmp_path / theirs.partition("/")[0])).check()
    (share / "nuke").mkdir()
    (share / "nuke" / "init.py").write_text("# the studio's\n")
    before = machine.everything()

    done = machine.nuke("--share", str(share), "--yes")
    gone = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")

    assert done.returncode == 7
    assert "is there already, and not from Answerprint" in done.stderr
    assert "Choose an empty folder" in done.stderr
    assert "Nothing of Answerprint is installed" in gone.stdout
    assert machine.everything() == before


def test_what_others_put_beside_it_stays_when_it_goes(machine: Machine, share: Path) -> None:
    machine.nuke("--share", str(share))
    for theirs in ("nuke/gizmos/a.gizmo", "versions/nuke14/bin", "notes.txt"):
        (share / theirs).parent.mkdir(parents=True, exist_ok=True)
        (share / theirs).write_text("the studio's")

    asked = machine.install("nuke", "--share", str(share), "--uninstall")
    assert (asked.returncode, (share / "current").exists()) == (1, True)
    done = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")

    assert done.returncode == 0
    left = {x.relative_to(share).as_posix() for x in share.rglob("*") if x.is_file()}
    assert left == {"nuke/gizmos/a.gizmo", "versions/nuke14/bin", "notes.txt"}


def test_a_file_of_theirs_in_our_place_is_not_overwritten(machine: Machine, share: Path) -> None:
    machine.nuke("--share", str(share))
    (share / "nuke" / "init.py").write_text("# the studio's\n")

    done = machine.nuke("--share", str(share))

    assert done.returncode == 7
    assert "init.py is not Answerprint's" in done.stderr
    machine.install("nuke", "--share", str(share), "--uninstall", "--yes")
    assert (share / "nuke" / "init.py").read_text() == "# the studio's\n"


def test_two_who_install_at_once_end_with_one_whole_version(machine: Machine, share: Path) -> None:
    words = ["install", "nuke", "--engine", sys.executable, "--share", str(share)]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=PROJECT,
            env=machine.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [(process.communicate()[1], process.returncode) for process in started]

    assert {code for _, code in said} <= {0, 7}
    assert 0 in {code for _, code in said}
    assert all("is being changed by" in error for error, code in said if code)
    (version,) = (share / "versions").iterdir()
    assert (version / "complete").is_file()
    files = sum(path.is_file() for path in version.rglob("*"))
    alone = Machine(machine.home / "alone")
    alone.nuke("--yes")
    assert files == sum(path.is_file() for path in alone.version.rglob("*"))
    assert not (share / "installing").exists()


def test_a_claim_of_somebody_who_lives_is_kept(machine: Machine, share: Path) -> None:
    path = claimed(share, os.getpid())

    done = machine.nuke("--share", str(share))

    assert done.returncode == 7
    assert f"{share} is being changed by ann on {socket.gethostname()}" in done.stderr
    assert f"If it was broken off, delete {path}" in done.stderr
    assert {x.name for x in share.iterdir()} == {"installing"}


@pytest.mark.parametrize("said", ["", "{", "[]", '{"mark": "../x"}'])
def test_a_claim_that_cannot_be_read_is_kept(share: Path, said: str) -> None:
    (share / "installing").write_text(said)

    with pytest.raises(MissingError, match="by somebody else"), Claim(str(share)):
        pass

    assert (share / "installing").read_text() == said


def test_a_claim_of_another_machine_is_kept(share: Path) -> None:
    claimed(share, 1, "another")

    with pytest.raises(MissingError, match="by ann on another"), Claim(str(share)):
        pass


def test_a_claim_of_the_dead_is_taken_over(machine: Machine, share: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    claimed(share, dead.pid)

    done = machine.nuke("--share", str(share))

    assert done.returncode == 0
    assert not (share / "installing").exists()


def test_an_attempt_that_did_not_end_is_begun_again(machine: Machine) -> None:
    place = Place(str(machine.place))
    engine = engines.named(sys.executable, number(), server=True)
    half = Path(Version(place, engine).folder)
    (half / "core").mkdir(parents=True)
    (half / "core" / "stray.py").write_text("")

    refused = machine.nuke("--yes")
    assert refused.returncode == 7
    assert "is there already, and not from Answerprint" in refused.stderr

    for folder in (machine.place, half):
        (folder / "answerprint.txt").write_text("Answerprint is installed in this folder")
    done = machine.nuke("--yes")

    assert done.returncode == 0
    assert not (half / "core" / "stray.py").exists()
    assert (half / "complete").is_file()


def test_a_whole_version_whose_engine_is_dead_stays_and_another_is_made(machine: Machine) -> None:
    """Its venv's Python was removed; a host may still have its files open."""
    place = Place(str(machine.place))
    engine = engines.own(server=False)
    first = Version(place, engine)
    for folder in (machine.place, Path(first.folder)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "answerprint.txt").write_text("Answerprint is installed in this folder")
    (Path(first.folder) / "complete").write_text(first.name)

    again = Version(place, engine)

    assert (again.name, again.is_there) == (first.name + "-2", False)


def test_what_is_installed_on_a_share_can_be_read_by_everybody(
    machine: Machine, share: Path
) -> None:
    done = machine.nuke("--share", str(share / "new" / "place"), umask=0o077)

    assert done.returncode == 0
    for path in [share / "new", *(share / "new").rglob("*")]:
        assert path.stat().st_mode & 0o444 == 0o444, path
        assert path.is_file() or path.stat().st_mode & 0o111 == 0o111, path


def test_an_engine_in_a_home_folder_is_refused_for_a_share(machine: Machine, share: Path) -> None:
    python = Path(engines.own(server=False).python)
    home = str(python.parents[1])

    done = machine.install("nuke", "--share", str(share), "--client", HOME=home)

    assert done.returncode == 7
    assert f"The engine would stand on {python}, in a home folder" in done.stderr
    assert "name an engine on the share with --engine" in done.stderr
    assert list(share.iterdir()) == []


def test_a_link_to_a_python_at_home_is_one_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "python3").symlink_to(tmp_path / "home" / "bin" / "python3")

    def is_at_home(path: str) -> bool:
        return engines.Engine(path, (3, 12), server=False, is_named=False).is_at_home

    assert is_at_home(str(tmp_path / "python3"))
    assert not is_at_home("/usr/bin/python3-that-is-not-there")


def test_a_place_that_cannot_be_changed_is_not_said_to_be_removed(machine: Machine) -> None:
    with disk(machine.home / "share", "64m") as share:
        machine.nuke("--share", str(share))
        assert mount("-o", "remount,ro", share) == ""

        done = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")

        assert done.returncode == 7
        assert f"{share}/installing cannot be removed: Read-only file system" in done.stderr
        assert "is removed from" not in done.stdout
        assert (share / "current").exists()


def test_what_could_not_be_removed_is_named_and_no_host_finds_it(
    machine: Machine, share: Path
) -> None:
    machine.nuke("--share", str(share))
    (version,) = (share / "versions").iterdir()
    with disk(version / "server" / "held", "1m") as held:
        done = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")

        assert done.returncode == 7
        assert f"{held.name} in {version}: Device or resource busy" in done.stderr
        assert "Close what uses these files" in done.stderr
        assert not (share / "current").exists()
        assert not (version / "complete").exists()

    again = machine.install("nuke", "--share", str(share), "--uninstall", "--yes")
    assert again.returncode == 0
    assert not share.exists()


def test_versions_are_named_after_system_and_python(machine: Machine) -> None:
    machine.nuke("--yes")

    python = f"py{sys.version_info[0]}{sys.version_info[1]}"
    assert machine.version.name.startswith(f"{number()}-{sys.platform}-{python}-")
    assert time.time() - Place(str(machine.place)).history()[0][0] < 600
