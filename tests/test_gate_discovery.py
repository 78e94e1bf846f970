"""A studio's own gates stand beside ours, and a broken one is never silently left out."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answerprint import gates
from answerprint.errors import SetupError
from answerprint.gate import Measure

Studio = Callable[..., None]

ONE = """
from answerprint.gate import Gate, Measure

def measure(sight):
    return Measure(7.0)

GATE = Gate("dead_pixels", "dead pixels", "pixels", "image", "frame", "warn", "{number:.0f}", measure)
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A package of a studio on Python's path, with entry points as an installer writes them."""
    before = set(sys.modules)

    def install(source: str, **named: str) -> None:
        (tmp_path / "studio_checks.py").write_text(source, encoding="utf-8")
        facts = tmp_path / "studio_checks-1.0.dist-info"
        facts.mkdir()
        lines = [f"{name} = {value}\n" for name, value in named.items()]
        text = f"[{gates.GROUP}]\n{''.join(lines)}"
        (facts / "entry_points.txt").write_text(text, encoding="utf-8")
        about = "Metadata-Version: 2.1\nName: studio-checks\nVersion: 1.0\n"
        (facts / "METADATA").write_text(about, encoding="utf-8")
        sys.path.insert(0, str(tmp_path))

    yield install
    sys.path[:] = [one for one in sys.path if one != str(tmp_path)]
    for name in set(sys.modules) - before:
        del sys.modules[name]


def said(name: str) -> str:
    """What the gate in this place says when it is asked."""
    with pytest.raises(SetupError) as raised:
        gates.found()[name].measure(None)
    assert raised.value.remedy
    return raised.value.problem


def test_every_file_is_a_gate_of_its_own_name() -> None:
    files = {module.name for module in pkgutil.iter_modules(gates.__path__)}
    found = gates.found()

    assert files <= found.keys()
    assert all(found[name].name == name for name in files)
    assert {"nonfinite", "black", "constant", "repeat", "alpha", "layout", "provenance"} <= files
    assert {"complete", "negative", "drift", "flicker", "structure", "temporal"} <= files
    assert {"order", "seam", "highlights", "grain", "shift", "halo"} <= files


def test_a_studios_gate_stands_beside_ours(studio: Studio) -> None:
    ours = gates.found().keys()
    studio(ONE, dead_pixels="studio_checks:GATE")
    found = gates.found()

    assert found.keys() == ours | {"dead_pixels"}
    assert found["dead_pixels"].measure(None) == Measure(7)


def test_one_that_cannot_be_loaded_raises_when_it_is_asked(studio: Studio) -> None:
    studio("import no_such_library_anywhere", dead_pixels="studio_checks:GATE")

    assert "cannot be loaded" in said("dead_pixels")
    assert "no_such_library_anywhere" in said("dead_pixels")


def test_one_that_is_no_gate_raises_when_it_is_asked(studio: Studio) -> None:
    studio("GATE = 3", dead_pixels="studio_checks:GATE")

    assert "is no Gate" in said("dead_pixels")


def test_one_that_takes_a_name_of_ours_is_told_and_does_not_stand_in_for_it(studio: Studio) -> None:
    studio(ONE.replace("dead_pixels", "drift"), drift="studio_checks:GATE")

    assert said("drift") == "The gate drift (studio_checks:GATE) has the name of another gate."


def test_one_that_calls_itself_otherwise_is_told(studio: Studio) -> None:
    studio(ONE, hot_pixels="studio_checks:GATE")

    assert "calls itself dead_pixels" in said("hot_pixels")
    assert "dead_pixels" not in gates.found()
