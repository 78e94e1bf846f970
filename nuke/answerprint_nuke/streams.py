"""Streams: how the engine is asked for the takes of a node, and which of them is the node's own."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Tuple

from answerprint_panel.host import Document, Placed

Key = Tuple[str, str]


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
    """The take that a node reads; None: it is not there any more."""
    uuid, label = placed.identity.get("uuid"), placed.identity.get("take")
    if uuid:
        return next((one for one in takes if one.get("uuid") == uuid), None)
    return labelled(takes, str(label))


def labelled(takes: List[Document], label: str) -> Optional[Document]:
    return next((one for one in takes if one.get("take") == label), None)
