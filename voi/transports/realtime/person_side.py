"""The person's side of a Realtime conversation: their sound in, their turns as items with transcripts.

Where their voice takes turns, an item is known by its id from the onset on, and is added when the turn has ended. Where
the client commits turns itself (manual), its sound waits here until then, so that a microphone that is always open
stops nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from voi.session import events
from voi.transports.realtime.formats import RATE_HZ
from voi.transports.realtime.items import DialogueItem, ItemList
from voi.transports.realtime.settings import RealtimeSettings
from voi.transports.realtime.wire import Emit, EventError, new_id

BYTES_PER_MS = RATE_HZ * 2 // 1_000
BUFFER_MAX_BYTES = 110_000 * BYTES_PER_MS
"""Of a manual turn. The oldest sound beyond is dropped; the session takes little more than this at once."""
COMMIT_MIN_MS = 100
WAITING_MAX = 64
"""How many changes of the dialogue may wait until a committed turn is transcribed."""
WAITING_MAX_BYTES = 3 * BUFFER_MAX_BYTES
"""How much sound may wait for that."""
MESSAGES_MAX = 32
"""How many of the person's newest messages may still change."""


class PersonSide:
    """`commit` has the session take what was heard so far as the person's message, which stops the agent. So a turn
    that the client commits waits while `agent_speaks`. `forget` takes a message out of the dialogue."""

    __slots__ = (
        "_agent_speaks", "_buffer", "_coming", "_commit", "_committed", "_dropped", "_emit", "_ended", "_forget",
        "_heard_bytes", "_held", "_items", "_live", "_settings", "_started_ms", "_stopped_ms", "_texts", "_told",
        "_unheard", "_waiting", "_waiting_bytes", "_wordless", "hear", "manual",
    )  # fmt: skip

    def __init__(
        self,
        emit: Emit,
        items: ItemList,
        settings: Callable[[], RealtimeSettings],
        commit: Callable[[], None],
        agent_speaks: Callable[[], bool],
        forget: Callable[[int], None],
    ) -> None:
        self._emit, self._items, self._settings = emit, items, settings
        self._commit, self._agent_speaks, self._forget = commit, agent_speaks, forget
        self.hear: Callable[[bytes], None] = lambda pcm: None
        """Takes PCM at 24 kHz to the session."""
        self.manual = False
        """The client commits turns itself, as its settings say: kept here, since each packet asks."""
        self._heard_bytes = 0
        self._coming: str | None = None
        """Id of the item of the turn that goes on."""
        self._started_ms = self._stopped_ms = 0
        self._told = False
        """The client was told that they speak."""
        self._live = ""
        """What it was told of their words meanwhile."""
        self._ended: str | None = None
        """Id of the item of the turn that has just ended."""
        self._dropped = False
        """The client took back the turn that goes on."""
        self._unheard = ""
        """Why there is no transcript of the turn that goes on, or has just ended; "": nothing has failed."""
        self._wordless: DialogueItem | None = None
        """The newest turn by voice, if it had no words. They may still come."""
        self._texts: dict[int, str] = {}
        """Newest messages, as far as they are in items."""
        self._buffer = bytearray()
        self._committed: DialogueItem | None = None
        """The item whose transcript is awaited."""
        self._waiting: deque[Callable[[], None]] = deque()
        self._waiting_bytes = 0
        """Of sound among that."""
        self._held: Callable[[], None] | None = None
        """Has the committed turn transcribed, once the agent has finished."""

    @property
    def audio_ms(self) -> int:
        """How much sound came in so far."""
        return self._heard_bytes // BYTES_PER_MS

    @property
    def speaking(self) -> bool:
        return self._coming is not None

    # ---- sound --------------------------------------------------------------------------------------

    def sound(self, pcm: bytes) -> None:
        """More of the person's sound, s16le mono at 24 kHz."""
        self._heard_bytes += len(pcm)
        if not self.manual:
            self.hear(pcm)
            return
        self._buffer += pcm
        if len(self._buffer) > BUFFER_MAX_BYTES:
            del self._buffer[: len(self._buffer) - BUFFER_MAX_BYTES]

    def commit(self) -> None:
        """The client ends a manual turn of the person. Raises EventError if there is too little sound."""
        sound_ms = len(self._buffer) / BYTES_PER_MS
        if sound_ms < COMMIT_MIN_MS:
            raise nothing_to_commit(sound_ms)
        pcm = bytes(self._buffer)
        self._buffer.clear()
        self.take(pcm, new_id("item"), None)

    def take(self, pcm: bytes, item_id: str, after: str | None, *, committed: bool = True) -> None:
        """Take that sound as a message. `committed` False: the client made the item itself."""
        if self._waiting_bytes + len(pcm) > WAITING_MAX_BYTES:
            raise EventError("Too much sound waits for a transcript. Send less at once.", "too_many_items")
        self.check_room()
        part = {"type": "input_audio", "transcript": None}
        item = DialogueItem(item_id, role="user", content=[part])
        before = self._items.add(item, after)
        if committed:
            self._emit({"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item_id})
        self._added(item, before)
        self._waiting_bytes += len(pcm)
        self.in_order(lambda: self._hold(lambda: self._begin_transcript(item, pcm)))

    def _hold(self, begin: Callable[[], None]) -> None:
        if self._agent_speaks():
            self._held = begin
        else:
            begin()

    def agent_finished(self) -> None:
        """The agent says nothing, or nothing any more. Takes effect in the next turn of the event loop."""
        if self._held is not None:
            asyncio.get_running_loop().call_soon(self._let_go)

    def _let_go(self) -> None:
        if self._held is not None and not self._agent_speaks():
            begin, self._held = self._held, None
            begin()

    def _begin_transcript(self, item: DialogueItem, pcm: bytes) -> None:
        self._waiting_bytes -= len(pcm)
        if self._is_gone(item):
            self._go_on()
            return
        self._committed = item
        self._started_ms, self._stopped_ms = 0, len(pcm) // BYTES_PER_MS
        self.hear(pcm)
        self._commit()

    def clear(self) -> None:
        """The client drops the sound that it has not committed."""
        self._buffer.clear()

    def drop_turn(self) -> None:
        """The client drops the turn by voice that goes on: it becomes no item."""
        self._dropped = True

    def in_order(self, change: Callable[[], None]) -> None:
        """Make that change of the dialogue once the committed turns before it are transcribed. Raises EventError if too
        many wait: ask `check_room` before what cannot be undone."""
        self.check_room()
        if self.awaits:
            self._waiting.append(change)
        else:
            change()

    @property
    def awaits(self) -> bool:
        """A committed turn is not transcribed yet."""
        return self._committed is not None or self._held is not None

    def check_room(self) -> None:
        """Raises EventError if one more change would have to wait, and too many do."""
        if self.awaits and len(self._waiting) >= WAITING_MAX:
            raise EventError("Too many items wait for a transcript. Send fewer at once.", "too_many_items")

    def _settle(self) -> None:
        """The committed turn is over: if it had words, they were told before."""
        item, self._committed = self._committed, None
        if item is not None and item.message_id is None:
            self._completed(item, "")
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and not self.awaits:
            self._waiting.popleft()()

    def _is_gone(self, item: DialogueItem) -> bool:
        """The client has deleted it, or it is forgotten."""
        return self._items.find(item.id) is not item

    # ---- turns by voice -------------------------------------------------------------------------------

    def speech_started(self, audio_ms: int, *, doubtful: bool) -> None:
        """Voice set in. `doubtful`: over the agent, so it may be a cough, and the client is told if it is not."""
        if self._coming is None:
            self._coming, self._started_ms, self._told, self._live = new_id("item"), audio_ms, False, ""
            self._dropped, self._unheard = False, ""
        self._stopped_ms = audio_ms
        if not doubtful:
            self.confirm()

    def confirm(self) -> None:
        """What they say counts."""
        if self._coming is not None and not self._told:
            self._told = True
            self._emit({
                "type": "input_audio_buffer.speech_started", "audio_start_ms": self._started_ms,
                "item_id": self._coming,
            })  # fmt: skip

    def speech_stopped(self, audio_ms: int) -> None:
        """Voice fell silent. The client is told when that ended the turn."""
        self._stopped_ms = audio_ms

    def turn_ended(self) -> None:
        if self._committed is not None:
            asyncio.get_running_loop().call_soon(self._settle)  # its words, if there are any, are told before
            return
        self._ended, self._coming = self._coming, None
        if self._ended is not None and self._told:
            self._emit({
                "type": "input_audio_buffer.speech_stopped", "audio_end_ms": self._stopped_ms, "item_id": self._ended,
            })  # fmt: skip
            if not self._dropped:
                asyncio.get_running_loop().call_soon(self._settle_wordless, self._ended)

    def _settle_wordless(self, item_id: str) -> None:
        """A turn by voice that the client was told of is an item, even if it had no words."""
        if self._ended != item_id:
            return  # it had
        item = self._wordless = self._turn_item()
        if self._unheard:
            self._tell_failure(item, self._unheard)
        else:
            self._completed(item, "")

    # ---- words --------------------------------------------------------------------------------------

    def message(self, said: events.UserMessage) -> None:
        """The person's message so far. One that continues an earlier one gets an item for what is new."""
        known = self._texts.get(said.message_id, "")
        text = said.text[len(known) :].strip() if known and said.text.startswith(known) else said.text
        if not said.final:
            self._tell_live(text)
            return
        item = self._committed if self._committed and self._committed.message_id is None else None
        if item is None and self._ended is None and (old := self._items.of_message(said.message_id)) is not None:
            self._changed(old, said.text)
            return
        if item is None and self._ended is None and said.message_id in self._texts:
            return  # its item was deleted
        late = item is None and self._ended is None and self._wordless is not None
        self._texts[said.message_id] = said.text
        if len(self._texts) > MESSAGES_MAX:
            del self._texts[next(iter(self._texts))]
        if item is None:
            item = self._wordless if late and self._wordless is not None else self._turn_item()
        self._wordless = None
        item.message_id = said.message_id
        if self._is_gone(item):
            self._forget(said.message_id)
        else:
            self._completed(item, text, late=late)

    def _turn_item(self) -> DialogueItem:
        """The item of the turn that has just ended, told to the client."""
        item_id, self._ended = self._ended or new_id("item"), None
        item = DialogueItem(item_id, role="user", content=[{"type": "input_audio", "transcript": None}])
        before = self._items.add(item)
        self._emit({"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item_id})
        self._added(item, before)
        return item

    def _added(self, item: DialogueItem, before: str | None) -> None:
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._emit({"type": kind, "previous_item_id": before, "item": item.shown()})

    def _tell_live(self, text: str) -> None:
        self.confirm()
        if self._coming is None or not self._settings().transcription or not text.startswith(self._live):
            return
        delta, self._live = text[len(self._live) :], text
        if delta:
            self._emit({
                "type": "conversation.item.input_audio_transcription.delta", "item_id": self._coming,
                "content_index": 0, "delta": delta,
            })  # fmt: skip

    def _completed(self, item: DialogueItem, text: str, *, late: bool = False) -> None:
        item.content[0]["transcript"] = text
        if self._settings().transcription is None or self._is_gone(item):
            return
        seconds = max(0, self._stopped_ms - self._started_ms) / 1_000
        extra = {"voi": {"late": True}} if late else {}
        self._emit({
            "type": "conversation.item.input_audio_transcription.completed", "item_id": item.id, "content_index": 0,
            "transcript": text, "usage": {"type": "duration", "seconds": seconds}, **extra,
        })  # fmt: skip

    def _changed(self, item: DialogueItem, text: str) -> None:
        """Words came late, or were corrected."""
        if item.content and item.content[0]["type"] == "input_audio" and item.content[0]["transcript"] != text:
            self._completed(item, text, late=True)

    def failed(self, words: str) -> None:
        """What they say cannot be transcribed. What was understood before may still become their message."""
        item = self._committed
        if item is None:
            self._unheard = words
            return
        item.message_id = item.message_id if item.message_id is not None else NO_MESSAGE
        self._tell_failure(item, words)

    def _tell_failure(self, item: DialogueItem, words: str) -> None:
        self._emit({
            "type": "conversation.item.input_audio_transcription.failed", "item_id": item.id, "content_index": 0,
            "error": {"type": "transcription_error", "code": "audio_unintelligible", "message": words, "param": None},
        })  # fmt: skip


NO_MESSAGE = -(2**61)
"""In place of the message of an item that says nothing."""


def nothing_to_commit(sound_ms: float) -> EventError:
    """The error for a commit without a turn. `sound_ms`: how much sound there is."""
    return EventError(
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
        f"only has {sound_ms:.2f}ms of audio.",
        "input_audio_buffer_commit_empty",
    )
