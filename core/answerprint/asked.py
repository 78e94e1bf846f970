"""Asked: what a job asks of its task, every setting checked before any plate is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from answerprint import curve, wedge
from answerprint.contract import Contract, Scale, Value
from answerprint.curve import Curve
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Job


@dataclass(frozen=True)
class Asked:
    """What a job asks of its task.

    settings   every parameter's value; those that are animated are still to come
    axes       of a wedge
    possible   settings that differ in what comes back, and how large
    """

    settings: dict[str, Value]
    axes: wedge.Axes
    possible: list[dict[str, Value]]

    @classmethod
    def of(cls, job: Job, contract: Contract) -> Asked:
        constants = {k: v for k, v in job.parameters.items() if not isinstance(v, Curve)}
        settings = contract.settings(constants)
        axes = wedge.checked(contract, job.wedge)
        for name in job.inputs:
            contract.input(name)
        possible = _possible(contract, settings, axes)
        for one in possible:
            contract.check_together(one)
        return cls(settings, axes, possible)

    def looks_ahead(self, contract: Contract) -> bool:
        """Whether the next frame is looked at as well, where a frame of the plate is shown."""
        return any(output.when for one in self.possible for output in contract.given(one))

    def scale(self, contract: Contract) -> int:
        """How many times larger than the plate the largest result is."""
        each = (contract.scale(out, one) for one in self.possible for out in contract.given(one))
        return max(each, default=1)


def curves(job: Job, contract: Contract, axes: wedge.Axes, frames: FrameRange) -> dict[str, Curve]:
    curves = {name: one for name, one in job.parameters.items() if isinstance(one, Curve)}
    both = sorted(curves.keys() & axes.keys())
    if both:
        raise JobError(
            f"Parameter {both[0]} has both a curve and a wedge.", remedy="Keep one of them."
        )
    return {
        name: curve.checked(contract.parameter(name), one, frames) for name, one in curves.items()
    }


def warned(
    contract: Contract, settings: Mapping[str, Value | Curve], axes: wedge.Axes
) -> list[str]:
    """What an artist should know of the choices taken, those of a wedge or a curve among them."""
    found: list[str] = []
    for one in contract.parameters:
        own = settings[one.name]
        values = own.curve.values() if isinstance(own, Curve) else (own,)
        taken = {str(value) for value in axes.get(one.name, values)}
        found += [words for choice, words in one.warn.items() if choice in taken]
    return list(dict.fromkeys(found))


def seed_notes(job: Job, contract: Contract, axes: wedge.Axes) -> list[str]:
    """Raises JobError: a seed is not one that models take."""
    if contract.seed:
        wedge.check_seeds([job.seed or "0", *map(str, axes.get(wedge.SEED, ()))])
        return []
    if job.seed is None:
        return []
    return [f"seed {job.seed}: {job.task} takes no seed, it is only recorded"]


def _possible(
    contract: Contract, settings: Mapping[str, Value], axes: wedge.Axes
) -> list[dict[str, Value]]:
    """Settings that differ in what comes back, and how large: all that a wedge brings together.

    What decides about outputs cannot be animated; for the rest any value does.
    """
    deciding = {one.when for one in contract.outputs}
    deciding |= {
        name for one in contract.parameters for name in (one.name, *one.unless) if one.unless
    }
    deciding |= {one.scale.parameter for one in contract.outputs if isinstance(one.scale, Scale)}
    varied = {name: values for name, values in axes.items() if name in deciding}
    every = [{**settings, **one.values} for one in wedge.variations(varied)]
    return every or [dict(settings)]
