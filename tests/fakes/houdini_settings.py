"""A node's parameters: its type's own, and spare ones that a script adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import houdini_kinds as kinds
from houdini_enums import OperationFailed
from houdini_items import _Told
from houdini_parms import Parm, ParmTuple
from houdini_state import changed
from houdini_templates import ParmTemplate, ParmTemplateGroup, _walk


class _Set(_Told):
    def __init__(self, kind: kinds.Kind, name: str, parent: Any) -> None:
        super().__init__(kind, name, parent)
        self._layout: list[ParmTemplate] = [each.clone() for each in kind.templates()]
        self._builtin = {each._name for each in _walk(self._layout)}
        self._tuples: dict[str, ParmTuple] = {}
        self._lay_out(self._layout)

    def parm(self, parm_path: str) -> Parm | None:
        owner, _, name = parm_path.rpartition("/")
        node = self._find(owner) if owner else self
        if node is None:
            return None
        found = (one for each in node._tuples.values() for one in each._parms)
        return next((one for one in found if one._name == name), None)

    def parmTuple(self, parm_path: str) -> ParmTuple | None:
        owner, _, name = parm_path.rpartition("/")
        node = self._find(owner) if owner else self
        return None if node is None else node._tuples.get(name)

    def parms(self) -> tuple[Parm, ...]:
        return tuple(one for each in self._tuples.values() for one in each._parms)

    def parmTuples(self) -> tuple[ParmTuple, ...]:
        return tuple(self._tuples.values())

    def spareParms(self) -> tuple[Parm, ...]:
        return tuple(one for one in self.parms() if one.isSpare())

    def evalParm(self, parm_path: str) -> Any:
        found = self.parm(parm_path)
        if found is None:
            raise OperationFailed(f"Invalid parameter: {parm_path}")
        return found.eval()

    def setParms(self, parm_dict: Mapping[str, Any]) -> None:
        for name, given in parm_dict.items():
            found = self.parm(name) or self.parmTuple(name)
            if found is None:
                raise OperationFailed(f"Invalid parameter: {name}")
            found.set(given)

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        return ParmTemplateGroup(self._layout)

    def setParmTemplateGroup(
        self, parm_template_group: ParmTemplateGroup, rename_conflicting_parms: bool = False
    ) -> None:
        del rename_conflicting_parms
        self._editable("parameters")
        new = [each.clone() for each in parm_template_group._entries]
        names = {each._name for each in _walk(new)}
        if missing := self._builtin - names:
            raise OperationFailed(
                f"{self._path()} cannot lose its own {', '.join(sorted(missing))}"
            )
        self._lay_out(new)
        changed(f"parameters of {self._path()}")

    def removeSpareParms(self) -> None:
        self._lay_out([each for each in self._layout if each._name in self._builtin])
        changed(f"parameters of {self._path()}")

    def _lay_out(self, layout: list[ParmTemplate]) -> None:
        """A new layout; what stays under its name keeps its values, as in Houdini."""
        before = self._tuples
        self._layout, self._tuples = layout, {}
        for each in _walk(layout):
            if not each._defaults() and each._type in {"Folder", "Separator", "Label"}:
                continue
            old = before.get(each._name)
            if old is not None and (old._template._type, len(old)) == (
                each._type,
                len(each._defaults()),
            ):
                self._tuples[each._name] = before.pop(each._name)
                old._template = each  # a hou.Parm that somebody holds goes on
            else:
                self._tuples[each._name] = ParmTuple(
                    self, each, spare=each._name not in self._builtin
                )
        for gone in before.values():
            gone._gone = True
