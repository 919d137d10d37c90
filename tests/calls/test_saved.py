"""Conversations as they are saved, and where."""

import json

import pytest

from voi.calls.saved import kept_in, place_of, state_of
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message
from voi.errors import ClientError

KEPT = Kept((KeptMessage(0, Message("user", "Grüß dich")), KeptMessage(1, Message("assistant", "Hi."))), 2)


def test_it_comes_back() -> None:
    assert kept_in(json.loads(json.dumps(state_of(KEPT)))) == KEPT


@pytest.mark.parametrize("state", [{}, {"voi": 2}, {"voi": 1}, {"voi": 1, "kept": {"messages": 3}}])
def test_what_this_version_does_not_know_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(ClientError):
        kept_in(state)


def test_persons_have_names_of_their_own() -> None:
    places = {place_of("monday", person) for person in ("", "ann", "ben", "ann:monday")}
    assert len(places) == 4
    assert place_of("monday", "") == "monday"
    assert all(len(place) <= 200 for place in (place_of("x" * 100, "p" * 200), place_of("x" * 100, "")))
