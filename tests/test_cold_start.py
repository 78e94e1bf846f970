"""Cold start: a verb brings in what it needs and nothing else, so that a shell and a farm wait little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from command import Answerprint

from answerprint import cli

# what a list of tasks has no use for; together half of a cold start
HEAVY = {"PyOpenColorIO", "OpenEXR", "cv2", "PIL", "rich", "requests", "cryptography", "matplotlib"}

SCRIPT = """
import json, os, sys
from answerprint.cli import main
sys.stdout.flush()
kept = os.dup(1)
code = main(sys.argv[1:])
os.write(kept, json.dumps([code, *sys.modules]).encode())
"""


def imported(folder: Path, *words: str | Path) -> set[str]:
    """The modules that a verb has brought in when it is done, and done well."""
    argv = [sys.executable, "-c", SCRIPT, *map(str, words)]
    said = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout
    code, *modules = json.loads(said.splitlines()[-1])
    assert code == 0, said
    return set(modules)


def test_listing_tasks_brings_in_no_library_of_pictures_colour_keys_or_terminals(
    tmp_path: Path, address: str
) -> None:
    there = imported(tmp_path, "tasks", "--server", address, "--json")

    assert there & HEAVY == set()


def test_asking_where_the_own_server_is_waits_for_no_library_either(
    tmp_path: Path, address: str
) -> None:
    assert imported(tmp_path, "tasks", "--json") & HEAVY == set(), address


def test_a_verb_brings_in_no_other_verb_and_no_client_that_it_does_not_use(tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()

    there = imported(tmp_path, "takes")

    assert {name for name in cli.VERBS if f"answerprint.cli.{name}" in there} == {"takes"}
    assert there & {"grpc", "tritonclient", *HEAVY - {"cryptography"}} == set()


def test_the_whole_help_names_every_verb_with_its_first_line(answerprint: Answerprint) -> None:
    said = answerprint("--help")

    assert said.code == 0
    text = " ".join(said.out.split())
    for name in cli.VERBS:
        first = " ".join((cli.verb(name).__doc__ or "").partition("\n\n")[0].split())
        assert f" {name} {first}" in text
