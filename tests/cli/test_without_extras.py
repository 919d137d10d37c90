"""Every command in an installation without optional extras: it works, or says which extra it needs."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

EXTRAS = ("torch", "torchaudio", "tokenizers", "whisper", "faster_whisper", "ctranslate2", "litellm", "sounddevice",
          "TTS", "trainer", "transformers", "pyarrow", "soundfile", "soxr", "py3langid", "cutlet")  # fmt: skip
WITHOUT = f"""
import sys
for name in {EXTRAS!r}:
    sys.modules[name] = None  # an import of it raises ModuleNotFoundError
from voi.cli import main
main(sys.argv[1:])
"""
MODELS = {
    "espeak": {"engine": "espeak", "voices": ["en-us", "en-gb"], "voice_tone_map": {"warm": "en-gb"}},
    "mine": {"engine": "xtts", "checkpoint": "m.pth", "config": "c.json", "tokenizer": "v.json", "voices": "v.pth"},
}

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    (tmp_path / "tts_models.json").write_text(json.dumps(MODELS))
    (tmp_path / ".env").write_text(
        f"TOKEN_SECRET_KEY={secrets.token_urlsafe(48)}\nAPI_KEY={secrets.token_urlsafe(48)}\nVOI_PORT=1\n"
    )
    for name in ("m.pth", "c.json", "v.json"):
        (tmp_path / name).touch()
    return tmp_path


def voi(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *args], cwd=folder, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ("voice list", "en-gb  (tone: warm)"),
        ("voice list --model mine", "none yet"),
        ("voice say en-us hello --out said.wav", ""),
        ("tts hello --voice en-us --out said.wav", ""),
        ("models list", "smart-turn"),
        ("check", ""),
        ("token app", ""),
        ("schema agents", '"$defs"'),
        ("cert", ""),
    ],
)
def test_what_works(folder: Path, args: str, told: str) -> None:
    done = voi(folder, *args.split())
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ("voice list --model mine", "./install.sh xtts"),
        ("voice remove Ada --model mine", "./install.sh xtts"),
        ("voice add Ada a.wav --model mine", "./install.sh xtts"),
        ("voice say Ada hello --model mine --out said.wav", "xtts"),
        ("tts hello", "./install.sh sound"),
        ("talk --agent a", "./install.sh sound"),
        ("stt said.wav --engine whisper", "whisper"),
    ],
)
def test_what_needs_an_extra_names_it(folder: Path, args: str, told: str) -> None:
    (folder / "v.pth").write_bytes(b"voices")
    (folder / "data").mkdir()
    (folder / "data" / "a.wav").write_bytes(b"RIFF")
    done = voi(folder, *args.split())
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("args", ["voice list --json", "models list --json", "check --json", "token app --json"])
def test_json_for_scripts(folder: Path, args: str) -> None:
    done = voi(folder, *args.split())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_help_shows_flags_without_a_type(folder: Path) -> None:
    told = voi(folder, "voice", "add", "--help").stdout
    assert "--force" in told
    assert "<bool>" not in told
