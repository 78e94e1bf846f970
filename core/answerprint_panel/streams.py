"""Streams: how the engine is asked for the takes of a node, and which of them is the node's own."""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Optional, Tuple

from answerprint_panel.host import Document, Placed

Key = Tuple[str, str]
FRAME = re.compile(r"#+|%0?\d*d")


def key(placed: Placed) -> Key:
    """Root and stream: nodes that have them in common are asked for with one request."""
    return str(placed.identity.get("root") or ""), str(placed.identity.get("stream") or "")


def by_stream(placed: Iterable[Placed]) -> Dict[Key, List[Placed]]:
    found: Dict[Key, List[Placed]] = {}
    for one in placed:
        found.setdefault(key(one), []).append(one)
    return found


def asked(placed: Placed, script: Optional[str]) -> List[str]:
    """The engine's verb for the stream of a node's take, wherever the project is now."""
    argv = ["versions"] + ([placed.path] if placed.path else [])
    for name in ("root", "stream", "uuid"):
        if placed.identity.get(name):
            argv += [f"--{name}", placed.identity[name]]
    return argv + (["--beside", script] if script else [])


def ours(takes: List[Document], placed: Placed) -> Optional[Document]:
    """The take that a node reads, or that it was placed as; None: it is not there any more."""
    return read(takes, placed) or remembered(takes, placed)


def read(takes: List[Document], placed: Placed) -> Optional[Document]:
    """The take whose files a node reads, whatever it says itself: a host's own version up changes them."""
    if not placed.path:
        return None
    return next((one for one in takes if same(str(one.get("pattern") or ""), placed.path)), None)


def remembered(takes: List[Document], placed: Placed) -> Optional[Document]:
    """The take that a node says it is of."""
    uuid, label = placed.identity.get("uuid"), placed.identity.get("take")
    if uuid:
        return next((one for one in takes if one.get("uuid") == uuid), None)
    return labelled(takes, str(label))


def unchanged(one: Placed, other: Placed) -> bool:
    """Whether two looks found the same node reading the same: what was asked for one is true of it."""
    return (one.node, one.path, one.identity.get("uuid")) == (
        other.node,
        other.path,
        other.identity.get("uuid"),
    )


def labelled(takes: List[Document], label: str) -> Optional[Document]:
    return next((one for one in takes if one.get("take") == label), None)


def same(one: str, other: str) -> bool:
    """Whether two paths name the same files, however they spell the frame."""
    return FRAME.sub("#", one.replace("\\", "/")) == FRAME.sub("#", other.replace("\\", "/"))
