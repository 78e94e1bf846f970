"""python3 -m install nuke: a folder for each version, one line in init.py, and back out again."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from disks import disk
from machine import PROJECT, Machine, machine

from install import engine, environment, nuke
from install.hook import Hook
from install.place import Place
from install.version import Version

__all__ = ["machine"]  # a fixture, used by its name


def test_one_line_is_all_that_nuke_needs(machine: Machine) -> None:
    done = machine.nuke("--yes")

    assert (done.returncode, done.stderr) == (0, "")
    line = f'import nuke; nuke.pluginAddPath("{machine.place.as_posix()}/nuke")  # Answerprint\n'
    assert machine.init.read_text() == line
    assert line.strip() in done.stdout
    assert (machine.version / "nuke" / "menu.py").is_file()
    assert (machine.version / "core" / "answerprint_panel").is_dir()


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
    assert machine.backups() == [own.encode()]

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


def test_an_init_py_in_any_encoding_keeps_its_bytes(machine: Machine) -> None:
    machine.init.parent.mkdir()
    own = "# -*- coding: latin-1 -*-\n# Größe\n".encode("latin-1")
    machine.init.write_bytes(own)

    machine.nuke("--yes")
    assert machine.init.read_bytes().startswith(own + b"import nuke; ")
    machine.install("nuke", "--uninstall", "--yes")

    assert machine.init.read_bytes() == own


def test_an_init_py_that_is_no_plain_text_is_left_alone(machine: Machine) -> None:
    machine.init.parent.mkdir()
    machine.init.write_bytes("# mine\n".encode("utf-16"))

    done = machine.nuke("--yes")

    assert done.returncode == 7
    assert "is no plain text" in done.stderr
    assert machine.init.read_bytes() == "# mine\n".encode("utf-16")


def test_backups_of_one_second_are_all_kept(machine: Machine) -> None:
    hook = Hook(str(machine.init.parent), "/pipe/answerprint/nuke")
    machine.init.parent.mkdir()
    texts = [b"# 0\n", b"# 1\n", b"# 2\n"]
    for text in texts:
        machine.init.write_bytes(text)
        hook.write()

    assert sorted(machine.backups()) == texts


def test_the_line_of_another_place_stays_and_is_said(machine: Machine) -> None:
    machine.init.parent.mkdir()
    other = b'import nuke; nuke.pluginAddPath("/pipe/answerprint/nuke")  # Answerprint\n'
    machine.init.write_bytes(other)

    done = machine.nuke("--yes")

    assert machine.init.read_bytes().startswith(other + b"import nuke; ")
    assert "names another installation too, /pipe/answerprint/nuke" in done.stdout
    assert "Nuke uses the one whose line stands first" in done.stdout

    machine.install("nuke", "--uninstall", "--yes")

    assert machine.init.read_bytes() == other


@pytest.mark.parametrize("name", ['a"b', "a\\b", "it's", "Größe \U0001f39e", "100%", "$HOME"])
def test_a_folder_of_any_name_is_written_as_python_and_shell_read_it(
    tmp_path: Path, name: str
) -> None:
    target = str(tmp_path / name)
    hook = Hook(str(tmp_path), target)
    hook.write()

    text = (tmp_path / "init.py").read_bytes().decode("ascii")
    seen: list[str] = []
    exec(text.partition("; ")[2], {"nuke": SimpleNamespace(pluginAddPath=seen.append)})
    said = subprocess.run(
        ["/bin/sh", "-c", hook.environment + '; printf %s "$NUKE_PATH"'],
        capture_output=True,
        check=True,
        env={"NUKE_PATH": "/before", "HOME": "/x"},
    )

    assert seen == [target]
    assert hook.is_there
    assert said.stdout == f"{target}:/before".encode()


def test_the_end_of_input_at_the_question_is_a_no(machine: Machine) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "install", "nuke", "--engine", sys.executable]
    os.write(ours, b"\x04")
    done = subprocess.run(
        command, cwd=PROJECT, env=machine.environ, stdin=theirs, capture_output=True, check=False
    )
    os.close(ours)
    os.close(theirs)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Not written. Put this line into" in done.stdout
    assert not machine.init.exists()


def test_where_the_server_does_not_run_it_asks_for_another(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(machine.home))
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(environment.MissingError) as missing:
        nuke.run(["--dry-run"])

    assert "The embedded server runs on Linux x86-64" in str(missing.value)
    assert "--server HOST:PORT" in missing.value.remedy
    assert "--client" in missing.value.remedy
    assert machine.everything() == {}


def test_room_is_looked_for_where_it_goes(machine: Machine) -> None:
    with disk(machine.home / "small", "4m") as small:
        done = machine.install("nuke", "--client", "--yes", ANSWERPRINT_HOME=str(small / "a" / "b"))

        assert done.returncode == 7
        assert f"0.0 GB are free in {small}; 1 GB are needed." in done.stderr
        assert list(small.iterdir()) == []


def test_a_client_needs_the_venv_module_too(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)

    with pytest.raises(environment.MissingError, match="lacks its venv module"):
        engine.Engine(str(python), (3, 12), server=False, is_named=False).check(str(tmp_path))


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
    assert left == {".local/share/answerprint/keys/own.key", ".nuke/init.py"}
    assert machine.init.read_bytes() == b""  # it is the user's, and be it empty
    assert "Nothing of Answerprint is installed" in again.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--engine", "/nowhere/python"], "/nowhere/python does not run"),
        (["--engine", "/bin/true"], "has no engine of version"),
        (["--wheelhouse", "/nowhere"], "There is no wheelhouse /nowhere"),
        (["--share", "/proc/answerprint", "--engine", sys.executable], "cannot be written"),
        (["--share", "/tmp/a\nb"], "has a control character"),
        (["--share", "/tmp/a:b"], "which NUKE_PATH cannot hold"),
        (["--engine", "/tmp/a\nb"], "has a control character"),
        (["--server", "triton-01"], "'triton-01' is no server's address"),
        (["--server", "triton-01:0"], "'triton-01:0' is no server's address"),
        (["--server", 'a"b:8001'], "is no server's address"),
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
    assert re.search(r"lacks (\d+) of \1 packages, first annotated-types", done.stderr)
    assert "python3 -m install wheelhouse DIR --client" in done.stderr
    assert machine.everything() == {}


def test_an_engine_that_cannot_be_made_is_said_and_leaves_nothing(machine: Machine) -> None:
    python = machine.home / "python3.12"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    broken = engine.Engine(str(python), (3, 12), server=False, is_named=False)
    version = Version(Place(str(machine.place)), broken)

    with pytest.raises(environment.MissingError, match="interpreter could not be made"):
        version.make(None)

    assert not Path(version.folder).exists()


def test_from_a_wheelhouse_it_needs_no_internet(machine: Machine) -> None:
    wheels = machine.home / "wheels"

    built = machine.install("wheelhouse", str(wheels), "--client")
    assert built.returncode == 0, built.stderr
    assert f"install nuke --client --wheelhouse '{wheels}'" in built.stdout
    # where a locale's encoding has no such letters, Python 3.10 to 3.12 could not read a .pth with them
    home = machine.home / "Größe"
    done = machine.install(
        "nuke",
        *("--yes", "--client", "--wheelhouse", str(wheels)),
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_CONFIG_FILE=os.devnull,
        ANSWERPRINT_HOME=str(home),
    )

    assert done.returncode == 0, done.stderr
    (version,) = (home / "app" / "versions").iterdir()
    code = (
        "import os, sys, answerprint; from answerprint.cli import main\n"
        "sys.stdout.buffer.write(os.fsencode(answerprint.__file__))"
    )
    said = subprocess.run(
        [engine.interpreter(str(version / "engine")), "-I", "-X", "utf8=0", "-c", code],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    )
    assert said.stdout == os.fsencode(version / "core" / "answerprint" / "__init__.py")


def pins(lock: str) -> set[str]:
    text = Path(lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Za-z0-9_.-]+==[^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", engine.LOCKS.values(), ids=engine.LOCKS)
def test_what_is_installed_is_what_is_tested(lock: str) -> None:
    assert pins(lock) <= pins(environment.LOCK)


def test_the_engine_brings_no_tools_of_ours() -> None:
    for lock in engine.LOCKS.values():
        names = {pin.partition("==")[0].lower() for pin in pins(lock)}
        assert not names & {"pytest", "mypy", "ruff", "hypothesis", "pyside2", "matplotlib"}
