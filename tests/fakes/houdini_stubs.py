"""What Houdini has, by its stubs: writes `houdini/hou_api.json`, names and signatures alone.

python tests/fakes/houdini_stubs.py STUB_20_5 STUB_21_0     each a hou-stubs/__init__.pyi
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "houdini" / "hou_api.json"
VERSIONS = ("20.5", "21.0")
PACKAGES = {"20.5": "types-houdini 20.5.487.0", "21.0": "types-houdini 21.0.512.3"}
# Classes that are listed with all they have; of every other one only the name is
LISTED = [
    "Attrib",
    "BaseKeyframe",
    "BoundingBox",
    "ChopNode",
    "Color",
    "Cop2Node",
    "CopNode",
    "DopNode",
    "EdgeGroup",
    "EnumValue",
    "Error",
    "Face",
    "FloatParmTemplate",
    "ButtonParmTemplate",
    "FolderParmTemplate",
    "FolderSetParmTemplate",
    "Geometry",
    "HDADefinition",
    "HDAModule",
    "HDASection",
    "ImageLayer",
    "IntParmTemplate",
    "InterruptableOperation",
    "Keyframe",
    "LabelParmTemplate",
    "LopNode",
    "LopNetwork",
    "Matrix3",
    "Matrix4",
    "MenuParmTemplate",
    "NetworkItem",
    "NetworkMovableItem",
    "Node",
    "NodeConnection",
    "NodeType",
    "NodeTypeCategory",
    "ObjNode",
    "OpNode",
    "OpNodeConnection",
    "OpNodeType",
    "OpNodeTypeCategory",
    "PackedGeometry",
    "PackedPrim",
    "PaneTab",
    "NetworkEditor",
    "PathBasedPaneTab",
    "Desktop",
    "Pane",
    "FloatingPanel",
    "Parm",
    "ParmTemplate",
    "ParmTemplateGroup",
    "ParmTuple",
    "Point",
    "PointGroup",
    "Polygon",
    "Prim",
    "PrimGroup",
    "PythonPanel",
    "RopNode",
    "SceneViewer",
    "SeparatorParmTemplate",
    "SopNode",
    "SopVerb",
    "OpVerb",
    "StringKeyframe",
    "StringParmTemplate",
    "ToggleParmTemplate",
    "TopNode",
    "UndosDisabler",
    "UndosGroup",
    "VDB",
    "Vector2",
    "Vector3",
    "Vector4",
    "Vertex",
    "VertexGroup",
    "Volume",
    "hda",
    "hipFile",
    "playbar",
    "pypanel",
    "qt",
    "shelves",
    "text",
    "ui",
    "undos",
]
Facts = dict[str, Any]


def read(stub: Path) -> Facts:
    """One version's aliases, functions, enumerations and listed classes."""
    body = ast.parse(stub.read_text("utf-8")).body
    classes = {one.name: one for one in body if isinstance(one, ast.ClassDef)}
    values = [one for one in body if isinstance(one, ast.AnnAssign)]
    alias = {ast.unparse(one.target): one for one in values}
    enums = {name: found for name, one in classes.items() if (found := _enumeration(one))}
    wanted = {*LISTED, *(name for name, one in classes.items() if _is_error(one, classes))}
    return {
        "aliases": {
            name: ast.unparse(one.value)
            for name, one in alias.items()
            if one.value is not None and ast.unparse(one.annotation) == "TypeAlias"
        },
        "functions": {
            **{one.name: _signature(one) for one in body if isinstance(one, ast.FunctionDef)},
            # written without their arguments, and real
            **{n: "(...)" for n, o in alias.items() if ast.unparse(o.annotation) == "Incomplete"},
        },
        "enums": enums,
        "classes": {name: _class(classes[name]) for name in sorted(wanted & set(classes))},
        "others": sorted(n for n in set(classes) - wanted - set(enums) if not n.startswith("_")),
    }


def merged(one: Facts, other: Facts) -> Facts:
    """Both versions' facts in one: what they share is written once."""
    names = sorted({*one, *other})
    return {
        name: merged(one.get(name, {}), other.get(name, {}))
        if isinstance(one.get(name, other.get(name)), dict)
        else _both(one.get(name), other.get(name))
        for name in names
    }


def view(table: Any, version: str) -> Any:
    """One version's facts again."""
    if isinstance(table, dict) and set(table) == {"20.5|21.0"}:
        return table["20.5|21.0"][VERSIONS.index(version)]
    if not isinstance(table, dict):
        return table
    seen = {name: view(one, version) for name, one in table.items()}
    return {name: one for name, one in seen.items() if one is not None and one != {}}


def written(table: Facts) -> str:
    """One name a line, so that a change can be read."""
    return json.dumps(table, indent=0, sort_keys=True, ensure_ascii=True) + "\n"


def _both(one: Any, other: Any) -> Any:
    return one if one == other else {"20.5|21.0": [one, other]}


def _enumeration(one: ast.ClassDef) -> list[str]:
    return sorted(
        ast.unparse(each.target)
        for each in one.body
        if isinstance(each, ast.AnnAssign) and ast.unparse(each.annotation) == "EnumValue"
    )


def _is_error(one: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    bases = [ast.unparse(base) for base in one.bases]
    return "Exception" in bases or any(
        base in classes and _is_error(classes[base], classes) for base in bases
    )


def _class(one: ast.ClassDef) -> Facts:
    methods = {
        each.name: _signature(each)
        for each in one.body
        if isinstance(each, ast.FunctionDef) and not each.name.startswith("__swig")
    }
    return {"bases": [ast.unparse(base) for base in one.bases], "methods": methods}


def _signature(one: ast.FunctionDef) -> str:
    static = any(ast.unparse(each) == "staticmethod" for each in one.decorator_list)
    returns = "" if one.returns is None else f" -> {ast.unparse(one.returns)}"
    return f"{'static ' if static else ''}({ast.unparse(one.args)}){returns}"


if __name__ == "__main__":
    before, now = (read(Path(name)) for name in sys.argv[1:])
    facts = {**merged(before, now), "packages": PACKAGES}
    TABLE.write_text(written(facts), "utf-8", newline="\n")
    print(TABLE, TABLE.stat().st_size)
