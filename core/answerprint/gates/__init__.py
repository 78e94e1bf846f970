"""Gates of our own, one a file; a studio's are found beside them.

Every file here has a `GATE`. A studio's package names its own in the group `answerprint.gates`:

    [project.entry-points."answerprint.gates"]
    dead_pixels = "studio_checks.dead_pixels:GATE"

One that cannot be loaded, or takes a name that is given, is not left out: it stands under its name
and raises when a take is closed, whatever that holds, so that every verdict says that it could not
judge.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from answerprint.errors import SetupError
from answerprint.gate import Gate, Gates, Measure

GROUP = "answerprint.gates"


def found() -> Gates:
    """Every gate there is here, by name: ours, then those of other packages."""
    gates: Gates = {}
    for module in pkgutil.iter_modules(__path__):
        gate: Gate = import_module(f"{__name__}.{module.name}").GATE
        gates[gate.name] = gate
    for entry in entry_points(group=GROUP):
        gates[entry.name] = _of(entry, gates)
    return gates


def _of(entry: EntryPoint, gates: Gates) -> Gate:
    whose = f"The gate {entry.name} ({entry.value})"
    if entry.name in gates:
        return _broken(entry.name, f"{whose} has the name of another gate.", "Give it its own.")
    try:
        gate = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - of a stranger's package; it is told, and judged
        said = f"{type(error).__name__}: {error}"
        return _broken(entry.name, f"{whose} cannot be loaded: {said}", "Mend its package.")
    if not isinstance(gate, Gate):
        return _broken(
            entry.name, f"{whose} is no Gate.", "Let its entry point name an answerprint.gate.Gate."
        )
    if gate.name != entry.name:
        return _broken(
            entry.name, f"{whose} calls itself {gate.name}.", "Give gate and entry point one name."
        )
    return gate


def _broken(name: str, problem: str, remedy: str) -> Gate:
    """In the place of a gate that is there, and cannot judge."""

    def measure(*_: object) -> Measure | None:
        raise SetupError(problem, remedy=remedy)

    return Gate(name, name, "", "image", "take", "block", name, measure)
