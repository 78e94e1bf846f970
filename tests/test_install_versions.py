"""Versions beside each other: listed, turned to in one step, and pruned when nobody uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import Machine, machine

from install.place import Place

__all__ = ["machine"]  # a fixture, used by its name


@pytest.fixture
def three(machine: Machine) -> list[str]:
    """Names of versions in the order in which they became current."""
    machine.nuke("--yes")
    names = [machine.version.name]
    for engine in ("second", "third"):
        assert machine.another(engine).returncode == 0
        names.append(machine.version.name)
    return names


def age(machine: Machine) -> None:
    """As if all had been installed long ago."""
    history = machine.place / "history"
    names = [line.split()[1] for line in history.read_text().splitlines()]
    history.write_text("".join(f"{1000 + n} {name}\n" for n, name in enumerate(names)))
    for complete in machine.place.glob("versions/*/complete"):
        os.utime(complete, (1000, 1000))


def test_back_and_forward_in_one_step(machine: Machine, three: list[str]) -> None:
    assert len(set(three)) == 3
    assert {path.name for path in (machine.place / "versions").iterdir()} == set(three)
    assert machine.init.read_text().count("Answerprint") == 1

    said = machine.install("nuke", "--versions").stdout.splitlines()

    standing = {line.split()[0]: line.split("MB")[1].strip() for line in said}
    assert standing == {three[0]: "", three[1]: "the one before", three[2]: "current"}
    assert all(int(line.split()[1]) > 0 for line in said)

    back = machine.install("nuke", "--use", three[0])
    assert (back.returncode, machine.version.name) == (0, three[0])
    assert f"Hosts that run keep {three[2]}" in back.stdout

    machine.install("nuke", "--use", three[2], "--dry-run")
    assert machine.version.name == three[0]
    machine.install("nuke", "--use", three[2])
    assert machine.version.name == three[2]

    (machine.home / "second").unlink()  # its engine
    dead = machine.install("nuke", "--use", three[1])
    unknown = machine.install("nuke", "--use", "../..")

    assert (dead.returncode, unknown.returncode) == (7, 7)
    assert f"The engine of {three[1]} does not run here" in dead.stderr
    assert three[0] in unknown.stderr
    assert machine.version.name == three[2]


def test_prune_leaves_the_current_the_one_before_and_what_is_in_use(
    machine: Machine, three: list[str]
) -> None:
    young = machine.install("nuke", "--prune", "--yes")
    assert "less than a day ago" in young.stdout
    assert "There is nothing to remove" in young.stdout
    age(machine)

    # a process of its engine, as a sidecar or a job is one
    folder = machine.place / "versions" / three[0] / "engine" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to("/bin/sleep")
    running = subprocess.Popen([folder / "python", "600"])
    try:
        used = machine.install("nuke", "--prune", "--yes")
    finally:
        running.kill()
        running.wait()
    assert f"process {running.pid} runs it" in used.stdout
    asked = machine.install("nuke", "--prune")
    assert asked.returncode == 1
    assert {path.name for path in (machine.place / "versions").iterdir()} == set(three)

    done = machine.install("nuke", "--prune", "--yes")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Removed: {three[0]}" in done.stdout
    assert {path.name for path in (machine.place / "versions").iterdir()} == set(three[1:])


def test_each_operating_system_has_a_version_of_its_own(machine: Machine) -> None:
    """A share that Linux and Windows use: who installs for one turns nothing for the other."""
    machine.nuke("--yes")
    place = Place(str(machine.place))
    linux = place.current()
    place.turn("0.1.0-windows-py311-00000000")

    assert place.current() == linux
    assert place.current("windows") == "0.1.0-windows-py311-00000000"
    assert len((machine.place / "current").read_text().splitlines()) == 2


def test_a_damaged_current_is_said_and_mended(machine: Machine) -> None:
    machine.nuke("--yes")
    name = machine.version.name
    for damage in (b"", b"../../elsewhere\n", b"\xff\xfe\x00"):
        (machine.place / "current").write_bytes(damage)
        assert Place(str(machine.place)).current() is None

    said = machine.install("nuke", "--versions")
    machine.nuke("--yes")

    assert said.returncode == 0
    assert "No version is current" in said.stdout
    assert machine.version.name == name
    assert Path(machine.place / "current").read_text() == f"{name}\n"
    assert sys.platform in name
