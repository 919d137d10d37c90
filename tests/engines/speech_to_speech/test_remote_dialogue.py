import itertools
import random
from typing import Any

from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.speech_to_speech.remote_dialogue import (
    RemoteDialogue,
    RemoteItem,
    bare,
    instructions_in,
    wanted_items,
)

PROMPT = Message("system", "You tell stories.")
HELLO = Message("user", "Hello there.")
ANSWER = Message("assistant", "Good morning to you.")


class Server:
    """The server's side of the dialogue: ids in order, and what was refused."""

    def __init__(self, dialogue: RemoteDialogue) -> None:
        self.dialogue = dialogue
        self.ids: list[str] = []
        self.said: dict[str, str] = {}
        self.sound = False
        self._ids = itertools.count(1)

    def take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            match event["type"]:
                case "conversation.item.create":
                    before = event.get("previous_item_id")
                    at = len(self.ids) if before is None else 0 if before == "root" else self.ids.index(before) + 1
                    item = event["item"]
                    self.ids.insert(at, item["id"])
                    self.said[item["id"]] = str(item.get("content") or item.get("call_id"))
                case "conversation.item.delete":
                    self.ids.remove(event["item_id"])
                case "conversation.item.truncate":
                    assert event["item_id"] in self.ids
                case "input_audio_buffer.commit":
                    assert self.sound
                    self.sound = False
                    self.ids.append(f"user_{next(self._ids)}")
                    self.take(self.dialogue.committed(self.ids[-1]))
                case "input_audio_buffer.clear":
                    self.sound = False

    def speaks(self, utterance: int, text: str, ms: int = 800) -> None:
        self.take(self.dialogue.listen(utterance))
        self.dialogue.appended(ms)
        self.sound = True
        self.dialogue.heard(utterance, text)

    def answers(self, reply: int, text: str, ms: int = 1_000) -> RemoteItem:
        self.ids.append(f"answer_{next(self._ids)}")
        made = self.dialogue.added(reply, {"id": self.ids[-1], "type": "message"}, wanted=True)
        assert made is not None
        made.text, made.sound_ms = text, ms
        return made

    def in_step_with(self, *messages: Message) -> None:
        """What it has stands for these messages, in order, item by item."""
        assert [item_id.value for item in self.dialogue.items for item_id in item.ids] == self.ids
        wanted = wanted_items(messages)
        assert [item.kind for item in self.dialogue.items] == [each.kind for each in wanted]
        assert all(item.stands_for(each) for item, each in zip(self.dialogue.items, wanted, strict=True))


def test_an_item_is_created_for_each_part_of_a_message_and_only_once() -> None:
    dialogue = RemoteDialogue()
    call, result = ToolCall("c1", "clock", "{}"), ToolResult("c1", "noon")
    messages = [PROMPT, HELLO, Message("assistant", [*ANSWER.parts, call]), Message("tool", [result])]
    events = dialogue.sync(messages)
    assert [event["item"]["type"] for event in events] == [
        "message", "message", "function_call", "function_call_output",
    ]  # fmt: skip
    assert dialogue.sync(messages) == []
    later = [*messages[:-1], Message("tool", [ToolResult("c1", "one o'clock")])]
    assert [event["type"] for event in dialogue.sync(later)] == ["conversation.item.create", "conversation.item.delete"]


def test_an_answer_that_was_heard_in_part_stands_for_its_beginning() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.speaks(1, "Hello there.")
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.answers(1, "Good morning to you. How are you?", ms=2_000)
    server.take(dialogue.cut(1, 1_200))
    cut = Message("assistant", "Good morning to...")
    server.speaks(2, "Stop.")
    events = dialogue.sync([PROMPT, HELLO, cut, Message("user", "Stop.")])
    assert [event["type"] for event in events] == ["input_audio_buffer.commit"]
    server.take(events)
    server.in_step_with(HELLO, cut, Message("user", "Stop."))


def test_an_answer_of_which_nothing_was_heard_is_deleted() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.answers(1, "Good morning to you.")
    assert dialogue.cut(1, 0) == []
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.in_step_with(HELLO)


def test_an_answer_in_whose_place_other_words_were_said_is_deleted() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.answers(1, "As an AI I cannot greet.")
    other = Message("assistant", "Let us speak of something else.")
    events = dialogue.sync([PROMPT, HELLO, other, HELLO])
    assert [event["type"] for event in events] == [
        "conversation.item.create", "conversation.item.create", "conversation.item.delete",
    ]  # fmt: skip
    server.take(events)
    server.in_step_with(HELLO, other, HELLO)


def test_sound_without_words_is_cleared_and_words_without_an_answer_are_kept() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.speaks(1, "")
    assert dialogue.listen(2) == [{"type": "input_audio_buffer.clear"}]
    server.speaks(3, "Hello")
    server.speaks(4, "there.")
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.in_step_with(HELLO)
    assert not dialogue.items[0].ids[0].value.startswith("item_")  # it is the sound
    dialogue.appended(300)  # silence after the turn
    assert dialogue.listen(5) == [{"type": "input_audio_buffer.clear"}]


def test_a_turn_that_goes_on_becomes_a_second_item_of_sound() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.speaks(1, "Tell me")
    server.take(dialogue.sync([PROMPT, Message("user", "Tell me")]))
    dialogue.drop(1)
    server.answers(1, "What?").void = True
    dialogue.appended(600)
    server.sound = True
    dialogue.heard(1, "Tell me a story.")
    whole = Message("user", "Tell me a story.")
    events = dialogue.sync([PROMPT, whole])
    assert [event["type"] for event in events] == ["conversation.item.delete", "input_audio_buffer.commit"]
    server.take(events)
    server.in_step_with(whole)
    assert len(dialogue.items[0].ids) == 2


def test_words_that_the_sound_does_not_hold_go_as_text() -> None:
    for words in ("Hello there. And a typed line.", "Something else."):
        dialogue = RemoteDialogue()
        server = Server(dialogue)
        server.speaks(1, "Hello there.")
        said = Message("user", words)
        server.take(dialogue.sync([PROMPT, said]))
        assert not server.sound
        server.in_step_with(said)


def test_after_a_loss_all_is_told_again_as_text_and_half_an_utterance_is_not_used() -> None:
    dialogue = RemoteDialogue()
    server = Server(dialogue)
    server.take(dialogue.sync([PROMPT, HELLO]))
    server.answers(1, ANSWER.text)
    server.speaks(2, "And now?")
    dialogue.lost()
    assert not dialogue.takes_sound
    server.ids, server.sound = [], False
    now = Message("user", "And now?")
    server.take(dialogue.sync([PROMPT, HELLO, ANSWER, now]))
    server.in_step_with(HELLO, ANSWER, now)
    server.speaks(3, "Go on.")
    assert dialogue.takes_sound


def test_an_item_whose_id_comes_late_is_deleted_then() -> None:
    dialogue = RemoteDialogue()
    dialogue.listen(1)
    dialogue.appended(800)
    dialogue.heard(1, "Hello there.")
    assert [event["type"] for event in dialogue.sync([PROMPT, HELLO])] == ["input_audio_buffer.commit"]
    dialogue.sync([PROMPT, Message("user", "Other words.")])
    assert dialogue.committed("user_1") == [{"type": "conversation.item.delete", "item_id": "user_1"}]


def test_ids_of_calls_that_are_too_long_are_shortened_alike() -> None:
    call, result = ToolCall("c" * 64, "clock", "{}"), ToolResult("c" * 64, "noon")
    made, returned = (
        event["item"] for event in RemoteDialogue().sync([Message("assistant", [call]), Message("tool", [result])])
    )
    assert made["call_id"] == returned["call_id"]
    assert len(made["call_id"]) == 32


def test_instructions_are_the_system_messages_before_the_dialogue() -> None:
    assert instructions_in([PROMPT, Message("system", "Be kind."), HELLO, PROMPT]) == "You tell stories.\n\nBe kind."
    assert bare("It's 5 o'clock!") == "its5oclock"


def test_whatever_happens_to_the_history_the_server_is_in_step() -> None:
    """Voice, text, drafts, interruptions, tools, corrections, condensing and lost connections, by chance."""
    for seed in range(150):
        chance = random.Random(seed)
        dialogue = RemoteDialogue()
        server = Server(dialogue)
        history: list[Message] = []
        for number in range(1, 40):
            text = f"Words of turn {number} {chance.choice(['a', 'b'])}"
            if chance.random() < 0.7:
                server.speaks(number, text)
            if chance.random() < 0.2:
                text += " typed"
            asked = [*history, Message("user", text)]
            server.take(dialogue.sync([PROMPT, *asked]))
            server.in_step_with(*asked)
            server.answers(number, f"Answer {number} with some more words")
            match chance.randrange(8):
                case 0:  # a draft
                    dialogue.drop(number)
                    continue
                case 1:
                    server.take(dialogue.cut(number, chance.choice([0, 300, 700, 2_000])))
                    heard = chance.choice(["", f"Answer {number} with..."])
                    history = [*asked, *([Message("assistant", heard)] if heard else [])]
                case 2:
                    server.ids.append(f"call_item_{number}")
                    made = {"id": server.ids[-1], "type": "function_call", "call_id": f"c{number}"}
                    dialogue.added(number, made, wanted=True)
                    call, result = ToolCall(f"c{number}", "clock", "{}"), ToolResult(f"c{number}", "noon")
                    answer = Message("assistant", f"Answer {number} with some more words")
                    history = [*asked, Message("assistant", [*answer.parts, call]), Message("tool", [result])]
                case 3:  # condensed
                    history = [*asked, Message("assistant", f"Answer {number} with some more words")][-5:]
                case 4:  # corrected
                    history = [*asked[:-1], Message("user", f"{text} late")]
                case 5:
                    dialogue.lost()
                    server.ids, server.sound = [], False
                    history = asked
                case _:
                    history = [*asked, Message("assistant", f"Answer {number} with some more words.")]
            if history and history[-1].role == "tool":
                server.take(dialogue.sync([PROMPT, *history]))
                server.in_step_with(*history)
