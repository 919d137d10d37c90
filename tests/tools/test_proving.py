"""Tools that find out who the person is."""

from typing import Any

import pytest

from tests.tools.hands import FakeHands, context
from voi.config.tools import AgentTool
from voi.tools.base import ToolContext, ToolOutput
from voi.tools.proving import ProvingTool
from voi.tools.toolbox import available


@pytest.mark.parametrize(
    ("result", "proven"),
    [
        ('{"account": {"verified": true}}', True),
        ('{"account": {"verified": false}}', False),
        ('{"account": {"verified": "true"}}', False),
        ('{"account": {"verified": 1}}', False),
        ('{"account": [{"verified": true}]}', False),
        ('{"verified": true}', False),
        ("verified", False),
        ("[" * 100_000, False),
    ],
)
async def test_only_true_proves(result: str, *, proven: bool) -> None:
    hands = FakeHands()

    async def body(arguments: dict[str, Any], about: ToolContext) -> ToolOutput | str:
        return ToolOutput(result)

    tool = AgentTool(python="pin", proves_person="account.verified")
    made = available("pin", "python", tool, "", {"type": "object"}, body)
    assert isinstance(made.body, ProvingTool)
    assert await made.body({}, context(hands)) == ToolOutput(result)
    assert hands.did == [("proven", True)] * proven


async def test_what_fails_proves_nothing() -> None:
    hands = FakeHands()

    async def body(arguments: dict[str, Any], about: ToolContext) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await ProvingTool(body, "verified")({}, context(hands))
    assert hands.did == []


@pytest.mark.parametrize("wrong", [{"builtin": "wait"}, {"python": "pin", "safe": True}])
def test_tools_that_cannot_prove(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="proves_person"):
        AgentTool(proves_person="verified", **wrong)
