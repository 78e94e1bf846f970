"""What a change leaves behind: one step to undo under a name, or nothing at all.

`nuke` is the module, handed over by the host.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator


@contextlib.contextmanager
def step(nuke: Any, name: str) -> Iterator[None]:
    """One step to undo, under a name."""
    with nuke.Undo(name):
        yield


@contextlib.contextmanager
def none(nuke: Any) -> Iterator[None]:
    """No step; off it stays where it was off."""
    if bool(nuke.Undo.disabled()):
        yield
        return
    nuke.Undo.disable()
    try:
        yield
    finally:
        if bool(nuke.Undo.disabled()):  # another script that was opened meanwhile has its own
            nuke.Undo.enable()


@contextlib.contextmanager
def untouched(nuke: Any) -> Iterator[None]:
    """What is done here is neither undone nor a reason to save the script."""
    modified = bool(nuke.root().modified())
    with none(nuke):
        try:
            yield
        finally:
            if not modified:
                nuke.root().setModified(False)


@contextlib.contextmanager
def full_size(nuke: Any) -> Iterator[None]:
    """With proxy mode off; afterwards it is as it was."""
    root = nuke.root()
    on = bool(root.proxy())
    if on:
        root.setProxy(False)
    try:
        yield
    finally:
        if on:
            root.setProxy(True)
