"""Every shape that XTTS-v2 records, at full width, without a number being computed."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.meta_device import META, Copies, DryGraphs, FromHost, NothingFromHost
from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts.decoder import GptDecoder, SentenceStart
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.layout import Layout, Sampling
from voi.engines.tts.xtts.model import plan_for
from voi.engines.tts.xtts.vocoder import Vocoder, VocoderWindow
from voi.engines.tts.xtts.windows import FrameWindow, Stretch

pytestmark = pytest.mark.integration

CONDITIONING = 32
SLOTS = 4
DRY = (META, "XTTS")


@pytest.fixture(scope="module")
def vocoder_state(files: dict[str, Path]) -> dict[str, torch.Tensor]:
    from voi.engines.tts.xtts.checkpoint import load_weights

    return load_weights(files["checkpoint"])[1]


def decoder(
    dtype: torch.dtype = torch.float16, *, same_shapes: bool = False, layers: int = 1, fused_activation: bool = False
) -> tuple[GptDecoder, DryGraphs]:
    layout = Layout(gpt_layers=layers)  # all are alike
    with META:
        from voi.engines.tts.xtts.gpt import Gpt

        gpt = Gpt(
            layers=layout.gpt_layers,
            width=layout.gpt_n_model_channels,
            heads=layout.gpt_n_heads,
            text_tokens=6_681,
            text_places=layout.gpt_max_text_tokens + 2,
            codes=layout.gpt_num_audio_tokens,
            code_places=layout.gpt_max_audio_tokens + 3,
            fused_activation=fused_activation,
        ).to(dtype)
    graphs = DryGraphs(*DRY)
    made = GptDecoder(
        gpt.requires_grad_(False),
        layout,
        slots=SLOTS,
        conditioning=CONDITIONING,
        graphs=graphs,
        same_shapes=same_shapes,
    )
    return made, graphs


def start(slot: int) -> SentenceStart:
    conditioning = torch.empty(CONDITIONING, Layout().gpt_n_model_channels, device=META, dtype=torch.float16)
    return SentenceStart(slot, [1] * (20 + slot), conditioning, Sampling(), seed=slot)


@pytest.mark.parametrize(("same_shapes", "fused_activation"), [(False, False), (True, False), (False, True)])
def test_nothing_of_the_decoder_is_on_the_host(same_shapes: bool, fused_activation: bool) -> None:
    with torch.inference_mode():
        made, graphs = decoder(same_shapes=same_shapes, fused_activation=fused_activation)
        for _ in made.record():
            pass
    rows, lengths = len(made._row_sizes), len(made._lengths)
    assert len(graphs.done) == rows * lengths + len(made._fills) * len(made._prefixes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_nothing_of_the_vocoder_is_on_the_host(dtype: torch.dtype, vocoder_state: dict[str, torch.Tensor]) -> None:
    with torch.inference_mode():
        with META:
            net = HifiGan(vocoder_state).to(dtype)
        graphs = DryGraphs(*DRY)
        latents = torch.empty(SLOTS, 603, tiny.WIDTH, device=META, dtype=torch.float16)
        vocoder = Vocoder(net.requires_grad_(False), latents, plan_for(net), graphs)
        for _ in vocoder.record():
            pass
        assert len(graphs.done) == 2 * 4 * len(vocoder.plan.sizes)
        embedding = torch.empty(512, device=META)
        stretch = Stretch((4.0, 24_000 / 22_050))
        pieces = [VocoderWindow(0, 30, stretch, FrameWindow(0, 42, 0, 29), embedding)] * 3
        with Copies() as copies:
            vocoder._inputs_of(pieces, 42)
        assert len(copies.made) == 1


def test_callers_who_come_and_go_cost_one_transfer() -> None:
    with torch.inference_mode():
        made, _ = decoder()
        with Copies() as copies:
            made.begin([start(slot) for slot in range(3)])
        assert len(copies.made) == 1
        with Copies() as copies:
            made.move(2, 1, 60)
            made.release(1)
            made.clean(0)
        assert copies.made == []


def test_what_the_dry_run_finds() -> None:
    on_host = torch.tensor([1])
    with torch.inference_mode():
        with NothingFromHost(), pytest.raises(FromHost):
            torch.empty(3, device=META)[on_host]
        with NothingFromHost(), pytest.raises(FromHost):
            torch.tensor([1.0, 2.0]).to(META)
        with Copies() as copies:
            torch.empty(3, device=META)[1] = 5
        assert copies.made
