"""The Answerprint tab of a node that reads a take: which take it is, what became of it, and buttons.

The take's identity is user data of the node, so it goes wherever the node goes: copies, saved scenes,
other machines. The buttons ask for the plug-in by name and say so where it is not installed; a scene
with these parameters opens and cooks without it. Menus are lists that stand there: no script of ours
runs while a parameter is drawn or a node cooks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from answerprint_houdini import plain
from answerprint_panel import judged, node_words
from answerprint_panel.host import Document
from answerprint_panel.node_words import label

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

PREFIX = "answerprint_"
IDENTITY = ("root", "stream", "take", "uuid", "task", "name", "plate", "node")
MENU = PREFIX + "menu"
NOTE = PREFIX + "note"
REMARK = PREFIX + "remark"
FOLDER = "Answerprint"
# the node's colour, always beside the same in words; the latest has the one of its kind
COLOURS = {
    "outdated": (0.69, 0.65, 0.44),
    "retake": (0.69, 0.65, 0.44),
    "failed": (0.75, 0.6, 0.58),
    "approved": (0.58, 0.66, 0.58),
}
# of user data that Houdini shows when the mouse rests on a node
_SHOWN = "nodeinfo_answerprint_"

_CALLBACK = """\
try:
    from answerprint_houdini import commands
except ImportError:
    hou.ui.setStatusMessage("Answerprint is not installed here. The node reads its files all the same.")
else:
    commands.pressed("{verb}", kwargs["node"])
"""
# verb, words, what it does; a row of buttons each
_SWITCHES = (
    ("older", "Older", "The take before this one"),
    ("newer", "Newer", "The take after this one"),
    ("latest", "Latest", "The newest complete take that did not fail QC"),
    ("approved", "Latest Approved", "The newest take that was approved"),
)
_REVIEWS = (
    ("finding", "Go to Finding", "The frame of the worst finding, with this node selected"),
    ("approve", "Approve", "Sign that this take is good; it is kept with the take"),
    ("retake", "Retake", "Ask for another take; say above what shall be done differently"),
    ("withdraw", "Take Back", "Take your own decision back; the history keeps both"),
)
_DEEDS = (
    ("verify", "Verify", "Check every file against its signature"),
    ("compare", "Compare", "This take beside its plate, with a Switch SOP"),
    ("again", "Run Again", "The same request once more, as a new take"),
    ("show", "Show in Panel", "Find this take in the Answerprint panel: provenance, QC, review"),
    ("find", "Find Again", "Read this take where it lies now, after a project moved"),
)
_SAID = (
    ("word", "Take Is"),
    ("qc", "QC"),
    ("review", "Review"),
)
_MADE = (
    ("model", "Model"),
    ("parameters", "Parameters"),
    ("made", "Made"),
    ("signed", "Signed"),
)


def build(houdini: Any, node: hou.OpNode, take: Document) -> None:
    """Add the tab. `houdini`: the module, handed over by the host."""
    held: List[Any] = [_menu(houdini, [entry(take)])]
    held += _buttons(houdini, _SWITCHES)
    held += [_text(houdini, PREFIX + key, title) for key, title in _SAID]
    held.append(_text(houdini, REMARK, "Retake Note"))
    held += _buttons(houdini, _REVIEWS)
    held += [_text(houdini, PREFIX + key, title) for key, title in _MADE]
    held += _buttons(houdini, _DEEDS)
    held.append(_text(houdini, NOTE, "Note"))
    folder = houdini.FolderParmTemplate(
        PREFIX + "folder", FOLDER, parm_templates=held, folder_type=houdini.folderType.Tabs
    )
    group = node.parmTemplateGroup()
    group.append(folder)
    node.setParmTemplateGroup(group)
    say(houdini, node, take)


def _menu(houdini: Any, entries: Sequence[str]) -> Any:
    """A text with a menu beside it: what it says stays true when the list changes."""
    return houdini.StringParmTemplate(
        MENU,
        "Take",
        1,
        default_value=("",),
        menu_items=[label(one) for one in entries],
        menu_labels=list(entries),
        menu_type=houdini.menuType.Normal,
        help="Other takes of the same plate and task",
        script_callback=_CALLBACK.format(verb="menu"),
        script_callback_language=houdini.scriptLanguage.Python,
    )


def _text(houdini: Any, name: str, title: str) -> Any:
    return houdini.StringParmTemplate(name, title, 1, default_value=("",))


def _buttons(houdini: Any, row: Sequence[Any]) -> List[Any]:
    last = len(row) - 1
    return [
        houdini.ButtonParmTemplate(
            f"{PREFIX}do_{verb}",
            title,
            help=tip,
            join_with_next=index != last,
            script_callback=_CALLBACK.format(verb=verb),
            script_callback_language=houdini.scriptLanguage.Python,
        )
        for index, (verb, title, tip) in enumerate(row)
    ]


def is_there(node: hou.OpNode) -> bool:
    return node.userData(PREFIX + "uuid") is not None


def identity(node: hou.OpNode) -> Dict[str, str]:
    found = {key: node.userData(PREFIX + key) for key in IDENTITY}
    return {key: str(text) for key, text in found.items() if text is not None}


def remember(node: hou.OpNode, file: str, pattern: str) -> None:
    """Which files were written into the node: a single one says no frame that could be found in it."""
    _keep(node, PREFIX + "file", file)
    _keep(node, PREFIX + "pattern", pattern)


def remembered(node: hou.OpNode, file: str) -> str:
    """The take's pattern, where the node still reads what was written into it; else empty."""
    if file and node.userData(PREFIX + "file") == file:
        return str(node.userData(PREFIX + "pattern") or "")
    return ""


def say(houdini: Any, node: hou.OpNode, take: Document) -> None:
    """Identity, words and comment of a take; what says it already is left alone."""
    for key in IDENTITY:
        _keep(node, PREFIX + key, plain.exact(take.get(key)))
    if not any(label(one) == label(entry(take)) for one in choices(node)):
        _list(houdini, node, [entry(take), *choices(node)][: node_words.MOST_LISTED])
    _put(node, MENU, label(entry(take)))
    told = node_words.texts(take, plain.PLAIN)
    told["parameters"] = plain.words(_listed(take.get("parameters")))
    for key, text in told.items():
        _put(node, PREFIX + key, text)
    _put_comment(houdini, node, node_words.lines(take, plain.PLAIN))
    _colour(houdini, node, node_words.tone(take))
    for key, text in _of_info(take).items():
        _keep(node, _SHOWN + key, text)


def unknown(houdini: Any, node: hou.OpNode, why: str) -> None:
    """No word of a take; `why` is said in its place."""
    for key, _ in _SAID + _MADE:
        _put(node, PREFIX + key, "")
    _put_comment(houdini, node, "")
    _colour(houdini, node, "")
    note(node, why)


def note(node: hou.OpNode, text: str) -> None:
    """What the artist has to know about this node; empty takes it away."""
    _put(node, NOTE, plain.words(text))


def signed(node: hou.OpNode, text: str) -> None:
    _put(node, PREFIX + "signed", plain.words(text))


def entry(take: Document) -> str:
    """A take in the menu: v003, QC pass, Latest."""
    return node_words.entry(take, plain.PLAIN)


def choices(node: hou.OpNode) -> List[str]:
    parm = node.parm(MENU)
    return [] if parm is None else [str(one) for one in parm.menuLabels()]


def offer(houdini: Any, node: hou.OpNode, takes: Sequence[Document]) -> None:
    """What the menu lists, newest first; the node's own take stays chosen."""
    listed = node_words.entries(takes, plain.PLAIN)
    if listed and listed != choices(node):
        _list(houdini, node, listed)
    _put(node, MENU, identity(node).get("take", ""))


def chosen(node: hou.OpNode) -> str:
    """The take that the menu stands at."""
    parm = node.parm(MENU)
    return "" if parm is None else str(parm.rawValue())


def _list(houdini: Any, node: hou.OpNode, entries: Sequence[str]) -> None:
    """Another list: Houdini has a parameter's menu in its template. Its value stays."""
    group = node.parmTemplateGroup()
    if group.find(MENU) is None:
        return  # somebody took the tab away
    group.replace(MENU, _menu(houdini, entries))
    node.setParmTemplateGroup(group)


def remark(node: hou.OpNode) -> str:
    """The note that an artist has written for a retake."""
    return _said(node, REMARK)


def remarked(node: hou.OpNode) -> None:
    _put(node, REMARK, "")


def reviewed(node: hou.OpNode) -> str:
    return _said(node, PREFIX + "review")


def _said(node: hou.OpNode, name: str) -> str:
    parm = node.parm(name)
    return "" if parm is None else str(parm.rawValue())


def _listed(parameters: object) -> str:
    """Like radius 0.1, neighbours 16."""
    if not isinstance(parameters, dict):
        return ""
    return ", ".join(
        f"{key} {value if isinstance(value, (str, int, float)) else json.dumps(value)}"
        for key, value in sorted(parameters.items())
    )


def _of_info(take: Document) -> Dict[str, str]:
    found = {
        "take": f"{take.get('name') or ''} {take.get('take') or ''}",
        "model": f"{take.get('model') or ''} {take.get('version') or ''}",
        "qc": judged.qc(take).word,
        "job": str(take.get("path") or ""),
    }
    return {key: plain.words(text) for key, text in found.items()}


def _colour(houdini: Any, node: hou.OpNode, tone: str) -> None:
    """The node's colour; one that an artist gave it stays."""
    ours, now = node.userData(PREFIX + "colour"), _written(node.color())
    plain_one = node.type().defaultColor()
    if now != (ours or _written(plain_one)):
        return
    colour = houdini.Color(COLOURS[tone]) if tone in COLOURS else plain_one
    if now != _written(colour):
        node.setColor(colour)
        _keep(node, PREFIX + "colour", _written(colour))


def _written(colour: Any) -> str:
    return " ".join(f"{part:.3f}" for part in colour.rgb())


def _put_comment(houdini: Any, node: hou.OpNode, ours: str) -> None:
    before, shown = str(node.userData(PREFIX + "comment") or ""), str(node.comment())
    if before and before in shown:
        text = shown.replace(before, ours, 1)
    elif not before:
        text = "\n".join(filter(None, [shown, ours]))
    else:
        text = shown  # an artist wrote something else in its place
    if text != shown:
        node.setComment(text)
        node.setGenericFlag(houdini.nodeFlag.DisplayComment, bool(text))
    _keep(node, PREFIX + "comment", ours)


def _put(node: hou.OpNode, name: str, text: str) -> None:
    parm = node.parm(name)
    if parm is not None and str(parm.rawValue()) != text:
        parm.set(text)


def _keep(node: hou.OpNode, name: str, text: str) -> None:
    if node.userData(name) != text:
        node.setUserData(name, text)
