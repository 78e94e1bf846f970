"""A verb of the engine's as a child process, waited for: what a work item does. Without hou and Qt."""

from __future__ import annotations

import json
import subprocess
from typing import List, Optional, Tuple

import answerprint_houdini.roots  # noqa: F401 - it lets answerprint_panel be found
from answerprint_panel import engine
from answerprint_panel.host import Document, HostError

_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # else Windows opens a terminal for each


def told(words: List[str], server: Optional[str]) -> List[Document]:
    """A verb of the engine's, from beginning to end; what it said. Raises HostError."""
    at = engine.find()
    more = ["--server", server] if server else []
    try:
        process = subprocess.Popen(
            at.argv(*words, *more, "--json"),
            env=dict(at.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=_HIDDEN,
        )
    except OSError as problem:
        raise HostError(
            f"The engine cannot be started: {problem.strerror or problem}.",
            "A wedge of very many values may be too long for this system: give it as a range, like "
            "1-500. Else 'answerprint doctor' looks at this machine.",
        ) from problem
    with process:
        said, other = _listen(process)
    errors = [one for one in said if "error" in one]
    if process.returncode and errors:
        error = errors[-1]
        raise HostError(str(error.get("problem") or ""), str(error.get("remedy") or ""))
    if process.returncode:
        raise HostError(
            f"The engine ended with {process.returncode}: {_why(said, other)}",
            "Cook the item again: what is finished stays. 'answerprint doctor' looks at this machine.",
        )
    return said


def _listen(process: subprocess.Popen[bytes]) -> Tuple[List[Document], str]:
    """Documents, one a line, and the last line that is none."""
    said: List[Document] = []
    other = ""
    for line in process.stdout or []:
        try:
            document = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            document = None
        if isinstance(document, dict):
            said.append(document)
        elif line.strip():
            other = line.decode("utf-8", "replace").strip()
    return said, other


def _why(said: List[Document], other: str) -> str:
    failed = [one for one in said if one.get("problem")]
    if failed:
        frame = failed[-1].get("frame")
        return f"{'' if frame is None else f'frame {frame}: '}{failed[-1]['problem']}"
    return other or "it does not say why."


def last(said: List[Document]) -> Document:
    if not said:
        raise HostError("The engine said nothing.", "Run 'answerprint doctor' in a shell.")
    return said[-1]
