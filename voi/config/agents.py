"""The agents that talk: those of agents.json, and those that a client sends."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from voi.config.apologies import apology_in
from voi.config.brain import SpeechBrain
from voi.config.engine_choice import EngineChoice
from voi.config.fallback import Fallback
from voi.config.goodbyes import goodbye_in
from voi.config.knowledge import KnowledgeOrFiles
from voi.config.memory import AgentMemoryOrSwitch, HistorySettings
from voi.config.notices import ai_notice, recording_notice
from voi.config.parts import (
    Disclosure,
    IdleReminder,
    LanguageCode,
    LatePhraseOrText,
    Phrases,
    PhrasesOrText,
    Redact,
    SttSettings,
    TurnSettings,
    VoiceChoice,
    Voices,
    WelcomeBack,
    WelcomeBackOrText,
    draw,
    words_only,
)
from voi.config.post_call import TOOL_BODIES, PostCall
from voi.config.problems import did_you_mean, quoted
from voi.config.prompted import PHRASE_FIELDS, Prompted
from voi.config.telephone import DURATION_LIMIT_S, IDLE_LIMIT_S, Telephone
from voi.config.tools import AgentTools, Credentials
from voi.config.welcomes import welcome_in
from voi.dialogue import Phrase, Voice

if TYPE_CHECKING:
    pass

EMBEDDED_MODELS = frozenset({"echo", "eliza"})
"""Values of llm_model that need no provider."""

_ECHO_GREETING = "Hello! I say back to you what I hear."


class Agent(Prompted):
    """An agent that talks: a persona, its model, its voices."""

    title: str = ""
    """Name for people."""
    description: str = ""
    """One sentence for people who choose an agent."""
    llm_model: str = Field(min_length=1)
    """A model name of the LiteLLM configuration; or echo (says back what it hears) or eliza, which need no provider."""
    brain: SpeechBrain | None = None
    """A speech-to-speech model that answers in the place of llm_model and voices. Those remain for what is asked beside
    (summaries) and for what is said word for word (greetings, apologies)."""
    control_agent: str | None = None
    """Name of the agent that keeps denials out of the replies."""
    completeness_agent: str | None = None
    """Name of the agent that judges whether the person has finished speaking."""
    voices: Voices | None = None
    """Without it, the agent only writes."""
    greetings: Phrases | None = None
    """What the agent opens the conversation with."""
    language: LanguageCode | None = None
    """ISO code of the language that is heard and spoken, or "auto" to detect it; without it, that of the voice's model,
    or VOI_LANGUAGE."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely the model writes; without it, the model's default."""
    max_tokens: int | None = Field(default=None, ge=1, le=100_000)
    """Longest reply."""
    thinks_first: bool | None = None
    """Whether the model begins its replies with thoughts of which only the end is marked (</think>); without it, Voi
    learns that from its first reply, which waits until it is complete."""
    engines: EngineChoice = EngineChoice()
    """Engines that hear this agent's conversations, where they are not those of the settings."""
    fallback: Fallback = Fallback()
    """Second choices for its ear, its model and its voices, which take over when the first fail."""
    turn: TurnSettings = TurnSettings()
    """How patient the agent is: when a silence ends the person's turn, and when speech over it interrupts it."""
    stt: SttSettings = SttSettings()
    """Help for the transcription."""
    disclosure: Disclosure = Disclosure()
    """What it says before its greeting, on telephones: that it is an AI, and that the conversation is recorded."""
    redact: Redact = Redact()
    """What is taken out of the words of its conversations before they are logged or kept. Their sound is then not
    recorded."""
    tools: AgentTools = Field(default_factory=dict)
    """What the agent can do beside talking, by the name that the model knows."""
    tool_rounds: int = Field(default=8, ge=1, le=32)
    """How many rounds of tool calls one answer may make, each after the results of the one before."""
    tool_time_s: float = Field(default=60, gt=0, le=600)
    """After so many seconds from its first round, an answer may call no more tools."""
    knowledge: KnowledgeOrFiles | None = None
    """Files that the agent may draw on beside its prompt."""
    credentials: Credentials = Field(default_factory=dict)
    """How its tools sign in to services, by the name that their auth gives."""
    after_call: PostCall | None = None
    """What is done with a call once it is over."""
    idle_reminder: IdleReminder | None = None
    """Said in calls when both have been silent for a while."""
    idle_limit_s: float = Field(default=0, ge=0, le=86_400)
    """Hang up after that many seconds of silence on both sides; 0: never."""
    duration_limit_s: float = Field(default=0, ge=0, le=86_400)
    """Hang up after that many seconds; 0: never."""
    apology: PhrasesOrText | None = None
    """Said when an answer failed."""
    late_phrase: LatePhraseOrText | None = None
    """Said once in a turn while the words of an answer are late; without it, nothing is."""
    welcome_back: WelcomeBackOrText | None = None
    """Said in calls when the person's connection was lost for a while and is back."""
    goodbye: PhrasesOrText | None = None
    """Said before the conversation is ended because its time is up: its duration_limit_s, or the quota of its app."""
    memory: AgentMemoryOrSwitch = None
    """What it keeps of people whom the app names, and knows in their next conversation; without it, nothing."""
    history: HistorySettings = HistorySettings()
    """How much of a long conversation its model is shown."""
    telephone: Telephone = Telephone()
    """What is different when it is called by telephone."""

    @model_validator(mode="after")
    def _keeps_order_on_the_telephone(self) -> Self:
        if self.telephone.turn is not None:
            self._turn_on_telephone()
        return self

    @model_validator(mode="after")
    def _falls_back_on_another(self) -> Self:
        second = self.fallback
        if second.llm_model == self.llm_model:
            raise ValueError("fallback.llm_model: is the agent's own llm_model, so it fails when that does")
        if second.stt is not None and second.stt == self.engines.stt:
            raise ValueError("fallback.stt: is the agent's own engine, so it fails when that does")
        first = self.voices_by_role()
        for role, choice in self.fallback_voices().items():
            if role not in first:
                raise ValueError(f"fallback.voices.{role}: takes the place of a voice that the agent does not have")
            if choice.model == first[role].model:
                raise ValueError(f"fallback.voices.{role}: has the first voice's model, so it fails when that does")
        return self

    @model_validator(mode="after")
    def _has_what_its_tools_search(self) -> Self:
        for name, tool in self.tools.items():
            if tool.builtin == "search_knowledge" and self.knowledge is None:
                raise ValueError(f"has the tool {quoted(name)}, which searches its knowledge, and has no knowledge")
        return self

    @model_validator(mode="after")
    def _says_where_calls_go(self) -> Self:
        for name, tool in self.tools.items():
            if tool.builtin == "transfer" and bool(tool.targets) == bool(self.telephone.transfers):
                both = "has targets, and the agent's telephone has transfers: keep one of them"
                neither = "needs targets, or transfers in the agent's telephone"
                raise ValueError(f"tools.{name}: {both if tool.targets else neither}")
        return self

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Self:
        for name, tool in self.tools.items():
            auth = tool.http.auth if tool.http else None
            if isinstance(auth, str) and auth not in self.credentials:
                raise ValueError(
                    f"tools.{name}: {quoted(auth)} is none of the agent's credentials"
                    f"{did_you_mean(auth, self.credentials)}"
                )
        if self.after_call is not None and self.after_call.tool is not None:
            wanted = self.after_call.tool.name
            if wanted in self.tools and self.tools[wanted].captured_names:
                raise ValueError(f"after_call: {quoted(wanted)} needs what was dictated, which is gone after the call")
            if not any(self._may_follow(wanted, name) for name in self.tools):
                raise ValueError(
                    f"after_call: {quoted(wanted)} is none of the agent's tools that work when the call is over "
                    f"({', '.join(TOOL_BODIES)}){did_you_mean(wanted, self.tools)}"
                )
        return self

    def _may_follow(self, wanted: str, name: str) -> bool:
        body = self.tools[name].body
        return body in TOOL_BODIES and (wanted.startswith(f"{name}_") if body == "mcp" else wanted == name)

    @property
    def redacted(self) -> Redact:
        """What is taken out of its conversations: what its author wants, and the private values that it takes down."""
        private = [each for tool in self.tools.values() if tool.capture for each in tool.capture.private_slots]
        if not private:
            return self.redact
        cards = self.redact.cards or any(each.kind == "card" for each in private)
        return self.redact.model_copy(update={"numbers": True, "cards": cards})

    @property
    def takes_private(self) -> bool:
        """It takes down values that its model may not know."""
        return any(tool.capture and tool.capture.private_slots for tool in self.tools.values())

    @property
    def redacted_digits_min(self) -> int | None:
        """Length of the shortest private number that it takes down; None: it takes down none."""
        lengths = (tool.capture.private_digits_min for tool in self.tools.values() if tool.capture)
        return min((length for length in lengths if length is not None), default=None)

    @property
    def dictated_languages(self) -> tuple[str, ...]:
        """Languages in which values are dictated to it that it does not speak itself."""
        return tuple(tool.capture.language for tool in self.tools.values() if tool.capture and tool.capture.language)

    @property
    def captured(self) -> frozenset[str]:
        """Names of the slots that it takes down."""
        return frozenset(name for tool in self.tools.values() if tool.capture for name in tool.capture.slots)

    @property
    def successors(self) -> frozenset[str]:
        """Agents to which it can hand the conversation over."""
        return frozenset(name for tool in self.tools.values() for name in tool.agents)

    @property
    def idle_limit_ms(self) -> int:
        return round(self.idle_limit_s * 1000)

    @property
    def tool_time_ms(self) -> int:
        return round(self.tool_time_s * 1000)

    @property
    def models_beside(self) -> dict[tuple[str, ...], str]:
        """Models that it uses beside its own, by the field that names each."""
        named = {
            ("memory", "model"): self.memory.model if self.memory else None,
            ("history", "model"): self.history.model,
            ("after_call", "llm_model"): self.after_call.llm_model if self.after_call else None,
            ("fallback", "llm_model"): self.fallback.llm_model,
        }
        return {place: model for place, model in named.items() if model}

    @property
    def welcome_after_ms(self) -> int:
        """Shortest time away after which the person is told that they are heard again."""
        return (self.welcome_back or WelcomeBack()).after_ms

    @property
    def duration_limit_ms(self) -> int:
        return round(self.duration_limit_s * 1000)

    def on_telephone(self, greeting: Phrases | None = None, language: str | None = None) -> Self:
        """The agent as it is on the telephone. `greeting`, `language`: of the number that was called; None: its own."""
        there = self.telephone
        update: dict[str, object] = {
            "turn": self._turn_on_telephone(),
            "greetings": words_only(greeting or there.greetings) or self.greetings,
            "language": language or self.language,
            "idle_reminder": words_only(there.idle_reminder) or self.idle_reminder,
            "goodbye": words_only(there.hang_up.goodbye) or self.goodbye,
            "idle_limit_s": self.idle_limit_s or IDLE_LIMIT_S if there.idle_limit_s is None else there.idle_limit_s,
            "duration_limit_s": self.duration_limit_s or DURATION_LIMIT_S
            if there.duration_limit_s is None
            else there.duration_limit_s,
        }
        if not there.hang_up.agent:
            update["tools"] = {name: tool for name, tool in self.tools.items() if tool.builtin != "hang_up"}
        if self.voices is not None and there.speed != 1.0:
            update["voices"] = self.voices.faster(there.speed)
            update["fallback"] = self.fallback.model_copy(update={"voices": self.fallback.voices.faster(there.speed)})
        return self.model_copy(update=update)

    def _turn_on_telephone(self) -> TurnSettings:
        other = self.telephone.turn
        if other is None:
            return self.turn
        set_there = {name: getattr(other, name) for name in other.model_fields_set}
        set_here = {name: getattr(self.turn, name) for name in self.turn.model_fields_set}
        return TurnSettings.model_validate(set_here | set_there)

    def greeting_phrases(self) -> tuple[Phrase, ...]:
        """One of these opens the conversation; none: the agent waits for the person. `echo` always greets."""
        phrases = self.greetings.spoken() if self.greetings else ()
        return phrases or ((Phrase(_ECHO_GREETING),) if self.llm_model == "echo" else ())

    def notice(self, *, ai: bool, recorded: bool) -> Phrase | None:
        """What it discloses at its first words; None: nothing."""
        said = []
        if ai:
            said.append(self.disclosure.ai or ai_notice(self.language))
        if recorded:
            said.append(self.disclosure.recording or recording_notice(self.language))
        return Phrase(" ".join(said)) if said else None

    def apology_phrase(self) -> Phrase | None:
        """A phrase for a failed answer: the agent's own, or its language's default; None: there is none."""
        if self.apology is not None:
            return draw(self.apology.spoken())
        default = apology_in(self.language)
        return Phrase(default) if default else None

    def welcome_phrase(self) -> Phrase | None:
        """A phrase for a person who is back: the agent's own, or its language's default; None: there is none."""
        return draw(self.welcome_phrases())

    def welcome_phrases(self) -> tuple[Phrase, ...]:
        if self.welcome_back is not None and "choices" in self.welcome_back.model_fields_set:
            return self.welcome_back.spoken()
        default = welcome_in(self.language)
        return (Phrase(default, self.welcome_back.voice_tone if self.welcome_back else "neutral"),) if default else ()

    def goodbye_phrase(self) -> Phrase | None:
        """A phrase for when the time is up: the agent's own, or its language's default; None: there is none."""
        return draw(self.goodbye_phrases())

    def goodbye_phrases(self) -> tuple[Phrase, ...]:
        if self.goodbye is not None:
            return self.goodbye.spoken()
        default = goodbye_in(self.language)
        return (Phrase(default),) if default else ()

    def late_answer_phrase(self) -> Phrase | None:
        return draw(self.late_phrase.spoken()) if self.late_phrase and self.voices else None

    def reminder_phrase(self) -> Phrase | None:
        return draw(self.idle_reminder.spoken()) if self.idle_reminder else None

    def tones(self) -> tuple[str, ...]:
        """Tones that the agent's fixed phrases name."""
        there = (self.telephone.greetings, self.telephone.idle_reminder, self.telephone.hang_up.goodbye)
        own = (getattr(self, field) for field in PHRASE_FIELDS)
        phrases = [*own, *there, *(tool.filler for tool in self.tools.values())]
        return tuple(dict.fromkeys(some.voice_tone for some in phrases if some is not None))

    def voices_by_role(self) -> Mapping[Voice, VoiceChoice]:
        if self.voices is None:
            return {}
        voices: dict[Voice, VoiceChoice] = {"character": self.voices.character}
        if self.voices.narrator is not None:
            voices["narrator"] = self.voices.narrator
        return voices

    def fallback_voices(self) -> Mapping[Voice, VoiceChoice]:
        """The voices that take over, by role."""
        seconds = self.fallback.voices
        found: dict[Voice, VoiceChoice | None] = {"character": seconds.character, "narrator": seconds.narrator}
        return {role: choice for role, choice in found.items() if choice is not None}

    def with_files(self, resolve: Callable[[str], str | None]) -> Self:
        """The same agent with `resolve(file)` in place of each phrase's sound file."""
        update: dict[str, Phrases] = {}
        for field in PHRASE_FIELDS:
            phrases: Phrases | None = getattr(self, field)
            if phrases is not None and phrases.choices:
                choices = tuple(
                    choice.model_copy(update={"file": resolve(choice.file)}) if choice.file else choice
                    for choice in phrases.choices
                )
                update[field] = phrases.model_copy(update={"choices": choices})
        tools = {name: tool.with_files(resolve) for name, tool in self.tools.items()}
        return self.model_copy(update={**update, "tools": tools, "telephone": self.telephone.with_files(resolve)})
