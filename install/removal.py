"""Taking Answerprint away again: what it brought, and nothing else."""

from __future__ import annotations

from install import earlier
from install.claim import Claim
from install.environment import MissingError
from install.hook import Hook
from install.place import Place
from install.question import agreed


def uninstall(place: Place, hook: Hook, *, yes: bool, dry_run: bool) -> int:
    """Raises MissingError: something could not be removed, and is named."""
    hooked = hook.path is not None and hook.is_there
    installed = place.is_ours
    if not hooked and not installed:
        print("Nothing of Answerprint is installed in %s." % place.folder)
        return 0
    _say(place, hook, hooked=hooked, installed=installed)
    if dry_run:
        print("Nothing was removed: this was a dry run.")
        return 0
    if not yes and not agreed("Remove this?"):
        print("Nothing was removed. Say --yes to remove it.")
        return 1
    if installed:
        _remove(place, hook if hooked else None)
    elif hooked:
        _unhook(hook)
    print("Answerprint is removed from %s." % place.folder)
    return 0


def _unhook(hook: Hook) -> None:
    print("The line is taken out of %s; as it was: %s" % (hook.path, hook.remove()))


def _say(place: Place, hook: Hook, *, hooked: bool, installed: bool) -> None:
    if hooked:
        print("  the line    in %s" % hook.path)
    if not installed:
        return
    for name in place.versions():
        used = earlier.user(place.path("versions", name))
        running = ", which process %d runs" % used if used else ""
        print("  version     %s%s" % (name, running))
    print("  the rest    of the installation in %s; site.toml, takes and keys stay" % place.folder)
    if hook.path is None:
        print("Take it out of NUKE_PATH yourself: %s" % hook.target)


def _remove(place: Place, hook: Hook | None) -> None:
    try:
        with Claim(place.folder):
            if hook is not None:
                _unhook(hook)
            place.close()
            problems = place.remove()
    except OSError as error:
        raise MissingError(
            "%s cannot be removed: %s." % (error.filename or place.folder, error.strerror or error),
            "Ask who owns %s; what can be removed is then removed by the same command."
            % place.folder,
        ) from error
    left = place.leave()
    if problems:
        raise MissingError(
            "Not everything could be removed:\n    %s" % "\n    ".join(problems),
            "No host finds it any more. Close what uses these files, then say it again.",
        )
    if left:
        print("In %s stays what is not ours to remove: %s" % (place.folder, ", ".join(left)))
