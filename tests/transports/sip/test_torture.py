"""RFC 4475 and mutated messages: the right answer or silence, one line in the log, nothing of the sender's in it."""

import asyncio
import logging
import random

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.sip_wire import callee, talking, wire
from tests.fuzz.mutate import mutated
from tests.transports.sip.torture import OLD, TORTURES, invite, message
from voi.transports.sip.message import SipResponse, read_message
from voi.transports.sip.problem import SipProblem

FINAL = 200


@pytest.mark.parametrize("name", TORTURES)
def test_torture(name: str, caplog: pytest.LogCaptureFixture) -> None:
    data, right = TORTURES[name]
    caplog.set_level(logging.INFO)

    @in_virtual_time
    async def run() -> None:
        one, two = wire()
        two.loses = lambda message: True

        def answer(transaction: object) -> None:
            call = callee(two)
            try:
                call.accept()
            except SipProblem as problem:
                call.refuse(problem)

        two.on_invite = lambda transaction: (two.invited.append(transaction), answer(transaction))[0]
        two.stack.receive(data, two.flow)
        await asyncio.sleep(0.1)
        codes = {each.code for each in two.sent if isinstance(each, SipResponse) and each.code >= FINAL}
        assert codes == codes & right
        assert bool(codes) == bool(right)
        answers = [each for each in two.sent if isinstance(each, SipResponse) and each.code >= FINAL]
        assert len(answers) <= 1
        assert two.faults["fault"] == 0
        two.stack.transactions.close()
        assert one.sent == []

    run()
    assert len(caplog.records) <= 1
    for record in caplog.records:
        assert not any(part in record.getMessage() for part in ("example", "sip:", "caller", "\r", "\n"))


def test_there_are_fifty() -> None:
    assert len(TORTURES) == 50


@pytest.mark.integration
async def test_mutated_messages_harm_nobody() -> None:
    """10,000 of them, among them mutated session descriptions, beside a call that goes on."""
    one, two = wire()
    out, into = await talking(one, two)
    over: list[str] = []
    into.on_over = over.append
    rng = random.Random(7)
    seeds = [*(data for data, _ in TORTURES.values()), *(each.encode() for each in one.sent + two.sent),
             message(OLD, OLD), invite("seed")]  # fmt: skip
    stranger = two.flow
    stranger.remote = ("198.51.100.7", 5_060)
    stranger.send = lambda data: True  # type: ignore[method-assign]
    calls = []

    def answer(transaction: object) -> None:
        try:
            call = callee(two)
        except SipProblem:
            return
        calls.append(call)
        try:
            call.accept()
        except SipProblem as problem:
            call.refuse(problem)

    two.on_invite = lambda transaction: (two.invited.append(transaction), answer(transaction))[0]
    two.stack.limits.takes = lambda host: True  # type: ignore[method-assign]
    for count in range(10_000):
        data = mutated(rng.choice(seeds), rng)
        two.stack.receive(data, stranger)
        if count % 500 == 0:
            await asyncio.sleep(0)
    assert two.faults["fault"] == 0
    assert two.faults["malformed"] > 1_000
    out.press("1")
    await asyncio.sleep(0.1)
    assert not over
    for call in calls:
        call.hang_up()
    into.hang_up()
    two.stack.transactions.close()
    one.stack.transactions.close()
    assert two.stack.dialogs == 0
    assert len(two.stack.transactions) == 0
    assert len(two.stack._merged) <= 4_200


def test_a_message_that_is_too_large_or_has_too_many_headers() -> None:
    assert read_message(b"OPTIONS sip:a@b SIP/2.0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n") is None
    many = read_message(message("OPTIONS sip:a@b SIP/2.0\n" + "X: y\n" * 200))
    assert many is not None
    assert getattr(many, "problem", None) is not None
