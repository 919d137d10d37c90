"""What the model is shown of its own words, and where the narrator's words are."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core import actions as do
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.core.facts import Fact
from voi.core.ledger import Joined, join
from voi.core.reply_form import in_form
from voi.core.script import Script
from voi.dialogue import Phrase, ReplyForm, ReplySegment

JSON_FORM = ReplyForm("text", "voice_tone")
STORY = [ReplySegment("Oh! "), ReplySegment("she nods", "narrator"), ReplySegment(" Yes."), ReplySegment(" Do.")]


def test_a_comment_stands_between_its_marks() -> None:
    assert in_form(STORY, ReplyForm()) == "Oh! *she nods* Yes. Do."
    assert in_form(STORY, ReplyForm(comment_mark="@")) == "Oh! @she nods@ Yes. Do."


def test_a_comment_that_was_cut_into_pieces_is_one_comment() -> None:
    pieces = [ReplySegment("She nods.", "narrator"), ReplySegment(" She goes.", "narrator"), ReplySegment("Bye.")]
    assert in_form(pieces, ReplyForm()) == "*She nods. She goes.* Bye."
    assert Joined(pieces).narrated == ((0, len("She nods. She goes.")),)


def test_json_has_an_object_for_each_tone_and_the_prompts_keys_in_the_prompts_order() -> None:
    sad = [
        ReplySegment("Hé.", tone="warm"),
        ReplySegment("sighs", "narrator", "warm"),
        ReplySegment("Bye.", tone="sad"),
    ]
    assert in_form(sad, JSON_FORM) == (
        '{"voice_tone": "warm", "text": "Hé. *sighs*"}\n{"voice_tone": "sad", "text": "Bye."}'
    )
    assert (
        in_form(sad[:1], ReplyForm("text", "voice_tone", tone_first=False)) == '{"text": "Hé.", "voice_tone": "warm"}'
    )
    assert in_form(sad[:1], ReplyForm("answer")) == '{"answer": "Hé."}'


SEGMENTS = st.lists(
    st.builds(
        ReplySegment, st.text("ab 你.\n", max_size=6), st.sampled_from(["character", "narrator"]), st.sampled_from("ws")
    ),
    max_size=8,
)


@given(SEGMENTS)
def test_the_places_are_those_of_the_narrators_words(segments: list[ReplySegment]) -> None:
    text = join(segment.text for segment in segments)
    comments = [segment.text.strip() for segment in segments if segment.voice == "narrator" and segment.text.strip()]
    places = Joined(segments).narrated
    assert "".join("".join(text[begin:end].split()) for begin, end in places) == "".join(
        "".join(c.split()) for c in comments
    )
    assert all(begin < end for begin, end in places)
    assert all(first[1] <= second[0] for first, second in pairwise(places))


@given(SEGMENTS)
def test_the_json_can_be_read_and_holds_all_words(segments: list[ReplySegment]) -> None:
    objects = [json.loads(line) for line in in_form(segments, JSON_FORM).splitlines()]
    said = "".join("".join(thing["text"].replace("*", "").split()) for thing in objects)
    assert said == "".join("".join(segment.text.split()) for segment in segments)


# ---- in a conversation ----------------------------------------------------------------------------


class Talk:
    """A greeting, and an answer of three pieces, of which the second is the narrator's."""

    def __init__(self, form: ReplyForm) -> None:
        self.core = Conversation(Script(mode="chat", reply_form=form, greeting=Phrase("Hello!", "warm")))
        self.shown: dict[int, do.Show] = {}
        self.tell(was.Opened(), was.ReplyText(1, 0, "Hello!", tone="warm"), was.ReplyWritten(1))
        self.tell(was.PieceVoiced(1, 0, 0, 500), was.PlaybackStarted(1), was.ReplyPlayed(1))
        self.tell(was.TextTyped("A story"), was.AnswerAsked())
        self.tell(was.ReplyText(2, 0, "Once upon a time.", tone="sad"), was.PieceVoiced(2, 0, 0, 1_000))
        self.tell(was.ReplyText(2, 1, "She sighs.", "narrator", tone="sad"), was.PieceVoiced(2, 1, 1_000, 1_000))
        self.tell(was.ReplyText(2, 2, "The end.", tone="sad"), was.ReplyWritten(2), was.PieceVoiced(2, 2, 2_000, 1_000))
        self.tell(was.PlaybackStarted(2))

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            shown = [action for action in self.core.handle(fact, 0) if isinstance(action, do.Show)]
            self.shown.update({show.message_id: show for show in shown})


@pytest.mark.parametrize(
    ("form", "greeting", "reply"),
    [
        (ReplyForm(), "Hello!", "Once upon a time. *She...*"),
        (
            JSON_FORM,
            '{"voice_tone": "warm", "text": "Hello!"}',
            '{"voice_tone": "sad", "text": "Once upon a time. *She...*"}',
        ),
    ],
)
def test_replies_and_greetings_are_shown_to_the_model_as_it_was_told_to_write(
    form: ReplyForm, greeting: str, reply: str
) -> None:
    talk = Talk(form)
    talk.tell(was.TextTyped("And then?"), was.AnswerAsked(), was.ReplyStopped(2, 1_600))
    assert [message.text for message in talk.core.history.messages()] == [greeting, "A story", reply, "And then?"]
    assert [message.text for message in talk.core.history.log()][2] == "Once upon a time. She..."
    shown = talk.shown[2]
    assert shown.text == "Once upon a time. She... (interrupted)"
    assert [shown.text[begin:end] for begin, end in shown.narrated] == ["She"]


def test_a_message_shows_where_the_narrator_speaks() -> None:
    shown = Talk(ReplyForm()).shown[2]
    assert [shown.text[begin:end] for begin, end in shown.narrated] == ["She sighs."]
