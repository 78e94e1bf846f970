"""Holders: who holds a lease, and whether it still lives.

Here a process is looked at itself; elsewhere, whether the heartbeat in its lease moves. Neither
asks a clock that somebody may set, nor the times of files, which lie between machines.
"""

from __future__ import annotations

import functools
import hashlib
import re
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil

from answerprint import documents
from answerprint.errors import TakeError

BEAT_SECONDS = 2.0
MISSED_BEATS = 4
LOOKS_A_BEAT = 4

# What a holder is about: it wants the frames, it writes them, it has written them all
CLAIMING, WRITING, DONE = "claiming", "writing", "done"

_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_PROC = Path("/proc")
_NETWORK = Path("/sys/class/net")
_MACHINE_ID = Path("/etc/machine-id")
_TICK = 19  # of the fields of /proc/PID/stat from the third on: when it started, since boot
_ENDED = "ZX"


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as its file says.

    started   seconds since 1970; moves with the clock, so it counts only where `born` is missing
    born      boot, process namespace and tick of the process' start; '' where there is no /proc
    frames    and variations of the take that it holds, as `Part` spells them; '' means all
    hardware  tells a machine from others of its name, also after a start; '' where nothing does
    """

    uuid: str
    machine: str
    pid: int
    started: float
    beat: int
    born: str = ""
    frames: str = ""
    state: str = WRITING
    hardware: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether it is known to hold its frames, not only to want them."""
        return bool(self.uuid) and self.state != CLAIMING

    @property
    def said(self) -> str:
        return f"process {self.pid} on {self.machine}" if self.uuid else "another process"


# A file that is empty, cut off or foreign: nobody on this machine, to be watched like the others
UNKNOWN = Holder("", "", 0, 0.0, -1)


def myself(frames: str = "", state: str = WRITING) -> Holder:
    """A holder for the process that asks, under a mark that nobody else has."""
    me = psutil.Process()
    fields = _stat(me.pid)
    born = " ".join([*_where(), fields[_TICK]]) if fields else ""
    machine = socket.gethostname()
    started, hardware = me.create_time(), _hardware()
    return Holder(uuid4().hex, machine, me.pid, started, 0, born, frames, state, hardware)


def read(path: Path) -> Holder | None:
    """Who holds a lease; UNKNOWN where its file does not say, None where there is none."""
    try:
        found = documents.read(path)
        if not _UUID.fullmatch(str(found["uuid"])):  # it becomes part of a file's name
            return UNKNOWN
        return Holder(
            uuid=str(found["uuid"]),
            machine=str(found["machine"]),
            pid=int(found["pid"]),
            started=float(found["started"]),
            beat=int(found["beat"]),
            born=str(found.get("born", "")),
            frames=str(found.get("frames", "")),
            state=str(found.get("state", WRITING)),
            hardware=str(found.get("hardware", "")),
        )
    except (TakeError, KeyError, TypeError, ValueError, OverflowError):
        return UNKNOWN if path.exists() else None


def is_of(file: Path, whom: Holder) -> bool:
    """Whether a file is the one that this holder wrote last."""
    holder = read(file)
    return holder is not None and (holder.uuid, holder.beat) == (whom.uuid, whom.beat)


def is_dead(holder: Holder) -> bool:
    """True only when the holder ran on this machine and is gone.

    Machines may have equal names, as copies of one image do: where the boot is another one, it must
    be the same hardware that was started again. What is not known so is for `watch` to tell.
    """
    if holder.machine != socket.gethostname():
        return False
    mine, its = _where(), holder.born.split()
    if not mine or len(its) != len(mine) + 1:
        return _is_gone_by_time(holder)
    if its[0] != mine[0]:
        return bool(holder.hardware) and holder.hardware == _hardware()
    if its[1] != mine[1]:  # in another container; its number says nothing here
        return False
    fields = _stat(holder.pid)
    if not fields:  # gone, or hidden: a system may not show the processes of others
        return not psutil.pid_exists(holder.pid)
    # a zombie has ended; another tick means that its number was given to another process
    return fields[0] in _ENDED or fields[_TICK] != its[2]


def watch(leases: Mapping[Path, Holder]) -> set[Path]:
    """Of these leases, those whose holder is dead or stuck; it takes 8 s, or less if all move.

    Looks are counted, not seconds: a machine that sleeps in between proves nothing.
    """
    stale = {path for path, holder in leases.items() if is_dead(holder)}
    still = {path: holder for path, holder in leases.items() if path not in stale}
    for _ in range(MISSED_BEATS * LOOKS_A_BEAT):
        if not still:
            break
        time.sleep(BEAT_SECONDS / LOOKS_A_BEAT)
        still = {path: holder for path, holder in still.items() if is_of(path, holder)}
        stale |= {path for path, holder in still.items() if is_dead(holder)}
        still = {path: holder for path, holder in still.items() if path not in stale}
    return stale | still.keys()


def _where() -> tuple[str, ...]:
    """The boot of this machine, and the namespace of its process numbers."""
    if sys.platform != "linux":
        return ()
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return boot, str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ()


@functools.cache
def _hardware() -> str:
    """One digest of the machine's id and of its network cards; '' where one of them is missing.

    Copies of an image may share the id, and never a card on one network. A container has no card.
    """
    try:
        number = _MACHINE_ID.read_text(encoding="ascii").strip()
        cards = [one / "address" for one in _NETWORK.iterdir() if (one / "device").exists()]
        addresses = sorted(card.read_text(encoding="ascii").strip() for card in cards)
    except (OSError, UnicodeDecodeError):
        return ""
    if not number or not addresses:
        return ""
    # the id itself is nobody else's business
    said = " ".join(["answerprint", number, *addresses])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second may hold spaces."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _is_gone_by_time(holder: Holder) -> bool:
    try:
        process = psutil.Process(holder.pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        # a number may have been given to another process since
        return bool(ended or abs(process.create_time() - holder.started) > 1.0)
    except (psutil.Error, ValueError):
        return True
