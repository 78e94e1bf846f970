"""Writes otls/answerprint.hda, the asset, as the text that Houdini expands one into.

    python3 houdini/build_asset.py            the same input makes the same bytes; tests compare them

It has no contents: a SOP whose cook is Python, and which reads a take's file and does nothing else.
A File SOP would do that better (Houdini keeps what it has read, and can delay it), but a node inside an
asset needs a contents section, and that is a format that only Houdini writes. The node that is built
without the asset (`answerprint_houdini.builder`) has a File SOP in it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Dict, List

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "scripts", "python"))

from answerprint_houdini.asset_parms import PARMS, Parm  # noqa: E402 - its folder is ours alone

FOLDER = os.path.join(HERE, "otls", "answerprint.hda")
OPERATOR = "answerprint::task::1.0"
SECTION = "answerprint::Sop/task::1.0"
LABEL = "Answerprint Task"
ICON = "SOP_file"
MODIFIED = "Sat Nov 28 12:00:00 2026"  # of this definition, not of the day it was written
_KINDS = {"menu": "ordinal", "said": "string"}
_MANGLED = (("_", "__"), ("/", "_1"), (":", "_8"))

MODULE = '''\
"""The asset's buttons. What they do is said and done in answerprint_houdini.asset."""


def pressed(verb, kwargs):
    try:
        import answerprint_door
    except ImportError:  # a scene that holds the asset is opened where Answerprint is not installed
        print("Answerprint is not installed here. The node reads its files all the same.")
    else:
        answerprint_door.asset("pressed", hou, verb, kwargs["node"])
'''

COOK = '''\
"""Reads a take's file. No model runs here, nothing is asked of a server, and nothing is written."""

import os

node = hou.pwd()
geometry = node.geometry()
if node.evalParm("show"):
    path = node.evalParm("file")
    missing = ("error", "empty", "input")[node.evalParm("missing")]
    if not path:
        raise hou.NodeError("No take is chosen yet. Press Run on the Task tab, or Latest on this one.")
    if os.path.isfile(path):
        try:
            geometry.loadFromFile(path)
        except hou.OperationFailed:
            raise hou.NodeError(
                "%s cannot be read. Press Verify, or read another take." % path
            ) from None
    elif missing == "error":
        raise hou.NodeError(
            "%s is not there, at frame %d. Finish the take, or choose what a missing frame gives."
            % (path, hou.intFrame())
        )
    elif missing == "empty":
        geometry.clear()
'''

CREATE = """\
# Automatically generated script
\\set noalias = 1
#
#  Creation script for %(operator)s operator
#

if ( "$arg1" == "" ) then
    echo This script is intended as a creation script
    exit
endif

# Node $arg1 (%(section)s)
opexprlanguage -s hscript $arg1
opuserdata -n '___Version___' -v '1.0' $arg1
"""

OPTIONS = """\
CheckExternal := 1;
ContentsCompressionType := 1;
ForbidOutsideParms := 1;
GzipContents := 1;
LockContents := 1;
MakeDefault := 1;
ParmsFromVfl := 0;
PrefixDroppedParmLabel := 0;
PrefixDroppedParmName := 0;
SaveCachedCode := 0;
SaveIcon := 1;
SaveSpareParms := 0;
UnlockOnCreate := 0;
UseDSParms := 1;
"""

SHELF = """\
<?xml version="1.0" encoding="UTF-8"?>
<shelfDocument>
  <tool name="$HDA_DEFAULT_TOOL" label="$HDA_LABEL" icon="$HDA_ICON">
    <toolMenuContext name="viewer">
      <contextNetType>SOP</contextNetType>
    </toolMenuContext>
    <toolMenuContext name="network">
      <contextOpType>$HDA_TABLE_AND_NAME</contextOpType>
    </toolMenuContext>
    <toolSubmenu>Answerprint</toolSubmenu>
    <script scriptType="python"><![CDATA[import soptoolutils

soptoolutils.genericTool(kwargs, '$HDA_NAME')]]></script>
  </tool>
</shelfDocument>
"""

INDEX = """\
Operator:     %(operator)s
Label:        %(label)s
Path:         oplib:/%(section)s?%(section)s
Icon:         %(icon)s
Table:        Sop
License:      
Extra:        
User:         
Inputs:       0 to 1
Subnet:       false
Python:       true
Empty:        false
Modified:     %(modified)s

"""  # noqa: W291 - as Houdini writes its empty keys


def mangled(section: str) -> str:
    """The name of a section's file."""
    for letter, name in _MANGLED:
        section = section.replace(letter, name)
    return section


def dialog() -> str:
    """The parameters, in Houdini's own script for dialogs."""
    lines = [
        f"# Dialog script for {OPERATOR} automatically generated",
        "",
        "{",
        f"    name\t{OPERATOR}",
        f"    script\t{OPERATOR}",
        f'    label\t"{LABEL}"',
        "",
        "    help {",
        '\t""',
        "    }",
        "",
        '    inputlabel\t1\t"Geometry to send"',
        "",
    ]
    inside = False
    for parm in PARMS:
        if parm.kind == "folder":
            lines += (["    }", ""] if inside else []) + _folder(parm)
            inside = True
        else:
            lines += _parm(parm)
    return "\n".join([*lines, "    }", "", "}", ""])


def _folder(parm: Parm) -> List[str]:
    return [
        "    group {",
        f'        name    "{parm.name}"',
        f'        label   "{parm.title}"',
        "",
    ]


def _parm(parm: Parm) -> List[str]:
    names = [name for name, _ in parm.items]
    default = str(names.index(parm.default)) if names else parm.default
    lines = [
        f'name    "{parm.name}"',
        f'label   "{parm.title}"',
        f"type    {_KINDS.get(parm.kind, parm.kind)}",
    ]
    lines += ["joinnext"] if parm.joined else []
    lines.append('default {{ "{}" }}'.format(_quoted("0" if parm.kind == "button" else default)))
    lines += [f'help    "{_quoted(parm.tip)}"'] if parm.tip else []
    if names:
        lines += ["menu {", *['    "{}" "{}"'.format(*item) for item in parm.items], "}"]
    if parm.verb:
        lines.append(
            f'parmtag {{ "script_callback" "hou.phm().pressed(\'{parm.verb}\', kwargs)" }}'
        )
        lines.append('parmtag { "script_callback_language" "python" }')
    inner = ["            " + line for line in lines]
    return ["        parm {", *inner, "        }"]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def help_text() -> str:
    """Houdini's help, from the parameters' own words."""
    lines = [
        f"= {LABEL} =",
        "",
        '"""Sends geometry to a task and reads the takes that come of it."""',
    ]
    lines += ["", "Its cook reads a file, and nothing else. Models run when *Run* is pressed.", ""]
    lines.append("@parameters")
    for parm in PARMS:
        if parm.kind == "folder":
            lines += ["", f"== {parm.title} =="]
        else:
            lines += ["", f"{parm.title}:", f"    #id: {parm.name}", f"    {parm.tip}."]
    return "\n".join([*lines, ""])


def sections() -> Dict[str, str]:
    """The definition's own sections, by name."""
    said = {"operator": OPERATOR, "section": SECTION}
    extra = {
        "PythonModule/Cursor": {"type": "intarray", "value": [1, 1]},
        "PythonModule/IsExpr": {"type": "bool", "value": False},
        "PythonModule/IsPython": {"type": "bool", "value": True},
        "PythonModule/IsScript": {"type": "bool", "value": True},
        "PythonModule/Source": {"type": "string", "value": ""},
    }
    return {
        "DialogScript": dialog(),
        "PythonCook": COOK,
        "TypePropertiesOptions": OPTIONS,
        "Help": help_text(),
        "Tools.shelf": SHELF,
        "FunctionName": OPERATOR,
        "CreateScript": CREATE % said,
        "PythonModule": MODULE,
        "ExtraFileOptions": json.dumps(extra, indent="\t") + "\n",
    }


def files() -> Dict[str, str]:
    """All files of the asset, by their paths below its folder."""
    inner = sections()
    folder = mangled(SECTION)
    index = INDEX % {
        "operator": OPERATOR,
        "section": SECTION,
        "label": LABEL,
        "icon": ICON,
        "modified": MODIFIED,
    }
    made = {
        "houdini.hdalibrary": "",
        "INDEX__SECTION": index,
        "Sections.list": _listed(
            {
                "INDEX__SECTION": "INDEX_SECTION",
                folder: SECTION,
                "houdini.hdalibrary": "houdini.hdalibrary",
            }
        ),
        folder + "/Sections.list": _listed({mangled(name): name for name in inner}),
    }
    made.update({f"{folder}/{mangled(name)}": text for name, text in inner.items()})
    return made


def _listed(names: Dict[str, str]) -> str:
    return '""\n' + "".join("{}\t{}\n".format(*pair) for pair in names.items())


def write(folder: str = FOLDER) -> None:
    for name, text in files().items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


if __name__ == "__main__":
    write()
