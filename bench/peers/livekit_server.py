"""livekit-agents under test, without its media server: AgentSession on our own AudioInput and AudioOutput.

The WebSocket bridge is the bare server's, so LiveKit is charged for its agent pipeline only: no WebRTC, no FFI for each
frame, no process for each call, no output pacing. No text transforms, no preemptive generation, no recording; garbage
collection frozen after the imports, as its own worker does. VAD: its own native Silero (its default).
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import time

os.environ.setdefault("LIVEKIT_URL", "ws://127.0.0.1:1")
logging.basicConfig(level=logging.WARNING)

import uvloop
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.agents.voice import io
from livekit.plugins import openai

from common import config as C
from common import ws
from common.fakes import fake_tts, transcript
from common.trace import event

VAD_MARGIN_S = 0.01  # its durations are compared after whole windows


class FakeStream(stt.RecognizeStream):
    async def _run(self):
        self._stt.live = self
        async for _ in self._input_ch:
            pass

    def final(self, text):
        data = stt.SpeechData(language="en", text=text, confidence=1.0)
        self._event_ch.send_nowait(stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data]))


class FakeSTT(stt.STT):
    def __init__(self, sid):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.sid, self.turn, self.live = sid, 0, None

    async def _recognize_impl(self, *args, **kwargs):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return FakeStream(stt=self, conn_options=conn_options)

    def speech_ended(self):
        self.turn += 1
        event("vad_stop", f"{self.sid}/{self.turn}")
        asyncio.get_running_loop().call_later(C.STT_DELAY_MS / 1000, self._final, self.turn)

    def _final(self, turn):
        event("stt_final", f"{self.sid}/{turn}")
        if self.live is not None and not self.live._event_ch.closed:
            self.live.final(transcript(self.sid, turn))


class FakeChunked(tts.ChunkedStream):
    async def _run(self, out):
        out.initialize(request_id="fake", sample_rate=C.OUT_RATE_HZ, num_channels=1, mime_type="audio/pcm")
        async for chunk in fake_tts(self._input_text):
            out.push(chunk)
        out.flush()


class FakeTTS(tts.TTS):
    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=C.OUT_RATE_HZ, num_channels=1)

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return FakeChunked(tts=self, input_text=text, conn_options=conn_options)


class SocketInput(io.AudioInput):
    def __init__(self):
        super().__init__(label="ws")
        self.channel = utils.aio.Chan()

    async def __anext__(self):
        return await self.channel.__anext__()


class SocketOutput(io.AudioOutput):
    """Sends at once; reports playback_finished when the sound would have been heard."""

    def __init__(self, send):
        super().__init__(label="ws", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=C.OUT_RATE_HZ)
        self.send, self.start, self.sent_s, self.timer = send, None, 0.0, None

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        if self.start is None:
            self.start, self.sent_s = time.monotonic(), 0.0
            self.on_playback_started(created_at=time.time())
        self.send(bytes(frame.data))
        self.sent_s += frame.duration

    def flush(self):
        super().flush()
        if self.start is not None:
            left_s = max(0.0, self.start + self.sent_s - time.monotonic())
            self.timer = asyncio.get_running_loop().call_later(left_s, self._done, False)

    def clear_buffer(self):
        if self.timer:
            self.timer.cancel()
        if self.start is not None:
            self._done(True)

    def _done(self, interrupted):
        played_s = min(self.sent_s, time.monotonic() - self.start) if interrupted else self.sent_s
        self.start, self.timer = None, None
        self.on_playback_finished(playback_position=played_s, interrupted=interrupted)


class Call(ws.ServerProtocol):
    vad = None
    session = None

    def on_open(self, path):
        self.sid = path.partition("sid=")[2] or "0"
        self.input = SocketInput()
        self.task = asyncio.ensure_future(self.run())

    def on_binary(self, payload):
        frame = rtc.AudioFrame(
            data=payload, sample_rate=C.IN_RATE_HZ, num_channels=1, samples_per_channel=len(payload) // 2
        )
        self.input.channel.send_nowait(frame)

    def on_close(self):
        self.input.channel.close()
        if self.session is not None:
            self.task = asyncio.ensure_future(self.session.aclose())

    async def run(self):
        fake_stt = FakeSTT(self.sid)
        self.session = AgentSession(
            stt=fake_stt,
            vad=Call.vad,
            tts=FakeTTS(),
            llm=openai.LLM(model="fake", api_key="x", base_url=C.LLM_URL),
            turn_handling={
                "turn_detection": "vad",
                "endpointing": {"mode": "fixed", "min_delay": 0.0, "max_delay": 0.0},
                "interruption": {"mode": "vad"},
                "preemptive_generation": {"enabled": False},
            },
            tts_text_transforms=None,
            user_away_timeout=None,
        )
        self.session.input.audio = self.input
        self.session.output.audio = SocketOutput(self.send_binary)

        @self.session.on("user_state_changed")
        def changed(change):
            if (change.old_state, change.new_state) == ("speaking", "listening"):
                fake_stt.speech_ended()

        await self.session.start(Agent(instructions="You are a helpful voice agent."), record=False)


async def main(port):
    loop = asyncio.get_running_loop()
    Call.vad = inference.VAD(
        min_speech_duration=0.1 - VAD_MARGIN_S,
        min_silence_duration=0.2 - VAD_MARGIN_S,
        activation_threshold=C.VAD_THRESHOLD,
        deactivation_threshold=C.VAD_THRESHOLD,
    )
    await loop.create_server(Call, "127.0.0.1", port, backlog=1024)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    os._exit(0)  # its sessions have no short way to end


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    gc.collect()
    gc.freeze()
    uvloop.run(main(parser.parse_args().port))
