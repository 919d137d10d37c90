import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from voi.engines.tts.xtts.sampling import draw, quantiles

CODES = 50


def drawn(logits: torch.Tensor, quantile: float, **rules: float) -> int:
    every = {"temperature": 1.0, "top_k": CODES, "top_p": 1.0, "penalty": 1.0, "greedy": False} | rules
    seen = torch.zeros(1, CODES, dtype=torch.bool)
    seen[0, 7] = True
    values = {name: torch.tensor([value]) for name, value in every.items()}
    return int(draw(logits[None], seen, quantile=torch.tensor([quantile]), **values)[0])  # type: ignore[arg-type]


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(CODES, generator=torch.Generator().manual_seed(3)) * 2


def shares(logits: torch.Tensor, **rules: float) -> np.ndarray:  # type: ignore[type-arg]
    """How often each code is drawn over evenly spread quantiles."""
    steps = 4_000
    batch = logits.expand(steps, CODES)
    every = {"temperature": 1.0, "top_k": CODES, "top_p": 1.0, "penalty": 1.0, "greedy": False} | rules
    seen = torch.zeros(steps, CODES, dtype=torch.bool)
    seen[:, 7] = True
    values = {name: torch.tensor([value]).expand(steps) for name, value in every.items()}
    at = (torch.arange(steps) + 0.5) / steps
    codes = draw(batch, seen, quantile=at, **values)  # type: ignore[arg-type]
    return np.bincount(codes.numpy(), minlength=CODES) / steps


@pytest.mark.integration
@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"temperature": 0.6},
        {"top_k": 5},
        {"top_p": 0.7},
        {"temperature": 0.75, "top_k": 50, "top_p": 0.85, "penalty": 5.0},
        {"temperature": 1.4, "top_k": 12, "top_p": 0.5, "penalty": 2.0},
    ],
)
def test_odds_are_those_of_hugging_face(logits: torch.Tensor, rules: dict[str, float]) -> None:
    processors = pytest.importorskip("transformers.generation.logits_process")
    used = torch.tensor([[7]])
    scores = logits[None].clone()
    if "penalty" in rules:
        scores = processors.RepetitionPenaltyLogitsProcessor(rules["penalty"])(used, scores)
    if "temperature" in rules:
        scores = processors.TemperatureLogitsWarper(rules["temperature"])(used, scores)
    if "top_k" in rules:
        scores = processors.TopKLogitsWarper(int(rules["top_k"]))(used, scores)
    if "top_p" in rules:
        scores = processors.TopPLogitsWarper(rules["top_p"])(used, scores)
    expected = scores.softmax(-1)[0].numpy()
    assert np.abs(shares(logits, **rules) - expected).max() < 1e-3
    assert ((shares(logits, **rules) > 0) <= (expected > 0)).all()


def test_greedy_is_the_likeliest_whatever_the_quantile(logits: torch.Tensor) -> None:
    assert {drawn(logits, q, greedy=True) for q in (0.0, 0.5, 0.999)} == {int(logits.argmax())}


@pytest.mark.parametrize("quantile", [0.0, 1 - 2**-24])
def test_the_outermost_quantiles_give_a_code_that_may_be_drawn(logits: torch.Tensor, quantile: float) -> None:
    best = logits.topk(3).indices.tolist()
    assert drawn(logits, quantile, top_k=3) in best


def test_quantiles_are_the_seeds() -> None:
    assert quantiles(4, 100).equal(quantiles(4, 100))
    assert not quantiles(4, 100).equal(quantiles(5, 100))
    assert 0 <= float(quantiles(6, 10_000).min()) <= float(quantiles(6, 10_000).max()) < 1
    assert quantiles(0, 3).tolist() == pytest.approx([0.4962566, 0.7682218, 0.0884774])  # on every machine
