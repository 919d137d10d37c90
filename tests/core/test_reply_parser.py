import json
import re
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voi.core.reply_json import PROSE_HOLD_CHARACTERS, TONE_HOLD_CHARACTERS
from voi.core.reply_parser import ReplyParser
from voi.dialogue import ReplySegment


def parse(text, json_expected=True, sizes=()):
    parser, out, at = ReplyParser(json_expected), [], 0
    for size in [*sizes, max(1, len(text))]:
        out += parser.feed(text[at : at + size])
        at += size
    return merged(out + parser.close())


def merged(segments):
    out: list[ReplySegment] = []
    for segment in segments:
        if out and segment.voice == out[-1].voice == "character" and segment.tone == out[-1].tone:
            out[-1] = ReplySegment(out[-1].text + segment.text, segment.voice, segment.tone)
        else:
            out.append(segment)
    return out


def said(text, json_expected=True):
    return "".join(segment.text for segment in parse(text, json_expected))


WARM = [ReplySegment("Hello there.", "character", "warm")]


@pytest.mark.parametrize(
    "reply",
    [
        '{"voice_tone": "warm", "text": "Hello there."}',
        '{"text": "Hello there.", "voice_tone": "warm"}',
        '{"voice_tone":"warm","text":"Hello there."',
        '{"voice_tone":"warm","text":"Hello there.',
        '{"voice_tone":"Warm","text":"Hello there.\\u20',
        '```json\n{"voice_tone": "warm",\n "text": "Hello there."}\n```\nI hope that this helps!',
        'Here is the JSON you asked for:\n\n{"voice_tone": "warm", "text": "Hello there."}',
        "{'voice_tone': 'warm', 'text': 'Hello there.'}",
        "{“voice_tone”: “warm”, “text”: “Hello there.”}",
        "{voice_tone: warm, text: Hello there.}",
        '{\\"voice_tone\\": \\"warm\\", \\"text\\": \\"Hello there.\\"}',
        '"voice_tone": "warm", "text": "Hello there."}',
        '{"voice_tone" "warm", "text" "Hello there."}',
        '{"voice_tone": "warm" "text": "Hello there."}',
        '{"voice_tone": "warm", "text": "Hello there.",}',
        '{"response": {"voice_tone": "warm", "text": "Hello there."}}',
        '[{"voice_tone": "warm", "text": "Hello there."}]',
        '{"id": 7, "ok": true, "voice_tone": "warm", "notes": ["a", "b"], "text": "Hello there."}',
        '{"voice_tone": "warm", "message": "Hello there."}',
        '{"voice tone": "warm", "Text": "Hello there."}',
        '{"voice_tone": "warm", "text": "Hello there."}} trailing } garbage {',
        '  {\n      "voice_tone"  :  "warm" ,\n      "text"  :  "Hello there."\n}',
    ],
)
def test_the_json_in_all_its_disguises(reply):
    assert parse(reply) == WARM
    assert parse(reply, sizes=[1] * len(reply)) == WARM


def test_the_text_streams_when_the_tone_came_first():
    parser = ReplyParser(True)
    assert parser.feed('{"voice_tone": "sad", "text": "On') == [ReplySegment("On", "character", "sad")]
    assert parser.feed("ce upon") == [ReplySegment("ce upon", "character", "sad")]
    assert parser.feed(' a time."}') == [ReplySegment(" a time.", "character", "sad")]
    assert parser.close() == []


def test_text_before_its_tone_waits_for_it_but_not_for_ever():
    parser = ReplyParser(True)
    assert parser.feed('{"text": "Hello') == []
    assert parser.feed(' there.", "voice_tone": "warm"') == WARM
    long = "word " * (TONE_HOLD_CHARACTERS // 5 + 1)
    parser = ReplyParser(True)
    assert parser.feed('{"text": "' + long) == [ReplySegment(long, "character", "neutral")]
    assert parser.feed("and on") == [ReplySegment("and on", "character", "neutral")]


def test_plain_text_where_json_was_expected_is_spoken_soon():
    parser = ReplyParser(True)
    text = "No, I would rather not answer in JSON today, "
    assert parser.feed(text) == []
    (first,) = parser.feed("if that is fine with you.")
    assert first == ReplySegment(text + "if that is fine with you.", "character", "neutral")
    assert len(first.text) > PROSE_HOLD_CHARACTERS
    assert said("Short.") == "Short."


def test_plain_text_streams_at_once_where_no_json_is_expected():
    parser = ReplyParser(False)
    for word in ("Sure", ",", " I", ' {can} "do', '" that'):
        assert merged(parser.feed(word)) == [ReplySegment(word, "character", "neutral")]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (r"Say \"hi\" \\ \/ a\tb\nc", 'Say "hi" \\ / a\tb\nc'),
        (r"caf\u00e9 \ud83d\ude00!", "café 😀!"),
        (r"half \ud83d pair \ude00.", "half  pair ."),
        (r"broken \x \q C:\users \u12", "broken x q C:users u12"),
        ('He said "no", and left', 'He said "no", and left'),
        ('He said "no"', 'He said "no"'),
        ("line\nbreak", "line\nbreak"),
        ("{braces} [and] more, text: yes", "{braces} [and] more, text: yes"),
    ],
)
def test_escapes_and_quotes_in_the_text(inside, text):
    reply = f'{{"voice_tone": "warm", "text": "{inside}"}}'
    assert parse(reply) == parse(reply, sizes=[1] * len(reply)) == [ReplySegment(text, "character", "warm")]


def test_apostrophes_in_single_quotes():
    assert said("{'voice_tone': 'warm', 'text': 'I'm here, it's fine'}") == "I'm here, it's fine"


def test_several_objects_and_narrator_comments():
    reply = '{"voice_tone":"warm","text":"Hi. *smiles*"}\n{"voice_tone":"sad","text":"Bye."}'
    assert parse(reply) == [
        ReplySegment("Hi. ", "character", "warm"),
        ReplySegment("smiles", "narrator", "warm"),
        ReplySegment("\nBye.", "character", "sad"),
    ]


@pytest.mark.parametrize(
    "reply", ["", "{}", '{"voice_tone": "warm"}', '{"voice_to', "{", '{"text": null}', "```json\n"]
)
def test_nothing_to_say(reply):
    assert not re.search(r"voice|warm|null", said(reply))


@pytest.mark.parametrize(
    "reply",
    [
        "voice_tone: warm\ntext: Hello there.",
        "voice_tone: warm\nHello there.",
        "**voice_tone:** warm\n\nHello there.",
        "(voice tone: Warm) Hello there.",
        "[voice_tone=warm] Hello there.",
        "Voice_Tone: 'warm', text: Hello there.",
        "- voice_tone: warm\n**text**: Hello there.",
    ],
)
@pytest.mark.parametrize("json_expected", [True, False])
def test_a_tone_without_json_is_not_read_out(reply, json_expected):
    assert parse(reply, json_expected) == WARM
    assert parse(reply, json_expected, sizes=[1] * len(reply)) == WARM


@pytest.mark.parametrize(
    "text", ["Voice tones are many.", "voice", "Voice tone: it is how you say things.", " voice_tone:", "(v"]
)
def test_who_speaks_of_tones_is_heard(text):
    assert said(text, json_expected=False) == text


@pytest.mark.parametrize(
    ("reply", "segments"),
    [
        ('{"voice_tone": "sad", "text": ["Hi.", "Bye."]}', [("Hi.\nBye.", "sad")]),
        ('{"text": ["Hi.", "Bye."], "voice_tone": "sad"}', [("Hi.\nBye.", "sad")]),
        ('{"meta": {"voice_tone": "warm"}, "text": "Hi"}', [("Hi", "warm")]),
        ('{"response": {"text": "Hi"}, "voice_tone": "warm"}', [("Hi", "warm")]),
        ('{"text": {"value": "Hi"}, "voice_tone": "sad"}', [("Hi", "sad")]),
        ('{"voice_tone": null, "text": "Hi"}', [("Hi", "neutral")]),
        ('{"type": "text", "text": "Hi", "mood": "text"}', [("Hi", "neutral")]),
        ('{"text": "A", "voice_tone": "sad"} {"text": "B", "voice_tone": "warm"}', [("A", "sad"), ("\nB", "warm")]),
        ('[{"voice_tone": "warm", "text": "A"}, {"voice_tone": "sad", "text": "B"}]', [("A", "warm"), ("\nB", "sad")]),
        (r'{"a": "x", "answer": "It\u0027s \"late\".\n\ud83d\ude00"}', [('It\'s "late".\n😀', "neutral")]),
        (r'{"voice_tone": "warm", "text": "{\"text\": \"no\"}"}', [('{"text": "no"}', "warm")]),
        ('{"thought": "say {hi}", "voice_tone": "warm", "text": "Hi"}', [("Hi", "warm")]),
        ('{"reasoning": "They greet me, so I greet them.", "answer": "Hi."}', [("Hi.", "neutral")]),
        ("{voice_tone: warm, text: a, b and c}", [("a, b and c", "warm")]),
    ],
)
def test_where_the_keys_stand(reply, segments):
    said = [ReplySegment(text, "character", tone) for text, tone in segments]
    assert parse(reply) == parse(reply, sizes=[1] * len(reply)) == said


@pytest.mark.parametrize(
    "reply",
    [
        '{"voice_tone": "warm"} Hello there.',
        '{"voice_tone": "warm"}\n\nHello there.',
        '```json\n{"voice_tone": "warm"}\n```\nHello there.',
        "{voice_tone: warm} Hello there.",
        '{"voice_tone":"Warm"}: Hello there.',
        '{"voice_tone":"warm","pace":"slow"} Hello there.',
        '{"voice_tone":"warm"}\n{"text":"Hello there."}',
        '{"voice_tone":"warm"}\ntext: Hello there.',
        '{"voice_tone":"warm", "Hello there."}',
        '{"voice_tone":"warm","message":"Hello there."} I hope that this helps!',
    ],
)
@pytest.mark.parametrize("json_expected", [True, False])
def test_words_behind_their_tone(reply, json_expected):
    for size in (1, 3, len(reply)):
        assert parse(reply, json_expected, sizes=[size] * len(reply)) == WARM


def test_words_behind_their_tone_stream():
    parser = ReplyParser(True)
    assert parser.feed('{"voice_tone": "warm"}\nHello there, my') == [
        ReplySegment("Hello there, my", "character", "warm")
    ]
    assert parser.feed(' friend. {"voice_tone": "sad"} Bye.') + parser.close() == [
        ReplySegment(" friend. ", "character", "warm"),
        ReplySegment("Bye.", "character", "sad"),
    ]


def test_unasked_json_is_understood():
    assert parse('{"voice_tone": "warm", "text": "Hello there."}', json_expected=False) == WARM


# ---- properties -----------------------------------------------------------------------------------

SPOKEN = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*@"), max_size=80)
PIECES = [*"{}\"':,\\[]*@“”é \n", "text", "voice_tone", "\\u00e9", "\\ud83d", "```", "json", "warm", "null", "Hello"]
PIECES += ['":', '", "', '"}']
MESS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)
SIZES = st.lists(st.integers(1, 12), max_size=60)


@given(SPOKEN, st.sampled_from(["warm", "sad", "neutral"]), st.booleans(), st.booleans(), st.booleans(), SIZES)
def test_valid_json_is_read_to_the_letter(text, tone, tone_first, ascii_only, indented, sizes):
    fields = {"voice_tone": tone, "text": text} if tone_first else {"text": text, "voice_tone": tone}
    reply = json.dumps(fields, ensure_ascii=ascii_only, indent=2 if indented else None)
    segments = parse(reply, sizes=sizes)
    assert "".join(segment.text for segment in segments) == text
    assert all(segment == ReplySegment(segment.text, "character", tone) for segment in segments)


@given(MESS, st.booleans(), SIZES)
@example('{"text": "a" "text": "b" }', True, [1] * 30)
def test_any_chunking_of_any_mess_gives_the_same_and_nothing_raises(reply, json_expected, sizes):
    whole = parse(reply, json_expected)
    assert parse(reply, json_expected, sizes) == whole
    assert parse(reply, json_expected, [1] * len(reply)) == whole
    assert all(segment.text for segment in whole)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{`*@"), max_size=200), SIZES)
def test_plain_text_is_passed_on_to_the_letter(text, sizes):
    assert "".join(segment.text for segment in parse(text, False, sizes)) == text


@given(SPOKEN.filter(lambda text: '"' not in text and "\\" not in text), st.integers(0, 40))
def test_truncated_json_speaks_what_arrived(text, kept):
    reply = '{"voice_tone": "warm", "text": "' + text[:kept]
    assert "".join(segment.text for segment in parse(reply)) == text[:kept]


@pytest.mark.parametrize(
    "unit", ['{"', "`", '\\"', '"', "*a ", "@a", '{"a":', "[", "}a", '{"tone":"a"}b', "\\ud83d", '{"text": "', '", "']
)  # fmt: skip
def test_a_huge_reply_takes_linear_time(unit):
    def cost_s(count):
        costs = []
        for _ in range(2):
            began_s = time.process_time()
            parse('{"text": "' + unit * count)
            parse(unit * count, json_expected=False)
            costs.append(time.process_time() - began_s)
        return min(costs)

    assert cost_s(800) < 10 * cost_s(200) + 0.005, "four times as much text: four times as long, and not sixteen"


def test_half_characters_are_left_out():
    assert said("a\ud83d b\udc4d c", json_expected=False) == "a b c"
    assert said('{"text": "a\udc00b"}') == "ab"


@pytest.mark.parametrize(
    "reply",
    [
        "```yaml\nvoice_tone: warm\ntext: Hello there.\n```",
        "```\nvoice_tone: warm\nHello there.\n```",
        "<voice_tone>warm</voice_tone>Hello there.",
        "<voice_tone> Warm </voice_tone>\n<text>Hello there.</text>",
        "<voice-tone>warm</voice-tone> Hello there.",
        "- voice_tone: warm\n- text: Hello there.",
        "* **voice_tone**: warm\n* **text**: Hello there.",
        "voice_tone: warm\ntext: |\n  Hello there.",
        "tone: warm\nHello there.",
        "**Tone:** warm\n\nHello there.",
        "Tone: warm\nText: Hello there.",
        "(tone: warm)\nHello there.",
        "[tone: warm] Hello there.",
        "> voice_tone: warm\nHello there.",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("json_expected", [False, True])
def test_a_tone_in_other_notations(reply: str, size: int, json_expected: bool) -> None:
    segments = [
        replace(segment, text=segment.text.strip()) for segment in parse(reply, json_expected, [size] * len(reply))
    ]
    assert [segment for segment in segments if segment.text] == WARM


@pytest.mark.parametrize(
    "reply",
    [
        "voice_tone: warm and friendly\ntext: Hello there.",
        "voice_tone: warm and friendly\nHello there.",
        "**voice_tone:** warm and friendly\n**text:** Hello there.",
        "voice_tone: warm and friendly, text: Hello there.",
        "voice_tone: Warm and friendly; Hello there.",
        "voice_tone: warm and friendly | Hello there.",
        "voice_tone: warm and friendly - Hello there.",
        "[voice_tone: warm and friendly] Hello there.",
        "(voice_tone: warm and friendly)\nHello there.",
    ],
)
@pytest.mark.parametrize("json_expected", [False, True])
def test_a_tone_of_several_words(reply: str, json_expected: bool) -> None:
    for size in (1, 3, len(reply)):
        (segment,) = parse(reply, json_expected, [size] * len(reply))
        assert (segment.text, segment.tone) == ("Hello there.", "warm and friendly")


@pytest.mark.parametrize(
    ("reply", "tone", "text"),
    [
        ("voice_tone: warm, friendly\ntext: Hello there.", "warm, friendly", "Hello there."),
        ("voice_tone: warm - Hello there.", "warm", "Hello there."),
        ("voice_tone: warm Hello there, my friend.", "warm", "Hello there, my friend."),
        ("voice_tone: warm hello there", "warm", "hello there"),
    ],
)
def test_where_a_tone_ends(reply: str, tone: str, text: str) -> None:
    (segment,) = parse(reply, False)
    assert (segment.text, segment.tone) == (text, tone)


@pytest.mark.parametrize(
    "reply",
    [
        "Tone: warm and soft is best.", "To be or not.", "Tone matters. Yes.", "T", "Tone", "Tonight we eat.",
        "`code` is here", "The tone: warm.", "<b>Hello</b> there.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_words_that_only_begin_like_one(reply: str, size: int) -> None:
    (segment,) = parse(reply, False, [size] * len(reply))
    assert (segment.text, segment.tone) == (reply, "neutral")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ('{"city": "Rome"}', ""),
        ('{"city": "Rome", "unit": "celsius"}', ""),
        ('{"reply": "Yes"}', "Yes"),
        ('{"antwort": "Ja"}', "Ja"),
        ('{"line": "So long"}', "So long"),
        ('{"zeile": "Guten Tag, wie geht es?"}', "Guten Tag, wie geht es?"),
        ('{"セリフ": "こんにちは、元気ですか"}', "こんにちは、元気ですか"),
    ],
)
def test_data_is_no_answer(reply: str, said: str) -> None:
    parser = ReplyParser(True)
    assert "".join(segment.text for segment in parser.feed(reply) + parser.close()) == said
