"""Answerprint in Nuke.

In a terminal (`nuke -t script.py`) and in plain scripts:

    import answerprint_nuke
    take = answerprint_nuke.run("Read1", "denoise", frames="1001-1010")
    print(take["path"], take["placed"])
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from answerprint_panel.host import Document, HostError

__all__ = ["HostError", "run"]


def run(
    node_or_path: Any,
    task: str,
    *,
    frames: Optional[str] = None,
    parameters: Optional[Dict[str, Any]] = None,
    inputs: Optional[Dict[str, Any]] = None,
    wedge: Optional[Dict[str, Any]] = None,
    seed: Optional[str] = None,
    out: Optional[Document] = None,
    server: Optional[str] = None,
    place: bool = True,
    report: Callable[[str], None] = print,
) -> Document:
    """Run a task and wait for its take, without a UI. Returns the take, as the engine lists it.

    node_or_path    a node, its name, or an EXR plate's path with #### or %04d
    frames          like 1001-1010 or 1001,1005; usually all of the plate
    inputs          for single inputs: {"albedo": {"path": ..., "layer": ...}}
    out             {"root", "show", "shot", "name"}; usually beside the script
    place           make a Read of it, beside the node; its name is then the take's "placed"
    report          told what happens, a line at a time

    Ctrl-C ends the job; its finished frames stay, and `answerprint run --resume` goes on.

    Raises:
        HostError: the node, the request, the engine or the server; with a remedy. A take that did
            not become complete is one as well.
    """
    from answerprint_nuke import batch  # noqa: PLC0415 - imports nuke; whoever only looks has none

    asked = {
        "task": task,
        "frames": frames,
        "parameters": parameters,
        "inputs": inputs,
        "wedge": wedge,
        "seed": None if seed is None else str(seed),
        "out": out,
    }
    document = {key: value for key, value in asked.items() if value is not None}
    return batch.run(node_or_path, document, server=server, place=place, report=report)
