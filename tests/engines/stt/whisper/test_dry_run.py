"""Every step that Whisper records, at the size of small, without a number being computed."""

from dataclasses import asdict

import pytest

pytest.importorskip("torch")
pytest.importorskip("whisper")

import torch
import whisper

from tests.engines.meta_device import META, DryGraphs
from voi.engines.stt.whisper import openai_decoding
from voi.engines.stt.whisper.openai_decoding import Decoding
from voi.engines.stt.whisper.openai_network import Dimensions, TextDecoder

pytestmark = pytest.mark.integration

SMALL = Dimensions(80, 1500, 768, 12, 2, 51_865, 448, 768, 12, 2)
"""But for its twelve layers, which are all alike."""
HEADS = [(0, 3), (1, 0), (1, 11)]


def small_decoder() -> TextDecoder:
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**asdict(SMALL))).half()
    weights = {name: tensor.to(META) for name, tensor in model.state_dict().items()}
    return TextDecoder(SMALL, weights, HEADS, rows=5)


def test_nothing_of_a_step_is_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_decoding, "Graphs", DryGraphs)
    with torch.inference_mode():
        decoding = Decoding(
            small_decoder(), end_token=50_257, no_speech_token=50_362, suppressed=[1, 2], blank=[220, 50_257]
        )
        decoding.record()
    assert isinstance(decoding._graphs, DryGraphs)
    assert decoding._graphs.done == [5, 4, 2, 1]
