import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voi.core.guard import PatternGuard
from voi.core.reply_parser import ReplyParser
from voi.dialogue import ReplySegment
from voi.session.chunker import Chunker

SEGMENTS = [
    ReplySegment("I am an old fox. As "),
    ReplySegment("She nods at the hens. ", "narrator"),
    ReplySegment("a fox, I cannot fly. ", tone="sad"),
    ReplySegment("Farewell!", tone="sad"),
]
CUT = [
    ReplySegment("I am an old fox."),
    ReplySegment(" As "),
    ReplySegment("She nods at the hens.", "narrator"),
    ReplySegment("a fox, I cannot fly.", tone="sad"),
    ReplySegment(" Farewell!", tone="sad"),
]


def cut(pieces: Chunker, segments: list[ReplySegment]) -> list[ReplySegment]:
    return [piece for segment in segments for piece in pieces.feed([segment])] + pieces.close()


def test_each_piece_has_one_voice_and_one_tone() -> None:
    assert cut(Chunker(), SEGMENTS) == CUT


def test_the_guard_holds_text_back_and_keeps_its_voice() -> None:
    pieces = Chunker(PatternGuard(["as an AI", "as she nodded"]))
    assert pieces.feed(SEGMENTS[:1]) == CUT[:1]
    assert pieces.feed(SEGMENTS[1:2]) == [CUT[1], CUT[2]]
    assert pieces.feed(SEGMENTS[2:]) + pieces.close() == CUT[3:]
    assert not pieces.denied


def test_a_phrase_is_found_across_segments_and_nothing_comes_after_it() -> None:
    pieces = Chunker(PatternGuard(["fox, I can't fly", "cannot fly. Farewell"]))
    assert cut(pieces, SEGMENTS)[:3] == CUT[:3]
    assert pieces.denied
    assert pieces.feed([ReplySegment("More. And more.")]) == pieces.close() == []


@given(st.lists(st.tuples(st.text("asn .!", max_size=6), st.sampled_from(["neutral", "sad"])), max_size=12))
def test_a_guard_that_finds_nothing_changes_nothing(parts: list[tuple[str, str]]) -> None:
    segments = [ReplySegment(text, tone=tone) for text, tone in parts if text]
    with_guard = cut(Chunker(PatternGuard(["as an AI", "snafu"])), segments)
    without = cut(Chunker(), segments)
    for tone in ("neutral", "sad"):
        words, same = (
            "".join(piece.text for piece in pieces if piece.tone == tone).split() for pieces in (with_guard, without)
        )
        assert words == same


@given(
    prefix=st.sampled_from(["", "Well. ", "*She sighs.* ", "So, *really*, "]),
    quote=st.sampled_from(["'", "’", "´", "\u02bc", ""]),
    gap=st.sampled_from([" ", "\n", "\u00a0", " *", "* ", "\u200b "]),
    as_json=st.sampled_from(["", "tone first", "text first", "escaped"]),
    narrated=st.booleans(),
    data=st.data(),
)
def test_no_denial_is_heard_however_it_is_written_and_cut(
    prefix: str, quote: str, gap: str, as_json: str, narrated: bool, data: st.DataObject
) -> None:
    text = f"{prefix}I can{quote}t{gap}help you with that. Ask me for something else."
    reply = {"": text, "text first": json.dumps({"text": text, "voice_tone": "sad"}, ensure_ascii=False)}.get(
        as_json, json.dumps({"voice_tone": "sad", "text": text}, ensure_ascii=as_json == "escaped")
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=8)))
    deltas = [reply[start:end] for start, end in pairwise([0, *cuts, len(reply)])]
    parser, pieces = ReplyParser(as_json != "", narrated=narrated), Chunker(PatternGuard(["I can't help"]))
    said = [piece for delta in deltas for piece in pieces.feed(parser.feed(delta))]
    said += pieces.feed(parser.close()) + pieces.close()
    assert pieces.denied
    heard = "".join(character for piece in said for character in piece.text.casefold() if character.isalnum())
    assert heard in ("", *("".join(filter(str.isalnum, prefix.casefold()))[:length] for length in range(1, 40)))
