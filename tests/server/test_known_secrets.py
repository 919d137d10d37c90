"""Every secret that a server's files refer to is known to its logs."""

import json
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY, SECRET
from voi.config.settings import load_settings
from voi.config.store import ConfigStore
from voi.engines.registry import tts_info
from voi.server.known_secrets import secrets_of_services, secrets_of_settings

NAMES = ("LLM", "STT", "TURN", "TTS", "CARRIER", "ACCOUNT", "ASTERISK", "TOOL")


def test_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.setenv(f"{name}_SECRET", f"secret of {name}")
    tool = {
        "description": "Look it up.",
        "http": {"url": "https://api.example.com/look", "headers": {"Authorization": "Bearer ${TOOL_SECRET}"}},
    }
    phones = {
        "public_url": "https://voice.example.com/",
        "carriers": {"twilio": {"kind": "twilio", "auth_token": "${CARRIER_SECRET}"}},
        "accounts": {
            "desk": {"server": "pbx.example.com", "user": "1001", "password": "${ACCOUNT_SECRET}", "agent": "a"},
        },
        "asterisk": {
            "pbx": {"url": "http://127.0.0.1:8088", "user": "voi", "password": "${ASTERISK_SECRET}",
                    "stasis": {"voi": {"agent": "a"}}},
        },
        "numbers": {"*": {"agent": "a"}},
    }  # fmt: skip
    tts = {"voice": {"engine": "elevenlabs", "options": {"api_key": "${TTS_SECRET}"}, "voices": ["anna"]}}
    for file, content in (
        ("agents.json", {"a": {"llm_model": "echo", "tools": {"look": tool}}}), ("phones.json", phones),
        ("tts_models.json", tts),
    ):  # fmt: skip
        (tmp_path / file).write_text(json.dumps(content))
    settings = load_settings(
        token_secret_key=SECRET, api_key=API_KEY, store="off",
        engine_options={"llm.openai": {"api_key": "${LLM_SECRET}"}}, stt_options={"api_key": "${STT_SECRET}"},
        webrtc_ice_servers={"turn:turn.example.com": {"username": "voi", "credential": "${TURN_SECRET}"}},
    )  # fmt: skip
    config = ConfigStore(settings, tts_info).current
    assert set(secrets_of_services(settings, config)) == {f"secret of {name}" for name in NAMES}
    assert {SECRET, API_KEY} <= set(secrets_of_settings(settings))
