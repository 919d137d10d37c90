"""Looks through prompts for what a reader of the configuration cannot see: parts that contradict each other, and words
that will not sound as they were meant. All of it is advice: the server takes such agents."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voi.config.agents import Agent
from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.config.config import Config
from voi.config.problems import Path, Problems, quoted
from voi.config.prompted import PHRASE_FIELDS
from voi.config.templates import NARRATOR_COMMENTS, VOICE_TONE, asks_for_tone
from voi.config.tones import DEFAULT_TONES, folded
from voi.core.guard import PatternGuard
from voi.scenarios.ordinary_sentences import SENTENCES
from voi.text.tables import primary

Advice = Iterator[tuple[Path, str]]
"""Where in the agent, and what to do there."""

_TONE_KEYS = ("voice_tone", "tone")
_WRITTEN_TONE = re.compile(r"""["'](?:voice_)?tone["']\s*:\s*["']([^"'<>{}|]{1,64})["']""")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_MARKDOWN = (
    (re.compile(r"(?m)^\s{0,3}#{1,6}\s+\S"), "a heading (#)"),
    (re.compile(r"(?m)^\s*[-*+•]\s+\S"), "a list"),
    (re.compile(r"(?m)^\s*\d{1,3}[.)]\s+\S.*\n\s*\d{1,3}[.)]\s"), "a numbered list"),
    (re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__"), "bold text (**)"),
    (re.compile(r"```"), "a block of code"),
    (re.compile(r"\[[^\]\n]+\]\([^)\n]+\)"), "a link"),
    (re.compile(r"https?://\S+|\bwww\.\S+"), "a web address"),
    (re.compile(r"(?m)^\s*\|.*\|.*\|\s*$"), "a table"),
    (re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]"), "an emoji"),
)
_WANTS_MARKDOWN = re.compile(
    r"(?i)\b(markdown|bullet(?:ed)?[- ]?(?:points?|lists?)|numbered lists?|emojis?|as a table|bold text|hyperlinks?)\b"
)
_ASKS = re.compile(r"(?i)\b(use|using|write|answer|reply|respond|format\w*|include|add|give|present|list)\b")
_FORBIDS = re.compile(r"(?i)\b(no|not|never|don'?t|without|avoid|neither|nor|instead of|kein\w*|ohne|nie|sans|sin)\b")
_SENTENCES = re.compile(r"[^.!?\n]+[.!?\n]?")
_LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "polish": "pl", "czech": "cs", "russian": "ru", "hungarian": "hu", "turkish": "tr",
    "arabic": "ar", "hindi": "hi", "japanese": "ja", "korean": "ko", "chinese": "zh", "deutsch": "de", "englisch": "en",
    "français": "fr",
    "español": "es", "italiano": "it", "português": "pt", "nederlands": "nl",
}  # fmt: skip
_SPEAKS = re.compile(
    r"(?i)\b(?:(?:speak|answer|reply|respond|talk|write)\w*(?:\s+\w+){0,3}?\s+(?:only\s+)?(?:in\s+)?"
    r"|(?:antworte|sprich|rede)\w*\s+(?:\w+\s+){0,3}?(?:auf\s+)?|répond\w*\s+(?:en\s+)?|responde\w*\s+(?:en\s+)?)"
    rf"({'|'.join(_LANGUAGES)})\b"
)
_PATIENT = re.compile(
    r"(?i)\b(be patient|give (?:them|people|callers) time|never rush|let (?:them|people) finish|take their time)\b"
)
_SPELLS = re.compile(
    r"(?i)\b(spell|phone number|card number|account number|iban|post(?:al)? ?code|zip code|e-?mail address)\b"
)


def lint_prompts(config: Config, raw: Mapping[str, Any], problems: Problems) -> None:
    """Warn of what is odd in the agents' prompts. `config`: with templates filled in; `raw`: agents.json as written."""
    source = config.agents_source
    for name, agent in config.agents.items():
        written = raw.get(name)
        prompt = _prompt_in(written if isinstance(written, Mapping) else {})
        for path, text in _agent(agent, prompt, config):
            _warn(problems, source, (name, *path), text)
    for name, judge in config.control_agents.items():
        for path, text in (*_ordinary(judge), *_judge_examples(judge, "class")):
            _warn(problems, source, (*_place(name, raw), *path), text)
    for name, judge_of_turns in config.completeness_agents.items():
        for path, text in _judge_examples(judge_of_turns, "status"):
            problems.warn(source, (*_place(name, raw), *path), text)


def _warn(problems: Problems, source: str, path: Path, text: str) -> None:
    """Warn, in place of what the loader says of the same words: it knows no example, and not what becomes of them."""
    if quote := _QUOTED.search(text):
        for place in (path, path[:-1]):
            problems.withdraw(source, place, quote[0])
    problems.warn(source, path, text)


def _place(name: str, raw: Mapping[str, Any]) -> Path:
    """A judge that is written inside an agent is named AGENT.FIELD."""
    return (name,) if name in raw else tuple(name.rsplit(".", 1))


def _prompt_in(written: Mapping[str, Any]) -> str:
    prompt = written.get("system_prompt", "")
    return "\n".join(map(str, prompt)) if isinstance(prompt, list) else str(prompt)


def _agent(agent: Agent, prompt: str, config: Config) -> Advice:
    yield from _templates(agent, prompt, config)
    yield from _tones(agent, prompt, config)
    yield from _examples(agent, prompt)
    yield from _spoken(agent, prompt)
    yield from _turns(agent, prompt)
    yield from _language(agent, prompt, config)


# ---- templates and voices ------------------------------------------------------------------------------


def _templates(agent: Agent, prompt: str, config: Config) -> Advice:
    narrates = f"{NARRATOR_COMMENTS}}}" in prompt
    voices = agent.voices
    if not prompt.strip():
        return
    if voices is not None and not agent.speaks_json:
        own = [tone for tone in config.tones_of(agent) if tone not in DEFAULT_TONES]
        if own:
            yield (("system_prompt",), f"its voice has tones ({', '.join(own)}), and the prompt asks for none: add "
                   f"{{{VOICE_TONE}}}")  # fmt: skip
    if voices is not None and voices.narrator is not None and not narrates and "narrator" not in prompt.casefold():
        yield (("voices", "narrator"), f"has a voice, and the prompt does not say how to comment: add "
               f"{{{NARRATOR_COMMENTS}}}, or remove the narrator")  # fmt: skip
    if narrates and voices is not None and voices.narrator is None:
        yield (
            ("system_prompt",),
            "asks for a narrator's comments, which are shown and not spoken: give it voices.narrator",
        )
    if asks_for_tone(prompt) and voices is None:
        yield (
            ("system_prompt",),
            "asks for a tone of voice, and the agent has no voices: add voices, or remove the template",
        )


def _tones(agent: Agent, prompt: str, config: Config) -> Advice:
    known = {folded(tone) for tone in ("neutral", *config.tones_of(agent))}
    for number, example in enumerate(agent.examples):
        fields = _object(example.assistant)
        for key in _TONE_KEYS:
            tone = (fields or {}).get(key)
            if isinstance(tone, str) and folded(tone) not in known:
                yield ("examples", number, "assistant"), _no_tone(tone, known)
    for tone in dict.fromkeys(_WRITTEN_TONE.findall(prompt)):
        if folded(tone) not in known:
            yield ("system_prompt",), _no_tone(tone, known)


def _no_tone(tone: str, known: set[str]) -> str:
    there = ", ".join(sorted(known))
    return f"has the tone {quoted(tone)}, which its voice does not have: it will sound neutral. There are: {there}"


# ---- examples ------------------------------------------------------------------------------------------


def _examples(agent: Agent, prompt: str) -> Advice:
    if not agent.examples:
        return
    wants_tone = asks_for_tone(prompt)
    for number, example in enumerate(agent.examples):
        place: Path = ("examples", number, "assistant")
        text = example.assistant.strip()
        fields = _object(text)
        if text.startswith("{") and fields is None:
            yield place, "looks like JSON and is none: it teaches the model to break the format"
        elif wants_tone and fields is not None:
            names = list(fields)
            if "text" not in fields:
                yield place, 'has no "text", which the template asks for: {"voice_tone": "…", "text": "…"}'
            elif "voice_tone" not in fields:
                yield place, 'has no "voice_tone", which the template asks for'
            elif names.index("voice_tone") > names.index("text"):
                yield place, "has its text before its tone; with the tone first, the speech begins sooner"
            if more := [name for name in names if name not in ("voice_tone", "text")]:
                yield place, f"has {', '.join(map(quoted, more))}, which the template does not ask for"
        elif agent.speaks_json and not wants_tone and fields is None:
            yield place, "is plain text, and the prompt asks for JSON"
        elif fields is not None and not agent.speaks_json:
            yield place, "is JSON, and the prompt does not ask for JSON: the braces may be spoken"
        words = str((fields or {}).get("text", text))
        if agent.voices is not None and agent.voices.narrator is not None and words.count("*") % 2:
            yield place, "has an asterisk without its partner: where does the narrator's comment end?"


def _judge_examples(judge: ControlAgent | CompletenessAgent, key: str) -> Advice:
    classes = {name.casefold() for name in getattr(judge, "denial_classes", ())}
    for number, example in enumerate(judge.examples):
        fields = _object(example.assistant)
        if fields is None or key not in fields:
            yield ("examples", number, "assistant"), f'must answer {{"{key}": "…"}}, as the model has to'
    if classes and not any(name in "\n".join(judge.system_prompt).casefold() for name in classes):
        yield ("system_prompt",), f"names none of its denial_classes ({', '.join(sorted(classes))})"


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# ---- what will be spoken -------------------------------------------------------------------------------


def _spoken(agent: Agent, prompt: str) -> Advice:
    if agent.voices is None:
        return
    for number, example in enumerate(agent.examples):
        fields = _object(example.assistant)
        for what in _markup(str((fields or {}).get("text", example.assistant))):
            yield ("examples", number, "assistant"), f"has {what}, and it will be spoken: write it as people talk"
    for field in PHRASE_FIELDS:
        phrases = getattr(agent, field)
        for number, choice in enumerate(phrases.choices if phrases is not None else ()):
            for what in _markup(choice.content):
                yield (field, "choices", number), f"has {what}, and it will be spoken: write it as people talk"
    for sentence in _SENTENCES.findall(prompt):
        found = _WANTS_MARKDOWN.search(sentence)
        if found and _ASKS.search(sentence) and not _FORBIDS.search(sentence):
            yield (
                ("system_prompt",),
                f'asks for {found[0]} ("{" ".join(sentence.split())[:80]}"), and answers are spoken',
            )


def _markup(text: str) -> Iterator[str]:
    return (what for pattern, what in _MARKDOWN if pattern.search(text))


# ---- turns and language --------------------------------------------------------------------------------


def _turns(agent: Agent, prompt: str) -> Advice:
    turn, reminder = agent.turn.policy(), agent.idle_reminder
    given = agent.turn.model_fields_set
    if turn.eagerness == "high" and (found := _PATIENT.search(prompt)):
        yield (
            ("turn", "eagerness"),
            f'is high, and the prompt says "{found[0]}": an eager agent takes the turn in pauses',
        )
    if turn.eagerness == "high" and (found := _SPELLS.search(prompt)):
        yield (("turn", "eagerness"), f'is high, and the prompt asks for a "{found[0]}": people pause while they '
               "dictate; take medium or low")  # fmt: skip
    if turn.barge_in_timeout_ms < turn.barge_in_ms:
        yield (
            ("turn", "barge_in_timeout_ms"),
            "is less than barge_in_ms: every sound over the agent is decided by it alone",
        )
    if turn.speculate and "speculate_after_ms" in given and turn.speculate_after_ms >= turn.max_silence_ms:
        yield ("turn", "speculate_after_ms"), "is not less than max_silence_ms: no answer is ever begun in advance"
    if agent.idle_limit_s and reminder is not None and agent.idle_limit_s <= reminder.after_s:
        yield (
            ("idle_reminder", "after_s"),
            "is not before idle_limit_s: the agent hangs up first, and nobody is reminded",
        )
    if agent.duration_limit_s and reminder is not None and agent.duration_limit_s <= reminder.after_s:
        yield ("idle_reminder", "after_s"), "is not before duration_limit_s: nobody is ever reminded"
    if reminder is not None and reminder.after_ms <= turn.max_silence_ms:
        yield ("idle_reminder", "after_s"), "is within turn.max_silence_ms: who thinks for a moment is reminded"
    if agent.voices is None and agent.late_phrase is not None:
        yield ("late_phrase",), "is never said: the agent has no voices"


def _language(agent: Agent, prompt: str, config: Config) -> Advice:
    spoken = agent.language or config.language
    if spoken == "auto":
        return
    wanted = {_LANGUAGES[name.casefold()] for name in _SPEAKS.findall(prompt)}
    if wanted and primary(spoken) not in wanted:
        yield (("language",), f"is {spoken}, and the prompt wants {', '.join(sorted(wanted))}: words and numbers would "
               "be heard and read in the wrong language")  # fmt: skip


# ---- denied phrases ------------------------------------------------------------------------------------


def _ordinary(judge: ControlAgent) -> Advice:
    found: dict[int, str] = {}
    for sentence in SENTENCES:
        if not _denies(judge.denial_phrases, sentence):
            continue  # most sentences: only the others are tried phrase by phrase
        for number, phrase in enumerate(judge.denial_phrases):
            if number not in found and _denies((phrase,), sentence):
                found[number] = sentence
    for number, sentence in sorted(found.items()):
        phrase = judge.denial_phrases[number]
        yield ("denial_phrases", number), f"{quoted(phrase)} would deny an ordinary sentence: {quoted(sentence)}"


def _denies(phrases: Sequence[str], sentence: str) -> bool:
    guard = PatternGuard(phrases)
    guard.feed(f" {sentence} ")
    return guard.denied
