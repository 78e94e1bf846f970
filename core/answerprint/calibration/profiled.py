"""Profiled: the limits of a profile that clean clips set, and its file with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from answerprint.calibration.study import Outcome
from answerprint.calibration.thresholds import limits
from answerprint.gate import Gate
from answerprint.profile import Profile

# no statistics: a limit that says what must not be
FIXED = ("negative",)


def limits_of(
    profile: Profile, gates: Mapping[str, Gate], found: Sequence[Outcome]
) -> tuple[dict[str, float], dict[str, float]]:
    """The limits that the clean clips set, and those together with the ones that stay."""
    statistic = [
        name for name in gates if profile.rule(name).warn is not None and name not in FIXED
    ]
    made = limits([one.clean for one in found if one.spec.half == "fit"], statistic)
    limit = {name: profile.rule(name).limit for name in gates}
    held = {name: number for name, number in limit.items() if number is not None} | made
    image = [name for name in held if gates[name].kind == "image"]
    blocks_first = sorted(image, key=lambda name: profile.rule(name).level != "block")
    return made, {name: held[name] for name in blocks_first}


def toml(profile: Profile, made: Mapping[str, float], digest: str, made_of: str) -> str:
    """The profile with these limits, as its file has it."""
    lines = [f'name = "{profile.name}"', f"version = {profile.version}"]
    lines += [f'calibrated = "{digest}"', f'set = "{made_of}"', "", "[gates]"]
    for name, rule in profile.gates.items():
        if name in made:
            block = "" if rule.block is None else f", block = {rule.block:g}"
            lines.append(f"{name} = {{ warn = {made[name]:g}{block} }}")
        elif rule.off:
            lines.append(f'{name} = "off"')
        elif rule.limit is None:
            lines.append(f'{name} = "measured"')
        else:
            both = {"warn": rule.warn, "block": rule.block}
            said = ", ".join(f"{word} = {at:g}" for word, at in both.items() if at is not None)
            lines.append(f"{name} = {{ {said} }}")
    return "\n".join(lines) + "\n"
