"""JUnit: what was tried, as the XML that a studio's CI shows as tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from answerprint import documents

# what XML 1.0 cannot hold, however it is written
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Test:
    """One test: of a suite, with the seconds it took; what failed, if anything, and why."""

    suite: str
    name: str
    seconds: float = 0.0
    failed: str = ""
    said: str = ""


def write(path: Path, title: str, tests: Iterable[Test]) -> None:
    """Raises OSError: the file cannot be written."""
    documents.write_bytes(path, text(title, tests))


def text(title: str, tests: Iterable[Test]) -> bytes:
    """The document: one test suite for each name of a suite, in the order they come."""
    suites: dict[str, list[Test]] = {}
    for one in tests:
        suites.setdefault(one.suite, []).append(one)
    everything = [one for held in suites.values() for one in held]
    root = ET.Element("testsuites", {"name": _clean(title), **_counts(everything)})
    for name, held in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **_counts(held)})
        for one in held:
            _add(suite, one)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add(suite: ET.Element, one: Test) -> None:
    facts = {"classname": _clean(one.suite), "name": _clean(one.name), "time": f"{one.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", facts)
    if one.failed:
        failure = ET.SubElement(case, "failure", {"message": _clean(one.failed), "type": "failed"})
        failure.text = _clean(f"{one.failed}\n{one.said}")
    elif one.said:
        ET.SubElement(case, "system-out").text = _clean(one.said)


def _counts(tests: list[Test]) -> dict[str, str]:
    return {
        "tests": str(len(tests)),
        "failures": str(sum(bool(one.failed) for one in tests)),
        "errors": "0",
        "time": f"{sum(one.seconds for one in tests):.3f}",
    }


def _clean(said: str) -> str:
    return _NO_XML.sub("?", said)
