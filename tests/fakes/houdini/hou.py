"""A Houdini for tests: strict, and with no name or argument that the stubs do not vouch for.

What a test sets or asks is in `houdini_session`; see `test_fake_houdini.py` for what it promises.
"""

from __future__ import annotations

import types as _types
from typing import Any as _Any

import houdini_enums as _enums
import houdini_guard as _guard
import houdini_interface as _interface
import houdini_kinds as _kinds
import houdini_session as _session
import houdini_table as _table
from houdini_attribs import (
    Attrib as Attrib,
    EdgeGroup as EdgeGroup,
    PointGroup as PointGroup,
    PrimGroup as PrimGroup,
    VertexGroup as VertexGroup,
)
from houdini_enums import EnumValue as EnumValue
from houdini_geometry import Geometry as Geometry
from houdini_interface import (
    Desktop as Desktop,
    InterruptableOperation as InterruptableOperation,
    NetworkEditor as NetworkEditor,
    PaneTab as PaneTab,
    PythonPanel as PythonPanel,
    SceneViewer as SceneViewer,
    UndosDisabler as UndosDisabler,
    UndosGroup as UndosGroup,
    hda as hda,
    hipFile as hipFile,
    playbar as playbar,
    pypanel as pypanel,
    text as text,
    undos as undos,
)
from houdini_items import (
    NetworkItem as NetworkItem,
    NetworkMovableItem as NetworkMovableItem,
    Node as Node,
)
from houdini_kinds import (
    HDADefinition as HDADefinition,
    NodeType as NodeType,
    NodeTypeCategory as NodeTypeCategory,
    OpNodeType as OpNodeType,
    OpNodeTypeCategory as OpNodeTypeCategory,
)
from houdini_nodes import (
    Cop2Node as Cop2Node,
    CopNode as CopNode,
    LopNode as LopNode,
    NodeConnection as NodeConnection,
    ObjNode as ObjNode,
    OpNode as OpNode,
    OpNodeConnection as OpNodeConnection,
    RopNode as RopNode,
    TopNode as TopNode,
)
from houdini_numbers import (
    BoundingBox as BoundingBox,
    Color as Color,
    Matrix3 as Matrix3,
    Matrix4 as Matrix4,
    Vector2 as Vector2,
    Vector3 as Vector3,
    Vector4 as Vector4,
)
from houdini_parms import (
    BaseKeyframe as BaseKeyframe,
    Keyframe as Keyframe,
    Parm as Parm,
    ParmTuple as ParmTuple,
    expanded as _expanded,
    variable as _variable,
)
from houdini_prims import (
    VDB as VDB,
    Face as Face,
    PackedGeometry as PackedGeometry,
    PackedPrim as PackedPrim,
    Point as Point,
    Polygon as Polygon,
    Prim as Prim,
    Vertex as Vertex,
    Volume as Volume,
)
from houdini_sops import SopNode as SopNode
from houdini_state import changed as _changed, state as _state
from houdini_templates import (
    ButtonParmTemplate as ButtonParmTemplate,
    FloatParmTemplate as FloatParmTemplate,
    FolderParmTemplate as FolderParmTemplate,
    IntParmTemplate as IntParmTemplate,
    LabelParmTemplate as LabelParmTemplate,
    MenuParmTemplate as MenuParmTemplate,
    ParmTemplate as ParmTemplate,
    ParmTemplateGroup as ParmTemplateGroup,
    SeparatorParmTemplate as SeparatorParmTemplate,
    StringParmTemplate as StringParmTemplate,
    ToggleParmTemplate as ToggleParmTemplate,
)

# hou.session: the scene's own module of Python
session = _types.ModuleType("hou.session")
# what only one of the versions has: served where a test asks for that version alone
_LATER = {"refreshStartupPathCacheDirectory": _state.refreshed.append}


@_guard.function
def isUIAvailable() -> bool:
    return _state.ui


@_guard.function
def applicationVersion(include_patch: bool = False) -> tuple[int, ...]:
    del include_patch
    return tuple(int(each) for each in _state.version.split("."))


@_guard.function
def applicationVersionString() -> str:
    return _state.version


@_guard.function
def applicationName() -> str:
    return "houdinifx" if _state.ui else "hython"


@_guard.function
def licenseCategory() -> EnumValue:
    return _enums.value("licenseCategoryType", _state.category)


@_guard.function
def isApprentice() -> bool:
    return _state.category.startswith("Apprentice")


@_guard.function
def root() -> _Any:
    return _state.root


@_guard.function
def pwd() -> _Any:
    return _state.pwd


@_guard.function
def node(path: str) -> _Any:
    return _state.root._find(path)


@_guard.function
def nodeBySessionId(session_id: int) -> _Any:
    every = [_state.root, *_state.root._below()]
    return next((one for one in every if one._session == session_id), None)


@_guard.function
def parm(path: str) -> _Any:
    return _state.root.parm(path)


@_guard.function
def parmTuple(path: str) -> _Any:
    return _state.root.parmTuple(path)


@_guard.function
def selectedNodes(include_hidden: bool = False) -> tuple[_Any, ...]:
    del include_hidden
    return tuple(_state.selected)


@_guard.function
def clearAllSelected() -> None:
    _state.selected.clear()


@_guard.function
def nodeType(category_or_name: _Any, internal_name: str | None = None) -> _Any:
    if isinstance(category_or_name, NodeTypeCategory):
        return category_or_name.nodeType(internal_name or "")
    return _category(str(category_or_name).partition("/")[0]).nodeType(
        str(category_or_name).partition("/")[2]
    )


@_guard.function
def nodeTypeCategories() -> dict[str, OpNodeTypeCategory]:
    return {name: OpNodeTypeCategory(name) for name in _kinds.CATEGORIES}


@_guard.function
def sopNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Sop")


@_guard.function
def objNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Object")


@_guard.function
def ropNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Driver")


@_guard.function
def copNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Cop")


@_guard.function
def cop2NodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Cop2")


@_guard.function
def topNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Top")


@_guard.function
def lopNodeTypeCategory() -> OpNodeTypeCategory:
    return _category("Lop")


@_guard.function
def frame(full_precision: bool = False) -> float:
    del full_precision
    return _state.frame


@_guard.function
def intFrame() -> int:
    return round(_state.frame)


@_guard.function
def setFrame(frame: float) -> None:
    """Written down: nothing of ours may move an artist's playbar."""
    _state.frame = float(frame)
    _changed(f"frame {frame:g}")


@_guard.function
def fps() -> float:
    return _state.fps


@_guard.function
def time() -> float:
    return (_state.frame - 1) / _state.fps


@_guard.function
def frameToTime(frame: float) -> float:
    return (frame - 1) / _state.fps


@_guard.function
def timeToFrame(time: float, full_precision: bool = False) -> float:
    del full_precision
    return time * _state.fps + 1


@_guard.function
def updateModeSetting() -> EnumValue:
    return _enums.value("updateMode", _state.update_mode)


@_guard.function
def setUpdateMode(mode: EnumValue) -> None:
    _guard.misuse(f"the update mode was set to {mode!r}: it is the artist's")


@_guard.function
def getenv(name: str, default_value: str | None = None) -> str | None:
    found = _variable(name)
    return default_value if found is None else found


@_guard.function
def putenv(name: str, value: str) -> None:
    _state.environment[name] = value


@_guard.function
def expandString(str: str, expand_tilde: bool = True) -> str:
    del expand_tilde
    return _expanded(str, _state.frame)


@_guard.function
def expandStringAtFrame(str: str, frame: float, expand_tilde: bool = True) -> str:
    del expand_tilde
    return _expanded(str, frame)


@_guard.function
def homeHoudiniDirectory() -> str:
    return _state.environment.get("HOUDINI_USER_PREF_DIR", "/home/artist/houdini21.0")


@_guard.function
def phm() -> _Any:
    return _session.module_of_asset()


def _category(name: str) -> OpNodeTypeCategory:
    return OpNodeTypeCategory(name)


def __getattr__(name: str) -> _Any:
    """Enumerations, exceptions, hou.ui where there is one; every other name is refused."""
    if name.startswith("_"):
        raise AttributeError(name)
    has = _table.known(name)
    served = bool(has) and all(version in has for version in _state.versions)
    if name in {"ui", "qt"}:
        if _state.ui:
            return getattr(_interface, name)
        raise AttributeError(f"module 'hou' has no attribute '{name}': there is no interface")
    if served and name in _enums.ENUMS:
        return _enums.ENUMS[name]
    if served and name in _enums.ERRORS:
        return _enums.ERRORS[name]
    if served and name in _LATER:
        return _LATER[name]
    return _guard.absent(f"hou.{name}", has)
