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
import subprocess
import threading
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import answerprint_houdini.roots  # noqa: F401 - it lets answerprint_panel be found
from answerprint_panel import engine, farm
from answerprint_panel.host import Document, HostError
from answerprint_panel.spans import numbers

Asked = Union[Document, Callable[[Any], Document]]
PER_ITEM = 25
MOST_RECORD = 1 << 16
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
_CLAIMING = threading.Lock()
_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # else Windows opens a terminal for each


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
    count = 0
    for parent in list(upstream_items) or [None]:
        document = dict(job(parent) if callable(job) else job)
        resolved = _last(_engine(["run", "--document", json.dumps(document), "--dry-run"], server))
        for part in parts(resolved, per_item):
            said = {
                Items.JOB: json.dumps({"document": document, "server": server}),
                Items.KEY: key(resolved),
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
        said = json.loads(Items.said(work_item, Items.JOB))
        part: List[str] = json.loads(Items.said(work_item, Items.PART))
        take = claimed(Items.said(work_item, Items.KEY), said["document"], said["server"])
        report(f"{take['name']} {take['take']}: {' '.join(part)}")
        _make(take, part, said["server"])
        files = made(take, part)
    except HostError as error:
        raise fail(f"{error.problem} {error.remedy}".strip()) from None
    for path in files:
        Items.give(work_item, path, _tag(path), _number(path))
    return files


def parts(resolved: Document, per_item: int) -> List[List[str]]:
    """The flags of each item's part, of a job as it would run."""
    variations = 1
    for values in (resolved.get("axes") or {}).values():
        variations *= max(1, len(values))
    count = variations if resolved.get("axes") else 0
    if count == 1:
        return [["--variations", "w001"]]
    return farm.parts({"variations": count, "frames": resolved.get("frames")}, per_item)


def key(resolved: Document) -> str:
    """The same for the same request: plate's path, settings, task, and the model's own weights."""
    said = json.dumps({name: resolved.get(name) for name in _DECIDE}, sort_keys=True)
    return hashlib.sha256(said.encode("utf-8")).hexdigest()


def claimed(request: str, document: Document, server: Optional[str]) -> Document:
    """The one take of a request: the one that is known, else its number is taken now.

    Several threads of this process may ask at once. Raises HostError: it cannot be taken.
    """
    record = os.path.join(engine.home(), "tops", request + ".json")
    with _CLAIMING:
        known = _read(record)
        if known is None or not os.path.isdir(str(known.get("path"))):
            argv = ["run", "--document", json.dumps(document), "--claim"]
            known = _last(_engine(argv, server))
            _write(record, known)
        return known


def _make(take: Document, part: List[str], server: Optional[str]) -> None:
    """A part with the engine; of a take that is complete there is nothing left to make."""
    try:
        _engine(["run", "--resume", str(take["path"]), *part], server)
    except HostError:
        listed = _last(_engine(["versions", str(take["path"])], None)).get("takes") or []
        states = [one.get("state") for one in listed if one.get("take") == take["take"]]
        if states != ["complete"]:
            raise


def made(take: Document, part: Sequence[str]) -> List[str]:
    """The files of a part, sorted, forward slashes. Raises HostError: there is none."""
    folder, flag, text = str(take["path"]).replace("\\", "/"), part[0], part[1]
    if flag == "--variations":
        found = [path for label in labels(text) for path in _files(f"{folder}/{label}")]
    else:
        frames = {f".{frame:04d}." for frame in numbers(text)}
        found = [one for one in _files(folder) if any(x in os.path.basename(one) for x in frames)]
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


def _engine(words: List[str], server: Optional[str]) -> List[Document]:
    """A verb of the engine's, from beginning to end; what it said. Raises HostError."""
    at = engine.find()
    more = ["--server", server] if server else []
    with subprocess.Popen(
        at.argv(*words, *more, "--json"),
        env=dict(at.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        creationflags=_HIDDEN,
    ) as process:
        told, other = _listen(process)
    errors = [one for one in told if "error" in one]
    if process.returncode and errors:
        last = errors[-1]
        raise HostError(str(last.get("problem") or ""), str(last.get("remedy") or ""))
    if process.returncode:
        raise HostError(
            f"The engine ended with {process.returncode}: {_why(told, other)}",
            "Cook the item again: what is finished stays. 'answerprint doctor' looks at this machine.",
        )
    return told


def _listen(process: subprocess.Popen[bytes]) -> Tuple[List[Document], str]:
    """Documents, one a line, and the last line that is none."""
    told: List[Document] = []
    other = ""
    for line in process.stdout or []:
        try:
            document = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            document = None
        if isinstance(document, dict):
            told.append(document)
        elif line.strip():
            other = line.decode("utf-8", "replace").strip()
    return told, other


def _why(told: List[Document], other: str) -> str:
    failed = [one for one in told if one.get("problem")]
    if failed:
        frame = failed[-1].get("frame")
        return f"{'' if frame is None else f'frame {frame}: '}{failed[-1]['problem']}"
    return other or "it does not say why."


def _last(told: List[Document]) -> Document:
    if not told:
        raise HostError("The engine said nothing.", "Run 'answerprint doctor' in a shell.")
    return told[-1]


def _files(folder: str) -> List[str]:
    found = glob.glob(glob.escape(folder) + "/*.*")  # what begins with a dot is not among them
    return sorted(one.replace("\\", "/") for one in found if os.path.isfile(one))


def _tag(path: str) -> str:
    return "file/image" if path.endswith(".exr") else "file/geo"


def _number(path: str) -> int:
    """Of a file that never changes: its name is enough."""
    return int(hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:15], 16)


def _read(record: str) -> Optional[Document]:
    try:
        with open(record, encoding="utf-8") as stream:
            found = json.loads(stream.read(MOST_RECORD))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"path", "name", "take"} <= set(found) else None


def _write(record: str, take: Document) -> None:
    """Raises HostError: the take would be forgotten, and each item would make one of its own."""
    part = f"{record}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(record), exist_ok=True)
        with open(part, "w", encoding="utf-8") as stream:
            json.dump(take, stream)
        os.replace(part, record)
    except OSError as error:
        raise HostError(
            f"{record} cannot be written: {error.strerror or error}.",
            "Make room there, or have ANSWERPRINT_HOME name another folder.",
        ) from error
