"""A call of a Voi client on its way to the server's next process, as bytes."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import orjson

from voi.calls.proof import Proof
from voi.calls.saved import without_large_pictures
from voi.core.journal import decode_value, encode_value
from voi.core.kept import Kept
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.tools.captures import CapturedValue
from voi.transports.voi_ws import from_client, wire

VERSION = 1


@dataclass(frozen=True, slots=True)
class MovedFrame:
    """What was sent to the client and is not known to have arrived. `text`: the frame's metadata; "": it was replaced
    by a newer one, or it is sound, which does not go along. For sound: its speech, its position in that, and its
    length."""

    text: str = ""
    speech_id: int | None = None
    at_bytes: int = 0
    sound_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """How much sound of a speech was sent in all, and how much of it by other processes before."""

    speech_id: int
    sent_bytes: int
    before_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A call. `sent`: how many messages the client is known to have; `frames` follow. `ends`: of the newest speeches.
    `messages` and `audio_bytes`: what arrived from the client. `proof`: how it is known who the person is. `left_s`:
    when the call left, in seconds since 1970. `began_ms`: when it began, in ms since 1970. `captured`: what was
    dictated in it."""

    app: str
    person: str
    agent_name: str
    agent_config: str | None
    session: str
    options: CallOptions
    kept: Kept
    sent: int
    frames: tuple[MovedFrame, ...]
    ends: tuple[SpeechEnd, ...]
    messages: int
    audio_bytes: int
    proof: Proof = Proof.APP
    began_ms: int = 0
    captured: tuple[CapturedValue, ...] = ()
    left_s: float = field(default_factory=time.time)
    version: int = VERSION


def pack(moved: Moved) -> bytes:
    """The call as bytes."""
    slim = replace(moved, kept=replace(moved.kept, messages=without_large_pictures(moved.kept.messages)))
    value = encode_value(slim)
    try:
        return orjson.dumps(value)
    except TypeError:  # half a surrogate pair, as a model may write it
        return json.dumps(value).encode()


def unpack(data: bytes) -> Moved:
    """The call that `pack` was given. Raises ClientError if another version of Voi wrote it."""
    try:
        value = json.loads(data)
    except ValueError:
        raise ClientError("The call cannot be read.") from None
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise ClientError("The call was kept by another version of Voi.")
    moved: Moved = decode_value(Moved, value, "call")
    return moved


def shown(kept: Kept) -> Iterator[bytes]:
    """Frames that show the call's messages."""
    for each in kept.messages:
        if each.message.role != "tool" and (each.message.text or each.message.image_urls):
            yield wire.message(each.message_id, each.message.role, each.message.text, each.message.image_urls)
    draft = kept.draft
    if draft is not None and draft.message_id is not None:
        yield wire.message(draft.message_id, "user", draft.text, draft.image_urls)


def heard_of(moved: Moved, lacks: Mapping[int, int], played: tuple[int, int] | None) -> int:
    """How many ms of the newest reply's sound the person heard, from where the process that kept it began to say it.
    `lacks`: where the sound ended for the client, in bytes by message id, for each message whose sound it lacks in
    part. `played`: a message id, and how much of its sound the client says it played. Both count from the speech's
    beginning."""
    reply = moved.kept.reply
    if reply is None:
        return 0
    sent = {wire.message_id_of(each.speech_id): each for each in moved.ends}
    end = sent.get(reply.message_id, SpeechEnd(0, 0))
    ends_bytes = max(0, lacks.get(reply.message_id, end.sent_bytes) - end.before_bytes)
    if not moved.options.stream_output_audio:  # a file, which arrived or did not
        return from_client.MAX_SPEECH_S * 1_000 if ends_bytes else 0
    heard_ms = _ms(ends_bytes)
    if played is None or played[0] != reply.message_id:
        return heard_ms
    return min(heard_ms, max(0, played[1] - _ms(end.before_bytes)))


def _ms(sound_bytes: int) -> int:
    return sound_bytes * 1_000 // (wire.OUTPUT_RATE_HZ * 2)
