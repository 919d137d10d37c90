"""Advice on prompts: each is given where it is due, and none where all is well."""

import json
from pathlib import Path
from typing import Any

import pytest

from voi.config.json_file import read_object
from voi.config.load import read_config
from voi.config.problems import Problems
from voi.config.settings import load_settings
from voi.core.guard import PatternGuard
from voi.engines.registry import tts_info
from voi.scenarios.ordinary_sentences import SENTENCES
from voi.scenarios.prompt_lint import lint_prompts

ROOT = Path(__file__).parents[2]
TONE = "{character_agent_message_format_voice_tone}"
NARRATOR = "{character_agent_message_format_narrator_comments}"
VOICE = {"character": {"model": "espeak"}}
BOTH = VOICE | {"narrator": {"model": "espeak"}}


def advice(folder: Path, agents: dict[str, Any], models: dict[str, Any] | None = None) -> list[str]:
    (folder / "agents.json").write_text(json.dumps(agents))
    (folder / "tts_models.json").write_text(json.dumps({"espeak": {"engine": "espeak"}} | (models or {})))
    settings = load_settings(agents_file=folder / "agents.json", tts_models_file=folder / "tts_models.json")
    config = read_config(settings, tts_info, Problems())
    problems = Problems()
    lint_prompts(config, read_object(settings.agents_file, Problems(), missing=""), problems)
    assert problems.errors == []
    return [warning.partition(": ")[2] for warning in problems.warnings]


def agent(**fields: Any) -> dict[str, Any]:
    return {"a": {"llm_model": "m", "voices": VOICE, "system_prompt": "You are kind.", **fields}}


def example(assistant: Any) -> dict[str, Any]:
    return {"examples": [{"user": "Hi", "assistant": assistant}]}


def test_the_example_agents_need_no_advice() -> None:
    settings = load_settings(agents_file=ROOT / "agents.example.json", tts_models_file=ROOT / "tts_models.example.json")
    problems = Problems()
    config = read_config(settings, tts_info, Problems())
    lint_prompts(config, read_object(settings.agents_file, Problems(), missing=""), problems)
    assert problems.warnings == []


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        (agent(voices=BOTH), "$.a.voices.narrator: has a voice, and the prompt does not say how to comment"),
        (agent(voices=BOTH, system_prompt=NARRATOR), ""),
        (agent(system_prompt=NARRATOR), "$.a.system_prompt: asks for a narrator's comments"),
        (agent(voices=None, system_prompt=TONE), "asks for a tone of voice, and the agent has no voices"),
        (agent(system_prompt=TONE, **example({"voice_tone": "warm", "text": "Hello."})), ""),
        (agent(system_prompt=TONE, **example({"voice_tone": "grumpy", "text": "No."})), 'has the tone "grumpy"'),
        (agent(system_prompt='Answer as JSON: {"voice_tone": "grumpy", "text": "…"}'), "system_prompt: has the tone"),
        (agent(system_prompt=TONE, **example('{"voice_tone": "warm", "text": ')), "looks like JSON and is none"),
        (agent(system_prompt=TONE, **example({"voice_tone": "warm", "words": "x"})), 'has no "text"'),
        (agent(system_prompt=TONE, **example({"text": "x"})), 'has no "voice_tone"'),
        (agent(system_prompt=TONE, **example({"text": "x", "voice_tone": "warm"})), "has its text before its tone"),
        (agent(system_prompt=TONE, **example({"voice_tone": "warm", "text": "x", "mood": "y"})), 'has "mood", which'),
        (agent(system_prompt=TONE, **example("plain words become the format")), ""),
        (agent(system_prompt="Answer in JSON.", **example("plain")), "is plain text, and the prompt asks for JSON"),
        (agent(**example({"text": "x"})), "is JSON, and the prompt does not ask for JSON"),
        (agent(voices=BOTH, system_prompt=NARRATOR, **example("*She nods. Yes.")), "asterisk without its partner"),
        (agent(**example("**Really**, no.")), "has bold text (**), and it will be spoken"),
        (agent(**example("Here:\n- one\n- two")), "has a list"),
        (agent(**example("1. one\n2. two")), "has a numbered list"),
        (agent(**example("See https://example.org/x")), "has a web address"),
        (agent(**example("[here](x)")), "has a link"),
        (agent(**example("# Title")), "has a heading"),
        (agent(greetings={"choices": ["Hello 😀"]}), "$.a.greetings.choices[0]: has an emoji"),
        (agent(greetings={"choices": ["Room 3 - 4, at 2 * 3."]}), ""),
        (agent(system_prompt="Use bullet points for lists."), "asks for bullet points"),
        (agent(system_prompt="Never use bullet points. No markdown, please."), ""),
        (agent(system_prompt="Don't answer with emojis."), ""),
        (agent(voices=None, system_prompt="Use markdown."), ""),
        (agent(turn={"eagerness": "high"}, system_prompt="Be patient with them."), "$.a.turn.eagerness: is high"),
        (agent(turn={"eagerness": "high"}, system_prompt="Ask for their phone number."), "people pause while they"),
        (agent(turn={"eagerness": "low"}, system_prompt="Be patient. Ask for their phone number."), ""),
        (agent(turn={"barge_in_timeout_ms": 200}), "is less than barge_in_ms"),
        (agent(turn={"speculate_after_ms": 2240}), "is not less than max_silence_ms"),
        (agent(idle_limit_s=10, idle_reminder={"after_s": 15, "choices": ["Hm?"]}), "is not before idle_limit_s"),
        (agent(duration_limit_s=10, idle_reminder={"after_s": 15, "choices": ["Hm?"]}), "before duration_limit_s"),
        (agent(idle_reminder={"after_s": 1, "choices": ["Hm?"]}), "is within turn.max_silence_ms"),
        (agent(voices=None, late_phrase="One moment."), "$.a.late_phrase: is never said"),
        (agent(language="en", system_prompt="Answer in German."), "$.a.language: is en, and the prompt wants de"),
        (agent(language="de", system_prompt="Antworte immer auf Deutsch."), ""),
        (agent(language="auto", system_prompt="Speak French."), ""),
        (agent(system_prompt="You love German beer."), ""),
    ],
)  # fmt: skip
def test_advice_for_agents(agents: dict[str, Any], told: str, tmp_path: Path) -> None:
    found = advice(tmp_path, agents)
    assert found == [] if not told else any(told in each for each in found), found


def test_tones_of_a_voice_that_nobody_asks_for(tmp_path: Path) -> None:
    models = {"p": {"engine": "espeak", "voice_tone_map": {"grumpy": "en-gb"}}}
    found = advice(tmp_path, agent(voices={"character": {"model": "p"}}), models)
    assert any("its voice has tones (grumpy), and the prompt asks for none" in each for each in found)


@pytest.mark.parametrize(
    ("phrase", "sentence"),
    [
        ("I can't help", "I can't help you with that today, but my colleague can."),
        ("sorry", "I'm sorry, I didn't catch that."),
        ("kann ich Ihnen leider nicht", "Das kann ich Ihnen leider nicht sagen."),
        ("as a large language model", ""),
        ("I am an AI", ""),
    ],
)
def test_denied_phrases_that_ordinary_sentences_contain(phrase: str, sentence: str, tmp_path: Path) -> None:
    agents = agent(control_agent="f") | {"f": {"model": "pattern_matching", "denial_phrases": ["as an AI", phrase]}}
    found = advice(tmp_path, agents)
    assert found == (
        [f'$.f.denial_phrases[1]: "{phrase}" would deny an ordinary sentence: "{sentence}"'] if sentence else []
    )


def test_judges_inside_an_agent_and_their_examples(tmp_path: Path) -> None:
    judge = {
        "model": "m", "denial_classes": ["refusal"], "system_prompt": "Is it good?",
        "examples": [{"user": "x", "assistant": "refusal"}],
    }  # fmt: skip
    found = advice(tmp_path, agent(control_agent=judge))
    assert any('$.a.control_agent.examples[0].assistant: must answer {"class"' in each for each in found)
    assert any("$.a.control_agent.system_prompt: names none of its denial_classes (refusal)" in each for each in found)


def test_ordinary_sentences_differ_and_pass_by_themselves() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES) > 80
    guard = PatternGuard(("as a language model", "I am an AI", "as an AI"))
    for sentence in SENTENCES:
        guard.feed(f" {sentence} ")
    assert not guard.denied


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    """What the loader warns of as well stands there once, with the example."""
    fields = {**example({"voice_tone": "grumpy", "text": "No."}), "control_agent": "f", "system_prompt": TONE}
    agents = agent(**fields) | {"f": {"model": "pattern_matching", "denial_phrases": ["as an AI", "sorry"]}}
    advice(tmp_path, agents)
    settings = load_settings(agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json")
    problems = Problems()
    config = read_config(settings, tts_info, problems)
    assert any("sorry" in each for each in problems.warnings)
    assert any("grumpy" in each for each in problems.warnings)
    lint_prompts(config, read_object(settings.agents_file, Problems(), missing=""), problems)
    assert len([each for each in problems.warnings if '"sorry"' in each]) == 1
    assert len([each for each in problems.warnings if '"grumpy"' in each]) == 1
