"""A whole server whose agent draws on files: in the prompt, in the recording, in the metrics, and after an edit."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad
from tests.server.fakes import API_KEY
from tests.server.serving import Person, RunningServer, serving
from voi.engines.llm.router import LlmRouter
from voi.engines.startup import Engines
from voi.knowledge.excerpts import BEGIN

pytestmark = pytest.mark.integration


def write_files(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "hours.md").write_text("# Hours\nThe library opens at nine.")
    (folder / "docs" / "broken.pdf").write_bytes(b"no")
    (folder / "agents.json").write_text(json.dumps({"desk": {"llm_model": "fake", "knowledge": "docs"}}))


def recorded(folder: Path, name: str) -> list[dict[str, Any]]:
    """The lines of that file in all recordings."""
    lines = [line for path in folder.glob(f"recordings/*/*/{name}") for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def edit(path: Path, text: str) -> None:
    path.write_text(text)


async def ask(running: RunningServer, llm: FakeLlm, words: str) -> str:
    before = len(llm.requests)
    person = await Person.arrive(running.port, "desk", init_greeting=False)
    person.say("text", content=words)
    person.say("create_response")
    await person.until(lambda: person.status("response_done"))
    return llm.requests[before].messages[-1].text


async def test_from_a_file_to_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    llm = FakeLlm("At nine.")
    engines = Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": FakeTts()})
    async with serving(tmp_path, monkeypatch, engines, record=True) as running:
        asked = await ask(running, llm, "When does the library open?")
        assert asked.startswith(BEGIN)
        assert "The library opens at nine." in asked
        _, _, body = await running.http("GET", "/metrics", f"Accept: text/plain\r\nAPI-Key: {API_KEY}\r\n")
        exposed = body.decode()
        assert 'voi_knowledge_wait_seconds_count{early="false",use="context"} 1.0' in exposed
        assert "voi_knowledge_files_left_out 1.0" in exposed
        edit(tmp_path / "docs" / "hours.md", "# Hours\nThe library opens at ten.")
        await running.server._configs.poll()
        assert await running.server._configs.poll(), "a file that is edited is read again"
        assert "The library opens at ten." in await ask(running, llm, "When does the library open?")
    told = [line for line in recorded(tmp_path, "turns.jsonl") if "sources" in line]
    assert [line["sources"] for line in told] == [["docs/hours.md, Hours"]] * 2
    assert BEGIN not in json.dumps(recorded(tmp_path, "journal.jsonl"))


async def test_what_an_index_costs_is_in_the_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")

    async def embed(self: LlmRouter, model: str, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 4), np.float32)

    monkeypatch.setattr(LlmRouter, "embed", embed)
    write_files(tmp_path)
    knowledge = {"files": ["docs"], "embeddings": "small"}
    (tmp_path / "agents.json").write_text(json.dumps({"desk": {"llm_model": "echo", "knowledge": knowledge}}))
    (tmp_path / "prices.json").write_text(json.dumps({"llm": {"small": {"input_per_million_tokens": 1_000_000}}}))
    llm = LlmRouter(api_base="http://127.0.0.1:9")
    engines = Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": FakeTts()})
    async with serving(tmp_path, monkeypatch, engines, store="facts") as running:
        for _ in range(100):
            _, _, answer = await running.http("GET", "/usage?by=agent,model", f"API-Key: {API_KEY}\r\n")
            if rows := json.loads(answer)["usage"]:
                break
            await asyncio.sleep(0.1)
    assert [(row["agent"], row["model"]) for row in rows] == [("desk", "small")]
    assert rows[0]["input_tokens"] > 5
    assert rows[0]["cost"] == rows[0]["input_tokens"], "prices are known before the files are read"
