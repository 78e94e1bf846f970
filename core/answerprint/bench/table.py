"""The table: rows as text for people."""

from __future__ import annotations

from typing import Any

from answerprint.bench.goals import Goal
from answerprint.bench.row import Row

TITLES = {
    "limit": "What this machine can do at best",
    "engine": "The engine, whole job, files in and out",
    "denoise": "Denoise, files in and out",
    "peer": "The plain client, files in and out, halves on the wire",
    "trip": "One float32 frame there and back, no files",
    "stage": "Where the client's CPU goes, in one thread",
    "overhead": "Record and report",
    "start": "Starting",
    "memory": "Memory",
}
_ENGINE = f"  {'ms a frame':>44}{'client CPU':>12}{'server CPU':>12}{'bound':>8}{'x':>6}{'floor':>8}{'x':>6}"


DISTURBED = 0.05  # a share of the machine above which a time is not the machine's own


def conditions(facts: dict[str, Any]) -> str:
    return (
        f"answerprint {facts['answerprint']}, Triton {facts['triton']}, {facts['cores']} cores of "
        f"{facts['cpu']}, load {facts['load']:g}\n"
        f"{facts['frames']} frames of {facts['size']}, a model of {facts['delay']:g} ms, "
        f"files in {facts['folder']}"
    )


def head(group: str) -> str:
    """The line above the rows of a group."""
    return f"\n{TITLES[group]}" + (f"\n{_ENGINE}" if group == "engine" else "")


def line(row: Row) -> str:
    if row.group == "engine":
        return _engine(row)
    return f"  {row.said:<58}{row.value:>9.1f} {row.unit}{_beside(row)}"


def goals(found: list[Goal]) -> str:
    lines = [f"  {_goal(one)}" for one in found]
    return "\n".join(["\nWhat is to be reached", *lines])


def _engine(row: Row) -> str:
    number = row.number
    others = number("others_share")
    disturbed = f"; others had {others:.0%} of the machine" if others > DISTURBED else ""
    return (
        f"  {row.said:<33}{row.value:>11.1f}{number('client_cpu'):>12.1f}"
        f"{number('server_cpu'):>12.1f}{number('bound'):>8.1f}{number('times_bound'):>6.2f}"
        f"{number('floor'):>8.1f}{number('times_floor'):>6.2f}"
        f"  limited by {row.facts['limited_by']}{disturbed}"
    )


def _beside(row: Row) -> str:
    """What stands beside a number, where it says more."""
    said = {
        "gigabytes_per_second": "{:.1f} GB/s",
        "cpu": "{:.1f} ms of CPU",
        "in_flight": "{:.1f} ms each with 4 in flight",
        "server": "{:.1f} ms of it the server's",
    }
    found = [text.format(row.facts[name]) for name, text in said.items() if name in row.facts]
    return f"   {', '.join(found)}" if found else ""


def _goal(goal: Goal) -> str:
    word = {True: "yes", False: "NO", None: "not measured"}[goal.met]
    bound = "at most" if goal.at_most else "at least"
    reached = "" if goal.reached is None else f"{goal.reached:.3g} {goal.unit}"
    return f"{goal.said:<58}{reached:>11}   {bound} {goal.wanted:g} {goal.unit}   {word}"
