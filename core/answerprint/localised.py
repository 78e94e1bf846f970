"""Localised: what others wrote down, jobs and takes, as this site and this system spell it."""

from __future__ import annotations

from answerprint.job import Job, Resolved
from answerprint.site import Site


def job(asked: Job, site: Site) -> Job:
    """A job that may have been written on another system; its takes are numbered as the site's."""
    if asked.out.numbers is None:
        out = asked.out.model_copy(update={"numbers": site.numbers})
        asked = asked.model_copy(update={"out": out})
    if not site.mappings:
        return asked
    inputs = {
        name: one.model_copy(update={"path": site.spelled(one.path)})
        for name, one in asked.inputs.items()
    }
    out = asked.out.model_copy(update={"root": asked.out.root and site.local(asked.out.root)})
    config = asked.colour.config
    colour = asked.colour.model_copy(update={"config": config and site.spelled(config)})
    return asked.model_copy(
        update={
            "plate": site.spelled(asked.plate),
            "inputs": inputs,
            "out": out,
            "colour": colour,
            "script": asked.script and site.spelled(asked.script),
        }
    )


def resolved(begun: Resolved, site: Site) -> Resolved:
    """The job of a take that may have been begun on another system."""
    if not site.mappings:
        return begun
    colour = begun.colour
    if colour is not None:
        colour = colour.model_copy(update={"config": site.spelled(colour.config)})
    return begun.model_copy(
        update={
            "job": job(begun.job, site),
            "inputs": {
                name: one.model_copy(update={"path": site.spelled(one.path)})
                for name, one in begun.inputs.items()
            },
            "colour": colour,
            "root": site.local(begun.root),
        }
    )
