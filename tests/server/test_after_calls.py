"""What is done after calls, through a whole server: the model, a webhook, a CRM, the store and a restart."""

import asyncio
import base64
import hmac
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.cutter import cutting
from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.fakes.openai_server import FakeOpenAi, Reply
from tests.fakes.services import FakeBooking, FakeZoho, example
from tests.server.fakes import API_KEY
from tests.server.fakes import SECRET as TOKEN_SECRET
from tests.server.serving import Person, RunningServer, serving
from tests.server.test_restart import place
from tests.server.test_resume_cuts import Listener
from tests.server.test_tools import calling
from voi.calls.post_call import runner
from voi.client import VoiClient
from voi.config.agents import Agent
from voi.config.settings import load_settings
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.engines.startup import Engines
from voi.errors import ConfigError
from voi.server.auth import issue_token
from voi.server.kept_calls import KeptCalls
from voi.server.metrics import Metrics

pytestmark = pytest.mark.integration

SECRET = "a-secret-of-the-tests"
REPORT = Reply(deltas=(json.dumps({"summary": "They want tea.", "fields": {"wish": "tea"}}),))


def engines(server: FakeOpenAi) -> Engines:
    llm = OpenAiCompatible(api_base=server.base_url)
    return Engines(vad=FakeVad(), stt=FakeStt("hello"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})


def write(folder: Path, agent: dict[str, Any]) -> None:
    agent = {**agent, "llm_model": "m", "voices": {"character": {"model": "voice"}}}
    (folder / "agents.json").write_text(json.dumps({"desk": agent}))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


def with_webhook(service: FakeBooking, **fields: Any) -> dict[str, Any]:
    hook = {"url": f"{service.url}/v1/calls", "secret": "${HOOK_SECRET}", "transcript": True}
    schema = {"type": "object", "properties": {"wish": {"type": "string"}}}
    return {"after_call": {"fields": schema, "webhook": hook}, **fields}


async def talk(running: RunningServer, text: str, answer: str) -> None:
    """Say this, hear that, and hang up."""
    person = await Person.arrive(running.port, "desk")
    person.say("text", content=text)
    person.say("create_response")
    await person.until(lambda: answer in person.texts.values())
    person.client.writer.close()


async def metric(running: RunningServer, *lines: str) -> bool:
    _, _, text = await running.http("GET", "/metrics", f"Accept: text/plain\r\nAPI-Key: {API_KEY}\r\n")
    return all(line in text.decode() for line in lines)


async def come_true(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not (await found if asyncio.iscoroutine(found := condition()) else found):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_webhook_is_told_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    async with FakeOpenAi() as model, FakeBooking({}) as service:
        model.script(Reply(deltas=("Noted.",)), REPORT)
        write(tmp_path, with_webhook(service, redact={"numbers": True}))
        async with serving(tmp_path, monkeypatch, engines(model), metrics=True, store="facts") as running:
            await talk(running, "Tea for 555 123 4567.", "Noted.")
            await come_true(lambda: len(service.told) == 1)
            await come_true(lambda: metric(running, 'voi_after_calls_total{outcome="ok",step="webhook"} 1.0'))
            assert await metric(
                running,
                'voi_after_calls_total{outcome="ok",step="ask"} 1.0',
                "voi_after_calls_waiting 0.0",
                'voi_usage_tokens_total{agent="desk",app="test",direction="in"',
            )
        headers, body = service.told[0]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        data = json.loads(body)["data"]
        assert (data["summary"], data["fields"], data["agent"], data["app"]) == (
            "They want tea.", {"wish": "tea"}, "desk", "test",
        )  # fmt: skip
        assert data["reason"] == "client_hung_up"
        assert data["transcript"][0] == {
            "role": "user",
            "text": "Tea for [number].",
        }  # the answer: as far as it was heard
        asked = json.dumps(model.requests[1])
        assert "555" not in asked
        assert "[number]" in asked


async def test_a_restart_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    pytest.importorskip("sqlalchemy")
    monkeypatch.setattr(runner, "WAITS_S", (0.2,) * 8)
    async with FakeOpenAi() as model, FakeBooking({}) as service:
        model.script(Reply(deltas=("Noted.",)), REPORT)
        write(tmp_path, with_webhook(service))
        service.answers = [web.Response(status=500) for _ in range(1_000)]
        async with serving(tmp_path, monkeypatch, engines(model), store="facts") as running:
            await talk(running, "Tea.", "Noted.")
            await come_true(lambda: len(service.asked) >= 2)
        service.answers.clear()
        tried = len(service.asked)
        async with serving(tmp_path, monkeypatch, engines(model), store="facts"):
            await come_true(lambda: len(service.told) == 1)
        assert len(service.asked) == tried + 1
        assert json.loads(service.told[0][1])["data"]["summary"] == "They want tea."
        assert len(model.requests) == 2  # the model was not asked again


async def test_a_call_that_a_restart_moves_is_told_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    async with FakeOpenAi() as model, FakeBooking({}) as service:
        model.script(Reply(deltas=("Noted.",)), Reply(deltas=("Milk too.",)), REPORT)
        write(tmp_path, with_webhook(service))
        url = {"token": issue_token("test", TOKEN_SECRET), "agent_name": "desk", "init_greeting": False, "resume": True}
        async with place(tmp_path, monkeypatch) as where, cutting(await where.start(engines(model))) as cutter:
            listener = Listener()
            async with VoiClient.connect(f"ws://127.0.0.1:{cutter.port}/ws", **url) as voi:  # type: ignore[arg-type]
                await voi.send_text("Tea.")
                await voi.create_response()
                await listener.until(voi, lambda: "Noted." in listener.texts.values())
                reading = asyncio.create_task(listener.until(voi, lambda: "Milk too." in listener.texts.values()))
                await where.stop()
                assert service.told == []
                cutter.target = await where.start(engines(model))
                await voi.send_text("With milk.")
                await voi.create_response()
                await reading
            await come_true(lambda: len(service.told) == 1)
        transcript = json.loads(service.told[0][1])["data"]["transcript"]
        assert [line["text"] for line in transcript if line["role"] == "user"] == ["Tea.", "With milk."]


async def test_a_call_is_logged_at_the_crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ID", "id"), ("SECRET", "sec")):
        monkeypatch.setenv(f"ZOHO_CLIENT_{name}", value)
    monkeypatch.setenv("ZOHO_REFRESH_TOKEN", "ref")
    ada = {"id": "4876876000001", "First_Name": "Ada", "Last_Name": "Lovelace"}
    async with FakeOpenAi() as model, FakeZoho({"49309018201": ada}) as zoho:
        report = {"summary": "Ada wants tea.", "fields": {"contact_id": ada["id"]}}
        model.script(
            calling(("find_contact", '{"phone": "030 9018201"}')),
            Reply(deltas=("Hello Ada.",)),
            Reply(deltas=(json.dumps(report),)),
        )
        write(tmp_path, example("zoho", {"https://accounts.zoho.com": zoho.url}))
        async with serving(tmp_path, monkeypatch, engines(model)) as running:
            await talk(running, "It is Ada, 030 9018201.", "Hello Ada.")
            await come_true(lambda: len(zoho.records) == 1)
        offered = [tool["function"]["name"] for tool in model.requests[0]["tools"]]
        assert "find_contact" in offered
        assert "log_call" not in offered
        assert ada["id"] in model.requests[2]["messages"][1]["content"]  # the model is shown what tools returned
        assert "9018201" not in json.dumps(model.requests[2]["messages"][1]["content"]).split("find_contact(")[1]
        ((module, record),) = zoho.records
        assert module == "Calls"
        assert (record["Description"], record["Who_Id"]) == ("Ada wants tea.", {"id": ada["id"]})
        assert record["Call_Duration"].startswith("00:")
        assert record["Call_Start_Time"].endswith("+00:00")


async def test_a_missing_secret_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    async with FakeBooking({}) as service:
        write(tmp_path, with_webhook(service))
        stopped = serving(tmp_path, monkeypatch, lambda *_: None)
        running = await stopped.__aenter__()
        assert running.task is not None
        await asyncio.wait([running.task], timeout=20)
        with pytest.raises(ConfigError, match="HOOK_SECRET"):
            await stopped.__aexit__(None, None, None)


async def test_who_is_told_that_words_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(token_secret_key=TOKEN_SECRET, api_key=API_KEY, store="off", disclose=("telephone",))
    kept = KeptCalls(settings, Metrics(lambda: 0))
    call: Any = SimpleNamespace(kind="telephone", agent_name="desk")
    hook = {"url": "https://a.example/", "secret": "${HOOK_SECRET}"}
    for after, told in (({}, False), ({"after_call": {"webhook": hook}}, True)):
        agent = Agent.model_validate({"llm_model": "m", **after})
        assert kept.discloses(call, agent) == (True, told)
