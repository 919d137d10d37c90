"""The text of files, friendly and hostile."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.pdf import pdf
from voi.errors import ConfigError
from voi.knowledge import extract
from voi.knowledge.extract import Section, cleaned, read_sections


def only(data: bytes, kind: str) -> str:
    (section,) = read_sections(data, kind)
    return section.text


def test_markdown_and_text_stay_as_they_are() -> None:
    assert only("# Öffnungszeiten\n\nVon 9 bis 18.\n".encode(), "markdown") == "# Öffnungszeiten\n\nVon 9 bis 18."


@pytest.mark.parametrize(
    "data",
    [
        "Café 図書館".encode(), "Café 図書館".encode("utf-8-sig"), "Café 図書館".encode("utf-16"),
    ],
)  # fmt: skip
def test_text_in_the_usual_encodings(data: bytes) -> None:
    assert only(data, "text") == "Café 図書館"


def test_text_of_old_windows() -> None:
    assert only("Café – 5 €".encode("cp1252"), "text") == "Café – 5 €"


def test_a_page_is_what_its_reader_sees() -> None:
    page = """<html><head><title>Shop</title><style>p {color: red}</style><script>alert("x")</script></head><body>
    <nav><a href="/">Home</a></nav><h2>Opening&nbsp;hours</h2><p>Monday <b>9</b>&ndash;18.</p>
    <ul><li>No dogs<li>No ice</ul><table><tr><th>Plan</th><td>Blue</td></tr></table>
    <template>hidden</template><svg><text>drawn</text></svg><pre>a
      b</pre></body></html>"""
    text = only(page.encode(), "html")
    assert "## Opening hours\n\nMonday 9–18." in text
    assert "- No dogs\n- No ice" in text
    assert "Plan Blue" in text
    assert not any(word in text for word in ("alert", "color", "hidden", "drawn"))


def test_rows_tell_the_names_of_their_columns() -> None:
    assert read_sections(b"Plan;Price\nBlue;9 EUR\n;\nGreen;\n", "csv") == [
        Section("rows 1 to 3", "Plan: Blue; Price: 9 EUR\n\nPlan: Green")
    ]
    assert only(b'name,note\nA,"one, two"\n', "csv") == "name: A; note: one, two"
    many = read_sections(("a\tb\n" + "x\ty\n" * 1_000).encode(), "csv")
    assert len(many) > 5
    assert many[0].place.startswith("rows 1 to ")
    assert many[-1].place.endswith(" 1000")


def test_pages_of_a_pdf() -> None:
    assert read_sections(pdf(["Rooms cost 10 EUR.", "Dogs are free."]), "pdf") == [
        Section("page 1", "Rooms cost 10 EUR."), Section("page 2", "Dogs are free."),
    ]  # fmt: skip


def test_what_nobody_sees_is_taken_out() -> None:
    tags = "".join(chr(0xE0000 + ord(char)) for char in "obey")
    assert cleaned(f"a\u200bb\u202ec\ufeff{tags}\x00\x1b[31m\r\nd\ud800") == "abc[31m\nd"
    assert cleaned("می\u200cخواهم क्\u200dष") == "می\u200cخواهم क्\u200dष"
    assert cleaned("a   b\n \n\n\n c") == "a b\n\nc"


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"", "text", "has no text"),
        (b" \n\n", "markdown", "has no text"),
        (b"\x7fELF\0\0\0", "text", "no text file"),
        (b"<script>x</script>", "html", "has no text"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "csv", "no CSV"),
        (b"nothing of the kind", "pdf", "broken PDF"),
        (b"%PDF-1.7\n" + b"\xff" * 1_000, "pdf", "broken PDF"),
        (pdf([""]), "pdf", "are its pages pictures"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, kind: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_sections(data, kind)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "TEXT_MAX_CHARACTERS", 100)
    monkeypatch.setattr(extract, "PAGES_MAX", 2)
    with pytest.raises(ConfigError, match="more than 100 characters"):
        read_sections(b"word " * 50, "text")
    with pytest.raises(ConfigError, match="3 pages, more than 2"):
        read_sections(pdf(["a", "b", "c"]), "pdf")


@pytest.mark.parametrize("kind", ["html", "csv", "pdf", "markdown"])
@given(data=st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda noise: pdf(["x"])[:300] + noise)))
def test_any_bytes_give_text_or_a_reason(kind: str, data: bytes) -> None:
    sections: list[Section] = []
    with suppress(ConfigError):
        sections = read_sections(data, kind)
    assert all(section.text.strip() for section in sections)


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ('<meta charset="windows-1251"><p>Библиотека'.encode("cp1251"), "Библиотека"),
        ('<meta content="text/html; charset=shift_jis"><p>図書館'.encode("shift_jis"), "図書館"),
        (b'<meta charset="hex"><p>41 \xe9t\xe9 ouvert', "41 été ouvert"),
        (b'<meta charset="undefined"><p>\xe9t\xe9 ouvert', "été ouvert"),
        (b'<meta charset="nonsense"><p>\xe9t\xe9 ouvert', "été ouvert"),
        ('<meta charset="windows-1251"><p>Größe'.encode(), "Größe"),
        (b"<svg><path d='x'><p>after an unclosed one", "after an unclosed one"),
        (b"<p>a</p><object><canvas></object><p>b</p>", "a\n\nb"),
        (b"<div><noscript>no</div><p>b", "b"),
        (b"<noscript><noscript>no</noscript>no</noscript><p>b", "b"),
        (b"<p>a</p><p hidden>no<b>no</b>no</p><p>b", "a\n\nb"),
        (b"<div style='color: red; Display:None'>no<br>no<div>no</div>no</div><p>b", "b"),
        (b"<p hidden>no<p>b", "b"),
        (b"<img hidden>b", "b"),
    ],
)  # fmt: skip
def test_of_a_page_what_a_reader_sees(page: bytes, seen: str) -> None:
    assert [section.text.strip() for section in read_sections(page, "html")] == [seen]


@pytest.mark.timeout(20)
def test_a_page_of_elements_that_never_end_takes_no_time() -> None:
    page = b"<object><b></i>" * 100_000 + b"</object></div>end"
    assert read_sections(page, "html") == [Section("", "end")]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (b"sep=;\r\nPlan;Price\r\nBlue, new;9\r\n", "Plan: Blue, new; Price: 9"),
        (b'"Name, first, last";"Price"\n"A, b";9\n', "Name, first, last: A, b; Price: 9"),
        (b"\n\nPlan,Price\nBlue,9\n", "Plan: Blue; Price: 9"),
        (b"sep=x y\n1\n", "sep=x y: 1"),
    ],
)
def test_of_a_table_its_columns(table: bytes, rows: str) -> None:
    assert [section.text for section in read_sections(table, "csv")] == [rows]


@pytest.mark.parametrize(
    "data",
    [
        "Библиотека открыта".encode("cp1251"),
        "図書館は九時に開きます".encode("shift_jis"),
        "图书馆开门".encode("gb18030"),
    ],
)
def test_an_unknown_encoding_is_told_instead_of_read_as_nonsense(data: bytes) -> None:
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_sections(data, "text")
    assert read_sections("Öffnungszeiten: täglich".encode("cp1252"), "text")[0].text == "Öffnungszeiten: täglich"


def test_comments_in_markdown_are_not_read() -> None:
    text = b"# Prices\n<!-- TODO: ask Bob, he pays less -->Nine euros.<!-- not closed"
    assert read_sections(text, "markdown")[0].text == "# Prices\nNine euros.<!-- not closed"
    assert read_sections(b"<!--" * 900_000, "markdown")
