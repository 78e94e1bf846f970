"""Values: what a parameter says, and what that means: files, nodes, channels, or code that reads more.

`houdini` is the module, handed over by the host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

# a default like this stands for itself: nothing in it is evaluated, and it names nothing
_STANDS = re.compile(r"[\w\s.,+-]*$")
# a path in a parameter that is said to be any text; a node's path has no ending
_LIKE_A_FILE = re.compile(r"(/|[A-Za-z]:/).+\.\w+$")
# files behind files, and many of them by one name: they cannot be looked at one by one
_MANY = re.compile(r"[#%<>*?\[\]]|/$|\.usd[acz]?$", re.IGNORECASE)
_NODE = re.compile(r"(op:)?(/|\.\.?/)[\w./-]*\w$")
_NODES = re.compile(r"(op:)?(/|\.\.?/)\S*[*?@^\[]")
_QUOTED = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_A_FILES_NAME = re.compile(r".*\w\.[A-Za-z]\w{1,4}$")


class Read(NamedTuple):
    """A parameter as it was read.

    lines    what it says, its keyframes, and its value on every frame where that changes
    raw      as it is written
    values   the same values, with forward slashes
    file     it is said to be a file
    told     all that it holds is in the lines
    """

    lines: List[str]
    raw: str
    values: List[str]
    text: bool
    file: bool
    told: bool


class Meant(NamedTuple):
    """What a parameter names. `channels`: nodes of which a parameter is read. `whole`: nothing else."""

    files: List[str]
    nodes: List[Any]
    channels: List[Any]
    whole: bool


def read(houdini: Any, parm: hou.Parm, span: Tuple[int, int], most: int) -> Optional[Read]:
    """None: it is at its default, and that names nothing. `most`: frames that are evaluated at most."""
    moves, keys, raw = bool(parm.isTimeDependent()), parm.keyframes(), str(parm.rawValue())
    default = bool(parm.isAtDefault())
    if default and not (moves or keys) and _STANDS.match(raw):
        return None
    template: Any = parm.parmTemplate()
    kind, types = template.type(), houdini.parmTemplateType
    text = bool(kind == types.String)
    last = min(span[1], span[0] + most) if moves else span[0]
    found = _evaluated(houdini, parm, span[0], last)
    said = [f"{parm.name()} = {raw}", *(str(key.asCode(brief=True)) for key in keys), *found]
    slashed = sorted({value.replace("\\", "/") for value in found if value})
    file = text and template.stringType() == houdini.stringParmType.FileReference
    return Read(said, raw, slashed, text, bool(file), default or bool(kind != types.Data))


def _evaluated(houdini: Any, parm: hou.Parm, first: int, last: int) -> List[str]:
    try:
        return [str(parm.evalAsStringAtFrame(frame)) for frame in range(first, last + 1)]
    except (houdini.Error, TypeError):  # a button, a ramp, data: what it says has to do
        return []


def meant(node: hou.OpNode, parm: Read) -> Meant:
    """What one parameter of a node names."""
    found = Meant([], [], [], parm.told)
    if not parm.text:
        return found
    for value in parm.values:
        if not value.startswith("op:") and (parm.file or _LIKE_A_FILE.match(value)):
            found.files.append(value)
            found = found._replace(whole=found.whole and not _MANY.search(value))
        else:
            found = _named(node, value, found)
    if "(" in parm.raw or "#include" in parm.raw:
        found = _code(node, parm.raw, found)
    return found


def _named(node: hou.OpNode, value: str, found: Meant) -> Meant:
    """Nodes by their paths, one or several; a pattern of them is more than can be followed."""
    for word in value.split():
        if _NODES.match(word):
            return found._replace(whole=False)
        if _NODE.match(word):
            named = node.node(_bare(word))
            found.nodes.extend([] if named is None else [named])
    return found


def _code(node: hou.OpNode, code: str, found: Meant) -> Meant:
    """What VEX and expressions read: channels and nodes that are there; whatever else is not told."""
    whole = found.whole and "#include" not in code
    for quoted in _QUOTED.finditer(code):
        text = str(quoted.group(1) or quoted.group(2) or "")
        if "/" not in text and not text.startswith("op:"):
            whole = whole and not _A_FILES_NAME.match(text)
            continue
        path = _bare(text)
        owner, _, name = path.rpartition("/")
        channel = node.node(owner) if name and owner else None
        named = node.node(path) if name else None
        if named is not None:
            found.nodes.append(named)
        elif channel is not None and (channel.parm(name) or channel.parmTuple(name)):
            found.channels.append(channel)
        else:
            whole = False
    return found._replace(whole=whole)


def _bare(path: str) -> str:
    return path[len("op:") :] if path.startswith("op:") else path
