import time

import pytest

from voi.text.language import AUTO, LANGUAGES, Spoken, likeliest, script_of

SENTENCES = {
    "en": ("I don't know yet.", "What would you like to eat?", "Take the second street on the left."),
    "de": ("Das weiß ich noch nicht.", "Was möchten Sie essen?", "Nehmen Sie die zweite Straße links."),
    "fr": ("Je ne sais pas encore.", "Qu'est-ce que vous voulez manger ?", "Prenez la deuxième rue à gauche."),
    "es": ("Todavía no lo sé.", "¿Qué quieres comer hoy?", "Tome la segunda calle a la izquierda."),
    "it": ("Non lo so ancora.", "Che cosa vuoi mangiare?", "Prenda la seconda strada a sinistra."),
    "pt": ("Ainda não sei, desculpe.", "O que você quer comer?", "Pegue a segunda rua à esquerda."),
    "pl": ("Jeszcze tego nie wiem.", "Co chcesz zjeść dzisiaj?", "Skręć w drugą ulicę w lewo."),
    "tr": ("Henüz bilmiyorum.", "Bugün ne yemek istersin?", "Soldaki ikinci sokağa girin."),
    "nl": ("Ik weet het nog niet.", "Wat wil je vandaag eten?", "Neem de tweede straat links."),
    "cs": ("To ještě nevím.", "Co byste si dal k jídlu?", "Druhou ulicí doleva, prosím."),
    "hu": ("Még nem tudom.", "Mit szeretnél ma enni?", "A második utcán forduljon balra."),
    "ru": ("Пока не знаю.", "Что вы хотите есть?", "Вторая улица налево."),
    "ar": ("لا أعرف بعد.", "ماذا تريد أن تأكل؟", "الشارع الثاني على اليسار."),
    "hi": ("मुझे अभी नहीं पता।", "आप क्या खाना चाहेंगे?", "बाईं ओर दूसरी सड़क लें।"),
    "zh": ("我还不知道。", "你想吃什么？", "左边第二条街。"),
    "ja": ("まだ分かりません。", "何を食べたいですか？", "二番目の通りを左です。"),
    "ko": ("아직 모르겠어요.", "무엇을 드시고 싶으세요?", "왼쪽 두 번째 거리로 가세요."),
}
NO_TELL = (
    "OK.",
    "Okay!",
    "No.",
    "Hm…",
    "…",
    "42",
    "🎉",
    "Hotel Berlin.",
    "WhatsApp.",
    "Paris, London, New York.",
    "Super!",
)


@pytest.fixture(autouse=True)
def _detector() -> None:
    pytest.importorskip("py3langid")


def test_all_are_asked() -> None:
    assert set(SENTENCES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_keep_and_change_the_language(language: str) -> None:
    for text in SENTENCES[language]:
        assert likeliest(text, language) == language
    wrong = [(present, text) for present in LANGUAGES for text in SENTENCES[language]
             if likeliest(text, present) != language]  # fmt: skip
    assert len(wrong) <= 3, wrong  # of 51


@pytest.mark.parametrize("text", NO_TELL)
def test_what_tells_nothing_changes_nothing(text: str) -> None:
    assert [likeliest(text, present) for present in LANGUAGES] == list(LANGUAGES)


def test_a_reply_follows_its_sentences() -> None:
    spoken = Spoken(AUTO, "en")
    said = ["OK.", "Je ne sais pas encore.", "OK.", "Super!", "Paris.", "Let me check that for you.", "Merci."]
    assert [spoken.of(text) for text in said] == ["en", "fr", "fr", "fr", "fr", "en", "en"]


def test_the_answer_is_in_the_language_of_the_question() -> None:
    spoken = Spoken(AUTO, "en")
    spoken.hear("Können Sie mir bitte helfen?")
    assert spoken.of("OK.") == "de"


def test_a_language_that_was_named_stays() -> None:
    assert Spoken("de-AT").of("This is English, after all.") == "de-AT"
    assert Spoken(None, "fr").of("This is English, after all.") == "fr"
    assert Spoken(None, AUTO).of("Das ist doch wohl Deutsch.") == "de"


def test_a_dialect_is_kept() -> None:
    assert likeliest("What would you like to eat?", "en-GB") == "en-GB"
    assert likeliest("你想吃什么？", "zh-CN") == "zh-CN"
    assert likeliest("Ще не знаю.", "uk") == "uk"


def test_scripts() -> None:
    assert script_of("12!") is None
    assert script_of("我喜欢 Python 语言") == "zh"
    assert script_of("東京タワー") == "ja"
    assert script_of("The word привет means hello.") == "Latin"
    assert script_of("\u202e\u0301\ud800") is None


@pytest.mark.parametrize("text", ["\ud800\x00", "a" * 100_000, "\u0301" * 9_999, "ﷺ", "1" * 50_000, "é\u200d" * 500])
def test_hostile_text_is_quick_and_harmless(text: str) -> None:
    likeliest("warm", "en")
    began_s = time.perf_counter()
    assert likeliest(text, "en") in LANGUAGES
    assert time.perf_counter() - began_s < 0.05
