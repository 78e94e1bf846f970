"""A model that cannot be used is said with its reason; the others go on working."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command import Answerprint
from samples import add_model, made, own_models, own_server, plate, refused

from answerprint.errors import ServerNotReady
from answerprint.triton import Server
from answerprint_server import embedded, repository


def break_down(program: str) -> str:
    return program + '\n\nraise RuntimeError("the weights are not here")\n'


def same(program: str) -> str:
    return program


@pytest.fixture(scope="module")
def lame(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """A server with passthrough and denoise, and with four models that have something wrong."""
    folder = tmp_path_factory.mktemp("lame")
    models = own_models(folder / "models")
    add_model(models, "broken", break_down)
    add_model(models, "bare", same)
    config = models / "bare" / "config.pbtxt"
    text = config.read_text(encoding="utf-8").partition(repository.MARK)[0]
    config.write_text(text, encoding="utf-8")
    (models / "bare" / "1" / "model.py").write_text(BARE, encoding="utf-8")
    add_model(models, "changed", same)
    with (models / "changed" / "1" / "model.py").open("ab") as program:
        program.write(b"\n")
    add_model(models, "retired", same)
    config = models / "retired" / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("digitalCreation", "softwareImage"), encoding="utf-8")
    with own_server(folder / "home", models) as state:
        yield state


BARE = '''"""A model that somebody made without a contract."""


class TritonPythonModel:
    def execute(self, requests):
        return [None for _ in requests]
'''

REASONS = {
    "broken": "it is unavailable, Internal: RuntimeError: the weights are not here",
    "bare": "it carries no contract",
    "changed": "the model is not the one that was described",
    "retired": "softwareImage is retired by IPTC",
}


@pytest.mark.parametrize("task", REASONS)
def test_a_model_that_cannot_be_used_is_refused_with_its_reason(
    task: str, lame: embedded.Running, answerprint: Answerprint, tmp_path: Path
) -> None:
    said = refused(
        answerprint, "ServerNotReady", "--task", task, "--plate", plate(tmp_path, 1),
        "--server", lame.address,
    )  # fmt: skip

    assert f"Task {task} is on the server and cannot be used" in said
    assert REASONS[task] in said
    assert lame.models not in said


def test_beside_broken_models_the_others_work(
    lame: embedded.Running, home: Path, tmp_path: Path
) -> None:
    with Server(lame.address) as server:
        take = made(server, home, tmp_path / "takes", plate(tmp_path, 1))

        offers = {one.name: one.contract is not None for one in server.offers()}

    assert take.file(1001).is_file()
    assert offers == {
        "bare": False, "broken": False, "changed": False, "retired": False,
        "denoise": True, "passthrough": True,
    }  # fmt: skip


def test_tasks_says_of_each_model_whether_and_why(
    lame: embedded.Running, answerprint: Answerprint
) -> None:
    said = answerprint("tasks", "--server", lame.address, "--json")

    problems = {one["task"]: one["problem"] for one in said.documents}
    assert problems["denoise"] == problems["passthrough"] == ""
    assert all(words in problems[task] for task, words in REASONS.items())


def test_a_changed_model_names_the_file_and_both_digests(lame: embedded.Running) -> None:
    described = Path(lame.models) / "changed" / "contract.json"
    artifacts = json.loads(described.read_text(encoding="utf-8"))["model"]["artifacts"]
    digests = {one["name"]: one["sha256"] for one in artifacts}

    with Server(lame.address) as server, pytest.raises(ServerNotReady) as caught:
        server.offer("changed")

    assert "1/model.py has SHA-256" in caught.value.problem
    assert digests["1/model.py"] in caught.value.problem


def test_a_second_server_of_the_same_process_leaves_the_first_its_memory(
    address: str, server: Server, home: Path, tmp_path: Path
) -> None:
    """Each server clears its own shared memory at its end, and nobody else's."""
    first = embedded.running(home)
    assert first is not None
    assert first.address == address
    before = regions(first)

    with embedded.serve(tmp_path / "home", own_models(tmp_path / "models", ["passthrough"])):
        pass

    assert before
    assert regions(first) == before
    pixels = np.ones((512, 512, 4), np.float32)
    answer = server.infer(server.offer("passthrough"), {"pixels": pixels}, {}, request_id="after")
    assert np.array_equal(answer.images["pixels"], pixels)


def regions(state: embedded.Running) -> set[str]:
    return {path.name for path in embedded.SHARED_MEMORY.glob(f"{state.prefix}*")}
