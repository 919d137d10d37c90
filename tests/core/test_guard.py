import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.guard import PatternGuard, RetryPlan, denied_class, names_class
from voi.core.spoken_symbols import symbols_of

PHRASES = ["I can't help", "as an AI", "I'm sorry, but"]


@pytest.mark.parametrize(
    "text",
    [
        "Well, I can't help with that.",
        "I can’t help",
        "i CAN'T\n help",
        "I cant help",
        'I "can\'t" help',
        "I can´t  help",
        "I\u200b can't\u00a0hel\u00adp",
        "Ｉ ｃａｎ'ｔ ｈｅｌｐ",
        "I **can't** help",
        "I can&#39;t help",
        "I can&rsquo;t help",
        "I can&rsquo;t&nbsp;help",
        "I <b>can't</b> help",
        "I<br>can't help",
        "~~I can't~~ help",
        "I [can't](https://example.com/x) help",
        "I 🙂 can't 🙂 help",
        "I can't - help",
        "- I\n- can't\n- help",
        "I can\\'t help",
        "I | can't | help",
        "I-can't-help",
        "I сan't hеlр",  # Cyrillic с, е, р
        "I ca\u034fn't help",
        "I\u3164can't help"[:1] + " can't\u3164 help",
        "I can\u115f't help",
        "I\u2800can't\u2800help",
        "I can't\ufe0f help",
        "I c\u0336a\u0336n\u0336't help",
        "Speaking as\nan ai, no.",
        "as an A.I.",
        "as an A I model",
        "as an A-I",
        "as an A\\I",
        "as an <i>A</i>I",
        "as an AI",
        "as an AI's friend's AI" + " as an AI",
        "I’m sorry,but no",
    ],
)
def test_denials_in_any_guise(text: str) -> None:
    for size in (1, 2, 5, 1_000):
        guard = PatternGuard(PHRASES)
        released = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size)) + guard.close()
        assert guard.denied
        assert symbols_of(released).split(" ")[-2:] not in (["i", "cant"], ["as", "an"], ["im", "sorry"])
        assert guard.feed("more") == ""


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("as an AI", "It was an airport."),
        ("as an AI", "He was an aide, in a room as an airy one."),
        ("I cannot", "Hawaii cannot wait."),
        ("AI", "She said so: wait, the main aim is fair."),
        ("AI", "Hawaii again, captain."),
        ("I am sorry", "Miami am sorry."),
        ("no", "I know nothing, now or never."),
        ("language model", "A language modelled on Latin."),
        ("sex", "Essex and Sussex."),
        ("IA", "Il y a un aimant dans la maison."),
        ("bot", "Both robots sailed to the bottom."),
        ("can't", "The cantor sang a canticle."),
        ("AI", "I am, a I-beam"[:5]),
    ],
)
def test_harmless_sentences_pass(phrase: str, text: str) -> None:
    guard = PatternGuard([phrase])
    assert guard.feed(text) + guard.close() == text
    assert not guard.denied


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("IA", "En tant qu'IA, non."),
        ("d'accord", "Je ne suis pas d’accord."),
        ("人工智能", "我是人工智能。"),
        ("我是AI", "你好，我是 AI 模型"),
        ("AI", "我是AI模型"),
        ("できません", "それはできません。"),
        ("не могу", "Я не могу помочь."),
        ("künstliche Intelligenz", "Als KÜNSTLICHE  Intelligenz"),
        ("A.I.", "as an AI"),
        ("GPT-4", "I am GPT 4."),
    ],
)
def test_other_languages(phrase: str, text: str) -> None:
    assert denies(phrase, text)


def test_another_voice_parts_words() -> None:
    guard = PatternGuard(["I cannot"])
    guard.feed("smiles")
    guard.part()
    guard.feed("I cannot ")
    assert guard.denied


def test_what_only_begins_like_a_tag_or_a_link_is_text() -> None:
    text = "If a < b & c > d, see [1] and x<y; AT&T &c. <3 ]( " + "x" * 600 + " <" + "a" * 300 + " &" + "b" * 30
    guard = PatternGuard(PHRASES)
    assert guard.feed(text) + guard.close() == text


def test_a_phrase_inside_the_beginning_of_a_longer_one_is_found():
    guard = PatternGuard(["as an AI model", "an AI"])
    guard.feed("Speaking as an AI, no.")
    assert guard.denied


def test_text_waits_only_while_it_may_become_a_phrase():
    guard = PatternGuard(PHRASES)
    assert guard.feed("Well, I c") == "Well, "
    assert guard.feed("an do it. ") == "I can do it. "
    assert guard.feed("As an") == ""
    assert guard.feed(" artist") == "As an artist"
    assert not guard.denied


def test_a_sign_stays_with_the_word_that_it_touches():
    guard = PatternGuard(["com on"])
    assert guard.feed("Go to example") == "Go to example"
    assert guard.feed(".com") == ""
    assert guard.feed(" today.") == ".com today."
    assert guard.feed(" Bye.") == " Bye."  # and a sentence's end does not wait for the next word


def test_no_phrases_no_delay():
    guard = PatternGuard(["", "''", " "])
    assert guard.feed("anything") == "anything"
    assert not guard.denied


def test_closing_gives_the_rest_unless_denied():
    guard = PatternGuard(PHRASES)
    assert guard.feed("That is as an") == "That is "
    assert guard.close() == "as an"
    assert not guard.denied
    guard.feed(" I can't hel")
    guard.feed("p")
    assert guard.close() == ""
    assert guard.denied


def heard(text: str) -> list[str]:
    """The words, by an oracle for the texts used here."""
    return "".join(c for c in text.casefold() if c not in "'’\u00ad").replace(".", " ").split()


SMALL = st.text(alphabet="abAB '’\u00ad.", max_size=30)


@given(SMALL, st.lists(st.text(alphabet="ab '", min_size=1, max_size=5), max_size=4), st.lists(st.integers(1, 7)))
def test_against_brute_force(text: str, phrases: list[str], sizes: list[int]) -> None:
    wanted = [words for phrase in phrases if (words := heard(phrase))]
    guard, released, at = PatternGuard(phrases), "", 0

    def has_phrase(words: list[str]) -> bool:
        return any(words[n : n + len(one)] == one for one in wanted for n in range(len(words)))

    for size in [*sizes, max(1, len(text))]:
        released += guard.feed(text[at : at + size])
        at += size
        seen = text[:at]
        words = heard(seen)
        open_ended = bool(seen.rstrip("'’\u00ad")) and seen.rstrip("'’\u00ad")[-1] not in " ."
        assert guard.denied == has_phrase(words[:-1] if open_ended else words)
        assert text.startswith(released)
        assert not has_phrase(heard(released))
        if guard.denied:
            return
    rest = guard.close()
    assert guard.denied == has_phrase(heard(text))
    assert guard.denied or released + rest == text


def test_composed_letters_and_long_letters():
    assert denies("résumé", "RE\u0301SUME\u0301")
    assert denies("straße", "STRASSE")
    assert denies("없어요", "네 없어요.")
    assert not denies("없어", "없었어")


def denies(phrase, text):
    guard = PatternGuard([phrase])
    guard.feed(text)
    guard.close()
    return guard.denied


def test_linear_in_hostile_text():
    guard = PatternGuard(["a " * 500 + "b", "a a " * 200 + "c"])
    released = "".join(guard.feed("a " * 50) for _ in range(100))
    assert len(released) == 10_000 - 1_000


def test_temperatures_rise_to_the_cap():
    plan = RetryPlan()
    assert [plan.temperature(i) for i in range(3)] == [0.5, 0.75, 1.125]
    assert RetryPlan(cap=1.0).temperature(2) == 1.0
    assert plan.temperature(10**9) == plan.cap
    assert [plan.gives_up(n) for n in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    "answer",
    [
        '{"class": "denial"}',
        "```json\n{'class': 'Denial', 'reason': 'it refuses'}\n```",
        'The answer: {"reason": "a {brace}", "class": "denial"} I hope it helps.',
        "{class: denial}",
        '{"class": "denial"',
        '{"Class": ["denial", "other"]}',
        "denial",
        " 'Denial'. ",
    ],
)
def test_a_denial_class_however_it_is_written(answer):
    assert denied_class(answer, ["denial", "refusal"])


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ('{"class": "fine"}', True),
        ('Here: {"class": ["fine"]}', True),
        ("fine", True),
        ("Not a denial.", True),
        ("", False),
        ('{"class": null}', False),
        ('{"verdict": "fine"}', False),
        ("I think that this is no denial.", False),
        ("{" * 9_000, False),
    ],
)
def test_whether_an_answer_names_a_class(answer: str, named: bool) -> None:
    assert names_class(answer) is named


@pytest.mark.parametrize(
    "answer", ['{"class": "fine"}', "", "no denial here", '{"class": null}', "{" * 9_000, '{"a":' * 9_000]
)
def test_everything_else_is_no_denial(answer):
    assert not denied_class(answer, ["denial"])


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("I can't help", "Iㅤcan'tㅤhelp"),
        ("I can't help", "Iᅟcan'tᅟhelp"),
        ("I can't help", "Iﾠcan'tﾠhelp"),
        ("I can't help", "I canᅟ't help"),
        ("I can't help", "I canㅤ'tㅤhelp"),
        ("I cannot help", "I <!-- x --> cannot help"),
        ("I cannot help", "I<!-- x -->cannot help"),
        ("I cannot help", "I can<!-- -->not help"),
        ("I cannot help", "I <b>cannot help"),
        ("I cannot help", "I cannot</b> help"),
        ("I cannot help", "I</p>cannot help"),
        ("I cannot help", "I<b>cannot</b>help"),
        ("I cannot help", "I can<wbr>not help"),
        ("I cannot help", "I can<b></b>not help"),
        ("I can't help", "I can&amp;#39;t help"),
        ("I can't help", "I can&amp;rsquo;t help"),
        ("I can't help", "I can&amp;amp;#39;t help"),
        ("I can't help", "I can&#x27;t help"),
        ("I can't help", "I&amp;nbsp;can't help"),
        ("as an AI", "I speak as an AI's voice"),
        ("as an AI", "as an AI’s voice"),
        ("as an AI", "as an AI™ model"),
        ("as an AI", "as an AI® model"),
        ("as an AI", "as an <b>A</b>I"),
        ("as an AI", "as an AI-model"),
        ("as an AI", "as an AI/model"),
        ("as an AI", "as an\nAI"),
        ("as an AI", "as an AI."),
        ("as an AI", "as an A. I."),
        ("as an AI", "as an A.I.'s"),
        ("as an AI", "as an 🅰🅸"),
        ("as an AI", "as an Ⓐⓘ"),
        ("as an AI", "as an 𝐀𝐈"),
        ("as an AI", "as an ΑΙ"),
        ("as an AI", "аs аn АI"),
        ("as an AI", "a\xads an A\xadI"),
        ("as an AI", "as an [AI](http://x)"),
        ("as an AI", 'as an [AI](https://x.y "title")'),
        ("an AI model", 'an [AI](https://x.y "title") model'),
        ("an AI model", "an [AI](https://x.y 'a (title)') model"),
        ("an AI model", 'an [AI](https://x.y "a [title]") model'),
        ("an AI model", "an [AI](<https://x.y> (title)) model"),
        ("an AI model", "an [AI](https://x.y/a_(b)) model"),
        ("an AI model", "an [AI][1] model"),
        ("an AI model", "an [AI][link-1] model"),
        ("an AI model", "an [AI][] model"),
        ("an AI", "an [AI][1]"),
        ("I cannot", "[I][cannot] go"),
        ("I cannot", "I&#8203;cannot"),
        ("I cannot", "I can&#8203;not"),
        ("I cannot", "I\u200bcannot"),
        ("I cannot", "I&ZeroWidthSpace;cannot"),
        ("as an AI", "as an `AI`"),
        ("as an AI", "as_an_AI"),
        ("as an AI", "as+an+AI"),
        ("as an AI", "as an &#65;&#73;"),
        ("as an AI", "as an A\u2009I"),
        ("I cannot", "I can not"),
        ("AI language model", "AI-language-model"),
        ("as an AI", "as an <span class='x'>AI</span>"),
        ("as an AI", "as an A<sub>I</sub>"),
        ("as an AI", "as an ᴀɪ"),
        ("as an AI", "ɑs ɑn AI"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_more_disguises(phrase: str, text: str, size: int) -> None:
    guard = PatternGuard([phrase])
    released = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size)) + guard.close()
    assert guard.denied
    assert text.startswith(released)
    assert symbols_of(phrase) not in symbols_of(released)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("I can", "I can't go."),
        ("AI", "He's aimless; said AIDS."),
        ("no", "Noo's nos knows"),
        ("I am", "I'm here"),
        ("bot", "bots and bottles"),
        ("cat", "the cats sat"),
        ("I cannot", "I cannotate"),
        ("as an AI", "as an aisle"),
        ("he", "The hen's here; she"),
        ("language model", "Language models are large."),
    ],
)
def test_more_harmless_sentences(phrase: str, text: str) -> None:
    assert not denies(phrase, text)


@pytest.mark.parametrize("unit", ['](" ', '"](', "[a](b 'c' \"[", "][a-", '](x "]['])
def test_links_that_never_end_cost_linear_time(unit: str) -> None:
    def cost_s(count: int) -> float:
        began_s = time.process_time()
        PatternGuard(["as an AI"]).feed(unit * count)
        return time.process_time() - began_s

    assert min(cost_s(4_000) for _ in range(2)) < 10 * min(cost_s(1_000) for _ in range(2)) + 0.01


def test_marks_that_may_part_words_cost_linear_time() -> None:
    guard = PatternGuard(["a " * 100 + "b", "aa " * 100 + "c"])
    assert guard.feed("a\u3164a<b>" * 2_000) + guard.close() == "a\u3164a<b>" * 2_000
    assert len(guard._states) <= 8


@pytest.mark.parametrize(
    "text",
    [
        "Plan A: I go.", "Plan A, I go.", "Plan A. I go.", "Plan A; I go.", "Plan A\nI go.", "Plan A! I go.",
        "Plan A (I go).",
        "Plan A - I go.", "Plan A — I go.", "Vitamin A? I do.", "Grade A… I knew.", "Plan A<br>I go.",
        "Platform A / I think",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_letters_that_a_sentence_parts_are_no_acronym(text: str, size: int) -> None:
    guard = PatternGuard(["AI"])
    said = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert (said + guard.close(), guard.denied) == (text, False)


@pytest.mark.parametrize(
    "text",
    [
        "An A.I. here", "An A I here", "An A-I here", "An A·I here", "An A\u00a0I here", "An A<b>I</b> here",
        "An ᎪI here", "An Ꭺ.Ꭵ. here", "An ꓮꓲ here", "An ΑΙ here", "An А.І. here", "An AІ here", "An ⲀⲒ here",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_an_acronym_in_disguise(text: str, size: int) -> None:
    guard = PatternGuard(["AI"])
    for at in range(0, len(text), size):
        guard.feed(text[at : at + size])
    guard.close()
    assert guard.denied


@pytest.mark.parametrize("text", ["I ꓚꓮꓠꓠꓳꓔ do that", "I ᏟᎪNNOᎢ do that", "I ⲤⲀⲚⲚⲞⲦ do that", "I cаոոοt do that"])
def test_words_of_letters_of_other_scripts(text: str) -> None:
    guard = PatternGuard(["I cannot"])
    guard.feed(text)
    assert guard.denied


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("as an AI", "As an A, I passed."),
        ("as an AI", "As an A: I passed."),
        ("as an AI", "As an A; I passed."),
        ("as an AI", "As an A! I passed."),
        ("as an AI", "As an A - I passed."),
        ("as an AI", "As an A (I passed)."),
        ("as an AI", "As an A\nI passed."),
        ("an AI model", "Not an A, I model hats."),
        ("I use AI", "I use A, I guess."),
        ("the US army", "the U, S army"),
        ("well", "We'll go."),
        ("were", "We’re here."),
        ("ill", "I'll go."),
        ("hell", "He&#39;ll go."),
        ("wed", "we'd go"),
        ("its", "It's fine."),
        ("shed", "She'd go."),
        ("I am ill", "I am I'll"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_words_that_only_have_the_letters_of_a_phrase_pass(phrase: str, text: str, size: int) -> None:
    guard = PatternGuard([phrase])
    said = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size)) + guard.close()
    assert (said, guard.denied) == (text, False)


@pytest.mark.parametrize(
    ("phrases", "text"),
    [
        (["well"], "Well, no."), (["ill"], "I am ill."), (["we'll"], "Well, we'll see."),
        (["well", "we'll"], "We'll see."),
        (["cant"], "I can't."), (["its"], "its own"), (["as an AI"], "as an A.I. and"),
        (["hell"], "What the *hell*?"),
    ],
)  # fmt: skip
def test_words_that_are_a_phrase_are_denied(phrases: list[str], text: str) -> None:
    guard = PatternGuard(phrases)
    guard.feed(text)
    guard.close()
    assert guard.denied
