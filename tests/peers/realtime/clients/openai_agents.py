"""A conversation by `openai-agents` of PyPI: the app plays sound, the SDK truncates and runs the function."""

import asyncio
from importlib import metadata
from typing import Any

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from person import AGENT, HOST, TOKEN, Loudspeaker, Microphone, first_of, report, until

functions: list[dict[str, Any]] = []
loudspeaker = Loudspeaker()
said: list[str] = []
answers: list[str] = []
interrupted: list[int] = []


@function_tool
def add(a: float, b: float) -> str:
    """Add two figures."""
    functions.append({"name": "add", "a": a, "b": b})
    return f"{a + b:g}"


def on_event(event: Any) -> None:
    """What the app does."""
    match event.type:
        case "audio":
            loudspeaker.play(event.audio.data)
        case "audio_interrupted":
            interrupted.append(loudspeaker.heard_ms())
            loudspeaker.stop()
        case "raw_model_event" if event.data.type == "input_audio_transcription_completed":
            said.append(event.data.transcript)
        case "history_updated":
            told = [item for item in event.history if item.type == "message" and item.role == "assistant"]
            answers[:] = [words for item in told for part in item.content if (words := getattr(part, "transcript", ""))]
        case "error":
            raise RuntimeError(event.error)


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
    # docs: from here
    agent = RealtimeAgent(name="desk", tools=[add])
    model = {"url": f"ws://{HOST}/v1/realtime?model={AGENT}", "api_key": TOKEN}
    async with await RealtimeRunner(agent).run(model_config=model) as session:
        microphone = Microphone(session.send_audio)  # s16le mono PCM at 24 kHz

        async def listen() -> None:
            async for event in session:
                on_event(event)

        # docs: to here
        await first_of(microphone.run(), listen(), converse(microphone))
    report(
        said=said, answers=answers, functions=functions, interrupted=interrupted, sound_ms=len(loudspeaker.got) // 48,
        version=metadata.version("openai-agents"),
    )  # fmt: skip


asyncio.run(main())
