"""A Read node as a plate: which files it shows, and what has to be said about how it does."""

from __future__ import annotations

import os
import re
from typing import Any, List, Optional, Tuple

from answerprint_nuke import script as scripts
from answerprint_nuke.script import Script
from answerprint_panel.host import HostError, Source
from answerprint_panel.streams import FRAME

MODES = {"0": "expression", "1": "start at", "2": "offset", "start_at": "start at"}
VIEW = re.compile(r"%[Vv]")
_RUNS = re.compile(r"[\[\]$]")
_OF_FRAME = re.compile(r"\[[^\]]*\bframe\b")
MOST_LOOKED_AT = 20_000


def is_read(node: Any) -> bool:
    return bool(node.Class() == "Read")


def reads_exr(node: Any) -> bool:
    """Whether the engine can take its files as they are; else the node is rendered to EXR."""
    return str(node["file"].value() or "").strip().lower().endswith((".exr", ".sxr"))


def source(node: Any, script: Script) -> Source:
    """What the engine reads in its place.

    Raises:
        HostError: it has no file, its path is an expression that cannot be followed, or nothing of
            it is on disk.
    """
    name = str(node.fullName())
    path = file(node, script)
    first, last = int(node["first"].value()), int(node["last"].value())
    if node.hasError() and not _any_there(path, script.views):
        raise HostError(
            f"{name}'s files are not there: {path}",
            "Correct its path, or wait until they are rendered, then select it again.",
        )
    offset, remarks = _time(node, name, first)
    data = bool(node["raw"].value())
    return Source(
        node=name,
        kind="files",
        path=path,
        first=first,
        last=last,
        title=stem(path),
        space=None if data else _space(node, script),
        data=data,
        views=script.stereo if VIEW.search(path) else (),
        missing=str(node["on_error"].value()),
        key=path,
        remarks=(
            *_disabled(node, name),
            *remarks,
            *_outside(node, name),
            *_proxy(node, name, script),
        ),
        offset=offset,
        config=script.config,
    )


def _space(node: Any, script: Script) -> Optional[str]:
    """As the knob says; the script's space for float files only where the knob leaves it to that."""
    said = str(node["colorspace"].value())
    left = said.strip().casefold() == "default"
    return script.floats if left else scripts.space(said)


def _disabled(node: Any, name: str) -> List[str]:
    knob = node.knob("disable")
    if knob is None or not knob.value():
        return []
    return [f"{name} is disabled in the script; its files are used all the same."]


def file(node: Any, script: Script) -> str:
    """Its path with ####, %04d and %V left in, absolute, forward slashes; expressions followed."""
    name = str(node.fullName())
    said = str(node["file"].value() or "").strip()
    if not said:
        raise HostError(f"{name} has no file.", "Choose its file, then select it again.")
    path = said.replace("\\", "/")
    if _RUNS.search(path):
        path = _evaluated(node, name, said)
    return joined(script.directory, path)


def shown(node: Any, script: Script) -> str:
    """The path that it reads; as it is written where that is an expression which fails."""
    try:
        return file(node, script)
    except HostError:
        return str(node["file"].value() or "").replace("\\", "/")


def joined(directory: str, path: str) -> str:
    """A path as it is, forward slashes; one that is relative begins at a directory."""
    path = path.strip().replace("\\", "/")
    return path if not path or is_absolute(path) else f"{directory.rstrip('/')}/{path}"


def _evaluated(node: Any, name: str, said: str) -> str:
    path = ""
    if not _OF_FRAME.search(said):
        try:
            path = str(node["file"].getEvaluatedValue() or "").replace("\\", "/")
        except RuntimeError:
            path = ""
    lost = VIEW.search(said) and not VIEW.search(path)
    if not path or _RUNS.search(path) or lost:
        raise HostError(
            f"{name}'s path is an expression that stands for no single plate: {said}",
            "Write the path out in the node, or put a node after it and select that one.",
        )
    return path


def is_plain(path: str) -> bool:
    """Whether a path stands for itself: absolute, and nothing in it is an expression."""
    return is_absolute(path) and not _RUNS.search(path)


def is_absolute(path: str) -> bool:
    return path.startswith("/") or re.match(r"[A-Za-z]:/", path) is not None


def stem(path: str) -> str:
    """The file's name without its frame and ending, as an artist calls the plate."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    name = VIEW.sub("", FRAME.sub("", name))
    return re.sub(r"[._]{2,}", ".", name).strip("._- ") or name or path


def mode(node: Any) -> Tuple[str, str]:
    """Its frame mode by name, and what is typed beside it."""
    said = str(node["frame_mode"].value())
    return MODES.get(said, said), str(node["frame"].value() or "").strip()


def _time(node: Any, name: str, first: int) -> Tuple[int, List[str]]:
    """Script frame minus file's frame, and the words for it."""
    kind, typed = mode(node)
    number = whole(typed)
    if not typed or (kind == "expression" and typed == "frame"):
        return 0, []
    if kind == "start at" and number is not None:
        if number == first:
            return 0, []
        return number - first, [
            f"{name} shows file {first} at frame {number}. Frames here are the files' own numbers."
        ]
    return 0, [
        f"{name} shows its files by {kind} {typed}. They are used by their own numbers instead."
    ]


def whole(text: str) -> Optional[int]:
    matched = re.match(r"-?\d+$", text)
    return int(text) if matched else None


def _outside(node: Any, name: str) -> List[str]:
    said = [(word, str(node[word].value())) for word in ("before", "after")]
    unusual = [f"{value} {word}" for word, value in said if value != "hold"]
    if not unusual:
        return []
    ways = " and ".join(unusual)
    return [f"Outside its range {name} shows: {ways}. Only frames that are on disk are used."]


def _proxy(node: Any, name: str, script: Script) -> List[str]:
    if not script.proxy:
        return []
    other = " rather than its proxy" if str(node["proxy"].value() or "") else ""
    return [f"Proxy mode is on; {name}'s full-size files are used{other}."]


def _any_there(path: str, views: Tuple[str, ...]) -> bool:
    """Whether one file of a sequence exists; a Read in error may only lack the current frame."""
    return any(_one_there(_of_view(path, view)) for view in views or ("",))


def _of_view(path: str, view: str) -> str:
    return path.replace("%V", view).replace("%v", view[:1])


def _one_there(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    if not FRAME.search(name):
        return os.path.isfile(path)
    parts = [re.escape(part) for part in FRAME.split(name)]
    matching = re.compile(r"-?\d+".join(parts) + "$")
    try:
        with os.scandir(folder or "/") as entries:
            for looked, entry in enumerate(entries):
                if matching.match(entry.name):
                    return True
                if looked >= MOST_LOOKED_AT:
                    return True  # a folder that full is the engine's to look through
    except OSError:
        return False
    return False
