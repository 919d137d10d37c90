import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.core.turn_text import completeness, is_backchannel


def judged(text: str) -> float:
    """Completeness of a text of which it can be told."""
    found = completeness(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "And so, my fellow Americans,",
        "I want to go and",
        "I want to go and.",
        "I was thinking about the",
        "It was because",
        "um",
        "Well, uh",
        "I would like to",
        "She went to the",
        "My name is",
        "So I'm",
        "I was wondering...",
        "What I mean is—",
        "Ich möchte ein Bier und",
        "Je voudrais un café et",
        "我想说的是，",
        "But",
        "Ich hätte gern einen",
        "Das ist für meinen",
        "Je cherche une",
        "C'est pour mon",
        "Quiero hablar con el",
        "Vorrei prenotare una stanza per",
        "Eu queria falar com",
        "Chciałbym, ponieważ",
        "Ik wil graag een",
        "Bir kahve ve",
        "Chtěl bych, protože",
        "Szeretnék egy kávét és",
        "Я хочу поехать в",
        "أريد أن أذهب إلى",
        "मुझे चाय और",
        "我想要一杯咖啡和",
        "コーヒーを",
        "커피를",
    ],
)
def test_plainly_unfinished(text):
    assert judged(text) <= 0.25


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "no", "Thanks!", "stop", "hello", "Good morning", "Okay, thanks.", "What time is it?",
        "Where are you from?", "Sounds good.", "I think so", "Yes I am", "danke", "Merci beaucoup.", "हाँ", "好的",
        "¿Qué hora es?", "今天天气怎么样？",
        "こんにちは。",
    ],
)  # fmt: skip
def test_plainly_finished(text):
    assert judged(text) >= 0.85


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "...",
        "the weather is nice today",
        "where are you from",
        "I don't want to",
        "I bought a car",
        "Ich komme gleich",
        "je viens demain",
        "no lo tengo",
        "vou amanhã",
        "jutro",
        "morgen misschien",
        "yarın gelirim",
        "завтра",
        "غدا",
        "कल आऊँगा",
        "明天去",
        "明日行きます",
        "내일 가요",
    ],
)
def test_cannot_tell(text):
    assert completeness(text) is None


def test_a_full_stop_counts_for_little():
    assert 0.25 < judged("The weather is nice today.") < 0.85
    assert 0.25 < judged("If you want.") < 0.5
    assert 0.25 < judged("I saw two men.") < 0.85


@pytest.mark.parametrize(
    "text",
    ["mhm", "Uh-huh.", "yeah", "OK, right", "I see.", "Yeah, I see", "Mm-hmm", "ok ok ok", "hm", "genau", "Ja, ja.",
     "Oui, d'accord", "claro", "うん", "そうですね。", "嗯嗯", "हाँ जी", "네"],
)  # fmt: skip
def test_backchannels(text):
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    ["", "no", "No, no.", "stop", "wait", "what?", "really?", "yeah but listen", "ok stop", "I see a dog", "right now",
     "yes please tell me more about it", "nein", "stop it", "hold on", "yes yes yes yes yes"],
)  # fmt: skip
def test_interruptions(text):
    assert not is_backchannel(text)


@given(st.text(max_size=80))
def test_anything_may_be_said(text):
    score = completeness(text)
    assert score is None or 0 <= score <= 1
    assert is_backchannel(text) in (True, False)
