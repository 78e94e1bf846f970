"""Whether a value is one that a contract's parameter takes; numbers as people write them. No Qt."""

from __future__ import annotations

import math
import re
from typing import Any, Optional

from answerprint_panel.host import Document

MOST_SHOWN = 60  # characters of a value that cannot be used
MOST_TYPED = 60  # characters that are read as a number
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?$")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+([.]\d*)?$")


def problem(parameter: Document, value: Any) -> str:
    """Why a parameter cannot have this value, as a sentence; empty where it can."""
    kind = str(parameter.get("type"))
    if isinstance(value, dict):
        takes = kind in ("float", "int") and bool(parameter.get("animatable"))
        return "" if takes else "It takes no curve."
    if kind in ("float", "int"):
        return _no_number(kind, value) or _out_of_range(parameter, value)
    choices = [str(one) for one in parameter.get("choices") or []]
    if kind == "choice" and value not in choices:
        return f"{shown(value)} is none of its choices."
    if kind == "bool" and not isinstance(value, bool):
        return f"{shown(value)} is neither on nor off."
    if kind == "text" and not isinstance(value, str):
        return f"{shown(value)} is no text."
    return ""


def _no_number(kind: str, value: Any) -> str:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not good:
        return f"{shown(value)} is no {'whole ' if kind == 'int' else ''}number."
    if kind == "int" and isinstance(value, float) and not value.is_integer():
        return f"{shown(value)} is no whole number."
    return ""


def _out_of_range(parameter: Document, value: float) -> str:
    least, greatest = parameter.get("min"), parameter.get("max")
    if least is not None and value < least:
        return f"{said(value)} is too little: it begins at {said(least)}."
    if greatest is not None and value > greatest:
        return f"{said(value)} is too much: it ends at {said(greatest)}."
    return ""


def shown(value: Any) -> str:
    """A value as a sentence names it: words in quotes, cut where they are long."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return said(value)
    text = str(value)
    return f"'{text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + '…'}'"


def said(value: float) -> str:
    """A number as people write it: 0.35, 35, 1e-06 only where it is that small."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.12g}"


def parsed(text: str, *, whole: bool) -> Optional[float]:
    """The number that somebody typed, 0,5 as 0.5; None where it is none, or could be two."""
    cleaned = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(cleaned) > MOST_TYPED or not _NUMBER.match(cleaned) or is_ambiguous(cleaned):
        return None
    try:
        value = int(cleaned) if whole else float(cleaned.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_ambiguous(text: str) -> bool:
    """1,000 is a thousand to some and one to others."""
    return bool(_THOUSANDS.match(text.strip()))


def refused(text: str, *, whole: bool) -> str:
    """What to say of something that was typed and is no number."""
    if is_ambiguous(text):
        plain = text.strip().replace(",", "")
        return f"'{text.strip()}' can be read in two ways: write {plain}, or the fraction with a point."
    kind = "whole number" if whole else "number"
    return f"{shown(text)} is no {kind}; the one from before stays."
