"""As much of kustomize as our overlays use; whatever else they say is an error here, not silence.

The same documents as `kubectl kustomize` gives: resources, patches by path or inline, a namespace.
Strategic merges know the lists below by their key and replace all others, as Kubernetes does.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
DELETE = "$patch"
CLUSTER_WIDE = {"Namespace"}


def build(folder: Path) -> list[Document]:
    """All documents of a kustomization."""
    text = (folder / "kustomization.yaml").read_text(encoding="utf-8")
    asked = yaml.safe_load(text)
    unknown = asked.keys() - {"apiVersion", "kind", "namespace", "resources", "patches"}
    assert not unknown, f"{folder} uses {unknown}, which is not known here"
    documents: list[Document] = []
    for name in asked["resources"]:
        path = (folder / name).resolve()
        documents += build(path) if path.is_dir() else read(path)
    for patch in asked.get("patches", []):
        documents = _patched(documents, patch, folder)
    for one in documents:
        if "namespace" in asked and one["kind"] not in CLUSTER_WIDE:
            one["metadata"]["namespace"] = asked["namespace"]
    return documents


def read(path: Path) -> list[Document]:
    """Nobody else's: they may be changed."""
    return copy.deepcopy(_read(path))


@functools.cache
def _read(path: Path) -> list[Document]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def _patched(documents: list[Document], patch: Document, folder: Path) -> list[Document]:
    assert patch.keys() in ({"path"}, {"target", "patch"}), patch
    if "path" in patch:
        (change,) = read(folder / patch["path"])
        target = {"kind": change["kind"], "name": change["metadata"]["name"]}
    else:
        change, target = yaml.safe_load(patch["patch"]), patch["target"]
    found = [one for one in documents if _is(one, target)]
    assert len(found) == 1, f"{target} is there {len(found)} times"
    at = documents.index(found[0])
    if isinstance(change, list):
        new = [_operated(found[0], change)]
    else:
        new = [] if change.get(DELETE) == "delete" else [merged(found[0], change)]
    return [*documents[:at], *new, *documents[at + 1 :]]


def _is(document: Document, target: dict[str, str]) -> bool:
    assert target.keys() == {"kind", "name"}, target
    return (document["kind"], document["metadata"]["name"]) == (target["kind"], target["name"])


def merged(old: Document, new: Document) -> Document:
    """A strategic merge of two mappings."""
    made = copy.deepcopy(old)
    for key, value in new.items():
        if key in KEYS and key in made:
            made[key] = _merged_lists(made[key], value, KEYS[key])
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], value)
        else:
            made[key] = copy.deepcopy(value)
    return made


def _merged_lists(old: list[Document], new: list[Document], key: str) -> list[Document]:
    made = {one[key]: one for one in old}
    for one in new:
        if one.get(DELETE) == "delete":
            del made[one[key]]
        else:
            made[one[key]] = merged(made.get(one[key], {}), one)
    return list(made.values())


def _operated(document: Document, operations: list[Document]) -> Document:
    """JSON patch, RFC 6902: test and replace."""
    made = copy.deepcopy(document)
    for one in operations:
        *way, last = [_step(word) for word in one["path"].split("/")[1:]]
        held: Any = made
        for step in way:
            held = held[step]
        if one["op"] == "test":
            assert held[last] == one["value"], one
        elif one["op"] == "replace":
            assert held[last] is not None
            held[last] = one["value"]
        else:
            raise AssertionError(f"{one['op']} is not known here")
    return made


def _step(word: str) -> str | int:
    return int(word) if word.isdigit() else word.replace("~1", "/").replace("~0", "~")
