"""A colleague who is asked over Asterisk: both lines are Asterisk's, and Voi carries the sound between them."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.asterisk import FakeAsterisk, FakeChannel
from tests.server.serving import AGENTS, fake_engines, serving
from tests.server.test_telephone import write_agents
from tests.transports.ari.test_served import WAYS, connected, empty, loud, until, write_pbx
from tests.transports.telephone.test_consulted_transfer import level, tone
from voi.core.end_reason import EndReason

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch


def heard(channel: FakeChannel, hz: int) -> float:
    return level(b"".join(pcm for _, pcm in channel.heard), hz)


@pytest.mark.parametrize("way", ["rtp", "audiosocket", "websocket_in"])
@pytest.mark.parametrize("key", ["1", "2"])
async def test_a_colleague_takes_the_call_or_does_not(way: str, key: str, tmp_path: Path, monkeypatch: Patch) -> None:
    transfer = {"to": "+49 30 555555", "way": "warm", "briefing": "A call."}
    telephone = {"keys": {"0": {"transfer": "bob"}}, "transfers": {"bob": transfer}}
    echo: Any = AGENTS["echo"]
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, outgoing={"endpoint": "PJSIP/{number}@trunk"}, **WAYS[way])
        write_agents(tmp_path, echo={**echo, "telephone": telephone})
        async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
            await connected(pbx)
            caller = pbx.ring()
            await until(lambda: loud(caller))
            (call,) = running.server.calls
            caller.press("0")
            await until(lambda: pbx.originated)
            assert pbx.originated[0]["endpoint"] == "PJSIP/+4930555555@trunk"
            colleague = pbx.channels[pbx.originated[0]["channelId"]]
            await until(lambda: heard(caller, 440) > 0.02)
            caller.speak(tone(2_000, 3))
            pbx.answers(colleague)
            await until(lambda: loud(colleague))
            assert heard(colleague, 440) < 0.02
            assert heard(colleague, 2_000) < 0.02
            colleague.press(key)
            if key == "1":
                await until(lambda: call.door is not None and call.door.passed_on)  # type: ignore[attr-defined]
                caller.speak(tone(2_000, 1))
                colleague.speak(tone(3_000, 1))
                await until(lambda: heard(colleague, 2_000) > 0.1 and heard(caller, 3_000) > 0.1)
                colleague.hang_up()
            else:
                await until(lambda: not colleague.alive)
                assert not call.ending
                caller.hang_up()
            await empty(pbx, running)
            assert call.end_reason is (EndReason.TRANSFERRED if key == "1" else EndReason.CLIENT_HUNG_UP)
