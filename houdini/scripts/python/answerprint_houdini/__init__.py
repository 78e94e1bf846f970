"""Answerprint in Houdini.

In a Python shell, a script or `hython`:

    import answerprint_houdini
    take = answerprint_houdini.run("/obj/geo1/OUT", "point_normals", frames="1-24")
    print(take["path"], take["placed"])

From a shell: hython -m answerprint_houdini run --hip x.hip --node /obj/geo1/OUT --task point_normals
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from answerprint_houdini import roots  # by being imported it lets answerprint_panel be found

__all__ = ["resume", "roots", "run"]


def run(
    node_or_path: Any,
    task: str,
    *,
    frames: Optional[str] = None,
    parameters: Optional[Dict[str, Any]] = None,
    inputs: Optional[Dict[str, Any]] = None,
    wedge: Optional[Dict[str, Any]] = None,
    seed: Optional[str] = None,
    out: Optional[Dict[str, Any]] = None,
    mode: str = "here",
    server: Optional[str] = None,
    place: bool = True,
    report: Callable[[str], None] = print,
) -> Dict[str, Any]:
    """Run a task and wait for its take, without a UI. Returns the take, as the engine lists it.

    node_or_path    a node, its path, or files with $F4 or ####
    frames          like 1-24 or 1,12,24; usually all of the node's range
    inputs          for single inputs: {"density": {"layer": "smoke"}}
    wedge           {"radius": [0.1, 0.2]}: a variation for each value
    out             {"root", "show", "shot", "name"}; usually beside the scene
    mode            here; existing: of what is written already, nothing is cooked; farm: the take's
                    number is taken and returned with its path, and `resume` or other machines make it
    place           make a File SOP of it, beside the node; its path is then the take's "placed"
    report          told what happens, a line at a time

    Esc and Ctrl-C end it; finished frames stay, and `answerprint run --resume` goes on.

    Raises:
        answerprint_panel.host.HostError: the node, the request, the engine or the server; with a
            remedy. A take that did not become complete is one as well.
    """
    from answerprint_houdini import batch  # noqa: PLC0415 - imports hou; whoever only looks has none

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
    return batch.run(node_or_path, document, mode=mode, server=server, place=place, report=report)


def resume(
    take: str,
    *,
    frames: Optional[str] = None,
    variations: Optional[str] = None,
    server: Optional[str] = None,
    report: Callable[[str], None] = print,
) -> Dict[str, Any]:
    """Make a take that was claimed, or a part of it: frames like 1-10, variations like w001-w025.

    Needs no Houdini: it may be called from a work item in a process of its own. Whoever makes the
    last part closes the take. Returns what the engine says of it at last.

    Raises:
        answerprint_panel.host.HostError: as `run`.
    """
    from answerprint_houdini import parts  # noqa: PLC0415 - nothing of the engine before it is asked

    return parts.resume(take, frames=frames, variations=variations, server=server, report=report)
