"""The text of a file: Markdown, plain text, HTML, CSV, PDF. Files are untrusted: this runs in a process of its own,
with limits on time and memory (`build.py`). What comes out is bounded, too.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

from voi.config.knowledge import FileKind
from voi.errors import ConfigError
from voi.knowledge.passages import PASSAGE_MAX_CHARACTERS

TEXT_MAX_CHARACTERS = 4_000_000
"""Text of one file: two thousand pages."""
PAGES_MAX = 2_000
UNKNOWN_ENCODING = "is in an encoding that is not known; save it as UTF-8"
LETTERS_MAX = 10_000
"""How much of a text tells in which encoding it is."""
CELL_MAX_CHARACTERS = 100_000
COLUMNS_MAX = 500

_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n ?(?:\n ?)+")
_JOINERS = "\u200c\u200d"
"""Invisible characters that Persian and Indian scripts need. All others may hide text from its author."""
_TITLES = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_BLOCKS = _TITLES.keys() | {
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "form", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "thead", "title", "tr",
    "ul",
}  # fmt: skip
_EMPTY = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
"""Elements without an end."""
_FOREIGN = frozenset({"svg", "math"})
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta\b[^>]{0,500}?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_CHARSET_WITHIN_BYTES = 4_096
_QUOTED = re.compile(r'"[^"]*"')
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "canvas"})


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a file with a name of its own: `place` is "page 3", or "" for the whole."""

    place: str
    text: str


def read_sections(data: bytes, kind: FileKind) -> list[Section]:
    """The file's text. Raises ConfigError, whose words follow the file's name, for one that cannot be read or is too
    long."""
    match kind:
        case "pdf":
            sections = _pdf(data)
        case "csv":
            sections = _csv(_decoded(data))
        case "html":
            sections = iter([Section("", _html(_decoded(data, _charset_of(data))))])
        case "markdown":
            sections = iter([Section("", _without_comments(_decoded(data)))])
        case _:
            sections = iter([Section("", _decoded(data))])
    found, characters = [], 0
    for section in sections:
        text = cleaned(section.text)
        characters += len(text)
        if characters > TEXT_MAX_CHARACTERS:
            raise ConfigError(f"has more than {TEXT_MAX_CHARACTERS:,} characters of text; divide it")
        if text.strip():
            found.append(Section(section.place, text))
    if not found:
        scanned = "; are its pages pictures? Only text is read" if kind == "pdf" else ""
        raise ConfigError(f"has no text{scanned}")
    return found


def cleaned(text: str) -> str:
    """The text without what people do not see: control characters, marks of direction, tags, halves of surrogate
    pairs. Spaces and blank lines that follow each other become one."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
    if not text.isascii() or not text.isprintable():
        text = "".join(char for char in text if char in "\n\t" or char in _JOINERS or not _is_unseen(char))
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text)).strip("\n")


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")


def _decoded(data: bytes, named: str = "") -> str:
    """Text in UTF-8, or UTF-16 with its mark; else in the encoding that the file has `named`, or as Windows writes it
    in Western Europe. Raises ConfigError for what is certainly none of these."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:4_096]:
        raise ConfigError("is no text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if named:
        with suppress(UnicodeError):
            return data.decode(named, "replace")
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise ConfigError(UNKNOWN_ENCODING) from None
    letters = [char for char in text[:LETTERS_MAX] if char.isalpha()]
    if sum(map(str.isascii, letters)) * 2 < len(letters):  # no language of Western Europe has so many accents
        raise ConfigError(UNKNOWN_ENCODING)
    return text


def _charset_of(page: bytes) -> str:
    """The encoding that an HTML page names; "": none, or none of a text."""
    found = _CHARSET.search(page[:_CHARSET_WITHIN_BYTES])
    if found is None:
        return ""
    try:
        named = codecs.lookup(found[1].decode("ascii"))
    except LookupError:
        return ""
    return named.name if getattr(named, "_is_text_encoding", False) else ""


def _without_comments(text: str) -> str:
    """Markdown as it is shown: without `<!-- … -->`."""
    parts, at = [], 0
    while (begins := text.find("<!--", at)) >= 0 and (ends := text.find("-->", begins)) >= 0:
        parts.append(text[at:begins])
        at = ends + 3
    return "".join((*parts, text[at:]))


def _html(text: str) -> str:
    page = _Page()
    page.feed(text)
    page.close()
    return "".join(page.parts)


class _Page(HTMLParser):
    """Gathers what a reader of the page sees, with its headings in Markdown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []
        """Elements that are open, from one that readers do not see."""
        self._open: Counter[str] = Counter()
        """How many of each are among them."""
        self._plain = False
        """Inside of preformatted text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS and self._unseen and (self._unseen[0] in _FOREIGN or self._unseen[0] == tag == "p"):
            self._see()  # these end where a block begins, as in browsers
        if self._unseen or tag in _UNSEEN or _is_hidden(attrs):
            if tag not in _EMPTY:
                self._unseen.append(tag)
                self._open[tag] += 1
        else:
            if tag in _BLOCKS:
                self.parts.append("\n\n" if tag in _TITLES or tag == "p" else "\n")
            if tag in _TITLES:
                self.parts.append(_TITLES[tag])
            elif tag == "li":
                self.parts.append("- ")
            elif tag in ("td", "th"):
                self.parts.append(" ")
            self._plain = self._plain or tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open[tag]:
            while (ended := self._unseen.pop()) != tag:
                self._open[ended] -= 1  # elements that were never ended
            self._open[tag] -= 1
        elif self._unseen:
            if tag in _BLOCKS or tag == "body":
                self._see()  # what is around them ends, and so do they
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag in _TITLES or tag == "p" else "\n")
            self._plain = self._plain and tag != "pre"

    def _see(self) -> None:
        self._unseen.clear()
        self._open.clear()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._plain:
            self.parts.append(data)
        elif words := " ".join(data.split()):
            before, after = data[:1].isspace(), data[-1:].isspace()
            self.parts.append(f"{' ' if before else ''}{words}{' ' if after else ''}")
        elif data:
            self.parts.append(" ")


def _is_hidden(attrs: list[tuple[str, str | None]]) -> bool:
    return any(name == "hidden" or (name == "style" and _HIDING.search(value or "")) for name, value in attrs)


def _csv(text: str) -> Iterator[Section]:
    """Each row as a line, "Name: value; Name: value": so a passage tells what its values are."""
    text = text.lstrip("\r\n")
    first, _, rest = text.partition("\n")
    if first[:4].lower() == "sep=" and len(first.strip()) == 5:  # Excel's own line
        delimiter, text = first[4], rest
    else:
        delimiter = max(",;\t|", key=_QUOTED.sub("", first).count)
    csv.field_size_limit(CELL_MAX_CHARACTERS)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(rows, [])][:COLUMNS_MAX]
        lines: list[str] = []
        size, since = 0, 1
        for number, row in enumerate(rows, 1):
            line = _row(names, row)
            if lines and size + len(line) > PASSAGE_MAX_CHARACTERS:
                yield Section(_rows(since, number - 1), "\n".join(lines))
                lines, size, since = [], 0, number
            lines.append(line)
            size += len(line) + 1
        if lines:
            yield Section(_rows(since, since + len(lines) - 1), "\n".join(lines))
        elif names:
            yield Section("", "; ".join(names))
    except csv.Error as error:
        raise ConfigError(f"is no CSV: {error}") from None


def _row(names: list[str], row: list[str]) -> str:
    named = zip([*names, *[""] * len(row)], row[:COLUMNS_MAX], strict=False)
    values = ((name, " ".join(value.split())) for name, value in named)
    return "; ".join(f"{name}: {value}" if name else value for name, value in values if value)


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


def _pdf(data: bytes) -> Iterator[Section]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ConfigError("is encrypted with a password")
        pages = len(reader.pages)
        if pages > PAGES_MAX:
            raise ConfigError(f"has {pages:,} pages, more than {PAGES_MAX:,}; divide it")
        for number in range(pages):
            yield Section(f"page {number + 1}", reader.pages[number].extract_text())
    except (ConfigError, MemoryError):
        raise
    except RecursionError:
        raise ConfigError("is a broken PDF: its objects contain each other") from None
    except PyPdfError as error:
        raise ConfigError(f"is a broken PDF ({type(error).__name__})") from None
    except Exception as error:  # the file decides what its reader stumbles over
        raise ConfigError(f"is a broken PDF ({type(error).__name__})") from None
