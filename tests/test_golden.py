"""Golden cases: every model still answers what it answered when a person last looked."""

from __future__ import annotations

import json

import golden
import pytest

from answerprint.triton import Server
from answerprint_server import repository

MODELS = repository.models_folder()
CASES = list(golden.cases(MODELS))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_answers_as_it_did(case: golden.Case, server: Server) -> None:
    wanted = golden.expected(case, server.offer(case.task).usable())

    found = golden.answer(case, server)

    assert found.keys() == wanted.keys()
    worst = {name: golden.difference(found[name], wanted[name]) for name in wanted}
    assert max(worst.values()) <= case.tolerance, f"{case.name}: {worst}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_would_notice_another_answer(case: golden.Case, server: Server) -> None:
    """What is expected differs from nothing at all, and within itself, by more than is tolerated."""
    for name, wanted in golden.expected(case, server.offer(case.task).usable()).items():
        assert golden.difference(wanted * 0, wanted) > 10 * case.tolerance, name
        assert float(wanted.max() - wanted.min()) > 10 * case.tolerance, name


def test_every_model_has_a_case() -> None:
    tasks = {folder.name for folder in repository.models(MODELS)}

    assert {case.task for case in CASES} == tasks


def test_every_choice_of_the_upscaler_has_a_case() -> None:
    described = json.loads((MODELS / "upscale" / "contract.json").read_text(encoding="utf-8"))
    (method,) = described["parameters"]

    chosen = {case.parameters["method"] for case in CASES if case.task == "upscale"}
    assert chosen == set(method["choices"])


def test_cases_are_small() -> None:
    for case in CASES:
        assert sum(path.stat().st_size for path in case.folder.iterdir()) < 100_000, case.name
