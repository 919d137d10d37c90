"""Opus packets (RFC 6716) without a container, by libopus: encoded with in-band FEC, decoded with concealment of what
was lost. FFmpeg's own interface to libopus offers neither.

The library is the one in PyAV's wheel, or the system's. Nothing of it is in Voi (BSD-3-Clause).
"""

import ctypes
import importlib.util
from ctypes.util import find_library
from functools import cache
from pathlib import Path

from voi.audio.pcm import SAMPLE_BYTES
from voi.errors import ConfigError

RTP_CLOCK_HZ = 48_000
"""Timestamps of Opus count at this rate, whatever the sound's own (RFC 7587, 4.1)."""
PACKET_MAX_BYTES = 1_275
SOUND_MAX_MS = 120
_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS, _SET_DTX = 4002, 4010, 4012, 4014, 4016
_MISSING = "WebRTC needs the library libopus, which was not found. Run: ./install.sh webrtc"


@cache
def load_libopus() -> ctypes.CDLL:
    """Raises ConfigError when it is not installed."""
    for path in _places():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        _declare(library)
        return library
    raise ConfigError(_MISSING)


def _places() -> list[str]:
    found = importlib.util.find_spec("av")
    beside = Path(found.origin).parent.parent / "av.libs" if found and found.origin else None
    bundled = sorted(str(path) for path in beside.glob("libopus-*.so*")) if beside and beside.is_dir() else []
    system = find_library("opus")
    return [*bundled, *([system] if system else []), "libopus.so.0"]


def _declare(library: ctypes.CDLL) -> None:
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for name, result, arguments in (
        ("opus_encoder_create", pointer, (ctypes.c_int32, number, number, ctypes.POINTER(number))),
        ("opus_encoder_destroy", None, (pointer,)),
        ("opus_encode", ctypes.c_int32, (pointer, text, number, pointer, ctypes.c_int32)),
        ("opus_decoder_create", pointer, (ctypes.c_int32, number, ctypes.POINTER(number))),
        ("opus_decoder_destroy", None, (pointer,)),
        ("opus_decode", number, (pointer, text, ctypes.c_int32, pointer, number, number)),
        ("opus_packet_get_nb_samples", number, (text, ctypes.c_int32, ctypes.c_int32)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def opus_samples(packet: bytes) -> int:
    """Length of a packet's sound, at 48 kHz; 0 if it is not an Opus packet."""
    if not packet:
        return 0
    samples: int = load_libopus().opus_packet_get_nb_samples(packet, len(packet), RTP_CLOCK_HZ)
    return max(0, samples)


class OpusEncoder:
    """Encodes speech, mono, in frames of 20 ms. Each packet also holds a coarse copy of the frame before, as far as the
    expected loss makes that worth its bits. Raises ConfigError without libopus."""

    def __init__(self, rate_hz: int, bit_rate: int, *, loss_percent: int = 5, complexity: int = 5) -> None:
        self._library = library = load_libopus()
        error = ctypes.c_int()
        self._state = library.opus_encoder_create(rate_hz, 1, _VOIP, ctypes.byref(error))
        if error.value or not self._state:
            raise ConfigError(f"libopus cannot encode at {rate_hz} Hz: error {error.value}.")
        self._frame_samples = rate_hz // 50
        self._packet = ctypes.create_string_buffer(PACKET_MAX_BYTES)
        for request, value in ((_SET_BITRATE, bit_rate), (_SET_COMPLEXITY, complexity), (_SET_FEC, 1), (_SET_DTX, 1)):
            self._set(request, value)
        self.expect_loss(loss_percent)

    @property
    def frame_bytes(self) -> int:
        """Length of a frame as PCM."""
        return self._frame_samples * SAMPLE_BYTES

    def expect_loss(self, percent: int) -> None:
        """How much of what is sent is lost on its way."""
        self._set(_SET_LOSS, min(100, max(0, percent)))

    def encode(self, pcm: bytes) -> bytes:
        """One frame of s16le mono as a packet. In silence most packets have at most 2 bytes and need not be sent."""
        assert len(pcm) == self.frame_bytes
        size = self._library.opus_encode(self._state, pcm, self._frame_samples, self._packet, PACKET_MAX_BYTES)
        return self._packet.raw[:size] if size > 0 else b""

    def _set(self, request: int, value: int) -> None:
        self._library.opus_encoder_ctl(ctypes.c_void_p(self._state), ctypes.c_int(request), ctypes.c_int32(value))

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_encoder_destroy(self._state)


class OpusDecoder:
    """Decodes to s16le mono at `rate_hz` (8, 12, 16, 24 or 48 kHz). Raises ConfigError without libopus."""

    def __init__(self, rate_hz: int) -> None:
        self._library = library = load_libopus()
        error = ctypes.c_int()
        self._state = library.opus_decoder_create(rate_hz, 1, ctypes.byref(error))
        if error.value or not self._state:
            raise ConfigError(f"libopus cannot decode to {rate_hz} Hz: error {error.value}.")
        self._rate_hz = rate_hz
        self._most_samples = rate_hz * SOUND_MAX_MS // 1_000
        self._step_samples = rate_hz // 400
        """What is made up is a multiple of 2.5 ms."""
        self._pcm = ctypes.create_string_buffer(self._most_samples * SAMPLE_BYTES)

    def decode(self, packet: bytes) -> bytes:
        """The packet's sound; b"" if it is not an Opus packet."""
        return self._decoded(packet, self._most_samples, recover=False)

    def recover(self, packet: bytes, samples: int) -> bytes:
        """The sound before the packet, from the copy in it, or made up if it has none. `samples`: its length, at
        `rate_hz`."""
        return self._made_up(packet, samples)

    def conceal(self, samples: int) -> bytes:
        """Sound in place of what was lost. `samples`: its length, at `rate_hz`."""
        return self._made_up(None, samples)

    def _made_up(self, packet: bytes | None, samples: int) -> bytes:
        whole = -(-samples // self._step_samples) * self._step_samples
        pcm = self._decoded(packet, whole, recover=packet is not None)
        return pcm[: samples * SAMPLE_BYTES].ljust(samples * SAMPLE_BYTES, b"\0")

    def _decoded(self, packet: bytes | None, samples: int, *, recover: bool) -> bytes:
        size = len(packet) if packet else 0
        got = self._library.opus_decode(self._state, packet, size, self._pcm, min(samples, self._most_samples), recover)
        return self._pcm.raw[: got * SAMPLE_BYTES] if got > 0 else b""

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.opus_decoder_destroy(self._state)
