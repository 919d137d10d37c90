"""Stores the server's calls: facts and words in the store, sound in recordings."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from voi.calls.call import Call
from voi.calls.usage import Total, Whose
from voi.config.agents import Agent
from voi.config.settings import Settings
from voi.dialogue import Phrase
from voi.errors import StoreError
from voi.session.observer import Observer
from voi.session.recording import Recorder, prepare, sweep
from voi.tasks import Tasks

if TYPE_CHECKING:
    from voi.store.store import Store
    from voi.store.writer import StoreMetrics, Writer

SWEEP_EVERY_S = 3600

log = logging.getLogger(__name__)


class KeptCalls:
    """Made before the server listens. Raises ConfigError for settings that cannot work."""

    def __init__(self, settings: Settings, metrics: "StoreMetrics") -> None:
        self._settings = settings
        self._metrics = metrics
        self._tasks = Tasks()
        self._seen: set[str] = set()
        """Ids of calls that are reported to the store."""
        self.store: Store | None = None
        self._writer: Writer | None = None
        if settings.record:
            prepare(settings.recordings_dir)
        secrets = settings.store_secrets()
        if settings.store != "off":
            self._make_store(secrets)

    def _make_store(self, secrets: tuple[str, ...]) -> None:
        try:
            from voi.store.store import Store
        except ModuleNotFoundError as error:  # after an upgrade without ./install.sh
            log.warning("conversations are not stored: the package %s is missing. Run ./install.sh", error.name)
            return
        self.store = Store(self._settings.store_url, secrets)

    async def open(self) -> None:
        """Open the store and begin to write. A store that cannot be reached is tried again later. Raises ConfigError if
        its key is wrong."""
        self._tasks.start(self._sweep_recordings(), "recordings")
        if self.store is None:
            return
        from voi.store.writer import Writer

        try:
            await self.store.open()
        except StoreError as error:
            log.error("the store cannot be opened, and is tried again later: %s", error)
        self._writer = Writer(self.store, self._metrics)
        self._tasks.start(self._writer.run(), "store")
        settings = self._settings
        if settings.store_keep_days or settings.usage_keep_days or settings.memory_keep_days:
            self._tasks.start(self._sweep_store(self.store), "retention")

    @property
    def waiting(self) -> int:
        """How many entries wait to be written."""
        return 0 if self._writer is None else len(self._writer)

    def observers(self, call: Call | None, conversation_id: str, agent: Agent, mode: str) -> list[Observer]:
        """The observers of one conversation."""
        settings = self._settings
        stores = self._writer is not None and call is not None
        data_key: Future[bytes | None] = Future()
        recorder = None
        if settings.record:
            limit_bytes = settings.recording_limit_mb * 1024 * 1024
            seals = stores and self.store is not None and self.store.keys.seals
            recorder = Recorder(settings.recordings_dir, conversation_id, limit_bytes, data_key if seals else None)
        found: list[Observer] = [recorder] if recorder else []
        if self._writer is not None and call is not None:
            from voi.store.agent_versions import version_of
            from voi.store.entries import Began
            from voi.store.observer import CallObserver, now_ms

            version, config = version_of(agent)
            folder = str(recorder.folder.relative_to(settings.recordings_dir)) if recorder else None
            began = Began(
                conversation_id, call.app, call.person, call.kind, call.agent_name, version,
                config if call.agent_name else "", mode, now_ms(), folder, bool(agent.redacted), data_key,
            )  # fmt: skip
            ai, recording = self.discloses(call, agent)
            keeps_words = settings.store == "words"
            observer = CallObserver(began, self._writer.put, words=keeps_words, tells_ai=ai, tells_recording=recording)
            found.append(observer)
            self._seen.add(conversation_id)
        return found

    def on_total(self, conversation_id: str) -> "Callable[[tuple[Total, ...]], None] | None":
        """The function that takes a call's totals; None if the call is not stored."""
        if (writer := self._writer) is None or conversation_id not in self._seen:
            return None
        from voi.store.entries import UsageTold
        from voi.store.observer import now_ms
        from voi.store.usage import rows_of

        since_ms = now_ms()

        def tell(totals: tuple[Total, ...]) -> None:
            writer.put_later(
                ("usage", conversation_id, since_ms),
                lambda: UsageTold(conversation_id, since_ms, now_ms(), rows_of(totals)),
            )

        return tell

    def acted(self, who: str, what: str, result: str) -> None:
        """Store what a manager did."""
        if self._writer is not None:
            from voi.store.audit import Act
            from voi.store.entries import Acted
            from voi.store.observer import now_ms

            self._writer.put(Acted(Act(now_ms(), who, what, result)))

    def used_apart(self, whose: Whose, total: Total) -> None:
        """Store what was used outside of any call."""
        if self._writer is not None:
            from voi.store.entries import UsedApart
            from voi.store.observer import now_ms
            from voi.store.usage import rows_of

            (row,) = rows_of([total])
            self._writer.put(UsedApart(now_ms(), whose.app, whose.agent, row))

    def discloses(self, call: Call | None, agent: Agent) -> tuple[bool, bool]:
        """Whether the agent says at its first words that it is an AI, and that the conversation is recorded. A client's
        own agent cannot keep it from that."""
        settings = self._settings
        wanted = call is not None and ("*" in settings.disclose or call.kind in settings.disclose)
        say = agent.disclosure.say
        if say is not None and (say or (call is not None and call.agent_name)):
            wanted = say
        kept = settings.record or (self.store is not None and settings.store == "words") or agent.after_call is not None
        return wanted, wanted and kept

    def notice(self, call: Call | None, agent: Agent) -> Phrase | None:
        """What the agent discloses first of all."""
        ai, recorded = self.discloses(call, agent)
        if agent.language is None:
            agent = agent.model_copy(update={"language": self._settings.language})
        return agent.notice(ai=ai, recorded=recorded)

    def over(self, call: Call) -> None:
        """The call is over, and it is known why."""
        if self._writer is not None and call.id in self._seen:
            from voi.store.entries import Changed

            self._seen.discard(call.id)
            reason = call.end_reason
            self._writer.put(Changed(call.id, {"end_reason": reason.value if reason else None}, last=True))

    async def close(self) -> None:
        """Write the rest, for some seconds at most."""
        if self._writer is not None:
            await self._writer.close()
        await self._tasks.close()
        if self.store is not None:
            await self.store.close()

    # ---- retention ----------------------------------------------------------------------------------

    async def _sweep_recordings(self) -> None:
        settings = self._settings
        while True:
            try:
                days = await asyncio.to_thread(sweep, settings.recordings_dir, settings.recordings_keep_days)
            except OSError as error:
                log.error("old recordings could not be deleted: %s", error)
            else:
                if days:
                    log.info("the recordings of %d days were deleted: VOI_RECORDINGS_KEEP_DAYS", days)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _sweep_store(self, store: "Store") -> None:
        from voi.store.deletion import forget_memories, forget_older, forget_usage

        settings = self._settings
        while True:
            try:
                await forget_memories(store, settings.memory_keep_days)
                count = await forget_older(store, settings.recordings_dir, settings.store_keep_days)
                await forget_usage(store, settings.usage_keep_days)
            except (StoreError, OSError) as error:
                self._metrics.store_failed()
                log.error("old conversations could not be deleted: %s", error)
            else:
                if count:
                    log.info("%d conversations were deleted: VOI_STORE_KEEP_DAYS", count)
            await asyncio.sleep(SWEEP_EVERY_S)
