"""Sends the agent's sound: one playback clock for the whole conversation, and the fence for sound of stale replies.

Sound is given to the door 350 to 450 ms before it is heard: late enough that a stop wastes little, early enough that
neither the network nor a busy moment of the server makes a gap. While a reply is ducked, the lead shrinks to 150 to
200 ms, so that both the ducking and its end are heard sooner. The clock assumes that the client plays what it gets at
once and without gaps, so played times are estimates. A client's own report takes precedence. Some doors report all that
is played (`CallOptions.reports_playback`): there a reply is over when its end was reported, and what was heard of a
stopped one is exact to the last report. The pace keeps to the clock: reports come back over the same network.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from voi.audio.pcm import SAMPLE_BYTES, ms_to_bytes
from voi.core.actions import DuckLevel
from voi.core.facts import Fact, PlaybackStarted, ReplyPlayed, ReplySounded, ReplyStopped
from voi.session import events
from voi.session.line import Line
from voi.session.reply_sound import GAINS_DB, ReplySound

LEAD_MS = 350
"""More sound is sent when the client has less than this left to play."""
CHUNK_MS = 100
"""How much is sent at a time, so that the lead is between 350 and 450 ms right after sending. A door may have its
sound in longer pieces (`CallOptions.sound_piece_ms`)."""
DUCKED_LEAD_MS = 150
DUCKED_CHUNK_MS = 50
"""How much is sent at a time while the reply is ducked."""
ROOM_HIGH_MS = 4_000
"""With more unsent sound of one reply than this, the TTS has to wait (backpressure)."""
ROOM_LOW_MS = 2_000
"""The TTS goes on when no more unsent sound than this is left."""
BACKLOG_HIGH_MS = 1_000
"""How much sound may wait in the door for a slow network before the playback stops sending."""
BACKLOG_RETRY_MS = 50
REPORT_WAIT_S = 2.0
"""A reply whose end was not reported this long after it should have been played counts as played."""


class Playback:
    """Paces sound into the door. All methods but `room` return at once; `tell` is called with facts synchronously.

    `clock`: returns monotonic seconds. `paced` False: sound is handed over as it is made, and its playing time counts
    from when it is complete. `lowers_ahead`: the client lowers what it has not played yet when a reply is ducked, so
    that a duck is heard at once. `chunk_ms`: how much is sent at a time. `on_sent(pcm, start_s)` is given the sound and
    the time at which it begins to be heard.
    """

    __slots__ = (
        "_backlog_high_bytes",
        "_bytes_per_s",
        "_chunk_bytes",
        "_clock",
        "_ducked_chunk_bytes",
        "_ends_s",
        "_held",
        "_late_s",
        "_line",
        "_loop",
        "_lowers_ahead",
        "_on_sent",
        "_paced",
        "_queue",
        "_rate_hz",
        "_reported",
        "_room_high_bytes",
        "_room_low_bytes",
        "_sent",
        "_speeches",
        "_tell",
        "_timer",
    )

    def __init__(
        self,
        line: Line,
        tell: Callable[[Fact], None],
        clock: Callable[[], float],
        *,
        paced: bool = True,
        lowers_ahead: bool = False,
        reported: bool = False,
        chunk_ms: int = CHUNK_MS,
        on_sent: Callable[[bytes, float], None] | None = None,
    ) -> None:
        self._line = line
        self._tell = tell
        self._clock = clock
        self._paced = paced
        self._lowers_ahead = lowers_ahead and paced
        self._reported = reported and paced
        self._late_s: float | None = None
        """How much later than estimated sound is played, by the newest report."""
        self._on_sent = on_sent
        self._loop = asyncio.get_running_loop()
        self._rate_hz = rate_hz = line.output_rate_hz
        self._bytes_per_s = rate_hz * SAMPLE_BYTES
        self._chunk_bytes = ms_to_bytes(chunk_ms, rate_hz)
        self._ducked_chunk_bytes = ms_to_bytes(DUCKED_CHUNK_MS, rate_hz)
        self._room_high_bytes = ms_to_bytes(ROOM_HIGH_MS, rate_hz)
        self._room_low_bytes = ms_to_bytes(ROOM_LOW_MS, rate_hz)
        self._backlog_high_bytes = ms_to_bytes(BACKLOG_HIGH_MS, rate_hz)
        self._speeches: dict[int, ReplySound] = {}
        """The speeches that are wanted, by reply. This is the fence."""
        self._queue: deque[ReplySound] = deque()
        """Released speeches in the order in which they are heard, until all their sound is sent."""
        self._sent: list[ReplySound] = []
        """Speeches whose sound is all sent, until it is played."""
        self._ends_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._held = False

    # ---- a reply's sound in -------------------------------------------------------------------------

    def open(self, reply: int) -> None:
        """Accept sound for that reply. It is not heard before `release`."""
        self._speeches[reply] = ReplySound(reply, self._rate_hz, lowers_ahead=self._lowers_ahead)

    def put(self, reply: int, pcm: bytes) -> bool:
        """Take sound (s16le mono) at the door's rate. False: the reply is stopped, and the sound was dropped."""
        speech = self._speeches.get(reply)
        if speech is None:
            return False
        first = not speech.made_bytes and len(pcm) > 0
        waits = self._timer is not None and speech.unsent_bytes >= SAMPLE_BYTES
        speech.put(pcm)
        if speech.unsent_bytes >= self._room_high_bytes:
            speech.roomy.clear()
        if speech.message_id is not None:
            if not waits:  # else the timer sends what came before it, and then this
                self._pump()
        elif first:
            self._tell(ReplySounded(reply))
        return True

    async def room(self, reply: int, most_ms: int = 0) -> None:
        """Wait until the reply's next sound is wanted. Returns at once if less than `most_ms` of it is unsent."""
        speech = self._speeches.get(reply)
        if speech and speech.unsent_bytes >= ms_to_bytes(most_ms, self._rate_hz):
            await speech.roomy.wait()

    def finish(self, reply: int) -> None:
        """All sound of that reply was given."""
        if speech := self._speeches.get(reply):
            speech.whole = True
            self._pump()

    def rewind(self, reply: int) -> bool:
        """Drop the reply's sound if it is still muted. False: the reply was released, and nothing was dropped."""
        speech = self._speeches.get(reply)
        if speech is None or speech.message_id is not None:
            return False
        speech.clear()
        speech.roomy.set()
        return True

    def made_ms(self, reply: int) -> int:
        """Length in ms of the sound that was put for that reply."""
        speech = self._speeches.get(reply)
        return speech.made_bytes * 1_000 // self._bytes_per_s if speech else 0

    # ---- what the conversation wants of it ----------------------------------------------------------

    def release(self, reply: int, message_id: int) -> None:
        """Let the reply be heard, after the speeches that are in line already."""
        speech = self._speeches.get(reply)
        if speech and speech.message_id is None:
            speech.message_id = message_id
            self._queue.append(speech)
            self._pump()

    def mark_words(self, reply: int, starts_ms: Iterable[int]) -> None:
        """Note where words of that reply begin, in ms of its sound. `resume` goes back to one of these places."""
        if speech := self._speeches.get(reply):
            speech.mark_words(starts_ms)

    def duck(self, reply: int, level: DuckLevel) -> None:
        """Lower the sound that is sent from now on. Sound that was sent before is heard as it is, unless the client
        lowers that too; never that of a reply that was sent to its end, as nothing of it could be sent again."""
        if speech := self._speeches.get(reply):
            ahead = self._lowers_ahead and speech not in self._sent
            speech.duck(level, self._clock() if ahead else None)
            if speech.message_id is not None and (ahead or not self._lowers_ahead):
                self._line.now.tell(events.SoundLowered(speech.message_id, GAINS_DB[level]))
            self._pump()

    def resume(self, reply: int) -> None:
        """Play on at full volume. After a deep duck, go back to the beginning of the word in which it began."""
        if speech := self._speeches.get(reply):
            speech.resume()
            if speech.message_id is not None:
                self._line.now.tell(events.SoundLowered(speech.message_id, 0.0))
            self._pump()

    def stop(self, reply: int) -> ReplyStopped:
        """Drop the reply's sound here and at the door. Returns how much of it was heard, an estimate."""
        speech = self._speeches.pop(reply, None)
        if speech is None:
            return ReplyStopped(reply, 0)
        speech.roomy.set()
        for place in (self._queue, self._sent):
            if speech in place:
                place.remove(speech)
        if not speech.sent_bytes or speech.message_id is None:
            self._pump()
            return ReplyStopped(reply, 0)
        now_s = self._clock()
        if self._paced:
            played_ms = speech.heard_ms(now_s)
        else:
            unplayed_s = max(0.0, speech.ends_s - now_s)
            played_ms = round((speech.sent_bytes / self._bytes_per_s - unplayed_s) * 1_000) if speech.whole else 0
        if speech.ends_s == self._ends_s:
            self._ends_s = now_s
        played_ms = max(0, played_ms)
        self._line.now.tell(events.SoundCleared(speech.message_id, played_ms))
        self._pump()
        repeated_ms = speech.repeated_bytes * 1_000 // self._bytes_per_s
        return ReplyStopped(reply, played_ms, speech.loud_ms, repeated_ms)

    def has_sent(self, reply: int) -> bool:
        """Some sound of that reply was sent, and it was not stopped."""
        speech = self._speeches.get(reply)
        return speech is not None and speech.sent_bytes > 0

    def played(self, message_id: int, given_bytes: int) -> None:
        """The door reports that so much of the sound that it was given of that message was played."""
        for speech in self._speeches.values():
            if speech.message_id == message_id:
                self._late_s = speech.played(given_bytes, self._clock())
                if speech.all_reported:
                    self._pump()
                return

    def heard_ms(self, message_id: int) -> int | None:
        """How much of that message's sound was heard so far, an estimate; None: its speech is over."""
        for speech in self._speeches.values():
            if speech.message_id == message_id:
                return speech.heard_ms(self._clock())
        return None

    # ---- the client is away -------------------------------------------------------------------------

    def hold(self) -> None:
        """The client is away: send nothing and tell nothing until `go_on`. The clock has to stand still meanwhile."""
        self._held = True
        self._disarm()

    def go_on(self, away_s: float, unheard: Mapping[int, int]) -> None:
        """The client is back after `away_s`, in which it played what it had received. `unheard`: how many bytes of a
        message's sound did not reach it, by message id; the door sends it these again, at once."""
        self._held = False
        at_s = self._clock()
        for speech in (*self._sent, *self._queue):
            if speech.sent_bytes and speech.message_id is not None:
                missing = unheard.get(speech.message_id, 0)
                if not self._paced and missing:
                    missing = speech.sent_bytes
                at_s = max(at_s, speech.came_back(away_s, missing, at_s))
        self._ends_s = at_s
        self._pump()

    def close(self) -> None:
        """Drop all sound and send nothing more."""
        for speech in self._speeches.values():
            speech.roomy.set()
        self._speeches.clear()
        self._queue.clear()
        self._sent.clear()
        self._disarm()

    # ---- sending ------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Send what is due, arm the timer for what comes next, then tell the facts."""
        if self._held:
            return
        self._disarm()
        now_s = self._clock()
        facts: list[Fact] = []
        wait_s = self._send_due(now_s, facts)
        if self._sent:
            for speech in [speech for speech in self._sent if self._over_s(speech) <= now_s]:
                self._sent.remove(speech)
                del self._speeches[speech.reply]
                facts.append(ReplyPlayed(speech.reply))
                if speech.message_id is not None:
                    played_ms = speech.sent_bytes * 1_000 // self._bytes_per_s
                    self._line.now.tell(events.SoundPlayed(speech.message_id, played_ms))
        if self._sent:
            end_s = min(self._over_s(speech) for speech in self._sent) - now_s
            wait_s = end_s if wait_s is None else min(wait_s, end_s)
        if wait_s is not None:
            self._timer = self._loop.call_later(max(0.001, wait_s), self._pump)
        for fact in facts:
            self._tell(fact)

    def _over_s(self, speech: ReplySound) -> float:
        """When a speech that was sent to its end counts as played."""
        if not self._reported or not speech.sent_bytes:
            return speech.ends_s
        return 0.0 if speech.all_reported else speech.ends_s + REPORT_WAIT_S

    def _send_due(self, now_s: float, facts: list[Fact]) -> float | None:
        """Send what is due and append the facts. Returns the seconds until more is due; None: something has to happen
        first."""
        while self._queue:
            speech = self._queue[0]
            lead_ms = DUCKED_LEAD_MS if speech.level else LEAD_MS
            while speech.unsent_bytes >= SAMPLE_BYTES:
                if self._paced:
                    early_s = self._ends_s - now_s - lead_ms / 1_000
                    if early_s >= 0:
                        return early_s
                    if self._line.now.backlog_bytes > self._backlog_high_bytes:
                        return BACKLOG_RETRY_MS / 1_000
                self._send(speech, now_s, facts)
            if not speech.whole or (speech.level == "deep" and self._paced):
                return None  # the end of a reply that is ducked deep was not heard
            self._queue.popleft()
            self._sent.append(speech)
            if speech.message_id is not None:
                self._line.now.tell(events.SoundEnded(speech.message_id))
                if speech.sent_bytes and not self._paced:
                    speech.ends_s = self._ends_s = now_s + speech.sent_bytes / self._bytes_per_s
        return None

    def _send(self, speech: ReplySound, now_s: float, facts: list[Fact]) -> None:
        assert speech.message_id is not None
        size = speech.unsent_bytes & ~1
        if self._paced:
            size = min(size, self._ducked_chunk_bytes if speech.level else self._chunk_bytes)
        first = not (speech.sent_bytes or speech.repeated_bytes)
        start_s = max(self._ends_s, now_s)
        if not self._reported:
            speech.forget_heard(now_s)
        elif first:
            speech.begin_late(self._late_s)
        pcm = speech.take(size, start_s)
        self._ends_s = speech.ends_s
        if speech.unsent_bytes <= self._room_low_bytes:
            speech.roomy.set()
        if first:
            facts.append(PlaybackStarted(speech.reply))
        self._line.now.tell(events.Sound(speech.message_id, pcm))
        if self._on_sent:
            self._on_sent(pcm, start_s)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
