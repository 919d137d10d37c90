"""The practical limit: one asyncio.Protocol for each call, VAD inline, direct calls, no framework and no agent.

--vad onnx: one ONNX call for each 32 ms window. --vad voi: the kernel that Voi uses.
"""

import argparse
import asyncio
import gc
import json
import signal
import time
from typing import ClassVar

import uvloop

from common import config as C
from common import ws
from common.fakes import fake_tts, transcript
from common.trace import event

WINDOW_BYTES = C.VAD_WINDOW_SAMPLES * 2
START_WINDOWS = 3
PACKET_BYTES = C.OUT_BYTES_PER_S * 40 // 1000  # 40 ms
LEAD_S = 0.25  # stay at most this far ahead of real time


class LlmConnection(asyncio.Protocol):
    """One keep-alive HTTP connection to the LLM: a callback for each token, None at the end."""

    idle: ClassVar[list["LlmConnection"]] = []

    def connection_made(self, transport):
        self.transport, self.buffer, self.on_token = transport, b"", None

    def ask(self, messages, on_token):
        self.on_token = on_token
        body = json.dumps({"model": "fake", "stream": True, "messages": messages}).encode()
        self.transport.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(body), body)
        )

    def data_received(self, data):
        *lines, self.buffer = (self.buffer + data).split(b"\n\n")
        for line in lines:
            _, found, payload = line.partition(b"data: ")
            if payload == b"[DONE]":
                on_token, self.on_token = self.on_token, None
                LlmConnection.idle.append(self)
                on_token(None)
            elif found:
                for choice in json.loads(payload)["choices"]:
                    if token := choice["delta"].get("content"):
                        self.on_token(token)

    def connection_lost(self, exc):
        if self in LlmConnection.idle:
            LlmConnection.idle.remove(self)


class Call(ws.ServerProtocol):
    open_vad = None

    def on_open(self, path):
        self.sid = path.partition("sid=")[2] or "0"
        self.loop = asyncio.get_running_loop()
        self.vad = Call.open_vad()
        self.closed, self.pending, self.turn = False, bytearray(), 0
        self.speaking, self.voiced, self.silent = False, 0, 0
        self.history = [{"role": "system", "content": "You are a helpful voice agent."}]
        self.speaker = self.asking = None

    def on_close(self):
        self.closed = True
        self.vad.close()
        if self.speaker:
            self.speaker.cancel()

    def on_binary(self, payload):
        pending = self.pending
        pending += payload
        while len(pending) >= WINDOW_BYTES:
            window = bytes(pending[:WINDOW_BYTES])
            del pending[:WINDOW_BYTES]
            self.on_probability(self.vad.probability(window))

    def on_probability(self, p):
        if p >= C.VAD_THRESHOLD:
            self.silent = 0
            self.voiced += 1
            if not self.speaking and self.voiced >= START_WINDOWS:
                self.speaking = True
                if self.speaker:  # barge-in
                    self.speaker.cancel()
                    self.speaker = None
            return
        self.voiced = 0
        if not self.speaking:
            return
        self.silent += 1
        if self.silent >= C.VAD_STOP_WINDOWS:
            self.speaking, self.silent = False, 0
            self.vad.reset()
            self.turn += 1
            event("vad_stop", f"{self.sid}/{self.turn}")
            self.loop.call_later(C.STT_DELAY_MS / 1000, self.on_transcript, self.turn)

    def on_transcript(self, turn):
        event("stt_final", f"{self.sid}/{turn}")
        if self.closed:
            return
        self.history.append({"role": "user", "content": transcript(self.sid, turn)})
        self.text, self.spoken_to = "", 0
        self.sentences = asyncio.Queue()
        self.speaker = self.loop.create_task(self.speak(self.sentences))
        if LlmConnection.idle:
            LlmConnection.idle.pop().ask(self.history, self.on_token)
        else:
            self.asking = self.loop.create_task(self.ask_on_new_connection())

    async def ask_on_new_connection(self):
        _, connection = await self.loop.create_connection(LlmConnection, "127.0.0.1", C.LLM_PORT)
        connection.ask(self.history, self.on_token)

    def on_token(self, token):
        if token is None:
            self.sentences.put_nowait(None)
            self.history.append({"role": "assistant", "content": self.text})
            return
        self.text += token
        if token[-1] == ".":
            self.sentences.put_nowait(self.text[self.spoken_to :])
            self.spoken_to = len(self.text)

    async def speak(self, sentences):
        """Paced: 40 ms packets, never more than LEAD_S ahead of real time."""
        start, sent_s = time.monotonic(), 0.0
        while (sentence := await sentences.get()) is not None:
            async for chunk in fake_tts(sentence):
                for i in range(0, len(chunk), PACKET_BYTES):
                    now = time.monotonic()
                    if now > start + sent_s:
                        start, sent_s = now, 0.0
                    ahead_s = start + sent_s - now
                    if ahead_s > LEAD_S:
                        await asyncio.sleep(ahead_s - LEAD_S)
                    packet = chunk[i : i + PACKET_BYTES]
                    self.send_binary(packet)
                    sent_s += len(packet) / C.OUT_BYTES_PER_S


async def vad_opener(kind):
    if kind == "onnx":
        from common.silero import OnnxStream, session

        onnx = session()
        return lambda: OnnxStream(onnx)
    from voi.engines.registry import create

    vad = create("vad", "silero", {})
    await vad.warm_up()
    return vad.open


async def main(args):
    loop = asyncio.get_running_loop()
    Call.open_vad = staticmethod(await vad_opener(args.vad))
    gc.freeze()
    server = await loop.create_server(Call, "127.0.0.1", args.port, backlog=1024)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--vad", choices=["onnx", "voi"], default="onnx")
    uvloop.run(main(parser.parse_args()))
