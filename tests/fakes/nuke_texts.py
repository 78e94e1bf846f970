"""Knobs of the fake that hold text: strings, files, choices, buttons, and the tabs between them."""

# Nuke's own classes narrow their bases' methods, and so do these: Enumeration_Knob.setValue(item)
# mypy: disable-error-code="override"

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nuke_images as images
import nuke_session as session
from nuke_arrays import Boolean_Knob, Unsigned_Knob
from nuke_knobs import Knob
from nuke_tcl import TclError, evaluate, quote, words

_RANGE = re.compile(r"^(.*?)\s+(-?\d+)(?:\s*-\s*(-?\d+))?$")


class String_Knob(Knob):
    """Text as it is: nothing in it is evaluated."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._default = ""
        self._text = str(args[2]) if len(args) > 2 else ""

    def setValue(self, val: str, view: str = "default") -> None:
        del view
        if not isinstance(val, str):
            raise TypeError(f"{self._name}: a string is wanted, not {val!r}")
        self._assign("_text", val)

    def value(self, oc: Any = None) -> str:
        del oc
        return self._text

    def getText(self, oc: Any = None) -> str:
        del oc
        return self._text

    def getValue(self, *args: Any) -> str:
        del args
        return self._text

    def _plain(self) -> str:
        return self._text

    def _from_script(self, text: str) -> None:
        self._assign("_text", text)

    def _is_default(self) -> bool:
        return self._text == self._default


class NodeName_Knob(String_Knob):
    """A node's name: it gives way to one that is taken. In Nuke it is a String_Knob."""

    def Class(self) -> str:
        return "String_Knob"

    def setValue(self, val: str, view: str = "default") -> None:
        if self._node is None or self._node._parent is None:
            super().setValue(val, view)
        else:
            self._node.setName(val)

    def _from_script(self, text: str) -> None:
        self.setValue(text)


class Selected_Knob(Boolean_Knob):
    """Whether a node is selected; that is nothing to undo. In Nuke it is a Boolean_Knob."""

    def Class(self) -> str:
        return "Boolean_Knob"

    def setValue(self, b: bool) -> bool:
        self._node.setSelected(bool(b))
        return True

    def _from_script(self, text: str) -> None:
        self.setValue(text == "true")

    def _is_default(self) -> bool:
        return not self._values[0]


class EvalString_Knob(String_Knob):
    """Text in which [ ] and $ are TCL."""

    def evaluate(self) -> str:
        return self._evaluated()

    def _evaluated(self) -> str:
        return evaluate(self._text, lambda name: str(self._look_up(name)))


class Multiline_Eval_String_Knob(EvalString_Knob):
    pass


class File_Knob(EvalString_Knob):
    """A file or frames; forward slashes, for single backslashes are TCL's."""

    def value(self, oc: Any = None) -> str:
        del oc
        if not session.state.percent:
            return self._text
        return re.sub("#+", lambda found: f"%0{len(found[0])}d", self._text)

    def getEvaluatedValue(self) -> str:
        return self._evaluated()

    def getValue(self, oc: Any) -> str:
        del oc
        return self._text

    def setValue(self, val: str, view: str = "default") -> None:
        super().setValue(val, view)

    def fromUserText(self, s: str) -> None:
        """Take `path.####.exr 1001-1100` apart: file, range, and what a probe of the file says."""
        if not isinstance(s, str):
            raise TypeError(f"{self._name}: a string is wanted, not {s!r}")
        found = _RANGE.match(s.strip())
        path = found[1] if found else s.strip()
        self._assign("_text", path)
        node = self._node
        if node is None or node.Class() != "Read" or self._name != "file":
            return
        if found:
            for name, number in zip(
                ("first", "last", "origfirst", "origlast"),
                [int(found[2]), int(found[3] or found[2])] * 2,
                strict=True,
            ):
                node[name].setValue(number)
            node["origset"].setValue(True)
        self._probe(node)

    def _probe(self, node: Any) -> None:
        """Choose the reader by the file's extension, and the format by what is in it."""
        suffix = Path(self._text).suffix.lower().lstrip(".")
        kinds = {"jpg": "jpeg", "tif": "tiff"}
        node["file_type"].setValue(kinds.get(suffix, suffix))
        try:
            at = images.At(int(node["first"].value()), session.state.views[0])
            path = images.named_path(node, at, at.frame)
            image = images.load(path, at, node.name())
        except (images.ImageError, TclError, OSError):
            return
        node["format"]._set_window(image.display, image.aspect)

    def fromScript(self, s: str) -> None:
        self._from_script(s)


class Enumeration_Knob(Unsigned_Knob):
    """A choice: value() is its word."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._items: list[str] = [str(each) for each in args[2]] if len(args) > 2 else []

    def _entries(self) -> list[str]:
        return self._items

    def _word(self, entry: str) -> str:
        """What value() says of an entry; a role's entry is `role<TAB>role (space)`."""
        return entry.split("\t", 1)[0]

    def value(self) -> str:
        entries = self._entries()
        place = int(self._values[0])
        return self._word(entries[place]) if place < len(entries) else ""

    def getValue(self, *args: Any) -> float:
        del args
        return float(self._values[0])

    def setValue(self, item: int | str) -> None:
        if isinstance(item, int):
            if not 0 <= item < len(self._entries()):
                self._refuse(item)
            else:
                self._assign("_values", (item,))
            return
        if not isinstance(item, str):
            raise TypeError(f"{self._name}: a string or a number is wanted, not {item!r}")
        known = [self._word(each) for each in self._entries()]
        if item in self._entries():
            self._assign("_values", (self._entries().index(item),))
        elif item in known:
            self._assign("_values", (known.index(item),))
        else:
            self._refuse(item)

    def _refuse(self, item: int | str) -> None:
        said = f"{self._path()}: {item!r} is not in {self._entries()}"
        if session.state.strict_enums:
            raise TypeError(said)
        session.state.ignored.append(said)

    def values(self) -> list[str]:
        return list(self._entries())

    def setValues(self, items: list[str]) -> None:
        if not isinstance(items, list | tuple):
            raise TypeError(f"{self._name}: a list is wanted, not {items!r}")
        # the index stays, whatever stands there now, and callbacks hear of it [unverified]
        self._assign("_items", [str(each) for each in items])

    def numValues(self) -> int:
        return len(self._entries())

    def enumName(self, n: int) -> str:
        return self._entries()[n]

    def _plain(self) -> str:
        return self.value()

    def _script(self) -> str:
        return quote(self.value())

    def _from_script(self, text: str) -> None:
        self.setValue(text)


class Colorspace_Knob(Enumeration_Knob):
    """The colorspace knob: its entries are the script's. In Nuke it is an Enumeration_Knob as well."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._values = (self._place(session.state.default_space),)
        self._default = self._values

    def _place(self, word: str) -> int:
        return [self._word(each) for each in self._entries()].index(word)

    def Class(self) -> str:
        return "Enumeration_Knob"

    def _entries(self) -> list[str]:
        return session.state.colorspaces


class Script_Knob(String_Knob):
    def command(self) -> str:
        return self._text

    def setCommand(self, cmd: str) -> None:
        self._assign("_text", cmd)

    def setValue(self, cmd: str) -> None:
        super().setValue(cmd)

    def value(self) -> str:
        return self._text


class PyScript_Knob(Script_Knob):
    """A button; its command runs with nuke.thisNode() and nuke.thisKnob()."""

    def execute(self) -> None:
        with session.of(self._node, self):
            # a button's command is Python, in a namespace that holds nothing of the plug-in's
            exec(self._text, {"__name__": "__main__", "nuke": __import__("nuke")})


class Text_Knob(Knob):
    """Words between the knobs."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._text = str(args[2]) if len(args) > 2 else ""

    def value(self, *args: Any) -> str:
        del args
        return self._text

    def setValue(self, val: str, chan: int = 0) -> bool:
        del chan
        self._assign("_text", str(val))
        return True


class Tab_Knob(Knob):
    def value(self, *args: Any) -> int:
        del args
        return 0


class Link_Knob(Knob):
    """Shows another node's knob: `makeLink("Grade1", "gain")`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._link = str(args[2]) if len(args) > 2 else ""

    def makeLink(self, s: str, t: str) -> None:
        self._assign("_link", f"{s}.{t}")

    def setLink(self, s: str) -> None:
        self._assign("_link", s)

    def getLink(self) -> str:
        return self._link

    def getLinkedKnob(self) -> Any:
        return self._node._knob_named(self._link)

    def setValue(self) -> None:
        """The stubs give it nothing to set."""

    def value(self) -> Any:
        linked = self.getLinkedKnob()
        return linked.value() if linked is not None else None


class Channel_Knob(Knob):
    """A layer or channels: rgb, rgba, all, or names between spaces."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._text = self._default = "rgba"

    def value(self) -> str:
        return self._text

    def setValue(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{self._name}: a string is wanted, not {name!r}")
        self._assign("_text", name)

    def _plain(self) -> str:
        return self._text

    def _script(self) -> str:
        return f"{{{self._text}}}" if " " in self._text else quote(self._text)

    def _from_script(self, text: str) -> None:
        self._assign("_text", " ".join(words(text)))

    def _is_default(self) -> bool:
        return self._text == self._default


class ChannelMask_Knob(Channel_Knob):
    pass
