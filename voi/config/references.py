"""Checks the names in agents.json: of other agents, TTS models, voices, tones and sound files. Works on the unchecked
JSON, so that a mistake elsewhere in an agent hides none of these."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from voi.config.problems import Path as JsonPath
from voi.config.problems import Problems, did_you_mean, quoted
from voi.config.prompted import PHRASE_FIELDS
from voi.config.templates import asks_for_tone
from voi.config.tones import folded
from voi.config.tts_models import Declared, TtsModel

ReferenceKind = Literal["agent", "control", "completeness"]
JUDGES: Mapping[str, ReferenceKind] = {"control_agent": "control", "completeness_agent": "completeness"}
"""Fields by which agents refer to others that judge."""

HOLD_MUSIC = "hold_music"
_WHAT = {
    "agent": "an agent that talks",
    "control": 'a control agent ("model" and "denial_phrases" or "denial_classes")',
    "completeness": 'a completeness agent ("model" and "system_prompt")',
}


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """An agent's unchecked JSON, and its place in the file."""

    raw: dict[str, Any]
    path: JsonPath
    kind: ReferenceKind = "agent"


@dataclass(frozen=True, slots=True)
class Known:
    """The known names. `model_names`: those of tts_models.json, also of models with mistakes (which are reported
    elsewhere); None when the file could not be read. `greetings_dir`: the only folder for sound files. `declared`: what
    TTS engines say of themselves."""

    entries: Mapping[str, AgentEntry]
    models: Mapping[str, TtsModel]
    model_names: Iterable[str] | None
    greetings_dir: Path
    declared: Declared


def check_references(entry: AgentEntry, known: Known, source: str, problems: Problems) -> None:
    """Adds to `problems` what the agent names that does not exist: agents, voices, sound files, words of other
    languages. `source`: where the agent stands, for the words of a problem."""
    _check_agents(entry, known.entries, source, problems)
    _check_voices(entry, known, source, problems)
    _check_sound_files(entry, known.greetings_dir, source, problems)
    _check_words(entry, source, problems)
    _check_successors(entry, known.entries, source, problems)


def voices_in(entry: AgentEntry) -> Iterator[tuple[JsonPath, str, dict[str, Any]]]:
    """Each voice's place, the name of its TTS model, and the voice itself; those of `fallback` last."""
    fallback = entry.raw.get("fallback")
    for path, holder in (((), entry.raw), (("fallback",), fallback)):
        voices = holder.get("voices") if isinstance(holder, dict) else None
        for role in ("character", "narrator"):
            choice = voices.get(role) if isinstance(voices, dict) else None
            if isinstance(choice, dict) and isinstance(choice.get("model"), str):
                yield (*entry.path, *path, "voices", role), choice["model"], choice


def sound_places(greetings_dir: Path, file: str) -> list[Path]:
    """Paths in that folder where the file may be: its name is relative to that folder or to the working folder. Empty:
    it is outside."""
    root = greetings_dir.resolve()
    return [place for place in ((root / file).resolve(), Path(file).resolve()) if place.is_relative_to(root)]


def _check_agents(entry: AgentEntry, entries: Mapping[str, AgentEntry], source: str, problems: Problems) -> None:
    for field, name in entry.raw.items():
        if not (field.endswith("_agent") and isinstance(name, str)):
            continue
        kind = JUDGES.get(field)
        known = [other for other, its in entries.items() if kind in (None, its.kind)]
        if name not in entries:
            text = f"there is no agent {quoted(name)} in this file{did_you_mean(name, known)}"
            problems.error(source, (*entry.path, field), text)
        elif kind and name not in known:
            text = f"{quoted(name)} is {_WHAT[entries[name].kind]}, and {_WHAT[kind]} is needed here"
            problems.error(source, (*entry.path, field), text)


def _check_successors(entry: AgentEntry, entries: Mapping[str, AgentEntry], source: str, problems: Problems) -> None:
    """Check the agents that a tool lets go on with the conversation."""
    tools = entry.raw.get("tools")
    for name, tool in tools.items() if isinstance(tools, dict) else ():
        others = tool.get("agents") if isinstance(tool, dict) else None
        for other in others if isinstance(others, list) else ():
            path = (*entry.path, "tools", name, "agents")
            if not isinstance(other, str):
                continue  # the agent's own check reports it
            if other not in entries or entries[other].kind != "agent":
                known = [each for each, its in entries.items() if its.kind == "agent"]
                problems.error(source, path, f"{quoted(other)} is no agent that talks{did_you_mean(other, known)}")
            elif entries[other].raw.get("redact") != entry.raw.get("redact"):
                problems.error(source, path, f"{quoted(other)} must redact the same, since the conversation is one")
            elif missing := sorted(_redacts(entries[other].raw) - _redacts(entry.raw)):
                text = f"{quoted(other)} takes down private values: set {' and '.join(missing)} in `redact` of both"
                problems.error(source, path, text)


def _redacts(raw: Mapping[str, Any]) -> set[str]:
    """What an agent as it was written redacts, with what its private slots add. Mistakes in it are reported by its own
    check."""
    redact = raw.get("redact")
    found = {name for name, value in redact.items() if value} if isinstance(redact, dict) else set()
    tools = raw.get("tools")
    for tool in tools.values() if isinstance(tools, dict) else ():
        capture = tool.get("capture") if isinstance(tool, dict) else None
        slots = capture.get("slots") if isinstance(capture, dict) else None
        for slot in slots.values() if isinstance(slots, dict) else ():
            kind, private = (slot.get("kind"), slot.get("private")) if isinstance(slot, dict) else (slot, False)
            if kind == "card":
                found |= {"cards", "numbers"}
            elif private:
                found.add("numbers")
    return found


def _check_voices(entry: AgentEntry, known: Known, source: str, problems: Problems) -> None:
    """Check one agent's voices. What only the engine knows, such as the voices in a file, is checked when it runs
    (`engines/wanting.py`)."""
    for path, name, choice in voices_in(entry):
        if known.model_names is not None and name not in known.model_names:
            text = f"{quoted(name)} is no model of tts_models.json{did_you_mean(name, known.model_names)}"
            problems.error(source, (*path, "model"), text)
        model = known.models.get(name)
        if model is None:
            continue
        voice = choice.get("voice")
        if isinstance(model.voices, tuple) and isinstance(voice, str) and voice not in model.voices:
            text = f"{quoted(voice)} is no voice of {quoted(name)}{did_you_mean(voice, model.voices)}"
            problems.error(source, (*path, "voice"), text)
        tones = model.known_tones(known.declared)
        if path != (*entry.path, "voices", "character") or tones is None:
            continue
        for place, shown in _example_tones(entry):
            if folded(shown) not in tones:
                text = (
                    f"{quoted(shown)} is no tone of {quoted(name)}{did_you_mean(shown, tones)}; the model will copy it"
                )
                problems.warn(source, place, text)
        for field in PHRASE_FIELDS:
            phrases = entry.raw.get(field)
            tone = phrases.get("voice_tone") if isinstance(phrases, dict) else None
            if isinstance(tone, str) and folded(tone) not in tones:
                text = f"{quoted(tone)} is no tone of {quoted(name)}{did_you_mean(tone, tones)}"
                problems.error(source, (*entry.path, field, "voice_tone"), text)


def _example_tones(entry: AgentEntry) -> Iterator[tuple[JsonPath, str]]:
    """Tones of the answers that the examples show."""
    examples = entry.raw.get("examples")
    for index, example in enumerate(examples if isinstance(examples, list) else ()):
        answer = example.get("assistant") if isinstance(example, dict) else None
        if isinstance(answer, str) and answer.lstrip().startswith("{"):
            try:
                answer = json.loads(answer)
            except (ValueError, RecursionError):
                continue
        tone = answer.get("voice_tone") if isinstance(answer, dict) else None
        if isinstance(tone, str):
            yield (*entry.path, "examples", index, "assistant"), tone


def _check_words(entry: AgentEntry, source: str, problems: Problems) -> None:
    """Report phrases without words, and a message format of an agent without a voice."""
    for field in (*PHRASE_FIELDS, "giveup_response"):
        given, path = entry.raw.get(field), (*entry.path, field)
        if isinstance(given, dict):
            given, path = given.get("choices", ()), (*path, "choices")
        silent_on_purpose = field in ("apology", "welcome_back")  # without choices they have default words
        if isinstance(given, list) and not given and not silent_on_purpose:
            problems.warn(source, path, "is empty, so nothing is said; leave the field out, or give it words")
        for index, choice in enumerate(given if isinstance(given, list) else [given]):
            text = choice.get("content") if isinstance(choice, dict) else choice
            if isinstance(text, str) and not text.strip():
                place = (*path, index) if isinstance(given, list) else path
                problems.warn(source, place, "has no words, so it is never said")
    prompt = entry.raw.get("system_prompt")
    lines = [line for line in (prompt if isinstance(prompt, list) else [prompt]) if isinstance(line, str)]
    if entry.kind == "agent" and not entry.raw.get("voices") and any(map(asks_for_tone, lines)):
        text = 'asks for a tone of voice, and the agent has no "voices": it only writes'
        problems.warn(source, (*entry.path, "system_prompt"), text)
    if entry.kind == "agent" and not entry.raw.get("voices") and entry.raw.get("late_phrase"):
        problems.warn(source, (*entry.path, "late_phrase"), 'is never said: the agent has no "voices"')


def _check_sound_files(entry: AgentEntry, greetings_dir: Path, source: str, problems: Problems) -> None:
    for path, file in _sound_files(entry):
        places = sound_places(greetings_dir, file)
        if not places:
            root = greetings_dir.resolve()
            text = f"{quoted(file)} is outside of the folder for pre-recorded sound, {root} (VOI_GREETINGS_DIR)"
            problems.error(source, path, text)
        elif not any(place.is_file() for place in places):
            # The name is relative to the working folder or to the folder of sounds: the shorter path is meant.
            place = min(places, key=lambda place: len(place.parts))
            instead = "Voi's own sound is heard" if path[-1] == HOLD_MUSIC else "the voice will speak the words"
            problems.warn(source, path, f"there is no file {place}; {instead} instead")


def _sound_files(entry: AgentEntry) -> Iterator[tuple[JsonPath, str]]:
    telephone = entry.raw.get("telephone")
    music = telephone.get(HOLD_MUSIC) if isinstance(telephone, dict) else None
    if isinstance(music, str) and "\0" not in music:
        yield (*entry.path, "telephone", HOLD_MUSIC), music
    tools = entry.raw.get("tools")
    phrases: list[tuple[JsonPath, Any]] = [((*entry.path, field), entry.raw.get(field)) for field in PHRASE_FIELDS]
    for name, tool in tools.items() if isinstance(tools, dict) else ():
        if isinstance(tool, dict):
            phrases.append(((*entry.path, "tools", name, "filler"), tool.get("filler")))
    for path, choices in phrases:
        if isinstance(choices, dict):
            choices, path = choices.get("choices"), (*path, "choices")
        for index, choice in enumerate(choices if isinstance(choices, list) else ()):
            file = choice.get("file") if isinstance(choice, dict) else None
            if isinstance(file, str) and "\0" not in file:
                yield (*path, index, "file"), file
