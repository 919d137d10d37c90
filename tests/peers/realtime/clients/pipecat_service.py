"""A conversation by a pipeline of pipecat with its service for OpenAI's Realtime protocol. pipecat plays, truncates and
runs the function; its agent speaks first."""

import asyncio
import sys
from importlib import metadata
from typing import Any

from loguru import logger
from person import ADD, AGENT, HOST, RATE_HZ, TOKEN, Loudspeaker, Microphone, first_of, report, until
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import InputAudioRawFrame, InterruptionFrame, LLMRunFrame, OutputAudioRawFrame, StartFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

logger.remove()
logger.add(sys.stderr, level="WARNING")
functions: list[dict[str, Any]] = []
loudspeaker = Loudspeaker()
interrupted: list[int] = []
over_it: list[str] = []
"""What the person said while the agent spoke."""


class Mouth(BaseOutputTransport):
    """The loudspeaker as pipecat plays through it."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        loudspeaker.play(frame.audio)
        await loudspeaker.room()
        return True

    async def process_frame(self, frame: Any, direction: Any) -> None:
        if isinstance(frame, InterruptionFrame) and over_it:
            interrupted.append(loudspeaker.heard_ms())
            loudspeaker.stop()
        await super().process_frame(frame, direction)


async def add(params: FunctionCallParams) -> None:
    given = params.arguments
    functions.append({"name": params.function_name, **given})
    await params.result_callback({"sum": given["a"] + given["b"]})


async def converse(microphone: Microphone) -> None:
    await until(lambda: loudspeaker.playing, "the greeting")
    await until(lambda: not loudspeaker.playing, "its end")
    greeting = len(loudspeaker.got)
    microphone.say("dog")
    await until(lambda: len(loudspeaker.got) > greeting + 2_500 * 48, "the story")
    microphone.say("figures")
    over_it.append("figures")
    await until(lambda: interrupted, "the interruption")
    await until(lambda: functions, "the function")
    await until(lambda: loudspeaker.playing, "the answer")
    await until(lambda: not loudspeaker.playing, "the end of its sound")
    await asyncio.sleep(0.5)


async def main() -> None:
    sum_of = FunctionSchema("add", ADD["description"], ADD["parameters"]["properties"], ADD["parameters"]["required"])
    mouth = Mouth(TransportParams(audio_out_enabled=True))
    # docs: from here
    heard = events.AudioInput(transcription=events.InputAudioTranscription())
    properties = events.SessionProperties(audio=events.AudioConfiguration(input=heard))
    llm = OpenAIRealtimeLLMService(
        api_key=TOKEN, base_url=f"ws://{HOST}/v1/realtime",
        settings=OpenAIRealtimeLLMService.Settings(model=AGENT, session_properties=properties),
    )  # fmt: skip
    llm.register_function("add", add)
    context = LLMContext(tools=ToolsSchema(standard_tools=[sum_of]))
    of_user, of_assistant = LLMContextAggregatorPair(context)
    pipeline = Pipeline([of_user, llm, mouth, of_assistant])  # mouth: a transport's output()
    # docs: to here
    params = PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
    worker = PipelineWorker(pipeline, params=params)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def hear(pcm: bytes) -> None:
        await worker.queue_frame(InputAudioRawFrame(pcm, RATE_HZ, 1))

    await worker.queue_frame(LLMRunFrame())
    microphone = Microphone(hear)
    await first_of(runner.run(), microphone.run(), converse(microphone))
    await worker.cancel()
    told = [message for message in context.get_messages() if isinstance(message.get("content"), str)]
    report(
        said=[message["content"] for message in told if message["role"] == "user"],
        answers=[message["content"] for message in told if message["role"] == "assistant"],
        functions=functions, interrupted=interrupted, sound_ms=len(loudspeaker.got) // 48,
        version=metadata.version("pipecat-ai"),
    )  # fmt: skip


asyncio.run(main())
