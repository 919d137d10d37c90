"""The accounts that can make calls now, by name."""

from collections.abc import Callable

from voi.transports.telephone.dialing import Dialer


class Dialers:
    """`sources`: one for each transport (SIP, Asterisk), asked in their order. Each returns the dialer of an account,
    or None for one that it does not have, or that cannot make calls now."""

    def __init__(self) -> None:
        self.sources: list[Callable[[str], Dialer | None]] = []

    def get(self, name: str) -> Dialer | None:
        """What makes calls through that account now; None: nothing does."""
        return next((dialer for source in self.sources if (dialer := source(name)) is not None), None)
