"""Whether an MP4 can be decoded while it arrives. Source of the layout: ISO/IEC 14496-12, section 4.2 (boxes)."""

from typing import Literal

FileLayout = Literal["unknown", "stream", "whole"]

BOXES_MAX = 100
"""Before the index; a real file has a handful."""


def layout(data: bytes | bytearray) -> FileLayout:
    """The layout, from the beginning of an MP4. "stream": its index (moov) comes before its sound (mdat), as in
    fragmented and fast-start files. "whole": the index comes after the sound, and both are there. "unknown": more bytes
    are needed. Junk is a "stream" too: the decoder will say what is wrong."""
    at, sound_seen = 0, False
    for _ in range(BOXES_MAX):
        if at + 8 > len(data):
            return "unknown"
        kind = bytes(data[at + 4 : at + 8])
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:  # a 64-bit size follows
            if at + 16 > len(data):
                return "unknown"
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size < head or (kind == b"moov" and not sound_seen):  # size 0: to the end of the file, no index follows
            return "stream"
        at += size
        if kind == b"moov":
            return "whole" if at <= len(data) else "unknown"
        sound_seen = sound_seen or kind == b"mdat"
    return "stream"
