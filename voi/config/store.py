"""The current configuration of a running server: edited files are picked up, broken edits are not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from voi.config.config import Config, VoiceUse, voice_uses_of
from voi.config.load import load_config
from voi.config.settings import Settings
from voi.errors import ConfigError

__all__ = ["Config", "ConfigStore", "VoiceUse", "load_config", "voice_uses_of"]

log = logging.getLogger(__name__)

_Fingerprint = tuple[tuple[int, int, int] | None, ...]


class ConfigStore:
    """`current` is the last good configuration; conversations that run keep the one they began with.

    `check` may look at a new configuration before it is taken over (do its voices exist?), and raises ConfigError.
    """

    def __init__(self, settings: Settings, check: Callable[[Config], Awaitable[None]] | None = None) -> None:
        """Loads the files at once. Raises ConfigError."""
        self.settings = settings
        self.check = check
        self._seen = self._fingerprint()
        self._settled = self._seen
        self.current = load_config(settings)

    async def watch(self, interval_s: float = 0.5) -> None:
        """Look for edits until cancelled. A task's body."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await self.poll()
            except Exception:  # a fault of ours in here must not end the server that it serves
                log.exception("The configuration could not be looked at; the last good one stays in use.")

    async def poll(self) -> bool:
        """Look once; True when a new configuration was taken over. A file counts as edited when it has changed and
        then stayed the same from one look to the next, so that none is read half written."""
        seen = await asyncio.to_thread(self._fingerprint)
        settled = seen == self._seen
        self._seen = seen
        if not settled or seen == self._settled:
            return False
        self._settled = seen  # a broken edit is complained of once
        try:
            config = await asyncio.to_thread(load_config, self.settings)
            if self.check is not None:
                await self.check(config)
        except ConfigError as error:
            log.warning("The edited configuration is broken, so the last good one stays in use:\n%s", error)
            return False
        self.current = config
        log.info("The edited configuration is in use for new conversations.")
        for warning in config.warnings:
            log.warning("%s", warning)
        return True

    def _fingerprint(self) -> _Fingerprint:
        return tuple(_stamp(path) for path in (self.settings.agents_file, self.settings.tts_models_file))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Modification time in ns, size and inode; None when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
