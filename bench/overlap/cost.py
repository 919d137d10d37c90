"""What the judgements cost: CPU of this process, on one core, for a pause and for a sound over the agent.

    python -m bench.overlap.cost CLIPS

The mean over some clips, after the models are loaded. A pause asks the turn model once; a sound over the agent asks the
judge of voices at four lengths, and for its words twice, which are counted apart. As in the server, OpenBLAS has one
thread.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
from voi.core.barge_in import JUDGED_AT_MS, WORDS_AT_MS
from voi.engines.stt.moonshine_model import MoonshineModel
from voi.engines.turn.smart_turn import SmartTurn
from voi.engines.voice.judge import PREROLL_WINDOWS, BuiltInVoiceJudge
from voi.training.turns.clips import Clip, load_clips

CLIPS = 12
BYTES_PER_MS = 32
PREROLL_MS = PREROLL_WINDOWS * 32


async def cost_ms(work: Callable[[bytes], Awaitable[Any]], sounds: list[bytes]) -> float:
    """CPU time in ms, a sound."""
    await work(sounds[0])
    began_s = time.process_time()
    for sound in sounds:
        await work(sound)
    return 1_000 * (time.process_time() - began_s) / len(sounds)


async def run(clips: list[Clip], models: Path) -> None:
    turn, judge = SmartTurn(models_dir=models), BuiltInVoiceJudge()
    await turn.warm_up()
    await judge.warm_up()
    judge.encoder = turn.encode
    stt = MoonshineModel(None, "tiny")
    sounds = [clip.pcm()[: 4_000 * BYTES_PER_MS] for clip in clips]
    print(f"a pause, the turn model: {await cost_ms(turn.probability, sounds):.0f} ms")
    whole = 0.0
    for length_ms in JUDGED_AT_MS:
        parts = [sound[: (PREROLL_MS + length_ms) * BYTES_PER_MS] for sound in sounds]
        each = await cost_ms(lambda pcm, ms=length_ms: judge.judge(pcm, ms), parts)  # type: ignore[misc]
        whole += each
        print(f"a sound over the agent, judged at {length_ms} ms: {each:.0f} ms")
    print(f"a sound over the agent, all four: {whole:.0f} ms")
    for length_ms in WORDS_AT_MS:
        parts = [sound[: (PREROLL_MS + length_ms) * BYTES_PER_MS] for sound in sounds]

        async def words(pcm: bytes) -> str:
            return str(stt.transcribe(pcm))

        print(f"its words at {length_ms} ms: {await cost_ms(words, parts):.0f} ms")
    await turn.close()
    await judge.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    options = parser.parse_args()
    asyncio.run(run(load_clips(options.clips, {"interruption"})[:CLIPS], options.models))


if __name__ == "__main__":
    main()
