"""What a conversation needs of a door, the transport that its client is connected through (`voi/transports/`)."""

from typing import Protocol

from voi.session.events import DoorEvent


class Door(Protocol):
    """One client's way into a conversation, and out of it: told all that happens."""

    name: str
    """What metrics call it, such as "voi" or "realtime". It never changes."""
    kind: str
    """"telephone", or "app" for a client program. `VOI_DISCLOSE` depends on it, and the store records it. It never
    changes."""
    output_rate_hz: int
    """Sample rate of the sound that the door is given. It never changes."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes given to the door that the network has not taken yet. No sound is sent while too many wait."""
        ...

    def tell(self, event: DoorEvent) -> None:
        """Take the next event. Returns at once and never raises. A door whose client has left drops the event."""

    async def aclose(self) -> None:
        """Release what the door holds. It is told no more events."""
