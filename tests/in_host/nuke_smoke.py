"""What our stand-in for Nuke cannot prove: run this in a real one, and send us what it prints.

    nuke -t tests/in_host/nuke_smoke.py                  a minute; needs no server and no plate
    ANSWERPRINT_SMOKE_RUN=1 nuke -t tests/in_host/nuke_smoke.py     also runs a task, on the usual server

Each line is pass, FAIL or look; the last one counts. Nothing is written but a temporary folder.
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


@check("look: what the Viewer offers as a wipe")
def wipes(bench: Bench) -> str:
    if not bench.nuke.GUI:
        return "no UI here; run it once with 'nuke', from the Script Editor"
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
        return "not asked for"
    import answerprint_nuke

    take = answerprint_nuke.run(
        bench.kept["read"], "denoise", out={"root": f"{bench.folder}/takes"}, report=lambda _: None
    )
    expect(take.get("placed"), "it was not placed")
    return f"{take['name']} {take['take']}"


def carried_out(words: str, call: Check, bench: Bench) -> bool:
    try:
        said = call(bench)
    except Exception as error:  # noqa: BLE001 - each is reported, and the next one tried
        print(f"FAIL  {words}: {type(error).__name__}: {error}")
        if not isinstance(error, AssertionError):
            traceback.print_exc()
        return False
    print(f"pass  {words}{f'  ({said})' if said else ''}")
    return True


def main() -> int:
    folder = tempfile.mkdtemp(prefix="answerprint_smoke_")
    try:
        bench = Bench(folder)
        passed = [carried_out(words, call, bench) for words, call in CHECKS].count(True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} of {len(CHECKS)} passed")
    return 0 if passed == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
