"""Reindexing: all of the index read anew from the take folders.

What is there is put right in place: a service that runs meanwhile goes on showing its takes.
"""

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
    index = Index(settings.url, settings.roots, own=not settings.database, anew=True)
    try:
        follower = Follower(index, settings.roots, settings.site, settings.home, lambda _: None)
        follower.everything(anew=True, heed=heed)
        return index.count(), time.monotonic() - began
    finally:
        index.close()
