"""deploy/prometheus and deploy/grafana: every metric that they name exists, alerts fire when they should, and a real
Prometheus scrapes a real server with them."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import yaml

from tests.fakes.engines import FakeTts
from tests.server.fakes import API_KEY
from tests.server.serving import Person, fake_engines, serving
from voi.calls.usage import Whose
from voi.core.end_reason import EndReason
from voi.engines.fallback.choices import Fallbacks
from voi.engines.remote import RemoteTts
from voi.engines.supervised import SupervisedTts
from voi.errors import EngineError
from voi.server.gpu_metrics import Gpu
from voi.server.metrics import Metrics
from voi.session.failure import Failure
from voi.session.tool_use import ToolUse
from voi.use import Use

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "voi.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "voi.json"
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
installed = pytest.mark.skipif(
    not (PROMETHEUS and PROMTOOL), reason="Prometheus is not installed: apt-get install prometheus"
)
START_S = 20.0


def alerts() -> dict[str, dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def dashboard_expressions() -> list[str]:
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]


async def exposed() -> set[str]:
    """Names of all series that a server exposes once everything has happened."""
    metrics = Metrics(lambda: 1)
    metrics.began("call", "voi")
    metrics.refused(EndReason.SERVER_FULL)
    metrics.failed(EndReason.FAULT)
    metrics.observer_failed("Recorder")
    metrics.engine_failed(Failure("llm", "litellm", "m", "It broke.", 5))
    metrics.used(Whose("shop", "ada", "app"), Use("tts", "cloud", "voice", sound_ms=5, characters=5), 0.5)
    metrics.used(Whose("shop", "ada", "app"), Use("llm", "litellm", "m", 1, 1), None)
    engine = SupervisedTts(FakeTts)
    engine.engine = RemoteTts(SimpleNamespace(name="xtts", pid=os.getpid(), host_pid=None), "fake")
    metrics.watch_engines({"TTS voice, fake": engine})
    fallbacks = Fallbacks()
    trial = fallbacks.ask("llm", "big", "small")
    assert trial is not None
    trial.failed(EngineError("It is down."))
    metrics.watch_fallbacks(fallbacks)
    metrics.not_saved()
    metrics.tool_used(ToolUse(1, "a", "book", "http", "{}", 5, 5))
    metrics.gpus._gpus = (Gpu("0", "GPU-0", 1, 2, 3),)
    return set(re.findall(r"^(\w+)(?:\{| )", metrics.text("")[0].decode(), re.MULTILINE))


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in alerts().values()), *dashboard_expressions()])
def test_every_metric_that_is_named_exists(expression: str) -> None:
    named = set(re.findall(r"\b(?:voi|process)_\w+", expression)) | set(re.findall(r"\bup\b", expression))
    assert named
    assert named - {"up"} <= asyncio.run(exposed())


def test_every_alert_says_what_to_do() -> None:
    for name, rule in alerts().items():
        assert rule["annotations"].keys() == {"summary", "do"}, name
        assert rule["labels"]["severity"] in ("page", "ticket"), name


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


FIRING: dict[str, dict[str, str]] = {
    "VoiIsDown": {'up{job="voi"}': "0x40"},
    "VoiEngineIsDown": {'voi_engine_up{engine="TTS xtts"}': "0x40"},
    "VoiEngineKeepsFailing": {'voi_engine_restarts_total{engine="TTS xtts"}': "0+1x40"},
    "VoiLivesOnSecondChoices": {'voi_engine_resting{kind="llm",engine="big"}': "1x40"},
    "VoiAnswersFail": {'voi_engine_failures_total{kind="llm",engine="litellm"}': "0+2x40"},
    "VoiRefusesCalls": {'voi_connections_refused_total{reason="overloaded"}': "0+1x40"},
    "VoiIsBusy": {"voi_load_level": "1x40"},
    "VoiAnswersLate": {
        'voi_turn_step_seconds_bucket{step="first_sent",le="2.0"}': "0+1x40",
        'voi_turn_step_seconds_bucket{step="first_sent",le="3.0"}': "0+20x40",
        'voi_turn_step_seconds_bucket{step="first_sent",le="+Inf"}': "0+20x40",
        'voi_turn_step_seconds_count{step="first_sent"}': "0+20x40",
    },
    "VoiConversationsFail": {'voi_conversations_failed_total{reason="fault"}': "0+1x40"},
    "VoiObserversFail": {'voi_observer_failures_total{observer="Recorder"}': "0+1x40"},
    "VoiStartsAgainAndAgain": {'process_start_time_seconds{job="voi"}': "0+300x40"},
    "VoiRunsOutOfDescriptors": {
        'process_open_fds{job="voi"}': "900x40",
        'process_max_fds{job="voi"}': "1024x40",
    },
    "VoiEventLoopIsLate": {
        'voi_event_loop_late_seconds_bucket{le="0.1"}': "0+90x40",
        'voi_event_loop_late_seconds_bucket{le="0.5"}': "0+100x40",
        'voi_event_loop_late_seconds_bucket{le="+Inf"}': "0+100x40",
    },
    "VoiEngineKeepsCallersWaiting": {'voi_engine_wait_seconds{engine="TTS xtts"}': "2x40"},
    "VoiGpuIsLost": {"voi_gpu_read_failures_total": "0+4x40"},
    "VoiGpuMemoryIsFull": {
        'voi_gpu_memory_used_bytes{gpu="0",uuid="GPU-0"}': "98x40",
        'voi_gpu_memory_total_bytes{gpu="0",uuid="GPU-0"}': "100x40",
    },
    "VoiStoreFails": {"voi_store_failures_total": "0+1x40"},
    "VoiStoreLosesEntries": {"voi_store_lost_total": "0+1x40"},
    "VoiCallsAreNotKept": {"voi_calls_not_saved_total": "0+1x40"},
    "VoiForgetsPeople": {'voi_memory_failures_total{trouble="summary"}': "0+1x40"},
    "VoiToolsFail": {
        'voi_tool_calls_total{kind="http",outcome="ok"}': "0+3x40",
        'voi_tool_calls_total{kind="http",outcome="timeout"}': "0+1x40",
    },
    "VoiAfterCallsFail": {'voi_after_calls_total{step="webhook",outcome="failed"}': "0+1x40"},
    "VoiKnowledgeIsIncomplete": {"voi_knowledge_files_left_out": "1x40"},
    "VoiTokensAreRefused": {'voi_connections_refused_total{reason="token_refused"}': "0+60x40"},
    "VoiCostsAreUnknown": {'voi_usage_unpriced_total{app="shop",agent="ada",provider="cloud"}': "0+1x130"},
}
AFTER = {"VoiCostsAreUnknown": "2h"}
"""When an alert fires that needs more than half an hour."""
QUIET: dict[str, str] = {
    'up{job="voi"}': "1x40", 'voi_engine_up{engine="TTS xtts"}': "1x40",
    'voi_engine_restarts_total{engine="TTS xtts"}': "1x40",
    'voi_engine_failures_total{kind="llm",engine="litellm"}': "3x40",
    'voi_connections_refused_total{reason="token_refused"}': "0+5x40", "voi_load_level": "0x40",
    'voi_conversations_failed_total{reason="client_fault"}': "0+1x40",
    'voi_turn_step_seconds_bucket{step="first_sent",le="2.0"}': "0+20x40",
    'voi_turn_step_seconds_bucket{step="first_sent",le="+Inf"}': "0+20x40",
    'voi_turn_step_seconds_count{step="first_sent"}': "0+20x40",
    'process_start_time_seconds{job="voi"}': "0x10 500x30", 'process_open_fds{job="voi"}': "100x40",
    'process_max_fds{job="voi"}': "1024x40",
    'voi_event_loop_late_seconds_bucket{le="0.1"}': "0+100x40",
    'voi_event_loop_late_seconds_bucket{le="0.5"}': "0+100x40",
    'voi_event_loop_late_seconds_bucket{le="+Inf"}': "0+100x40",
    'voi_engine_wait_seconds{engine="TTS xtts"}': "0.2x40", "voi_gpu_read_failures_total": "1x40",
    'voi_gpu_memory_used_bytes{gpu="0",uuid="GPU-0"}': "80x40",
    'voi_gpu_memory_total_bytes{gpu="0",uuid="GPU-0"}': "100x40",
    'voi_tool_calls_total{kind="http",outcome="ok"}': "0+20x40",
    'voi_tool_calls_total{kind="http",outcome="failed"}': "0+1x40", "voi_knowledge_files_left_out": "0x40",
    "voi_store_failures_total": "3x40", "voi_store_lost_total": "5x40",
    "voi_calls_not_saved_total": "1x40", 'voi_observer_failures_total{observer="Recorder"}': "4x40",
    'voi_usage_unpriced_total{app="shop",agent="ada",provider="cloud"}': "7x130",
}  # fmt: skip
"""A healthy server, seen every minute."""


def firing(tmp_path: Path, series: dict[str, str], alert: str, *, fires: bool) -> subprocess.CompletedProcess[str]:
    """What promtool says of whether that alert fires after 30 minutes of these series."""
    assert PROMTOOL
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                        "eval_time": AFTER.get(alert, "30m"),
                        "exp_samples": [{"labels": "{}", "value": int(fires)}],
                    }
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    command = [PROMTOOL, "test", "rules", str(tmp_path / "test.yml")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@installed
@pytest.mark.parametrize("alert", alerts())
def test_each_alert_fires_when_it_should_and_not_on_a_healthy_server(alert: str, tmp_path: Path) -> None:
    told = firing(tmp_path, FIRING[alert], alert, fires=True)
    assert told.returncode == 0, told.stdout + told.stderr
    told = firing(tmp_path, QUIET, alert, fires=False)
    assert told.returncode == 0, told.stdout + told.stderr


LATE: dict[str, dict[str, str]] = {
    "VoiAnswersFail": {'voi_engine_failures_total{kind="tts",engine="xtts"}': "_x28 7x12"},
    "VoiObserversFail": {'voi_observer_failures_total{observer="Recorder"}': "_x28 1x12"},
    "VoiCostsAreUnknown": {'voi_usage_unpriced_total{app="shop",agent="ada",provider="cloud"}': "_x80 3x60"},
}
"""Series that come to be with the first failure, and stay at that."""


@installed
@pytest.mark.parametrize("alert", LATE)
def test_a_failure_that_is_the_first_of_its_kind_is_seen(alert: str, tmp_path: Path) -> None:
    told = firing(tmp_path, LATE[alert], alert, fires=True)
    assert told.returncode == 0, told.stdout + told.stderr


FORESEEN = {
    "VoiRefusesCalls": "voi_connections_refused_total", "VoiTokensAreRefused": "voi_connections_refused_total",
    "VoiConversationsFail": "voi_conversations_failed_total",
}  # fmt: skip


def test_what_alerts_count_by_known_reasons_is_there_from_the_start() -> None:
    exposed = Metrics(lambda: 0).text("")[0].decode()
    for alert, metric in FORESEEN.items():
        (reasons,) = re.findall(r'reason=~?"([^"]+)"', alerts()[alert]["expr"])
        for reason in reasons.split("|"):
            assert f'{metric}{{reason="{reason}"}} 0.0' in exposed, (alert, reason)


@pytest.mark.parametrize("alert", [name for name, rule in alerts().items() if "increase(" in rule["expr"]])
async def test_every_counter_of_an_alert_is_there_from_the_start_or_may_come_late(alert: str) -> None:
    counters = set(re.findall(r"increase\((voi_\w+)", alerts()[alert]["expr"]))
    metrics = Metrics(lambda: 0)
    metrics.watch_engines({"TTS voice, fake": SupervisedTts(FakeTts)})
    from_the_start = set(re.findall(r"^(\w+)(?:\{| )", metrics.text("")[0].decode(), re.MULTILINE))
    assert counters <= from_the_start or alert in LATE


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def asked(http: aiohttp.ClientSession, url: str) -> Any:
    async with http.get(url) as response:
        return (await response.json())["data"]


@installed
@pytest.mark.integration
async def test_a_real_prometheus_scrapes_a_server_with_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PROMETHEUS
    port = free_port()
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        config = (DEPLOY / "prometheus" / "prometheus.example.yml").read_text()
        config = config.replace("/etc/prometheus/voi-api-key", str(tmp_path / "key"))
        config = config.replace("localhost:8765", f"127.0.0.1:{running.port}").replace("15s", "1s")
        (tmp_path / "prometheus.yml").write_text(config)
        (tmp_path / "key").write_text(API_KEY)
        shutil.copy(RULES, tmp_path)
        await Person.arrive(running.port)
        process = await asyncio.create_subprocess_exec(
            PROMETHEUS, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}", stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        base = f"http://127.0.0.1:{port}/api/v1"
        try:
            async with aiohttp.ClientSession() as http, asyncio.timeout(START_S):
                while True:
                    try:
                        found = await asked(http, f"{base}/query?query=voi_conversations_active")
                    except aiohttp.ClientError:
                        found = {"result": []}
                    if found["result"]:
                        break
                    await asyncio.sleep(0.2)
                assert found["result"][0]["value"][1] == "1"
                (target,) = (await asked(http, f"{base}/targets"))["activeTargets"]
                assert (target["health"], target["lastError"]) == ("up", "")
                (group,) = (await asked(http, f"{base}/rules"))["groups"]
                assert [rule["name"] for rule in group["rules"]] == list(alerts())
                for expression in dashboard_expressions():
                    query = expression.replace("$instance", ".*")
                    async with http.get(f"{base}/query", params={"query": query}) as response:
                        assert response.status == 200, (query, await response.text())
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 60)
