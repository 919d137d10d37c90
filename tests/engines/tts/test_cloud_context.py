"""A cloud voice over a WebSocket, with contexts and word times, as another package would bring it: `CloudVoice` is all
that its author writes. The service is a fake, with the habits of real ones: unknown fields and messages, sound that
ends inside of a sample, words that come after their sound, sound of contexts that are closed."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer

from tests.fakes.door import FakeDoor
from voi.config.agents import Agent
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.core.facts import Fact, PieceVoiced
from voi.dialogue import SpokenWord
from voi.engines import registry
from voi.engines.base import Speech, TextSpoken, Tts, VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.registry import tts_info
from voi.engines.startup import start_engines
from voi.errors import EngineError
from voi.session.line import Line
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyVoice
from voi.text.language import Spoken

RATE_HZ = 16_000
MS_A_LETTER = 10

# ---- what the author of the engine writes ---------------------------------------------------------


class CloudContext:
    """`TtsContext`: one context id on the engine's socket."""

    def __init__(self, engine: "CloudVoice", number: str, voice: VoiceSpec) -> None:
        self._engine, self._number, self._voice = engine, number, voice
        self.heard: asyncio.Queue[Speech | EngineError | None] = asyncio.Queue(1_000)

    async def say(self, text: str) -> None:
        await self._engine.send(context=self._number, text=f"{text} ", voice=self._voice.voice)

    async def finish(self) -> None:
        await self._engine.send(context=self._number, end=True)

    async def __aiter__(self) -> AsyncIterator[Speech]:
        while (item := await self.heard.get()) is not None:
            if isinstance(item, EngineError):
                raise item
            yield item

    async def aclose(self) -> None:
        if self._engine.contexts.pop(self._number, None):
            with contextlib.suppress(EngineError):
                await self._engine.send(context=self._number, cancel=True)


class CloudVoice:
    """`ContextTts`."""

    info = TtsInfo("cloud-voice", cloud=True, contexts=True, word_times="exact", sample_rate_hz=RATE_HZ,
                   voices=("ada", "bob"), text_max_characters=40, at_once_max=4)  # fmt: skip

    def __init__(self, *, url: str, api_key: str) -> None:
        self._url, self._headers = url, {"x-api-key": api_key}
        self.contexts: dict[str, CloudContext] = {}
        self._count = 0
        self._session: ClientSession | None = None
        self._socket: ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def warm_up(self) -> None:
        self._session = ClientSession()
        await self._connected()

    async def close(self) -> None:
        if self._reading:
            self._reading.cancel()
        if self._session:
            await self._session.close()

    def open(self, voice: VoiceSpec) -> CloudContext:
        self._count += 1
        context = self.contexts[str(self._count)] = CloudContext(self, str(self._count), voice)
        return context

    async def send(self, **message: Any) -> None:
        await (await self._connected()).send_str(json.dumps(message))

    async def _connected(self) -> ClientWebSocketResponse:
        assert self._session is not None
        async with self._connecting:
            if self._socket is None or self._socket.closed:
                try:
                    self._socket = await self._session.ws_connect(self._url, headers=self._headers, max_msg_size=0)
                except OSError as error:
                    raise EngineError(f"The voice's service cannot be reached: {error}", retryable=True) from None
                self._reading = asyncio.create_task(self._read(self._socket), name="reading a cloud voice")
            return self._socket

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._take(json.loads(message.data))
        for context in self.contexts.values():
            context.heard.put_nowait(EngineError("The voice's service hung up.", retryable=True))

    def _take(self, message: dict[str, Any]) -> None:
        context = self.contexts.get(message.get("context", ""))
        if context is None:
            return  # closed already; or no message that we know
        if audio := message.get("audio"):
            context.heard.put_nowait(base64.b64decode(audio))
        for word, start_s, end_s in message.get("words", ()):
            context.heard.put_nowait(SpokenWord(word, round(start_s * 1_000), round(end_s * 1_000)))
        if error := message.get("error"):
            context.heard.put_nowait(EngineError(error, retryable=message.get("retry", False)))
        if message.get("done"):
            context.heard.put_nowait(None)


# ---- the service ----------------------------------------------------------------------------------


class Service:
    """Speaks 10 ms a letter. `told`: every message that it got."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self._at_ms: dict[str, int] = {}

    async def meet(self, request: web.Request) -> web.WebSocketResponse:
        self.keys.append(request.headers.get("x-api-key"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            told = json.loads(message.data)
            self.told.append(told)
            await self._answer(socket, told)
            if "hang up" in told.get("text", ""):
                await socket.close(code=1008, message=b"quota_exceeded")
        return socket

    async def _answer(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> None:
        context = told["context"]
        await socket.send_str('{"type": "news", "of": "no interest"}')
        if told.get("end"):
            await socket.send_json({"context": context, "done": True, "usage": {"characters": 9}})
        elif told.get("cancel"):
            await self._send(socket, context, bytes(64))  # sound of a context that is closed
        elif "refuse" in told["text"]:
            await socket.send_json({"context": context, "error": "No such voice.", "code": 1008})
        elif "silence" not in told["text"]:
            await self._speak(socket, context, told["text"])

    async def _speak(self, socket: web.WebSocketResponse, context: str, text: str) -> None:
        at_ms, words = self._at_ms.get(context, 0), []
        pcm = b"\x00\x10" * (RATE_HZ // 1_000 * MS_A_LETTER * len(text))
        for word in text.split():
            end_ms = at_ms + MS_A_LETTER * (len(word) + 1)
            words.append((word, at_ms / 1_000, end_ms / 1_000))
            at_ms = end_ms
        self._at_ms[context] = at_ms
        for start in range(0, len(pcm), 1_001):  # inside of a sample
            await self._send(socket, context, pcm[start : start + 1_001])
        await socket.send_json({"context": context, "words": words})

    async def _send(self, socket: web.WebSocketResponse, context: str, pcm: bytes) -> None:
        await socket.send_json({"context": context, "audio": base64.b64encode(pcm).decode(), "odd": None})

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(each["context"], each["text"]) for each in self.told if "text" in each]


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, str]]:
    service, app = Service(), web.Application()
    app.router.add_get("/speak", service.meet)
    async with TestServer(app) as server:
        yield service, str(server.make_url("/speak"))


@pytest.fixture
async def tts(service: tuple[Service, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tts]:
    """The voice as the server has it: from an entry point and tts_models.json."""
    point = EntryPoint("tts.cloud", f"{__name__}:CloudVoice", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point] if group == registry.GROUP else [])
    agents = {"a": {"llm_model": "echo", "voices": {"character": {"model": "cloud"}}}}
    model = {"cloud": {"engine": "cloud", "options": {"url": service[1], "api_key": "sk-secret"}}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps(model))
    settings = load_settings(
        agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json", turn_engine="none",
        greetings_dir=tmp_path,
    )  # fmt: skip
    engines = await start_engines(load_config(settings, tts_info), settings, lambda _: None)
    yield engines.tts["cloud"]
    await engines.close()


async def texts(*all_of_them: str) -> AsyncIterator[str]:
    for text in all_of_them:
        yield text


async def test_one_reply_is_one_context_and_its_words_have_times(tts: Tts, service: tuple[Service, str]) -> None:
    speech = [item async for item in tts.speak(texts("Good morning.", "How are you?"), VoiceSpec("bob"))]
    sound = b"".join(item for item in speech if isinstance(item, bytes))
    marks = [item for item in speech if isinstance(item, TextSpoken)]
    assert len(sound) == 2 * RATE_HZ // 1_000 * MS_A_LETTER * len("Good morning. How are you? ")
    assert sound == b"\x00\x10" * (len(sound) // 2)  # no sample was torn
    assert service[0].texts == [("1", "Good morning. "), ("1", "How are you? ")]
    assert [(mark.start_ms, mark.end_ms) for mark in marks] == [(0, 140), (140, 270)]
    assert marks[1].words == (SpokenWord("How", 0, 40), SpokenWord("are", 40, 80), SpokenWord("you?", 80, 130))
    assert service[0].keys == ["sk-secret"]
    assert not any(told.get("text") == "Yes. " for told in service[0].told)  # no trial, which would cost


async def test_long_texts_are_cut_to_what_it_takes(tts: Tts, service: tuple[Service, str]) -> None:
    long = "This is a sentence of more than forty characters, all in all."
    marks = [item async for item in tts.speak(texts(long), VoiceSpec()) if isinstance(item, TextSpoken)]
    assert [len(text) <= 41 for _, text in service[0].texts] == [True, True]
    assert [word.text for word in marks[0].words] == long.split()


async def test_many_at_once_and_one_who_leaves(tts: Tts, service: tuple[Service, str]) -> None:
    leaving = tts.speak(texts("I shall not be heard to my end."), VoiceSpec())
    await anext(leaving)
    await leaving.aclose()
    results = await asyncio.gather(*(_length_ms(tts, f"Number {n}.") for n in range(4)))
    assert results == [MS_A_LETTER * len("Number 1. ")] * 4
    assert {"context": "1", "cancel": True} in service[0].told


async def _length_ms(tts: Tts, text: str) -> int:
    sound = [item async for item in tts.speak(texts(text), VoiceSpec()) if isinstance(item, bytes)]
    return sum(map(len, sound)) * 500 // RATE_HZ


async def test_what_it_refuses_and_how_it_ends(tts: Tts) -> None:
    with pytest.raises(EngineError, match="No such voice"):
        await _length_ms(tts, "refuse me")
    with pytest.raises(EngineError, match="hung up"):
        await _length_ms(tts, "now hang up: silence")
    assert await _length_ms(tts, "Hello.") == MS_A_LETTER * len("Hello. ")  # on a new socket


async def test_a_reply_of_a_conversation_tells_when_its_words_are_heard(tts: Tts) -> None:
    """Of the words as they are written, through the session's own code."""
    facts: list[Fact] = []
    speaker = Playback(Line(FakeDoor()), facts.append, asyncio.get_running_loop().time, paced=False)
    agent = Agent(llm_model="echo", voices={"character": {"model": "cloud"}}, language="en")  # type: ignore[arg-type]
    speaker.open(1)
    voice = ReplyVoice(1, agent, {"cloud": tts}, speaker, 24_000, facts.append, lambda _: None, Spoken("en"))
    for number, text in enumerate(("It costs 5 €. ", "Is that much?")):
        await voice.put(Piece(number, text, "character", "neutral"))
    await voice.end()
    await voice.speak()
    first, second = [fact for fact in facts if isinstance(fact, PieceVoiced)]
    assert [word.text for word in first.words] == ["It", "costs", "5", "€."]
    assert (first.start_ms, second.start_ms) == (0, first.audio_ms)
    assert second.words == (SpokenWord("Is", 0, 30), SpokenWord("that", 30, 80), SpokenWord("much?", 80, 140))
