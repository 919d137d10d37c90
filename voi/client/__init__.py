"""A client of the Voi WebSocket protocol (docs/protocol.md), for `voi talk`, tests and other programs.

    async with VoiClient.connect("ws://127.0.0.1:8765/ws", token=token, agent_name="my_bro", mode="call") as voi:
        await voi.send_audio(pcm)                   # s16le, mono, 16 kHz
        async for event in voi:
            match event:
                case AudioEvent(speech_id, pcm): ...     # s16le, mono, 24 kHz
                case MessageEvent(role="assistant"): ...

With `resume=True` it survives a lost connection: it connects again and the conversation goes on, with nothing lost and
nothing twice (docs/resumption.md). What is sent meanwhile is kept and sent then.

Every failure is a `ClientError`, worded for the person who runs the client.
"""

from voi.client.client import INPUT_RATE_HZ, OUTPUT_RATE_HZ, VoiClient
from voi.client.events import (
    AppMessageEvent,
    AudioEvent,
    ErrorEvent,
    Event,
    LlmResponseEvent,
    MessageEvent,
    ResumedEvent,
    SoundLoweredEvent,
    SpeechDoneEvent,
    StatusEvent,
    ToolCallEvent,
    ToolCancelEvent,
)
from voi.client.play_queue import PlayQueue

__all__ = [
    "INPUT_RATE_HZ", "OUTPUT_RATE_HZ", "AppMessageEvent", "AudioEvent", "ErrorEvent", "Event", "LlmResponseEvent",
    "MessageEvent", "PlayQueue", "ResumedEvent", "SoundLoweredEvent", "SpeechDoneEvent", "StatusEvent",
    "ToolCallEvent", "ToolCancelEvent", "VoiClient",
]  # fmt: skip
