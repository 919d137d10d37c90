"""Registration in virtual time, against a registrar that answers as it is told."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.sip_wire import WireEnd, wire
from voi.config.sip_accounts import SipAccount
from voi.transports.sip import resolving
from voi.transports.sip.asking import SipCredentials
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.registration import AccountState, Registration
from voi.transports.sip.resolving import ServerAddress, SrvRecord, addresses_of, ordered
from voi.transports.sip.transactions import Flow, ServerTransaction
from voi.transports.sip.uri import SipUri

CHALLENGE = ("WWW-Authenticate", 'Digest realm="pbx", nonce="n%d", qop="auth", algorithm=SHA-256')
Answer = Callable[[SipRequest], SipResponse]


class Registrar:
    """At the far end of a wire. `answer`: makes its responses to REGISTER."""

    def __init__(self, end: WireEnd, answer: Answer) -> None:
        self.asked: list[tuple[float, SipRequest]] = []
        self.answer = answer
        self._end = end
        dispatch = end.stack._dispatch

        def receive(transaction: ServerTransaction, request: SipRequest) -> None:
            if request.method != "REGISTER":
                dispatch(transaction, request)
                return
            self.asked.append((asyncio.get_running_loop().time(), request))
            transaction.respond(self.answer(request))

        end.stack._dispatch = receive  # type: ignore[method-assign]

    @property
    def expires(self) -> list[str]:
        return [request.get("expires") for _, request in self.asked]

    @property
    def gaps_s(self) -> list[float]:
        times = [at_s for at_s, _ in self.asked]
        return [round(later - before, 1) for before, later in pairwise(times)]


def granting(expires_s: int) -> Answer:
    return lambda request: request.response(
        200,
        headers=[
            ("Contact", request.get("contact").replace(f"expires={request.get('expires')}", f"expires={expires_s}"))
        ],
    )


def registration(end: WireEnd, states: list[AccountState], **account: Any) -> Registration:
    config = SipAccount.model_validate({"server": "192.0.2.2", "user": "anna", "keep_alive_s": 0, **account})

    async def connect(address: ServerAddress) -> Flow:
        if address.host != "192.0.2.2":
            raise ConnectionRefusedError
        return end.flow

    return Registration(end.stack, config, SipCredentials("anna", "password1"), SipUri("sip", "anna", "pbx.test"),
                        "token", connect, states.append)  # fmt: skip


@in_virtual_time
async def test_it_is_renewed_before_it_expires_and_taken_back_at_the_end() -> None:
    one, two = wire()
    registrar = Registrar(two, granting(300))
    states: list[AccountState] = []
    made = registration(one, states)
    running = asyncio.ensure_future(made.run())
    await asyncio.sleep(700)
    assert registrar.gaps_s == [240.0, 240.0], "a minute before it expires"
    assert [state.name for state in states] == ["registered"]
    assert states[0].server == "192.0.2.2:5060"
    running.cancel()
    await made.leave()
    assert registrar.expires == ["300", "300", "300", "0"]
    assert states[-1].name == "stopped"


@in_virtual_time
async def test_a_registrar_that_grants_more_than_was_asked_for_is_asked_again_all_the_same() -> None:
    one, two = wire()
    registrar = Registrar(two, granting(2**32 - 1))
    running = asyncio.ensure_future(registration(one, []).run())
    await asyncio.sleep(700)
    assert registrar.gaps_s == [240.0, 240.0]
    running.cancel()


@in_virtual_time
async def test_credentials_a_stale_nonce_and_an_interval_that_is_too_brief() -> None:
    one, two = wire()
    count = 0

    def answer(request: SipRequest) -> SipResponse:
        nonlocal count
        count += 1
        challenge = (CHALLENGE[0], CHALLENGE[1] % count)
        if count == 1:
            return request.response(401, headers=[challenge])
        if count == 2:
            return request.response(401, headers=[(challenge[0], challenge[1] + ", stale=true")])
        if request.get("expires") == "60":
            return request.response(423, headers=[("Min-Expires", "600")])
        return granting(600)(request)

    registrar = Registrar(two, answer)
    states: list[AccountState] = []
    running = asyncio.ensure_future(registration(one, states, expires_s=60).run())
    await asyncio.sleep(1)
    assert [state.name for state in states] == ["registered"]
    assert registrar.expires == ["60", "60", "60", "600"]
    assert 'nonce="n2"' in registrar.asked[2][1].get("authorization")
    sequence = [request.cseq[0] for _, request in registrar.asked]
    assert sequence == list(range(sequence[0], sequence[0] + 4))
    running.cancel()


@in_virtual_time
async def test_a_wrong_password_is_tried_ever_more_rarely() -> None:
    one, two = wire()
    count = 0

    def answer(request: SipRequest) -> SipResponse:
        nonlocal count
        count += 1
        return request.response(401, headers=[(CHALLENGE[0], CHALLENGE[1] % count)])

    registrar = Registrar(two, answer)
    states: list[AccountState] = []
    made = registration(one, states)
    running = asyncio.ensure_future(made.run())
    await asyncio.sleep(24 * 3_600)
    assert len(registrar.asked) < 2 * 40
    assert max(registrar.gaps_s) > 2_000
    assert [state.name for state in states] == ["failed"]
    assert states[0].reason.startswith("192.0.2.2:5060 says 401 Unauthorized: ")
    assert "password" in states[0].reason
    assert made.state.next_try > made.state.since, "when it is tried again"
    running.cancel()


@in_virtual_time
async def test_until_the_first_answer_it_says_what_it_waits_for() -> None:
    one, two = wire()
    registrar = Registrar(two, granting(300))
    receive, two.stack._dispatch = two.stack._dispatch, lambda *args: None  # type: ignore[method-assign]
    states: list[AccountState] = []
    made = registration(one, states)
    running = asyncio.ensure_future(made.run())
    await asyncio.sleep(5)
    assert (made.state.name, made.state.reason) == ("starting", "waiting for an answer of 192.0.2.2:5060 over UDP")
    assert states == [], "nothing has happened yet"
    await asyncio.sleep(35)
    assert (made.state.name, len(states)) == ("retrying", 1)
    assert "no answer" in made.state.reason
    two.stack._dispatch = receive  # type: ignore[method-assign]
    await asyncio.sleep(35)
    assert (made.state.name, made.state.reason) == ("registered", "")
    assert registrar.asked
    running.cancel()


@in_virtual_time
async def test_a_server_that_is_gone_is_noticed_and_found_again() -> None:
    one, two = wire()
    Registrar(two, granting(3_600))
    states: list[AccountState] = []
    running = asyncio.ensure_future(registration(one, states, keep_alive_s=30, server=["192.0.2.7", "192.0.2.2"]).run())
    await asyncio.sleep(40)
    assert "OPTIONS" in one.methods()
    one.loses = lambda message: True
    await asyncio.sleep(200)
    assert states[-1].name == "retrying"
    assert "is not reached (no answer)" in states[-1].reason
    one.loses = lambda message: False
    await asyncio.sleep(300)
    assert states[-1].name == "registered"
    assert {state.name for state in states} == {"registered", "retrying"}
    running.cancel()


@in_virtual_time
async def test_a_trunk_is_asked_whether_it_is_there() -> None:
    one, _ = wire()
    states: list[AccountState] = []
    running = asyncio.ensure_future(registration(one, states, registers=False).run())
    await asyncio.sleep(1)
    assert [state.name for state in states] == ["ready"]
    assert one.methods() == ["OPTIONS"]
    running.cancel()


@pytest.mark.parametrize("answer", ["garbage", "-5", "99999999999999"])
def test_nonsense_of_the_registrar(answer: str) -> None:
    @in_virtual_time
    async def run() -> None:
        one, two = wire()
        registrar = Registrar(two, lambda request: request.response(200, headers=[("Expires", answer)]))
        running = asyncio.ensure_future(registration(one, []).run())
        await asyncio.sleep(1_000)
        assert 2 <= len(registrar.asked) <= 6
        running.cancel()

    run()


async def test_addresses_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def records(name: str) -> list[SrvRecord]:
        found = [SrvRecord(20, 1, 5_070, "b.example"), SrvRecord(10, 1, 5_080, "a.example")]
        return found if name == "_sips._tcp.pbx.example" else []

    async def hosts(name: str, port: int) -> list[str]:
        return {"a.example": ["192.0.2.3"], "b.example": ["192.0.2.4"], "other.example": ["192.0.2.5"]}.get(name, [])

    monkeypatch.setattr(resolving, "srv_records", records)
    monkeypatch.setattr(resolving, "_hosts", hosts)
    found = await addresses_of(["pbx.example", "other.example:5099", "192.0.2.6", "nowhere.example"], "tls")
    assert [(each.host, each.port, each.name) for each in found] == [
        ("192.0.2.3", 5_080, "pbx.example"), ("192.0.2.4", 5_070, "pbx.example"),
        ("192.0.2.5", 5_099, "other.example"), ("192.0.2.6", 5_061, "192.0.2.6"),
    ]  # fmt: skip
    assert await addresses_of(["pbx.example"], "udp") == []


def test_the_order_of_srv_records() -> None:
    heavy = SrvRecord(1, 90, 1, "heavy")
    light = SrvRecord(1, 10, 1, "light")
    last = SrvRecord(2, 1_000, 1, "last")
    firsts = [ordered([last, light, heavy])[0].target for _ in range(500)]
    assert firsts.count("heavy") > firsts.count("light") > 0
    assert "last" not in firsts
