"""Clients that come back, and those that should not."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import SECRET, FakeSession, Sessions
from tests.transports.voi_ws.test_connection import Visit, running
from voi.core import facts
from voi.core.end_reason import EndReason
from voi.server.auth import issue_token
from voi.session.events import Sound
from voi.transports.resend_queue import BYTES_PER_S
from voi.transports.voi_ws.connection import VoiWebSockets
from voi.transports.voi_ws.moved import SpeechEnd

RESUME_S = 30.0


def begin(door: VoiWebSockets, sessions: Sessions, **fields: Any) -> tuple[Visit, FakeSession, str]:
    """A conversation that may be resumed, its session and its id."""
    visit = Visit(door)
    visit.init(mode="call", resumable=True, **fields)
    return visit, sessions.opened[-1], visit.socket.sent[0]["resume_id"]


def come_back(door: VoiWebSockets, resume_id: str, app: str = "app", **fields: Any) -> Visit:
    visit = Visit(door, f"token={issue_token(app, SECRET)}")
    visit.say("resume", resume_id=resume_id, **fields)
    return visit


@in_virtual_time
async def test_the_conversation_goes_on_over_another_connection() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, session, resume_id = begin(door, sessions)
        assert first.socket.sent[0] == {
            "type": "status", "status": "init_done", "agent_name": "friend", "resume_id": resume_id,
            "resume_within_s": RESUME_S,
        }  # fmt: skip
        assert len(resume_id) >= 32
        first.say("audio", b"abcd")
        first.say("interrupt", speech_id="0", interrupted_at=0.5)
        first.connection.received(b"nonsense")
        session.line.now.tell(Sound(4, b"1234"))
        session.line.now.tell(Sound(4, b"5678"))
        first.connection.lost()
        assert session.held == 1
        session.line.now.tell(Sound(4, b"90"))
        await asyncio.sleep(RESUME_S - 1)
        again = come_back(door, resume_id, received=3)  # init_done, the error and the first sound
        assert again.socket.sent[0] == {
            "type": "status", "status": "resumed", "sent": 3, "received_messages": 2, "received_audio_bytes": 4,
        }  # fmt: skip
        assert [frame[-2:] for frame in again.socket.frames[1:]] == [b"78", b"90"]
        assert session.unheard == [{4: 6}]
        again.say("audio", b"ef")
        assert session.heard == b"abcdef"
        await asyncio.sleep(10 * RESUME_S)
        assert facts.HungUp() not in session.told
        assert len(sessions.opened) == door.calls.admission.active == 1
        again.socket.close(1000)
        again.connection.lost()
        await door.calls.services.tasks.join()
        assert session.told[-1] == facts.HungUp()
        assert len(door.resumables) == 0


@in_virtual_time
async def test_a_client_counts_what_another_process_had_said_of_a_speech() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        visit, session, _ = begin(door, sessions)
        (resumable,) = door.resumables
        resumable.outbox.take_up(1, (), [SpeechEnd(4, BYTES_PER_S)], 1)  # a second of it
        for speech_id, at_s in (("4", 1.5), (None, 1.2), ("4", 0.5), ("3", 1.5), ("4", None)):
            visit.say("interrupt", speech_id=speech_id, interrupted_at=at_s)
        told = [(fact.message_id, fact.played_ms) for fact in session.told if isinstance(fact, facts.Interrupted)]
        assert told == [(4, 500), (None, 200), (4, 0), (3, 1_500), (4, None)]
        visit.socket.close(1000)
        visit.connection.lost()
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_nobody_is_waited_for_longer_and_what_is_over_stays_over() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, _, resume_id = begin(door, sessions)
        first.connection.lost()
        await asyncio.sleep(RESUME_S + 1)
        assert door.calls.admission.active == 0
        late = come_back(door, resume_id, received=1)
        assert late.socket.close_code == 4004
        assert "no conversation to resume" in late.socket.errors[0]
        late.connection.lost()
        assert door.calls.admission.active == 0


@pytest.mark.parametrize("fields", [{}, {"resumable": False}, {"resumable": None}])
async def test_clients_that_do_not_ask_see_and_get_nothing_of_it(fields: dict[str, Any]) -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        visit = Visit(door)
        visit.init(**fields)
        assert visit.socket.sent == [{"type": "status", "status": "init_done", "agent_name": "friend"}]
        assert visit.socket.pings == []
        visit.connection.lost()
        assert sessions.opened[0].told == [facts.HungUp()]
        await door.calls.services.tasks.join()


async def test_a_server_that_allows_it_to_nobody() -> None:
    async with running(resume_s=0) as (door, sessions):
        visit = Visit(door)
        visit.init(resumable=True)
        assert "resume_id" not in visit.socket.sent[0]
        visit.connection.lost()
        assert sessions.opened[0].told == [facts.HungUp()]
        await door.calls.services.tasks.join()


async def test_who_closes_has_hung_up() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        visit, session, resume_id = begin(door, sessions)
        visit.socket.parted = True
        visit.connection.lost()
        assert session.told == [facts.HungUp()]
        await door.calls.services.tasks.join()
        assert come_back(door, resume_id).socket.close_code == 4004


@in_virtual_time
async def test_ids_of_others_and_of_nobody() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, session, resume_id = begin(door, sessions)
        first.connection.lost()
        for thief in (
            come_back(door, resume_id, app="other"), come_back(door, resume_id[:-1]), come_back(door, ""),
            come_back(door, "x" * 150),
        ):  # fmt: skip
            assert thief.socket.close_code == 4004
            assert resume_id not in str(thief.socket.sent)
            thief.connection.lost()
        assert session.unheard == []
        bad = Visit(door, "token=garbage")
        bad.say("resume", resume_id=resume_id)
        assert bad.socket.close_code == 1008
        bad_fields: list[dict[str, Any]] = [
            {"received": -1}, {"received": "1"}, {"received": True}, {"played_ms": 1.5}, {"speech_id": []},
        ]  # fmt: skip
        for fields in bad_fields:
            wrong = come_back(door, resume_id, **fields)
            assert wrong.socket.close_code == 1008
            assert wrong.socket.errors[0].startswith("Error in start_conversation: resume: ")
            wrong.connection.lost()
        liar = come_back(door, resume_id, received=17)
        assert (liar.socket.close_code, liar.socket.errors) == (1008, ["resume: so many messages were never sent: 17."])
        liar.connection.lost()
        assert door.calls.admission.active == 1
        assert come_back(door, resume_id, received=1).socket.sent[0]["status"] == "resumed"
        door.calls.find(first.connection.id).end(EndReason.DRAINED)  # type: ignore[union-attr]
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_the_newer_connection_has_it_though_the_old_one_seems_alive() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, session, resume_id = begin(door, sessions)
        second = come_back(door, resume_id, received=1)
        assert first.socket.close_code == 1000
        third = come_back(door, resume_id, received=1)
        assert second.socket.close_code == 1000
        first.say("audio", b"no")
        second.say("audio", b"no")
        third.say("audio", b"yes!")
        for old in (first, second):
            old.connection.lost()
        session.line.now.tell(Sound(4, b"1234"))
        assert session.heard == b"yes!"
        assert [frame[-4:] for frame in third.socket.frames[1:]] == [b"1234"]
        assert facts.HungUp() not in session.told
        third.connection.lost()
        await asyncio.sleep(RESUME_S + 1)
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_a_page_that_was_reloaded_is_shown_the_dialogue() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, _, resume_id = begin(door, sessions)
        first.connection.lost()
        again = come_back(door, resume_id)
        shown = [(each["id"], each["content"][0]["text"]) for each in again.socket.sent if each["type"] == "message"]
        assert shown == [(0, "Hello."), (1, "Hi.")]
        again.connection.lost()
        await asyncio.sleep(RESUME_S + 1)
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_a_full_server_takes_back_its_own_and_no_others() -> None:
    async with running(resume_s=RESUME_S, max_conversations=1) as (door, sessions):
        first, session, resume_id = begin(door, sessions)
        first.connection.lost()
        stranger = Visit(door)
        assert stranger.socket.close_code == 0, "it may be the one that comes back"
        crowd = [Visit(door) for _ in range(5)]
        assert {each.socket.close_code for each in crowd} == {1013}, "no more wait than there are conversations"
        stranger.init()
        assert stranger.socket.close_code == 1013
        assert "full" in stranger.socket.errors[0]
        stranger.connection.lost()
        silent = Visit(door)
        await asyncio.sleep(6)
        assert silent.socket.close_code == 1013
        silent.connection.lost()
        other = Visit(door, f"token={issue_token('other', SECRET)}")
        assert other.socket.close_code == 1013
        assert come_back(door, resume_id, received=1).socket.sent[0]["status"] == "resumed"
        assert session.unheard == [{}]
        assert door.calls.admission.active == 1
        door.calls.find(first.connection.id).end(EndReason.DRAINED)  # type: ignore[union-attr]
        await door.calls.services.tasks.join()


@in_virtual_time
async def test_a_client_that_falls_silent_is_waited_for_before_its_connection_is_lost() -> None:
    async with running(resume_s=RESUME_S) as (door, sessions):
        first, session, resume_id = begin(door, sessions)
        await asyncio.sleep(2)
        assert session.held == 1
        first.say("audio", b"ab")
        await asyncio.sleep(0.5)
        assert session.unheard == [{}]
        await asyncio.sleep(RESUME_S * 2)
        assert session.held == 2
        assert facts.HungUp() not in session.told, "only a lost connection has a time to come back"
        again = come_back(door, resume_id, received=1)
        assert session.unheard == [{}, {}]
        again.socket.close(1000)
        again.connection.lost()
        await door.calls.services.tasks.join()


async def test_what_is_logged_holds_no_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        async with running(resume_s=RESUME_S) as (door, sessions):
            first, _, resume_id = begin(door, sessions)
            first.connection.lost()
            again = come_back(door, resume_id, received=1)
            come_back(door, resume_id + "x")
            again.socket.close(1000)
            again.connection.lost()
            await door.calls.services.tasks.join()
    assert "it may come back within 30 s" in caplog.text
    assert "the client is back" in caplog.text
    assert resume_id not in caplog.text
