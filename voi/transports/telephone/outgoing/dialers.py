"""The accounts that can make calls now, by name. A transport (SIP, Asterisk) registers its dialer while
it is connected."""

from collections.abc import Callable

from voi.transports.telephone.dialing import Dialer


class Dialers:
    """`on_change` is called when there is another one. `sources` are asked for accounts that nobody registered; each
    returns None for one that it does not have, or that cannot make calls now."""

    def __init__(self) -> None:
        self.sources: list[Callable[[str], Dialer | None]] = []
        self._dialers: dict[str, Dialer] = {}
        self.on_change: Callable[[], None] = lambda: None

    def register(self, name: str, dialer: Dialer) -> None:
        """Calls through that account are made by this dialer from now on."""
        self._dialers[name] = dialer
        self.on_change()

    def unregister(self, name: str, dialer: Dialer) -> None:
        """It can make no more calls. Does nothing if another one took its place. Calls under way go on."""
        if self._dialers.get(name) is dialer:
            del self._dialers[name]

    def get(self, name: str) -> Dialer | None:
        found = self._dialers.get(name)
        return found or next((dialer for source in self.sources if (dialer := source(name)) is not None), None)
