"""A planned restart: the server is stopped and another takes its place, and calls go on."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cutter import cutting
from tests.fakes.engines import FakeLlm, calls_of, silence
from tests.server.serving import Person, RunningServer, serving
from tests.server.test_resume_cuts import Listener, engines, joined, speech, words, write_agents
from voi.client import AudioEvent, ResumedEvent, VoiClient
from voi.dialogue import ToolCall
from voi.engines.startup import Engines

pytestmark = pytest.mark.integration
GREETING = {"choices": ["Hello there my friend."]}


class Place:
    """Servers one after the other behind one port."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.folder, self.patch, self.settings = folder, patch, settings
        self.stack = contextlib.AsyncExitStack()
        self.server: RunningServer | None = None

    async def start(self, fakes: Engines) -> int:
        serve = serving(self.folder, self.patch, fakes, resume_dir=self.folder / "kept", **self.settings)
        self.server = await self.stack.enter_async_context(serve)
        return self.server.port

    async def stop(self) -> None:
        assert self.server
        self.server.server.stop()
        assert self.server.task
        await asyncio.wait_for(asyncio.shield(self.server.task), 20)

    @property
    def kept(self) -> list[Path]:
        return sorted((self.folder / "kept").iterdir()) if (self.folder / "kept").exists() else []


@contextlib.asynccontextmanager
async def place(folder: Path, patch: pytest.MonkeyPatch, **settings: Any) -> AsyncIterator[Place]:
    where = Place(folder, patch, **settings)
    async with where.stack:
        yield where


async def test_the_rest_of_an_answer_is_said_by_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agents(tmp_path, greetings=GREETING)
    first, second = engines(), engines()
    second.llm.replies = ("And that was all.",)  # type: ignore[attr-defined]
    async with place(tmp_path, monkeypatch) as where, cutting(await where.start(first)) as cutter:
        listener = Listener()
        async with joined(cutter.port) as voi:
            await voi.send_text("Tell me a story")
            await voi.create_response()
            await listener.until(voi, lambda: len(listener.sound.get("1", b"")) > 48_000 * 2)
            stopping = asyncio.create_task(where.stop())
            while not stopping.done():
                listener_task = asyncio.create_task(listener.until(voi, lambda: False, 0.2))
                with contextlib.suppress(TimeoutError):
                    await listener_task
            assert len(where.kept) == 1
            assert oct(where.kept[0].stat().st_mode & 0o777) == "0o600"
            assert oct(where.kept[0].parent.stat().st_mode & 0o777) == "0o700"
            assert b"story" not in where.kept[0].read_bytes()
            cutter.target = await where.start(second)
            await listener.until(voi, lambda: "1" in listener.done)
            assert where.kept == []
            heard = len(listener.sound["1"]) / 48_000
            text = listener.texts[1]
            assert len(text) * 0.02 - 0.1 <= heard <= len(text) * 0.02 + 1.5, "at most a word is said twice"
            assert listener.statuses == ["response_created", "response_done"]
            assert first.llm.requests  # type: ignore[attr-defined]
            assert not second.llm.requests  # type: ignore[attr-defined]
            await asyncio.sleep(1)  # until it is heard
            await voi.send_text("And then?")
            await voi.create_response()
            await listener.until(voi, lambda: "3" in listener.done)
        asked = second.llm.requests[0].messages  # type: ignore[attr-defined]
        assert [message.text for message in asked] == ["Tell me a story", text, "And then?"]
        assert listener.texts[3] == "And that was all."
        assert "Hello" not in str(listener.texts), "greeted by nobody"


async def test_a_greeting_is_not_said_twice_and_speech_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path, greetings=GREETING)
    first, second = engines(words(50)), engines("and more")
    async with place(tmp_path, monkeypatch) as where, cutting(await where.start(first)) as cutter:
        listener = Listener()
        async with VoiClient.connect(
            f"ws://127.0.0.1:{cutter.port}/ws", token=token(), agent_name="teller", mode="call", resume=True
        ) as voi:
            reading = asyncio.create_task(listener.until(voi, lambda: "2" in listener.done))
            await asyncio.sleep(1.5)  # the greeting
            stopping: asyncio.Task[None] | None = None
            spoken_on = 0
            voice, quiet = speech(20), silence(20)
            for number in range(2_000):
                await voi.send_audio(voice if spoken_on < 20 else quiet)
                await asyncio.sleep(0.02)
                if number == 60:
                    stopping = asyncio.create_task(where.stop())
                if stopping is not None and stopping.done():
                    if not spoken_on:
                        cutter.target = await where.start(second)
                    spoken_on += 1
                if reading.done():
                    break
            await reading
        assert listener.texts[0] == "Hello there my friend."
        assert listener.texts[1].startswith("word0 word1 word2 word3 word4")
        assert listener.texts[1].endswith(" and more")
        assert len(second.llm.requests) == 1  # type: ignore[attr-defined]
        assert [text for text in listener.texts.values() if "Hello" in text] == ["Hello there my friend."]


def token(app: str = "test") -> str:
    from tests.server.fakes import SECRET
    from voi.server.auth import issue_token

    return issue_token(app, SECRET)


async def test_clients_that_cannot_come_back_get_their_grace_and_1001(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agents(tmp_path)
    async with place(tmp_path, monkeypatch) as where:
        old = await Person.arrive(await where.start(engines()), "teller", init_greeting=False)
        await where.stop()
        await old.until(lambda: old.closed)
        assert (old.closed, old.errors, where.kept) == (1001, ["The server is shutting down."], [])


async def test_a_client_that_can_is_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    async with place(tmp_path, monkeypatch) as where:
        port = await where.start(engines())
        person = await Person.arrive(port, "teller", init_greeting=False, resumable=True)
        assert person.log[0]["restart_within_s"] == 300
        resume_id = person.log[0]["resume_id"]
        await where.stop()
        await person.until(lambda: person.closed)
        assert (person.closed, person.errors) == (1012, [])
        assert len(where.kept) == 1
        assert resume_id not in str(where.kept)
        port = await where.start(engines())
        # another app's token and a wrong id take nothing away
        for app, wrong in (("other", resume_id), ("test", resume_id + "x")):
            thief = Person(await connected(port, app))
            thief.say("resume", resume_id=wrong, received=1)
            await thief.until(lambda thief=thief: thief.closed)
            assert thief.closed == 4004
        again = [Person(await connected(port)) for _ in range(2)]
        for each in again:
            each.say("resume", resume_id=resume_id, received=1)
        for each in again:
            await each.until(lambda each=each: each.status("resumed") or each.closed)
        assert sorted(each.status("resumed") for each in again) in ([0, 1], [1, 1])
        assert where.kept == []


async def connected(port: int, app: str = "test") -> Any:
    from tests.transports.raw_client import RawClient

    return await RawClient.connect(port, f"/ws?token={token(app)}")


async def test_kept_calls_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    async with place(tmp_path, monkeypatch) as where:
        person = await Person.arrive(await where.start(engines()), "teller", init_greeting=False, resumable=True)
        resume_id = person.log[0]["resume_id"]
        await where.stop()
        os.utime(where.kept[0], (1, 1))
        port = await where.start(engines())
        async with asyncio.timeout(30):
            while where.kept:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        late = Person(await connected(port))
        late.say("resume", resume_id=resume_id, received=1)
        await late.until(lambda: late.closed)
        assert late.closed == 4004


async def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_agents(tmp_path)
    (tmp_path / "kept").write_text("a file")
    async with place(tmp_path, monkeypatch) as where:
        person = await Person.arrive(await where.start(engines()), "teller", init_greeting=False, resumable=True)
        await where.stop()
        await person.until(lambda: person.closed)
        assert person.closed == 1001
    assert "cannot be kept for the next process" in caplog.text


async def test_a_client_that_was_away_when_the_server_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("The fox is fine.")
    async with place(tmp_path, monkeypatch) as where, cutting(await where.start(engines())) as cutter:
        async with joined(cutter.port) as voi:
            await voi.send_text("Tell me a story")
            await voi.create_response()
            assert isinstance(await anext(voi), object)
            cutter.refusing = True
            cutter.cut()
            reading = asyncio.create_task(collect(voi))
            await asyncio.sleep(0.5)
            await where.stop()
            fakes = engines()
            fakes.llm = llm  # type: ignore[misc]
            cutter.target = await where.start(fakes)
            cutter.refusing = False
            events = await reading
        assert sum(isinstance(event, ResumedEvent) for event in events) == 1
        assert any(isinstance(event, AudioEvent) for event in events)


async def test_a_client_that_is_led_to_another_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As happens after a renewal: the address leads to the worker of before, and the call is at another one."""
    caplog.set_level("INFO")
    write_agents(tmp_path)
    async with (
        place(tmp_path, monkeypatch, worker_name="one") as one,
        place(tmp_path, monkeypatch, worker_name="two") as two,
        cutting(await one.start(engines())) as cutter,
    ):
        first = cutter.target
        second = await two.start(engines())
        listener = Listener()
        async with joined(cutter.port) as voi:
            await voi.send_text("Tell me a story")
            await voi.create_response()
            await listener.until(voi, lambda: len(listener.sound.get("1", b"")) > 48_000)
            for turn, target in enumerate((second, first), 1):
                cutter.target = target
                cutter.cut(far_side=turn == 1)  # the second time nobody tells the worker that has the call
                spoken = len(listener.sound["1"])
                await listener.until(voi, lambda spoken=spoken: len(listener.sound["1"]) > spoken + 24_000)
            await listener.until(voi, lambda: "1" in listener.done)
            assert sum("go on at other workers" in record.getMessage() for record in caplog.records) == 2
            heard = len(listener.sound["1"]) / 48_000
            assert len(listener.texts[1]) * 0.02 - 0.1 <= heard <= len(listener.texts[1]) * 0.02 + 3
            assert one.kept == []
            thief = Person(await connected(second, "other"))  # the token of another app does not get it
            thief.say("resume", resume_id=voi._resume_id, received=1)
            await thief.until(lambda: thief.closed)
            assert thief.closed == 4004
            await asyncio.sleep(0.5)
            await voi.send_text("And then?")
            await voi.create_response()
            await listener.until(voi, lambda: "3" in listener.done)


async def collect(voi: VoiClient) -> list[Any]:
    events: list[Any] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(15):
            async for event in voi:
                events.append(event)
                if isinstance(event, AudioEvent) and any(isinstance(each, ResumedEvent) for each in events):
                    break
    return events


async def test_what_was_dictated_is_there_in_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = {"description": "Take it down.", "capture": {"slots": {"email": "email"}}}
    write_agents(tmp_path, llm_model="some-model", tools={"take": take}, voices=None)
    first, second = engines(), engines()
    first.llm.replies = (calls_of(ToolCall("a", "take", '{"slot": "email"}')), "I have it.")  # type: ignore[attr-defined]
    second.llm.replies = (calls_of(ToolCall("b", "take", '{"slot": "email"}')), "I know.")  # type: ignore[attr-defined]
    async with place(tmp_path, monkeypatch) as where, cutting(await where.start(first)) as cutter:
        listener = Listener()
        async with joined(cutter.port, mode="chat") as voi:
            await voi.send_text("It is anna at example dot org")
            await voi.create_response()
            await listener.until(voi, lambda: "I have it." in listener.texts.values())
            stopping = asyncio.create_task(where.stop())
            while not stopping.done():
                reading = asyncio.create_task(listener.until(voi, lambda: False, 0.2))
                with contextlib.suppress(TimeoutError):
                    await reading
            (kept,) = where.kept
            assert b"anna" not in kept.read_bytes()
            cutter.target = await where.start(second)
            await voi.send_text("Do you still know it?")
            await voi.create_response()
            await listener.until(voi, lambda: "I know." in listener.texts.values())
        asked = second.llm.requests[-1].messages  # type: ignore[attr-defined]
        (told,) = asked[-1].tool_results
        assert told.text.startswith("email is anna@example.org. Do not ask for it again.")
