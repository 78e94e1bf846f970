"""Reindexing: the index thrown away and built anew from the take folders."""

from __future__ import annotations

import time
from collections.abc import Callable

from answerprint_studio.follow import Follower
from answerprint_studio.index import Index
from answerprint_studio.settings import Settings


def reindex(settings: Settings, heed: Callable[[], None] = lambda: None) -> tuple[int, float]:
    """(takes found, seconds). `heed` is called all the while; what it raises ends it.

    Raises:
        SetupError: the database cannot be opened.
    """
    began = time.monotonic()
    index = Index(settings.url)
    try:
        index.clear()
        follower = Follower(index, settings.roots, settings.site, settings.home, lambda _: heed())
        follower.everything()
        return index.count(), time.monotonic() - began
    finally:
        index.close()
