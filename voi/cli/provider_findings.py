"""What `voi doctor --providers` finds out: each configured provider is asked the cheapest thing that proves its key.

Ears and voices are connected to, or asked for a list, which costs nothing; no sound is made. Behind a name of the
LiteLLM configuration only an answer proves the key, so a model is asked for a word, and the finding says so. Errors are
those of the engines, which hold no secret.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from voi.cli.brain_check import brain_findings
from voi.cli.findings import Finding, Grade
from voi.config.agents import EMBEDDED_MODELS
from voi.config.config import Config
from voi.config.engine_choice import named_engine, usual_engines
from voi.config.phones import CarrierAccount
from voi.config.secret_refs import resolved
from voi.config.settings import Settings
from voi.dialogue import Message
from voi.engines import registry
from voi.engines.base import AskedAgain, LlmRequest, Usage
from voi.engines.device import engine_options
from voi.engines.info import info_of
from voi.engines.llm.router import LlmRouter
from voi.engines.startup import llm_models, llm_router
from voi.errors import ConfigError, EngineError
from voi.transports.media_ws.twilio_rest import check_account

DEADLINE_S = 20.0
WORD_TOKENS = 16
"""Some models refuse a shorter answer. It is left after its first word."""
GROUP = "providers"

Ask = Callable[[], Awaitable[str]]
"""Asks a provider. Returns what that was, and what it cost. Raises EngineError, ConfigError."""


async def providers(settings: Settings, config: Config | None) -> list[Finding]:
    """All of them at once, each with a deadline."""
    router = llm_router(settings, llm_models(config) if config else ())
    try:
        asked: list[tuple[str, Ask]] = [
            *_engines(settings, config),
            *((f"llm {model}", partial(_word, router, model)) for model in _models(config)),
            *((f"embeddings {model}", partial(_vector, router, model)) for model in _embeddings(config)),
            *_carriers(config),
        ]
        found, brains = await asyncio.gather(
            asyncio.gather(*(_tried(what, ask) for what, ask in asked)), brain_findings(config)
        )
    finally:
        await router.close()
    return [*found, *map(_among_providers, brains)]


def _among_providers(brain: Finding) -> Finding:
    return replace(brain, group=GROUP, state=Grade.WRONG if brain.state is Grade.MISSING else brain.state)


async def _tried(what: str, ask: Ask) -> Finding:
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE_S):
            detail = await ask()
    except TimeoutError:
        return Finding(GROUP, what, Grade.WRONG, "no answer", f"It gave nothing within {DEADLINE_S:g} s.")
    except (EngineError, ConfigError) as error:
        return Finding(GROUP, what, Grade.WRONG, "it fails", str(error))
    except Exception as error:  # a plug-in may fail in any way, and its words may hold a secret
        return Finding(GROUP, what, Grade.WRONG, "it fails", f"It crashed: {type(error).__name__}.")
    return Finding(GROUP, what, Grade.OK, f"{detail}, {time.monotonic() - began_s:.2f} s")


# ---- ears and voices ------------------------------------------------------------------------------


def _engines(settings: Settings, config: Config | None) -> Iterator[tuple[str, Ask]]:
    """Ears and voices that call a service, each once."""
    offered = config.engines_offered if config else {}
    for name in sorted(offered.get("stt", {usual_engines(settings)["stt"]})):
        engine, options = named_engine(settings, "stt", name)
        yield from _of_service(settings, "stt", f"stt {name}", engine, options)
    for name, model in (config.tts_models if config else {}).items():
        yield from _of_service(settings, "tts", f"tts {name}", model.engine, model.engine_options())


def _of_service(
    settings: Settings, kind: registry.Kind, what: str, name: str, options: Mapping[str, Any]
) -> Iterator[tuple[str, Ask]]:
    try:
        factory = registry.find(kind, name)
    except (EngineError, ConfigError) as error:
        yield what, partial(_raise, error)
        return
    if info_of(factory, name).cloud:
        yield what, partial(_started, settings, factory, kind, name, options)


async def _raise(error: Exception) -> str:
    raise error


async def _started(
    settings: Settings, factory: Callable[..., Any], kind: registry.Kind, name: str, options: Mapping[str, Any]
) -> str:
    whole = engine_options(factory, settings.models_dir, settings.device, options)
    engine = registry.build(factory, kind, name, whole)
    try:
        await engine.warm_up()
        voices = f", {len(engine.info.voices)} voices" if kind == "tts" and engine.info.voices else ""
    finally:
        await engine.close()
    return f"{name}: its key is good{voices}; free"


# ---- models ---------------------------------------------------------------------------------------


def _models(config: Config | None) -> list[str]:
    return sorted(llm_models(config) - EMBEDDED_MODELS) if config else []


def _embeddings(config: Config | None) -> list[str]:
    agents = config.agents.values() if config else ()
    return sorted({agent.knowledge.embeddings for agent in agents if agent.knowledge and agent.knowledge.embeddings})


async def _word(router: LlmRouter, model: str) -> str:
    request = LlmRequest(model, (Message("user", "Say: yes"),), max_tokens=WORD_TOKENS)
    async with aclosing(router.stream(request)) as events:  # type: ignore[type-var]
        async for event in events:
            if not isinstance(event, AskedAgain | Usage):
                break
        else:
            raise EngineError(f"LLM model {model!r} ended its answer without a word.")
    return f"{router.provider_of(model)}: it answers; asked for a word, which costs some {WORD_TOKENS} tokens"


async def _vector(router: LlmRouter, model: str) -> str:
    vectors = await router.embed(model, ["yes"])
    return f"{vectors.shape[1]} dimensions; asked for a word, which costs a token or two"


# ---- carriers -------------------------------------------------------------------------------------


def _carriers(config: Config | None) -> Iterator[tuple[str, Ask]]:
    """Twilio's accounts, which have an API of ours to prove. The other carriers' keys only check what they send."""
    for name, account in (config.phones.carriers if config and config.phones else {}).items():
        if account.kind == "twilio" and account.account_sid:
            yield f"carrier {name}", partial(_account, name, account)


async def _account(name: str, account: CarrierAccount) -> str:
    token = resolved({"auth_token": account.key}, f"phones.json: $.carriers.{name}")["auth_token"]
    await check_account(str(account.account_sid), token)
    return "twilio: account_sid and auth_token are good; free"
