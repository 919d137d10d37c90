import contextlib
import http.server
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from voi.cli import app as voi
from voi.cli import engine_findings, findings, first_fetch
from voi.cli.doctor import doctor
from voi.cli.findings import Grade
from voi.engines import gpus
from voi.engines.device import Memory
from voi.engines.gpus import Driver

pytestmark = pytest.mark.integration

app = typer.Typer()
app.command()(doctor)
RTX_3090 = [Memory("cuda:0, RTX 3090", 0, 0)]
AGENTS = {"a": {"llm_model": "echo", "voices": {"character": {"model": "espeak"}}}}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is ready to serve."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("VOI_PORT", str(free.getsockname()[1]))
    monkeypatch.setenv("TOKEN_SECRET_KEY", secrets.token_urlsafe(48))
    monkeypatch.setenv("API_KEY", secrets.token_urlsafe(48))
    for name in ("LITELLM_API_BASE", "LITELLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    Path("agents.json").write_text(json.dumps(AGENTS))
    Path("tts_models.json").write_text(json.dumps({"espeak": {"engine": "espeak"}}))


def examine() -> tuple[int, dict[str, list[dict[str, Any]]], str]:
    result = CliRunner().invoke(app, ["--json"])
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(result.stdout)["findings"]:
        found.setdefault(finding["what"], []).append(finding)
    assert (result.exit_code == 0) == json.loads(result.stdout)["ok"]
    return result.exit_code, found, result.stdout


def test_a_machine_that_is_ready() -> None:
    code, found, _ = examine()
    assert code == 0
    for what in ("Python", "CPU", "vad", "stt", "tts espeak", "agents", "port", "TOKEN_SECRET_KEY"):
        assert found[what][0]["state"] == "ok", what
    assert found["turn"][0]["state"] == "missing"
    assert "voi models pull smart-turn" in found["turn"][0]["cure"]


def test_the_port_that_voi_itself_listens_at_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering('{"status": "ready", "engines": {}, "version": "1.2"}') as port:
        monkeypatch.setenv("VOI_PORT", str(port))
        _, found, _ = examine()
    assert found["port"][0]["state"] == "ok"
    assert "Voi 1.2 listens there, ready" in found["port"][0]["detail"]


def test_a_port_that_something_else_listens_at_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering('{"hello": "world"}') as port:
        monkeypatch.setenv("VOI_PORT", str(port))
        code, found, _ = examine()
    assert code == 1
    assert found["port"][0]["state"] == "wrong"


@contextlib.contextmanager
def answering(body: str, status: int = 200) -> Iterator[int]:
    """A server of HTTP that says this to everybody; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_for_people() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "Ready to serve." in result.output
    assert "moonshine: ready in" in result.output


@pytest.mark.parametrize(
    ("name", "secret", "detail"),
    [("TOKEN_SECRET_KEY", "", "is not set"), ("API_KEY", "hunter2", "is only 7 characters")],
)
def test_secrets_are_judged_and_never_shown(
    name: str, secret: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, secret)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-hunter3")
    code, found, text = examine()
    assert code == 1
    assert found[name][0]["state"] == "wrong"
    assert detail in found[name][0]["detail"]
    assert "Make one with" in found[name][0]["cure"]
    assert found["LITELLM_API_KEY"][0]["detail"] == "set"
    assert "hunter" not in text


def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("VOI_PORT", str(taken.getsockname()[1]))
        code, found, _ = examine()
    assert code == 1
    assert "in use" in found["port"][0]["detail"]


def test_every_mistake_in_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("agents.json").write_text(json.dumps({"a": {}, "b": {"llm_model": 3}}))
    monkeypatch.setenv("VOI_TLS_CERT_FILE", "none.pem")
    monkeypatch.setenv("VOI_TLS_KEY_FILE", "none.pem")
    code, found, _ = examine()
    assert code == 1
    assert len(found["mistake"]) >= 2
    assert found["TLS"][0]["state"] == "wrong"
    monkeypatch.setenv("VOI_PORT", "many")
    code, found, _ = examine()
    assert code == 1
    assert "VOI_PORT" in found["mistake"][0]["detail"]
    assert "Python" in found


def test_an_engine_that_an_agent_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tts_models.json").write_text(json.dumps({"espeak": {"engine": "nowhere"}}))
    code, found, _ = examine()
    assert code == 1
    assert "no tts engine 'nowhere'" in found["tts espeak"][0]["cure"]


def test_llms_that_will_not_answer() -> None:
    Path("agents.json").write_text(json.dumps(AGENTS | {"b": {"llm_model": "gpt"}}))
    code, found, _ = examine()
    assert code == 0
    _, others = found["llm"]
    assert others["state"] == "missing"
    assert "agents use gpt" in others["detail"]
    assert "set LITELLM_API_BASE" in others["cure"]


def test_a_wrong_key_of_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("agents.json").write_text(json.dumps(AGENTS | {"b": {"llm_model": "gpt"}}))
    refusal = '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}'
    with answering(refusal, 400) as port:
        monkeypatch.setenv("LITELLM_API_BASE", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("LITELLM_API_KEY", "sk-hunter3")
        code, found, output = examine()
    assert code == 1
    _, others = found["llm"]
    assert others["state"] == "wrong"
    assert others["cure"].startswith("Wrong key")
    assert "hunter3" not in output


@pytest.mark.parametrize(
    ("driver", "torch_cuda", "state", "says"),
    [
        (Driver(), "13.0", Grade.MISSING, "not needed"),
        (Driver(RTX_3090, "580.1"), "13.0", Grade.OK, "RTX 3090; torch"),
        (
            Driver(RTX_3090, "575.57.08"),
            "13.0",
            Grade.MISSING,
            "from 580 on, and this is 575.57.08: update the driver",
        ),
        (Driver(RTX_3090, "575.57.08"), "", Grade.MISSING, "built without CUDA"),
        (Driver(fault="nvidia-smi fails: oh"), "13.0", Grade.MISSING, "run nvidia-smi"),
        (
            Driver(RTX_3090, "580.1", [(7, 0)]),
            "13.0",
            Grade.MISSING,
            "no kernels for cuda:0 (compute capability 7.0): install",
        ),
        (Driver([*RTX_3090, Memory("cuda:1, H200", 0, 0)], "580.1"), "13.0", Grade.MISSING, "CUDA_DEVICE_ORDER"),
    ],
)
def test_the_gpu_and_what_keeps_torch_from_it(
    driver: Driver, torch_cuda: str, state: Grade, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    monkeypatch.setattr(findings, "ask_driver", lambda: driver)
    monkeypatch.setattr(findings, "_version", lambda _: "2.13.0")
    monkeypatch.setattr(gpus, "_torch_cuda", lambda: torch_cuda)
    gpu = findings._gpu()
    assert gpu.state is state
    assert says in f"{gpu.detail} {gpu.cure}"


def test_engines_for_a_gpu_are_judged_without_being_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_findings, "missing_packages", lambda _: [])
    monkeypatch.setattr(engine_findings, "ask_driver", Driver)
    monkeypatch.setenv("VOI_STT_ENGINE", "faster-whisper")
    monkeypatch.setenv("VOI_STT_OPTIONS", '{"model": "tiny"}')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "models" / "faster-whisper-tiny"
    folder.mkdir(parents=True)
    for name in ("model.bin", "tokenizer.json"):
        (folder / name).write_bytes(bytes(2**20))
    code, found, _ = examine()
    assert code == 0
    assert "faster-whisper: about" in found["stt"][0]["detail"]
    assert "slow" in found["stt"][0]["cure"]
    assert "stt" in found["engines"][0]["detail"]
    monkeypatch.setenv("VOI_DEVICE", "cuda:1")
    code, found, _ = examine()
    assert code == 1
    assert "no such GPU" in found["stt"][0]["cure"]
    monkeypatch.setattr(engine_findings, "missing_packages", lambda _: ["ctranslate2"])
    assert "./install.sh faster-whisper" in examine()[1]["stt"][0]["cure"]


@pytest.fixture
def nothing_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_findings, "missing_packages", lambda _: [])
    monkeypatch.setattr(engine_findings, "ask_driver", Driver)
    monkeypatch.setattr(first_fetch, "reach", lambda *_: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.usefixtures("nothing_fetched")
@pytest.mark.parametrize(("engine", "model"), [("whisper", "small"), ("faster-whisper", "large-v2")])
def test_weights_that_the_start_fetches_are_no_mistake(
    engine: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(engine.replace("-", "_"))
    monkeypatch.setenv("VOI_STT_ENGINE", engine)
    monkeypatch.setenv("VOI_STT_OPTIONS", json.dumps({"model": model}))
    code, found, _ = examine()
    assert code == 0
    assert found["stt"][0]["state"] == "missing"
    assert "voi serve fetches them when it starts" in found["stt"][0]["cure"]
    assert f"`voi models pull {engine}-{model}` does so now" in found["stt"][0]["cure"]
    assert "stt" in found["engines"][0]["detail"]  # their memory is counted already


@pytest.mark.usefixtures("nothing_fetched")
def test_weights_that_the_start_cannot_fetch_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("whisper")
    monkeypatch.setenv("VOI_STT_ENGINE", "whisper")
    (tmp_path / "file").touch()
    monkeypatch.setenv("VOI_MODELS_DIR", str(tmp_path / "file"))
    code, found, _ = examine()
    assert code == 1
    assert "the start cannot fetch them" in found["stt"][0]["cure"]
    monkeypatch.delenv("VOI_MODELS_DIR")
    monkeypatch.setattr(first_fetch, "megabytes", lambda _: 10**9)
    code, found, _ = examine()
    assert code == 1
    assert "make room" in found["stt"][0]["cure"]
    monkeypatch.setenv("VOI_STT_OPTIONS", json.dumps({"model": "mine.pt"}))  # nobody else has it
    code, found, _ = examine()
    assert code == 1
    assert "no Whisper checkpoint mine.pt" in found["stt"][0]["cure"]


def test_the_voice_judge_is_tried_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_VOICE_ENGINE", "strict")
    monkeypatch.setenv("VOI_ENGINE_OPTIONS", '{"voice.strict": {"engine": "voice-judge", "weights": "nowhere.npz"}}')
    _, found, _ = examine()
    assert "nowhere.npz" in found["voice"][0]["cure"]


@pytest.mark.parametrize("command", ["doctor", "check"])
def test_weights_out_of_reach_are_one_for_both_commands(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("faster_whisper")
    monkeypatch.setattr(engine_findings, "missing_packages", lambda _: [])
    monkeypatch.setattr(engine_findings, "ask_driver", Driver)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    agents = {"a": {"llm_model": "echo", "engines": {"stt": "faster-whisper"}}}
    Path("agents.json").write_text(json.dumps(agents))
    done = CliRunner().invoke(voi, [command])
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert "127.0.0.1:9 cannot be reached" in told
    assert "`voi models pull faster-whisper-small` fetches it" in told


def test_sip_accounts_and_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = {"registers": False, "allow": ["127.0.0.1"], "agent": "a"}
    Path("phones.json").write_text(json.dumps({"accounts": {"desk": desk}}))
    monkeypatch.setattr(findings, "find_spec", lambda name: None)
    code, found, _ = examine()
    assert code == 0
    assert found["SIP accounts"][0]["detail"] == "phones.json: desk"
    for package in ("pylibsrtp", "dnspython"):
        assert (found[package][0]["state"], found[package][0]["cure"]) == ("missing", "./install.sh telephone")
    monkeypatch.setattr("voi.transports.sip.account.srtp_is_there", lambda: False)
    Path("phones.json").write_text(json.dumps({"accounts": {"desk": desk | {"srtp": "required"}}}))
    code, found, _ = examine()
    assert code == 1
    assert [each["state"] for each in found["SIP accounts"]] == ["ok", "wrong"]
    assert found["SIP accounts"][1]["cure"] == "Run: ./install.sh telephone"
