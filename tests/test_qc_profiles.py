"""Profiles: ours are whole, a studio's is laid over them, and what is wrong is said by its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from answerprint import profile, rules
from answerprint.documents import loads
from answerprint.errors import SetupError
from answerprint.findings import word
from answerprint.profile import OURS, Rule
from answerprint.rules import Rules
from answerprint.site import Site
from answerprint_server import repository

EVERY = {"complete", "layout", "provenance"}
OURS_BY_NAME = sorted(file.stem for file in OURS.glob("*.toml"))


def site_with(folder: Path, name: str, text: str) -> Site:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Site(profiles=folder)


def problem(folder: Path, text: str, name: str = "denoise") -> str:
    with pytest.raises(SetupError) as caught:
        profile.load(name, site_with(folder, name, text))
    return caught.value.problem


@pytest.mark.parametrize("name", OURS_BY_NAME)
def test_each_of_ours_loads_and_holds_what_every_take_is_held_to(name: str) -> None:
    found = profile.load(name, Site())

    assert found.name == name
    assert not found.site
    for gate in EVERY:
        assert found.rule(gate) == Rule(block=0)


def test_there_is_a_profile_for_every_class_that_a_model_of_ours_names() -> None:
    contracts = [
        loads((folder / "contract.json").read_text(encoding="utf-8"))
        for folder in repository.models(repository.models_folder())
    ]

    assert {one["qc_profile"] for one in contracts} <= set(OURS_BY_NAME)


def test_a_generative_task_is_never_held_to_the_structure_of_its_plate() -> None:
    found = profile.load("generative", Site())

    for gate in ("structure", "shift", "halo", "order"):
        assert found.rule(gate).limit is None


def test_gates_that_end_a_take_are_no_statistics() -> None:
    """A limit that was measured may be passed by a clean frame now and then; these may not."""
    for gate in ("nonfinite", "black", "constant", "repeat"):
        assert profile.load("denoise", Site()).rule(gate) == Rule(block=0)


def test_a_gate_that_no_profile_names_is_off() -> None:
    assert profile.load("none", Site()).rule("highlights").off


def test_a_studios_file_is_laid_over_ours_line_by_line(tmp_path: Path) -> None:
    ours = profile.load("denoise", Site())
    text = 'version = 7\n[gates]\nhighlights = { warn = 0.5, block = 2 }\nshift = "off"\n'

    found = profile.load("denoise", site_with(tmp_path, "denoise", text))

    assert found.rule("highlights") == Rule(warn=0.5, block=2)
    assert found.rule("shift").off
    assert found.version == 7
    assert found.site
    changed = {"highlights", "shift"}
    assert {k: v for k, v in found.gates.items() if k not in changed} == {
        k: v for k, v in ours.gates.items() if k not in changed
    }


def test_a_studio_adds_a_profile_of_its_own(tmp_path: Path) -> None:
    site = site_with(tmp_path, "matchmove", "[gates]\ncomplete = { block = 0 }\n")

    assert "matchmove" in profile.names(site)
    assert profile.load("matchmove", site).gates == {"complete": Rule(block=0)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[gates]\nhighlight = { warn = 1 }\n",
            "gates.highlight: there is no gate 'highlight'. Did",
        ),
        ("[gates]\nshift = { warm = 1 }\n", "gates.shift.warm: unknown field"),
        ("[gates]\nshift = {}\n", "shift is empty"),
        ('[gates]\nshift = "on"\n', "shift is 'on'"),
        ("[gates]\nshift = { warn = nan }\n", "gates.shift.warn: input should be a finite number"),
        ("[gates]\nshift = { warn = 2, block = 1 }\n", "block is below warn"),
        ("[gates]\nshift = 3\n", "gates.shift"),
        ("gates = 3\n", "gates"),
        ("[gates\n", "Expected ']'"),
        ('name = "depth"\n', "name is 'depth'"),
        ("version = 0\n", "version"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    found = problem(tmp_path, text)

    assert (tmp_path / "denoise.toml").as_posix() in found
    assert said in found


def test_a_profile_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    assert "larger than" in problem(tmp_path, "#" * (profile.MOST_BYTES + 1))


@pytest.mark.parametrize("name", ["../secret", "", "Denoise", "a/b", "denoise.toml"])
def test_a_name_is_no_way_to_another_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.toml").write_text("[gates]\n", encoding="utf-8")
    folder = tmp_path / "profiles"
    folder.mkdir()

    with pytest.raises(SetupError, match="There is no profile"):
        profile.load(name, Site(profiles=folder))


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(SetupError, match="Did you mean 'denoise'"):
        profile.load("denoisse", Site())


def test_limits_that_differ_have_another_mark(tmp_path: Path) -> None:
    """What was judged under other limits is not taken over from a journal."""
    site = site_with(tmp_path, "denoise", "[gates]\nshift = { warn = 9 }\n")

    assert Rules.named("denoise", site).mark != Rules.named("denoise", Site()).mark
    assert Rules.named("denoise", Site()).mark == Rules.named("denoise", Site()).mark


def test_gates_of_one_kind_are_asked_of_that_kind() -> None:
    found = Rules.named("points", Site())

    asked = {gate.name for gate in found.chosen("frame", "geometry")}
    assert asked >= {"geo_nonfinite", "geo_count", *rules.ANY_KIND}
    assert not {name for name in asked if name.startswith("vol_")}


NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=50, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_larger_number_is_never_the_better_word(one: float, other: float, limit: float) -> None:
    order = ["pass", "warn", "fail"]
    rule = Rule(warn=min(limit, other), block=max(limit, other))

    less, more = sorted((one, one + abs(other)))

    assert order.index(word(less, rule)) <= order.index(word(more, rule))
    assert word(rule.limit if rule.limit is not None else 0, rule) == "pass"
