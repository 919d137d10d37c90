"""What engines cost."""

import json
from pathlib import Path
from typing import Any

import pytest

from voi.config import prices
from voi.config.prices import FREE, Price, PriceList, Prices, read_prices, usual_prices
from voi.config.problems import Problems
from voi.use import Use

ROOT = Path(__file__).parents[2]
LLM = Use("llm", "openai_compatible", "smart", 1_000_000, 500_000)


def listed(**sections: dict[str, dict[str, float]]) -> PriceList:
    return PriceList.model_validate(sections)


def test_each_unit_has_its_price() -> None:
    tokens = {"input_per_million_tokens": 2.0, "output_per_million_tokens": 10.0}
    found = Prices(
        listed(
            llm={"smart": tokens},
            stt={"ear": {"per_minute": 0.6}},
            tts={"voice": {"per_1000_characters": 0.1, "per_minute": 0.06}},
            call={"telephone": {"per_minute": 0.01}},
        )
    )
    assert found.cost(LLM) == pytest.approx(2.0 + 5.0)
    assert found.cost(Use("stt", "ear", "ear", sound_ms=30_000)) == pytest.approx(0.3)
    assert found.cost(Use("tts", "cloud", "voice", sound_ms=60_000, characters=500)) == pytest.approx(0.05 + 0.06)
    assert found.cost(Use("call", "telephone", sound_ms=120_000)) == pytest.approx(0.02)
    assert found.cost(Use("call", "app", sound_ms=120_000)) == 0


@pytest.mark.parametrize(
    ("section", "per_million"),
    [
        ({"smart": {"input_per_million_tokens": 1}, "*": {"input_per_million_tokens": 9}}, 1),
        ({"openai_compatible": {"input_per_million_tokens": 2}, "sm*": {"input_per_million_tokens": 9}}, 2),
        ({"sm*": {"input_per_million_tokens": 3}, "*": {"input_per_million_tokens": 9}}, 3),
        ({"other": {}}, 7),  # LiteLLM's
    ],
)
def test_the_closest_name_counts(section: dict[str, dict[str, float]], per_million: float) -> None:
    found = Prices(listed(llm=section), {"smart": Price(input_per_million_tokens=7)})
    assert found.cost(LLM) == pytest.approx(per_million)


def test_what_nobody_knows_and_what_is_free() -> None:
    found = Prices(is_free=lambda kind, provider: (kind, provider) == ("stt", "moonshine"))
    assert found.cost(LLM) is None
    assert found.cost(Use("tts", "cloud", "voice", characters=5)) is None
    assert found.cost(Use("stt", "moonshine", "moonshine", sound_ms=5)) == 0


def test_prices_in_dollars_do_not_count_in_another_currency() -> None:
    euros = PriceList(currency="EUR")
    assert Prices(euros, {"smart": FREE}).cost(LLM) is None


def test_litellms_list_by_names_and_aliases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        "gpt-x": {"input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5},
        "odd": "text", "embedding": {"mode": "embedding"},
        "wild": {"input_cost_per_token": -4, "output_cost_per_token": "x"},
    }  # fmt: skip
    monkeypatch.setattr(prices, "litellm_list", lambda: entries)
    found = usual_prices({"smart": "openai/gpt-x", "nobody": "openai/none"})
    assert found["smart"] == found["gpt-x"] == Price(input_per_million_tokens=2.0, output_per_million_tokens=10.0)
    assert found["wild"] == FREE
    assert found.keys() == {"gpt-x", "smart", "wild"}


def test_the_real_list_is_found() -> None:
    pytest.importorskip("litellm")
    assert usual_prices({})["gpt-4o"].input_per_million_tokens > 0


def test_the_example_is_right_and_mistakes_are_told(tmp_path: Path) -> None:
    problems = Problems()
    example = read_prices(ROOT / "prices.example.json", problems)
    assert not problems.errors
    assert example.tts["cloud-voice"].per_1000_characters == 0.05
    assert read_prices(tmp_path / "none.json", problems) == PriceList()
    wrong = tmp_path / "prices.json"
    bad: list[Any] = [{"llm": {"m": {"input": 3}}}, {"llm": {"m": {"per_minute": -1}}}, {"currency": "dollars"}, []]
    for raw in bad:
        problems = Problems()
        wrong.write_text(json.dumps(raw))
        read_prices(wrong, problems)
        assert problems.errors or problems.warnings, raw
