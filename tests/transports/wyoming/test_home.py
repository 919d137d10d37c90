"""What a listener remembers of conversations."""

import pytest

pytest.importorskip("wyoming")

from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message
from voi.transports.wyoming.home import DIALOGUE_MAX_MESSAGES, DIALOGUES_MAX, FORGOTTEN_AFTER_S, Dialogues


def kept(messages: int) -> Kept:
    return Kept(tuple(KeptMessage(number, Message("user", "x")) for number in range(messages)), next_id=messages)


def test_conversations_are_forgotten_and_bounded() -> None:
    now_s = 0.0
    dialogues = Dialogues(lambda: now_s)
    dialogues.keep(("a", "robin", "1"), kept(DIALOGUE_MAX_MESSAGES + 5))
    found = dialogues.find(("a", "robin", "1"))
    assert found is not None
    assert [each.message_id for each in found.messages] == list(range(5, DIALOGUE_MAX_MESSAGES + 5))
    assert dialogues.find(("b", "robin", "1")) is None  # another client's
    assert dialogues.find(("a", "mute", "1")) is None
    now_s = FORGOTTEN_AFTER_S
    assert dialogues.find(("a", "robin", "1")) is None
    for number in range(DIALOGUES_MAX + 5):
        now_s += 0.1
        dialogues.keep(("a", "robin", str(number)), kept(1))
    assert len(dialogues) == DIALOGUES_MAX
    now_s += FORGOTTEN_AFTER_S + 1
    dialogues.keep(("a", "robin", "new"), kept(1))
    assert len(dialogues) == 1
    dialogues.forget(("a", "robin", "new"))
    assert len(dialogues) == 0
