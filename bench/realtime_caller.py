"""A caller who speaks OpenAI's Realtime protocol: 24 kHz PCM in base64 in JSON, both ways. The server's VAD takes the
turns, with the same silence as every system."""

import base64
import json

import numpy as np
from numpy.typing import NDArray

from callers import ASSETS, Caller, Sound, noises
from common import config as C
from common import ws
from common.fakes import tag_of

IN_RATE_HZ = 24_000
"""What the protocol's PCM is in."""
FRAME_BYTES = IN_RATE_HZ * C.FRAME_MS // 1000 * 2


def at_24_khz(pcm: bytes) -> bytes:
    """The whole sound at 24 kHz, through its spectrum: no filter delays the end of the utterance."""
    sound: NDArray[np.float64] = np.frombuffer(pcm, np.int16).astype(np.float64)
    length = len(sound) * IN_RATE_HZ // C.IN_RATE_HZ
    wide = np.fft.irfft(np.fft.rfft(sound), length) * (length / len(sound))
    return np.clip(np.rint(wide), -32_767, 32_767).astype("<i2").tobytes()


def appended(pcm: bytes) -> bytes:
    """The client's frame with that sound."""
    audio = base64.b64encode(pcm).decode()
    event = {"type": "input_audio_buffer.append", "audio": audio}
    return ws.client_frame(json.dumps(event, separators=(",", ":")).encode(), ws.TEXT)


class RealtimeCaller(Caller):
    """The tag in the transcript tells under which key the server traces the turn."""

    @classmethod
    def sound(cls) -> Sound:
        pcm = at_24_khz((ASSETS / "utterance.s16").read_bytes())
        frames = [pcm[i : i + FRAME_BYTES] for i in range(0, len(pcm), FRAME_BYTES)]
        return Sound(*([appended(frame) for frame in part] for part in (frames, noises(FRAME_BYTES // 2))))

    @property
    def path(self) -> str:  # type: ignore[override]
        return f"/v1/realtime?model={self.plan.agent}"

    @property
    def headers(self) -> str:  # type: ignore[override]
        return f"Authorization: Bearer {self.plan.token}\r\n"

    def on_text(self, payload: bytes) -> None:
        event = json.loads(payload)
        match event["type"]:
            case "response.output_audio.delta":
                delta = event["delta"]
                self.hear(len(delta) * 3 // 4 - delta.count("=", -2))
            case "session.created":
                turns = {"type": "server_vad", "silence_duration_ms": C.VAD_STOP_MS}
                heard = {"turn_detection": turns, "transcription": {"model": "bench"}}
                session = {"type": "realtime", "audio": {"input": heard}}
                update = json.dumps({"type": "session.update", "session": session})
                self.transport.write(ws.client_frame(update.encode(), ws.TEXT))
            case "session.updated":
                self.begin()
            case "conversation.item.input_audio_transcription.completed" if self.current is not None:
                self.current.key = tag_of(event["transcript"]).split("/")[0]
            case "error":
                self.plan.errors.append(event["error"]["message"])
