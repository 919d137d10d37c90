"""Transfers of agents.json."""

from typing import Any

import pytest
from pydantic import ValidationError

from voi.config.agents import Agent
from voi.config.telephone import Telephone
from voi.config.transfers import CallTransfer
from voi.tools.toolbox import Toolbox

TARGET = "+49 30 1234567"


def test_a_text_is_a_blind_one() -> None:
    section = Telephone.model_validate({"transfers": {"desk": TARGET}})
    assert section.transfers["desk"] == CallTransfer(to=TARGET)
    assert not section.transfers["desk"].asks


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"to": "desk"}, "country code"),
        ({"way": "warm"}, "no briefing"),
        ({"briefing": "x"}, "needs"),
        ({"accept_words": ["yes"]}, "needs"),
        ({"way": "warm", "briefing": "x", "accept_key": "2"}, "same key"),
        ({"way": "warm", "briefing": "x", "accept_words": [""]}, "at least 1"),
        ({"way": "cold"}, "blind"),
    ],
)
def test_mistakes_are_told(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CallTransfer.model_validate({"to": TARGET} | fields)


def test_the_tool_has_time_for_a_colleague() -> None:
    asking = {"to": TARGET, "way": "warm", "briefing": "x"}
    for transfers, least_ms in (({"desk": TARGET}, 0), ({"desk": TARGET, "sales": asking}, 100_000)):
        agent = Agent.model_validate(
            {"llm_model": "m", "telephone": {"transfers": transfers}, "tools": {"pass_on": {"builtin": "transfer"}}}
        )
        tool = Toolbox().of(agent)["pass_on"]
        assert tool.rule.timeout_ms >= max(10_000, least_ms)
        assert tool.spec.parameters["properties"]["target"]["enum"] == list(transfers)
