"""What our stand-in for Nuke cannot prove: run this in a real one, and send us what it prints.

    nuke -t tests/in_host/nuke_smoke.py                  a minute; needs no server and no plate
    ANSWERPRINT_SMOKE_RUN=1 nuke -t tests/in_host/nuke_smoke.py     also runs a task, on the usual server

Each line is pass, FAIL, skip (it says why) or look (a person has to); the last one counts. Nothing
is written but a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
from typing import Any, Callable, Dict, List, Tuple

HERE = os.path.dirname(os.path.abspath((lambda: None).__code__.co_filename))
PROJECT = os.path.dirname(os.path.dirname(HERE))
for _folder in (os.path.join(PROJECT, "nuke"), os.path.join(PROJECT, "core")):
    if os.path.isdir(_folder) and _folder not in sys.path:
        sys.path.append(_folder)

Check = Callable[["Bench"], str]
CHECKS: List[Tuple[str, Check]] = []


def check(words: str) -> Callable[[Check], Check]:
    def add(call: Check) -> Check:
        CHECKS.append((words, call))
        return call

    return add


class Bench:
    """What the checks share: Nuke, our host, and a folder."""

    def __init__(self, folder: str) -> None:
        import nuke

        from answerprint_nuke import host

        self.nuke: Any = nuke
        self.host = host.this()
        self.folder = folder.replace("\\", "/")
        self.pattern = f"{self.folder}/plate/smoke.####.exr"
        self.kept: Dict[str, Any] = {}

    def key(self, node: str) -> str:
        told: List[Any] = []
        self.host.keyed(
            self.host.source(node), lambda found, error: told.append((found, error)), wait=True
        )
        expect(told and told[0][1] is None, f"{node} has no key: {told}")
        return str(told[0][0].key)

    def names(self) -> List[str]:
        return sorted(str(node.fullName()) for node in self.nuke.root().nodes())

    def render(self, source: Any, pattern: str, step: Callable[..., Any] = lambda *_: None) -> None:
        """Frames 1001 and 1002, all at once. Raises HostError."""
        ends: List[Any] = []
        self.host.render(source, [1001, 1002], pattern, step, ends.append, wait=True)
        expect(ends, "it never ended")
        if ends[0] is not None:
            raise ends[0]
        left = [one for one in self.names() if one.startswith("Write")]
        expect(not left, f"left in the script: {left}")

    def take(self, number: int, **more: Any) -> Dict[str, Any]:
        """A take of the frames that were rendered, as the engine would list it."""
        made = {
            "pattern": self.pattern,
            "first": 1001,
            "last": 1002,
            "name": "smoke_denoise",
            "take": f"v{number:03d}",
            "uuid": f"00000000-0000-0000-0000-{number:012d}",
            "root": self.folder,
            "stream": "smoke_denoise",
            "task": "denoise",
            "title": "Denoise",
            "word": "Latest",
            "standing": "latest",
        }
        made.update(more)
        return made


class Skipped(Exception):  # noqa: N818 - it is no error
    """A check that cannot be done here; says why."""


def expect(true: object, words: str) -> None:
    if not true:
        raise AssertionError(words)


@check("the version is said as in 15.1v2")
def version(bench: Bench) -> str:
    expect("v" in bench.host.version(), f"it says {bench.host.version()}")
    return f"{bench.host.version()}, Python {sys.version.split()[0]}"


@check("a node is rendered to EXR, frame by frame, and leaves no trace")
def rendered(bench: Bench) -> str:
    nuke = bench.nuke
    grade = nuke.nodes.Grade(name="SmokeGrade")
    constant = nuke.nodes.Constant(name="SmokePlate")
    constant["color"].setValue(0.5)
    grade.setInput(0, constant)
    nuke.root()["first_frame"].setValue(1001)
    nuke.root()["last_frame"].setValue(1002)
    nuke.root().setModified(False)
    before = sorted(str(node.fullName()) for node in nuke.root().nodes())
    source = bench.host.source("SmokeGrade")
    expect(source.kind == "render", f"it is taken as {source.kind}")
    told: List[Tuple[int, int]] = []
    ends: List[Any] = []
    bench.host.render(
        source, [1001, 1002], bench.pattern, lambda *at: told.append(at), ends.append, wait=True
    )
    expect(ends == [None], f"it ended with {ends and ends[0]}: {getattr(ends[0], 'remedy', '')}")
    expect(told == [(1, 2), (2, 2)], f"it told {told}")
    for frame in (1001, 1002):
        expect(os.path.isfile(f"{bench.folder}/plate/smoke.{frame}.exr"), f"{frame} is missing")
    expect(before == sorted(str(n.fullName()) for n in nuke.root().nodes()), "a node is left")
    expect(not nuke.root().modified(), "the script counts as modified")
    return ""


@check("the key of a node stays as the playhead moves, and changes with a knob")
def key(bench: Bench) -> str:
    nuke = bench.nuke
    first = bench.key("SmokeGrade")
    nuke.frame(1002)
    expect(bench.key("SmokeGrade") == first, "it changed with the frame")
    nuke.toNode("SmokeGrade").setXYpos(500, 500)
    expect(bench.key("SmokeGrade") == first, "it changed with the node's place")
    nuke.toNode("SmokePlate")["color"].setValue(0.25)
    expect(bench.key("SmokeGrade") != first, "a colour above changed, the key did not")
    return ""


@check("a take is placed as a Read, in one step to undo")
def placed(bench: Bench) -> str:
    nuke = bench.nuke
    name = bench.host.place(bench.take(1))
    read = nuke.toNode(name)
    bench.kept["read"] = name
    found = (int(read["first"].value()), int(read["last"].value()))
    expect(found == (1001, 1002), f"its range is {found}")
    size = (int(read.width()), int(read.height()))
    expect(size[0] > 1, f"its size is {size}")
    expect(not read.hasError(), "it is in error")
    expect("smoke" in str(read["file"].value()), f"its file is {read['file'].value()}")
    names = [one.node for one in bench.host.placed()]
    expect(names == [name], f"placed finds {names}")
    nuke.undo()
    left = [one.node for one in bench.host.placed()]
    expect(left == [], f"one undo leaves {left}")
    name = bench.kept["read"] = bench.host.place(bench.take(1))
    read = nuke.toNode(name)
    return f"{name}, {size[0]} x {size[1]}, file {read['file'].value()}"


@check("it reads another take when it is told to; its name and what else is set stay")
def switched(bench: Bench) -> str:
    read = bench.nuke.toNode(bench.kept["read"])
    read["on_error"].setValue("black")
    bench.host.switch(bench.kept["read"], bench.take(2, word="QC fail", standing="failed"))
    identity = bench.host.placed()[0].identity
    expect(identity["take"] == "v002", f"its take is {identity['take']}")
    expect(str(read["on_error"].value()) == "black", "its on_error was changed")
    expect("QC fail" in str(read["label"].value()), f"its label is {read['label'].value()!r}")
    return ""


@check("copies keep which take they are")
def copied(bench: Bench) -> str:
    nuke = bench.nuke
    nuke.toNode(bench.kept["read"]).selectOnly()
    file = f"{bench.folder}/copy.nk"
    nuke.nodeCopy(file)
    nuke.nodePaste(file)
    takes = [one.identity.get("take") for one in bench.host.placed()]
    expect(takes == ["v002", "v002"], f"there are {takes}")
    return ""


@check("a saved script keeps it, and a loaded one finds it")
def saved(bench: Bench) -> str:
    nuke, file = bench.nuke, f"{bench.folder}/smoke.nk"
    nuke.scriptSaveAs(file, 1)
    expect(bench.host.script() == file, f"the script is {bench.host.script()}")
    nuke.scriptClear()
    expect(bench.host.placed() == [], "the cleared script still has them")
    nuke.scriptReadFile(file)
    takes = [one.identity.get("take") for one in bench.host.placed()]
    expect(takes == ["v002", "v002"], f"there are {takes}")
    return ""


@check("the placed Read's files are used as they are")
def used(bench: Bench) -> str:
    source = bench.host.source(bench.kept["read"])
    expect(source.kind == "files", f"it is taken as {source.kind}")
    expect(
        (source.first, source.last) == (1001, 1002), f"its range is {source.first}-{source.last}"
    )
    return f"{source.path}, colour space {source.space}"


@check("a path with an expression is refused, not run")
def refused(bench: Bench) -> str:
    from answerprint_panel.host import HostError

    try:
        bench.host.place(bench.take(3, pattern="/tmp/[exec touch /tmp/smoke]/a.####.exr"))
    except HostError as error:
        return error.problem
    raise AssertionError("it was placed")


@check("Nuke's own version up is seen as another path, and the node says it is another take")
def versioned(bench: Bench) -> str:
    read = bench.nuke.toNode(bench.kept["read"])
    shutil.copytree(f"{bench.folder}/plate", f"{bench.folder}/other")
    read["file"].setValue(bench.pattern.replace("/plate/", "/other/"))
    path = bench.host.placed_at(bench.kept["read"]).path
    expect("/other/" in path, f"its path is {path}")
    bench.host.unknown(bench.kept["read"], "another")
    expect("v002" not in str(read["label"].value()), f"its label is {read['label'].value()!r}")
    bench.host.switch(bench.kept["read"], bench.take(2))
    return path


@check("inside of a group: found by name, rendered, placed; what feeds the group is in the key")
def grouped(bench: Bench) -> str:
    nuke = bench.nuke
    group = nuke.nodes.Group(name="SmokeGroup")
    with group:
        inner = nuke.nodes.Grade(name="Inner")
        inner.setInput(0, nuke.nodes.Input(name="In"))
        nuke.nodes.Output(name="Out").setInput(0, inner)
    group.setInput(0, nuke.toNode("SmokeGrade"))
    first = bench.key("SmokeGroup.Inner")
    nuke.toNode("SmokePlate")["color"].setValue(0.75)
    expect(bench.key("SmokeGroup.Inner") != first, "what feeds the group changed, the key did not")
    with group:  # as Nuke runs buttons and callbacks
        source = bench.host.source("SmokeGroup.Inner")
    bench.render(source, f"{bench.folder}/grouped/inner.####.exr")
    name = bench.host.place(bench.take(4), "SmokeGroup.Inner")
    expect(name.startswith("SmokeGroup."), f"it was placed as {name}")
    expect(nuke.thisGroup().Class() == "Root", "another group was left open")
    nuke.delete(group)
    return name


@check("a knob that an expression names is in the key")
def expressions(bench: Bench) -> str:
    nuke = bench.nuke
    control = nuke.nodes.Grade(name="SmokeControl")
    nuke.toNode("SmokeGrade")["multiply"].setExpression("SmokeControl.multiply")
    first = bench.key("SmokeGrade")
    control["multiply"].setValue(2.0)
    expect(bench.key("SmokeGrade") != first, "it changed, the key did not")
    nuke.delete(control)
    nuke.toNode("SmokeGrade")["multiply"].clearAnimated()
    return ""


@check("a knob that is changed in mid-render ends it, and no frame of the other state is kept")
def mixed(bench: Bench) -> str:
    from answerprint_panel.host import HostError

    pattern = f"{bench.folder}/mixed/a.####.exr"
    grade = bench.nuke.toNode("SmokeGrade")
    try:
        bench.render(
            bench.host.source("SmokeGrade"), pattern, lambda *_: grade["add"].setValue(1.0)
        )
    except HostError as error:
        expect(not os.path.isfile(pattern.replace("####", "1002")), "the second frame is there")
        return error.problem
    finally:
        grade["add"].setValue(0.0)
    raise AssertionError("it went on")


@check("cancelled between frames: what is finished stays")
def cancelled(bench: Bench) -> str:
    from answerprint_panel.host import HostError

    pattern = f"{bench.folder}/cancelled/a.####.exr"
    before = bench.names()
    if not bench.nuke.GUI:
        raise Skipped(
            "no UI here: a render is one turn; run it with 'nuke', from the Script Editor"
        )
    try:
        bench.render(bench.host.source("SmokeGrade"), pattern, lambda *_: bench.nuke.cancel())
    except HostError as error:
        expect(bench.names() == before, "a node is left")
        return error.problem
    raise Skipped("nuke.cancel() between frames has no effect")


@check("proxy mode: rendered at full size, and on again afterwards")
def proxy(bench: Bench) -> str:
    nuke = bench.nuke
    pattern = f"{bench.folder}/proxy/a.####.exr"
    nuke.root().setProxy(True)
    try:
        bench.render(bench.host.source("SmokeGrade"), pattern)
        expect(nuke.root().proxy(), "it is off now")
    finally:
        nuke.root().setProxy(False)
    size = os.path.getsize(pattern.replace("####", "1001"))
    full = os.path.getsize(f"{bench.folder}/plate/smoke.1001.exr")
    expect(size > full / 2, f"the frame has {size} bytes, and without proxy {full}")
    return f"{size} and {full} bytes"


@check("two views: each has its files, and only those asked for")
def stereo(bench: Bench) -> str:
    nuke = bench.nuke
    before = [str(view) for view in nuke.views()]
    for view in ("left", "right"):
        nuke.root().addView(view)
    try:
        source = bench.host.source("SmokeGrade")
        bench.render(source, f"{bench.folder}/stereo/a.%V.####.exr")
        made = sorted(os.listdir(f"{bench.folder}/stereo"))
        expect(
            any("left" in one for one in made) and any("right" in one for one in made), str(made)
        )
        return ", ".join(made)
    finally:
        for view in [str(one) for one in nuke.views()]:
            if view not in before:
                nuke.root().deleteView(view)


@check("a colour space is set by a name of this script's list, and read back")
def spaces(bench: Bench) -> str:
    from answerprint_nuke import colourspace

    nuke = bench.nuke
    read = nuke.toNode(bench.kept["read"])
    listed = [str(one) for one in nuke.getColorspaceList(read["colorspace"])]
    expect(listed, "the list is empty")
    wanted = colourspace.names(listed[-1])[0]
    said = colourspace.put(read, wanted, listed)
    expect(said == "", f"{wanted!r} of {listed[-1]!r}: {said}")
    missing = colourspace.put(read, "no such space", listed)
    expect("not in this script's list" in missing, f"it says {missing!r}")
    ocio = "OCIO" if nuke.usingOCIO() else "Nuke's own"
    return f"{ocio}, {len(listed)} spaces, last {listed[-1]!r}"


@check("callbacks: a choice in the menu of takes is heard, our own writing is not")
def callbacks(bench: Bench) -> str:
    nuke, heard = bench.nuke, []
    read = nuke.toNode(bench.kept["read"])

    def changed() -> None:
        heard.append(bench.host.changed())

    nuke.addKnobChanged(changed, nodeClass="Read")
    try:
        bench.host.offer(bench.kept["read"], [bench.take(3), bench.take(2), bench.take(1)])
        ours = [one for one in heard if one[0]]
        expect(not ours, f"our own writing was heard: {ours}")
        expect(bench.host.chosen(bench.kept["read"]) == ("v002", "v002"), "the menu moved")
        read["answerprint_menu"].setValue("v003, Latest")
        expect(
            (bench.kept["read"], "answerprint_menu") in heard, f"the choice was not heard: {heard}"
        )
    finally:
        nuke.removeKnobChanged(changed, nodeClass="Read")
    return ""


@check("a gizmo is told from a group, and nothing is placed inside of it")
def gizmos(bench: Bench) -> str:
    from answerprint_nuke import nodes

    nuke = bench.nuke
    group = nuke.nodes.Group(name="SmokePlain")
    expect(not nodes.is_locked(nuke, group), "a Group counts as locked")
    nuke.delete(group)
    found = [one for one in nuke.root().nodes() if isinstance(one, nuke.Gizmo)]
    if not found:
        raise Skipped("there is no gizmo in this script: make one, then run this again")
    expect(nodes.is_locked(nuke, found[0]), "a Gizmo does not")
    return str(found[0].fullName())


@check("a script that is closed is heard")
def closes(bench: Bench) -> str:
    nuke, heard = bench.nuke, []

    def closing() -> None:
        heard.append(True)

    nuke.addOnScriptClose(closing)
    try:
        nuke.scriptSave(f"{bench.folder}/smoke.nk")
        nuke.scriptClear()
        nuke.scriptReadFile(f"{bench.folder}/smoke.nk")
    finally:
        nuke.removeOnScriptClose(closing)
    expect(heard, "nuke.scriptClear() calls no addOnScriptClose")
    return ""


@check("look: what the Viewer offers as a wipe")
def wipes(bench: Bench) -> str:
    if not bench.nuke.GUI:
        raise Skipped("no UI here; run it once with 'nuke', from the Script Editor")
    viewer = bench.nuke.nodes.Viewer()
    found = [
        f"{knob.name()}: {', '.join(str(one) for one in knob.values())}"
        for knob in viewer.allKnobs()
        if "Enumeration" in knob.Class()
    ]
    return "; ".join(found)


@check("a task runs, and its take is placed")
def whole(bench: Bench) -> str:
    if not os.environ.get("ANSWERPRINT_SMOKE_RUN"):
        raise Skipped("not asked for: set ANSWERPRINT_SMOKE_RUN=1")
    import answerprint_nuke

    take = answerprint_nuke.run(
        bench.kept["read"], "denoise", out={"root": f"{bench.folder}/takes"}, report=lambda _: None
    )
    expect(take.get("placed"), "it was not placed")
    return f"{take['name']} {take['take']}"


def carried_out(words: str, call: Check, bench: Bench) -> str:
    """pass, skip or FAIL."""
    try:
        said = call(bench)
    except Skipped as why:
        print(f"skip  {words}  ({why})")
        return "skip"
    except Exception as error:  # noqa: BLE001 - each is reported, and the next one tried
        print(f"FAIL  {words}: {type(error).__name__}: {error}")
        if not isinstance(error, AssertionError):
            traceback.print_exc()
        return "FAIL"
    kind = "look" if words.startswith("look: ") else "pass"
    print(f"{kind}  {words}{f'  ({said})' if said else ''}")
    return "pass"


def main() -> int:
    folder = tempfile.mkdtemp(prefix="answerprint_smoke_")
    try:
        bench = Bench(folder)
        ended = [carried_out(words, call, bench) for words, call in CHECKS]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    passed, skipped = ended.count("pass"), ended.count("skip")
    print(f"{passed} of {len(CHECKS)} passed, {skipped} skipped, {ended.count('FAIL')} failed")
    return 1 if "FAIL" in ended else 0


if __name__ == "__main__":
    sys.exit(main())
