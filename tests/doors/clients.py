"""A client of each door that can do the same: type, answer a function of the app, interrupt, leave.

`cannot`: what its protocol has no way to do.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from tests.fakes.engines import tone
from tests.fakes.media_carrier import MediaLine, post, signed_webhook
from tests.server.fakes import SECRET
from tests.server.serving import Person, RunningServer
from tests.transports.raw_client import BINARY, RawClient
from tests.transports.realtime.fakes import RealtimeClient
from tests.transports.rtvi.person import RtviPerson
from tests.transports.vocal.fakes import VocalPerson
from voi.core.reply import CUT_OFF_MS
from voi.server.auth import issue_token

AGENT = "shop"
FUNCTION = "find"
SPOKEN_MS_PER_BYTE = 1 / 48  # s16le mono at 24 kHz
RTVI_INTERRUPTION = b"\x2a\x00"
"""A protobuf Frame with an empty InterruptionFrame."""
HEARD_OUT_S = 0.2
"""A client waits so long beyond the end of the sound: the server's clock of what was heard is a little behind."""
WORD_MS = 200
Results = Mapping[str, Any]
"""What the app's functions return, by name."""


def token_of(app: str = "test") -> str:
    return issue_token(app, SECRET)


class DoorClient:
    """One conversation. `counted_as`: the door's name in metrics. `ms_per_character`: how fast the agent speaks."""

    name = ""
    counted_as = ""
    ms_per_character = 20
    cannot: frozenset[str] = frozenset()

    def __init_subclass__(cls) -> None:
        cls.counted_as = cls.__dict__.get("counted_as", cls.name)

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        raise NotImplementedError

    async def ask(self, text: str) -> None:
        """Type that, and hear the answer out."""
        raise NotImplementedError

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        """Type that, and stop the answer so long after its voice set in."""
        raise NotImplementedError

    async def leave(self) -> None:
        raise NotImplementedError

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        """What a client is told that gets no conversation."""
        raise NotImplementedError


class VoiDoorClient(DoorClient):
    name = "voi"

    def __init__(self, person: Person, results: Results) -> None:
        self.person, self.results = person, results
        self._answered = 0

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        person = Person(await RawClient.connect(server.port, f"/ws?token={token}"))
        person.say("init", agent_name=AGENT, mode="chat", init_greeting=False, app_tools=list(results))
        await person.until(lambda: person.status("init_done"))
        return cls(person, results)

    def _serve(self) -> None:
        calls = [entry for entry in self.person.log if entry["type"] == "tool_call"]
        for call in calls[self._answered :]:
            self.person.say("tool_result", call_id=call["call_id"], result=self.results[call["name"]])
        self._answered = len(calls)

    async def _until(self, seen: Callable[[], object]) -> None:
        await self.person.until(lambda: self._serve() or seen())
        assert self.person.closed is None
        assert not self.person.errors

    def _type(self, text: str) -> None:
        self.person.say("text", content=text)
        self.person.say("create_response")

    async def ask(self, text: str) -> None:
        speech, began_s = await self._answer(text)
        await self._until(lambda: any(entry.get("status") == "speech_done" and entry["speech_id"] == speech
                                      for entry in self.person.log))  # fmt: skip
        length_s = len(self.person.sound[speech]) * SPOKEN_MS_PER_BYTE / 1_000
        await asyncio.sleep(began_s + length_s + HEARD_OUT_S - time.monotonic())

    async def _answer(self, text: str) -> tuple[str, float]:
        """Type that. Returns the id of the speech that answers, and when it set in, on the monotonic clock."""
        before = set(self.person.sound)
        self._type(text)
        await self._until(lambda: self.person.sound.keys() - before)
        (speech,) = self.person.sound.keys() - before
        return speech, time.monotonic()

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        speech, _ = await self._answer(text)
        await asyncio.sleep(after_ms / 1_000)
        self.person.say("interrupt", speech_id=speech, interrupted_at=after_ms / 1_000)

    async def leave(self) -> None:
        self.person.client.drop()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        person = Person(await RawClient.connect(server.port, f"/ws?token={token}"))
        await person.until(lambda: person.errors)
        await person.until(lambda: person.closed)
        return person.errors[0]


class RealtimeDoorClient(DoorClient):
    name = "realtime"

    def __init__(self, client: RealtimeClient, results: Results) -> None:
        self.client, self.results = client, results

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        client = await RealtimeClient.connect(server.port, AGENT, key=token)
        await client.until("session.created")
        tools = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in results]
        client.send("session.update", session={"type": "realtime", "tools": tools})
        await client.until("session.updated")
        return cls(client, results)

    async def _answer(self) -> float:
        """Until the agent has answered with words. Returns when its voice set in, on the monotonic clock."""
        heard = len(self.client.all("response.output_audio.delta"))
        began_s = 0.0
        while True:
            done = len(self.client.all("response.done"))
            while len(self.client.all("response.done")) == done:
                await self.client.read()
                if not began_s and len(self.client.all("response.output_audio.delta")) > heard:
                    began_s = time.monotonic()
            output = self.client.last("response.done")["response"]["output"]
            calls = [item for item in output if item["type"] == "function_call"]
            if not calls:
                assert not self.client.errors
                return began_s
            for call in calls:
                result = json.dumps(self.results[call["name"]])
                item = {"type": "function_call_output", "call_id": call["call_id"], "output": result}
                self.client.send("conversation.item.create", item=item)
            self.client.send("response.create")

    async def _type(self, text: str) -> float:
        self.client.say(text)
        self.client.send("response.create")
        return await self._answer()

    def _spoken(self) -> tuple[str, float]:
        """The newest message of the agent, and how long its sound is, in seconds."""
        item = self.client.last("response.output_audio.delta")["item_id"]
        return item, len(self.client.sound[item]) * SPOKEN_MS_PER_BYTE / 1_000

    async def ask(self, text: str) -> None:
        began_s = await self._type(text)
        _, length_s = self._spoken()
        await asyncio.sleep(began_s + length_s + HEARD_OUT_S - time.monotonic())

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        began_s = await self._type(text)
        item, _ = self._spoken()
        await asyncio.sleep(began_s + after_ms / 1_000 - time.monotonic())
        self.client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=after_ms)
        await self.client.until("conversation.item.truncated")

    async def leave(self) -> None:
        self.client.client.drop()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        client = await RealtimeClient.connect(server.port, AGENT, key=token)
        await client.until(lambda: client.errors)
        while client.closed is None:
            await client.read()
        return str(client.errors[0]["message"])


class WebRtcDoorClient(DoorClient):
    """The Realtime protocol again, with the sound on a track."""

    name = "webrtc"
    counted_as = "realtime"

    def __init__(self, client: Any, results: Results) -> None:
        self.client, self.results = client, results
        self._answered = 0

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        from tests.transports.realtime.rtc_client import RtcClient

        client = await RtcClient.connect(server, AGENT, token)
        tools = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in results]
        client.send("session.update", session={"type": "realtime", "tools": tools})
        await client.until("session.updated")
        return cls(client, results)

    async def _type(self, text: str) -> None:
        """Type that, until the answer's voice sets in."""
        content = [{"type": "input_text", "text": text}]
        self.client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        self.client.send("response.create")
        started = self._count("output_audio_buffer.started")
        while self._count("output_audio_buffer.started") == started:
            await self.client.until(lambda: self._count("output_audio_buffer.started") > started or self._unanswered())
            for call in self._unanswered():
                self._answered += 1
                result = json.dumps(self.results[call["name"]])
                item = {"type": "function_call_output", "call_id": call["call_id"], "output": result}
                self.client.send("conversation.item.create", item=item)
                self.client.send("response.create")

    def _unanswered(self) -> list[Any]:
        return list(self.client.all("response.function_call_arguments.done")[self._answered :])

    def _count(self, kind: str) -> int:
        return len(self.client.all(kind))

    async def ask(self, text: str) -> None:
        stopped = self._count("output_audio_buffer.stopped")
        await self._type(text)
        await self.client.until(lambda: self._count("output_audio_buffer.stopped") > stopped)
        await asyncio.sleep(HEARD_OUT_S)
        assert not self.client.all("error")

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        await self._type(text)
        await asyncio.sleep(after_ms / 1_000)
        self.client.send("output_audio_buffer.clear")
        await self.client.until("output_audio_buffer.cleared")

    async def leave(self) -> None:
        await self.client.close()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        from tests.transports.realtime.rtc_client import RtcClient, post_offer

        client = RtcClient()
        sdp = await client.offer()
        _, _, body = await post_offer(server, sdp.encode(), query=f"?model={AGENT}", key=token)
        await client.close()
        return str(json.loads(body)["error"]["message"])


class TelephoneDoorClient(DoorClient):
    """It has no keyboard: what is to be typed is said, a word in 200 ms, as the fake ear hears it."""

    name = "telephone"
    ms_per_character = 60
    """Speech within 1.5 s goes on with what was said before: see `CUT_OFF_MS`. So the word that is being said
    then has to be long."""
    cannot = frozenset({"functions of the app", "tokens", "words of a refusal"})

    def __init__(self, line: MediaLine) -> None:
        self.line = line

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        line = await (await MediaLine.ring(server.port)).__aenter__()
        await line.until(lambda: any(call.session for call in server.server.calls))
        return cls(line)

    async def _say(self, text: str) -> None:
        """Say that, until the answer's voice sets in."""
        before = len(self.line.heard)
        self.line.speak(tone(len(text.split()) * WORD_MS, self.line.rate_hz))
        await self.line.until(lambda: not self.line.speaking)
        before = max(before, len(self.line.heard))
        await self.line.until(lambda: len(self.line.heard) > before)

    async def ask(self, text: str) -> None:
        await self._say(text)
        await self.line.until(lambda: asyncio.get_running_loop().time() - self.line.heard[-1][0] > HEARD_OUT_S * 2)

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        """What is said next stops the answer."""
        await self._say(text)
        await asyncio.sleep((CUT_OFF_MS + after_ms / 4) / 1_000)

    async def leave(self) -> None:
        self.line.hang_up()
        await self.line.__aexit__()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        status, document = await post(server.port, "/telephone/twilio/voice", *signed_webhook("twilio", f"CA{token}"))
        assert status == 200
        return document


class RtviDoorClient(DoorClient):
    name = "rtvi"

    def __init__(self, person: RtviPerson, results: Results) -> None:
        self.person, self.results = person, results
        self._answered = 0

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        query = f"agent={AGENT}&greet=false&app_tools={','.join(results)}&token={token}"
        person = cls._person(await RawClient.connect(server.port, f"/rtvi?{query}"))
        person.say("client-ready", {"version": "2.1.0", "about": {"library": "test"}})
        await person.until(lambda: person.data("bot-ready"))
        return cls(person, results)

    @staticmethod
    def _person(client: RawClient) -> RtviPerson:
        return RtviPerson(client)

    def _serve(self) -> None:
        calls = self.person.data("llm-function-call-in-progress")
        for call in calls[self._answered :]:
            result = self.results[call["function_name"]]
            self.person.say("llm-function-call-result", {**call, "result": result})
        self._answered = len(calls)

    async def _until(self, seen: Callable[[], object]) -> None:
        await self.person.until(lambda: self._serve() or seen())
        assert not self.person.close_code
        assert not self.person.data("error")

    def _count(self, kind: str) -> int:
        return self.person.types.count(kind)

    async def ask(self, text: str) -> None:
        before = self._count("bot-stopped-speaking")
        self.person.say("send-text", {"content": text})
        await self._until(lambda: self._count("bot-stopped-speaking") > before)

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        before = self._count("bot-started-speaking")
        self.person.say("send-text", {"content": text})
        await self._until(lambda: self._count("bot-started-speaking") > before)
        await self.person.listen(after_ms / 1_000)
        self.person.client.send(BINARY, RTVI_INTERRUPTION)
        heard = self._count("bot-stopped-speaking")
        await self._until(lambda: self._count("bot-interrupted") and self._count("bot-stopped-speaking") > heard)

    async def leave(self) -> None:
        self.person.client.drop()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        person = cls._person(await RawClient.connect(server.port, f"/rtvi?agent={AGENT}&token={token}"))
        await person.until(lambda: person.close_code)
        return str(person.data("error")[0]["error"])


class VocalDoorClient(DoorClient):
    """Its clients run no functions, and interrupt an answer by what they say next."""

    name = "vocal"
    cannot = frozenset({"functions of the app"})

    def __init__(self, person: VocalPerson) -> None:
        self.person = person

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        person = await VocalPerson.connected(server.port, f"token={token}")
        person.configure(configId=AGENT, allowInterruptions=True)
        await person.until(lambda: person.count("call_ready"))
        return cls(person)

    async def _type(self, text: str) -> None:
        """Type that, until the answer's voice sets in."""
        before = self.person.count("tts_stream")
        self.person.say(type="transcript", text=text)
        await self.person.until(lambda: self.person.count("tts_stream") > before)
        assert not self.person.errors

    async def ask(self, text: str) -> None:
        ended, before_s = self.person.count("tts_stream_end"), self.person.sound_s
        await self._type(text)
        began_s = time.monotonic()
        await self.person.until(lambda: self.person.count("tts_stream_end") > ended)
        left_s = began_s + self.person.sound_s - before_s + HEARD_OUT_S - time.monotonic()
        await self.person.listen(left_s)

    async def ask_and_interrupt(self, text: str, after_ms: int) -> None:
        """What is typed next stops the answer."""
        await self._type(text)
        await self.person.listen(after_ms / 1_000)

    async def leave(self) -> None:
        self.person.client.drop()

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        person = await VocalPerson.connected(server.port, f"token={token}")
        await person.until(lambda: person.close_code)
        return person.errors[0]


class OpenAiDoorClient(DoorClient):
    """The client keeps the dialogue, and every request is a call of its own."""

    name = "openai"
    cannot = frozenset({"functions of the app", "interruptions"})

    def __init__(self, server: RunningServer, token: str) -> None:
        self.server, self.token = server, token
        self.messages: list[dict[str, str]] = []

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        return cls(server, token)

    async def ask(self, text: str) -> None:
        self.messages.append({"role": "user", "content": text})
        status, answer = await self._post(self.server, self.token, self.messages)
        assert status == 200, answer
        self.messages.append({"role": "assistant", "content": answer["choices"][0]["message"]["content"]})

    async def leave(self) -> None:
        """There is no connection."""

    @staticmethod
    async def _post(server: RunningServer, token: str, messages: list[dict[str, str]]) -> tuple[int, Any]:
        status, _, body = await server.http(
            "POST", "/v1/chat/completions", f"Authorization: Bearer {token}\r\n", {"model": AGENT, "messages": messages}
        )
        return status, json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        status, answer = await cls._post(server, token, [{"role": "user", "content": "Hello."}])
        assert status in (401, 429, 503)
        return str(answer["error"]["message"])


class WyomingDoorClient(DoorClient):
    """Every message is a call of its own, which the conversation's id joins."""

    name = "wyoming"
    cannot = frozenset({"functions of the app", "interruptions", "tokens"})

    def __init__(self, server: RunningServer) -> None:
        self.server = server

    @classmethod
    async def arrive(cls, server: RunningServer, results: Results, token: str) -> Self:
        return cls(server)

    @staticmethod
    async def _ask(server: RunningServer, text: str) -> Any:
        from wyoming.asr import Transcript
        from wyoming.client import AsyncTcpClient

        (listener,) = server.server._listeners
        async with asyncio.timeout(60), AsyncTcpClient("127.0.0.1", listener.port) as client:  # type: ignore[attr-defined]
            await client.write_event(Transcript(text, {"conversation_id": "01J"}).event())
            while (event := await client.read_event()) is not None:
                if event.type in ("handled", "not-handled", "error"):
                    return event
        raise AssertionError("the connection was closed")

    async def ask(self, text: str) -> None:
        assert (await self._ask(self.server, text)).type == "handled"

    async def leave(self) -> None:
        """Its connections are closed."""

    @classmethod
    async def refusal(cls, server: RunningServer, token: str) -> str:
        event = await cls._ask(server, "Hello.")
        assert event.type == "error"
        return str(event.data["text"])


DOORS: tuple[type[DoorClient], ...] = (
    VoiDoorClient, RealtimeDoorClient, WebRtcDoorClient, RtviDoorClient, VocalDoorClient, OpenAiDoorClient,
    WyomingDoorClient, TelephoneDoorClient,
)  # fmt: skip
