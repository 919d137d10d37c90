"""Providers are asked whether their keys are good, all at once, and as cheaply as they allow."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from tests.fakes.openai_server import FakeOpenAi, Reply
from voi.cli import app as voi
from voi.cli import provider_findings
from voi.cli.findings import Finding, Grade, configuration
from voi.cli.provider_findings import providers
from voi.config.settings import load_settings
from voi.transports.media_ws.twilio_rest import check_account

SECRET = "sk-verysecret-1234"


def write(tmp_path: Path, url: str, phones: dict[str, Any] | None = None) -> Any:
    agents = {
        "a": {
            "llm_model": "m", "voices": {"character": {"model": "cloud"}},
            "fallback": {"stt": "moonshine", "llm_model": "small", "voices": {"character": {"model": "espeak"}}},
            "knowledge": {"files": ["notes.md"], "embeddings": "vectors"},
        }
    }  # fmt: skip
    options = {"api_key": "${THE_KEY}", "url": f"{url}/v1", "model": "x"}
    models = {
        "cloud": {"engine": "openai-speech", "voices": ["coral"], "options": options},
        "espeak": {"engine": "espeak"},
    }
    (tmp_path / "notes.md").write_text("It is behind the door.")
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps(models))
    if phones is not None:
        (tmp_path / "phones.json").write_text(json.dumps(phones))
    return load_settings(
        agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json",
        phones_file=tmp_path / "phones.json", litellm_api_base=url, stt_engine="groq",
        engine_options={"stt.groq": {"engine": "openai-transcription", **options}},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THE_KEY", SECRET)
    monkeypatch.setenv("COLUMNS", "200")


async def found_by(settings: Any) -> dict[str, Finding]:
    _, config = configuration(settings)
    assert config is not None
    return {each.what: each for each in await providers(settings, config)}


async def test_each_provider_is_asked_once_and_what_it_cost_is_told(tmp_path: Path) -> None:
    async with FakeOpenAi(("m", "small")) as server:
        found = await found_by(write(tmp_path, server.base_url))
        assert {each.state for each in found.values()} == {Grade.OK}, found
        assert set(found) == {"stt groq", "tts cloud", "llm m", "llm small", "embeddings vectors"}
        assert "free" in found["stt groq"].detail
        assert "free" in found["tts cloud"].detail
        assert "16 tokens" in found["llm m"].detail
        assert "2 dimensions" in found["embeddings vectors"].detail
        assert sorted(request["model"] for request in server.requests) == ["m", "small", "vectors"]


async def test_a_refused_key_is_told_without_the_key(tmp_path: Path) -> None:
    async with FakeOpenAi() as server:
        server.listing = (401, json.dumps({"error": f"Incorrect API key provided: {SECRET}"}))
        server.script(Reply.refusal(401, f"Incorrect API key provided: {SECRET}"))
        found = await found_by(write(tmp_path, server.base_url))
        assert {each.state for each in found.values()} == {Grade.WRONG}
        assert "refused the key" in found["tts cloud"].cure
        assert SECRET not in str(found)


async def test_a_variable_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THE_KEY")
    async with FakeOpenAi() as server:
        found = await found_by(write(tmp_path, server.base_url))
        assert "THE_KEY is not set" in found["stt groq"].cure
        assert found["llm m"].state is Grade.OK


async def test_one_that_hangs_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_findings, "DEADLINE_S", 1.0)
    async with FakeOpenAi() as server:
        server.script(Reply(hang_after=0))
        found = await found_by(write(tmp_path, server.base_url))
        assert found["llm m"].cure == "It gave nothing within 1 s."
        assert found["tts cloud"].state is Grade.OK


async def test_an_answer_that_breaks_off_before_its_first_word_proves_nothing(tmp_path: Path) -> None:
    async with FakeOpenAi(("m", "small")) as server:
        server.script(Reply(drop_after=1, deltas=("",)))
        found = await found_by(write(tmp_path, server.base_url))
        assert found["llm m"].state is Grade.WRONG, found["llm m"]


async def test_a_twilio_account(tmp_path: Path) -> None:
    asked: list[tuple[str, str, bool]] = []

    async def account(request: web.Request) -> web.Response:
        good = request.headers["Authorization"] == "Basic " + base64.b64encode(b"ACx:token").decode()
        asked.append((request.method, request.path, good))
        return web.json_response({}, status=200 if good else 401)

    server = web.Application()
    server.router.add_get("/2010-04-01/Accounts/ACx.json", account)
    async with TestServer(server) as running:
        await check_account("ACx", "token", f"http://127.0.0.1:{running.port}")
        with pytest.raises(Exception, match="answered 401"):
            await check_account("ACx", "other", f"http://127.0.0.1:{running.port}")
    assert asked == [
        ("GET", "/2010-04-01/Accounts/ACx.json", True), ("GET", "/2010-04-01/Accounts/ACx.json", False),
    ]  # fmt: skip


async def test_carriers_are_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, str]] = []

    async def check(account_sid: str, auth_token: str) -> None:
        given.append((account_sid, auth_token))

    monkeypatch.setattr(provider_findings, "check_account", check)
    sid = "AC" + "0" * 32
    carriers = {
        "us": {"kind": "twilio", "auth_token": "${THE_KEY}", "account_sid": sid},
        "de": {"kind": "vonage", "signature_secret": "${THE_KEY}"},
    }
    numbers = {"+4930123456": {"agent": "a", "carrier": "us"}}
    phones = {"public_url": "https://voice.example.com", "carriers": carriers, "numbers": numbers}
    async with FakeOpenAi() as server:
        found = await found_by(write(tmp_path, server.base_url, phones))
    assert given == [(sid, SECRET)]
    assert found["carrier us"].state is Grade.OK
    assert "carrier de" not in found


def test_without_providers_there_is_nothing_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LITELLM_API_BASE", raising=False)
    (tmp_path / "agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    result = CliRunner().invoke(voi, ["doctor", "--providers"])
    assert (result.exit_code, result.stdout.strip()) == (
        0, "No provider is configured: all engines run on this machine.",
    )  # fmt: skip


def test_a_provider_that_fails_is_an_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LITELLM_API_BASE", raising=False)
    monkeypatch.delenv("THE_KEY")
    (tmp_path / "agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    options = {"stt.groq": {"engine": "openai-transcription", "api_key": "${THE_KEY}"}}
    monkeypatch.setenv("VOI_STT_ENGINE", "groq")
    monkeypatch.setenv("VOI_ENGINE_OPTIONS", json.dumps(options))
    result = CliRunner().invoke(voi, ["doctor", "--providers", "--json"])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    assert [(each["what"], each["state"]) for each in told["findings"]] == [("stt groq", "wrong")]
