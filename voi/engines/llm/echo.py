"""The agent that repeats what it heard: a speech test that needs no model."""

import re
from collections.abc import AsyncIterator

from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta
from voi.engines.info import Licences, LlmInfo

WORDS_PER_DELTA = 3
_DELTAS = re.compile(rf"(?:\S+\s*){{1,{WORDS_PER_DELTA}}}")


class Echo:
    """Answers with the last user message, a few words at a time, as a model would."""

    name = "echo"
    info = LlmInfo("echo", licences=Licences("MIT (Voi's own)", ""))

    async def warm_up(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to release."""

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        """See `Llm.stream`."""
        message = next((message for message in reversed(request.messages) if message.role == "user"), None)
        text = message.text.strip() if message else ""
        if message and not text and message.image_urls:
            text = "You showed me a picture."
        for words in _DELTAS.finditer(text):
            yield TextDelta(words.group())
        yield Finished("stop" if text else "nothing")
