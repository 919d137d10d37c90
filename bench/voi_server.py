"""Voi under test: the server of `voi serve`, with fake STT and TTS, and the fake LLM behind its own client.

Everything else is Voi's own: door, token, session, Silero VAD, pacing. 192 ms of silence end a turn, as at the peers;
--speculate lets Voi begin its answer after 64 ms of them, which is its default.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from voi.cli import main

from common import config as C


def agents(speculate: bool) -> dict[str, Any]:
    turn = {
        "speculate": speculate, "min_silence_ms": C.VAD_STOP_MS, "silence_ms": C.VAD_STOP_MS,
        "max_silence_ms": C.VAD_STOP_MS,
    }  # fmt: skip
    voices = {"character": {"model": "fake", "voice": "fake"}}
    prompt = "You are a helpful voice agent."
    return {"bench": {"llm_model": "fake", "system_prompt": prompt, "voices": voices, "turn": turn}}


def serve() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--speculate", action="store_true")
    parser.add_argument("--admit", action="store_true", help="refuse calls when the load is high, as it does usually")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "agents.json").write_text(json.dumps(agents(args.speculate)))
        (Path(folder) / "tts_models.json").write_text(json.dumps({"fake": {"engine": "bench"}}))
        os.chdir(folder)
        os.environ |= {
            "LITELLM_API_BASE": C.LLM_URL, "VOI_STT_ENGINE": "bench", "VOI_TURN_ENGINE": "none",
            "VOI_MAX_CONVERSATIONS": "2000", "VOI_LOG_LEVEL": "warning",
            # Usually the limit sought is where calls suffer.
            "VOI_ADMIT_BY_LOAD": "true" if args.admit else "false",
        }  # fmt: skip
        main(["serve", "--port", str(args.port)])


if __name__ == "__main__":
    serve()
