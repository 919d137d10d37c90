"""How soon the person hears the answer after a tool has returned, beside a plain answer's first sound: through a whole
server, with a scripted model over HTTP, fake voices, and a real client, turn and turn about.

    python bench/tool_turn.py            # 100 turns of each kind

A plain turn: from the client's request for an answer to the first sound. A turn with a tool of the app: from the moment
that the client sends the tool's result to the first sound. Both answers are the same words.
"""

import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fakes.engines import FakeStt, FakeTts, FakeVad
from tests.fakes.openai_server import FakeOpenAi, Reply, event
from tests.server.fakes import SECRET
from tests.server.serving import serving
from voi.client import AudioEvent, SpeechDoneEvent, ToolCallEvent, VoiClient
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.engines.startup import Engines
from voi.server.auth import issue_token

TURNS = 100
FIRST_TOKEN_MS = 50
FIRST_SOUND_S = 0.05
WORDS = Reply(deltas=("It ", "was ", "sent. "), first_delay_ms=FIRST_TOKEN_MS)
TOOL = {"description": "Find an order.", "app": True, "parameters": {"type": "object", "properties": {}}}
AGENT: Any = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"find": TOOL}}


def call() -> Reply:
    function = {"name": "find", "arguments": "{}"}
    delta = {"tool_calls": [{"index": 0, "id": "c0", "type": "function", "function": function}]}
    chunks = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    return Reply(raw=[b"".join(map(event, chunks)) + b"data: [DONE]\n\n"], first_delay_ms=FIRST_TOKEN_MS)


async def turn(client: VoiClient, events: Any) -> float:
    """From the last thing that the client sent before the answer, to its first sound, in milliseconds."""
    await client.send_text("Where is my order?")
    asked_s = time.perf_counter()
    await client.create_response()
    first_ms: float | None = None
    async for each in events:
        if isinstance(each, ToolCallEvent):
            asked_s = time.perf_counter()
            await client.send_tool_result(each.call_id, {"state": "sent"})
        elif isinstance(each, AudioEvent) and first_ms is None:
            first_ms = (time.perf_counter() - asked_s) * 1_000
        elif isinstance(each, SpeechDoneEvent) and first_ms is not None:
            await asyncio.sleep(0.3)
            return first_ms
    raise RuntimeError("the server hung up")


async def main(turns: int) -> None:
    logging.disable(logging.WARNING)
    times_ms: dict[str, list[float]] = {"a plain answer": [], "after a tool's result": []}
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        (folder / "agents.json").write_text(json.dumps({"desk": AGENT}))
        (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
        async with FakeOpenAi() as model:
            llm = OpenAiCompatible(api_base=model.base_url)
            tts = FakeTts(first_s=FIRST_SOUND_S, ms_per_character=10, speed=50)
            engines = Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": tts})
            model.script(*[reply for _ in range(turns) for reply in (WORDS, call(), WORDS)])
            async with (
                serving(folder, patch, engines) as running,
                VoiClient.connect(
                    f"ws://127.0.0.1:{running.port}/ws", token=issue_token("bench", SECRET), agent_name="desk",
                    app_tools=["find"],
                ) as client,
            ):  # fmt: skip
                events = aiter(client)
                for _ in range(turns):
                    for kind in times_ms:
                        times_ms[kind].append(await turn(client, events))
    floor_ms = FIRST_TOKEN_MS + FIRST_SOUND_S * 1_000
    print(f"floor: {floor_ms:.0f} ms (the model's first word, the voice's first sound)")
    for kind, each in times_ms.items():
        each.sort()
        middle, most = statistics.median(each), each[int(len(each) * 0.95)]
        print(f"{kind}: {len(each)} turns, first sound p50 {middle:.1f} ms, p95 {most:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
