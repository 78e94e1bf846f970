"""What a node that reads a take says of it: on its tab, in its menu, below its name. No Qt, no host.

Every text is made plain for the host that shows it: see `plain`.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from answerprint_panel import judged, words
from answerprint_panel.plain import Plain

Document = Dict[str, Any]

MOST_LISTED = 200
LATEST, APPROVED = "Latest", "Latest approved"  # in the menu, beside the takes themselves
WAITING = "Waiting for review"


def entry(take: Document, plain: Plain) -> str:
    """A take in the menu: v003, QC pass, Latest."""
    said = [plain.words(take.get("take"), 20), *_standing(take, plain)]
    return words.joined(dict.fromkeys(said))


def entries(takes: Sequence[Document], plain: Plain) -> List[str]:
    """The menu of a stream, newest first; at its end the two that move by themselves."""
    listed = [entry(take, plain) for take in takes[:MOST_LISTED]]
    for title, found in ((LATEST, _first(takes, "latest")), (APPROVED, _first(takes, "approved"))):
        if found is not None:
            listed.append(words.joined([title, plain.words(found.get("take"), 20)]))
    return listed


def label(chosen: str) -> str:
    """What an entry of the menu stands for: a take's number, LATEST or APPROVED."""
    return chosen.partition(",")[0].strip()


def lines(take: Document, plain: Plain) -> str:
    """Two lines below a node's name: Denoise v003, and what it is: Latest, QC pass."""
    title = plain.words(take.get("title") or words.title(str(take.get("task", ""))), 60)
    both = [f"{title} {plain.words(take.get('take'), 20)}", status(take, plain)]
    return "\n".join(filter(None, both))


def status(take: Document, plain: Plain) -> str:
    """Its word; a pass is said of the latest alone, whatever else was found always."""
    said = [plain.words(take.get("word"), 60)]
    if judged.is_judged(take) and (take.get("qc") != "pass" or take.get("standing") == "latest"):
        said.append(judged.qc(take).word)
    if judged.holds(take) == "retake":
        said.append("Retake asked")
    return words.joined(dict.fromkeys(said))


def tone(take: Document) -> str:
    """What a node's colour says: latest, outdated, failed, approved, or retake."""
    return "retake" if judged.holds(take) == "retake" else str(take.get("standing") or "")


def texts(take: Document, plain: Plain) -> Dict[str, str]:
    """The lines of its tab, by their names."""
    made = [
        words.exactly(take.get("created")),
        f"by {words.who(str(take.get('user') or ''), words.me())}".replace("by You", "by you"),
        _source(take),
    ]
    model = words.joined([str(take.get("model") or ""), str(take.get("version") or "")], " ")
    qc = words.joined([judged.qc(take).word, judged.reason(take)], ": ")
    return {
        "word": plain.words(take.get("word")),
        "qc": plain.words(qc, 200),
        "review": review(take, plain),
        "model": plain.words(model),
        "made": plain.words(words.joined(made)),
    }


def review(take: Document, plain: Plain) -> str:
    return plain.words(judged.told(take, words.me())) or WAITING


def finding(take: Document) -> str:
    """Where the worst finding is, for the note of a node; empty: nowhere that can be shown."""
    place, high = judged.box(take), take.get("height")
    if place is None or not isinstance(high, int):
        return ""
    left, top, right, bottom = place
    return (
        f"x {left:.0f} to {right:.0f}, y {high - 1 - bottom:.0f} to {high - 1 - top:.0f} from below"
    )


def _standing(take: Document, plain: Plain) -> List[str]:
    said = [judged.qc(take).word] if judged.is_judged(take) else []
    if judged.holds(take) == "retake":
        return [*said, "Retake asked"]
    return [*said, plain.words(take.get("word"), 60)]


def _first(takes: Iterable[Document], what: str) -> Optional[Document]:
    return next((take for take in takes if take.get(what)), None)


def _source(take: Document) -> str:
    """What it was made of, and which frames: from Read3, 1001 to 1096."""
    span = f"{take['first']} to {take['last']}" if take.get("first") is not None else ""
    source = str(take.get("node") or "") or words.stem(str(take.get("plate") or ""))
    return f"from {source}, {span}" if source and span else span
