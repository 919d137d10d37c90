"""Transfers over SIP in a whole server, with telephones of our own stack: REFER that comes in, INVITE with Replaces,
and a colleague who is asked before."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.fakes.sip_wire import NotedMedia, talks
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.sip.peers.processes import free_port
from tests.transports.sip.test_real_peers import counted, noted, trunk, until
from tests.transports.sip.test_service import OwnTelephone, telephone
from voi.config.transfers import CallTransfer
from voi.core.end_reason import EndReason
from voi.session.events import TransferAsked
from voi.transports.sip.bodies import status_in
from voi.transports.sip.incoming import SOMEBODY_ELSE
from voi.transports.sip.message import SipRequest
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.replaces import Replaces, parse_replaces
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.door import PASSED_ON

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch


class Place:
    """A server, the telephone of a caller, and that of the person to whom they are passed on."""

    def __init__(
        self, running: RunningServer, caller: OwnTelephone, other: OwnTelephone, opened: list[NotedMedia], port: int
    ) -> None:
        self.running, self.caller, self.other, self.opened, self.port = running, caller, other, opened, port

    @property
    def other_uri(self) -> str:
        return f"sip:bob@127.0.0.1:{self.other.stack.sockets.port('udp')}"

    async def calling(self) -> OutgoingCall:
        call = self.caller.call("1001")
        await call.answered(30)
        await until(lambda: any(live.started for live in self.running.server.calls))
        return call

    async def ended(self) -> None:
        """All is given back."""
        await until(lambda: self.running.server.admission.active == 0)
        await until(lambda: all(media.closed for media in self.opened))
        await until(lambda: not any(account.legs for account in self.running.server.sip.accounts.values()))
        assert self.running.server.sip.stack is not None
        await until(lambda: self.running.server.sip.stack.dialogs == 0)  # type: ignore[union-attr]
        assert not self.running.server.outgoing.second_calls.under_way

    def fault(self, kind: str) -> float:
        registry = self.running.server.metrics.registry
        return registry.get_sample_value("voi_sip_faults_total", {"kind": kind}) or 0.0


@contextlib.asynccontextmanager
async def place(
    tmp_path: Path, monkeypatch: Patch, outgoing: dict[str, Any] | None = None, **account: Any
) -> AsyncIterator[Place]:
    opened = noted(monkeypatch)
    port = free_port()
    async with telephone(port) as other:
        there = other.stack.sockets.port("udp")
        phones = {
            "sip": {"host": "127.0.0.1", "port": port},
            "accounts": {"desk": trunk(server=f"127.0.0.1:{there}", keep_alive_s=0, **account)},
            **({"outgoing": outgoing} if outgoing is not None else {}),
        }
        (tmp_path / "phones.json").write_text(json.dumps(phones).replace("@OTHER", f"@127.0.0.1:{there}"))
        async with (
            serving(tmp_path, monkeypatch, fake_engines(), disclose=(), store="facts") as running,
            telephone(port) as caller,
        ):
            await until(lambda: running.server.sip.states.get("desk") is not None)
            await until(lambda: running.server.sip.states["desk"].name in ("ready", "registered"))
            yield Place(running, caller, other, opened, port)


def refer(call: OutgoingCall, target: str) -> tuple[list[int], list[int]]:
    """Ask the server to call that. Returns its answers, and what its NOTIFYs say, as both come."""
    answers: list[int] = []
    told: list[int] = []
    receive = call.receive

    def receiving(transaction: Any) -> None:
        if transaction.request.method == "NOTIFY":
            assert transaction.request.get("event").startswith("refer")
            transaction.respond(transaction.request.response(200))
            told.append(status_in(transaction.request))
        else:
            receive(transaction)

    call.receive = receiving  # type: ignore[method-assign]
    headers = (("Refer-To", f"<{target}>"), *call.described())
    call.ask("REFER", headers, b"", lambda response: answers.append(response.code), lambda why: None)
    return answers, told


ALLOWED = {"accounts": {"desk": {}}, "allow": ["sip:bob@OTHER"]}


async def test_a_refer_from_the_other_side_is_followed(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        answers, told = refer(call, here.other_uri)
        await until(lambda: told and told[-1] == 200)
        assert answers == [202]
        assert told[0] == 100
        assert len(here.opened) == 1, "the line goes on"
        assert here.opened[0].plans[-1].port == 6_000
        (with_other,) = here.other.calls
        assert with_other.dialog.remote.startswith("<sip:")
        call.hang_up()
        await asyncio.sleep(0.1)
        assert not live.ending, "the conversation goes on with the one that was called"
        session = live.session
        assert session is not None
        # an agent that repeats; its greeting is left out if the REFER came before a word of it was heard
        said = [("user", SOMEBODY_ELSE), ("assistant", SOMEBODY_ELSE)]
        await until(lambda: [(entry.role, entry.text) for entry in session.dialogue()][-2:] == said)
        with_other.hang_up()
        await here.ended()
        assert counted(here.running, "desk", "out", "answered") == 1
        assert live.end_reason is EndReason.CLIENT_HUNG_UP


async def test_whoever_passes_us_on_may_hang_up_at_once(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        answers, _ = refer(call, here.other_uri)
        await until(lambda: answers)
        call.hang_up()
        await until(lambda: here.other.calls)
        await asyncio.sleep(0.2)
        assert not live.ending
        here.other.calls[0].hang_up()
        await here.ended()


@pytest.mark.parametrize(
    ("outgoing", "takes", "target", "code"),
    [
        (ALLOWED, False, "", 603),
        (None, True, "", 603),
        ({"accounts": {"desk": {}}, "allow": ["+49*"]}, True, "", 403),
        ({"accounts": {"desk": {}}, "allow": ["+49*"]}, True, "sip:+49112@127.0.0.1", 403),
        ({"accounts": {"desk": {"calls_per_day": 0}}, "allow": ["sip:bob@OTHER"]}, True, "", 403),
        ({"accounts": {"desk": {"minutes_per_day": 0}}, "allow": ["sip:bob@OTHER"]}, True, "", 403),
        (ALLOWED, True, "mailto:bob@example.com", 416),
        (ALLOWED, True, "sip:bob@127.0.0.1;method=BYE", 603),
    ],
)
async def test_refers_that_are_refused(
    outgoing: Any, takes: bool, target: str, code: int, tmp_path: Path, monkeypatch: Patch
) -> None:
    async with place(tmp_path, monkeypatch, outgoing, takes_refer=takes) as here:
        call = await here.calling()
        answers, told = refer(call, target or here.other_uri)
        await until(lambda: answers)
        assert answers == [code]
        await asyncio.sleep(0.1)
        assert not told
        assert here.other.calls == []
        (live,) = here.running.server.calls
        assert not live.ending, "and the call goes on"
        call.hang_up()
        await here.ended()


@pytest.mark.parametrize(("change", "code"), [({"takes_refer": False}, 603), (None, 603), ({"language": "en"}, 202)])
async def test_a_refer_goes_by_what_the_account_is_now(
    change: dict[str, Any] | None, code: int, tmp_path: Path, monkeypatch: Patch
) -> None:
    """It was changed, or is gone (None), while the call was under way."""
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        call = await here.calling()
        before = here.running.server.sip.accounts["desk"]
        phones = json.loads((tmp_path / "phones.json").read_text())
        if change is None:
            phones["accounts"] = {"other": phones["accounts"]["desk"]}
        else:
            phones["accounts"]["desk"] |= change
        (tmp_path / "phones.json").write_text(json.dumps(phones))
        accounts = here.running.server.sip.accounts
        await until(lambda: accounts.get("desk") is not before)
        await until(lambda: all(each.state.name == "ready" for each in accounts.values()))
        answers, told = refer(call, here.other_uri)
        await until(lambda: answers and (code != 202 or (told and told[-1] == 200)))
        assert answers == [code]
        call.hang_up()
        for each in here.other.calls:
            each.hang_up()
        await here.ended()


async def test_a_refer_to_somebody_who_does_not_answer(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        here.other.refuse_with = 486
        call = await here.calling()
        (live,) = here.running.server.calls
        answers, told = refer(call, here.other_uri)
        await until(lambda: told and told[-1] == 486)
        assert answers == [202]
        await asyncio.sleep(0.1)
        assert not live.ending
        call.hang_up()
        await here.ended()


def replacing(phone: OwnTelephone, port: int, replaced: str, user: str = "1001") -> OutgoingCall:
    assert phone.stack.sockets.udp is not None
    return OutgoingCall(
        phone.stack, phone.stack.sockets.udp.to("127.0.0.1", port), SipUri("sip", user, "127.0.0.1", port),
        SipUri("sip", "bob", "127.0.0.1"), "", talks("127.0.0.1", 6_100, codecs=("PCMA",)), "phone", None, 0,
        [("Replaces", replaced)],
    )  # fmt: skip


async def test_somebody_takes_a_call_over(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        over: list[str] = []
        call.on_over = over.append
        dialog = call.dialog
        taken = replacing(here.other, here.port, str(Replaces(dialog.call_id, dialog.remote_tag, dialog.local_tag)))
        await taken.answered(30)
        await until(lambda: over == ["the other side hung up"])
        assert [(plan.port, plan.codec) for plan in here.opened[0].plans][-1] == (6_100, "PCMA")
        assert len(here.opened) == 1
        assert not live.ending
        assert counted(here.running, "desk", "in", "replaced") == 1
        taken.hang_up()
        await here.ended()


async def test_a_call_of_the_old_sockets_is_taken_over_at_the_new_ones(tmp_path: Path, monkeypatch: Patch) -> None:
    """And whoever took it may pass it on."""
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        call = await here.calling()
        service = here.running.server.sip
        old, port = service.stack, free_port()
        file = tmp_path / "phones.json"
        file.write_text(file.read_text().replace(f'"port": {here.port}', f'"port": {port}'))
        await until(lambda: service.stack is not old)
        dialog = call.dialog
        taken = replacing(here.other, port, str(Replaces(dialog.call_id, dialog.remote_tag, dialog.local_tag)))
        await taken.answered(5)
        await until(lambda: call.over)
        assert old is not None
        await until(lambda: old.sockets.udp is not None and old.sockets.udp.closed)
        (live,) = here.running.server.calls
        assert not live.ending
        _, told = refer(taken, here.other_uri)
        await until(lambda: told and told[-1] == 200)
        here.other.calls[0].hang_up()
        await here.ended()


async def test_a_refer_over_the_old_sockets_is_followed_at_the_new_ones(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch, ALLOWED, takes_refer=True) as here:
        call = await here.calling()
        service = here.running.server.sip
        old, port = service.stack, free_port()
        file = tmp_path / "phones.json"
        file.write_text(file.read_text().replace(f'"port": {here.port}', f'"port": {port}'))
        await until(lambda: service.stack is not old and service.states["desk"].name in ("ready", "registered"))
        answers, told = refer(call, here.other_uri)
        await until(lambda: told and told[-1] == 200)
        assert answers == [202]
        call.hang_up()
        here.other.calls[0].hang_up()
        await here.ended()


@pytest.mark.parametrize("wrong", ["call", "to", "from", "early", "malformed"])
async def test_calls_that_nobody_may_take_over(wrong: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        dialog = call.dialog
        given = {"call": dialog.call_id, "to": dialog.remote_tag, "from": dialog.local_tag} | {wrong: "else"}
        value = f"{given['call']};to-tag={given['to']};from-tag={given['from']}"
        value = {"early": f"{value};early-only", "malformed": dialog.call_id}.get(wrong, value)
        code = {"early": "486", "malformed": "400"}.get(wrong, "481")
        with pytest.raises(Exception, match=code):
            await replacing(here.other, here.port, value).answered(30)
        assert not call.over
        call.hang_up()
        await here.ended()


async def asked(here: Place, monkeypatch: Patch, **fields: Any) -> list[tuple[str, bool]]:
    """The agent asks for a transfer to the other telephone. Returns what it is told, as it comes."""
    (live,) = here.running.server.calls
    answers: list[tuple[str, bool]] = []
    assert live.session is not None
    tell = lambda session, number, result, failed=False: answers.append((result, failed))  # noqa: E731
    monkeypatch.setattr(type(live.session), "door_answers", tell)
    assert live.door is not None
    how = CallTransfer.model_validate({"to": here.other_uri, "way": "warm", "briefing": "Press one."} | fields)
    live.door.tell(TransferAsked("1", here.other_uri, how))
    return answers


async def test_a_colleague_takes_a_call(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        answers = await asked(here, monkeypatch)
        await until(lambda: here.other.calls and here.opened[-1].played)
        assert live.door is not None
        here.other.calls[0].press("1")
        await until(lambda: answers)
        assert answers == [(PASSED_ON, False)]
        before = [len(media.played) for media in here.opened]
        for media in here.opened:
            assert media.listener is not None
            media.listener.sound(bytes(320))
        assert [len(media.played) - count for media, count in zip(here.opened, before, strict=True)] == [1, 1]
        here.other.calls[0].hang_up()
        await here.ended()
        assert call.over
        assert live.end_reason is EndReason.TRANSFERRED


@pytest.mark.parametrize("who", ["caller", "colleague", "server"])
async def test_one_of_them_leaves_during_the_briefing(who: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        answers = await asked(here, monkeypatch, briefing="Well. " * 100)
        await until(lambda: here.other.calls and len(here.opened) == 2 and here.opened[-1].played)
        if who == "caller":
            call.hang_up()
        elif who == "colleague":
            here.other.calls[0].hang_up()
            await until(lambda: answers)
            assert answers[0][1]
            assert not live.ending
            call.hang_up()
        else:
            live.end(EndReason.DRAINED)
        await here.ended()
        assert here.other.calls[0].over


async def test_the_caller_hangs_up_when_both_talk(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        answers = await asked(here, monkeypatch, way="attended", briefing="")
        await until(lambda: answers)
        await until(lambda: here.fault("transfer_not_replaced"))  # this telephone declines REFER
        assert not live.ending
        call.hang_up()
        await here.ended()
        assert live.end_reason is EndReason.TRANSFERRED


async def test_an_attended_transfer_leaves_the_two_alone(tmp_path: Path, monkeypatch: Patch) -> None:
    async with place(tmp_path, monkeypatch) as here:
        call = await here.calling()
        (live,) = here.running.server.calls
        referred: list[SipRequest] = []
        receive = call.receive

        def receiving(transaction: Any) -> None:
            if transaction.request.method != "REFER":
                receive(transaction)
                return
            referred.append(transaction.request)
            transaction.respond(transaction.request.response(202))
            headers = (("Event", "refer"), ("Subscription-State", "terminated"), ("Content-Type", "message/sipfrag"))
            call.ask("NOTIFY", headers, b"SIP/2.0 200 OK", lambda response: None, lambda why: None)

        monkeypatch.setattr(call, "receive", receiving)
        answers = await asked(here, monkeypatch, way="attended", briefing="")
        await until(lambda: referred)
        target, _, replaced = referred[0].get("refer-to").strip("<>").partition("?Replaces=")
        with_colleague = here.other.calls[0].dialog
        assert parse_replaces(unquote(replaced)) == Replaces(
            with_colleague.call_id, with_colleague.local_tag, with_colleague.remote_tag
        )
        assert target.startswith(f"sip:phone@127.0.0.1:{here.other.stack.sockets.port('udp')}")
        await here.ended()
        assert answers == [(PASSED_ON, False)]
        assert call.over
        assert live.end_reason is EndReason.TRANSFERRED
