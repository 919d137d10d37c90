import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import load
from voi.config import json_file
from voi.config.agents import Agent
from voi.config.apologies import APOLOGIES
from voi.config.client_agent import CLIENT_AGENT_LIMIT_BYTES, NotGrantedError, parse_client_agent
from voi.config.problems import did_you_mean
from voi.config.store import Config, voice_uses_of
from voi.dialogue import Message, Phrase, ReplyForm
from voi.errors import ClientError, ConfigError

TONE = "{character_agent_message_format_voice_tone}"


def agent(**fields: Any) -> Agent:
    return load({"a": {"llm_model": "m", **fields}}).agents["a"]


# ---- agents of the operator ---------------------------------------------------------------------


def test_the_prompt_is_lines_joined_then_examples() -> None:
    found = agent(
        system_prompt=["You are", "{vars:who}."], examples=[{"user": "u {vars:who}", "assistant": "a"}], vars={"who": 7}
    )
    assert found.prompt() == (Message("system", "You are\n7."), Message("user", "u 7"), Message("assistant", "a"))
    assert agent(system_prompt="One text").prompt() == (Message("system", "One text"),)
    assert agent().prompt() == ()


def test_a_message_format_makes_replies_json_and_examples_follow_it() -> None:
    examples = [
        {"user": "1", "assistant": "plain"},
        {"user": "2", "assistant": {"voice_tone": "sad", "text": "object"}},
        {"user": "3", "assistant": '{"voice_tone": "warm", "text": "text"}'},
    ]
    found = agent(system_prompt=["Be nice.", TONE], examples=examples)
    assert found.speaks_json
    answers = [json.loads(message.text) for message in found.prompt() if message.role == "assistant"]
    assert answers == [
        {"voice_tone": "neutral", "text": "plain"},
        {"voice_tone": "sad", "text": "object"},
        {"voice_tone": "warm", "text": "text"},
    ]
    assert not agent(system_prompt="Be nice.").speaks_json
    assert agent(system_prompt="Answer in JSON.").speaks_json


def test_the_format_names_the_tones_of_the_voice() -> None:
    models = {"x": {"engine": "other", "voice_tone_map": {"neutral": "n", "furious": "f"}}}
    config = load(
        {
            "a": {"llm_model": "m", "system_prompt": TONE, "voices": {"character": {"model": "x"}}},
            "b": {"llm_model": "m", "system_prompt": TONE},
        },
        models,
    )
    assert '"furious"' in config.agents["a"].prompt()[0].text
    assert '"warm"' not in config.agents["a"].prompt()[0].text
    assert '"warm"' in config.agents["b"].prompt()[0].text


def test_greetings_in_both_forms() -> None:
    Path("data/cached/voice").mkdir(parents=True)
    Path("data/cached/voice/hi.wav").write_bytes(b"")
    greetings = {"choices": ["Hello {vars:n}", {"content": "Hi", "file": "hi.wav"}], "voice_tone": "warm"}
    found = agent(greetings=greetings, vars={"n": "you"})
    assert found.greeting_phrases() == (
        Phrase("Hello you", "warm"),
        Phrase("Hi", "warm", str(Path("data/cached/voice/hi.wav").resolve())),
    )
    assert agent().greeting_phrases() == ()


def test_echo_always_greets() -> None:
    assert len(agent(llm_model="echo").greeting_phrases()) == 1


def test_apology_and_reminder() -> None:
    assert agent(apology="Oops {vars:x}", vars={"x": "!"}).apology_phrase() == Phrase("Oops !")
    given = agent(apology={"choices": ["Oops"], "voice_tone": "sad"})
    assert given.apology_phrase() == Phrase("Oops", "sad")
    assert agent(apology=[]).apology_phrase() is None
    assert agent().apology_phrase()
    assert agent(language="de-AT").apology_phrase() == Phrase(APOLOGIES["de"])
    assert agent(language="sv").apology_phrase() is None
    assert agent(language="sv", apology="Förlåt.").apology_phrase() == Phrase("Förlåt.")
    reminded = agent(idle_reminder={"after_s": 2.5, "choices": ["Still there?"]})
    assert reminded.reminder_phrase() == Phrase("Still there?")
    assert reminded.idle_reminder
    assert reminded.idle_reminder.after_ms == 2_500
    assert agent().reminder_phrase() is None


def test_limits_are_given_in_seconds() -> None:
    found = agent(idle_limit_s=1.5, duration_limit_s=60)
    assert (found.idle_limit_ms, found.duration_limit_ms) == (1_500, 60_000)


def test_voices_and_the_tones_used() -> None:
    found = agent(
        voices={
            "character": {"model": "espeak", "voice": "en-us", "speed": 1.1},
            "narrator": {"model": "espeak", "leading_silence": 0.1, "trailing_silence": 0.5},
        },
        greetings={"choices": ["Hi"], "voice_tone": "warm"},
        apology={"choices": ["Oh"], "voice_tone": "sad"},
    )
    assert found.voices
    assert found.voices.narrator
    assert (found.voices.narrator.leading_silence_ms, found.voices.narrator.trailing_silence_ms) == (100, 500)
    character, narrator = voice_uses_of(found, "agents.json", ("a",))
    assert character.where == "agents.json: $.a.voices.character"
    assert (character.tts_model, character.voice, set(character.tones)) == ("espeak", "en-us", {"warm", "sad"})
    assert (narrator.voice, narrator.tones) == (None, ())


def test_the_language_is_the_agents_the_voices_or_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_LANGUAGE", "fr")
    german = {"voices": {"character": {"model": "german"}}}
    config = load(
        {
            "a": {"llm_model": "m", "language": "pt-BR", **german},
            "b": {"llm_model": "m", **german},
            "c": {"llm_model": "m"},
        },
        {"german": {"engine": "mine", "language": "de"}},
    )
    assert [agent.language for agent in config.agents.values()] == ["pt-BR", "de", "fr"]
    assert parse_client_agent('{"llm_model": "m"}', "app", config).language == "fr"


def test_null_means_absent() -> None:
    assert agent(title=None, voices=None, greetings=None, control_agent=None, examples=None).title == ""


# ---- agents that a client brings ----------------------------------------------------------------

SERVER = {
    "friend": {"llm_model": "gpt-4o-mini", "control_agent": "filter", "completeness_agent": "done"},
    "filter": {"model": "pattern_matching", "denial_phrases": ["as an AI"]},
    "done": {"model": "judge-llm"},
}


@pytest.fixture
def config() -> Config:
    return load(SERVER)


CLIENT = {
    "title": "My bro",
    "llm_model": "gpt-4o-mini",
    "control_agent": "filter",
    "voices": {"character": {"model": "espeak", "voice": "en-us"}},
    "system_prompt": ["You are a bro.", "{prompt_pattern:character_agent_message_format_narrator_comments}"],
    "examples": [],
    "greetings": {"choices": [{"content": "hey", "file": "/etc/passwd"}, "yo"], "voice_tone": "warm"},
    "a_field_of_their_own": [1],
}


def test_a_clients_agent_is_rendered_and_opens_no_file(config: Config) -> None:
    found = parse_client_agent(json.dumps(CLIENT), "app", config)
    assert found.speaks_json
    assert "asterisks" in found.prompt()[0].text
    assert found.greeting_phrases() == (Phrase("hey", "warm"), Phrase("yo", "warm"))
    assert config.control_of(found) is config.control_agents["filter"]


def test_a_clients_agent_may_use_only_what_the_server_has(config: Config) -> None:
    wrong = CLIENT | {
        "llm_model": "gpt-4o-mimi",
        "control_agent": "friend",
        "completeness_agent": "nobody",
        "voices": {"character": {"model": "espeek"}, "narrator": {"model": "xtts"}},
    }
    with pytest.raises(ClientError) as caught:
        parse_client_agent(json.dumps(wrong), "app", config)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "$.control_agent",
        "$.completeness_agent",
        "$.llm_model",
        "$.voices.character.model",
        "$.voices.narrator.model",
    ]
    assert 'did you mean "gpt-4o-mini"?' in str(caught.value)


def test_a_clients_agent_may_not_bring_a_judge(config: Config) -> None:
    with pytest.raises(ClientError, match=r"\$\.control_agent: must be text, not an object"):
        parse_client_agent(json.dumps(CLIENT | {"control_agent": SERVER["filter"]}), "app", config)


def test_which_apps_may_bring_agents_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_CLIENT_AGENT_APPS", "shop, game")
    granted = load(SERVER)
    assert parse_client_agent('{"llm_model": "echo"}', "game", granted).llm_model == "echo"
    with pytest.raises(ClientError, match='clients of the app "app" may bring no agents of their own'):
        parse_client_agent('{"llm_model": "echo"}', "app", granted)
    monkeypatch.setenv("VOI_CLIENT_AGENT_APPS", "-")
    with pytest.raises(ClientError, match="may bring no agents"):
        parse_client_agent('{"llm_model": "echo"}', "game", load(SERVER))


@pytest.mark.parametrize(
    ("environ", "all_apps"),
    [
        ({}, True),
        ({"VOI_HOST": "localhost"}, True),
        ({"VOI_HOST": "127.0.0.2"}, True),
        ({"VOI_HOST": "0.0.0.0"}, False),
        ({"VOI_HOST": "::"}, False),
        ({"VOI_HOST": "voice.example.com"}, False),
        ({"VOI_TRUSTED_PROXIES": "127.0.0.1"}, False),
        ({"VOI_TRUSTED_PROXIES": "127.0.0.1", "VOI_CLIENT_AGENT_APPS": "*"}, True),
        ({"VOI_HOST": "0.0.0.0", "VOI_CLIENT_AGENT_APPS": ""}, False),
        ({"VOI_CLIENT_AGENT_APPS": "-"}, False),
    ],
)
def test_where_others_can_come_no_app_is_granted_agents_that_no_setting_or_token_grants(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], all_apps: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    config = load(SERVER)
    if all_apps:
        assert parse_client_agent('{"llm_model": "echo"}', "app", config).llm_model == "echo"
    else:
        with pytest.raises(NotGrantedError, match=r"agent_name.*operator"):
            parse_client_agent('{"llm_model": "echo"}', "app", config)
    assert parse_client_agent('{"llm_model": "echo"}', "app", config, by_token=True).llm_model == "echo"


def test_which_fields_agents_of_clients_have_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_CLIENT_AGENT_FIELDS", "llm_model,system_prompt")
    limited = load(SERVER)
    text = '{"llm_model": "echo", "system_prompt": ["Hi"], "comment": "theirs"}'
    assert parse_client_agent(text, "app", limited).llm_model == "echo"
    wrong = '{"llm_model": "echo", "voices": {"character": {"model": "espeak"}}, "turn": {}}'
    with pytest.raises(ClientError) as caught:
        parse_client_agent(wrong, "app", limited)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["$.voices", "$.turn"]


def test_the_fields_that_the_page_of_settings_names_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    (example,) = re.findall(r"such agents may have, such as ([\w,]+);", page)
    monkeypatch.setenv("VOI_CLIENT_AGENT_FIELDS", example)
    load(SERVER)


def test_a_misspelt_field_of_clients_agents_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_CLIENT_AGENT_FIELDS", "llm_model,sytem_prompt")
    with pytest.raises(ConfigError, match=r'VOI_CLIENT_AGENT_FIELDS: "sytem_prompt" is no field of an agent.*system'):
        load(SERVER)


def test_judges_models_are_the_servers_too_and_settings_open_more(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.llm_models == {"gpt-4o-mini", "judge-llm", "echo", "eliza"}
    monkeypatch.setenv("VOI_CLIENT_LLM_MODELS", "a, b")
    assert load(SERVER).llm_models >= {"a", "b"}
    monkeypatch.setenv("VOI_CLIENT_LLM_MODELS", "*")
    anything = load(SERVER)
    assert anything.allows_llm("whatever")
    assert parse_client_agent('{"llm_model": "whatever"}', "app", anything).llm_model == "whatever"


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", '"x"', "{", "[" * 30_000, '{"llm_model": ' + "[" * 40 + "]" * 40 + "}",
        '{"llm_model": "echo", "llm_model": "eliza"}', '{"llm_model": "\\ud800"}',
        '{"llm_model": "echo", "vars": {"x": "\\ud800"}, "system_prompt": "{vars:x}"}',
        '{"llm_model": "echo", "turn": {"silence_ms": 1e400}}', '{"llm_model": "echo", "temperature": NaN}',
        json.dumps({"llm_model": "echo", "examples": [1] * 10_000}),
        json.dumps({"llm_model": "echo", "title": "x" * CLIENT_AGENT_LIMIT_BYTES}),
        json.dumps({"llm_model": "echo", "title": "é" * (CLIENT_AGENT_LIMIT_BYTES // 2)}, ensure_ascii=False),
    ],
)  # fmt: skip
def test_hostile_agents_are_refused_in_few_words(config: Config, text: str) -> None:
    with pytest.raises(ClientError) as caught:
        parse_client_agent(text, "app", config)
    str(caught.value).encode()
    assert len(str(caught.value)) < 4_000


@pytest.mark.parametrize(
    "fields",
    [
        {"examples": [{}] * 2_000}, {"greetings": {"choices": [{}] * 2_000}}, {"apology": [1] * 2_000},
        {"system_prompt": ["x"] * 2_000}, {"odd": [[{"a": {}}]] * 700}, {"vars": {f"v{n}": "x" for n in range(2_000)}},
    ],
)  # fmt: skip
def test_an_agent_of_thousands_of_values_is_not_even_looked_at(
    fields: dict[str, object], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value takes time to check: 64 KiB of empty objects hold 30,000."""
    monkeypatch.setattr(Agent, "model_validate", lambda _: pytest.fail("it was checked"))
    with pytest.raises(ClientError, match="more than 2,000 values"):
        parse_client_agent(json.dumps({"llm_model": "echo"} | fields), "app", config)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*Agent.model_fields, "model", "odd"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(fields=st.dictionaries(FIELDS, VALUES, max_size=6))
def test_whatever_a_client_sends_is_an_agent_or_a_client_error(config: Config, fields: dict[str, Any]) -> None:
    try:
        found = parse_client_agent(json.dumps({"llm_model": "echo"} | fields), "app", config)
    except ClientError as error:
        str(error).encode()
    else:
        "".join(message.text for message in found.prompt()).encode()


def test_a_client_may_name_engines_that_are_loaded(config: Config) -> None:
    offered = replace(config, engines_offered={"stt": frozenset({"moonshine", "big"}), "turn": frozenset({"none"})})
    named = {"llm_model": "echo", "engines": {"stt": "big", "turn": "none"}}
    assert parse_client_agent(json.dumps(named), "app", offered).engines.stt == "big"
    with pytest.raises(ClientError) as caught:
        parse_client_agent(
            json.dumps({"llm_model": "echo", "engines": {"stt": "whisper", "vad": "silero"}}), "app", offered
        )
    assert '"whisper" is no stt engine of this server' in str(caught.value)
    assert '"silero" is no vad engine of this server' in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"examples": [{"usr": "a"}] * 4_000},
        {"examples": [{}] * 8_000},
        {f"key{number}": 1 for number in range(4_500)},
        {"examples": [{"user": "a", "agent": {"choices": [{"txt": 1}] * 3_000}}]},
    ],
)
def test_a_client_cannot_make_voi_look_for_names_without_end(
    fields: dict[str, object], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comparison of two names takes 30 µs; 16 million of them would stop every call for minutes."""
    compared = 0

    def count(name: str, known: Iterable[str], **options: bool) -> str:
        nonlocal compared
        names = list(known)
        compared += len(names)
        return did_you_mean(name, names, **options)

    monkeypatch.setattr(json_file, "did_you_mean", count)
    with pytest.raises(ClientError) as refused:
        parse_client_agent(json.dumps({"llm_model": "echo"} | fields), "app", config)
    assert compared < 10_000
    assert len(str(refused.value).splitlines()) <= 45


STORY_JSON = '{"text": "Hi.", "mood": "a", "voice_tone": "warm"}'


@pytest.mark.parametrize(
    ("prompt", "examples", "form"),
    [
        ("You are a bro.", [], ReplyForm()),
        ("{character_agent_message_format_voice_tone}", [], ReplyForm("text", "voice_tone")),
        ("{prompt_pattern:character_agent_message_format_narrator_comments}", [], ReplyForm("text", "voice_tone")),
        ('Answer in JSON: {"text": "…", "voice_tone": "…"}.', [], ReplyForm("text", "voice_tone", tone_first=False)),
        ('Answer in JSON: {"text": "…"}.', [], ReplyForm("text")),
        ("Answer in JSON.", [], ReplyForm("text")),
        ("Answer in JSON.", [STORY_JSON], ReplyForm("text", "voice_tone", tone_first=False)),
        ("Answer in JSON.", ['{"tone": "warm", "answer": "It is late."}'], ReplyForm("answer", "tone")),
        ("Comment like this: @she nods@ Yes.", [], ReplyForm(comment_mark="@")),
        ("Comment like this: *she nods* Yes. Mail a@b.de or c@d.de", [], ReplyForm()),
        ("Mail a@b.de, and greet @all and @us", [], ReplyForm()),
    ],
)
def test_the_form_of_replies_is_what_the_prompt_asks_for(prompt: str, examples: list[str], form: ReplyForm) -> None:
    said = [{"user": "Hello", "assistant": example} for example in examples]
    found = Agent(llm_model="x", system_prompt=[prompt], examples=said)  # type: ignore[arg-type]
    assert found.rendered().reply_form == form
