import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.audio.mp4 import BOXES_MAX, FileLayout, layout


def box(kind: bytes, size: int = 8) -> bytes:
    return size.to_bytes(4, "big") + kind + bytes(size - 8)


def long_box(kind: bytes, size: int = 16) -> bytes:
    return b"\0\0\0\1" + kind + size.to_bytes(8, "big") + bytes(size - 16)


FTYP, MOOV, MDAT = box(b"ftyp", 24), box(b"moov", 100), box(b"mdat", 500)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (FTYP + box(b"free") + MOOV[:8], "stream"),
        (FTYP + MDAT + MOOV, "whole"),
        (FTYP + long_box(b"mdat", 500) + MOOV, "whole"),
        (FTYP + MDAT + MOOV[:-1], "unknown"),
        (FTYP + MDAT[:9], "unknown"),
        (FTYP + long_box(b"mdat", 500)[:12], "unknown"),
        (FTYP + b"\0\0\0\0mdat", "stream"),
        (FTYP + b"\0\0\0\3mdat", "stream"),
        (box(b"free") * BOXES_MAX + FTYP + MOOV, "stream"),
        (b"", "unknown"),
    ],
)
def test_layout(data: bytes, wanted: FileLayout) -> None:
    assert layout(data) == wanted


@given(st.binary(max_size=300))
def test_junk_ends(data: bytes) -> None:
    assert layout(data) in ("unknown", "stream", "whole")
