"""Google's services over real gRPC: recognition v1 and v2, and voices, with the habits and faults of the real ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2
from google.cloud.texttospeech_v1.types import cloud_tts

from tests.fakes.cloud_ears import ABORT, GoogleConnection, GoogleService
from tests.fakes.cloud_voices import KEY, PIECE_BYTES, Close, sound_of

SPEECH, VOICES = "google.cloud.speech.{}.Speech", "google.cloud.texttospeech.v1.TextToSpeech"


class GoogleServices:
    """`ears`: how the recognisers hear and fail. Some words in a text decide what the voices do, as in
    `tests.fakes.cloud_voices`."""

    def __init__(self) -> None:
        self.ears = GoogleService()
        self.told: list[Any] = []
        self.refusal: tuple[grpc.StatusCode, str] | None = None
        self.calls = self.most_calls = 0
        self.lose = 0
        """So many calls for a voice are lost before their first sound."""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        server = grpc.aio.server()
        for version, messages in (("v1", v1), ("v2", v2)):
            handler = grpc.stream_stream_rpc_method_handler(
                self._recognize,
                request_deserializer=messages.StreamingRecognizeRequest.deserialize,
                response_serializer=getattr(self, f"_{version}"),
            )
            name = SPEECH.format(version)
            server.add_generic_rpc_handlers(
                [grpc.method_handlers_generic_handler(name, {"StreamingRecognize": handler})]
            )
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(VOICES, self._voices())])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await server.stop(None)

    def _voices(self) -> dict[str, Any]:
        return {
            "ListVoices": grpc.unary_unary_rpc_method_handler(
                self._list, cloud_tts.ListVoicesRequest.deserialize, cloud_tts.ListVoicesResponse.serialize
            ),
            "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                self._synthesize,
                cloud_tts.SynthesizeSpeechRequest.deserialize,
                cloud_tts.SynthesizeSpeechResponse.serialize,
            ),
            "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
                self._speak,
                cloud_tts.StreamingSynthesizeRequest.deserialize,
                cloud_tts.StreamingSynthesizeResponse.serialize,
            ),
        }

    async def _check(self, context: Any) -> None:
        told = dict(context.invocation_metadata())
        if told.get("x-goog-api-key") != KEY:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "API key not valid. Please pass a valid API key.")
        if self.refusal is not None:
            await context.abort(*self.refusal)

    # ---- ears -------------------------------------------------------------------------------------------

    async def _recognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[dict[str, Any]]:
        await self._check(context)
        connection = self.ears.connection()
        assert isinstance(connection, GoogleConnection)
        self.calls += 1
        self.ears.opened += 1
        self.most_calls = max(self.most_calls, self.calls)
        loop, config, heard = asyncio.get_running_loop(), None, 0
        try:
            async for request in requests:
                connection.tick(loop.time())
                if config is None:
                    config = request.streaming_config
                    self.told.append(request)
                    assert config.config.language_codes if isinstance(request, v2.StreamingRecognizeRequest) else True
                    continue
                pcm = request.audio if isinstance(request, v2.StreamingRecognizeRequest) else request.audio_content
                heard += len(pcm)
                async for answer in self._answers(connection.take(pcm), context):
                    yield answer
            if not heard:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "No audio was received.")
            async for answer in self._answers(connection.take('{"end":true}'), context):
                yield answer
        finally:
            self.calls -= 1

    async def _answers(self, answers: list[Any], context: Any) -> AsyncIterator[dict[str, Any]]:
        for answer in answers:
            if not isinstance(answer, Close):
                told = json.loads(answer)
                if not told.get("end"):
                    yield told
            elif answer is ABORT:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            elif answer.code != 1000:
                code = grpc.StatusCode.OUT_OF_RANGE if answer.code == 1012 else grpc.StatusCode.ABORTED
                await context.abort(code, answer.reason)

    @staticmethod
    def _v2(told: dict[str, Any]) -> bytes:
        results = [
            {
                "alternatives": [{
                    "transcript": each["text"],
                    "words": [
                        {"word": word, "start_offset": timedelta(milliseconds=start),
                         "end_offset": timedelta(milliseconds=end), "confidence": sure}
                        for word, start, end, sure in each["words"]
                    ],
                }],
                "is_final": each["final"], "stability": 0.9, "language_code": each["language"],
                "result_end_offset": timedelta(milliseconds=each["end_ms"]),
            }
            for each in told["results"]
        ]  # fmt: skip
        return v2.StreamingRecognizeResponse.serialize(v2.StreamingRecognizeResponse({"results": results}))

    @staticmethod
    def _v1(told: dict[str, Any]) -> bytes:
        results = [
            {
                "alternatives": [{
                    "transcript": each["text"],
                    "words": [
                        {"word": word, "start_time": timedelta(milliseconds=start),
                         "end_time": timedelta(milliseconds=end)}
                        for word, start, end, _ in each["words"]
                    ],
                }],
                "is_final": each["final"], "stability": 0.9, "language_code": each["language"],
                "result_end_time": timedelta(milliseconds=each["end_ms"]),
            }
            for each in told["results"]
        ]  # fmt: skip
        return v1.StreamingRecognizeResponse.serialize(v1.StreamingRecognizeResponse({"results": results}))

    # ---- voices -----------------------------------------------------------------------------------------

    async def _list(self, request: Any, context: Any) -> Any:
        await self._check(context)
        names = ("de-DE-Neural2-A", "en-US-Standard-A", "en-US-Chirp3-HD-Charon", "de-DE-Chirp3-HD-Kore", "Kore")
        voices = [
            {"name": name, "language_codes": ["-".join(name.split("-")[:2]) if "-" in name else "en-US"]}
            for name in names
        ]
        return cloud_tts.ListVoicesResponse({"voices": voices})

    async def _synthesize(self, request: Any, context: Any) -> Any:
        await self._check(context)
        self.told.append(request)
        text = request.input.text
        await self._fail_at(text, context)
        return cloud_tts.SynthesizeSpeechResponse({"audio_content": sound_of(text)})

    async def _speak(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await self._check(context)
        self.calls += 1
        try:
            config = None
            async for request in requests:
                self.told.append(request)
                if config is None:
                    config = request.streaming_config
                    if "Standard" in config.voice.name or "Neural2" in config.voice.name:
                        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "This voice does not support streaming.")
                    continue
                text = request.input.text
                await self._fail_at(text, context)
                pcm = sound_of(text)
                for start in range(0, len(pcm), PIECE_BYTES):
                    yield cloud_tts.StreamingSynthesizeResponse({"audio_content": pcm[start : start + PIECE_BYTES]})
                    if "slowly" in text:
                        await asyncio.sleep(30)
                yield cloud_tts.StreamingSynthesizeResponse()
                if "breaks off" in text:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, f"internal: {text}")
        finally:
            self.calls -= 1

    async def _fail_at(self, text: str, context: Any) -> None:
        if self.lose:
            self.lose -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        if "refuse" in text:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Voice 'x' does not exist. {text}")
        if "hang up" in text:
            await context.abort(grpc.StatusCode.INTERNAL, text)
