"""One live conversation: gives facts to the core and carries out its actions.

All facts go through `tell`. It takes the time, gives the fact to the core, and carries out the core's actions in order.
Facts that arise meanwhile wait in a queue. All work that takes time is a named task of the session.

The session owns what works for the core, each in a file of its own:

    brain                 hears the person and makes the replies
    playback              sends their sound, at the pace at which it is heard
    conversation_agents   which agent talks, and how another takes over
    tools, hands          runs tools; what these can do with the conversation
    dictation             takes down what is dictated, and the keys of a telephone
    recall                looks up what is remembered of the person
    condenser             has the oldest turns summarized
    door_events           tells the door of speech and words
    observing             tells observers and the log, redacted
    turn_marks            notes how long each step of a turn takes
    agent_beside          lets the client ask the agent beside the conversation
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voi.audio.echo_canceller import EchoCanceller
from voi.audio.echo_guard import EchoGuard
from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.config import Config
from voi.config.knowledge import Knowledge
from voi.core import actions as do
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.conversation import Conversation
from voi.core.end_reason import EndReason
from voi.core.facts import Fact
from voi.core.history import HistoryEntry
from voi.core.kept import Kept
from voi.core.later import for_later
from voi.core.options import CallOptions
from voi.core.state import State
from voi.dialogue import Message, Phrase
from voi.errors import ClientError
from voi.knowledge.collection import KnowledgeCollection
from voi.session import events
from voi.session.agent_beside import AgentBeside
from voi.session.brain import Brain, MakeBrain, Surroundings, brain_for
from voi.session.budgets import PictureBudget
from voi.session.clock import Alarm, ConversationClock
from voi.session.condenser import Condenser
from voi.session.conversation_agents import AgentChange, ConversationAgents, ToolsOf
from voi.session.dictation import ConversationDictation
from voi.session.door_events import DoorEvents
from voi.session.failure import VadFailed
from voi.session.hands import ConversationHands
from voi.session.line import Line
from voi.session.lookups import Lookups
from voi.session.memory import PersonMemory
from voi.session.metering import MeteredLlm, Metering
from voi.session.observer import Observer, Observers
from voi.session.observing import Observing
from voi.session.playback import Playback
from voi.session.recall import Recall
from voi.session.redaction import Redaction
from voi.session.side_questions import INVOKE_MAX_TOKENS, SideQuestions
from voi.session.tools import ToolRunner
from voi.session.turn_marks import MARKED, TurnMarks
from voi.tasks import Tasks
from voi.text.language import AUTO
from voi.tools.base import ToolContext
from voi.tools.captures import CapturedValue

if TYPE_CHECKING:
    from voi.engines.startup import Engines

KnowledgeOf = Callable[[Knowledge], KnowledgeCollection | None]
EARLY_FACTS_MAX = 64
"""How many facts are kept from before `run`."""

AWAY_MIN_S = 1.0
"""A client that did not answer for less than this was not away: a network stood still for a moment."""


class Session:
    """One conversation. `run` is its whole life. Every other method may be called before, during and after `run`, on
    the event loop, and returns at once.

    `line`: has the door that is told what happens. `clock`: monotonic seconds. `observers` see every step; one that
    fails is reported to `on_observer_failed` by its class name. `language`: what an agent without a language of its own
    hears and speaks. `notice`: what the agent discloses first of all. `log_words`: what people said may be written to
    the log. `agent_name`: in agents.json; "": the client brought the agent. `tools_of` returns the tools of an agent,
    by name; its second argument is the agent from which it takes over ("": it begins). `knowledge_of` returns what an
    agent with that knowledge draws on. `about`: what templates of tools may name as {call:NAME}, beside the agent and
    the conversation's id. `memory`: what is remembered of the person; None: nothing is. `prove_person`: called when a
    tool has found out that they are who they are said to be. `never_call`: keeps that they are not called again; None:
    that is not possible. `context_tokens_of` returns how much an agent's model can take; 0: not known. `make_brain`:
    makes the part that hears the person and makes the replies. `continued`: what it goes on from; None: it begins.
    `pictures`: the server's memory for pictures. `why_not_invoke` is asked before each question of `invoke_llm`
    (`SideQuestions`), whose answers have at most `invoke_max_tokens`.
    """

    __slots__ = (
        "__weakref__", "_agent", "_agents", "_alarm", "_brain", "_captured", "_clock", "_condenser", "_config",
        "_continued", "_conversation", "_current", "_dictation", "_echo", "_ended", "_engines", "_events", "_fault",
        "_greetings_dir", "_hands", "_inbox", "_knowledge_of", "_line", "_make_brain", "_marks", "_metering",
        "_never_call", "_note", "_observers", "_observing", "_options", "_pictures", "_playback", "_recall", "_tasks",
        "_telling", "_tool_runner", "about", "begun", "beside", "conversation_id", "invoke_llm", "kept_for_later",
    )  # fmt: skip

    def __init__(
        self,
        *,
        conversation_id: str,
        line: Line,
        agent: Agent,
        config: Config,
        engines: "Engines",
        options: CallOptions,
        greetings_dir: Path | None = None,
        observers: Sequence[Observer] = (),
        on_observer_failed: Callable[[str], None] = lambda name: None,
        language: str | None = None,
        notice: Phrase | None = None,
        log_words: bool = False,
        agent_name: str = "",
        tools_of: ToolsOf = lambda agent, came_from: {},
        knowledge_of: KnowledgeOf = lambda knowledge: None,
        about: Mapping[str, str] | None = None,
        memory: PersonMemory | None = None,
        prove_person: "Callable[[], asyncio.Task[None] | None]" = lambda: None,
        never_call: Callable[[], Awaitable[str]] | None = None,
        context_tokens_of: Callable[[Agent], int] = lambda agent: 0,
        make_brain: MakeBrain = brain_for,
        continued: was.Continued | None = None,
        pictures: PictureBudget | None = None,
        why_not_invoke: Callable[[], str] = lambda: "",
        invoke_max_tokens: int = INVOKE_MAX_TOKENS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if agent.language is None and language:
            agent = agent.model_copy(update={"language": language})
        self.conversation_id = conversation_id
        self._line = line
        self._agent = agent
        self._config = config
        self._engines = engines
        self._options = options
        self._greetings_dir = greetings_dir
        self._clock = ConversationClock(clock)
        self._alarm = Alarm(self._clock)
        self._knowledge_of = knowledge_of
        self._agents = agents = ConversationAgents(agent, agent_name, options, config, tools_of, context_tokens_of)
        script = agents.script(judges_voices=engines.voice is not None, notice=notice)
        if continued and continued.kept.agent:
            script = agents.resume(continued.kept.agent, script)
        self._current = current = agents.current
        if memory is not None and current.agent is not agent:
            memory.follow(current.agent, current.name)
        self.about: Mapping[str, str] = {"id": conversation_id, **(about or {})}
        """What templates of tools may name as {call:NAME}, but for the agent."""
        self._hands: ConversationHands | None = None
        self._dictation: ConversationDictation | None = None
        self._captured: tuple[CapturedValue, ...] = ()
        self._conversation = Conversation(script)
        self._tasks = Tasks(conversation_id, log_words=log_words)
        self._tool_runner: ToolRunner | None = None
        self._observers = Observers(observers, self._tasks.log, on_observer_failed)
        self._observing = Observing(self._observers, self._tasks, agent)
        self._observing.follow(current.agent, current.tools)
        self._marks = TurnMarks(self._alarm.now_ms, self._observers.turn)
        self._metering = Metering(engines.llm_name, self._observers.usage)
        current.lookups = self._lookups_for(current.agent)
        self._events = DoorEvents(line)
        self._make_brain = make_brain
        self._continued = continued
        self.kept_for_later: Kept | None = None
        """From the end of the conversation on: what was said and heard, to be continued another day."""
        self._pictures = pictures
        questions = SideQuestions(
            MeteredLlm(engines.llm, self._metering), config, why_not_invoke, invoke_max_tokens, script.reply_timeout_ms
        )
        self.invoke_llm = questions.ask
        self.beside = AgentBeside(
            questions, current, self._conversation, config, engines, line.output_rate_hz, self._observers.usage
        )
        self._condenser: Condenser | None = None
        self._recall = Recall(memory, self._tasks, prove_person, self._observing.failed)
        self._never_call = never_call
        self._note: str | None = None
        """What was recalled before the conversation began."""
        self._brain: Brain | None = None
        self._playback: Playback | None = None
        self._echo: EchoCanceller | EchoGuard | None = None
        self.begun = asyncio.Event()
        """Set when sound and facts are taken at once."""
        self._ended = asyncio.Event()
        self._inbox: deque[Fact] = deque()
        self._telling = False
        self._fault: BaseException | None = None

    # ---- life ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run the conversation from Opened to its end. Cancelling it ends the conversation cleanly.

        Raises whatever broke inside, which is a fault in Voi: the caller tells the client and writes the log.
        """
        try:
            if not self._ended.is_set():
                await self._live()
        except VadFailed as error:
            self._observers.failure(error.failure)  # the line in the log is that of the conversation's end
            raise
        finally:
            if self._pictures is not None:
                self._pictures.release(self.conversation_id)
            self.begun.set()
            await self._observers.close()

    async def _live(self) -> None:
        self._tasks.on_failed = self._fall
        self._observers.begin(self._conversation.script)
        await self._recall.before_beginning(self._recalled)
        self._alarm.start()
        self._set_up()
        try:
            self._inbox.appendleft(self._continued or was.Opened(self._options.greet))
            if self._note is not None:
                self._inbox.appendleft(was.Recalled(self._note))
            self._drain()
            self.begun.set()
            await self._ended.wait()
        finally:
            self._keep_for_later()
            self.tell(was.HungUp())
            self._ended.set()
            await self._clear_up()
        if self._fault:
            raise self._fault

    def _set_up(self) -> None:
        """Make what works for the core. From now on sound and facts are taken."""
        observers, options, current, tasks = self._observers, self._options, self._current, self._tasks
        paced = options.stream_output_audio
        make_echo = self._engines.echo_canceller or (self._engines.echo_guard if options.returns_echo else None)
        if make_echo and paced and options.mode == "call":
            self._echo = make_echo(0)
        on_sent = self._observe_sent if observers.wants("agent_sound") or self._echo else None
        self._playback = Playback(
            self._line, self.tell, self._clock, paced=paced, lowers_ahead=options.lowers_sound,
            reported=options.reports_playback, chunk_ms=options.sound_piece_ms, on_sent=on_sent,
        )  # fmt: skip
        takes_user_sound = observers.wants("user_sound") and not self._observing.hides_words
        around = Surroundings(
            tasks, self.tell, self._playback, self._line.output_rate_hz, self._agent, current, self._config,
            self._engines, options, self._greetings_dir, self._conversation.history.log,
            on_user_sound=observers.user_sound if takes_user_sound else None,
            on_token=self._marks.token, on_sound=self._marks.sound, on_failure=self._observing.failed,
            metering=self._metering,
            clean=self._clean if self._echo else None,
        )  # fmt: skip
        self._brain = self._make_brain(around)
        self._condenser = Condenser(
            tasks, self.tell, MeteredLlm(self._engines.llm, self._metering), self._engines.llm_name, current,
            lambda: self._conversation.script.context_tokens, self._observing.failed,
        )  # fmt: skip
        self._hands = ConversationHands(
            self._line, self._switch_agent, takes_messages=options.app_messages, memory=self._recall.memory,
            prove=self._recall.prove_person, current=current, never_call=self._never_call,
        )  # fmt: skip
        self._dictation = ConversationDictation(
            self.tell, self._conversation.history, self._line, current, self, self._hands, tasks, self._captured
        )
        self._tool_runner = ToolRunner(current.tools, tasks, self.tell, self._tool_context, self._observing.tool)

    async def _clear_up(self) -> None:
        """Stop all that works for the core, and let go of it: each holds this session, and in a circle of references it
        would stay until the garbage collector comes."""
        self._alarm.clear()
        if self._dictation:
            self._dictation.close()
        if self._brain:
            self._brain.close()
        if self._tool_runner:
            await self._tool_runner.finish()
        await self._tasks.dismiss()
        self._brain = self._playback = self._echo = self._tasks.on_failed = None
        self._tool_runner = self._hands = self._condenser = self._dictation = None

    def end(self, reason: EndReason, words: str = "") -> None:
        """End the conversation from the server's side. The door is told `reason` and `words`, a text for the client."""
        if not self._ended.is_set():
            self.tell(was.HungUp())
            self._ended.set()
            self._line.end(events.Ended(reason, words))

    def part(self, reason: EndReason, words: str = "") -> None:
        """End the conversation from the server's side, after a goodbye if the agent has one."""
        self.tell(was.TimeIsUp(reason, words))

    # ---- what is remembered -------------------------------------------------------------------------

    def recall(self) -> "asyncio.Task[None] | None":
        """Look up what the agent may know of the person, and tell the conversation. Call it again when that changed: it
        was proven who they are, say. Returns the task; None if nothing is remembered here."""
        return None if self._ended.is_set() else self._recall.look_up(self._recalled)

    def proven(self, person: str) -> "asyncio.Task[None] | None":
        """It was proven that this is the person: tools know it now, and the agent when the returned task is done."""
        self.about = {**self.about, "person": person}
        return self.recall()

    def _recalled(self, note: str) -> None:
        if self._brain is None:
            self._note = note
        else:
            self.tell(was.Recalled(note))

    # ---- the client is away -------------------------------------------------------------------------

    def hold(self) -> None:
        """The client's connection is lost, and it may come back. Until `go_on`, time stands still for the conversation:
        no sound is sent and nothing falls due. What engines are doing goes on."""
        if self._playback and not self._ended.is_set():
            self._clock.stop()
            self._playback.hold()
            self._alarm.clear()

    def go_on(self, unheard: Mapping[int, int], *, welcome: bool = True) -> None:
        """The client is back. `unheard`: how many bytes of a message's sound had not reached it, by message id; the
        door sends it these again. `welcome` False: the person was never away. Does nothing without `hold`."""
        if self._playback and self._clock.stopped:
            away_s = self._clock.go_on()
            self._playback.go_on(away_s, unheard)
            if welcome and away_s >= AWAY_MIN_S:
                self.tell(was.CameBack(round(away_s * 1_000)))
            self._arm()

    def settle(self) -> None:
        """Have what the person has said so far transcribed, for `keep`."""
        if self._brain and (utterance := self._conversation.utterance):
            self._brain.act(do.TranscribeNow(utterance))

    @property
    def idle(self) -> bool:
        """Nobody speaks, and nothing is awaited."""
        return self._conversation.state is State.IDLE

    @property
    def quiet(self) -> bool:
        """The agent says nothing, and nothing that it has said is still to be heard. Tools may run."""
        return self._conversation.quiet

    @property
    def settled(self) -> bool:
        """True if nothing is being heard or written at the moment: a good moment to call `keep`."""
        return self._conversation.settled

    def keep(self) -> Kept:
        """The conversation as it is, to go on elsewhere. Call `hold` first; then it can only be ended here."""
        return self._conversation.keep()

    @property
    def captured(self) -> tuple[CapturedValue, ...]:
        """What the person has dictated, for where the conversation goes on."""
        return self._dictation.captures.taken() if self._dictation else self._captured

    def take_up_captured(self, values: Sequence[CapturedValue]) -> None:
        """What they dictated before the conversation moved here. Call it before `run`."""
        self._captured = tuple(values)

    def _keep_for_later(self) -> None:
        if self.kept_for_later is None and self._playback is not None:
            kept = self._conversation.keep()
            heard_ms = None if kept.reply is None else self._playback.heard_ms(kept.reply.message_id)
            self.kept_for_later = for_later(kept, heard_ms)

    def dialogue(self) -> tuple[HistoryEntry, ...]:
        """The messages of both sides so far, as clients are shown them."""
        return self._conversation.dialogue()

    @property
    def redaction(self) -> Redaction | None:
        """What is taken out of its words before anybody keeps them; None: nothing."""
        return self._observing.redaction

    def _observe_sent(self, pcm: bytes, start_s: float) -> None:
        at_ms = self._alarm.since_start_ms(start_s)
        if self._echo:
            self._echo.plays(pcm, self._line.output_rate_hz, at_ms)
        self._observing.agent_sound(pcm, self._line.output_rate_hz, at_ms)

    def _clean(self, pcm: bytes) -> bytes:
        return self._echo.clean(pcm, self._alarm.now_ms()) if self._echo else pcm

    # ---- facts in, actions out ----------------------------------------------------------------------

    def hear(self, pcm: bytes) -> None:
        """Take sound: s16le mono at `options.input_rate_hz`, any length. Before and after `run` it is dropped."""
        if self._brain and not self._ended.is_set():
            try:
                self._brain.hear(pcm)
            except Exception as error:
                self._fall(error)

    def sound_played(self, message_id: int, given_bytes: int) -> None:
        """The door reports that so much of the sound that it was given of that message was played. Only doors with
        `CallOptions.reports_playback` report it."""
        if self._playback is not None and not self._ended.is_set():
            try:
                self._playback.played(message_id, given_bytes)
            except Exception as error:
                self._fall(error)

    def tell(self, fact: Fact) -> None:
        """Handle a fact. Before `run`, up to `EARLY_FACTS_MAX` facts are kept for it; after it they are dropped."""
        if self._ended.is_set() or (self._brain is None and len(self._inbox) >= EARLY_FACTS_MAX):
            return
        self._inbox.append(fact)
        if self._brain and not self._telling:
            self._drain()

    def _drain(self) -> None:
        self._telling = True
        sooner = False
        try:
            while self._inbox:
                sooner |= self._take(self._inbox.popleft())
        except Exception as error:
            self._fall(error)
        finally:
            self._telling = False
        if sooner:
            self._arm()

    def _take(self, fact: Fact) -> bool:
        """Handle the fact. Returns whether something may now fall due sooner than before."""
        now_ms, state = self._alarm.now_ms(), self._conversation.state
        if type(fact) is was.HungUp:
            self._keep_for_later()
        if type(fact) in _NOTED:
            self._note_fact(fact, now_ms)
        self._events.fact(fact)
        actions = self._conversation.handle(fact, now_ms)
        self._observing.step(now_ms, fact, actions)
        for action in actions:
            self._act(action)
        if type(fact) is was.HungUp:
            self._ended.set()
        return bool(actions) or type(fact) not in _PUTS_OFF or self._conversation.state is not state

    def _note_fact(self, fact: Fact, now_ms: int) -> None:
        self._marks.fact(fact, now_ms)
        match fact:
            case was.Heard() if self._current.lookups is not None:
                self._current.lookups.hear(fact.text)
            case was.PieceVoiced(words=words) if words and self._playback:
                self._playback.mark_words(fact.reply, (fact.start_ms + word.start_ms for word in words))
            case was.ReplyPlayed() if self._brain:
                self._brain.forget(fact.reply)

    def _act(self, action: Action) -> None:
        door_events, brain = self._events, self._brain
        assert brain is not None
        assert self._tool_runner is not None
        match action:
            case do.StartReply():
                speculates = action.muted and self._conversation.script.turn.speculate
                self._marks.started(action.reply, speculative=speculates)
                door_events.started(action.reply)
                brain.act(action)
            case do.SayPhrase() | do.SayRest():
                door_events.started(action.reply)
                brain.act(action)
            case do.SayAhead():
                self._marks.speaks_ahead(action.reply)
                brain.act(action)
            case do.Release():
                self._marks.released(action.reply)
                door_events.released(action.reply, action.message_id)
                brain.act(action)
            case do.Stop():
                if self._echo and self._playback and self._playback.has_sent(action.reply):  # else another one plays
                    self._echo.stops()
                door_events.over(action.reply)
                brain.act(action)
            case do.EndUtterance():
                brain.act(action)
                door_events.utterance_ended()
            case do.RunTool():
                self._tool_runner.run(action)
            case do.CancelTool():
                self._tool_runner.cancel(action)
            case do.JudgeTurn() if action.text and (whole := self._judge_dictation(action.text)) is not None:
                self.tell(was.TurnJudged(action.utterance, action.pause, "capture", whole, action.quiet_ms))
            case do.Condense():
                if self._condenser:
                    self._condenser.condense(action)
            case do.NoteForgotten():
                self._tasks.log.warning(
                    "the model's context is full, and there is no summary: the %d oldest messages are forgotten",
                    len(action.message_ids),
                )
            case do.NoteCut():
                self._tasks.log.warning(
                    "the newest message is longer than the model's context: %d characters of it are not shown to it",
                    action.characters,
                )
            case do.NoteBackchannel():
                pass  # it is in the journal
            case do.Show():
                door_events.show(action)
            case do.SendStatus():
                self._line.now.tell(events.StatusChanged(action.status, action.unfinished))
            case do.ReportError():
                self._line.now.tell(events.ErrorReported(action.error, action.of_hearing))
            case do.HangUp():
                self._tasks.log.info("the conversation ends: %s", action.reason)
                self._ended.set()
                self._line.end(events.Ended(action.reason, action.words))
            case _:
                brain.act(action)

    def _judge_dictation(self, text: str) -> float | None:
        return self._dictation.captures.judge(text) if self._dictation else None

    def _fall(self, error: BaseException) -> None:
        """End this conversation because of a fault in Voi. `run` raises it; other conversations go on."""
        self._inbox.clear()
        self._fault = self._fault or error
        self._ended.set()

    # ---- what the client adds -----------------------------------------------------------------------

    def show_picture(self, url: str) -> None:
        """The person shows a picture: its address, or the picture itself as a data: URL. Raises ClientError when the
        server holds as many pictures as it can."""
        self._hold_pictures("image_url: the", (url,))
        self.tell(was.ImageGiven(url))

    def hold_pictures(self, urls: Iterable[str]) -> None:
        """The client brings these pictures. Raises ClientError when the server holds as many as it can."""
        self._hold_pictures("The", urls)

    def insert(self, message_id: int, message: Message, after: int | None) -> None:
        """The client puts a message into the dialogue: see `MessageInserted`. Its pictures are for `hold_pictures`
        first."""
        self.tell(was.MessageInserted(message_id, message, after))

    def _hold_pictures(self, the: str, urls: Iterable[str]) -> None:
        added = sum(len(url) for url in urls if url.startswith("data:"))
        held = self._conversation.picture_characters
        if added and self._pictures is not None and not self._pictures.hold(self.conversation_id, held + added):
            raise ClientError(
                f"{the} server holds as many pictures as it can. Send this one's address, or a smaller one."
            )

    def hear_as(self, language: str, prompt: str) -> None:
        """How the person is heard from their next words on: in that language, and with that prompt for the ear; "": the
        agent's own. Raises ClientError for a language that the ear does not hear."""
        agent, known = self._agent, self._engines.stt.info.languages
        language = (language or agent.language or "").lower().split("-")[0]
        if known and language and language not in (AUTO, *known):
            raise ClientError(f"The person cannot be heard in {language[:20]!r} here, but in {', '.join(known)}.")
        if self._brain is not None:
            self._brain.tune(None if language == AUTO else language or None, prompt or agent.stt.prompt)

    # ---- which agent talks --------------------------------------------------------------------------

    @property
    def agent(self) -> Agent:
        """The agent that goes on with the conversation now."""
        return self._current.agent

    @property
    def written_agent(self) -> Agent:
        """The same, as its author wrote it."""
        return self._current.written

    def adapt(self, change: AgentChange) -> None:
        """Each agent that takes over from now on is what `change` makes of it, as the one that began is already."""
        self._agents.adapt(change)

    def revise(self, change: AgentChange, instructions: str, must_call: str = "") -> None:
        """The client changed what it chose: from its next reply on, the agent of the conversation, and each that takes
        over from it, is what `change` makes of it. `instructions`: see `CallOptions`. `must_call`: see `CurrentAgent`.
        Raises ClientError if the agent cannot be run."""
        self._take_over(self._agents.revise(change, instructions, must_call))

    def _switch_agent(self, name: str) -> None:
        """Have another agent go on. What hears the person stays as it is. Raises ToolFailed."""
        switched = self._agents.switch(name)
        self._tasks.log.info("the agent %s goes on", name)
        if self._dictation is not None:
            self._dictation.captures.hand_over()
        self._take_over(switched)
        if self._recall.memory is not None:
            self._recall.memory.follow(self._current.agent, name)
            if self._current.agent.memory is None:
                self.tell(was.Recalled(""))
            self.recall()

    def _take_over(self, switched: was.AgentSwitched) -> None:
        current = self._current
        current.lookups = self._lookups_for(current.agent)
        if self._tool_runner is not None:
            self._tool_runner.tools = current.tools
        self._observing.follow(current.agent, current.tools)
        self.tell(switched)

    def _lookups_for(self, agent: Agent) -> Lookups | None:
        collection = self._knowledge_of(agent.knowledge) if agent.knowledge else None
        if collection is None or agent.llm_model in EMBEDDED_MODELS:
            return None  # echo would read the excerpts out
        said = partial(self._conversation.history.newest_texts, "user", 2)
        return Lookups(collection, self._tasks, said, self._observers.looked_up, self._observing.failed, self._metering)

    # ---- tools --------------------------------------------------------------------------------------

    def door_answers(self, number: str, result: str, *, failed: bool = False) -> None:
        """The door answers what a tool asked of it (`AppToolCalled`, `TransferAsked`, `KeysAsked`). `failed`: it could
        not do it, and `result` says why. Raises ClientError if it was never asked."""
        if self._hands is not None:
            self._hands.answered(number, result, failed=failed)

    def _tool_context(self) -> ToolContext:
        assert self._hands is not None
        assert self._dictation is not None
        return ToolContext({**self.about, "agent": self._current.name}, self._hands, self._dictation.captures)

    def key_pressed(self, key: str) -> None:
        """The person pressed a key of their telephone: see `ConversationDictation.press`."""
        if self._dictation is not None and not self._ended.is_set():
            self._dictation.press(key)

    # ---- the clock ----------------------------------------------------------------------------------

    def _arm(self) -> None:
        if not self._ended.is_set():
            self._alarm.set(self._conversation.deadline_ms, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm.clear()
        due_ms = self._conversation.deadline_ms
        if due_ms is not None and due_ms <= self._alarm.now_ms():
            self.tell(was.DeadlinePassed())
        else:
            self._arm()


_PUTS_OFF = frozenset({was.SpeechGrew, was.QuietGrew})
"""Facts after which nothing falls due sooner, if nothing else changes. They are most of all facts."""
_NOTED = MARKED | {was.Heard, was.PieceVoiced, was.ReplyPlayed}
"""The facts that something beside the core needs to know. Others come by the dozen every second."""
