"""How much a device has to start for a step of the decoder."""

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch
from torch import nn
from torch.nn.functional import gelu

from tests.engines.launches import Launches
from tests.engines.tts.xtts.test_dry_run import decoder
from voi.engines.tts.xtts.gpt import _product_gelu, fused_gelu, linear_gelu
from voi.engines.tts.xtts.layout import Layout
from voi.engines.tts.xtts.sampling import NOT_A_NUMBER, draw


def step_of(layers: int, *, fused_activation: bool = False) -> Launches:
    with torch.inference_mode():
        made, _ = decoder(layers=layers, fused_activation=fused_activation)
        with Launches() as started:
            made._step(3, 192)
    return started


def test_a_layer_is_eleven_operations_and_keys_and_values_are_written_together() -> None:
    one, two = step_of(1), step_of(2)
    assert two.counts - one.counts == {
        "layer_norm": 2, "linear": 4, "scaled_dot_product_attention": 1, "index_put_": 1, "gelu": 1, "add": 2
    }  # fmt: skip


def test_what_is_not_of_a_layer_is_not_made_anew_at_every_step() -> None:
    """Numbers of rows and the mask are there; the mask of a step is one gather."""
    started = step_of(1)
    assert not started.counts.keys() & {"arange", "zeros", "full", "ones"}
    assert started.counts["index"] == 2  # the mask, and the quantiles
    assert started.total - 11 <= 45


def test_a_fused_activation_saves_an_operation_a_layer() -> None:
    for layers in (1, 3):
        plain, fused = step_of(layers), step_of(layers, fused_activation=True)
        assert plain.total - fused.total == layers
        assert fused.counts["gelu"] == 0
        assert fused.counts["_addmm_activation"] == layers


def test_a_fused_activation_is_that_of_the_product() -> None:
    """On a CPU torch computes the exact gelu, on a GPU the approximation that XTTS was trained with."""
    torch.manual_seed(0)
    linear, x = nn.Linear(16, 64), torch.randn(3, 2, 16)
    with torch.inference_mode():
        assert torch.allclose(_product_gelu(x, linear), gelu(linear(x)), atol=1e-6)
        assert torch.allclose(_product_gelu(x, linear), linear_gelu(x, linear), atol=2e-3)
        assert torch.equal(fused_gelu(x, linear), linear_gelu(x, linear))


def test_a_sentence_that_moves_takes_no_more_along_than_it_has() -> None:
    with torch.inference_mode():
        made, _ = decoder()
        with Launches() as moving:
            made.move(2, 1, 60)
    layout = Layout(gpt_layers=1)
    assert ("copy_", (1, 2, layout.gpt_n_heads, 60, layout.head_width)) in moving.shapes
    assert not any(made.places in shape for _, shape in moving.shapes)


@pytest.mark.parametrize("largest", [torch.nan, torch.inf, -torch.inf])
def test_codes_of_what_is_no_number_are_told(largest: float) -> None:
    logits = torch.full((2, 9), -1.0)
    logits[0] = largest
    ones = torch.ones(2)
    codes = draw(logits, torch.zeros(2, 9, dtype=torch.bool), ones, ones.long(), ones, ones, ones.bool(), ones * 0.5)
    assert codes[0] == NOT_A_NUMBER
    assert codes[1] >= 0
