"""The node tree: making, wiring, naming, flags, comments, user data and parameters."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from typing import Any

import houdini_kinds as kinds
from houdini_enums import (
    InvalidInput,
    OperationFailed,
)
from houdini_guard import misuse
from houdini_items import NetworkItem
from houdini_numbers import Vector2
from houdini_settings import _Set
from houdini_state import changed, state


class OpNode(_Set):
    """Any node. What tests may look at besides begins with an underscore."""

    def __init__(self, kind: kinds.Kind, name: str, parent: Any) -> None:
        super().__init__(kind, name, parent)
        self._inputs: dict[int, OpNode] = {}
        self._outputs_of: dict[int, int] = {}  # which output of an input's node is wired in

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

    def parent(self) -> Any:
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

    def node(self, node_path: str) -> Any:
        return self._find(node_path)

    def children(self) -> tuple[OpNode, ...]:
        return tuple(self._children)

    def subnetOutputs(self) -> tuple[OpNode, ...]:
        outputs = tuple(one for one in self._children if one._kind.name == "output")
        shown = tuple(one for one in self._children if one._flags["Display"])
        return outputs or shown

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
        name = node_name or kinds.OpNodeType(kind).nameComponents()[2] + "1"
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
        self._editable("inputs", of=self._parent or self)
        if not 0 <= input_index < self._kind.inputs:
            raise InvalidInput(f"{self._path()} has no input {input_index}")
        if item_to_become_input is None:
            self._inputs.pop(input_index, None)
        elif item_to_become_input._parent is not self._parent:
            raise InvalidInput("Nodes of different networks cannot be wired")
        else:
            self._inputs[input_index] = item_to_become_input
            self._outputs_of[input_index] = output_index
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

    def inputConnections(self) -> tuple[OpNodeConnection, ...]:
        return tuple(OpNodeConnection(self, at) for at in sorted(self._inputs))

    def outputConnections(self) -> tuple[OpNodeConnection, ...]:
        every = ((each, at) for each in self.outputs() for at in sorted(each._inputs))
        return tuple(OpNodeConnection(n, at) for n, at in every if n._inputs[at] is self)

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

    def dataBlockKeys(self, blocktype: str | None = None) -> tuple[str, ...]:
        del blocktype
        return tuple(self._cached.get("_blocks", ()))

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

    def _below(self, *, locked: bool = True) -> Iterator[OpNode]:
        for each in self._children:
            yield each
            if locked or each._unlocked:
                yield from each._below(locked=locked)

    def _moves(self) -> bool:
        if any(each.isTimeDependent() for each in self._tuples.values()):
            return True
        return any(each._moves() for each in self._inputs.values())


class NodeConnection(NetworkItem):
    """A wire into an input of a node."""

    def __init__(self, node: OpNode, at: int) -> None:
        self._node, self._at = node, at

    def inputNode(self) -> OpNode | None:
        return self._node._inputs.get(self._at)

    def outputNode(self) -> OpNode:
        return self._node

    def inputIndex(self) -> int:
        return self._at

    def outputIndex(self) -> int:
        return self._node._outputs_of.get(self._at, 0)


class OpNodeConnection(NodeConnection):
    pass


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
