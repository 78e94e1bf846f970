"""Parameters of a task node: one list, for the asset and for the node that is built without it."""

from __future__ import annotations

from typing import NamedTuple, Tuple

MODES = (
    ("here", "Run Here"),
    ("existing", "Use Files That Are There"),
    ("farm", "Prepare for a Farm"),
)
MISSING = (("error", "Is an Error"), ("empty", "Give Nothing"), ("input", "Give the Input"))
SHOWN = (("input", "Input"), ("take", "Take"))


class Parm(NamedTuple):
    """A parameter, in Houdini's words.

    kind     string, menu, button, file, folder (a tab begins) or said (a string that only we write)
    items    of a menu: (what it is in scripts, what an artist reads)
    verb     what a button does, see `asset`
    joined   the next one stands on the same line
    alone    the asset has it, and in a node without an asset another node
    """

    name: str
    title: str
    kind: str = "string"
    default: str = ""
    tip: str = ""
    items: Tuple[Tuple[str, str], ...] = ()
    verb: str = ""
    joined: bool = False
    alone: bool = False


PARMS = (
    Parm("task_folder", "Task", "folder"),
    Parm("task", "Task", tip="Its name at the server, like point_normals", joined=True),
    Parm("choose", "Choose", "button", verb="choose", tip="Of the tasks that the server offers"),
    Parm(
        "parameters",
        "Parameters",
        default="{}",
        tip='Those that differ from the task\'s defaults, as JSON: {"radius": 0.1}',
    ),
    Parm("wedge", "Wedge", tip="Values to try, all combinations: strength=0.5,0.8 seed=1,2,3"),
    Parm("frames", "Frames", tip="Like 1001-1010 or 1001,1005; empty: all of the input"),
    Parm(
        "mode",
        "Mode",
        "menu",
        "here",
        items=MODES,
        tip="Here: the input is written frame by frame, "
        "then a job of its own takes over. Files that are there: no frame is written; those that are "
        "missing are said. Farm: the take's number is taken, and its commands are copied for the farm",
    ),
    Parm(
        "run", "Run", "button", verb="run", joined=True, tip="Make a new take. Houdini stays free"
    ),
    Parm(
        "cancel",
        "Cancel",
        "button",
        verb="cancel",
        tip="End it; finished frames stay, and can be resumed",
    ),
    Parm("status", "Status", "said", tip="What became of the last run"),
    Parm("take_folder", "Take", "folder"),
    Parm(
        "show",
        "Show",
        "menu",
        "input",
        items=SHOWN,
        tip="The input passes through, or the take is read. Reading is all that a cook ever does",
    ),
    Parm(
        "file", "File", "file", tip="What is read. A version switch changes this alone", alone=True
    ),
    Parm(
        "missing",
        "Missing Frame",
        "menu",
        "error",
        items=MISSING,
        alone=True,
        tip="What is given at a frame that the take does not have",
    ),
    Parm(
        "down", "Version Down", "button", verb="older", joined=True, tip="The take before this one"
    ),
    Parm("up", "Version Up", "button", verb="newer", joined=True, tip="The take after this one"),
    Parm(
        "latest",
        "Latest",
        "button",
        verb="latest",
        joined=True,
        tip="The newest complete take that did not fail QC",
    ),
    Parm(
        "approved",
        "Latest Approved",
        "button",
        verb="approved",
        tip="The newest take that was approved",
    ),
    Parm(
        "verify",
        "Verify",
        "button",
        verb="verify",
        joined=True,
        tip="Check every file against its signature",
    ),
    Parm(
        "provenance",
        "Show Provenance",
        "button",
        verb="show",
        tip="Find this take in the Answerprint panel: model, parameters, who and when",
    ),
)
