import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import ROOT, load, problems
from voi.config.client_agent import parse_client_agent
from voi.config.load import load_config
from voi.config.settings import Settings
from voi.core.reply_parser import ReplyParser
from voi.engines.registry import tts_info
from voi.errors import ClientError, ConfigError

PATTERN = {"model": "pattern_matching", "denial_phrases": ["as an AI"]}
LLM_CONTROL = {
    "model": "gpt",
    "system_prompt": 'Answer in JSON {"class": "ok" | "denial"}',
    "denial_classes": ["denial"],
}


def test_every_mistake_is_reported_at_once() -> None:
    agents = {
        "bro": {
            "llm_modell": "gpt",
            "voices": {"character": {"model": "espek", "speed": "fast"}},
            "control_agent": "fliter",
            "greetings": {"choices": ["hi", {"content": 3}]},
            "turn": {"silence_ms": 50},
        },
        "filter.1": {"model": "pattern_matching", "denial_phrases": [" '' "]},
        "odd": 7,
    }
    assert problems(agents, {"espeak": {"engine": 7}}) == [
        "agents.json: $.odd: must be an object {…}, an agent, not 7",
        'tts_models.json: $.espeak.engine: must be text, not 7',
        'agents.json: $.bro.control_agent: there is no agent "fliter" in this file (did you mean "filter.1"?)',
        'agents.json: $.bro.voices.character.model: "espek" is no model of tts_models.json (did you mean "espeak"?)',
        'agents.json: $.bro.llm_model: is missing (is "llm_modell" beside it meant to be this?)',
        'agents.json: $.bro.voices.character.speed: must be a number, not "fast"',
        "agents.json: $.bro.greetings.choices[1].content: must be text, not 3",
        "agents.json: $.bro.turn: must have min_silence_ms ≤ silence_ms ≤ max_silence_ms, not 256, 50, 2240",
        'agents.json: $["filter.1"]: has a denial phrase without a word in it, which every reply would match: " \'\' "',
    ]  # fmt: skip


def test_a_mistake_hides_no_name_that_means_nothing() -> None:
    models = {"espeak": {"engine": "espeak", "voices": ["en-us", "en-gb"], "voice_tone_map": {"hushed": "en-gb"}}}
    voices = {"character": {"model": "espeak", "voice": "en-uss"}, "narrator": {"model": "espeak", "voice": "en-gb"}}
    agents = {
        "a": {
            "llm_model": 7,
            "voices": voices,
            "greetings": {"choices": ["Hi", {"content": "Hi", "file": "/etc/passwd"}], "voice_tone": "hushd"},
            "idle_reminder": {"after_s": 5, "choices": ["Hm?"], "voice_tone": "hushed"},
            "apology": {"choices": ["Oh"], "voice_tone": "warm"},
        },
    }
    file = '"/etc/passwd" is outside of the folder for pre-recorded sound'
    expected = [
        '$.a.voices.character.voice: "en-uss" is no voice of "espeak" (did you mean "en-us"?)',
        '$.a.greetings.voice_tone: "hushd" is no tone of "espeak" (did you mean "hushed"?)',
        f"$.a.greetings.choices[1].file: {file}",
        "$.a.llm_model: must be text, not 7",
    ]
    found = problems(agents, models)
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(f"agents.json: {start}")


def test_unknown_fields_that_are_nearly_known_are_mistakes() -> None:
    voices = {"character": {"model": "espeak", "vioce": "x"}}
    assert problems({"a": {"llm_model": "echo", "sytem_prompt": "Be kind.", "voices": voices}}) == [
        'agents.json: $.a.voices.character.vioce: is no field that Voi knows (did you mean "voice"?)',
        'agents.json: $.a.sytem_prompt: is no field that Voi knows (did you mean "system_prompt"?)',
    ]


def test_what_is_said_to_nobody_is_told() -> None:
    agent = {
        "llm_model": "echo",
        "voices": {"character": {"model": "espeak"}},
        "examples": [{"user": "hi", "assistant": {"voice_tone": "furious", "text": "Hm."}}],
        "greetings": {"choices": []},
        "apology": "",
    }
    writer = {
        "llm_model": "echo",
        "system_prompt": ["{character_agent_message_format_voice_tone}"],
        "apology": [],
        "late_phrase": "One moment.",
        "control_agent": {"model": "pattern_matching", "denial_phrases": ["as an AI model"], "giveup_response": [""]},
    }
    told = "\n".join(load({"a": agent, "writer": writer}).warnings)
    assert '$.a.examples[0].assistant: "furious" is no tone of "espeak"' in told
    assert "$.a.greetings.choices: is empty" in told
    assert "$.a.apology: has no words" in told
    assert '$.writer.late_phrase: is never said: the agent has no "voices"' in told
    assert "$.writer.control_agent.giveup_response[0]: has no words" in told
    assert "$.writer.apology" not in told, "it says nothing on purpose"
    assert '$.writer.system_prompt: asks for a tone of voice, and the agent has no "voices"' in told


def test_denial_phrases_that_ordinary_sentences_contain_are_told() -> None:
    ordinary = [
        "no", "I", "Please", "I cannot", "I'm sorry", "Ich kann", "je ne", "我", "это", "AI", "IA", "KI",
        "maybe", "of course", "Perhaps", "unfortunately", "great question", "good morning", "vielleicht", "bien sûr",
        "por supuesto", "certo",
    ]  # fmt: skip
    phrases = [
        *ordinary,
        "as an AI",
        "language model",
        "ChatGPT",
        "I cannot assist",
        "künstliche Intelligenz",
        "人工智能",
    ]
    control = {"model": "pattern_matching", "denial_phrases": phrases}
    warnings = load({"a": {"llm_model": "echo", "control_agent": "c"}, "c": control}).warnings
    told = [line for line in warnings if "stands in ordinary sentences" in line]
    assert [line.split('"')[1] for line in told] == ordinary


@pytest.mark.parametrize(
    "fields",
    [
        {"system_prompt": "{vars:a}" * 5_000},
        {"greetings": {"choices": ["{vars:a}" * 6]}},
        {"examples": [{"user": "{vars:a}" * 60, "assistant": "{vars:a}" * 60}]},
        {"greetings": {"choices": ["{vars:a}"] * 101}},
    ],
)
def test_what_templates_expand_to_is_bounded(fields: dict[str, Any]) -> None:
    agent = {"llm_model": "echo", "vars": {"a": "word " * 200}, **fields}
    (problem,) = problems({"a": agent})
    assert "characters once its templates are filled in" in problem
    config = load({"server": {"llm_model": "echo"}})
    with pytest.raises(ClientError, match="once its templates are filled in"):
        parse_client_agent(json.dumps(agent), "app", config)


def test_unknown_fields_are_a_warning() -> None:
    config = load(
        {
            "a": {
                "llm_model": "echo",
                "shoe_size": {},
                "voices": {"character": {"model": "espeak", "favourite": "x"}},
                "//": 1,
            }
        }
    )
    assert sorted(config.warnings) == [
        "agents.json: $.a.shoe_size: is no field that Voi knows, and is ignored",
        "agents.json: $.a.voices.character.favourite: is no field that Voi knows, and is ignored",
    ]


def test_templates_that_are_not_known_are_a_warning() -> None:
    config = load({"a": {"llm_model": "echo", "system_prompt": ["Hi {vars:nme}"], "vars": {"name": "x"}}})
    assert config.warnings == (
        'agents.json: $.a.system_prompt: {vars:nme} is not defined (did you mean "name"?); it is left as it is',
    )
    assert config.agents["a"].prompt()[0].text == "Hi {vars:nme}"


def test_comments_are_no_agents() -> None:
    config = load({"$schema": "x", "// note": {"llm_model": 3}, "_comment": "x", "a": {"llm_model": "echo"}})
    assert list(config.agents) == ["a"]
    assert config.warnings == ()


# ---- kinds of agents and references ---------------------------------------------------------------


def test_kinds_are_told_apart_by_shape_and_by_reference() -> None:
    config = load(
        {
            "a": {"llm_model": "echo", "control_agent": "pattern", "completeness_agent": "judge"},
            "b": {"llm_model": "echo", "control_agent": "classes"},
            "pattern": PATTERN,
            "classes": LLM_CONTROL,
            "judge": {"llm_model": "gpt", "system_prompt": "…"},
            "unused judge": {"model": "gpt"},
            "unused control": LLM_CONTROL,
        }
    )
    assert set(config.agents) == {"a", "b"}
    assert set(config.control_agents) == {"pattern", "classes", "unused control"}
    assert set(config.completeness_agents) == {"judge", "unused judge"}
    a, b = config.agents["a"], config.agents["b"]
    assert config.control_of(a) is config.control_agents["pattern"]
    assert config.completeness_of(a) is config.completeness_agents["judge"]
    assert config.control_of(b) is config.control_agents["classes"]
    assert config.completeness_of(b) is None


def test_judges_may_stand_in_place() -> None:
    config = load({"a": {"llm_model": "echo", "control_agent": PATTERN, "completeness_agent": {"model": "gpt"}}})
    control = config.control_of(config.agents["a"])
    assert control
    assert control.denial_phrases == ("as an AI",)
    assert config.completeness_of(config.agents["a"])
    assert problems({"a": {"llm_model": "echo", "control_agent": {"model": "pattern_matching"}}}) == [
        'agents.json: $.a.control_agent: needs "denial_phrases": phrases that no reply may contain'
    ]


def test_references_to_the_wrong_kind_are_found() -> None:
    agents = {
        "a": {"llm_model": "echo", "control_agent": "b", "completeness_agent": "filter"},
        "b": {"llm_model": "echo", "voices": {"character": {"model": "espeak"}}},
        "filter": PATTERN,
        "c": {"llm_model": "echo", "control_agent": "filter", "summary_agent": "nobody"},
    }
    found = problems(agents)
    assert [line.split(": ")[1] for line in found] == [
        "$.a.control_agent",
        "$.a.completeness_agent",
        "$.c.summary_agent",
    ]
    assert '"b" is an agent that talks' in found[0]


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ({"model": "pattern_matching", "denial_phrases": []}, 'needs "denial_phrases"'),
        ({"model": "gpt", "denial_classes": ["denial"]}, "system_prompt"),
        ({"model": "gpt", "system_prompt": "x", "denial_phrases": ["y"]}, "pattern_matching"),
        (PATTERN | {"giveup_after": 0}, "$.filter.giveup_after: must be at least 1, not 0"),
        ({"denial_phrases": ["x"]}, "$.filter.model: is missing"),
    ],
)
def test_control_agents_are_checked(control: dict[str, Any], expected: str) -> None:
    (found,) = problems({"a": {"llm_model": "echo", "control_agent": "filter"}, "filter": control})
    assert expected in found


def test_control_agents_have_the_contracts_defaults() -> None:
    control = load({"a": {"llm_model": "echo"}, "filter": PATTERN | {"giveup_response": "No."}}).control_agents[
        "filter"
    ]
    assert (control.giveup_after, control.temperature_multiplier) == (3, 1.5)
    assert control.giveup_response == ("No.",)
    assert control.matches_patterns


def test_unknown_agents_are_the_clients_mistake() -> None:
    config = load({"friend": {"llm_model": "echo"}})
    with pytest.raises(ClientError, match='did you mean "friend"'):
        config.agent("freind")
    assert config.agent("friend").llm_model == "echo"


# ---- files ------------------------------------------------------------------------------------------


def test_missing_files_say_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"agents\.json: there is no such file; copy agents\.example\.json"):
        load_config(Settings(), tts_info)
    Path("agents.json").write_text('{"a": {"llm_model": "echo"}}')
    assert load_config(Settings(), tts_info).tts_models == {}
    Path("agents.json").write_text('{"a": {"llm_model": "echo", "voices": {"character": {"model": "x"}}}}')
    with pytest.raises(ConfigError) as caught:
        load_config(Settings(), tts_info)
    assert len(caught.value.problems) == 1
    assert "copy tts_models.example.json" in caught.value.problems[0]


def test_unreadable_text_is_reported_for_both_files_at_once() -> None:
    found = problems("{", '{"a": }')
    assert [line.split(" ")[0] for line in found] == ["agents.json:1:2:", "tts_models.json:1:7:"]
    Path("agents.json").write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(ConfigError, match=r"agents\.json:2: is not UTF-8"):
        load_config(Settings(), tts_info)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert load('\ufeff{"a": {"llm_model": "echo"}}').agents


def test_an_agents_file_needs_an_agent_that_talks() -> None:
    assert "no agent that talks" in problems({"filter": PATTERN})[0]
    assert "no agent that talks" in problems({})[0]


def test_greeting_files_stay_in_their_folder(folder: Path) -> None:
    inside = folder / "data/cached/voice"
    inside.mkdir(parents=True)
    (inside / "a.wav").write_bytes(b"")
    (folder / "secret").write_bytes(b"")
    (inside / "link.wav").symlink_to(folder / "secret")

    def greeting(file: str) -> dict[str, Any]:
        return {"a": {"llm_model": "echo", "greetings": {"choices": [{"content": "Hi", "file": file}]}}}

    for spelled in ("a.wav", "data/cached/voice/a.wav", str(inside / "a.wav")):
        assert load(greeting(spelled)).agents["a"].greeting_phrases()[0].file == str(inside / "a.wav")
    for outside in ("../../../secret", "link.wav", str(folder / "secret"), "/etc/passwd"):
        (found,) = problems(greeting(outside))
        assert found.startswith("agents.json: $.a.greetings.choices[0].file:")
        assert "outside" in found
    config = load(greeting("gone.wav"))
    assert config.agents["a"].greeting_phrases()[0].file is None
    assert "the voice will speak" in config.warnings[0]


# ---- TTS models -----------------------------------------------------------------------------------


def test_xtts_files_are_looked_for_beside_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"checkpoint": "m/model.pth", "config": "m/config.json", "voices": "m/voices.pth"}
    agents = {"a": {"llm_model": "echo", "voices": {"character": {"model": "x"}}}}
    found = problems(agents, {"x": entry})
    assert [line.split(": ")[1] for line in found] == ["$.x.checkpoint", "$.x.config", "$.x.voices"]
    assert str(folder / "m/model.pth") in found[0]
    assert problems(agents, {"x": {}})[0].startswith("tts_models.json: $.x.checkpoint: is missing")
    (folder / "m").mkdir()
    for name in entry.values():
        (folder / name).write_bytes(b"")
    assert load(agents, {"x": entry}).tts_models["x"].checkpoint == str(folder / "m/model.pth")


def test_xtts_models_that_nobody_uses_may_lack_their_files() -> None:
    config = load({"a": {"llm_model": "echo"}}, {"x": {"checkpoint": "gone"}, "espeak": {"engine": "espeak"}})
    assert list(config.tts_models) == ["espeak"]
    assert len(config.warnings) == 3


def test_voices_are_a_file_or_names() -> None:
    echo = {"a": {"llm_model": "echo"}}
    model = load(
        echo, {"m": {"engine": "mine", "voices": ["x", "y"], "voice_tone_map": {"sad": {"rate": 1}}}}
    ).tts_models["m"]
    assert model.engine_options() == {"voices": ("x", "y"), "voice_tone_map": {"sad": {"rate": 1}}}
    assert problems(echo, {"m": {"engine": "mine", "voices": [1], "voice_tone_map": {"sad": 1}}}) == [
        "tts_models.json: $.m.voices: must be a file, or an array of names of voices",
        'tts_models.json: $.m.voice_tone_map: must give the tone "sad" the name of a voice, not 1',
    ]


def test_tones_are_one_however_they_are_capitalised() -> None:
    """An LLM's tones are read in lower case."""
    talks = {"llm_model": "echo", "voices": {"character": {"model": "m"}}}
    agents = {"a": talks | {"greetings": {"choices": ["Hi"], "voice_tone": "FROIDE\u0301 "}}}
    config = load(agents, {"m": {"engine": "espeak", "voice_tone_map": {" Warm": "en", "Froid\u00e9": "fr"}}})
    assert config.tts_models["m"].voice_tone_map == {"warm": "en", "froid\u00e9": "fr"}
    assert config.agents["a"].tones() == ("froid\u00e9",)
    (spoken,) = ReplyParser(json_expected=True).feed('{"voice_tone": "Warm", "text": "Hello."}')
    assert spoken.tone in config.tts_models["m"].tones

    wrong = {"m": {"engine": "espeak", "voice_tone_map": {"Warm": "en", "warm": "de"}}}
    wrong |= {
        name: {"engine": "espeak", "voice_tone_map": {tone: "en"}} for name, tone in (("n", " "), ("o", "x" * 65))
    }
    told = problems({"a": {"llm_model": "echo"}}, wrong)
    assert told[0].endswith('$.m.voice_tone_map: has "Warm" and "warm", which are one tone: remove one')
    assert ["of 1 to 64 characters" in line for line in told] == [False, True, True]


def test_other_engines_take_options_and_need_no_files() -> None:
    entry = {
        "engine": "mine",
        "language": "en",
        "voices": "v.json",
        "voice_tone_map": {"sad": "s"},
        "options": {"k": 1},
    }
    model = load({"a": {"llm_model": "echo"}}, {"m": entry}).tts_models["m"]
    assert model.engine_options() == {
        "language": "en", "voices": str(Path("v.json").absolute()), "voice_tone_map": {"sad": "s"}, "k": 1,
    }  # fmt: skip
    assert model.tones == ("neutral", "sad")
    detects = load({"a": {"llm_model": "echo"}}, {"m": {"engine": "mine", "language": "auto"}}).tts_models["m"]
    assert (detects.language, detects.engine_options()) == ("auto", {})  # engines know languages only


# ---- the examples, and anything at all --------------------------------------------------------------


def test_the_example_files_load_on_a_bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(agents_file=ROOT / "agents.example.json", tts_models_file=ROOT / "tts_models.example.json")
    config = load_config(settings, tts_info)
    assert set(config.agents) == {"echo", "eliza", "friend", "storyteller"}
    assert all("gpt-4o-mini" in warning for warning in config.warnings), config.warnings
    friend, storyteller = config.agents["friend"], config.agents["storyteller"]
    assert friend.speaks_json
    assert config.control_of(friend)
    assert config.completeness_of(friend)
    assert storyteller.voices
    assert storyteller.voices.narrator
    assert {use.tts_model for use in config.voice_uses()} == {"espeak", "hibari"}
    text = (ROOT / "litellm_config.example.yaml").read_text()
    for agent in (friend, storyteller):
        assert f"model_name: {agent.llm_model}" in text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("pattern_matching"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "llm_model", "model", "voices", "control_agent", "character", "greetings", "choices"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(agents=ANYTHING, models=ANYTHING)
def test_whatever_the_files_hold_is_a_config_or_a_config_error(folder: Path, agents: Any, models: Any) -> None:
    problems: list[str] = []
    agents_found: Collection[str] = ()
    try:
        agents_found = load(json.dumps(agents), json.dumps(models)).agents
    except ConfigError as error:
        problems = error.problems
    assert bool(agents_found) != bool(problems)
    lines = [line for problem in problems for line in problem.splitlines()[1:]]
    assert all(line.startswith("    ") for line in lines), "only the place of a mistake in JSON is shown below it"


def test_rules_about_the_whole_are_told_beside_unknown_fields() -> None:
    found = problems({"a": {"llm_model": "echo"}, "filter": {"model": "pattern_matching", "colour": "red"}})
    assert any('needs "denial_phrases"' in problem for problem in found)


def test_memory_that_cannot_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = {"ada": {"llm_model": "echo", "memory": True}, "bob": {"llm_model": "gpt", "memory": {"model": "small"}}}
    assert sorted(each for each in load(agents).warnings if "memory" in each) == [
        'agents.json: $.ada.memory: has no model that can write summaries: "echo" cannot',
        'agents.json: $.bob.memory.model: "small" will not answer: set LITELLM_API_BASE, or write litellm_config.yaml',
    ]
    monkeypatch.setenv("VOI_STORE", "off")
    assert "agents.json: $.bob.memory: remembers nothing: VOI_STORE is off" in load(agents).warnings
    assert {"gpt", "small"} <= load(agents).llm_models


def test_clients_may_name_no_other_models_for_memory_and_history() -> None:
    config = load({"ada": {"llm_model": "gpt", "memory": {"model": "small"}}})
    brought = {"llm_model": "gpt", "memory": {"model": "small"}, "history": {"model": "gpt"}}
    assert parse_client_agent(json.dumps(brought), "shop", config).memory
    brought["history"] = {"model": "dear"}
    with pytest.raises(ClientError, match=r"\$\.history\.model"):
        parse_client_agent(json.dumps(brought), "shop", config)
