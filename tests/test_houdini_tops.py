"""Work items: a wedge shared out over a TOP network makes one take; who fails says why and is cooked again."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pdg
import pytest
from samples import points

from answerprint import takes
from answerprint_houdini import roots, tops
from answerprint_houdini.register import Register
from answerprint_panel.host import HostError

JOB = {"task": "shade", "plate": "/shows/scan.bgeo", "wedge": {"radius": "1-200"}}

HOST_SIDE = [f"{roots.HOUDINI}/scripts/python", roots.CORE]

# The engine's words, and none of its work: what it is asked stands in `asked`, a line each
ENGINE = """#!{python}
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
words = sys.argv[4:]
with (here / "asked").open("a") as asked:
    asked.write(json.dumps(words) + "\\n")
take = here / "takes" / "scan_shade" / "v001"
if "--dry-run" in words:
    plate = json.loads(words[words.index("--document") + 1])["plate"]
    print(json.dumps({{"axes": {{"radius": list(range(200))}}, "frames": "1", "version": "1",
                       "inputs": {{"P": {{"path": plate}}}}, "first": 1, "last": 2,
                       "root": (here / "takes").as_posix(), "stream": "scan_shade"}}))
elif "--claim" in words:
    number = 1 + len(list((here / "takes" / "scan_shade").glob("v*")))
    take = here / "takes" / "scan_shade" / ("v%03d" % number)
    take.mkdir(parents=True)
    print(json.dumps({{"path": take.as_posix(), "name": "scan_shade", "take": take.name}}))
elif "versions" in words:
    print(json.dumps({{"takes": [{{"take": "v001", "state": "incomplete"}}]}}))
elif (here / "broken").exists():
    print("a line that a library has printed")
    print(json.dumps({{"error": "ServerError", "problem": "The server is away.", "remedy": "Start it."}}))
    sys.exit(5)
elif (here / "dead").exists():
    print(json.dumps({{"event": "failed", "frame": 7, "problem": "Its values are no numbers."}}))
    sys.exit(1)
else:
    take = Path(words[words.index("--resume") + 1])
    first, _, last = words[-2].partition("=")[2].partition("-")
    for number in range(int(first[1:]), int((last or first)[1:]) + 1):
        folder = take / ("w%03d" % number)
        folder.mkdir(exist_ok=True)
        (folder / ("scan_shade_%s_w%03d.0001.bgeo" % (take.name, number))).write_bytes(b"")
        (folder / ".hidden.part.bgeo").write_bytes(b"")
    print(json.dumps({{"event": "finished", "state": "part"}}))
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine that notes what it is asked."""
    script = tmp_path / "engine"
    script.write_text(ENGINE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(script))
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    return tmp_path / "asked"


def quiet(_said: str) -> None:
    pass


def verbs(asked: Path, flag: str) -> list[list[str]]:
    return [words for words in map(json.loads, asked.read_text().splitlines()) if flag in words]


def test_two_hundred_variations_are_eight_items_of_one_take(asked: Path) -> None:
    holder = pdg.WorkItemHolder()

    assert tops.generate(holder, [], JOB, per_item=25) == 8
    assert verbs(asked, "--claim") == []
    files = [tops.cook(item, report=quiet) for item in holder.items]

    assert len(verbs(asked, "--dry-run")) == 1
    assert len(verbs(asked, "--claim")) == 1
    spans = [words[-2] for words in verbs(asked, "--resume")]
    assert spans[0] == "--variations=w001-w025"
    assert spans[-1] == "--variations=w176-w200"
    assert len({path for one in files for path in one}) == 200
    assert [len(item.outputFiles) for item in holder.items] == [25] * 8
    first = holder.items[0].outputFiles[0]
    assert (first.path, first.tag) == (files[0][0], "file/geo")
    assert len({one.hash for item in holder.items for one in item.outputFiles}) == 200


def test_items_that_cook_at_once_take_one_number(asked: Path) -> None:
    holder = pdg.WorkItemHolder()
    tops.generate(holder, [], JOB, per_item=50)

    threads = [
        threading.Thread(target=tops.cook, args=(item,), kwargs={"report": quiet})
        for item in holder.items
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(verbs(asked, "--claim")) == 1
    assert all(len(item.outputFiles) == 50 for item in holder.items)


def test_the_same_request_goes_on_in_its_take_and_another_does_not(asked: Path) -> None:
    resolved: dict[str, Any] = {"axes": {"radius": [1, 2]}, "frames": "1", "version": "1"}

    assert tops.key(resolved) == tops.key(dict(reversed(resolved.items())))
    assert tops.key(resolved) == tops.key({**resolved, "memory": 12, "notes": ["x"]})
    for change in ({"frames": "2"}, {"version": "2"}, {"axes": {"radius": [1, 3]}}):
        assert tops.key({**resolved, **change}) != tops.key(resolved)

    request = {"document": JOB, "server": None, "stream": f"{asked.parent}/takes/scan_shade"}
    first = tops.claimed("a1", request)
    assert tops.claimed("a1", request) == first
    assert len(verbs(asked, "--claim")) == 1
    Path(first["path"]).rmdir()  # somebody has deleted the take
    tops.claimed("a1", request)
    assert len(verbs(asked, "--claim")) == 2


def test_a_plate_that_changed_has_another_take(asked: Path, tmp_path: Path) -> None:
    plate = tmp_path / "scan.0001.bgeo"
    plate.write_bytes(b"1")
    before, after = pdg.WorkItemHolder(), pdg.WorkItemHolder()
    job = {**JOB, "plate": f"{tmp_path}/scan.####.bgeo"}
    tops.generate(before, [], job, per_item=100)
    tops.cook(before.items[0], report=quiet)

    (tmp_path / "scan.0002.bgeo").write_bytes(b"a frame that nobody asked for")
    tops.check_plate(json.loads(before.items[1].stringAttribValue(tops.Items.JOB)))

    plate.write_bytes(b"another")

    with pytest.raises(RuntimeError, match=r"The plate has changed .*Generate the items again"):
        tops.cook(before.items[1], report=quiet)
    tops.generate(after, [], job, per_item=100)
    keys = {one.stringAttribValue(tops.Items.KEY) for one in (*before.items, *after.items)}
    assert len(keys) == 2
    assert "/v002/" in tops.cook(after.items[0], report=quiet)[0]


def test_items_of_other_processes_take_one_number(asked: Path, tmp_path: Path) -> None:
    """As on a farm: each item in a process of its own, none of which knows of the others."""
    stream = f"{tmp_path}/takes/scan_shade"
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\nfrom answerprint_houdini import tops\n"
        "print(tops.claimed('a1', {'document': {'plate': ''}, 'server': None,"
        " 'stream': sys.argv[1]})['take'])"
    )
    words = [sys.executable, "-c", code, stream, "", *HOST_SIDE]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {process.communicate()[0].strip() for process in started}

    assert said == {"v001"}
    assert len(verbs(asked, "--claim")) == 1
    assert [x.suffix for x in (Path(stream) / ".tops").iterdir()] == [".json"]


def test_what_a_dead_process_began_is_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / ".tops"
    folder.mkdir()
    (folder / "a1.claim").write_text("0123abcd ...")  # its mark and three beats, and none follows
    (folder / "a1.json").write_text('{"path": ')
    (tmp_path / "v001").mkdir()
    made = {"path": str(tmp_path / "v001"), "name": "scan", "take": "v001"}

    assert Register(str(tmp_path), dead_seconds=0.5).take("a1", lambda: dict(made)) == made
    assert [x.name for x in folder.iterdir()] == ["a1.json"]


def test_two_who_thought_it_their_turn_have_the_take_of_the_first(tmp_path: Path) -> None:
    for name in ("v001", "v002"):
        (tmp_path / name).mkdir()
    takes_ = [{"path": str(tmp_path / x), "name": "scan", "take": x} for x in ("v001", "v002")]

    def late() -> dict[str, Any]:
        """Whoever was thought dead wakes up, while another has made the record."""
        (tmp_path / ".tops" / "a1.claim").unlink()
        Register(str(tmp_path)).take("a1", lambda: takes_[0])
        return takes_[1]

    assert Register(str(tmp_path)).take("a1", late) == takes_[0]


def test_a_number_that_could_not_be_taken_is_nobodys(tmp_path: Path) -> None:
    def away() -> dict[str, Any]:
        raise HostError("The server is away.", "Start it.")

    with pytest.raises(HostError, match="The server is away"):
        Register(str(tmp_path)).take("a1", away)
    assert list((tmp_path / ".tops").iterdir()) == []

    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot be written"):
        Register(str(tmp_path / "file")).take("a1", away)


def test_what_is_asked_wrongly_is_said(asked: Path) -> None:
    with pytest.raises(HostError, match="cannot make 0"):
        tops.generate(pdg.WorkItemHolder(), [], JOB, per_item=0)
    with pytest.raises(HostError, match="cannot be written down"):
        tops.generate(pdg.WorkItemHolder(), [], {**JOB, "plate": Path("scan.bgeo")})
    with pytest.raises(RuntimeError, match="asks for nothing"):
        tops.cook(pdg.WorkItem(0, "theirs"), report=quiet)
    request = {"document": JOB, "server": None, "stream": "P:/takes/scan"}
    with pytest.raises(HostError, match="as on another system"):
        tops.claimed("a1", request)


def test_an_item_that_fails_says_why_and_can_be_cooked_again(asked: Path) -> None:
    holder = pdg.WorkItemHolder()
    tops.generate(holder, [], JOB, per_item=200)
    (item,) = holder.items
    (asked.parent / "broken").write_text("")

    with pytest.raises(LookupError, match=r"The server is away\. Start it\."):
        tops.cook(item, fail=LookupError, report=quiet)
    assert item.outputFiles == ()

    (asked.parent / "broken").unlink()
    assert len(tops.cook(item, report=quiet)) == 200


def test_an_engine_that_dies_without_an_error_is_quoted(asked: Path) -> None:
    holder = pdg.WorkItemHolder()
    tops.generate(holder, [], JOB, per_item=200)
    (asked.parent / "dead").write_text("")

    with pytest.raises(RuntimeError, match=r"ended with 1: frame 7: Its values are no numbers"):
        tops.cook(holder.items[0], report=quiet)


def test_each_upstream_item_has_a_request_of_its_own(asked: Path) -> None:
    holder, scans = pdg.WorkItemHolder(), [pdg.WorkItem(0, "a"), pdg.WorkItem(1, "b")]

    def job(scan: Any) -> dict[str, Any]:
        return {**JOB, "plate": f"/{scan.name}.bgeo"}

    count = tops.generate(holder, scans, job, per_item=100)

    assert (count, [item.parent for item in holder.items]) == (4, [scans[0]] * 2 + [scans[1]] * 2)
    said = [json.loads(item.stringAttribValue(tops.Items.JOB))["document"] for item in holder.items]
    assert [one["plate"] for one in said] == ["/a.bgeo", "/a.bgeo", "/b.bgeo", "/b.bgeo"]
    assert [item.index for item in holder.items] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("resolved", "parts"),
    [
        ({"axes": {"a": [1]}}, [["--variations", "w001"]]),
        ({"axes": {"a": [1, 2], "b": [1]}}, [["--variations", "w001-w002"]]),
        ({"frames": "1-3,7"}, [["--frames", "1-2"], ["--frames", "3,7"]]),
    ],
)
def test_a_part_is_some_variations_or_some_frames(
    resolved: dict[str, Any], parts: list[list[str]]
) -> None:
    assert tops.parts(resolved, 2) == parts


def test_frames_of_a_part_are_found_by_their_numbers(tmp_path: Path) -> None:
    for frame in ("0001", "0002", "0012", "-0005"):
        (tmp_path / f"scan_v001.{frame}.vdb").write_bytes(b"")
    (tmp_path / "Thumbs.0001.db").write_bytes(b"")
    take = {"path": tmp_path.as_posix(), "name": "scan", "take": "v001"}

    assert [x[-8:] for x in tops.made(take, ["--frames", "1-2"])] == ["0001.vdb", "0002.vdb"]
    assert [x[-9:] for x in tops.made(take, ["--frames", "-5--3"])] == ["-0005.vdb"]
    with pytest.raises(HostError, match="has no file of 3"):
        tops.made(take, ["--frames", "3"])


def test_where_no_engine_is_installed_the_item_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(tmp_path / "none"))

    with pytest.raises(HostError, match="there is no program there"):
        tops.generate(pdg.WorkItemHolder(), [], JOB)


def test_items_of_one_wedge_close_its_take_on_a_real_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ANSWERPRINT_ENGINE", sys.executable)
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    holder = pdg.WorkItemHolder()
    job = {
        "task": "point_normals",
        "plate": points(tmp_path / "cache", 1).as_posix(),
        "parameters": {"facing": "towards"},
        "wedge": {"towards_x": [-1, 0, 1]},
        "out": {"root": str(tmp_path / "takes")},
    }

    tops.generate(holder, [], job, per_item=2)
    files = [tops.cook(item, report=quiet) for item in holder.items]
    again = tops.cook(holder.items[0], report=quiet)  # there is nothing left to do

    assert [len(one) for one in files] == [2, 1]
    assert again == files[0]
    (take,) = (tmp_path / "takes" / "pts_point_normals").glob("v*")
    assert takes.find(take).state() == "complete"
