"""hdefereval: work for Houdini's main thread, done in the next turn of its event loop.

[unverified] as a whole: it has no stub; what public adapters call of it is here. Not for hython.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from houdini_guard import misuse
from houdini_state import state

PATIENCE = 60.0


def executeDeferred(code: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    if not state.ui:
        misuse("hdefereval was used without a user interface")
    state.deferred.append(lambda: code(*args, **kwargs))


def executeInMainThreadWithResult(code: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Waits: a worker that asks this while the main thread waits for the worker hangs for ever."""
    if threading.current_thread() is threading.main_thread():
        return code(*args, **kwargs)
    done = threading.Event()
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(code(*args, **kwargs))
        finally:
            done.set()

    executeDeferred(run)
    if not done.wait(PATIENCE):
        misuse("the main thread never came round to it: a hang in a real Houdini")
    return result[0]
