"""Dashboards: what Grafana shows of servers, models, shows and roll-outs.

    python -m answerprint_server.dashboards server/deploy/grafana

writes NAME.json of each NAME.toml there, in which people write what is asked and how it is shown; a
test holds that it was run, and that Prometheus answers each question. For Grafana 10 and later. Which
Prometheus is asked is a choice above each page: nothing of a studio stands in them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from answerprint.documents import Document, explain
from answerprint.errors import SetupError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = 39  # of Grafana 10
WIDTH = 24  # columns of a page
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}

Json = dict[str, Any]


class Ask(Document):
    """A question in PromQL, and how each line of its answer is named."""

    expr: str
    name: str = "__auto"


class Step(Document):
    """From this value on, a colour; without one: from below."""

    from_: float | None = Field(None, alias="from")
    colour: str


class Word(Document):
    """What stands for a value."""

    value: int
    text: str
    colour: str


class Panel(Document):
    """A picture of one or more answers.

    unit   as Grafana names it: s, ms, percentunit, reqps, short
    wide, tall   in columns, of WIDTH, and rows
    """

    title: str
    asks: Annotated[tuple[Ask, ...], Field(min_length=1, max_length=6)]
    kind: Literal["timeseries", "stat", "table", "state-timeline", "bargauge"] = "timeseries"
    unit: str = "short"
    wide: Annotated[int, Field(ge=1, le=WIDTH)] = 12
    tall: Annotated[int, Field(ge=1, le=40)] = 8
    steps: tuple[Step, ...] = (Step(colour="green"),)
    words: tuple[Word, ...] = ()
    stacked: bool = False
    help: str = ""


class Page(Document):
    """A whole dashboard. `variables`: a label that can be chosen above it -> a metric that has it."""

    title: str
    variables: dict[str, str]
    panels: tuple[Panel, ...]


def read(path: Path) -> Page:
    """Raises SetupError: it cannot be read, or has a wrong field; names it."""
    try:
        return Page.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        why = explain(error) if isinstance(error, ValidationError) else str(error)
        raise SetupError(
            f"{path.as_posix()} is wrong: {why}.",
            remedy="Correct it, and write the dashboards again.",
        ) from error


def text(path: Path) -> str:
    """Grafana's document of a page, as its file holds it."""
    return json.dumps(_dashboard(path.stem, read(path)), indent=1, ensure_ascii=False) + "\n"


def _dashboard(name: str, page: Page) -> Json:
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource"}
    links = {"type": "dashboards", "title": "Answerprint", "tags": ["answerprint"]}
    return {
        "uid": f"answerprint-{name}",
        "title": page.title,
        "tags": ["answerprint"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "",
        "templating": {
            "list": [
                {**source, "query": "prometheus", "current": {}, "hide": 0},
                *(_variable(label, metric) for label, metric in page.variables.items()),
            ]
        },
        "annotations": {"list": []},
        "links": [{**links, "asDropdown": True, "includeVars": True, "keepTime": True}],
        "panels": _laid(page.panels),
    }


def _variable(label: str, metric: str) -> Json:
    asked = f"label_values({metric}, {label})"
    return {
        "name": label,
        "type": "query",
        "datasource": PROMETHEUS,
        "query": {"query": asked, "refId": label},
        "definition": asked,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _laid(panels: tuple[Panel, ...]) -> list[Json]:
    """In rows, from left to right."""
    placed: list[Json] = []
    x = y = tallest = 0
    for panel in panels:
        if x + panel.wide > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "w": panel.wide, "h": panel.tall}
        placed.append({"id": len(placed) + 1, "gridPos": place, **_panel(panel)})
        x, tallest = x + panel.wide, max(tallest, panel.tall)
    return placed


def _panel(panel: Panel) -> Json:
    return {
        "title": panel.title,
        "description": panel.help,
        "type": panel.kind,
        "datasource": PROMETHEUS,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            _target(letter, ask, panel.kind)
            for letter, ask in zip("ABCDEF", panel.asks, strict=False)
        ],
    }


def _defaults(panel: Panel) -> Json:
    steps = [{"value": one.from_, "color": one.colour} for one in panel.steps]
    words = {str(one.value): {"text": one.text, "color": one.colour} for one in panel.words}
    found: Json = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": words}] if words else [],
    }
    if panel.kind == "timeseries":
        found["color"] = {"mode": "palette-classic"}
        found["custom"] = {
            "fillOpacity": 25 if panel.stacked else 8,
            "lineWidth": 1,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
    return found


def _options(kind: str) -> Json:
    match kind:
        case "timeseries":
            legend = {"displayMode": "list", "placement": "bottom"}
            return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
        case "state-timeline":
            return {"showValue": "never", "mergeValues": True, "rowHeight": 0.8}
        case "table":
            return {"showHeader": True}
    last = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if kind == "bargauge":
        return {**last, "orientation": "horizontal", "displayMode": "basic"}
    return {**last, "colorMode": "value", "graphMode": "area"}


def _target(letter: str, ask: Ask, kind: str) -> Json:
    once = kind in ("table", "bargauge")
    return {
        "refId": letter,
        "datasource": PROMETHEUS,
        "expr": ask.expr,
        "legendFormat": ask.name,
        "instant": once,
        "range": not once,
        "format": "table" if kind == "table" else "time_series",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write Grafana's dashboards.")
    parser.add_argument("folder", type=Path, help="with NAME.toml, NAME.json beside each")
    folder: Path = parser.parse_args().folder
    for path in sorted(folder.glob("*.toml")):
        path.with_suffix(".json").write_text(text(path), encoding="utf-8", newline="\n")
        print(path.with_suffix(".json").as_posix())


if __name__ == "__main__":
    main()
