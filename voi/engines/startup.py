"""All engines of a server: warmed up in parallel, checked against what the agents need, closed together."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from voi.audio import echo_canceller
from voi.audio.echo_canceller import EchoCanceller
from voi.audio.echo_guard import EchoGuard
from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.classifiers import PATTERN_MATCHING
from voi.config.config import Config
from voi.config.engine_choice import CHOSEN, NONE, ChosenKind, named_engine, usual_engines
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.base import Engine, Fetches, Llm, Stt, Tts, TurnDetector, Vad, VoiceJudge
from voi.engines.device import engine_options, slow_note
from voi.engines.fallback.choices import Fallbacks
from voi.engines.fallback.ears import NamedStt, TwoEars
from voi.engines.info import info_of
from voi.engines.joining import SharedPlace
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.router import LlmRouter
from voi.engines.llm.thought_habits import ThoughtHabits
from voi.engines.placement import Placement
from voi.engines.supervised import Supervised
from voi.engines.supervised_judges import SupervisedVoiceJudge
from voi.engines.supervisor import warm_up
from voi.engines.tts.rendered import Rendered
from voi.engines.wanting import unheard, unspeakable
from voi.errors import ClientError, ConfigError, EngineError
from voi.text import language
from voi.text.language import AUTO
from voi.text.speakable import prepare

EngineCheck = Callable[[Any, str, Mapping[str, Any]], Awaitable[list[str]]]
"""Checks an engine that was made but not started, by its name and options. Returns doubts; raises what its start would
raise."""

_WHAT = {"vad": "VAD", "turn": "turn detection", "voice": "voice judge", "stt": "STT"}


@dataclass(slots=True)
class Engines:
    """Shared by all conversations. `turn` None: endpointing uses silence and words alone. `tts`: by the names of
    tts_models.json. `supervised`: the engines that are restarted when they fail, by their names in the start's log."""

    vad: Vad
    stt: Stt
    turn: TurnDetector | None
    llm: Llm
    tts: Mapping[str, Tts]
    supervised: Mapping[str, Supervised[Any]] = field(default_factory=dict)
    voice: VoiceJudge | None = None
    """None: everything that the VAD takes for a voice counts as barge-in."""
    echo_canceller: Callable[[int], EchoCanceller] | None = None
    """Makes one for a call that begins at that time in ms; None: clients cancel the agent's echo themselves."""
    echo_guard: Callable[[int], EchoGuard] | None = EchoGuard
    """In its place for calls whose line may give the agent's voice back; None: for none."""
    habits: ThoughtHabits = field(default_factory=ThoughtHabits)
    """Which LLMs begin with thoughts."""
    others: Mapping[tuple[ChosenKind, str], Any] = field(default_factory=dict)
    """Engines that agents name instead of the above, by kind and name. None: the engine was left out, or its name is
    "none"."""
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    """Which first choices rest."""

    def of(self, agent: Agent) -> "Engines":
        """The engines for that agent's conversations. Raises ClientError for an engine that was not loaded."""
        chosen: dict[str, Any] = {}
        for kind in CHOSEN:
            if (name := getattr(agent.engines, kind)) is not None:
                chosen[kind] = self._other(kind, name)
        if (second := agent.fallback.stt) is not None:
            chosen["stt"] = self._two_ears(agent, chosen.get("stt", self.stt), second)
        elif chosen.get("stt", self.stt) is None:
            raise _not_running("stt", str(agent.engines.stt))
        return replace(self, **chosen) if chosen else self

    def _other(self, kind: ChosenKind, name: str) -> Any:
        if (kind, name) not in self.others:
            raise _not_running(kind, name)
        return self.others[kind, name]

    def _two_ears(self, agent: Agent, first: Stt | None, name: str) -> Stt:
        second: Stt | None = self._other("stt", name)
        if second is None:
            raise _not_running("stt", name)
        if first is None or first is second:  # the first could not start
            return second
        one = NamedStt(agent.engines.stt or first.info.name, first)
        return TwoEars(one, NamedStt(name, second), self.fallbacks, agent.fallback.stt_after_s)

    def llm_name(self, model: str) -> str:
        """Name of the engine that serves this LLM, for the log and the metrics; "none" where none does."""
        if not isinstance(self.llm, LlmRouter):
            return self.llm.info.name
        try:
            return self.llm.provider_of(model)
        except EngineError:
            return "none"

    async def close(self) -> None:
        engines = [self.vad, self.stt, self.turn, self.voice, self.llm, *self.tts.values(), *self.others.values()]
        every = {id(engine): engine for engine in engines if engine is not None}
        await asyncio.gather(*(engine.close() for engine in every.values()))


def _not_running(kind: ChosenKind, name: str) -> ClientError:
    return ClientError(f"The {kind} engine {name!r} is not running; the server must be restarted for it.")


async def start_engines(config: Config, settings: Settings, on_progress: Callable[[str], None]) -> Engines:
    """Make and warm up every engine, in parallel. `on_progress` gets a line for each, with the time it took.

    Engines that a conversation can do without are left out when they fail, with a line to `on_progress`: the turn
    detector, the voice judge, TTS models that no agent uses, LLMs that do not answer yet, and of ears and voices the
    first choices that have a second one. Raises ConfigError with every mistake, or EngineError.
    """
    return await _started(_Start(on_progress, settings), config, settings)


async def try_start(config: Config, settings: Settings, judge: EngineCheck) -> list[str]:
    """The notes of `start_engines`, or what it would raise. Engines that need a GPU or call a service are not started:
    making them checks their options, and `judge` checks the rest. Nothing is downloaded, and no LLM is asked."""
    start = _Start(lambda _: None, settings, judge)
    engines = await _started(start, config, settings)
    await engines.close()
    return start.notes


async def _started(start: "_Start", config: Config, settings: Settings) -> Engines:
    if AUTO in {config.finished(agent).language for agent in config.agents.values()}:
        await asyncio.to_thread(language.load)
    for code in {config.finished(agent).language for agent in config.agents.values()} - {AUTO}:
        await asyncio.to_thread(prepare, code or "en")
    if settings.echo_canceller == "webrtc":
        await asyncio.to_thread(echo_canceller.load)
    uses = list(config.voice_uses())
    used = {use.tts_model for use in uses if not use.replaceable}
    usual = usual_engines(settings)
    to_spare = _ears_to_spare(config, usual["stt"])

    def needed(kind: ChosenKind, name: str) -> bool:
        return kind == "vad" or (kind == "stt" and name not in to_spare)

    chosen = [(kind, name) for kind in CHOSEN for name in sorted(config.engines_offered.get(kind, {usual[kind]}))]
    voice, llm, *started = await start.all(
        start.named("voice", settings.voice_engine),
        start.llm(config, settings),
        *(start.named(kind, name, needed=needed(kind, name)) for kind, name in chosen),
        *(
            start.engine(f"TTS {name},", "tts", model.engine, model.engine_options(), needed=name in used)
            for name, model in config.tts_models.items()
        ),
    )
    hearing, voices = dict(zip(chosen, started, strict=False)), started[len(chosen) :]
    vad, turn, stt = (hearing[kind, usual[kind]] for kind in ("vad", "turn", "stt"))
    if stt is None:  # all agents that it hears have another ear
        stt = next(ear for (kind, _), ear in hearing.items() if kind == "stt" and ear is not None)
    tts: dict[str, Any] = {
        name: Rendered(voice, name, model.engine, model.engine_options(), settings.greetings_dir)
        for (name, model), voice in zip(config.tts_models.items(), voices, strict=True)
        if voice is not None
    }
    canceller = EchoCanceller if settings.echo_canceller == "webrtc" else None
    habits = ThoughtHabits(settings.llm_habits_file, llm_place(settings), unknown="unknown")
    await asyncio.to_thread(habits.load)
    guard = EchoGuard if settings.echo_guard else None
    engines = Engines(vad, stt, turn, llm, tts, start.supervised, voice, canceller, guard, habits, hearing)
    if isinstance(voice, SupervisedVoiceJudge) and turn is not None and turn.info.encodes:
        voice.lend(turn)
    problems = unspeakable([use for use in uses if use.tts_model not in start.unknown], tts)
    if problems:
        await engines.close()
        raise ConfigError(problems)
    ears = {name: engine for (kind, name), engine in hearing.items() if kind == "stt" and engine is not None}
    for note in unheard(config, ears, stt):
        start.tell(note)
    return engines


def _ears_to_spare(config: Config, usual: str) -> set[str]:
    """STT engines without which every agent still hears: first choices of agents that all have a second. `usual`: the
    settings' engine."""
    firsts: dict[bool, set[str]] = {True: set(), False: set()}
    for agent in config.agents.values():
        firsts[agent.fallback.stt is not None].add(agent.engines.name("stt", usual))
    return firsts[True] - firsts[False] - {agent.fallback.stt for agent in config.agents.values()}


def not_running(config: Config, engines: Engines) -> list[str]:
    """Problems of an edited configuration: agents that name an engine that was not loaded."""
    problems = []
    for name, agent in config.agents.items():
        try:
            engines.of(agent)
        except ClientError as error:
            problems.append(f"{config.agents_source}: {name}: {error}")
    return problems


@dataclass
class _Start:
    """One start. It remembers which engines are ready, so that a failure leaves nothing running. `judge`: this is only
    a trial, see `try_start`."""

    on_progress: Callable[[str], None]
    settings: Settings
    judge: EngineCheck | None = None
    notes: list[str] = field(default_factory=list)
    """What does not work, though the server starts."""
    unknown: set[str] = field(default_factory=set)
    """TTS models whose voices are not known, as they were not loaded."""
    ready: list[Engine] = field(default_factory=list)
    supervised: dict[str, Supervised[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._placement = Placement(self.settings.engine_processes, shared_place(self.settings))

    async def all(self, *engines: Coroutine[Any, Any, Any]) -> list[Any]:
        """The engines, in order. When some fail, all are closed, and their errors are raised as one."""
        results: list[Any] = []
        try:
            results = await asyncio.gather(*engines, return_exceptions=True)
            _raise_all([result for result in results if isinstance(result, BaseException)])
        except BaseException:
            await asyncio.gather(*(engine.close() for engine in self.ready))
            raise
        return results

    async def named(self, kind: Literal["vad", "turn", "voice", "stt"], name: str, *, needed: bool = False) -> Any:
        """A warm engine that the settings or an agent name. None when `name` is "none", or the engine is not `needed`
        and cannot run."""
        if name == NONE and kind in ("turn", "voice"):
            return None
        engine, options = named_engine(self.settings, kind, name)
        if engine == "smart-turn" and self.settings.turn_weights is not None:
            options = {"head": self.settings.turn_weights} | options
        what = _WHAT[kind] if engine == name else f"{_WHAT[kind]} {name},"
        return await self.engine(what, kind, engine, options, needed=needed)

    async def engine(
        self,
        what: str,
        kind: registry.Kind,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        needed: bool = True,
    ) -> Any:
        """A warm engine; None when it is not `needed` and cannot run. `what`: its kind, for the log. Raises
        ConfigError, EngineError."""
        try:
            began_s = time.monotonic()
            factory = await asyncio.to_thread(registry.find, kind, name)
            options = engine_options(factory, self.settings.models_dir, self.settings.device, options)
            info = info_of(factory, name)
            if self.judge is not None and (info.gpu or info.own_process or info.cloud):
                return await self._tried(self.judge, what, kind, name, options)
            if info.fetches:
                await cast(Fetches, factory).fetch(
                    lambda progress: self.on_progress(f"{what} {name}: {progress}"), **options
                )
            engine = self._placement.engine(kind, name, factory, options)
            if info.gpu or info.own_process:
                self.on_progress(f"{what} {name}: loading")
            await self.warm_up(engine)
        except ConfigError as error:
            problems = [f"{what} {name}: {problem}" for problem in error.problems]
            if needed:
                raise ConfigError(problems) from error
            self.tell(f"{'; '.join(problem.rstrip('.') for problem in problems)}. It is left out.")
            return None
        except EngineError as error:
            if needed:
                raise
            self.tell(f"{what} {name}: left out. {error}")
            return None
        info = engine.info
        note = info.note or ("" if isinstance(engine, Supervised) else slow_note(info, options))
        self.on_progress(f"{what} {name}: ready in {time.monotonic() - began_s:.2f} s{f'; {note}' if note else ''}")
        if isinstance(engine, Supervised):
            self.supervised[f"{what} {name}"] = engine
            if note and info.gpu:
                engine.use_slow_deadlines()
        return engine

    async def _tried(
        self, judge: EngineCheck, what: str, kind: registry.Kind, name: str, options: Mapping[str, Any]
    ) -> Any:
        engine = registry.build(registry.find(kind, name), kind, name, options)
        self.ready.append(engine)
        for doubt in await judge(engine, name, options):
            self.tell(f"{what} {name}: {doubt}")
        if kind == "tts" and not engine.info.voices:
            self.unknown.add(what.removeprefix("TTS ").removesuffix(","))
        return engine

    def tell(self, note: str) -> None:
        """Note that something does not work; the server starts nevertheless."""
        self.notes.append(note)
        self.on_progress(note)

    async def llm(self, config: Config, settings: Settings) -> LlmRouter:
        """The LLM router. An LLM that cannot answer now may do so later, so that is only a line in the log."""
        router = llm_router(settings, llm_models(config))
        self.ready.append(router)
        if self.judge is not None:
            await asyncio.to_thread(router.make_all)
            return router
        began_s = time.monotonic()
        try:
            await router.warm_up()
            for doubt in await router.doubts():
                self.on_progress(doubt)
        except EngineError as error:
            self.on_progress(f"LLM: {error} Agents that use it will fail until then.")
        else:
            self.on_progress(f"LLM: ready in {time.monotonic() - began_s:.2f} s")
        return router

    async def warm_up(self, engine: Engine) -> None:
        try:
            await (engine.warm_up() if isinstance(engine, Supervised) else warm_up(engine))
        except BaseException:
            await engine.close()
            raise
        self.ready.append(engine)


def llm_router(settings: Settings, models: Iterable[str]) -> LlmRouter:
    """The router of these LLMs, with the settings' addresses, options and limits."""
    return LlmRouter(
        api_base=settings.litellm_api_base,
        api_key=settings.litellm_api_key.get_secret_value() if settings.litellm_api_key else "",
        config_file=settings.litellm_config_file,
        models=models,
        options=llm_options(settings),
        limits=llm_limits(settings),
    )


def shared_place(settings: Settings) -> SharedPlace | None:
    """Where the engines are that this server shares with others; None: it has its own. Raises ConfigError without a
    secret."""
    if settings.engines_socket is None:
        return None
    guest = settings.worker_name or f"the server at port {settings.port}"
    return SharedPlace(settings.engines_socket, settings.require_token_secret().encode(), guest)


def llm_options(settings: Settings) -> dict[str, tuple[str, dict[str, Any]]]:
    """LLM engines that VOI_ENGINE_OPTIONS names: for each its name in the registry, and its options."""
    names = [key.partition(".")[2] for key in settings.engine_options if key.startswith("llm.")]
    return {name: named_engine(settings, "llm", name) for name in names}


def llm_models(config: Config) -> frozenset[str]:
    """LLMs that agents and judges use, and those that clients may name. An embedded one that none of them uses is
    loaded only at its first request."""
    judges = [*config.control_agents.values(), *config.completeness_agents.values()]
    used = {agent.llm_model for agent in config.agents.values()} | {judge.model for judge in judges}
    return frozenset((config.llm_models - EMBEDDED_MODELS) | used) - {PATTERN_MATCHING}


def llm_limits(settings: Settings) -> LlmLimits:
    """Time limits of LLMs, from the settings."""
    return LlmLimits(
        first_token_timeout_ms=round(settings.llm_first_token_timeout_s * 1000),
        next_token_timeout_ms=round(settings.llm_next_token_timeout_s * 1000),
    )


def llm_place(settings: Settings) -> str:
    """Where the LLMs run: another address, or an edited litellm_config.yaml, may mean other models by the same
    names."""
    if settings.litellm_api_base:
        return settings.litellm_api_base.rstrip("/").rpartition("@")[2]
    try:
        return hashlib.sha256(settings.litellm_config_file.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def _raise_all(errors: list[BaseException]) -> None:
    for error in errors:
        if not isinstance(error, ConfigError | EngineError):
            raise error
    told = (p for error in errors for p in (error.problems if isinstance(error, ConfigError) else [str(error)]))
    problems = list(dict.fromkeys(told))  # models of one engine report the same problem
    if any(isinstance(error, ConfigError) for error in errors):
        raise ConfigError(problems)
    if problems:
        raise EngineError("\n".join(problems))
