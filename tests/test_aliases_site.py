"""What the site adds: its own names for layers, its colour configuration, its bound on memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, plate, refused

from answerprint import site
from answerprint.errors import SetupError

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Make these lines the studio's file."""

    def write(lines: str) -> Path:
        path = tmp_path / "studio.toml"
        path.write_text(lines, encoding="utf-8")
        monkeypatch.setenv("ANSWERPRINT_SITE", str(path))
        return path

    return write


@pytest.fixture
def denoised(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """Input -> where it comes from, when a plate with these layers beside RGB is denoised."""
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)

    def found(*layers: str, words: tuple[str, ...] = ()) -> dict[str, str]:
        names = [*"RGB", *(f"{layer}.{letter}" for layer in layers for letter in "RGB")]
        path = plate(tmp_path / "plate", 1, names)
        said = AtOnce(tmp_path)(
            "run", "--task", "denoise", "--plate", path, *words, "--dry-run", "--json"
        )
        assert said.code == 0, said
        return {name: one["layer"] for name, one in said.last["inputs"].items()}

    return found


def wrong(lines: str, written: Written) -> str:
    path = written(lines)
    with pytest.raises(SetupError) as caught:
        site.load()
    assert path.as_posix() in caught.value.problem
    assert caught.value.remedy == (
        "Known fields are server, servers, tls, token, rollout, root, roots, trust, layers, colour, "
        "memory, patience, deadline, zip_level, readers, in_flight, writers, presets, profiles, "
        "mappings, numbers, context, rates."
    )
    return caught.value.problem


def test_a_name_of_the_studios_own_is_found(
    written: Written, denoised: Callable[..., dict[str, str]]
) -> None:
    assert denoised("house_alb") == {"color": "rgba"}

    written('[layers]\nalbedo = ["house_alb"]\n')

    assert denoised("house_alb") == {"color": "rgba", "albedo": "house_alb"}


@pytest.mark.parametrize("other", ["albedo", "diffuse_albedo", "basecolor"])
def test_the_studios_names_are_tried_before_the_contracts_and_the_renderers(
    other: str, written: Written, denoised: Callable[..., dict[str, str]]
) -> None:
    """What a renderer calls albedo may be another thing in this studio: that is why it says so."""
    assert denoised("house_alb", other)["albedo"] == other

    written('[layers]\nalbedo = ["house_alb"]\n')

    assert denoised("house_alb", other)["albedo"] == "house_alb"
    assert denoised(other)["albedo"] == other


def test_the_studios_best_name_comes_first(
    written: Written, denoised: Callable[..., dict[str, str]]
) -> None:
    written('[layers]\nalbedo = ["alb_v2", "alb_v1"]\ncolor = ["final"]\n')

    assert denoised("alb_v1", "alb_v2", "final") == {"color": "final", "albedo": "alb_v2"}
    assert denoised("alb_v1") == {"color": "rgba", "albedo": "alb_v1"}


def test_what_a_job_asks_for_comes_before_the_studios_names(
    written: Written, denoised: Callable[..., dict[str, str]]
) -> None:
    written('[layers]\nalbedo = ["house_alb"]\n')

    found = denoised("house_alb", "albedo", words=("--layer", "albedo=albedo"))

    assert found["albedo"] == "albedo"


def test_the_users_names_stand_in_place_of_the_studios(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written('[layers]\nalbedo = ["house_alb"]\n')
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    own = tmp_path / "home" / "site.toml"
    own.write_text('colour = "own.ocio"\n[layers]\nnormal = ["nrm"]\n', encoding="utf-8")

    found = site.load()

    assert (found.layers, found.colour) == ({"normal": ("nrm",)}, "own.ocio")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('layers = "albedo"', "layers: input should be a valid dictionary."),
        ('layers = ["albedo"]', "layers: input should be a valid dictionary."),
        ('[layers]\nalbedo = "house_alb"', "layers.albedo: input should be a valid tuple."),
        ("[layers]\nalbedo = [1]", "layers.albedo[0]: input should be a valid string."),
        ("[layers.albedo]\nname = 1", "layers.albedo: input should be a valid tuple."),
        ("colour = 5", "colour: input should be a valid string."),
        ('colour = ["a.ocio"]', "colour: input should be a valid string."),
        ("memory = 0", "memory: input should be greater than 0."),
        ("memory = -8", "memory: input should be greater than 0."),
        ('memory = "much"', "memory: input should be a valid number"),
        ("memory = nan", "memory: input should be a finite number."),
        ("memory = inf", "memory: input should be a finite number."),
        ("memory = [8]", "memory: input should be a valid number."),
        ('color = "a.ocio"\nmemry = 8', "color: unknown field; memry: unknown field."),
        ('[layer]\nalbedo = ["x"]', "layer: unknown field."),
    ],
)
def test_a_wrong_field_is_named_and_the_known_ones_are_listed(
    lines: str, words: str, written: Written
) -> None:
    assert f"is wrong: {words}" in wrong(lines, written)


def test_the_fields_are_read(written: Written) -> None:
    written('colour = "ocio://default"\nmemory = 12.5\n[layers]\nalbedo = ["a", "b"]\n')

    found = site.load()

    assert (found.colour, found.memory) == ("ocio://default", 12.5)
    assert found.layers == {"albedo": ("a", "b")}


@pytest.mark.parametrize("memory", ["0", "-1", "inf", "nan", "much"])
def test_a_bound_that_is_none_is_refused(
    memory: str, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    words = ("--task", "denoise", "--plate", plate(tmp_path / "plate", 1), f"--memory={memory}")

    assert f"argument --memory: {memory} is no number above 0." in refused(
        AtOnce(tmp_path), "JobError", *words
    )


def test_the_studios_memory_bounds_a_run_unless_the_job_says_otherwise(
    written: Written, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    written("memory = 0.00001\n")
    words: tuple[Any, ...] = ("--task", "denoise", "--plate", plate(tmp_path / "plate", 1))

    said = refused(AtOnce(tmp_path), "JobError", *words)
    allowed = AtOnce(tmp_path)("run", *words, "--memory", "1", "--dry-run")

    assert "of memory; " in said
    assert "Allow more with --memory GB" in said
    assert allowed.code == 0
