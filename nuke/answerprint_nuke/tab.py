"""The Answerprint tab of a Read: which take it is, what became of it, and buttons.

Hidden knobs hold the take's identity, so it goes wherever the node goes: copies, saved scripts,
other machines. The buttons ask for the plug-in by name and say so where it is not installed; a
script with these knobs loads without it.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar, cast

from answerprint_nuke import plain
from answerprint_panel import node_words
from answerprint_panel.host import Document
from answerprint_panel.node_words import label

Writing = TypeVar("Writing", bound=Callable[..., None])

PREFIX = "answerprint_"
IDENTITY = ("root", "stream", "take", "uuid", "task", "name", "plate", "node")
MENU = PREFIX + "menu"
NOTE = PREFIX + "note"
REMARK = PREFIX + "remark"

# the tile's colour, always beside the same in words; 0 is Nuke's own
COLOURS = {
    "outdated": 0xB0A571FF,
    "retake": 0xB0A571FF,
    "failed": 0xBE9893FF,
    "approved": 0x93A893FF,
    "latest": 0,
}

_BUTTON = """\
try:
    from answerprint_nuke import commands
except ImportError:
    import nuke
    nuke.message("Answerprint is not installed here. The node reads its files all the same.")
else:
    commands.pressed("{verb}", nuke.thisNode())
"""
# verb, words, what it does; a row of buttons each
_SWITCHES = (
    ("older", "Older", "The take before this one"),
    ("newer", "Newer", "The take after this one"),
    ("latest", "Latest", "The newest complete take that did not fail QC"),
    ("approved", "Latest approved", "The newest take that was approved"),
)
_REVIEWS = (
    ("finding", "Go to finding", "The frame of the worst finding, with this Read in the Viewer"),
    ("approve", "Approve", "Sign that this take is good; it is kept with the take"),
    ("retake", "Retake", "Ask for another take; say above what shall be done differently"),
    ("withdraw", "Take back", "Take your own decision back; the history keeps both"),
)
_DEEDS = (
    ("verify", "Verify", "Check every frame against its signature"),
    ("compare", "Compare", "This take against its plate, with a wipe in the Viewer"),
    ("again", "Run again", "The same request once more, as a new take"),
    ("show", "Show in panel", "Find this take in the Answerprint panel"),
    ("find", "Find again", "Read this take where it lies now, after a project moved"),
)
_SAID = (("word", "Take is"), ("qc", "QC"), ("review", "Review"))
_MADE = (("model", "Model"), ("made", "Made"), ("signed", "Signed"))


_WRITING: List[object] = []


def is_writing() -> bool:
    """Whether a change of a knob is our own doing: callbacks are about the artist's."""
    return bool(_WRITING)


def _ours(write: Writing) -> Writing:
    @functools.wraps(write)
    def held(*args: Any) -> None:
        _WRITING.append(write)
        try:
            write(*args)
        finally:
            _WRITING.pop()

    return cast("Writing", held)


@_ours
def build(read: Any, knobs: Any, take: Document) -> None:
    """Add the tab. `knobs`: where the knob classes are, nuke itself."""
    read.addKnob(knobs.Tab_Knob(PREFIX + "tab", "Answerprint"))
    for key in (*IDENTITY, "label"):
        hidden = knobs.String_Knob(PREFIX + key, key)
        hidden.setFlag(knobs.INVISIBLE)
        read.addKnob(hidden)
    menu = knobs.Enumeration_Knob(MENU, "Take", [entry(take)])
    menu.setTooltip("Other takes of the same plate and task")
    read.addKnob(menu)
    _buttons(read, knobs, _SWITCHES)
    _texts(read, knobs, _SAID)
    remark = knobs.String_Knob(REMARK, "Retake note")
    remark.setTooltip("What shall be done differently; kept with the decision")
    read.addKnob(remark)
    _buttons(read, knobs, _REVIEWS)
    _texts(read, knobs, _MADE)
    _buttons(read, knobs, _DEEDS)
    _texts(read, knobs, (("note", "Note"),))
    say(read, take)


def is_there(read: Any) -> bool:
    return read.knob(PREFIX + "uuid") is not None


def identity(read: Any) -> Dict[str, str]:
    found = {key: read.knob(PREFIX + key) for key in IDENTITY}
    return {key: str(knob.value() or "") for key, knob in found.items() if knob is not None}


@_ours
def identify(read: Any, take: Document) -> None:
    """Write down which take the node reads now."""
    for key in IDENTITY:
        _put(read, PREFIX + key, plain.exact(take.get(key)))


@_ours
def say(read: Any, take: Document) -> None:
    """Identity, words, label and colour of a take; knobs that say it already are left alone."""
    identify(read, take)
    if not any(label(one) == label(entry(take)) for one in choices(read)):
        offer(read, [take])
    choose(read, label(entry(take)))
    for key, text in node_words.texts(take, plain.PLAIN).items():
        _put(read, PREFIX + key, text)
    _put_label(read, node_words.lines(take, plain.PLAIN))
    _colour(read, COLOURS.get(node_words.tone(take), 0))


@_ours
def unknown(read: Any, why: str) -> None:
    """No word and no colour of a take; `why` is said in their place."""
    for key in ("word", "qc", "review", "model", "made", "signed"):
        _put(read, PREFIX + key, "")
    _put_label(read, "")
    _colour(read, 0)
    note(read, why)


def _put_label(read: Any, ours: str) -> None:
    before = str(read[PREFIX + "label"].value() or "")
    shown = str(read["label"].value() or "")
    if before and before in shown:
        _put(read, "label", shown.replace(before, ours, 1))
    elif not before:
        _put(read, "label", "\n".join(filter(None, [shown, ours])))
    _put(read, PREFIX + "label", ours)


def _colour(read: Any, colour: int) -> None:
    """The tile's colour; one that an artist gave it stays."""
    now = int(read["tile_color"].value())
    if now != colour and now in (0, *COLOURS.values()):
        read["tile_color"].setValue(colour)


@_ours
def note(read: Any, text: str) -> None:
    """What the artist has to know about this node; empty takes it away."""
    _put(read, NOTE, plain.words(text))


@_ours
def signed(read: Any, text: str) -> None:
    _put(read, PREFIX + "signed", plain.words(text))


def entry(take: Document) -> str:
    """A take in the menu: v003, QC pass, Latest."""
    return node_words.entry(take, plain.PLAIN)


def choices(read: Any) -> List[str]:
    return [str(one) for one in read[MENU].values()]


@_ours
def offer(read: Any, takes: Sequence[Document]) -> None:
    """What the menu lists, newest first; the node's own take stays chosen."""
    listed = node_words.entries(takes, plain.PLAIN)
    if listed and listed != choices(read):
        read[MENU].setValues(listed)
    choose(read, identity(read).get("take", ""))


@_ours
def choose(read: Any, wanted: str) -> None:
    """Have the menu say a take, by its number."""
    found: Optional[str] = next((one for one in choices(read) if label(one) == wanted), None)
    if found is not None and str(read[MENU].value()) != found:
        read[MENU].setValue(found)


def chosen(read: Any) -> str:
    """The take that the menu stands at."""
    return label(str(read[MENU].value()))


def remark(read: Any) -> str:
    """The note that an artist has written for a retake."""
    knob = read.knob(REMARK)
    return "" if knob is None else str(knob.value() or "")


@_ours
def remarked(read: Any) -> None:
    _put(read, REMARK, "")


def reviewed(read: Any) -> str:
    knob = read.knob(PREFIX + "review")
    return "" if knob is None else str(knob.value() or "")


def _put(read: Any, name: str, text: str) -> None:
    knob = read.knob(name)
    if knob is not None and str(knob.value() or "") != text:
        knob.setValue(text)


def _texts(read: Any, knobs: Any, rows: Sequence[Any]) -> None:
    for key, title in rows:
        said = knobs.String_Knob(PREFIX + key, title)  # Text_Knob's setValue wants a channel
        said.setFlag(knobs.READ_ONLY)
        read.addKnob(said)


def _buttons(read: Any, knobs: Any, row: Sequence[Any]) -> None:
    for index, (verb, title, tip) in enumerate(row):
        button = knobs.PyScript_Knob(PREFIX + "do_" + verb, title, _BUTTON.format(verb=verb))
        button.setTooltip(tip)
        if index == 0:
            button.setFlag(knobs.STARTLINE)
        else:
            button.clearFlag(knobs.STARTLINE)
        read.addKnob(button)
