"""An agent that is held back says only what it was asked to say."""

from voi.core.floor import Floor
from voi.dialogue import Phrase

HI = Phrase("Hi.")


def test_it_is_given_once():
    floor = Floor(held_back=True)
    assert floor.silent
    assert floor.give()
    assert not floor.give()
    assert not floor.silent


def test_a_phrase_is_said_all_the_same_and_once():
    floor = Floor(held_back=True)
    floor.phrase = HI
    assert not floor.silent
    assert floor.take_phrase() == HI
    assert floor.take_phrase() is None
    assert floor.silent


def test_to_lose_the_floor_is_to_say_nothing_more():
    floor = Floor(held_back=False)
    floor.phrase = HI
    floor.take()
    assert floor.silent
    assert floor.take_phrase() is None
