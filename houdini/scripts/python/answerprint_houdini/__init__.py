"""Answerprint in Houdini."""

from __future__ import annotations

from answerprint_houdini import roots  # by being imported it lets answerprint_panel be found

__all__ = ["roots"]
