"""Calls of other servers, asked for over HTTP."""

import pytest

from tests.fakes.clock import in_virtual_time
from tests.server.fakes import some_calls
from voi.calls.ringing import NotRinging
from voi.server.shared_calls import SharedCalls


class NoStore:
    """Fails whoever asks it."""


@pytest.mark.parametrize("call_id", ["x" * 201, "c1\0"])
def test_the_store_is_not_asked_for_what_can_be_no_call(call_id: str) -> None:
    @in_virtual_time
    async def run() -> None:
        shared = SharedCalls(some_calls(None), NoStore())  # type: ignore[arg-type]
        for ask in (shared.hang_up, shared.answer):
            with pytest.raises(NotRinging):
                await ask(call_id)

    run()
