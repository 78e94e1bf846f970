"""python3 -m install nuke: a folder for each version, one line in init.py, and back out again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from install import environment, place

PROJECT = Path(__file__).parents[1]


class Machine:
    """A user's machine with an empty home, on which the installer is run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.place = home / ".local" / "share" / "answerprint" / "app"
        self.init = home / ".nuke" / "init.py"

    def install(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if "ANSWERPRINT" not in k and "XDG" not in k}
        return subprocess.run(
            [sys.executable, "-m", "install", *words],
            cwd=PROJECT,
            env=kept | {"HOME": str(self.home)},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )

    def nuke(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Install for Nuke with the engine that runs these tests."""
        return self.install("nuke", "--engine", sys.executable, *words)

    def everything(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.home).as_posix(): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home = tmp_path / "home of a user"
    home.mkdir()
    return Machine(home)


def test_one_line_is_all_that_nuke_needs(machine: Machine) -> None:
    done = machine.nuke("--yes")

    assert (done.returncode, done.stderr) == (0, "")
    line = f'import nuke; nuke.pluginAddPath("{machine.place.as_posix()}/nuke")  # Answerprint\n'
    assert machine.init.read_text() == line
    assert line.strip() in done.stdout
    version = place.current(str(machine.place))
    assert version
    assert (machine.place / "versions" / version / "nuke" / "menu.py").is_file()
    assert (machine.place / "versions" / version / "core" / "answerprint_panel").is_dir()


def test_the_second_time_changes_nothing(machine: Machine) -> None:
    machine.nuke("--yes")
    before = machine.everything()

    again = machine.nuke("--yes")

    assert again.returncode == 0
    assert "has its line already" in again.stdout
    assert machine.everything() == before


def test_a_dry_run_says_all_and_writes_nothing(machine: Machine) -> None:
    done = machine.nuke("--dry-run")

    assert done.returncode == 0
    assert str(machine.init) in done.stdout
    assert "nuke.pluginAddPath(" in done.stdout
    assert "Nothing was written" in done.stdout
    assert machine.everything() == {}


def test_what_stands_in_init_py_stays_and_has_a_backup(machine: Machine) -> None:
    machine.init.parent.mkdir()
    own = (
        "import nuke\r\nnuke.pluginAddPath('./gizmos')  # ä"  # no end of line, as editors leave it
    )
    machine.init.write_bytes(own.encode())

    machine.nuke("--yes")

    assert machine.init.read_bytes().startswith(own.encode() + b"\nimport nuke; ")
    backups = list(machine.init.parent.glob("init.py.before-answerprint-*"))
    assert [backup.read_bytes() for backup in backups] == [own.encode()]

    gone = machine.install("nuke", "--uninstall", "--yes")

    assert gone.returncode == 0
    assert machine.init.read_bytes() == own.encode() + b"\n"
    assert not machine.place.exists()


def test_an_init_py_that_is_a_link_stays_one(machine: Machine) -> None:
    real = machine.home / "dotfiles" / "nuke_init.py"
    real.parent.mkdir()
    real.write_text("# mine\n")
    machine.init.parent.mkdir()
    machine.init.symlink_to(real)

    machine.nuke("--yes")

    assert machine.init.is_symlink()
    assert "# mine\nimport nuke; " in real.read_text()


def test_without_a_word_nothing_is_written_into_a_users_file(machine: Machine) -> None:
    done = machine.nuke()  # nobody is there to be asked

    assert done.returncode == 0
    assert not machine.init.exists()
    assert "Not written. Put this line into" in done.stdout
    assert "NUKE_PATH" in done.stdout


def test_uninstall_takes_away_what_it_brought_and_nothing_else(machine: Machine) -> None:
    machine.nuke("--yes")
    keys = machine.place.parent / "keys" / "own.key"
    keys.parent.mkdir()
    keys.write_text("secret")

    dry = machine.install("nuke", "--uninstall", "--dry-run")
    kept = machine.everything()
    refused = machine.install("nuke", "--uninstall")
    assert machine.everything() == kept
    done = machine.install("nuke", "--uninstall", "--yes")
    again = machine.install("nuke", "--uninstall", "--yes")

    assert "Nothing was removed" in dry.stdout
    assert refused.returncode == 1
    assert "Nothing was removed" in refused.stdout
    assert (done.returncode, again.returncode) == (0, 0)
    left = {name for name in machine.everything() if "before-answerprint" not in name}
    assert left == {".local/share/answerprint/keys/own.key"}
    assert "Nothing of Answerprint is installed" in again.stdout


def test_a_studio_gets_a_share_and_the_line_for_its_launcher(machine: Machine) -> None:
    share = machine.home / "pipe" / "answerprint"

    done = machine.nuke("--share", str(share), "--server", "triton-01:8001")

    assert done.returncode == 0
    assert f'export NUKE_PATH="{share.as_posix()}/nuke:$NUKE_PATH"' in done.stdout
    assert not machine.init.exists()
    assert (share / "site.toml").read_text() == 'server = "triton-01:8001"\n'


def test_the_studios_configuration_is_never_written_twice(machine: Machine) -> None:
    share = machine.home / "pipe"
    share.mkdir()
    (share / "site.toml").write_text("# ours\n")

    done = machine.nuke("--share", str(share), "--server", "triton-01:8001")

    assert (share / "site.toml").read_text() == "# ours\n"
    assert "site.toml is there already and stays as it is" in done.stdout


def test_another_version_lies_beside_the_old_one_and_current_turns(
    machine: Machine, tmp_path: Path
) -> None:
    machine.nuke("--yes")
    first = place.current(str(machine.place))
    other = tmp_path / "engine"
    other.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    other.chmod(0o755)

    machine.install("nuke", "--engine", str(other), "--yes")

    second = place.current(str(machine.place))
    assert first
    assert second
    assert first != second
    assert {path.name for path in (machine.place / "versions").iterdir()} == {first, second}
    assert machine.init.read_text().count("Answerprint") == 1


def test_an_attempt_that_did_not_end_is_begun_again(machine: Machine) -> None:
    version = place.Version(str(machine.place), server=True, engine=sys.executable)
    half = Path(version.folder) / "core"
    half.mkdir(parents=True)
    (half / "stray.py").write_text("")

    done = machine.nuke("--yes")

    assert done.returncode == 0
    assert not (half / "stray.py").exists()
    assert (Path(version.folder) / "complete").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "/nowhere/python"], "/nowhere/python does not run"),
        (["--engine", "/bin/true"], "has no engine of version"),
        (["--wheelhouse", "/nowhere"], "There is no wheelhouse /nowhere"),
        (["--share", "/proc/answerprint", "--engine", sys.executable], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    machine: Machine, words: list[str], said: str
) -> None:
    done = machine.install("nuke", "--yes", *words)

    assert done.returncode == 7
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert machine.everything() == {}


def test_a_wheelhouse_that_lacks_a_package_is_said_and_leaves_nothing(machine: Machine) -> None:
    wheels = machine.home / "wheels"
    wheels.mkdir()

    done = machine.install("nuke", "--yes", "--client", "--wheelhouse", str(wheels))

    assert done.returncode == 7
    assert "The packages could not be installed" in done.stderr
    assert "python3 -m install wheelhouse" in done.stderr
    assert not (machine.place / "current").exists()
    assert not machine.init.exists()


def test_from_a_wheelhouse_it_needs_no_internet(machine: Machine) -> None:
    wheels = machine.home / "wheels"

    built = machine.install("wheelhouse", str(wheels), "--client")
    assert built.returncode == 0, built.stderr
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
    os.environ.update(offline)
    try:
        done = machine.install("nuke", "--yes", "--client", "--wheelhouse", str(wheels))
    finally:
        for name in offline:
            del os.environ[name]

    assert done.returncode == 0, done.stderr
    version = place.current(str(machine.place))
    assert version
    python = place.interpreter(str(machine.place / "versions" / version / "engine"))
    said = subprocess.run(
        [python, "-I", "-m", "answerprint.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("answerprint ")
    inside = machine.place / "versions" / version / "core"
    where = subprocess.run(
        [python, "-I", "-c", "import answerprint; print(answerprint.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(inside)


def pins(lock: str) -> set[str]:
    text = Path(lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Za-z0-9_.-]+==[^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", place.LOCKS.values(), ids=place.LOCKS)
def test_what_is_installed_is_what_is_tested(lock: str) -> None:
    assert pins(lock) <= pins(environment.LOCK)


def test_the_engine_brings_no_tools_of_ours() -> None:
    for lock in place.LOCKS.values():
        names = {pin.partition("==")[0].lower() for pin in pins(lock)}
        assert not names & {"pytest", "mypy", "ruff", "hypothesis", "pyside2", "matplotlib"}
