"""Version numbers and IP addresses: 1.2.3, 192.168.1.1, Python 3.11."""

import re

from voi.text.numerals import cardinal, one_by_one, pairs, whole
from voi.text.scan import Reading, Scan

_VERSION = re.compile(r"\d++(?:\.\d++){2,}+(?!\w)")
_ANY_PATCH = re.compile(r"\d++(?:\.\d++){1,3}+\.[xX](?!\w)")
"""1.2.x"""
_WIRELESS = re.compile(r"802\.11([a-z]{0,2})(?![\w.]*\w)")
"""Wi-Fi 802.11ac"""
_DECIMAL_VERSION = re.compile(r"(\d++)\.(\d++)(?![\d.]*\d)")
_POINTED = re.compile(r"\d{1,4}(?:\.\d{1,5}){1,5}+(?![\w@]|[.,]\d)")
_MEASURED = re.compile(r"\s?(?:[%€$£°]|(?:k?m|[km]?g|[cm]m|m?l|h|s|kWh|[GMT]B|Mio|Mrd)\b)")


def version(scan: Scan, at: int) -> Reading | None:
    """1.2.3, 192.168.1.1; "3.11" after the name of a programme; 2.0 in languages with a decimal comma."""
    language = scan.language
    if (standard := _WIRELESS.match(scan.text, at)) and language.gap and "dot" in language.say:
        point = language.say["point"] if language.decimal == "." else language.say["dot"]
        wireless = f"{pairs('802', language)} {point} {cardinal('11', language)}"
        return f"{wireless} {' '.join(standard[1].upper())}".rstrip(), standard.end(), "version"
    if (wild := _ANY_PATCH.match(scan.text, at)) and language.gap:
        joint = f" {language.say['point'] if language.decimal == '.' else language.say['dot']} "
        numbers = (cardinal(part, language) if part.isdigit() else "x" for part in wild[0].split("."))
        return joint.join(numbers), wild.end(), "version"
    if match := _VERSION.match(scan.text, at):
        parts = match[0].split(".")
        if language.decimal == "," and all(len(part) == 3 for part in parts[1:]) and len(parts[0]) <= 3:
            return None
        gap = language.gap
        if len(parts) == 4 and all(len(part) <= 3 and int(part) <= 255 for part in parts) and "dot" in language.say:
            said = [one_by_one(part, language) if len(part) > 2 else whole(part, language.code) for part in parts]
            more, end = _port_or_mask(scan, match.end())
            return f"{gap}{language.say['dot']}{gap}".join(said) + more, end, "electronic"
        joint = language.say["point"] if language.decimal == "." else language.say["dot"]
        more, end = _stage(scan, match.end())
        return f"{gap}{joint}{gap}".join(cardinal(part, language) for part in parts) + more, end, "version"
    if language.decimal == ".":
        match = _DECIMAL_VERSION.match(scan.text, at)
        if (
            match
            and len(match[2]) > 1
            and match[2][0] != "0"
            and scan.word_before(at).lower() in language.version_after
        ):
            gap = language.gap
            said_parts = (
                one_by_one(part, language) if len(part) > 3 else cardinal(part, language) for part in match.groups()
            )
            return f"{gap}{language.say['point']}{gap}".join(said_parts), match.end(), "version"
        return None
    match = _POINTED.match(scan.text, at)
    if not match or all(len(part) == 3 for part in match[0].split(".")[1:]):
        return None
    if match[0].count(".") == 1 and _MEASURED.match(scan.text, match.end()):
        return None
    gap = language.gap
    return (
        f"{gap}{language.say['dot']}{gap}".join(cardinal(part, language) for part in match[0].split(".")),
        match.end(),
        "version",
    )


_PORT_OR_MASK = re.compile(r":(?P<port>\d{2,5})(?![\w:])|/(?P<mask>\d{1,2})(?![\w/])")
_STAGE = re.compile(
    r"-(alpha|beta|rc|dev|pre|preview|nightly|canary|snapshot)(?:[.-]?(\d{1,4}))?(?![\w.-]*\w)", re.IGNORECASE
)


def _port_or_mask(scan: Scan, end: int) -> tuple[str, int]:
    """The :8080 or /24 behind the address of a machine."""
    match, say = _PORT_OR_MASK.match(scan.text, end), scan.language.say
    name = say.get("colon" if match and match["port"] else "slash")
    if not match or not name:
        return "", end
    digits = match["port"] or match["mask"]
    said = pairs(digits, scan.language) if len(digits) < 5 else one_by_one(digits, scan.language)
    return f"{scan.language.gap}{name}{scan.language.gap}{said}", match.end()


def _stage(scan: Scan, end: int) -> tuple[str, int]:
    """The -rc.1 behind a version."""
    match = _STAGE.match(scan.text, end)
    if not match or not scan.language.gap:
        return "", end
    name = "R C" if match[1].lower() == "rc" else match[1].lower()
    return f" {name}{' ' + cardinal(match[2], scan.language) if match[2] else ''}", match.end()
