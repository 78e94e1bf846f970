"""A node as a plate, whatever it is: by its files, or to be rendered; or why it is none.

`nuke` is the module, handed over by the host.
"""

from __future__ import annotations

import os
from typing import Any

from answerprint_nuke import plain, read as reads, script as scripts, upstream
from answerprint_nuke.script import Script
from answerprint_panel.host import HostError, Source


def licensed(nuke: Any) -> None:
    """Raises HostError: what this Nuke may do is not enough."""
    for key, words in (("nc", "Non-commercial"), ("ple", "PLE")):
        if nuke.env.get(key):
            raise HostError(
                f"This is Nuke {words}: its scripts are encrypted and scripting is limited.",
                "Use a commercial, Indie or education licence, or the command line.",
            )


def of(nuke: Any, node: Any) -> Source:
    """Raises HostError: it is no flat image, is in error, or has no files."""
    while node.Class() == "Dot" and node.input(0) is not None:
        node = node.input(0)  # it shows what is above it
    name = str(node.fullName())
    if str(node.Class()).startswith("Deep"):
        raise HostError(
            f"{name} is a deep image ({node.Class()}), and the tasks take flat ones.",
            "Put a DeepToImage after it and select that.",
        )
    script = scripts.read(nuke.root(), nuke.views())
    if reads.is_read(node):
        reads.file(node, script)  # one without a file says so
        if reads.reads_exr(node):
            return reads.source(node, script)
    _check_sound(nuke, node, name)
    if not node.channels():
        raise HostError(
            f"{name} is no image ({node.Class()}).",
            "Select the plate's Read, or a node with an image.",
        )
    return _rendered(node, name, script)


def _rendered(node: Any, name: str, script: Script) -> Source:
    remarks = [f"{name} is rendered to EXR first, all its layers in 32 bit float."]
    if script.proxy:
        remarks.append("Proxy mode is on; the node is rendered at full size all the same.")
    if script.stereo:
        remarks.append(f"Views that are rendered: {', '.join(script.views)}.")
    return Source(
        node=name,
        kind="render",
        first=int(node.firstFrame()),
        last=int(node.lastFrame()),
        title=name.rpartition(".")[2],
        space=script.working,
        views=script.stereo,
        remarks=tuple(remarks),
        config=script.config,
    )


def terms(nuke: Any, node: Any) -> upstream.Terms:
    """How to look at what decides a node's pixels."""
    script = scripts.read(nuke.root(), nuke.views())
    form = node.format()
    size = (form.width(), form.height(), form.pixelAspect())
    colour = scripts.colour(nuke.root())
    return upstream.Terms(
        flags=nuke.TO_SCRIPT | nuke.WRITE_NON_DEFAULT_ONLY,
        links=nuke.INPUTS | nuke.HIDDEN_INPUTS | nuke.EXPRESSIONS | nuke.LINKINPUTS,
        group=nuke.Group,
        span=(int(node.firstFrame()), int(node.lastFrame())),
        directory=script.directory,
        files=tuple(filter(None, (script.config or os.environ.get("OCIO"),))),
        settings=(size, script.views, script.config, bool(nuke.usingOCIO()), *colour),
    )


def _check_sound(nuke: Any, node: Any, name: str) -> None:
    """Raises HostError: it cannot be rendered; names the node above that is the reason."""
    if not node.hasError():
        return
    culprit, seen = node, {name}
    while True:
        broken = [
            one
            for one in culprit.dependencies(nuke.INPUTS)
            if one.hasError() and str(one.fullName()) not in seen
        ]
        if not broken:
            break
        culprit = broken[0]
        seen.add(str(culprit.fullName()))
    where = str(culprit.fullName())
    file = plain.words(culprit["file"].value()) if reads.is_read(culprit) else ""
    raise HostError(
        f"{name} cannot be rendered: {where} has an error{f', its file is {file}' if file else ''}.",
        f"Correct {where}, then select the node again.",
    )
