"""SOPs cook: a file reads, a null passes on, and every other one does what a test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import houdini_kinds as kinds
import houdini_nodes as nodes
from houdini_enums import ERRORS, OperationFailed
from houdini_geometry import Geometry, geometry_of
from houdini_state import changed, state

# types that hand their first input on
PASSING = ("null", "output", "python", "attribwrangle", "xform", "color", "rop_geometry")


class SopNode(nodes._Flagged):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._cook: Callable[[float], Any] | None = None
        self._dependent = False
        self._live = Geometry()  # the one that every caller holds, and every cook changes
        self._live._node, self._live._read_only = self, True
        self._soft = self._hard = False
        self._doors: tuple[SopNode, ...] = ()

    def geometry(self, output_index: int = 0) -> Geometry | None:
        del output_index
        return self._cooked_at(state.frame)

    def geometryAtFrame(self, frame: float, output_index: int = 0) -> Geometry | None:
        del output_index
        return self._cooked_at(frame)

    def inputGeometry(self, index: int) -> Geometry | None:
        of = self._inputs.get(index)
        return of.geometry() if isinstance(of, SopNode) else None

    def inputGeometryAtFrame(self, frame: float, index: int) -> Geometry | None:
        of = self._inputs.get(index)
        return of.geometryAtFrame(frame) if isinstance(of, SopNode) else None

    def indirectInputs(self) -> tuple[SopNode, ...]:
        """What stands for a subnet's own inputs, inside of it."""
        if self._kind.name == "subnet" and not self._doors:
            self._doors = tuple(_Door(self, index) for index in range(self._kind.inputs))
        return self._doors

    def cook(self, force: bool = False, frame_range: Any = ()) -> None:
        del force, frame_range
        self._cooked_at(state.frame)

    def isRenderFlagSet(self) -> bool:
        return self._flags["Render"]

    def setRenderFlag(self, on: bool) -> None:
        self._only("Render", on=on)

    def isTemplateFlagSet(self) -> bool:
        return self._flags.get("Template", False)

    def isHardLocked(self) -> bool:
        return self._hard

    def setHardLocked(self, on: bool) -> None:
        self._hard = on
        changed(f"lock {self._path()}")

    def isSoftLocked(self) -> bool:
        return self._soft

    def setSoftLocked(self, on: bool) -> None:
        self._soft = on
        changed(f"lock {self._path()}")

    def displayNode(self) -> nodes.OpNode | None:
        return self._flagged("Display")

    def renderNode(self) -> nodes.OpNode | None:
        return self._flagged("Render")

    def _moves(self) -> bool:
        return self._dependent or super()._moves()

    def _cooked_at(self, frame: float) -> Geometry:
        if state.update_mode == "Manual" and not state.manual_cooks and self._cooks:
            return self._live
        self._errors.clear()
        try:
            cooked = self._result(frame)
        except ERRORS["Error"] as error:
            self._errors.append(error.instanceMessage())
            raise
        self._cooks += 1
        self._live._take(geometry_of(cooked))
        return self._live

    def _result(self, frame: float) -> Any:
        state.cooked.append((self._path(), frame))
        if self._cook is not None:
            return self._cook(frame)
        kind = self._kind.name
        if kind == "file":
            return self._read(frame)
        first = self._inputs.get(0)
        if kind == "switch":
            first = self._inputs.get(int(self._tuples["input"]._parms[0]._at(frame)))
        if kind == "subnet":
            first = self._flagged("Display")
        if kind == "merge" and len(self._inputs) > 1:
            raise NotImplementedError("the fake's merge has one input: give it a cook function")
        passes = kind in PASSING or kind in {"subnet", "merge", "switch"} or bool(self._kind.asset)
        if passes and isinstance(first, SopNode):
            return first._cooked_at(frame)
        if self._kind.inputs and kind in PASSING and kind != "null":
            raise OperationFailed(f"Error in {self._path()}: not enough sources specified.")
        return Geometry()

    def _read(self, frame: float) -> Geometry:
        path = str(self._tuples["file"]._parms[0]._at(frame))
        empty = self._tuples["missingframe"]._parms[0]._at(frame) == 1
        if not Path(path).is_file():
            if empty:
                return Geometry()
            raise OperationFailed(f'Unable to read file "{path}".')
        made = Geometry()
        made.loadFromFile(path)
        return made


class _Door(SopNode):
    """A dot, not a node: it is no child, and gives what is wired into the subnet."""

    def __init__(self, of: SopNode, index: int) -> None:
        kind = kinds.find("Sop", "null")
        assert kind is not None
        super().__init__(kind, str(index + 1), of)
        self._of, self._index = of, index

    def _result(self, frame: float) -> Any:
        wired = self._of._inputs.get(self._index)
        return wired._cooked_at(frame) if isinstance(wired, SopNode) else Geometry()


nodes.CLASSES["Sop"] = SopNode
