"""Which Asterisk this is, by what it says of itself, and what it therefore has."""

import re
from dataclasses import dataclass

_VERSION = re.compile(r"(?:certified[/-]|GIT-)?(\d{1,3})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?", re.ASCII)
_WEBSOCKET_FLOORS = {20: 18, 22: 8, 23: 2}
"""Minor versions from which on chan_websocket has marks and control messages in JSON (its documentation)."""
_WIDE_AUDIOSOCKET_FLOORS = {20: 17, 22: 7, 23: 1}
"""Minor versions from which on AudioSocket names other rates than 8 kHz (github.com/asterisk/asterisk, #1492)."""
NEWEST_FLOOR = 23


@dataclass(frozen=True, slots=True)
class AsteriskVersion:
    """`minor` None: built from a branch, so it is newer than its releases."""

    major: int
    minor: int | None

    @property
    def has_websocket(self) -> bool:
        return self._from(_WEBSOCKET_FLOORS)

    @property
    def has_wide_audiosocket(self) -> bool:
        return self._from(_WIDE_AUDIOSOCKET_FLOORS)

    def __str__(self) -> str:
        return f"{self.major}" if self.minor is None else f"{self.major}.{self.minor}"

    def _from(self, floors: dict[int, int]) -> bool:
        if self.major > NEWEST_FLOOR:
            return True
        floor = floors.get(self.major)
        return floor is not None and (self.minor is None or self.minor >= floor)


def asterisk_version(text: str) -> AsteriskVersion | None:
    """What `system.version` of GET /asterisk/info says, such as "22.10.1", "certified/20.7-cert3" or "GIT-22-1a2b3c";
    None: it cannot be read."""
    found = _VERSION.match(text.strip())
    if found is None:
        return None
    from_branch = text.strip().startswith("GIT-")
    minor = None if from_branch or found[2] is None else int(found[2])
    return AsteriskVersion(int(found[1]), minor)
