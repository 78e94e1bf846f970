"""Houdini's enumerations, made from the table, and its exceptions."""

from __future__ import annotations

from typing import Any

import houdini_table as table
from houdini_guard import absent
from houdini_state import state


class EnumValue:
    """One value of an enumeration: hou.attribType.Point."""

    def __init__(self, group: str, name: str) -> None:
        self._group, self._name = group, name

    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"{self._group}.{self._name}"

    def __lt__(self, other: object) -> bool:
        return isinstance(other, EnumValue) and repr(self) < repr(other)


table.BUILT["EnumValue"] = EnumValue


class _Enumeration:
    """hou.attribType and its like: the same value for the same name, always."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: dict[str, EnumValue] = {}

    def __getattr__(self, name: str) -> EnumValue:
        if name.startswith("_"):
            raise AttributeError(name)
        has = tuple(v for v in table.VERSIONS if name in table.enums(v).get(self._name, ()))
        if not has or not all(version in has for version in state.versions):
            absent(f"hou.{self._name}.{name}", has)
        return self._values.setdefault(name, EnumValue(self._name, name))


ENUMS: dict[str, _Enumeration] = {
    name: _Enumeration(name) for version in table.VERSIONS for name in table.enums(version)
}


def value(group: str, name: str) -> EnumValue:
    """The fake's own way to a value."""
    found: EnumValue = getattr(ENUMS[group], name)
    return found


class Error(Exception):
    """What Houdini raises."""

    _says = "An error occurred."

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._message = str(args[0]) if args and args[0] is not None else ""

    def exceptionTypeName(self) -> str:
        return type(self).__name__

    def description(self) -> str:
        return self._says

    def instanceMessage(self) -> str:
        return self._message

    def __str__(self) -> str:
        return f"{self._says}\n{self._message}" if self._message else self._says


def _errors() -> dict[str, type[Error]]:
    """Every exception of the stubs, as they derive from each other."""
    made: dict[str, type[Error]] = {"Error": Error}
    facts = {
        name: one for version in table.VERSIONS for name, one in table.classes(version).items()
    }
    left = {name: one["bases"] for name, one in facts.items()}
    grew = True
    while grew:
        grew = False
        for name, bases in left.items():
            if name not in made and any(base in made for base in bases):
                base = next(made[each] for each in bases if each in made)
                made[name] = type(name, (base,), {"_says": _SAYS.get(name, Error._says)})
                grew = True
    return made


_SAYS = {
    "OperationFailed": "The attempted operation failed.",
    "ObjectWasDeleted": "Attempt to access an object that no longer exists in Houdini.",
    "PermissionError": "Failed to modify node or parameter because of a permission error.",
    "GeometryPermissionError": "Geometry is read-only.",
    "OperationInterrupted": "The operation was interrupted.",
    "NodeError": "The node has an error.",
    "NodeWarning": "The node has a warning.",
    "InvalidInput": "Invalid input.",
    "InvalidSize": "Invalid size.",
    "NotAvailable": "Not available.",
    "InvalidNodeType": "Invalid node type.",
    "NameConflict": "A name conflict occurred.",
}
ERRORS = _errors()
ObjectWasDeleted = ERRORS["ObjectWasDeleted"]
OperationFailed = ERRORS["OperationFailed"]
OperationInterrupted = ERRORS["OperationInterrupted"]
PermissionError = ERRORS["PermissionError"]  # noqa: A001 - Houdini's own name
GeometryPermissionError = ERRORS["GeometryPermissionError"]
InvalidInput = ERRORS["InvalidInput"]
InvalidSize = ERRORS["InvalidSize"]
NotAvailable = ERRORS["NotAvailable"]
NodeError = ERRORS["NodeError"]
