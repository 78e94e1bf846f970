"""Alive: whether a process is still the one it was, whatever the clock did since."""

from __future__ import annotations

import time

import psutil


def born(pid: int) -> float:
    """When a process began, in seconds since the system started: no clock that is set moves it.

    Raises:
        psutil.Error: there is no such process.
    """
    return float(psutil.Process(pid).create_time() - psutil.boot_time())


def age(pid: int) -> float:
    """How long a process has been there, in seconds. Raises psutil.Error: it is not."""
    return time.time() - psutil.boot_time() - born(pid)


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; one not yet reaped has."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def is_same(pid: int, began: float) -> bool:
    """Whether the process still runs, and is not another that was given its number."""
    try:
        return is_running(pid) and abs(born(pid) - began) < 1.0
    except psutil.Error:
        return False
