"""The bounds of the person's message."""

from itertools import count

from voi.core.draft import IMAGES_MAX, TYPED_MAX_CHARACTERS, Draft
from voi.core.facts import ImageGiven, TextTyped
from voi.core.history import HistoryEntry
from voi.core.kept import KeptDraft


def pictures(draft: Draft, count: int) -> list[str | None]:
    return [draft.add(ImageGiven(f"https://pictures.example/{number}.png")) for number in range(count)]


def test_one_picture_too_many_is_left_out():
    draft = Draft(count())
    *taken, refused = pictures(draft, IMAGES_MAX + 1)
    assert taken == [None] * IMAGES_MAX
    assert f"at most {IMAGES_MAX} pictures" in (refused or "")
    assert len(draft.image_urls) == IMAGES_MAX


def test_text_that_is_too_long_is_left_out():
    draft = Draft(count())
    assert draft.add(TextTyped("x" * (TYPED_MAX_CHARACTERS - 2))) is None
    assert draft.add(TextTyped("y")) is None
    assert f"at most {TYPED_MAX_CHARACTERS} characters" in (draft.add(TextTyped("z")) or "")
    assert draft.prefix == "x" * (TYPED_MAX_CHARACTERS - 2) + " y"


def test_of_two_messages_that_become_one_the_newest_pictures_stay():
    draft = Draft(count())
    pictures(draft, IMAGES_MAX)
    newest = draft.image_urls
    draft.add(TextTyped("And these?"))
    draft.take_back(HistoryEntry(7, "user", "What is this?", ("https://pictures.example/old.png",)))
    assert draft.image_urls == newest
    assert (draft.message_id, draft.prefix) == (7, "What is this? And these?")


def test_the_pictures_of_one_message_share_a_limit() -> None:
    draft = Draft(count())
    url = "data:image/png;base64," + "A" * 7_900_000
    answers = [draft.add(ImageGiven(url)) for _ in range(3)]
    assert answers[:2] == [None, None]
    assert "too large together" in (answers[2] or "")
    assert len(draft.image_urls) == 2


def test_it_is_known_as_far_as_it_was_shown():
    draft = Draft(count())
    draft.add(TextTyped("Hello."))
    assert draft.as_shown == ()
    draft.show("Hello.", final=False, correct=True)
    draft.add(TextTyped("And this?"))
    assert draft.as_shown == (HistoryEntry(0, "user", "Hello."),)


def test_nothing_is_kept_of_a_message_that_has_not_begun():
    assert Draft(count()).keep("", speaks=True, ended=False) is None


def test_it_goes_on_elsewhere():
    draft = Draft(count(5))
    pictures(draft, 1)
    draft.add(TextTyped("Look:"))
    draft.show("Look:", final=False, correct=True)
    kept = draft.keep("what is it", speaks=True, ended=True)
    assert kept == KeptDraft("Look: what is it", draft.image_urls, 5, spoken=True, ended=True)
    other = Draft(count())
    other.take_up(kept, owed=False)
    assert (other.prefix, other.image_urls, other.message_id) == (kept.text, kept.image_urls, 5)
    assert other.unanswered


def test_a_typed_message_wants_an_answer_elsewhere_only_if_one_was_promised():
    draft = Draft(count())
    draft.add(TextTyped("Hello."))
    kept = draft.keep("", speaks=False, ended=False)
    assert kept == KeptDraft("Hello.")
    for owed in (False, True):
        other = Draft(count())
        other.take_up(kept, owed=owed)
        assert other.unanswered is owed
        assert other.as_shown == ()
