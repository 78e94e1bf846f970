"""Studio configuration: one TOML on the share, then the environment, then the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from answerprint import mapping
from answerprint.documents import explain
from answerprint.errors import JobError, SetupError
from answerprint.template import Template

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_TOML_BYTES = 1 << 20
MOST_AT_ONCE = 1024  # frames in one stage of a run

Numbers = Literal["v001", "v1"]  # how the first take of a stream is named
SPELLED: Numbers = "v001"

AtOnce = Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]


class Rates(BaseModel):
    """What an hour of a run costs, machine and all.

    currency  as the page writes it: USD, EUR
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    per_hour: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Tls(BaseModel):
    """How a server behind a gateway is reached: PEM files, as 'answerprint server certs' makes them.

    ca           who may vouch for the server
    certificate  who we are, where the gateway asks for that; with `key`
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


class Site(BaseModel):
    """What a studio decides once.

    server  host:port of the Triton server's gRPC side; None means the embedded one on this machine
    servers more than one, nearest first: each run goes to the best that is there, and on to another
            with the very same model when it is lost
    tls     certificates for them; None: no TLS, for loopback and networks that nobody else is in
    token   file with the token that tells a gateway who we are; nobody else may read it
    rollout folder with rollout.toml: which version of a model whose job gets; None: the newest
    root    where takes go when a job does not say; None means `takes` in the current folder
    roots   when any are given, plates are read and takes written only below them
    trust   folders with public keys (*.pub) that the studio believes
    layers  input -> more names under which the studio's renders hold it, tried first
    colour  the studio's OpenColorIO configuration, where neither the job nor $OCIO names one
    memory  GB that one run may hold; None: half of the machine's
    patience                     seconds that a run waits for a server that is away
    deadline                     seconds that a model has for one answer; None: as its contract says
    zip_level                    how hard ZIP tries, 1 (fast) to 9 (small); pixels are the same
    readers, in_flight, writers  frames that a run reads, has at the server and writes at once;
                                 None: as the machine and the model have room
    presets   folder with the studio's presets, TASK/NAME.json below it
    profiles  folder with the studio's profiles of quality checks, NAME.toml, laid over ours
    mappings  folders by their names on linux, windows and macos: paths of one system are read on
              another, those of this file as well
    numbers   how the first take is named: v001, or v1 as Houdini's File Cache does
    context   where a script's show and shot stand in its path, the first that fits:
              /shows/{show}/{sequence}/{shot}/*
    rates     what an hour of a run costs; None: nobody is told a price
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: str | None = None
    servers: tuple[str, ...] = ()
    tls: Tls | None = None
    token: Path | None = None
    rollout: Path | None = None
    root: Path | None = None
    roots: tuple[Path, ...] = ()
    trust: tuple[Path, ...] = ()
    layers: dict[str, tuple[str, ...]] = {}
    colour: str | None = None
    memory: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    patience: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 300
    deadline: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    zip_level: Annotated[int, Field(ge=1, le=9)] = 1
    readers: AtOnce | None = None
    in_flight: AtOnce | None = None
    writers: AtOnce | None = None
    presets: Path | None = None
    profiles: Path | None = None
    mappings: tuple[mapping.Mapping, ...] = ()
    numbers: Numbers = SPELLED
    context: tuple[Template, ...] = ()
    rates: Rates | None = None

    def local(self, path: Path) -> Path:
        """A path in any system's spelling as this system spells it; see `mapping.local`."""
        return Path(self.spelled(path.as_posix()))

    def spelled(self, path: str) -> str:
        """The same of a path as text: with #### or %V in it, or an ocio:// name."""
        return mapping.local(path, self.mappings)

    def here(self) -> Site:
        """The same site with its own paths as this system spells them."""
        names = ("root", "presets", "profiles", "rollout", "token")
        places = {name: getattr(self, name) for name in names}
        lists = {"roots": self.roots, "trust": self.trust}
        return self.model_copy(
            update={
                **{name: path and self.local(path) for name, path in places.items()},
                **{name: tuple(map(self.local, paths)) for name, paths in lists.items()},
                "tls": self.tls and self._local_tls(self.tls),
                "context": tuple(map(self.spelled, self.context)),
                "colour": self.colour and self.spelled(self.colour),
            }
        )

    def _local_tls(self, tls: Tls) -> Tls:
        files = {name: path and self.local(path) for name, path in tls}
        return tls.model_copy(update=files)

    def check_allowed(self, path: Path, role: str) -> None:
        """Refuse a path outside the allowed roots, links resolved.

        Raises:
            JobError: the site names roots and the path lies below none of them.
        """
        if self.roots and not self._is_below_a_root(path):
            allowed = ", ".join(root.as_posix() for root in self.roots)
            raise JobError(
                f"{role} {path.as_posix()} lies outside the allowed folders.",
                remedy=f"Use a path below {allowed}, or ask the pipeline team to allow this one.",
            )

    def _is_below_a_root(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return any(real.is_relative_to(root.resolve()) for root in self.roots)
        except (OSError, RuntimeError, ValueError):  # links in a circle, or no path at all
            return False


def home() -> Path:
    """The user's own folder: keys, trust, the embedded server's state."""
    named = os.environ.get("ANSWERPRINT_HOME")
    return Path(named) if named else Path(platformdirs.user_data_path("answerprint", False))


def load(environ: Mapping[str, str] = os.environ) -> Site:
    """Merge the site's file ($ANSWERPRINT_SITE), the environment and the user's file.

    Raises:
        SetupError: a file is missing, too large, no TOML, or has an unknown or wrong field.
    """
    named = environ.get("ANSWERPRINT_SITE")
    merged = _read(Path(named)) if named else {}
    # no user's mapping widens the studio's roots
    roots = _site(merged, "the environment").here().roots
    merged |= _from_environment(environ)
    own = home() / "site.toml"
    if own.is_file():
        merged |= {key: value for key, value in _read(own).items() if key != "roots"}
    found = _site(merged, "the environment").here()
    return found.model_copy(update={"roots": roots})


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if environ.get("ANSWERPRINT_SERVER"):
        found["server"] = environ["ANSWERPRINT_SERVER"]
    if environ.get("ANSWERPRINT_ROOT"):
        found["root"] = environ["ANSWERPRINT_ROOT"]
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_TOML_BYTES:
            raise SetupError(
                f"{path.as_posix()} is larger than {MOST_TOML_BYTES:,} bytes.",
                remedy="A site file has a handful of lines; check that this is one.",
            )
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(
            f"The site file {path.as_posix()} cannot be read: {error}.",
            remedy="Correct the file, or point ANSWERPRINT_SITE at the right one.",
        ) from error
    _site(found, path.as_posix())  # a fault is told of the file that has it
    return found


def _site(merged: dict[str, Any], where: str) -> Site:
    try:
        return Site.model_validate(merged)
    except ValidationError as error:
        raise SetupError(
            f"The site configuration in {where} is wrong: {explain(error)}.",
            remedy=f"Known fields are {', '.join(Site.model_fields)}.",
        ) from error
