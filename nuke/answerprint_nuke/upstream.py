"""Upstream: a key that changes whenever the pixels of a node may have.

Nuke's own hashes of a node (opHashes) are those of the current frame, so they change as the
playhead moves. This key is made of what the script says: every node above, its knobs that are not
at their defaults, animation and expressions among them, and how they are connected.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any, Dict, Iterable, List

COSMETIC = re.compile(
    r"^(name|xpos|ypos|selected|label|tile_color|gl_color|note_font\w*|postage_stamp\w*|icon|help"
    r"|autolabel|hide_input|bookmark|dope_sheet|cached|process_mask|indicators) ",
)
MOST_NODES = 20_000
MOST_FILES = 64


def key(node: Any, settings: Iterable[object], *, flags: int, links: int, group: Any) -> str:
    """Twenty hex digits; the same in every session for the same script.

    settings    what else decides the pixels: format, views, the working space
    flags       how knobs are written out (Node.writeKnobs)
    links       which dependencies count
    group       the class of nodes that have others inside
    """
    digest = hashlib.sha256()
    files: List[str] = []
    for name, one in sorted(_above(node, links, group).items()):
        digest.update(_said(name, one, flags).encode("utf-8", "replace"))
        files += _files(one)
    for path in sorted(set(files))[:MOST_FILES]:
        digest.update(_stamp(path).encode("utf-8", "replace"))
    for setting in settings:
        digest.update(f"{setting}\n".encode("utf-8", "replace"))
    return digest.hexdigest()[:20]


def _above(node: Any, links: int, group: Any) -> Dict[str, Any]:
    """The node, all that it depends on, and what is inside of groups among them."""
    found: Dict[str, Any] = {}
    waiting = [node]
    while waiting and len(found) < MOST_NODES:
        one = waiting.pop()
        name = str(one.fullName())
        if name in found:
            continue
        found[name] = one
        waiting += list(one.dependencies(links))
        if isinstance(one, group):
            waiting += list(one.nodes())
    return found


def _said(name: str, node: Any, flags: int) -> str:
    written = str(node.writeKnobs(flags) or "")
    lines = [line for line in written.splitlines() if not COSMETIC.match(line)]
    inputs = [node.input(index) for index in range(int(node.inputs()))]
    above = [str(one.fullName()) if one is not None else "-" for one in inputs]
    return "\n".join([name, str(node.Class()), *above, *lines, ""])


def _files(node: Any) -> List[str]:
    """First and last file of a Read: it may have been rendered anew under the same name."""
    if node.Class() not in ("Read", "DeepRead"):
        return []
    path = str(node["file"].value() or "")
    return [numbered(path, int(node[end].value())) for end in ("first", "last")]


def numbered(path: str, frame: int) -> str:
    """A pattern with a frame's number in its place."""
    path = re.sub(r"#+", lambda found: str(frame).zfill(len(found.group())), path)
    return re.sub(r"%0?(\d*)d", lambda found: str(frame).zfill(int(found.group(1) or 0)), path)


def _stamp(path: str) -> str:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return f"{path} -\n"
    return f"{path} {found.st_size} {found.st_mtime_ns}\n"
