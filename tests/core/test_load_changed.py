"""What a conversation leaves out while the server is busy."""

import pytest

from voi.core import actions as do
from voi.core import facts as was
from voi.core.state import State

from .world import World

SENTENCE = "What is the weather like today?"


@pytest.mark.parametrize("busy", [False, True])
def test_a_busy_server_begins_no_early_answers_and_asks_no_second_judge(busy: bool) -> None:
    world = World()
    world.tell(was.LoadChanged(busy))
    world.speak(640)
    world.quiet(224)
    assert bool(world.said(do.Transcribe)) is not busy
    assert world.last(do.Listen).partials is not busy
    world.quiet(608, 224)
    world.hear(SENTENCE)
    assert any(judge.text for judge in world.said(do.JudgeTurn)) is not busy
    assert any(not judge.text for judge in world.said(do.JudgeTurn)), "the turn model judges the end of a turn first"
    world.quiet(2_500, 608)
    assert world.released, "the turn is still answered"
    assert world.core.state is State.ANSWERING


def test_all_of_it_is_undone_when_the_load_falls() -> None:
    world = World()
    world.tell(was.LoadChanged(True))
    world.speak(640)
    world.quiet(640)
    world.hear(SENTENCE)
    world.quiet(2_500, 640)
    world.played(world.reply_with("Sunny."))
    world.tell(was.LoadChanged(False))
    world.speak(640)
    assert world.last(do.Listen).partials
    before = len(world.said(do.StartReply))
    world.quiet(96)
    world.hear("And tomorrow, will it rain?")
    assert len(world.said(do.StartReply)) == before + 1
    assert world.core.state is State.PAUSED
