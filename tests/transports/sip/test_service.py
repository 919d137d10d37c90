"""SIP in a whole server: whose calls are taken, reload, hold, a full server, and the end. The telephone is our own."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.fakes.sip_wire import NotedMedia, talks
from tests.free_ports import free_port
from tests.server.fakes import API_KEY
from tests.server.serving import RunningServer, fake_engines, serving
from tests.transports.sip.test_real_peers import counted, noted, trunk, until, write_phones
from voi.calls.ringing import RingingCalls
from voi.config.phones import Phones
from voi.config.sip_accounts import SipAccount
from voi.errors import ConfigError
from voi.session.events import TransferAsked
from voi.tasks import Tasks
from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.endpoint import SipEndpoint
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.incoming_call import IncomingCall
from voi.transports.sip.message import SipRequest
from voi.transports.sip.outgoing_call import OutgoingCall
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.sip.stack import SipStack
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.dialing import Dial, NotAnswered

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch


class OwnTelephone:
    """Calls the server over UDP, and answers its calls."""

    def __init__(self, server: int) -> None:
        self.calls: list[IncomingCall] = []
        self.stack = SipStack(SipFaults(lambda kind: None), self._invited)
        self._server = server
        self.refuse_with = 0
        """A code by which it refuses calls; 0: it takes them."""

    def _invited(self, transaction: Any) -> None:
        call = IncomingCall(self.stack, transaction, talks("127.0.0.1", 6_000), "phone", None, 0)
        if self.refuse_with:
            call.refuse(SipProblem(self.refuse_with))
            return
        self.calls.append(call)
        call.accept()

    def call(self, user: str, sender: str = "anna", password: str = "", **more: Any) -> OutgoingCall:
        assert self.stack.sockets.udp is not None
        flow = self.stack.sockets.udp.to("127.0.0.1", self._server)
        credentials = SipCredentials("anna", password) if password else None
        return OutgoingCall(
            self.stack, flow, SipUri("sip", user, "127.0.0.1", self._server), SipUri("sip", sender, "127.0.0.1"), "",
            talks("127.0.0.1", 6_000, **more), "phone", credentials, 0, [],
        )  # fmt: skip

    async def refused(self, user: str, **more: Any) -> str:
        """What the server says to such a call."""
        with pytest.raises(NotAnswered) as failed:
            await self.call(user, **more).answered(30)
        return failed.value.cause


@contextlib.asynccontextmanager
async def telephone(server: int) -> AsyncIterator[OwnTelephone]:
    made = OwnTelephone(server)
    await made.stack.sockets.listen_udp("127.0.0.1", 0)
    try:
        yield made
    finally:
        await made.stack.close()


@contextlib.asynccontextmanager
async def served(
    tmp_path: Path, monkeypatch: Patch, **accounts: Any
) -> AsyncIterator[tuple[RunningServer, OwnTelephone, list[NotedMedia]]]:
    opened = noted(monkeypatch)
    port = free_port()
    write_phones(tmp_path, port, **accounts)
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running, telephone(port) as phone:
        yield running, phone, opened


async def test_whose_calls_are_taken(tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hidden = trunk(allow=[], secret="hidden-path", callers=["+49*"])
    async with served(tmp_path, monkeypatch, hidden=hidden) as (running, phone, _):
        assert await phone.refused("1001") == "403 Forbidden", "a stranger"
        assert await phone.refused("hidden-path", sender="+33123456") == "403 Forbidden"
        call = phone.call("hidden-path", sender="+4930123456")
        await call.answered(30)
        (live,) = running.server.calls
        assert live.caller == "+4930123456"
        call.hang_up()
        await until(lambda: running.server.admission.active == 0)
        assert counted(running, "hidden", "in", "answered") == 1
        assert counted(running, "hidden", "in", "not_allowed") == 1
    assert not any("123456" in record.getMessage() or "hidden-path" in record.getMessage() for record in caplog.records)


async def test_callers_show_a_password(tmp_path: Path, monkeypatch: Patch) -> None:
    account = trunk(allow=[], challenge=True, user="anna", password="password1")
    async with served(tmp_path, monkeypatch, desk=account) as (running, phone, _):
        assert await phone.refused("1001") == "401 Unauthorized"
        assert await phone.refused("1001", password="password2") == "401 Unauthorized"
        call = phone.call("1001", password="password1")
        await call.answered(30)
        call.hang_up()
        await until(lambda: running.server.admission.active == 0)


async def test_an_edited_file_starts_only_what_has_changed(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk(), two=trunk(allow=[], secret="two")) as (running, phone, _):
        service = running.server.sip
        call = phone.call("1001")
        await call.answered(30)
        one, two = service.accounts["one"], service.accounts["two"]
        port = json.loads((tmp_path / "phones.json").read_text())["sip"]["port"]
        write_phones(tmp_path, port, one=trunk(max_calls=1), two=trunk(allow=[], secret="two"))
        await until(lambda: service.accounts["one"] is not one)
        assert service.accounts["two"] is two
        assert not call.over
        write_phones(tmp_path, port)
        await until(lambda: not service.accounts)
        assert not call.over, "and a call goes on without its account"
        assert await phone.refused("1001") == "403 Forbidden"
        call.hang_up()
        await until(lambda: running.server.admission.active == 0)


async def test_an_account_that_an_edited_one_replaces_is_not_told_as_stopped(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    nobody = f"127.0.0.1:{free_port()}"
    async with served(tmp_path, monkeypatch, one=trunk(server=nobody)) as (running, _, _):
        service = running.server.sip
        one = service.accounts["one"]
        port = json.loads((tmp_path / "phones.json").read_text())["sip"]["port"]
        write_phones(tmp_path, port, one=trunk(server=nobody, max_calls=1))
        await until(lambda: one.state.name == "stopped")
        assert "SIP account one: stopped" not in caplog.text
        write_phones(tmp_path, port)
        await until(lambda: "SIP account one: stopped" in caplog.text)


async def test_the_first_account_comes_with_an_edit(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch) as (running, phone, _):
        assert running.server.sip.stack is None
        port = json.loads((tmp_path / "phones.json").read_text())["sip"]["port"]
        write_phones(tmp_path, port, one=trunk())
        await until(lambda: running.server.sip.stack is not None and running.server.sip.accounts)
        call = phone.call("1001")
        await call.answered(30)
        call.hang_up()


async def test_time_stands_still_while_a_call_is_held(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        call = phone.call("1001")
        await call.answered(30)
        (live,) = running.server.calls
        await until(lambda: live.session is not None and live.started)
        told: list[str] = []
        monkeypatch.setattr(type(live), "stand_still", lambda call: told.append("held"))
        monkeypatch.setattr(type(live), "go_on", lambda call, unheard: told.append("resumed"))
        call.hold("sendonly")
        await until(lambda: told == ["held"])
        call.hold("sendrecv")
        await until(lambda: told == ["held", "resumed"])
        call.hang_up()


async def test_the_agent_hangs_up_and_passes_on(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        call = phone.call("1001")
        over: list[str] = []
        call.on_over = over.append
        await call.answered(30)
        (live,) = running.server.calls
        await until(lambda: live.started)
        live.hang_up()
        await until(lambda: over == ["the other side hung up"])
        await until(lambda: running.server.admission.active == 0)


@pytest.mark.parametrize("code", [200, 486])
async def test_the_agent_passes_a_call_on(code: int, tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        call = phone.call("1001")
        over: list[str] = []
        call.on_over = over.append
        await call.answered(30)
        referred: list[str] = []
        receive = call.receive

        def receiving(transaction: Any) -> None:
            request = transaction.request
            if request.method != "REFER":
                receive(transaction)
                return
            referred.append(request.get("refer-to"))
            transaction.respond(request.response(202))
            headers = (("Event", "refer"), ("Subscription-State", "terminated"), ("Content-Type", "message/sipfrag"))
            call.ask("NOTIFY", headers, f"SIP/2.0 {code} x".encode(), lambda response: None, lambda why: None)

        monkeypatch.setattr(call, "receive", receiving)
        (live,) = running.server.calls
        await until(lambda: live.started and live.session is not None)
        answers: list[tuple[str, bool]] = []
        tell = lambda session, number, result, failed=False: answers.append((number, failed))  # noqa: E731
        monkeypatch.setattr(type(live.session), "door_answers", tell)
        assert live.door is not None
        live.door.tell(TransferAsked("1", "+49 30 123456"))
        await until(lambda: answers)
        assert referred == [f"<sip:+4930123456@127.0.0.1:{phone.stack.sockets.port('udp')}>"]
        assert answers == [("1", code != 200)]
        if code == 200:
            await until(lambda: over == ["the other side hung up"] and running.server.admission.active == 0)
        else:
            assert not call.over, "the agent talks on"
            call.hang_up()


async def test_an_answer_that_is_never_acknowledged_gives_its_place_back(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.sip.acks.GIVE_UP_S", 0.5)
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, opened):
        monkeypatch.setattr(phone.stack, "send_ack", lambda request, flow: b"")
        await phone.call("1001").answered(30)
        assert running.server.admission.active == 1
        await until(lambda: running.server.admission.active == 0)
        await until(lambda: opened[0].closed)
        assert not running.server.sip.accounts["one"].legs


async def test_a_server_that_stops(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        call = phone.call("1001")
        over: list[str] = []
        call.on_over = over.append
        await call.answered(30)
        running.server.admission.close()
        assert (await phone.refused("1001")).startswith("480")
        running.server.stop()
        await until(lambda: over == ["the other side hung up"])


async def test_calls_out_end_for_whoever_waits(tmp_path: Path, monkeypatch: Patch) -> None:
    async with contextlib.AsyncExitStack() as stack:
        phone = await stack.enter_async_context(telephone(0))
        assert phone.stack.sockets.udp is not None
        port = phone.stack.sockets.udp.local[1]
        account = trunk(server=f"127.0.0.1:{port}", max_calls=1)
        running, _, opened = await stack.enter_async_context(served(tmp_path, monkeypatch, one=account))
        service = running.server.sip
        await until(lambda: service.states["one"].name == "ready")
        dialer = service.dialer("one")
        assert dialer is not None
        gone: list[bool] = []
        call = await dialer.dial(Dial("+4930123456", "+4930999"), lambda: None, lambda: gone.append(True))
        (answered,) = phone.calls
        assert answered.dialog.remote.startswith("<sip:+4930999@127.0.0.1>")
        with pytest.raises(NotAnswered, match="as many calls as it may"):
            await dialer.dial(Dial("+4930123456"), lambda: None, lambda: None)
        answered.hang_up()
        await until(lambda: gone == [True])
        await call.line.aclose()
        phone.stack._on_invite = lambda transaction: None  # it is there, and never answers
        asking = asyncio.ensure_future(dialer.dial(Dial("+4930123456"), lambda: None, lambda: None))
        await until(lambda: len(opened) == 2)
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert opened[1].closed
        assert service.dialer("other") is None
        for target in ("sip:a b@c", "nonsense"):
            with pytest.raises(NotAnswered) as failed:
                await dialer.dial(Dial(target), lambda: None, lambda: None)
            assert failed.value.kind == "unreachable"


async def test_a_full_server_is_busy(tmp_path: Path, monkeypatch: Patch) -> None:
    noted(monkeypatch)
    port = free_port()
    write_phones(tmp_path, port, one=trunk())
    settings: dict[str, Any] = {"disclose": (), "max_conversations": 1}
    async with serving(tmp_path, monkeypatch, fake_engines(), **settings) as running, telephone(port) as phone:
        call = phone.call("1001")
        await call.answered(30)
        assert await phone.refused("1001") == "486 Busy Here"
        call.hang_up()
        await until(lambda: running.server.admission.active == 0)
        again = phone.call("1001")
        await again.answered(30)
        again.hang_up()


async def test_connections_of_strangers_leave_room_for_others(monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.sip.sockets.STRANGERS_MAX", 3)
    trusted: list[str] = []
    stack = SipStack(SipFaults(lambda kind: None), lambda transaction: None, trusts=lambda host: host in trusted)
    writers = []

    async def connected() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.sockets.port("tcp"))
        writers.append(writer)
        writer.write(b"\r\n\r\n")
        try:
            return await asyncio.wait_for(reader.read(10), 30) == b"\r\n"
        except ConnectionError:
            return False

    try:
        await stack.sockets.listen("tcp", "127.0.0.1", 0, None)
        assert [await connected() for _ in range(4)] == [True, True, True, False]
        trusted.append("127.0.0.1")
        assert await connected()
    finally:
        for writer in writers:
            writer.close()
        await stack.close()


async def test_an_address_that_is_taken() -> None:
    async with telephone(0) as phone:
        assert phone.stack.sockets.udp is not None
        sip = {"host": "127.0.0.1", "port": phone.stack.sockets.udp.local[1]}
        phones = Phones.model_validate({"sip": sip, "accounts": {"one": trunk()}})
        counters = SipCounters(lambda *labels: None, lambda kind: None, lambda name, state: None)
        calls = SimpleNamespace(ringing=RingingCalls())
        service = SipService(
            cast(Any, calls), lambda: cast(Any, SimpleNamespace(phones=phones)), counters, cast(Any, None)
        )
        with pytest.raises(ConfigError, match=r"cannot listen on 127\.0\.0\.1, port \d+: .*in use"):
            await service.start()


async def test_any_port_will_do_for_tcp_when_the_number_of_udp_is_taken(monkeypatch: Patch) -> None:
    listening = Phones.model_validate({"sip": {"host": "127.0.0.1", "port": 0, "tcp": True}}).sip
    endpoint = SipEndpoint(
        listening, cast(Any, None), list, lambda: None, lambda listening: cast(Any, None),
        lambda *labels: None, lambda kind: None, Tasks(),
    )  # fmt: skip
    listen = endpoint.stack.sockets.listen
    tried: list[int] = []

    async def taken_once(kind: Any, host: str, port: int, context: Any) -> None:
        tried.append(port)
        if len(tried) == 1:
            raise OSError(98, "Address already in use")
        await listen(kind, host, port, context)

    monkeypatch.setattr(endpoint.stack.sockets, "listen", taken_once)
    await endpoint.open()
    assert tried == [endpoint.port, 0]
    assert endpoint.stack.sockets.port("tcp")
    await endpoint.close()


@pytest.mark.parametrize(("host", "peer"), [("::1", "::1"), ("::", "127.0.0.1"), ("::", "::1")])
async def test_ipv6(host: str, peer: str) -> None:
    """Sockets of IPv6, also for telephones of IPv4."""
    answered: list[Any] = []
    server = SipStack(SipFaults(lambda kind: None), answered.append)
    phone = SipStack(SipFaults(lambda kind: None), answered.append)
    try:
        await server.sockets.listen_udp(host, 0)
        await phone.sockets.listen_udp(peer, 0)
        assert phone.sockets.udp is not None
        flow = phone.sockets.udp.to(peer, server.sockets.port("udp"))
        asked: list[int] = []
        head = [("from", "<sip:a@b>;tag=1"), ("to", "<sip:c@d>"), ("call-id", "1"), ("cseq", "1 OPTIONS")]
        phone.ask(lambda: SipRequest(list(head), b"", "OPTIONS", "sip:c@d"), flow, None,
                  lambda response: asked.append(response.code), lambda why: None)  # fmt: skip
        await until(lambda: asked == [200])
        assert ("[::1]" in phone.contact("x", flow)) == (peer == "::1")
    finally:
        await server.close()
        await phone.close()


async def test_an_external_address_is_told_to_others_alone(tmp_path: Path, monkeypatch: Patch) -> None:
    port = free_port()
    sip = {"host": "127.0.0.1", "port": port, "external_address": "203.0.113.9", "local_networks": ["192.0.2.0/24"]}
    (tmp_path / "phones.json").write_text(json.dumps({"sip": sip, "accounts": {"one": trunk()}}))
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        stack = running.server.sip.stack
        assert stack is not None
        assert stack.sockets.udp is not None
        assert stack.contact("x", stack.sockets.udp.to("198.51.100.7", 5_060)) == f"<sip:x@203.0.113.9:{port}>"
        assert stack.contact("x", stack.sockets.udp.to("192.0.2.7", 5_060)) == f"<sip:x@127.0.0.1:{port}>"
        async with telephone(port) as phone:
            call = phone.call("1001")
            await call.answered(30)
            assert call.talks.plan is not None
            assert call.talks.plan.host == "203.0.113.9"
            call.stack.transactions.close()


# ---- accounts of the store, and changes of phones.json


class Kept:
    """Accounts that are not of the file, as a store gives them."""

    def __init__(self, monkeypatch: Patch) -> None:
        self.accounts: dict[str, SipAccount] = {}
        init = SipService.__init__

        def with_kept(service: SipService, calls: Any, config: Any, counters: Any, media: Any, *_: Any) -> None:
            init(service, calls, config, counters, media, kept=lambda: self.accounts)

        monkeypatch.setattr(SipService, "__init__", with_kept)

    def set(self, **accounts: Any) -> None:
        self.accounts = {name: SipAccount.model_validate(account) for name, account in accounts.items()}


async def test_accounts_of_the_store_come_change_and_go(tmp_path: Path, monkeypatch: Patch) -> None:
    kept = Kept(monkeypatch)
    async with served(tmp_path, monkeypatch) as (running, phone, _):
        service = running.server.sip
        kept.set(one=trunk(max_calls=2))
        await until(lambda: "one" in service.accounts)
        call = phone.call("1001")
        await call.answered(30)
        assert [(each.direction, each.state) for each in service.under_way["one"]] == [("in", "talking")]
        (live,) = running.server.calls
        assert service.under_way["one"][0].id == live.id
        kept.set(one=trunk(max_calls=1))
        await until(lambda: service.accounts["one"].config.max_calls == 1)
        assert await phone.refused("1001") == "486 Busy Here", "its calls from before count"
        kept.set()
        await until(lambda: not service.accounts)
        assert not call.over
        assert len(service.under_way["one"]) == 1
        assert await phone.refused("1001") == "403 Forbidden"
        call.hang_up()
        await until(lambda: not service.under_way)
        await until(lambda: running.server.admission.active == 0)


async def test_a_secret_over_http_is_no_reference(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("PLANTED", "value-of-the-environment")
    kept = Kept(monkeypatch)
    async with served(tmp_path, monkeypatch) as (running, _, _):
        kept.set(one=trunk(allow=[], secret="${PLANTED}"))
        await until(lambda: "one" in running.server.sip.accounts)
        account = running.server.sip.accounts["one"]
        assert account.is_secret("${PLANTED}")
        assert not account.is_secret("value-of-the-environment")


async def test_the_file_goes_before_the_store(tmp_path: Path, monkeypatch: Patch) -> None:
    kept = Kept(monkeypatch)
    kept.set(one=trunk(allow=[], secret="kept-secret"), two=trunk(allow=[], secret="two-secret"))
    async with served(tmp_path, monkeypatch, one=trunk(allow=[], secret="file-secret")) as (running, _, _):
        accounts = running.server.sip.accounts
        assert accounts["one"].is_secret("file-secret")
        assert "two" in accounts


async def test_the_stores_accounts_do_not_keep_a_server_from_starting(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voi.transports.sip.service.LISTEN_AGAIN_S", 0.1)
    monkeypatch.setattr("voi.transports.sip.account.srtp_is_there", lambda: False)
    kept = Kept(monkeypatch)
    kept.set(one=trunk(), strict=trunk(allow=[], secret="x", srtp="required"))
    port = free_port()
    async with telephone(0) as taker:
        await taker.stack.sockets.listen("tcp", "127.0.0.1", port, None)
        write_phones(tmp_path, port)
        async with serving(tmp_path, monkeypatch, fake_engines()) as running:
            service = running.server.sip
            state = service.states["one"]
            assert state.name == "unusable"
            assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in state.reason
            assert state.next_try > 0
            await asyncio.sleep(1.2)
            assert caplog.text.count("SIP accounts cannot be used") == 1, "it is tried again, and told once"
            await taker.stack.close()
            await until(lambda: service.states["one"].name == "ready")
            assert "srtp needs pylibsrtp" in service.states["strict"].reason


async def test_other_addresses_of_sip_need_no_restart(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        service = running.server.sip
        call = phone.call("1001")
        await call.answered(30)
        old = service.stack
        port = free_port()
        write_phones(tmp_path, port, one=trunk())
        await until(lambda: service.stack is not old)
        assert not call.over
        async with telephone(port) as other:
            second = other.call("1001")
            await second.answered(30)
            assert len(service.under_way["one"]) == 2
            assert await phone.refused("1001") == "403 Forbidden", "the old port takes no new calls"
            held = call.talks
            call.hold("sendonly")
            await until(lambda: call.talks is held and len(list(running.server.calls)) == 2)
            call.hang_up()
            assert old is not None
            await until(lambda: old.sockets.udp is not None and old.sockets.udp.closed)
            assert not second.over
            second.hang_up()
        await until(lambda: running.server.admission.active == 0)


async def test_what_needs_no_other_sockets_is_taken_over(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _):
        service, old = running.server.sip, running.server.sip.stack
        one = service.accounts["one"]
        file = tmp_path / "phones.json"
        phones = json.loads(file.read_text())
        phones["sip"] |= {"external_address": "203.0.113.9", "local_networks": [], "rtp_ports": [30_000, 30_100]}
        file.write_text(json.dumps(phones))
        await until(lambda: service.accounts["one"] is not one)
        assert service.stack is old
        assert old is not None
        assert old.sockets.udp is not None
        assert old.our_address(old.sockets.udp.to("127.0.0.1", 9))[0] == "203.0.113.9"
        call = phone.call("1001")
        await call.answered(30)
        call.hang_up()


async def test_an_address_that_is_taken_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path, monkeypatch, one=trunk()) as (running, phone, _), telephone(0) as taker:
        assert taker.stack.sockets.udp is not None
        old = running.server.sip.stack
        write_phones(tmp_path, taker.stack.sockets.udp.local[1], one=trunk(max_calls=3))
        await until(lambda: "What was listened to stays" in caplog.text)
        await until(lambda: running.server.sip.accounts["one"].config.max_calls == 3)
        assert running.server.sip.stack is old
        call = phone.call("1001")
        await call.answered(30)
        call.hang_up()


async def test_an_account_whose_server_is_not_reached_makes_no_calls_yet(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.sip.registration.RETRY_FIRST_S", 0.2)
    monkeypatch.setattr("voi.transports.sip.transactions.GIVE_UP_S", 0.5)
    server = free_port()
    account = trunk(server=f"127.0.0.1:{server}")
    async with contextlib.AsyncExitStack() as stack:
        running, _, _ = await stack.enter_async_context(served(tmp_path, monkeypatch, one=account, two=trunk()))
        service = running.server.sip
        assert service.dialer("one") is None, "orders wait for it"
        assert service.dialer("two") is not None, "it has no server, and says so"
        assert service.dialer("none") is None
        phone = OwnTelephone(0)
        await phone.stack.sockets.listen_udp("127.0.0.1", server)
        stack.push_async_callback(phone.stack.close)
        await until(lambda: service.dialer("one") is not None)


async def asked(running: RunningServer, method: str, path: str, key: str = API_KEY) -> tuple[int, Any]:
    status, _, body = await running.http(method, path, f"API-Key: {key}\r\n")
    return status, json.loads(body)


async def test_a_call_that_rings_is_taken_over_http(tmp_path: Path, monkeypatch: Patch) -> None:
    async with served(tmp_path, monkeypatch, desk=trunk(auto_answer=False, max_calls=1)) as (running, phone, opened):
        assert (await asked(running, "GET", "/calls/ringing", "wrong"))[0] == 403
        call = phone.call("1001", sender="+4930123456")
        answering = asyncio.ensure_future(call.answered(20))
        await until(lambda: running.server.calls.ringing.listed())
        status, listed = await asked(running, "GET", "/calls/ringing")
        (ringing,) = listed["calls"]
        assert (status, ringing["account"], ringing["caller"]) == (200, "desk", "+4930123456")
        assert running.server.admission.active == 0
        assert (await asked(running, "POST", f"/calls/{ringing['id']}/answer", "wrong"))[0] == 403
        assert (await asked(running, "POST", "/calls/none/answer"))[0] == 404
        status, taken = await asked(running, "POST", f"/calls/{ringing['id']}/answer")
        assert (status, taken) == (200, {"id": ringing["id"], "status": "answered"})
        await answering
        await until(lambda: opened[0].played)
        (live,) = running.server.calls
        assert live.id == ringing["id"]
        assert (await asked(running, "GET", "/calls/ringing"))[1] == {"calls": []}
        assert (await asked(running, "POST", f"/calls/{ringing['id']}/answer"))[0] == 404
        call.hang_up()
        await until(lambda: running.server.admission.active == 0)
        assert counted(running, "desk", "in", "answered") == 1


@pytest.mark.parametrize(
    ("query", "code"), [("", "486 Busy Here"), ("?reason=declined", "603 Decline"), ("?reason=unavailable", "480 ")]
)
async def test_a_call_that_rings_is_refused_over_http(
    query: str, code: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    """Also one that would be answered by itself in a moment."""
    async with served(tmp_path, monkeypatch, desk=trunk(ring_s=20)) as (running, phone, opened):
        refused = asyncio.ensure_future(phone.refused("1001"))
        await until(lambda: running.server.calls.ringing.listed())
        (ringing,) = running.server.calls.ringing.listed()
        assert (await asked(running, "POST", f"/calls/{ringing.id}/refuse?reason=maybe"))[0] == 422
        status, told = await asked(running, "POST", f"/calls/{ringing.id}/refuse{query}")
        assert (status, told["status"]) == (200, "refused")
        assert (await refused).startswith(code)
        await until(lambda: opened[0].closed)
        assert not running.server.sip.accounts["desk"].legs


async def test_a_call_that_rings_is_sent_on_when_the_server_stops(tmp_path: Path, monkeypatch: Patch) -> None:
    """Though a call under way may hold up the end of the server for long."""
    async with served(tmp_path, monkeypatch, desk=trunk(auto_answer=False)) as (running, phone, opened):
        refused = asyncio.ensure_future(phone.refused("1001"))
        await until(lambda: running.server.calls.ringing.listed())
        await running.server.sip.leave()
        assert (await refused).startswith("480")
        await until(lambda: opened[0].closed)
        assert counted(running, "desk", "in", "unavailable") == 1


async def test_a_call_that_nobody_can_take(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.sip.incoming.RINGS_S", 2.0)
    async with served(tmp_path, monkeypatch, desk=trunk(auto_answer=False)) as (running, phone, _):
        refused = asyncio.ensure_future(phone.refused("1001"))
        await until(lambda: running.server.calls.ringing.listed())
        (ringing,) = running.server.calls.ringing.listed()
        running.server.admission.close()
        status, told = await asked(running, "POST", f"/calls/{ringing.id}/answer")
        assert (status, told["detail"]) == (409, "The call was not answered: it was refused with 480.")
        assert (await refused).startswith("480")
        running.server.admission.open()
        assert (await phone.refused("1001")).startswith("480"), "nobody took it"
        call = phone.call("1001")
        leaving = asyncio.ensure_future(call.answered(0.5))
        with pytest.raises(NotAnswered):
            await leaving
        await until(lambda: not running.server.calls.ringing.listed())
        assert counted(running, "desk", "in", "cancelled") == 1
