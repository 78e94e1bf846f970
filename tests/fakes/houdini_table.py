"""What the real Houdini is known to have (`houdini/hou_api.json`), for the versions a test asks for."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from houdini_stubs import TABLE, VERSIONS as VERSIONS, Facts as Facts, view

_WRITTEN: Facts = json.loads(TABLE.read_text("utf-8"))
API: dict[str, Facts] = {version: view(_WRITTEN, version) for version in VERSIONS}
PACKAGES: dict[str, str] = _WRITTEN["packages"]

# The stubs say EnumValue of every enumeration; these arguments take values of one
ENUMERATION = {
    "cond_type": "parmCondType",
    "file_type": "fileType",
    "flag": "nodeFlag",
    "float_type": "numericData",
    "folder_type": "folderType",
    "int_type": "numericData",
    "language": "exprLanguage",
    "menu_type": "menuType",
    "mode": "updateMode",
    "naming_scheme": "parmNamingScheme",
    "pane_tab_type": "paneTabType",
    "scope": "attribScope",
    "script_callback_language": "scriptLanguage",
    "severity": "severityType",
    "string_type": "stringParmType",
}


def functions(version: str) -> dict[str, str]:
    return cast("dict[str, str]", API[version]["functions"])


def enums(version: str) -> dict[str, list[str]]:
    return cast("dict[str, list[str]]", API[version]["enums"])


def classes(version: str) -> dict[str, Facts]:
    return cast("dict[str, Facts]", API[version]["classes"])


def known(name: str) -> tuple[str, ...]:
    """The versions that have a name of the module."""
    return tuple(
        version
        for version in VERSIONS
        if name in functions(version)
        or name in enums(version)
        or name in classes(version)
        or name in API[version]["others"]
        or name in API[version]["aliases"]
    )


@cache
def method(of: str, name: str, version: str) -> str | None:
    """A method's signature, of a class or its bases; None where that version has none."""
    found = classes(version).get(of)
    if found is None:
        return None
    if name in found["methods"]:
        return str(found["methods"][name])
    inherited = (method(base, name, version) for base in found["bases"])
    return next((text for text in inherited if text is not None), None)


@cache
def signature(text: str) -> tuple[inspect.Signature, Mapping[str, ast.expr]] | None:
    """What a line of the table stands for, with its types; None: it says nothing of its arguments."""
    written = text.removeprefix("static ").split(" -> ", 1)[0]
    if written == "(...)":
        return None
    arguments = ast.parse(f"def f{written}: pass").body[0]
    if not isinstance(arguments, ast.FunctionDef):
        raise TypeError(text)
    given = arguments.args
    if given.vararg is not None or given.kwarg is not None:
        return None
    kinds = inspect.Parameter
    missing = len(given.args) - len(given.defaults)
    parameters = [
        kinds(
            one.arg,
            kinds.POSITIONAL_OR_KEYWORD,
            default=kinds.empty if number < missing else ...,
        )
        for number, one in enumerate(given.args)
    ]
    types = {one.arg: one.annotation for one in given.args if one.annotation is not None}
    return inspect.Signature(parameters), types


# classes that the fake has, by name: what an argument of that type must be
BUILT: dict[str, type] = {}


def fits(value: Any, kind: ast.expr, version: str) -> bool:
    """Whether a value may be given where a stub says `kind`. What the fake does not know fits.

    bytes: any buffer, numpy's arrays too, as SideFX's text says; a tuple may be a list.
    """
    if isinstance(kind, ast.Constant):
        return _constant(value, kind.value, version)
    if isinstance(kind, ast.BinOp):  # X | Y
        return fits(value, kind.left, version) or fits(value, kind.right, version)
    if isinstance(kind, ast.Subscript):
        return _subscript(value, kind, version)
    if isinstance(kind, ast.Tuple):
        return any(fits(value, each, version) for each in kind.elts)
    return _name(value, ast.unparse(kind), version)


def _constant(value: Any, said: object, version: str) -> bool:
    if said is None:
        return value is None
    return fits(value, ast.parse(str(said), mode="eval").body, version)  # 'Parm', in quotes


def _subscript(value: Any, kind: ast.Subscript, version: str) -> bool:
    outer = ast.unparse(kind.value).rsplit(".", 1)[-1]
    if outer == "Optional":
        return value is None or fits(value, kind.slice, version)
    if outer == "Union":
        return fits(value, kind.slice, version)
    if outer == "Literal":
        return value in ast.literal_eval(kind.slice)
    if outer in {"Sequence", "Iterable", "Tuple", "tuple", "list"}:
        first = kind.slice.elts[0] if isinstance(kind.slice, ast.Tuple) else kind.slice
        return _is_row(value, iterable=outer == "Iterable") and (
            not isinstance(value, Sequence)
            or all(fits(each, first, version) for each in value[:64])
        )
    if outer in {"Mapping", "dict", "Dict"}:
        return isinstance(value, Mapping)
    return callable(value) if outer == "Callable" else True


def _is_row(value: Any, *, iterable: bool) -> bool:
    if isinstance(value, str | bytes):
        return False
    return hasattr(value, "__iter__") and (iterable or hasattr(value, "__len__"))


def _name(value: Any, said: str, version: str) -> bool:
    if said == "float":
        return isinstance(value, int | float)
    if said == "bytes":
        return _is_buffer(value)
    plain: dict[str, type] = {"str": str, "int": int, "bool": int}
    if said in plain:
        return isinstance(value, plain[said])
    if said == "Callable":
        return callable(value)
    alias = API[version]["aliases"].get(said)
    if alias is not None:
        return fits(value, ast.parse(alias, mode="eval").body, version)
    return said not in BUILT or isinstance(value, BUILT[said])


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True
