"""Each server event of the contract is seen in a test, with its fields checked against the types of the SDK, or the
docs say why it is not sent."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.clock import VirtualLoop
from tests.transports.realtime.fakes import SDK_TYPES
from tests.transports.realtime.walk import Walker, check

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
WALKS = 40
ELSEWHERE = {
    "conversation.item.input_audio_transcription.failed": "test_conversation.py",
    "output_audio_buffer.started": "test_webrtc.py",
    "output_audio_buffer.stopped": "test_webrtc.py",
    "output_audio_buffer.cleared": "test_webrtc.py",
}
"""Events that need an engine that fails, or WebRTC, and the tests that see them."""
NOT_SENT = {
    "conversation.item.created", "conversation.item.input_audio_transcription.segment",
    "input_audio_buffer.dtmf_event_received", "mcp_list_tools.in_progress", "mcp_list_tools.completed",
    "mcp_list_tools.failed", "response.mcp_call_arguments.delta", "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress", "response.mcp_call.completed", "response.mcp_call.failed",
}  # fmt: skip


def test_every_event_is_seen_and_valid() -> None:
    if not SDK_TYPES:
        pytest.skip("needs the openai SDK")
    seen: set[str] = set()
    for seed in range(WALKS):

        async def walked(seed: int = seed) -> set[str]:
            walker = Walker(seed)
            await walker.run(40)
            check(walker)
            return {event["type"] for event in walker.wire.events}

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            seen |= runner.run(walked())
    assert not seen & NOT_SENT
    assert SDK_TYPES.keys() - NOT_SENT - ELSEWHERE.keys() == seen


def test_what_walks_cannot_see_is_seen_by_tests() -> None:
    for event, name in ELSEWHERE.items():
        assert event in (Path(__file__).parent / name).read_text()


def test_what_is_not_sent_is_documented() -> None:
    page = (ROOT / "docs" / "realtime.md").read_text()
    for event in NOT_SENT:
        family = event.split(".")[0] if event.startswith("mcp") else event
        words = [family, event.rsplit(".", 1)[0], "…transcription.segment" if "segment" in event else family]
        words += ["response.mcp_call…"] if "mcp_call" in event else []
        assert any(word in page for word in words), event
