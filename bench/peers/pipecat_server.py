"""pipecat under test: FastAPI websocket transport, its own Silero VAD, fake STT and TTS, its OpenAI LLM service.

Its best case: no metrics, no RTVI, no turn tracking, no smart-turn model, warnings only in the log.
"""

import argparse
import asyncio
import sys
import time

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from common import config as C
from common.fakes import fake_tts, transcript
from common.trace import event

logger.remove()
logger.add(sys.stderr, level="WARNING")
VAD_START_S = 0.1
VAD_STOP_S = 0.2  # 0.2 s hold 6.25 windows: six


class Raw(FrameSerializer):
    async def deserialize(self, data):
        return InputAudioRawFrame(audio=data, sample_rate=C.IN_RATE_HZ, num_channels=1)

    async def serialize(self, frame):
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None


class FakeSTT(STTService):
    def __init__(self, sid):
        super().__init__(ttfs_p99_latency=0.35, settings=STTSettings(model=None, language=None))
        self.sid, self.turn = sid, 0

    async def run_stt(self, audio):
        yield None

    async def _handle_vad_user_stopped_speaking(self, frame):
        self.turn += 1
        event("vad_stop", f"{self.sid}/{self.turn}")
        self.create_task(self._final(self.turn, time.monotonic() + C.STT_DELAY_MS / 1000), name="fake_stt_final")

    async def _final(self, turn, due):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        event("stt_final", f"{self.sid}/{turn}")
        text = transcript(self.sid, turn)
        await self.push_frame(TranscriptionFrame(text, "", time_now_iso8601(), finalized=True))


class FakeTTS(TTSService):
    def __init__(self):
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=C.OUT_RATE_HZ, settings=settings)

    async def run_tts(self, text, context_id):
        async for chunk in fake_tts(text):
            yield TTSAudioRawFrame(chunk, C.OUT_RATE_HZ, 1, context_id=context_id)


app = FastAPI()


@app.websocket("/ws")
async def session(websocket: WebSocket):
    await websocket.accept()
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=Raw())
    transport = FastAPIWebsocketTransport(websocket, params)
    settings = OpenAILLMService.Settings(model="fake", system_instruction="You are a helpful voice agent.")
    llm = OpenAILLMService(api_key="x", base_url=C.LLM_URL, settings=settings)
    vad = SileroVADAnalyzer(
        params=VADParams(confidence=C.VAD_THRESHOLD, start_secs=VAD_START_S, stop_secs=VAD_STOP_S, min_volume=0.0)
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=vad,
            user_turn_strategies=UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]),
        ),
    )
    stt = FakeSTT(websocket.query_params.get("sid", "0"))
    worker = PipelineWorker(
        Pipeline([transport.input(), stt, user, llm, FakeTTS(), transport.output(), assistant]),
        params=PipelineParams(
            audio_in_sample_rate=C.IN_RATE_HZ,
            audio_out_sample_rate=C.OUT_RATE_HZ,
            enable_metrics=False,
            enable_usage_metrics=False,
        ),
        enable_rtvi=False,
        enable_turn_tracking=False,
        check_dangling_tasks=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")
    async def gone(_transport, _client):
        await runner.cancel()

    await runner.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=parser.parse_args().port,
        loop="uvloop",
        log_level="warning",
        access_log=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=2,
    )
