"""What is left of a pass after its last token: text, times of words and guards, all of it in Python."""

import random

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from tests.engines.stt.whisper.test_alignment import SLOWER_MACHINE, best_ms
from voi.engines.stt.whisper import openai_backend
from voi.engines.stt.whisper.acceptance import Acceptance
from voi.engines.stt.whisper.alignment import token_frames
from voi.engines.stt.whisper.openai_backend import Attempt, OpenAiBackend, TriedBatch
from voi.engines.stt.whisper.openai_decoding import Decoded, Row
from voi.engines.stt.whisper.passes import HearAgain, HeardBatch, Hypothesis, Pass
from voi.engines.stt.whisper.tokens import beginning

PREDICTED_MS = 25.0
"""Of 16 finals of 30 tokens and 8 s. A desk check of the code had said 25 to 50 ms for 32."""
ROWS, TOKENS, FRAMES = 16, 30, 400
WORDS = ("people", "who", "talk", "to", "machines", "say", "things", "like", "these")
DOUBT = 0.7
"""A probability of silence at which the guards listen to all of the sound."""
OF_DOUBT_MS = 0.016 * FRAMES * 20 / 32
"""What the VAD takes for a final: 16 µs for each window of 32 ms."""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> OpenAiBackend:
    path = save(tmp_path_factory.mktemp("weights") / "tiny.pt")
    made = OpenAiBackend(str(path), models_dir=path.parent, device="cpu", precision="auto", max_batch=1)
    made.load()
    return made


def heard(backend: OpenAiBackend, rows: int, no_speech: float = 0.1) -> tuple[list[Pass], HeardBatch]:
    """As the device leaves it, with words of English."""
    chance, scores = random.Random(0), np.random.default_rng(0)
    pcm = sound("jfk")[: FRAMES * 640]
    passes = [Pass(pcm, language="en") for _ in range(rows)]
    tokenizer = backend._tokenizer_for("en")
    words = [tokenizer.encode(f" {word}")[0] for word in WORDS]
    attempts = {}
    for at, each in enumerate(passes):
        begin = beginning(each, tokenizer)
        decoded = Decoded([chance.choice(words) for _ in range(TOKENS)], [-0.3] * (TOKENS + 1), no_speech)
        places = len(begin.tokens) + TOKENS
        row = Row(begin.tokens, start=begin.start, most=begin.most)
        attempts[at] = Attempt(row, decoded, scores.normal(size=(places, FRAMES)))
    tried = TriedBatch(passes, ["en"] * rows, {})
    return passes, HeardBatch(lambda: backend._finished(tried, attempts, 0))


def finished(acceptance: Acceptance, passes: list[Pass], batch: HeardBatch) -> list[Hypothesis]:
    said = acceptance.finished(passes, batch)
    assert not isinstance(said, HearAgain)
    return said


@pytest.mark.parametrize("no_speech", [0.1, DOUBT])
def test_the_tail_of_sixteen_finals_takes_no_longer_than_was_predicted(
    no_speech: float, backend: OpenAiBackend
) -> None:
    """In this process's own time."""
    acceptance = Acceptance()
    passes, batch = heard(backend, ROWS, no_speech)
    said = finished(acceptance, passes, batch)
    assert all(TOKENS // 2 < len(each.words) <= TOKENS for each in said)
    took_ms = best_ms(lambda: finished(acceptance, passes, batch))
    predicted_ms = PREDICTED_MS + (ROWS * OF_DOUBT_MS if no_speech == DOUBT else 0.0)
    print(f"the tail of {ROWS} finals: {took_ms:.1f} ms, predicted {predicted_ms:.0f}")
    assert took_ms < predicted_ms * SLOWER_MACHINE


def test_all_finals_are_warped_together(backend: OpenAiBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    warped: list[int] = []
    monkeypatch.setattr(openai_backend, "token_frames", lambda of: (warped.append(len(of)), token_frames(of))[1])
    passes, batch = heard(backend, ROWS)
    finished(Acceptance(), passes, batch)
    assert warped == [ROWS]
