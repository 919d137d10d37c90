"""What the server sends to a Voi client that may come back: the client counts the messages that it gets, and on a new
connection says how many arrived. A message of the dialogue takes the place of its older states.
"""

import json
from collections.abc import Callable, Iterable

from voi.errors import ClientError
from voi.transports.resend_queue import BYTES_PER_S, PingedSocket, ResendQueue, SentFrame
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.moved import MovedFrame, SpeechEnd


class Outbox(ResendQueue):
    """`ResendQueue` for the Voi protocol. `pcm` False: speeches are sent as files."""

    def __init__(
        self,
        socket: PingedSocket | None,
        on_silent: Callable[[], None],
        on_heard: Callable[[], None],
        *,
        streams: bool = False,
        pcm: bool = True,
    ) -> None:
        super().__init__(socket, on_silent, on_heard, streams=streams, keeps_player=pcm)
        self._before: dict[int, int] = {}
        """How much of the newest speeches was sent by other processes before, by message id."""

    def send(self, frame: bytes) -> None:
        """Send a frame of the Voi protocol, at once or when the client is back."""
        if not self._closed:
            metadata, payload = _parts(frame)
            self.put(self._frame(frame, metadata, payload), confirm=metadata.get("status") == "speech_done")

    def _write(self, socket: PingedSocket, data: bytes) -> None:
        socket.send(data)

    def _without(self, frame: SentFrame, heard_bytes: int) -> SentFrame:
        header_bytes = len(frame.data) - frame.sound_bytes
        data = frame.data[:header_bytes] + frame.data[header_bytes + heard_bytes :]
        return SentFrame(
            data, message_id=frame.message_id, sound_bytes=frame.sound_bytes - heard_bytes,
            at_bytes=frame.at_bytes + heard_bytes,
        )  # fmt: skip

    def _frame(self, frame: bytes, metadata: wire.Json, payload: bytes) -> SentFrame:
        if metadata["type"] == "audio":
            message_id = wire.message_id_of(int(metadata["speech_id"]))
            at_bytes = self._placed(message_id, len(payload))
            return SentFrame(frame, message_id=message_id, sound_bytes=len(payload), at_bytes=at_bytes)
        return SentFrame(frame, replaces=metadata["id"] if metadata["type"] == "message" else None)

    def show(self, received: int | None, played: tuple[int, int] | None, dialogue: Iterable[bytes]) -> int:
        """`rewind`, with the dialogue as frames of the Voi protocol."""
        return self.rewind(received, played, (self._frame(frame, *_parts(frame)) for frame in dialogue))

    def may_have(self, received: int) -> bool:
        """False if that many messages were never sent."""
        return received <= self._base + len(self._kept)

    # ---- another process ----------------------------------------------------------------------------

    def leave(self, code: int, reason: str) -> None:
        """The conversation goes on in another process: nothing more is sent from here."""
        self.close(code, reason)

    def moved(self) -> tuple[int, tuple[MovedFrame, ...], tuple[SpeechEnd, ...]]:
        """How many messages the client is known to have, those that followed, and how much sound of the newest
        speeches was sent, in all and before this process."""
        frames = (
            MovedFrame("", wire.shown_id(frame.message_id), frame.at_bytes, frame.sound_bytes)
            if frame.message_id is not None
            else MovedFrame(frame.data[4:].decode("utf-8", "surrogatepass"))
            for frame in self._kept
        )
        ends = (SpeechEnd(wire.shown_id(each), sent, self._before.get(each, 0)) for each, sent in self._ends.items())
        return self._base, tuple(frames), tuple(ends)

    def before_ms(self, message_id: int | None) -> int:
        """How much of that speech's sound other processes had sent before; None: of the newest."""
        speech = next(reversed(self._ends), 0) if message_id is None else message_id
        return self._before.get(speech, 0) * 1_000 // BYTES_PER_S

    def take_up(
        self, sent: int, frames: Iterable[MovedFrame], ends: Iterable[SpeechEnd], received: int | None
    ) -> dict[int, int]:
        """Begin with what another process has sent, for a client that has `received` messages. Returns where, in bytes,
        the sound of each speech ended for the client, by message id, for those that lack some. That sound is not sent
        again, nor that it was complete."""
        self._base = sent
        self._ends = {wire.message_id_of(each.speech_id): each.sent_bytes for each in ends}
        lacks: dict[int, int] = {}
        for number, frame in enumerate(frames, sent + 1):
            if frame.speech_id is None:
                text = frame.text.encode("utf-8", "surrogatepass")
                data = len(text).to_bytes(4, "big") + text if text else b""
                self._keep(self._frame(data, *_parts(data)) if data else SentFrame(b""))
                continue
            message_id = wire.message_id_of(frame.speech_id)
            self._keep(SentFrame(b"", message_id=message_id, at_bytes=frame.at_bytes))
            if number > (sent if received is None else received):
                lacks[message_id] = min(lacks.get(message_id, frame.at_bytes), frame.at_bytes)
        for message_id, at_bytes in lacks.items():
            done = wire.speech_done(message_id)
            for kept in self._kept:
                if kept.data == done:
                    kept.data = b""
            self._ends[message_id] = at_bytes
        self._before = dict(self._ends)
        return lacks


def _parts(frame: bytes) -> tuple[wire.Json, bytes]:
    """Metadata and payload of a frame that the server made. Half a surrogate pair, which a model may write, is legal
    JSON that `wire.split` does not take from clients."""
    try:
        return wire.split(frame)
    except ClientError:
        end = 4 + int.from_bytes(frame[:4], "big")
        return json.loads(frame[4:end]), frame[end:]
