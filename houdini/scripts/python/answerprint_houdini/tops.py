"""Work items: the variations of a wedge, or the frames of a task, shared out over a TOP network.

For the two scripts of a Python Processor. All items of a request make one take: the first that cooks
takes its number, each makes its part with the engine as a child process, and the last one closes it.
What PDG itself is asked stands in `Items`, and nowhere else: none of it was tried in a Houdini.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import answerprint_houdini.roots  # noqa: F401 - it lets answerprint_panel be found
from answerprint_houdini.register import Register
from answerprint_houdini.verb import last, told
from answerprint_panel import farm, stamps
from answerprint_panel.at_host import seen
from answerprint_panel.host import Document, HostError
from answerprint_panel.spans import numbers

Asked = Union[Document, Callable[[Any], Document]]
PER_ITEM = 25
# of a job as it would run: what makes it another request
_DECIDE = (
    "job",
    "version",
    "model_sha256",
    "frames",
    "inputs",
    "parameters",
    "axes",
    "result",
    "stream",
)


class Items:
    """PDG's calls, as its documentation has them."""

    JOB, KEY, PART = "answerprint_job", "answerprint_key", "answerprint_part"

    @staticmethod
    def add(holder: Any, index: int, parent: Any, said: Dict[str, str]) -> Any:
        item = holder.addWorkItem(index=index, parent=parent)
        for name, text in said.items():
            item.setStringAttrib(name, text)
        return item

    @staticmethod
    def said(item: Any, name: str) -> str:
        return str(item.stringAttribValue(name))

    @staticmethod
    def give(item: Any, path: str, tag: str, number: int) -> None:
        item.addOutputFile(path, tag, number)


def generate(
    item_holder: Any,
    upstream_items: Sequence[Any],
    job: Asked,
    *,
    per_item: int = PER_ITEM,
    server: Optional[str] = None,
) -> int:
    """Make the work items; returns how many. No number is taken yet, and nothing runs.

    job       a job's document; or a function that makes one of an upstream item
    per_item  variations, or frames, that one item makes

    Raises:
        HostError: the request, the engine or the server; with a remedy.
    """
    if per_item < 1:
        raise HostError(f"An item cannot make {per_item} of a take.", "Say per_item=1 or more.")
    count = 0
    for parent in list(upstream_items) or [None]:
        document = dict(job(parent) if callable(job) else job)
        resolved = last(told(["run", "--document", _text(document), "--dry-run"], server))
        files, views = plates(resolved), resolved.get("views") or []
        stamp = stamps.of(files, views)
        request = {
            "document": document,
            "server": server,
            "stream": "{}/{}".format(resolved.get("root"), resolved.get("stream")),
            "files": files,
            "views": views,
            "stamp": stamp,
        }
        for part in parts(resolved, per_item):
            said = {
                Items.JOB: json.dumps(request),
                Items.KEY: key(resolved, stamp),
                Items.PART: json.dumps(part),
            }
            Items.add(item_holder, count, parent, said)
            count += 1
    return count


def cook(
    work_item: Any,
    *,
    fail: Callable[[str], BaseException] = RuntimeError,
    report: Callable[[str], None] = print,
) -> List[str]:
    """Make an item's part of the take; returns its files, which are the item's outputs.

    fail    what is raised where it did not work, made of a sentence: pdg.CookError

    An item that failed can be cooked again: what is finished stays, and is not done twice.
    """
    try:
        request, part = _of(work_item)
        check_plate(request)
        take = claimed(Items.said(work_item, Items.KEY), request)
        report(f"{take['name']} {take['take']}: {' '.join(part)}")
        _make(take, part, request["server"])
        files = made(take, part)
    except HostError as error:
        raise fail(f"{error.problem} {error.remedy}".strip()) from None
    for path in files:
        Items.give(work_item, path, _tag(path), _number(path))
    return files


def _of(work_item: Any) -> Tuple[Document, List[str]]:
    """Request and part of an item. Raises HostError: it has none."""
    try:
        names = (Items.JOB, Items.PART)
        request, part = (json.loads(Items.said(work_item, name)) for name in names)
    except Exception:  # noqa: BLE001 - what PDG raises of an attribute that is not there is its own
        raise HostError(
            "This work item asks for nothing of Answerprint's.",
            "Make the items with answerprint_houdini.tops.generate, as the README shows.",
        ) from None
    return request, part


def plates(resolved: Document) -> List[stamps.File]:
    """What a job's inputs are read from: those frames that it looks at."""
    first, last = int(resolved.get("first") or 0), int(resolved.get("last") or 0)
    frames = numbers(str(resolved.get("frames") or ""))
    if frames and not (resolved.get("job") or {}).get("timing"):
        looked_at = seen(frames, (resolved.get("contract") or {}).get("cut"), first, last)
        first, last = looked_at[0], looked_at[-1]
    paths = {str(one.get("path")) for one in (resolved.get("inputs") or {}).values()}
    return [stamps.File(path, first, last) for path in sorted(paths)]


def check_plate(request: Document) -> None:
    """Raises HostError: the plate is not the one that the items were made for."""
    files = [stamps.File(*one) for one in request["files"]]
    if str(request["stamp"]).startswith(stamps.ONCE) or not all(
        os.path.isdir(os.path.dirname(one.path)) for one in files
    ):
        return  # too much to look at; or a share that has another name here, which the engine knows
    if stamps.of(files, request["views"]) != request["stamp"]:
        raise HostError(
            f"The plate has changed since the items were made: {files[0].path}.",
            "Generate the items again: what has changed gets a take of its own.",
        )


def parts(resolved: Document, per_item: int) -> List[List[str]]:
    """The flags of each item's part, of a job as it would run."""
    variations = 1
    for values in (resolved.get("axes") or {}).values():
        variations *= max(1, len(values))
    count = variations if resolved.get("axes") else 0
    if count == 1:
        return [["--variations", "w001"]]
    return farm.parts({"variations": count, "frames": resolved.get("frames")}, per_item)


def key(resolved: Document, stamp: str = "") -> str:
    """The same for the same request: plate, settings, task, and the model's own weights.

    stamp   of the plate's files: their sizes and times
    """
    said = {name: resolved.get(name) for name in _DECIDE}
    text = json.dumps({**said, "stamp": stamp}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def claimed(key_: str, request: Document) -> Document:
    """The one take of a request: the one that is known, else its number is taken now.

    Items of other threads, processes and machines may ask at once. Raises HostError: it cannot be
    taken.
    """

    def claim() -> Document:
        argv = ["run", "--document", _text(request["document"]), "--claim"]
        return last(told(argv, request["server"]))

    stream = str(request["stream"])
    if not os.path.isabs(stream) or (os.name == "nt" and not os.path.splitdrive(stream)[0]):
        raise HostError(
            f"The takes' folder {stream} is spelled as on another system.",
            "Generate the items on the system that they are cooked on.",
        )
    return Register(stream).take(key_, claim)


def _make(take: Document, part: List[str], server: Optional[str]) -> None:
    """A part with the engine; of a take that is complete there is nothing left to make."""
    try:
        told(["run", "--resume", str(take["path"]), "=".join(part)], server)  # -5--1 is no flag
    except HostError:
        listed = last(told(["versions", str(take["path"])], None)).get("takes") or []
        states = [one.get("state") for one in listed if one.get("take") == take["take"]]
        if states != ["complete"]:
            raise


def made(take: Document, part: Sequence[str]) -> List[str]:
    """The files of a part, sorted, forward slashes. Raises HostError: there is none."""
    folder, flag, text = str(take["path"]).replace("\\", "/"), part[0], part[1]
    stem = f"{take['name']}_{take['take']}"
    if flag == "--variations":
        found = [path for label in labels(text) for path in _files(f"{folder}/{label}", stem)]
    else:
        frames = {f"{'-' if frame < 0 else ''}{abs(frame):04d}" for frame in numbers(text)}
        behind = len(f"{folder}/{stem}.")
        found = [x for x in _files(folder, stem) if x[behind:].partition(".")[0] in frames]
    if not found:
        raise HostError(
            f"{take.get('name')} {take.get('take')} has no file of {text}.",
            f"Look into {folder}; the share may be slow to show it.",
        )
    return found


def labels(text: str) -> List[str]:
    """w001-w003 is w001, w002, w003."""
    found = []
    for term in text.split(","):
        first, _, last = term.partition("-")
        numbered = range(int(first[1:]), int((last or first)[1:]) + 1)
        found += [f"w{number:03d}" for number in numbered]
    return found


def _files(folder: str, stem: str) -> List[str]:
    """The take's own; whatever else somebody has put there is none of its outputs."""
    found = glob.glob(glob.escape(f"{folder}/{stem}") + "*.*.*")
    return sorted(one.replace("\\", "/") for one in found if os.path.isfile(one))


def _tag(path: str) -> str:
    return "file/image" if path.endswith(".exr") else "file/geo"


def _number(path: str) -> int:
    """Of a file that never changes: its name is enough."""
    return int(hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:15], 16)


def _text(document: Document) -> str:
    try:
        return json.dumps(document)
    except (TypeError, ValueError) as error:
        raise HostError(
            f"The job holds what cannot be written down: {error}.",
            "Use texts, numbers, lists and dictionaries, like str(path).",
        ) from None
