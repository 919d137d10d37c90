"""Writes one reply: the LLM's stream through guard and parser, cut into pieces that are shown and handed to the voice.

After a denial that is found while the reply is still muted, the model is asked again, and the person notices nothing. A
denial found later stops the voice at the next piece and gives up gracefully. After an answer without a word the model
is asked once more. Tools are called when the answer is complete and no denial.
"""

import asyncio
import logging
import random
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

from voi.config.agents import Agent
from voi.config.classifiers import ControlAgent
from voi.core.called_in_text import calls_in
from voi.core.facts import ReplyText, ReplyThinking, ReplyWritten, ToolCalled
from voi.core.guard import RetryPlan
from voi.core.reply_parser import ReplyParser
from voi.dialogue import Message, ReplySegment, ToolCall, ToolSpec
from voi.engines.base import CallPart, Finished, FinishReason, Llm, LlmEvent, LlmRequest, Reasoning, TextDelta
from voi.engines.fallback.answers import first_within
from voi.engines.fallback.choices import Fallbacks, Trial
from voi.engines.llm.thought_habits import Habit, ThoughtHabits
from voi.errors import EngineError, VoiError
from voi.session.chunker import Chunker, ReplyReading
from voi.session.failure import UNREAD_VERDICT, Failure, FailureKind, JudgeFailed, NothingSaid, cut_short, nothing_said
from voi.session.metering import MeteredLlm, Metering
from voi.session.phrase_sound import load_phrase_sound
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyFact, Voicing
from voi.session.sentence_judge import SentenceJudge
from voi.session.spoken_guard import SpokenGuard, prepare
from voi.text.speakable import has_speech

REPLY_MAX_CHARACTERS = 20_000
"""Longest reply (twenty minutes of speech). A longer one is cut off."""
_CALL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
"""Call ids of providers. One of another kind is replaced: it is sent to the model again with every later answer."""
BASE_TEMPERATURE = 0.5
"""Temperature of the first try if an agent has a control agent and no temperature of its own."""

STRIDE_CHARACTERS = 500
"""Longest text that is read without giving the event loop a turn: 5 to 25 ms of work with a guard."""
DELTA_CHARACTERS = 20
"""The fixed cost of reading one delta, in characters that take as much time to read."""
STRIDE_PIECES = 8
"""The same limit, in pieces shown and handed to the voice."""
BUDGET_S = 30.0
"""Time for the first words of one reply, over all tries: a failed try leaves its remaining time to the next. It equals
the longest time that a server may set for one try, and the core's wait (`Script.reply_timeout_ms`)."""
THINKING_EVERY_S = 1.0

AddExcerpts = Callable[[tuple[Message, ...]], Awaitable[tuple[Message, ...]]]

log = logging.getLogger(__name__)


class ReplyWriter:
    """Writes one reply. `answer` or `say` is the body of its task; both raise VoiError. `on_failure` is told of
    failures after which the reply goes on. `habits`: which models begin with thoughts. `metering` counts what is asked.
    """

    __slots__ = (
        "_agent",
        "_began",
        "_began_s",
        "_calls",
        "_control",
        "_count",
        "_fallbacks",
        "_finish",
        "_guard",
        "_habits",
        "_judge",
        "_llm",
        "_may_call",
        "_metering",
        "_model",
        "_must_call",
        "_on_failure",
        "_on_token",
        "_playback",
        "_printed",
        "_reasons",
        "_reply",
        "_tell",
        "_thought_s",
        "_told",
        "_tone",
        "_tools",
        "_trial",
        "_unfinished",
        "_voice",
        "_wrote",
    )

    def __init__(
        self,
        reply: int,
        agent: Agent,
        control: ControlAgent | None,
        llm: Llm,
        voice: Voicing,
        playback: Playback,
        tell: Callable[[ReplyFact], None],
        on_token: Callable[[int], None],
        on_failure: Callable[[Failure], None] = lambda failure: None,
        habits: ThoughtHabits | None = None,
        metering: Metering | None = None,
        fallbacks: Fallbacks | None = None,
    ) -> None:
        self._reply = reply
        self._agent = agent
        self._control = control
        self._llm = llm
        self._voice = voice
        self._playback = playback
        self._tell = tell
        self._on_token = on_token
        self._on_failure = on_failure
        self._habits = habits or ThoughtHabits()
        self._metering = metering or Metering(lambda model: llm.info.name, lambda use: None)
        self._fallbacks = fallbacks or Fallbacks()
        self._model = agent.llm_model
        """The model that is asked: the agent's, or its second choice."""
        self._trial: Trial | None = None
        """The current try, if it asks the first of two models."""
        self._told: list[Piece] = []
        """Pieces of the current try."""
        self._count = 0
        """Number of pieces of all tries."""
        self._tone = "neutral"
        self._began = False
        """Some text of the current try has arrived."""
        self._wrote = False
        """Some word of it has arrived, be it one that is not spoken."""
        self._guard: SpokenGuard | None = None
        """The guard of the current try's words as they are spoken, if the control agent has phrases."""
        self._judge: SentenceJudge | None = None
        """The judge of the current try, if the control agent is an LLM."""
        self._finish: FinishReason | None = None
        self._unfinished = ""
        """Why the answer that is given ends before its end."""
        """How the current try ended; None: the model did not say."""
        self._reasons = False
        """The current try came with reasoning apart from its text."""
        self._calls: list[ToolCall] = []
        """Tool calls of the current try."""
        self._tools: tuple[ToolSpec, ...] = ()
        self._may_call, self._must_call = True, ""
        self._printed: list[str] = []
        """The text of the current try, in which a model may have printed a call."""
        self._began_s = self._thought_s = asyncio.get_running_loop().time()

    # ---- an answer ----------------------------------------------------------------------------------

    async def answer(
        self,
        messages: tuple[Message, ...],
        tools: tuple[ToolSpec, ...] = (),
        *,
        may_call: bool = True,
        must_call: str = "",
        add: AddExcerpts | None = None,
    ) -> None:
        """Write the agent's answer to the messages. `tools`: those of the agent. `may_call` False: it may call none of
        them any more. `must_call`: see `LlmRequest`. `add` adds excerpts of files to the messages first. Raises
        VoiError if all tries fail."""
        if add is not None:
            messages = await add(messages)
        control = self._control
        self._tools, self._may_call, self._must_call = tools, may_call, must_call
        if control is None:
            await self._try(messages, self._agent.temperature)
        else:
            base = BASE_TEMPERATURE if self._agent.temperature is None else self._agent.temperature
            await self._try_until_good(messages, control, base)
        for call in self._calls:
            self._tell(ToolCalled(self._reply, call.call_id, call.name, call.arguments))
        await self._end()

    async def _try_until_good(self, messages: tuple[Message, ...], control: ControlAgent, base: float) -> None:
        plan = RetryPlan(control.giveup_after, control.temperature_multiplier, base)
        denials = 0
        while not await self._try(messages, plan.temperature(denials)):
            denials += 1
            log.info("reply %d: denial %d", self._reply, denials)
            if not self._take_back() or plan.gives_up(denials):
                self._calls = []
                await self._give_up(control)
                return

    async def _try(self, messages: tuple[Message, ...], temperature: float | None) -> bool:
        """Write the answer once. False: it is a denial."""
        request = LlmRequest(
            self._agent.llm_model,
            messages,
            temperature,
            json_mode=self._agent.speaks_json,
            max_tokens=self._agent.max_tokens,
            tools=self._tools,
            may_call=self._may_call,
            must_call=self._must_call,
        )
        good = await self._try_again_if_broken(request)
        if good and self._is_empty:
            kind: FailureKind = "llm_filtered" if self._finish == "content_filter" else "llm_empty"
            self._take_back()
            good = await self._try_again_if_broken(request)
            if good and self._is_empty:
                raise NothingSaid(nothing_said(request.model, self._finish, wrote=self._wrote), kind)
            self._failed(kind, "the answer had no word; it was asked for once more.")
        elif good and self._finish in (None, "length", "content_filter"):
            self._failed("llm_filtered" if self._finish == "content_filter" else "llm_cut", cut_short(self._finish))
            self._unfinished = self._finish or ""
        return good

    async def _try_again_if_broken(self, request: LlmRequest) -> bool:
        self._began = False
        first, second = self._models(request)
        try:
            return await self._try_once(self._within_budget(first))
        except EngineError as error:
            again = self._may_ask(second, error)
            if self._trial is not None and not isinstance(error, JudgeFailed):
                self._trial.failed(error, taken_over=again)
            if not again:
                raise
            broken, self._trial = error, None
        good = await self._try_once(self._within_budget(second))  # a failure here is reported as the failure of both
        if second is first:
            self._failed("llm", f"{broken} It was asked once more.")
        return good

    def _models(self, request: LlmRequest) -> tuple[LlmRequest, LlmRequest]:
        """What is asked first, and what is asked if that breaks: the same once more, or the other model."""
        fallback = self._agent.fallback
        self._trial = None
        if fallback.llm_model is None:
            return request, request
        other = replace(request, model=fallback.llm_model)
        self._trial = self._fallbacks.ask("llm", request.model, other.model)
        return (other, request) if self._trial is None else (request, other)

    def _may_ask(self, again: LlmRequest, error: EngineError) -> bool:
        """Whether that may be asked, since the try before it broke. Before its first text the LLM engine retries by
        itself; after that only this class knows what was released."""
        other = again.model != self._model and not isinstance(error, JudgeFailed)
        return (other or (error.retryable and self._began)) and self._left_ms > 0 and self._take_back()

    @property
    def _left_ms(self) -> int:
        """What is left of the budget, in ms."""
        return round((self._began_s + BUDGET_S - asyncio.get_running_loop().time()) * 1_000)

    def _within_budget(self, request: LlmRequest) -> LlmRequest:
        """The request, limited to what is left of the budget. Raises EngineError if nothing is left."""
        if self._left_ms <= 0:
            raise EngineError(f"LLM model {request.model[:80]!r} did not answer in time.")
        return replace(request, first_token_ms=self._left_ms)

    @property
    def _is_empty(self) -> bool:
        return not self._calls and not any(piece.text.strip() for piece in self._told)

    def _failed(self, kind: FailureKind, what: str, model: str = "") -> None:
        """`model`: the one that failed; "": the agent's."""
        model = model or self._model
        took_ms = round((asyncio.get_running_loop().time() - self._began_s) * 1_000)
        self._on_failure(Failure(kind, self._metering.provider_of(model), model, what, took_ms))

    async def _try_once(self, request: LlmRequest) -> bool:
        self._model = request.model
        self._judge = self._new_judge()
        try:
            return await self._write(request)
        finally:
            if self._judge:
                await self._judge.close()

    async def _write(self, request: LlmRequest) -> bool:
        phrases = self._control.denial_phrases if self._control else ()
        self._guard = None
        if phrases:
            await prepare(phrases, self._voice.language)
            self._guard = SpokenGuard(phrases, self._voice.language)
        reading = ReplyReading(
            self._agent.speaks_json,
            narrated=self._voice.can_say("narrator"),
            phrases=phrases,
            language=self._voice.language,
            opened=self._habit != "speaks",
        )
        if self._habit in ("unknown", "may think"):
            log.info("LLM %s: this reply waits until it is known whether it begins with a thought", request.model[:80])
        async with aclosing(self._texts(request)) as texts:
            async for text in texts:
                if self._reasons and reading.thinks is None:
                    await self._pass_on(reading.speaks())
                was_first = reading.thought_first
                pieces = reading.feed(text)
                self._tone = reading.tone
                if reading.thought_first and not was_first:
                    log.warning("LLM %s thought aloud before its reply, against its habit", request.model)
                    await self._start_over()
                if not pieces:
                    self._thinks()
                await self._pass_on(pieces)
                if reading.denied or self._denied_as_spoken or (self._judge and self._judge.is_over):
                    break
        if not self._calls and self._tools and self._finish == "stop":
            for call in calls_in("".join(self._printed), [tool.name for tool in self._tools]):
                self._note(call)
        if not self._may_call:
            self._calls.clear()
        complete = self._finish in ("stop", "tool_calls")
        thinks = reading.thinks
        # a thought that was cut lacks its mark; a model that may never write any is not expected to
        await self._pass_on(reading.close(cut=not complete and self._habit != "unknown"), last=not reading.denied)
        denied = reading.denied or self._denied_as_spoken
        if not denied and (thinks is not None or complete):
            await self._habits.learn(request.model, thinks=bool(thinks))
        return not denied and (self._judge is None or await self._judge.passed())

    async def _texts(self, request: LlmRequest) -> AsyncGenerator[str]:
        """The answer's text in short parts, up to `REPLY_MAX_CHARACTERS`. Everything else that the model reports is
        noted."""
        left = most = REPLY_MAX_CHARACTERS
        stride = 0
        self._finish, self._calls, self._reasons, self._wrote = None, [], False, False
        self._printed.clear()
        with self._metering.of(request) as meter:
            async with aclosing(self._events(request)) as events:
                async for event in events:
                    meter.note(event)
                    if not isinstance(event, TextDelta):
                        self._note(event)
                        continue
                    if left == most:
                        self._began = True
                        self._on_token(self._reply)
                    for at in range(0, len(event.text), STRIDE_CHARACTERS):
                        if left <= 0:
                            self._finish = "length"
                            return
                        part = event.text[at : at + STRIDE_CHARACTERS]
                        self._wrote = self._wrote or not part.isspace()
                        if self._tools:
                            self._printed.append(part)
                        stride += len(part) + DELTA_CHARACTERS
                        if stride >= STRIDE_CHARACTERS:
                            stride = 0
                            await asyncio.sleep(0)  # small deltas may all be there already, too
                        left -= len(part)
                        yield part

    def _events(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        stream: AsyncGenerator[LlmEvent] = self._llm.stream(request)  # type: ignore[assignment]
        return stream if self._trial is None else first_within(stream, self._trial, self._agent.fallback.llm_after_s)

    @property
    def _habit(self) -> Habit:
        """How the model begins its replies: the agent says it, or its earlier replies."""
        if self._agent.thinks_first is not None and self._model == self._agent.llm_model:
            return "thinks" if self._agent.thinks_first else "speaks"
        return self._habits.of(self._model)

    @property
    def _denied_as_spoken(self) -> bool:
        return self._guard is not None and self._guard.denied

    def _new_judge(self) -> SentenceJudge | None:
        control = self._control
        if control is None or control.matches_patterns:
            return None
        on_unread = partial(self._failed, "llm", UNREAD_VERDICT, control.model)
        return SentenceJudge(MeteredLlm(self._llm, self._metering), control, self._put_all, on_unread)

    async def _start_over(self) -> None:
        """Withdraw what the current try has written so far; it goes on."""
        if self._guard:
            self._guard.start_over()
        if self._judge:
            await self._judge.close()
            self._judge = self._new_judge()
        self._take_back()

    def _note(self, event: LlmEvent) -> None:
        match event:
            case Reasoning():
                self._reasons = True
                self._thinks()
            case CallPart():
                self._thinks()
            case ToolCall():
                number, used = len(self._calls), {call.call_id for call in self._calls}
                given = _CALL_ID.fullmatch(event.call_id)
                call_id = event.call_id if given else f"call-{self._reply}-{number}"
                if call_id in used:
                    call_id = f"{call_id}-{number}"
                self._calls.append(replace(event, call_id=call_id))
            case Finished(reason):
                self._finish = reason

    def _thinks(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._thought_s >= THINKING_EVERY_S:
            self._thought_s = now_s
            self._tell(ReplyThinking(self._reply))

    def _take_back(self) -> bool:
        """Withdraw all that was written. False: some of it was released, and stays."""
        if (self._told or self._voice.sounds) and not self._playback.rewind(self._reply):
            return False
        self._voice.drop_waiting()
        self._voice.abandon(self._count)
        self._blank(self._told)
        self._told.clear()
        return True

    async def _give_up(self, control: ControlAgent) -> None:
        """Stop the reply after the piece that is being spoken, or after the sentences that a judge has passed, and say
        the control agent's phrase for giving up."""
        if self._judge is None:
            self._blank(self._voice.drop_waiting())
        self._voice.take_over()
        if control.giveup_response:
            await self._say([ReplySegment(random.choice(control.giveup_response), "character", self._tone)])

    def _blank(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._tell(ReplyText(self._reply, piece.number, "", piece.voice, spoken=False))

    # ---- a phrase -----------------------------------------------------------------------------------

    async def say(self, text: str, tone: str, file: str | None, greetings_dir: Path | None, rate_hz: int) -> None:
        """Say the words exactly: from the sound file if one is named and can be played, else by TTS."""
        sound = b""
        if file is not None:
            try:
                sound = await load_phrase_sound(file, greetings_dir, rate_hz)
            except VoiError as error:
                log.warning("a phrase is spoken by the voice instead: %s", error)
        if sound:
            self._tell(ReplyText(self._reply, 0, text, tone=tone))
            self._tell(ReplyWritten(self._reply))
            await self._voice.play(0, sound)
            await self._voice.end()
            return
        parser = ReplyParser(False, narrated=self._voice.can_say("narrator"))
        pieces = Chunker(language=self._voice.language)
        for at in range(0, len(text), STRIDE_CHARACTERS):
            await asyncio.sleep(0)
            segments = parser.feed(text[at : at + STRIDE_CHARACTERS])
            await self._put_all(pieces.feed(replace(segment, tone=tone) for segment in segments))
        await self._put_all(pieces.feed(replace(segment, tone=tone) for segment in parser.close()) + pieces.close())
        await self._end()

    async def say_rest(self, segments: Iterable[ReplySegment]) -> None:
        """Say what is left of a reply."""
        await self._say(list(segments))
        await self._end()

    # ---- both ---------------------------------------------------------------------------------------

    async def _say(self, segments: list[ReplySegment]) -> None:
        pieces = Chunker(language=self._voice.language)
        await self._put_all(pieces.feed(segments))
        await self._put_all(pieces.close())

    async def _pass_on(self, pieces: list[ReplySegment], *, last: bool = False) -> None:
        """Show and say the pieces that the guard and the judge pass. `last`: no others follow."""
        if self._guard:
            pieces = await self._guard.feed(pieces)
            pieces += self._guard.close() if last else []
        if self._judge:
            self._judge.put(pieces)
        else:
            await self._put_all(pieces)

    async def _put_all(self, segments: list[ReplySegment]) -> None:
        for segment in segments:
            spoken = self._voice.can_say(segment.voice) and has_speech(segment.text)
            piece = Piece(self._count, segment.text, segment.voice, segment.tone, spoken=segment.spoken)
            self._told.append(piece)
            self._count += 1
            self._tell(ReplyText(self._reply, piece.number, piece.text, piece.voice, spoken, piece.tone))
            if spoken:
                await self._voice.put(piece)
            if self._count % STRIDE_PIECES == 0:
                await asyncio.sleep(0)

    async def _end(self) -> None:
        self._tell(ReplyWritten(self._reply, self._unfinished))
        await self._voice.end()
