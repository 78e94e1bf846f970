"""Curves of the host, read frame by frame: what a job holds where a parameter is animated. No Qt."""

from __future__ import annotations

from answerprint_panel.draft import Draft
from answerprint_panel.host import Document, Host, HostError
from answerprint_panel.spans import ends


def sampled(host: Host, draft: Draft, job: Document) -> Document:
    """The job with each curve read from the host, frame by frame.

    Raises:
        HostError: a curve is gone, or the frames are no plain range.
    """
    parameters = dict(job.get("parameters") or {})
    offset = draft.source.offset if draft.source is not None else 0
    found = ends(str(job.get("frames") or ""))
    for name, value in parameters.items():
        if not (isinstance(value, dict) and "from" in value):
            continue
        if found is None:
            raise HostError(
                "A curve needs a plain range of frames.",
                "Choose the frames as from and to, or take the curve off.",
                {"label": "Use the input range", "change": {"frames": None}},
            )
        first, last = found[0] - draft.handles, found[1] + draft.handles
        keys = host.curve(str(value["from"]), first + offset, last + offset)
        whole = _is_whole(draft, name)
        curve = {str(frame - offset): (round(at) if whole else at) for frame, at in keys}
        parameters[name] = {"curve": curve, "interpolate": "exact"}
    return {**job, "parameters": parameters} if parameters else job


def _is_whole(draft: Draft, name: str) -> bool:
    return any(one["name"] == name and one.get("type") == "int" for one in draft.parameters)
