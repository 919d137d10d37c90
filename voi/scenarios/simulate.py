"""A second agent plays the caller, by a persona, over the real door: many conversations side by side, with transcripts,
outcomes and latencies."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from voi.audio.pcm import SAMPLE_BYTES
from voi.client import OUTPUT_RATE_HZ, AudioEvent, ErrorEvent, MessageEvent, SpeechDoneEvent, StatusEvent, VoiClient
from voi.dialogue import Message
from voi.engines.base import Llm, LlmRequest
from voi.errors import VoiError
from voi.scenarios.compare import median
from voi.scenarios.judge import Judge
from voi.scenarios.microphone import Microphone
from voi.scenarios.voices import PersonsVoice
from voi.session.llm_checks import complete

HANG_UP = "[hang up]"
WORDS_MAX_CHARACTERS = 1_500
TURN_MAX_CHARACTERS = 20_000
"""Of one message of the agent, no more is shown to the persona."""
LINES_MAX = 400
PERSONA_S = 60.0
GREETING_S = 4.0
"""An agent that has not begun to greet by then waits for the caller."""
ANSWER_MAX_S = 600.0
"""An agent that goes on and on is heard out no longer."""
SETTLE_S = 0.5
ERRORS_KEPT = 20
_HANGS_UP = re.compile(r"[\[(*<]\s*hang(?:s|ing)?[ _-]?up\s*[\])*>]", re.IGNORECASE)
_STAGE = re.compile(r"\*[^*\n]{1,200}\*|^\s*(?:the\s+)?(?:caller|user|person|me)\s*:\s*", re.IGNORECASE)
PROMPT = f"""\
You play a person who is talking to a voice agent. Stay this person; you are not an assistant and help nobody.
Say only what the person says now: one or two short spoken sentences, no stage directions, no quotes, no name before it.
When you have what you want, or it makes no sense to go on, say goodbye and write {HANG_UP} at the end.
The person:
"""

CallOutcome = Literal["reached", "missed", "ended", "failed"]
"""With a goal: reached or missed. Without one: ended. failed: something broke."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Who plays the caller. `description`: of the person. `goal`: a criterion for a judge; "": none."""

    model: str
    description: str
    goal: str = ""
    temperature: float | None = None


@dataclass(slots=True)
class Simulated:
    """One conversation. `lines`: who ("caller", "agent") and what. `latencies_ms`: from the end of what the caller said
    to the agent's first words, with voices to its first sound."""

    number: int
    outcome: CallOutcome = "ended"
    why: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    latencies_ms: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def transcript(self) -> str:
        return "\n".join(f"{'person' if who == 'caller' else who}: {text}" for who, text in self.lines)


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """Where the agent is reached."""

    url: str
    token: str
    agent: str
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """How many conversations, how many side by side, how many turns of the caller at most. `answer_within_s`: longest
    wait in which the agent writes and says nothing."""

    calls: int = 5
    at_once: int = 3
    turns_max: int = 12
    answer_within_s: float = 30.0


async def simulate(
    door: AgentAddress,
    persona: Persona,
    llm: Llm,
    plan: SimulationPlan,
    *,
    voice: PersonsVoice | None = None,
    judge: Judge | None = None,
    on_done: Callable[[Simulated], None] = lambda simulated: None,
) -> list[Simulated]:
    """Hold the conversations. `voice`: speaks for the caller; None: the caller types. Raises nothing for what goes
    wrong in a conversation: its outcome is "failed"."""
    gate = asyncio.Semaphore(plan.at_once)

    async def one(number: int) -> Simulated:
        found = Simulated(number)
        async with gate:
            began_s = time.monotonic()
            try:
                await _converse(found, door, persona, llm, plan, voice)
                await _judged(found, persona, judge)
            except VoiError as error:
                found.outcome, found.why = "failed", str(error)
            except TimeoutError:
                found.outcome, found.why = "failed", f"the agent did not answer within {plan.answer_within_s:g} s"
            found.took_s = round(time.monotonic() - began_s, 3)
        on_done(found)
        return found

    return list(await asyncio.gather(*(one(number) for number in range(1, plan.calls + 1))))


async def _judged(found: Simulated, persona: Persona, judge: Judge | None) -> None:
    if judge is None or not persona.goal:
        return
    holds, reason = await judge.verdict_on(found.transcript, persona.goal)
    if holds is None:
        found.outcome, found.why = "failed", reason
    else:
        found.outcome, found.why = ("reached", "") if holds else ("missed", reason)


async def _converse(
    found: Simulated, door: AgentAddress, persona: Persona, llm: Llm, plan: SimulationPlan, voice: PersonsVoice | None
) -> None:
    async with _caller(door, voice, found) as caller:
        if greeting := await caller.greeting():
            found.lines.append(("agent", greeting))
        for _ in range(plan.turns_max):
            words, hangs_up = await _next_words(persona, llm, found.lines)
            if words:
                found.lines.append(("caller", words))
            if hangs_up or not words or len(found.lines) >= LINES_MAX:
                return
            answer = await caller.exchange(words, plan.answer_within_s)
            if answer:
                found.lines.append(("agent", answer))
            if caller.gone:
                found.why = "the agent ended the conversation"
                return
        found.why = f"the caller had said {plan.turns_max} things"


async def _next_words(persona: Persona, llm: Llm, lines: Sequence[tuple[str, str]]) -> tuple[str, bool]:
    """What the person says next, and whether they hang up."""
    messages = [Message("system", PROMPT + persona.description)]
    if not lines or lines[0][0] == "caller":
        messages.append(Message("user", "(The agent picks up and waits for you.)"))
    for who, text in lines:
        messages.append(Message("assistant" if who == "caller" else "user", text))
    if messages[-1].role != "user":
        messages.append(Message("user", "(The agent says nothing.)"))
    async with asyncio.timeout(PERSONA_S):
        request = LlmRequest(persona.model, tuple(messages), persona.temperature)
        said = await complete(llm, request, WORDS_MAX_CHARACTERS)
    return spoken_words(said)


def spoken_words(said: str) -> tuple[str, bool]:
    """What is spoken of what the persona's model wrote, and whether they hang up."""
    hangs_up = _HANGS_UP.search(said) is not None
    words = _STAGE.sub(" ", _HANGS_UP.sub(" ", said))
    return " ".join(words.split()).strip('"“” '), hangs_up


@asynccontextmanager
async def _caller(door: AgentAddress, voice: PersonsVoice | None, found: Simulated) -> AsyncIterator["_Caller"]:
    async with VoiClient.connect(
        door.url,
        token=door.token,
        agent_name=door.agent,
        mode="chat" if voice is None else "call",
        insecure=door.insecure,
    ) as client:
        caller = _Caller(client, voice, found)
        microphone = Microphone(client) if voice is not None else None
        caller.microphone = microphone
        tasks = [asyncio.create_task(caller.listen(), name="what the agent says")]
        if microphone is not None:
            tasks.append(asyncio.create_task(microphone.run(), name="the microphone"))
        try:
            yield caller
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, VoiError):
                    raise result


class _Caller:
    """One end of a conversation: says things and hears out the answers."""

    def __init__(self, client: VoiClient, voice: PersonsVoice | None, found: Simulated) -> None:
        self._client = client
        self._voice = voice
        self._found = found
        self.microphone: Microphone | None = None
        self._changed = asyncio.Event()
        self._texts: dict[int, str] = {}
        """The agent's messages by id."""
        self._told = 0
        """How many of them were returned as answers."""
        self._open = 0
        """Answers that were begun and not ended."""
        self._done = 0
        self._speaks: str | None = None
        self._plays_until_s = 0.0
        self._alive_s = 0.0
        """When the agent wrote or spoke last."""
        self._first_s: float | None = None
        """When the answer began."""
        self.gone = False

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for event in self._client:
                match event:
                    case MessageEvent(message_id, "assistant", text):
                        self._alive_s = loop.time()
                        self._texts[message_id] = text[:TURN_MAX_CHARACTERS]
                        if self._voice is None and text.strip():
                            self._first_s = self._first_s or loop.time()
                    case AudioEvent(speech_id, payload):
                        self._speaks, self._alive_s = speech_id, loop.time()
                        self._first_s = self._first_s or loop.time()
                        length_s = len(payload) / (OUTPUT_RATE_HZ * SAMPLE_BYTES)
                        self._plays_until_s = max(self._plays_until_s, loop.time()) + length_s
                    case SpeechDoneEvent(speech_id):
                        self._speaks = None if self._speaks == speech_id else self._speaks
                    case StatusEvent("response_created"):
                        self._open += 1
                    case StatusEvent("response_done" | "response_cancelled"):
                        self._open = max(0, self._open - 1)
                        self._done += 1
                    case StatusEvent("user_interrupt"):
                        self._speaks, self._plays_until_s = None, loop.time()
                    case ErrorEvent(error) if len(self._found.errors) < ERRORS_KEPT:
                        self._found.errors.append(error)
                self._changed.set()
        finally:
            self.gone = True
            self._changed.set()

    async def greeting(self) -> str:
        """What the agent says first; "": nothing."""
        with suppress(TimeoutError):
            await self._until(lambda: len(self._texts) > 0, GREETING_S)
            await self._heard_out(GREETING_S * 10)
        return self._news()

    async def exchange(self, words: str, within_s: float) -> str:
        """Say the words, and return what the agent answers. Raises TimeoutError, VoiError."""
        loop = asyncio.get_running_loop()
        self._first_s, done = None, self._done
        if self._voice is None or self.microphone is None:
            await self._client.send_text(words)
            await self._client.create_response()
        else:
            await self.microphone.say(await self._voice.sound(words))
        asked_s = loop.time()
        await self._until(lambda: self._done > done or self._open > 0, within_s)
        await self._heard_out(within_s)
        if self._first_s is not None:
            self._found.latencies_ms.append(max(0, round((self._first_s - asked_s) * 1_000)))
        return self._news()

    async def _heard_out(self, within_s: float) -> None:
        """Wait until the agent has said all, and has said nothing more for a moment."""
        loop = asyncio.get_running_loop()

        def silent() -> bool:
            speaks = self._voice is not None and (self._speaks is not None or loop.time() < self._plays_until_s)
            return self._open == 0 and not speaks

        while not self.gone:
            await self._until(silent, within_s)
            seen = len(self._texts), self._done
            await asyncio.sleep(SETTLE_S if self._voice is not None else 0.02)
            if silent() and seen == (len(self._texts), self._done):
                return

    def _news(self) -> str:
        """What the agent has said since this was asked last."""
        texts = [text for _, text in sorted(self._texts.items())]
        news, self._told = texts[self._told :], len(texts)
        return " ".join(text.strip() for text in news if text.strip())

    async def _until(self, so: Callable[[], bool], within_s: float) -> None:
        loop = asyncio.get_running_loop()
        began_s = self._alive_s = loop.time()
        while not so() and not self.gone:
            self._changed.clear()
            # who writes or speaks on is answering; only silence counts
            end_s = min(max(self._alive_s, self._plays_until_s) + within_s, began_s + ANSWER_MAX_S)
            left_s = end_s - loop.time()
            if left_s <= 0:
                raise TimeoutError
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, 0.1)):
                    await self._changed.wait()


# ---- the report ----------------------------------------------------------------------------------------


def simulation_report(found: Sequence[Simulated], persona: Persona) -> dict[str, Any]:
    """All of it, for programs."""
    latencies = sorted(ms for each in found for ms in each.latencies_ms)
    return {
        "persona": asdict(persona),
        "calls": len(found),
        "outcomes": {
            name: sum(each.outcome == name for each in found) for name in ("reached", "missed", "ended", "failed")
        },
        "latency_ms": {
            "median": median(latencies),
            "p95": latencies[min(len(latencies) - 1, len(latencies) * 95 // 100)] if latencies else None,
            "longest": latencies[-1] if latencies else None,
        },
        "turns_median": median(sorted(sum(who == "caller" for who, _ in each.lines) for each in found)),
        "conversations": [asdict(each) for each in found],
    }


def report_lines(report: dict[str, Any]) -> list[str]:
    """The figures in words."""
    outcomes = ", ".join(f"{number} {name}" for name, number in report["outcomes"].items() if number)
    latency = report["latency_ms"]
    lines = [f"{report['calls']} conversations: {outcomes}"]
    if latency["median"] is not None:
        lines.append(
            f"latency: median {latency['median']} ms, p95 {latency['p95']} ms, longest {latency['longest']} ms"
        )
    return lines
