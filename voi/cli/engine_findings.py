"""What `voi doctor` finds out about the engines. Small ones are really loaded, run once and closed; for those that need
a GPU only packages, options, files and memory are checked, which is quick."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from voi.cli.brain_check import brain_findings
from voi.cli.device_findings import Meter, Wanted, devices, place_of
from voi.cli.engine_sizes import measured_mib, size_of_engine
from voi.cli.findings import Finding, Grade
from voi.cli.first_fetch import hindrance, published_size, to_fetch
from voi.config.config import Config
from voi.config.engine_choice import NONE, ChosenKind, named_engine, usual_engines
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.device import AUTO, engine_options, slow_note
from voi.engines.gpus import Driver, ask_driver, missing_packages
from voi.engines.startup import llm_models, llm_router
from voi.engines.stt.whisper.weights import megabytes
from voi.errors import ConfigError, EngineError

FOR_GPU = ("whisper", "faster-whisper", "xtts")
"""Engines that need a GPU to be fast; each is installed by the extra of its name."""


async def engines(settings: Settings, config: Config | None, on_progress: Callable[[str], None]) -> list[Finding]:
    """VAD, STT, turn detection, every TTS model (espeak if none is configured), LLMs, and plug-ins."""
    found = []
    look = Look(settings)
    offered = config.engines_offered if config else {}
    usual = usual_engines(settings)
    kinds: tuple[ChosenKind, ...] = ("vad", "stt", "turn")
    for kind in kinds:
        for called in [usual[kind], *sorted(offered.get(kind, frozenset()) - {usual[kind]})]:
            if kind == "turn" and called == NONE:
                found.append(Finding("engines", "turn", Grade.OK, "none: silence and words decide"))
                continue
            on_progress(f"Trying {kind} {called}")
            engine, options = named_engine(settings, kind, called)
            label = kind if called == usual[kind] else f"{kind} {called}"
            found.append(await look.at(kind, engine, options, needed=kind != "turn", label=label))
    if settings.voice_engine == NONE:
        found.append(Finding("engines", "voice", Grade.OK, "none: whatever sounds like a voice interrupts"))
    else:
        on_progress(f"Trying voice {settings.voice_engine}")
        engine, options = named_engine(settings, "voice", settings.voice_engine)
        found.append(await look.at("voice", engine, options, needed=False))
    used = {use.tts_model for use in config.voice_uses()} if config else set()
    models = config.tts_models if config else {}
    for name, model in models.items():
        on_progress(f"Trying TTS {name}")
        options, label = model.engine_options(), f"tts {name}"
        found.append(await look.at("tts", model.engine, options, needed=name in used, label=label))
    if not models:
        found.append(await look.at("tts", "espeak", {}, needed=False))
    on_progress("Trying LLMs")
    fitting = devices(look.driver, look.wanted, processes=settings.engine_processes)
    return [*found, *await _llms(settings, config), *await brain_findings(config), *_brought(), *fitting]


class Look:
    """Examines one engine after the other. `wanted`: the memory that they take, as far as it is known."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.driver: Driver = ask_driver()
        self.wanted: list[Wanted] = []

    async def at(
        self, kind: registry.Kind, name: str, options: Mapping[str, Any], *, needed: bool, label: str = ""
    ) -> Finding:
        label = label or kind
        lacking = Grade.WRONG if needed else Grade.MISSING
        try:
            if name in FOR_GPU and (missing := missing_packages(name)):
                raise EngineError(f"It needs {', '.join(missing)}: ./install.sh {name}")
            factory = await asyncio.to_thread(registry.find, kind, name)
            options = engine_options(factory, self._settings.models_dir, self._settings.device, options)
            engine = registry.build(factory, kind, name, options)
            if name in FOR_GPU:
                await engine.close()  # it was made only to check its options
                return await asyncio.to_thread(self._sized, label, name, options, lacking)
            return await _tried(engine, label, name, options)
        except (EngineError, ConfigError) as error:
            return Finding("engines", label, lacking, name, str(error))

    async def judge(self, engine: Any, name: str, options: Mapping[str, Any]) -> list[str]:
        """`Judge` for `startup.try_start`: packages, device and files of an engine that is not loaded."""
        if engine.info.own_process:
            await engine.look()
        if name not in FOR_GPU:
            return []
        if missing := missing_packages(name):
            raise EngineError(f"{name} needs {', '.join(missing)}: ./install.sh {name}")
        found = await asyncio.to_thread(self._sized, "", name, options, Grade.WRONG)
        if found.state is Grade.WRONG:
            raise EngineError(f"{name}: {found.cure}")
        if name == "xtts":
            await engine.look()
        return [found.cure] if to_fetch(name, options, self._settings.models_dir) else []

    def _sized(self, label: str, name: str, options: Mapping[str, Any], lacking: Grade) -> Finding:
        device = str(options.get("device", AUTO))
        place = place_of(name, device, self.driver)
        if place.wrong:
            return Finding("engines", label, lacking, name, place.wrong)
        on_gpu, folder, cure = place.gpu is not None, self._settings.models_dir, place.pity
        if absent := to_fetch(name, options, folder):
            what = f"The weights of Whisper {absent}, {megabytes(absent):,} MB, are not in {folder}"
            if why_not := hindrance(name, absent, folder):
                return Finding("engines", label, lacking, name, f"{what}, and the start cannot fetch them: {why_not}")
            cure = f"{what}: voi serve fetches them when it starts, and `voi models pull {name}-{absent}` does so now."
            cure = f"{cure} {place.pity}".rstrip()
            size = published_size(absent, options, gpu=on_gpu)
        else:
            size = size_of_engine(name, options, folder, gpu=on_gpu)
            if place.gpu is not None:
                gpu = self.driver.gpus[place.gpu].device.partition(", ")[2]
                size = replace(size, measured=measured_mib(name, options, folder, gpu))
        self.wanted.append(Wanted(label, f"{name} {device}", place.gpu, size))
        where = f"cuda:{place.gpu}" if on_gpu else "the CPU"
        about = "about" if size.measured is None else "measured"
        detail = (
            f"{name}: {about} {size.total(on_gpu):,} MiB on {where} ({size.weights:,.0f} for the model, "
            f"{size.each:,.0f} for each of {size.at_once} at a time); not loaded for this"
        )
        return Finding("engines", label, Grade.MISSING if cure else Grade.OK, detail, cure)


async def _tried(engine: Any, label: str, name: str, options: Mapping[str, Any]) -> Finding:
    began_s, meter = time.monotonic(), Meter()
    try:
        await engine.warm_up()
        took = meter.took()
    finally:
        await engine.close()
    detail = f"{name}: ready in {time.monotonic() - began_s:.2f} s, {took}"
    if note := engine.info.note or slow_note(engine.info, options):
        return Finding("engines", label, Grade.MISSING, detail, f"It works, but {note}.")
    return Finding("engines", label, Grade.OK, detail)


async def _llms(settings: Settings, config: Config | None) -> list[Finding]:
    models = llm_models(config) if config else frozenset()
    router = llm_router(settings, models)
    used = ", ".join(sorted(models - {"echo", "eliza"}))
    used = f"agents use {used}" if used else "no agent needs one" if config else "what agents need cannot be read"
    refused = False
    try:
        await router.warm_up()
        doubts = await router.doubts()
    except (EngineError, ConfigError) as error:
        doubts = [str(error)]
        refused = bool(settings.litellm_api_base) or isinstance(error, ConfigError)
    finally:
        await router.close()
    state = Grade.WRONG if refused else Grade.MISSING if doubts or config is None else Grade.OK
    return [
        Finding("engines", "llm", Grade.OK, "embedded: echo, eliza"),
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
    return [Finding("engines", "plug-ins", Grade.OK, ", ".join(brought))] if brought else []
