"""What a served call uses is in the store, in the metrics and over HTTP."""

import csv
import importlib.util
import io
import json
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY
from tests.server.serving import Person, fake_engines, serving
from tests.server.test_kept_calls import stored, talk
from voi.server.usage_http import Rate
from voi.server.usage_metrics import OTHER, UsageMetrics

if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)
KEY = f"API-Key: {API_KEY}\r\n"
PRICES = {
    "llm": {"echo": {"output_per_million_tokens": 1_000_000}},
    "tts": {"voice": {"per_1000_characters": 100}},
    "call": {"app": {"per_minute": 6}},
}


@pytest.mark.integration
async def test_a_call_is_priced_stored_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices.json").write_text(json.dumps(PRICES))
    async with serving(tmp_path, monkeypatch, fake_engines(), store="facts") as running:
        await talk(running.port, "four words are here")
        await running.server.kept._writer.close()  # type: ignore[union-attr]
        status, _, body = await running.http("GET", "/usage?by=app,agent,kind,provider,model", KEY)
        assert status == 200, body
        rows = {row["kind"]: row for row in json.loads(body)["usage"]}
        _, head, text = await running.http("GET", "/usage?by=kind&format=csv", KEY)
        assert head["content-type"] == "text/csv; charset=utf-8"
        assert [row["kind"] for row in csv.DictReader(io.StringIO(text.decode()))] == ["call", "llm", "tts"]
        metrics = (await running.http("GET", "/metrics?format=prometheus", KEY))[2].decode()
        answers = {
            path: (await running.http("GET", path, KEY))[0]
            for path in (
                "/usage?by=person",
                "/usage?from=2027-01-01&to=2026-01-01",
                "/usage?from=2020-01-01",
                "/usage?to=x",
            )
        }
    assert answers == dict.fromkeys(answers, 400) | {"/usage?to=x": 422}
    assert {(row["app"], row["agent"]) for row in rows.values()} == {("shop", "echo")}
    assert rows["llm"]["output_tokens"] == 5
    assert rows["llm"]["cost"] == pytest.approx(5)
    assert rows["llm"]["estimated_uses"] == rows["llm"]["uses"] == 1
    assert rows["tts"]["characters"] >= len("four words are here")
    assert rows["tts"]["cost"] == pytest.approx(rows["tts"]["characters"] / 10)
    assert 0 < rows["call"]["cost"] == pytest.approx(rows["call"]["seconds"] / 10, abs=0.001)
    assert 'voi_usage_tokens_total{agent="echo",app="shop",direction="out",provider="fake"} 5.0' in metrics or (
        'voi_usage_tokens_total{agent="echo",app="shop",direction="out",provider="echo"} 5.0' in metrics
    )
    (kept,) = await stored(tmp_path)
    assert kept.facts["cost_micros"] == pytest.approx(sum(row["cost"] for row in rows.values()) * 1e6, abs=3)
    assert {each["kind"] for each in kept.usage} == {"call", "llm", "tts"}


@pytest.mark.integration
async def test_questions_about_usage_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        assert (await running.http("GET", "/usage"))[0] == 401
        statuses = [(await running.http("GET", "/usage", KEY))[0] for _ in range(12)]
        assert statuses[0] == 503  # there is no store
        assert 429 in statuses
        person = await Person.arrive(running.port, "mute")
        person.client.drop()


def test_a_rate_of_one_a_second() -> None:
    now_s = 0.0
    rate = Rate(2, 1.0, lambda: now_s)
    assert [rate.take() for _ in range(3)] == [True, True, False]
    now_s = 1.5
    assert [rate.take() for _ in range(2)] == [True, False]


def test_labels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    from voi.calls.usage import Whose
    from voi.server import usage_metrics
    from voi.use import Use

    monkeypatch.setattr(usage_metrics, "SERIES_MAX", 3)
    registry = CollectorRegistry()
    used = UsageMetrics(registry)
    for number in range(10):
        used(Whose(f"app{number}", "ada", "app"), Use("llm", "openai", "m", 1, 1), None)
    text = generate_latest(registry).decode()
    assert f'voi_usage_tokens_total{{agent="{OTHER}",app="{OTHER}",direction="in",provider="openai"}} 7.0' in text
    assert text.count("voi_usage_tokens_total{") == 8
