"""What a session needs of the door (transport) that its client came through. Doors live in `voi/transports/`."""

from typing import Protocol

from voi.session.events import Event


class Door(Protocol):
    output_rate_hz: int
    """Rate of the sound that it is told of, for all its life."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes given to the door and not yet taken by the network; no sound is sent while too many wait."""
        ...

    def tell(self, event: Event) -> None:
        """Take the next event. Returns at once and never raises; a door whose client is gone drops what it is told."""
