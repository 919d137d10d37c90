"""What a row of the decoder does that the reference has no word for: temperature, seeds, cancelling."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch
from whisper.timing import dtw_cpu

from tests.engines.sounds import sound
from tests.engines.stt.whisper.checkpoints import save
from voi.engines.stt.whisper.alignment import token_frames
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.openai_decoding import Decoded, Decoding, Row
from voi.engines.stt.whisper.openai_front_end import log_mel

pytestmark = pytest.mark.integration

START = [50_258, 50_259, 50_359, 50_363]  # of a transcript in English without times


@pytest.fixture(scope="module")
def decoding(tmp_path_factory: pytest.TempPathFactory) -> Decoding:
    path = save(tmp_path_factory.mktemp("weights") / "tiny.pt")
    backend = OpenAiBackend(str(path), models_dir=path.parent, device="cpu", precision="auto", max_batch=2)
    backend.load()
    assert backend._encoder is not None
    assert backend._decoding is not None
    with torch.inference_mode():
        features = backend._encoder(log_mel([sound("spk1_snt1")], 80, torch.device("cpu")))
        backend._decoding.decoder.listen(features)
    return backend._decoding


def said(decoding: Decoding, row: Row) -> list[int]:
    with torch.inference_mode():
        return decoding.run([row])[0].tokens


def test_a_low_temperature_is_greedy_and_a_high_one_follows_its_seed(decoding: Decoding) -> None:
    def at(temperature: float, seed: int) -> list[int]:
        return said(decoding, Row(START, 0, 12, temperature, seed=seed))

    assert at(1e-4, 0) == at(1e-4, 1) == said(decoding, Row(START, 0, 12))
    assert at(8.0, 0) == at(8.0, 0)
    assert at(8.0, 0) != at(8.0, 1)


def test_a_cancelled_row_ends_with_its_next_token(decoding: Decoding) -> None:
    row = Row(START, 0, 12, cancelled=lambda: True)
    assert len(said(decoding, row)) == 1 < len(said(decoding, Row(START, 0, 12)))


def test_the_mean_counts_the_end_also_where_it_did_not_come() -> None:
    """As the reference does."""
    assert Decoded([7, 8], [-1.0, -2.0]).avg_logprob == -1.0
    assert Decoded([7, 8], [-1.0, -2.0, -3.0]).avg_logprob == -2.0


def test_the_warp_is_the_references_for_many_shapes() -> None:
    generator = np.random.default_rng(1)
    for _ in range(60):
        tokens, frames = int(generator.integers(2, 9)), int(generator.integers(2, 14))
        cost = generator.normal(size=(tokens, frames))
        text, time = dtw_cpu(cost)
        jumps = np.pad(np.diff(text), (1, 0), constant_values=1).astype(bool)
        assert token_frames([cost])[0].tolist() == time[jumps].tolist(), cost
