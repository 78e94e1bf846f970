"""Answerprint in hython: run a task over a node of a scene, or make a part of a take.

examples:
  hython -m answerprint_houdini run --hip x.hip --node /obj/geo1/OUT --task point_normals --frames 1-24
  hython -m answerprint_houdini run --hip x.hip --node /obj/geo1/OUT --task point_normals \
--frames 12 --wedge radius=0.1,0.2,0.4
  hython -m answerprint_houdini run --hip x.hip --node /obj/geo1/OUT --task volume_upres --claim
  hython -m answerprint_houdini resume takes/OUT_point_normals/v003 --variations w001-w025
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Dict, List, Optional

import answerprint_houdini
from answerprint_panel.host import HostError

FAILED, WRONG, STOPPED = 1, 2, 130  # exit codes: it did not work, it was asked wrongly, Ctrl-C


def main(words: Optional[List[str]] = None) -> int:
    """Returns the exit code: 0, 1 where it failed, 2 where the request is wrong, 130 after Ctrl-C."""
    args = _parser().parse_args(words)
    deed = _run if args.verb == "run" else _resume
    try:
        found = deed(args)
    except HostError as error:
        print(f"answerprint: {error.problem}\n  {error.remedy}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("answerprint: stopped; what is finished stays.", file=sys.stderr)
        return STOPPED
    if args.json:
        print(json.dumps(found))
    return 0


def _run(args: argparse.Namespace) -> Dict[str, Any]:
    if args.hip:
        _open(args.hip)
    asked: Dict[str, Any] = {"parameters": _values(args.set), "wedge": _wedge(args.wedge)}
    given = {key: value for key, value in asked.items() if value}
    layers = _pairs(args.layer, "--layer")
    if layers:
        given["inputs"] = {name: {"layer": layer} for name, layer in layers.items()}
    out = {key: getattr(args, key) for key in ("root", "show", "shot", "name")}
    out = {key: value for key, value in out.items() if value}
    if out:
        given["out"] = out
    mode = "farm" if args.claim else "existing" if args.existing else "here"
    return answerprint_houdini.run(
        args.node,
        args.task,
        frames=args.frames,
        seed=args.seed,
        mode=mode,
        server=args.server,
        place=False,  # the scene is closed with this process, and is not ours to save
        report=_report(args),
        **given,
    )


def _resume(args: argparse.Namespace) -> Dict[str, Any]:
    return answerprint_houdini.resume(
        args.take,
        frames=args.frames,
        variations=args.variations,
        server=args.server,
        report=_report(args),
    )


def _open(hip: str) -> None:
    from answerprint_houdini import host  # noqa: PLC0415 - imports hou; `resume` needs none

    host.this().open_scene(hip)


def _report(args: argparse.Namespace) -> Any:
    """Progress stands beside the answer, not in it."""
    return lambda line: print(line, file=sys.stderr if args.json else sys.stdout, flush=True)


def _pairs(given: List[str], flag: str) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise HostError(
                f"{flag} {one} is no name with a value.", f"Write it like {flag} name=0.5."
            )
        found[name.strip()] = text
    return found


def _values(given: List[str]) -> Dict[str, Any]:
    return {name: value(text) for name, text in _pairs(given, "--set").items()}


def _wedge(given: List[str]) -> Dict[str, List[Any]]:
    found = _pairs(given, "--wedge")
    return {name: [value(each) for each in text.split(",")] for name, text in found.items()}


def value(text: str) -> Any:
    """A number or a truth where a text reads as one, else the text: 0.5, true, fast."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, (int, float, bool, str)) else text


def _parser() -> argparse.ArgumentParser:
    summary, _, examples = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="hython -m answerprint_houdini",
        description=summary,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.required = True
    run = verbs.add_parser("run", help="a task over a node of a scene, as a new take")
    run.add_argument("--hip", metavar="PATH", help="the scene; else the one that is open")
    run.add_argument("--node", required=True, metavar="PATH", help="a SOP or ROP, or files on disk")
    run.add_argument("--task", required=True, metavar="NAME")
    run.add_argument("--seed", metavar="NUMBER")
    for flag, words in (
        ("--set", "NAME=VALUE"),
        ("--wedge", "NAME=A,B"),
        ("--layer", "INPUT=NAME"),
    ):
        run.add_argument(flag, action="append", default=[], metavar=words)
    for flag in ("--root", "--show", "--shot", "--name"):
        run.add_argument(flag, metavar="TEXT", help="where the take goes")
    how = run.add_mutually_exclusive_group()
    how.add_argument(
        "--claim", action="store_true", help="take the number, make nothing: for a farm"
    )
    how.add_argument("--existing", action="store_true", help="cook nothing: use what is written")
    resume = verbs.add_parser("resume", help="make a claimed take, or a part of it")
    resume.add_argument("take", metavar="TAKE", help="its folder")
    resume.add_argument("--variations", metavar="LABELS", help="like w001-w025")
    for each in (run, resume):
        each.add_argument("--frames", metavar="RANGE", help="like 1-24 or 1,12,24")
        each.add_argument("--server", metavar="HOST:PORT")
        each.add_argument(
            "--json", action="store_true", help="the answer as JSON, and nothing else"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
