"""Voices over HTTP: list, clone, listen to and remove voices, for services that have the API key.

Cloning runs in a thread, one voice at a time; a few may wait. Running engines learn the new voices at once. New tones
are written into tts_models.json if the request asks for it, and are used once the server reloads it (`new_voices`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.datastructures import UploadFile

from voi.audio.decode_apart import read_sample_apart
from voi.config.config import Config, voice_uses_of
from voi.config.settings import Settings
from voi.config.tones import folded
from voi.config.tts_models import TtsModel
from voi.config.voice_names import composed, known_as
from voi.config.write_tones import write_tone_map
from voi.engines.base import Tts, Vad, VoiceCloner
from voi.engines.tts.cloning import NEUTRAL, SAMPLES_MOST, Added, NamedSample, add_voice, cloner_of
from voi.engines.tts.rendered import forget
from voi.errors import ClientError, ConfigError, EngineError, NameTaken, VoiError
from voi.server.bodies import BodyLimits, body_route
from voi.server.new_voices import reconfigured
from voi.server.speech import SpeechService, speech_router
from voi.server.voice_records import VoiceRecords

log = logging.getLogger(__name__)

FORM = BodyLimits(
    "multipart/form-data",
    "Send multipart/form-data, as curl -F name=Robin -F sample=@robin.wav does.",
    max_bytes=64 * 1024 * 1024,
    timeout_s=60.0,
    what="The samples",
)
FORM_LIMITS: Any = {"max_files": SAMPLES_MOST, "max_fields": 10, "max_part_size": 1_000}
CLONING_TIMEOUT_S = 120.0
WAITING_MAX = 4
SAMPLES_LIMIT_S = 600.0
"""Limit on all samples of a request together: a few bytes can decode to hours of silence. Each sample has its own limit
too."""
SAMPLE, TONE = "sample", "tone:"
NOT_NOTED = "The store did not answer: who agreed to this voice is not noted."


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Voices that can be changed. `chosen`: the model by which the request named them; `models`: all models that share
    them."""

    chosen: str
    cloner: VoiceCloner
    models: Mapping[str, TtsModel]


class VoiceService:
    """Adds and removes voices. `config` returns the current configuration, `tts` the running engines (None while
    starting)."""

    def __init__(
        self,
        settings: Settings,
        config: Callable[[], Config],
        tts: Callable[[], Mapping[str, Tts] | None],
        vad: Callable[[], Vad | None],
        speech: SpeechService,
        records: VoiceRecords,
    ) -> None:
        self._settings, self._config, self._tts, self._vad = settings, config, tts, vad
        self.speech = speech
        self._records = records
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def listed(self) -> dict[str, dict[str, Any]]:
        """Voices and tones of every running model, by model name; and of those that were cloned, when and on whose
        word."""
        cloned = await self._records.read()
        return {
            name: {
                "voices": list(info.voices), "tones": list(info.tones), "engine": info.name,
                "cloned": cloned.get(name, {}),
            }
            for name, info in ((name, engine.info) for name, engine in (self._tts() or {}).items())
        }  # fmt: skip

    async def add(
        self,
        name: str,
        model_name: str | None,
        tones: Mapping[str, Sequence[tuple[str, bytes]]],
        *,
        force: bool,
        write: bool,
        consent: str = "",
    ) -> dict[str, Any]:
        """Clone a voice and return what was added. `tones`: tone -> (file name, file). `force`: replace a voice of that
        name. `write`: write the tones into tts_models.json. `consent`: who agreed to it. Raises ClientError,
        ConfigError, EngineError, HTTPException."""
        shelf = await self._shelf(model_name)
        if write and shelf.models[shelf.chosen].voice_tone_map and not force:
            raise HTTPException(409, f"{shelf.chosen} has a voice_tone_map already; with force it is replaced.")
        vad = self._vad()
        if vad is None:
            raise HTTPException(503, "The server is starting.")
        async with self._alone():
            added = await self._in_thread(partial(_add, shelf.cloner, name, tones, vad, force))
            await self._teach(shelf.models, changed=bool(added.replaced))
            noted = await self._records.added(shelf.models, added.voices, consent)
            written = bool(write and added.tone_map)
            if written:
                await self._write(shelf.chosen, added.tone_map, force)
        return {
            "model": shelf.chosen,
            "voices": list(added.voices),
            "voice_tone_map": added.tone_map,
            "written": written,
            "advice": added.advice + ([] if noted else [NOT_NOTED]),
        }

    async def _write(self, model_name: str, tone_map: Mapping[str, str], force: bool) -> None:
        try:
            file = self._settings.tts_models_file
            await self._in_thread(partial(write_tone_map, file, model_name, tone_map, force=force))
        except ConfigError as error:
            log.error("voices: %s", error)
            told = "The voices were made, but their tones could not be written; the operator finds why in the log."
            raise HTTPException(500, told) from None

    async def remove(self, name: str, model_name: str | None) -> dict[str, Any]:
        """Remove a voice and return what was removed. Raises ClientError, ConfigError, EngineError, HTTPException."""
        shelf = await self._shelf(model_name)
        if users := self._users(shelf.models, name):
            raise HTTPException(409, f"{name} is used by {', '.join(users)}.")
        async with self._alone():
            await self._in_thread(partial(shelf.cloner.remove, name))
            await self._teach(shelf.models, changed=True)
            await self._records.removed(shelf.models, name)
        return {"model": shelf.chosen, "removed": name}

    # ---- how --------------------------------------------------------------------------------------

    async def _shelf(self, wanted: str | None) -> "_Shelf":
        """The voices that a request is about. Raises HTTPException."""
        models = self._config().tts_models
        cloners = await asyncio.to_thread(_cloners, models)  # it may import an engine
        if wanted is None and len(cloners) == 1:
            wanted = next(iter(cloners))
        if wanted not in cloners:
            known = ", ".join(cloners) or "none"
            if wanted is None:
                raise HTTPException(400, f"Say which model the voice is for; those that clone: {known}.")
            raise HTTPException(404, f"There is no model of that name that clones voices; there are: {known}.")
        place = cloners[wanted].place
        return _Shelf(
            wanted, cloners[wanted], {name: models[name] for name, other in cloners.items() if other.place == place}
        )

    def _users(self, models: Mapping[str, TtsModel], voice: str) -> list[str]:
        users = [
            f"the tone {tone} of {name}"
            for name, each in models.items()
            for tone, named in each.voice_tone_map.items()
            if isinstance(named, str) and composed(named) == composed(voice)
        ]
        for name, agent in self._config().agents.items():
            named = [use.voice for use in voice_uses_of(agent, "") if use.tts_model in models]
            if known_as(voice, filter(None, named)):
                users.append(f"the agent {name}")
        return users

    async def _teach(self, models: Mapping[str, TtsModel], *, changed: bool) -> None:
        """Tell the running engines of these models, which share their voices. An engine that cannot learn them has the
        new voices after a restart. `changed`: an existing voice was replaced, so cached sound must not be played."""
        if changed:
            await asyncio.to_thread(forget, self._settings.greetings_dir, list(models))
        for name, each in models.items():
            engine = (self._tts() or {}).get(name)
            if engine is None or not engine.info.reconfigures:
                continue
            try:
                await reconfigured(name, engine, each.engine_options(), ())
            except VoiError as error:  # it is restarting, and reads the file then
                log.warning("%s: %s", name, error)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING_MAX:
            raise HTTPException(429, "Too many voices are being changed; try again in a minute.")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """Run `work` in the thread. A thread cannot be stopped, so no other work begins before it has ended."""
        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            async with asyncio.timeout(CLONING_TIMEOUT_S):
                return await asyncio.shield(task)
        except TimeoutError:
            await asyncio.wait({task})
            raise HTTPException(504, f"It took longer than {CLONING_TIMEOUT_S:g} s; give shorter samples.") from None
        except asyncio.CancelledError:
            await asyncio.wait({task})
            raise


class VoiceForm(BaseModel):
    """The form of `POST /voices`: these fields, and files that are called `sample` or `tone:NAME`, each any number of
    times."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    model: str | None = None
    force: bool = False
    write: bool = False
    consent: str = Field(default="", max_length=500)
    """Who agreed to the voice, when and how."""

    @model_validator(mode="after")
    def _has_samples(self) -> Self:
        for key, values in self._others():
            if not all(isinstance(value, UploadFile) for value in values):
                raise ValueError("The fields are name, model, force, write, consent, and files: sample, tone:NAME.")
            if _tone(key) is None:
                raise ValueError(f"Files are called {SAMPLE} or {TONE}NAME, such as {TONE}warm.")
        if not self.name or not any(_tone(key) == NEUTRAL for key, _ in self._others()):
            raise ValueError("A name and at least one sample are needed.")
        return self

    async def tones(self) -> dict[str, list[tuple[str, bytes]]]:
        """The files of each tone: name and content."""
        tones: dict[str, list[tuple[str, bytes]]] = {}
        for key, files in self._others():
            for file in files:
                label = (file.filename or "sample").replace("\\", "/").rsplit("/", 1)[-1][:64]
                tones.setdefault(_tone(key) or NEUTRAL, []).append((label, await file.read()))
        return tones

    def _others(self) -> list[tuple[str, list[Any]]]:
        """The parts of the form beside the fields."""
        sent = (self.model_extra or {}).items()
        return [(key, value if isinstance(value, list) else [value]) for key, value in sent]


def _tone(key: str) -> str | None:
    """The tone of a file with that name; None if it is not the name of a file field."""
    if key == SAMPLE:
        return NEUTRAL
    return (folded(key.removeprefix(TONE)) or None) if key.startswith(TONE) else None


def voices_router(service: VoiceService, check: Callable[[Request], None]) -> APIRouter:
    """The routes. `check`: raises HTTPException for callers without the API key."""
    router = APIRouter(dependencies=[Depends(check)])
    forms = APIRouter(route_class=body_route(FORM, check))

    @router.get("/voices")
    async def listed() -> dict[str, Any]:
        return {"models": await service.listed()}

    @forms.post("/voices", status_code=201, form_limits=FORM_LIMITS)
    async def add(form: Annotated[VoiceForm, Form()]) -> dict[str, Any]:
        with _Told():
            return await service.add(
                form.name, form.model, await form.tones(), force=form.force, write=form.write, consent=form.consent
            )

    @router.delete("/voices/{name}")
    async def remove(name: str, model: str | None = None) -> dict[str, Any]:
        with _Told():
            return await service.remove(name, model)

    router.include_router(forms)
    router.include_router(speech_router(service.speech, check))
    return router


class _Told:
    """Turns failures into HTTP responses. Errors in the server's files go to its log instead."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        if isinstance(error, ClientError):
            raise HTTPException(409 if isinstance(error, NameTaken) else 400, str(error)) from None
        if isinstance(error, ConfigError):
            log.error("voices: %s", error)
            raise HTTPException(500, "The voice could not be changed; the operator finds why in the log.") from None
        if isinstance(error, VoiError):
            raise HTTPException(503, str(error)) from None
        return False


def _cloners(models: Mapping[str, TtsModel]) -> dict[str, VoiceCloner]:
    """The voices of each model that voices can be added to. Blocks: it may import an engine's code."""
    found = {}
    for name, model in models.items():
        try:
            cloner = cloner_of(model.engine, model.engine_options())
        except (ConfigError, EngineError):  # the start has reported it
            continue
        if cloner is not None:
            found[name] = cloner
    return found


def _add(
    cloner: VoiceCloner, name: str, tones: Mapping[str, Sequence[tuple[str, bytes]]], vad: Vad, force: bool
) -> Added:
    """Decode the samples and make the voice. Blocks: a cloner's first voice may load a model. Raises ClientError,
    ConfigError, EngineError."""
    samples: dict[str, list[NamedSample]] = {}
    left_s = SAMPLES_LIMIT_S
    for tone, files in tones.items():
        for label, data in files:
            try:
                sample = read_sample_apart(data)
            except ClientError as error:
                raise ClientError(f"{label}: {error}") from None
            left_s -= sample.length_s
            if left_s < 0:
                raise ClientError(f"{label}: with it there are more than {SAMPLES_LIMIT_S:g} s of samples.")
            samples.setdefault(tone, []).append(NamedSample(label, sample))
    return add_voice(cloner, name, samples, vad, force=force)
