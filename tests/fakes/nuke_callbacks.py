"""Who asked to be told of what: nuke.addOnCreate and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nuke_session as session
from nuke_guard import guarded


def _adding(kind: str, node_class: str) -> tuple[Callable[..., None], Callable[..., None]]:
    """The two functions of a kind of callback; adding the same twice counts once, as there."""

    def add(
        call: Callable[..., Any],
        args: Any = (),
        kwargs: dict[str, Any] = {},  # noqa: B006 - Nuke's own signature
        nodeClass: str = node_class,
    ) -> None:
        wanted = (call, tuple(args), dict(kwargs), nodeClass)
        known = session.state.callbacks.setdefault(kind, [])
        if wanted not in known:
            known.append(wanted)

    def remove(
        call: Callable[..., Any],
        args: Any = (),
        kwargs: dict[str, Any] = {},  # noqa: B006 - Nuke's own signature
        nodeClass: str = node_class,
    ) -> None:
        known = session.state.callbacks.get(kind, [])
        wanted = (call, tuple(args), dict(kwargs), nodeClass)
        known[:] = [each for each in known if each != wanted]

    return guarded(add, f"nuke.add {kind}"), guarded(remove, f"nuke.remove {kind}")


addOnScriptLoad, removeOnScriptLoad = _adding("onScriptLoad", "Root")
addOnScriptSave, removeOnScriptSave = _adding("onScriptSave", "Root")
addOnScriptClose, removeOnScriptClose = _adding("onScriptClose", "Root")
addOnCreate, removeOnCreate = _adding("onCreate", "*")
addOnUserCreate, removeOnUserCreate = _adding("onUserCreate", "*")
addOnDestroy, removeOnDestroy = _adding("onDestroy", "*")
addBeforeRender, removeBeforeRender = _adding("beforeRender", "Write")
addAfterRender, removeAfterRender = _adding("afterRender", "Write")
addBeforeFrameRender, removeBeforeFrameRender = _adding("beforeFrameRender", "Write")
addAfterFrameRender, removeAfterFrameRender = _adding("afterFrameRender", "Write")
addFilenameFilter, removeFilenameFilter = _adding("filenameFilter", "*")


@guarded
def addKnobChanged(
    call: Callable[..., Any],
    args: Any = (),
    kwargs: dict[str, Any] = {},  # noqa: B006 - Nuke's own signature
    nodeClass: str = "*",
    node: Any | None = None,
) -> None:
    wanted = (call, tuple(args), dict(kwargs), nodeClass if node is None else node)
    known = session.state.callbacks.setdefault("knobChanged", [])
    if wanted not in known:
        known.append(wanted)


@guarded
def removeKnobChanged(
    call: Callable[..., Any],
    args: Any = (),
    kwargs: dict[str, Any] = {},  # noqa: B006 - Nuke's own signature
    nodeClass: str = "*",
    node: Any | None = None,
) -> None:
    known = session.state.callbacks.get("knobChanged", [])
    wanted = (call, tuple(args), dict(kwargs), nodeClass if node is None else node)
    known[:] = [each for each in known if each != wanted]
