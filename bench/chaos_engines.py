"""The fake STT and TTS of the benchmark, with faults that are switched on from outside, by a file."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from voi.engines.base import Transcript, VoiceSpec
from voi.errors import EngineBroken, EngineError

from common.fakes import fake_tts, transcript
from voi_fakes import FakeStt, FakeSttStream, FakeTts

FAULTS = Path(os.environ.get("VOI_CHAOS_FILE", "chaos-faults.json"))
HANG_S = 3_600.0


def fault_of(engine: str) -> str:
    """The fault that the file names for this engine; "": none."""
    try:
        return str(json.loads(FAULTS.read_text()).get(engine, ""))
    except (OSError, ValueError):
        return ""


async def suffer(engine: str) -> None:
    """Do what the file says of this engine: raise, break, hang or slow."""
    match fault_of(engine):
        case "raise":
            raise EngineError(f"The {engine} of the chaos run fails now.", retryable=False)
        case "break":
            raise EngineBroken(f"The {engine} of the chaos run is broken.")
        case "hang":
            await asyncio.sleep(HANG_S)
        case "slow":
            await asyncio.sleep(2.0)


class ChaosStream(FakeSttStream):
    async def flush(self) -> Transcript:
        await suffer("stt")
        return await super().flush()


class ChaosStt(FakeStt):
    info = replace(FakeStt.info, name="chaos")

    def open(self, options: object, on_partial: object) -> ChaosStream:
        return ChaosStream(transcript(next(self._calls), 1))


class ChaosTts(FakeTts):
    info = replace(FakeTts.info, name="chaos")

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        await suffer("tts")
        async for sound in fake_tts(text):
            yield sound
