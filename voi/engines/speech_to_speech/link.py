"""One conversation with a speech-to-speech model over OpenAI's Realtime protocol: its connection, what its server has
of the dialogue, and one answer at a time.

Turns are ours (`turn_detection` null): the person's sound is streamed while they speak, and becomes part of the
dialogue when an answer is asked for.
"""

import asyncio
import base64
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from voi.audio.resample import Resampler
from voi.config.brain import SpeechBrain
from voi.engines.base import STT_RATE_HZ, Finished, LlmEvent, LlmRequest
from voi.engines.speech_to_speech.asking import (
    MARK,
    answer_create,
    session_base,
    session_for,
    session_update,
    words_create,
)
from voi.engines.speech_to_speech.connection import ModelConnection
from voi.engines.speech_to_speech.remote_dialogue import RealtimeEvent, RemoteDialogue, name_in
from voi.engines.speech_to_speech.response import REALTIME_RATE_HZ, RemoteResponse, error_in
from voi.engines.speech_to_speech.socket import Connect, connect
from voi.engines.speech_to_speech.uses import uses_of
from voi.errors import EngineError
from voi.tasks import Tasks
from voi.use import Use

READY_S = 8.0
"""Longest wait for a connection when an answer is wanted."""
FIRST_S = 10.0
"""Longest wait for the first sound, word or call of an answer."""
STALL_S = 8.0
"""An answer that stands still for this long is lost."""
ANSWER_S = 600.0
"""Longest time for a whole answer, twice that of the longest one when it is made no faster than it is spoken."""
CANCEL_S = 2.0
"""Longest wait for the end of a cancelled answer. A server that does not end it is connected to again."""
UNASKED_ITEMS_MAX = 256
"""So many items that nobody asked for may come between two answers: what is left of those that were cancelled."""
REFUSALS_TOLD = 16
"""Kinds of refused events that are logged, once each."""
UPLOAD_MS = 100
"""So much of the person's sound goes into one event."""

_HARMLESS = frozenset({"response_cancel_not_active", "item_not_found", "invalid_item_id"})
"""Errors of events whose aim was reached another way."""
_PASSING = frozenset({"rate_limit_exceeded", "server_error", "session_expired", "cancelled", "failed"})


class SpeechLink:
    """`on_lost` is told why the connection was lost; the next answer connects again. `on_use` is told what answers
    cost, dropped ones too. `silent`: answers come as text. All methods are called on the event loop."""

    __slots__ = (
        "_active", "_batch", "_brain", "_committed_by", "_connection", "_dialogue", "_listening", "_on_lost", "_on_use",
        "_refusals", "_resampler", "_session", "_silent", "_tasks", "_turn", "_unasked",
    )  # fmt: skip

    def __init__(
        self,
        brain: SpeechBrain,
        tasks: Tasks,
        *,
        on_lost: Callable[[str], None],
        on_use: Callable[[Use], None],
        silent: bool = False,
        connect: Connect = connect,
    ) -> None:
        self._brain = brain
        self._tasks = tasks
        self._on_lost = on_lost
        self._on_use = on_use
        self._silent = silent
        self._connection = ModelConnection(brain, connect, tasks, self._opened, self._on_event, self._lost)
        self._dialogue = RemoteDialogue()
        self._turn = asyncio.Lock()
        """Held by the answer under way: the server makes one at a time."""
        self._active: RemoteResponse | None = None
        self._session: RealtimeEvent = {}
        """The session as the server was told it."""
        self._committed_by: set[str] = set()
        """RealtimeEvent ids of commits of the newest answer."""
        self._unasked = 0
        """Items since the newest answer was asked for that are not of it."""
        self._refusals: set[str] = set()
        """Codes of errors that were logged."""
        self._resampler = Resampler(STT_RATE_HZ, REALTIME_RATE_HZ)
        self._batch = bytearray()
        self._listening = False

    def prepare(self) -> None:
        """Connect, so that the first answer does not wait for it."""
        self._connection.prepare()

    def close(self) -> None:
        """The conversation is over, or another agent goes on."""
        response, self._active = self._active, None
        if response is not None and not response.over:
            self._tell_uses(response)
        self._connection.close()

    # ---- the person ---------------------------------------------------------------------------------

    def listen(self, utterance: int) -> None:
        """The person begins an utterance; `hear` takes its sound."""
        self._batch.clear()
        self._send(self._dialogue.listen(utterance))
        self._listening = self._brain.hears == "sound"

    def hear(self, pcm: bytes) -> None:
        """Take 16 kHz sound of the utterance."""
        if self._listening and self._connection.is_open and self._dialogue.takes_sound:
            self._batch += self._resampler.push(pcm)
            if len(self._batch) >= UPLOAD_MS * REALTIME_RATE_HZ * 2 // 1_000:
                self._upload()
        elif self._listening:
            self._dialogue.missed()

    def _upload(self) -> None:
        if pcm := bytes(self._batch):
            self._batch.clear()
            event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
            self._connection.send(event)
            self._dialogue.appended(len(pcm) * 1_000 // (2 * REALTIME_RATE_HZ))

    def heard(self, utterance: int, text: str) -> None:
        """The words of the utterance so far."""
        self._dialogue.heard(utterance, text)

    def end_utterance(self) -> None:
        """What is heard from now on belongs to no utterance."""
        if self._listening:
            self._upload()
        self._listening = False

    # ---- an answer ------------------------------------------------------------------------------------

    async def answer(
        self,
        reply: int,
        request: LlmRequest,
        on_sound: Callable[[bytes], None],
        transcribe: Callable[[bytes], Awaitable[str]],
        beside: str = "",
        exact: str = "",
    ) -> AsyncGenerator[LlmEvent]:
        """The model's answer to the request: words, calls, `Finished` last; its sound (24 kHz PCM) is given to
        `on_sound` as it comes. `transcribe` is asked for the words of an answer that came without any. `beside`:
        instructions for this answer alone. `exact`: it is to say these words, apart from the dialogue. It is asked for
        twice if it fails before it has begun. Closing the iterator cancels it. Raises EngineError."""
        async with self._turn:
            for again in (False, True):
                response = RemoteResponse(reply, f"event_{secrets.token_hex(10)}", on_sound)
                try:
                    async with aclosing(self._once(response, request, beside, exact, transcribe)) as events:
                        async for event in events:
                            yield event
                    return
                except EngineError as error:
                    if again or response.began or not error.retryable:
                        raise

    async def _once(
        self,
        response: RemoteResponse,
        request: LlmRequest,
        beside: str,
        exact: str,
        transcribe: Callable[[bytes], Awaitable[str]],
    ) -> AsyncGenerator[LlmEvent]:
        await self._ready()
        self._active, response.asked_s, response.apart = response, _now_s(), bool(exact)
        if exact:
            self._connection.send(words_create(response.asked_by, exact))
        else:
            self._ask(response, request, beside)
        first_s = min(FIRST_S, (request.first_token_ms or 1_000 * FIRST_S) / 1_000)
        try:
            while True:
                took_s = _now_s() - response.asked_s
                limit_s = max(0.0, min(STALL_S, ANSWER_S - took_s) if response.began else first_s - took_s)
                try:
                    async with asyncio.timeout(limit_s):
                        await response.arrived()
                except TimeoutError:
                    what = "fell silent in the middle of its answer" if response.began else "did not answer in time"
                    raise EngineError(f"The speech model {what}.", retryable=response.began) from None
                if response.wordless and response.over and response.error is None:
                    response.transcribed(await transcribe(bytes(response.untold)))
                for event in response.take():
                    yield event
                    if isinstance(event, Finished):
                        return
                if response.too_long:
                    yield Finished("length")
                    return
        finally:
            self._let_go(response)

    async def _ready(self) -> None:
        """Wait until the server can be asked."""
        before = self._active
        if before is not None and not before.over:
            try:
                async with asyncio.timeout(CANCEL_S):
                    await before.ended.wait()
            except TimeoutError:
                self._connection.lose("it did not end an answer that was cancelled.")
        try:
            async with asyncio.timeout(READY_S):
                await self._connection.ready()
        except TimeoutError:
            raise EngineError("The speech model's server could not be reached in time.") from None

    def _ask(self, response: RemoteResponse, request: LlmRequest, beside: str) -> None:
        """Send what makes the server answer the request."""
        self._dialogue.drop(response.reply)
        self._upload()
        session = self._session | session_for(request)
        if session != self._session:
            self._connection.send(
                session_update({key: value for key, value in session.items() if self._session.get(key) != value})
            )
            self._session = session
        self._unasked = 0
        self._committed_by.clear()
        for event in self._dialogue.sync(request.messages):
            if event["type"] == "input_audio_buffer.commit":
                event = {**event, "event_id": f"event_{secrets.token_hex(10)}"}
                self._committed_by.add(event["event_id"])
            self._connection.send(event)
        self._connection.send(answer_create(response.asked_by, request, beside))

    def _let_go(self, response: RemoteResponse) -> None:
        """Cancel the answer, if the server has not ended it."""
        if not response.over and not response.dropped:
            response.dropped, response.dropped_s = True, _now_s()
            self._connection.send({"type": "response.cancel"})

    def cut(self, reply: int, heard_ms: int | None) -> None:
        """The reply was stopped when `heard_ms` of the model's sound were heard; None: it was never released."""
        if self._active is not None and self._active.reply == reply:
            self._let_go(self._active)  # servers cut only what they have ended
        if heard_ms is None:
            self._dialogue.drop(reply)
        else:
            self._send(self._dialogue.cut(reply, heard_ms))

    def _send(self, events: list[RealtimeEvent]) -> None:
        for event in events:
            self._connection.send(event)

    # ---- what the server tells --------------------------------------------------------------------------

    def _opened(self) -> None:
        """The first event turns the server's own turn-taking off, before it is sent any sound."""
        self._session = session_base(self._brain, silent=self._silent)
        self._connection.send(session_update(self._session))

    def _lost(self, why: str) -> None:
        self._session = {}
        self._dialogue.lost()
        response, self._active = self._active, None
        fails = response is not None and not response.over and not response.dropped and response.began
        if response is not None and not response.over:
            response.over = True
            response.fail(EngineError(why, retryable=True))
            self._tell_uses(response)
        if not fails:  # else the failure of the reply is told
            self._on_lost(why)
        self._connection.prepare()

    def _on_event(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "input_audio_buffer.committed":
                self._send(self._dialogue.committed(name_in(event, "item_id")))
            case "error":
                self._on_error(*error_in(event))
            case kind if kind.startswith("response."):
                self._on_response(kind, event)

    def _on_response(self, kind: str, event: Mapping[str, Any]) -> None:
        whole = event.get("response")
        whole = whole if isinstance(whole, dict) else {}
        response, response_id = self._active, name_in(event, "response_id") or name_in(whole, "id")
        if kind == "response.created" and response is not None and not response.response_id:
            marks = whole.get("metadata")
            if not isinstance(marks, dict) or marks.get(MARK, response.asked_by) == response.asked_by:
                response.response_id = response_id
        if response is None or response_id != response.response_id:
            if kind == "response.output_item.added":  # nobody asked for it
                self._unasked += 1
                if self._unasked > UNASKED_ITEMS_MAX:
                    self._connection.lose("it makes answers that nobody asked for.")
                else:
                    self._dialogue.added(-1, _dict(event.get("item")), wanted=False)
            return
        if response.dropped and _now_s() - response.dropped_s > 2 * CANCEL_S and kind != "response.done":
            self._connection.lose("it did not end an answer that was cancelled.")
            return
        item_id = name_in(event, "item_id")
        match kind:
            case "response.output_item.added":
                made = _dict(event.get("item"))
                if response.full:
                    self._connection.lose("its answer has more parts than it may.")
                    return
                dialogue = RemoteDialogue() if response.apart else self._dialogue
                item = dialogue.added(response.reply, made, wanted=not response.dropped)
                if item is not None:
                    response.item_added(item)
            case "response.output_audio.delta":
                response.sound(item_id, event.get("delta"))
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                response.words(item_id, event.get("delta"))
            case "response.output_audio_transcript.done" | "response.output_text.done":
                response.all_words(item_id, event.get("transcript", event.get("text")))
            case "response.function_call_arguments.delta":
                response.arguments_grow(item_id, event.get("delta"))
            case "response.output_item.done":
                response.item_done(_dict(event.get("item")))
            case "response.done":
                if code := response.end(whole):
                    response.fail(_failure(code))
                self._connection.works()
                self._tell_uses(response)

    def _on_error(self, code: str, event_id: str) -> None:
        response = self._active
        if code == "session_expired":
            self._connection.lose("its session has lasted as long as it may.")
        elif code in _HARMLESS or response is None:
            self._refused(code)
        elif event_id in self._committed_by:
            self._dialogue.not_committed()
            response.fail(EngineError("The speech model's server did not take the person's sound.", retryable=True))
        elif event_id == response.asked_by:  # it made no answer at all
            response.over = True
            response.ended.set()
            response.fail(_failure(code))
        elif response.over:
            self._refused(code)
        else:
            response.fail(_failure(code))

    def _refused(self, code: str) -> None:
        """The server refused an event that no answer waits for."""
        if code not in self._refusals and len(self._refusals) < REFUSALS_TOLD:
            self._refusals.add(code)
            self._tasks.log.info("the speech model's server refused an event: %s", code)

    def _tell_uses(self, response: RemoteResponse) -> None:
        took_ms = round((_now_s() - response.asked_s) * 1_000)
        for use in uses_of(self._brain.model, response.usage, response.sound_ms, took_ms):
            self._on_use(use)


def _failure(code: str) -> EngineError:
    if code == "rate_limit_exceeded":
        return EngineError("The speech model's server takes no more at the moment: its rate limit.", retryable=True)
    return EngineError(f"The speech model's answer failed: {code}.", retryable=code in _PASSING)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _now_s() -> float:
    return asyncio.get_running_loop().time()
