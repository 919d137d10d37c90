"""Markdown without its marks: what remains is what would be read aloud."""

import re

_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
_QUOTE = re.compile(r"[\s>]*>(?![=\d])\s?")
_BULLET = re.compile(r"\s*(?:[-*+•◦▪‣·]|–)\s+(?:\[[ xX]\]\s+)?")
_NUMBERED = re.compile(r"(\s*\d{1,3})([.)])\s+(?=\S)")
_NEXT_ITEM = re.compile(r"(?<=[.!?;:])\s+(\d{1,3})\.\s+(?=\S)")
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_REFERENCE = re.compile(r"\s{0,3}\[[^\[\]]{1,100}\]:\s*\S+")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,100}\])")
_FOOTNOTE = re.compile(r"\[\^[^\[\]]{1,20}\]")
_TIMES = re.compile(r"(?<=\d)\s?\*\s?(?=\d)|(?<=[a-z\d)\]])\s\*\s(?=[\w(])")
_POWER = re.compile(r"(?:(?<=\b[A-Za-z\d])|(?<=[)\]]))\*\*(?=\d+(?!\w)|[a-z](?!\w))")
"""x**2"""
_ESCAPED = re.compile(r"\\(?=[^\w\s])")
_ROW = re.compile(r"(?:\A|\s)\|(?:\s|\Z)|\A\s*\|.*\|\s*\Z")
"""A row of a table, but not |x| in mathematics."""
_DRIVE = re.compile(r"\b[A-Za-z]:\\\w")
_EMPHASIS = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
"""An underscore within a word is not a mark (CommonMark 6.2): names of files have them."""
_RULE_SIGNS = frozenset(" \t-*_=|:+~")
_ENDS_LINE = ".!?…:;,。！？；：،؟।"
_MARKS = frozenset("#>*_`~[|\\\n-+•◦▪‣·–)")
"""Any Markdown except a numbered line has one of these."""
_WIDE = "\u2e80"  # from here on Chinese, Japanese and Korean


def without_markdown(text: str, months: frozenset[str] = frozenset()) -> str:
    """One line of text: headings, list items and table rows become sentences, links their words, code its text.
    `months`: names before which "3." is a day, and not the number of an item."""
    if _MARKS.isdisjoint(text) and not text[:4].strip()[:1].isdigit():
        return text
    said = ""
    paragraph_end = False
    for line in text.split("\n"):
        words, stands_alone = _line(line, months)
        words = _inline(words).strip()
        if not words:
            paragraph_end = True
            continue
        if said and said[-1] not in _ENDS_LINE:
            full_stop = "。" if said[-1] >= _WIDE else "."
            said += full_stop if paragraph_end or stands_alone else ","
        said += f" {words}" if said else words
        paragraph_end = stands_alone
    return said


def _line(line: str, months: frozenset[str]) -> tuple[str, bool]:
    """The line without its block marks, and whether it is a unit of its own (heading, item, row)."""
    if _FENCE.match(line):
        rest = line.strip().lstrip("`~")
        return (rest if "`" in rest else ""), False
    if len(line) >= 3 and _RULE_SIGNS.issuperset(line) and line.strip():
        return "", False
    if _REFERENCE.fullmatch(line):
        return "", False
    if quote := _QUOTE.match(line):
        line = line[quote.end() :]
    if heading := _HEADING.match(line):
        return line[heading.end() :].rstrip("# \t"), True
    numbered = _NUMBERED.match(line)
    if numbered and not (numbered[2] == "." and _starts_date_or_noun(line, numbered.end(), months)):
        mark = "." if numbered[2] == "." and _has_item(line, int(numbered[1]) + 1) else ","
        return f"{numbered[1]}{mark} {line[numbered.end() :]}", True
    if bullet := _BULLET.match(line):
        return line[bullet.end() :], True
    if line.count("|") > 1 and _ROW.search(line):
        return ", ".join(cell for cell in map(str.strip, line.split("|")) if cell), True
    return line, False


def _starts_date_or_noun(line: str, end: int, months: frozenset[str]) -> bool:
    """3. Mai, 2. patro: in languages that write ordinals like this (those that pass their `months`), with the noun
    after it."""
    word = _NEXT_WORD.match(line, end)
    return bool(months) and word is not None and (word[0].lower() in months or word[0].islower() or word[0] == "FC")


def _has_item(line: str, number: int) -> bool:
    """True if an item of this number comes later in the same line: 1. Boil it. 2. Add it. All are read alike then."""
    return any(int(item[1]) == number for item in _NEXT_ITEM.finditer(line))


def _inline(text: str) -> str:
    if "[" in text:
        text = _LINK.sub(r" \1 ", _FOOTNOTE.sub("", text))
    if "\\" in text:
        text = _ESCAPED.sub("", text)
        text = text if _DRIVE.search(text) else text.replace("\\", " ")
    if "*" in text:
        text = _POWER.sub("^", text)
        text = _TIMES.sub(" × ", text).replace("*", "")
    if "_" in text:
        text = _EMPHASIS.sub(" ", text)
    return text.replace("`", "").replace("~~", "")
