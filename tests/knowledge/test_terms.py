"""The terms by which texts are found, in all languages that Voi speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.knowledge.terms import WORD_MAX_LETTERS, compound_terms, folded, query_terms, terms


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("when do you open", "Opening hours: 9 to 18"),
        ("Wann öffnet ihr", "ÖFFNETE"),
        ("strasse", "Straße"),
        ("les hôtels", "l'hôtel"),
        ("otwarte", "Otwarcie"),
        ("otevřená knihovna", "knihovny"),
        ("könyvtárban", "könyvtár"),
        ("kütüphanede", "KÜTÜPHANE"),
        ("ISTANBUL", "İstanbul'da"),
        ("библиотеки", "Библиотека"),
        ("في المكتبة", "مكتبة"),
        ("الأسعار", "أسعار"),
        ("पुस्तकालय कब खुलता है", "पुस्तकालय"),
        ("图书馆几点开门", "开门时间"),
        ("図書館はいつ開きますか", "図書館"),
        ("도서관이 언제 열어요", "도서관은"),
        ("ห้องสมุดเปิดกี่โมง", "ห้องสมุด"),
        ("茶", "红茶"),
        ("plan B12", "Plan b12."),
        ("ＶＯＩ", "voi"),
    ],
)
def test_what_is_said_finds_what_is_written(said: str, written: str) -> None:
    assert set(query_terms(said)) & set(terms(written))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Parkplatz", "Besucherparkplätze"),
        ("Schulkinder", "für Kinder"),
        ("geöffnet", "Öffnungszeiten"),
        ("parkeren", "bezoekersparkeerplaats"),
        ("kirja", "lastenkirjat"),
        ("bókasafn", "safn"),
    ],
)
def test_compounds_find_their_parts_and_parts_their_compounds(said: str, written: str) -> None:
    assert set(compound_terms(said)) & set(terms(written))
    assert not set(query_terms(said)) & set(terms(written))


@pytest.mark.parametrize(("one", "other"), [("कि", "का"), ("है", "हो"), ("は", "ば"), ("100", "1000"), ("cat", "car")])
def test_different_words_stay_different(one: str, other: str) -> None:
    assert not set(query_terms(one)) & set(terms(other))


@given(st.text(max_size=300))
def test_terms_are_safe_for_the_index_and_a_question_finds_its_own_text(text: str) -> None:
    found = list(terms(text))
    asked = list(compound_terms(text))
    assert all(0 < len(term) <= WORD_MAX_LETTERS + 1 for _, term in found + asked)
    assert not any(char.isspace() or char in '"\0' for _, term in found + asked for char in term)
    assert set(query_terms(text)) <= set(found)


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing_that_is_searched(text: str) -> None:
    assert list(terms(folded(text))) == list(terms(folded(folded(text))))
