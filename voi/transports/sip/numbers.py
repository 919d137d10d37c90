"""Who is called, and by whom: numbers and names out of a request, as they stand in phones.json."""

import re

from voi.transports.sip.fields import parse_address
from voi.transports.sip.message import SipRequest
from voi.transports.sip.problem import SipProblem

NUMBER = re.compile(r"\+[1-9]\d{3,14}", re.ASCII)
_DIGITS = re.compile(r"\d{3,20}", re.ASCII)
_SEPARATORS = re.compile(r"[ ().-]")
NATIONAL_MIN = 9
"""Digits without a prefix: fewer are an extension, and not a country's code and a number."""


def number_of(user: str, country_code: str = "") -> str:
    """A number with its country code, such as +4930123456, if that is what it is; else what it was."""
    plain = _SEPARATORS.sub("", user.partition(";")[0])
    if NUMBER.fullmatch(plain):
        return plain
    if not _DIGITS.fullmatch(plain):
        return user
    if plain.startswith("00") and NUMBER.fullmatch(found := "+" + plain[2:]):
        return found
    if plain.startswith("0"):
        return f"+{country_code}{plain[1:]}" if country_code else plain
    if country_code == "1" and len(plain) == 10:
        return f"+1{plain}"
    return f"+{plain}" if NATIONAL_MIN < len(plain) <= 15 else plain


def caller_of(request: SipRequest, country_code: str) -> str:
    """Who calls: a number or a name; "": they do not say."""
    for name in ("p-asserted-identity", "from"):
        if not request.has(name):
            continue
        try:
            user = parse_address(request.get(name).partition(",")[0]).parsed.user
        except SipProblem:
            continue
        if user and user.lower() not in ("anonymous", "unknown", "unavailable", "restricted"):
            return number_of(user, country_code)
    return ""


def called_in(request: SipRequest, country_code: str, *headers: str) -> str:
    """Who is called, by the first of these headers that says it; "": none does."""
    for name in headers:
        try:
            user = parse_address(request.get(name)).parsed.user if request.has(name) else ""
        except SipProblem:
            continue
        if user:
            return number_of(user, country_code)
    return ""
