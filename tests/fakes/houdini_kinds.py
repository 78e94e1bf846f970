"""Node types: category, inputs, what children they have, and the parameters the adapter looks at.

Names of parameters are as public scripts use them; none was compared with a running Houdini
[unverified]. A type that is not here cannot be made: `houdini_session.install` adds one for a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from houdini_enums import EnumValue, value
from houdini_guard import Guarded
from houdini_numbers import Color
from houdini_state import state
from houdini_templates import (
    ButtonParmTemplate,
    FloatParmTemplate,
    IntParmTemplate,
    MenuParmTemplate,
    ParmTemplate,
    ParmTemplateGroup,
    StringParmTemplate,
    ToggleParmTemplate,
)


@dataclass(frozen=True)
class Kind:
    """One type of node. `children`: the category of what it holds; '': nothing."""

    category: str
    name: str
    inputs: int = 1
    children: str = ""
    templates: Callable[[], list[ParmTemplate]] = list
    asset: str = ""  # the file of its definition; '' of a built-in one
    manager: bool = False


def _file() -> list[ParmTemplate]:
    return [
        MenuParmTemplate("filemode", "File Mode", ("auto", "read", "write", "none")),
        StringParmTemplate("file", "Geometry File", 1, ("default.bgeo",)),
        ButtonParmTemplate("reload", "Reload Geometry"),
        MenuParmTemplate("missingframe", "Missing Frame", ("error", "empty")),
        MenuParmTemplate("loadtype", "Load", ("full", "info", "infobbox", "points", "delayed")),
    ]


def _range() -> list[ParmTemplate]:
    return [
        ButtonParmTemplate("execute", "Render to Disk"),
        MenuParmTemplate("trange", "Valid Frame Range", ("off", "normal", "on")),
        FloatParmTemplate(
            "f",
            "Start/End/Inc",
            3,
            (1.0, 240.0, 1.0),
            naming_scheme=value("parmNamingScheme", "Base1"),
        ),
    ]


def _rop(name: str, path: str, *more: str) -> Callable[[], list[ParmTemplate]]:
    return lambda: [
        *_range(),
        StringParmTemplate(name, "Output", 1, (path,)),
        *(StringParmTemplate(each, each, 1) for each in more),
    ]


def _strings(**names: str) -> Callable[[], list[ParmTemplate]]:
    return lambda: [StringParmTemplate(name, name, 1, (text,)) for name, text in names.items()]


def _processor() -> list[ParmTemplate]:
    names = ("generate", "regenstatic", "cooktask")
    return [
        MenuParmTemplate("pdg_workitemgeneration", "Generate When", ("0", "1", "2", "3")),
        *(StringParmTemplate(each, each, 1) for each in names),
    ]


def _transform() -> list[ParmTemplate]:
    return [FloatParmTemplate(name, name, 3, (one,) * 3) for name, one in (("t", 0.0), ("s", 1.0))]


_IMAGE = "$HIP/render/$HIPNAME.$OS.$F4.exr"
_ALL = (
    Kind("Manager", "obj", 0, "Object", manager=True),
    Kind("Manager", "out", 0, "Driver", manager=True),
    Kind("Manager", "stage", 0, "Lop", manager=True),
    Kind("Manager", "tasks", 0, "TopNet", manager=True),
    Kind("Object", "geo", 1, "Sop", _transform),
    Kind("Object", "null", 1, "", _transform),
    Kind("Object", "cam", 1, "", _transform),
    Kind("Object", "subnet", 4, "Object"),
    Kind("Object", "ropnet", 0, "Driver"),
    Kind("Object", "cop2net", 0, "Cop2"),
    Kind("Object", "copnet", 0, "Cop"),
    Kind("Object", "topnet", 0, "Top"),
    Kind("Object", "lopnet", 0, "Lop"),
    *(Kind("Sop", name, 0) for name in ("box", "sphere", "grid", "add")),
    *(
        Kind("Sop", name)
        for name in ("null", "output", "convertvdb", "vdbfrompolygons", "scatter", "color")
    ),
    Kind("Sop", "file", 1, "", _file),
    Kind("Sop", "subnet", 4, "Sop"),
    Kind("Sop", "merge", 9999),
    Kind(
        "Sop",
        "switch",
        9999,
        "",
        lambda: [IntParmTemplate("input", "Select Input", 1, min=0, max=10)],
    ),
    Kind("Sop", "xform", 1, "", _transform),
    Kind("Sop", "object_merge", 0, "", _strings(objpath1="")),
    Kind("Sop", "python", 4, "", _strings(python="")),
    Kind("Sop", "attribwrangle", 4, "", _strings(snippet="")),
    Kind("Sop", "rop_geometry", 1, "", _rop("sopoutput", "$HIP/geo/$HIPNAME.$OS.$F.bgeo.sc")),
    Kind("Sop", "ropnet", 0, "Driver"),
    Kind("Sop", "topnet", 0, "Top"),
    Kind("Sop", "cop2net", 0, "Cop2"),
    Kind("Sop", "copnet", 0, "Cop"),
    Kind("Driver", "ifd", 9999, "", _rop("vm_picture", _IMAGE, "camera")),
    Kind("Driver", "karma", 9999, "", _rop("picture", _IMAGE, "camera")),
    Kind("Driver", "usdrender", 9999, "", _rop("outputimage", _IMAGE, "loppath", "renderer")),
    Kind(
        "Driver",
        "geometry",
        9999,
        "",
        _rop("sopoutput", "$HIP/geo/$HIPNAME.$OS.$F.bgeo.sc", "soppath"),
    ),
    Kind("Driver", "comp", 9999, "", _rop("copoutput", _IMAGE, "coppath")),
    *(Kind("Driver", name, 9999) for name in ("merge", "null", "fetch")),
    Kind("Driver", "subnet", 4, "Driver"),
    Kind("Lop", "usdrender_rop", 1, "", _rop("outputimage", _IMAGE, "rendersettings")),
    Kind("Lop", "karma", 1, "", _rop("picture", _IMAGE, "camera")),
    Kind("Lop", "null", 1),
    Kind("Lop", "sublayer", 1, "", _strings(filepath1="")),
    Kind("Cop2", "file", 1, "", _strings(filename1="$HH/pic/Mandril.pic")),
    Kind("Cop2", "null", 1),
    Kind("Cop", "file", 1, "", _strings(filename="")),
    Kind("Cop", "null", 1),
    Kind("TopNet", "topnet", 0, "Top"),
    Kind("Top", "pythonprocessor", 9999, "", _processor),
    Kind("Top", "localscheduler", 0, "", lambda: [ToggleParmTemplate("useslots", "Slots", True)]),
    Kind("Top", "null", 1),
)
KINDS: dict[tuple[str, str], Kind] = {(one.category, one.name): one for one in _ALL}
CATEGORIES = sorted({one.category for one in _ALL})


def find(category: str, name: str) -> Kind | None:
    """A type by its name; an asset's also without its namespace's version, as Houdini resolves it."""
    installed: Kind | None = state.assets.get((category, name))
    if installed is not None:
        return installed
    for (of, full), kind in state.assets.items():
        if of == category and full.rsplit("::", 1)[0] == name:
            assert isinstance(kind, Kind)
            return kind
    return KINDS.get((category, name))


class NodeTypeCategory(Guarded):
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name

    def nodeType(self, type_name: str) -> OpNodeType | None:
        kind = find(self._name, type_name)
        return None if kind is None else OpNodeType(kind)

    def nodeTypes(self) -> dict[str, OpNodeType]:
        kinds = [*KINDS.values(), *state.assets.values()]
        return {one.name: OpNodeType(one) for one in kinds if one.category == self._name}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeTypeCategory) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)


class OpNodeTypeCategory(NodeTypeCategory):
    pass


class NodeType(Guarded):
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def name(self) -> str:
        return self._kind.name

    def nameComponents(self) -> tuple[str, str, str, str]:
        parts = self._kind.name.split("::")
        version = parts.pop() if len(parts) > 1 and parts[-1][:1].isdigit() else ""
        space = parts.pop(0) if len(parts) > 1 else ""
        return "", space, parts[0], version

    def description(self) -> str:
        return self._kind.name.title()

    def nameWithCategory(self) -> str:
        return f"{self._kind.category}/{self._kind.name}"

    def category(self) -> OpNodeTypeCategory:
        return OpNodeTypeCategory(self._kind.category)

    def defaultColor(self) -> Color:
        return Color((0.8, 0.8, 0.8))

    def maxNumInputs(self) -> int:
        return self._kind.inputs

    def minNumInputs(self) -> int:
        return 0

    def isManager(self, include_management_types: bool = True) -> bool:
        del include_management_types
        return self._kind.manager

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        return ParmTemplateGroup(self._kind.templates())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeType) and self._kind is other._kind

    def __hash__(self) -> int:
        return hash((self._kind.category, self._kind.name))


class OpNodeType(NodeType):
    def definition(self) -> HDADefinition | None:
        return HDADefinition(self._kind) if self._kind.asset else None

    def instances(self) -> tuple[Any, ...]:
        every = state.root._below()
        return tuple(
            one
            for one in every
            if one._kind.name == self._kind.name and one._kind.category == self._kind.category
        )

    def source(self) -> EnumValue:
        return value("nodeTypeSource", "CompiledCode")


class HDADefinition(Guarded):
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def libraryFilePath(self) -> str:
        return self._kind.asset

    def nodeTypeName(self) -> str:
        return self._kind.name

    def nodeType(self) -> OpNodeType:
        return OpNodeType(self._kind)

    def isInstalled(self) -> bool:
        return True

    def sections(self) -> dict[str, Any]:
        """By their names; what is in them is nobody's."""
        return dict.fromkeys(state.sections.get(self._kind.name, ()))
