"""`GET /v1/models`: agents, voices and ears; and what the names mean that OpenAI's clients send."""

import time
from typing import Any, Literal

from fastapi import APIRouter

from voi.engines.base import Stt
from voi.server.openai.access import OpenAiServices
from voi.server.openai.answering import openai_route
from voi.server.openai.failures import OpenAiError

OPENAI_VOICES = frozenset(
    (
        "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
        "verse", "default",
    )
)  # fmt: skip
"""Names of voices that clients send without having been told of any: the usual voice is meant."""
_OPENAI_VOICE_MODELS = ("tts-", "gpt-4o-mini-tts", "gpt-audio")
_OPENAI_EARS = ("whisper-", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe")


def is_openais(model: str, kind: Literal["voice", "ear"]) -> bool:
    """Whether OpenAI has such a model, so that a client may send its name by default."""
    return model.startswith(_OPENAI_VOICE_MODELS if kind == "voice" else _OPENAI_EARS)


def no_model(model: str, kinds: str) -> OpenAiError:
    """The error for a model that there is not."""
    return OpenAiError(
        404, f"There is no {kinds} {model[:80]!r}: GET /v1/models lists them.", "model_not_found", "model"
    )


def models_router(services: OpenAiServices) -> APIRouter:
    """`GET /models` and `GET /models/NAME`."""
    router = APIRouter(route_class=openai_route("models", services))
    created_s = int(time.time())

    def of_ear(ear: Stt) -> dict[str, Any]:
        return {"word_times": ear.info.word_times, "translates": ear.info.translates}

    def models() -> dict[str, dict[str, Any]]:
        engines, config = services.running(), services.config()
        found: dict[str, dict[str, Any]] = {}

        def add(name: str, kind: str, /, **more: Any) -> None:
            """An agent hides a voice of its name, as it does when it is asked for."""
            if name not in found:
                found[name] = {
                    "id": name,
                    "object": "model",
                    "created": created_s,
                    "owned_by": "voi",
                    "kind": kind,
                } | more

        for name, agent in config.agents.items():
            add(name, "agent", name=agent.title or name, description=agent.description)
        for name, voice in engines.tts.items():
            add(name, "voice", voices=list(voice.info.voices), tones=list(voice.info.tones))
        add(engines.stt.info.name, "ear", **of_ear(engines.stt))
        for (kind, name), ear in engines.others.items():
            if kind == "stt" and ear is not None:
                add(name, "ear", **of_ear(ear))
        return found

    @router.get("/models")
    async def listed() -> dict[str, Any]:
        return {"object": "list", "data": list(models().values())}

    @router.get("/models/{name:path}")
    async def one(name: str) -> dict[str, Any]:
        if (found := models().get(name)) is None:
            raise no_model(name, "model")
        return found

    return router
