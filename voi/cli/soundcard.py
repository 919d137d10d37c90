"""This machine's microphone and speaker, through PortAudio (the extra `sound`)."""

import asyncio
import threading
from types import ModuleType
from typing import Any, Self

from voi.audio.pcm import ms_to_bytes, ms_to_samples
from voi.client import INPUT_RATE_HZ, OUTPUT_RATE_HZ, PlayQueue
from voi.errors import ConfigError

FRAME_MS = 20
WAITING_FRAMES_MAX = 100
"""Most microphone frames that wait for the network; older ones are dropped, since late sound is useless."""
SPEAKER_LIMIT_BYTES = ms_to_bytes(600_000, OUTPUT_RATE_HZ)


INSTEAD_OF_MICROPHONE = "Or speak from a file: voi talk --in speech.wav --out reply.wav"


def load_sounddevice(what: str = "microphone", instead: str = INSTEAD_OF_MICROPHONE) -> ModuleType:
    """The module `sounddevice`. `what` needs it, and `instead` is the alternative: for the ConfigError if it is
    missing."""
    try:
        import sounddevice
    except ImportError as error:
        raise ConfigError(
            f"The {what} needs python-sounddevice, which is not installed. Run: ./install.sh sound. {instead}"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The {what} needs the PortAudio library, which is not installed (Debian: apt install libportaudio2). "
            f"{instead}"
        ) from error
    module: ModuleType = sounddevice
    return module


class SoundCard:
    """Used as `with SoundCard() as card`, on the event loop. Raises ConfigError when there is no such device."""

    def __init__(self) -> None:
        self._sounddevice: Any = load_sounddevice()
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(WAITING_FRAMES_MAX)
        self._playing = PlayQueue(SPEAKER_LIMIT_BYTES)
        self._lock = threading.Lock()  # guards _playing, which PortAudio's thread takes from

    def __enter__(self) -> Self:
        sd = self._sounddevice
        samples = ms_to_samples(FRAME_MS, INPUT_RATE_HZ)
        try:
            self._microphone = sd.RawInputStream(
                samplerate=INPUT_RATE_HZ, blocksize=samples, channels=1, dtype="int16", callback=self._recorded
            )
            self._speaker = sd.RawOutputStream(
                samplerate=OUTPUT_RATE_HZ, channels=1, dtype="int16", callback=self._wanted
            )
            self._microphone.start()
            self._speaker.start()
        except sd.PortAudioError as error:
            raise ConfigError(f"The sound card cannot be used: {error}.") from error
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._microphone, self._speaker):
            stream.close()

    async def frame(self) -> bytes:
        """The next 20 ms from the microphone: s16le, mono, 16 kHz."""
        return await self._frames.get()

    def play(self, pcm: bytes) -> None:
        with self._lock:
            self._playing.put(pcm)

    def lower(self, gain_db: float) -> None:
        """Play what is not played yet no louder than this: the person may be interrupting."""
        with self._lock:
            self._playing.lower(gain_db)

    def clear(self) -> None:
        """Stop playing at once."""
        with self._lock:
            self._playing.clear()

    # ---- in PortAudio's thread ------------------------------------------------------------------

    def _recorded(self, data: Any, _frames: int, _time: Any, _status: Any) -> None:
        self._loop.call_soon_threadsafe(self._keep, bytes(data))

    def _wanted(self, data: Any, _frames: int, _time: Any, _status: Any) -> None:
        with self._lock:
            pcm = self._playing.take(len(data))
        data[:] = pcm + bytes(len(data) - len(pcm))

    def _keep(self, frame: bytes) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)
