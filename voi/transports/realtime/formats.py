"""The sound formats of the Realtime protocol, to and from PCM at 24 kHz."""

from typing import Literal

from voi.audio import g711
from voi.audio.base64_text import from_base64, to_base64
from voi.audio.g711 import Law
from voi.audio.resample import Resampler
from voi.transports.realtime.wire import EventError

RATE_HZ = 24_000
FormatName = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
FORMATS: tuple[FormatName, ...] = ("audio/pcm", "audio/pcmu", "audio/pcma")
_LAWS: dict[str, Law] = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}

_APPEND_HEADS = tuple(
    (head, len(head))
    for head in ('{"type":"input_audio_buffer.append","audio":"', '{"type": "input_audio_buffer.append", "audio": "')
)
"""As JavaScript and as Python write it, with its length. What follows is the string's value if it is base64, of which
no character has to be escaped."""
_APPEND_TAIL = '"}'


def sound_in(audio: str) -> bytes:
    """The bytes of a base64 text. Raises EventError."""
    try:
        return from_base64(audio)
    except ValueError:
        raise EventError("Invalid 'audio'. Expected base64-encoded audio bytes.", "invalid_value", "audio") from None


def plain_sound_in(message: bytes | str, longest: int) -> bytes | None:
    """The sound of an `input_audio_buffer.append` with nothing else in it, written as programs write it, with at most
    that many characters of base64. None: parse the message. Parsing takes as long as decoding does, fifty times a
    second for each caller."""
    if not isinstance(message, str) or not message.endswith(_APPEND_TAIL):
        return None
    for head, size in _APPEND_HEADS:
        if message.startswith(head):
            if not 0 <= len(message) - size - len(_APPEND_TAIL) <= longest:
                return None
            try:
                return from_base64(message[size : -len(_APPEND_TAIL)])
            except ValueError:
                return None
    return None


class FormatDecoder:
    """Turns the client's sound into PCM at 24 kHz."""

    def __init__(self, name: FormatName) -> None:
        self.name = name
        self._law = _LAWS.get(name)
        self._resampler = Resampler(g711.RATE_HZ, RATE_HZ) if self._law else None

    def decode(self, sound: bytes) -> bytes:
        """PCM, s16le mono at 24 kHz."""
        if self._law is None or self._resampler is None:
            return sound
        return self._resampler.push(g711.decode(sound, self._law))


class FormatEncoder:
    """Turns the agent's PCM at 24 kHz into the client's format, in base64. `flush` ends a sound."""

    def __init__(self, name: FormatName) -> None:
        self._law = _LAWS.get(name)
        self._resampler = Resampler(RATE_HZ, g711.RATE_HZ) if self._law else None
        self._odd = b""

    def encode(self, pcm: bytes) -> str:
        """The sound in base64; "" if there is none yet."""
        if self._law is not None and self._resampler is not None:
            return self._coded(self._resampler.push(pcm))
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        return to_base64(pcm[:whole])

    def flush(self) -> str:
        """The rest, in base64; "": there is none."""
        self._odd = b""
        return self._coded(self._resampler.flush()) if self._resampler is not None else ""

    def _coded(self, pcm: bytes) -> str:
        assert self._law is not None
        return to_base64(g711.encode(pcm, self._law)) if pcm else ""
