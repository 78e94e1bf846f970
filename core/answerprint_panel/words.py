"""Words: times, counts and ranges as a person says them. No Qt, no host."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Iterable, List, Optional

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST_FRAMES_NAMED = 4


def count(number: int, noun: str, several: str = "") -> str:
    """As in 1 frame, 96 frames; `several` where it is no mere s."""
    return f"{thousands(number)} {noun if number == 1 else several or noun + 's'}"


def thousands(number: int) -> str:
    """Digits in groups from ten thousand on: years and frame numbers stay as they are."""
    return str(number) if abs(number) < 10_000 else f"{number:,}"


def sentence(text: str) -> str:
    """With a capital at the front and a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    return stopped(text[0].upper() + text[1:])


def stopped(text: str) -> str:
    """With a full stop at the end; its front stays, where that is a name."""
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def title(name: str) -> str:
    """A task's name where its contract says none: sky_matte is Sky matte."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def span(frames: str) -> str:
    """A range as text: 1001-1096 is 1001 to 1096; steps and gaps stay as they are written."""
    matched = re.match(r"(-?\d+)-(-?\d+)$", frames)
    return " to ".join(matched.groups()) if matched else frames.replace(",", ", ")


def frames(numbers: Iterable[int]) -> str:
    """Some frames by number: frame 1029; frames 1029, 1031 and 3 more."""
    named = sorted(set(numbers))
    if not named:
        return "no frame"
    if len(named) == 1:
        return f"frame {named[0]}"
    most = MOST_FRAMES_NAMED
    first = named if len(named) <= most else named[: most - 1]
    listed = ", ".join(str(number) for number in first[:-1])
    if len(first) < len(named):
        return f"frames {listed}, {first[-1]} and {len(named) - len(first)} more"
    return f"frames {listed} and {first[-1]}"


def duration(seconds: float) -> str:
    """As a person says it; never more exact than it can be."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return count(round(hours / 24), "day")


def left(seconds: float) -> str:
    return f"{duration(max(1.0, seconds))} left"


def rate(seconds: float) -> str:
    """Seconds for a frame: 0.44 s a frame."""
    if seconds < 0.095:
        return f"{max(1.0, 1000 * seconds):.0f} ms a frame"
    if seconds < 9.95:
        return f"{seconds:.2f} s a frame" if seconds < 1 else f"{seconds:.1f} s a frame"
    return f"{duration(seconds)} a frame"


def moment(text: Optional[str]) -> Optional[datetime]:
    """A time as documents have it, in the machine's own zone; None: there is none, or no time.

    Python 3.7 cannot read a Z, nor one digit of a second.
    """
    matched = MOMENT.match(text) if isinstance(text, str) else None
    if matched is None:
        return None
    year, month, day, hour, minute = (int(part) for part in matched.groups()[:5])
    try:
        said = datetime(year, month, day, hour, minute, int(matched.group(6) or 0))  # noqa: DTZ001 - its zone is laid on below
        return said.replace(tzinfo=_zone(matched.group(7))).astimezone()
    except (OverflowError, ValueError, OSError):  # the 30th of February, the year 0
        return None


def _zone(text: Optional[str]) -> timezone:
    if text in (None, "Z"):
        return timezone.utc
    sign, digits = text[0], text[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(ahead if sign == "+" else -ahead)


def clock(text: Optional[str]) -> str:
    """Hours and minutes here: 15:28; empty where no time is said."""
    said = moment(text)
    return "" if said is None else f"{said:%H:%M}"


def when(text: Optional[str], now: Optional[datetime] = None) -> str:
    """How a take's time is said: 14:32, yesterday, Monday, 3 Nov, 3 Nov 2024."""
    said = moment(text)
    if said is None:
        return ""
    today = (now or datetime.now(timezone.utc)).astimezone().date()
    days = (today - said.date()).days
    if days == 0:
        return f"{said:%H:%M}"
    if days == 1:
        return "yesterday"
    if 1 < days < 7:
        return DAYS[said.weekday()]
    date = f"{said.day} {MONTHS[said.month - 1]}"
    return date if said.year == today.year else f"{date} {said.year}"


def exactly(text: Optional[str]) -> str:
    """A time in full, for tooltips and provenance: 28 Nov 2026, 14:32."""
    said = moment(text)
    if said is None:
        return ""
    return f"{said.day} {MONTHS[said.month - 1]} {said.year}, {said:%H:%M}"


def timed(text: str) -> str:
    """A sentence of the engine's with the times in it as a person says them, of this zone."""
    return re.sub(
        r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?",
        lambda found: exactly(found.group().rstrip(".")) or found.group(),
        text,
    )


def since(text: Optional[str], now: Optional[datetime] = None) -> str:
    """How long ago, as in: since 15:28 (4 min)."""
    said = moment(text)
    if said is None:
        return ""
    seconds = ((now or datetime.now(timezone.utc)) - said).total_seconds()
    return f"since {said:%H:%M} ({duration(seconds)})"


def me() -> str:
    """The user's name as the engine writes it into takes; empty where the system has none."""
    import getpass  # noqa: PLC0415 - slow to import: it brings the terminal along

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""


def who(user: str, myself: str) -> str:
    return "You" if user and user == myself else user or "Unknown"


def joined(parts: Iterable[str], by: str = ", ") -> str:
    """What there is to say, one after the other; empty parts are none."""
    said: List[str] = [part for part in parts if part]
    return by.join(said)


def stem(path: str) -> str:
    """A file's name without folders, frame and ending: /p/sh0120_fg_v014.####.exr is sh0120_fg_v014."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"([._]?(#+|@+|%0?\d*d|\$F\d?|\d+))?\.\w+$", "", name) or name


def own_name(node: str) -> str:
    """A node's name without the groups or networks around it: Grade1 of Group1.Grade1, OUT of /obj/geo1/OUT."""
    return re.split(r"[./]", node)[-1]
