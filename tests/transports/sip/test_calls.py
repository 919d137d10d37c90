"""Calls between two user agents in virtual time: answer, refusal, loss, hold, transfer, timers."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.sip_wire import callee, caller, soon, talking, talks, wire
from voi.errors import VoiError
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.uri import SipUri
from voi.transports.telephone.dialing import NotAnswered


@in_virtual_time
async def test_a_call_rings_is_answered_and_ends() -> None:
    one, two = wire()
    out = caller(one)
    rang: list[bool] = []
    over: list[str] = []
    out.on_ringing = lambda: rang.append(True)
    asked = await soon(out.answered(30.0))
    into = callee(two)
    into.on_over = over.append
    into.ring()
    await asyncio.sleep(3)
    assert rang == [True]
    assert not asked.done()
    into.accept()
    await asyncio.sleep(1)
    await asked
    assert out.talks.plan is not None
    assert into.talks.plan is not None
    assert (out.talks.plan.host, out.talks.plan.port, out.talks.plan.codec) == ("192.0.2.2", 6_000, "PCMU")
    assert (into.talks.plan.port, into.talks.plan.event_type) == (4_000, 101)
    assert one.methods() == ["INVITE", "ACK"]
    assert two.methods() == ["180", "200"]
    out.hang_up()
    await asyncio.sleep(60)
    assert over == ["the other side hung up"]
    assert two.methods()[2:] == ["200"]
    assert len(one.stack.transactions) == len(two.stack.transactions) == 0
    assert one.stack.dialogs == two.stack.dialogs == 0


@in_virtual_time
async def test_a_telephone_may_ring_for_longer_than_timer_b() -> None:
    one, two = wire()
    asked = await soon(caller(one).answered(120.0))
    into = callee(two)
    into.ring()
    await asyncio.sleep(100)
    into.accept()
    await asyncio.sleep(1)
    assert asked.done()
    assert two.methods() == ["180", "180", "200"], "and says so every minute"


@pytest.mark.parametrize(
    ("code", "kind"),
    [(486, "busy"), (480, "no_answer"), (603, "refused"), (404, "unreachable"), (302, "refused"), (500, "failed")],
)
def test_refusals(code: int, kind: str) -> None:
    @in_virtual_time
    async def run() -> None:
        one, two = wire()
        asked = await soon(caller(one).answered(30.0))
        callee(two).refuse(SipProblem(code))
        await asyncio.sleep(0.1)
        with pytest.raises(NotAnswered) as failed:
            await asked
        assert failed.value.kind == kind
        assert str(code) in failed.value.cause
        assert one.methods() == ["INVITE", "ACK"]
        await asyncio.sleep(60)
        assert len(one.stack.transactions) == len(two.stack.transactions) == one.stack.dialogs == two.stack.dialogs == 0

    run()


@in_virtual_time
async def test_nobody_is_there() -> None:
    one, _ = wire()
    one.loses = lambda message: True
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(NotAnswered) as failed:
        await caller(one).answered(120.0)
    assert failed.value.kind == "unreachable"
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(32, abs=0.1)
    assert one.methods() == ["INVITE"] * 7, "at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s"


@in_virtual_time
async def test_over_tcp_nothing_is_sent_twice() -> None:
    one, _ = wire("tcp")
    one.loses = lambda message: True
    with pytest.raises(NotAnswered):
        await caller(one).answered(120.0)
    assert one.methods() == ["INVITE"]


@in_virtual_time
async def test_the_ring_time_is_over_and_the_call_is_cancelled() -> None:
    one, two = wire()
    asked = await soon(caller(one).answered(5.0))
    into = callee(two)
    gone: list[str] = []
    into.on_over = gone.append
    into.ring()
    await asyncio.sleep(6)
    with pytest.raises(NotAnswered) as failed:
        await asked
    assert failed.value.kind == "no_answer"
    assert gone == ["the caller gave up"]
    assert one.methods() == ["INVITE", "CANCEL", "ACK"]
    assert two.methods() == ["180", "200", "487"]


@in_virtual_time
async def test_a_call_that_is_given_up_before_anything_was_heard() -> None:
    one, two = wire()
    two.loses = lambda message: True
    asked = await soon(caller(one).answered(0.1))
    await asyncio.sleep(0.2)
    with pytest.raises(NotAnswered):
        await asked
    assert "CANCEL" not in one.methods(), "a CANCEL may only follow a provisional response"
    two.loses = lambda message: False
    callee(two).ring()
    await asyncio.sleep(1)
    assert one.methods()[-2:] == ["CANCEL", "ACK"]


@in_virtual_time
async def test_an_answer_that_crosses_the_cancel_is_hung_up() -> None:
    one, two = wire()
    task = await soon(caller(one).answered(30.0))
    into = callee(two)
    gone: list[str] = []
    into.on_over = gone.append
    into.ring()
    await asyncio.sleep(0.1)
    into.accept()
    task.cancel()
    await asyncio.sleep(1)
    assert one.methods() == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert gone == ["the other side hung up"]
    await asyncio.sleep(60)
    assert one.stack.dialogs == two.stack.dialogs == 0


@pytest.mark.parametrize("lost", ["INVITE", "180", "200", "ACK", "BYE"])
def test_each_message_may_get_lost(lost: str) -> None:
    @in_virtual_time
    async def run() -> None:
        one, two = wire()
        seen: set[str] = set()

        def loses(message: SipRequest | SipResponse) -> bool:
            what = message.method if isinstance(message, SipRequest) else str(message.code)
            first = what not in seen
            seen.add(what)
            return what == lost and first

        one.loses = two.loses = loses
        asked = asyncio.ensure_future(caller(one).answered(30.0))
        await asyncio.sleep(1)
        into = callee(two)
        confirmed: list[bool] = []
        into.on_confirmed = lambda: confirmed.append(True)
        into.ring()
        await asyncio.sleep(0.1)
        into.accept()
        await asyncio.sleep(5)
        await asked
        assert confirmed == [True]
        into.hang_up()
        await asyncio.sleep(60)
        assert len(one.stack.transactions) == len(two.stack.transactions) == one.stack.dialogs == two.stack.dialogs == 0

    run()


@in_virtual_time
async def test_an_answer_that_is_never_acknowledged_ends_the_call() -> None:
    one, two = wire()
    asked = await soon(caller(one).answered(30.0))
    into = callee(two)
    over: list[str] = []
    into.on_over = over.append
    one.loses = lambda message: isinstance(message, SipRequest) and message.method == "ACK"
    into.accept()
    await asyncio.sleep(40)
    assert over == ["no ACK came"]
    assert two.methods().count("200") >= 10
    assert "BYE" in two.methods()
    await asked


@in_virtual_time
async def test_credentials_are_given_where_they_are_asked_for() -> None:
    one, two = wire()
    asked = await soon(caller(one).answered(30.0))
    challenge = 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=MD5'
    two.stack.refuse(two.invited.pop(0), SipProblem(407, headers=(("Proxy-Authenticate", challenge),)))
    await asyncio.sleep(0.1)
    again = two.invited[0].request
    assert 'username="anna"' in again.get("proxy-authorization")
    assert again.cseq[0] == 2
    callee(two).accept()
    await asyncio.sleep(0.1)
    await asked


@in_virtual_time
async def test_wrong_credentials_are_tried_once() -> None:
    one, two = wire()
    asked = await soon(caller(one).answered(30.0))
    for nonce in ("n1", "n2"):
        challenge = f'Digest realm="pbx", nonce="{nonce}", qop="auth"'
        two.stack.refuse(two.invited.pop(0), SipProblem(401, headers=(("WWW-Authenticate", challenge),)))
        await asyncio.sleep(0.1)
    with pytest.raises(NotAnswered) as failed:
        await asked
    assert failed.value.kind == "refused"
    assert one.methods() == ["INVITE", "ACK", "INVITE", "ACK"]


@in_virtual_time
async def test_hold_and_resume() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    plans: list[Any] = []
    into.on_plan = plans.append
    out.hold("sendonly")
    await asyncio.sleep(0.1)
    assert (plans[-1].sends, plans[-1].hears) == (False, True)
    assert out.talks.plan is not None
    assert (out.talks.plan.sends, out.talks.plan.hears) == (True, False)
    assert b"a=recvonly" in two.last("200").body
    out.hold("sendrecv")
    await asyncio.sleep(0.1)
    assert (plans[-1].sends, plans[-1].hears) == (True, True)
    assert one.methods() == ["INVITE", "ACK"] * 3


@in_virtual_time
async def test_glare() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    out.hold("sendonly")
    into.hold("sendonly")
    await asyncio.sleep(10)
    assert "491" in one.methods()
    assert "491" in two.methods()
    assert out.talks.plan is not None
    assert not out.talks.plan.sends
    assert not out.talks.plan.hears
    assert not out.over


@in_virtual_time
async def test_an_offer_that_nothing_of_fits_leaves_all_as_it_is() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    before = into.talks.plan
    out.talks = talks("192.0.2.1", 4_000, ("G722",))
    out.hold("sendrecv")
    await asyncio.sleep(1)
    assert "488" in two.methods()
    assert into.talks.plan is before
    assert not into.over


@in_virtual_time
async def test_an_invite_without_an_offer_is_answered_with_one() -> None:
    one, two = wire()
    out = caller(one)
    out._offer = b""
    asked = await soon(out.answered(30.0))
    into = callee(two)
    plans: list[Any] = []
    into.on_plan = plans.append
    into.talks.narrow()
    into.accept()
    await asyncio.sleep(0.02)
    assert b"m=audio 6000 RTP/AVP 0 8 101" in two.last("200").body
    # our own caller makes no answer for the ACK, so the call ends for want of one
    await asyncio.sleep(1)
    assert "BYE" in two.methods()
    asked.cancel()


@in_virtual_time
async def test_keys_by_info() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    keys: list[str] = []
    into.on_key = keys.append
    began_s = asyncio.get_running_loop().time()
    out.press("1w*#")
    while len(keys) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(1.0, abs=0.1)
    assert keys == ["1", "*", "#"]


@in_virtual_time
async def test_transfer_and_what_the_other_side_tells_of_it() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    refers: list[SipRequest] = []

    def refer(transaction: Any) -> None:
        refers.append(transaction.request)
        transaction.respond(transaction.request.response(202))

    receive = out.receive
    out.receive = lambda transaction: (  # type: ignore[method-assign]
        refer(transaction) if transaction.request.method == "REFER" else receive(transaction)
    )

    def tell(code: int) -> None:
        headers = (("Event", "refer"), ("Subscription-State", "active"), ("Content-Type", "message/sipfrag"))
        out.ask("NOTIFY", headers, f"SIP/2.0 {code} Whatever\r\n".encode(), lambda got: None, lambda why: None)

    target = SipUri("sip", "+4930123456", "pbx.example.com")
    passing = await soon(into.transfer(target, "sip:bob@192.0.2.2"))
    assert refers[0].get("refer-to") == "<sip:+4930123456@pbx.example.com>"
    tell(180)
    await asyncio.sleep(10)
    assert not passing.done()
    tell(486)
    await asyncio.sleep(1)
    with pytest.raises(VoiError, match="486"):
        await passing
    passing = await soon(into.transfer(target, "sip:bob@192.0.2.2"))
    tell(200)
    await asyncio.sleep(1)
    assert passing.done()
    await passing
    passing = await soon(into.transfer(target, "sip:bob@192.0.2.2"))
    await asyncio.sleep(6)
    await passing  # accepted, and never heard of again


@in_virtual_time
async def test_a_transfer_to_somebody_we_talk_with_already() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    asked: list[SipRequest] = []
    receive = out.receive
    out.receive = lambda transaction: (asked.append(transaction.request), receive(transaction))[1]  # type: ignore
    other = SipDialog("call 2", "ours", "theirs", "<sip:bob@h>;tag=ours", "<sip:carl@h>;tag=theirs", "sip:carl@h")
    with pytest.raises(VoiError, match="603"):
        await into.transfer(SipUri("sip", "carl", "h"), "sip:bob@192.0.2.2", other)
    assert asked[0].get("refer-to") == "<sip:carl@h?Replaces=call%202%3Bto-tag%3Dtheirs%3Bfrom-tag%3Dours>"


@in_virtual_time
async def test_a_refused_transfer() -> None:
    one, two = wire()
    _, into = await talking(one, two)
    with pytest.raises(VoiError, match="603"):
        await into.transfer(SipUri("sip", "x", "y"), "sip:bob@192.0.2.2")


@in_virtual_time
async def test_sessions_are_refreshed_and_end_when_the_other_side_has_vanished() -> None:
    one, two = wire()
    out, into = await talking(one, two, session_s=180)
    assert two.last("200").get("session-expires") == "180;refresher=uac"
    await asyncio.sleep(400)
    assert one.methods().count("UPDATE") == 4
    assert not out.over
    one.loses = lambda message: True
    over: list[str] = []
    into.on_over = over.append
    await asyncio.sleep(200)
    assert over == ["the session was not refreshed"]
    assert out.over, "and the refresher has noticed too"


@in_virtual_time
async def test_a_session_that_is_too_short_is_asked_for_again() -> None:
    one, two = wire()
    out = caller(one, session_s=90)
    asked = await soon(out.answered(30.0))
    two.stack.refuse(two.invited.pop(0), SipProblem(422, headers=(("Min-SE", "600"),)))
    await asyncio.sleep(0.1)
    assert two.invited[0].request.get("session-expires") == "600"
    callee(two).accept()
    await asyncio.sleep(0.1)
    await asked


@in_virtual_time
async def test_provisional_responses_are_acknowledged_where_that_is_asked_for() -> None:
    one, two = wire()
    out = caller(one, headers=[("Require", "100rel")])
    asked = await soon(out.answered(30.0))
    into = callee(two)
    two.loses = lambda message: isinstance(message, SipResponse) and message.code == 180 and len(two.sent) == 1
    into.ring()
    await asyncio.sleep(2)
    assert one.methods().count("PRACK") == 1
    assert two.methods().count("180") > 1, "the first was lost"
    assert two.sent[0].get("require") == "100rel"
    into.accept()
    await asyncio.sleep(0.1)
    await asked
    assert one.last("ACK").cseq[0] == 1


@in_virtual_time
async def test_no_prack_comes() -> None:
    one, two = wire()
    asked = await soon(caller(one, headers=[("Require", "100rel")]).answered(120.0))
    into = callee(two)
    one.loses = lambda message: isinstance(message, SipRequest) and message.method == "PRACK"
    into.ring()
    await asyncio.sleep(70)
    with pytest.raises(NotAnswered):
        await asked
    assert "504" in two.methods()


@in_virtual_time
async def test_requests_out_of_order_or_of_unknown_calls() -> None:
    one, two = wire()
    out, _ = await talking(one, two)
    out.dialog.local_seq = 0
    answers: list[int] = []
    out.ask("INFO", (), b"", lambda response: answers.append(response.code), lambda why: None)
    await asyncio.sleep(0.1)
    assert answers == [500]
    out.dialog.local_seq = 10
    out.dialog.remote = out.dialog.remote.replace("tag=", "tag=x")
    out.ask("INFO", (), b"", lambda response: answers.append(response.code), lambda why: None)
    await asyncio.sleep(0.1)
    assert answers == [500, 481]


@in_virtual_time
async def test_the_other_side_forgot_the_call() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    over: list[str] = []
    out.on_over = over.append
    two.stack.leave(into.dialog.key)
    out.press("1")
    await asyncio.sleep(0.1)
    assert over == ["the other side no longer knows the call"]


@in_virtual_time
async def test_a_200_that_comes_again_late_is_acknowledged_again_and_the_call_goes_on() -> None:
    one, two = wire()
    out, into = await talking(one, two)
    answer = two.last("200").encode()
    out.hold("sendonly")
    await asyncio.sleep(0.1)
    one.stack.receive(answer, one.flow)
    await asyncio.sleep(0.1)
    assert one.methods() == ["INVITE", "ACK", "INVITE", "ACK", "ACK"]
    assert not into.over
    other = answer.replace(f";tag={out.dialog.remote_tag}".encode(), b";tag=another")
    one.stack.receive(other, one.flow)
    await asyncio.sleep(0.1)
    assert one.methods()[-2:] == ["ACK", "BYE"], "two telephones answered: the second is hung up"
    assert not out.over
