"""What a binary USD file claims to hold, looked at before pxr makes room for it."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = struct.Struct("<8s8sq")  # PXR-USDC, version, where the table of contents stands
_SECTION = struct.Struct("<16sqq")  # name, first byte, bytes
_MOST = 64  # sections; there are six
# Whole numbers are packed in two bits each at the least, and then by LZ4 to a 255th at the least.
_EACH = 4 * 255
_TOKENS = 256  # bytes of names out of one, by LZ4 alone


def unbelievable(path: Path) -> str:
    """In words, what cannot be true of a file's sections; '' where all may be, or it is text.

    pxr takes a section's word for how much it holds: of a damaged one that is gigabytes and minutes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size or not head.startswith(b"PXR-USDC"):
            return ""
        start = _HEAD.unpack(head)[2]
        if not 0 <= start <= size - 8:
            return "its table of contents lies outside"
        file.seek(start)
        count = struct.unpack("<Q", file.read(8))[0]
        if count > _MOST or start + 8 + count * _SECTION.size > size:
            return f"it claims {count} sections"
        for section in [_SECTION.unpack(file.read(_SECTION.size)) for _ in range(count)]:
            name = section[0].rstrip(b"\0").decode("ascii", "replace")
            first, length = section[1:]
            if first < 0 or length < 8 or first + length > size:
                return f"section {name} lies outside"
            file.seek(first)
            claims = struct.unpack_from("<QQ", file.read(16).ljust(16, b"\0"))
            if claims[0] > _EACH * length or (name == "TOKENS" and claims[1] > _TOKENS * length):
                return f"section {name} claims {max(claims)} values in {length} bytes"
    return ""
