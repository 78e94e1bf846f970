"""Colour: what a plate is in, and the way between that and what a model wants.

The only importer of OpenColorIO. A configuration names the spaces, a plate is in one of them, and a
conversion leads from there into a model's encoding and back. What a model wants (linear Rec.709,
ACEScct) is defined by the built-in ACES configuration, and found in a studio's own one by what it
does, not by its name.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - the name it goes by everywhere
from numpy.typing import NDArray

from answerprint import interop, shaper
from answerprint.contract import Contract, Encoding
from answerprint.documents import did_you_mean
from answerprint.errors import AnswerprintError, JobError, SetupError

Floats = NDArray[np.float32]
Step = Callable[[Floats], Floats]

# By its full name: the "default" and "latest" ones change with the library
BUILT_IN = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
LINEAR_REC709, ACESCCT = "Linear Rec.709 (sRGB)", "ACEScct"
MOST_CONFIG_BYTES = 64 << 20
MOST_ARCHIVE_BYTES = 2 << 30

# Without approximated logarithms and powers: a round trip through ACEScct is then off by 4e-7
# instead of 1e-5
_EXACT = OCIO.OptimizationFlags.OPTIMIZATION_LOSSLESS

# A missing LUT file is an error of another kind for OpenColorIO
_BROKEN = (OCIO.Exception, OCIO.ExceptionMissingFile)


_BLOCK = 1 << 14  # pixels


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
class Space:
    """What a plate is in.

    name     the configuration's own name for it
    source   "asked for", "said by nuke", "attribute colorInteropID", "attribute chromaticities",
             "assumed"; then attributes that named a space which the configuration has not
    """

    name: str
    source: str


@dataclass(frozen=True)
class Conversion:
    """The way from a plate's space into a model's encoding and back; any thread may use it.

    Images are float32 (..., channels). The first three are converted as they are, premultiplied or
    not; further ones, like alpha, stay. With fewer than three the first one is light without
    colour: it goes through as R = G = B, and R is taken. So it comes back wherever R = G = B is
    neutral, which is everywhere but in XYZ and its like.

    words      for people: "ACEScg -> sRGB picture, -0.5 to 1000 kept -> ACEScg"
    identity   both ways return their argument itself; otherwise it is left as it was
    files      LUT files that either way goes through, where OpenColorIO found them
    """

    words: str
    identity: bool = False
    files: tuple[Path, ...] = ()
    there: tuple[Step, ...] = field(default=(), repr=False)
    back: tuple[Step, ...] | None = field(default=(), repr=False)

    def forward(self, image: Floats) -> Floats:
        """From the plate's space into the model's encoding."""
        return image if self.identity else _through(self.there, image)

    def inverse(self, image: Floats) -> Floats:
        """From the model's encoding back into the plate's space.

        Raises ValueError: the encoding is srgb_display, which has no way back.
        """
        if self.back is None:
            raise ValueError(f"there is no way back: {self.words}")
        return image if self.identity else _through(self.back, image)


AS_IT_IS = Conversion("as it is", identity=True)


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


def plate_space(
    config: Config, *, asked: str | None, asked_by: str = "the job", attributes: Mapping[str, Any]
) -> Space:
    """What a plate is in: as asked for, else as its attributes say, else scene-linear is assumed.

    Names, aliases and roles count, in any case. Attributes, best first: colorInteropID, a colour
    space's name as OpenImageIO and others write it, acesImageContainerFlag, chromaticities. One
    that names what the configuration has not is passed over, and `source` says so.

    Raises:
        JobError: the configuration has no such space as was asked for.
        SetupError: nothing tells the space, and the configuration has no scene_linear role.
    """
    if asked:
        by_job = asked_by in ("", "the job")
        name = _own_name(config, asked)
        if name is None:
            raise _unknown(config, asked, "" if by_job else asked_by)
        return Space(name, "asked for" if by_job else f"said by {asked_by}")
    passed = ""
    for attribute, words, standard in interop.said(attributes):
        name = _find(config, standard) if standard else None
        if name is not None:
            return Space(name, f"attribute {attribute}{passed}")
        passed += f"; attribute {attribute} names '{words}', which the configuration has not"
    return Space(_scene_linear(config), f"assumed{passed.replace(';', ':', 1)}")


def fingerprint(config: Config, ways: Iterable[Conversion]) -> str:
    """What decides how these ways look: SHA-256 of the configuration, and after a '+' of its LUTs.

    Those are the files beside it that the ways go through, by name and content; the folder may
    move. There is no second half where no way goes through any.

    Raises:
        SetupError: such a file cannot be read any more.
    """
    files = sorted({file for way in ways for file in way.files})
    if not files or config.place.endswith(".ocioz"):
        return config.fingerprint
    try:
        each = [f"{file.name}\0{_sha256(file)}\0" for file in files]
    except OSError as error:  # it was there a moment ago
        raise _unusable(config.place, config.source, _reason(error)) from error
    return f"{config.fingerprint}+{hashlib.sha256(''.join(each).encode()).hexdigest()}"


def ends(contract: Contract, inputs: Container[str]) -> dict[str, Encoding]:
    """'in NAME' and 'out NAME' -> the model's encoding, of these inputs and of every output."""
    found = {f"in {one.name}": one.encoding for one in contract.inputs if one.name in inputs}
    return found | {f"out {one.name}": one.encoding for one in contract.outputs}


def is_known_data(config: Config, name: str) -> bool:
    """Whether the configuration says of this space that it holds numbers and no colour."""
    space = config.ocio.getColorSpace(name)
    return space is not None and bool(space.isData())


def conversion(config: Config, space: Space, encoding: Encoding) -> Conversion:
    """The way between a plate's space and one encoding of a model.

    data           nothing, whatever the space is; a space that the configuration calls data as well
    scene_linear   nothing if the space is linear, else the configuration's scene_linear
    acescct        ACEScct
    srgb_display   linear Rec.709, clipped to 0..1, sRGB curve; there is no way back
    srgb_shaped    linear Rec.709, shaper.shape, and back. Half floats of -0.5 to 1000 come back bit
                   for bit: all of them if the plate is in linear Rec.709; from other primaries
                   greys, and colours whose channels lie within 1 : 50 (to 10: 1 : 200). A dimmer
                   channel is off by a millionth or so of the brightest one.

    Raises:
        JobError: the configuration has no such space.
        SetupError: the configuration has no way there.
    """
    if encoding == "data":
        return AS_IT_IS
    if _own_name(config, space.name) is None:
        raise _unknown(config, space.name, "")
    if is_known_data(config, space.name):
        return Conversion(f"as it is: {space.name} is no colour", identity=True)
    try:
        return _WAYS[encoding](config, space.name)
    except _BROKEN as error:
        raise SetupError(
            f"{config.name} has no way from '{space.name}' to {_GOALS[encoding]}: "
            f"{_reason(error)}.",
            remedy="Check that the configuration's LUT files are there and that it has the role "
            "aces_interchange, or name another one.",
        ) from error


def _to_scene_linear(config: Config, name: str) -> Conversion:
    if config.ocio.isColorSpaceLinear(name, OCIO.ReferenceSpaceType.REFERENCE_SPACE_SCENE):
        return Conversion("scene-linear as it is", identity=True)
    goal = _scene_linear(config)
    there, back = config.ocio.getProcessor(name, goal), config.ocio.getProcessor(goal, name)
    files = _files(there, back)
    words = f"{name} -> {goal} -> {name}"
    return Conversion(words, files=files, there=_step(there), back=_step(back))


def _to_acescct(config: Config, name: str) -> Conversion:
    there, back, files = _standard_way(config, name, ACESCCT)
    if not there and not back:
        return Conversion("ACEScct as it is", identity=True)
    return Conversion(f"{name} -> ACEScct -> {name}", files=files, there=there, back=back)


def _to_display(config: Config, name: str) -> Conversion:
    there, _, files = _standard_way(config, name, LINEAR_REC709)
    words = f"{name} -> sRGB picture, clipped to 0..1, for the model's eyes only"
    return Conversion(words, files=files, there=(*there, shaper.srgb), back=None)


def _to_shaped(config: Config, name: str) -> Conversion:
    there, back, files = _standard_way(config, name, LINEAR_REC709)
    kept = f"{shaper.LEAST:g} to {shaper.GREATEST:g} kept"
    return Conversion(
        f"{name} -> sRGB picture, {kept} -> {name}",
        files=files,
        there=(*there, shaper.shape),
        back=(shaper.unshape, *back),
    )


_WAYS: dict[str, Callable[[Config, str], Conversion]] = {
    "scene_linear": _to_scene_linear,
    "acescct": _to_acescct,
    "srgb_display": _to_display,
    "srgb_shaped": _to_shaped,
}
_GOALS = {
    "scene_linear": "scene-linear",
    "acescct": "ACEScct",
    "srgb_display": "linear Rec.709",
    "srgb_shaped": "linear Rec.709",
}


def _standard_way(
    config: Config, name: str, goal: str
) -> tuple[tuple[Step, ...], tuple[Step, ...], tuple[Path, ...]]:
    """Steps between a space and one of the built-in configuration's, and LUTs; raises _BROKEN.

    Where the configuration has the goal under a name of its own, it is taken: then a plate in that
    very space needs no step at all. Otherwise both meet in ACES2065-1 or in CIE XYZ.
    """
    own = _same_as_standard(config, goal)
    if own is not None:
        there, back = config.ocio.getProcessor(name, own), config.ocio.getProcessor(own, name)
        return _step(there), _step(back), _files(there, back)
    ours, standard = config.ocio, _standard()
    here, far = OCIO.Config.IdentifyInterchangeSpace(ours, name, standard, goal)
    between = OCIO.Config.GetProcessorFromConfigs
    there = between(ours, name, here, standard, goal, far)
    back = between(standard, goal, far, ours, name, here)
    return _step(there), _step(back), _files(there, back)


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


def _through(steps: tuple[Step, ...], image: Floats) -> Floats:
    """A converted copy, block by block: what stays in a core's cache is twice as fast."""
    result = np.array(image, np.float32, order="C")
    coloured = 3 if image.shape[-1] >= 3 else 1
    pixels = result.reshape(-1, image.shape[-1])
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start : start + _BLOCK, :coloured]
        rgb = np.empty((len(block), 3), np.float32)
        rgb[:] = block
        for step in steps:
            rgb = step(rgb)
        block[:] = rgb[:, :coloured]
    return result


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


def _find(config: Config, word: str) -> str | None:
    """A space by what a file says: a name of the configuration, or a colour interop ID.

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


def _scene_linear(config: Config) -> str:
    name = _own_name(config, "scene_linear")
    if name is None:
        raise SetupError(
            f"{config.name} has no role scene_linear, so there is nothing to assume.",
            remedy="Say which colour space the plate is in, or add the role to the configuration.",
        )
    return name


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
