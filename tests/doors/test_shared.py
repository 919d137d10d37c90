"""What all doors share: tokens, admission, limits, quotas, draining, recording, metrics."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.clients import AGENT, DOORS, DoorClient, token_of
from tests.doors.served import doors_open, needs_store
from tests.fakes.engines import FakeLlm
from tests.server.serving import Person, RunningServer
from tests.transports.raw_client import RawClient
from voi.calls.quotas import Quota, QuotaKnown

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
FULL = "The server is full: it holds 1 conversations at once. Try again later."


def refusals(server: RunningServer, door: type[DoorClient], reason: str) -> float:
    """How many the door's counter says were refused."""
    name, labels = {
        "openai": ("voi_openai_requests_total", {"endpoint": "chat", "outcome": "refused"}),
        "webrtc": ("voi_openai_requests_total", {"endpoint": "realtime_calls", "outcome": "refused"}),
        "wyoming": ("voi_listener_requests_total", {"listener": "wyoming", "request": "handle", "outcome": "refused"}),
    }.get(door.name, ("voi_connections_refused_total", {"reason": reason}))
    value = server.server.metrics.registry.get_sample_value
    failed = value(name, {**labels, "outcome": "failed"}) if "outcome" in labels else 0
    return (value(name, labels) or 0) + (failed or 0)


async def refused(
    server: RunningServer, door: type[DoorClient], token: str, reason: str, caplog: pytest.LogCaptureFixture
) -> str:
    """What a client is told, when there is one line in the log and one more on the counter."""
    active, before = server.server.admission.active, refusals(server, door, reason)
    caplog.clear()
    with caplog.at_level(logging.INFO, "voi"):
        words = await door.refusal(server, token)
        await until(lambda: refusals(server, door, reason) > before)
    assert refusals(server, door, reason) == before + 1
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) == 1, lines
    assert token not in lines[0]
    assert server.server.admission.active == active
    return words


def assert_words(told: str, wanted: str, door: type[DoorClient]) -> None:
    """Who cannot be told words is told that it is busy."""
    assert told.startswith(wanted) or ("words of a refusal" in door.cannot and 'reason="busy"' in told), told


async def until(so: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def busy(server: RunningServer, token: str) -> Person:
    """A person who has a conversation."""
    person = Person(await RawClient.connect(server.port, f"/ws?token={token}"))
    person.say("init", agent_name=AGENT, mode="chat", init_greeting=False)
    await person.until(lambda: person.status("init_done"))
    return person


@each_door
async def test_a_wrong_token(
    door: type[DoorClient], tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    if "tokens" in door.cannot:
        pytest.skip(f"{door.name} has no tokens: addresses are allowed, which tests/transports/wyoming has")
    async with doors_open(tmp_path, monkeypatch, FakeLlm("Yes."), door) as server:
        words = await refused(server, door, token_of()[:-4] + "AAAA", "token_refused", caplog)
        assert "token" in words


@each_door
async def test_a_full_server_and_one_that_stops(
    door: type[DoorClient], tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voi.server.openai.failures.LINE_EVERY_S", 0.0)  # both have the same code
    async with doors_open(tmp_path, monkeypatch, FakeLlm("Yes."), door, max_conversations=1) as server:
        person = await busy(server, token_of("other"))
        assert_words(await refused(server, door, token_of(), "server_full", caplog), FULL, door)
        person.client.drop()
        await until(lambda: not server.server.admission.active)
        server.server.admission.close()
        words = await refused(server, door, token_of(), "draining", caplog)
        if "words of a refusal" not in door.cannot:
            assert any(said in words.lower() for said in ("stop", "shutting down", "draining")), words


@each_door
async def test_the_limit_and_the_quota_of_an_app(
    door: type[DoorClient], tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    async with doors_open(tmp_path, monkeypatch, FakeLlm("Yes."), door, max_conversations_per_app=1) as server:
        person = await busy(server, token_of())
        words = await refused(server, door, token_of(), "app_limit", caplog)
        assert_words(words, "The app 'test' has 1 conversations at once, its limit. Try again later.", door)
        person.client.drop()
        await until(lambda: not server.server.admission.active)
        server.server._quotas.learn({"test": QuotaKnown(Quota(minutes_per_day=0))})
        words = await refused(server, door, token_of(), "app_quota", caplog)
        assert_words(words, "The app 'test' has used its 0 minutes of today", door)


@each_door
async def test_a_call_is_counted_recorded_and_stored(
    door: type[DoorClient], tmp_path: Path, monkeypatch: Patch
) -> None:
    needs_store()
    from tests.doors.served import stored

    heard = ["Do you have roses?"]
    async with doors_open(tmp_path, monkeypatch, FakeLlm("Yes."), door, heard, record=True, store="words") as server:
        client = await door.arrive(server, {}, token_of())
        await client.ask("Do you have roses?")
        await client.leave()
        await until(lambda: not server.server.admission.active)
        value = server.server.metrics.registry.get_sample_value
        counted = {name: sum(value("voi_conversations_total", {"mode": mode, "door": name}) or 0
                             for mode in ("call", "chat")) for name in (each.counted_as for each in DOORS)}  # fmt: skip
        assert counted == {name: float(name == door.counted_as) for name in counted}
    (kept,) = await stored(tmp_path)
    assert (kept.facts["app"], kept.facts["agent"]) == ("test", AGENT)
    assert [said.words for said in kept.transcript] == ["Do you have roses?", "Yes."]
    journal = (tmp_path / "recordings" / kept.facts["recording"] / "journal.jsonl").read_text()
    assert "Do you have roses?" in journal
    assert "Yes." in journal
