"""The documentation is true: commands print what it says, and every verb is in it."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import documentation
import pytest

from answerprint import cli, job
from answerprint.errors import AnswerprintError
from answerprint_server import embedded

TEXT = documentation.README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole README: a later command sees what an earlier one made."""
    made = tmp_path_factory.mktemp("job")
    documentation.fill(made)
    return made


@pytest.mark.timeout(600)
def test_the_readmes_commands_print_what_it_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path))
    ran = 0
    try:
        for block in documentation.blocks(TEXT):
            for command, said in documentation.commands(block):
                if not documentation.is_run(command):
                    continue
                now = documentation.printed(command, folder)
                assert documentation.equal(now) == documentation.equal(said), command
                ran += 1

        assert ran > 10
        assert embedded.running(tmp_path) is None, "the README leaves its server running"
    finally:
        embedded.stop(tmp_path)


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_is_documented(verb: str) -> None:
    assert f"`{verb}`" in TEXT or f"`answerprint {verb}" in TEXT
    assert (cli.verb(verb).__doc__ or "").count("\n  answerprint " + verb) >= 1


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_answers_in_json_and_has_help(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])

    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert "examples:" in text


def test_every_exit_code_of_an_error_is_documented() -> None:
    codes = {error.exit_code for error in _tree(AnswerprintError)} | {cli.FAULT, cli.INTERRUPTED}

    for code in codes:
        assert re.search(rf"\b{code}\b", cli.__doc__ or "")
        assert re.search(rf"\| {code} \|", TEXT), f"exit code {code} is not in the README"


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_flag_is_explained(verb: str) -> None:
    parser = argparse.ArgumentParser()
    cli.verb(verb).arguments(parser)
    unexplained = [
        action.dest
        for action in parser._actions  # noqa: SLF001 - argparse has no public list
        if not action.help
    ]

    assert not unexplained


def test_the_readmes_job_files_are_jobs() -> None:
    found = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)

    assert found
    for text in found:
        assert job.make(json.loads(text)).task


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        if "://" not in target:
            assert (documentation.PROJECT / target).exists(), target


def test_the_readme_says_how_many_tests_pass(request: pytest.FixtureRequest) -> None:
    asked = request.config.option
    if asked.file_or_dir or asked.keyword or asked.deselect:
        pytest.skip("only a whole run knows how many tests there are")

    said = re.search(r"= (\d+) passed(?:, (\d+) skipped)?(?:, \d+ warnings)? in ", TEXT)
    assert said, "the README shows no result of the tests"
    assert int(said[1]) + int(said[2] or 0) == request.session.testscollected


def _tree(error: type[AnswerprintError]) -> list[type[AnswerprintError]]:
    return [error] + [one for sub in error.__subclasses__() for one in _tree(sub)]


PROMISES = re.findall(
    r"^\| .+ \| \[(.+)\]\(tests/(test_\w+\.py)\) \|$",
    TEXT.partition("### What happens when ...")[2],
    re.MULTILINE,
)


@pytest.mark.parametrize(("promise", "file"), PROMISES)
def test_what_happens_when_is_held_by_a_test_that_is_there(promise: str, file: str) -> None:
    program = (documentation.PROJECT / "tests" / file).read_text(encoding="utf-8")

    assert f"\ndef test_{promise.replace(' ', '_')}(" in program


def test_much_can_happen() -> None:
    assert len(PROMISES) > 30
