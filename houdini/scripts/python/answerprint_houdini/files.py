"""Files that nodes name: what a File node reads, and what a renderer writes. Nothing is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Tuple

from answerprint_houdini import paths
from answerprint_panel.host import HostError, Source

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

# What a render node calls its file; the first that it has. Those of other renderers as they are known
OUTPUTS = (
    "vm_picture",  # Mantra
    "outputimage",  # USD Render, in ROPs and LOPs
    "picture",  # Karma
    "copoutput",  # Composite
    "sopoutput",  # Geometry
    "ar_picture",  # Arnold
    "RS_outputFileNamePrefix",  # Redshift
)
_WAYS_TO_READ = ("auto", "read", "0", "1", "")  # of a File SOP's `filemode`
# of a File SOP: what it shows of its file, and that it is all of it
_ALL_OF_IT = (("loadtype", ("full", "0")), ("objpattern", ("", "*")), ("geodatapath", ("",)))


def read_by(node: hou.SopNode, name: str) -> Optional[Source]:
    """What a File SOP reads, where that is all it does; None: it has to be cooked.

    Raises:
        HostError: nothing of it is on disk.
    """
    parm = node.parm("file")
    if parm is None or any(one is not None for one in node.inputs()) or node.isBypassed():
        return None
    way = node.parm("filemode")
    if way is not None and str(way.evalAsString()).lower() not in _WAYS_TO_READ:
        return None
    if parm.keyframes() or not _shows_all(node):
        return None
    path = paths.pattern(parm.evalAsStringAtFrame)
    if not path or not paths.ends_in(path, paths.GEOMETRY):
        return None
    found = paths.on_disk(path)
    if found is None:
        raise HostError(
            f"{name}'s files are not there: {path}",
            "Correct its path, or wait until they are written, then select it again.",
        )
    return _files(name, path, found, ())


def _shows_all(node: hou.SopNode) -> bool:
    """Whether a File SOP shows what is in its file, and all of it."""
    if node.isHardLocked() or node.isSoftLocked():  # it shows what is kept in it
        return False
    parts = ((node.parm(name), whole) for name, whole in _ALL_OF_IT)
    return all(part is None or str(part.evalAsString()) in whole for part, whole in parts)


def written_by(node: hou.OpNode, name: str, playbar: Tuple[int, int]) -> Optional[Source]:
    """The files that a render node writes, as far as they are there; None: it names none.

    Raises:
        HostError: they are in no format that tasks take, count in other ways, or are not there yet.
    """
    parm = next(filter(None, (node.parm(one) for one in OUTPUTS)), None)
    if parm is None:
        return None
    path = paths.pattern(parm.evalAsStringAtFrame)
    if not path:
        raise HostError(
            f"{name}'s output is no sequence that can be followed: {parm.rawValue()}",
            "Give it a path with $F4 for the frame, then select it again.",
        )
    if not paths.ends_in(path, paths.IMAGES + paths.GEOMETRY):
        raise HostError(
            f"{name} writes {path}, and tasks take OpenEXR pictures or geometry files.",
            "Have it write .exr, render, then select it again.",
        )
    asked = _range(node, playbar)
    found = paths.on_disk(path)
    if found is None:
        raise HostError(
            f"Nothing of {name} is rendered yet: {path}",
            "Render it, then select it again. Answerprint uses its files and starts no renderer.",
        )
    first, last = max(asked[0], found[0]), min(asked[1], found[1])
    remarks = [f"Files that {name} has written are used; no renderer is started."]
    if last < first or "#" not in path:
        first, last = found
    elif (first, last) != asked:
        remarks.append(f"{name} renders {asked[0]} to {asked[1]}; {first} to {last} are on disk.")
    return _files(name, path, (first, last), tuple(remarks))


def image(node: hou.OpNode, name: str) -> Source:
    """A compositing node by the file that it reads.

    Raises:
        HostError: it makes its picture itself, or reads what no task takes.
    """
    for each in ("filename1", "filename", "file"):
        parm = node.parm(each)
        path = paths.pattern(parm.evalAsStringAtFrame) if parm is not None else None
        if path and paths.ends_in(path, paths.IMAGES):
            found = paths.on_disk(path)
            if found is not None:
                return _files(name, path, found, ())
            raise HostError(
                f"{name}'s files are not there: {path}", "Correct its path, then select it again."
            )
    raise HostError(
        f"{name} makes its picture itself, and tasks take pictures from disk.",
        "Write it as .exr with a ROP Image Output or a Composite ROP, then select that node.",
    )


def _files(name: str, path: str, span: Tuple[int, int], remarks: Tuple[str, ...]) -> Source:
    geometry = paths.ends_in(path, paths.GEOMETRY)
    ending = next((one for one in paths.GEOMETRY if path.lower().endswith(one)), ".exr")
    return Source(
        node=name,
        kind="files",
        path=path,
        first=span[0],
        last=span[1],
        title=paths.stem(path),
        data=geometry,
        key=path,
        remarks=remarks,
        suffix=ending,
        kinds=() if geometry else ("image",),
    )


def _range(node: hou.OpNode, playbar: Tuple[int, int]) -> Tuple[int, int]:
    """The frames that it renders: the current one, or f1 to f2."""
    way, first, last = node.parm("trange"), node.parm("f1"), node.parm("f2")
    if way is None or first is None or last is None or str(way.evalAsString()) in ("off", "0"):
        return playbar
    return int(first.evalAsFloat()), int(last.evalAsFloat())
