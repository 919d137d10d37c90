"""Makes a scenario of a recorded conversation. What was private is left out: something like it stands in its place, so
that the scenario can be played."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import yaml

from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.problems import did_you_mean, quoted
from voi.core import actions as do
from voi.core import facts as was
from voi.core.journal import JournalEntry, decode_entry, decode_script
from voi.core.script import Script
from voi.errors import ClientError
from voi.scenarios.silent_voice import spoken_ms
from voi.scenarios.trace import AgentSaid, Trace
from voi.text.redact import CARD, EMAIL, NAME, NUMBER, TextRedactor

LINES_MAX = 2_000_000
LINE_MAX_CHARACTERS = 4_000_000
"""A line is read no further. The longest are those of prompts and histories."""
STEPS_MAX = 300
NAME_MAX_CHARACTERS = 200
PAUSE_MIN_MS = 400
"""Shorter silences within a turn are left out."""
SPEAKS_ON_MS = 1_000
"""Who is interrupted would have spoken on for at least this long: an interruption is decided in a moment only."""
STAND_INS = {
    NUMBER: "one two three four", CARD: "4111 1111 1111 1111", EMAIL: "someone at example dot org", NAME: "Alex",
}  # fmt: skip
"""What the person of the scenario says instead. The card is the one that everybody uses to test with."""
SILENT = "The model did not answer in the recording."
HEAD = """\
# yaml-language-server: $schema=../docs/scenarios.schema.json
# Made of a recording. Numbers, cards and e-mail addresses were replaced{names}; read it before you share it:
# other names, and what only people can recognise as private, are left as they were.
"""


@dataclass(slots=True)
class _PersonsTurn:
    """What the person did, and what came of it."""

    action: str
    text: str = ""
    breaks: list[tuple[str, int]] = field(default_factory=list)
    """Pauses within: the words before each, and its length in ms."""
    interrupts_after_ms: int | None = None
    over: AgentSaid | None = None
    """What the agent was saying then."""
    said: list[AgentSaid] = field(default_factory=list)
    calls: list[tuple[AgentSaid | None, str, str]] = field(default_factory=list)


def scenario_from(
    lines: Iterable[str], config: Config, *, name: str, agent: str = "", names: Sequence[str] = ()
) -> str:
    """The YAML of a scenario file. `lines`: those of a journal. `agent`: whose conversation it was; "": the one with
    the prompt of the recording. `names`: names of people to leave out, besides those of the agent's `redact`. Raises
    ClientError."""
    script, entries = _read(lines)
    chosen = _agent_of(script, config, agent)
    retold = _Retold(script)
    for entry in entries:
        retold.take(entry)
    redact = _redactor(config.agents[chosen], names)
    scenario: dict[str, Any] = {"name": name[:NAME_MAX_CHARACTERS], "agent": chosen}
    if script.mode == "chat":
        scenario["mode"] = "chat"
    if not retold.greeted:
        scenario["greet"] = False
    if tools := retold.tools(redact):
        scenario["tools"] = tools
    scenario["steps"] = retold.steps(redact, config.agents[chosen])
    if not scenario["steps"]:
        raise ClientError("Nobody says anything in this recording, so there is nothing to play.")
    scenario["expect"] = {"never": retold.never()}
    text: str = yaml.safe_dump({"scenarios": [scenario]}, sort_keys=False, allow_unicode=True, width=110)
    head = HEAD.format(names=", and the names that you gave" if names else "")
    if (left_out := retold.turns - STEPS_MAX) > 0:
        head += f"# Only the first {STEPS_MAX} turns of the person are here; {left_out} more are left out.\n"
    return head + text


def journal_lines(file: TextIO) -> Iterator[str]:
    """The lines of a journal; one that is far too long comes in parts, none of which can be read."""
    return iter(lambda: file.readline(LINE_MAX_CHARACTERS), "")


def _read(lines: Iterable[str]) -> tuple[Script, list[JournalEntry]]:
    script: Script | None = None
    entries = []
    damaged = 0
    for number, line in enumerate(lines, 1):
        if number > LINES_MAX:
            raise ClientError(f"The journal has more than {LINES_MAX:,} lines.")
        if damaged:
            raise ClientError(f"Line {damaged} of the journal is damaged.")
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            damaged = number  # a killed process leaves its last line cut off
            continue
        if script is None:
            script = decode_script(found)
        else:
            entries.append(decode_entry(found))
    if script is None:
        raise ClientError("The journal is empty.")
    return script, entries


def _agent_of(script: Script, config: Config, wanted: str) -> str:
    if wanted:
        if wanted not in config.agents:
            raise ClientError(f"There is no agent {quoted(wanted)}{did_you_mean(wanted, config.agents)}")
        return wanted
    fitting = [name for name, agent in config.agents.items() if agent.prompt() == script.prompt != ()]
    if len(fitting) == 1:
        return fitting[0]
    greeting = script.greeting.text if script.greeting is not None else None
    greeting_fits = [
        name
        for name in fitting or config.agents
        if greeting in {phrase.text for phrase in config.agents[name].greeting_phrases()}
    ]
    if len(greeting_fits) == 1:
        return greeting_fits[0]
    raise ClientError("The recording does not say which agent it was, and no one has its prompt: give --agent NAME.")


def _redactor(agent: Agent, names: Sequence[str]) -> TextRedactor:
    return TextRedactor(
        numbers=True, cards=True, emails=True, names=(*agent.redact.names, *names), languages=(agent.language or "en",)
    )


def without_private(text: str, redact: TextRedactor) -> str:
    """The text with something harmless in place of what is private."""
    text = redact(text)
    for mark, stand_in in STAND_INS.items():
        text = text.replace(mark, stand_in)
    return text


class _Retold:
    """Follows a journal and notes the person's turns."""

    def __init__(self, script: Script) -> None:
        self._trace = Trace()
        self._trace.begin(script)
        self._turns: list[_PersonsTurn] = []
        self._by_message: dict[int, _PersonsTurn] = {}
        self._results: dict[str, list[tuple[str, bool]]] = {}
        self._names: dict[tuple[int, str], str] = {}
        self._sounding_since_ms: int | None = None
        self._sounding = 0
        """The reply that was heard last."""
        self._over: AgentSaid | None = None
        self._quiet_ms = 0
        self._words = ""
        self._interrupted_at_ms: int | None = None
        self._breaks: list[tuple[str, int]] = []
        self._typed = False
        self._said = 0
        self.greeted = False

    def take(self, entry: JournalEntry) -> None:
        self._fact(entry)
        self._trace.step(entry.now_ms, entry.fact, entry.actions)
        for action in entry.actions:
            self._action(action)
        for said in self._trace.said[self._said :]:
            self.greeted = self.greeted or said.kind == "greeting"
            if self._turns and said.kind in ("answer", "goes_on"):
                self._turns[-1].said.append(said)
        self._said = len(self._trace.said)

    def _fact(self, entry: JournalEntry) -> None:
        match entry.fact:
            case was.TextTyped():
                self._typed = True
            case was.PlaybackStarted():
                self._sounding_since_ms, self._sounding = entry.now_ms, entry.fact.reply
            case was.ReplyPlayed() | was.ReplyStopped():
                self._sounding_since_ms = None
            case was.UserStarted():
                if self._quiet_ms >= PAUSE_MIN_MS and self._words:
                    self._breaks.append((self._words, self._quiet_ms))
                self._quiet_ms = 0
                if self._sounding_since_ms is not None and self._interrupted_at_ms is None:
                    self._interrupted_at_ms = entry.now_ms - self._sounding_since_ms
                    self._over = next((each for each in self._trace.said if each.reply == self._sounding), None)
            case was.QuietGrew(quiet_ms):
                self._quiet_ms = quiet_ms
            case was.Heard(text=text):
                self._words = text
            case was.ToolReturned():
                returned = entry.fact
                if name := self._names.get((returned.reply, returned.call_id)):
                    self._results.setdefault(name, []).append((returned.result, returned.failed))

    def _action(self, action: do.Action) -> None:
        match action:
            case do.Show(role="user", final=True) if action.text.strip():
                self._understood(action)
            case do.EndUtterance():
                self._quiet_ms, self._words = 0, ""
            case do.RunTool():
                self._names[action.reply, action.call_id] = action.name
                if self._turns:
                    said = next((each for each in self._trace.said if each.reply == action.reply), None)
                    self._turns[-1].calls.append((said, action.name, action.arguments))

    def _understood(self, action: do.Show) -> None:
        if turn := self._by_message.get(action.message_id):
            turn.text = action.text
            return
        turn = _PersonsTurn("type" if self._typed else "say", action.text, self._breaks)
        if not self._typed:
            turn.interrupts_after_ms, turn.over = self._interrupted_at_ms, self._over
        self._turns.append(turn)
        self._by_message[action.message_id] = turn
        self._breaks, self._typed, self._interrupted_at_ms, self._over = [], False, None, None

    # ---- as a scenario ------------------------------------------------------------------------------

    @property
    def turns(self) -> int:
        """How often the person spoke or typed."""
        return len(self._turns)

    def steps(self, redact: TextRedactor, agent: Agent) -> list[dict[str, Any]]:
        return [self._step(turn, redact, agent) for turn in self._turns[:STEPS_MAX]]

    def _step(self, turn: _PersonsTurn, redact: TextRedactor, agent: Agent) -> dict[str, Any]:
        step: dict[str, Any] = {turn.action: _with_pauses(turn, redact)}
        if turn.interrupts_after_ms is not None:
            step["interrupts_after_ms"] = _while_it_speaks(turn.interrupts_after_ms, turn.over)
        answers = [answer for said in turn.said if (answer := _answer(said, turn, redact, agent))]
        if turn.said and not answers:
            answers = [{"error": SILENT}]
        if answers:
            step["model"] = answers[0] if len(answers) == 1 else answers
        expect: dict[str, Any] = {}
        tones = {tone for said in turn.said for tone in said.tones()} - {"neutral"}
        if len(tones) == 1 and all(said.tones() for said in turn.said):
            expect["tone"] = sorted({tone for said in turn.said for tone in said.tones()})
        if turn.calls:
            expect["calls"] = [{"name": name} for _, name, _ in turn.calls]
        return step | ({"expect": expect} if expect else {})

    def tools(self, redact: TextRedactor) -> dict[str, Any]:
        found = {}
        for name, results in self._results.items():
            answers = [{"error" if failed else "result": without_private(result, redact)} for result, failed in results]
            found[name] = answers[0] if len(answers) == 1 else answers
        return found

    def never(self) -> list[str]:
        """What did not happen then and must not happen now."""
        happened = {event.kind for event in self._trace.events}
        return [kind for kind in ("error", "denial", "gave_up") if kind not in happened] or ["hang_up"]


def _while_it_speaks(after_ms: int, over: AgentSaid | None) -> int:
    """When the person interrupts. Another voice than that of the recording may be done sooner, so it is early enough
    for what the words usually take."""
    if over is None:
        return after_ms
    usual_ms = spoken_ms(" ".join(part.text for part in over.parts() if part.spoken))
    return max(0, min(after_ms, usual_ms - SPEAKS_ON_MS))


def _with_pauses(turn: _PersonsTurn, redact: TextRedactor) -> str | list[Any]:
    parts: list[Any] = []
    rest, done = turn.text, ""
    for words, quiet_ms in turn.breaks:
        if words and words != turn.text and turn.text.startswith(words) and len(words) > len(done):
            parts += [without_private(turn.text[len(done) : len(words)].strip(), redact), {"pause_ms": quiet_ms}]
            done, rest = words, turn.text[len(words) :]
    whole = without_private(turn.text, redact)
    joined = " ".join([part for part in parts if isinstance(part, str)] + [without_private(rest.strip(), redact)])
    if not parts or turn.action != "say" or " ".join(joined.split()) != " ".join(whole.split()):
        return whole  # a pause in the middle of what is private
    return [*parts, without_private(rest.strip(), redact)]


def _answer(said: AgentSaid, turn: _PersonsTurn, redact: TextRedactor, agent: Agent) -> Any:
    mark = agent.reply_form.comment_mark
    text = " ".join(
        f"{mark}{part.text.strip()}{mark}" if part.voice == "narrator" else part.text.strip() for part in said.parts()
    )
    answer: dict[str, Any] = {}
    if text:
        answer["text"] = without_private(text, redact)
    tone = next((part.tone for part in said.parts()), "neutral")
    if tone != "neutral":
        answer["voice_tone"] = tone
    calls = [
        {"name": name, "arguments": _arguments(arguments, redact)} for by, name, arguments in turn.calls if by is said
    ]
    if calls:
        answer["calls"] = calls
    return answer.get("text", "") if set(answer) <= {"text"} else answer


def _arguments(arguments: str, redact: TextRedactor) -> Any:
    clean = without_private(arguments, redact)
    try:
        found = json.loads(clean or "{}")
    except (ValueError, RecursionError):
        return clean
    return found if isinstance(found, dict) else clean
