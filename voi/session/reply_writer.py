"""Writes one reply: the LLM's stream through guard and parser, cut into pieces that are shown and handed to the voice.

A denial found while nothing of the reply was released is tried again, and nobody notices; one found later stops the
voice at the next piece and gives up gracefully.
"""

import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from voi.config.agents import Agent
from voi.config.classifiers import ControlAgent
from voi.core.facts import ReplyText, ReplyWritten
from voi.core.guard import PatternGuard, RetryPlan
from voi.core.reply_parser import ReplyParser, ReplySegment
from voi.core.unspoken import Unspoken
from voi.dialogue import Message
from voi.engines.base import Llm, LlmRequest
from voi.errors import EngineError, VoiError
from voi.session.chunker import Chunker
from voi.session.llm_checks import complete, is_denial
from voi.session.phrase_sound import load_phrase_sound
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyFact, ReplyVoice
from voi.text.speakable import has_speech

REPLY_MAX_CHARACTERS = 20_000
"""A model that goes on for longer (twenty minutes of speech) is cut off."""
BASE_TEMPERATURE = 0.5
"""First try of an agent that has a control agent and no temperature of its own."""

_BEGIN_WITH_THOUGHTS: set[str] = set()
"""Models whose prompt's template opens their thoughts, so that only the closing tag is seen: learnt from replies."""

log = logging.getLogger(__name__)


class ReplyWriter:
    """Writes one reply; its `answer` or `say` is the body of a task of its own. Both raise VoiError."""

    __slots__ = (
        "_agent",
        "_began",
        "_control",
        "_count",
        "_llm",
        "_on_token",
        "_reply",
        "_speaker",
        "_tell",
        "_told",
        "_tone",
        "_voice",
    )

    def __init__(
        self,
        reply: int,
        agent: Agent,
        control: ControlAgent | None,
        llm: Llm,
        voice: ReplyVoice,
        speaker: Playback,
        tell: Callable[[ReplyFact], None],
        on_token: Callable[[int], None],
    ) -> None:
        self._reply = reply
        self._agent = agent
        self._control = control
        self._llm = llm
        self._voice = voice
        self._speaker = speaker
        self._tell = tell
        self._on_token = on_token
        self._told: list[Piece] = []
        """Pieces of the present try."""
        self._count = 0
        """Pieces of all tries."""
        self._tone = "neutral"
        self._began = False
        """Some text of the present try came."""

    # ---- an answer ----------------------------------------------------------------------------------

    async def answer(self, messages: tuple[Message, ...]) -> None:
        """Have the agent answer the messages."""
        control = self._control
        if control is None:
            await self._try(messages, self._agent.temperature)
        else:
            base = BASE_TEMPERATURE if self._agent.temperature is None else self._agent.temperature
            await self._try_until_good(messages, control, base)
        await self._end()

    async def _try_until_good(self, messages: tuple[Message, ...], control: ControlAgent, base: float) -> None:
        plan = RetryPlan(control.giveup_after, control.temperature_multiplier, base)
        denials = 0
        while not await self._try(messages, plan.temperature(denials)):
            denials += 1
            log.info("reply %d: denial %d", self._reply, denials)
            if not self._take_back() or plan.gives_up(denials):
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
        )
        if self._control and not self._control.matches_patterns:
            return await self._try_judged(request, self._control)
        self._began = False
        try:
            return await self._try_streamed(request)
        except EngineError as error:
            # before its first text the LLM asks a second time by itself; afterwards only we know what was released
            if not error.retryable or not self._began or not self._take_back():
                raise
        return await self._try_streamed(request)

    async def _try_streamed(self, request: LlmRequest) -> bool:
        unspoken = Unspoken(opened=request.model in _BEGIN_WITH_THOUGHTS)
        parser, pieces = self._reading()
        characters = 0
        async with aclosing(self._llm.stream(request)) as deltas:  # type: ignore[type-var]
            async for delta in deltas:
                if not characters:
                    self._began = True
                    self._on_token(self._reply)
                characters += len(delta)
                text = unspoken.feed(delta)
                if unspoken.thought_first and request.model not in _BEGIN_WITH_THOUGHTS:
                    log.warning("%s thinks aloud before its replies; they begin behind its </think> now", request.model)
                    _BEGIN_WITH_THOUGHTS.add(request.model)
                    self._take_back()
                    parser, pieces = self._reading()
                await self._feed(pieces, parser.feed(text))
                if pieces.denied:
                    return False
                if characters > REPLY_MAX_CHARACTERS:
                    break
        await self._feed(pieces, parser.feed(unspoken.close()) + parser.close())
        await self._put_all(pieces.close())
        return not pieces.denied

    def _reading(self) -> tuple[ReplyParser, Chunker]:
        guard = PatternGuard(self._control.denial_phrases) if self._control else None
        return self._parser(self._agent.speaks_json), Chunker(guard, self._voice.language)

    async def _try_judged(self, request: LlmRequest, control: ControlAgent) -> bool:
        answer = await complete(self._llm, request, REPLY_MAX_CHARACTERS)
        self._on_token(self._reply)
        parser = self._parser(self._agent.speaks_json)
        unspoken = Unspoken(opened=request.model in _BEGIN_WITH_THOUGHTS)
        spoken = unspoken.feed(answer) + unspoken.close()
        segments = parser.feed(spoken) + parser.close()
        text = "".join(segment.text for segment in segments)
        if text.strip() and await is_denial(self._llm, control, text):
            self._tone = segments[-1].tone
            return False
        await self._say(segments)
        return True

    def _take_back(self) -> bool:
        """Make as if nothing had been written yet. False: something was released."""
        if self._told and not self._speaker.rewind(self._reply):
            return False
        self._voice.drop_waiting()
        self._voice.abandon(self._count)
        self._blank(self._told)
        self._told.clear()
        return True

    async def _give_up(self, control: ControlAgent) -> None:
        """Say what the control agent has for this, after the piece that is being spoken."""
        self._blank(self._voice.drop_waiting())
        if control.giveup_response:
            await self._say([ReplySegment(random.choice(control.giveup_response), "character", self._tone)])

    def _blank(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._tell(ReplyText(self._reply, piece.number, "", piece.voice, spoken=False))

    # ---- a phrase -----------------------------------------------------------------------------------

    async def say(self, text: str, tone: str, file: str | None, greetings_dir: Path | None, rate_hz: int) -> None:
        """Say the words as they are: from the sound file where there is one that can be played, else by the voice."""
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
        parser = self._parser(False)
        await self._say([ReplySegment(part.text, part.voice, tone) for part in parser.feed(text) + parser.close()])
        await self._end()

    def _parser(self, json_expected: bool) -> ReplyParser:
        return ReplyParser(json_expected, narrated=self._voice.can_say("narrator"))

    # ---- both ---------------------------------------------------------------------------------------

    async def _say(self, segments: list[ReplySegment]) -> None:
        pieces = Chunker(language=self._voice.language)
        await self._put_all(pieces.feed(segments))
        await self._put_all(pieces.close())

    async def _feed(self, pieces: Chunker, segments: list[ReplySegment]) -> None:
        if segments:
            self._tone = segments[-1].tone
            await self._put_all(pieces.feed(segments))

    async def _put_all(self, segments: list[ReplySegment]) -> None:
        for segment in segments:
            spoken = self._voice.can_say(segment.voice) and has_speech(segment.text)
            piece = Piece(self._count, segment.text, segment.voice, segment.tone)
            self._told.append(piece)
            self._count += 1
            self._tell(ReplyText(self._reply, piece.number, piece.text, piece.voice, spoken, piece.tone))
            if spoken:
                await self._voice.put(piece)

    async def _end(self) -> None:
        self._tell(ReplyWritten(self._reply))
        await self._voice.end()
