"""The current configuration of a running server: it takes over edited files, but not broken edits. It also watches the
files of voices, since `voi voice` changes them without changing the JSON, and those that agents draw on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from voi.config.config import Config, VoiceUse, voice_uses_of
from voi.config.load import load_config
from voi.config.settings import Settings
from voi.config.tts_models import Declared
from voi.errors import ConfigError

__all__ = ["Config", "ConfigStore", "VoiceUse", "load_config", "voice_uses_of"]

log = logging.getLogger(__name__)

NAMED_MAX = 5
"""Edited files that the log names."""

_Stamp = tuple[int, int, int] | None


class ConfigStore:
    """`current` is the last good configuration; running conversations keep the one with which they began.

    `check` checks a new configuration before it is taken over (do its voices exist?), and raises ConfigError.
    """

    def __init__(
        self, settings: Settings, declared: Declared, check: Callable[[Config], Awaitable[None]] | None = None
    ) -> None:
        """Loads the files at once. `declared`: what TTS engines say of themselves. Raises ConfigError."""
        self.settings = settings
        self.check = check
        self._declared = declared
        before = _stamps((settings.agents_file, settings.tts_models_file, settings.phones_file))
        self.current, named = self._load()
        self._seen = self._settled = named | before

    async def watch(self, interval_s: float = 0.5) -> None:
        """Look for edits until cancelled. Run it as a task."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                await self.poll()
            except Exception:  # a fault of Voi in here must not end the server
                log.exception("The configuration could not be looked at; the last good one stays in use.")

    async def poll(self) -> bool:
        """Look once; True when a new configuration was taken over. A file counts as edited when it has changed and
        then stayed the same from one look to the next, so that none is read half written."""
        seen = await asyncio.to_thread(_stamps, self._settled)
        settled = seen == self._seen
        self._seen = seen
        if not settled or seen == self._settled:
            return False
        changed = [path.name for path in seen if seen[path] != self._settled[path]]
        edited = ", ".join([*changed[:NAMED_MAX], *["…"][: len(changed) > NAMED_MAX]])
        return await self._take_over(seen, f"{edited}: what was edited")

    async def reload(self) -> bool:
        """Read the files now, edited or not; True when they were taken over."""
        return await self._take_over(await asyncio.to_thread(_stamps, self._settled), "The configuration, read again,")

    async def _take_over(self, seen: dict[Path, _Stamp], what: str) -> bool:
        self._settled = seen  # a broken edit is reported once
        try:
            config, named = await asyncio.to_thread(self._load)
            if self.check is not None:
                await self.check(config)
        except ConfigError as error:
            log.warning("The edited configuration is broken, so the last good one stays in use:\n%s", error)
            return False
        self.current = config
        self._seen = self._settled = {path: seen.get(path, stamp) for path, stamp in named.items()}
        log.info("%s is in use for new conversations.", what)
        for warning in config.warnings:
            log.warning("%s", warning)
        return True

    def _load(self) -> tuple[Config, dict[Path, _Stamp]]:
        """The configuration, with the stamps of all its files; those of voices and of knowledge are taken before they
        are read."""
        config = load_config(self.settings, self._declared)
        voices = {file for model in config.tts_models.values() if (file := model.voices_file)}
        drawn_on = (path for found in config.knowledge_files.values() for path in found.watched)
        named = (self.settings.agents_file, self.settings.tts_models_file, self.settings.phones_file)
        return config, _stamps((*named, *voices, *drawn_on))


def _stamps(paths: Iterable[Path]) -> dict[Path, _Stamp]:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> _Stamp:
    """Modification time in ns, size and inode; None if the file does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
