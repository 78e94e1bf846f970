"""What a change leaves behind: one step to undo under a name, or nothing at all.

`houdini` is the module, handed over by the host. In the callback of a parameter Houdini has begun a
step by itself, and ours is a part of it.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator


@contextlib.contextmanager
def step(houdini: Any, name: str) -> Iterator[None]:
    """One step to undo, under a name."""
    with houdini.undos.group(name):
        yield


@contextlib.contextmanager
def none(houdini: Any) -> Iterator[None]:
    """No step: what we only say of a node is nothing that an artist did."""
    with houdini.undos.disabler():
        yield
