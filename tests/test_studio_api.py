"""The studio's API: the wall, one take, its pixels, and what is decided about it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import disks
import numpy as np
import pytest
import requests
from command import Answerprint
from PIL import Image
from samples import change, plate as noise
from studios import SECONDS, Served, served, settings, shot

from answerprint import exr, review
from answerprint.documents import write
from answerprint.errors import SetupError
from answerprint.site import Rates, Site
from answerprint.take import Take
from answerprint.triton import Server
from answerprint_studio import serve


@pytest.fixture(scope="module")
def share(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three takes of a shot, two of them of one stream; read only."""
    root = tmp_path_factory.mktemp("share")
    plates = noise(root / "plates", 2)
    with Server(address) as server:
        for name in (None, None, "wide"):
            shot(server, home, root, plates, out={"name": name})
    return root


@pytest.fixture
def studio(share: Path, home: Path, tmp_path: Path) -> Iterator[Served]:
    """A service over a copy of the share, with an index of its own."""
    shutil.copytree(share / "takes", tmp_path / "takes")
    own = tmp_path / "home"
    for name in ("keys", "trust"):
        shutil.copytree(home / name, own / name)
    with served(settings(tmp_path / "takes", own)) as running:
        running.look()
        yield running


def take_of(studio: Served, card: dict[str, Any]) -> Take:
    return studio.studio.take(card["id"])


def main(studio: Served, label: str = "v001") -> dict[str, Any]:
    found = studio.json("/takes", q="bg_passthrough")["takes"]
    return next(one for one in found if one["take"] == label)


def test_the_wall_says_of_each_take_what_it_is_and_where_it_stands(studio: Served) -> None:
    wall = studio.json("/takes", sort="cut")

    first, second, wide = wall["takes"]
    assert (wall["total"], wall["all"], wall["next"]) == (3, 3, None)
    assert (first["name"], first["take"], first["newest"]) == ("bg_passthrough", "v002", True)
    assert (second["take"], second["newest"], second["latest"]) == ("v001", False, False)
    assert (wide["show"], wide["sequence"], wide["shot"]) == ("glass", "010", "010_0020")
    assert (wide["state"], wide["state_word"], wide["count"]) == ("to_review", "To review", 2)
    assert (wide["width"], wide["height"], wide["cost"]) == (32, 24, None)
    assert wall["counts"]["sequence"] == {"010": 3}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "wide"}, 1),
        ({"q": "GLASS passthrough"}, 3),
        ({"q": "task:pass shot:0020"}, 3),
        ({"q": "model:wide"}, 0),
        ({"q": "to review"}, 3),
        ({"q": "50%"}, 0),
        ({"newest": "true"}, 2),
        ({"state": "to_review,approved"}, 3),
        ({"state": "running"}, 0),
        ({"show": "glass", "sequence": "020"}, 0),
        ({"review": "none"}, 3),
    ],
)
def test_takes_are_found_by_words_and_by_filters(
    studio: Served, asked: dict[str, str], found: int
) -> None:
    assert studio.json("/takes", **asked)["total"] == found


def test_groups_say_how_many_shots_and_states_they_have(studio: Served) -> None:
    wall = studio.json("/takes", group="sequence", sort="cut")

    assert wall["groups"] == [
        {"name": "010", "shots": 1, "total": 3, "counts": {"to_review": 3}},
    ]


def test_one_take_says_all_that_stands_beside_it(studio: Served) -> None:
    card = main(studio)
    detail = studio.json(f"/takes/{card['id']}")

    assert detail["frames"] == [1001, 1002]
    assert (detail["plate"]["exists"], detail["plate"]["first"]) == (True, 1001)
    assert [one["take"] for one in detail["others"]] == ["v002", "v001"]
    assert [row[0] for row in detail["pixels"]["rows"]][:2] == ["Highest", "Above 1"]
    assert detail["reviews"] == detail["seen"] == detail["choices"] == []
    assert dict(detail["provenance"]["rows"])["From"] == "bg.####.exr"


def test_a_verdict_on_the_pixels_comes_when_they_are_read(studio: Served) -> None:
    card = main(studio)
    with requests.get(f"{studio.address}/api/v1/events", stream=True, timeout=SECONDS) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line == b": hello")

        before = studio.json(f"/takes/{card['id']}")["provenance"]["verdict"]
        told = next(line for line in lines if line.startswith(b"data: "))
    after = studio.json(f"/takes/{card['id']}")["provenance"]

    assert card["id"] in json.loads(told[6:])["ids"]
    assert (before, after["verdict"]) == ("checking", "verified")
    assert ["Frames", "match the signed record"] in after["rows"]


def test_a_proxy_is_the_frames_own_pixels_in_halves(studio: Served) -> None:
    card = main(studio)
    path = f"/api/v1/takes/{card['id']}/frames/1001/proxy"

    answer = studio.get(path)
    again = studio.get(path, headers={"If-None-Match": answer.headers["ETag"]})

    seen = np.frombuffer(answer.content, "<f2").reshape(24, 32, 3)
    file = take_of(studio, card).file(1001)
    channels = exr.read(file).parts[0].channels
    assert answer.headers["Content-Type"] == "application/x-answerprint-proxy"
    assert (answer.headers["X-Width"], answer.headers["X-Window"]) == ("32", "0,0,31,23")
    assert np.array_equal(seen[..., 1], channels["G"].astype(np.float16))
    assert (again.status_code, again.content) == (304, b"")


def test_a_pixel_is_what_the_file_holds(studio: Served) -> None:
    card = main(studio)
    channels = exr.read(take_of(studio, card).file(1002)).parts[0].channels

    found = studio.json(f"/takes/{card['id']}/frames/1002/pixel", x=3, y=4)
    beyond = studio.json(f"/takes/{card['id']}/frames/1002/pixel", x=-3, y=400)

    assert found["values"]["R"] == float(channels["R"][4, 3])
    assert beyond["values"] == {}


def test_a_frame_that_is_not_there_is_said(studio: Served) -> None:
    card = main(studio)
    answer = studio.get(f"/api/v1/takes/{card['id']}/frames/1900/proxy")

    assert answer.status_code == 404
    assert "has no frame 1900" in answer.json()["problem"]


def test_a_card_has_a_picture_under_an_address_of_its_own(studio: Served) -> None:
    card = main(studio)
    answer = studio.get(card["thumbnail"])

    assert Image.open(BytesIO(answer.content)).size == (32, 24)
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_view_is_a_table_to_look_up_in(studio: Served) -> None:
    card = main(studio)
    looks = studio.json("/looks", take=card["id"])
    answer = studio.get("/api/v1/looks/lut", params={**looks["default"], "size": 5})

    table = np.frombuffer(answer.content, "<f2").reshape(5, 5, 5, 3)
    assert answer.headers["X-Shaper"].startswith("log2 ")
    assert table[4, 4, 4].min() > table[0, 0, 0].max()


def test_an_approval_is_signed_in_the_take_and_shown_everywhere(studio: Served) -> None:
    card = main(studio)
    answer = studio.decide(card["id"], "approved", note="Keep it.", frame=1002, seen=[])

    said = answer.json()
    assert (answer.status_code, said["counts"], said["stands"]) == (201, True, True)
    now = studio.json(f"/takes/{card['id']}")
    assert (now["state"], now["latest_approved"], now["by"]) == ("approved", True, said["by"])
    assert now["seen"] == [said["id"]]
    pointer = json.loads((take_of(studio, card).folder.parent / "approved.json").read_text())
    assert (pointer["take"], pointer["statement"]) == ("v001", said["id"])
    assert studio.json("/takes", state="approved")["total"] == 1


def test_a_retake_needs_a_note(studio: Served) -> None:
    card = main(studio, "v001")

    bare = studio.decide(card["id"], "retake")
    strokes = [{"points": [[1, 2], [3.5, 4]], "width": 2, "colour": "#ffcc00"}]
    drawings = [{"frame": 1001, "strokes": strokes}]
    noted = studio.decide(card["id"], "retake", note="Too soft.", frame=1001, drawings=drawings)

    assert bare.status_code == 409
    assert "needs a note" in bare.json()["problem"]
    assert noted.json()["drawings"] == drawings
    assert main(studio, "v001")["state"] == "retake"
    assert main(studio, "v002")["retakes"] == 1


def test_who_has_not_seen_a_decision_is_told_of_it_first(studio: Served) -> None:
    card = main(studio)
    first = studio.decide(card["id"], "approved", seen=[]).json()

    late = studio.decide(card["id"], "retake", note="No.", seen=[])
    seen = studio.decide(card["id"], "retake", note="No.", seen=[first["id"]])

    assert late.status_code == 409
    assert [one["id"] for one in late.json()["reviews"]] == [first["id"]]
    assert seen.status_code == 201


def test_who_was_told_may_decide_all_the_same_and_nothing_is_lost(studio: Served) -> None:
    card = main(studio)
    first = studio.decide(card["id"], "retake", note="Too soft.", seen=[]).json()

    forced = studio.decide(card["id"], "approved", seen=[first["id"]], force=True)

    assert forced.status_code == 201
    assert main(studio)["state"] == "approved"
    assert len(studio.json(f"/takes/{card['id']}")["reviews"]) == 2


def test_what_is_forced_takes_the_place_of_nothing_that_was_not_seen(studio: Served) -> None:
    card = main(studio)
    first = studio.decide(card["id"], "approved", seen=[]).json()
    studio.decide(card["id"], "retake", note="Too soft.", seen=[first["id"]])

    forced = studio.decide(card["id"], "approved", seen=[first["id"]], force=True).json()

    assert not forced["stands"]
    assert forced["why"].startswith("retake by ")
    assert main(studio)["state"] == "retake"
    assert len(studio.json(f"/takes/{card['id']}")["reviews"]) == 3


def test_of_two_browsers_that_decide_at_once_one_is_told(studio: Served) -> None:
    card = main(studio)
    with ThreadPoolExecutor(2) as both:
        asked = [("approved", ""), ("retake", "Too soft.")]
        answers = list(
            both.map(lambda one: studio.decide(card["id"], one[0], note=one[1], seen=[]), asked)
        )

    assert sorted(one.status_code for one in answers) == [201, 409]
    assert len(studio.json(f"/takes/{card['id']}")["reviews"]) == 1


def test_of_a_browser_and_a_shell_that_decide_at_once_nobodys_word_is_lost(studio: Served) -> None:
    card = main(studio)
    take = take_of(studio, card)
    signer = studio.studio.signer()
    trusted = studio.studio.trusted()

    def in_a_shell(_: int) -> str:
        words: dict[str, Any] = {"tool": "shell", "note": "No."}
        return review.decide(take, "retake", signer=signer, trusted=trusted, **words).id

    def in_a_browser(_: int) -> str:
        answer = studio.decide(card["id"], "approved", seen=[], force=True)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(4) as four:
        ids = {*four.map(in_a_shell, range(4)), *four.map(in_a_browser, range(4))}

    reviews = studio.json(f"/takes/{card['id']}")["reviews"]
    assert {one["id"] for one in reviews} == ids
    assert len(ids) == 8
    assert main(studio)["state"] == "retake"


def test_checks_that_were_edited_are_not_shown_as_what_was_found(studio: Served) -> None:
    card = main(studio)
    take = take_of(studio, card)
    before = studio.get(f"/api/v1/takes/{card['id']}/qc")
    write(take.private / "qc.json", {**take.read("qc"), "verdict": "pass", "more": 7})

    answer = studio.get(f"/api/v1/takes/{card['id']}/qc")

    assert (before.status_code, before.json()["so_far"]) == (200, False)
    assert answer.status_code == 409
    assert answer.json()["problem"].startswith("Its checks were edited")
    assert answer.json()["remedy"] == f"Judge it anew: answerprint qc {take.folder.as_posix()}"


def test_a_variation_is_promoted_to_a_take_of_its_own(
    address: str, home: Path, tmp_path: Path
) -> None:
    with Server(address) as server:
        asked = {"task": "denoise", "wedge": {"strength": [0.5, 1.0]}}
        wedge = shot(server, home, tmp_path, noise(tmp_path / "plates", 1), **asked)
    with served(settings(tmp_path / "takes", home, database=database(tmp_path))) as studio:
        studio.look()
        path = f"/takes/{wedge.read('claim')['uuid']}/promote"
        said = studio.json(path, variation="w002")
        answer = studio.post(path, {"variation": "w002"})
        made = studio.json(f"/takes/{answer.json()['id']}")
        none = studio.post(path, {"variation": "w009"})

    assert said["words"].startswith("w002 becomes v002: its 1 frame")
    assert (answer.status_code, answer.json()["take"]) == (201, "v002")
    assert (made["state"], made["frames"], made["reviews"]) == ("to_review", [1001], [])
    assert exr.read(Path(made["path"]) / Take(Path(made["path"])).file(1001).name).parts
    assert (none.status_code, none.json()["error"]) == (409, "TakeError")
    assert "has no variation 'w009'" in none.json()["problem"]


def test_a_decision_is_void_when_the_pixels_change(studio: Served) -> None:
    card = main(studio)
    studio.decide(card["id"], "approved")

    def brighter(frame: exr.Frame) -> None:
        frame.parts[0].channels["R"] = frame.parts[0].channels["R"] + 1

    change(take_of(studio, card).file(1001), brighter)
    now = studio.json(f"/takes/{card['id']}")

    assert now["state"] == "to_review"
    assert now["void"] == "the pixels of 1001 are others since"
    assert not now["reviews"][0]["counts"]


def test_a_decision_made_in_a_host_is_seen(studio: Served, home: Path) -> None:
    card = main(studio)
    take = take_of(studio, card)

    signer, trusted = studio.studio.signer(), studio.studio.trusted()
    review.decide(take, "approved", signer=signer, trusted=trusted, tool="nuke")
    studio.studio.follower.look()

    assert main(studio)["state"] == "approved"


def test_a_take_that_was_removed_is_gone_in_words(studio: Served) -> None:
    card = main(studio)
    shutil.rmtree(take_of(studio, card).folder)

    answer = studio.get(f"/api/v1/takes/{card['id']}")

    assert answer.status_code == 404
    assert answer.json()["problem"] == (
        "bg_passthrough v001 is not there any more: its folder was removed."
    )
    assert studio.json("/takes")["total"] == 2
    assert studio.get(f"/api/v1/takes/{card['id']}").status_code == 404


def test_on_a_share_that_cannot_be_written_one_may_look_and_is_told_why_no_more(
    share: Path, home: Path, tmp_path: Path
) -> None:
    with disks.disk(tmp_path / "disk", "16m") as disk:
        shutil.copytree(share / "takes", disk / "takes")
        assert not disks.mount("-o", "remount,ro", disk)
        with served(settings(disk / "takes", home, database=database(tmp_path))) as studio:
            studio.look()
            card = main(studio)
            proxied = studio.get(f"/api/v1/takes/{card['id']}/frames/1001/proxy")
            answer = studio.decide(card["id"], "approved")

    assert proxied.status_code == 200
    assert answer.status_code == 409
    assert "cannot be kept" in answer.json()["problem"]
    assert "Read-only" in answer.json()["problem"]


def database(folder: Path) -> str:
    return f"sqlite:///{folder.as_posix()}/index.db"


def test_a_run_costs_what_the_site_says_and_nothing_is_made_up(
    share: Path, home: Path, tmp_path: Path
) -> None:
    site = Site(rates=Rates(currency="EUR", per_hour=36.0))
    asked = settings(share / "takes", home, site=site, database=database(tmp_path))
    with served(asked) as studio:
        studio.look()
        card = main(studio)

    assert card["cost"] == {
        "amount": pytest.approx(card["seconds"] / 100, abs=1e-4),
        "currency": "EUR",
        "so_far": False,
    }


def test_whoever_runs_it_decides(studio: Served) -> None:
    me = studio.json("/me")

    assert me["canDecide"]
    assert me["login"]


def test_proxies_that_were_not_finished_are_made_anew(studio: Served) -> None:
    card = main(studio)
    path = f"/api/v1/takes/{card['id']}/frames/1001/proxy"
    whole = studio.get(path).content
    cache = studio.studio.settings.home / "proxies"
    for file in cache.glob("*.proxy"):
        file.write_bytes(file.read_bytes()[:-100])

    assert studio.get(path).content == whole


def test_the_command_serves_what_comes_while_it_runs_and_ends_when_asked(
    studio: Served, answerprint: Answerprint, tmp_path: Path
) -> None:
    take = take_of(studio, main(studio))
    root = tmp_path / "empty"
    root.mkdir()
    argv = answerprint.argv("studio", "--root", root, "--port", "0", "--json", "--log")
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        with requests.get(f"{said['address']}api/v1/events", stream=True, timeout=60) as stream:
            lines = stream.iter_lines()
            next(line for line in lines if line == b": hello")
            shutil.copytree(take.folder, root / "stream" / "v001")
            told = next(line for line in lines if line.startswith(b"data: "))
            wall = requests.get(f"{said['address']}api/v1/takes", timeout=60).json()
            process.terminate()
            rest = list(lines)  # raises where the answer is broken off
    finally:
        process.terminate()
        output, log = process.communicate(timeout=60)

    assert [one["id"] for one in wall["takes"]] == json.loads(told[6:])["ids"]
    assert [line for line in rest if line and not line.startswith(b":")] == []
    assert (process.returncode, output) == (0, "")
    assert '"GET /api/v1/takes HTTP/1.1" 200' in log
    assert "Traceback" not in log


def test_a_port_that_is_taken_is_said(studio: Served) -> None:
    port = int(studio.address.rpartition(":")[2])

    with (
        pytest.raises(SetupError, match=f"Port {port} of 127.0.0.1 is taken by another program"),
        serve.bound(replace(studio.studio.settings, port=port)),
    ):
        pass
