"""`voi voice list` shows the voices that services list, and says why it cannot."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.fakes.cloud_voices import KEY, AuraService, CartesiaService, ElevenLabsService, serve
from tests.fakes.http_voices import AzureServer, SpeechServer
from tests.fakes.http_voices import serve as serve_http
from voi.cli.voice_models import listed_voices
from voi.config.settings import load_settings
from voi.config.tts_models import TtsModel


def google() -> AbstractAsyncContextManager[str]:
    pytest.importorskip("google.cloud.speech_v2")
    pytest.importorskip("google.cloud.texttospeech_v1")
    from tests.fakes.google_services import GoogleServices

    return GoogleServices().serve()


SERVICES: dict[str, tuple[Callable[[], AbstractAsyncContextManager[str]], str]] = {
    "azure-tts": (lambda: AzureServer().serve(), "en-US-JennyNeural"),
    "cartesia": (lambda: serve(CartesiaService()), "Ada"),
    "deepgram-aura": (lambda: serve(AuraService()), "Ada"),
    "elevenlabs": (lambda: serve(ElevenLabsService()), "Ada"),
    "google-tts": (google, "en-US-Chirp3-HD-Charon"),
    "openai-speech": (lambda: serve_http(SpeechServer()), "alloy"),
}


@pytest.mark.parametrize("engine", SERVICES)
async def test_the_voices_of_a_service(engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    service, voice = SERVICES[engine]
    async with service() as url:
        model = TtsModel(engine=engine, options={"api_key": KEY, "url": url}, voice_tone_map={"warm": voice})
        listed = await asyncio.to_thread(listed_voices, model, load_settings())
        assert next(iter(listed.voices)) == voice
        assert listed.voices[voice] == ("warm",)
        assert not listed.note
        model = TtsModel(engine=engine, voices=["Eve"], options={"api_key": KEY, "url": "http://127.0.0.1:1"})
        listed = await asyncio.to_thread(listed_voices, model, load_settings())
        assert list(listed.voices) == ["Eve"], "those that the model names need no service"
        if engine != "openai-speech":
            model = TtsModel(engine=engine, options={"api_key": "other-key", "url": url})
            listed = await asyncio.to_thread(listed_voices, model, load_settings())
            assert not listed.voices
            assert "refused the key" in listed.note


async def test_a_service_without_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARTESIA_API_KEY", raising=False)
    listed = await asyncio.to_thread(listed_voices, TtsModel(engine="cartesia"), load_settings())
    assert "CARTESIA_API_KEY is not set" in listed.note
