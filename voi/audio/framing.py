"""Cuts a stream of PCM, in chunks of any length, into windows of one exact length."""

from voi.audio.pcm import SAMPLE_BYTES


class Framer:
    """Every byte comes out once, in order, in a full window; less than one window waits inside."""

    __slots__ = ("_waiting", "window_bytes")

    def __init__(self, window_samples: int) -> None:
        if window_samples < 1:
            raise ValueError("A window has at least one sample.")
        self.window_bytes = window_samples * SAMPLE_BYTES
        self._waiting = b""

    def push(self, pcm: bytes) -> list[bytes]:
        """Take PCM of any length; returns the windows that are full now."""
        if self._waiting:
            pcm = self._waiting + pcm
        size, length = self.window_bytes, len(pcm)
        if length < 2 * size:  # a frame of 20 ms completes at most one window of 32 ms
            if length < size:
                self._waiting = pcm
                return []
            self._waiting = pcm[size:]
            return [pcm[:size]]
        whole_bytes = length - length % size
        self._waiting = pcm[whole_bytes:]
        return [pcm[start : start + size] for start in range(0, whole_bytes, size)]

    def flush(self) -> bytes:
        """The rest, filled with silence to one window; b"" when there is none."""
        rest, self._waiting = self._waiting, b""
        return rest + bytes(self.window_bytes - len(rest)) if rest else b""
