import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.sip_wire import wire
from voi.transports.sip.faults import SipFaults
from voi.transports.sip.limits import BURST, FORGIVEN_S, REFUSALS_MAX, SOURCES_MAX, SourceLimits
from voi.transports.sip.numbers import number_of


def test_a_source_has_so_much_and_others_are_not_disturbed() -> None:
    now_s = 0.0
    limits = SourceLimits(lambda: now_s, lambda host: host == "known")
    assert sum(limits.takes("flood") for _ in range(1_000)) == BURST
    assert limits.takes("other")
    assert sum(limits.takes("known") for _ in range(10_000)) == 10 * BURST
    now_s = 1.0
    assert sum(limits.takes("flood") for _ in range(1_000)) == 40


def test_one_who_is_refused_too_often_is_not_answered_for_a_while() -> None:
    now_s = 0.0
    limits = SourceLimits(lambda: now_s, lambda host: host == "known")
    for host in ("guesser", "known"):
        for _ in range(REFUSALS_MAX):
            assert limits.takes(host)
            limits.refused(host)
    assert not limits.takes("guesser")
    assert limits.takes("known")
    now_s = FORGIVEN_S + 1
    assert limits.takes("guesser")


def test_what_is_kept_of_sources_is_bounded() -> None:
    limits = SourceLimits(lambda: 0.0)
    for number in range(3 * SOURCES_MAX):
        limits.takes(str(number))
        limits.refused(str(number))
    assert len(limits._sources) == SOURCES_MAX


def test_faults_are_counted_each_and_logged_once_a_second(caplog: object) -> None:
    now_s, kinds = 0.0, list[str]()
    faults = SipFaults(kinds.append, lambda: now_s)
    for _ in range(5):
        faults.note("malformed", "192.0.2.1")
    now_s = 1.5
    faults.note("malformed", "192.0.2.2")
    assert len(kinds) == 6
    lines = [record.getMessage() for record in caplog.records]  # type: ignore[attr-defined]
    assert lines == ["SIP, 192.0.2.1: malformed", "SIP, 192.0.2.2: malformed (4 others have no line)"]


@in_virtual_time
async def test_a_flood_is_dropped_without_an_answer() -> None:
    one, two = wire()
    data = (
        b"OPTIONS sip:x@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%d;rport\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    for number in range(1_000):
        two.stack.receive(data % (number, number), two.flow)
    assert two.methods() == ["200"] * int(BURST)
    assert two.faults["flood"] == 1_000 - BURST
    one.stack.transactions.close()
    two.stack.transactions.close()


@pytest.mark.parametrize(
    ("user", "country", "number"),
    [
        ("+49 (30) 123-456", "", "+4930123456"),
        ("004930123456", "", "+4930123456"),
        ("030123456", "49", "+4930123456"),
        ("030123456", "", "030123456"),
        ("4930123456", "", "+4930123456"),
        ("1001", "49", "1001"),
        ("anna", "49", "anna"),
        ("4155551234", "1", "+14155551234"),
        ("+4930123456;phone-context=x", "", "+4930123456"),
        ("", "", ""),
    ],
)
def test_numbers(user: str, country: str, number: str) -> None:
    assert number_of(user, country) == number
