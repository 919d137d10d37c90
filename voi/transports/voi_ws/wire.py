"""The Voi WebSocket protocol without a socket: frames in both directions, and all that the server sends.

Every frame, both ways, is one binary WebSocket message:

    bytes 0..3      N: length of the metadata, unsigned 32-bit big-endian
    bytes 4..4+N    metadata: one JSON object in UTF-8 with a "type"
    bytes 4+N..     payload: sound of `audio` frames, else nothing that matters

The browser client appends the nine characters `undefined` to every frame that has no payload, so only the payload of
`audio` is read. Unknown fields are ignored. Every other mistake is a `ClientError`. `from_client.py` has what clients
send.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from voi.dialogue import Role
from voi.errors import ClientError

OUTPUT_RATE_HZ = 24_000
"""Sound to the client: s16le, mono, an even number of bytes per frame."""
OUTPUT_BLOCK_SAMPLES = 128
"""The client's player never plays a rest shorter than this, so a speech has to end on a whole block."""
INPUT_RATE_HZ = 16_000

LARGE_METADATA_BYTES = 64 * 1024
MAX_METADATA_SIGNS = 100_000
"""Most commas in larger metadata, and as many colons and brackets: a picture has a handful, texts have hundreds.
Megabytes of them would take the parser a tenth of a second."""
FIRST_LOCAL_ID = 1_000
"""From here on the browser client numbers bubbles of its own (1000 + n, 2000 + n). A message of the server with such a
number would replace one of them."""
SKIPPED_IDS = 1_000_000
"""Offset that is added to message ids from `FIRST_LOCAL_ID` on."""
MAX_RETURNED_IMAGE_CHARS = 64 * 1024
"""A picture as a longer `data:` URL is not sent back: it would delay the sound, and the client has it."""

Json = dict[str, Any]


# ---- frames -----------------------------------------------------------------------------------------


def split(frame: bytes) -> tuple[Json, bytes]:
    """Metadata and payload of a frame in either direction. Raises ClientError if the frame is malformed."""
    if len(frame) < 4:
        raise ClientError(f"A message has at least 4 bytes, this one {len(frame)}: the metadata's length is missing.")
    end = 4 + int.from_bytes(frame[:4], "big")
    if end > len(frame):
        raise ClientError(f"The message says that its metadata has {end - 4} bytes, but only {len(frame) - 4} follow.")
    if end > LARGE_METADATA_BYTES and _has_many_signs(frame, 4, end):
        raise ClientError("The message's metadata has too many parts.")
    try:
        metadata = orjson.loads(memoryview(frame)[4:end])
    except orjson.JSONDecodeError as error:
        # only the position: the parser's text may quote what the person said
        raise ClientError(f"The message's metadata is not valid JSON (at character {error.pos}).") from None
    if not isinstance(metadata, dict):
        raise ClientError("The message's metadata is not a JSON object.")
    return metadata, frame[end:]


def _has_many_signs(frame: bytes, start: int, end: int) -> bool:
    """Whether there are more than `MAX_METADATA_SIGNS` of a sign. `find` passes megabytes without one in a moment."""
    for sign in (b",", b":", b"[", b"{"):
        at, count = frame.find(sign, start, end), 0
        while at >= 0:
            count += 1
            if count > MAX_METADATA_SIGNS:
                return True
            at = frame.find(sign, at + 1, end)
    return False


def join(metadata: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """The frame, for either direction, with that metadata and payload."""
    try:
        text = orjson.dumps(metadata)
    except TypeError:  # half a surrogate pair, as a model may write it; escaped it is legal JSON
        text = json.dumps(metadata).encode()
    return len(text).to_bytes(4, "big") + text + payload


# ---- server -> client -----------------------------------------------------------------------------


def init_done(agent_name: str, resume_id: str = "", resume_within_s: float = 0, restart_within_s: float = 0) -> bytes:
    """`resume_id`: for clients that want to come back, with how long they may be away, and how long after the server
    was restarted (0: they may not)."""
    metadata: Json = {"type": "status", "status": "init_done", "agent_name": agent_name}
    if resume_id:
        metadata |= {"resume_id": resume_id, "resume_within_s": resume_within_s}
    if resume_id and restart_within_s:
        metadata["restart_within_s"] = restart_within_s
    return join(metadata)


def resumed(sent: int, messages: int, audio_bytes: int) -> bytes:
    """The conversation goes on. `sent`: the number of the last message that is not sent again. `messages` and
    `audio_bytes`: what arrived from the client since `init`: messages other than audio, and sound."""
    return join({"type": "status", "status": "resumed", "sent": sent,
                 "received_messages": messages, "received_audio_bytes": audio_bytes})  # fmt: skip


def status(name: str) -> bytes:
    """The conversation's status is another one."""
    return join({"type": "status", "status": name})


def speech_done(message_id: int) -> bytes:
    """The speech with that message's id was sent to its end."""
    return join({"type": "status", "status": "speech_done", "speech_id": str(shown_id(message_id))})


def message(
    message_id: int,
    role: Role,
    text: str,
    image_urls: tuple[str, ...] = (),
    narrated: Sequence[tuple[int, int]] = (),
) -> bytes:
    """The frame that shows a message. The same id again replaces the message in the client's window. `narrated`: where
    in the text the narrator speaks."""
    images = [url for url in image_urls if len(url) <= MAX_RETURNED_IMAGE_CHARS]
    content: list[Json] = [{"type": "text", "text": text}] if text or not images else []
    content += [{"type": "image_url", "image_url": {"url": url}} for url in images]
    metadata: Json = {"type": "message", "role": role, "content": content, "id": shown_id(message_id)}
    if narrated:
        metadata["voices"] = list(_by_voice(text, narrated))
    return join(metadata)


def _by_voice(text: str, narrated: Sequence[tuple[int, int]]) -> Iterator[Json]:
    """The text in parts of one voice each. Parts and not positions, because clients count characters differently."""
    end = 0
    for begin, next_end in narrated:
        if begin > end:
            yield {"voice": "character", "text": text[end:begin]}
        yield {"voice": "narrator", "text": text[begin:next_end]}
        end = next_end
    if text[end:]:
        yield {"voice": "character", "text": text[end:]}


def shown_id(message_id: int) -> int:
    """The number by which clients know the message."""
    return message_id if message_id < FIRST_LOCAL_ID else message_id + SKIPPED_IDS


def message_id_of(shown: int) -> int:
    """The message id behind the number that clients use. Inverse of `shown_id`."""
    return shown if shown < FIRST_LOCAL_ID + SKIPPED_IDS else shown - SKIPPED_IDS


def audio_header(message_id: int) -> bytes:
    """The part before the sound in every audio frame of the speech with that message id. The id is sent as a JSON
    string, because the client's player throws on numbers."""
    return join({"type": "audio", "speech_id": str(shown_id(message_id))})


def llm_response(content: str) -> bytes:
    """The agent's text, whole."""
    return join({"type": "llm_response", "content": content})


def tool_call(call_id: str, name: str, arguments: str) -> bytes:
    """The client is to run one of its tools, and answer with `tool_result`. `arguments`: a JSON object as text."""
    return join({"type": "tool_call", "call_id": call_id, "name": name, "arguments": orjson.loads(arguments)})


def tool_cancel(call_id: str) -> bytes:
    """The result of that call is not needed any more."""
    return join({"type": "tool_cancel", "call_id": call_id})


def app_message(content: str) -> bytes:
    """A text that the agent sends for the person to read."""
    return join({"type": "app_message", "content": content})


def sound_lowered(message_id: int, gain_db: float) -> bytes:
    """What the client has not played yet of that speech is to be no louder than this. 0: the speech is loud again."""
    return join({"type": "sound_lowered", "speech_id": str(shown_id(message_id)), "gain_db": gain_db})


def error(text: str) -> bytes:
    """Something failed; the text is for a person."""
    return join({"type": "error", "error": text})
