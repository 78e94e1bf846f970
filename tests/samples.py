"""What tests make for themselves: small plates, takes of them, and servers with other models."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Answerprint, Said
from numpy.typing import NDArray

from answerprint import begin, exr, geometries, job, preflight, run, signing, takes
from answerprint.cli import main
from answerprint.geometry import Attribute, Geometry
from answerprint.journal import Event
from answerprint.site import Site
from answerprint.takes import Item, Take
from answerprint.triton import Server
from answerprint.verify import verify
from answerprint.volume import Volume
from answerprint_server import embedded, launch, repository

Channels = dict[str, NDArray[Any]]

WIDTH, HEIGHT = 32, 24


def noise(
    seed: int, names: Iterable[str] = "RGB", *, width: int = WIDTH, height: int = HEIGHT
) -> Channels:
    """Half channels of scene-linear noise, 0 to 4, different for each seed and channel."""
    random = np.random.default_rng(seed)
    return {name: random.uniform(0, 4, (height, width)).astype(np.float16) for name in names}


def window(left: int, top: int, right: int, bottom: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


def save(path: Path, channels: Channels, **attributes: Any) -> Path:
    """One part, ZIP unless an attribute says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File({**facts, **attributes}, channels).write(str(path))
    return path


def save_parts(path: Path, *parts: tuple[dict[str, Any], Channels]) -> Path:
    """Several parts; each needs its name and compression among its attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage, **facts}, channels)
        for facts, channels in parts
    ]
    OpenEXR.File(written).write(str(path))
    return path


def plate(folder: Path, count: int = 3, names: Iterable[str] = "RGB", **attributes: Any) -> Path:
    """`folder/bg.1001.exr` and on, of noise; returns the path with #### in it."""
    names = list(names)
    for number in range(1001, 1001 + count):
        save(folder / f"bg.{number}.exr", noise(number, names), **attributes)
    return folder / "bg.####.exr"


def corner(folder: Path, plates: Path, *frames: int) -> Path:
    """A corner of these noisy sample frames, with all layers: a model is done with it at once."""
    for frame in frames:
        channels = exr.read(plates / f"noisy.{frame}.exr").parts[0].channels
        cut = {name: pixels[:72, :96].copy() for name, pixels in channels.items()}
        save(folder / f"noisy.{frame}.exr", cut)
    return folder / "noisy.####.exr"


def points(folder: Path, count: int = 3, *, number: int = 30) -> Path:
    """`folder/pts.1001.bgeo` and on, of so many points with a velocity and an id each."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(1001, 1001 + count):
        random = np.random.default_rng(frame)
        vectors = random.normal(size=(2, number, 3)).astype(np.float32)
        held = [
            Attribute("P", "point", vectors[0], qualifier="point"),
            Attribute("v", "point", vectors[1], qualifier="vector"),
            Attribute("id", "point", np.arange(number, dtype=np.int32)[:, None]),
        ]
        geometries.write(folder / f"pts.{frame}.bgeo", Geometry(count=number, attributes=held))
    return folder / "pts.####.bgeo"


def smoke(folder: Path, count: int = 3, *, edge: int = 6) -> Path:
    """`folder/smoke.1001.vdb` and on: a cube of density, most of its voxels active."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(1001, 1001 + count):
        values = np.random.default_rng(frame).uniform(0.1, 1, (edge,) * 3).astype(np.float32)
        active = values > 0.2
        values[~active] = 0
        grid = Volume("density", values, active=active)
        geometries.write(folder / f"smoke.{frame}.vdb", Geometry(volumes=[grid]))
    return folder / "smoke.####.vdb"


def claimed(server: Server, out: Path, path: Path, **fields: Any) -> Take:
    """A take with its job in it and no frame yet; passthrough unless `fields` says otherwise."""
    asked = {"task": "passthrough", "plate": str(path), "out": {"root": str(out)}, **fields}
    return begin.claim(preflight.resolve(job.make(asked), server, Site()))


def carried_out(server: Server, take: Take, home: Path) -> list[Event]:
    """Run a claimed take with the home's key; returns the events."""
    signer = signing.own_signer(home)
    trusted = signing.trusted_keys([home / "trust"])
    resolved = takes.reopen(take)
    return list(run.run(resolved, take, server=server, signer=signer, trusted=trusted))


def made(server: Server, home: Path, out: Path, path: Path, **fields: Any) -> Take:
    """A complete take."""
    take = claimed(server, out, path, **fields)
    carried_out(server, take, home)
    assert take.state() == "complete"
    return take


def change(path: Path, tamper: Callable[[exr.Frame], object]) -> None:
    """Read a frame, tamper with it, and write it back with all else as it was."""
    frame = exr.read(path)
    tamper(frame)
    exr.write(path, frame)


def change_shape(path: Path, tamper: Callable[[Geometry], object]) -> None:
    """The same of a file of geometry."""
    held = geometries.read(path)
    tamper(held)
    geometries.write(path, held)


@dataclass(frozen=True)
class Judgement:
    """What verify says: verdict and reason by file name, and those on the take itself."""

    frames: dict[str, str]
    why: dict[str, str]
    take: str = ""


def judge(answerprint: Answerprint, path: Path, home: Path) -> Judgement:
    """Ask the library and the command line, which must agree, also in the exit code."""
    documents = [one.as_json() for one in verify(path, signing.trusted_keys([home / "trust"]))]
    said = AtOnce(answerprint.folder)("verify", path, "--json", env={"ANSWERPRINT_HOME": str(home)})
    assert said.documents == documents
    assert said.code == (0 if all(one["verdict"] == "OK" for one in documents) else 1)
    return Judgement(
        {Path(one["path"]).name: one["verdict"] for one in documents if one["kind"] == "frame"},
        {Path(one["path"]).name: one["why"] for one in documents},
        *(one["verdict"] for one in documents if one["kind"] == "take"),
    )


def until(process: subprocess.Popen[str], event: str, times: int = 1) -> None:
    """Read the events up to this one."""
    assert process.stdout
    for line in process.stdout:
        times -= json.loads(line).get("event") == event
        if not times:
            return
    pytest.fail("the run ended before it could be interrupted")


def ended(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """Exit code, and what was printed since."""
    said, _ = process.communicate()
    return process.returncode, [json.loads(line) for line in said.splitlines()]


def cut_off(take: Take, home: Path) -> dict[str, tuple[int, int]]:
    """Hold what an interrupted take must be; its frames, with what tells if one is written anew."""
    files = list(take.frames().values())
    keys = signing.trusted_keys([home / "trust"])
    assert {one.verdict.value for file in files for one in verify(file, keys)} <= {"OK"}
    assert {path for path in take.folder.iterdir() if path != take.private} == set(files)
    return {file.name: _identity(file) for file in files}


def finish(
    answerprint: Answerprint, take: Take, home: Path, address: str, redone: Iterable[Path] = ()
) -> None:
    """Resume a take; frames that were there are kept as they are, but for those `redone`."""
    again = {file.name for file in redone}
    kept = [file for file in take.frames().values() if file.name not in again]
    before = {file.name: _identity(file) for file in kept}
    said = AtOnce(answerprint.folder)("run", "--resume", take.folder, "--server", address, "--json")
    assert (said.code, said.last.get("state")) == (0, "complete"), said
    assert said.documents[0]["kept"] == len(before)
    total = said.documents[0]["frames"]
    written = [one["file"] for one in said.documents if one["event"] == "frame"]
    assert len(written) == total - len(before)
    assert cut_off(take, home).items() >= before.items()
    assert not list(take.private.glob("*.exr.part"))
    assert judge(answerprint, take.folder, home).take == "OK"


def _identity(file: Path) -> tuple[int, int]:
    facts = file.stat()
    return facts.st_ino, facts.st_mtime_ns


_opened: list[list[str]] = []


def _listen(event: str, words: tuple[Any, ...]) -> None:
    if event == "open" and _opened:
        _opened[-1].append(str(words[0]))


@contextlib.contextmanager
def reads() -> Iterator[Callable[[Path], int]]:
    """How often a frame was read inside the block, by any thread: Python tells of each opening."""
    if not hasattr(_listen, "added"):
        sys.addaudithook(_listen)
        _listen.added = True  # type: ignore[attr-defined]
    held: list[str] = []

    def count(path: Path) -> int:
        seen = held.count(str(path))
        once: list[str] = []
        _opened.append(once)
        exr.read(path)
        _opened.pop()
        each = once.count(str(path))
        assert each > 0
        assert seen % each == 0
        return seen // each

    _opened.append(held)
    try:
        yield count
    finally:
        _opened.pop()


def identities(take: Take) -> dict[Item, tuple[int, int]]:
    """Every frame of every variation, with what tells if it is written anew."""
    return {item: _identity(file) for item, file in take.items().items()}


def peak_memory(process: subprocess.Popen[str]) -> int:
    """Wait for a command to succeed; bytes that it held at most."""
    assert process.stdout
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return used.ru_maxrss * 1024


class AtOnce(Answerprint):
    """The command line in this very process: the same answers, without starting Python for each."""

    def __call__(self, *words: str | Path, env: dict[str, str] | None = None) -> Said:
        ours = all(name.startswith("ANSWERPRINT_") for name in env or {})
        assert ours, "what Python itself reads as it starts needs a process of its own"
        out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
        os.chdir(self.folder)
        try:
            with (
                pytest.MonkeyPatch.context() as patch,
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                for name, value in (env or {}).items():
                    patch.setenv(name, value)
                code = main([str(word) for word in words])
        finally:
            os.chdir(before)
        return Said(code, out.getvalue(), err.getvalue())


CODES = {
    "JobError": 2, "SourceError": 3, "ServerAway": 4, "ServerNotReady": 4, "NoSuchTask": 4,
    "TakeError": 5, "TakeExists": 5, "TakeBusy": 5, "DiskFull": 5, "SetupError": 7,
}  # fmt: skip


def refused(
    answerprint: Answerprint, error: str, *words: str | Path, env: dict[str, str] | None = None
) -> str:
    """Run a job that must be refused, in one document, with no number taken; its two sentences."""
    before = claims(answerprint.folder)
    said = answerprint("run", *words, "--json", env=env)
    assert "Traceback" not in said.out + said.err
    assert len(said.documents) == 1, said
    assert (said.last.get("error"), said.code) == (error, CODES[error]), said
    assert said.last["problem"].endswith((".", "?"))
    assert not said.last["problem"].endswith("..")
    assert said.last["remedy"].endswith(".")
    assert claims(answerprint.folder) == before
    assert not list(answerprint.folder.rglob(".answerprint-*"))
    return f"{said.last['problem']} {said.last['remedy']}"


def claims(folder: Path) -> list[Path]:
    """Every numbered folder below."""
    return sorted(path for path in folder.rglob("v[0-9]*") if path.is_dir())


def own_models(folder: Path, tasks: Iterable[str] = ("passthrough", "denoise")) -> Path:
    """A model repository with copies of these tasks, which a test may break.

    Few by default, so that a server of its own starts fast; without what a studio has fetched.
    """
    ignored = shutil.ignore_patterns("__pycache__", "extra", "golden")
    for task in tasks:
        shutil.copytree(repository.models_folder() / task, folder / task, ignore=ignored)
    return folder


def add_model(models: Path, task: str, change: Callable[[str], str], **described: Any) -> None:
    """Another task beside the others: passthrough with its model.py changed, described anew."""
    folder = models / task
    shutil.copytree(models / "passthrough", folder)
    program = folder / "1" / "model.py"
    program.write_text(change(program.read_text(encoding="utf-8")), encoding="utf-8")
    file = folder / "contract.json"
    contract = json.loads(file.read_text(encoding="utf-8")) | {"task": task, **described}
    file.write_text(json.dumps(contract, indent=2), encoding="utf-8")
    repository.update(folder)


_PROGRAM = """import pathlib

import numpy as np

import answerprint_model

HERE = pathlib.Path(__file__).parent


class TritonPythonModel(answerprint_model.ImageModel):
    def run(self, images, settings):
        image = images["pixels"]
{lines}
        return {{"pixels": made}}, {{"device": "none", "library": "none"}}
"""


def stand_in(models: Path, task: str, program: str, **described: Any) -> Path:
    """Another task beside passthrough: lines of Python that make `made` of `image` and `settings`.

    Its contract is passthrough's but for what is `described`. Returns the folder of its model.py.
    """
    folder = models / task
    shutil.copytree(models / "passthrough", folder)
    lines = textwrap.indent(textwrap.dedent(program).strip(), " " * 8)
    (folder / "1" / "model.py").write_text(_PROGRAM.format(lines=lines), encoding="utf-8")
    facts = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    facts |= {"task": task, **described}
    (folder / "contract.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    seen = 1 + facts["cut"].get("before", 0) + facts["cut"].get("after", 0)
    if seen > 1:  # the first images in the configuration are the input, as float and as half
        config = folder / "config.pbtxt"
        text = config.read_text(encoding="utf-8")
        text = text.replace("[ -1, -1, -1 ]", f"[ {seen}, -1, -1, -1 ]", 2)
        config.write_text(text, encoding="utf-8")
    repository.update(folder)
    return folder / "1"


# versions that a test adds to a task like passthrough, as lines of its program
DARKER = "made = image * np.float32(0.97)"
ALL_NAN = "made = np.full_like(image, np.nan)"
FAILING = 'raise RuntimeError("the weights are of another graph")'


def add_version(
    models: Path, task: str, version: str, program: str = DARKER, **described: Any
) -> None:
    """A version beside the first of a task like passthrough, with a contract of its own.

    Lines of Python make `made` of `image` and `settings`, as for `stand_in`.
    """
    folder = models / task
    shutil.copytree(folder / "1", folder / version)
    lines = textwrap.indent(textwrap.dedent(program).strip(), " " * 8)
    (folder / version / "model.py").write_text(_PROGRAM.format(lines=lines), encoding="utf-8")
    facts = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    model = {**facts["model"], "version": f"{version}.0.0"}
    for one in model["artifacts"]:
        if not one.get("package"):
            one["name"] = f"{version}/{one['name'].partition('/')[2]}"
    text = json.dumps({**facts, "model": model, **described}, indent=2)
    (folder / version / "contract.json").write_text(text, encoding="utf-8")
    repository.update(folder)


def versioned_models(folder: Path) -> Path:
    """Tasks with two versions each, the first of which passes frames through.

    passthrough   2 darkens by 3 %
    nan           2 makes nothing but NaN
    failing       2 fails on every frame, and has no parameter `note` any more
    """
    note = {"name": "note", "type": "text", "default": "", "help": "Any."}
    models = own_models(folder, ["passthrough"])
    add_model(models, "nan", str)
    add_model(models, "failing", str, parameters=[note])
    add_version(models, "passthrough", "2", DARKER)
    add_version(models, "nan", "2", ALL_NAN)
    add_version(models, "failing", "2", FAILING, parameters=[])
    return models


_SHAPES = {
    "points": ("P", [["x", "y", "z"]], "[ -1, -1 ]"),
    "volume": ("density", [["value"]], "[ -1, -1, -1, -1 ]"),
    "heightfield": ("height", [["value"]], "[ -1, -1, -1 ]"),
}


def shape_stand_in(models: Path, task: str, kind: str, program: str, **described: Any) -> Path:
    """A task that changes points' P, a grid `density` or a heightfield's `height`: as `stand_in`."""
    layer, channels, dims = _SHAPES[kind]
    one = {"name": "pixels", "encoding": "data"}
    folder = stand_in(
        models,
        task,
        program,
        kind=kind,
        inputs=[{**one, "layers": [layer], "channels": channels, "help": "Any."}],
        outputs=[{**one, "replaces": "pixels"}],
        **described,
    ).parent
    config = folder / "config.pbtxt"
    lines = config.read_text(encoding="utf-8").splitlines()
    kept = [line.replace("[ -1, -1, -1 ]", dims) for line in lines if "pixels_half" not in line]
    config.write_text("\n".join(kept) + "\n", encoding="utf-8")
    repository.update(folder)
    return folder / "1"


def drowsy(program: str) -> str:
    """The model with a nap in it, so that a run takes a known time on any machine."""
    return program.replace(
        "import answerprint_model", "import time\n\nimport answerprint_model"
    ).replace("        return images", "        time.sleep(0.1)\n        return images")


@contextlib.contextmanager
def server_here(home: Path, models: Path) -> Iterator[embedded.Running]:
    """A server that this process holds, for a user of its own; killed at the end.

    Its end in order takes three seconds, and has tests of its own: test_serve and test_supervisor.
    """
    with embedded.serve(home, models) as state:
        try:
            yield state
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.triton, signal.SIGKILL)
            launch.clear(state.prefix)


@contextlib.contextmanager
def own_server(home: Path, models: Path) -> Iterator[embedded.Running]:
    """`answerprint serve` in a process of its own, for a user of its own; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "answerprint.cli", "serve", "--models", str(models)],
        env={**os.environ, "ANSWERPRINT_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    try:
        while (state := embedded.running(home)) is None or not embedded.is_live(state):
            assert process.poll() is None, "the test's own server did not come up"
            time.sleep(0.05)
        yield state
    finally:
        process.kill()
        process.wait()
        embedded.clear_orphans(home)
