"""Folds whose content reaches both edges of the panel, while their heading keeps its margins."""

from __future__ import annotations

from answerprint_panel import look
from answerprint_panel.widgets import Fold


def inset(fold: Fold) -> None:
    """Give a fold's heading the panel's margins: the rows below have their own."""
    whole = fold.layout()
    item = whole.itemAt(0) if whole is not None else None
    head = item.layout() if item is not None else None
    if whole is not None and head is not None:
        whole.setSpacing(0)
        head.setContentsMargins(look.MARGIN, look.SMALL, look.MARGIN, 0)
