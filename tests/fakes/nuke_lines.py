"""A node's knobs as lines of a script: `first 1001`, `addUserKnob {20 Answerprint}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nuke_table as table
import nuke_texts as texts
from nuke_arrays import Boolean_Knob, Double_Knob, Int_Knob
from nuke_knobs import Knob
from nuke_tcl import quote

_CONSTANTS = table.API["constants"]
# The numbers that addUserKnob has for kinds of knobs
NUMBERS: dict[int, type[Knob]] = {
    1: texts.String_Knob,
    2: texts.File_Knob,
    3: Int_Knob,
    4: texts.Enumeration_Knob,
    6: Boolean_Knob,
    7: Double_Knob,
    20: texts.Tab_Knob,
    22: texts.PyScript_Knob,
    26: texts.Text_Knob,
    41: texts.Link_Knob,
    43: texts.Multiline_Eval_String_Knob,
}
# Flags that a script keeps; what else was set on a user knob is gone after loading
FLAGS = {"INVISIBLE": "nuke.INVISIBLE", "DISABLED": "nuke.DISABLED", "STARTLINE": "nuke.STARTLINE"}
_IN_DEFINITION = (texts.PyScript_Knob, texts.Text_Knob)


def of_node(node: Any) -> list[str]:
    """All that a script holds of a node's knobs: those that are not at their defaults."""
    knobs = list(node._knobs.values())
    return [*(_line(each) for each in knobs if _kept(each)), *of_user(knobs)]


def of_user(knobs: list[Knob]) -> Iterator[str]:
    """Definitions and values of what was added to a node."""
    for knob in knobs:
        if knob._user:
            yield f"addUserKnob {{{_definition(knob)}}}"
            if not isinstance(knob, _IN_DEFINITION) and not knob._is_default():
                yield _line(knob)


def written(node: Any, flags: int) -> str:
    """What node.writeKnobs gives: names, or lines with TO_SCRIPT; where it stands with WRITE_ALL."""
    knobs = list(node._knobs.values())
    every = flags & _CONSTANTS["nuke.WRITE_ALL"]
    kept = [
        each
        for each in knobs
        if (every or each._name not in ("name", "xpos", "ypos", "selected"))
        and not (flags & _CONSTANTS["nuke.WRITE_NON_DEFAULT_ONLY"] and each._is_default())
    ]
    if not flags & _CONSTANTS["nuke.TO_SCRIPT"]:
        return "\n".join(each._name for each in kept)
    if flags & _CONSTANTS["nuke.WRITE_USER_KNOB_DEFS"]:
        own = [_line(each) for each in kept if not each._user]
        return "\n".join([*own, *of_user(knobs)])
    return "\n".join(_line(each) for each in kept)


def _line(knob: Knob) -> str:
    return f"{quote(knob._name)} {knob._script()}"


def _kept(knob: Knob) -> bool:
    always = knob._flags & _CONSTANTS["nuke.ALWAYS_SAVE"] or knob._name == "name"
    never = knob._user or knob._flags & _CONSTANTS["nuke.DO_NOT_WRITE"]
    return bool(not never and (always or not knob._is_default()))


def _definition(knob: Knob) -> str:
    number = next(number for number, kind in NUMBERS.items() if type(knob) is kind)
    parts = [str(number), quote(knob._name)]
    if knob._label:
        parts += ["l", quote(knob._label)]
    if knob._tooltip:
        parts += ["t", quote(knob._tooltip)]
    if isinstance(knob, _IN_DEFINITION):
        parts += ["T", quote(knob._text)]
    if isinstance(knob, texts.Link_Knob):
        parts += ["T", quote(knob._link)]
    for word, constant in FLAGS.items():
        if knob._flags & _CONSTANTS[constant]:
            parts.append(f"+{word}")
    if isinstance(knob, texts.Enumeration_Knob):
        parts += ["M", "{" + " ".join(quote(each) for each in knob._items) + "}"]
    return " ".join(parts)
