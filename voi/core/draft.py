"""The person's message while it grows: typed text, pictures and what they said."""

from collections.abc import Iterator

from voi.core.actions import Show
from voi.core.facts import ImageGiven, TextTyped
from voi.core.history import HistoryEntry
from voi.core.kept import KeptDraft
from voi.core.words import continues

TYPED_MAX_CHARACTERS = 20_000
"""Limit on the typed text of one message."""
IMAGES_MAX = 8
"""Limit on the pictures of one message."""
IMAGES_MAX_CHARACTERS = 16_000_000
"""Limit on their data URLs, together: one picture of the largest size and several photographs."""


class Draft:
    """One user message, shown under one id while it grows, until it is committed to the history."""

    __slots__ = ("_message_ids", "image_urls", "message_id", "prefix", "shown", "unanswered")

    def __init__(self, message_ids: Iterator[int]) -> None:
        self._message_ids = message_ids
        self.prefix = ""
        """Typed text, and what was said earlier in the same turn."""
        self.image_urls: tuple[str, ...] = ()
        self.message_id: int | None = None
        """None until it is first shown."""
        self.shown: str | None = None
        self.unanswered = False
        """The prefix got no answer, or none of its answer was heard, so it needs one in any case."""

    @property
    def begun(self) -> bool:
        """True if something was typed or shown that has no answer yet."""
        return bool(self.prefix or self.image_urls)

    def with_speech(self, spoken: str) -> str:
        """The whole message, if this is what they said after the text that is known already."""
        return f"{self.prefix} {spoken}".strip()

    def show(self, text: str, *, final: bool, correct: bool) -> list[Show]:
        """The action that shows the message as it is now, or none. None is needed when nothing is new, unless the text
        is `final`. A text that withdraws words already shown is shown only with `correct`."""
        if self.message_id is None:
            self.message_id = next(self._message_ids)
        seen = self.shown
        if seen is not None and ((text == seen and not final) or not (correct or continues(text, seen))):
            return []
        self.shown = text
        return [Show(self.message_id, "user", text, self.image_urls, final)]

    def entry(self, text: str) -> HistoryEntry:
        """The message with that text, for the history. It must have been shown."""
        assert self.message_id is not None
        return HistoryEntry(self.message_id, "user", text, self.image_urls)

    @property
    def as_shown(self) -> tuple[HistoryEntry, ...]:
        """The message as far as it was shown; none if it was not."""
        return () if self.message_id is None or self.shown is None else (self.entry(self.shown),)

    def add(self, part: TextTyped | ImageGiven) -> str | None:
        """Add typed text or a picture. Returns an error message if that is too much for one message, else None."""
        if isinstance(part, ImageGiven):
            if len(self.image_urls) >= IMAGES_MAX:
                return f"A message has at most {IMAGES_MAX} pictures; this one was left out."
            if sum(map(len, self.image_urls)) + len(part.url) > IMAGES_MAX_CHARACTERS:
                return "The pictures of one message are too large together; this one was left out. Send smaller ones."
            self.image_urls += (part.url,)
            return None
        whole = self.with_speech(part.text.strip())
        if len(whole) > TYPED_MAX_CHARACTERS:
            return f"A message has at most {TYPED_MAX_CHARACTERS} characters; this text was left out."
        self.prefix = whole
        return None

    def take_back(self, earlier: HistoryEntry) -> None:
        """Put an earlier, committed message in front of this one, and continue under its id."""
        self.prefix = f"{earlier.text} {self.prefix}".strip()
        self.image_urls = (earlier.image_urls + self.image_urls)[-IMAGES_MAX:]
        self.message_id, self.shown, self.unanswered = earlier.message_id, earlier.text, True

    # ---- in another process -----------------------------------------------------------------------

    def keep(self, spoken: str, *, speaks: bool, ended: bool) -> KeptDraft | None:
        """The message as it is, with what is being `spoken`, to go on elsewhere; None: it has not begun. `speaks`: it
        is being said. `ended`: the person had stopped speaking."""
        text = self.with_speech(spoken)
        if not (text or self.image_urls or self.message_id is not None):
            return None
        return KeptDraft(text, self.image_urls, self.message_id, speaks or self.unanswered, ended)

    def take_up(self, kept: KeptDraft, *, owed: bool) -> None:
        """Go on with that one. `owed`: an answer was promised."""
        self.prefix, self.image_urls = kept.text, kept.image_urls
        self.message_id, self.shown = kept.message_id, kept.text
        self.unanswered = bool(kept.text) and (kept.spoken or owed)
