"""The demo: eight noisy frames, a scan and smoke through a real Triton server into signed takes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from install.environment import ROOT

PLATES = os.path.join(ROOT, "install", "plates", "denoise")
SCAN = os.path.join(ROOT, "install", "plates", "geometry", "scan.####.bgeo")
SMOKE = os.path.join(ROOT, "install", "plates", "geometry", "smoke.####.vdb")


def run(python: str, words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m install demo")
    parser.add_argument("--out", default=os.path.join(ROOT, ".demo"), help="where takes go")
    out = os.path.abspath(parser.parse_args(words).out)
    answerprint = os.path.join(os.path.dirname(python), "answerprint")
    noisy = os.path.join(PLATES, "noisy.####.exr")
    clean = os.path.join(PLATES, "clean.####.exr")
    was_running = _quiet([answerprint, "serve", "--status"])
    try:
        _do("A Triton server on this machine", [answerprint, "serve", "--detach"])
        job = ["--task", "denoise", "--plate", noisy, "--out", out, "--lines"]
        _do("Denoise eight frames, guided by albedo and normal", [answerprint, "run", *job])
        take = _newest(os.path.join(out, "noisy_denoise"))
        label = os.path.basename(take)
        _do("Is every frame what was signed?", [answerprint, "verify", take])
        _do("What made it", [answerprint, "show", take])
        frames = os.path.join(take, "noisy_denoise_%s.####.exr" % label)
        picture = os.path.join(out, "noisy_denoise_%s.png" % label)
        pair = [noisy, frames, "--reference", clean, "--sheet", picture]
        _do("How far from the clean reference, before and after", [answerprint, "compare", *pair])
        job = ["--task", "point_normals", "--plate", SCAN, "--out", out, "--lines"]
        _do(
            "Points as Houdini has them: three frames of a scan get normals",
            [answerprint, "run", *job],
        )
        job = ["--task", "volume_upres", "--plate", SMOKE, "--out", out, "--lines"]
        _do("A volume: two frames of smoke, twice as fine", [answerprint, "run", *job])
    finally:
        if not was_running:
            _quiet([answerprint, "serve", "--stop"])
    _say_next(take, answerprint)
    return 0


def _do(title: str, command: list[str]) -> None:
    print("\n== %s" % title, flush=True)
    if subprocess.run(command, check=False).returncode:
        sys.exit(1)  # the command has said what is wrong and what to do


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _newest(stream: str) -> str:
    return os.path.join(stream, max(os.listdir(stream)))


def _say_next(take: str, answerprint: str) -> None:
    short = os.path.relpath(answerprint, os.getcwd())
    print("\nYour take lies in %s" % take)
    print("Next:")
    print("  %s serve --detach" % short)
    print("  %s run --task denoise --plate your/render.####.exr" % short)
    print("  %s rerun %s" % (short, os.path.relpath(take, os.getcwd())))
