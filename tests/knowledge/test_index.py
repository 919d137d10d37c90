"""What is found by words, in the languages that Voi speaks."""

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.knowledge.index import Passage, PassageIndex, write_index

TEXTS = {
    "en.md": "The library opens at nine and closes at six. Dogs must stay outside.",
    "de.md": "Die Bücherei ist montags geschlossen. Ein Ausweis kostet zwölf Euro im Jahr.",
    "fr.md": "La bibliothèque est ouverte de neuf heures à dix-huit heures.",
    "es.md": "La biblioteca cierra los domingos y festivos.",
    "pl.md": "Biblioteka jest zamknięta w niedzielę. Karta kosztuje dwanaście euro.",
    "hu.md": "A könyvtár vasárnap zárva tart.",
    "tr.md": "Kütüphane pazar günleri kapalıdır.",
    "ru.md": "Библиотека закрыта по воскресеньям.",
    "ar.md": "المكتبة مغلقة يوم الأحد والأعياد.",
    "hi.md": "पुस्तकालय रविवार को बंद रहता है।",
    "zh.md": "图书馆星期天不开门,办卡每年十二欧元。",
    "ja.md": "図書館は日曜日に休みです。会員証は年間十二ユーロです。",
    "ko.md": "도서관은 일요일에 문을 닫습니다.",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PassageIndex:
    path = tmp_path_factory.mktemp("index") / "index.sqlite"
    assert write_index(path, (Passage(name, "", text) for name, text in TEXTS.items())) == len(TEXTS)
    return PassageIndex(path)


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("excuse me, when does the library close", "en.md"),
        ("may I bring my dog", "en.md"),
        ("was kostet so ein Ausweis", "de.md"),
        ("habt ihr am Montag offen", "de.md"),
        ("a quelle heure ouvrez-vous la bibliotheque", "fr.md"),
        ("abre la biblioteca el domingo", "es.md"),
        ("ile kosztuje karta", "pl.md"),
        ("nyitva van a könyvtárak vasárnaponként", "hu.md"),
        ("kütüphane pazar açık mı", "tr.md"),
        ("работает ли библиотека в воскресенье", "ru.md"),
        ("هل مكتبة مفتوحة الأحد", "ar.md"),
        ("क्या पुस्तकालय रविवार को खुला है", "hi.md"),
        ("图书馆星期天开吗", "zh.md"),
        ("日曜日は図書館が開いていますか", "ja.md"),
        ("일요일에 도서관 열어요", "ko.md"),
    ],
)
def test_the_right_text_is_the_first(index: PassageIndex, said: str, file: str) -> None:
    assert index.passages(index.search(said, 3))[0].source == file


@given(st.text(max_size=100))
def test_any_words_may_be_asked(index: PassageIndex, said: str) -> None:
    found = index.search(said, 5)
    assert len(found) <= 5
    assert found == index.search(said, 5)


@pytest.mark.parametrize("said", ["", '" OR "a', "NEAR(a b)", "terms:x", "*", "a\0b", "-x", "zzzz qqqq", "x" * 100_000])
def test_what_means_something_to_sqlite_means_nothing_here(index: PassageIndex, said: str) -> None:
    index.search(said, 5)


def test_a_word_that_stands_everywhere_tells_nothing(tmp_path: Path) -> None:
    texts = [f"Please note: number{n} is here." for n in range(40)]
    write_index(tmp_path / "i.sqlite", (Passage("a.md", "", text) for text in texts))
    index = PassageIndex(tmp_path / "i.sqlite")
    assert index.search("please note", 5) == []
    assert index.search("please note number7", 5)[0] == 8


def test_searches_of_many_threads_at_once(index: PassageIndex) -> None:
    alone = index.search("library dog Ausweis", 5)
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.extend(index.search("library dog Ausweis", 5) for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 160


def test_sources_and_passages(index: PassageIndex) -> None:
    assert index.count == len(TEXTS)
    assert {name: size for name, _, size in index.sources()} == {n: len(t) for n, t in TEXTS.items()}
    assert [each.words for each in index.every_passage()] == list(TEXTS.values())
    assert index.passages([99, 1]) == [Passage("en.md", "", TEXTS["en.md"])]


def test_other_files_are_no_index(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite").write_bytes(b"no" * 1_000)
    with sqlite3.connect(tmp_path / "old.sqlite") as connection:
        connection.executescript(
            "create table about (format integer, passages integer); insert into about values (0, 0)"
        )
        connection.executescript("create virtual table search using fts5(terms)")
    connection.close()
    for name in ("missing.sqlite", "no.sqlite", "old.sqlite"):
        with pytest.raises(OSError, match=name):
            PassageIndex(tmp_path / name)
