"""Set the limits of a profile's gates from clean footage, and try them on other footage.

Clips of known good models set the limits: all gates together may cry at hardly any of them. Then
other clips, of other scenes, are spoiled in some thirty ways and strengths. The report says what is
caught, with intervals; beside it lie a picture of that and the profile as a file.

A server of its own runs the real models, and is gone afterwards. The default set takes about ten
minutes on two cores.

examples:
  answerprint qc calibrate
  answerprint qc calibrate --clips 24 --out /tmp/look
  answerprint qc calibrate plates/a.####.exr plates/b.####.exr --profile denoise
"""

from __future__ import annotations

import argparse
import errno
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from answerprint import gates as gates_of, profile as profiles
from answerprint.calibration import chart, profiled, report, sets, study
from answerprint.calibration.makers import MAKERS
from answerprint.calibration.report import About
from answerprint.calibration.study import Outcome
from answerprint.calibration.tried import Tried, tried
from answerprint.cli.context import Context
from answerprint.errors import DiskFull, JobError, SourceError, TakeError
from answerprint.gate import Gate
from answerprint.plate import Plate

CLIPS, MOST_CLIPS, SEED = 320, 5000, 7
# class of tasks -> the real models that make some of its clips
MODELS = {"denoise": ("denoise",)}


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("plates", nargs="*", metavar="PLATE", help="plates to make clips of; none: our own set")
    add("--task", choices=list(MAKERS), help="class of models to make them with; as the profile")
    add("--profile", default="denoise", metavar="NAME", help="whose limits to set; denoise")
    add("--out", type=Path, default=Path("qc"), metavar="DIR", help="for the report; usually qc")
    add("--clips", type=int, default=CLIPS, metavar="N", help=f"in each half; usually {CLIPS}")
    add("--seed", type=int, default=SEED, metavar="N", help=f"another set; usually {SEED}")
    add("--server", metavar="HOST:PORT", help="ask this one; usually one of its own")


def _checked(args: argparse.Namespace) -> str:
    """The class of models; everything that would stop it later stops it here.

    Raises:
        JobError: there are no makers for it, or a number is wrong.
        SetupError: what draws the picture is not installed.
        SourceError: the folder for the report is not there.
    """
    task: str = args.task or args.profile
    if task not in MAKERS:
        raise JobError(
            f"There are no models to calibrate '{args.profile}' with.",
            remedy=f"Give --task: {', '.join(MAKERS)}.",
        )
    if not 2 <= args.clips <= MOST_CLIPS:
        raise JobError(f"--clips is {args.clips}.", remedy=f"Give 2 to {MOST_CLIPS}.")
    if not 0 <= args.seed < 1 << 32:
        raise JobError(f"--seed is {args.seed}.", remedy="Give a whole number from 0 up.")
    chart.check()
    if not args.out.absolute().parent.is_dir():
        raise SourceError(
            f"{args.out.absolute().parent.as_posix()} is no folder.",
            remedy="Make it, or name another place for the report.",
        )
    return task


def run(args: argparse.Namespace, context: Context) -> int:
    task = _checked(args)
    gates = gates_of.found()
    profile = profiles.load(args.profile, context.site, gates.keys())
    plates = [Plate.parse(word) for word in args.plates]
    specs = sets.specs(task, args.seed, args.clips, plates)
    with _server(args.server, MODELS.get(task, ())) as address:
        names = [name for name in gates if profile.rule(name).limit is not None]
        access = context.access(args.server) if args.server else None
        found = _studied(study.outcomes(specs, address, names, access), len(specs), context)
    made, held = profiled.limits_of(profile, gates, found)
    result = tried([one for one in found if one.spec.half == "held"], held)
    about = About(
        profile.name,
        study.digest(found, args.seed),
        _command(args),
        _made_of(args, plates),
        sum(one.spec.half == "fit" for one in found),
        {name: why for one in found for name, why in one.broken.items()},
    )
    lines = profiled.toml(profile, made, about.digest, about.made_of)
    _write(args.out, about, result, gates, lines)
    _tell(context, about, result, args.out)
    return 0


def _studied(outcomes: Iterator[Outcome], clips: int, context: Context) -> list[Outcome]:
    """Raises KeyboardInterrupt: it is to end."""
    found = []
    for one in outcomes:
        found.append(one)
        context.interrupted.heed()
        if len(found) % 40 == 0 or len(found) == clips:
            context.output.emit({"event": "clips", "done": len(found), "of": clips})
            context.output.say(f"{len(found)} of {clips} clips")
    return found


def _command(args: argparse.Namespace) -> str:
    words = ["answerprint", "qc", "calibrate", *args.plates, "--profile", args.profile]
    words += ["--task", args.task] if args.task else []
    words += ["--clips", str(args.clips)] if args.clips != CLIPS else []
    words += ["--seed", str(args.seed)] if args.seed != SEED else []
    return " ".join(words)


def _made_of(args: argparse.Namespace, plates: Sequence[Plate]) -> str:
    if plates:
        names = ", ".join(plate.name_with_mark for plate in plates)
        halves = (
            "both halves are of one plate, one after the other in time"
            if len(plates) == 1
            else "no plate is in both halves"
        )
        return f"{2 * args.clips} clips of {names}; {halves}; seed {args.seed}"
    return (
        f"{2 * args.clips} clips of 8 frames: procedural scenes of 320x180 out of seed "
        f"{args.seed}, one a clip, and in every twentieth our rendered plates (install/plates); "
        f"'{_command(args)}' "
        "builds it"
    )


def _write(folder: Path, about: About, result: Tried, gates: dict[str, Gate], lines: str) -> None:
    """Raises TakeError, DiskFull: the folder cannot be written."""
    try:
        folder.mkdir(exist_ok=True)
        page = folder / f"{about.profile}.md"
        page.write_text(report.markdown(about, result, gates), encoding="utf-8", newline="\n")
        (folder / f"{about.profile}.toml").write_text(lines, encoding="utf-8", newline="\n")
        chart.save(folder / f"{about.profile}.png", about.profile, result)
    except OSError as error:
        kind = DiskFull if error.errno == errno.ENOSPC else TakeError
        raise kind(
            f"{folder.as_posix()} cannot be written: {error.strerror}.",
            remedy="Name another folder with --out.",
        ) from error


def _tell(context: Context, about: About, result: Tried, folder: Path) -> None:
    least, most = result.clean.interval
    context.output.emit(
        {
            "profile": about.profile,
            "calibrated": about.digest,
            "limits": result.limits,
            "false_alarms": {
                "clips": result.clean.count,
                "hits": result.clean.hits,
                "interval": [round(least, 5), round(most, 5)],
            },
            "caught": [
                {
                    "kind": row.kind.name,
                    "strength": row.step,
                    "unit": row.kind.unit,
                    "control": row.kind.control,
                    "clips": row.caught.count,
                    "hits": row.caught.hits,
                    "best": row.best,
                }
                for row in result.rows
            ],
            "out": folder.as_posix(),
        }
    )
    context.output.say(
        f"False alarms of all gates together: {result.clean.hits} of {result.clean.count} held-out "
        f"clean clips ({least:.1%} to {most:.1%})."
    )
    context.output.say(f"Report, picture and profile: {folder.as_posix()}/{about.profile}.*")


@contextmanager
def _server(asked: str | None, models: tuple[str, ...]) -> Iterator[str | None]:
    """The address to ask: None where no real model is needed.

    Raises:
        SetupError: this machine lacks what a server needs.
    """
    if asked or not models:
        yield asked
        return
    from answerprint_server import embedded, repository  # noqa: PLC0415 - not with another's server

    with tempfile.TemporaryDirectory(prefix="answerprint-calibrate-") as name:
        folder = Path(name) / "models"
        ignored = shutil.ignore_patterns("__pycache__", "golden", "extra")
        for model in models:
            source = repository.models_folder() / model
            shutil.copytree(source, folder / model, ignore=ignored)
        with embedded.serve(Path(name) / "home", folder) as state:
            yield state.address
