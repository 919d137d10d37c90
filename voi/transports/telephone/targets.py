"""Where a call may be passed on to: a telephone number with its country code, or a SIP address, by its form."""

import re

_TARGET = re.compile(r"\+[1-9]\d{5,14}|sips?:[A-Za-z0-9._~+%-]{1,64}@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII)
_SEPARATORS = re.compile(r"[ ().-]")


def transfer_target(target: str) -> str | None:
    """The target as it is dialled, a number without spaces and the like; None if it is neither a number nor a SIP
    address. Nothing in it can end a header, an XML attribute or a word of a shell."""
    plain = _SEPARATORS.sub("", target) if target.startswith("+") else target
    return plain if _TARGET.fullmatch(plain) else None
