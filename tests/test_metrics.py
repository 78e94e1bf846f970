"""What is told to Prometheus: artists' frames are counted once, labels are bounded, nothing is secret."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests
import watchmen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings, strategies
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from answerprint.errors import SetupError
from answerprint_server import clients, expiry, page, queues
from answerprint_server.clients import Recent, Tally
from answerprint_server.facts import Facts, Planned
from answerprint_server.metrics import Metrics
from answerprint_server.probe import DIED, Found
from answerprint_server.watched import Model


def told(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """What a scrape says: name -> values of its labels, in these' order by name -> value."""
    text = generate_latest(metrics.registry()).decode("utf-8")
    return {
        sample.name: {
            tuple(value for _, value in sorted(other.labels.items())): other.value
            for other in family.samples
            if other.name == sample.name
        }
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(tally: Tally) -> Metrics:
    return Metrics(lambda: Facts(clients={name: dict(one) for name, one in tally.counts.items()}))


def test_an_artists_frames_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    watchmen.leave(tmp_path, "denoise", "3", failures={"InferenceError": 2}, warned=3, failed_qc=1)
    watchmen.leave(tmp_path, "denoise", "3", state="part")
    watchmen.leave(tmp_path, "denoise", "4", mirrored=True)

    tally.look()

    counts = tally.counts
    assert counts["frames"] == {
        ("denoise", "3", "night", "done"): 48,
        ("denoise", "3", "night", "failed"): 2,
        ("denoise", "4", "night", "mirrored"): 24,
    }
    assert counts["jobs"] == {
        ("denoise", "3", "night", "complete"): 1,
        ("denoise", "3", "night", "part"): 1,
    }
    assert counts["failures"] == {("denoise", "3", "InferenceError"): 2}
    assert counts["qc"] == {
        ("denoise", "3", "pass"): 44,
        ("denoise", "3", "warn"): 3,
        ("denoise", "3", "fail"): 1,
    }
    assert counts["stage_seconds"]["denoise", "3", "infer"] == pytest.approx(19.2)
    assert counts["megapixels"]["denoise", "3"] == pytest.approx(99.6)


def test_each_outcome_is_counted_once_also_when_it_is_tidied_away(tmp_path: Path) -> None:
    watchmen.leave(tmp_path, "denoise", "3")
    tally = Tally(tmp_path)
    tally.look()
    assert not tally.counts["frames"]  # the watch before has counted it

    left = watchmen.leave(tmp_path, "denoise", "3")
    for _ in range(3):
        tally.look()
    left.unlink()
    tally.look()

    assert tally.counts["frames"]["denoise", "3", "night", "done"] == 24


def test_a_folder_that_changed_long_ago_is_still_seen_when_it_changes(tmp_path: Path) -> None:
    first = watchmen.leave(tmp_path, "denoise", "3")
    long_ago = time.time() - 3600
    os.utime(first.parent, (long_ago, long_ago))
    tally = Tally(tmp_path)
    tally.look()
    watchmen.leave(tmp_path, "denoise", "3")

    tally.look()

    assert tally.counts["frames"]["denoise", "3", "night", "done"] == 24


@pytest.mark.parametrize("known", [True, False], ids=["before", "not_yet"])
def test_a_share_that_was_away_brings_back_nothing_new(known: bool, tmp_path: Path) -> None:
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    watchmen.leave(share, "denoise", "3")
    if not known:
        share.rename(away)
    tally = Tally(share)
    if known:
        share.rename(away)
    tally.look()
    away.rename(share)
    tally.look()
    assert not tally.counts["frames"]
    assert not tally.unreadable

    watchmen.leave(share, "denoise", "3")
    tally.look()

    assert tally.counts["frames"]["denoise", "3", "night", "done"] == 24


def test_an_outcome_of_the_last_hour_is_opened_once_and_left_out_when_it_is_older(
    tmp_path: Path,
) -> None:
    first, second = (watchmen.leave(tmp_path, "denoise", "3", user=one) for one in "ab")
    now = time.time()
    os.utime(first, (now, now - 1800))
    os.utime(second, (now, now - 60))
    recent = Recent(tmp_path)
    assert [one.user for one in recent.look(3600)] == ["b", "a"]

    second.write_text("torn", encoding="utf-8")
    watchmen.leave(tmp_path, "denoise", "3", user="c")

    assert [one.user for one in recent.look(3600)] == ["c", "b", "a"]
    assert [one.user for one in recent.look(900)] == ["c", "b"]


def test_a_damaged_outcome_is_counted_as_such(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    whole = watchmen.leave(tmp_path, "denoise", "3")
    whole.with_name("torn.json").write_bytes(whole.read_bytes()[:50])
    whole.with_name("halted.json").write_text("{}", encoding="utf-8")

    tally.look()

    assert tally.unreadable == 1
    assert tally.counts["jobs"]["denoise", "3", "night", "complete"] == 1


def test_a_series_begins_at_nought_so_that_its_first_frames_are_in_a_rate(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    metrics = counted(tally)
    watchmen.leave(tmp_path, "denoise", "3")
    tally.look()
    key = ("night", "done", "denoise", "3")

    first, second = told(metrics), told(metrics)

    assert first["answerprint_frames_total"][key] == 0
    assert second["answerprint_frames_total"][key] == 24


@given(strategies.lists(strategies.text(min_size=1, max_size=90), max_size=20))
@settings(max_examples=10, deadline=None)
def test_however_many_shows_there_are_labels_are_bounded(names: list[str]) -> None:
    tally = Tally(None)
    shows = {tally._show(name) for name in [*names, *(f"show{n}" for n in range(150))]}  # noqa: SLF001

    assert len(shows) <= clients.MOST_SHOWS + 1
    assert clients.OTHER in shows
    assert all(len(one) <= clients.MOST_LETTERS and one.isprintable() for one in shows)


def test_kinds_and_stages_that_nobody_knows_are_others(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    watchmen.leave(
        tmp_path, "denoise", "3", failures={"/home/mira/secret": 1}, seconds={"token=abc": 2.0}
    )

    tally.look()

    assert tally.counts["failures"] == {("denoise", "3", "other"): 1}
    assert tally.counts["stage_seconds"] == {("denoise", "3", "other"): 2.0}


def test_no_person_machine_or_path_is_told(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    watchmen.leave(tmp_path, "denoise", "3", shot="sh010")
    tally.look()
    lost = Model("denoise", "3", 1, Found(DIED, problem=f"{tmp_path} is gone", remedy="Look."))
    facts = Facts(models=(lost,), clients=tally.counts, disks={"rollout": (1, 2)})
    metrics = Metrics(lambda: facts)

    text = "".join(generate_latest(metrics.registry()).decode() for _ in range(2))

    assert 'show="night"' in text
    for secret in ("mira", "ws014", "nuke", "sh010", "render1", str(tmp_path), "is gone"):
        assert secret not in text
    assert "python_info" not in text
    assert "process_" not in text


def test_a_model_that_is_lost_is_told_as_that() -> None:
    lost = Model("denoise", "3", 1, Found(DIED), uncured=2, answered=1234.5)
    found = told(Metrics(lambda: Facts(at=5.0, up=True, models=(lost,))))

    key = ("denoise", "3")
    assert found["answerprint_probe_up"][key] == 0
    assert found["answerprint_probe_lost"][key] == 1
    assert found["answerprint_probe_reloads_total"]["denoise", "lost", "3"] == 2
    assert found["answerprint_probe_last_success_timestamp_seconds"][key] == 1234.5
    assert found["answerprint_server_up"][()] == 1


def test_a_broken_roll_out_is_told_and_what_was_known_stays(tmp_path: Path) -> None:
    file = tmp_path / "rollout.toml"
    file.write_text(
        '[tasks.denoise]\nstable = "3"\ncandidate = "4"\ncanary = 10\n', encoding="utf-8"
    )
    planned = Planned(tmp_path)
    planned.look()
    file.write_text('[tasks.denoise]\nstable = "three"\n', encoding="utf-8")
    planned.look()

    found = told(Metrics(lambda: Facts(plan=planned.plan, readable=planned.readable)))

    assert found["answerprint_rollout_readable"][()] == 0
    assert found["answerprint_rollout_canary_ratio"][("denoise",)] == 0.1
    assert found["answerprint_rollout_info"] == {
        ("candidate", "denoise", "4"): 1,
        ("stable", "denoise", "3"): 1,
    }


def test_before_the_first_round_nobody_says_that_the_server_is_down() -> None:
    assert "answerprint_server_up" not in told(Metrics(Facts))


PENDING = b'nv_inference_pending_request_count{model="denoise",version="3"}'


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (b"\r\n" + PENDING + b" 2\n", {("denoise", "3"): 2}),
        (b"Content-Length: 1000\r\n\r\n" + PENDING, None),
        (b"Content-Encoding: gzip\r\n\r\n" + PENDING, None),
        (b"\r\n" + PENDING + b" +Inf\n", None),
        (b"\r\n<html>{</html>\n", None),
    ],
    ids=["whole", "broken_off", "no_gzip", "endless", "another_page"],
)
def test_a_page_of_tritons_that_breaks_off_says_nothing(
    page: bytes, found: queues.Queues | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=answer, args=(listening, page))
        answering.start()

        assert queues.waiting(f"127.0.0.1:{listening.getsockname()[1]}") == found

        answering.join(watchmen.SECONDS)


def answer(listening: socket.socket, page: bytes) -> None:
    """One request with these bytes, and no more."""
    one, _ = listening.accept()
    with one:
        one.recv(1 << 16)
        one.sendall(b"HTTP/1.1 200 OK\r\n" + page)


def test_certificates_are_told_by_their_end_and_keys_are_not_opened(tmp_path: Path) -> None:
    end = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=9)
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "render1.pem").write_bytes(certificate(end))
    (tmp_path / "render1.key.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nno key\n")
    (tmp_path / "notes.txt").write_bytes(certificate(end))
    (tmp_path / "torn.pem").write_bytes(certificate(end)[:200])

    assert expiry.ends(tmp_path) == {"servers/render1.pem": end.timestamp()}


def certificate(end: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "render1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    made = made.public_key(key.public_key()).not_valid_before(end - timedelta(days=30))
    return (
        made.not_valid_after(end)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


@pytest.fixture
def served() -> Iterator[str]:
    """The page of a server on which something is wrong."""
    registry = Metrics(lambda: Facts(at=1.0)).registry()
    with page.served("127.0.0.1", 0, registry, lambda: (False, "Not well: denoise 3.")) as where:
        yield f"http://{where[0]}:{where[1]}"


def test_the_page_tells_metrics_and_health_and_nothing_else(served: str) -> None:
    metrics = requests.get(f"{served}/metrics", timeout=30)
    health = requests.get(f"{served}/healthy", timeout=30)

    assert (metrics.status_code, health.status_code) == (200, 503)
    assert "answerprint_server_up 0.0" in metrics.text
    assert health.text == "Not well: denoise 3.\n"
    assert requests.get(f"{served}/", timeout=30).status_code == 404
    assert requests.get(f"{served}/metrics/../healthy.py", timeout=30).status_code == 404
    assert requests.post(f"{served}/healthy", timeout=30).status_code == 405


def test_who_says_nothing_keeps_nobody_else_waiting(served: str) -> None:
    host, _, port = served.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))):
        assert requests.get(f"{served}/metrics", timeout=30).ok


def test_who_goes_away_is_no_fault(served: str, capfd: pytest.CaptureFixture[str]) -> None:
    host, _, port = served.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    # asked after it, and while no other is answered any more
    assert requests.get(f"{served}/metrics", timeout=30).ok
    watchmen.eventually(lambda: not answering(), "one is still being answered")

    assert capfd.readouterr().err == ""


def answering() -> list[str]:
    """Threads of the page that are at work for somebody."""
    names = (one.name for one in threading.enumerate())
    return [one for one in names if "process_request_thread" in one]


def test_a_port_that_is_taken_is_said(served: str) -> None:
    port = int(served.rpartition(":")[2])

    with pytest.raises(SetupError, match=f"127.0.0.1:{port}") as caught:
        page.served("127.0.0.1", port, Metrics(Facts).registry(), lambda: (True, "")).__enter__()

    assert "--listen" in caught.value.remedy
