"""Who may be called: numbers and SIP addresses, read strictly, and compared with what the operator allows.

Some numbers are never called, whatever is allowed: emergency services, premium rates and satellites, by the numbering
plans of the ITU (E.164, country codes 870, 878, 881 to 883, 888, 979) and of the countries that most calls go to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from voi.errors import ClientError

_SEPARATORS = re.compile(r"[ ()./-]")
_NUMBER = re.compile(r"\+[1-9]\d{5,14}", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9._~+-]{1,64}", re.ASCII)
_SIP = re.compile(
    r"(sips?):([A-Za-z0-9._~+%-]{1,192})@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,118}[A-Za-z0-9])?)(:\d{1,5})?", re.ASCII
)
_EMERGENCY = frozenset(
    [
        "000",
        "08",
        "100",
        "101",
        "102",
        "103",
        "104",
        "108",
        "110",
        "111",
        "112",
        "113",
        "114",
        "115",
        "116",
        "117",
        "118",
        "119",
        "120",
        "122",
        "127",
        "128",
        "132",
        "133",
        "144",
        "15",
        "150",
        "155",
        "158",
        "17",
        "18",
        "190",
        "191",
        "192",
        "193",
        "194",
        "197",
        "198",
        "199",
        "1055",
        "911",
        "933",
        "988",
        "995",
        "997",
        "998",
        "999",
        "10111",
        "116117",
        "19222",
    ]
)
_NEVER_PREFIXES = (
    "+870", "+878", "+881", "+882", "+883", "+888", "+979",  # satellites, international premium rates
    "+1900", "+1976",
    "+49900", "+49137", "+49180", "+49118", "+49190",
    "+43900", "+43901", "+43930", "+43931", "+43939", "+41900", "+41901", "+41906",
    "+449", "+44870", "+44871", "+44872", "+44873", "+4487", "+4484", "+44118", "+4470",
    "+3389", "+3381", "+3382", "+33118",
    "+34803", "+34806", "+34807", "+34905", "+34118", "+39892", "+39894", "+39895", "+39899", "+3912",
    "+31900", "+31906", "+31909", "+3118", "+32900", "+32901", "+32902", "+32903", "+32904", "+32905", "+32906",
    "+32907", "+32909", "+35160", "+35170", "+4870", "+48300", "+48400", "+35315", "+45900", "+46900", "+46939",
    "+46944",
    "+47820", "+47829", "+358600", "+358700", "+420900", "+420906", "+420909", "+61190", "+6119", "+81990",
)  # fmt: skip
_COSTLY_NANP = frozenset(
    [
        "242",
        "246",
        "264",
        "268",
        "284",
        "345",
        "441",
        "473",
        "649",
        "658",
        "664",
        "721",
        "758",
        "767",
        "784",
        "809",
        "829",
        "849",
        "868",
        "869",
        "876",
    ]
)
"""Islands that share the code of the USA and Canada, and cost much more: +1* does not mean them, +1876* does."""
_COUNTRY_CODE = re.compile(r"\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Destination:
    """`address`: +49… or sip:…, in the one form in which it is compared, dialled and kept. `number`: the digits that a
    telephone network would be given, with +; "": none are known."""

    address: str
    number: str

    def __repr__(self) -> str:
        return "Destination(…)"


def parse_destination(text: str) -> Destination:
    """A destination as people write it: +49 30 123456, tel:+49-30-123456, sip:anna@example.com. Raises ClientError,
    whose text does not hold it."""
    text = text.strip()
    if len(text) > 300:
        raise ClientError("to: that is too long to be a number or an address.")
    if found := _SIP.fullmatch(text):
        scheme, escaped, host, port = found.groups()
        if ".." in host:
            raise ClientError("to: the host of the SIP address is none.")
        user = unquote(escaped)  # %31 is 1 to everyone who is given it, so it is 1 here
        if not _USER.fullmatch(user):
            raise ClientError("to: the user of the SIP address is none that can be called.")
        plain = re.sub("^00(?=[1-9])", "+", _SEPARATORS.sub("", user))
        number = plain if _NUMBER.fullmatch(plain) else ""
        return Destination(f"{scheme}:{user}@{host.lower()}{port or ''}", number)
    plain = _SEPARATORS.sub("", text.removeprefix("tel:").partition(";")[0])
    if _NUMBER.fullmatch(plain):
        return Destination(plain, plain)
    raise ClientError(
        "to: write a number with its country code (+4930123456, tel:+4930123456) or a SIP address "
        "(sip:anna@example.com)."
    )


def refusal(destination: Destination, allow: Iterable[str], deny: Iterable[str]) -> str:
    """Why it may not be called, in a word for counters; "": it may."""
    if _is_emergency(destination):
        return "emergency"
    if destination.number and destination.number.startswith(_NEVER_PREFIXES):
        return "premium"
    if any(_fits(destination, pattern, denies=True) for pattern in deny):
        return "denied"
    return "" if any(_fits(destination, pattern) for pattern in allow) else "not_allowed"


def _is_emergency(destination: Destination) -> bool:
    if destination.number:
        country = _COUNTRY_CODE.match(destination.number)
        return country is not None and destination.number[country.end() :] in _EMERGENCY
    user = _SEPARATORS.sub("", destination.address.partition(":")[2].partition("@")[0])
    return user.lstrip("+0") in _EMERGENCY or user in _EMERGENCY or user.lower() in ("sos", "urn")


def _fits(destination: Destination, pattern: str, *, denies: bool = False) -> bool:
    """`denies`: the pattern means costly islands and the numbers in SIP addresses as well."""
    if pattern.startswith("+"):
        if not destination.address.startswith("+") and not denies:
            return False
        if not pattern.endswith("*"):
            return destination.number == pattern
        prefix = pattern[:-1]
        island = prefix == "+1" and destination.number[2:5] in _COSTLY_NANP
        return destination.number.startswith(prefix) and (denies or not island)
    if destination.address.startswith("+"):
        return False
    scheme, _, rest = destination.address.partition(":")
    wanted_scheme, _, wanted = pattern.partition(":")
    user, _, host = rest.partition("@")
    wanted_user, _, wanted_host = wanted.lower().partition("@")
    if wanted_host.startswith("*."):
        right_host = host.partition(":")[0].endswith(wanted_host[1:])
    else:
        right_host = host == wanted_host
    return wanted_scheme in (scheme, "sip") and right_host and wanted_user in ("*", user.lower())
