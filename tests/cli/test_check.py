import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from voi.cli.check import check
from voi.cli.schema import schema
from voi.config.settings import Settings

ROOT = Path(__file__).parents[2]
app = typer.Typer()
app.command()(check)
app.command()(schema)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.CONTRACT_NAMES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_examples_are_right_with_words_on_what_is_missing_to_serve() -> None:
    result = CliRunner().invoke(
        app, ["check", "--agents", f"{ROOT}/agents.example.json", "--tts-models", f"{ROOT}/tts_models.example.json"]
    )
    assert result.exit_code == 0, result.output
    assert "4 agents" in result.stdout
    assert "espeak/en-us" in result.stdout
    assert "denial_filter" in result.stdout
    assert "TOKEN_SECRET_KEY is not set" in result.stderr


@pytest.mark.parametrize(
    ("environ", "told", "hinted"),
    [({}, "all apps (only this machine reaches this server)", False),
     ({"VOI_HOST": "0.0.0.0"}, "no app (others can reach this server)", False),
     ({"VOI_TRUSTED_PROXIES": "127.0.0.1"}, "no app (others can reach this server)", False),
     ({"VOI_HOST": "0.0.0.0", "VOI_CLIENT_AGENT_APPS": "shop, game"}, "game, shop (VOI_CLIENT_AGENT_APPS)", False),
     ({"VOI_HOST": "0.0.0.0", "VOI_CLIENT_AGENT_APPS": "*"}, "all apps (VOI_CLIENT_AGENT_APPS)", True),
     ({"VOI_CLIENT_AGENT_APPS": "-"}, "no app (VOI_CLIENT_AGENT_APPS)", False)],
)  # fmt: skip
def test_who_may_bring_agents_is_told_and_called_to_mind_where_others_can_come(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], told: str, hinted: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    Path("tts_models.json").write_text("{}")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output
    assert f"agents of clients' own (agent_config): {told}" in result.stdout
    assert ("VOI_CLIENT_AGENT_APPS" in result.stderr) is hinted


def test_every_problem_and_warning_is_printed_and_the_exit_code_is_1() -> None:
    Path("agents.json").write_text(json.dumps({"a": {"llm_modell": "x", "temperature": 9}, "b": 1}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    for word in (
        "$.a.llm_model: is missing",
        "$.a.temperature",
        "$.b: must be an object",
        'is "llm_modell" beside it meant to be this?',
        "3 problems",
    ):
        assert word in result.stderr


def test_wrong_settings_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_PORT", "many")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "VOI_PORT: must be a whole number" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOI_STORE_URL", "mysql://voi:secret-word@db/voi", "VOI_STORE_URL is an address like"),
        ("VOI_STORE_KEY", "secret-word", "VOI_STORE_KEY is only 11 characters long"),
    ],
)
def test_what_the_store_cannot_work_with_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["check", "--agents", f"{ROOT}/agents.example.json"])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "secret-word" not in result.output


def test_the_licence_of_every_weight_is_named() -> None:
    arguments = ["check", "--agents", f"{ROOT}/agents.example.json", "--tts-models", f"{ROOT}/tts_models.example.json"]
    lines = CliRunner().invoke(app, arguments).stdout.splitlines()
    first = lines.index("licences of the weights:")
    assert "  vad silero: MIT; code MIT (Voi's own)" in lines[first:]
    found = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)["licences"]
    told = {"kind": "turn", "name": "smart-turn", "licence": "BSD-2-Clause", "commercial": True}
    assert {**told, "code": "MIT (onnxruntime)"} in found


@pytest.mark.parametrize("arguments", [[], ["agents"], ["tts_models"]])
def test_schemas_are_printed(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["schema", *arguments])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize(
    ("agent", "model", "told"),
    [
        ({"voices": {"character": {"model": "v"}}}, {"engine": "espeak", "voices": ["xx-nope"]}, "no voice 'xx-nope'"),
        ({"voices": {"character": {"model": "v", "voice": "x"}}}, {"engine": "hibari"}, "has no voice 'x'"),
    ],
)
def test_what_serve_would_refuse_is_a_problem(agent: dict[str, object], model: dict[str, object], told: str) -> None:
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo", **agent}}))
    Path("tts_models.json").write_text(json.dumps({"v": model}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOI_HOST", "999.1.1.1", "Cannot listen at 999.1.1.1:8765"),
        ("VOI_HOST", "203.0.113.1", "this machine has no such address"),
        (
            "VOI_ENGINE_OPTIONS",
            '{"vad.silero": {"treshold": 0.5}}',
            "vad engine silero cannot be made with these options",
        ),
        ("VOI_STT_OPTIONS", '{"modle": "tiny"}', "stt engine moonshine cannot be made with these options"),
        ("VOI_LISTENERS", '{"fax": {}}', "there is no listener 'fax'"),
        ("LITELLM_API_KEY", "two words", "LITELLM_API_KEY has spaces"),
    ],
)
def test_a_setting_that_serve_would_refuse_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv("LITELLM_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "gpt"}}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1, result.output
    assert told in result.stderr


def test_an_agent_of_a_listener_that_there_is_not_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wyoming")
    monkeypatch.setenv("VOI_LISTENERS", '{"wyoming": {"agent": "frend"}}')
    Path("agents.json").write_text(json.dumps({"friend": {"llm_model": "echo"}}))
    assert "there is no agent 'frend'; there are: friend." in CliRunner().invoke(app, ["check"]).stderr


def test_a_certificate_that_cannot_be_loaded_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    monkeypatch.setenv("VOI_TLS_CERT_FILE", "cert.pem")
    monkeypatch.setenv("VOI_TLS_KEY_FILE", "key.pem")
    assert "The TLS certificate or key cannot be used" in CliRunner().invoke(app, ["check"]).stderr
    Path("cert.pem").write_text("junk")
    Path("key.pem").write_text("junk")
    assert "The TLS certificate or key cannot be used" in CliRunner().invoke(app, ["check"]).stderr


def test_a_port_where_voi_listens_already_is_no_problem_and_any_other_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("VOI_PORT", str(taken.getsockname()[1]))
        for answer, told in (("Voi 1.2 listens there, ready", False), ("", True)):
            monkeypatch.setattr("voi.cli.findings._voi_at", lambda _, answer=answer: answer)
            result = CliRunner().invoke(app, ["check"])
            assert result.exit_code == 0
            assert ("Stop what listens there" in result.stderr) is told


def test_what_the_server_would_go_without_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_ENGINE_OPTIONS", '{"turn.smart-turn": {"modle": 1}}')
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "turn engine smart-turn cannot be made with these options" in result.stderr
    assert "It is left out." in result.stderr


def test_files_of_xtts_that_are_none() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tokenizers")
    for name in ("model.pth", "config.json", "vocab.json", "voices.pth"):
        Path(name).write_text("junk")
    files = {"checkpoint": "model.pth", "config": "config.json", "voices": "voices.pth"}
    Path("tts_models.json").write_text(json.dumps({"v": {"engine": "xtts", **files}}))
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo", "voices": {"character": {"model": "v"}}}}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "is not what torch.save writes" in result.stderr


def test_a_language_that_nobody_hears_is_told() -> None:
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo", "language": "de"}}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "Agent a speaks de, and STT moonshine hears only en" in result.stderr


@pytest.mark.parametrize("agent", [{"language": "auto"}, {}])
def test_a_language_that_is_detected_by_an_engine_with_one_is_told(
    agent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("py3langid")  # without it "auto" is a mistake
    monkeypatch.setenv("VOI_LANGUAGE", "auto")
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo", **agent}}))
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "Agent a is to detect the language (auto), and STT moonshine hears only en" in result.stderr


def test_llms_that_cannot_answer_on_this_install_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = {"model": "judge", "system_prompt": "Is it complete?"}
    agents = {"a": {"llm_model": "gpt", "completeness_agent": judge}, "b": {"llm_model": "echo"}}
    Path("agents.json").write_text(json.dumps(agents))
    Path("litellm_config.yaml").write_text("model_list: []\n")
    for installed in (False, True):
        monkeypatch.setattr("voi.config.load.find_spec", lambda _, installed=installed: object() if installed else None)
        result = CliRunner().invoke(app, ["check"])
        assert result.exit_code == 0, result.output
        for place, model in (("$.a.llm_model", "gpt"), ("$.a.completeness_agent.model", "judge")):
            told = f'{place}: "{model}" will not answer: LiteLLM is not installed'
            assert (told in result.stderr) is not installed, result.stderr
