"""The conversation knows its parts, and none of them knows it."""

import gc
import weakref

from tests.test_floors import ROOT, imports_of
from voi.core import facts as was
from voi.core.script import Script
from voi.dialogue import Phrase

from .world import World


def test_no_part_imports_the_conversation():
    parts = [path for path in (ROOT / "voi" / "core").glob("*.py") if path.name != "conversation.py"]
    assert len(parts) > 40
    assert [path.name for path in parts if "voi.core.conversation" in {name for _, name in imports_of(path)}] == []


def test_a_conversation_that_is_over_is_freed_at_once():
    """Without the garbage collector, which would have to look at all of them."""
    world = World(Script(notice=Phrase("An AI."), greeting=Phrase("Hi.")), greet=True)
    world.say("Hello there.")
    world.reply_with("Hi.")
    world.tell(was.HungUp())
    core, replies = weakref.ref(world.core), weakref.ref(world.core._replies)
    gc.disable()
    try:
        del world
        assert core() is None
        assert replies() is None
    finally:
        gc.enable()
