"""Environment variables that other programs for these services use as well. Voi takes them, from the environment or
from .env, where the configuration names no other."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from voi.config.secret_refs import ENV_FILE

OPENAI_KEYS = {"api.openai.com": "OPENAI_API_KEY", "api.groq.com": "GROQ_API_KEY"}
KEYS: Mapping[str, Mapping[str, str]] = {
    "assemblyai": {"assemblyai.com": "ASSEMBLYAI_API_KEY"},
    "azure-tts": {"microsoft.com": "AZURE_SPEECH_KEY"},
    "cartesia": {"cartesia.ai": "CARTESIA_API_KEY"},
    "deepgram": {"deepgram.com": "DEEPGRAM_API_KEY"},
    "deepgram-aura": {"deepgram.com": "DEEPGRAM_API_KEY"},
    "deepgram-flux": {"deepgram.com": "DEEPGRAM_API_KEY"},
    "elevenlabs": {"elevenlabs.io": "ELEVENLABS_API_KEY"},
    "openai-realtime-transcription": OPENAI_KEYS,
    "openai-speech": OPENAI_KEYS,
    "openai-transcription": OPENAI_KEYS,
    "speechmatics": {"speechmatics.com": "SPEECHMATICS_API_KEY"},
}
"""Engine -> the service's hosts, its usual one first, and the variable that holds the key for each. A key goes to the
hosts of its own service alone."""
HUB_TOKENS = ("HF_TOKEN", "HUGGINGFACE_API_KEY")
XTTS_FOLDER = "XTTS_MODEL_PATH"
XTTS_FILES = {
    "checkpoint": "model.pth", "config": "config.json", "tokenizer": "vocab.json", "voices": "speakers_xtts.pth"
}  # fmt: skip


def variable(name: str) -> str | None:
    """The value of an environment variable, or of one in .env; None: it is not set, or empty."""
    return os.environ.get(name) or (dotenv_values(ENV_FILE).get(name) if ENV_FILE.is_file() else None) or None


def key_variable(engine: str, url: object = None) -> str | None:
    """The variable that holds the key of that engine's service. `url`: the address that the options name; None: the
    usual one. None: there is no such variable, or the address is of another service."""
    hosts = KEYS.get(engine, {})
    if url is None:
        return next(iter(hosts.values()), None)
    host = urlsplit(str(url)).hostname or ""
    return next((name for known, name in hosts.items() if host == known or host.endswith(f".{known}")), None)


def usual_keys() -> list[str]:
    """The values of all of those variables that are set, so that they can be kept out of logs."""
    names = {name for hosts in KEYS.values() for name in hosts.values()}
    return [value for name in sorted(names) if (value := variable(name))]


def hub_token() -> str | None:
    """The token for Hugging Face's hub."""
    return next((value for name in HUB_TOKENS if (value := variable(name))), None)


def xtts_files() -> dict[str, str]:
    """The files of the XTTS model in the folder of `XTTS_MODEL_PATH` (or beside that checkpoint), by the field of
    tts_models.json; {}: it is not set."""
    path = variable(XTTS_FOLDER)
    if path is None:
        return {}
    folder = Path(path).expanduser()
    own = {} if folder.is_dir() else {"checkpoint": str(folder)}
    folder = folder if folder.is_dir() else folder.parent
    files = {field: folder / name for field, name in XTTS_FILES.items()}
    optional = files["tokenizer"]
    return {field: str(path) for field, path in files.items() if path != optional or path.exists()} | own
