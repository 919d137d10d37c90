"""Telephone numbers and other numbers that are spelt like them: social security, ZIP+4, ISBN, cards, numbers without
any marks."""

import re

from voi.text.numerals import cardinal, grouped, one_by_one, pairs, whole
from voi.text.scan import Reading, Scan

_GROUPS = re.compile(
    r"(?P<plus>\+\s?\d{1,3}[ ./-]?)?(?:\(\d{1,5}\)[ ./-]?)?\d{1,12}+"
    r"(?:(?:[ ./-]|\s?[-–]\s?|\s/\s|\s)(?:\(\d{1,5}\)|\d{1,10}+)){0,9}+(?![\w@]|[.,-]\d)",
    re.ASCII,  # Japanese goes on without a blank
)
_LETTERS = re.compile(r"(?:\+?1-)?(8\d\d)-((?:[A-Z]{2,9}-?){1,4})(?![\w])")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?)\s?(\d{1,6})(?!\w)")
_AIRCRAFT = re.compile(r"(7[0-9]7|3[0-9]0|A3\d\d)-(\d{3}|(?<=7-)\d{1,2})(?![\w-])")
_NORTH_AMERICAN = ([3, 3, 4], [1, 3, 3, 4])
_LONG_RUN = re.compile(r"\d{10,}+(?![\w@]|[.,]\d)", re.ASCII)
_STROKE = re.compile(r"\d+/")
_LONG = 10


def aircraft(scan: Scan, at: int) -> Reading | None:
    """737-800: seven thirty-seven eight hundred."""
    match = _AIRCRAFT.match(scan.text, at)
    if not match or scan.language.code != "en":
        return None
    return f"{pairs(match[1], scan.language)} {pairs(match[2], scan.language)}", match.end(), "code"


def toll_free_words(scan: Scan, at: int) -> Reading | None:
    """1-800-FLOWERS."""
    match = _LETTERS.match(scan.text, at)
    if not match:
        return None
    one = "one " if match[0].startswith("1-") else ""
    words = " ".join(
        part if len(part) > 3 or re.search("[AEIOUY]", part) else " ".join(part)
        for part in match[2].strip("-").split("-")
    )
    end = match.end() - (1 if match[0].endswith("-") else 0)
    return f"{one}{_group(match[1], scan, True)}, {words}", end, "telephone"


def tax_number(scan: Scan, at: int) -> Reading | None:
    """Brazilian CPF and CNPJ."""
    match = _TAX_NUMBER.match(scan.text, at)
    if not match:
        return None
    return say_groups(scan, re.findall(r"\d+", match[0]), False), match.end(), "code"


_TAX_NUMBER = re.compile(r"(?:\d{3}\.\d{3}\.\d{3}-\d\d|\d\d\.\d{3}\.\d{3}/\d{4}-\d\d)(?!\d)")


def telephone(scan: Scan, at: int) -> Reading | None:
    """Reads a telephone number, digit by digit and in its groups; None: there is none at `at`."""
    if scan.text[at] not in "0+(" and _STROKE.match(scan.text, at):
        return None
    match = _GROUPS.match(scan.text, at)
    if not match:
        return None
    text = match[0]
    plus = text.startswith("+")
    groups = re.findall(r"\d+", text.replace("(0)", " ") if plus else text)  # +49 (0)30: the zero is not dialled
    sizes = [len(group) for group in groups]
    total = sum(sizes)
    if total < 7 or not _is_spelt(scan, at, text, groups, sizes, total, plus):
        return None
    end = match.end()
    said = say_groups(scan, groups, plus)
    if more := _EXTENSION.match(scan.text, end):
        said += f", {scan.language.ending.get('ext.', 'x')} {one_by_one(more[1], scan.language)}"
        end = more.end()
    return said, end, "telephone"


def _is_spelt(scan: Scan, at: int, text: str, groups: list[str], sizes: list[int], total: int, plus: bool) -> bool:
    if total > 34:
        return False
    separators = set(re.sub(r"[\d()+]", "", text).replace(" ", "")) or ({" "} if " " in text else set())
    code = scan.language.code
    if len(groups) == 1:
        return (
            plus
            or (total >= _LONG and not text.endswith("000000"))
            or (text[0] == "0" and total >= 7)
            or bool(set(scan.words_before(3, at)) & scan.language.phone_after)
        )
    if plus:
        return True
    if "(" in text and text.index("(") < 4 and total >= 8:
        return True
    context = bool(set(scan.words_before(4, at)) & scan.language.phone_after)
    grouping = all(size == 3 for size in sizes[1:]) and sizes[0] <= 3 and len(separators) == 1
    thousands = grouping and separators <= set(scan.language.groups)
    if "." in separators and len(groups) == 2:
        return context and sizes == [3, 4] and code == "en"
    if sizes in _NORTH_AMERICAN and len(separators) <= 2 and not (code != "en" and thousands):
        return True
    if _has_form_of_country(code, groups, sizes, separators):
        return True
    if groups[0][0] == "0" and sizes[0] > 1 and total >= 7:
        return all(size >= 2 for size in sizes[1:]) and not separators & {"–"}
    if context and total >= 7 and sizes[0] > 1 and (not thousands or sizes[0] == 3):
        return True
    if (
        code == "en"
        and sizes[0] == 1
        and groups[0] == "1"
        and grouping
        and len(groups) == 4
        and groups[-1] != "000"
        and separators <= {" ", "-", "."}
    ):
        return True
    if separators == {"-"}:
        if sizes == [3, 4]:
            return not (groups[0].endswith("00") and groups[1].endswith("00"))
        if sizes == [5, 4]:
            return True
        return len(groups) >= 3 and total >= 9
    if separators == {" "}:
        if len(groups) >= 3 and all(size == 4 for size in sizes[:-1]) and sizes[-1] <= 4 and total >= 10:
            return True
        if code == "es" and sizes in ([3, 3, 3], [3, 2, 2, 2], [2, 3, 2, 2]) and groups[0][0] in "6789":
            return sizes != [3, 3, 3] or scan.word_before(at).lower() in ("al", "teléfono", "número")
        if sizes in ([2, 4, 4], [4, 3, 3], [3, 4, 4], [3, 4, 3], [3, 3, 2, 2], [2, 2, 2, 2, 2], [5, 6], [4, 6], [5, 5]):
            return total >= 9
    if separators == {"."}:
        return (
            len(groups) >= 3
            and total >= 9
            and not thousands
            and sizes != [3, 3, 3, 3]
            and max(sizes) <= 4
            and sizes[-1] > 1
            and not _is_address(groups)
        )
    return False


def _has_form_of_country(code: str, groups: list[str], sizes: list[int], separators: set[str]) -> bool:
    """601 234 567, 8 (495) 123-45-67, 98765-43210, 1588-1234, 0 800 123 456."""
    if len(separators) == 1 and sizes == [3, 3, 3]:
        return code in ("pl", "cs")
    if code == "ru":
        return groups[0] == "8" and sum(sizes) == 11
    if code == "ko" and sizes == [4, 4] and separators == {"-"}:
        return groups[0][:2] in ("15", "16", "18")
    if sizes == [1, 3, 3, 3] and separators == {" "}:
        return groups[0] == "0"
    return code == "hi" and sizes == [5, 5]


def _is_address(groups: list[str]) -> bool:
    return len(groups) == 4 and all(len(group) <= 3 and int(group) <= 255 for group in groups)


def say_groups(scan: Scan, groups: list[str], plus: bool) -> str:
    """Group by group, with a pause between them."""
    language = scan.language
    if language.code == "fr" and all(len(group) <= 2 for group in groups):  # as one says them there
        said = [
            one_by_one(group, language) if group[0] == "0" and len(group) > 1 else cardinal(group, language)
            for group in groups
        ]
    else:
        if len(groups) > 2 and groups[0] == "1" and language.code == "en":
            first = _group(groups[1], scan, True)
            said = [f"{whole('1', 'en')}{'' if first.endswith('hundred') and not plus else ','} {first}"]
            groups = groups[2:]
        else:
            said = []
        if len(groups) == 1 and len(groups[0]) >= 8:
            said.append(grouped(groups[0], language))
        else:
            said += [_group(group, scan, False) if len(group) < 8 else grouped(group, language) for group in groups]
    comma = "، " if language.code == "ar" else ", " if language.spaces else "，" if language.code == "zh" else "、"
    if language.code == "ko":
        comma = ", "
    head = f"{language.say['plus']} " if language.spaces else language.say["plus"]
    if plus and "phone_plus" in language.say:
        head = language.say["phone_plus"]
    return f"{head if plus else ''}{comma.join(said)}"


def _group(group: str, scan: Scan, area: bool) -> str:
    if area and scan.language.code == "en" and len(group) == 3 and group.endswith("00"):
        return f"{whole(group[0], 'en')} hundred"
    return one_by_one(group, scan.language, telephone=True)


def plain_long(scan: Scan, at: int) -> Reading | None:
    """Ten digits and more without any separator, which are not a quantity."""
    match = _LONG_RUN.match(scan.text, at)
    if not match or match[0].endswith("000000"):
        return None
    return (
        grouped(match[0], scan.language) if len(match[0]) <= 20 else one_by_one(match[0], scan.language),
        match.end(),
        "telephone",
    )
