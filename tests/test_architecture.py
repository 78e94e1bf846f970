"""The shape of the code: arrows one way, one importer for each foreign library, no stray packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import answerprint

PROJECT = Path(__file__).parents[1]
CORE = PROJECT / "core" / "answerprint"

# From the ground up; a file may import files of lower layers, and earlier ones of its own.
LAYERS = [
    ["errors"],
    [
        "allocator",
        "documents",
        "faults",
        "frames",
        "halves",
        "header",
        "interrupt",
        "lens",
        "once",
        "steady",
    ],
    ["folder", "mapping", "template"],
    ["interop", "ocio", "picture", "plate", "site", "signing", "shaper", "faultlog"],
    ["exr", "volume", "usdabout"],
    ["geometry"],
    ["vdbstream", "vdbmap", "vdbtree", "vdbblocks", "vdbfile", "vdb"],
    ["usdcrate", "usdtypes", "usdprims", "usdmerge"],
    ["usdread", "usdshares", "usdwrite", "usd"],
    ["sound"],
    ["tensors", "handover"],
    ["bgeobytes", "bgeojson", "bgeopages", "bgeovoxels", "bgeoprimitives"],
    ["bgeokept", "bgeoattributes", "bgeogroups", "bgeo"],
    ["geometries"],
    ["medium"],
    ["parameter", "report", "geocompare", "compare", "sheet", "cuts", "shelf"],
    ["ports"],
    ["contract"],
    ["curve", "aliases", "colour", "tiles"],
    ["rollout", "inforce"],
    ["timing", "wedge"],
    ["job", "layers", "localised", "shot", "preset", "record", "look", "viewlut"],
    ["geolayers"],
    ["gate", "sight", "shape", "verdict", "profile", "gates"],
    ["journal", "holder", "part", "lease", "line", "rates", "take", "takes"],
    ["ledger", "draft", "moves", "turn"],
    ["rules", "findings", "judged", "neighbours", "judge"],
    ["statement", "bound", "reviewed", "approved", "review"],
    ["standing", "gated", "row", "versions", "lookout"],
    ["access", "pulse", "sums", "wire", "ring"],
    ["connection", "offer", "answer", "link", "triton", "health", "backlog", "muster"],
    ["decision", "change"],
    ["geobuild", "geolook"],
    ["outcome", "mirrored", "guard"],
    ["chosen"],
    ["checks", "estimate", "inspection", "memory", "span", "workitem"],
    ["asked", "geocheck"],
    ["ask"],
    ["geoitem", "result", "sights"],
    ["against"],
    ["way"],
    ["destination", "inputs", "keep", "reuse", "write"],
    ["geoflight", "geoinspection"],
    ["preflight"],
    ["begin", "chunk", "plan", "proxy", "lightbox", "thumbnail", "vouch"],
    ["differing"],
    ["reread", "audit", "sequences"],
    ["limited", "patience", "window"],
    ["fleet", "persistence"],
    ["pipeline"],
    ["tally"],
    ["run", "verify"],
    ["again", "mirroring", "promote", "sidecar"],
    ["tail", "course", "note", "traces", "followed", "jobs"],
    ["bench", "calibration"],
    ["cli"],
]
PACKAGES = {"bench", "calibration", "cli", "gates"}
ORDER = [name for layer in LAYERS for name in layer]


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, as written; `from a import b` counts as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]


def test_every_file_of_the_engine_has_its_place_in_the_layers() -> None:
    files = {path.stem for path in CORE.glob("*.py")} - {"__init__"} | PACKAGES

    assert files == set(ORDER)


@pytest.mark.parametrize("name", [name for name in ORDER if name not in PACKAGES])
def test_arrows_run_one_way(name: str) -> None:
    mine = next(index for index, layer in enumerate(LAYERS) if name in layer)
    allowed = {one for layer in LAYERS[: mine + 1] for one in layer} - {name}
    inner = {
        word.split(".")[1]
        for word in imports_of(CORE / f"{name}.py")
        if word.startswith("answerprint.") and word.split(".")[1] in ORDER
    }

    assert inner <= allowed


def test_there_is_no_cycle_in_the_engine() -> None:
    graph = {
        name: {
            word.split(".")[1]
            for word in imports_of(CORE / f"{name}.py")
            if word.startswith("answerprint.") and word.split(".")[1] in ORDER
        }
        for name in ORDER
        if name not in PACKAGES
    }
    while graph:
        free = [name for name, needs in graph.items() if not needs & graph.keys()]
        assert free, f"a cycle among {sorted(graph)}"
        for name in free:
            del graph[name]


# The benchmark measures these by themselves, with nothing of ours around them.
MEASURED = {
    "OpenEXR": ["core/answerprint/bench/bare.py"],
    "tritonclient": [
        "core/answerprint/bench/peers.py",
        # the schema of config.pbtxt alone: it asks no server
        "server/answerprint_server/configured.py",
    ],
    "pyoidn": ["core/answerprint/bench/oidn.py"],
    # what makes a graph, beside what runs one: run by hand, never by a server
    "onnx": [
        "server/models/_template/example.py",
        "server/models/volume_upres/train/train.py",
    ],
}


@pytest.mark.parametrize(
    ("library", "importer"),
    [
        ("OpenEXR", "core/answerprint/exr.py"),
        ("tritonclient", "core/answerprint/connection.py"),
        ("PyOpenColorIO", "core/answerprint/ocio.py"),
        ("onnx", "server/answerprint_model/network.py"),
        ("torch", "server/models/volume_upres/train/train.py"),
        ("ncnn", "server/models/upscale/1/model.py"),
        ("ai_edge_litert", "server/models/matte/1/model.py"),
        ("pyoidn", "server/models/denoise/1/model.py"),
    ],
)
def test_a_foreign_library_has_one_importer(library: str, importer: str) -> None:
    found = [
        path.relative_to(PROJECT).as_posix()
        for path in sources("core", "server", "install")
        if any(word.split(".")[0] == library for word in imports_of(path))
    ]

    assert sorted(found) == sorted([importer, *MEASURED.get(library, [])])


def test_in_the_engine_two_files_know_opencv() -> None:
    """Models of ours resize and warp with it as well, each in its own process."""
    found = [path for path in CORE.rglob("*.py") if "cv2" in imports_of(path)]

    assert sorted(found) == [CORE / "halves.py", CORE / "lens.py"]


def test_the_engine_knows_no_host_and_no_qt() -> None:
    foreign = {"nuke", "hou", "PySide2", "PySide6", "answerprint_panel"}

    for path in sources("core/answerprint", "server"):
        assert not {word.split(".")[0] for word in imports_of(path)} & foreign, path


def test_only_the_command_line_reaches_for_the_embedded_server() -> None:
    for path in sorted({*CORE.rglob("*.py")} - {*(CORE / "cli").rglob("*.py")}):
        assert "answerprint_server" not in {word.split(".")[0] for word in imports_of(path)}, path


def test_the_benchmark_stands_below_the_command_line() -> None:
    for path in (CORE / "bench").rglob("*.py"):
        assert "cli" not in {word.split(".")[1] for word in imports_of(path) if "." in word}, path


def test_no_source_root_is_a_package() -> None:
    for folder in ("core", "server", "server/models", "nuke", "houdini", "tests"):
        assert not (PROJECT / folder / "__init__.py").exists()


def test_the_top_level_is_the_one_that_was_fixed() -> None:
    named = {"README.md", "pyproject.toml", "nuke", "houdini", "core", "server", "tests", "install"}
    held = {path.name for path in PROJECT.iterdir() if not path.name.startswith(".")}

    assert held == named | {"LICENSE", "CHANGELOG.md"}


def test_nothing_unpickles_or_evaluates() -> None:
    forbidden = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    for path in sources("core", "server", "install"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"eval", "exec", "compile", "__import__"}, path
        assert not {word.split(".")[0] for word in imports_of(path)} & forbidden, path


def test_every_file_says_first_what_it_is() -> None:
    for path in sources("core", "server", "install", "tests"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert said, f"{path} has no first line"


def test_version_and_changelog_agree() -> None:
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    changes = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f'version = "{answerprint.__version__}"' in project
    assert f"## {answerprint.__version__}" in changes
