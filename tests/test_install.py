"""python3 -m install: any Python 3 can start it, and what is missing is named with its command."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from install import environment

PROJECT = Path(__file__).parents[1]
SOURCES = sorted((PROJECT / "install").glob("*.py"))


def program(folder: Path, code: int) -> str:
    """A program that ends with a given status, as a Python that lacks something does."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_an_old_python_can_read_it(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_it_needs_the_standard_library_alone() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                top = name.split(".")[0]
                assert top == "install" or top in sys.stdlib_module_names, f"{path.name}: {name}"


def test_a_python_without_venv_is_told_the_package(tmp_path: Path) -> None:
    with pytest.raises(environment.MissingError) as missing:
        environment.check((program(tmp_path, 1), (3, 12)))

    assert "Python 3.12 lacks its venv module" in str(missing.value)
    assert missing.value.remedy == "Run: sudo apt install python3.12-venv"


def test_without_a_fitting_python_it_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))

    with pytest.raises(environment.MissingError) as missing:
        environment.choose()

    assert "needs Python 3.10 to 3.12; this is 3.9" in str(missing.value)
    assert "sudo apt install python3.12" in missing.value.remedy


def test_an_old_python_takes_a_newer_one_from_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(program(tmp_path, 0)).rename(tmp_path / "python3.11")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))

    assert environment.choose() == (str(tmp_path / "python3.11"), (3, 11))


def test_a_python_on_the_path_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version managers leave a program for every version, also for those that are not there."""
    Path(program(tmp_path, 127)).rename(tmp_path / "python3.12")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 13, 0, "final", 0))

    with pytest.raises(environment.MissingError):
        environment.choose()


def test_without_words_it_says_how_to_use_it() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "install"], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert said.returncode == 2
    assert "python3 -m install demo" in said.stdout


def test_the_lock_pins_and_hashes_everything() -> None:
    text = Path(environment.LOCK).read_text(encoding="utf-8")
    wanted = [line for line in text.splitlines() if re.match(r"[a-zA-Z]", line)]

    assert len(wanted) > 50
    assert all("==" in line for line in wanted)
    assert text.count("--hash=sha256:") > len(wanted)


def test_the_lock_and_the_project_name_the_same_packages() -> None:
    """Run `uv pip compile` as pyproject.toml says after changing a dependency."""
    text = Path(environment.LOCK).read_text(encoding="utf-8")
    locked = {match.lower() for match in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    project = project.partition("dependencies = [")[2].partition("[project.scripts]")[0]
    listed = re.findall(r'^    "([A-Za-z0-9_.-]+)', project, re.MULTILINE)
    names = {name.lower().replace("_", "-") for name in listed} - {"pyside6-essentials"}

    assert {"numpy", "openexr", "tritonclient", "pytest"} <= names
    assert names <= locked


def test_ci_runs_exactly_the_readmes_command() -> None:
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]

    assert commands[-1] == "exec python3 -m install test"
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert "$ python3 -m install test" in readme
