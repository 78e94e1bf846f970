"""Takes of geometry: made, resumed, verified, copied, promoted and run again as those of pictures are."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from command import Answerprint
from samples import (
    AtOnce,
    change_shape,
    ended,
    finish,
    judge,
    own_models,
    own_server,
    points,
    shape_stand_in,
    smoke,
    until,
)

from answerprint import geocompare, geometries, record, takes
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Faces, Geometry, Group
from answerprint.takes import Item, Take
from answerprint.verify import verify
from answerprint.volume import Volume

OPENVDB = Path("/usr/lib/python3/dist-packages/pyopenvdb.so")
SLOWLY = "import time\ntime.sleep(0.1)\nmade = image * 2"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a server that doubles points and grids, and naps a tenth of a second over each."""
    folder = tmp_path_factory.mktemp("shapes")
    models = own_models(folder / "models", ["passthrough"])
    grows = [{"name": "by", "type": "float", "default": 2.0, "min": 0.0, "max": 9.0}]
    program = 'made = image * np.float32(settings["by"])'
    shape_stand_in(models, "grow", "points", program, parameters=grows)
    shape_stand_in(models, "thicken", "volume", "made = image * 2")
    shape_stand_in(models, "creep", "points", SLOWLY)
    shape_stand_in(models, "brew", "volume", SLOWLY)
    with own_server(folder / "home", models) as state:
        yield state.address


@pytest.fixture(autouse=True)
def _use_it(shapes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", shapes)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture(params=["bgeo", "vdb"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A task, and a cache of two frames that it takes."""
    if request.param == "vdb":
        return "thicken", str(smoke(tmp_path / "cache", 2))
    return "grow", str(points(tmp_path / "cache", 2))


def made(answerprint: AtOnce, task: str, path: str | Path, *words: str) -> Take:
    said = answerprint("run", "--task", task, "--plate", path, "--json", *words)
    assert said.last.get("state") == "complete", said
    return takes.find(Path(said.documents[0]["path"]))


def test_a_take_of_geometry_is_signed_file_by_file_and_verifies(
    cache: tuple[str, str], answerprint: AtOnce, home: Path
) -> None:
    task, path = cache
    take = made(answerprint, task, path)

    suffix = Path(path).suffix
    stem = f"{take.name}_v001"
    assert [file.name for file in take.frames().values()] == [
        f"{stem}.{number}{suffix}" for number in (1001, 1002)
    ]
    assert take.pattern().endswith(f"{stem}.####{suffix}")
    assert takes.find(take.folder).suffix == suffix
    assert judge(answerprint, take.folder, home).take == "OK"
    told = record.extract(geometries.structure(take.file(1001)))
    assert told is not None
    assert (told.windows, told.frame, told.result["format"]) == ((), 1001, suffix[1:])
    assert told.processed == ({"bgeo": "P", "vdb": "density"}[suffix[1:]],)


def test_what_the_model_was_not_asked_about_stays(tmp_path: Path, answerprint: AtOnce) -> None:
    path = points(tmp_path / "cache", 1)
    take = made(answerprint, "grow", path)

    before, after = (
        geometries.read(file) for file in (tmp_path / "cache" / "pts.1001.bgeo", take.file(1001))
    )
    for one in before.attributes:
        kept = after.find(one.name)
        assert kept is not None
        factor = 2 if one.name == "P" else 1
        np.testing.assert_array_equal(kept.values, one.values * one.values.dtype.type(factor))


@pytest.mark.parametrize(("task", "suffix"), [("creep", ".bgeo"), ("brew", ".vdb")])
def test_killed_in_the_middle_a_take_of_geometry_holds_whole_frames_and_goes_on(
    task: str, suffix: str, tmp_path: Path, home: Path, shapes: str
) -> None:
    path = (points if suffix == ".bgeo" else smoke)(tmp_path / "cache", 6)
    process = Answerprint(tmp_path).start("run", "--task", task, "--plate", path, "--json")
    until(process, "frame", 2)
    process.kill()
    ended(process)

    take = takes.find(next((tmp_path / "takes").glob("*/v001")))
    left = take.private / f"0123abcd.{take.file(1006).name}.part{suffix}"
    left.write_bytes(b"half a frame")
    assert left in take.part_files()
    assert left in take.unfinished()
    finish(AtOnce(tmp_path), take, home, shapes)
    assert not left.exists()


def resaved(path: Path) -> None:
    """As another program saves a .bgeo: attributes in another order."""
    held = geometries.read(path)
    held.attributes.reverse()
    geometries.write(path, held)


def test_a_file_that_was_saved_again_with_the_same_values_verifies(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 1))
    before = take.file(1001).read_bytes()
    resaved(take.file(1001))

    assert take.file(1001).read_bytes() != before
    assert judge(answerprint, take.folder, home).take == "OK"


@pytest.mark.skipif(not OPENVDB.parent.is_dir(), reason="OpenVDB's own library is not here")
def test_a_vdb_that_openvdb_itself_saved_again_verifies(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    take = made(answerprint, "thicken", smoke(tmp_path / "cache", 1))
    program = (
        "import sys, pyopenvdb as vdb; path = sys.argv[1];"
        "grids, said = vdb.readAll(path); vdb.write(path, grids, said)"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-c", program, str(take.file(1001))], check=False, capture_output=True
    )
    if b"No module named" in done.stderr:
        pytest.skip("OpenVDB's own library is not here")

    assert done.returncode == 0, done.stderr
    assert judge(answerprint, take.folder, home).take == "OK"


def _move(held: Geometry) -> None:
    if held.volumes:
        first = held.volumes[0]
        first.values = first.values + np.float32(0.5)
    else:
        point = held.find("P")
        assert point is not None
        point.values = point.values + np.float32(1e-6)


def _edit(held: Geometry) -> None:
    held.said[record.STATEMENT] = held.said[record.STATEMENT].replace('"user"', '"author"')


def _strip(held: Geometry) -> None:
    record.strip(held)


@pytest.mark.parametrize(
    ("tamper", "verdict", "word"),
    [
        (_move, "PIXELS_CHANGED", "The values are not those that were signed"),
        (_edit, "BAD_SIGNATURE", "edited after it was signed"),
        (_strip, "ABSENT", "carries no record"),
    ],
)
def test_what_was_done_to_a_file_is_told(
    tamper: Callable[[Geometry], None],
    verdict: str,
    word: str,
    cache: tuple[str, str],
    answerprint: AtOnce,
    home: Path,
) -> None:
    take = made(answerprint, *cache)
    change_shape(take.file(1002), tamper)

    said = judge(answerprint, take.folder, home)
    name = take.file(1002).name
    assert (said.frames[name], said.take) == (verdict, verdict)
    assert word in said.why[name]
    assert said.frames[take.file(1001).name] == "OK"


def test_a_strangers_key_is_told_also_of_a_file_that_left_its_take(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 1))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copy(take.file(1001), folder)

    assert [one.verdict.value for one in verify(folder, {})] == ["UNKNOWN_KEY"]


def test_equal_work_is_copied_and_other_values_are_not(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    path = points(tmp_path / "cache", 2)
    first = made(answerprint, "grow", path)
    change_shape(tmp_path / "cache" / "pts.1002.bgeo", _move)
    second = made(answerprint, "grow", path)

    copied = {event["frame"]: "copied_from" in event for event in _frames(second)}
    assert copied == {1001: True, 1002: False}
    assert _values(first, 1001) == _values(second, 1001)
    assert judge(answerprint, second.folder, home).take == "OK"


@pytest.mark.parametrize("difference", ["class", "voxel"])
def test_what_a_digest_leaves_out_is_no_equal_work(
    difference: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    path = smoke(tmp_path / "cache", 1)
    first = made(answerprint, "thicken", path)

    def change(held: Geometry) -> None:
        grid = held.volumes[0]
        if difference == "class":
            grid.about["class"] = "fog volume"
        else:
            assert grid.active is not None
            grid.values[~grid.active] = 7

    change_shape(tmp_path / "cache" / "smoke.1001.vdb", change)
    second = made(answerprint, "thicken", path)

    grids = [geometries.read(take.file(1001)).volumes[0] for take in (first, second)]
    assert "copied_from" not in _frames(second)[0]
    assert grids[1].about.get("class") == ("fog volume" if difference == "class" else None)
    assert grids[1].values.max() == (grids[0].values.max() if difference == "class" else 14)


def _frames(take: Take) -> list[dict[str, object]]:
    return [event for event in take.events() if event["event"] == "frame"]


def _values(take: Take, number: int) -> str:
    told = record.extract(geometries.structure(take.file(number)))
    assert told is not None
    return told.pixels


def test_a_take_and_a_lone_file_of_it_are_run_again(
    cache: tuple[str, str], answerprint: AtOnce, tmp_path: Path
) -> None:
    take = made(answerprint, *cache)
    lone = tmp_path / f"alone.1001{take.suffix}"
    shutil.copy(take.file(1001), lone)

    whole = answerprint("rerun", take.folder, "--json").last
    alone = answerprint("rerun", lone, "--out", "again", "--json").last

    assert (whole["answer"], len(whole["frames"])) == ("identical", 2)
    assert (alone["answer"], len(alone["frames"])) == ("identical", 1)


def test_a_plate_that_changed_since_is_not_run_again(answerprint: AtOnce, tmp_path: Path) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 1))
    change_shape(tmp_path / "cache" / "pts.1001.bgeo", _move)

    said = answerprint("rerun", take.folder, "--json")

    assert (said.code, said.last["error"]) == (3, "SourceError")
    assert "its values changed since" in said.last["problem"]


def test_a_variation_of_geometry_becomes_a_take_of_its_own(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 2), "--wedge", "by=1,3")
    said = answerprint("promote", take.folder, "w002", "--json")

    new = takes.find(Path(said.last["take"]))
    assert (new.suffix, list(new.items())) == (".bgeo", [Item(1001), Item(1002)])
    assert judge(answerprint, new.folder, home).take == "OK"
    assert _values(new, 1002) == geometry_of(take.file(1002, "w002")).pixels


def geometry_of(file: Path) -> record.Record:
    told = record.extract(geometries.structure(file))
    assert told is not None
    return told


def test_two_caches_are_compared_attribute_by_attribute(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = points(tmp_path / "cache", 1)
    take = made(answerprint, "grow", path)

    said = answerprint("compare", path, take.pattern(), "--json")

    apart = said.documents[0]["apart"]
    held = geometries.read(tmp_path / "cache" / "pts.1001.bgeo").find("P")
    assert held is not None
    assert apart["point P"]["greatest"] == pytest.approx(np.abs(held.values).max())
    assert apart["point P"]["mean"] == pytest.approx(np.abs(held.values).mean())
    assert apart["point id"]["greatest"] == 0


def test_grids_are_compared_in_the_voxels_that_either_has(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = smoke(tmp_path / "cache", 1)
    take = made(answerprint, "thicken", path)

    apart = answerprint("compare", path, take.pattern(), "--json").last["apart"]["density"]

    first = geometries.read(tmp_path / "cache" / "smoke.1001.vdb").volumes[0]
    assert first.active is not None
    assert apart["greatest"] == pytest.approx(first.values[first.active].max())


def test_caches_of_other_structure_are_not_compared(answerprint: AtOnce, tmp_path: Path) -> None:
    one, other = points(tmp_path / "one", 1, number=20), points(tmp_path / "other", 1, number=21)

    said = answerprint("compare", one, other, "--json")

    assert said.code == 3
    assert said.last["problem"] == "frame 1001: the two hold 20 and 21 points."


def _polygons(closed: bool, *members: int) -> Geometry:
    corners = np.arange(3, dtype=np.int32)
    held = Geometry(3, faces=Faces(corners, np.array([3], np.int32), np.array([closed])))
    held.put(Attribute("P", "point", np.eye(3, dtype=np.float32), qualifier="point"))
    held.groups = [Group("rim", "point", np.isin(corners, members))]
    return held


def test_polygons_are_not_compared_with_curves_and_groups_are_by_their_members() -> None:
    with pytest.raises(SourceError, match="polygons where the other has curves"):
        geocompare.apart(_polygons(True), _polygons(False), "frame 1")

    apart = geocompare.apart(_polygons(True, 0), _polygons(True, 0, 2), "frame 1")

    assert [(one.name, one.greatest, one.place) for one in apart] == [
        ("point P", 0, "0"),
        ("point group rim", 1, "2"),
    ]


def test_grids_that_lie_far_apart_are_not_laid_side_by_side() -> None:
    dense = np.ones((2, 2, 2), np.float32)
    here, far = (Geometry(volumes=[Volume("density", dense, origin=(x, x, x))]) for x in (0, 99999))

    with pytest.raises(SourceError, match="100,001 x 100,001 x 100,001 voxels lie around"):
        geocompare.apart(here, far, "frame 1")


def test_a_sheet_of_geometry_says_that_there_is_none(answerprint: AtOnce, tmp_path: Path) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 1))

    said = answerprint("sheet", take.folder, "--json")

    assert (said.code, said.last["error"]) == (5, "TakeError")
    assert "holds geometry, which has no pictures" in said.last["problem"]


def test_what_made_a_file_is_shown_with_what_went_in(answerprint: AtOnce, tmp_path: Path) -> None:
    take = made(answerprint, "grow", points(tmp_path / "cache", 1))

    said = answerprint("show", take.file(1001)).out

    assert "  changed     P\n" in said
    assert "  values      " in said
    assert "windows" not in said
    assert "pixels: pts.1001.bgeo" in said


def test_a_claim_with_an_ending_that_is_none_is_read_as_pictures(tmp_path: Path) -> None:
    take = takes.claim(tmp_path / "name", suffix=".vdb")
    claim = take.private / "claim.json"
    said = json.loads(claim.read_text())

    assert Take(take.folder).suffix == ".vdb"
    claim.write_text(json.dumps({**said, "suffix": "/../../x.exr"}))
    assert Take(take.folder).suffix == ".exr"
    claim.write_text("[]")
    assert Take(take.folder).suffix == ".exr"


def test_numbers_are_spelled_as_a_file_cache_does_where_that_is_asked(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    path = points(tmp_path / "cache", 1)
    made(answerprint, "grow", path)
    take = made(answerprint, "grow", path, "--numbers", "v1")

    assert take.label == "v2"
    assert take.file(1001).name == "pts_grow_v2.1001.bgeo"
    assert judge(answerprint, take.folder, home).take == "OK"
    after = made(answerprint, "grow", path)
    assert after.label == "v003"
    assert [one.label for one in takes.listed(take.folder.parent)] == ["v003", "v2", "v001"]
    said = answerprint("run", "--task", "grow", "--plate", path, "--take", "2", "--json")
    assert said.last["problem"] == "v2 of pts_grow exists already."
    assert said.last["fix"]["label"] == "Make v004"
    rows = answerprint("versions", take.folder, "--json").last
    assert (rows["take"], rows["latest"]) == ("v2", "v003")


def test_a_site_may_spell_its_numbers_so(
    answerprint: AtOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    file.write_text('numbers = "v1"\n')
    monkeypatch.setenv("ANSWERPRINT_SITE", str(file))
    path = points(tmp_path / "cache", 1)

    assert answerprint("plan", "--task", "grow", "--plate", path, "--json").last["take"] == "v1"
    assert made(answerprint, "grow", path).label == "v1"
