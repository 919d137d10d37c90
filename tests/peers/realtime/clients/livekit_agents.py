"""A conversation by LiveKit's agents with their model for OpenAI's Realtime protocol. No LiveKit server takes part:
sound comes from and goes to this process. LiveKit truncates and runs the function."""

import asyncio
from importlib import metadata
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins import openai
from person import AGENT, HOST, RATE_HZ, TOKEN, Loudspeaker, Microphone, first_of, report, until

functions: list[dict[str, Any]] = []
loudspeaker = Loudspeaker()
interrupted: list[int] = []
said: list[str] = []
answers: list[str] = []
errors: list[str] = []


class Ear(AudioInput):
    """The microphone as LiveKit takes it."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def hear(self, pcm: bytes) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class Mouth(AudioOutput):
    """The loudspeaker as LiveKit plays through it."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE_HZ)
        self._end: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        loudspeaker.play(bytes(frame.data))

    def flush(self) -> None:
        super().flush()
        self._end = asyncio.create_task(self._play_out())

    async def _play_out(self) -> None:
        await until(lambda: not loudspeaker.playing, "the end of the sound", 60)
        self.on_playback_finished(playback_position=loudspeaker.heard_ms() / 1_000, interrupted=False)

    def clear_buffer(self) -> None:
        if self._end is not None:
            self._end.cancel()
        heard_ms = loudspeaker.heard_ms()
        interrupted.append(heard_ms)
        loudspeaker.stop()
        self.on_playback_finished(playback_position=heard_ms / 1_000, interrupted=True)


@function_tool
async def add(a: float, b: float) -> str:
    """Add two figures."""
    functions.append({"name": "add", "a": a, "b": b})
    return f"{a + b:g}"


def on_item(event: Any) -> None:
    if event.item.type == "message" and event.item.role == "assistant":
        answers.append(event.item.text_content or "")


async def converse(microphone: Microphone) -> None:
    microphone.say("dog")
    await until(lambda: loudspeaker.heard_ms() > 2_500, "the story")
    microphone.say("figures")
    await until(lambda: interrupted, "the interruption")
    await until(lambda: functions, "the function")
    await until(lambda: loudspeaker.playing, "the answer")
    await until(lambda: not loudspeaker.playing, "the end of its sound")
    await asyncio.sleep(0.5)


async def main() -> None:
    ear, mouth = Ear(), Mouth()
    # docs: from here
    model = openai.realtime.RealtimeModel(base_url=f"http://{HOST}/v1", api_key=TOKEN, model=AGENT)
    session: AgentSession = AgentSession(llm=model, vad=None, aec_warmup_duration=None)
    session.input.audio, session.output.audio = ear, mouth  # or a LiveKit room: session.start(agent, room=room)
    await session.start(Agent(instructions="Be brief.", tools=[add]))
    # docs: to here
    session.on("user_input_transcribed", lambda event: said.append(event.transcript) if event.is_final else None)
    session.on("conversation_item_added", on_item)
    session.on("error", lambda event: errors.append(str(event.error)))
    microphone = Microphone(ear.hear)
    await first_of(microphone.run(), converse(microphone))
    await session.aclose()
    report(
        said=said, answers=answers, functions=functions, interrupted=interrupted, errors=errors,
        sound_ms=len(loudspeaker.got) // 48, version=metadata.version("livekit-plugins-openai"),
    )  # fmt: skip


asyncio.run(main())
