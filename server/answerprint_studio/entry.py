"""Entries: what the index holds of one take, from the engine's own row of it and its documents."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from answerprint import journal, template
from answerprint.documents import count
from answerprint.errors import AnswerprintError, JobError, TakeError
from answerprint.frames import FrameRange
from answerprint.row import Row
from answerprint.site import Site
from answerprint.take import PICTURES, Take
from answerprint_studio.index import Entry

# What waits for a person comes first
STATES = {
    "to_review": "To review",
    "retake": "Retake asked",
    "running": "Running",
    "queued": "Queued",
    "held_back": "Held back",
    "stopped": "Stopped",
    "not_finished": "Not finished",
    "approved": "Approved",
}
CHECKS = {
    "fail": "Fail",
    "unknown": "Could not judge",
    "warn": "Warn",
    "not judged": "Not checked yet",
    "pass": "Pass",
}
UNREADABLE = "unreadable"
_IDENT = re.compile(r"[0-9a-f]{32}")
_SHOT = re.compile(r"(.*\d)[_-][^_-]*\d[^_-]*")


def ident(folder: Path, uuid: str) -> str:
    """A take's id: the uuid of its claim; of one that has none, by its place."""
    if _IDENT.fullmatch(uuid):
        return uuid
    return hashlib.sha256(f"{folder.as_posix()} {uuid}".encode("utf-8", "replace")).hexdigest()[:32]


def of(take: Take, row: Row, stamp: str, site: Site) -> Entry:
    """A take's columns, with those that depend on others of its stream as if it were alone."""
    said = _job(take)
    review = review_of(row)
    state = state_of(row, review)
    qc = row["qc"] if row["qc"] in CHECKS else "unknown"
    where = places(row, said, site)
    is_read = row["state"] != UNREADABLE
    progress = _progress(take, row, said) if is_read and state in _UNDER_WAY else None
    seconds = row["seconds"] if progress is None else progress["seconds"]
    entry = {
        "id": ident(take.folder, row["uuid"]),
        "folder": take.folder.as_posix(),
        "stream": take.folder.parent.as_posix(),
        "stamp": stamp,
        **where,
        "name": row["name"],
        "number": min(take.number, MOST_NUMBER),
        "take": row["take"][:20],
        "task": row["task"] or "",
        "model": row["model"] or "",
        "artist": row["user"],
        "created": row["created"][:40],
        "state": state,
        "rank": list(STATES).index(state),
        "qc": qc,
        "severity": len(CHECKS) - list(CHECKS).index(qc),
        "review": review["state"] if review and not review.get("void") else "",
        "spent": float(seconds or 0),
        "newest": True,
        "latest": False,
        "latest_approved": False,
        "retakes": 0,
        "is_complete": row["state"] == "complete",
        "is_decided": review is not None,
    }
    card = _card(take, row, review)
    card |= {"progress": progress, "seconds": seconds, "total": _total(said)}
    card["word"] = checks(entry, card)
    entry["words"] = _words(entry, row)
    return {name: plain(value) for name, value in {**entry, "card": card}.items()}


def plain(value: Any) -> Any:
    """The same as text that a database and a page may hold: of letters that are none, their codes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def check_text(take: Take) -> None:
    """Raises TakeError: nobody could ask for it by its path."""
    path = take.folder.as_posix()
    if plain(path) != path:
        raise TakeError(
            f"Its path holds letters that are no text: {plain(path)}.",
            remedy="Rename the folder.",
        )


MOST_NUMBER = 2**31 - 1  # a database's whole numbers end there
_UNDER_WAY = ("running", "queued", "stopped", "not_finished")


def state_of(row: Row, review: dict[str, Any] | None) -> str:
    """What the wall calls it: a person's word goes before a gate's."""
    if row["state"] == "running":
        return "running"
    if row["state"] == "cancelled":
        return "stopped"
    if row["state"] != "complete":
        return "not_finished"
    if review and not review.get("void"):
        return str(review["state"])
    return "held_back" if row["qc"] == "fail" else "to_review"


def review_of(row: Row) -> dict[str, Any] | None:
    """The decision that stands, or stood: a row's own word for it."""
    found = row.get("review")
    if not isinstance(found, dict) or found.get("state") not in ("approved", "retake"):
        return None
    return found


def checks(entry: Entry, card: dict[str, Any]) -> str:
    """What the gates say, on one line."""
    word = CHECKS[entry["qc"]]
    if entry["qc"] == "pass":
        word = "Pass so far" if card["qc_so_far"] else word
        return f"{word} · {count(card['variations'], 'variation')}" if card["variations"] else word
    if entry["qc"] == "warn":
        return f"{word} · {count(card['qc_frames'] or card['qc_count'], 'frame')}"
    if entry["qc"] == "fail" and card["qc_title"]:
        where = "" if card["qc_frame"] is None else f" on {card['qc_frame']}"
        return f"{word} · {card['qc_title']}{where}"
    return word


def _card(take: Take, row: Row, review: dict[str, Any] | None) -> dict[str, Any]:
    frames, title = _judged(take) if row["qc"] in ("warn", "fail") else (0, "")
    number, stamp = (None, "") if row["state"] == UNREADABLE else _shown(take, row)
    return {
        "title": row["title"] or row["task"] or row["name"],
        "model_version": row["model_version"] or "",
        "qc_count": int(row.get("qc_count") or 0),
        "qc_frame": row.get("qc_frame"),
        "qc_so_far": bool(row.get("qc_so_far")),
        "qc_frames": frames,
        "qc_title": title,
        "reason": row.get("reason") or row.get("problem") or "",
        "variations": row["variations"],
        "first": row["first"],
        "last": row["last"],
        "count": row["count"],
        "width": row["width"],
        "height": row["height"],
        "kind": row["kind"],
        "views": row["views"],
        "resume": row["resume"],
        "plate": row["plate"],
        "root": row["root"],
        "pattern": row["pattern"],
        "picture": number,
        "picture_stamp": stamp,
        "by": review["by"] if review else "",
        "void": str(review.get("void") or "") if review else "",
    }


def _judged(take: Take) -> tuple[int, str]:
    """(frames that are over a limit, the gate of the first finding in words)."""
    try:
        found = take.read("qc")
        frames = sum(one["verdict"] != "pass" for one in found["frames"].values())
        first = next(iter(found["findings"]), None)
        title = str(found["gates"][first["gate"]]["title"]) if first else ""
    except (TakeError, KeyError, TypeError, AttributeError):  # the row's word for it stands
        return 0, ""
    return frames, title


def _shown(take: Take, row: Row) -> tuple[int | None, str]:
    """The frame that stands for a take, and what changes when its picture does.

    Of one that is at work the last that was finished; else the middle one.
    """
    labels = take.variations() or [""]
    held = [(label, take.numbers(label)) for label in labels]
    held = [(label, numbers) for label, numbers in held if numbers]
    if not held:
        return None, ""
    label, numbers = held[(len(held) - 1) // 2]
    number = _last(take, numbers) if row["state"] == "running" else None
    number = numbers[(len(numbers) - 1) // 2] if number is None else number
    try:
        facts = take.file(number, label).stat()
    except OSError:
        return None, ""
    return number, hashlib.sha256(f"{facts.st_mtime_ns} {facts.st_size}".encode()).hexdigest()[:12]


def _last(take: Take, numbers: list[int]) -> int | None:
    event = _last_event(take, "frame")
    number = event.get("frame") if event else None
    return number if number in numbers else None


def _last_event(take: Take, name: str) -> dict[str, Any] | None:
    """The latest one of a take's journals; None where there is none to be read."""
    try:
        found = [event for file in take.journals() if (event := journal.last(file, name))]
    except TakeError:
        return None
    return max(found, key=lambda event: str(event.get("time", "")), default=None)


def _progress(take: Take, row: Row, said: dict[str, Any]) -> dict[str, Any]:
    """How far it is. `left`: seconds, by its own pace in this run; None while that cannot be told."""
    total = _total(said)
    labels = take.variations() or [""]
    done = sum(len(take.numbers(label)) for label in labels)
    frame = _last(take, sorted({number for label in labels for number in take.numbers(label)}))
    started = _last_event(take, "started") or {}
    seconds = _since(str(started.get("time", ""))) if row["state"] == "running" else None
    kept = started.get("kept")
    made = done - (kept if isinstance(kept, int) else 0)
    left = None
    if seconds and made > 0 and total >= done:
        left = round(seconds / made * (total - done), 1)
    return {"done": done, "total": total, "frame": frame, "left": left, "seconds": seconds}


def _since(time: str) -> float | None:
    try:
        begun = datetime.fromisoformat(time.replace("Z", "+00:00"))
        return max(0.0, round((datetime.now(timezone.utc) - begun).total_seconds(), 1))
    except (ValueError, TypeError):
        return None


def _job(take: Take) -> dict[str, Any]:
    """The job's document as it stands; {} where there is none."""
    try:
        found = take.read("job")["resolved"]
    except (TakeError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _total(said: dict[str, Any]) -> int:
    """Work items that were asked for; 0 where the job does not say."""
    try:
        wedge = 1
        for values in (said.get("axes") or {}).values():
            wedge *= len(values)
        return len(FrameRange.parse(said["frames"])) * wedge
    except (AnswerprintError, KeyError, TypeError, AttributeError):
        return 0


def places(row: Row, said: dict[str, Any], site: Site) -> dict[str, str]:
    """Show, sequence and shot. Takes lie below show and shot; the sequence is the script's.

    Where no template of the site tells it, it is what a shot's name begins with: 010 of 010_0020.
    """
    parts = row["stream"].split("/")
    show, shot = (parts[0], parts[1]) if len(parts) == 3 else ("", parts[0])
    shot = shot if len(parts) > 1 else ""
    return {"show": show, "shot": shot, "sequence": _sequence(shot, said, site)}


def _sequence(shot: str, said: dict[str, Any], site: Site) -> str:
    try:
        script = site.spelled(str(said["job"]["script"] or ""))
        read = (template.read(one, script) for one in site.context)
        found = next((one for one in read if one and one.get("sequence")), None)
    except (JobError, KeyError, TypeError):
        found = None
    if found:
        return found["sequence"]
    match = _SHOT.fullmatch(shot)
    return match[1] if match else ""


def _words(entry: Entry, row: Row) -> str:
    """All that a search looks at, in small letters."""
    named = ("name", "show", "sequence", "shot", "take", "task", "model", "artist", "qc")
    held = [entry[name] for name in named]
    held += [entry["state"], STATES[entry["state"]], CHECKS[entry["qc"]]]
    held += [row["model_version"] or "", row["title"] or "", entry["review"]]
    return " ".join(dict.fromkeys(str(one).lower() for one in held if one))


def is_picture(entry: Entry) -> bool:
    return Take(Path(entry["folder"])).suffix == PICTURES


def unreadable(take: Take, stamp: str, error: Exception) -> Entry:
    """Of a take that nothing can be said of but where it is, and why."""
    problem = error.problem if isinstance(error, AnswerprintError) else "It cannot be read."
    row: Row = {
        "path": take.folder.as_posix(),
        "name": take.name,
        "take": take.label,
        "state": UNREADABLE,
        "qc": "unknown",
        "problem": problem,
        "stream": take.name,
        "uuid": "",
        "root": take.folder.parent.parent.as_posix(),
        "user": "unknown",
        "created": "",
        "pattern": take.pattern(),
        "kind": "image",
        "views": [],
        "variations": 0,
        "count": 0,
        "latest": False,
    }
    empty = (
        *("task", "title", "model", "model_version", "plate", "resume", "seconds", "review"),
        *("first", "last", "width", "height"),
    )
    return of(take, {**dict.fromkeys(empty), **row}, stamp, Site())
