"""The person's message in the making: typed text, pictures and what they said."""

from voi.core.actions import Show


class Draft:
    """One user message, shown under one id while it grows, until it is committed to the history."""

    __slots__ = ("image_urls", "message_id", "prefix", "shown", "unanswered")

    def __init__(self) -> None:
        self.prefix = ""
        """Typed text, and what was said before in the same turn."""
        self.image_urls: tuple[str, ...] = ()
        self.message_id: int | None = None
        self.shown: str | None = None
        self.unanswered = False
        """The prefix was answered once, but nothing of that answer was heard: it needs an answer in any case."""

    def with_speech(self, spoken: str) -> str:
        return f"{self.prefix} {spoken}".strip()

    def show(self, message_id: int, text: str, *, final: bool) -> Show:
        """The action that shows the message as it now is."""
        self.message_id, self.shown = message_id, text
        return Show(message_id, "user", text, self.image_urls, final)

    def take_back(self, message_id: int, text: str, image_urls: tuple[str, ...]) -> None:
        """Put a message that was committed before in front of this one, and go on under its id."""
        self.prefix = f"{text} {self.prefix}".strip()
        self.image_urls = image_urls + self.image_urls
        self.message_id, self.shown, self.unanswered = message_id, text, True
