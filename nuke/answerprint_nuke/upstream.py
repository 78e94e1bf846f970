"""Upstream: all that decides a node's pixels, as a text of fixed length and the files that it reads.

Nuke's own hashes of a node (opHashes) are those of the current frame, so they change as the
playhead moves. This one is made of what the script says: every node above, its knobs that are not
at their defaults, animation and expressions among them, and how they are connected.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from answerprint_nuke import read as reads
from answerprint_panel.keying import Found, Looking
from answerprint_panel.stamps import File

COSMETIC = re.compile(
    r"^(name|xpos|ypos|selected|label|tile_color|gl_color|note_font\w*|postage_stamp\w*|icon|help"
    r"|autolabel|hide_input|bookmark|dope_sheet|cached|process_mask|indicators|answerprint_\w*) "
)
MOST_NODES = 20_000
_EVALUATED = ("EvalString_Knob", "Multiline_Eval_String_Knob")
_UNFOLLOWED = re.compile(r"\bframe\b")  # another text at every frame: the expression itself counts


class Terms(NamedTuple):
    """How to look: which knobs are written out, which links count, what has nodes inside.

    span        frames that are asked for, of files that say no range of their own
    directory   what relative paths begin at
    files       that are read whatever the nodes say: the colour configuration
    settings    what else decides the pixels: format, views, the script's colour knobs
    """

    flags: int
    links: int
    group: Any
    span: Tuple[int, int]
    directory: str
    files: Tuple[str, ...]
    settings: Iterable[object]


def looking(node: Any, terms: Terms) -> Looking:
    """Look at one node a step; the same in every session for the same script.

    Nodes may be deleted between two steps; then the next one raises ValueError.
    """
    seen: Dict[str, bool] = {}
    texts: Dict[str, str] = {}
    files = [File(path, *terms.span) for path in terms.files]
    waiting = [(node, True)]
    while waiting and len(seen) < MOST_NODES:
        one, inside = waiting.pop()
        name = str(one.fullName())
        if name in seen and (seen[name] or not inside):
            continue
        seen[name] = inside
        if name not in texts:
            lines = _lines(one, terms.flags)
            texts[name] = _said(name, one, lines)
            files += _files(one, lines, terms)
        waiting += [(above, True) for above in one.dependencies(terms.links)]
        if inside and isinstance(one, terms.group):
            waiting += [(each, True) for each in one.nodes()]
        parent = one.parent()
        if parent is not None and str(parent.Class()) != "Root":
            waiting.append((parent, False))  # what feeds the group, and its own knobs
        yield
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(texts[name].encode("utf-8", "replace"))
    for setting in terms.settings:
        digest.update(f"{setting}\n".encode("utf-8", "replace"))
    return Found(digest.hexdigest()[:16], tuple(sorted(set(files))), not waiting)


def _lines(node: Any, flags: int) -> List[str]:
    written = str(node.writeKnobs(flags) or "")
    return [line for line in written.splitlines() if not COSMETIC.match(line)]


def _said(name: str, node: Any, lines: List[str]) -> str:
    inputs = [node.input(index) for index in range(int(node.inputs()))]
    above = [str(one.fullName()) if one is not None else "-" for one in inputs]
    return "\n".join([name, str(node.Class()), *above, *lines, *_evaluated(node, lines), ""])


def _evaluated(node: Any, lines: List[str]) -> List[str]:
    """What texts with expressions in them stand for now."""
    found = []
    for line in lines:
        if ("[" in line or "$" in line) and not _UNFOLLOWED.search(line):
            knob = node.knob(line.partition(" ")[0])
            if knob is not None and str(knob.Class()) in _EVALUATED:
                found.append(_value(knob, "evaluate"))
    return found


def _files(node: Any, lines: List[str], terms: Terms) -> List[File]:
    """Whatever files its knobs name. A Write's count where it reads them; proxies never do."""
    reading = node.knob("reading")
    if reading is not None and not reading.value():
        return []
    found = []
    for name in (line.partition(" ")[0] for line in lines):
        knob = node.knob(name) if name != "proxy" else None
        if knob is None or str(knob.Class()) != "File_Knob":
            continue
        path = reads.joined(terms.directory, _value(knob, "getEvaluatedValue"))
        if path:
            found.append(File(path, *_range(node, terms.span)))
    return found


def _range(node: Any, span: Tuple[int, int]) -> Tuple[int, int]:
    first, last = node.knob("first"), node.knob("last")
    if first is None or last is None:
        return span
    return int(first.value()), int(last.value())


def _value(knob: Any, way: str) -> str:
    """What an expression stands for; where it fails, the expression."""
    try:
        return str(getattr(knob, way)() or "")
    except RuntimeError:
        return str(knob.value() or "")
