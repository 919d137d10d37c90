"""Environment variables that other programs for these services use as well. Voi takes them, from the environment or
from .env, where the configuration names no other."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from voi.config.model_folder import ModelFolder
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


def files_in(folder: ModelFolder, needed: Mapping[str, bool]) -> dict[str, str]:
    """The files of that folder, by the field of tts_models.json; {}: its variable is not set. `needed`: the fields that
    the engine takes; those that it can do without are left out where there is no such file."""
    path = variable(folder.variable)
    if path is None:
        return {}
    place = Path(path).expanduser()
    own = {} if place.is_dir() else {"checkpoint": str(place)}
    place = place if place.is_dir() else place.parent
    files = {field: place / name for field, name in folder.names.items()}
    return {field: str(file) for field, file in files.items() if needed.get(field) or file.exists()} | own
