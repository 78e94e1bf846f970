"""OCIO: a loaded OpenColorIO configuration, its spaces by name, and the steps between them.

The only importer of PyOpenColorIO, and the only place where its errors become ours. The standard
spaces (linear Rec.709, ACEScct) are defined by the built-in ACES configuration, and found in a
studio's own one by what they do, not by their name.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - the name it goes by everywhere
from numpy.typing import NDArray

from answerprint.documents import did_you_mean
from answerprint.errors import AnswerprintError, JobError, SetupError

Floats = NDArray[np.float32]
Step = Callable[[Floats], Floats]

# By its full name: the "default" and "latest" ones change with the library
BUILT_IN = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
LINEAR_REC709, ACESCCT = "Linear Rec.709 (sRGB)", "ACEScct"
_SAID = {LINEAR_REC709: "linear Rec.709", ACESCCT: "ACEScct"}
MOST_CONFIG_BYTES = 64 << 20
MOST_ARCHIVE_BYTES = 2 << 30

# Without approximated logarithms and powers: a round trip through ACEScct is then off by 4e-7
# instead of 1e-5
_EXACT = OCIO.OptimizationFlags.OPTIMIZATION_LOSSLESS

# A missing LUT file is an error of another kind for OpenColorIO
_BROKEN = (OCIO.Exception, OCIO.ExceptionMissingFile)


def _silence() -> None:
    """Keep OpenColorIO from printing. It asks the environment once, which would win over us.

    A logging function of our own is no way: OpenColorIO waits for Python inside a lock of its own.
    """
    before = os.environ.get("OCIO_LOGGING_LEVEL")
    os.environ["OCIO_LOGGING_LEVEL"] = "none"
    OCIO.SetLoggingLevel(OCIO.LoggingLevel.LOGGING_LEVEL_NONE)
    if before is None:
        del os.environ["OCIO_LOGGING_LEVEL"]
    else:
        os.environ["OCIO_LOGGING_LEVEL"] = before


_silence()


@dataclass(frozen=True)
class Config:
    """A loaded OpenColorIO configuration.

    name          what to say: "ACES studio config v2.2.0 (built in)", or the file's name
    source        who wanted it: "the job", "$OCIO", "the site", "built in"
    fingerprint   SHA-256 of its bytes; LUT files beside it are not in it (see `fingerprint`), those
                  inside an .ocioz archive are
    place         absolute path or ocio:// name, with which `load` finds it again
    """

    name: str
    source: str
    fingerprint: str
    place: str
    ocio: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Way:
    """Steps from one space to another and back; none where nothing would change.

    A step takes float32 (pixels, 3), works in place, and may be used by any thread.

    files   LUT files that either direction goes through, where OpenColorIO found them
    """

    there: tuple[Step, ...]
    back: tuple[Step, ...]
    files: tuple[Path, ...]


def load(asked: str | None, site: str | None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration that the job asks for, else $OCIO, else the site's, else the built-in one.

    Each is a path (.ocio, .ocioz) or an ocio:// name.

    Raises:
        JobError: the job's configuration is missing, too large or broken.
        SetupError: the same of $OCIO's or the site's.
    """
    wanted = ((asked, "the job"), (environ.get("OCIO"), "$OCIO"), (site, "the site"))
    return _load(*next(((place, who) for place, who in wanted if place), (BUILT_IN, "built in")))


def load_again(place: str) -> Config:
    """The configuration that a take was begun with, by its `place`.

    Raises:
        SetupError: it is missing, too large or broken.
    """
    return _load(place, "the take")


def _load(place: str, source: str) -> Config:
    OCIO.ClearAllCaches()  # a LUT file may have changed since; a sidecar lives for days
    try:
        if place.startswith("ocio://"):
            return _built_in(place, source)
        return _file(Path(place).absolute(), source)
    except (*_BROKEN, OSError, ValueError) as error:
        raise _unusable(place, source, _reason(error)) from error


def fingerprint(config: Config, luts: Iterable[Path]) -> str:
    """What decides a look: SHA-256 of the configuration, and after a '+' of the LUTs gone through.

    Those are files beside it (`Way.files`), by name and content; the folder may move. There is no
    second half where there are none.

    Raises:
        SetupError: such a file cannot be read any more.
    """
    files = sorted(set(luts))
    if not files or config.place.endswith(".ocioz"):
        return config.fingerprint
    try:
        each = [f"{file.name}\0{_sha256(file)}\0" for file in files]
    except OSError as error:  # it was there a moment ago
        raise _unusable(config.place, config.source, _reason(error)) from error
    return f"{config.fingerprint}+{hashlib.sha256(''.join(each).encode()).hexdigest()}"


def named(config: Config, word: str, asked_by: str = "") -> str:
    """The configuration's name for a space, alias or role, in any case.

    Raises:
        JobError: it has none; says near ones. `asked_by`: the host whose word it is.
    """
    name = _own_name(config, word)
    if name is None:
        raise _unknown(config, word, asked_by)
    return name


def find(config: Config, word: str) -> str | None:
    """A space by what a file says, a name or colour interop ID; None where there is none.

    'ocio:acescct_ap1_scene' is written acescct_ap1 in configurations older than these IDs.
    """
    plain = word.removeprefix("ocio:")
    words = (word, plain, plain.removesuffix("_scene"))
    known = (_own_name(config, one) for one in words)
    found = next((name for name in known if name is not None), None)
    if found is not None:
        return found
    if word == "data":
        every = (space.getName() for space in config.ocio.getColorSpaces() if space.isData())
        return next(every, None)
    standard = next((one for one in words if _standard().getColorSpace(one)), None)
    return None if standard is None else _same_as_standard(config, standard)


def is_known_data(config: Config, name: str) -> bool:
    """Whether the configuration says of this space that it holds numbers and no colour."""
    space = config.ocio.getColorSpace(name)
    return space is not None and bool(space.isData())


def scene_linear(config: Config) -> str:
    """The space of that role.

    Raises:
        SetupError: the configuration has no such role.
    """
    name = _own_name(config, "scene_linear")
    if name is None:
        raise SetupError(
            f"{config.name} has no role scene_linear, so there is nothing to assume.",
            remedy="Say which colour space the plate is in, or add the role to the configuration.",
        )
    return name


def to_scene_linear(config: Config, name: str) -> Way | None:
    """The way to the configuration's scene_linear; None where the space is linear itself.

    Raises:
        SetupError: there is no way, or no role scene_linear.
    """
    with _ours(config, name, "scene-linear"):
        if config.ocio.isColorSpaceLinear(name, OCIO.ReferenceSpaceType.REFERENCE_SPACE_SCENE):
            return None
        return _within(config, name, scene_linear(config))


def to_standard(config: Config, name: str, goal: str) -> Way:
    """The way to LINEAR_REC709 or ACESCCT.

    Where the configuration has the goal under a name of its own, it is taken: then a plate in that
    very space needs no step at all. Otherwise both meet in ACES2065-1 or in CIE XYZ.

    Raises:
        SetupError: there is no way.
    """
    with _ours(config, name, _SAID[goal]):
        own = _same_as_standard(config, goal)
        return _across(config, name, goal) if own is None else _within(config, name, own)


def into_scene_linear(config: Config, name: str) -> tuple[Step, ...]:
    """The steps into the very space of the role scene_linear, from another linear one too.

    None for what holds numbers and no colour.

    Raises:
        JobError: the configuration has no such space.
        SetupError: there is no way, or no role scene_linear.
    """
    own = named(config, name)
    if is_known_data(config, own):
        return ()
    with _ours(config, own, "scene-linear"):
        return _step(config.ocio.getProcessor(own, scene_linear(config)))


def displays(config: Config) -> dict[str, tuple[str, ...]]:
    """Display -> its views, each the default one first."""
    ours = config.ocio
    first = str(ours.getDefaultDisplay())
    names = dict.fromkeys([first, *map(str, ours.getDisplays())])
    found = {
        name: (str(ours.getDefaultView(name)), *map(str, ours.getViews(name))) for name in names
    }
    return {
        name: tuple(dict.fromkeys(filter(None, views))) for name, views in found.items() if name
    }


def displayed(config: Config, display: str, view: str) -> tuple[Step, ...]:
    """The steps from the role scene_linear to what a display shows; the view's looks are in them.

    Raises:
        JobError: the configuration has no such display, or the display no such view.
        SetupError: a step of it is broken, or there is no role scene_linear.
    """
    views = displays(config).get(display)
    if views is None or view not in views:
        raise JobError(
            f"{config.name} has no view '{view}' for the display '{display}'.",
            remedy=f"It has {', '.join(views or displays(config))}.",
        )
    with _ours(config, "scene_linear", f"{display}, {view}"):
        shown = OCIO.DisplayViewTransform(src=scene_linear(config), display=display, view=view)
        return _step(config.ocio.getProcessor(shown))


@contextmanager
def _ours(config: Config, name: str, goal: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise SetupError(
            f"{config.name} has no way from '{name}' to {goal}: {_reason(error)}.",
            remedy="Check that the configuration's LUT files are there and that it has the role "
            "aces_interchange, or name another one.",
        ) from error


def _within(config: Config, name: str, goal: str) -> Way:
    ours = config.ocio
    return _way(ours.getProcessor(name, goal), ours.getProcessor(goal, name))


def _across(config: Config, name: str, goal: str) -> Way:
    """Into the built-in configuration."""
    ours, standard = config.ocio, _standard()
    here, far = OCIO.Config.IdentifyInterchangeSpace(ours, name, standard, goal)
    between = OCIO.Config.GetProcessorFromConfigs
    there = between(ours, name, here, standard, goal, far)
    return _way(there, between(standard, goal, far, ours, name, here))


def _way(there: Any, back: Any) -> Way:
    return Way(_step(there), _step(back), _files(there, back))


def _files(*processors: Any) -> tuple[Path, ...]:
    """The LUT files that processors were made from, context and search path resolved."""
    each = (one.getProcessorMetadata().getFiles() for one in processors)
    return tuple(sorted({Path(file) for files in each for file in files}))


def _step(processor: Any) -> tuple[Step, ...]:
    """A processor as a step that works in place, or none if it would change nothing."""
    ready = processor.getOptimizedCPUProcessor(_EXACT)
    if ready.isNoOp():
        return ()

    def apply(rgb: Floats) -> Floats:
        ready.applyRGB(rgb)
        return rgb

    return (apply,)


@functools.cache
def _standard() -> Any:
    return OCIO.Config.CreateFromFile(BUILT_IN)


def _own_name(config: Config, word: str) -> str | None:
    """The configuration's name for a space, alias or role, in any case."""
    space = config.ocio.getColorSpace(word)
    return None if space is None else str(space.getName())


def _same_as_standard(config: Config, name: str) -> str | None:
    """The space that does what one of the built-in configuration does, under whatever name."""
    try:
        return str(OCIO.Config.IdentifyBuiltinColorSpace(config.ocio, _standard(), name))
    except _BROKEN:  # the way of saying that there is none
        return None


def _built_in(place: str, source: str) -> Config:
    resolved = str(OCIO.ResolveConfigPath(place))
    ocio = OCIO.Config.CreateFromFile(resolved)
    text = str(OCIO.BuiltinConfigRegistry()[resolved.removeprefix("ocio://")])
    known = re.match(r"(cg|studio)-config-(v[\d.]+)", str(ocio.getName()))
    name = f"ACES {known[1]} config {known[2]}" if known else str(ocio.getName())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Config(f"{name} (built in)", source, digest, resolved, ocio)


def _file(path: Path, source: str) -> Config:
    most = MOST_ARCHIVE_BYTES if path.suffix == ".ocioz" else MOST_CONFIG_BYTES
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"it has {size:,} bytes, at most {most:,} are read")
    digest = _sha256(path)
    ocio = OCIO.Config.CreateFromFile(str(path))
    return Config(path.name, source, digest, path.as_posix(), ocio)


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def _reason(error: Exception) -> str:
    """Why, in one line and without the library's own preface."""
    said = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return " ".join(said.rpartition(" failed. ")[2].split()).rstrip(".")


def _unusable(place: str, source: str, reason: str) -> AnswerprintError:
    problem = f"The colour configuration {place} cannot be used: {reason}."
    if source == "the job":
        return JobError(problem, remedy="Correct it in the job, or leave it out.")
    remedies = {
        "$OCIO": "Set the variable OCIO to a configuration that works, or unset it.",
        "the site": "Tell the pipeline team: the site file names it.",
        "the take": "The take was begun with it: bring it back, or run the job again as a new take.",
        "built in": "Install OpenColorIO 2.4 or later, which brings it.",
    }
    return SetupError(problem, remedy=remedies[source])


def _unknown(config: Config, word: str, asked_by: str) -> JobError:
    names = sorted(str(space.getName()) for space in config.ocio.getColorSpaces())
    near = [name for name in names if word.lower() in name.lower()]
    near += difflib.get_close_matches(word, names, n=4, cutoff=0.3)
    listed = ", ".join(dict.fromkeys((near or names)[:6]))
    other = f" {asked_by} may use another configuration: give that one." if asked_by else ""
    return JobError(
        f"{config.name} has no colour space '{word}'.{did_you_mean(word, _every_name(config))}",
        remedy=f"It has, among others, {listed}.{other}",
    )


def _every_name(config: Config) -> Iterator[str]:
    for space in config.ocio.getColorSpaces():
        yield from (str(space.getName()), *map(str, space.getAliases()))
    yield from map(str, config.ocio.getRoleNames())
