"""Sentences end where the language ends them: its abbreviations and its ordinals do not cut."""

import re

import pytest

from voi.core.sentence_rules import rules_of
from voi.core.sentences import Cutter
from voi.text.tables import KNOWN, language_of

TOKEN = re.compile(r"[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+|.", re.DOTALL)


def cut(text: str, language: str) -> list[str]:
    cutter = Cutter(language)
    return [piece.strip() for token in TOKEN.findall(text) for piece in cutter.feed(token)] + [
        piece.strip() for piece in cutter.close()
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir treffen uns am 3. Mai in Berlin."),
        ("de", "Das Büro ist im 2. Stock links."),
        ("de", "Der 1. FC Köln hat gewonnen."),
        ("de", "Im 20. Jahrhundert war das so."),
        ("de", "Heute ist der 24. Dezember und morgen der 1. Feiertag."),
        ("de", "Das kostet inkl. Mehrwertsteuer 5 Mio. Euro bzw. Dollar."),
        ("de", "Nehmen Sie z. B. Äpfel oder d. h. Birnen mit."),
        ("cs", "Je to ve 2. patře vlevo."),
        ("cs", "Sejdeme se 3. května v Praze."),
        ("sk", "Je to na 2. poschodí vľavo."),
        ("da", "Den 3. maj er vi der."),
        ("no", "Det er i 2. etasje her."),
        ("fi", "Tapaamme 3. toukokuuta klo kuusi."),
        ("hu", "A 2. emeleten van május 3. napján."),
        ("tr", "Toplantı 3. katta yapılacak."),
        ("hr", "Vidimo se 3. svibnja u Zagrebu."),
        ("pl", "To jest na 2. piętrze w domu."),
        ("pl", "Było tam 5 tys. osób z całej Polski."),
        ("es", "La Dra. García y el Sr. López van a EE. UU. mañana."),
        ("es", "Vea la pág. 3 y aprox. diez más."),
        ("fr", "M. Dupont habite env. Paris depuis longtemps."),
        ("nl", "Neem bijv. Amsterdam of dhr. Jansen mee."),
        ("ru", "Это г. Москва и т.е. центр города."),
        ("it", "Il sig. Rossi e la dott.ssa Bianchi sono qui."),
        ("pt", "O Sr. Silva mora na av. Paulista hoje."),
        ("hi", "डॉ. राव यहाँ हैं"),
        ("en", "It is 5 p.m. EST in New York."),
        ("en-GB", "Ask Dr. Smith of St. Ives about it."),
    ],
)
def test_one_sentence_stays_one(language: str, text: str) -> None:
    assert len([piece for piece in cut(text.replace(",", ""), language) if piece]) == 1


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("de", "Wir öffnen um 9. Danach geht es los.", ["Wir öffnen um 9.", "Danach geht es los."]),
        ("de", "Äpfel, Birnen usw. Dann gehen wir.", ["Äpfel, Birnen usw.", "Dann gehen wir."]),
        ("de", "Es dauert 5 Min. Bitte warten Sie.", ["Es dauert 5 Min.", "Bitte warten Sie."]),
        ("cs", "Máme jich 5. Potom jdeme domů.", ["Máme jich 5.", "Potom jdeme domů."]),
        ("es", "Vive en EE. UU. El clima es bueno.", ["Vive en EE. UU.", "El clima es bueno."]),
        ("fr", "Des pommes, etc. Voilà la fin.", ["Des pommes, etc.", "Voilà la fin."]),
        ("en", "Call ext. 12. Then please wait.", ["Call ext. 12.", "Then please wait."]),
        ("en", "It is 5 p.m. EST. Come now, please.", ["It is 5 p.m. EST.", "Come now, please."]),
        ("xx", "Use a tool, e.g. a hammer. Then go on.", ["Use a tool, e.g. a hammer.", "Then go on."]),
    ],
)
def test_two_sentences_are_two(language: str, text: str, pieces: list[str]) -> None:
    assert cut(text, language) == pieces


@pytest.mark.parametrize("language", KNOWN)
def test_what_something_always_follows_never_ends_a_sentence(language: str) -> None:
    table = language_of(language)
    assert table is not None
    for short in table.before:
        if short.endswith("."):
            assert len(cut(f"Und es so {short} Abcdefg hijk", language)) == 1, short


@pytest.mark.parametrize("language", KNOWN)
def test_no_abbreviation_of_the_tables_ends_a_sentence_before_a_small_letter(language: str) -> None:
    table = language_of(language)
    assert table is not None
    for short in table.before | table.ending:
        if short.endswith("."):
            assert len(cut(f"Und es so {short} abcdefg hijk", language)) == 1, short


def test_rules_are_made_once() -> None:
    assert rules_of("de-AT") is rules_of("de-AT")
    assert rules_of("zz").never == rules_of("zz-ZZ").never
