"""Responses beside the conversation (`conversation: "none"`): the agent's model answers what the client gives it, as
text or in the agent's voice, and nothing of it enters the dialogue.

As by the real server, their sound takes no part in turn-taking: it is sent as it is made, between that of the
conversation, nobody's voice stops it, and `response.cancel` needs its id.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from voi.dialogue import Message, ReplySegment
from voi.errors import VoiError
from voi.session.session import Session
from voi.tasks import Tasks
from voi.text.speakable import has_speech
from voi.transports.realtime.agent_side import ResponseWish
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.formats import FormatEncoder
from voi.transports.realtime.responses import AgentResponse
from voi.transports.realtime.settings import modalities_of
from voi.transports.realtime.wire import EventError, Json, limits

log = logging.getLogger(__name__)

AT_ONCE_MAX = 4
MESSAGE = 0
"""The one message of such a response."""
SPEECH_TIMEOUT_S = 600.0
BACKLOG_MAX_BYTES = 256 * 1024
BACKLOG_RETRY_S = 0.05
ONE_TRACK = "Over WebRTC there is one track, which is the conversation's: a response beside it is text."


class ResponsesBeside:
    """The responses of one client that are made beside its conversation. `requests_left`: how many its app may ask for
    per minute, how many are left of these, and in how many seconds they are all there again; None: there is no
    limit."""

    def __init__(
        self, door: RealtimeDoor, session: Session, tasks: Tasks, usage: Callable[[], Json],
        requests_left: Callable[[], tuple[int, int, float] | None],
    ) -> None:  # fmt: skip
        self._door, self._session, self._tasks, self._usage = door, session, tasks, usage
        self._requests_left = requests_left
        self._in_events = door.sound_in_events
        self._running: dict[str, asyncio.Task[None]] = {}

    def create(self, given: Json, wish: ResponseWish) -> None:
        """Begin one. Raises EventError."""
        if len(self._running) >= AT_ONCE_MAX:
            raise EventError(f"At most {AT_ONCE_MAX} responses beside the conversation are made at once.",
                             "rate_limit_exceeded")  # fmt: skip
        spoken = self._spoken(given)
        settings = self._door.settings
        response = AgentResponse(
            self._door.emit, self._door.items, conversation_id=None, asked=True, sound=spoken,
            audio=settings.output_audio() if spoken else {}, metadata=wish.metadata,
        )  # fmt: skip
        response.created()
        task = self._tasks.start(self._answer(response, wish.instructions, wish.given), "response beside")
        self._running[response.id] = task

    def _spoken(self, given: Json) -> bool:
        """Whether it is to have sound. Raises EventError."""
        asked = given.get("output_modalities")
        if asked is None:
            return self._speaks and not self._door.settings.silent
        wants = "audio" in modalities_of(asked, "response.output_modalities")
        if wants and not self._speaks:
            words = "The agent has no voice." if self._in_events else ONE_TRACK
            raise EventError(f"{words} Ask for ['text'].", "invalid_value", "response.output_modalities")
        return wants

    @property
    def _speaks(self) -> bool:
        return self._in_events and self._session.beside.has_voice

    def cancel(self, response_id: str) -> bool:
        """Cancel one. False: there is none of that id."""
        task = self._running.get(response_id)
        if task is not None:
            task.cancel()
        return task is not None

    async def _answer(self, response: AgentResponse, instructions: str, messages: tuple[Message, ...] | None) -> None:
        try:
            text = await self._session.beside.answer(instructions, messages)
            response.text(MESSAGE, ReplySegment(text))
            if response.spoken and has_speech(text):
                async with asyncio.timeout(SPEECH_TIMEOUT_S):
                    await self._speak(response, text)
            response.message_done(MESSAGE)
            response.finish("completed", self._usage())
        except asyncio.CancelledError:
            response.finish("cancelled", self._usage())
            raise
        except TimeoutError:
            response.error = "The voice took too long."
            response.finish("failed", self._usage())
        except VoiError as error:
            response.error = str(error)
            response.finish("failed", self._usage())
        except Exception:
            log.exception("a response beside the conversation broke")
            response.error = "The server had an error."
            response.finish("failed", self._usage())
        finally:
            self._running.pop(response.id, None)
            self._tell_limit()

    def _tell_limit(self) -> None:
        """The only limit of Voi that is one on requests is that on these responses."""
        left = self._requests_left()
        if left is None:
            self._door.emit(limits())
        else:
            limit, remaining, reset_s = left
            self._door.emit(limits(
                {"name": "requests", "limit": limit, "remaining": remaining, "reset_seconds": reset_s}
            ))  # fmt: skip

    async def _speak(self, response: AgentResponse, text: str) -> None:
        encoder = FormatEncoder(self._door.settings.output_format)
        async with aclosing(self._session.beside.speech(text)) as speech:
            async for pcm in speech:
                response.sound(MESSAGE, encoder.encode(pcm))
                # a client that reads slowly, or is away
                while self._door.backlog_bytes > BACKLOG_MAX_BYTES:  # noqa: ASYNC110
                    await asyncio.sleep(BACKLOG_RETRY_S)
        response.sound(MESSAGE, encoder.flush())
