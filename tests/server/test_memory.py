"""What agents remember of people, in a whole server: from one conversation to the next, and over HTTP."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, RunningServer, fake_engines, serving
from tests.transports.raw_client import RawClient
from voi.engines.base import LlmRequest
from voi.engines.startup import Engines
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)
KEY = "kT9-store-key-of-the-tests-zQ4vB7xW2mN8"
AUTH = f"API-Key: {API_KEY}\r\n"
WHOSE = "app=shop&person=anna%40example.org"
SUMMARY = "She ordered a planted kettle."


class Summarizing(FakeLlm):
    """Answers; asked for a summary, it writes `SUMMARY`."""

    def __init__(self) -> None:
        super().__init__("Of course.", first_s=0.0, token_s=0.0)
        self.asked: list[LlmRequest] = []

    async def stream(self, request: LlmRequest) -> AsyncIterator[Any]:
        self.asked.append(request)
        writer = FakeLlm(SUMMARY, first_s=0.0, token_s=0.0) if "Summarize" in request.messages[0].text else super()
        async for event in writer.stream(request):
            yield event

    @property
    def prompts(self) -> list[str]:
        return [each.messages[0].text for each in self.asked if "Summarize" not in each.messages[0].text]


def remembering(folder: Path, **memory: Any) -> tuple[Engines, Summarizing]:
    agent = {"llm_model": "m", "system_prompt": "Be kind.", "memory": memory or True}
    (folder / "agents.json").write_text(json.dumps({"ada": agent, "echo": {"llm_model": "echo"}}))
    (folder / "tts_models.json").write_text("{}")
    llm = Summarizing()
    return Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": FakeTts()}), llm  # type: ignore[arg-type]


async def talk(port: int, words: str = "I want a kettle.", person: str = "anna@example.org") -> None:
    token = issue_token("shop", SECRET, person=person)
    caller = Person(await RawClient.connect(port, f"/ws?token={token}"))
    caller.say("init", agent_name="ada", agent_config=None, mode="chat")
    await caller.until(lambda: caller.status("init_done"))
    caller.say("text", content=words)
    caller.say("create_response")
    await caller.until(lambda: any("Of course" in text for text in caller.texts.values()))
    await asyncio.sleep(0.1)
    caller.client.drop()


async def ask(
    running: RunningServer, method: str, path: str = "/memory", body: Any = None, whose: str = WHOSE, auth: str = AUTH
) -> tuple[int, Any]:
    status, _, answer = await running.http(method, f"{path}?{whose}", auth, body)
    return status, json.loads(answer) if answer else None


async def remembered(running: RunningServer, count: int) -> list[dict[str, Any]]:
    """What is remembered of Anna, once it is so much."""
    for _ in range(200):
        status, told = await ask(running, "GET")
        if status == 200 and len(told["memory"]) >= count:
            return list(told["memory"])
        await asyncio.sleep(0.05)
    raise AssertionError("it was not remembered")


async def test_a_conversation_is_known_in_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engines, llm = remembering(tmp_path)
    async with serving(tmp_path, monkeypatch, engines, store="facts", store_key=KEY) as running:
        await talk(running.port)
        ((summary),) = await remembered(running, 1)
        assert (summary["kind"], summary["text"], summary["agent"]) == ("summary", SUMMARY, "ada")
        assert (await ask(running, "PUT", "/memory/name", {"text": "Anna"}))[0] == 200
        await talk(running.port)
        await talk(running.port, person="berta")
        await asyncio.sleep(0.2)
    kettle = [prompt for prompt in llm.prompts if SUMMARY in prompt]
    assert len(llm.prompts) == 3
    assert kettle == [llm.prompts[1]]
    assert '"Anna"' in kettle[0]
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"planted" not in on_disk
    assert b"anna" not in on_disk
    assert "planted" not in caplog.text


async def test_what_was_corrected_or_replaced_is_nowhere_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())

    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        _, fact = await ask(running, "POST", body={"text": "Lives in Vienna."})
        await ask(running, "PUT", "/memory/name", {"text": "Wilhelmina"})
        assert b"Vienna" in on_disk()
        await ask(running, "PUT", f"/memory/{fact['id']}", {"text": "Lives in Graz."})
        await ask(running, "PUT", "/memory/name", {"text": "Anna"})
        assert b"Vienna" not in on_disk()
        assert b"Wilhelmina" not in on_disk()
        assert [each["text"] for each in (await ask(running, "GET"))[1]["memory"]] == ["Lives in Graz.", "Anna"]


async def test_an_agent_without_memory_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, llm = remembering(tmp_path)
    agents = json.loads((tmp_path / "agents.json").read_text())
    del agents["ada"]["memory"]
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        await talk(running.port)
        await asyncio.sleep(0.3)
        assert len(llm.asked) == len(llm.prompts) == 1


async def test_what_a_summary_costs_is_in_the_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, _ = remembering(tmp_path)
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        await talk(running.port)
        await remembered(running, 1)
        for _ in range(100):
            _, _, answer = await running.http("GET", "/usage?by=agent,kind", AUTH)
            rows = [row for row in json.loads(answer)["usage"] if row["kind"] == "llm"]
            if rows and rows[0]["uses"] >= 1:
                break
            await asyncio.sleep(0.1)
        assert rows[0]["agent"] == "ada"


async def test_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "voi.audit")
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        assert await ask(running, "GET") == (404, {"detail": "Nobody of that name is known in that app."})
        status, tea = await ask(running, "POST", body={"text": "Likes tea."})
        assert (status, tea["kind"], tea["text"]) == (201, "fact", "Likes tea.")
        status, fixed = await ask(running, "PUT", f"/memory/{tea['id']}", {"text": "Likes coffee."})
        assert (status, fixed["text"]) == (200, "Likes coffee.")
        status, told = await ask(running, "GET", "/memory/export")
        assert (told["app"], told["person"]) == ("shop", "anna@example.org")
        assert [each["text"] for each in told["memory"]] == ["Likes coffee."]
        assert (await ask(running, "DELETE", f"/memory/{tea['id']}"))[0] == 204
        assert (await ask(running, "DELETE", f"/memory/{tea['id']}"))[0] == 404
        await ask(running, "POST", body={"text": "Likes tea."})
        assert await ask(running, "DELETE") == (200, {"deleted": 1})
        assert (await ask(running, "GET"))[1]["memory"] == []
    lines = [record.getMessage() for record in caplog.records if record.name == "voi.audit"]
    assert [line.split(" from ")[0].split("/memory/")[0] for line in lines[:2]] == ["GET /memory", "POST /memory"]
    assert len(lines) == 9
    assert "anna" not in "".join(lines)
    assert "tea" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "whose", "body", "status"),
    [
        ("POST", "/memory", WHOSE, {"text": ""}, 400),
        ("POST", "/memory", WHOSE, {"text": "x" * 1_001}, 400),
        ("POST", "/memory", WHOSE, {"words": "x"}, 400),
        ("PUT", "/memory/unknown", WHOSE, {"text": "x"}, 404),
        ("POST", "/memory", "app=shop", {"text": "x"}, 400),
        ("GET", "/memory", "app=&person=", None, 422),
        ("GET", "/memory", f"app=shop&person={'x' * 201}", None, 422),
    ],
)
async def test_what_is_wrong_is_refused(
    method: str, path: str, whose: str, body: Any, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        assert (await ask(running, method, path, body, whose))[0] == status


async def test_nobody_without_the_key_and_nothing_without_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines(), store="off") as running:
        for method, path, body in (
            ("GET", "/memory", None), ("GET", "/memory/export", None), ("POST", "/memory", {"text": "x"}),
            ("PUT", "/memory/name", {"text": "x"}), ("DELETE", "/memory", None), ("DELETE", "/memory/name", None),
        ):  # fmt: skip
            assert (await ask(running, method, path, body, auth=""))[0] == 401
            assert (await ask(running, method, path, body, auth="API-Key: wrong\r\n"))[0] == 403
            assert (await ask(running, method, path, body))[0] == 503


async def test_what_was_deleted_in_a_call_is_no_summary_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines, llm = remembering(tmp_path)
    async with serving(tmp_path, monkeypatch, engines, store="facts", store_key=KEY) as running:
        await talk(running.port)
        await remembered(running, 1)
        token = issue_token("shop", SECRET, person="anna@example.org")
        caller = Person(await RawClient.connect(running.port, f"/ws?token={token}"))
        caller.say("init", agent_name="ada", agent_config=None, mode="chat")
        await caller.until(lambda: caller.status("init_done"))
        caller.say("text", content="I want a secret kettle.")
        caller.say("create_response")
        await caller.until(lambda: any("Of course" in text for text in caller.texts.values()))
        assert await ask(running, "DELETE") == (200, {"deleted": 1})
        caller.client.drop()
        for _ in range(100):  # it is summarized, and that is not kept
            if sum("Summarize" in each.messages[0].text for each in llm.asked) == 2:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert (await ask(running, "GET"))[1]["memory"] == []
        await talk(running.port)
        assert [item["kind"] for item in await remembered(running, 1)] == ["summary"]
