"""What is kept of a conversation for another day."""

from voi.core.kept import Kept, KeptDraft, KeptMessage, KeptPiece, KeptReply
from voi.core.later import for_later
from voi.dialogue import Message, ReplySegment

PIECES = tuple(KeptPiece(ReplySegment(text), True, at * 1_000, 1_000) for at, text in enumerate(("One two.", "Three.")))
SAID = (KeptMessage(0, Message("user", "Count")), KeptMessage(1, Message("assistant", "One two. Three.")))


def texts(kept: Kept) -> list[tuple[int, str, str]]:
    return [(each.message_id, each.message.role, each.message.text) for each in kept.messages]


def test_the_newest_reply_is_kept_as_far_as_it_was_heard() -> None:
    kept = Kept(SAID, 2, reply=KeptReply(1, PIECES, announced=True), owed=True, announced=True)
    assert texts(for_later(kept, None)) == [(0, "user", "Count"), (1, "assistant", "One two. Three.")]
    assert texts(for_later(kept, 2_500)) == [(0, "user", "Count"), (1, "assistant", "One two. Three.")]
    assert texts(for_later(kept, 1_000)) == [(0, "user", "Count"), (1, "assistant", "One two....")]
    assert texts(for_later(kept, 0)) == [(0, "user", "Count")]
    later = for_later(kept, 1_000)
    assert (later.reply, later.draft, later.owed, later.announced, later.next_id) == (None, None, False, False, 2)


def test_what_the_person_was_saying_is_their_last_message() -> None:
    kept = Kept(SAID, 2, draft=KeptDraft("And so", ("https://a/b.png",)))
    later = for_later(kept, None)
    assert texts(later)[2:] == [(2, "user", "And so")]
    assert later.messages[2].message.image_urls == ("https://a/b.png",)
    assert later.next_id == 3
    assert texts(for_later(Kept(SAID, 5, draft=KeptDraft("so", message_id=3)), None))[2:] == [(3, "user", "so")]
    assert for_later(Kept(SAID, 5, draft=KeptDraft("")), None) == Kept(SAID, 5)
