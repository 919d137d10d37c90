"""What a session needs of its door, the transport that the client is connected through (`voi/transports/`)."""

from typing import Protocol

from voi.session.events import Event


class Door(Protocol):
    output_rate_hz: int
    """Sample rate of the sound that the door is given. It never changes."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes given to the door that the network has not taken yet. No sound is sent while too many wait."""
        ...

    def tell(self, event: Event) -> None:
        """Take the next event. Returns at once and never raises. A door whose client has left drops the event."""
