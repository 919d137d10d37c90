"""The calls of one Asterisk that are under way, and what is remembered of those that are over."""

from collections.abc import Iterator
from dataclasses import dataclass

from voi.calls.call import Call
from voi.transports.ari.dialer import AriDialing
from voi.transports.ari.leg import AriLeg

ENDED_MAX = 1_024
"""Ids of so many calls that ended are remembered: an event of theirs may come twice, or late."""


@dataclass(slots=True)
class LiveCall:
    """A call of which Asterisk tells us. `call`: its conversation, once there is one."""

    leg: AriLeg
    call: Call | None = None
    dialing: AriDialing | None = None

    @property
    def talks(self) -> bool:
        """It has been answered."""
        return self.call is not None or (self.dialing is not None and self.leg.line is not None)


class LiveCalls:
    """`taking`: ids of channels that came in and have no leg yet; the cause, if they were hung up meanwhile."""

    def __init__(self) -> None:
        self.taking: dict[str, int | None] = {}
        self._by_channel: dict[str, LiveCall] = {}
        self._by_media: dict[str, LiveCall] = {}
        """By the id of the channel that carries the sound."""
        self._ended: dict[str, None] = {}
        self._passed_on: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._by_channel)

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._by_channel.values()))

    def of_channel(self, channel_id: str) -> LiveCall | None:
        return self._by_channel.get(channel_id)

    def of_media(self, channel_id: str) -> LiveCall | None:
        return self._by_media.get(channel_id)

    def has_met(self, channel_id: str) -> bool:
        """Whether that channel is one of ours, now or before."""
        return any(channel_id in ids for ids in (self._by_channel, self._by_media, self._ended, self.taking))

    def known(self) -> set[str]:
        """Ids of all channels and bridges that belong to calls, and so are no orphans."""
        bridges = (live.leg.bridge for live in self)
        return {*self._by_channel, *self._by_media, *bridges, *self.taking, *self._passed_on}

    def add(self, leg: AriLeg) -> LiveCall:
        live = LiveCall(leg)
        self._by_channel[leg.channel] = self._by_media[leg.media] = live
        return live

    def forget(self, live: LiveCall) -> None:
        self._by_channel.pop(live.leg.channel, None)
        self._by_media.pop(live.leg.media, None)
        self.note_ended(live.leg.channel)
        if live.leg.passed_on:
            _note(self._passed_on, live.leg.channel)

    def note_ended(self, channel_id: str) -> None:
        _note(self._ended, channel_id)


def _note(ids: dict[str, None], channel_id: str) -> None:
    ids[channel_id] = None
    if len(ids) > ENDED_MAX:
        del ids[next(iter(ids))]
