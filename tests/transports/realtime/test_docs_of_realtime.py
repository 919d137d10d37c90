"""The page on the protocol names what clients may send, and which settings of theirs need a right."""

import re
from pathlib import Path

from tests.transports.realtime.test_hostile import EVENTS

PAGE = (Path(__file__).parents[3] / "docs" / "realtime.md").read_text(encoding="utf-8")


def test_every_client_event_is_documented() -> None:
    words = set(re.findall(r"`([^`]+)`", PAGE))
    kinds = {event["type"] for event in EVENTS}
    assert len(kinds) == 11
    for kind in kinds:
        assert kind in words or f".{kind.rsplit('.', 1)[1]}" in words, kind
