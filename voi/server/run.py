"""The story of a server's life: put together, started, ready, reloaded, drained, closed.

It starts behind the open HTTP port, so that `/health` tells how far it is: the store, tools and engines first, then
what looks after them, and at last the doors; from then on calls are admitted. If one of these fails, the server ends
and raises why. It drains in the opposite order: nobody is admitted any more, calls leave or end, doors close, and then
all that it owns.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import uvloop
from fastapi import APIRouter

from voi.calls.admission import Admission
from voi.calls.call import Call
from voi.calls.calls import Calls
from voi.calls.load import Load, LoadLevel
from voi.calls.memories import Memories
from voi.calls.quotas import Quotas
from voi.calls.services import Services
from voi.config.config import Config
from voi.config.context_sizes import ContextSizes, usual_contexts
from voi.config.settings import Settings, unknown_variables
from voi.config.sip_accounts import SipAccount
from voi.config.store import ConfigStore
from voi.engines.base import Tts, Vad
from voi.engines.llm.router import LlmRouter
from voi.engines.registry import tts_info
from voi.engines.startup import Engines, not_running, start_engines
from voi.errors import ConfigError, VoiError
from voi.server import garbage
from voi.server.after_calls import AfterCalls
from voi.server.app import HttpSettings, Readiness, create_app
from voi.server.app_quotas import AppQuotas
from voi.server.call_orders_http import OrderAccess, call_orders_router
from voi.server.handing_over import HandingOver
from voi.server.http_server import HttpServer, address_of, bind, uvicorn_config
from voi.server.kept_calls import KeptCalls
from voi.server.knowledge_files import KnowledgeFiles
from voi.server.known_secrets import secrets_of_services, secrets_of_settings
from voi.server.load_monitor import log_level, monitor
from voi.server.logging import hide, set_up_logging
from voi.server.metrics import Metrics
from voi.server.new_voices import take_over
from voi.server.openai.access import OpenAiServices
from voi.server.openai.failures import Failures
from voi.server.phone_accounts_http import PhoneAccountsService
from voi.server.session_maker import SessionMaker
from voi.server.shared_calls import SharedCalls
from voi.server.signals import heeding
from voi.server.speech import SpeechService
from voi.server.tokens import Tokens
from voi.server.tracing import close_provider, make_provider
from voi.server.usages import Usages, aliases
from voi.server.vocal_http import VocalHttp, vocal_router
from voi.server.voice_records import VoiceRecords
from voi.server.voices import VoiceService
from voi.server.web_doors import WebDoors, open_app_of
from voi.session.budgets import QuestionBudget
from voi.tasks import Tasks
from voi.tools.toolbox import Toolbox
from voi.transports.ari.service import AsteriskService
from voi.transports.listeners import DoorServices, Listener, OutOfCall, close_listeners, start_listeners
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.outgoing.runner import OutgoingCalls

if TYPE_CHECKING:
    from voi.transports.sip.kept_accounts import KeptAccounts
    from voi.transports.telephone.outgoing.order_store import OrderStore

log = logging.getLogger(__name__)

ENGINES_CLOSE_TIMEOUT_S = 10.0

StartProgress = Callable[[str], None]


def run(settings: Settings, on_progress: StartProgress, on_ready: Callable[[str], None]) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; a second signal stops at once. Raises ConfigError or EngineError
    if the server cannot start. `on_ready` is given the URL of the WebSocket."""
    secrets = secrets_of_settings(settings)
    set_up = partial(set_up_logging, words=settings.log_words, worker=settings.worker_name)
    set_up(settings.log_level, settings.log_format, secrets)
    for warning in unknown_variables():
        log.warning("%s", warning)
    server = Server(settings, on_progress, on_ready)
    secrets += secrets_of_services(settings, server.config)
    set_up(settings.log_level, settings.log_format, secrets)
    uvloop.run(server.serve())


class Server:
    """One server process. `serve` is its whole life."""

    make_sessions: type[SessionMaker] = SessionMaker

    def __init__(self, settings: Settings, on_progress: StartProgress, on_ready: Callable[[str], None]) -> None:
        self.settings = settings
        self.readiness = Readiness()
        self.load = Load(time.monotonic, self._load_changed)
        load = self.load if settings.admit_by_load else None
        self._quotas = Quotas(lambda: time.time_ns() // 1_000_000)
        per_app = settings.max_conversations_per_app
        self.admission = Admission(settings.max_conversations, per_app, load, self._quotas)
        self.metrics = Metrics(lambda: self.admission.active)
        self.hurry = asyncio.Event()
        self._on_progress = on_progress
        self._on_ready = on_ready
        self._http: HttpServer | None = None
        self._engines: Engines | None = None
        self._failure: VoiError | None = None
        """Why the server could not start."""
        self._tasks = Tasks()
        self._toolbox = Toolbox()
        self._questions = QuestionBudget(settings.invoke_llm_per_minute)
        token_secrets, api_key = settings.require_secrets()
        self._traces = make_provider()
        self._configs = ConfigStore(settings, tts_info)
        self.kept = KeptCalls(settings, self.metrics)
        self.metrics.watch_store(lambda: self.kept.waiting)
        for warning in self._configs.current.warnings:
            log.warning("%s", warning)
        self.usages = Usages(settings, self.kept, self.metrics.used, self._quotas.note)
        self._knowledge = KnowledgeFiles(
            settings, self.usages, lambda: self._engines, self._progress, self.metrics.left_out
        )
        self._contexts = ContextSizes(settings.llm_context_tokens)
        memories = Memories(
            self.kept.store,
            lambda: self._engines.llm if self._engines else None,
            lambda model: self._engines.llm_name(model) if self._engines else "",
            self.usages.after_call,
            self._quotas.used_up,
            self.metrics,
            lambda model: self._contexts.of(model),
        )
        self._after_calls = AfterCalls(
            lambda: self._configs.current, lambda: self._engines, self._toolbox, self.usages, self.metrics,
            self._quotas.used_up, lambda: time.time_ns() // 1_000_000, self.kept.store,
        )  # fmt: skip
        self.metrics.watch_post_calls(lambda: len(self._after_calls.jobs))
        self.sessions = self.make_sessions(
            settings=settings,
            engines=lambda: self._engines,
            find=lambda call_id: self.calls.find(call_id),
            toolbox=self._toolbox,
            library=self._knowledge.library,
            memories=memories,
            after_calls=self._after_calls,
            usages=self.usages,
            kept=self.kept,
            quotas=self._quotas,
            questions=self._questions,
            load=self.load,
            metrics=self.metrics,
            context_tokens_of=lambda agent: self._contexts.of_agent(agent),
            never_call_of=lambda call: self.outgoing.never_call_of(call),
            traces=self._traces,
        )
        services = Services(self._configs, self.sessions.open, self.metrics, Tasks())
        self.calls = Calls(self.admission, services, self.kept.store)
        self.calls.on_over = self._over
        self.shared_calls = SharedCalls(self.calls, self.kept.store if self._shares_store else None)
        orders = self._orders()
        self.outgoing = OutgoingCalls(
            self.calls, lambda: self._configs.current, orders, self.metrics.outgoing, self._after_calls.order_over
        )
        self.app_quotas = AppQuotas(self._quotas, self.kept.store, self.usages, self.calls)
        self._listeners: list[Listener] = []
        self._issued_tokens = tokens = Tokens(token_secrets, self.kept.store)
        self._door_services = DoorServices(
            self.calls,
            tokens.check,
            OutOfCall(
                lambda: self._configs.current, lambda: self._engines, self.usages.apart, self.metrics.listener_request
            ),
        )
        self.web = web = WebDoors(
            settings, self.calls, lambda: self._configs.current, tokens, token_secrets, self._voices_of,
            self._questions.left, self.usages, self.metrics, self.outgoing.second_calls.of,
        )  # fmt: skip
        self._handing_over = HandingOver(web.voi_ws, self.hurry)
        self.asterisk = AsteriskService(
            self.calls, lambda: self._configs.current.phones, self.metrics.listener_request,
            self.outgoing.second_calls.of,
        )  # fmt: skip
        sip = self.metrics.sip
        self.phone_accounts = self._phone_accounts()
        kept = self.phone_accounts
        nothing: Mapping[str, SipAccount] = {}
        self.sip = SipService(
            self.calls, lambda: self._configs.current, SipCounters(sip.call, sip.fault, sip.state),
            partial(media_of, count=sip.sound),
            self.outgoing.second_calls.of, self.outgoing.second_calls.permit,
            lambda: nothing if kept is None else kept.mine,
        )  # fmt: skip
        if kept is not None and settings.sip:
            kept.sip = self.sip
        self.outgoing.dialers.sources += [self.sip.dialer, self.asterisk.dialer]
        openai = OpenAiServices(
            lambda: self._configs.current,
            lambda: self._engines,
            self.calls,
            tokens.check,
            self.usages.apart,
            self.usages.tokens_of,
            Failures(self.metrics.openai_request),
            web.client_secrets,
            web.webrtc,
        )
        self._app = create_app(
            HttpSettings(token_secrets[0], api_key, settings.cors_origins, settings.metrics),
            self.readiness,
            self.admission,
            self.metrics,
            tokens,
            self._voice_service(),
            self.kept.acted,
            openai,
            web.phone_answers,
            lambda key: call_orders_router(
                self.outgoing, orders, OrderAccess(key, tokens.check, lambda: self._configs.current),
                self.shared_calls,
            ),
            PhoneAccountsService(
                lambda: self._configs.current, self.sip, kept, settings.sip or bool(settings.worker_name),
                bool(settings.store_secrets()),
            ),
            (self._vocal_router(openai),),
        )  # fmt: skip

    def _vocal_router(self, openai: OpenAiServices) -> APIRouter:
        """The HTTP services of the Vocal node."""
        services = replace(openai, failures=Failures(partial(self.metrics.listener_request, "vocal")))
        return vocal_router(VocalHttp(services, open_app_of(self.settings), self.settings.vocal_agent), services)

    def _orders(self) -> "OrderStore | None":
        """Where calls that Voi makes are kept; None: nowhere, and it makes none."""
        if self.kept.store is None:
            return None
        from voi.transports.telephone.outgoing.order_store import OrderStore

        return OrderStore(self.kept.store)

    def _phone_accounts(self) -> "KeptAccounts | None":
        """Telephone accounts that are made over HTTP; None: there is no store for them."""
        if self.kept.store is None:
            return None
        from voi.transports.sip.kept_accounts import KeptAccounts

        def of_file() -> Mapping[str, SipAccount]:
            phones = self._configs.current.phones
            return phones.accounts if phones else {}

        return KeptAccounts(self.kept.store, of_file, shared=self._shares_store, hide=hide)

    @property
    def _shares_store(self) -> bool:
        """Whether other servers may have the same store."""
        store = self.kept.store
        return store is not None and (bool(self.settings.worker_name) or not store.database.is_sqlite)

    def _voice_service(self) -> VoiceService:
        config: Callable[[], Config] = lambda: self._configs.current  # noqa: E731
        tts: Callable[[], Mapping[str, Tts] | None] = lambda: self._engines.tts if self._engines else None  # noqa: E731
        speech = SpeechService(config, tts, self._quotas.used_up, self.usages.apart)
        vad: Callable[[], Vad | None] = lambda: self._engines.vad if self._engines else None  # noqa: E731
        return VoiceService(self.settings, config, tts, vad, speech, VoiceRecords(self.kept.store))

    def _voices_of(self, model: str) -> tuple[str, ...]:
        engine = self._engines.tts.get(model) if self._engines else None
        return tuple(engine.info.voices) if engine else ()

    @property
    def config(self) -> Config:
        """The configuration that holds now."""
        return self._configs.current

    async def serve(self) -> None:
        """Serve until `stop`. Raises ConfigError, EngineError or another VoiError if the server cannot start."""
        listener = bind(self.settings.host, self.settings.port)
        with listener:
            http = self._http = HttpServer(
                uvicorn_config(self.settings, self._app, self.web.by_path), self._drain, self.hurry
            )
            self._tasks.start(self._start(http, listener), "start", partial(self._start_failed, http))
            self.metrics.watch_garbage_collector()
            try:
                with heeding(self._reload):
                    await http.serve(sockets=[listener])
            finally:
                self.metrics.unwatch_garbage_collector()
                await self._close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop gracefully; when called again, at once."""
        if self._http is not None:
            self._http.stop()

    # ---- the beginning ----------------------------------------------------------------------------

    async def _start(self, http: HttpServer, listener: socket.socket) -> None:
        try:
            engines = await self._warm_up()
        except VoiError as error:
            if not http.should_exit:  # when the server stops, an engine's process may have been ended first
                self._give_up(http, error)
            return
        self._look_after(engines)
        if http.should_exit:
            return
        try:
            await self._open_doors()
        except VoiError as error:
            self._give_up(http, error)
            return
        self.admission.open()
        self._tasks.start(self.outgoing.run(), "calls that Voi makes")
        self.readiness.state = "ready"
        self._on_ready(address_of(listener, tls=self.settings.tls_cert_file is not None))

    async def _warm_up(self) -> Engines:
        """Open the store, and make ready what agents call, speak with and draw on."""
        await self.kept.open()
        self._tasks.start(self._issued_tokens.run(), "tokens")
        await self.app_quotas.look()
        self._tasks.start(self.app_quotas.run(), "quotas")
        await self._toolbox.prepare(self._configs.current)
        connecting = self._tasks.start(self._toolbox.connect(self._configs.current), "MCP servers")
        engines = self._engines = await start_engines(self._configs.current, self.settings, self._progress)
        if isinstance(engines.llm, LlmRouter):
            self._knowledge.library.embed = engines.llm.embed
        await self.usages.load(engines)
        await self._knowledge.read(self._configs.current)
        await connecting
        known = await asyncio.to_thread(lambda: usual_contexts(aliases(self.settings)))
        self._contexts = ContextSizes(self.settings.llm_context_tokens, known)
        return engines

    def _look_after(self, engines: Engines) -> None:
        """Begin what watches the server, and what it does beside its calls."""
        start = self._tasks.start
        start(self._after_calls.jobs.run(), "after calls")
        start(self.shared_calls.run(), "calls that others ask for")
        self.readiness.supervised = engines.supervised
        self.metrics.watch_engines(engines.supervised)
        self.readiness.fallbacks = engines.fallbacks
        self.metrics.watch_fallbacks(engines.fallbacks)
        garbage.settle()
        start(monitor(self.load, lambda: self.admission.active, engines.supervised, self.metrics.loop_late), "load")
        if any(engine.peer for engine in engines.supervised.values()):
            self.metrics.gpus.on_filling = self.load.gpu_fills
        if self.settings.metrics or self.settings.admit_by_load:
            start(self.metrics.gpus.run(), "GPUs")
        self._configs.check = self._check
        start(self._configs.watch(), "configuration")
        start(self._knowledge.library.run(), "embeddings")
        self._handing_over.start(self._tasks)
        start(garbage.collect_when_idle(lambda: self.admission.active, lambda: self.calls.gone), "garbage")

    async def _open_doors(self) -> None:
        """Those that have ports of their own, or register somewhere; the others wait at the HTTP port."""
        self._listeners = await start_listeners(self.settings.listeners, self._door_services)
        if self.settings.asterisk:
            self.asterisk.start()
        if self.settings.sip:
            await self.sip.start()
            if self.phone_accounts is not None:
                await self.phone_accounts.follow()
                self._tasks.start(self.phone_accounts.run(), "telephone accounts of the store")

    def _give_up(self, http: HttpServer, failure: VoiError) -> None:
        """End the server, which cannot start."""
        self._failure = failure
        self.readiness.state = "failed"
        http.should_exit = True

    def _start_failed(self, http: HttpServer, error: BaseException) -> None:
        """A fault in Voi or a library: end the process, so that its supervisor can start another. One that
        stayed would never be ready."""
        self._tasks.fault("start failed", error)
        self._give_up(http, VoiError("The server cannot start because of a fault in Voi. It is in the log above."))

    def _progress(self, text: str) -> None:
        self.readiness.note(text)
        self._on_progress(text)

    # ---- while it runs ------------------------------------------------------------------------------

    def _load_changed(self, level: LoadLevel, why: str) -> None:
        self.metrics.load_changed(level)
        self.calls.load_changed(busy=level >= LoadLevel.BUSY)
        log_level(level, why)

    def _over(self, call: Call) -> None:
        self.usages.over(call)
        self.kept.over(call)
        self.outgoing.over(call)

    def _reload(self) -> None:
        self._tasks.start(self._configs.reload(), "reload")

    async def _check(self, config: Config) -> None:
        """Check that the running engines can serve an edited configuration, and read the files that its agents draw on.
        Raises ConfigError if not."""
        assert self._engines is not None
        if problems := not_running(config, self._engines):
            raise ConfigError(problems)
        hide(secrets_of_services(self.settings, config))
        await self._toolbox.prepare(config)
        await take_over(config, self._configs.current, self._engines.tts)
        await self._toolbox.connect(config)
        await self._knowledge.read(config)

    # ---- the end ------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        if self.readiness.state != "failed":
            self.readiness.state = "stopping"
        self.admission.close()
        self.outgoing.stop()
        self._tasks.start(self._leave_accounts(), "end of SIP accounts")
        await self._handing_over.all_leave()
        await self.calls.drain(self.settings.shutdown_grace_s, self.hurry)
        await self.outgoing.close()
        await close_listeners(self._listeners)
        await self.asterisk.close()
        await self.sip.close()
        if self.phone_accounts is not None:
            await self.phone_accounts.leave()

    async def _leave_accounts(self) -> None:
        """So that another server can have them at once."""
        await self.sip.leave()
        if self.phone_accounts is not None:
            await self.phone_accounts.leave()

    async def _close(self) -> None:
        await self._tasks.close()
        await self.app_quotas.close()
        await self._after_calls.jobs.close()
        await self.kept.close()
        await self._toolbox.close()
        await self._close_engines()
        if self._traces is not None:
            await close_provider(self._traces)

    async def _close_engines(self) -> None:
        if self._engines is None:
            return
        try:
            async with asyncio.timeout(ENGINES_CLOSE_TIMEOUT_S):
                await self._engines.close()
        except (TimeoutError, VoiError) as error:
            log.warning("the engines did not close in order: %s", error or "they took too long")
