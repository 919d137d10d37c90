import json
from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import ROOT
from voi.config.agents import Agent
from voi.config.phones import Phones, read_phones
from voi.config.problems import Problems
from voi.config.telephone import DURATION_LIMIT_S, IDLE_LIMIT_S

RIGHT: dict[str, Any] = {
    "public_url": "https://voice.example.com/",
    "carriers": {"twilio": {"kind": "twilio", "auth_token": "${TWILIO_AUTH_TOKEN}"}},
    "numbers": {"+4930123456": {"agent": "desk"}, "*": {"agent": "desk", "carrier": "twilio"}},
}


def read(tmp_path: Path, content: Any) -> tuple[Phones | None, Problems]:
    problems = Problems()
    (tmp_path / "phones.json").write_text(json.dumps(content))
    return read_phones(tmp_path / "phones.json", {"desk": None}, problems), problems


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("DESK_PASSWORD", "password1")
    monkeypatch.setenv("ARI_PASSWORD", "password1")


def test_a_right_one(tmp_path: Path) -> None:
    phones, problems = read(tmp_path, RIGHT)
    assert (problems.errors, problems.warnings) == ([], [])
    assert phones is not None
    assert phones.public_url == "https://voice.example.com"
    assert phones.carriers["twilio"].key == "${TWILIO_AUTH_TOKEN}", "no value is kept"
    number = phones.answering("+4930123456", "other")
    assert number is not None
    assert number.agent == "desk"
    assert phones.answering("+1415", "other") is None
    assert phones.answering("+1415", "twilio") is not None


def test_none(tmp_path: Path) -> None:
    assert read_phones(tmp_path / "none.json", {}, Problems()) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"public_url": "voice.example.com"}, "$.public_url"),
        ({"public_url": "https://x:99999999"}, "$.public_url"),
        ({"carriers": {"t": {"kind": "twilio"}}, "numbers": {}}, "lacks auth_token"),
        ({"carriers": {"t": {"kind": "vonage", "auth_token": "x"}}, "numbers": {}}, "lacks signature_secret"),
        ({"carriers": {"t": {"kind": "other"}}, "numbers": {}}, "$.carriers.t.kind"),
        ({"carriers": {"t": {"kind": "exotel"}}, "numbers": {}}, "lacks password"),
        ({"carriers": {"t": {"kind": "genesys", "client_secret": "x"}}, "numbers": {}}, "lacks api_key"),
        ({"carriers": {"t": {"kind": "genesys", "api_key": "x"}}, "numbers": {}}, "lacks client_secret"),
        (
            {"carriers": {"t": {"kind": "exotel", "password": "x", "allow_from": ["10.0.0.0/99"]}}, "numbers": {}},
            "must be an IP address or network",
        ),
        (
            {"carriers": {"t": {"kind": "twilio", "auth_token": "x", "allow_from": ["10.0.0.1"]}}, "numbers": {}},
            "has allow_from, which is for exotel and genesys",
        ),
        (
            {"carriers": {"t": {"kind": "genesys", "api_key": "${NOT_SET}", "client_secret": "x"}}, "numbers": {}},
            "$.carriers.t.api_key: the environment variable NOT_SET",
        ),
        ({"carriers": {"T /": {"kind": "telnyx", "public_key": "x"}}, "numbers": {}}, "part of an address"),
        (
            {"carriers": {"t": {"kind": "twilio", "auth_token": "${NOT_SET_ANYWHERE}"}}, "numbers": {}},
            "NOT_SET_ANYWHERE is not set",
        ),
        ({"carriers": {"t": {"kind": "twilio", "auth_token": "${X}", "media": "l16"}}}, "twilio sends ulaw"),
        (
            {"carriers": {"t": {"kind": "plivo", "auth_token": "${X}", "media": "l16", "rate_hz": 44100}}},
            "at 8000 or 16000 Hz",
        ),
        ({"numbers": {"030123": {"agent": "desk"}}}, "country code"),
        ({"numbers": {"*": {"agent": "dask"}}}, 'did you mean "desk"'),
        ({"numbers": {"*": {"agent": "desk", "carrier": "Twilio!"}}}, 'did you mean "twilio"'),
        ({"callers": {"anna": "anna"}}, "country code"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    _, problems = read(tmp_path, {**RIGHT, **change})
    assert told in "\n".join(problems.errors)


def test_a_number_may_be_of_an_account_that_was_added_over_http(tmp_path: Path) -> None:
    phones, problems = read(tmp_path, {**RIGHT, "numbers": {"+4930123456": {"agent": "desk", "carrier": "twillio"}}})
    assert phones is not None
    assert problems.errors == []
    (warning,) = problems.warnings
    assert 'did you mean "twilio"' in warning
    assert warning.endswith("unless an account twillio was added over HTTP")


def test_a_secret_in_plain_text_is_a_warning(tmp_path: Path) -> None:
    carriers = {"twilio": {"kind": "twilio", "auth_token": "0123456789abcdef"}}
    _, problems = read(tmp_path, {**RIGHT, "carriers": carriers})
    assert "0123456789abcdef" not in str(problems)
    assert "plain text" in problems.warnings[0]


def test_the_example_is_right(tmp_path: Path) -> None:
    problems = Problems()
    read_phones(ROOT / "phones.example.json", {"echo": None, "eliza": None}, problems)
    assert problems.errors == []


def agent(**fields: Any) -> Agent:
    return Agent.model_validate({"llm_model": "echo", **fields})


def test_an_agent_on_the_telephone() -> None:
    voices = {"character": {"model": "v", "speed": 1.2}, "narrator": {"model": "v"}}
    told = {"greetings": "Hello.", "turn": {"silence_ms": 900, "vad_threshold": 0.7}, "speed": 0.5, "idle_limit_s": 30}
    there = agent(voices=voices, greetings={"choices": ["Hi."]}, turn={"silence_ms": 500, "barge_in_ms": 300},
                  telephone=told).on_telephone()  # fmt: skip
    assert [phrase.text for phrase in there.greeting_phrases()] == ["Hello."]
    assert (there.turn.silence_ms, there.turn.barge_in_ms) == (900, 300)  # type: ignore[attr-defined]
    assert there.turn.vad_threshold == 0.7
    assert "barge_in_ms" in there.turn.model_fields_set
    assert there.voices is not None
    assert there.voices.character.speed == 0.6
    assert there.voices.narrator is not None
    assert there.voices.narrator.speed == 0.5
    assert (there.idle_limit_s, there.duration_limit_s) == (30, DURATION_LIMIT_S)


def test_without_a_section_a_call_still_has_an_end() -> None:
    there = agent(greetings={"choices": ["Hi."]}).on_telephone()
    assert (there.idle_limit_s, there.duration_limit_s) == (IDLE_LIMIT_S, DURATION_LIMIT_S)
    assert agent(idle_limit_s=7, telephone={"duration_limit_s": 0}).on_telephone().idle_limit_s == 7
    assert agent(telephone={"duration_limit_s": 0}).on_telephone().duration_limit_s == 0
    assert [phrase.text for phrase in there.greeting_phrases()] == ["Hi."]


def test_rules_that_do_not_fit_together_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="min_silence_ms"):
        agent(turn={"max_silence_ms": 800}, telephone={"turn": {"silence_ms": 900}})
