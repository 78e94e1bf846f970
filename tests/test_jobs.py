"""Jobs: one document from a panel, a shell, a farm or a test; what is wrong is named by path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from strategies import attempt, scratch, texts

from answerprint import job
from answerprint.documents import MOST_BYTES
from answerprint.errors import JobError
from answerprint.job import Job

LEAST: dict[str, Any] = {"task": "denoise", "plate": "bg.####.exr"}

SPOILED = [f"a{mark}b" for mark in " \0\n\t;*?$&|<>'\"`()ü"] + [" a", "a ", "a\n"]

names = st.from_regex(r"sh[A-Za-z0-9_.-]{0,12}_x", fullmatch=True)
paths = texts.filter(lambda text: "\0" not in text)
jobs = st.fixed_dictionaries(
    {"task": texts, "plate": paths},
    optional={
        "version": texts,
        "frames": st.sampled_from(["1001", "1001-1100x2", "-5--1,7"]),
        "inputs": st.dictionaries(
            texts, st.fixed_dictionaries({"path": paths}, optional={"layer": texts}), max_size=2
        ),
        "parameters": st.dictionaries(
            texts,
            st.one_of(
                st.booleans(),
                st.integers(-(2**70), 2**70),
                st.floats(allow_nan=False, allow_infinity=False),
                texts,
            ),
            max_size=4,
        ),
        "seed": st.integers(-(10**20) + 1, 10**20 - 1),
        "non_finite": st.sampled_from(["keep", "zero", "stop"]),
        "host": texts,
        "node": texts,
        "script": texts,
        "handles": st.integers(0, 10_000),
        "out": st.fixed_dictionaries(
            {},
            optional={
                "root": st.sampled_from(["takes", "/show/takes", "täkes with spaces"]),
                "show": names,
                "shot": names,
                "name": names,
                "take": st.integers(1, 999_999),
            },
        ),
    },
)


def written(folder: Path, document: Any) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def refused(folder: Path, document: Any) -> str:
    """The problem, the same from a file and from values."""
    with pytest.raises(JobError) as caught:
        job.read(written(folder, document))
    assert "job.json" in caught.value.problem
    assert caught.value.remedy
    if isinstance(document, dict):
        with pytest.raises(JobError):
            job.make(document)
    return caught.value.problem


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"shot": "010"}, "shot: unknown field"),
        ({"out": {"shoot": "010"}}, "out.shoot: unknown field"),
        ({"inputs": {"color": {"plate": "x"}}}, "inputs.color.plate: unknown field"),
        ({"inputs": {"color": {"layer": "x"}}}, "inputs.color.path: missing"),
        ({"inputs": {"color": {"path": 5}}}, "inputs.color.path: input should be a valid string"),
        ({"inputs": {"color": "bg.exr"}}, "inputs.color: input should be an object"),
        ({"inputs": []}, "inputs: input should be an object"),
        ({"plate": 5}, "plate: input should be a valid string"),
        ({"plate": None}, "plate: input should be a valid string"),
        ({"task": ["denoise"]}, "task: input should be a valid string"),
        ({"frames": 1001}, "frames: input should be a valid string"),
        ({"frames": "1010-1001"}, "frames: frame range '1010-1001' runs backwards"),
        ({"frames": "all"}, "frames: 'all' in frame range 'all' is not a frame"),
        ({"frames": ""}, "frames: '' in frame range"),
        ({"parameters": {"quality": ["high"]}}, "parameters.quality"),
        ({"parameters": {"quality": None}}, "parameters.quality"),
        ({"parameters": "fast"}, "parameters: input should be an object"),
        ({"seed": 1.5}, "seed: a seed is a whole number"),
        ({"seed": "0x10"}, "seed: a seed is a whole number"),
        ({"seed": True}, "seed: a seed is a whole number"),
        ({"seed": 10**20}, "seed: a seed is a whole number of at most 20 digits"),
        ({"seed": [1]}, "seed: a seed is a whole number"),
        ({"non_finite": "clamp"}, "non_finite: input should be 'keep', 'zero' or 'stop'"),
        ({"out": {"take": 0}}, "out.take: input should be greater than or equal to 1"),
        ({"out": {"take": 1_000_000}}, "out.take: input should be less than or equal to 999999"),
        ({"out": {"take": "latest"}}, "out.take: input should be a valid integer"),
        ({"out": {"root": 5}}, "out.root: input is not a valid path"),
        ({"handles": -1}, "handles: input should be greater than or equal to 0"),
        ({"handles": 10_001}, "handles: input should be less than or equal to 10000"),
        ({"handles": "8"}, "handles: input should be a valid integer"),
        ({"node": "n" * 1025}, "node: string should have at most 1024 characters"),
        ({"schema": "answerprint.job/v2"}, "schema: input should be 'answerprint.job/v1'"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(
    tmp_path: Path, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(tmp_path, {**LEAST, **fields})


@pytest.mark.parametrize("field", LEAST)
def test_a_job_needs_a_task_and_a_plate(tmp_path: Path, field: str) -> None:
    least = {name: value for name, value in LEAST.items() if name != field}

    assert f"{field}: missing" in refused(tmp_path, least)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    problem = refused(tmp_path, {"task": 5, "out": {"shoot": "x"}})

    assert all(path in problem for path in ("task:", "plate: missing", "out.shoot:"))


@pytest.mark.parametrize("field", ["show", "shot", "name"])
@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "x/..", "/abs", "a/b", "a\\b", "C:", "~", ".a", "-rf", "_x", *SPOILED],
)
def test_a_name_that_climbs_hides_or_upsets_a_shell_is_refused(
    tmp_path: Path, field: str, name: str
) -> None:
    problem = refused(tmp_path, {**LEAST, "out": {field: name}})

    assert f"out.{field}: string should match" in problem


@pytest.mark.parametrize("name", ["shot.", "a..", "CON", "nul", "aux.v1", "COM1", "lpt9.exr"])
def test_a_name_that_windows_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    assert "out.shot: " in refused(tmp_path, {**LEAST, "out": {"shot": name}})


@settings(max_examples=300, deadline=None)
@given(st.one_of(texts, st.text("aA0._-/\\ ~", max_size=8)))
def test_a_name_that_is_taken_is_one_folder_right_below(name: str) -> None:
    root = Path("/show/takes")
    held = attempt(job.make, {**LEAST, "out": {"name": name}})

    if isinstance(held, Job):
        assert (root / str(held.out.name)).resolve().parent == root
        assert not name.startswith(".")


@pytest.mark.parametrize(
    "seed", [0, -1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64 - 1, 10**20 - 1, -(10**20) + 1]
)
def test_a_seed_of_any_length_is_kept_exactly(tmp_path: Path, seed: int) -> None:
    from_number = job.read(written(tmp_path, {**LEAST, "seed": seed}))
    from_text = job.read(written(tmp_path, {**LEAST, "seed": str(seed)}))

    assert from_number.seed == from_text.seed == str(seed)
    assert json.loads(from_number.model_dump_json())["seed"] == str(seed)


def test_a_name_of_more_than_a_hundred_letters_is_refused(tmp_path: Path) -> None:
    assert job.make({**LEAST, "out": {"shot": "x" * 100}}).out.shot == "x" * 100
    assert "out.shot" in refused(tmp_path, {**LEAST, "out": {"shot": "x" * 101}})


def test_frames_are_kept_as_briefly_as_they_can_be_said() -> None:
    assert job.make({**LEAST, "frames": "1003,1001, 1002"}).frames == "1001-1003"
    assert job.make(LEAST).frames is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\0\0", b"\xff\xfe{", b"[" * 100_000, b'{"task": "M\xfcller"}'],
)
def test_what_is_no_job_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(content)

    with pytest.raises(JobError, match=r"The job file .*job\.json") as caught:
        job.read(path)

    assert caught.value.remedy


def test_a_missing_job_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"gone\.json cannot be read.*No such file"):
        job.read(tmp_path / "gone.json")
    with pytest.raises(JobError, match="Is a directory"):
        job.read(tmp_path)


def test_a_job_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "job.json").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)

    with pytest.raises(JobError, match=r"job\.json is too large"):
        job.read(tmp_path / "job.json")


@settings(max_examples=150, deadline=None)
@given(jobs)
def test_a_job_written_as_json_is_read_back_the_same(fields: dict[str, Any]) -> None:
    made = job.make(fields)
    text = made.model_dump_json(by_alias=True)
    with scratch() as folder:
        (folder / "job.json").write_text(text, encoding="utf-8")
        read = job.read(folder / "job.json")

    assert read == made
    assert read.model_dump_json(by_alias=True) == text
    for name, value in fields.get("parameters", {}).items():
        assert type(read.parameters[name]) is type(value)
        assert read.parameters[name] == value


@settings(max_examples=60, deadline=None)
@given(jobs)
def test_a_job_from_values_and_from_a_file_are_one(fields: dict[str, Any]) -> None:
    with scratch() as folder:
        assert job.read(written(folder, fields)) == job.make(fields)


def test_a_job_cannot_be_changed_once_it_is_made() -> None:
    made = job.make(LEAST)

    with pytest.raises(ValueError, match="frozen"):
        made.task = "upscale"  # type: ignore[misc]
    assert made == Job(**LEAST)
