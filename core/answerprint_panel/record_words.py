"""What provenance and verifying say of a take: from the engine's documents to words. No Qt."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from answerprint_panel import words

Document = Dict[str, Any]
Fact = Tuple[str, str]

VERDICTS = {  # the engine's word: icon, tone, of one frame and of several
    "OK": ("shield", "passed", "is signed and unchanged", "are signed and unchanged"),
    "PIXELS_CHANGED": (
        "fail",
        "fail",
        "has changed since it was signed",
        "have changed since they were signed",
    ),
    "BAD_SIGNATURE": (
        "fail",
        "fail",
        "was edited after it was signed",
        "were edited after they were signed",
    ),
    "UNKNOWN_KEY": (
        "warn",
        "warn",
        "is signed by a key that is not trusted here",
        "are signed by a key that is not trusted here",
    ),
    "ABSENT": (
        "warn",
        "warn",
        "has no signature, or is missing",
        "have no signature, or are missing",
    ),
}
ORDER = ("BAD_SIGNATURE", "PIXELS_CHANGED", "ABSENT", "UNKNOWN_KEY")  # the worst is said first
MOST_SETTINGS = 40
MOST_LINEAGE = 40


class Verdict(NamedTuple):
    """What verifying came to: a headline, and which frames are not as they should be."""

    good: bool
    icon: str
    tone: str
    headline: str
    lines: Tuple[str, ...]


def verdict(judged: Iterable[Document], label: str) -> Verdict:
    """From all that `verify` said of one take."""
    documents = [one for one in judged if isinstance(one, dict)]
    frames = [one for one in documents if one.get("kind") == "frame"]
    whole = next((one for one in documents if one.get("kind") == "take"), None)
    if whole is None:
        trouble = next((one for one in documents if "error" in one), {})
        why = str(trouble.get("problem") or "Verifying ended without a verdict.")
        return Verdict(False, "warn", "warn", f"{label} could not be verified", (why,))
    bad = [one for one in frames if one.get("verdict") != "OK"]
    if whole.get("verdict") == "OK" and not bad:
        _, _, one_is, they_are = VERDICTS["OK"]
        said = f"{words.count(len(frames), 'frame')} {one_is if len(frames) == 1 else they_are}"
        return Verdict(True, "shield", "passed", f"{label} verified: {said}", (_why(whole),))
    return _wrong(label, whole, bad, len(frames))


def _wrong(label: str, whole: Document, bad: List[Document], of: int) -> Verdict:
    found = [one.get("verdict") for one in [*bad, whole]]
    worst = next((word for word in ORDER if word in found), "ABSENT")
    icon, tone, one_is, _ = VERDICTS[worst]
    lines = [_those(word, [one for one in bad if one.get("verdict") == word], of) for word in ORDER]
    if not bad:
        return Verdict(False, icon, tone, f"{label} {one_is}", (_why(whole),))
    headline = (
        f"{label} is not as it was signed" if tone == "fail" else f"{label} is not vouched for"
    )
    reasons = list(dict.fromkeys(_why(one) for one in bad))[:3]
    return Verdict(False, icon, tone, headline, tuple(line for line in [*lines, *reasons] if line))


def _those(word: str, judged: List[Document], of: int) -> str:
    """2 of 96 frames have changed since they were signed: frames 1029 and 1044."""
    if not judged:
        return ""
    _, _, one_is, they_are = VERDICTS[word]
    numbers = [number for number in (_frame(one) for one in judged) if number is not None]
    named = f": {words.frames(numbers)}" if numbers else ""
    verb = one_is if len(judged) == 1 else they_are
    return f"{len(judged)} of {words.count(of, 'frame')} {verb}{named}."


def _frame(judged: Document) -> Optional[int]:
    """The frame's number, as it stands in the file's name."""
    parts = str(judged.get("path") or "").rpartition("/")[2].split(".")
    digits = parts[-2] if len(parts) > 2 else ""
    return int(digits) if digits.lstrip("-").isdigit() else None


def _why(judged: Document) -> str:
    return words.sentence(words.timed(str(judged.get("why") or "")))


def facts(shown: Iterable[Document], take: Document) -> List[Fact]:
    """What made a take, as `show` tells it: (label, text), in the order in which one asks."""
    documents = list(shown)
    record = next((one["record"] for one in documents if one.get("record")), None)
    trouble = [(one.get("problem"), one.get("remedy")) for one in documents if "error" in one]
    found: List[Fact] = [*_made(take, record)]
    if record is not None:
        found += [*_model(record), *_settings(record), *_colour(record)]
    found += _warnings(documents)
    found += [("Made from", line) for line in _lineage(documents)[:1]]
    found += [("", line) for line in _lineage(documents)[1:]]
    found += _signed(documents)
    found += [("Not told", words.joined([str(a or ""), str(b or "")], " ")) for a, b in trouble]
    return [(label, text) for label, text in found if text]


def _made(take: Document, record: Optional[Document]) -> List[Fact]:
    by = record or {}
    when = words.exactly(take.get("created") or by.get("created"))
    who = str(take.get("user") or by.get("user") or "")
    machine = str(by.get("machine") or "")
    seconds = take.get("seconds")
    took = f"took {words.duration(seconds)}" if isinstance(seconds, (int, float)) else ""
    on = f"on {machine}" if machine else ""
    return [
        ("Made", words.joined([when, words.joined([f"by {who}" if who else "", on], " "), took])),
        ("Asked in", words.joined([str(by.get("host") or ""), str(take.get("node") or "")])),
        ("Frames", words.span(str(take.get("frames") or ""))),
        ("Files", str(take.get("pattern") or "")),
    ]


def _model(record: Document) -> List[Fact]:
    model, server = record.get("model") or {}, record.get("server") or {}
    named = words.joined([str(model.get("name") or ""), str(model.get("version") or "")], " ")
    digest = str(model.get("sha256") or "")
    return [
        ("Model", words.joined([named, f"sha256 {digest[:16]}" if digest else ""])),
        ("Licence", str(model.get("licence") or "")),
        ("Trained on", _training(record)),
        (
            "Server",
            words.joined([str(server.get("device") or ""), str(server.get("library") or "")]),
        ),
    ]


def _training(record: Document) -> str:
    training = record.get("training") or {}
    return words.joined([str(training.get("data_class") or ""), str(training.get("consent") or "")])


def _settings(record: Document) -> List[Fact]:
    parameters = record.get("parameters") or {}
    said = [f"{words.title(str(name))} {_value(value)}" for name, value in parameters.items()]
    left = len(said) - MOST_SETTINGS
    said = said[:MOST_SETTINGS] + ([f"and {left} more"] if left > 0 else [])
    kind = str((record.get("determinism") or {}).get("kind") or "").replace("_", " ")
    return [
        ("Settings", words.joined(said)),
        ("Seed", str(record.get("seed") or "")),
        ("Cut", str(record.get("cut") or "")),
        (
            "NaN and inf",
            {"keep": "kept", "zero": "set to zero"}.get(str(record.get("non_finite")), ""),
        ),
        ("Repeatable", kind),
    ]


def _colour(record: Document) -> List[Fact]:
    colour = record.get("colour") or {}
    if not colour.get("space"):
        return []
    by = str(colour.get("said_by") or "")
    source = by if by == "assumed" else f"said by {by}" if by else ""
    return [("Colour", words.joined([str(colour["space"]), source]))]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _warnings(documents: List[Document]) -> List[Fact]:
    warned = [one for document in documents for one in document.get("warnings") or []]
    said: Dict[str, List[int]] = {}
    for one in warned:
        number = str(one.get("frame") or "").rpartition("/")[2]
        numbers = said.setdefault(str(one.get("warning") or ""), [])
        numbers += [int(number)] if number.lstrip("-").isdigit() else []
    lines = [f"{text} ({words.frames(numbers)})" for text, numbers in said.items()]
    return [("Warned" if not place else "", line) for place, line in enumerate(lines)]


def _lineage(documents: List[Document]) -> List[str]:
    """One line for each thing that went in, what went into that a little to the right."""
    tree: List[Document] = next((one["lineage"] for one in documents if one.get("lineage")), [])
    lines = []
    for node in tree[1 : MOST_LINEAGE + 1]:
        indent = "    " * max(0, int(node.get("depth") or 1) - 1)
        lines.append(indent + str(node.get("said") or ""))
    if len(tree) > MOST_LINEAGE + 1:
        lines.append(f"and {len(tree) - MOST_LINEAGE - 1} more")
    return lines


def _signed(documents: List[Document]) -> List[Fact]:
    for one in documents:
        if one.get("verdict"):
            good = one["verdict"] == "OK"
            first = "" if good else f"{str(one['verdict']).replace('_', ' ').lower()}: "
            return [("Signed", f"{first}{words.timed(str(one.get('why') or ''))}")]
    return []
