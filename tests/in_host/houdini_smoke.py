"""What our stand-in for Houdini cannot prove: run this in a real one, and send us what it prints.

    hython tests/in_host/houdini_smoke.py                  two minutes; needs no server and no plate
    ANSWERPRINT_SMOKE_RUN=1 hython tests/in_host/houdini_smoke.py    also runs a task, on the usual server

In a Houdini with windows, from Windows > Python Shell, it also looks at the panel:

    exec(open("tests/in_host/houdini_smoke.py").read())

Each line is pass, FAIL, skip (it says why) or look (a person has to); the last one counts. Nothing is
written but a temporary folder; the open scene gets nodes in /obj, which go again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from typing import Any, Callable, Dict, List, Tuple

HERE = os.path.dirname(os.path.abspath((lambda: None).__code__.co_filename))
PROJECT = os.path.dirname(os.path.dirname(HERE))
for _folder in (os.path.join(PROJECT, "houdini", "scripts", "python"),):
    if os.path.isdir(_folder) and _folder not in sys.path:
        sys.path.append(_folder)

Check = Callable[["Bench"], str]
CHECKS: List[Tuple[str, Check]] = []

# What the engine's own Python writes and reads: points with N and id, four frames of them that move by
# one, and a volume larger than a tile of 16
WRITES = """
import sys
from pathlib import Path
import numpy as np
from answerprint import geometries
from answerprint.geometry import Attribute, Geometry
from answerprint.volume import Volume
folder = Path(sys.argv[1])
rng = np.random.default_rng(1)
points = Geometry(100, [
    Attribute("P", "point", rng.random((100, 3), np.float32), qualifier="point"),
    Attribute("N", "point", rng.random((100, 3), np.float32), qualifier="normal"),
    Attribute("id", "point", np.arange(100, dtype=np.int32)[:, None]),
], said={"answerprintRecord": "smoke"})
geometries.write(folder / "ours.bgeo", points)
for frame in (1, 2, 7, 8):
    points.find("P").values[:, 0] = frame
    geometries.write(folder / ("moving.%04d.bgeo" % frame), points)
grid = rng.random((20, 18, 40, 1), np.float32)
smoke = Geometry(0, [], volumes=[Volume("density", grid, kind="vdb")])
geometries.write(folder / "ours.vdb", smoke)
"""
READS = """
import sys
from pathlib import Path
from answerprint import geometries
from answerprint.geometry import digest
for name in sys.argv[1:]:
    print(digest(geometries.read(Path(name))))
"""


def check(words: str) -> Callable[[Check], Check]:
    def add(call: Check) -> Check:
        CHECKS.append((words, call))
        return call

    return add


class Bench:
    """What the checks share: Houdini, our host, a network, and a folder."""

    def __init__(self, folder: str) -> None:
        import hou

        from answerprint_houdini import host

        self.hou: Any = hou
        self.host = host.this()
        self.folder = folder.replace("\\", "/")
        self.kept: Dict[str, Any] = {}
        self.home: Any = self.hou.node("/obj").createNode("geo", "answerprint_smoke")

    def engine(self, code: str, *words: str) -> List[str]:
        """Lines that the engine's own Python prints."""
        from answerprint_panel import engine

        at = engine.find()
        done = subprocess.run(
            [at.python, "-I", "-c", code, *words],
            env=dict(at.environ),
            capture_output=True,
            check=False,
        )
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        expect(done.returncode == 0, f"the engine's Python failed: {said}")
        return done.stdout.decode("utf-8", "replace").split()

    def ours(self, name: str) -> str:
        """A file that our own writer has written."""
        if not self.kept.get("written"):
            self.engine(WRITES, self.folder)
            self.kept["written"] = True
        return f"{self.folder}/{name}"

    def file(self, path: str) -> Any:
        node = self.home.createNode("file")
        node.parm("file").set(path)
        return node

    def take(self, number: int, name: str = "ours.bgeo", **more: Any) -> Dict[str, Any]:
        """A take of one file, as the engine would list it."""
        stem, _, ending = name.partition(".")
        folder = f"{self.folder}/v{number:03d}"
        os.makedirs(folder, exist_ok=True)
        shutil.copy(self.ours(name), f"{folder}/{stem}.0001.{ending}")
        made = {
            "pattern": f"{folder}/{stem}.####.{ending}",
            "path": folder,
            "first": 1,
            "last": 1,
            "name": "smoke_shade",
            "take": f"v{number:03d}",
            "uuid": f"00000000-0000-0000-0000-{number:012d}",
            "root": self.folder,
            "stream": "smoke_shade",
            "task": "shade",
            "title": "Shade",
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


@check("the version is said as in 21.0.512")
def version(bench: Bench) -> str:
    said = bench.host.version()
    expect(said.count(".") == 2, f"it says {said}")
    return f"{said}, Python {sys.version.split()[0]}, {bench.hou.licenseCategory().name()}"


@check("the package is found: its folder is on Houdini's path")
def package(bench: Bench) -> str:
    root = bench.hou.getenv("ANSWERPRINT_HOUDINI")
    if not root:
        raise Skipped("it is not installed here: python3 -m install houdini, then run this again")
    known = str(bench.hou.getenv("HOUDINI_PATH"))
    expect(root.replace("\\", "/") in known.replace("\\", "/"), f"HOUDINI_PATH is {known}")
    return str(root)


@check("a File SOP reads the .bgeo that we write")
def reads_bgeo(bench: Bench) -> str:
    geometry = bench.file(bench.ours("ours.bgeo")).geometry()
    expect(geometry.intrinsicValue("pointcount") == 100, "it has other points")
    names = sorted(one.name() for one in geometry.pointAttribs())
    expect(names == ["N", "P", "id"], f"its point attributes are {names}")
    bench.kept["bgeo"] = geometry.freeze()
    return f"N is a {geometry.findPointAttrib('N').qualifier() or 'plain number'}"


@check("a take's record is a detail attribute")
def record(bench: Bench) -> str:
    geometry: Any = bench.kept.get("bgeo")
    expect(geometry is not None, "the .bgeo was not read")
    expect(geometry.findGlobalAttrib("answerprintRecord"), "it is not there")
    said = geometry.attribValue("answerprintRecord")
    expect(said == "smoke", f"it says {said!r}")
    return ""


@check("a File SOP reads the .vdb that we write")
def reads_vdb(bench: Bench) -> str:
    geometry = bench.file(bench.ours("ours.vdb")).geometry()
    expect(geometry.intrinsicValue("primitivecount") == 1, "it has other primitives")
    prim = geometry.prims()[0]
    expect(prim.attribValue("name") == "density", f"it is called {prim.attribValue('name')}")
    bench.kept["vdb"] = geometry.freeze()
    return f"{prim.type().name()}, {tuple(prim.resolution())} voxels"


@check("what Houdini writes of it again is the same to us")
def same_digest(bench: Bench) -> str:
    for kind in ("bgeo", "vdb"):
        expect(kind in bench.kept, f"the .{kind} was not read")
        bench.kept[kind].saveToFile(f"{bench.folder}/theirs.{kind}")
        first, second = bench.engine(
            READS, bench.ours(f"ours.{kind}"), f"{bench.folder}/theirs.{kind}"
        )
        expect(first == second, f"the .{kind} has other values: {first[:12]} and {second[:12]}")
    return ""


@check("we read what this Houdini writes: polygons, groups, strings, a volume of many tiles")
def reads_theirs(bench: Bench) -> str:
    hou = bench.hou
    made = hou.Geometry()
    made.createPoints([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    made.createPolygon().addVertex(made.points()[0])
    made.addAttrib(hou.attribType.Point, "name", "a")
    made.createPointGroup("some").add(made.points()[:2])
    volume = made.createVolume(40, 18, 20)
    voxels = [float(index % 251) for index in range(40 * 18 * 20)]
    volume.setAllVoxels(voxels)
    path = f"{bench.folder}/houdini.bgeo"
    made.saveToFile(path)
    code = (
        "import sys; from pathlib import Path; from answerprint import geometries\n"
        "held = geometries.read(Path(sys.argv[1])); one = held.volumes[0]\n"
        "flat = one.values[..., 0].ravel().tolist()\n"
        "print(held.points, len(held.groups), one.resolution[0], flat == "
        "[float(i % 251) for i in range(len(flat))])"
    )
    said = bench.engine(code, path)
    expect(said == ["5", "1", "40", "True"], f"we read {' '.join(said)}")
    return ""


@check("bytes of an attribute come as they lie, and one of another kind is refused")
def attribute_bytes(bench: Bench) -> str:
    geometry: Any = bench.kept.get("bgeo")
    expect(geometry is not None, "the .bgeo was not read")
    held = geometry.pointFloatAttribValuesAsString("P")
    expect(len(held) == 100 * 3 * 4, f"P has {len(held)} bytes")
    try:
        geometry.pointFloatAttribValuesAsString("id")
    except bench.hou.OperationFailed as error:
        return f"of an integer it says: {error.instanceMessage()}"
    return "an integer attribute is given as floats"


@check("a take is placed as a File SOP, in one step to undo, and its tab has a menu")
def placed(bench: Bench) -> str:
    before = {one.path() for one in bench.home.children()}
    near = bench.home.children()[0].path()
    name = bench.host.place(bench.take(1), near)
    node = bench.hou.node(name)
    expect(node.geometry().intrinsicValue("pointcount") == 100, "it does not read the take")
    menu = node.parm("answerprint_menu")
    expect(menu is not None, "it has no menu of takes")
    if bench.hou.isUIAvailable():
        bench.hou.undos.performUndo()
        after = {one.path() for one in bench.home.children()}
        expect(after == before, f"one undo leaves {sorted(after - before)}")
        name = bench.host.place(bench.take(1), near)
    bench.kept["placed"] = name
    return f"{name}: {list(menu.menuLabels())}"


@check("a version switch changes its file and nothing else")
def switched(bench: Bench) -> str:
    node = bench.hou.node(bench.kept["placed"])
    node.parm("missingframe").set(1)
    bench.host.switch(bench.kept["placed"], bench.take(2, word="QC fail", standing="failed"))
    expect("/v002/" in node.parm("file").eval(), f"its file is {node.parm('file').eval()}")
    expect(node.parm("missingframe").eval() == 1, "what an artist had set is changed")
    expect("QC fail" in node.comment(), f"its comment is {node.comment()!r}")
    expect(node.parm("answerprint_menu").rawValue() == "v002", "its menu stands at another take")
    return ""


@check("a saved scene keeps which take a node reads")
def saved(bench: Bench) -> str:
    file = f"{bench.folder}/nodes.cpio"
    bench.home.saveItemsToFile(bench.home.children(), file)
    other = bench.hou.node("/obj").createNode("geo", "answerprint_smoke_copy")
    try:
        other.loadItemsFromFile(file)
        takes = [one.identity.get("take") for one in bench.host.placed()]
        expect(takes.count("v002") == 2, f"there are {takes}")
    finally:
        other.destroy()
    return ""


@check("look: the parameters of a File SOP")
def file_parms(bench: Bench) -> str:
    node = bench.home.createNode("file")
    said = []
    for name in ("file", "filemode", "missingframe", "reload", "loadtype"):
        parm = node.parm(name)
        try:
            items = "not there" if parm is None else str(list(parm.menuItems()))
        except bench.hou.OperationFailed:
            items = "there"
        said.append(f"{name}: {items}")
    return "; ".join(said)


@check("geometryAtFrame cooks another frame, moves no playbar, and what it gives can be frozen")
def other_frames(bench: Bench) -> str:
    hou, now = bench.hou, bench.hou.frame()
    node = bench.home.createNode("null", "moving")
    node.setInput(0, bench.file(bench.ours("moving.$F4.bgeo")))
    seen = [node.geometryAtFrame(frame).freeze() for frame in (1, 2)]
    places = [one.pointFloatAttribValues("P")[0] for one in seen]
    expect(abs(places[1] - places[0] - 1) < 1e-4, f"x is {places} at frames 1 and 2")
    expect(hou.frame() == now, "the playbar moved")
    bench.kept["moving"] = node.path()
    return ""


@check("in Manual update mode geometryAtFrame still cooks")
def manual(bench: Bench) -> str:
    hou, before = bench.hou, bench.hou.updateModeSetting()
    node = bench.hou.node(bench.kept["moving"])
    hou.setUpdateMode(hou.updateMode.Manual)
    try:
        places = [node.geometryAtFrame(x).freeze().pointFloatAttribValues("P")[0] for x in (7, 8)]
    finally:
        hou.setUpdateMode(before)
    expect(abs(places[1] - places[0] - 1) < 1e-4, f"x is {places} at frames 7 and 8")
    return ""


@check("the key of a node stays as the playhead moves, and changes with a parameter")
def key(bench: Bench) -> str:
    def keyed() -> str:
        told: List[Any] = []
        source = bench.host.source(bench.kept["moving"])
        bench.host.keyed(source, lambda found, error: told.append((found, error)), wait=True)
        expect(told and told[0][1] is None, f"it has no key: {told}")
        return str(told[0][0].key)

    first = keyed()
    expect(keyed() == first, "it changes by itself")
    bench.hou.node(bench.kept["moving"]).inputs()[0].parm("missingframe").set(1)
    expect(keyed() != first, "a parameter changed, the key did not")
    return ""


@check("a SOP is written frame by frame, and our engine reads what was written")
def written(bench: Bench) -> str:
    source = bench.host.source(bench.kept["moving"])
    pattern = f"{bench.folder}/plate/moving.####{source.suffix}"
    ends: List[Any] = []
    bench.host.render(source, [1, 2], pattern, lambda *_: None, ends.append, wait=True)
    expect(ends == [None], f"it ended with {ends and ends[0]}")
    files = [pattern.replace("####", f"{frame:04d}") for frame in (1, 2)]
    digests = bench.engine(READS, *files)
    expect(len(set(digests)) == 2, "both frames are the same")
    return source.suffix


@check("the hand-written asset loads")
def asset_loads(bench: Bench) -> str:
    file = os.path.join(PROJECT, "houdini", "otls", "answerprint.hda").replace("\\", "/")
    bench.hou.hda.installFile(file)
    node = bench.home.createNode("answerprint::task::1.0")
    names = [one for one in ("task", "run", "show", "file", "status") if node.parm(one) is None]
    expect(not names, f"it lacks {names}")
    bench.kept["asset"] = node
    definition = node.type().definition()
    return str(definition.libraryFilePath()) if definition is not None else "no asset"


@check("the asset gives its input, and reads a take; a missing frame is said")
def asset_cooks(bench: Bench) -> str:
    from answerprint_houdini import asset

    node: Any = bench.kept.get("asset")
    if node is None:
        raise Skipped("it did not load")
    node.setInput(0, bench.file(bench.ours("ours.bgeo")))
    count = node.geometry().intrinsicValue("pointcount")
    expect(count == 100, f"its input has 100 points, it gives {count}")
    asset.read(bench.hou, node, bench.take(3, "ours.vdb"))
    found = node.geometry()
    count = found.intrinsicValue("primitivecount")
    expect(count == 1, f"it reads {count} primitives of one volume")
    points = found.intrinsicValue("pointcount")
    expect(points <= 1, f"{points - 1} points of the input are left in it")
    node.parm("file").set(f"{bench.folder}/none.bgeo")
    try:
        node.cook(force=True)
    except bench.hou.OperationFailed as error:
        return str(error.instanceMessage())
    raise AssertionError("a file that is not there is no error")


@check("the node without an asset: gives its input, then the take")
def built(bench: Bench) -> str:
    from answerprint_houdini import asset, builder

    node = builder.build(bench.hou, bench.home)
    node.setInput(0, bench.file(bench.ours("ours.vdb")))
    count = node.geometry().intrinsicValue("primitivecount")
    expect(count == 1, f"its input is one volume, it gives {count} primitives")
    asset.read(bench.hou, node, bench.take(4))
    count = node.geometry().intrinsicValue("pointcount")
    expect(count == 100, f"its take has 100 points, it gives {count}")
    return ""


@check("a Python Processor makes work items with what we put on them")
def work_items(bench: Bench) -> str:
    if bench.hou.nodeType(bench.hou.topNodeTypeCategory(), "pythonprocessor") is None:
        raise Skipped("there is no pythonprocessor here")
    network = bench.hou.node("/obj").createNode("topnet", "answerprint_smoke_tops")
    try:
        node = network.createNode("pythonprocessor")
        generate = (
            f"import sys; sys.path.append({os.path.join(PROJECT, 'houdini', 'scripts', 'python')!r})\n"
            "from answerprint_houdini import tops\n"
            "for at in range(3): tops.Items.add(item_holder, at, None, {'answerprint_part': str(at)})\n"
        )
        note = f"{bench.folder}/cooked"
        cook = (
            "from answerprint_houdini import tops\n"
            f"path = {note!r} + tops.Items.said(work_item, 'answerprint_part')\n"
            "open(path, 'w').close(); tops.Items.give(work_item, path, 'file/geo', 1)\n"
        )
        node.parm("generate").set(generate)
        node.parm("cooktask").set(cook)
        node.cookWorkItems(block=True)
        there = [at for at in range(3) if os.path.exists(f"{note}{at}")]
        expect(there == [0, 1, 2], f"cooked were {there}")
    finally:
        network.destroy()
    return ""


@check("the panel opens in Houdini's own window")
def panel(bench: Bench) -> str:
    if not bench.hou.isUIAvailable():
        raise Skipped("no windows here; run it once from the Python Shell, see above")
    from answerprint_houdini import commands, pane

    known = bench.hou.pypanel.interfaceByName("answerprint")
    if known is None:
        bench.hou.pypanel.installFile(
            os.path.join(PROJECT, "houdini", "python_panels", "answerprint.pypanel")
        )
    commands.open_panel()
    from answerprint_panel.qt import BINDING

    return f"{BINDING}; a panel is {'open' if pane.is_open() else 'not open yet: look for it'}"


@check("a task runs, and its take is placed")
def whole(bench: Bench) -> str:
    if not os.environ.get("ANSWERPRINT_SMOKE_RUN"):
        raise Skipped("not asked for: set ANSWERPRINT_SMOKE_RUN=1")
    import answerprint_houdini

    take = answerprint_houdini.run(
        bench.kept["moving"],
        "point_normals",
        frames="1-2",
        out={"root": f"{bench.folder}/takes"},
        report=lambda _: None,
    )
    expect(take.get("placed"), "it was not placed")
    return f"{take['name']} {take['take']}, {json.dumps(take.get('qc'))}"


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
    bench = Bench(folder)
    try:
        ended = [carried_out(words, call, bench) for words, call in CHECKS]
    finally:
        bench.home.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    passed, skipped = ended.count("pass"), ended.count("skip")
    print(f"{passed} of {len(CHECKS)} passed, {skipped} skipped, {ended.count('FAIL')} failed")
    return 1 if "FAIL" in ended else 0


if __name__ == "__main__":
    sys.exit(main())
