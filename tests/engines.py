"""Engines that are none, for the panel to meet: small scripts where its interpreter should be."""

from __future__ import annotations

import sys
from pathlib import Path

_SPEAKING = """
import json, os, pathlib, sys, threading, time
here = pathlib.Path(__file__).parent
with open(here / "starts", "a") as starts:
    starts.write(f"{os.getpid()}\\n")

def say(document):
    print(json.dumps(document), flush=True)

HELLO = {"sidecar": 1, "version": "0.0.1", "pid": os.getpid()}
"""

# Answers what answers.json says: {verb: [documents]}, and ends each request but those with --watch,
# to which ["say", verb, document] adds one.
_SCRIPTED = """
say(HELLO)
watching = {}
for line in sys.stdin:
    request = json.loads(line)
    number, argv = request["id"], request.get("argv")
    known = here / "answers.json"
    answers = json.loads(known.read_text()) if known.exists() else {}
    with open(here / "asked", "a") as asked:
        asked.write(json.dumps(argv or ["cancel"]) + "\\n")
    if argv and argv[0] == "say":
        say({"id": watching[argv[1]], "event": json.loads(argv[2])})
    elif argv:
        for document in answers.get(argv[0], []):
            say({"id": number, "event": document})
    if argv and "--watch" in argv:
        watching[argv[0]] = number
    else:
        say({"id": number, "exit": 0})
"""


def script(folder: Path, body: str) -> Path:
    """An interpreter that, whatever it is asked to run, runs this."""
    path = folder / "python"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable} -S\n{_SPEAKING}{body}", encoding="utf-8")
    path.chmod(0o755)
    return path


def scripted(folder: Path) -> Path:
    """One that answers what answers.json beside it says."""
    return script(folder, _SCRIPTED)


def starts(engine: Path) -> list[int]:
    """The processes that it was started as, in order."""
    noted = engine.parent / "starts"
    return [int(pid) for pid in noted.read_text().split()] if noted.exists() else []
