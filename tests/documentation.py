"""The README's commands, run as they stand there.

    python tests/documentation.py

runs them and writes what they print into the README; the tests run them again and hold the two
against each other. What differs from machine to machine (times, dates, ports, digests, names) is
made equal first, on both sides.
"""

from __future__ import annotations

import getpass
import itertools
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
STAND_IN = "/job"
FRAME_LINE = re.compile(r"  (warn: |fail: )?(w\d{3} )?\d{4}(  |: )")  # and what was found in it

# what a reader's machine prints otherwise than ours, and the word that stands for it in a test
VARIES = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\.\d{3}Z| UTC)?", "DATE"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d+\.\d\d s\b", "SECONDS"),
    (r"\b[0-9a-f]{12,64}\b", "DIGEST"),
    (r"CPU .*, \d+ cores", "CPU"),
    (r"\d+ GB free", "SPACE"),
    (r"\d+\.\d\d frames/s, limited by: .*", "RATE"),
    (r"\b\d+ MB\b", "MEMORY"),
    (r"answers, [\d.]+ m?s\b", "answers, TIME"),
    (r"\b\d\S* of ([\de.-]+) {2,}", r"DIFFERENCE of \1 "),
    (r"times the (time|memory) .*", r"times the \1"),
    (r"(\d+\.\d)\d dB", r"\1 dB"),
    (r"\(([+-]\d+\.\d)\d\)", r"(\1)"),
    (r"\bv\d{3}\b", "TAKE"),
    (r"_v\d{3}\b", "_TAKE"),
    (r"-linux-py3\d+-[0-9a-f]{8}", "-VERSION"),
    (r"it stands on .*", "it stands on PYTHON"),
]


def blocks(text: str) -> list[str]:
    return BLOCK.findall(text)


def commands(block: str) -> list[tuple[str, str]]:
    """(command, what the README says it prints) of one console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def is_run(command: str) -> bool:
    """`install test` would run itself; it is run by whoever runs the tests."""
    return command != "python3 -m install test"


def printed(command: str, folder: Path) -> str:
    """Run a command in the reader's folder; what it printed, with the reader's names for things."""
    words = shlex.split(command)
    if words[:3] == ["python3", "-m", "install"]:
        extra = ["--out", str(folder / ".demo")] if words[3] == "demo" else []
        argv = [sys.executable, *words[1:], *extra]
        where = PROJECT
    else:
        assert words[0] == "answerprint", command
        argv = [sys.executable, "-m", "answerprint.cli", *words[1:]]
        where = folder
    done = subprocess.run(
        argv, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    # the first run of all sets .venv up; the text above the block says so
    said = re.sub(r"^install: making .*\n\n?", "", done.stdout)
    out = said.replace(os.environ["ANSWERPRINT_HOME"], "~/.local/share/answerprint")
    out = out.replace(str(Path.home()), "~")
    out = out.replace(os.path.relpath(folder, PROJECT), STAND_IN).replace(str(folder), STAND_IN)
    out = out.replace(f"{STAND_IN}/.demo", ".demo")
    out = re.sub(rf"\b{re.escape(getpass.getuser())} on {socket.gethostname()}", "you on ws01", out)
    out = re.sub(rf"\b{re.escape(getpass.getuser())}, ", "you, ", out)
    return re.sub(rf"  {re.escape(getpass.getuser())}$", "  you", out, flags=re.MULTILINE)


def equal(text: str) -> str:
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(_in_order(lines))


def _in_order(lines: list[str]) -> list[str]:
    """Frames are said as they are finished, which differs from run to run: here by their number."""
    found: list[str] = []
    for is_frame, group in itertools.groupby(lines, lambda line: bool(FRAME_LINE.match(line))):
        together = list(group)
        found += sorted(together) if is_frame else together
    return found


def fill(folder: Path) -> None:
    """The reader's folder: renders/noisy.####.exr with the clean reference, plates/, and geometry/."""
    shutil.copytree(PROJECT / "install" / "plates" / "denoise", folder / "renders")
    shutil.copytree(PROJECT / "install" / "plates" / "retime", folder / "plates")
    shutil.copytree(PROJECT / "install" / "plates" / "geometry", folder / "geometry")


def rewrite(text: str, folder: Path) -> str:
    """The README with every block's output as it is now."""

    def fresh_or(said: str, command: str) -> str:
        return (printed(command, folder) if is_run(command) else said).strip("\n")

    def fresh(match: re.Match[str]) -> str:
        lines = [f"$ {command}\n{fresh_or(said, command)}" for command, said in commands(match[1])]
        return "```console\n" + "\n".join(line.rstrip() for line in lines) + "\n```"

    return BLOCK.sub(fresh, text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        os.environ["ANSWERPRINT_HOME"] = f"{name}/home"
        (Path(name) / "job").mkdir()
        fill(Path(name) / "job")
        new = rewrite(README.read_text(encoding="utf-8"), Path(name) / "job")
        README.write_text(new, encoding="utf-8")
