"""Record a call and a chat, for the replay in test_journal.py.

    python -m tests.core.record_journals

To be run again when `journal.VERSION` rises: the recordings of the version before then only have to be readable. The
engines are fakes and the time is virtual, so every run writes the same files."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, FakeTurnDetector, FakeVoiceJudge, calls_of
from voi.core import facts as was
from voi.core.journal import VERSION, encode_entry, encode_script
from voi.core.script import Script
from voi.dialogue import ToolCall
from voi.errors import EngineError
from voi.session import events
from voi.session.observer import Observer

JOURNALS = Path(__file__).parents[1] / "data" / "journals"
GREETING = {"choices": ["Hello. What would you like to hear?"]}
PICTURE_URL = "https://example.com/fox.png"
LONG = "Once upon a time there was a fox who lived in the deep dark wood. It slept all day and walked all night."


class Journal(Observer):
    """Keeps the lines as a recorder writes them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin(self, script: Script) -> None:
        self._add(encode_script(script))

    def step(self, now_ms: int, fact: Any, actions: Any) -> None:
        self._add(encode_entry(now_ms, fact, actions))

    def _add(self, line: dict[str, Any]) -> None:
        self.lines.append(json.dumps(line, separators=(",", ":")))

    def write(self, name: str) -> None:
        (JOURNALS / f"v{VERSION}-{name}.jsonl").write_text("\n".join(self.lines) + "\n")


@in_virtual_time
async def record_call() -> None:
    """A greeting; a turn with a pause in it; a noise and then words over the answer; a picture and typed text; a tool;
    a lost connection; an LLM that fails; a reminder."""

    async def clock(arguments: str) -> str:
        await asyncio.sleep(0.5)
        return "noon"

    engines = FakeEngines(
        stt=FakeStt("tell me a story please now", "", "wait not that one please", "what time is it now please"),
        turn=FakeTurnDetector(0.2, 0.9, 0.9, 0.4, 0.1, 0.97),
        voice=FakeVoiceJudge((0.05, 0.1), (0.95, 0.9)),
        llm=FakeLlm(
            LONG,
            "A hare, then.",
            "That is a fox.",
            calls_of(ToolCall("a", "clock", "{}"), text="Let me look."),
            "It is noon.",
            EngineError("The model is not there."),
        ),
    )
    journal = Journal()
    async with Call(
        engines=engines,
        greet=True,
        greetings=GREETING,
        idle_reminder={"choices": ["Are you there?"], "after_s": 3, "max_times": 1},
        apology="Sorry, say that again.",
        welcome_back={"choices": ["There you are."], "after_s": 2},
        tools={"clock": clock},
        observers=[journal],
    ) as call:
        await call.until(lambda: call.door.all(events.SoundPlayed))
        await call.speak(600)
        await call.quiet(250)
        await call.speak(600)
        await call.until(lambda: LONG[:4] in "".join(call.answers))
        await call.quiet(600)
        await call.speak(130)
        await call.quiet(800)
        await call.speak(1_000)
        await call.until(lambda: "A hare, then." in call.answers)
        await call.quiet(1_500)
        call.session.show_picture(PICTURE_URL)
        call.session.tell(was.TextTyped("What is that?"))
        call.session.tell(was.AnswerAsked())
        await call.until(lambda: "That is a fox." in call.answers)
        await call.quiet(1_500)
        await call.speak(1_200)
        await call.until(lambda: "It is noon." in call.answers)
        await call.quiet(200)
        call.session.hold()
        await asyncio.sleep(5)
        call.session.go_on({})
        await call.until(lambda: "There you are." in call.answers)
        await call.quiet(1_500)
        await call.speak(1_200)
        await call.until(lambda: "Sorry, say that again." in call.answers)
        await call.until(lambda: "Are you there?" in call.answers)
        await call.quiet(1_000)
    journal.write("call")


@in_virtual_time
async def record_chat() -> None:
    """A greeting; typed text; an answer that the client interrupts; a picture; push-to-talk."""
    engines = FakeEngines(
        stt=FakeStt("is it a red one"), llm=FakeLlm("A story, then.", LONG, "That is a fox.", "Yes, it is red.")
    )
    journal = Journal()
    async with Call(mode="chat", engines=engines, greet=True, greetings=GREETING, observers=[journal]) as call:
        tell = call.session.tell
        await asyncio.sleep(2)  # sound, also of silence, would be push-to-talk
        tell(was.TextTyped("What can you do?"))
        tell(was.AnswerAsked())
        await asyncio.sleep(2)
        tell(was.TextTyped("Tell me one,"))
        tell(was.TextTyped("please."))
        tell(was.AnswerAsked())
        await asyncio.sleep(2)
        tell(was.Interrupted(None, played_ms=1_200))
        call.session.show_picture(PICTURE_URL)
        tell(was.AnswerAsked())
        await asyncio.sleep(2)
        await call.speak(1_000)
        tell(was.AnswerAsked())
        await asyncio.sleep(2)
    journal.write("chat")


TURNS = (
    ("my number is five five two one", 0.2),
    ("i want to go and", 0.9),
    ("i want to go and", 0.4),
    ("is it a red one", 0.005),
    ("the weather was nice today", 0.02),
    ("i had um", 0.3),
    ("what time is it?", 0.97),
    ("yes.", 0.6),
)
"""What is said in turns whose ends hang on different signs, and the turn model's word."""


@in_virtual_time
async def record_turns() -> None:
    """Turns that end for different reasons: digits, words that break off with and against the turn model's word, a
    question, a short answer."""
    texts, probabilities = zip(*TURNS, strict=True)
    engines = FakeEngines(stt=FakeStt(*texts), turn=FakeTurnDetector(*probabilities), llm=FakeLlm("I see."))
    journal = Journal()
    async with Call(engines=engines, observers=[journal]) as call:
        for number, text in enumerate(texts, 1):
            await call.speak(200 * len(text.split()))
            await call.until(lambda number=number: len(call.answers) == number)  # type: ignore[misc]
            await call.quiet(1_000)
    journal.write("turns")


@in_virtual_time
async def record_pauses(eagerness: str) -> None:
    """Turns with pauses in them, without a turn model."""
    texts = ("so i thought that we could meet.", "then we will meet at the station.", "what time is it?")
    engines = FakeEngines(stt=FakeStt(*texts), llm=FakeLlm("I see."))
    journal = Journal()
    async with Call(engines=engines, turn={"eagerness": eagerness}, observers=[journal]) as call:
        for number, text in enumerate(texts, 1):
            await call.speak(400)
            await call.quiet(520)
            await call.speak(200 * len(text.split()) - 400)
            await call.until(lambda number=number: len(call.answers) >= number)  # type: ignore[misc]
            await call.quiet(1_000)
    journal.write(f"pauses-{eagerness}")


if __name__ == "__main__":
    record_call()
    record_chat()
    record_turns()
    for eagerness in ("low", "auto", "high"):
        record_pauses(eagerness)
