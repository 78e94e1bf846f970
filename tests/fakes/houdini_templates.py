"""Parameter templates, and the groups that a node's parameters are laid out by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from houdini_enums import EnumValue, OperationFailed, value
from houdini_guard import Guarded


class ParmTemplate(Guarded):
    """What all templates have; each is copied when a group takes it, as in Houdini."""

    _type, _data = "Label", ""

    def __init__(
        self,
        name: str,
        label: str = "",
        num_components: int = 1,
        *,
        is_hidden: bool = False,
        help: str | None = None,
        script_callback: str | None = None,
        script_callback_language: EnumValue | None = None,
        tags: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self._name, self._label, self._components = name, label, num_components
        self._hidden, self._help = bool(is_hidden), help or ""
        self._callback = script_callback or ""
        self._language = script_callback_language or value("scriptLanguage", "Hscript")
        self._tags = dict(tags or {})
        self._more = more
        self._default: Any = more.get("default_value")

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if not cls.__name__.startswith("_"):
            cls.__init__ = _constructor(cls, cls.__init__)  # type: ignore[method-assign]

    def clone(self) -> ParmTemplate:
        twin = copy(self)
        twin._tags, twin._more = dict(self._tags), dict(self._more)
        return twin

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def label(self) -> str:
        return self._label

    def setLabel(self, label: str) -> None:
        self._label = label

    def type(self) -> EnumValue:
        return value("parmTemplateType", self._type)

    def dataType(self) -> EnumValue:
        return value("parmData", self._data or "String")

    def namingScheme(self) -> EnumValue:
        return self._more.get("naming_scheme") or value("parmNamingScheme", "XYZW")

    def numComponents(self) -> int:
        return self._components

    def isHidden(self) -> bool:
        return self._hidden

    def hide(self, on: bool) -> None:
        self._hidden = on

    def hideLabel(self, on: bool) -> None:
        self._more["is_label_hidden"] = on

    def isLabelHidden(self) -> bool:
        return bool(self._more.get("is_label_hidden", False))

    def joinsWithNext(self) -> bool:
        return bool(self._more.get("join_with_next", False))

    def setJoinWithNext(self, on: bool) -> None:
        self._more["join_with_next"] = on

    def disableWhen(self) -> str:
        return self._more.get("disable_when") or ""

    def setConditional(self, cond_type: EnumValue, conditional: str) -> None:
        self._more.setdefault("conditions", {})[cond_type] = conditional

    def conditionals(self) -> dict[EnumValue, str]:
        return dict(self._more.get("conditions", {}))

    def help(self) -> str:
        return self._help

    def setHelp(self, help: str) -> None:
        self._help = help

    def scriptCallback(self) -> str:
        return self._callback

    def setScriptCallback(self, script_callback: str) -> None:
        self._callback = script_callback

    def scriptCallbackLanguage(self) -> EnumValue:
        return self._language

    def setScriptCallbackLanguage(self, script_callback_language: EnumValue) -> None:
        self._language = script_callback_language

    def tags(self) -> dict[str, str]:
        return dict(self._tags)

    def setTags(self, tags: Mapping[str, str]) -> None:
        self._tags = dict(tags)

    def _defaults(self) -> list[Any]:
        """One default for each component."""
        return []

    def _names(self) -> list[str]:
        """The names of its parms: t of three is tx, ty, tz."""
        if self._components == 1:
            return [self._name]
        scheme = self.namingScheme().name()
        ends = {"Base1": "123456789", "RGBA": "rgba", "UVW": "uvw", "XYWH": "xywh"}
        return [self._name + each for each in ends.get(scheme, "xyzw")[: self._components]]


def _constructor(cls: type[ParmTemplate], made: Any) -> Any:
    """A template's own arguments, checked by its stub before they are taken."""
    import houdini_guard as guard

    def checked(self: ParmTemplate, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:
            guard._checked(cls, "__init__", (self, *args), kwargs)
        made(self, *args, **kwargs)

    return checked


class _Menu(ParmTemplate):
    """What templates with a menu share."""

    def _items(self) -> list[str]:
        return list(self._more.get("menu_items", ()))

    def _labels(self) -> list[str]:
        given = list(self._more.get("menu_labels", ()))
        return given + self._items()[len(given) :]


class IntParmTemplate(_Menu):
    _type, _data = "Int", "Int"

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[int] = (),
        min: int = 0,
        max: int = 10,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        **more: Any,
    ) -> None:
        limits = (min, max, min_is_strict, max_is_strict)
        super().__init__(name, label, num_components, default_value=default_value, limits=limits, **more)  # fmt: skip

    def defaultValue(self) -> tuple[int, ...]:
        return tuple(self._defaults())

    def setDefaultValue(self, default_value: Sequence[int]) -> None:
        self._default = default_value

    def minValue(self) -> int:
        return int(self._more["limits"][0])

    def maxValue(self) -> int:
        return int(self._more["limits"][1])

    def menuItems(self) -> tuple[str, ...]:
        return tuple(self._items())

    def _defaults(self) -> list[Any]:
        given = list(self._default or ())
        return given + [0] * (self._components - len(given))


class FloatParmTemplate(ParmTemplate):
    _type, _data = "Float", "Float"

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[float] = (),
        min: float = 0,
        max: float = 10,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        **more: Any,
    ) -> None:
        limits = (min, max, min_is_strict, max_is_strict)
        super().__init__(name, label, num_components, default_value=default_value, limits=limits, **more)  # fmt: skip

    def defaultValue(self) -> tuple[float, ...]:
        return tuple(self._defaults())

    def setDefaultValue(self, default_value: Sequence[float]) -> None:
        self._default = default_value

    def minValue(self) -> float:
        return float(self._more["limits"][0])

    def maxValue(self) -> float:
        return float(self._more["limits"][1])

    def _defaults(self) -> list[Any]:
        given = [float(each) for each in self._default or ()]
        return given + [0.0] * (self._components - len(given))


class StringParmTemplate(_Menu):
    _type, _data = "String", "String"

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[str] = (),
        **more: Any,
    ) -> None:
        super().__init__(name, label, num_components, default_value=default_value, **more)

    def defaultValue(self) -> tuple[str, ...]:
        return tuple(self._defaults())

    def setDefaultValue(self, default_value: Sequence[str]) -> None:
        self._default = default_value

    def stringType(self) -> EnumValue:
        return self._more.get("string_type") or value("stringParmType", "Regular")

    def setStringType(self, string_type: EnumValue) -> None:
        self._more["string_type"] = string_type

    def fileType(self) -> EnumValue:
        return self._more.get("file_type") or value("fileType", "Any")

    def setFileType(self, file_type: EnumValue) -> None:
        self._more["file_type"] = file_type

    def menuItems(self) -> tuple[str, ...]:
        return tuple(self._items())

    def setMenuItems(self, menu_items: Sequence[str]) -> None:
        self._more["menu_items"] = menu_items

    def menuLabels(self) -> tuple[str, ...]:
        return tuple(self._labels())

    def setMenuLabels(self, menu_labels: Sequence[str]) -> None:
        self._more["menu_labels"] = menu_labels

    def itemGeneratorScript(self) -> str:
        return self._more.get("item_generator_script") or ""

    def _defaults(self) -> list[Any]:
        given = list(self._default or ())
        return given + [""] * (self._components - len(given))


class MenuParmTemplate(_Menu):
    _type, _data = "Menu", "Int"

    def __init__(
        self,
        name: str,
        label: str,
        menu_items: Sequence[str],
        menu_labels: Sequence[str] = (),
        default_value: int = 0,
        **more: Any,
    ) -> None:
        super().__init__(
            name,
            label,
            default_value=default_value,
            menu_items=menu_items,
            menu_labels=menu_labels,
            **more,
        )

    def menuItems(self) -> tuple[str, ...]:
        return tuple(self._items())

    def setMenuItems(self, menu_items: Sequence[str]) -> None:
        self._more["menu_items"] = menu_items

    def menuLabels(self) -> tuple[str, ...]:
        return tuple(self._labels())

    def setMenuLabels(self, menu_labels: Sequence[str]) -> None:
        self._more["menu_labels"] = menu_labels

    def defaultValue(self) -> int:
        return int(self._default)

    def setDefaultValue(self, default_value: int) -> None:
        self._default = default_value

    def itemGeneratorScript(self) -> str:
        return self._more.get("item_generator_script") or ""

    def _defaults(self) -> list[Any]:
        return [int(self._default)]


class ToggleParmTemplate(ParmTemplate):
    _type, _data = "Toggle", "Int"

    def __init__(self, name: str, label: str, default_value: bool = False, **more: Any) -> None:
        super().__init__(name, label, default_value=default_value, **more)

    def defaultValue(self) -> bool:
        return bool(self._default)

    def setDefaultValue(self, default_value: bool) -> None:
        self._default = default_value

    def _defaults(self) -> list[Any]:
        return [int(bool(self._default))]


class ButtonParmTemplate(ParmTemplate):
    _type, _data = "Button", "Int"

    def __init__(self, name: str, label: str, disable_when: str | None = None, **more: Any) -> None:
        super().__init__(name, label, disable_when=disable_when, **more)

    def _defaults(self) -> list[Any]:
        return [0]


class LabelParmTemplate(ParmTemplate):
    _type, _data = "Label", "String"

    def __init__(
        self, name: str, label: str, column_labels: Sequence[str] = (), **more: Any
    ) -> None:
        super().__init__(name, label, columns=list(column_labels), **more)

    def columnLabels(self) -> tuple[str, ...]:
        return tuple(self._more["columns"])

    def setColumnLabels(self, column_labels: Sequence[str]) -> None:
        self._more["columns"] = list(column_labels)

    def _defaults(self) -> list[Any]:
        return [" ".join(self._more["columns"])]


class SeparatorParmTemplate(ParmTemplate):
    _type = "Separator"

    def __init__(self, name: str, **more: Any) -> None:
        super().__init__(name, **more)


class FolderParmTemplate(ParmTemplate):
    _type = "Folder"

    def __init__(
        self, name: str, label: str, parm_templates: Sequence[ParmTemplate] = (), **more: Any
    ) -> None:
        super().__init__(name, label, **more)
        self._inside = [each.clone() for each in parm_templates]

    def clone(self) -> FolderParmTemplate:
        twin = super().clone()
        assert isinstance(twin, FolderParmTemplate)
        twin._inside = [each.clone() for each in self._inside]
        return twin

    def parmTemplates(self) -> tuple[ParmTemplate, ...]:
        return tuple(each.clone() for each in self._inside)

    def setParmTemplates(self, parm_templates: Sequence[ParmTemplate]) -> None:
        self._inside = [each.clone() for each in parm_templates]

    def addParmTemplate(self, parm_template: ParmTemplate) -> None:
        self._inside.append(parm_template.clone())

    def folderType(self) -> EnumValue:
        return self._more.get("folder_type") or value("folderType", "Tabs")

    def setFolderType(self, folder_type: EnumValue) -> None:
        self._more["folder_type"] = folder_type


class ParmTemplateGroup(Guarded):
    """A copy of a node's layout: nothing happens to the node before it is set."""

    def __init__(self, parm_templates: Sequence[ParmTemplate] = ()) -> None:
        self._entries = [each.clone() for each in parm_templates]

    def entries(self) -> tuple[ParmTemplate, ...]:
        return tuple(each.clone() for each in self._entries)

    def parmTemplates(self) -> tuple[ParmTemplate, ...]:
        return self.entries()

    def entriesWithoutFolders(self) -> tuple[ParmTemplate, ...]:
        return tuple(each.clone() for each in self._flat() if each._type != "Folder")

    def find(self, name: str) -> ParmTemplate | None:
        found = self._place(name)
        return None if found is None else found[0][found[1]].clone()

    def findFolder(self, label_or_labels: str | Sequence[str]) -> ParmTemplate | None:
        found = self._folder(label_or_labels)
        return None if found is None else found.clone()

    def containingFolder(self, name_or_parm_template: str | ParmTemplate) -> FolderParmTemplate:
        where = self._at(name_or_parm_template)[0]
        for each in self._flat():
            if isinstance(each, FolderParmTemplate) and each._inside is where:
                return each.clone()
        raise OperationFailed("The parameter is in no folder")

    def append(self, parm_template: ParmTemplate) -> None:
        self._refuse_twins(parm_template)
        self._entries.append(parm_template.clone())

    def addParmTemplate(self, parm_template: ParmTemplate) -> None:
        self.append(parm_template)

    def insertBefore(self, name_or_parm_template_or_indices: Any, parm_template: Any) -> None:
        where, index = self._at(name_or_parm_template_or_indices)
        self._refuse_twins(parm_template)
        where.insert(index, parm_template.clone())

    def insertAfter(self, name_or_parm_template_or_indices: Any, parm_template: Any) -> None:
        where, index = self._at(name_or_parm_template_or_indices)
        self._refuse_twins(parm_template)
        where.insert(index + 1, parm_template.clone())

    def appendToFolder(
        self, label_or_labels_or_parm_template_or_indices: Any, parm_template: ParmTemplate
    ) -> None:
        given = label_or_labels_or_parm_template_or_indices
        folder = self._folder(given.label() if isinstance(given, ParmTemplate) else given)
        if folder is None:
            raise OperationFailed("Invalid folder")
        self._refuse_twins(parm_template)
        folder._inside.append(parm_template.clone())

    def replace(self, name_or_parm_template_or_indices: Any, parm_template: ParmTemplate) -> None:
        where, index = self._at(name_or_parm_template_or_indices)
        where[index] = parm_template.clone()

    def remove(self, name_or_parm_template_or_indices: Any) -> None:
        where, index = self._at(name_or_parm_template_or_indices)
        del where[index]

    def hide(self, name_or_parm_template_or_indices: Any, on: bool) -> None:
        where, index = self._at(name_or_parm_template_or_indices)
        where[index].hide(on)

    def clear(self) -> None:
        self._entries.clear()

    def _flat(self) -> Iterator[ParmTemplate]:
        yield from _walk(self._entries)

    def _place(self, name: str) -> tuple[list[ParmTemplate], int] | None:
        lists = [self._entries]
        lists += [each._inside for each in self._flat() if isinstance(each, FolderParmTemplate)]
        for where in lists:
            for index, each in enumerate(where):
                if each._name == name:
                    return where, index
        return None

    def _at(self, given: Any) -> tuple[list[ParmTemplate], int]:
        name = given.name() if isinstance(given, ParmTemplate) else str(given)
        found = self._place(name)
        if found is None:
            raise OperationFailed(f"Cannot find the parameter {name}")
        return found

    def _folder(self, labels: str | Sequence[str]) -> FolderParmTemplate | None:
        inside: Sequence[ParmTemplate] = self._entries
        found: FolderParmTemplate | None = None
        for label in [labels] if isinstance(labels, str) else labels:
            folders = (each for each in inside if isinstance(each, FolderParmTemplate))
            found = next((each for each in folders if each._label == label), None)
            if found is None:
                return None
            inside = found._inside
        return found

    def _refuse_twins(self, new: ParmTemplate) -> None:
        there = {each._name for each in self._flat()}
        for each in _walk([new]):
            if each._name in there:
                raise OperationFailed(f"There is a parameter {each._name} already")


def _walk(entries: Sequence[ParmTemplate]) -> Iterator[ParmTemplate]:
    for each in entries:
        yield each
        if isinstance(each, FolderParmTemplate):
            yield from _walk(each._inside)
