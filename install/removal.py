"""Taking Answerprint away again: what it brought, and nothing else."""

from __future__ import annotations

from install import earlier
from install.claim import Claim
from install.environment import MissingError
from install.place import Place
from install.question import agreed
from install.telling import Telling


def uninstall(place: Place, telling: Telling, *, yes: bool, dry_run: bool) -> int:
    """From one host; with the last of them the versions go as well.

    Raises MissingError: something could not be removed, and is named.
    """
    others = [host for host in place.hosts() if host != telling.host]
    installed = place.is_ours and (not others or telling.host in place.hosts())
    if not telling.is_there and not installed:
        whose = " for %s" % telling.host if others else ""
        print("Nothing of Answerprint is installed%s in %s." % (whose, place.folder))
        return 0
    _say(place, telling, installed=installed, others=others)
    if dry_run:
        print("Nothing was removed: this was a dry run.")
        return 0
    if not yes and not agreed("Remove this?"):
        print("Nothing was removed. Say --yes to remove it.")
        return 1
    if installed:
        _remove(place, telling, others=others)
    else:
        telling.withdraw()
    stays = ", and stays for %s" % " and ".join(others) if others else ""
    print("Answerprint is removed from %s%s." % (telling.host if others else place.folder, stays))
    return 0


def _say(place: Place, telling: Telling, *, installed: bool, others: list[str]) -> None:
    if telling.is_there:
        telling.say_there()
    if not installed:
        return
    if others:
        print("  the folder  %s" % place.path(telling.host))
        print("  the rest    of the installation in %s stays for %s" % (place.folder, others[0]))
    else:
        for name in place.versions():
            used = earlier.user(place.path("versions", name))
            running = ", which process %d runs" % used if used else ""
            print("  version     %s%s" % (name, running))
        print(
            "  the rest    of the installation in %s; site.toml, takes and keys stay" % place.folder
        )
    telling.say_left()


def _remove(place: Place, telling: Telling, *, others: list[str]) -> None:
    try:
        with Claim(place.folder):
            if telling.is_there:
                telling.withdraw()
            if others:
                problems = place.unbring(telling.host)
                place.sweep()
            else:
                place.close()
                problems = place.remove()
    except OSError as error:
        raise MissingError(
            "%s cannot be removed: %s." % (error.filename or place.folder, error.strerror or error),
            "Ask who owns %s; what can be removed is then removed by the same command."
            % place.folder,
        ) from error
    left = [] if others else place.leave()
    if problems:
        raise MissingError(
            "Not everything could be removed:\n    %s" % "\n    ".join(problems),
            "No host finds it any more. Close what uses these files, then say it again.",
        )
    if left:
        print("In %s stays what is not ours to remove: %s" % (place.folder, ", ".join(left)))
