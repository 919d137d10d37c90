"""A conversation by the SDK `openai` of PyPI."""

import asyncio
import base64
import json
from typing import Any

import openai
from openai import AsyncOpenAI
from person import ADD, AGENT, HOST, TOKEN, Loudspeaker, Microphone, first_of, report, until


class Talk:
    """What the app does: plays what it is sent, stops and truncates when it is interrupted, runs the function."""

    def __init__(self) -> None:
        self.loudspeaker = Loudspeaker()
        self.said: list[str] = []
        self.answers: list[str] = []
        self.functions: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.heard: list[str] = []
        self.item_id = ""
        self.answering = False

    async def on_event(self, voi: Any, event: Any) -> None:
        match event.type:
            case "response.output_audio.delta":
                self.item_id = event.item_id
                self.loudspeaker.play(base64.b64decode(event.delta))
            case "response.created":
                self.answering = True
            case "input_audio_buffer.speech_started" if self.item_id and (self.answering or self.loudspeaker.playing):
                heard_ms = self.loudspeaker.heard_ms()
                self.loudspeaker.stop()
                await voi.conversation.item.truncate(item_id=self.item_id, content_index=0, audio_end_ms=heard_ms)
                await voi.conversation.item.retrieve(item_id=self.item_id)
            case "conversation.item.retrieved":
                self.heard.append(event.item.content[0].transcript)
            case "conversation.item.input_audio_transcription.completed":
                self.said.append(event.transcript)
            case "response.function_call_arguments.done":
                given = json.loads(event.arguments)
                self.functions.append({"name": event.name, **given})
                output = {
                    "type": "function_call_output",
                    "call_id": event.call_id,
                    "output": str(given["a"] + given["b"]),
                }
                await voi.conversation.item.create(item=output)
                await voi.response.create()
            case "response.done":
                self.answering = False
                if event.response.status == "cancelled":
                    self.cancelled.append(event.response.status_details.reason)
                elif event.response.output[0].type == "message":
                    self.answers.append(event.response.output[0].content[0].transcript)
            case "error":
                raise RuntimeError(event.error.message)


async def converse(talk: Talk, microphone: Microphone) -> None:
    microphone.say("dog")
    await until(lambda: talk.loudspeaker.heard_ms() > 2_500, "the story")
    microphone.say("figures")
    await until(lambda: talk.cancelled, "the interruption")
    await until(lambda: talk.answers, "the answer")
    await until(lambda: not talk.loudspeaker.playing, "the end of its sound")


async def main() -> None:
    talk = Talk()
    session = {"type": "realtime", "tools": [ADD], "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    # docs: from here
    client = AsyncOpenAI(api_key=TOKEN, websocket_base_url=f"ws://{HOST}/v1")
    async with client.realtime.connect(model=AGENT) as voi:
        await voi.session.update(session=session)

        async def send(pcm: bytes) -> None:
            await voi.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())

        async def listen() -> None:
            async for event in voi:
                await talk.on_event(voi, event)

        # docs: to here
        microphone = Microphone(send)
        await first_of(microphone.run(), listen(), converse(talk, microphone))
    report(
        said=talk.said, answers=talk.answers, functions=talk.functions, interrupted=talk.cancelled, heard=talk.heard,
        sound_ms=len(talk.loudspeaker.got) // 48, version=openai.__version__,
    )  # fmt: skip


asyncio.run(main())
