"""The story of a candidate, from its folder to its end, as a pipeline team types it.

    python tests/story.py

tells it anew and writes what the commands print into the README; tests/test_story.py tells it again
and holds the two against each other, and every step against what it has to come to.

The task is `grade`; its version 2 is right in the dark and takes 3 % of all light above: its one
golden case is a dark frame, so it passes, and only pictures of a show find it out.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import golden
import numpy as np
from command import Answerprint, Said
from documentation import README
from rolled import Studio, studio, until
from samples import add_model, add_version, own_models, own_server

from answerprint import guard

BEGIN, END = "<!-- a candidate's story, by tests/story.py -->", "<!-- end of the story -->"
DARKENS_LIGHT = "made = np.where(image > 0.18, image * np.float32(0.97), image)"
JOBS = 5  # the guard's least number


@dataclass
class Story:
    """Tells it: each command that a reader types is run in the studio's folder, and kept."""

    studio: Studio
    told: list[tuple[str, Said]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)  # that artists' jobs got, in their order

    def types(self, command: str) -> Said:
        words = shlex.split(command)
        assert words[0] == "answerprint", command
        said = Answerprint(self.studio.folder)(*words[1:], env=self.studio.env)
        self.told.append((command, said))
        return said

    def quietly(self, *words: str | Path) -> Said:
        """What is not shown: artists at work."""
        return self.studio(*words)

    def said(self, words: str) -> Said:
        """What the command that begins with these words came to, the last time."""
        return next(one for command, one in reversed(self.told) if command.startswith(words))

    def as_text(self) -> str:
        lines = [f"$ {command}\n{_shown(said, self.studio)}" for command, said in self.told]
        return "\n".join(lines)


@contextmanager
def stage(folder: Path) -> Iterator[Story]:
    """A studio with a server that has version 1 of `grade`, and a plate."""
    models = own_models(folder / "own", ["passthrough"])
    add_model(models, "grade", str)
    shutil.rmtree(models / "passthrough")
    shutil.move(models, folder / "models")
    _dark_case(folder / "models" / "grade")
    with own_server(folder / "server", folder / "models") as state:
        yield Story(studio(folder, state.address))


def deliver(folder: Path) -> None:
    """Somebody puts version 2 into the repository."""
    add_version(folder / "models", "grade", "2", DARKENS_LIGHT)


def _dark_case(model: Path) -> None:
    """Its golden case: a frame with nothing in it above a dark grey."""
    case = model / "golden" / "dark"
    case.mkdir(parents=True)
    ramp = np.linspace(0, 0.15, 64 * 64, dtype=np.float32).reshape(64, 64)
    golden.write_frame(case / "input.exr", {"pixels": dict.fromkeys("RGB", ramp)})
    facts = {
        "schema": "answerprint.golden/v1", "task": "grade", "about": "A dark frame stays as it is.",
        "parameters": {}, "encoded": True, "frames": ["input.exr"], "tolerance": 1e-6,
    }  # fmt: skip
    (case / "case.json").write_text(json.dumps(facts), encoding="utf-8")


def tell(story: Story) -> None:
    """All of it."""
    made = story.studio
    story.types("answerprint models promote grade 1 --why 'as it has always been'")
    story.quietly("models", "test", "grade", "--models", "models", "--expect")
    deliver(made.folder)
    story.types("answerprint models check models")
    story.types("answerprint models test --models models --version 2")
    story.types("answerprint server load grade")
    story.types("answerprint models mirror grade 100% --candidate 2 --why 'first look'")
    artists(story, "first", 3)
    story.types("answerprint models compare grade --out sheets")
    story.types("answerprint models canary grade 10% --why 'three jobs look alike to me'")
    artists(story, "window", JOBS + 1)  # of which the second is among the 10 %
    until(lambda: bool(halt(made)))
    story.types("answerprint models status grade")
    story.types("answerprint models rollback grade --why 'it takes light away'")
    story.types("answerprint models log")
    story.types("answerprint models log --check")


def artists(story: Story, shot: str, jobs: int) -> None:
    """Artists at work. What is mirrored is waited for, so that the story is the same each time."""
    made = story.studio
    for number in range(1, jobs + 1):
        words = ["run", "--task", "grade", "--plate", "plate/bg.####.exr", "--frames", "1001"]
        said = story.quietly(*words, "--name", f"{shot}{number}", "--json")
        assert said.code == 0, said.err
        path = next(one["path"] for one in reversed(said.documents) if "path" in one)
        take = made.folder / path
        chosen = json.loads((take / ".take" / "job.json").read_text())["resolved"]["rollout"]
        story.versions.append(chosen["version"])
        if chosen["mirror"]:
            mirrors = story.versions.count("1")
            made.mirrored("grade", "2", mirrors)


def halt(made: Studio) -> str:
    return guard.halted(made.rollout, "grade", "2")


def _shown(said: Said, made: Studio) -> str:
    """What a command printed, with the reader's names for things."""
    out = said.out + said.err
    for path, name in ((made.folder.as_posix(), "/studio"), (getpass.getuser(), "you")):
        out = re.sub(rf"(?<![\w]){re.escape(path)}(?![\w])", name, out)
    return out.replace(socket.gethostname(), "ws01").strip("\n")


def in_readme(text: str) -> str:
    """The story as the README has it."""
    return (
        text.partition(BEGIN)[2]
        .partition(END)[0]
        .strip()
        .removeprefix("```text")
        .removesuffix("```")
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name, stage(Path(name)) as story:
        tell(story)
        told = f"{BEGIN}\n```text\n{story.as_text()}\n```\n{END}"
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    README.write_text(before + told + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    os.environ["ANSWERPRINT_HOME"] = tempfile.mkdtemp()
    main()
