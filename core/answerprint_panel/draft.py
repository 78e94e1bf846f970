"""The draft: what a person has chosen so far, and the job document that it makes. Without Qt.

What belongs to the plate (frames, colour space) is kept when the task changes, and what belongs to a
task (parameters, layers, variations) is kept for each task, so nothing has to be set twice.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from answerprint_panel.host import Document, Source
from answerprint_panel.spans import spelled
from answerprint_panel.values import problem

INPUT, PROJECT, FRAME, CUSTOM = "input", "project", "frame", "custom"
SCHEMA = "answerprint.job/v1"
LEFT_OUT = "none"  # the layer of an input that is not to be used
_SPELLED = {"color": "colour"}


@dataclass
class Settings:
    """What is chosen for one task.

    parameters   only what differs from the contract's defaults
    layers       input -> layer that a person chose, or LEFT_OUT
    axes         parameter, or seed -> the values to try, as they were typed
    speed        for tasks that make frames between frames: frames of the plate for each new one
    over         what a fix has laid over the job that no control shows
    """

    parameters: Dict[str, Any] = field(default_factory=dict)
    layers: Dict[str, str] = field(default_factory=dict)
    axes: Dict[str, Any] = field(default_factory=dict)
    seed: Optional[str] = None
    result: Optional[str] = None
    non_finite: Optional[str] = None
    name: Optional[str] = None
    preset: Optional[Document] = None
    speed: float = 0.5
    over: Document = field(default_factory=dict)


@dataclass
class Draft:
    """A job in the making.

    mode      what the frames are: the input's range, the project's, this frame, or `custom`
    custom    a frame range as text, in the plate's frames
    space     the colour space that a person says the plate is in
    path      the plate's path; a rendered one has it when its folder is known
    """

    contract: Document = field(default_factory=dict)
    version: Optional[str] = None
    source: Optional[Source] = None
    path: str = ""
    mode: str = INPUT
    custom: str = ""
    handles: int = 0
    space: Optional[str] = None
    settings_of: Dict[str, Settings] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return str(self.contract.get("task", ""))

    @property
    def settings(self) -> Settings:
        return self.settings_for(self.task)

    def settings_for(self, task: str) -> Settings:
        return self.settings_of.setdefault(task, Settings())

    @property
    def retimes(self) -> bool:
        """Whether the task makes frames between frames."""
        return bool((self.contract.get("cut") or {}).get("between"))

    @property
    def parameters(self) -> List[Document]:
        """The contract's own, in its order."""
        return list(self.contract.get("parameters") or [])

    def take_up(self, source: Source) -> None:
        """A plate; what was said about another one is not true of it, and of the same one it stays.

        A node is the same whatever it reads by now.
        """
        before = self.source
        same = before is not None and before.node == source.node
        if not same or (not source.node and self.path != source.path):
            self.space, self.mode, self.custom = None, INPUT, ""
            for settings in self.settings_of.values():
                settings.layers.clear()
                settings.over.clear()
        self.source = source
        self.path = source.path

    # Parameters

    def value(self, parameter: Document) -> Any:
        return self.settings.parameters.get(parameter["name"], parameter.get("default"))

    def choose(self, parameter: Document, value: Any) -> None:
        """Set a parameter; the default is no change."""
        if value == parameter.get("default") and not isinstance(value, dict):
            self.settings.parameters.pop(parameter["name"], None)
        else:
            self.settings.parameters[parameter["name"]] = value

    def wrong(self) -> str:
        """The first parameter with a value that the contract does not take, and why; else empty."""
        for parameter in self.parameters:
            if parameter["name"] in self.settings.parameters:
                said = problem(parameter, self.value(parameter))
                if said:
                    return f"{label(parameter['name'])}: {said}"
        return ""

    def unusable(self, preset: Document) -> str:
        """Why a preset cannot be applied to this task; empty where it can."""
        if preset.get("problem"):
            return str(preset["problem"])
        values = preset.get("parameters") or {}
        for parameter in self.parameters:
            if parameter["name"] in values:
                said = problem(parameter, values[parameter["name"]])
                if said:
                    return f"{preset.get('preset')}: {label(parameter['name'])} is wrong. {said}"
        return ""

    def is_changed(self, parameter: Document) -> bool:
        return parameter["name"] in self.settings.parameters

    def ruled_out(self, parameter: Document) -> str:
        """Why a parameter has no effect now; empty where it has."""
        others = {one["name"]: one for one in self.parameters}
        for name, choices in (parameter.get("unless") or {}).items():
            if name in others and self.value(others[name]) in choices:
                chosen = self.value(others[name])
                return f"Not with {label(name).lower()} {chosen}."
        return ""

    # Presets

    def apply(self, preset: Optional[Document]) -> List[str]:
        """Set what a preset says, all else to its default; the names that the task does not have."""
        known = {one["name"]: one for one in self.parameters}
        said = dict((preset or {}).get("parameters") or {})
        self.settings.parameters.clear()
        self.settings.preset = preset
        for name, value in said.items():
            if name in known:
                self.choose(known[name], value)
        return sorted(set(said) - set(known))

    def is_edited(self) -> bool:
        """Whether the parameters differ from the preset that was applied, or from the defaults."""
        preset = self.settings.preset or {}
        known = {one["name"]: one.get("default") for one in self.parameters}
        said = {
            name: value
            for name, value in (preset.get("parameters") or {}).items()
            if name in known and value != known[name]
        }
        return said != self.settings.parameters

    # Frames

    def frames(self, project: Optional[Tuple[int, int]], now: Optional[int]) -> str:
        """The frame range in the plate's own frames; empty where nothing is known of it."""
        source = self.source
        offset = source.offset if source is not None else 0
        if self.mode == FRAME and now is not None:
            return str(now - offset)
        if self.mode == PROJECT and project is not None:
            return spelled(project[0] - offset, project[1] - offset)
        if self.mode == CUSTOM and self.custom:
            return self.custom
        return spelled(source.first, source.last) if source is not None else ""

    # The job

    def job(
        self,
        *,
        frames: str,
        host: str,
        title: str,
        script: Optional[str],
        where: Mapping[str, Any],
    ) -> Document:
        """The job document.

        frames   as `frames` says them, or another: this frame alone
        host     its name and version, like "nuke 15.1v2"; title is what people call it
        where    as the engine says where the script's takes go
        """
        settings = self.settings
        made: Document = {
            "schema": SCHEMA,
            "task": self.task,
            "plate": self.path,
            "host": host,
            "out": _known(
                root=where.get("root"),
                show=where.get("show"),
                shot=where.get("shot"),
                name=settings.name,
            ),
            **_known(
                frames=frames or None,
                handles=self.handles or None,
                node=self.source.node if self.source is not None and self.source.node else None,
                script=script,
                colour=self._colour(title) or None,
                parameters=copy.deepcopy(settings.parameters) or None,
                wedge=copy.deepcopy(settings.axes) or None,
                seed=settings.seed,
                non_finite=settings.non_finite,
                result={"layers": settings.result} if settings.result else None,
                inputs=self._inputs() or None,
                timing={"speed": settings.speed} if self.retimes else None,
            ),
        }
        return laid_over(made, settings.over)

    def _inputs(self) -> Document:
        return {
            name: {"path": self.path, "layer": layer}
            for name, layer in self.settings.layers.items()
        }

    def _colour(self, title: str) -> Document:
        """What is said of the plate's colour: by the person, else by the host's own settings."""
        if self.space is not None:
            return {"space": self.space}
        source = self.source
        if source is None or source.data or source.space is None:
            return {}
        config = {"config": source.config} if source.config else {}
        return {"space": source.space, "said_by": title, **config}

    # Fixes

    def lay(self, change: Mapping[str, Any]) -> None:
        """Lay the change of an error's fix over the draft: into its controls where there is one."""
        for key, value in change.items():
            lay = getattr(self, f"_lay_{key}", None)
            if lay is not None:
                lay(value)
            else:
                self.settings.over = laid_over(self.settings.over, {key: copy.deepcopy(value)})

    def _lay_frames(self, value: Optional[str]) -> None:
        self.mode, self.custom = (CUSTOM, value) if value else (INPUT, "")

    def _lay_handles(self, value: int) -> None:
        self.handles = value

    def _lay_inputs(self, value: Mapping[str, Mapping[str, Any]]) -> None:
        for name, said in value.items():
            if said.get("path") in (None, self.path) and said.get("layer"):
                self.settings.layers[name] = said["layer"]
            else:
                self.settings.layers.pop(name, None)
                inputs = {"inputs": {name: dict(said)}}
                self.settings.over = laid_over(self.settings.over, inputs)

    def _lay_parameters(self, value: Mapping[str, Any]) -> None:
        known = {one["name"]: one for one in self.parameters}
        for name, said in value.items():
            if name in known and said is not None:
                self.choose(known[name], said)
            else:
                self.settings.parameters.pop(name, None)

    def _lay_colour(self, value: Mapping[str, Any]) -> None:
        rest = {key: said for key, said in value.items() if key != "space"}
        if "space" in value:
            self.space = value["space"]
        if rest:
            self.settings.over = laid_over(self.settings.over, {"colour": rest})

    def _lay_wedge(self, value: Mapping[str, Any]) -> None:
        self.settings.axes = dict(value)

    def _lay_seed(self, value: Any) -> None:
        self.settings.seed = None if value is None else str(value)

    def _lay_non_finite(self, value: Optional[str]) -> None:
        self.settings.non_finite = value


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Document:
    """A document with another one over it, as deep as both go."""
    made = dict(below)
    for key, value in above.items():
        under = made.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            made[key] = laid_over(under, value)
        else:
            made[key] = copy.deepcopy(value)
    return made


def label(name: str) -> str:
    """What a person reads for a contract's name: max_memory is Max memory."""
    words = [_SPELLED.get(word, word) for word in name.replace("-", " ").split("_") if word]
    said = " ".join(words)
    return said[:1].upper() + said[1:]


def _known(**values: Any) -> Document:
    return {key: value for key, value in values.items() if value is not None}
