"""The allocator: what a frame frees is kept for the next one.

Frames are large, all of one size, and come and go all the time. As it comes, glibc gives such blocks
back to the system and asks for them again: each page is then cleared anew, which took a third of the
client's CPU for uncompressed frames; and it keeps a heap for each thread, in which blocks that are
free in one are missing in another, so that memory grows with the length of a job.
"""

from __future__ import annotations

import ctypes

# Source: malloc.h of the GNU C library, which mallopt(3) describes
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_NEVER = 2**31 - 1


def keep_for_the_next_frame() -> bool:
    """One heap for the whole process, which is not given back; False where there is no glibc.

    For good, and for all of the process: it is meant for one that carries out jobs. The earlier the
    better: a thread that has a heap of its own by then keeps it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, macOS, Windows
        return False
    wanted = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _NEVER), (_TRIM_THRESHOLD, _NEVER))
    return all(mallopt(ctypes.c_int(key), ctypes.c_int(value)) == 1 for key, value in wanted)
