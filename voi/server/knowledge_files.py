"""The files that agents draw on, as a server reads them: at its start, and with each edited configuration."""

import logging
import time
from collections.abc import Callable, Sequence

from voi.config.config import Config
from voi.config.settings import Settings
from voi.core.tokens import estimated_tokens
from voi.engines.startup import Engines
from voi.knowledge.library import Library
from voi.server.usages import Usages
from voi.use import Use

log = logging.getLogger(__name__)


class KnowledgeFiles:
    """`engines` returns those that are warm; None: none are. `usages` counts what embedding models are asked.
    `on_progress` is told what was read, `on_left_out` how many files could not be used."""

    def __init__(
        self,
        settings: Settings,
        usages: Usages,
        engines: Callable[[], Engines | None],
        on_progress: Callable[[str], None],
        on_left_out: Callable[[int], None],
    ) -> None:
        self._usages = usages
        self._engines = engines
        self._on_progress = on_progress
        self._on_left_out = on_left_out
        self.library = Library(settings.knowledge_dir, on_embedded=self._embedded)

    async def read(self, config: Config) -> None:
        """Read what the agents of a configuration draw on. Files that cannot be used are left out, each with a line in
        the log. Raises ConfigError."""
        began_s = time.monotonic()
        notes = await self.library.take(config)
        if config.knowledge_files:
            files = len({file.path for found in config.knowledge_files.values() for file in found.files})
            self._on_progress(f"knowledge: {files} files ready in {time.monotonic() - began_s:.2f} s")
        for note in notes:
            log.warning("%s", note)
        self._on_left_out(len(notes))

    def _embedded(self, agent: str, model: str, texts: Sequence[str], took_ms: int) -> None:
        engines = self._engines()
        provider = engines.llm_name(model) if engines else ""
        use = Use("llm", provider, model, estimated_tokens(texts), estimated=True, took_ms=took_ms)
        self._usages.indexed(agent, use)
