"""A persona calls an agent over the real door."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from typer.testing import CliRunner

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeTts
from tests.fakes.openai_server import FakeOpenAi, Reply
from tests.scenarios.bench import config_in, settings_in
from tests.server.serving import fake_engines
from voi.cli.simulate import persona_of
from voi.cli.simulate import simulate as command
from voi.client import MessageEvent, StatusEvent
from voi.engines.startup import Engines, llm_router
from voi.errors import ClientError
from voi.scenarios.judge import Judge
from voi.scenarios.simulate import (
    AgentAddress,
    Persona,
    Simulated,
    SimulationPlan,
    _Caller,
    report_lines,
    simulate,
    simulation_report,
    spoken_words,
)
from voi.scenarios.voice_stage import BenchServer
from voi.scenarios.voices import PersonsVoice
from voi.server import run
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_engines("I want a table please now")

    async def start(config: object, settings: object, on_progress: object) -> Engines:
        return Engines(vad=made.vad, stt=made.stt, turn=None, llm=made.llm, tts={"espeak": FakeTts()})

    monkeypatch.setattr(run, "start_engines", start)


@pytest.mark.parametrize(
    ("said", "words", "hangs_up"),
    [
        ("I want a table.", "I want a table.", False),
        ("Bye! [hang up]", "Bye!", True),
        ("*sighs* Caller: well, bye <HANG-UP>", "Caller: well, bye", True),
        ('"Hello."\n[Hangs up]', "Hello.", True),
        ("Caller: Hello", "Hello", False),
        ("The person: Hello", "Hello", False),
        ("", "", False),
    ],
)
def test_what_is_spoken_of_what_the_model_wrote(said: str, words: str, hangs_up: bool) -> None:
    assert spoken_words(said) == (words, hangs_up)


async def held(
    folder: Path, *replies: Reply, goal: str = "", voice: bool = False, agent: str = "echo", **plan: Any
) -> tuple[list[Simulated], FakeOpenAi]:
    async with FakeOpenAi(["caller-model"]) as upstream:
        upstream.script(*replies)
        settings = settings_in(folder, litellm_api_base=upstream.base_url, litellm_api_key="key")
        router = llm_router(settings, {"caller-model"})
        persona = Persona("caller-model", "You want a table.", goal)
        try:
            async with BenchServer(settings).running() as server:
                address = AgentAddress(server.url, issue_token("test", server.secret), agent)
                found = await simulate(
                    address, persona, router, SimulationPlan(**{"calls": 1, **plan}),
                    voice=PersonsVoice(FakeTts(), None, "en") if voice else None,
                    judge=Judge(router, "caller-model") if goal else None,
                )  # fmt: skip
        finally:
            await router.close()
        return found, upstream


def test_a_caller_types_until_they_hang_up(folder: Path) -> None:
    replies = Reply(("I want a table.",)), Reply(("For two.",)), Reply(("Bye. [hang up]",))
    (found,), upstream = asyncio.run(held(folder, *replies))
    assert (found.outcome, found.why, found.errors) == ("ended", "", [])
    assert found.lines[-5:] == [
        ("caller", "I want a table."), ("agent", "I want a table."), ("caller", "For two."), ("agent", "For two."),
        ("caller", "Bye."),
    ]  # fmt: skip
    assert len(found.latencies_ms) == 2
    asked = upstream.requests[1]["messages"]
    assert "You want a table." in asked[0]["content"]
    assert [message["role"] for message in asked[-2:]] == ["assistant", "user"]


def test_the_goal_is_judged(folder: Path) -> None:
    bye = Reply(("Bye. [hang up]",))
    (found,), _ = asyncio.run(held(folder, bye, Reply(('{"holds": true, "reason": "x"}',)), goal="They part."))
    assert (found.outcome, found.why) == ("reached", "")
    (found,), _ = asyncio.run(held(folder, bye, Reply(('{"holds": false, "reason": "no table"}',)), goal="A table."))
    assert found.outcome == "missed"
    assert "no table" in found.why
    (found,), _ = asyncio.run(held(folder, bye, Reply(("I would say so.",)), goal="A table."))
    assert found.outcome == "failed", "a judge that gives no verdict missed no goal"
    assert "gave no verdict" in found.why


def test_a_caller_speaks_and_hears_the_agent_out(folder: Path) -> None:
    replies = Reply(("I want a table please now.",)), Reply(("Bye. [hang up]",))
    (found,), _ = asyncio.run(held(folder, *replies, voice=True))
    assert found.outcome == "ended", found.why
    answers = [text for who, text in found.lines if who == "agent"]
    assert answers[-1].startswith("I want")
    assert found.latencies_ms


def test_many_side_by_side_and_one_that_talks_for_ever_ends(folder: Path) -> None:
    found, _ = asyncio.run(held(folder, Reply(("More, please.",)), calls=4, at_once=4, turns_max=3))
    assert [each.outcome for each in found] == ["ended"] * 4
    assert {each.why for each in found} == {"the caller had said 3 things"}
    assert all(len([who for who, _ in each.lines if who == "caller"]) == 3 for each in found)


def test_what_breaks_fails_that_call_and_says_why(folder: Path) -> None:
    (found,), _ = asyncio.run(held(folder, Reply.refusal(401, "bad key")))
    assert found.outcome == "failed"
    assert found.why
    (found,), _ = asyncio.run(held(folder, Reply(("Hello",)), agent="nobody"))
    assert found.outcome == "failed"
    assert "nobody" in found.why


class SlowClient:
    """Answers in pieces, `gap_s` apart; closes when it has said all."""

    def __init__(self, pieces: int, gap_s: float) -> None:
        self._pieces, self._gap_s = pieces, gap_s

    async def send_text(self, text: str) -> None: ...

    async def create_response(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[object]:
        yield StatusEvent("response_created")
        for number in range(self._pieces):
            await asyncio.sleep(self._gap_s)
            yield MessageEvent(1, "assistant", f"{number} words")
        yield StatusEvent("response_done")
        await asyncio.sleep(1_000)


@pytest.mark.parametrize(("gap_s", "in_time"), [(4.0, True), (6.0, False)])
@in_virtual_time
async def test_who_answers_at_length_is_heard_out_and_who_is_silent_is_not(gap_s: float, in_time: bool) -> None:
    caller = _Caller(cast(Any, SlowClient(10, gap_s)), None, Simulated(1))
    listening = asyncio.create_task(caller.listen())
    try:
        if in_time:
            assert await caller.exchange("Tell me all.", 5.0) == "9 words"
        else:
            with pytest.raises(TimeoutError):
                await caller.exchange("Tell me all.", 5.0)
    finally:
        listening.cancel()


def test_the_report() -> None:
    found = [
        Simulated(1, "reached", "", [("caller", "a"), ("agent", "b")], [100, 300]),
        Simulated(2, "failed", "broke", [], []),
    ]
    report = json.loads(json.dumps(simulation_report(found, Persona("m", "x"))))
    assert report["outcomes"] == {"reached": 1, "missed": 0, "ended": 0, "failed": 1}
    assert report["latency_ms"] == {"median": 100, "p95": 300, "longest": 300}
    assert report_lines(report) == [
        "2 conversations: 1 reached, 1 failed", "latency: median 100 ms, p95 300 ms, longest 300 ms"
    ]  # fmt: skip
    assert simulation_report([], Persona("m", "x"))["latency_ms"]["median"] is None


def test_personas(folder: Path) -> None:
    config = config_in(folder)
    assert persona_of("teller", None, "g", config) == Persona("some-model", "You tell stories.", "g")
    (folder / "p.txt").write_text("A busy baker.")
    assert persona_of("@p.txt", "m", "", config) == Persona("m", "A busy baker.")
    for persona, model, told in (
        ("@none.txt", "m", "cannot be read"),
        (" ", "m", "is empty"),
        ("A baker.", None, "--model"),
    ):
        with pytest.raises(ClientError, match=told):
            persona_of(persona, model, "", config)


def test_the_command_reports_and_its_exit_code_tells(folder: Path) -> None:
    async def serve() -> tuple[int, str]:
        async with FakeOpenAi(["caller-model"]) as upstream:
            upstream.script(Reply(("Bye. [hang up]",)))
            settings_in(folder)
            (folder / ".env").write_text(f"LITELLM_API_BASE={upstream.base_url}\nLITELLM_API_KEY=key\n")
            app = typer.Typer()
            app.command()(command)
            args = [
                "--agent",
                "echo",
                "--persona",
                "A baker.",
                "--model",
                "caller-model",
                "--calls",
                "2",
                "--out",
                "r.json",
            ]
            result = await asyncio.to_thread(CliRunner().invoke, app, args)
            return result.exit_code, result.output

    code, out = asyncio.run(serve())
    assert code == 0, out
    assert "2 conversations: 2 ended" in out
    assert json.loads((folder / "r.json").read_text())["calls"] == 2
