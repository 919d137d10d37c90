import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.audio.framing import Framer


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_every_byte_comes_out_once_in_full_windows(chunks: list[bytes], window_samples: int) -> None:
    framer = Framer(window_samples)
    windows = [window for chunk in chunks for window in framer.push(chunk)]
    data = b"".join(chunks)
    assert all(len(window) == 2 * window_samples for window in windows)
    rest = len(data) % (2 * window_samples)
    assert b"".join(windows) == data[: len(data) - rest]
    last = framer.flush()
    assert last == (data[len(data) - rest :].ljust(2 * window_samples, b"\0") if rest else b"")
    assert framer.flush() == b""


def test_a_window_has_samples() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Framer(0)
