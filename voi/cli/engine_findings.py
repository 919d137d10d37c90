"""What `voi doctor` finds out about the engines: each is really loaded, run once and closed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from voi.cli.device_findings import Meter, room
from voi.cli.findings import Finding, State
from voi.config.config import Config
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.device import engine_options, slow_note
from voi.engines.house import NONE, llm_models
from voi.engines.llm.router import LlmRouter
from voi.errors import ConfigError, EngineError


async def engines(settings: Settings, config: Config | None, on_progress: Callable[[str], None]) -> list[Finding]:
    """VAD, STT, turn detection, every TTS model (espeak where none is configured), LLMs, and what plug-ins bring."""
    found = []
    own = {"vad": {}, "stt": settings.stt_options}
    for kind, name in (("vad", settings.vad_engine), ("stt", settings.stt_engine)):
        on_progress(f"Trying {kind} {name}")
        found.append(await _try(settings, kind, name, own[kind], needed=True))  # type: ignore[arg-type]
    if settings.turn_engine == NONE:
        found.append(Finding("engines", "turn", State.OK, "none: silence and words decide"))
    else:
        on_progress(f"Trying turn {settings.turn_engine}")
        found.append(await _try(settings, "turn", settings.turn_engine, {}, needed=False))
    used = {use.tts_model for use in config.voice_uses()} if config else set()
    models = config.tts_models if config else {}
    for name, model in models.items():
        on_progress(f"Trying TTS {name}")
        options, label = model.engine_options(), f"tts {name}"
        found.append(await _try(settings, "tts", model.engine, options, needed=name in used, label=label))
    if not models:
        found.append(await _try(settings, "tts", "espeak", {}, needed=False))
    on_progress("Trying LLMs")
    fitting = await asyncio.to_thread(room, settings.device, models)
    return [*found, *await _llms(settings, config), *_brought(), *fitting]


async def _try(
    settings: Settings, kind: registry.Kind, name: str, options: Mapping[str, Any], *, needed: bool, label: str = ""
) -> Finding:
    label = label or kind
    began_s = time.monotonic()
    try:
        factory = await asyncio.to_thread(registry.find, kind, name)
        options = engine_options(factory, settings.models_dir, settings.device, options)
        meter = Meter(options.get("device", settings.device))
        engine = registry.build(factory, kind, name, options)
        try:
            await engine.warm_up()
            took, note = meter.took(), slow_note(factory, options)
        finally:
            await engine.close()
    except (EngineError, ConfigError) as error:
        return Finding("engines", label, State.WRONG if needed else State.MISSING, name, str(error))
    detail = f"{name}: ready in {time.monotonic() - began_s:.2f} s, {took}"
    if note:
        return Finding("engines", label, State.MISSING, detail, f"It works, but {note}.")
    if getattr(engine, "compiled", True):
        return Finding("engines", label, State.OK, detail)
    cure = "Its compiled kernel is missing, so it takes several times the CPU: install gcc, then reinstall Voi."
    return Finding("engines", label, State.MISSING, f"{detail}, in numpy", cure)


async def _llms(settings: Settings, config: Config | None) -> list[Finding]:
    models = llm_models(config) if config else frozenset()
    router = LlmRouter(
        api_base=settings.litellm_api_base,
        api_key=settings.litellm_api_key.get_secret_value() if settings.litellm_api_key else "",
        config_file=settings.litellm_config_file,
        models=models,
    )
    used = ", ".join(sorted(models - {"echo", "eliza"}))
    used = f"agents use {used}" if used else "no agent needs one"
    try:
        await router.warm_up()
        doubts = await router.doubts()
    except (EngineError, ConfigError) as error:
        doubts = [str(error)]
    finally:
        await router.close()
    state = State.MISSING if doubts else State.OK
    return [
        Finding("engines", "llm", State.OK, "embedded: echo, eliza"),
        Finding("engines", "llm", state, f"{_llm_source(settings)}; {used}", "\n".join(doubts)),
    ]


def _llm_source(settings: Settings) -> str:
    if settings.litellm_api_base:
        return "from the server at LITELLM_API_BASE"
    if settings.litellm_config_file.exists():
        return f"from LiteLLM in process, {settings.litellm_config_file}"
    installed = "installed" if find_spec("litellm") else "not installed"
    return f"no LITELLM_API_BASE, no {settings.litellm_config_file} (LiteLLM is {installed})"


def _brought() -> list[Finding]:
    brought = [
        f"{kind} {name}"
        for kind, built_in in registry.BUILT_IN.items()
        for name in registry.names(kind)
        if name not in built_in
    ]
    return [Finding("engines", "plug-ins", State.OK, ", ".join(brought))] if brought else []
