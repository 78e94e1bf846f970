"""What the real Nuke is known to have (`nuke_api.json`), and what else its facts vouch for."""

from __future__ import annotations

import ast
import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

API: dict[str, Any] = json.loads(Path(__file__).with_name("nuke_api.json").read_text("utf-8"))

FACTS = "facts/nuke.md"
# Real names that the stubs do not declare, each with where it was seen
ALSO_REAL = {
    "nuke.nodes": f"{FACTS} 4: nuke.nodes.Class(**knobs)",
    "nuke.env": f"{FACTS} 1; the keys are env_keys of the table",
    "nukescripts.panels": f"{FACTS} 2",
}
# Classes of nodes that no public script serialised: name -> (knobs, where it was seen)
ALSO_CLASSES = {
    "DeepRead": (
        ("file", "first", "last", "label", "name", "selected", "xpos", "ypos"),
        f"{FACTS} 5: node_for_sequence tells Read from DeepRead",
    ),
}
# Where the fake does not follow a stub to the letter, and why
DEVIATIONS = {
    "Text_Knob.setValue": "Knob's own line (val, chan) says nothing of defaults; one value is set "
    "everywhere [unverified for Text_Knob]",
    "Knob.toScript": "(quote, context=None); GatiMedia/temp knobs.py calls it without arguments",
    "XY_Knob.value": "the stub's (n, oc) is the NDK's; scripts call it without [unverified]",
    "XYZ_Knob.value": "as XY_Knob.value",
    "Menu.addMenu": "(**kwargs) in the stub; all menu.py files give the name first",
}
# Written beside the knobs in a script, but no knobs
_NO_KNOBS = {"inputs", "mapsize"}


def function(name: str) -> str | None:
    """The table's signature of `nuke.execute` and the like; None where it has none."""
    found: str | None = API["functions"].get(name)
    return found


def method(classes: list[str], name: str) -> str | None:
    """The signature of a method, of the first of these classes (without 'nuke.') that has it."""
    for each in classes:
        found: str | None = API["classes"].get(f"nuke.{each}", {}).get("methods", {}).get(name)
        if found is not None:
            return found
    return None


def node_classes() -> list[str]:
    return sorted({*API["knobs"], *ALSO_CLASSES} - {"Root"})


@cache
def knob_names(node_class: str, file_type: str | None = None) -> tuple[str, ...]:
    """The knobs of a class, in the table's order; those of its file type only under that type."""
    if node_class in ALSO_CLASSES:
        return ALSO_CLASSES[node_class][0]
    names = [name for name in API["knobs"][node_class] if name not in _NO_KNOBS]
    bound = knobs_of_type(node_class, "exr")
    return tuple(name for name in names if name not in bound or file_type == "exr")


def knobs_of_type(node_class: str, file_type: str) -> tuple[str, ...]:
    return tuple(API["knobs_by_file_type"].get(f"{node_class}({file_type})", ()))


def signature(text: str) -> inspect.Signature | None:
    """The signature that a line of the table stands for; None: it says (*args, **kwargs) or the like."""
    written = text.split(" -> ", 1)[0]
    arguments = ast.parse(f"def f{written}: pass").body[0]
    if not isinstance(arguments, ast.FunctionDef):
        raise TypeError(text)
    given = arguments.args
    if given.kwarg is not None or given.vararg is not None:
        return None
    missing = len(given.args) - len(given.defaults)
    kinds = inspect.Parameter
    return inspect.Signature(
        [
            kinds(
                one.arg,
                kinds.POSITIONAL_OR_KEYWORD,
                default=kinds.empty if number < missing else given.defaults[number - missing],
            )
            for number, one in enumerate(given.args)
        ]
    )
