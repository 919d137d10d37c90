"""The history's bounds."""

from voi.core import history
from voi.core.history import History, HistoryEntry
from voi.dialogue import ReplyForm, ReplySegment


def test_the_oldest_messages_are_forgotten():
    kept = History(limit=2)
    for number in range(3):
        kept.add(HistoryEntry(number, "user", f"message {number}"))
    assert [message.text for message in kept.messages()] == ["message 1", "message 2"]


def test_an_agents_words_are_written_anew_when_they_or_the_form_change():
    kept = History(limit=10, form=ReplyForm(comment_mark="*"))
    kept.add(HistoryEntry(0, "assistant", "Hi. He waves.", segments=(ReplySegment("He waves.", "narrator"),)))
    assert [message.text for message in (*kept.messages(), *kept.messages())] == ["*He waves.*"] * 2
    kept.set_text(0, "He", [ReplySegment("He", "narrator")])
    assert [message.text for message in kept.messages()] == ["*He*"]
    kept.form = ReplyForm(comment_mark="_")
    assert [message.text for message in kept.messages()] == ["_He_"]


def test_the_oldest_pictures_are_forgotten(monkeypatch):
    monkeypatch.setattr(history, "IMAGES_MAX_CHARACTERS", 100)
    kept = History(limit=10)
    for number in range(3):
        kept.add(HistoryEntry(number, "user", f"message {number}", ("x" * 40,)))
    assert [len(message.image_urls) for message in kept.messages()] == [0, 1, 1]
    kept.add(HistoryEntry(3, "user", "large", ("x" * 200,)))
    assert [len(message.image_urls) for message in kept.messages()] == [0, 0, 0, 1]
    assert [message.text for message in kept.messages()] == ["message 0", "message 1", "message 2", "large"]
