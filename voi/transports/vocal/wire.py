"""The protocol of vocal-fun-ai-node's WebSocket: what its clients say, and all that the server sends.

- The first frame is the configuration, JSON as text. The answer is `call_ready`. Then sound comes as binary frames,
  s16le mono at 16 kHz, of any length, and typed turns as text.
- All frames of the server are JSON texts with the `session_id` of the path. Sound is float32 LE mono at 24 kHz in
  base64, which the clients assume whatever `format` says.
- Clients queue the sound that they get and play it piece by piece. Only `new_conversation_turn` makes them drop it, and
  the node's own test page ignores even that.
"""

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from pydantic import TypeAdapter, ValidationError

from voi.config.parts import LanguageCode
from voi.errors import ClientError

INPUT_RATE_HZ = 16_000
OUTPUT_RATE_HZ = 24_000
MESSAGE_MAX_BYTES = 64 * 1024
"""Longest text frame of a client."""
NAME_MAX = 200
PROMPT_MAX = 20_000
TEXT_MAX = 20_000
SPEED_LEAST, SPEED_MOST = 0.25, 4.0
SILENCE_LEAST_MS, SILENCE_MOST_MS = 100, 10_000
_LANGUAGE: TypeAdapter[str] = TypeAdapter(LanguageCode)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class VocalConfig:
    """What a client wants of its conversation. `silence_ms` None: the agent's own wait for the end of a turn."""

    names: tuple[str, ...]
    """Of the agent: configId, agentId, agentName."""
    prompt: str = ""
    language: str | None = None
    speed: float = 1.0
    interruptions: bool = False
    silence_ms: int | None = None
    has_sample: bool = False
    """It names a sample of a voice to be cloned."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A turn that was typed, or transcribed by the client: it wants an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that changes nothing: a mark of the client's own detector, or of a kind that is not known."""


def read_config(message: bytes | str) -> VocalConfig:
    """The first frame. Raises ClientError."""
    if isinstance(message, bytes):
        raise ClientError("the first frame has to be the configuration, as text; this one was binary.")
    given = _object(message)
    names = tuple(_name(given, field) for field in ("configId", "agentId", "agentName"))
    prompt = given.get("systemPrompt")
    if prompt is not None and (not isinstance(prompt, str) or len(prompt) > PROMPT_MAX):
        raise ClientError(f"systemPrompt: a text of up to {PROMPT_MAX} characters.")
    language = given.get("language")
    if language is not None:
        try:
            language = _LANGUAGE.validate_python(language)
        except ValidationError:
            raise ClientError("language: an ISO code such as en or hi.") from None
    sample = given.get("voiceSampleUrl")
    return VocalConfig(
        names,
        (prompt or "").strip(),
        language,
        min(SPEED_MOST, max(SPEED_LEAST, _number(given, "speed", 1.0))),
        given.get("allowInterruptions") is True,
        _silence_ms(given.get("speechDetectorConfig")),
        isinstance(sample, str) and bool(sample.strip()),
    )


def read_message(message: str) -> Typed | Ignored:
    """A later text frame. Raises ClientError."""
    given = _object(message)
    kind = given.get("type")
    if not isinstance(kind, str):
        raise ClientError("The message has no type.")
    if kind != "transcript":
        return Ignored()
    text = given.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > TEXT_MAX:
        raise ClientError(f"transcript: a text of 1 to {TEXT_MAX} characters.")
    return Typed(text)


def _object(message: str) -> Json:
    if len(message) > MESSAGE_MAX_BYTES:
        raise ClientError(f"A text frame has at most {MESSAGE_MAX_BYTES // 1024} KiB.")
    try:
        given = orjson.loads(message)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise ClientError("The text frame is not JSON.") from None
    if not isinstance(given, dict):
        raise ClientError("The text frame is not a JSON object.")
    return given


def _name(given: Json, field: str) -> str:
    name = given.get(field)
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name or len(name) > NAME_MAX:
        raise ClientError(f"{field}: a text of 1 to {NAME_MAX} characters.")
    return name


def _number(given: Json, field: str, default: float) -> float:
    value = given.get(field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ClientError(f"{field}: a number.")
    return float(value)


def _silence_ms(detector: object) -> int | None:
    if detector is None:
        return None
    if not isinstance(detector, dict):
        raise ClientError("speechDetectorConfig: an object.")
    if detector.get("max_silence_duration") is None:
        return None
    silence_ms = _number(detector, "max_silence_duration", 0) * 1_000
    return round(min(SILENCE_MOST_MS, max(SILENCE_LEAST_MS, silence_ms)))


# ---- to the client ------------------------------------------------------------------------------


def told(kind: str, session_id: str, **fields: object) -> bytes:
    """A frame without sound."""
    return orjson.dumps({"type": kind, "session_id": session_id, **fields})


def sound(session_id: str, pcm: bytes, unix_s: float) -> bytes:
    """A piece of the agent's sound. `pcm`: s16le mono at `OUTPUT_RATE_HZ`. `unix_s`: now, in seconds since 1970."""
    data = {
        "type": "audio_chunk", "chunk": float_chunk(pcm), "format": "pcm_f32le", "sample_rate": OUTPUT_RATE_HZ,
        "timestamp": unix_s,
    }  # fmt: skip
    return orjson.dumps({"type": "tts_stream", "session_id": session_id, "data": data})


def float_chunk(pcm: bytes) -> str:
    """s16le as float32 LE, -1..1, in base64."""
    samples = np.frombuffer(pcm, "<i2").astype("<f4") * np.float32(1 / 32_768)
    return base64.b64encode(samples.tobytes()).decode()
