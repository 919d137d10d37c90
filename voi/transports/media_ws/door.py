"""The telephone door over a carrier's WebSocket."""

from collections.abc import Callable

from voi.transports.media_ws.carrier import Carrier, FromCarrier
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.line import CarrierLine, CarrierSignalling, Transfer
from voi.transports.telephone.consultation import RingUp
from voi.transports.telephone.door import TelephoneDoor
from voi.transports.websocket import MessageSocket


class MediaDoor(TelephoneDoor):
    """`codec`: of the agent's sound, `heard`: of the caller's. `transfer` None: the carrier cannot pass calls on.
    `on_fault` counts what is wrong with the caller's sound, by name. `ring_up`: see `TelephoneDoor`."""

    def __init__(
        self,
        socket: MessageSocket,
        carrier: Carrier,
        codec: MediaCodec,
        heard: MediaCodec,
        stream_id: str = "",
        transfer: Transfer | None = None,
        on_fault: Callable[[str], None] = lambda fault: None,
        ring_up: RingUp | None = None,
    ) -> None:
        self.media = CarrierLine(socket, carrier, codec, heard, stream_id)
        super().__init__(
            self.media,
            CarrierSignalling(socket, carrier, transfer),
            on_fault=on_fault,
            source=carrier.kind,
            heard_rate_hz=heard.rate_hz,
            ring_up=ring_up,
        )

    def receive(self, said: FromCarrier) -> None:
        """What the carrier says during the call. Raises ClientError for what cannot be."""
        self.media.receive(said)
