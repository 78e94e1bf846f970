"""The task node without the asset: a subnet with the same parameters, and a File SOP that reads takes.

`hou` is Houdini's module, handed over by the tool.
"""

from __future__ import annotations

from typing import Any, List, Optional

from answerprint_houdini import asset, nodes, place, undo
from answerprint_houdini.asset_parms import PARMS, Parm
from answerprint_panel.host import HostError

NAME = "answerprint_task"
# A scene is opened where Answerprint is not installed as well
_CALLBACK = """\
try:
    import answerprint_door
except ImportError:
    print("Answerprint is not installed here. The node reads its files all the same.")
else:
    answerprint_door.asset("pressed", hou, "{verb}", kwargs["node"])
"""


def beside_selected(hou: Any) -> Any:
    """A task node of the selected SOP, wired to it. Raises HostError: none is selected."""
    plate: Any = nodes.selected(hou)
    home = plate.parent()
    if not isinstance(plate, hou.SopNode) or home is None:
        raise HostError(
            f"{plate.path()} is no SOP.", "Select the SOP whose geometry is to be sent."
        )
    if home.isLockedHDA() or nodes.is_locked(plate):
        raise HostError(
            f"{home.path()} is a locked asset, where nothing is saved.",
            "Select a SOP outside of it.",
        )
    with undo.step(hou, "Answerprint node"):
        node = build(hou, home)
        node.setInput(0, plate)
        place.spot(hou, node, plate)
    return node


def build(hou: Any, home: Any) -> Any:
    """A subnet: its input passes through until there is a take."""
    node = home.createNode("subnet", NAME)
    group = node.parmTemplateGroup()
    for folder in _folders(hou):
        group.append(folder)
    node.setParmTemplateGroup(group)
    take = node.createNode("file", asset.INNER)
    way = take.parm("filemode")
    if way is not None and "read" in way.menuItems():
        way.set("read")  # it never writes, whatever is wired into it
    switch = node.createNode("switch", "show")
    switch.setInput(0, node.indirectInputs()[0])
    switch.setInput(1, take)
    switch.parm("input").setExpression('ch("../show")', hou.exprLanguage.Hscript)
    switch.setDisplayFlag(True)
    switch.setRenderFlag(True)
    node.layoutChildren()
    return node


def _folders(hou: Any) -> List[Any]:
    folders: List[Any] = []
    inside: List[Any] = []
    title: Optional[Parm] = None
    for parm in (*PARMS, Parm("", "", "folder")):
        if parm.kind != "folder":
            if not parm.alone:
                inside.append(template(hou, parm))
            continue
        if title is not None:
            folders.append(
                hou.FolderParmTemplate(
                    title.name,
                    title.title,
                    parm_templates=inside,
                    folder_type=hou.folderType.Tabs,
                )
            )
        title, inside = parm, []
    return folders


def template(hou: Any, parm: Parm) -> Any:
    """A parameter of the list, as Houdini has them."""
    common = {"help": parm.tip, "join_with_next": parm.joined}
    if parm.kind == "button":
        return hou.ButtonParmTemplate(
            parm.name,
            parm.title,
            script_callback=_CALLBACK.format(verb=parm.verb),
            script_callback_language=hou.scriptLanguage.Python,
            **common,
        )
    if parm.kind == "menu":
        names = [name for name, _ in parm.items]
        return hou.MenuParmTemplate(
            parm.name,
            parm.title,
            names,
            [title for _, title in parm.items],
            default_value=names.index(parm.default),
            **common,
        )
    return hou.StringParmTemplate(parm.name, parm.title, 1, default_value=(parm.default,), **common)
