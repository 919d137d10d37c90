import random
import re

import pytest

from tests.fuzz.mutate import mutated
from voi.errors import ClientError
from voi.transports.media_ws.carrier import RingingCall
from voi.transports.media_ws.tickets import LIFE_S, Admitted, SeenKeys, Tickets

CALL = RingingCall("v3:abcdefghijklmnopqrstuvwxyz0123456789", "+4930123456", "+4915112345678")
SECRET = "a secret of the server that is long enough"


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_ticket_is_good_once_and_for_a_minute() -> None:
    clock = Clock()
    tickets = Tickets(SECRET, clock)
    ticket = tickets.issue("twilio", CALL)
    assert re.fullmatch("[A-Z2-7]{1,480}", ticket), "Twilio and Plivo pass on no more"
    assert tickets.redeem(ticket) == Admitted("twilio", CALL)
    with pytest.raises(ClientError, match="used before"):
        tickets.redeem(ticket)
    late = tickets.issue("twilio", CALL)
    clock.now_s += LIFE_S + 1
    with pytest.raises(ClientError, match="too old"):
        tickets.redeem(late)


def test_another_process_of_the_server_takes_it_and_another_server_does_not() -> None:
    ticket = Tickets(SECRET).issue("twilio", CALL)
    assert Tickets(SECRET).redeem(ticket).call == CALL
    with pytest.raises(ClientError):
        Tickets(SECRET + "x").redeem(ticket)


def test_mutated_tickets_are_refused() -> None:
    tickets, dice = Tickets(SECRET), random.Random(3)
    ticket = tickets.issue("twilio", CALL)
    for _ in range(1_000):
        wrong = mutated(ticket.encode(), dice).decode("latin-1")
        if wrong != ticket:
            with pytest.raises(ClientError):
                tickets.redeem(wrong)


def test_what_was_seen_is_forgotten() -> None:
    clock = Clock()
    seen = SeenKeys(60, 3, clock)
    assert [seen.note("a"), seen.note("a"), seen.note("b")] == [1, 2, 1]
    for key in "cde":
        seen.note(key)
    assert seen.note("a") == 1, "three newer ones came"
    clock.now_s += 61
    assert seen.note("e") == 1
