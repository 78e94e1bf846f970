"""The soak in short, for who asks for it with --soak: see soak.py, which goes on for longer."""

from __future__ import annotations

from pathlib import Path

import soak


def test_after_many_clients_and_random_kills_every_take_is_whole_and_nothing_is_left(
    tmp_path: Path, home: Path
) -> None:
    report = soak.soak(tmp_path, minutes=0.5, clients=6, seed=1)

    print(report)
    assert report.wrong == []
    assert report.counts["takes complete"] > 1
