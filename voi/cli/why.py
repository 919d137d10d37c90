"""Tells why turns end while a conversation goes on, from the recording that the server on this machine makes of it."""

import json
from pathlib import Path

from voi.cli.replay import JOURNAL, Retelling
from voi.errors import ClientError

LOOK_EVERY_S = 0.5
"""As often as a recording is written."""


class Why:
    """Make it before the conversation begins: the first new recording belongs to it."""

    def __init__(self, recordings_dir: Path) -> None:
        self._dir = recordings_dir
        self._earlier = frozenset(self._journals())
        self._journal: Path | None = None
        self._read_bytes = 0
        self._retelling = Retelling()

    @property
    def found(self) -> bool:
        """True if the recording has been found."""
        return self._journal is not None

    def _journals(self) -> list[Path]:
        return list(self._dir.glob(f"*/*/{JOURNAL}"))

    def news(self) -> list[str]:
        """Reasons for what was decided since the last call. Raises ClientError for a journal that cannot be read."""
        if self._journal is None:
            self._journal = next((path for path in self._journals() if path not in self._earlier), None)
        if self._journal is None:
            return []
        try:
            with self._journal.open("rb") as file:
                file.seek(self._read_bytes)
                whole, _, _ = file.read().rpartition(b"\n")  # the last line may be incomplete
        except OSError as error:
            raise ClientError(f"The recording {self._journal} cannot be read: {error.strerror}.") from error
        if not whole:
            return []
        self._read_bytes += len(whole) + 1
        steps = [self._retelling.take(json.loads(line)) for line in whole.splitlines()]
        return [reason for step in steps if step for reason in step.reasons]
