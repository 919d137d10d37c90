"""What is said to clients of other makers, and what is heard of them."""

import wave
from pathlib import Path

from tests.fakes.engines import silence
from voi.audio.resample import resample
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine

AUDIO = Path(__file__).parent.parent / "data" / "audio"


def recorded(file: str) -> bytes:
    """A recording as PCM at 16 kHz."""
    with wave.open(str(AUDIO / file)) as recording:
        return recording.readframes(recording.getnframes())


async def words_in(pcm: bytes) -> str:
    """What is said in PCM at 24 kHz."""
    ears = Moonshine()
    await ears.warm_up()
    stream = ears.open(SttOptions(), None)
    stream.feed(resample(pcm, 24_000, 16_000) + silence(300))
    text = (await stream.flush()).text
    await ears.close()
    return text
