"""The node tree: making, wiring, naming, flags, comments, user data and parameters."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any

import houdini_kinds as kinds
from houdini_enums import (
    EnumValue,
    InvalidInput,
    ObjectWasDeleted,
    OperationFailed,
    PermissionError,  # noqa: A004 - Houdini's own name
)
from houdini_guard import Guarded, misuse
from houdini_numbers import Color, Vector2
from houdini_parms import Parm, ParmTuple
from houdini_state import changed, state
from houdini_templates import ParmTemplate, ParmTemplateGroup, _walk


class NetworkItem(Guarded):
    pass


class NetworkMovableItem(NetworkItem):
    pass


class Node(NetworkMovableItem):
    pass


class OpNode(Node):
    """Any node. What tests may look at besides begins with an underscore."""

    def __init__(self, kind: kinds.Kind, name: str, parent: OpNode | None) -> None:
        state.session_ids += 1
        self._session = state.session_ids
        self._kind, self._name, self._parent = kind, name, parent
        self._children: list[OpNode] = []
        self._inputs: dict[int, OpNode] = {}
        self._layout: list[ParmTemplate] = [each.clone() for each in kind.templates()]
        self._builtin = {each._name for each in _walk(self._layout)}
        self._tuples: dict[str, ParmTuple] = {}
        self._user: dict[str, str] = {}
        self._cached: dict[str, Any] = {}
        self._flags: dict[str, bool] = {"Display": False, "Render": False}
        self._comment, self._color = "", Color((0.8, 0.8, 0.8))
        self._position = Vector2((0.0, 0.0))
        self._gone = False
        self._unlocked = not kind.asset
        self._cooks = 0
        self._errors: list[str] = []
        self._warnings: list[str] = []
        self._lay_out(self._layout)

    def _attached(self) -> None:
        if self._gone:
            raise ObjectWasDeleted(f"the node {self._name}")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return hash(self._session)

    def __repr__(self) -> str:
        return f"<hou.{type(self).__name__} of type {self._kind.name} at {self._path()}>"

    # names and places

    def name(self) -> str:
        return self._name

    def path(self) -> str:
        return self._path()

    def setName(self, name: str, unique_name: bool = False) -> None:
        self._editable("name")
        others = {each._name for each in (self._parent._children if self._parent else [])}
        taken = name in others - {self._name}
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", name) or (taken and not unique_name):
            raise OperationFailed(f"Invalid node name {name}")
        self._name = unique(name, others - {self._name}) if taken else name
        changed(f"name {self._path()}")

    def sessionId(self) -> int:
        return self._session

    def parent(self) -> OpNode | None:
        return self._parent

    def type(self) -> kinds.OpNodeType:
        return kinds.OpNodeType(self._kind)

    def childTypeCategory(self) -> kinds.OpNodeTypeCategory | None:
        return kinds.OpNodeTypeCategory(self._kind.children) if self._kind.children else None

    def isNetwork(self) -> bool:
        return bool(self._kind.children)

    def relativePathTo(self, base_item: OpNode) -> str:
        mine, other = self._path().split("/"), base_item._path().split("/")
        same = 0
        while same < min(len(mine), len(other)) and mine[same] == other[same]:
            same += 1
        return "/".join([".."] * (len(mine) - same) + other[same:]) or "."

    def node(self, node_path: str) -> OpNode | None:
        return self._find(node_path)

    def children(self) -> tuple[OpNode, ...]:
        return tuple(self._children)

    def allSubChildren(
        self,
        top_down: bool = True,
        recurse_in_locked_nodes: bool = True,
        sync_delayed_definition: bool = False,
    ) -> tuple[OpNode, ...]:
        del top_down, sync_delayed_definition
        return tuple(self._below(locked=recurse_in_locked_nodes))

    def glob(self, pattern: str, ignore_case: bool = False) -> tuple[OpNode, ...]:
        del ignore_case
        return tuple(one for one in self._children if fnmatch.fnmatchcase(one._name, pattern))

    def createNode(
        self,
        node_type_name: str,
        node_name: str | None = None,
        run_init_scripts: bool = True,
        load_contents: bool = True,
        exact_type_name: bool = False,
        force_valid_node_name: bool = False,
    ) -> OpNode:
        del run_init_scripts, load_contents, exact_type_name
        self._editable("contents", inside=True)
        kind = kinds.find(self._kind.children, node_type_name)
        if kind is None:
            raise OperationFailed(f"Invalid node type name: {node_type_name} in {self._path()}")
        name = node_name or node_type_name.split("::")[-2 if "::" in node_type_name else 0] + "1"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", name):
            if not force_valid_node_name:
                raise OperationFailed(f"Invalid node name: {name}")
            name = re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
        made = build(kind, unique(name, {each._name for each in self._children}), self)
        self._children.append(made)
        if len(self._children) == 1 and self._kind.children == "Sop":
            made._flags.update(Display=True, Render=True)
        changed(f"create {made._path()}")
        return made

    def destroy(self, disable_safety_checks: bool = False) -> None:
        del disable_safety_checks
        if self._parent is None or self._kind.manager:
            raise OperationFailed(f"{self._path()} cannot be deleted")
        self._editable("it", of=self._parent)
        changed(f"destroy {self._path()}")
        siblings = self._parent._children
        siblings.remove(self)
        for each in siblings:
            each._inputs = {at: one for at, one in each._inputs.items() if one is not self}
        for each in [self, *self._below()]:
            each._gone = True
            if each in state.selected:
                state.selected.remove(each)
        if self._flags["Display"] and siblings:
            siblings[-1]._flags.update(Display=True, Render=True)

    # wires

    def setInput(self, input_index: int, item_to_become_input: OpNode | None, output_index: int = 0) -> None:  # fmt: skip
        del output_index
        self._editable("inputs", of=self._parent or self)
        if not 0 <= input_index < self._kind.inputs:
            raise InvalidInput(f"{self._path()} has no input {input_index}")
        if item_to_become_input is None:
            self._inputs.pop(input_index, None)
        elif item_to_become_input._parent is not self._parent:
            raise InvalidInput("Nodes of different networks cannot be wired")
        else:
            self._inputs[input_index] = item_to_become_input
        changed(f"wire {self._path()}")

    def setFirstInput(self, item_to_become_input: OpNode | None, output_index: int = 0) -> None:
        self.setInput(0, item_to_become_input, output_index)

    def setNextInput(self, item_to_become_input: OpNode, output_index: int = 0, unordered_only: bool = False) -> None:  # fmt: skip
        del unordered_only
        free = next(at for at in range(self._kind.inputs + 1) if at not in self._inputs)
        self.setInput(free, item_to_become_input, output_index)

    def inputs(self) -> tuple[OpNode | None, ...]:
        last = max(self._inputs, default=-1)
        return tuple(self._inputs.get(at) for at in range(last + 1))

    def input(self, input_index: int) -> OpNode | None:
        return self._inputs.get(input_index)

    def outputs(self) -> tuple[OpNode, ...]:
        siblings = self._parent._children if self._parent else []
        return tuple(each for each in siblings if self in each._inputs.values())

    def inputAncestors(
        self,
        include_ref_inputs: bool = True,
        follow_subnets: bool = False,
        only_used_inputs: bool = False,
    ) -> tuple[OpNode, ...]:
        del include_ref_inputs, follow_subnets, only_used_inputs
        found: list[OpNode] = []
        left = list(self._inputs.values())
        while left:
            one = left.pop(0)
            if one not in found:
                found.append(one)
                left.extend(one._inputs.values())
        return tuple(found)

    def references(self, include_children: bool = True) -> tuple[OpNode, ...]:
        del include_children
        texts = [str(one._value) for each in self._tuples.values() for one in each._parms]
        found = [self._find(text) for text in texts if "/" in text]
        return tuple(one for one in found if one is not None)

    def moveToGoodPosition(
        self,
        relative_to_inputs: bool = True,
        move_inputs: bool = True,
        move_outputs: bool = True,
        move_unconnected: bool = True,
    ) -> Vector2:
        del relative_to_inputs, move_inputs, move_outputs, move_unconnected
        changed(f"move {self._path()}")
        return self._position

    def position(self) -> Vector2:
        return self._position

    def setPosition(self, position: Sequence[float]) -> None:
        self._position = Vector2(list(position))
        changed(f"move {self._path()}")

    def move(self, amount: Sequence[float]) -> None:
        self._position = self._position + Vector2(list(amount))
        changed(f"move {self._path()}")

    def layoutChildren(self, items: Sequence[OpNode] = (), horizontal_spacing: float = -1.0, vertical_spacing: float = -1.0) -> None:  # fmt: skip
        del items, horizontal_spacing, vertical_spacing
        changed(f"lay out {self._path()}")

    # what it says

    def comment(self) -> str:
        return self._comment

    def setComment(self, comment: str) -> None:
        self._editable("comment", of=self._parent or self)
        self._comment = comment
        changed(f"comment {self._path()}")

    def color(self) -> Color:
        return self._color

    def setColor(self, color: Color) -> None:
        self._color = color
        changed(f"color {self._path()}")

    def isGenericFlagSet(self, flag: EnumValue) -> bool:
        return self._flags.get(flag.name(), False)

    def setGenericFlag(self, flag: EnumValue, value: bool) -> None:
        self._flags[flag.name()] = value
        changed(f"flag {flag.name()} of {self._path()}")

    def isSelected(self) -> bool:
        return self in state.selected

    def setSelected(
        self, on: bool, clear_all_selected: bool = False, show_asset_if_selected: bool = False
    ) -> None:
        del show_asset_if_selected
        if clear_all_selected:
            state.selected.clear()
        if on and self not in state.selected:
            state.selected.append(self)
        elif not on and self in state.selected:
            state.selected.remove(self)

    def setCurrent(self, on: bool, clear_all_selected: bool = False) -> None:
        self.setSelected(on, clear_all_selected)

    def isCurrent(self) -> bool:
        return bool(state.selected) and state.selected[-1] is self

    def errors(self) -> tuple[str, ...]:
        return tuple(self._errors)

    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def addWarning(self, message: str | None = None) -> None:
        self._warnings.append(message or "")

    def userData(self, name: str) -> str | None:
        return self._user.get(name)

    def userDataDict(self) -> dict[str, str]:
        return dict(self._user)

    def setUserData(self, name: str, value: str) -> None:
        self._editable("user data", of=self._parent or self)
        self._user[name] = value
        changed(f"user data {name} of {self._path()}")

    def destroyUserData(self, name: str, must_exist: bool = True) -> None:
        if self._user.pop(name, None) is None and must_exist:
            raise OperationFailed(f"No user data {name}")
        changed(f"user data {name} of {self._path()}")

    def cachedUserData(self, name: str) -> Any:
        return self._cached.get(name)

    def cachedUserDataDict(self) -> dict[str, Any]:
        return dict(self._cached)

    def setCachedUserData(self, name: str, value: Any) -> None:
        self._cached[name] = value

    def destroyCachedUserData(self, name: str, must_exist: bool = True) -> None:
        if self._cached.pop(name, None) is None and must_exist:
            raise OperationFailed(f"No cached user data {name}")

    # parameters

    def parm(self, parm_path: str) -> Parm | None:
        owner, _, name = parm_path.rpartition("/")
        node = self._find(owner) if owner else self
        if node is None:
            return None
        found = (one for each in node._tuples.values() for one in each._parms)
        return next((one for one in found if one._name == name), None)

    def parmTuple(self, parm_path: str) -> ParmTuple | None:
        owner, _, name = parm_path.rpartition("/")
        node = self._find(owner) if owner else self
        return None if node is None else node._tuples.get(name)

    def parms(self) -> tuple[Parm, ...]:
        return tuple(one for each in self._tuples.values() for one in each._parms)

    def parmTuples(self) -> tuple[ParmTuple, ...]:
        return tuple(self._tuples.values())

    def spareParms(self) -> tuple[Parm, ...]:
        return tuple(one for one in self.parms() if one.isSpare())

    def evalParm(self, parm_path: str) -> Any:
        found = self.parm(parm_path)
        if found is None:
            raise OperationFailed(f"Invalid parameter: {parm_path}")
        return found.eval()

    def setParms(self, parm_dict: Mapping[str, Any]) -> None:
        for name, given in parm_dict.items():
            found = self.parm(name) or self.parmTuple(name)
            if found is None:
                raise OperationFailed(f"Invalid parameter: {name}")
            found.set(given)

    def parmTemplateGroup(self) -> ParmTemplateGroup:
        return ParmTemplateGroup(self._layout)

    def setParmTemplateGroup(
        self, parm_template_group: ParmTemplateGroup, rename_conflicting_parms: bool = False
    ) -> None:
        del rename_conflicting_parms
        self._editable("parameters")
        new = [each.clone() for each in parm_template_group._entries]
        names = {each._name for each in _walk(new)}
        if missing := self._builtin - names:
            raise OperationFailed(
                f"{self._path()} cannot lose its own {', '.join(sorted(missing))}"
            )
        self._lay_out(new)
        changed(f"parameters of {self._path()}")

    def removeSpareParms(self) -> None:
        self._lay_out([each for each in self._layout if each._name in self._builtin])
        changed(f"parameters of {self._path()}")

    def isTimeDependent(self, for_last_cook: bool = False) -> bool:
        del for_last_cook
        return self._moves()

    def asCode(self, **options: Any) -> str:
        """Not what Houdini writes: every parameter's raw value, of this node and those below."""
        below = self._below() if options.get("recurse") else iter(())
        lines = []
        for each in [self, *below]:
            lines.append(f"# {each._path()} {each._kind.name}")
            held = (one for of in each._tuples.values() for one in of._parms)
            lines += [f"{one._name} = {one.rawValue()!r} {len(one._keys)}" for one in held]
        return "\n".join(lines)

    def cookCount(self) -> int:
        return self._cooks

    # locked assets

    def isLockedHDA(self) -> bool:
        return not self._unlocked

    def isInsideLockedHDA(self) -> bool:
        return self._parent is not None and any(not one._unlocked for one in self._parent._up())

    def isEditableInsideLockedHDA(self) -> bool:
        return False

    def isEditable(self) -> bool:
        return not self.isInsideLockedHDA()

    def allowEditingOfContents(self, propagate: bool = False) -> None:
        del propagate
        self._unlocked = True
        changed(f"unlock {self._path()}")

    def matchesCurrentDefinition(self) -> bool:
        return not self._unlocked

    def hdaModule(self) -> Any:
        module = self._cached.get("_hda_module")
        if module is None:
            misuse(f"{self._path()} has no module of an asset: houdini_session.install gives one")
        return module

    def hm(self) -> Any:
        return self.hdaModule()

    # the fake's own

    def _path(self) -> str:
        if self._parent is None:
            return "/"
        return f"{self._parent._path().rstrip('/')}/{self._name}"

    def _up(self) -> Iterator[OpNode]:
        one: OpNode | None = self
        while one is not None:
            yield one
            one = one._parent

    def _below(self, *, locked: bool = True) -> Iterator[OpNode]:
        for each in self._children:
            yield each
            if locked or each._unlocked:
                yield from each._below(locked=locked)

    def _find(self, path: str) -> OpNode | None:
        if not path:
            return None
        full = normpath(path if path.startswith("/") else f"{self._path()}/{path}")
        found: OpNode | None = state.root
        for name in full.strip("/").split("/") if full.strip("/") else ():
            inside = found._children if found is not None else []
            found = next((each for each in inside if each._name == name), None)
        return found

    def _editable(self, what: str, *, inside: bool = False, of: OpNode | None = None) -> None:
        locked = (each for each in (of or self)._up() if not each._unlocked)
        first = next(locked, None)
        if first is not None and (inside or of is not None or first is not self):
            raise PermissionError(f"{what} of {self._path()}: {first._path()} is a locked asset")

    def _lay_out(self, layout: list[ParmTemplate]) -> None:
        """A new layout; what stays under its name keeps its values, as in Houdini."""
        before = self._tuples
        self._layout, self._tuples = layout, {}
        for each in _walk(layout):
            if not each._defaults() and each._type in {"Folder", "Separator", "Label"}:
                continue
            new = ParmTuple(self, each, spare=each._name not in self._builtin)
            old = before.pop(each._name, None)
            same = old is not None and (old._template._type, len(old)) == (each._type, len(new))
            for index, one in enumerate(old._parms if old is not None and same else ()):
                new._parms[index]._value = one._value
                new._parms[index]._keys, new._parms[index]._expression = one._keys, one._expression
                new._parms[index]._locked = one._locked
            if old is not None:
                old._template = each
                if same:  # a hou.Parm that somebody holds goes on
                    old._parms = [
                        _moved(one, two) for one, two in zip(old._parms, new._parms, strict=True)
                    ]
                    new = old
            self._tuples[each._name] = new
        for gone in before.values():
            gone._gone = True

    def _moves(self) -> bool:
        if any(each.isTimeDependent() for each in self._tuples.values()):
            return True
        return any(each._moves() for each in self._inputs.values())


def _moved(one: Parm, new: Parm) -> Parm:
    one._name, one._hidden = new._name, new._hidden
    return one


class _Flagged(OpNode):
    """Nodes with a display and a render flag: one of each in a network."""

    def isDisplayFlagSet(self) -> bool:
        return self._flags["Display"]

    def setDisplayFlag(self, on: bool) -> None:
        self._only("Display", on=on)

    def isBypassed(self) -> bool:
        return self._flags.get("Bypass", False)

    def bypass(self, on: bool) -> None:
        self._flags["Bypass"] = on
        changed(f"bypass {self._path()}")

    def _only(self, flag: str, *, on: bool) -> None:
        for each in self._parent._children if self._parent else []:
            each._flags[flag] = False if on else each._flags[flag]
        self._flags[flag] = on
        changed(f"flag {flag} of {self._path()}")

    def _flagged(self, flag: str) -> OpNode | None:
        return next((each for each in self._children if each._flags[flag]), None)


class ObjNode(_Flagged):
    def displayNode(self) -> OpNode | None:
        return self._flagged("Display")

    def renderNode(self) -> OpNode | None:
        return self._flagged("Render")


class RopNode(_Flagged):
    def render(self, **options: Any) -> None:
        misuse(f"{self._path()} was rendered ({options}): nobody starts a renderer here")


class LopNode(_Flagged):
    def displayNode(self) -> OpNode | None:
        return self._flagged("Display")


class CopNode(_Flagged):
    pass


class Cop2Node(_Flagged):
    def isRenderFlagSet(self) -> bool:
        return self._flags["Render"]

    def setRenderFlag(self, on: bool) -> None:
        self._only("Render", on=on)


class TopNode(_Flagged):
    """Cooking is `pdg`'s: what was asked for is kept in `_asked`."""

    _asked: list[str]

    def cookWorkItems(
        self,
        block: bool = False,
        generate_only: bool = False,
        tops_only: bool = False,
        save_prompt: bool = False,
        nodes: Sequence[TopNode] = (),
    ) -> None:
        del block, generate_only, tops_only, save_prompt, nodes
        self._asked = [*getattr(self, "_asked", []), "cook"]

    def cancelCook(self) -> None:
        self._asked = [*getattr(self, "_asked", []), "cancel"]

    def dirtyAllWorkItems(self, remove_outputs: bool) -> None:
        self._asked = [*getattr(self, "_asked", []), f"dirty {remove_outputs}"]


CLASSES: dict[str, type[OpNode]] = {
    "Object": ObjNode,
    "Driver": RopNode,
    "Lop": LopNode,
    "Cop": CopNode,
    "Cop2": Cop2Node,
    "Top": TopNode,
}


def build(kind: kinds.Kind, name: str, parent: OpNode | None) -> OpNode:
    """A node of the class that its category has."""
    return CLASSES.get(kind.category, OpNode)(kind, name, parent)


def unique(name: str, taken: set[str]) -> str:
    """A name that no other has: its number goes up."""
    found = re.fullmatch(r"(.*?)(\d*)", name)
    assert found is not None
    stem, number = found.group(1), int(found.group(2) or 0)
    while name in taken:
        number += 1
        name = f"{stem}{number}"
    return name


def start() -> None:
    """An empty scene, as Houdini starts with."""
    state.root = OpNode(kinds.Kind("Manager", "root", 0, "Manager", manager=True), "", None)
    for name in ("obj", "out", "stage", "tasks"):
        made = build(kinds.KINDS["Manager", name], name, state.root)
        state.root._children.append(made)
    state.pwd = state.root
