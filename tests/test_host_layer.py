"""The host layer keeps to what every host has: its Python from 3.7 on, the standard library, its Qt."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PANEL = PROJECT / "core" / "answerprint_panel"
ADAPTER = PROJECT / "nuke" / "answerprint_nuke"
HOUDINI = PROJECT / "houdini" / "scripts" / "python"
BESIDE = HOUDINI / "answerprint_houdini"
FILES = sorted(
    file
    for folder in (PANEL, ADAPTER, PROJECT / "nuke", HOUDINI, BESIDE)
    for file in folder.glob("*.py")
)
OURS = {"answerprint_panel", "answerprint_nuke", "answerprint_houdini"}
ROOTS = [str(PROJECT / "core"), str(PROJECT / "nuke"), str(HOUDINI)]
HOSTS = {
    "nuke",
    "nukescripts",
    "hou",
    "pdg",
    "hdefereval",
    "PySide2",
    "PySide6",
    "shiboken2",
    "shiboken6",
}
NOT_IN_37 = {"graphlib", "tomllib", "zoneinfo"}
VERSIONS = [f"3.{minor}" for minor in range(7, 14)]


def imports_of(path: Path) -> set[str]:
    """Modules that are imported, wherever in the file; of our packages each file by its name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner if node.module in OURS else {node.module}
    return found


def name_of(path: Path) -> str:
    return path.parent.name if path.stem == "__init__" else f"{path.parent.name}.{path.stem}"


def free_of_hosts() -> list[str]:
    """Our modules that need neither Qt nor a host, nor anything of ours that does."""
    needs = {name_of(path): imports_of(path) for path in FILES if path.parent.name in OURS}
    bound = {name for name, wants in needs.items() if wants & HOSTS} | {"answerprint_panel.qt"}
    while more := {name for name, wants in needs.items() if wants & bound} - bound:
        bound |= more
    return sorted(needs.keys() - bound)


def interpreter(version: str) -> str | None:
    """A Python of this version that this machine has: this one, one of pyenv's, or on the PATH."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in sorted(kept.glob(f"{version}.*/bin/python")):
        return str(python)
    found = shutil.which(f"python{version}")
    return found if found and "shims" not in found else None  # a shim may lead to nothing


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_it_imports_what_every_host_has_and_itself(path: Path) -> None:
    names = {name.split(".")[0] for name in imports_of(path)}
    qt = HOSTS if path == PANEL / "qt.py" else set()
    host = {ADAPTER: {"nuke", "nukescripts"}, BESIDE: {"hou", "pdg"}}.get(path.parent, set())

    assert names <= (set(sys.stdlib_module_names) - NOT_IN_37) | OURS | qt | host


def test_the_panel_knows_no_host_and_no_adapter() -> None:
    for path in PANEL.glob("*.py"):
        names = {name.split(".")[0] for name in imports_of(path)}
        assert not names & {"nuke", "nukescripts", "hou", "answerprint"}, path
        assert not names & {"answerprint_nuke", "answerprint_houdini"}, path


@pytest.mark.parametrize("module", ["nuke", "hou"])
def test_one_file_imports_the_hosts_module(module: str) -> None:
    found = [path.name for path in FILES if module in imports_of(path)]

    assert found == ["host.py"]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_runs_on_the_pythons_of_hosts_without_any_package(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    source = f"""
import sys, importlib
sys.dont_write_bytecode = True
sys.path[:0] = {ROOTS!r}
for path in {[str(path) for path in FILES]!r}:
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec")
for name in {free_of_hosts()!r}:
    importlib.import_module(name)
print("%d.%d" % sys.version_info[:2])
"""

    done = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", source],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, version), done.stderr


def test_what_runs_without_a_window_needs_no_qt() -> None:
    """`nuke -t`, and a farm."""
    assert {f"answerprint_panel.{name}" for name in ("engine", "sidecar", "host")} <= set(
        free_of_hosts()
    )


START = [f"answerprint_nuke.{name}" for name in ("start", "window", "commands")]
# What a host's start and the panel's first opening may load of the standard library, beyond what
# every host has loaded long ago: small modules, each wanted by one of our files.
LIGHT_START = {
    "_blake2",
    "_datetime",
    "_hashlib",
    "_uuid",
    "datetime",
    "hashlib",
    "platform",
    "uuid",
}
LIGHT_PANEL = {"_heapq", "_queue", "heapq", "queue", "shlex", "unicodedata"}


@pytest.mark.parametrize(
    ("before", "names", "light"),
    [
        pytest.param([], START, LIGHT_START, id="start"),
        pytest.param(START, ["answerprint_nuke.pane"], LIGHT_PANEL, id="panel"),
    ],
)
def test_it_loads_nothing_heavy(before: list[str], names: list[str], light: set[str]) -> None:
    """How long that takes, `python tests/performance.py imports` says: no test asks a clock."""
    done = subprocess.run(
        [sys.executable, "-c", loading(before, names)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    foreign = {name for name in told["loaded"] if name.split(".")[0] not in OURS}
    assert foreign <= light
    drawn = {name for name in told["loaded"] if name.startswith("answerprint_panel.")}
    assert ("answerprint_panel.panel" in drawn) == (names != START)  # not before it is opened


def loading(before: list[str], names: list[str]) -> str:
    """A program that imports what stands before, then these, and says what that loaded in how long.

    Loaded before are what a host has loaded long ago: Qt, with the classes that we name, and what
    every host's own Python code needs.
    """
    named: set[tuple[str, str]] = set()
    for path in PANEL.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"\b(Qt(?:Core|Gui|Widgets))\.(\w+)", text))
    return f"""
import sys, importlib, time, types, dataclasses, json, subprocess
sys.modules["nuke"] = types.ModuleType("nuke")
sys.path[:0] = {ROOTS!r}
from answerprint_panel import qt
for module, name in {sorted(named)!r}:
    dir(getattr(getattr(qt, module), name, None))
for name in {before!r}:
    importlib.import_module(name)
known, began = set(sys.modules), time.process_time()
for name in {names!r}:
    importlib.import_module(name)
spent = time.process_time() - began
print(json.dumps({{"seconds": spent, "loaded": sorted(set(sys.modules) - known)}}))
"""
