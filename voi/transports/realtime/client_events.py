"""What a Realtime client sends: each event, and what it does to the conversation. A mistake is an EventError, and
changes nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from voi.calls.call import Call
from voi.calls.intake import Intake, open_intake
from voi.config.agents import Agent
from voi.config.config import ClientAgents
from voi.core import facts
from voi.core.options import Mode
from voi.errors import ClientError
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.realtime.agent_side import ResponseWish
from voi.transports.realtime.asked import AskedResponse
from voi.transports.realtime.beside import ResponsesBeside
from voi.transports.realtime.chosen import ChosenAgent, VoicesOf, chosen_agent, turn_policy
from voi.transports.realtime.client_items import ItemEvents, bounded
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.formats import RATE_HZ, FormatDecoder, plain_sound_in, sound_in
from voi.transports.realtime.person_side import nothing_to_commit
from voi.transports.realtime.response_input import ResponseInput
from voi.transports.realtime.responses import ResponseStatus
from voi.transports.realtime.settings import INSTRUCTIONS_MAX, RealtimeSettings
from voi.transports.realtime.wire import (
    EventError,
    Json,
    error,
    event_id_of,
    missing,
    object_at,
    parse,
    quoted,
    text_at,
    wrong_type,
)

APPEND_MAX_CHARACTERS = 15 * 2**20 * 4 // 3
ID_MAX = 256
METADATA_MAX = 16
_OF_RESPONSES = ("output_modalities", "tools", "tool_choice", "max_output_tokens", "audio")
"""Settings that a response may have of its own."""
NO_ACTIVE = "response_cancel_not_active"
SYSTEM_MESSAGES = "system messages"
RESPONSE_INSTRUCTIONS = "response.instructions"
"""Names in the list of what is ignored."""


class ClientEvents:
    """Carries out one client's events. `agent`: as its author wrote it. `on_ignored` is told the settings that the
    client's app has no right to. `resumable` lets the client come back from now on, and returns what it has to know for
    that; {}: it cannot. `requests_left`: see `ResponsesBeside`."""

    __slots__ = (
        "_agent", "_answered", "_asked", "_before", "_beside", "_call", "_decoder", "_door", "_events", "_expires_s",
        "_idle", "_idle_from_ms", "_ignored", "_input", "_intake", "_items", "_on_ignored", "_person", "_resumable",
        "_resumed", "_rights", "_session", "_tasks", "_told", "_unheeded", "_voices_of", "_wish",
    )  # fmt: skip

    def __init__(
        self, door: RealtimeDoor, call: Call, session: Session, agent: Agent, rights: ClientAgents, voices_of: VoicesOf,
        on_ignored: Callable[[tuple[str, ...]], None], resumable: Callable[[], Json],
        requests_left: Callable[[], tuple[int, int, float] | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._door, self._person, self._call, self._session = door, door.person, call, session
        self._agent, self._rights, self._voices_of = agent, rights, voices_of
        self._on_ignored, self._resumable = on_ignored, resumable
        self._resumed: Json = {}
        """What the client has to know to come back."""
        self._expires_s: int | None = None
        """When the conversation reaches its longest duration, in s since 1970; None: it has none."""
        self._ignored: tuple[str, ...] = ()
        self._unheeded: list[str] = []
        """More that it may not say, beside settings."""
        self._tasks = Tasks()
        self._intake: Intake = open_intake(None, RATE_HZ, session.hear, self._report, self._tasks)
        self._decoder: FormatDecoder | None = None
        """None: what comes is PCM already."""
        self._idle: asyncio.TimerHandle | None = None
        self._idle_from_ms = 0
        self._wish: ResponseWish | None = None
        """What the next response is asked for with, when the one in progress is over."""
        self._answered = False
        """The session goes on by itself then, because it was given what functions returned."""
        door.session = session
        self._person.hear = self._intake.sound
        door.commit = lambda: self._intake.then(lambda: session.tell(facts.SpeechCommitted()))
        door.forget = lambda message_id: session.tell(facts.MessageDeleted(message_id))
        door.on_response_over = self._response_over
        door.on_quiet = self._await_speech
        door.on_speech = self._stop_waiting
        door.on_closed = self.aclose
        self._items = ItemEvents(door, session, self._cancel_active, lambda: self._may_instruct(SYSTEM_MESSAGES))
        self._beside = ResponsesBeside(door, session, self._tasks, door.usage, requests_left)
        self._input = ResponseInput(door.items, session, lambda: self._may_instruct(SYSTEM_MESSAGES))
        self._asked = AskedResponse(self._waits, self._is_idle, self._ask_again, self._give_up)
        self._told = facts.ReplyAsked()
        """What the session was asked last."""
        self._before: RealtimeSettings | None = None
        """The session's settings, while a response has its own."""
        self._events: dict[str, Callable[[Json], None]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._items.create,
            "conversation.item.retrieve": self._items.retrieve,
            "conversation.item.delete": self._items.delete,
            "conversation.item.truncate": self._items.truncate,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._clear_output,
        }

    def receive(self, message: bytes | str) -> None:
        """Carry out an event. A mistake is told to the client. Raises ClientError for it, so that it can be counted."""
        event: Json = {}
        try:
            if (sound := plain_sound_in(message, APPEND_MAX_CHARACTERS)) is not None:
                self._hear(sound)
                return
            event = parse(message)
            kind = event["type"]
            handle = self._events.get(kind)
            if handle is None:
                known = ", ".join(f"'{name}'" for name in self._events)
                raise EventError(f"Invalid value: {quoted(kind)}. Supported values are: {known}.", "invalid_value",
                                 "type")  # fmt: skip
            handle(event)
        except EventError as mistake:
            self._door.emit(error(str(mistake), mistake.code, param=mistake.param, event_id=event_id_of(event)))
            raise
        except ClientError as mistake:
            self._door.emit(error(str(mistake), "invalid_value", event_id=event_id_of(event)))
            raise

    async def aclose(self) -> None:
        """The conversation is over."""
        self._stop_waiting()
        self._asked.stop()
        await self._tasks.close()
        await self._intake.aclose()

    def _report(self, words: str) -> None:
        self._door.emit(error(words, "rate_limit_exceeded"))

    # ---- settings -----------------------------------------------------------------------------------

    def begin(self, session: Json) -> None:
        """The conversation runs: show it. `session`: settings that it begins with. Raises ClientError."""
        self.apply(self._door.settings.updated(session), first=True)
        if limit_s := self._agent.duration_limit_s:
            self._expires_s = int(time.time() + limit_s)
        self._door.emit({"type": "session.created", "session": self.shown()})
        self._door.emit({
            "type": "conversation.created",
            "conversation": {"id": self._door.conversation_id, "object": "realtime.conversation"},
        })  # fmt: skip

    def shown(self, **voi: object) -> Json:
        """The whole session. `voi`: more of Voi's own fields."""
        ignored = [*self._ignored, *self._unheeded]
        voi = {"conversation": self._call.id, "ignored": ignored, **self._resumed, **voi}
        return self._door.settings.shown(self._door.id, self._call.agent_name, voi, self._expires_s)

    def _update(self, event: Json) -> None:
        session = object_at(event, "session")
        if session is None:
            raise missing("session")
        self._restore()
        before = self._door.settings
        settings = before.updated(session)
        if settings.type != before.type and (before.type == "transcription" or len(self._door.items)):
            raise EventError("A session's type cannot be changed once it has begun.", "invalid_value", "session.type")
        self.apply(settings)
        self._door.emit({"type": "session.updated", "session": self.shown()})

    def apply(self, settings: RealtimeSettings, *, first: bool = False) -> None:
        """Have the conversation be as these settings want. `first`: it has just begun. Raises ClientError."""
        before, session = self._door.settings, self._session

        def chosen_from(agent: Agent) -> ChosenAgent:
            return chosen_agent(agent, settings, self._rights, self._call.app, self._voices_of)

        chosen = chosen_from(session.written_agent)
        if settings.ear != before.ear:
            self._hear_as(*settings.ear)
        if first or settings.of_agent != before.of_agent:
            session.revise(lambda agent: chosen_from(agent).agent, chosen.instructions, settings.must_call)
        if chosen.ignored != self._ignored:
            self._ignored = chosen.ignored
            self._on_ignored(chosen.ignored)
        if "instructions" in chosen.ignored:
            settings = replace(settings, instructions="")
        self._door.settings = settings
        if settings.resume and not before.resume:
            self._resumed = self._resumable()
        if settings.input_format != before.input_format:
            self._decoder = None if settings.input_format == "audio/pcm" else FormatDecoder(settings.input_format)
        turns = (settings.turn_detection, settings.type)
        if turns != (before.turn_detection, before.type):
            policy = turn_policy(self._agent.turn.policy(), settings)
            mode: Mode = "chat" if settings.manual else "call"
            session.tell(facts.TurnTakingSet(mode, policy, settings.answers, settings.interrupts))
            if settings.manual and not before.manual and self._person.audio_ms:
                self._door.commit()  # no silence will end what they were saying
        if settings.greet and not before.greet and not len(self._door.items):
            session.tell(facts.ReplyAsked())

    def _hear_as(self, language: str, prompt: str) -> None:
        try:
            self._session.hear_as(language, prompt)
        except ClientError as error:
            raise EventError(str(error), "invalid_value", "session.audio.input.transcription.language") from None

    # ---- sound --------------------------------------------------------------------------------------

    def _append(self, event: Json) -> None:
        self._hear(sound_in(text_at(event, "audio", most=APPEND_MAX_CHARACTERS)))

    def _hear(self, sound: bytes) -> None:
        decoder = self._decoder
        self._person.sound(sound if decoder is None else decoder.decode(bounded(sound, decoder.name)))

    def _commit(self, event: Json) -> None:
        if self._door.settings.manual:
            self._person.commit()
            return
        event_id = event_id_of(event)

        def commit() -> None:
            if not self._person.speaking:
                mistake = nothing_to_commit(0)
                self._door.emit(error(str(mistake), mistake.code, event_id=event_id))
            self._session.tell(facts.SpeechCommitted())

        self._intake.then(commit)

    def _clear(self, _: Json) -> None:
        self._person.clear()
        if not self._door.settings.manual:
            self._intake.then(self._drop_turn)
        self._door.emit({"type": "input_audio_buffer.cleared"})

    def _drop_turn(self) -> None:
        self._person.drop_turn()
        self._session.tell(facts.SpeechDropped())

    def _clear_output(self, _: Json) -> None:
        if (playing := self._door.agent.playing_id) is not None:
            self._door.agent.interrupted("client_cancelled")
            self._session.tell(facts.Interrupted(playing))
            self._waive()

    # ---- responses ------------------------------------------------------------------------------------

    def _create_response(self, event: Json) -> None:
        given = object_at(event, "response") or {}
        wish = _wish_of(given, event_id_of(event))
        agent, active = self._door.agent, self._door.agent.response
        if self._door.settings.type == "transcription":
            raise EventError("A transcription session has no responses.", "invalid_value")
        if given.get("conversation") == "none":
            wish = replace(wish, instructions=self._allowed(wish.instructions), given=self._input.of(given))
            self._beside.create(given, wish)
            return
        wish = replace(wish, given=self._input.of(given))
        waits = agent.wish is not None or self._wish is not None  # one that was asked for has not begun yet
        if waits or (active is not None and active.asked and not agent.outputs):
            which = f": {active.id}" if active is not None else ""
            raise EventError(
                f"Conversation already has an active response in progress{which}. Wait until the response is finished "
                "before creating a new one.",
                "conversation_already_has_active_response",
            )
        wish = replace(wish, instructions=self._allowed(wish.instructions), own=self._own_settings(given))
        if active is not None:
            if agent.outputs:  # the session goes on with them at once
                self._override(wish)
            self._wish, self._answered = wish, bool(agent.outputs)
            self._give_outputs()
            return
        self._ask(wish)

    def _ask(self, wish: ResponseWish) -> None:
        """Raises ClientError."""
        agent = self._door.agent
        if not agent.outputs:
            self._person.check_room()
        self._override(wish)
        agent.wish = wish
        self._told = asked = facts.ReplyAsked(wish.instructions, wish.given)
        if agent.outputs:
            agent.begin(asked=True)
            self._give_outputs()
        else:
            self._person.in_order(lambda: self._intake.then(lambda: self._session.tell(asked)))
        self._asked.watch()

    def _ask_late(self, wish: ResponseWish) -> None:
        try:
            self._ask(wish)
        except ClientError as mistake:
            code = mistake.code if isinstance(mistake, EventError) else "invalid_value"
            self._door.emit(error(str(mistake), code, event_id=wish.event_id))

    def _waits(self) -> bool:
        response = self._door.agent.response
        begun = response is not None and response.asked and not response.used
        return begun or (response is None and self._door.agent.wish is not None)

    def _is_idle(self) -> bool:
        return self._session.idle and not self._person.awaits

    def _ask_again(self) -> None:
        self._session.tell(self._told)

    def _give_up(self) -> None:
        agent = self._door.agent
        if agent.response is None:
            agent.begin(asked=True)
        agent.finish("failed")

    def _give_outputs(self) -> None:
        """Give the session what the client's functions returned: the agent goes on with that."""
        agent = self._door.agent
        outputs, agent.outputs = agent.outputs, {}
        for call_id, output in outputs.items():
            if (number := agent.calls.pop(call_id, None)) is not None:
                self._session.door_answers(number, output)

    def _allowed(self, instructions: str) -> str:
        """The instructions, if the client's app may give any."""
        return instructions if instructions and self._may_instruct(RESPONSE_INSTRUCTIONS) else ""

    def _own_settings(self, given: Json) -> Json:
        """The settings of its own that a response is asked for with. Raises EventError."""
        own = {name: given[name] for name in _OF_RESPONSES if given.get(name) is not None}
        self._door.settings.updated(own, "response")
        return own

    def _override(self, wish: ResponseWish) -> None:
        """Have the response that follows have its own settings. Raises ClientError."""
        if wish.own:
            before = self._before or self._door.settings
            self.apply(before.updated(wish.own, "response"))
            self._before = before

    def _may_instruct(self, by: str) -> bool:
        """Whether the client's app may add to the agent's prompt. `by`: with what it tries, which is noted if not."""
        allowed = self._rights.allow_app(self._call.app) and self._rights.allow_field("system_prompt")
        if not allowed and by not in self._unheeded:
            self._unheeded.append(by)
            self._on_ignored((by,))
        return allowed

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            self.apply(before)

    def _response_over(self, status: ResponseStatus) -> None:
        wish, self._wish = self._wish, None
        goes_on = self._answered and status != "cancelled"  # one that is stopped waits for no function any more
        self._answered = False
        if not goes_on:
            self._restore()
        if wish is None:
            return
        if goes_on:
            self._door.agent.wish = wish
            self._told = facts.ReplyAsked(wish.instructions, wish.given)
            self._door.agent.begin(asked=True)
            self._asked.watch()
        else:
            # not now: the session is in the middle of telling what happened
            asyncio.get_running_loop().call_soon(self._ask_late, wish)

    def _cancel_response(self, event: Json) -> None:
        wanted = text_at(event, "response_id", most=ID_MAX, required=False)
        active = self._door.agent.response
        if wanted and self._beside.cancel(wanted):
            return
        if active is None or (wanted and wanted != active.id):
            raise EventError("Cancellation failed: no active response found", NO_ACTIVE)
        self._cancel_active()

    def _cancel_active(self) -> None:
        active = self._door.agent.response
        wish, self._wish = self._wish, None
        if wish is not None:
            words = "The response was cancelled before it began."
            self._door.emit(error(words, "response_cancelled", event_id=wish.event_id))
        self._door.agent.interrupted("client_cancelled")
        self._session.tell(facts.ReplyCancelled())
        if self._door.agent.response is active:  # the session had nothing to cancel
            self._door.agent.finish("cancelled")
        self._waive()

    def _waive(self) -> None:
        """The session does not go on by itself any more with what functions return that were called before."""
        self._door.agent.waived = set(self._door.agent.calls)
        self._give_outputs()

    # ---- nobody speaks ------------------------------------------------------------------------------

    def _await_speech(self) -> None:
        """The agent was heard: ask it to go on if the person says nothing for long (`idle_timeout_ms`)."""
        self._stop_waiting()
        idle_ms = self._door.settings.idle_timeout_ms
        if idle_ms and self._door.agent.response is None:
            self._idle_from_ms = self._person.audio_ms
            self._idle = asyncio.get_running_loop().call_later(idle_ms / 1_000, self._idled)

    def _idled(self) -> None:
        self._idle = None
        if self._person.speaking or self._door.agent.response is not None or self._door.session is None:
            return
        self._items.add_silence(self._idle_from_ms, self._person.audio_ms)
        self._session.tell(facts.ReplyAsked())

    def stand_still(self) -> None:
        """The client seems to be away: nothing falls due until `go_on`."""
        self._stop_waiting()
        self._asked.stop()

    def go_on(self) -> None:
        """The client is back."""
        if self._waits():
            self._asked.watch()
        if not self._door.agent.speaks:
            self._await_speech()

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def _wish_of(given: Json, event_id: str | None) -> ResponseWish:
    """What a `response.create` of that id asks for. Raises EventError."""
    metadata = object_at(given, "metadata", "response.metadata")
    if metadata is not None:
        if len(metadata) > METADATA_MAX:
            raise EventError(f"Invalid 'response.metadata': at most {METADATA_MAX} keys.", "invalid_value",
                             "response.metadata")  # fmt: skip
        for name, value in metadata.items():
            if not isinstance(value, str) or len(name) > 64 or len(value) > 512:
                raise wrong_type(f"response.metadata.{name[:64]}", "a string of at most 512 characters", value)
    instructions = text_at(given, "instructions", most=INSTRUCTIONS_MAX, param="response.instructions", required=False)
    return ResponseWish(instructions, metadata, event_id=event_id)
