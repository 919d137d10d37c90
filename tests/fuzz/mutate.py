"""Mutations of bytes, the same for the same seed."""

import random

_TOKENS = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"\\u0000", b"\\ud800",
    b"null", b"true", b"NaN", b"1e999", b"-0", b"\xff", b"\xed\xa0\x80", b"\0",
    b"\n\n", b"data:", b"<think>", b"*", b"```", b"\xe2\x80\x8b", b"\xf0\x9f\x98\x80", b"9" * 40,
)  # fmt: skip


def mutated(seed: bytes, random_: random.Random) -> bytes:
    """One to four changes: bits, bytes, pieces cut, doubled, moved, and what parsers stumble over."""
    data = bytearray(seed)
    for _ in range(random_.randint(1, 4)):
        at = random_.randint(0, len(data))
        match random_.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << random_.randrange(8)
            case 1 if data:
                data[at % len(data)] = random_.randrange(256)
            case 2:
                del data[at : at + random_.randint(1, 16)]
            case 3:
                data[at:at] = random_.choice(_TOKENS)
            case 4:
                data[at:at] = data[at : at + random_.randint(1, 64)]
            case 5:
                piece = data[at : at + random_.randint(1, 32)]
                del data[at : at + len(piece)]
                to = random_.randint(0, len(data))
                data[to:to] = piece
            case _:
                data[at:at] = random_.randbytes(random_.randint(1, 8))
    return bytes(data)
